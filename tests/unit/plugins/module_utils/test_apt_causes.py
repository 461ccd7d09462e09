# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Messages of apt and dpkg as owners of boards reported them, made short: the cause and its remedy, with the source."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _apt, _apt_causes
from stand_ins.apt_failures import ENDED, fail
from stand_ins.boards.apt_board import Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)


@pytest.mark.parametrize("source, rc, log, needed", [
    ("radxa-repo/bookworm#12", 0,
     ("W: An error occurred during the signature verification. The repository is not updated and the previous index "
      "files will be used. GPG error: https://radxa-repo.github.io/rk3588s2-bookworm rk3588s2-bookworm InRelease: "
      "The following signatures couldn't be verified because the public key is not available: NO_PUBKEY "
      "E572249A33EB9743 NO_PUBKEY 5D93177D0752732A\nW: Some index files failed to download. They have been ignored, "
      "or old ones used instead.\n"),
     ("E572249A33EB9743", "https://radxa-repo.github.io/rk3588s2-bookworm", "keyring")),
    ("radxa/apt#9", 100,
     ("W: GPG error: http://apt.radxa.com/buster-stable buster InRelease: The following signatures were invalid: "
      "EXPKEYSIG 5761288B2B52CC90 Radxa\nE: The repository 'http://apt.radxa.com/buster-stable buster InRelease' is "
      "not signed.\n"), ("http://apt.radxa.com/buster-stable", "expired", "keyring")),
    ("radxa/apt#2", 100,
     ("W: GPG error: http://apt.radxa.com/rabian-stable jessie InRelease: The following signatures were invalid: "
      "BADSIG C184E3BA32B4B98C build\n"), ("http://apt.radxa.com/rabian-stable", "not valid")),
    ("radxa/apt#47", 100,
     "E: The repository 'http://apt.radxa.com/focal-stable focal Release' no longer has a Release file.\n",
     ("http://apt.radxa.com/focal-stable focal", "archive.debian.org", "/etc/apt/sources.list")),
    ("kind of radxa/apt#47", 100,
     ("E: The repository 'http://security.debian.org/debian-security bullseye-security Release' does not have a "
      "Release file.\n"), ("debian-security bullseye-security", "archive.debian.org")),
    ("orangepi-xunlong/linux-orangepi#87", 100,
     ("E: Release file for http://repo.huaweicloud.com/ubuntu-ports/dists/focal-updates/InRelease is not valid yet "
      "(invalid for another 152d 5h 16min 35s). Updates for this repository will not be applied.\n"),
     ("clock is behind", "timedatectl")),
    ("pythops/jetson-image#118, ayufan-rock64/linux-build#401", 100,
     ("E: The repository 'https://repo.download.nvidia.com/jetson/common r32.7 Release' does not have a Release "
      "file.\nW: Failed to fetch https://x/InRelease  Certificate verification failed: The certificate is NOT "
      "trusted. The certificate chain uses not yet valid certificate.\n"), ("clock is behind",)),
    ("kind", 100,
     ("E: Release file for http://deb.debian.org/debian/dists/buster-backports/InRelease is expired (invalid since "
      "3d 4h). Updates for this repository will not be applied.\n"), ("buster-backports", "archived", "date")),
    ("kind, apt of Debian 12", 0,
     ("W: Failed to fetch http://deb.debian.org/debian/dists/bookworm/InRelease  Temporary failure resolving "
      "'deb.debian.org'\nW: Some index files failed to download. They have been ignored, or old ones used instead.\n"),
     ("cannot resolve the name deb.debian.org", "DNS")),
    ("apt of Debian 12", 0,
     "W: Failed to fetch http://apt.invalid/x/dists/bookworm/InRelease  Could not resolve 'apt.invalid'\n",
     ("apt.invalid",)),
    ("kind", 100,
     ("E: Failed to fetch http://a.example/x/Release  Could not connect to a.example:80 (192.0.2.1), connection "
      "timed out\n"), ("cannot reach a.example:80", "proxy")),
    ("kind", 0,
     ("Err:5 http://ports.ubuntu.com/ubuntu-ports focal InRelease  Connection timed out [IP: 192.0.2.1 80]\nW: Some "
      "index files failed to download.\nW: Failed to fetch http://ports.ubuntu.com/x/InRelease\n"),
     ("cannot reach http://ports.ubuntu.com/ubuntu-ports:",)),
    ("apt of Debian 12", 100,
     ("E: Malformed entry 1 in list file /etc/apt/sources.list.d/a.list (Component)\nE: The list of sources could "
      "not be read.\n"), ("entry 1 of /etc/apt/sources.list.d/a.list",)),
    ("apt of Debian 12", 100,
     ("E: Conflicting values set for option Signed-By regarding source https://apt.armbian.com/ bookworm: "
      "/usr/share/keyrings/a.gpg != /usr/share/keyrings/b.gpg\nE: The list of sources could not be read.\n"),
     ("https://apt.armbian.com/", "different keys")),
    ("kind", 100,
     ("E: Repository 'http://deb.debian.org/debian buster InRelease' changed its 'Suite' value from 'stable' to "
      "'oldoldstable'\n"), ("debian buster", "--allow-releaseinfo-change")),
])
@pytest.mark.parametrize("age", [10**6, 60])
def test_a_repository_that_cannot_be_read_is_named_when_packages_are_not_found(board, source, rc, log, needed, age):
    """Also when the owner has tried to update the lists shortly before, so that they seem to be fresh."""
    board.set_age("var/lib/apt/lists", age)
    message = fail(board, "update", log, rc)
    assert "not available from the board's repositories: dkms" in message
    assert all(word in message.split("apt-get update failed: ")[1] for word in needed), message


def test_lists_that_can_be_read_are_no_cause(board):
    message = fail(board, "update", "W: http://a.example/dists/x/InRelease: Key is stored in legacy trusted.gpg "
                                    "keyring\n",
                   0)
    assert "update failed" not in message and "Unable to locate package" in message


@pytest.mark.parametrize("problem", [
    "", "W: Failed to fetch http://a.example/x/InRelease  Could not resolve 'a.example'",
])
def test_packages_that_are_found_after_an_update_are_installed(board, problem):
    """The lists are fresh, but not of all repositories. One that fails for another repository is no obstacle."""
    board.offered.discard("make")
    run = board.run

    def update(command):
        if command[:2] == ["apt-get", "update"]:
            board.offered.add("make")
            return 0, "", problem
        return run(command)

    board.run = update
    assert board.packages().install(["make"], list) == ["make"]


@pytest.mark.parametrize("part", ["simulate", "install"])
@pytest.mark.parametrize("source, log, needed", [
    ("ophub/amlogic-s9xxx-armbian#451",
     ("The following packages have unmet dependencies:\n linux-image-rt-arm64 : Depends: "
      "linux-image-5.10.0-16-rt-arm64 (= 5.10.127-2) but 5.10.127-1 is installed\nE: Unmet dependencies. Try 'apt "
      "--fix-broken install' with no packages (or specify a solution).\n"),
     ("already on the board", "linux-image-rt-arm64 needs linux-image-5.10.0-16-rt-arm64 (= 5.10.127-2)",
      "apt-get --fix-broken install")),
    ("apt of Debian 12",
     ("You might want to run 'apt --fix-broken install' to correct these.\nThe following packages have unmet "
      "dependencies:\n dkms : Conflicts: old but 1 is to be installed\n linux-image-rt : Depends: libx (= 1) but 1.8 "
      "is to be installed\nE: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a "
      "solution).\n"), ("already on the board", "linux-image-rt needs libx (= 1)", "apt-get --fix-broken install")),
    ("kind of Joshua-Riek/ubuntu-rockchip#485",
     ("The following packages have unmet dependencies:\n gcc : Depends: gcc-11 (>= 11.2.0-1~) but it is not going to "
      "be installed\n libc6-dev : Depends: libc6 (= 2.35-0ubuntu3) but 2.35-0ubuntu3.8 is to be installed\nE: Unable "
      "to correct problems, you have held broken packages.\n"),
     ("libc6-dev needs libc6 (= 2.35-0ubuntu3), but 2.35-0ubuntu3.8 is to be installed", "apt-mark showhold")),
    ("kind",
     ("The following packages have unmet dependencies:\n dkms : Depends: kmod but it is not going to be installed\n  "
      "      Depends: gcc-12 but it is not installable\nE: Unable to correct problems, you have held broken "
      "packages.\n"), ("dkms needs gcc-12, but it is not installable", "no repository of the board has it")),
    ("fooyin/fooyin#498 (Debian 13)",
     ("Unsatisfied dependencies:\n fooyin : Depends: libtag1v5 but it is not installable\nError: Unable to correct "
      "problems, you have held broken packages.\nError: The following information from --solver 3.0 may provide "
      "additional context:\n   Unable to satisfy dependencies. Reached two conflicting decisions:\n   1. "
      "fooyin:amd64=0.8.1 is selected for install\n"),
     ("fooyin needs libtag1v5", "no repository of the board has it")),
    ("apt 3.2: libsoup of an older release",
     ("Error: Unable to satisfy dependencies. Reached two conflicting assignments:\n   1. slicer:amd64=1.3.96 is "
      "selected for install\n   2. slicer:amd64 Depends libsoup-2.4-1 (>= 2.74.3)\n      but none of the choices are "
      "installable:\n      [no choices]\n"),
     ("slicer needs libsoup-2.4-1 (>= 2.74.3), but it is not installable", "no repository of the board has it")),
    ("apt 3.1: libcurl of another repository",
     ("E: Unable to satisfy dependencies. Reached two conflicting decisions:\n   1. libcurl4t64:amd64=8.14.1-2 is "
      "not selected for install\n   2. libcurl4t64:amd64=8.14.1-2 is selected as a downgrade because:\n      1. "
      "libcurl4-openssl-dev:amd64=8.14.1-2 is selected for install\n      2. libcurl4-openssl-dev:amd64=8.14.1-2 "
      "Depends libcurl4t64 (= 8.14.1-2)\n"),
     ("libcurl4-openssl-dev needs libcurl4t64 (= 8.14.1-2), but another version is installed", "apt-mark showhold")),
    ("lueschem/edi-raspbian#4",
     ("The following packages have unmet dependencies:\n linux-libc-dev:armhf : Breaks: linux-libc-dev (!= "
      "4.9.82-1+deb9u3+rpi1) but 4.9.82-1+deb9u3 is to be installed\nE: Unable to correct problems, you have held "
      "broken packages.\n"), ("linux-libc-dev:armhf does not go with linux-libc-dev", "two architectures")),
    ("apt of Debian 12",
     ("The following packages will be REMOVED:\n  linux-headers-legacy-rk35xx\nThe following NEW packages will be "
      "installed:\n  dkms\n0 upgraded, 1 newly installed, 1 to remove and 1 not upgraded.\nE: Packages need to be "
      "removed but remove is disabled.\n"), ("have to remove linux-headers-legacy-rk35xx",)),
    ("kind",
     ("The following held packages will be changed:\n  linux-image-current-rockchip64\nE: Held packages were changed "
      "and -y was used without --allow-change-held-packages.\n"),
     ("linux-image-current-rockchip64", "apt-mark unhold")),
    ("MichaIng/DietPi#844, raspberrypi/firmware#1832",
     ("dpkg: unrecoverable fatal error, aborting:\n files list file for package 'liblinear4:arm64' is missing final "
      "newline\nE: Sub-process /usr/bin/dpkg returned an error code (2)\n"),
     ("package liblinear4 is damaged", "remove /var/lib/dpkg/info/liblinear4.list (or liblinear4:arm64.list)",
      "--reinstall liblinear4")),
    ("kind", "dpkg: fatal error, aborting:\n files list file for package 'python3' is missing final newline\n",
     ("/var/lib/dpkg/info/python3.list",)),
    ("kind", "dpkg: error: parsing file '/var/lib/dpkg/available' near line 7:\n field name 'x' must be followed by\n",
     ("/var/lib/dpkg/available is damaged", "dpkg --clear-avail")),
    ("kind",
     ("The following packages have unmet dependencies:\n gcc : Depends: cpp (= 4:12.2.0-3) but 4:10.2.1-1 is to be "
      "installed\nE: Unable to correct problems, you have held broken packages.\n"),
     ("gcc needs cpp (= 4:12.2.0-3)", "apt-mark showhold")),
    ("kind",
     ("The following packages have unmet dependencies:\n dkms : Depends: python3:any but it is not installable\nE: "
      "Unable to correct problems, you have held broken packages.\n"),
     ("dkms needs python3:any", "no repository of the board has it")),
    ("kind", "E: The package linux-image-vendor-rk35xx needs to be reinstalled, but I can't find an archive for it.\n",
     ("linux-image-vendor-rk35xx is installed in part", "reinstall it from its file")),
    ("bamarni/pi64#46",
     ("dpkg: error: parsing file '/var/lib/dpkg/status' near line 4663 package 'libao4':\n field name 'Status*' must "
      "be followed by colon\n"), ("/var/lib/dpkg/status", "status-old", "storage")),
    ("davesteele/comitup#275 (Debian 13)",
     ("Error: Encountered a section with no Package: header\nError: Problem with MergeList /var/lib/dpkg/status\n"
      "Error: The package lists or status file could not be parsed or opened.\n"),
     ("/var/lib/dpkg/status", "status-old")),
    ("apt of Debian 12",
     ("E: Unable to parse package file /var/lib/dpkg/status (1)\nW: You may want to run apt-get update to correct "
      "these problems\nE: The package cache file is corrupted\n"), ("/var/lib/dpkg/status", "status-old")),
    ("kind",
     ("E: Encountered a section with no Package: header\nE: Problem with MergeList /var/lib/apt/lists/x_Packages\nE: "
      "The package lists or status file could not be parsed or opened.\n"),
     ("package lists are damaged", "apt-get update")),
    ("apt of Debian 12",
     "E: The package rknpu2-rk3588 needs to be reinstalled, but I can't find an archive for it.\n",
     ("rknpu2-rk3588 is installed in part", "reinstall it from its file")),
    ("kind", "E: You don't have enough free space in /var/cache/apt/archives/.\n", ("the disk is full",)),
    ("kind", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n",
     ("dpkg --configure -a",)),
])
def test_the_cause_is_reported_and_not_that_packages_are_not_available(board, part, source, log, needed):
    message = fail(board, part, log)
    assert message.startswith("dkms cannot be installed: ") and "not available" not in message
    assert all(word in message for word in needed), message
    assert "--remove" not in message and "*.list" not in message


def error_of(package, status=1):
    return (f"dpkg: error processing package {package} (--configure):\n installed {package} package post-installation "
            f"script subprocess returned error exit status {status}\n")


CEPH = """Setting up linux-headers-6.1.0-13-arm64 (6.1.55-1) ...
/etc/kernel/header_postinst.d/dkms:
dkms: running auto installation service for kernel 6.1.0-13-arm64.
make -j4 KERNELRELEASE=6.1.0-13-arm64 -C /lib/modules/6.1.0-13-arm64/build M=/var/lib/dkms/ceph-dkms/0.0.2/build....
Error! Bad return status for module build on kernel: 6.1.0-13-arm64 (aarch64)
Consult /var/lib/dkms/ceph-dkms/0.0.2/build/make.log for more information.
Error! One or more modules failed to install during autoinstall.
dkms: autoinstall for kernel: 6.1.0-13-arm64 failed!
run-parts: /etc/kernel/header_postinst.d/dkms exited with return code 11
""" + error_of("linux-headers-6.1.0-13-arm64") + """dpkg: dependency problems prevent configuration of x:
 x depends on linux-headers-6.1.0-13-arm64 (= 6.1.55-1); however:
"""
"""jiangcuo/Proxmox-Arm64#56, made short."""


@pytest.mark.parametrize("log, cause", [
    ("/x/a.c:9:10: fatal error: asm/unaligned.h: No such file or directory", "older than this kernel"),
    ("/x/super.c:9:10: error: too few arguments to function 'register_shrinker'",
     "its source does not fit this kernel (/x/super.c:9:10: error: too few"),
    (("x.c:1:2: error: implicit declaration of function "
     "'vm_flags_set'"), "its source does not fit this kernel (x.c:1:2: "),
    ("gcc: fatal error: Killed signal terminated program cc1", "memory ran out"),
    (None, "see /var/lib/dkms/ceph-dkms/0.0.2/build/make.log"),
])
def test_a_module_of_another_package_that_keeps_headers_from_being_configured_is_named(board, log, cause):
    """What the NPU driver would need of the kernel is no cause, and no advice is to remove the headers."""
    if log:
        path = board.root / "var/lib/dkms/ceph-dkms/0.0.2/build/make.log"
        path.parent.mkdir(parents=True)
        path.write_text(log + "\n")
    message = fail(board, "install", CEPH)
    assert "linux-headers-6.1.0-13-arm64 cannot be configured: DKMS cannot build the module of ceph-dkms/" in message
    assert cause in message and "dkms remove ceph-dkms/0.0.2 -k 6.1.0-13-arm64" in message
    assert "purge" not in message and "--all" not in message


@pytest.mark.parametrize("source, log, needed", [
    ("nodejs/build#3296",
     ("update-initramfs: Generating /boot/initrd.img-5.4.0-146-generic\nError 24 : Write error : cannot write "
      "compressed block\nE: mkinitramfs failure cpio 141 lz4 -9 -l 24\nupdate-initramfs: failed for /boot/initrd.img "
      "with 1.\n" + error_of("initramfs-tools")), ("the disk is full",)),
    ("johang/sd-card-images#50",
     ("cpio: write error: No space left on device\nE: mkinitramfs failure cpio 2\n" + error_of("initramfs-tools")),
     ("the disk is full",)),
    ("dkms-project/dkms#302",
     ("dkms: autoinstall for kernel 6.3.0-2-arm64 was skipped since the kernel headers for this kernel do not seem to "
      "be installed.\nupdate-initramfs: Generating /boot/initrd.img-6.3.0-2-arm64\ngrep: /boot/config-6.3.0-2-arm64: "
      "No such file or directory\nW: zstd compression (CONFIG_RD_ZSTD) not supported by kernel, using gzip\ngrep: "
      "/boot/config-6.3.0-2-arm64: No such file or directory\nE: gzip compression (CONFIG_RD_GZIP) not supported by "
      "kernel\n" + error_of("linux-image-6.3.0-2-arm64")),
     ("package linux-image-6.3.0-2-arm64 cannot be configured", "/boot/config-6.3.0-2-arm64 is missing")),
    ("recalbox/mk_arcade_joystick_rpi#45",
     ("dpkg: error processing archive linux-headers-4.4.21-v7+_armhf.deb (--unpack):\n trying to overwrite "
      "'/usr/src/linux-headers-4.4.21-v7+/samples/seccomp/Makefile', which is also in package "
      "raspberrypi-kernel-headers 1.20160921-1\n"),
     ("package raspberrypi-kernel-headers has a file of the same name", "/samples/seccomp/Makefile",
      ": upgrade raspberrypi-kernel-headers first")),
    ("kind",
     ("E: Failed to fetch http://ports.ubuntu.com/pool/main/d/dkms/dkms_2.8.7_all.deb  404  Not Found [IP: 192.0.2.1 "
      "80]\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n"),
     ("dkms_2.8.7_all.deb", "run apt-get update")),
    ("kind", "E: Failed to fetch http://deb.example/x.deb  Hash Sum mismatch\n", ("arrived damaged", "later")),
    ("kind",
     ("dpkg-deb: error: archive '/var/cache/apt/archives/x.deb' uses unknown compression for member "
      "'control.tar.zst', giving up\ndpkg: error processing archive /var/cache/apt/archives/x.deb (--unpack):\n"),
     ("/var/cache/apt/archives/x.deb is made for a newer release",)),
    ("kind",
     ("dpkg-deb (subprocess): decompressing archive '/x/gcc.deb' (size=1) member 'data.tar': lzma error: compressed "
      "data is corrupt\n"), ("damaged", "apt-get clean")),
    ("kind",
     ("dpkg: error processing archive /x/make.deb (--unpack):\n unable to create '/usr/bin/make.dpkg-new' (while "
      "processing './usr/bin/make'): Read-only file system\n"), ("read-only", "remount")),
    ("kind",
     ("debconf: DbDriver \"config\": /var/cache/debconf/config.dat is locked by another process: Resource temporarily "
      "unavailable\n" + error_of("dkms")), ("package dkms cannot be configured", "fuser -v /var/cache/debconf")),
    ("kind",
     ("dpkg: dependency problems prevent configuration of aa:\n aa depends on bb; however:\ndpkg: error processing "
      "package aa (--configure):\n dependency problems - leaving unconfigured\ndpkg-query: x\n" + error_of("bb")),
     ("package bb cannot be configured",)),
])
def test_the_cause_of_a_failed_installation_is_above_dpkgs_last_lines(board, source, log, needed):
    message = fail(board, "install", log + ENDED)
    assert message.startswith("dkms cannot be installed: ")
    assert all(word in message for word in needed), message


def test_our_own_driver_is_never_to_be_removed(board):
    """That is what serves the NPU of the kernels for which it was built."""
    message = fail(board, "install", CEPH.replace("ceph-dkms/0.0.2", "rknpu/0.9.8"))
    assert "DKMS cannot build the module of rknpu/0.9.8" in message and "rerun rkfleet.npu.upgrade_npu" in message
    assert "dkms remove" not in message


@pytest.mark.parametrize("name", [
    "u-boot-menu", "openssh-server", "sudo", "python3-minimal", "network-manager", "netplan.io", "ifupdown",
    "wpasupplicant", "firmware-realtek", "kmod", "mount", "util-linux", "bash", "dash", "coreutils", "perl-base",
    "login", "passwd",
])
def test_no_advice_to_remove_what_a_board_needs(board, name):
    message = fail(board, "install", error_of(name) + ENDED)
    assert f"package {name} cannot be configured" in message and "purge" not in message


def test_the_simulation_refuses_what_the_installation_would_refuse(board):
    board.packages().simulate_install(["make"])
    command = next(command for command in board.calls if "--simulate" in command)
    assert {"--yes", "--no-remove", "--no-install-recommends"} <= set(command)


@pytest.mark.parametrize("text", [
    "a" * 200000, "/" * 200000, "\n" * 200000, "will be REMOVED:\n" * 5000, " a : Depends: b but "
                                                                            "c\n" * 5000, " " * 200000,
    "/boot/config-x: No such file or directory\n" * 5000, "GPG error: x " * 20000, "Failed to fetch " * 10000,
    "trying to overwrite '" * 10000,
    # One long word in each line: a pattern that divides it in each possible way takes minutes.
    *(before + "x" * 984 for before in ("Failed to fetch ", "GPG error: ", "Err:5 ")),
])
def test_hostile_output_is_explained_within_reason(text):
    text = (text + "\n") * 5000 if len(text) < 1001 else text
    assert len(_apt_causes.explain(text) or "") < 1500


def test_every_sentence_has_its_groups():
    for pattern, sentence in _apt_causes.CAUSES:
        assert not re.search(r"\{[1-9]\}", sentence) or re.compile(pattern).groups > 1
        assert "{" not in sentence or re.compile(pattern).groups


@pytest.mark.parametrize("file", ["module_utils/_dkms/steps.py", "modules/npu_trial_build_info.py", None])
def test_compilers_print_english(file):
    """The kernel's makefile begins with `unexport LC_ALL`, so LC_ALL alone does not reach them."""
    names = {"LC_ALL", "LANG", "LC_MESSAGES"}
    if file is None:
        assert {_apt.ENVIRONMENT[name] for name in names} == {"C"}
        return
    source = (pathlib.Path(_apt.__file__).parent.parent / file).read_text(encoding="utf-8")
    assert names <= set(re.findall(r"\w+", re.search(r"dict\.fromkeys\((.+?), \"C\"\)", source).group(1)))
