# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A driver tried on kernels that do not run, with apt, dpkg-deb, make and modinfo played by a function."""

from __future__ import annotations

import base64
import os
import pathlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import trial_build

RELEASE = "6.1.84-12-rk2410"
PACKAGE, COMMON, KBUILD = "linux-headers-" + RELEASE, "linux-headers-6.1.84-common", "linux-kbuild-6.1"
AUTO_CONF = "CONFIG_MODULES=y\nCONFIG_DRM=y\n"


class Board:
    """A board's tree, and package repositories."""

    def __init__(self, root):
        self.root, self.calls, self.made, self.aliases = root, [], {}, ""
        self.packages = {
            PACKAGE: {
                "depends": "%s (= 6.1.84-12), %s (>= 6.1.84) | nothing, gcc-12" % (COMMON, KBUILD),
                "usr/src/%s/Makefile" % PACKAGE: "include /usr/src/%s/Makefile\nX = /usr/lib/linux-other\n" % COMMON,
                "usr/src/%s/include/generated/utsrelease.h" % PACKAGE: '#define UTS_RELEASE "%s"\n' % RELEASE,
                "usr/src/%s/include/config/auto.conf" % PACKAGE: AUTO_CONF,
                "usr/src/%s/include/generated/autoconf.h" % PACKAGE: "",
                "usr/src/%s/arch/arm64/module.lds" % PACKAGE: "",
                "usr/src/%s/scripts" % PACKAGE: ("/usr/lib/linux-kbuild-6.1/scripts",),
            },
            COMMON: {"depends": KBUILD, "usr/src/%s/Makefile" % COMMON: "all:\n"},
            KBUILD: {"depends": "libc6", "usr/lib/linux-kbuild-6.1/scripts/basic/fixdep": "ELF",
                     "usr/lib/linux-kbuild-6.1/scripts/mod/modpost": "ELF"},
        }
        self.make, self.vermagic = (0, "rkfleet: probe vm_flags_set: missing, supplied\n", ""), RELEASE

    def installed(self, config=AUTO_CONF):
        base = self.root / "lib/modules" / RELEASE / "build"
        for name, text in {"Makefile": "all:\n", "include/config/auto.conf": config, "include/generated/autoconf.h": "",
                           "scripts/basic/fixdep": "ELF", "scripts/mod/modpost": "ELF", "scripts/module.lds": "",
                           }.items():
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            (base / name).write_text(text)
        return self

    def run(self, command, folder):
        words = [word for word in command if word not in ("-o", "--quiet") and not word.startswith("Dir::")]
        self.calls.append(words[:2])
        assert os.path.isdir(folder)
        return getattr(self, words[0].replace("-", "_").replace("make", "make_"))(words, pathlib.Path(folder))

    def apt_cache(self, words, unused):
        package = self.packages.get(words[-1])
        if package is None:
            return 100, "", "E: No packages found"
        return 0, "Package: %s\nDepends: %s\nFilename: ./%s.deb\n\n" % (words[-1], package["depends"], words[-1]), ""

    def apt_get(self, words, folder):
        (folder / (words[-1] + "_6.1.84_arm64.deb")).write_text(words[-1])
        return 0, "", ""

    def dpkg_deb(self, words, unused):
        name, place = pathlib.Path(words[-2]).read_text(), pathlib.Path(words[-1])
        for path, content in self.packages[name].items():
            if path != "depends":
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).symlink_to(*content) if isinstance(content,
                                                                  tuple) else (place / path).write_text(content)
        return 0, "", ""

    def make_(self, words, folder):
        headers = pathlib.Path(words[words.index("-C") + 1])
        # What the folder held while it was there.
        self.made = {"headers": headers, "words": words, "makefile": (headers / "Makefile").read_text(),
                     "scripts": (headers / "scripts/basic/fixdep").exists(), "source": (folder / "Kbuild").read_text()}
        if self.make[0] == 0:
            module = next(word.partition("=")[2] for word in words if word.startswith("RKFLEET_MODULE="))
            (folder / (module + ".ko")).write_text(module)
        return self.make

    def modinfo(self, words, unused):
        return 0, {"vermagic": self.vermagic + " SMP\n", "name": pathlib.Path(words[-1]).read_text() + "\n",
                   "alias": self.aliases}[words[2]], ""


@pytest.fixture
def board(tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/Kbuild").write_text("ours")
    return Board(tmp_path / "board")


@pytest.fixture
def check(board, tmp_path):
    def run(module="rknpu_dkms", package=PACKAGE, signing=False):
        folder = tmp_path / "scratch"
        folder.mkdir()
        return trial_build.check(board.run, RELEASE, package, module, str(tmp_path / "tree"), str(folder),
                                 str(board.root), signing)

    return run


def test_with_the_headers_that_are_installed(board, check):
    board.installed()
    found = check()
    assert (found["verdict"], found["headers"]) == ("builds", "the headers that are installed")
    assert found["probes"] == ["probe vm_flags_set: missing, supplied"]
    assert [call[0] for call in board.calls] == ["make", "modinfo", "modinfo", "modinfo"]
    assert {"RKFLEET_MODULE=rknpu_dkms", "KERNELRELEASE=" + RELEASE, "modules"} <= set(board.made["words"])
    assert board.made["source"] == "ours"


def test_with_the_headers_of_the_repositories_which_are_not_installed(board, check, tmp_path):
    found = check()
    assert found["verdict"] == "builds" and PACKAGE in found["reason"] and "not installed" in found["headers"]
    # What named other folders of the headers names them where they were unpacked; what is not there stays.
    place = tmp_path / "scratch/headers"
    assert board.made["headers"] == place / "usr/src" / PACKAGE
    assert board.made["makefile"] == "include %s/usr/src/%s/Makefile\nX = /usr/lib/linux-other\n" % (place, COMMON)
    assert board.made["scripts"]
    downloads = [call for call in board.calls if call[0] == "apt-get"]
    assert len(downloads) == 3 and all(call[1] == "download" for call in downloads)
    assert not board.root.exists()


def test_a_second_package_that_the_first_needs_is_downloaded_too(board, check):
    """ubuntu-rockchip: linux-headers-6.1.0-1025-rockchip needs linux-rockchip-headers-6.1.0-1025."""
    second = "linux-rockchip-headers-6.1.0-1025"
    files = {name: board.packages[PACKAGE].pop(name) for name in list(board.packages[PACKAGE]) if name != "depends"}
    board.packages[second] = dict(files, depends="libc6")
    board.packages[PACKAGE]["depends"] = "%s, libc6 (>= 2.38), libelf1t64 (>= 0.144), %s" % (second, KBUILD)
    assert check()["verdict"] == "builds"
    assert trial_build._closure(board.apt_cache, PACKAGE, "/") == [PACKAGE, second, KBUILD]


@pytest.mark.parametrize("name", [
    "linux-headers-6.1.0-50-common", "linux-kbuild-6.1", "linux-rockchip-headers-6.1.0-1025", "linux-raspi-headers-5.4.0-1051",
    "linux-hwe-6.5-headers-6.5.0-14",
])
def test_names_of_header_packages(name):
    assert trial_build._PACKAGE.match(name)


@pytest.mark.parametrize("name", ["linux-image-6.1", "libc6", "-linux-headers-x", "my-linux-headers", "linux-headers-x y"])
def test_other_packages_are_not_downloaded(name):
    assert not trial_build._PACKAGE.match(name)


def test_headers_in_no_package(board, check):
    found = check(package=None)
    assert found["verdict"] == "no_headers" and "no package has the headers of this kernel. The headers of" in found["reason"] and board.calls == []


def test_a_package_with_programs_for_another_machine(board, check):
    program = "\x7fELF" + "\0" * 14 + "\x28\0"
    board.packages[KBUILD]["usr/lib/linux-kbuild-6.1/scripts/basic/fixdep"] = program
    found = check()
    assert found["verdict"] == "no_headers" and "for another machine (32-bit ARM)" in found["reason"]


def test_installed_headers_that_are_no_good_are_downloaded(board, check):
    board.installed()
    (board.root / "lib/modules" / RELEASE / "build/scripts/basic/fixdep").unlink()
    assert "which is not installed" in check()["headers"]


def test_apt_does_not_write_its_cache(board, check):
    seen = []
    board.run, run = lambda command, folder: (seen.append(command), run(command, folder))[1], board.run
    check()
    assert all("Dir::Cache::pkgcache=" in command for command in seen if command[0].startswith("apt-"))


@pytest.mark.parametrize("break_it, said", [
    (lambda board: board.packages.clear(), "do not offer %s: run apt-get update" % PACKAGE),
    (lambda board: setattr(board, "apt_get", lambda *unused: (100, "", "E: Failed to fetch x\n  404")),
     "cannot be downloaded: E: Failed to fetch x 404"),
    (lambda board: setattr(board, "dpkg_deb", lambda *unused: (2, "", "dpkg-deb: error")), "cannot be unpacked"),
    (lambda board: board.packages[PACKAGE].update({"usr/src/%s/include/generated/utsrelease.h"
                                                   % PACKAGE: '#define UTS_RELEASE "6.1.84-13-rk2410"\n'}),
     "does not hold the headers of kernel " + RELEASE),
    (lambda board: board.packages[KBUILD].pop("usr/lib/linux-kbuild-6.1/scripts/basic/fixdep"),
     "compiles its own programs when it is installed"),
], ids=["not offered", "no download", "damaged", "another kernel's", "unfinished"])
def test_unavailable_headers_are_reported(board, check, break_it, said):
    break_it(board)
    found = check()
    assert found["verdict"] == "no_headers" and said in found["reason"] and found["log"] == ""


def test_invalid_package_names_are_not_queried(board, check):
    assert check(package="-o=Dpkg::Options::=x")["verdict"] == "no_headers"
    assert board.calls == []


def test_the_log_of_a_failed_build_is_sent_and_the_controller_explains_it(board, check):
    board.installed().make = (2, "", "x.c:1: error: 'rockchip_opp_set_low_length' undeclared here\nmake: *** Error 2\n")
    found = check()
    assert found["verdict"] == "fails"
    assert found["reason"] == "module rknpu_dkms does not build: make ended with 2"
    assert "undeclared here" in found["log"]


def test_a_module_for_another_kernel_fails(board, check):
    board.installed().vermagic = "6.1.84-11-rk2410"
    assert "vermagic of" in check()["reason"]


def test_a_make_run_without_a_module_fails(board, check):
    board.installed().make_ = lambda *unused: (0, "", "")
    assert "make created no rknpu_dkms.ko" in check()["reason"]


def test_a_kernel_with_the_driver_built_in_refuses_a_module_of_its_name(board, check):
    board.installed(AUTO_CONF + "CONFIG_ROCKCHIP_RKNPU=y\n")
    found = check(module="rknpu")
    assert found["verdict"] == "fails" and "refuses a module named rknpu" in found["reason"]


def test_another_module_name_builds_over_a_builtin_driver(board, check):
    board.installed(AUTO_CONF + "CONFIG_ROCKCHIP_RKNPU=y\n")
    assert check(module="rknpu_dkms")["verdict"] == "builds"


def test_a_kernel_that_only_loads_signed_modules_is_unsupported(board, check):
    board.installed(AUTO_CONF + "CONFIG_MODULE_SIG_FORCE=y\n")
    found = check()
    assert found["verdict"] == "unsupported" and "npu_signing_key" in found["reason"] and board.calls == []


def test_a_kernel_that_only_loads_signed_modules_is_tried_with_a_key(board, check):
    board.installed(AUTO_CONF + "CONFIG_MODULE_SIG_FORCE=y\n")
    assert check(signing=True)["verdict"] == "builds"


def test_without_disk_space_nothing_is_downloaded(board, check, monkeypatch):
    monkeypatch.setattr(trial_build.shutil, "disk_usage",
                        lambda path: trial_build.shutil._ntuple_diskusage(1 << 30, 1 << 30, 1 << 20))
    found = check()
    assert found["verdict"] == "fails" and "less than 400 MiB free" in found["reason"] and board.calls == []


def test_a_missing_make_is_reported(board, check, monkeypatch):
    monkeypatch.setattr(trial_build.shutil, "which", lambda name: None)
    board.installed()
    assert "install make and gcc" in check()["reason"]


@pytest.mark.parametrize("value", ['"sha256"', "sha256"], ids=["with quotes", "as since Linux 5.17"])
def test_a_module_for_the_store_is_stripped_and_signed_as_dkms_would(board, tmp_path, monkeypatch, value):
    board.installed(AUTO_CONF + "CONFIG_MODULE_SIG_HASH=%s\n" % value)
    monkeypatch.setattr(trial_build.shutil, "which", lambda name: "/usr/bin/" + name)
    finished = []

    def run(command, folder):
        if os.path.basename(command[0]) in ("strip", "sign-file"):
            finished.append([os.path.basename(word) for word in command])
            with open(command[-1], "a", encoding="utf-8") as stream:
                stream.write(", " + os.path.basename(command[0]))
            return 0, "", ""
        return (0, "a version\n", "") if command[-1] == "--version" else board.run(command, folder)

    (tmp_path / "scratch").mkdir()
    found = trial_build.check(run, RELEASE, PACKAGE, "rknpu_dkms", str(tmp_path / "tree"), str(tmp_path / "scratch"),
                              str(board.root),
                              signing=True, collect=True, sign_with=("/key", "/cert"))
    assert finished == [["strip", "-g", "rknpu_dkms.ko"], ["sign-file", "sha256", "key", "cert", "rknpu_dkms.ko"]]
    assert base64.b64decode(found["built"]["content"]) == b"rknpu_dkms, strip, sign-file"
    assert (found["built"]["name"], found["built"]["symvers"]) == ("rknpu_dkms.ko", "") and found["verdict"] == "builds"


def test_a_module_that_cannot_be_signed_is_not_collected(board, tmp_path):
    board.installed()
    (tmp_path / "scratch").mkdir()

    def run(command, folder):
        return (1, "", "no such key") if "sign-file" in command[0] else (0, "",
                                                                         "") if command[0] == "strip" else board.run(command, folder)

    found = trial_build.check(run, RELEASE, PACKAGE, "rknpu_dkms", str(tmp_path / "tree"), str(tmp_path / "scratch"),
                              str(board.root),
                              collect=True, sign_with=("/key", "/cert"))
    assert found["verdict"] == "fails" and found["reason"] == "sign-file failed on the module: no such key" and "built" not in found


def test_a_module_that_udev_would_load_is_refused(board, check):
    board.installed()
    board.aliases = "of:N*T*Crockchip,rk3588-rknpu\n"
    found = check()
    assert found["verdict"] == "fails" and "has the device-tree alias of:N" in found["reason"] and "MODULE_DEVICE_TABLE" in found["reason"]
