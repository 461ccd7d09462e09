# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Plans for boards whose driver, device or system is somebody else's choice, from trees as public reports have them."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner

DATA = compatibility.load()
BSP = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\n"
BUILTIN = BSP + "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}
RUNTIME = b"\x7fELF...librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)"
DRIVER_093 = ("0.9.3", "20231121", "drm_ioctl")
DRIVER_098 = ("0.9.8", "20240828", "drm_ioctl")
RK3566 = {"address": "fde40000", "compatible": "rockchip,rk3568-rknpu"}


@pytest.fixture
def planned(gather):
    """The plan of a board, whose facts passed the gate; the keys are those of `wanted`."""
    from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate

    def run(board, answer=DRIVER_093, **wanted):
        facts = gate.facts_of(gather(board, answer=answer))
        facts["space"] = SPACE
        return planner.npu_plan(facts, wanted, DATA)

    return run


def module_board(board, release="6.1.75-vendor-rk35xx", path="extra/rknpu.ko", **npu):
    """A board whose kernel has no driver of its own, and a bound module rknpu from somewhere."""
    board.base(release=release, config=BSP, cmdline="root=UUID=1 rw").npu(**npu).headers(release).tools()
    board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n").write("/usr/lib/librknnrt.so", RUNTIME)
    board.write(f"/lib/modules/{release}/modules.dep", path + ":\n").write(f"/lib/modules/{release}/{path}")
    return board.bound_module("rknpu")


# -- drivers of others ------------------------------------------------------------------------------------------

@pytest.mark.case(case="a DKMS package called rknpu that is not of this collection, its driver works", plan="none",
                  result="unchanged, and the reason names the package")
def test_a_dkms_package_from_elsewhere_that_works_stays(board, planned):
    release = "6.1.75-vendor-rk35xx"
    plan = planned(module_board(board, path="updates/dkms/rknpu.ko").dkms("rknpu", "0.9.8", release), DRIVER_098)
    assert plan["action"] == "none"
    assert "module rknpu of DKMS package rknpu/0.9.8, not of rkfleet.npu" in plan["reason"]
    assert any("DKMS package rknpu/0.9.8" in note and "stays unchanged" in note for note in plan["notes"])


@pytest.mark.parametrize("ours", [True, False])
def test_an_older_driver_from_elsewhere_is_verified_before_anything_else(board, planned, ours):
    release = "6.1.75-vendor-rk35xx"
    module_board(board, path="updates/dkms/rknpu.ko").dkms("rknpu", "0.8.8", release, ours=ours)
    plan = planned(board, ("0.8.8", "20230428", "drm_ioctl"))
    assert plan["baseline"]["required"] is not ours and plan["action"] == "dkms"


@pytest.mark.case(case="a DKMS package called rknpu that is not of this collection, npu_driver_policy: exact",
                  plan="dkms", result="replaced; the restore point keeps it, and a rollback restores it")
@pytest.mark.parametrize("wanted", ["0.9.6", "0.9.8"])
def test_a_dkms_package_from_elsewhere_is_replaced_and_kept(board, planned, wanted):
    release = "6.1.75-vendor-rk35xx"
    module_board(board, path="updates/dkms/rknpu.ko").dkms("rknpu", "0.9.8", release)
    plan = planned(board, ("0.9.7", "20240424", "drm_ioctl"), driver_policy="exact", driver_version=wanted)
    assert (plan["action"], plan["foreign_versions"]) == ("dkms", ["0.9.8"])
    assert ("replace the DKMS package rknpu/0.9.8, which is not of rkfleet.npu; the restore point keeps it"
            in plan["changes"])
    assert not any("stays unchanged" in note for note in plan["notes"])


def of_another_name(board, *more):
    """A DKMS package npu-driver/1 that builds the module rknpu."""
    release = "6.1.75-vendor-rk35xx"
    module_board(board, path="updates/dkms/rknpu.ko")
    board.link("/var/lib/dkms/npu-driver/1/source", "/usr/src/npu-driver-1").write("/usr/src/npu-driver-1/dkms.conf")
    for name in ("rknpu", *more):
        board.write(f"/var/lib/dkms/npu-driver/1/{release}/aarch64/module/{name}.ko")
    return board.link(f"/var/lib/dkms/npu-driver/kernel-{release}-aarch64", f"1/{release}/aarch64")


@pytest.mark.case(case="a DKMS package of another name that builds a module rknpu, npu_driver_policy: exact",
                  plan="dkms", result="replaced; the restore point keeps it, and a rollback restores it")
def test_a_dkms_package_of_another_name_is_replaced_and_kept(board, planned):
    plan = planned(of_another_name(board), driver_policy="exact")
    assert (plan["action"], plan["foreign_versions"]) == ("dkms", ["npu-driver/1"])
    assert ("replace the DKMS package npu-driver/1, which is not of rkfleet.npu; the restore point keeps it"
            in plan["changes"])
    assert not any("stays unchanged" in note for note in plan["notes"])
    assert planned(board, DRIVER_098)["action"] == "none"


@pytest.mark.parametrize("packaged, reason, remedy", [
    (True, "npu-driver/1 of package npu-driver-dkms is not of rkfleet.npu", "apt-get remove npu-driver-dkms"),
    (False, "builds a module rknpu, too, beside other modules.", "dkms remove npu-driver/1 --all"),
])
def test_a_dkms_package_that_would_come_back_or_has_other_modules_is_refused(board, planned, packaged, reason, remedy):
    of_another_name(board, *([] if packaged else ["rga"]))
    if packaged:
        board.write("/var/lib/dpkg/info/npu-driver-dkms.list", "/.\n/usr/src/npu-driver-1/dkms.conf\n")
    plan = planned(board, driver_policy="exact")
    assert plan["action"] == "unsupported" and reason in plan["reason"] and remedy in plan["remedy"]
    assert planned(board, DRIVER_098)["action"] == "none"


def test_a_package_of_our_name_is_named_as_it_would_come_back(board, planned):
    module_board(board, path="updates/dkms/rknpu.ko").dkms("rknpu", "0.9.8", "6.1.75-vendor-rk35xx")
    board.write("/var/lib/dpkg/info/rknpu-dkms.list", "/usr/src/rknpu-0.9.8/dkms.conf\n")
    plan = planned(board, ("0.9.7", "20240424", "drm_ioctl"), driver_policy="exact")
    assert plan["foreign_versions"] == ["0.9.8"] and any("apt-mark hold rknpu-dkms" in note for note in plan["notes"])


@pytest.mark.parametrize("path", ["extra/rknpu.ko", "updates/rknpu.ko", "extra/rknpu.ko.xz"])
def test_a_module_that_was_installed_by_hand(board, planned, path):
    plan = planned(module_board(board, path=path), DRIVER_098)
    assert plan["action"] == "none" and f"module rknpu of file {path}, not of rkfleet.npu" in plan["reason"]
    changes = planned(board, driver_policy="exact")["changes"]
    assert f"replace {path}, which is not of rkfleet.npu; the restore point keeps it" in changes


def test_the_kernels_own_module_is_not_called_foreign(board, planned):
    plan = planned(module_board(board, path="kernel/drivers/rknpu/rknpu.ko"), DRIVER_098)
    assert plan["action"] == "none" and "(module rknpu)" in plan["reason"]


@pytest.mark.case(case="a line in /etc/modprobe.d or a kernel argument keeps module rknpu from being loaded",
                  plan="unsupported", result="names the line or argument; a driver that works stays unchanged")
@pytest.mark.parametrize("path, content, words", [
    ("/etc/modprobe.d/npu.conf", "blacklist rknpu\n",
     "/etc/modprobe.d/npu.conf keeps module rknpu from being loaded: blacklist rknpu."),
    ("/etc/modprobe.d/npu.conf", "install rknpu /bin/true\n", "install rknpu /bin/true."),
    ("/proc/cmdline", "root=UUID=1 modprobe.blacklist=foo,rknpu\n", "The kernel argument modprobe.blacklist"),
    ("/proc/cmdline", "root=UUID=1 module_blacklist=rknpu\n", "The kernel argument module_blacklist"),
])
def test_a_module_that_the_owner_has_blocked(board, planned, path, content, words):
    plan = planned(module_board(board).write(path, content), driver_policy="exact")
    assert plan["action"] == "unsupported" and words in plan["reason"]
    assert planned(board, DRIVER_098)["action"] == "none"


def test_a_line_about_another_module_does_not_count(board, planned):
    board.base(config=BUILTIN).npu().builtin().headers().tools().u_boot_menu()
    board.write("/etc/modprobe.d/npu.conf", "blacklist rknpu\n")
    assert planned(board, driver_policy="exact")["action"] == "dkms_over_builtin"


# -- devices of others --------------------------------------------------------------------------------------------

@pytest.mark.case(case="the vendor's driver of another project serves mainline's node (rknn-core)", plan="none",
                  result="unchanged: a driver that answers goes before what a node is called")
def test_a_driver_that_answers_goes_before_the_name_of_the_node(board, planned):
    # w568w/rknpu-module, lurenJBD/rk3588-rknn-core
    module_board(board, "6.19.3-edge-rockchip64", compatible="rockchip,rk3588-rknn-core")
    assert planned(board, DRIVER_098)["action"] == "none"
    plan = planned(board, driver_policy="exact")
    assert plan["action"] == "unsupported" and "rockchip,rk3588-rknn-core" in plan["reason"]
    assert "npu_driver_policy working" in plan["remedy"]


@pytest.mark.case(case="the NPU is bound to vfio-platform for a guest", plan="unsupported",
                  result="names the driver that has it; nothing is built, and the board does not reboot")
@pytest.mark.parametrize("driver, override, compatible, words", [
    ("vfio-platform", "vfio-platform\n", "rockchip,rk3588-rknpu", "bound to driver vfio-platform (driver_override)"),
    ("vfio-platform", "(null)\n", "rockchip,rk3588-rknpu", "bound to driver vfio-platform,"),
    (None, "vfio-platform\n", "rockchip,rk3588-rknpu", "reserved for driver vfio-platform (driver_override)"),
    ("vfio-platform", "vfio-platform\n", "rockchip,rk3588-rknn-core", "bound to driver vfio-platform"),
    ("uio_pdrv_genirq", "(null)\n", "rockchip,rk3588-rknpu", "bound to driver uio_pdrv_genirq,"),
])
def test_an_npu_that_another_driver_has(board, planned, driver, override, compatible, words):
    # jiangcuo/pxvirt#130
    board.base(config=BUILTIN).npu(compatible=compatible, driver=driver, drm=None).builtin().headers().tools()
    board.u_boot_menu().write("/sys/devices/platform/fdab0000.npu/driver_override", override)
    plan = planned(board)
    assert (plan["action"], plan["changes"], plan["reboot"]) == ("unsupported", [], False)
    assert words in plan["reason"] and "guest" in plan["remedy"]


# -- drivers that did not start -------------------------------------------------------------------------------------

@pytest.mark.case(case="the driver is bound but has no device file", plan="dkms_over_builtin",
                  result="does not answer, whatever debugfs says; ours has a DRM device, and is not older")
def test_a_driver_without_a_device_file_does_not_answer(board, planned):
    # ophub/amlogic-s9xxx-armbian#3123
    release = "6.1.99-rk35xx-ophub"
    board.base(model="WXY OECT", compatible=("wxy,oect", "rockchip,rk3566"), release=release, config=BUILTIN,
               cmdline="root=UUID=1 rw cma=256M")
    board.npu(**RK3566, drm=0).builtin(release, "0.9.8").headers(release).tools()
    board.write("/sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.8\n")
    plan = planned(board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n"))
    assert plan["action"] == "dkms_over_builtin" and plan["current"] is None
    assert "Driver 0.9.8 is bound to the NPU but has no device file" in plan["reason"]
    assert any("no device file" in note for note in plan["notes"])
    assert plan["driver"]["version"] == "0.9.8" and "build driver 0.9.8 with DKMS" in plan["changes"][0]
    assert planned(board, driver_policy="exact")["driver"]["version"] == "0.9.6"


def test_a_driver_without_a_device_file_is_not_replaced_by_an_older_one(board, planned):
    """Of a release that is published in kernels alone, the next one is taken, if there is one."""
    release = "6.1.99-rk35xx-ophub"
    board.base(model="WXY OECT", compatible=("wxy,oect", "rockchip,rk3566"), release=release, config=BUILTIN)
    board.npu(**RK3566, drm=0).builtin(release, "0.9.7").headers(release).tools().u_boot_menu()
    version = board.root / "sys/kernel/debug/rknpu/version"
    board.write("/sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.7\n")
    assert planned(board)["driver"]["version"] == "0.9.8"
    version.write_text("RKNPU driver: v0.9.9\n")
    plan = planned(board)
    assert plan["action"] == "unsupported" and "0.9.6, which is wanted, is older" in plan["reason"]


@pytest.mark.case(case="the kernel's own driver is as new and did not start, or the NPU's IOMMU is disabled",
                  plan="unsupported", result="another driver does not change that: see the kernel log")
@pytest.mark.parametrize("version, iommu, action, words", [
    ("0.9.8", "disabled", "unsupported", "whose IOMMU is disabled in the device tree"),
    ("0.8.2", "disabled", "unsupported", "The kernel's own driver 0.8.2 did not start on the NPU fde40000.npu"),
    ("0.9.8", "okay", "unsupported", "driver 0.9.6 is not newer: it would fail there, too"),
    ("0.9.6", None, "unsupported", "driver 0.9.6 is not newer"),
    ("0.8.2", "okay", "dkms_over_builtin", "No driver is bound to the NPU"),
])
def test_a_driver_that_did_not_start(board, planned, version, iommu, action, words):
    # ophub/amlogic-s9xxx-armbian#1319, armbian/linux-rockchip#297
    release = "6.1.141-rk35xx-ophub"
    board.base(model="E Sun Panther X2", compatible=("panther,x2", "rockchip,rk3566"), release=release, config=BUILTIN,
               cmdline="root=UUID=1 rw cma=256M")
    board.npu(**RK3566, driver=None).builtin(release, version).headers(release).tools()
    board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")
    if iommu:
        board.strings("iommu@fde4b000/status", iommu)
    plan = planned(board)
    assert plan["action"] == action and words in plan["reason"]
    assert "dmesg" in (plan["remedy"] if action == "unsupported" else " ".join(plan["notes"]))


def test_a_driver_that_waits_for_another_device(board, planned):
    board.base(config=BUILTIN).npu(driver=None).builtin(version="0.8.2").headers().tools().u_boot_menu()
    board.write("/sys/kernel/debug/devices_deferred", "fdab0000.npu\tplatform: wait for supplier /vdd-npu\n")
    plan = planned(board)
    assert plan["action"] == "unsupported" and "(platform: wait for supplier /vdd-npu)" in plan["reason"]


def test_a_loaded_module_that_did_not_start_is_not_called_the_kernels_own(board, planned):
    module_board(board, driver=None)
    notes = " ".join(planned(board)["notes"])
    assert "Module rknpu is loaded, but did not start on the NPU fdab0000.npu" in notes and "dmesg" in notes


def test_a_builtin_driver_that_is_suppressed_was_not_tried(board, planned):
    board.base(config=BUILTIN, cmdline="ro quiet initcall_blacklist=rknpu_init").npu(driver=None)
    board.builtin(version="0.9.8").headers().tools()
    board.u_boot_menu(default='U_BOOT_PARAMETERS="ro quiet initcall_blacklist=rknpu_init"\n',
                      append="root=LABEL=root ro quiet initcall_blacklist=rknpu_init")
    assert planned(board)["action"] == "dkms_over_builtin"


def test_a_kernel_that_no_driver_builds_for_is_not_the_first_reason(board, planned):
    # bigtreetech/CB2#140, blakeblackshear/frigate#8382
    release = "4.19.232-bigtree-cb2"
    board.base(compatible=("biqu,rk3566-cb2", "rockchip,rk3566"), release=release, config=BUILTIN).npu(**RK3566)
    board.builtin(release, "0.7.2").headers(release).tools().write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")
    plan = planned(board, ("0.7.2", "20220829", "drm_ioctl"))
    assert plan["action"] == "unsupported"
    assert plan["reason"].startswith("Driver 0.7.2 answers, but MobileNet cannot show whether it works (librknnrt")
    assert "Kernel 4.19.232-bigtree-cb2 is not supported" in plan["reason"]
    plan = planned(board, ("0.7.2", "20220829", "drm_ioctl"), driver_policy="exact")
    assert plan["reason"].startswith("Kernel 4.19.232-bigtree-cb2 is not supported")


# -- systems that this collection cannot change -----------------------------------------------------------------------

@pytest.mark.case(case="a system without apt: NixOS, Arch, Fedora, Yocto, buildroot, HAOS", plan="unsupported",
                  result="one sentence, unless nothing is to be done")
@pytest.mark.parametrize("release, words", [
    ('ID=nixos\nVERSION_ID="25.11"\n', "This system (nixos 25.11) has no apt"),
    ("ID=bredos\nID_LIKE=arch\n", "(bredos)"), ("ID=arch\n", "(arch)"), ("ID=fedora\nVERSION_ID=42\n", "(fedora 42)"),
    ('ID=poky\nVERSION_ID="5.0"\n', "(poky 5.0)"), ("ID=buildroot\n", "(buildroot)"), ("ID=haos\n", "(haos)"),
    ("NAME=mine\n", "(no os-release)"),
])
def test_a_system_without_apt(board, planned, release, words):
    # gnull/nixos-rk3588#12, BredOS/images#30
    board.base(config=BUILTIN).npu().builtin().headers().tools().write("/etc/os-release", release)
    plan = planned(board)
    assert plan["action"] == "unsupported" and words in plan["reason"], "before the boot loader, which is unknown too"
    assert words in planned(board, driver_policy="exact", driver_strategy="vendor_kernel")["reason"]
    board.strings("npu@fdab0000/status", "disabled")
    board.place("/sys/devices/platform/fdab0000.npu/driver").unlink()
    assert words in planned(board)["reason"], "before the device tree"


@pytest.mark.case(case="a system deployed by OSTree (ostree= in the kernel arguments)", plan="unsupported",
                  result="one sentence: the next deployment would lose everything")
def test_a_system_that_ostree_deploys(board, planned):
    board.base(config=BUILTIN, cmdline="root=LABEL=otaroot rw ostree=/ostree/boot.1/torizon/abc/0").npu().builtin()
    board.headers().tools().write("/boot/extlinux/extlinux.conf", "label a\n linux /x\n append root=LABEL=otaroot rw\n")
    plan = planned(board, driver_policy="exact")
    assert plan["action"] == "unsupported" and "is deployed by OSTree" in plan["reason"]


@pytest.mark.parametrize("argument", ["rauc.slot=A", "androidboot.slot_suffix=_a"])
def test_a_system_that_is_updated_as_a_whole_is_noted(board, planned, argument):
    root = "root=UUID=1 rw " + argument
    board.base(config=BUILTIN, cmdline=root).npu().builtin().headers().tools().u_boot_menu(append=root)
    plan = planned(board, driver_policy="exact")
    assert plan["action"] == "dkms_over_builtin" and sum("other slot (A/B)" in note for note in plan["notes"]) == 1


def test_a_system_without_apt_that_needs_nothing_is_not_refused(board, gather):
    board.base(config=BUILTIN).npu().builtin(version="0.9.8").write("/etc/os-release", "ID=arch\n")
    facts = gather(board.write("/usr/lib/librknnrt.so", RUNTIME), answer=DRIVER_098)
    assert planner.npu_plan(facts, {}, DATA)["action"] == "unsupported", "the runtime is not the pinned file"
    row = DATA["runtimes"]["2.3.2"]
    facts["runtime"].update(sha256=row["sha256"], git_blob=row["git_blob"])
    assert planner.npu_plan(facts, {}, DATA)["action"] == "none"


@pytest.mark.parametrize("release, files", [
    ("ID=ubuntu\nID_LIKE=debian\n", []), ('ID=kali\nID_LIKE="debian"\n', []), ('ID=x\nID_LIKE="ubuntu debian"\n', []),
    ("ID=mine\n", ["/usr/bin/apt-get", "/var/lib/dpkg/status"]),
])
def test_a_system_with_apt(board, planned, release, files):
    board.base(config=BUILTIN).npu().builtin().headers().tools().u_boot_menu().write("/etc/os-release", release)
    for path in files:
        board.write(path)
    assert planned(board, driver_policy="exact")["action"] == "dkms_over_builtin"


@pytest.mark.case(case="a C library other than glibc: OpenWrt, iStoreOS, Alpine", plan="unsupported",
                  result="librknnrt.so cannot be loaded, even if the driver works")
@pytest.mark.parametrize("release, loader, words", [
    ('ID="istoreos"\nID_LIKE="lede openwrt"\nVERSION_ID="24.10.2"\n', "ld-musl-aarch64.so.1",
     "(istoreos 24.10.2) uses the C library musl, with which librknnrt.so cannot be loaded, and has no apt."),
    ("ID=alpine\n", "ld-musl-aarch64.so.1", "musl"), ("ID=buildroot\n", "ld-uClibc.so.1", "uclibc"),
])
def test_a_c_library_other_than_glibc(board, planned, release, loader, words):
    # istoreos/istoreos#2897
    board.base(config=BUILTIN).npu().builtin(version="0.9.8").headers().tools().u_boot_menu()
    plan = planned(board.write("/etc/os-release", release).write("/lib/" + loader), DRIVER_098)
    assert plan["action"] == "unsupported" and words in plan["reason"] and not plan["changes"]


@pytest.mark.parametrize("mounts, words, remedy", [
    ("overlayroot / overlay rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/w 0 0\n",
     "is lost at the reboot", "Disable the read-only mode"),
    ("/dev/root / squashfs ro,relatime 0 0\n", "mounted read-only (squashfs at /)", "Install a system with writable"),
    ("/dev/mmcblk0p2 / ext4 ro,relatime 0 0\n", "mounted read-only (ext4 at /)", "mount -o remount,rw /"),
    ("tmpfs / tmpfs rw 0 0\n", "is kept in memory", "Put it on a disk"),
])
def test_a_root_file_system_that_forgets(board, planned, mounts, words, remedy):
    # armbian/configng#69
    board.base(config=BUILTIN).npu().builtin().headers().tools().u_boot_menu().write("/proc/mounts", mounts)
    plan = planned(board)
    assert plan["action"] == "unsupported" and words in plan["reason"] and remedy in plan["remedy"]


@pytest.mark.case(case="an image that is made in a chroot", plan="unsupported",
                  result="one sentence: an image, not a running board")
@pytest.mark.parametrize("machine, running, image", [
    ("x86_64", "6.12.63-amd64", True), ("aarch64", "6.12.63-arm64", True),
    ("x86_64", "6.12.1-vendor-rk35xx", False),
])
def test_an_image_is_not_a_board(board, planned, machine, running, image):
    # tech4bot/rk3562deb#14
    release = "6.1.75-vendor-rk35xx"
    board.write("/etc/os-release", "ID=debian\n").write("/boot/vmlinuz-" + release).builtin(release)
    board.write("/proc/sys/kernel/osrelease", running + "\n").write("/proc/sys/kernel/arch", machine + "\n")
    plan = planned(board)
    assert plan["action"] == "unsupported"
    assert ("file system of an image" in plan["reason"] and running in plan["reason"]) is image


def test_a_chroot_on_a_board_is_not_the_board(board, gather):
    facts = gather(board.base(config=BUILTIN).npu().builtin().headers().tools().u_boot_menu())
    facts["os"]["container"] = "chroot"
    plan = planner.npu_plan(facts, {}, DATA)
    assert plan["action"] == "unsupported" and "file system of an image" in plan["reason"]


def test_a_left_over_dockerenv_does_not_make_a_container(board, planned):
    board.base(config=BUILTIN).npu().builtin().headers().tools().u_boot_menu().write("/.dockerenv")
    assert planned(board)["action"] == "dkms_over_builtin"
