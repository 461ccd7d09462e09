# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Header packages by the rules of the data, and headers that a plan refuses before anything is changed."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner, rules

DATA = compatibility.load()
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}
ARMBIAN = "6.18.8-current-rockchip64"


@pytest.mark.parametrize("release, package", [
    ("7.0.0-rc7-edge-rockchip64", "linux-headers-edge-rockchip64"),                 # w568w/rknpu-module
    ("7.2.0-rc3-bleedingedge-rockchip64", "linux-headers-bleedingedge-rockchip64"),  # armbian/build#10166
    ("6.5.0-rc1-collabora-rockchip-rk3588", "linux-headers-collabora-rockchip-rk3588"),  # armbian/build#5518
    ("6.1.115-btt-rk35xx", "linux-headers-btt-rk35xx"),                             # bigtreetech/CB2#132
    ("6.1.115-btt-rockchip64", "linux-headers-btt-rockchip64"),                     # bigtreetech/CB2#141
    ("6.19.3-edge-rockchip64", "linux-headers-edge-rockchip64"),
    ("6.7.0-edge-rockchip-rk3588", "linux-headers-edge-rockchip-rk3588"),
    ("7.1.0-edge-rockchip64", "linux-headers-edge-rockchip64"),                     # armbian/build#9983
    ("6.1.75-vendor-rk35xx", "linux-headers-vendor-rk35xx"),
    ("5.10.160-legacy-rk35xx", "linux-headers-legacy-rk35xx"),
    ("6.12.1-midstream-rockchip-rk3588", "linux-headers-midstream-rockchip-rk3588"),
    ("6.6.8-current-media", "linux-headers-current-media"),
    ("4.19.219-legacy-rk3568-odroid", "linux-headers-legacy-rk3568-odroid"),
    ("5.8.16-rockchip64", "linux-headers-current-rockchip64"),                      # brektrou/rtl8821CU#104
    ("6.6.0-rc5-rockchip-rk356x", "linux-headers-current-rockchip-rk356x"),
    ("6.1.43-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),            # orangepi-build#183
    ("5.10.160-rockchip-rk3588", "linux-headers-legacy-rockchip-rk3588"),
    ("5.10.160-rt89-rockchip-rk3588", "linux-headers-legacy-rockchip-rk3588"),      # real-time kernels of Orange Pi
    ("6.1.43-rt14-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.1.99-rk3576", "linux-headers-6.1.99-rk3576"),                               # LubanCat 3
    ("5.10.160-rt89-g9f9e9d18574d-dirty", "linux-headers-5.10.160-rt89-g9f9e9d18574d-dirty"),
    ("5.10.160-30-rk356x", "linux-headers-5.10.160-30-rk356x"),                     # RadxaOS-SDK/rsdk#6
    ("5.10.160-38-rk356x", "linux-headers-5.10.160-38-rk356x"),                     # RadxaOS-SDK/rsdk#42
    ("6.1.43-20-rk2312", "linux-headers-6.1.43-20-rk2312"),
    ("6.1.84-999-rk2410", "linux-headers-6.1.84-999-rk2410"),                       # radxa-build/rock-5b-plus#2
    ("6.1.84-10-rk2410-nocsf", "linux-headers-6.1.84-10-rk2410-nocsf"),
    ("6.1.0-1025-rockchip", "linux-headers-6.1.0-1025-rockchip"),
    ("6.1.57", "linux-headers-6.1.57"),
    ("6.1.0-56-arm64", "linux-headers-6.1.0-56-arm64"),
    ("6.12.32+deb12-arm64", "linux-headers-6.12.32+deb12-arm64"),
    ("6.6.0-rc1-own-build", "linux-headers-6.6.0-rc1-own-build"),
    # A vendor's word before the family is no branch of Armbian's.
    ("5.10.110-orangepi-rk3588", "linux-headers-5.10.110-orangepi-rk3588"),         # Joshua-Riek/ubuntu-rockchip#134
    ("5.10.160-radxa-rk356x", "linux-headers-5.10.160-radxa-rk356x"),               # OpenHD's images
    ("5.10.160-turing-rk1", "linux-headers-5.10.160-turing-rk1"),
    ("6.1.118-rk3588", "linux-headers-6.1.118-rk3588"),                             # ArmSoM
    ("6.1.75-axon", "linux-headers-6.1.75-axon"),                                   # Vicharak
    ("6.1.75-axon-lite", "linux-headers-6.1.75-axon-lite"),
    ("5.10.160-rockchip", "linux-headers-5.10.160-rockchip"),                       # ubuntu-rockchip, until 2.0
    ("5.10.0-1012-rockchip", "linux-headers-5.10.0-1012-rockchip"),
    ("5.10.110-28-rockchip", "linux-headers-5.10.110-28-rockchip"),                 # radxa-build/rock-5b#10
    ("5.10.110-37-rockchip-g74457be0716d", "linux-headers-5.10.110-37-rockchip-g74457be0716d"),
    ("6.1.84-2-rk2410", "linux-headers-6.1.84-2-rk2410"),                           # radxa-pkg/aic8800#41
    ("6.3.2-1-latest", "linux-headers-6.3.2-1-latest"),                             # radxa-repo/rbuild#18
    ("6.12.18-1-.lts-6.12", "linux-headers-6.12.18-1-.lts-6.12"),                   # radxa-pkg/aic8800#29
    ("6.1.99-rt36-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.19.6-edge-rockchip64", "linux-headers-edge-rockchip64"),                    # openzfs/zfs#18291
    ("5.10.160+", "linux-headers-5.10.160+"),
    # The name of a package has neither capitals nor underscores.
    ("6.1.43-BPI-M7", "linux-headers-6.1.43-bpi-m7"),
    ("5.10.110-rk3588-tinker_board", "linux-headers-5.10.110-rk3588-tinker-board"),
    ("5.10.17-V8+", "linux-headers-5.10.17-v8+"),
])
def test_the_package_with_the_headers(release, package):
    assert rules.headers_rule(release, DATA["headers"])[0] == package


@pytest.mark.parametrize("release", [
    "6.1.141-rk35xx-ophub", "5.15.140-ophub", "5.15.99-flippy-82+o", "5.10.79-flippy-67+", "6.1.99-rk35xx-ophub",
])
def test_headers_in_no_package(release):
    """ophub/amlogic-s9xxx-armbian#3496, #1905, #26; morrownr/8821au-20210708#76."""
    package, hint = rules.headers_rule(release, DATA["headers"])
    assert package is None and "/usr/src/linux-headers-" in hint and "header-RELEASE.tar.gz" in hint


@pytest.mark.parametrize("release, where", [
    ("6.1.141", "/opt/archives/linux-headers-*.deb"), ("6.1.99-rockchip-rk3588", "/opt/linux-headers-current-*.deb"),
])
def test_packages_that_are_in_the_image(release, where):
    assert where in rules.headers_rule(release, DATA["headers"])[1]


@pytest.fixture
def plan(board, gather):
    def run(release, data=DATA, **wanted):
        board.base(release=release, config="CONFIG_MODULES=y\nCONFIG_DRM=y\n").npu(driver=None).tools().u_boot_menu()
        board.place("/proc/sys/kernel/osrelease").write_text(release + "\n")
        return planner.npu_plan(dict(gather(board), space=SPACE), wanted, data)

    return run


def test_ophub_without_headers_is_told_where_they_are(plan):
    found = plan("6.1.141-rk35xx-ophub")
    assert found["action"] == "unsupported" and found["packages"] == [] and "not installed" in found["reason"]
    assert "armbian-update" in found["remedy"] and "linux-headers-6.1.141" not in found["remedy"]


@pytest.mark.parametrize("release, image, package", [
    # CeraLive's kernel: a vendor's word in the release, and not in the package's name.
    ("6.1.115-ceralive-vendor-rk35xx", "linux-image-vendor-rk35xx", "linux-headers-vendor-rk35xx"),
    # and in the name of the kernel that it builds itself
    ("6.1.115-ceralive-vendor-rk35xx", "linux-image-6.1.115-ceralive-vendor-rk35xx",
     "linux-headers-6.1.115-ceralive-vendor-rk35xx"),
    # makerbase-mks/MKS-SKIPR#54
    ("5.16.20-rockchip64", "linux-image-edge-rockchip64", "linux-headers-edge-rockchip64"),
    ("5.15.93-rockchip64", "linux-image-legacy-rockchip64", "linux-headers-legacy-rockchip64"),
    ("6.1.57", "linux-image-edge2", "linux-headers-edge2"),
    ("6.8.0-31-generic", "linux-image-unsigned-6.8.0-31-generic", "linux-headers-6.8.0-31-generic"),
    ("6.12.9-arm64", "linux-image-6.12.9-arm64-unsigned", "linux-headers-6.12.9-arm64"),
    ("6.1.99-rockchip-rk3588", "linux-image-current-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.1.99-rockchip-rk3588", "kernel-x", "linux-headers-current-rockchip-rk3588"),
    ("6.1.43-rockchip-rk3588", "linux-image-next-rockchip-rk3588", "linux-headers-next-rockchip-rk3588"),
    # jiangcuo/pxvirt 47: Proxmox VE on an Orange Pi 5 Plus. Its kernels have packages of other names.
    ("6.1.43-rockchip", "pve-kernel-6.1.43-rockchip", "pve-headers-6.1.43-rockchip"),
    ("6.8.12-11-pve", "proxmox-kernel-6.8.12-11-pve-signed", "proxmox-headers-6.8.12-11-pve"),
])
def test_the_package_of_the_running_kernel_names_that_of_its_headers(release, image, package, board, gather):
    board.base(release=release, config="CONFIG_MODULES=y\nCONFIG_DRM=y\n").npu(driver=None).tools().u_boot_menu()
    board.place("/proc/sys/kernel/osrelease").write_text(release + "\n")
    # LubanCat and others call the kernel Image-RELEASE: the package of its modules is the same.
    kernel = f"/boot/vmlinuz-{release}" if "edge2" not in image else f"/lib/modules/{release}/modules.builtin"
    board.write(f"/var/lib/dpkg/info/{image}.list", f"/.\n{kernel}\n")
    board.write("/var/lib/dpkg/status", f"Package: {image}\nStatus: install ok installed\nVersion: 1\n")
    found = planner.npu_plan(dict(gather(board), space=SPACE), {}, DATA)
    assert (found["action"], found["packages"]) == ("dkms", [package])
    # What the data says of a package that is in the image counts for that package, and for its other branches.
    branch = package.split("-")[2]
    hints = [note for note in found["notes"] if "/opt/" in note or "BRANCH" in note]
    assert bool(hints) is package.endswith("-rockchip-rk3588")
    assert all(f"/opt/linux-headers-{branch}-*.deb" in hint for hint in hints)


def test_headers_that_a_package_brings_are_installed(plan):
    assert plan(ARMBIAN)["packages"] == ["linux-headers-current-rockchip64"]


def test_a_package_that_is_for_another_kernel(board, plan):
    """armbian/armbian-router#37, armbian/mirror#24: dpkg has it, and it is of the kernel that was, or that comes."""
    board.headers("6.17.9-current-rockchip64").write(
        "/var/lib/dpkg/info/linux-headers-current-rockchip64.list",
        "/usr/src/linux-headers-6.17.9-current-rockchip64\n")
    found = plan(ARMBIAN)
    assert (found["action"], found["packages"], found["changes"]) == ("unsupported", [], [])
    assert found["reason"] == ("Package linux-headers-current-rockchip64 has the headers of kernel "
                               "6.17.9-current-rockchip64, and this kernel is 6.18.8-current-rockchip64.")
    assert "apt-get install linux-image-current-rockchip64 linux-headers-current-rockchip64" in found["remedy"]
    assert "reboot, and rerun" in found["remedy"]


def test_headers_of_another_kernel_that_stay_beside_are_no_obstacle(board, plan):
    board.headers("6.1.0-55-arm64").write("/var/lib/dpkg/info/linux-headers-6.1.0-55-arm64.list",
                                          "/usr/src/linux-headers-6.1.0-55-arm64\n")
    assert plan("6.1.0-56-arm64")["packages"] == ["linux-headers-6.1.0-56-arm64"]


@pytest.mark.parametrize("how, reason, remedy", [
    ({"without": ["scripts/basic/fixdep"]}, "lack programs: scripts/basic/fixdep", "dpkg-reconfigure"),
    ({"without": ["scripts/basic/fixdep", "scripts/mod/modpost"]}, "lack programs", "make M=scripts/mod/"),
    ({"without": ["scripts/basic/fixdep"]}, "lack programs",
     "cd /lib/modules/6.1.43-rockchip-rk3588/build && test -f scripts/basic/fixdep.c && find"),
    ({"machine": 62}, "another machine", "(Debian), reinstall linux-headers-current-rockchip-rk3588 and linux-kbuild"),
    ({"machine": 62}, "another machine (x86-64)", "dpkg-reconfigure linux-headers-current-rockchip-rk3588"),
    ({"machine": 40}, "another machine (32-bit ARM)", "dpkg-reconfigure"),
    ({"without": ["include/generated/autoconf.h", "include/config/auto.conf"]}, "not prepared for a build",
     "apt-get install --reinstall linux-headers-current-rockchip-rk3588"),
    ({"without": ["scripts/module.lds"]}, "incomplete: scripts/module.lds", "newer version of that package"),
    ({"states": "6.1.99-rockchip-rk3588"}, "has the headers of kernel 6.1.99-rockchip-rk3588", "a link to its folder"),
])
def test_headers_that_are_no_good_stop_the_board(board, plan, how, reason, remedy):
    board.headers("6.1.43-rockchip-rk3588", **how)
    found = plan("6.1.43-rockchip-rk3588")
    assert (found["action"], found["packages"], found["changes"]) == ("unsupported", [], [])
    assert reason in found["reason"] and remedy in found["remedy"], found


def test_a_module_that_is_built_needs_no_headers(board, plan):
    release = "6.1.43-rockchip-rk3588"
    board.headers(release, machine=62).dkms("rknpu", release=release, ours=True)
    assert plan(release)["action"] == "dkms"


# -- the version of Linux in a kernel ---------------------------------------------------------------------------------

@pytest.mark.parametrize("release, build, signature, version", [
    ("6.1.0-56-arm64", "#1 SMP Debian 6.1.170-1 (2026-04-02)", None, "6.1.170"),
    ("5.10.0-32-arm64", "#1 SMP Debian 5.10.223-1 (2024-08-10)", None, "5.10.223"),
    ("6.12.25+rpt-rpi-2712", "#1 SMP PREEMPT Debian 1:6.12.25-1+rpt1 (2025-04-30)", None, "6.12.25"),
    ("6.1.0-1025-rockchip", "#25-Ubuntu SMP Mon Aug 26", "Ubuntu 6.1.0-1025.25-rockchip 6.1.75", "6.1.75"),
    ("6.1.115-vendor-rk35xx", "#1 SMP Thu May 1", None, "6.1.115-vendor-rk35xx"),
    # Whatever a board says, the series is that of its release.
    ("6.1.0-56-arm64", "#1 SMP Debian 7.4.1-1", None, "6.1.0-56-arm64"),
    ("6.1.0-56-arm64", None, "x", "6.1.0-56-arm64"),
])
def test_the_version_of_a_kernel(release, build, signature, version):
    assert rules.kernel_version({"release": release, "build": build, "signature": signature}) == version


@pytest.mark.parametrize("version, noted", [("6.1.170-1", False), ("6.1.20-1", True)])
def test_the_recommended_kernel_is_compared_with_the_version_and_not_the_release(board, plan, version, noted):
    board.headers("6.1.0-56-arm64").write(
        "/proc/version", "Linux version 6.1.0-56-arm64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) "
                         "12.2.0, GNU "
        f"ld (GNU Binutils for Debian) 2.40) #1 SMP Debian {version} (2026-04-02)\n")
    found = plan("6.1.0-56-arm64", driver_version="0.9.8")
    assert found["action"] == "dkms"
    assert any("recommends Linux 6.1.84" in note for note in found["notes"]) is noted


def test_ubuntu_states_the_version_in_its_signature(board, gather):
    board.base(release="6.1.0-1025-rockchip").write("/proc/version_signature", "Ubuntu 6.1.0-1025.25-rockchip 6.1.75\n")
    assert rules.kernel_version(gather(board)["kernel"]) == "6.1.75"
