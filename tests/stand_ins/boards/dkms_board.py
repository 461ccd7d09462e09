# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board as a folder, with a stand-in for dkms."""

from __future__ import annotations

import os
import pathlib
import tarfile

from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install

KERNEL, OTHER = "6.1.43-15-rk2312", "6.1.99-1-rk2410"
TREE = {"Kbuild": b"ours", "vendor/drivers/rknpu/rknpu_drv.c": b"theirs"}
KO = "lib/modules/%s/updates/dkms/rknpu_dkms.ko.xz"
DATABASE = "var/lib/dkms/rknpu"
HEADERS = ("Makefile", "include/generated/autoconf.h", "include/config/auto.conf", "scripts/basic/fixdep",
           "scripts/mod/modpost", "scripts/module.lds")


class Board:
    """Plays dkms and modinfo on a tree below a folder, as DKMS 3 keeps its database."""

    def __init__(self, root):
        self.root, self.calls = root, []
        self.vermagic, self.builds, self.rc, self.log, self.signed = KERNEL, True, 0, "", ""
        self.content, self.states = "module", True
        self.aliases, self.takes, self.versions = "", True, "0x12345678\tdrm_ioctl\n"
        for kernel in (KERNEL, OTHER):
            (root / "lib/modules" / kernel).mkdir(parents=True)
            for name in HEADERS:
                self.write("lib/modules/%s/build/%s" % (kernel, name))

    def path(self, path):
        return self.root / path

    def write(self, path, content=""):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(content)

    def run(self, command):
        self.calls.append(command[:2])
        if command[0] == "dkms":
            return getattr(self, "dkms_" + command[1])(command)
        if command[0] == "depmod":
            return 0, "", ""
        if command[0] == "modprobe":
            return 0, self.versions, ""
        assert command[:2] == ["modinfo", "-F"]
        if not os.path.getsize(command[3]):
            return 1, "", "modinfo: ERROR"
        return 0, {"vermagic": self.vermagic + " SMP mod_unload\n", "name": "rknpu_dkms\n", "alias": self.aliases,
                   "sig_key": self.signed,
                   "signer": "somebody\n",
                   "version": self.path(command[3]).read_text()[len(self.content):]
                   if self.states else "\n"}[command[2]], ""

    def dkms_add(self, command):
        return 0, "", ""

    def dkms_build(self, command):
        return self.rc, "", self.log

    def dkms_ldtarball(self, command):
        assert command[4:] == ["--force"] and command[2] == "--archive"
        with tarfile.open(command[3]) as tar:
            files = {member.name: tar.extractfile(member).read().decode() for member in tar}
        assert files.pop("./dkms_main_tree/dkms_dbversion") == "2.0.0\n" and files["./dkms_binaries_only/PACKAGE_NAME"] == "rknpu\n"
        version = files["./dkms_binaries_only/PACKAGE_VERSION"].strip()
        base, again = "%s/%s" % (DATABASE, version), os.path.lexists(self.path("%s/%s/source" % (DATABASE, version)))
        for name in files if self.takes else ():
            if name.startswith("./dkms_main_tree/"):
                self.write(base + name[len("./dkms_main_tree"):], files[name])
        if not again:
            self.path(base).mkdir(parents=True, exist_ok=True)
            self.path(base + "/source").symlink_to(self.path("usr/src/rknpu-" + version))
        # It adds the package after that, and fails where it is added already.
        return (3, "", "Error! DKMS tree already contains: rknpu") if again else (0, "", "")

    def dkms_install(self, command):
        version, kernel = command[command.index("-v") + 1], command[command.index("-k") + 1]
        base = "%s/%s" % (DATABASE, version)
        self.path(base).mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(self.path(base + "/source")):
            self.path(base + "/source").symlink_to(self.path("usr/src/rknpu-" + version))
        assert self.path(base + "/source/Kbuild").exists(), "dkms: Could not locate dkms.conf file"
        self.write(base + "/build/make.log", self.log)
        built = "%s/%s/aarch64/module/rknpu_dkms.ko.xz" % (base, kernel)
        if not self.path(built).exists() and self.builds:
            self.write(built, self.content + version)
        link = self.path("%s/kernel-%s-aarch64" % (DATABASE, kernel))
        original = self.path("%s/original_module/%s/aarch64/rknpu_dkms.ko.xz" % (DATABASE, kernel))
        if self.path(KO % kernel).exists() and not link.is_symlink() and not original.exists():
            original.parent.mkdir(parents=True)
            self.path(KO % kernel).rename(original)
        if self.builds:
            # What is there is written over, as by cp.
            self.write(KO % kernel, self.path(built).read_text())
            if link.is_symlink():
                link.unlink()
            link.symlink_to("%s/%s/aarch64" % (version, kernel))
        return self.rc, "", ""

    def dkms_remove(self, command):
        version = command[command.index("-v") + 1]
        for link in self.path(DATABASE).glob("kernel-*"):
            if os.readlink(link).startswith(version + "/"):
                kernel = link.name[len("kernel-"):-len("-aarch64")]
                self.path(KO % kernel).unlink(missing_ok=True)
                link.unlink()
                original = self.path("%s/original_module/%s/aarch64/rknpu_dkms.ko.xz" % (DATABASE, kernel))
                if original.exists():
                    original.rename(self.path(KO % kernel))
        return 0, "", ""

    def files(self):
        """All there is, folders included; what a link says."""
        return {path.relative_to(self.root).as_posix(): os.readlink(path) if path.is_symlink() else path.read_bytes()
                if path.is_file() else None
                for path in self.root.rglob("*") if path.name != "make.log"}

    def package(self, version="0.9.6", **more):
        return _dkms_install.DkmsPackage(self.run, "rknpu", version, KERNEL, "rknpu_dkms", str(self.root), **more)

    @property
    def module(self):
        return self.path(KO % KERNEL)


def deploy(package, archive):
    """As the module does it: what is to be done, then that; returns what was."""
    steps = package.steps(archive[1])
    package.deploy(*archive, steps)
    return steps


def there_before(board, archive, what):
    """Have something installed before, and return the package that is to come and what there was."""
    if what == "the same version":
        deploy(board.package(), archive)
        board.module.unlink()
        (board.root / DATABASE / ("kernel-%s-aarch64" % KERNEL)).unlink()
    elif what == "another version, for two kernels":
        deploy(board.package("0.9.3"), archive)
        other = _dkms_install.DkmsPackage(board.run, "rknpu", "0.9.3", OTHER, "rknpu_dkms", str(board.root))
        other.run = lambda command: (0, OTHER, "") if "vermagic" in command else board.run(command)
        deploy(other, archive)
        assert board.path(KO % OTHER).exists() and board.module.read_text() == "module0.9.3"
    return board.package(), board.files()


WHAT = ["nothing", "the same version", "another version, for two kernels"]


def no_tree(board):
    pathlib.Path(board.root / "usr/src/rknpu-0.9.6").rename(board.root / "elsewhere")
    board.content = "stale, "
