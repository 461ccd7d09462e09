# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts from dpkg's own files: the running kernel's packages, holds, candidates, copies of the runtime."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import driver, runtime
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import apt_kernels, dpkg

ARMBIAN = "6.1.75-vendor-rk35xx"
STATUS = """Package: bash
Essential: yes
Status: install ok installed
Version: 5.2

Package: linux-image-vendor-rk35xx
Status: hold ok installed
Architecture: arm64
Version: 24.11.1

Package: linux-dtb-vendor-rk35xx
Status: install ok installed
Version: 24.11.1

Package: linux-headers-vendor-rk35xx
Status: install ok installed
Version: 25.2.3

Package: was-held
Status: hold ok config-files
Version: 1

Package: owners
Status: hold ok installed
Version: 2
"""
LISTS = {
    "linux-image-vendor-rk35xx": "/.\n/boot\n/boot/vmlinuz-%s\n/lib/modules/%s/modules.builtin\n",
    "linux-dtb-vendor-rk35xx": "/.\n/boot\n/boot/dtb-%s\n/boot/dtb-%s/rockchip\n",
    "linux-headers-vendor-rk35xx": "/usr/src\n/usr/src/linux-headers-%s\n/usr/src/linux-headers-%s/Makefile\n",
    "linux-image-6.1.84": "/boot/vmlinuz-%s-other\n/lib/modules/%s-other\n",
    "bash:arm64": "/bin/bash\n",
}


def armbian(board):
    board.write("/var/lib/dpkg/status", STATUS)
    for name, text in LISTS.items():
        board.write(f"/var/lib/dpkg/info/{name}.list", text.replace("%s", ARMBIAN))
    return Tree(str(board.root))


def test_packages_of_an_armbian_kernel(board):
    found = dpkg.read(armbian(board), ARMBIAN, "/usr/src/linux-headers-" + ARMBIAN)
    assert found == {
        "kernel": [{"name": "linux-image-vendor-rk35xx", "part": "image", "version": "24.11.1", "hold": True},
                   {"name": "linux-dtb-vendor-rk35xx", "part": "dtb", "version": "24.11.1", "hold": False},
                   {"name": "linux-headers-vendor-rk35xx", "part": "headers", "version": "25.2.3", "hold": False}],
        "holds": ["linux-image-vendor-rk35xx", "owners"]}


def test_modules_of_ubuntu_are_a_package_of_their_own(board):
    release = "6.1.0-1025-rockchip"
    board.write("/var/lib/dpkg/status", "\n".join(
        f"Package: linux-{part}-{release}\nStatus: install ok installed\nVersion: 1\n"
        for part in ("image", "modules")))
    board.write(f"/var/lib/dpkg/info/linux-image-{release}.list", f"/boot/vmlinuz-{release}\n")
    board.write(f"/var/lib/dpkg/info/linux-modules-{release}.list", f"/lib/modules/{release}/modules.builtin\n")
    found = dpkg.read(Tree(str(board.root)), release, None)["kernel"]
    assert [(entry["part"], entry["name"]) for entry in found] == [
        ("image", "linux-image-" + release), ("modules", "linux-modules-" + release)]


@pytest.mark.parametrize("status", [None, "", "nonsense\n\n\x00\xff", "Package: x\nStatus: hold\n"])
def test_a_board_without_a_usable_database(board, status):
    if status is not None:
        board.write("/var/lib/dpkg/status", status)
    assert dpkg.read(Tree(str(board.root)), ARMBIAN, None) == {"kernel": [], "holds": []}


# In the form of armbian/build's packages and of Debian's.
SHOWN = """Package: linux-image-vendor-rk35xx
Version: 25.2.3
Installed-Size: 1
Description: Armbian Linux vendor kernel image 6.1.99-vendor-rk35xx

Package: linux-headers-vendor-rk35xx
Version: 25.2.3
Armbian-Kernel-Version: 6.1.99
Armbian-Kernel-Version-Family: 6.1.99-vendor-rk35xx
Description-en: Linux headers since 5.10.1-x

Package: linux-dtb-vendor-rk35xx
Version: 25.2.3
Description: Header files for the kernel (meta-package) of 2024.1.1

Package: something-else
Version: 1
Description: 6.1.99-vendor-rk35xx
"""


def test_candidates_of_the_kernels_packages(board):
    facts = {"packages": dpkg.read(armbian(board), ARMBIAN, None), "repository": {"kernels": []}}
    asked = []
    apt_kernels.add_candidates(Tree(str(board.root)), facts, lambda words: asked.append(words) or (100, SHOWN, ""))
    assert facts["repository"]["candidates"] == {
        "linux-image-vendor-rk35xx": {"version": "25.2.3", "release": "6.1.99-vendor-rk35xx"},
        "linux-headers-vendor-rk35xx": {"version": "25.2.3", "release": "6.1.99-vendor-rk35xx"},
        "linux-dtb-vendor-rk35xx": {"version": "25.2.3", "release": None}}
    assert asked[0][:6] == ["timeout", "30", "/usr/bin/apt-cache", "--no-generate", "--no-all-versions", "show"]


def test_nothing_is_asked_without_apt_or_kernel_packages():
    for facts in ({"packages": {"kernel": []}, "repository": {}},
                  {"packages": {"kernel": [{"name": "x"}]}, "repository": None}):
        apt_kernels.add_candidates(None, facts, None)
        assert not facts["repository"]


# -- copies of the runtime

def library(version):
    return b"\x7fELF\0librknnrt version: %s (429f97ae6b@2025-04-09T09:09:27)\0" % version.encode()


def test_copies_of_programs_are_found_with_who_has_them_open(board):
    for path, version in (("/usr/lib/librknnrt.so", "2.3.2"), ("/usr/lib64/librknnrt.so", "1.5.2"),
                          ("/opt/frigate/lib/librknnrt.so", "2.3.0"), ("/opt/app/librknnrt.so", "2.3.2"),
                          ("/usr/local/lib/python3.11/dist-packages/rknnlite/api/librknnrt.so", "1.6.0")):
        board.write(path, library(version))
    board.write("/proc/812/maps",
                "7f00-7f01 r-xp 00000000 b3:02 77  /usr/lib64/librknnrt.so\n7f02-7f03 rw-p 0 00:00 0 \n")
    tree = Tree(str(board.root))
    found = runtime.read(tree)
    runtime.note_programs(tree, found, [{"pid": 812, "name": "python3"}, {"pid": 813, "name": "gone"}])
    assert found["path"] == "/usr/lib/librknnrt.so" and found["package"] is None
    assert {other["path"]: (other["version"], other["programs"]) for other in found["others"]} == {
        "/usr/lib64/librknnrt.so": ("1.5.2", ["python3 (pid 812)"]), "/opt/frigate/lib/librknnrt.so": ("2.3.0", []),
        "/opt/app/librknnrt.so": ("2.3.2", []),
        "/usr/local/lib/python3.11/dist-packages/rknnlite/api/librknnrt.so": ("1.6.0", [])}


def test_a_web_page_in_the_library_of_a_package_is_told_as_that(board):
    """Case 72, rockchip-linux/rknn-toolkit2#260."""
    board.write("/usr/lib/librknnrt.so", "<!DOCTYPE html>\n")
    board.write("/var/lib/dpkg/info/rknn2.list", "/usr/lib/librknnrt.so\n")
    found = runtime.read(Tree(str(board.root)))
    assert (found["version"], found["package"], found["packaged"]) == (None, "rknn2", ["/usr/lib/librknnrt.so"])


def test_a_link_that_the_owner_made_to_a_packages_library(board):
    """The link is nobody's, so it is the package's file that is diverted."""
    board.write("/usr/lib/aarch64-linux-gnu/librknnrt.so.1.6.0", library("1.6.0"))
    (board.root / "usr/lib/librknnrt.so").symlink_to("aarch64-linux-gnu/librknnrt.so.1.6.0")
    board.write("/var/lib/dpkg/info/rknpu2-rk356x:arm64.list", "/usr/lib/aarch64-linux-gnu/librknnrt.so.1.6.0\n")
    found = runtime.read(Tree(str(board.root)))
    assert (found["package"], found["packaged"]) == ("rknpu2-rk356x", ["/usr/lib/aarch64-linux-gnu/librknnrt.so.1.6.0"])


@pytest.mark.parametrize("value, text", [(906, "0.9.6"), (908, "0.9.8"), (802, "0.8.2"), (10203, "1.2.3")])
def test_number_of_the_driver(value, text):
    assert driver.from_number(value) == text
