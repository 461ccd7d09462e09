# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kernels, headers and strategies, each with what is planned for it."""

from __future__ import annotations

import types

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.checks import change_checks
from stand_ins.plans.planned_trees import BSP, BUILTIN, SPACE, STOCK, one_sentence

# -- kernels ----------------------------------------------------------------------------------------------------

KERNELS = [
    pytest.param(
        "4.19.232", False,
        marks=pytest.mark.case(
            case="kernel older than 5.10", plan="unsupported",
            result="stops before any change, and names the kernels that can be booted instead",
        ),
    ),
    ("5.10.209", True),
    ("6.1.115", True),
    ("6.6.74", True),
    ("6.10.12", True),
    pytest.param(
        "6.11.10", True,
        marks=pytest.mark.case(
            case="kernel 6.11 and newer: remove() returns nothing", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.13.4", True,
        marks=pytest.mark.case(
            case="kernel 6.13 and newer: MODULE_IMPORT_NS takes a string", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.14.2", True,
        marks=pytest.mark.case(
            case="kernel 6.14 and newer: DRM drivers have no date", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.15.1", True,
        marks=pytest.mark.case(
            case="kernel 6.15 and newer: hrtimer_init is gone", plan="dkms", result="bridged by a probe"
        ),
    ),
    pytest.param(
        "6.16.0", True,
        marks=pytest.mark.case(case="kernel 6.16 and newer: pfn_t is gone", plan="dkms", result="bridged by a probe"),
    ),
    ("7.3.0", True),
]


@pytest.mark.parametrize("release, supported", KERNELS)
def test_kernel(board, planned, release, supported):
    release += "-arm64"
    plan = planned(board.base(release=release, config=STOCK).npu(driver=None).headers(release).tools().u_boot_menu())[1]
    assert plan["action"] == ("dkms" if supported else "unsupported")
    if not supported:
        assert release in plan["reason"] and one_sentence(plan["reason"]) and one_sentence(plan["remedy"])
        assert (plan["changes"], plan["packages"], plan["reboot"], plan["runtime"]["install"]) == ([], [], False, False)


@pytest.mark.case(
    case="the running kernel's package was updated in place or removed, and the board not rebooted since",
    plan="unsupported", result="nothing can be built for that kernel: says to reboot, and into which",
)
@pytest.mark.parametrize("running, installed, stops", [
    # Armbian's packages replace their kernel; apt autoremove takes Debian's that is not among the newest.
    ("6.1.84-vendor-rk35xx", "6.1.115-vendor-rk35xx", True), ("6.1.0-31-arm64", "6.1.0-35-arm64", True),
    # Kernels of boot images, with a kernel of another kind installed besides.
    ("6.1.118", "6.1.0-35-arm64", False), ("6.1.118", "6.1.141", False), ("6.1.99-rk3576", "6.1.0-35-arm64", False),
])
@pytest.mark.parametrize("leftover", [False, True])
def test_a_kernel_that_was_replaced_since_the_boot(board, planned, running, installed, stops, leftover):
    board.base(release=running, config=None).npu().bound_module("rknpu").tools()
    board.write("/boot/armbianEnv.txt", "rootdev=UUID=1\n")
    board.place(f"/lib/modules/{running}/modules.dep").unlink()
    if leftover:
        board.write(f"/lib/modules/{running}/modules.builtin.bin")
    board.write(f"/boot/vmlinuz-{installed}").write(f"/lib/modules/{installed}/modules.builtin")
    plan = planned(board, driver_policy="exact")[1]
    assert (plan["action"] == "unsupported") is stops
    if stops:
        assert one_sentence(plan["reason"]) and f"Kernel {running} runs and is no longer installed" in plan["reason"]
        assert f"Reboot the board into an installed kernel ({installed})" in plan["remedy"]
    # A driver that is as wanted needs no kernel.
    assert planned(board, ("0.9.6", "20240322", "drm_ioctl"), driver_policy="exact")[1]["action"] != "unsupported"
    board.write(f"/lib/modules/{running}/modules.builtin")
    assert planned(board, driver_policy="exact")[1]["action"] == "dkms"


@pytest.mark.case(
    case="Armbian and relatives with two kernels, and /boot/Image is a link to the one that does not run",
    plan="unsupported", result="the driver would be built for a kernel that the next boot does not start: says so",
)
@pytest.mark.parametrize("name, loader", [("armbianEnv.txt", "armbian"), ("orangepiEnv.txt", "orangepi")])
@pytest.mark.parametrize("target, stops", [
    # armbian-config: another branch of the kernel is installed beside.
    ("vmlinuz-6.18.33-current-rockchip64", True), ("/boot/vmlinuz-6.18.33-current-rockchip64", True),
    ("vmlinuz-6.1.115-vendor-rk35xx", False), ("vmlinuz-6.18.1-gone", False), ("kernel.img", False), (None, False),
])
def test_a_link_to_another_kernel(board, planned, name, loader, target, stops):
    running = "6.1.115-vendor-rk35xx"
    board.base(release=running, config=BUILTIN, cmdline="root=UUID=1 rootwait").npu().builtin(running).headers(running)
    board.tools().write("/boot/" + name, "rootdev=UUID=1\n").write("/boot/kernel.img")
    for release in (running, "6.18.33-current-rockchip64"):
        board.write(f"/boot/vmlinuz-{release}").write(f"/lib/modules/{release}/modules.builtin")
    if target:
        board.link("/boot/Image", target)
    facts, plan = planned(board, driver_policy="exact")
    assert facts["boot"]["loader"] == loader and (plan["action"] == "unsupported") is (stops or "gone" in str(target))
    if stops:
        assert one_sentence(plan["reason"]) and plan["reason"].endswith(
            "the next boot starts kernel 6.18.33-current-rockchip64, the default one of /boot/Image.")
        assert "Reboot the board, or change /boot/Image" in plan["remedy"]


def test_an_immutable_kernel_says_nothing_about_the_next_boot():
    boot = {"loader": "armbian", "links": [{"path": "/boot/Image", "target": None, "problem": "locked"}]}
    board = types.SimpleNamespace(facts={"kernels": [{"release": "6.1.115-a"}]}, boot=boot, release="6.1.115-a")
    assert change_checks.check_running_kernel(board) is None


@pytest.mark.case(
    case="extlinux.conf by hand whose default entry names another installed kernel than the running one",
    plan="unsupported", result="the driver would be built for a kernel that the next boot does not start: says so",
)
@pytest.mark.parametrize("kernel, stops", [
    ("/boot/vmlinuz-6.1.115-vendor-rk35xx", True), ("/vmlinuz-6.1.115-vendor-rk35xx", True),
    ("/boot/vmlinuz-6.1.84-vendor-rk35xx", False), ("/Image", False), ("/boot/vmlinuz", False),
    # vicharak-in/u-boot-menu-vicharak, and LubanCat: kernels are called Image-RELEASE.
    ("/Image-6.1.115-vendor-rk35xx", True), ("/boot/Image-6.1.84-vendor-rk35xx", False),
    # A name that is no release of an installed kernel.
    ("/boot/vmlinuz-6.1.115", False), ("/boot/vmlinuz-linux", False),
])
def test_another_kernel_at_the_next_boot(board, planned, kernel, stops):
    running = "6.1.84-vendor-rk35xx"
    board.base(release=running, config=BUILTIN, cmdline="root=UUID=1 rw").npu().builtin(running).headers(running).tools()
    for release in (running, "6.1.115-vendor-rk35xx"):
        board.write(f"/boot/vmlinuz-{release}").write(f"/lib/modules/{release}/modules.builtin")
    board.write("/boot/extlinux/extlinux.conf", "label old\n\tlinux /boot/vmlinuz-6.1.84-vendor-rk35xx\n\tappend root=UUID=1"
                f" rw\nlabel new\n\tmenu default\n\tlinux {kernel}\n\tappend root=UUID=1 rw\n")
    plan = planned(board, driver_policy="exact")[1]
    assert (plan["action"] == "unsupported") is stops
    if stops:
        assert one_sentence(plan["reason"]) and "the next boot starts kernel 6.1.115-vendor-rk35xx" in plan["reason"]
        assert "Reboot the board, or change /boot/extlinux/extlinux.conf" in plan["remedy"]
    else:
        # A menu that names its kernel by a release starts no other.
        assert any("boots a newer kernel" in note for note in plan["notes"]) is ("-" not in kernel)
    # update_extlinux.sh of Radxa's older images makes the newest kernel the default one.
    board.write("/usr/local/sbin/update_extlinux.sh", ". /etc/default/extlinux\n")
    board.write("/etc/default/extlinux", "APPEND=rw\n")
    facts, plan = planned(board, driver_policy="exact")
    assert facts["boot"]["loader"] == "update-extlinux-default" and ("the next boot" in plan["reason"]) is stops
    board.place("/usr/local/sbin/update_extlinux.sh").unlink()
    # u-boot-update is told which kernel is the default one, if it is called vmlinuz.
    board.write("/usr/sbin/u-boot-update", ". /etc/default/u-boot\n").write("/etc/default/u-boot", "U_BOOT_PARAMETERS=rw\n")
    plan = planned(board, driver_policy="exact")[1]
    assert ("the next boot" in plan["reason"]) is (stops and "/Image-" in kernel)


@pytest.mark.case(
    case="extlinux.conf by hand that starts /boot/Image or /boot/vmlinuz, a link to another kernel", plan="unsupported",
    result="names the link",
)
@pytest.mark.parametrize("image, link, target, stops", [
    # armbian/build: ODROID-M1, NanoPi R5S, Indiedroid Nova and Radxa E24C have SRC_EXTLINUX="yes".
    ("/boot/Image", "/boot/Image", "vmlinuz-6.18.10-current-rockchip64", True),
    ("/boot/Image", "/boot/Image", "vmlinuz-6.1.141-vendor-rk35xx", False),
    # /boot is a file system of its own.
    ("/Image", "/boot/Image", "vmlinuz-6.18.10-current-rockchip64", True),
    # Ubuntu's linux-update-symlinks
    ("/boot/vmlinuz", "/boot/vmlinuz", "vmlinuz-6.18.10-current-rockchip64", True),
    ("/vmlinuz", "/boot/vmlinuz", "vmlinuz-6.1.141-vendor-rk35xx", False),
    # Not what the menu starts.
    ("/boot/kernel.img", "/boot/Image", "vmlinuz-6.18.10-current-rockchip64", False),
])
def test_a_menu_that_starts_a_link(board, planned, image, link, target, stops):
    running = "6.1.141-vendor-rk35xx"
    board.base(release=running, config=BUILTIN, cmdline="root=UUID=1 rw").npu().builtin(running).headers(running).tools()
    for release in (running, "6.18.10-current-rockchip64"):
        board.write(f"/boot/vmlinuz-{release}").write(f"/lib/modules/{release}/modules.builtin")
    board.write("/boot/extlinux/extlinux.conf", f"label Armbian\n  kernel {image}\n  append root=UUID=1 rw\n")
    plan = planned(board.link(link, target), driver_policy="exact")[1]
    assert (plan["action"] == "unsupported") is stops
    if stops:
        assert one_sentence(plan["reason"]) and plan["reason"].endswith(f"current-rockchip64, the default one of {link}.")
    else:
        assert any("boots a newer kernel" in note for note in plan["notes"])


GRUB_MENU = """# It is automatically generated by grub-mkconfig using templates
set default="%s"
menuentry 'Debian GNU/Linux' $menuentry_id_option 'gnulinux-simple-1' {
\tlinux\t/boot/vmlinuz-6.12.43+deb13-arm64 root=UUID=1 ro quiet
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-1' {
\tmenuentry 'Linux 6.12' $menuentry_id_option 'gnulinux-6.12.43+deb13-arm64-advanced-1' {
\t\tlinux\t/boot/vmlinuz-6.12.43+deb13-arm64 root=UUID=1 ro quiet
\t}
\tmenuentry 'Linux 6.1' $menuentry_id_option 'gnulinux-6.1.99-1-rk2312-advanced-1' {
\t\tlinux\t/boot/vmlinuz-6.1.99-1-rk2312 root=UUID=1 ro quiet
\t}
}
"""
OTHER, OWN = "Advanced options>Linux 6.12", "Advanced options>Linux 6.1"


@pytest.mark.case(
    case="the owner has chosen the default kernel of GRUB or u-boot-menu, and another kernel runs", plan="unsupported",
    result="such a choice is not changed, and the next boot would start a kernel without the module: says so",
)
@pytest.mark.parametrize("entry, setting, saved, stops", [
    (OTHER, f'GRUB_DEFAULT="{OTHER}"', "", "GRUB_DEFAULT and run grub-mkconfig"),
    (OWN, f'GRUB_DEFAULT="{OWN}"', "", None),
    ("0", "GRUB_DEFAULT=0", "", None),  # ours chooses a kernel with the module
    ("${saved_entry}", "GRUB_DEFAULT=saved", "gnulinux-simple-1", "saved_entry (grub-set-default)"),
    ("${saved_entry}", "GRUB_DEFAULT=saved", OWN, None), ("${saved_entry}", "GRUB_DEFAULT=saved", "", None),
    ("0", "GRUB_DEFAULT='", "", None),
])
def test_a_default_entry_of_the_owner_in_grub(board, planned, entry, setting, saved, stops):
    cmdline = "BOOT_IMAGE=/boot/vmlinuz-6.1.99-1-rk2312 root=UUID=1 ro quiet"
    board.base(config=BUILTIN, cmdline=cmdline).npu().builtin().headers().tools()
    for release in ("6.1.99-1-rk2312", "6.12.43+deb13-arm64"):
        board.write(f"/boot/vmlinuz-{release}").write(f"/lib/modules/{release}/modules.builtin")
    board.builtin().write("/boot/grub/grub.cfg", GRUB_MENU % entry).write("/etc/default/grub", setting + "\n")
    board.write("/usr/sbin/grub-mkconfig", "for x in ${sysconfdir}/default/grub.d/*.cfg; do . $x; done\n")
    board.write("/boot/grub/grubenv", f"# GRUB Environment Block\nsaved_entry={saved}\n" if saved else "")
    plan = planned(board, driver_policy="exact")[1]
    assert ("the next boot starts kernel 6.12.43+deb13-arm64" in plan["reason"]) is bool(stops)
    assert stops is None or (plan["action"] == "unsupported" and stops in plan["remedy"])


# Owners of boards with ubuntu-rockchip and Radxa OS set it to stay on a kernel.
@pytest.mark.parametrize("default, fragment, stops", [
    ("l1", "", True), ("l0", "", False), ("", "", False), ("l1", 'U_BOOT_DEFAULT="l0"', False),
    ("l0", 'U_BOOT_DEFAULT="l1"', True),
])
def test_a_default_entry_of_the_owner_in_u_boot_menu(board, planned, default, fragment, stops):
    board.base(config=BUILTIN, cmdline="root=UUID=1 rw").npu().builtin().headers().tools()
    entries = ""
    for number, release in enumerate(("6.1.99-1-rk2312", "6.1.84-8-rk2410")):
        board.write(f"/boot/vmlinuz-{release}").write(f"/lib/modules/{release}/modules.builtin")
        entries += f"label l{number}\n\tlinux /boot/vmlinuz-{release}\n\tappend root=UUID=1 rw\n"
    label = "l1" if stops else "l0"
    board.builtin().write("/usr/sbin/u-boot-update", ". /etc/default/u-boot\n/etc/u-boot-menu/conf.d\n")
    board.write("/etc/default/u-boot", f'U_BOOT_DEFAULT="{default}"\nU_BOOT_PARAMETERS="rw"\n')
    board.write("/etc/u-boot-menu/conf.d/own.conf", fragment)
    plan = planned(board.write("/boot/extlinux/extlinux.conf", f"default {label}\n{entries}"), driver_policy="exact")[1]
    assert (plan["action"] == "unsupported") is stops
    assert not stops or "the default one of U_BOOT_DEFAULT" in plan["reason"]


@pytest.mark.parametrize("image, stops", [("Image-5.10.198-axon", True), ("Image-6.1.75-axon", False), ("vmlinuz-x", False)])
def test_the_kernels_of_vicharak_are_not_chosen_by_us(board, planned, image, stops):
    """vicharak-in/u-boot-menu-vicharak: u-boot-update lists /boot/Image-* as find does, and is not told which one to start."""
    running = "6.1.75-axon"
    board.base(release=running, config=BUILTIN, cmdline="root=UUID=1 rw").npu().builtin(running).headers(running).tools()
    for release in (running, "5.10.198-axon"):
        board.write(f"/boot/Image-{release}").write(f"/lib/modules/{release}/modules.builtin")
    board.builtin(running).write("/usr/sbin/u-boot-update", ". /etc/default/u-boot\n").write("/etc/kernel/cmdline", "rw\n")
    board.write("/etc/default/u-boot", "U_BOOT_PARAMETERS=$(cat /etc/kernel/cmdline)\nU_BOOT_FDT=\"\"\n")
    board.write("/boot/extlinux/extlinux.conf", f"default l0\nlabel l0\n\tlinux /{image}\n\tappend root=UUID=1 rw\n")
    facts, plan = planned(board, driver_policy="exact")
    assert facts["boot"]["config"] == "/etc/kernel/cmdline" and (plan["action"] == "unsupported") is stops
    assert not stops or "kernel 5.10.198-axon, the default one of /boot/extlinux/extlinux.conf" in plan["reason"]


@pytest.mark.case(
    case="a kernel that the inventory says is not supported", plan="unsupported",
    result="the reason and remedy of the inventory",
)
def test_kernel_by_the_inventory(board, gather):
    release = "6.15.1-arm64"
    facts = gather(board.base(release=release, config=STOCK).npu(driver=None).headers(release).tools().u_boot_menu())
    data = compatibility.merged(
        {
            "kernels": {
                "6.15": {
                    "supported": False, "reason": "our camera breaks on it", "remedy": "Boot the vendor kernel 6.1.",
                }
            }
        }
    )
    plan = planner.npu_plan(dict(facts, space=SPACE), {}, data)
    assert (plan["action"], plan["changes"]) == ("unsupported", [])
    assert plan["reason"] == "Kernel %s is not supported by driver 0.9.6: our camera breaks on it." % release
    assert plan["remedy"] == "Boot the vendor kernel 6.1."


@pytest.mark.case(
    case="headers not installed, but in the repository", plan="dkms",
    result="the package of that distribution's name is installed first",
)
@pytest.mark.parametrize("release, package", [
    ("6.1.0-31-arm64", "linux-headers-6.1.0-31-arm64"),                           # Debian
    ("6.12.32+deb12-arm64", "linux-headers-6.12.32+deb12-arm64"),                 # Debian backports
    ("6.1.84-8-rk2410", "linux-headers-6.1.84-8-rk2410"),                         # Radxa
    ("6.1.84-10-rk2410-nocsf", "linux-headers-6.1.84-10-rk2410-nocsf"),
    ("5.10.110-37-rockchip", "linux-headers-5.10.110-37-rockchip"),               # Radxa, bullseye
    ("6.1.115-vendor-rk35xx", "linux-headers-vendor-rk35xx"),                     # Armbian and DietPi
    ("6.12.20-current-rockchip64", "linux-headers-current-rockchip64"),
    ("6.8.0-edge-rockchip-rk3588", "linux-headers-edge-rockchip-rk3588"),
    ("5.10.160-rockchip-rk3588", "linux-headers-legacy-rockchip-rk3588"),         # Orange Pi
    ("5.10.160-rockchip-rk356x", "linux-headers-legacy-rockchip-rk356x"),
    ("6.1.43-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.6.0-rc5-rockchip-rk356x", "linux-headers-current-rockchip-rk356x"),
    ("6.1.0-1025-rockchip", "linux-headers-6.1.0-1025-rockchip"),                 # ubuntu-rockchip
])
def test_headers_package(board, planned, release, package):
    plan = planned(board.base(release=release, config=BSP).npu(driver=None).tools().u_boot_menu())[1]
    assert plan["packages"] == [package] and plan["changes"][0] == "install the packages " + package


def test_headers_that_no_repository_has_are_in_the_image(board, planned):
    board.base(release="6.1.99-rockchip-rk3588", config=BUILTIN).npu().builtin("6.1.99-rockchip-rk3588").tools().write(
        "/boot/orangepiEnv.txt", "verbosity=1\n"
    )
    assert any(
        "/opt/linux-headers-current-" in note and "dpkg -i" in note
        for note in planned(board, driver_policy="exact")[1]["notes"]
    )


@pytest.mark.case(
    case="npu_driver_strategy auto or vendor_kernel, and the repository offers a vendor kernel with a new enough driver",
    plan="vendor_kernel", result="that kernel is installed; the current one stays",
)
@pytest.mark.case(
    case="npu_driver_strategy dkms, whatever the repository offers", plan="dkms_over_builtin",
    result="built for the current kernel",
)
@pytest.mark.parametrize(
    "strategy, action", [("auto", "vendor_kernel"), ("vendor_kernel", "vendor_kernel"), ("dkms", "dkms_over_builtin")]
)
def test_strategy(board, planned, strategy, action):
    release = "6.1.43-15-rk2312"
    board.base(release=release, config=BUILTIN).npu().builtin(release).headers(release).tools().u_boot_menu().write(
        "/usr/bin/apt-cache"
    )
    offered = [
        "linux-image-6.1.84-9-rk2410", "linux-image-6.1.84-10-rk2410", "linux-image-6.1.84-10-rk2410-nocsf",
        "linux-image-" + release, "linux-image-6.1.0-40-arm64", "linux-image-6.1.84-10-rk2410-dbg",
    ]
    facts, plan = planned(
        board, repository=offered, driver_policy="floor", driver_strategy=strategy, driver_version="0.9.6"
    )
    assert facts["repository"]["kernels"][-1] == "linux-image-6.1.0-40-arm64"
    assert plan["action"] == action
    # The newest one for this SoC, and nothing that is not known.
    assert ("linux-image-6.1.84-10-rk2410" in plan["packages"]) is (action == "vendor_kernel")


@pytest.mark.parametrize("offered", [["linux-image-6.1.43-19-rk2312", "linux-image-6.1.0-40-arm64"], []])
def test_no_vendor_kernel_is_new_enough(board, planned, offered):
    release = "6.1.43-15-rk2312"
    board.base(release=release, config=BUILTIN).npu().builtin(release).headers(release).tools().u_boot_menu().write(
        "/usr/bin/apt-cache"
    )
    assert (
        planned(board, repository=offered, driver_policy="floor", driver_strategy="auto")[1]["action"]
        == "dkms_over_builtin"
    )
    plan = planned(board, repository=offered, driver_policy="floor", driver_strategy="vendor_kernel")[1]
    assert plan["action"] == "unsupported" and "npu_driver_strategy" in plan["remedy"]
