# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The DKMS package on a board, with dkms and modinfo played by a function."""

from __future__ import annotations

import errno
import os
import pathlib
import re
import shutil
import tarfile
import tracemalloc

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install, prebuilt
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import source_tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import snapshot
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import build_log, probes
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source

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


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path / "board")


@pytest.fixture
def package(board):
    return board.package()


@pytest.fixture
def archive(tmp_path):
    content, digest = driver_source.archive(TREE)
    (tmp_path / "tree.tar").write_bytes(content)
    return str(tmp_path / "tree.tar"), digest


@pytest.fixture
def newer(tmp_path):
    content, digest = driver_source.archive(dict(TREE, Kbuild=b"ours, newer"))
    (tmp_path / "newer.tar").write_bytes(content)
    return str(tmp_path / "newer.tar"), digest


def deploy(package, archive):
    """As the module does it: what is to be done, then that; returns what was."""
    steps = package.steps(archive[1])
    package.deploy(*archive, steps)
    return steps


def test_the_first_run_installs_and_a_second_run_has_no_steps(board, package, archive):
    assert deploy(package, archive) == ["tree", "install"]
    for name, content in TREE.items():
        assert (board.root / "usr/src/rknpu-0.9.6" / name).read_bytes() == content
    assert package.steps(archive[1]) == []
    assert os.listdir(board.root / "usr/src") == ["rknpu-0.9.6"]


def test_a_tree_with_another_digest_is_replaced_after_a_trial_build(board, package, archive, newer):
    deploy(package, archive)
    board.calls.clear()
    board.content = "newer module"
    assert deploy(package, newer) == ["tree", "install"]
    assert [call for call in board.calls if call[0] == "dkms"] == [["dkms", "add"], ["dkms", "build"],
                                                                   ["dkms", "remove"], ["dkms", "install"]]
    assert (board.root / "usr/src/rknpu-0.9.6/Kbuild").read_bytes() == b"ours, newer"
    assert board.module.read_text() == "newer module0.9.6"


def test_a_new_tree_that_does_not_build_leaves_the_old_module(board, package, archive, newer):
    deploy(package, archive)
    before = board.files()
    board.rc, board.log = 10, "x.c:1:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory"
    with pytest.raises(source_tree.DkmsError, match="is unchanged: dkms ended with 10$") as error:
        deploy(package, newer)
    # The controller explains it.
    assert error.value.unexplained == "dkms ended with 10" and "lack soc/rockchip" in build_log.explain(error.value.log)
    assert package.steps(archive[1]) == []
    assert board.files() == before


def test_a_missing_module_is_built_again_from_the_same_tree(board, package, archive):
    deploy(package, archive)
    board.module.unlink()
    assert deploy(package, archive) == ["repair", "install"]
    assert package.steps(archive[1]) == []


def test_a_foreign_tree_is_refused(board, package, archive):
    (board.root / "usr/src/rknpu-0.9.6").mkdir(parents=True)
    with pytest.raises(source_tree.DkmsError, match="was not created by rkfleet.npu"):
        package.steps(archive[1])


# -- a build that fails leaves what was there -----------------------------------------------------------------------------------------

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
FAULTS = {
    "nothing was built, and dkms says all is well": ({"builds": False},
                                                     "no module rknpu_dkms is installed|is version 0.9.3, expected 0.9.6"),
    "a module for another kernel": ({"vermagic": "6.1.0-1-arm64"},
                                    "vermagic of .* is '6.1.0-1-arm64', expected '%s'" % KERNEL),
    "the build ends badly": ({"rc": 10,
                              "log": "rknpu_gem.c:891:2: error: implicit declaration of function 'vm_flags_set' [-Werror]\n"},
                             "dkms ended with 10$"),
    "a module that udev would load": ({"aliases": "of:N*T*Crockchip,rk3588-rknpuC*\nof:N*T*Crockchip,rk3588-rknpu\n"},
                                      "device-tree alias of:N.*rk3588-rknpuC.*, so udev would load it.*MODULE_DEVICE_TABLE"),
    "the disk is full": ({"rc": 1, "log": "cp: error writing 'x.ko': No space left on device"},
                         r"the disk is full: \d+ KiB.* free at /"),
}


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_build_leaves_the_board_unchanged(board, archive, fault, what):
    package, before = there_before(board, archive, what)
    attributes, said = FAULTS[fault]
    for name, value in attributes.items():
        setattr(board, name, value)
    board.calls.clear()
    with pytest.raises(source_tree.DkmsError, match=said) as error:
        deploy(package, archive)
    assert board.log in error.value.log
    after = board.files()
    for folder in ("usr", "usr/src", "var", "var/lib", "var/lib/dkms", DATABASE):
        before.setdefault(folder, None)
        after.setdefault(folder, None)
    for kernel in (KERNEL, OTHER):
        for folder in ("updates", "updates/dkms"):
            before.setdefault("lib/modules/%s/%s" % (kernel, folder), None)
            after.setdefault("lib/modules/%s/%s" % (kernel, folder), None)
    assert after == before
    if what.startswith("another") and not fault.startswith("nothing"):
        assert ["depmod", KERNEL] in board.calls


def test_a_tree_that_built_in_the_trial_and_then_fails_leaves_the_old_module(board, package, archive, newer,
                                                                             monkeypatch):
    deploy(package, archive)
    before = board.files()
    monkeypatch.setattr(board, "dkms_install", lambda command: (6, "", "dkms: No space left on device"))
    with pytest.raises(source_tree.DkmsError, match="the disk is full"):
        deploy(package, newer)
    assert board.files() == before and package.steps(archive[1]) == []


def test_a_full_disk_that_dkms_does_not_report(board, package, archive, monkeypatch):
    board.builds = False
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((4096, 4096, 100, 50, 25, 10, 9, 9, 0, 255)))
    with pytest.raises(source_tree.DkmsError,
                       match="not built for kernel %s: the disk is full: 100 KiB are free at /" % KERNEL):
        deploy(package, archive)


# -- what is there is kept on the disk, not in memory ----------------------------------------------------------------------------------

def test_a_large_database_is_not_held_in_memory(board, archive):
    package, dummy = there_before(board, archive, "another version, for two kernels")
    with open(board.path(DATABASE + "/0.9.3/large"), "wb") as stream:
        stream.truncate(64 << 20)
    (board.root / "usr/src/rknpu-0.9.3").mkdir(exist_ok=True)
    before = board.files()
    board.rc, board.log = 1, "error: x"

    def dkms_install(command):
        # It writes over what is there, into the same file.
        for path in board.path(DATABASE).rglob("*.ko.xz"):
            path.write_text("written over")
        return 1, "", "error: x"

    board.dkms_install = dkms_install
    tracemalloc.start()
    with pytest.raises(source_tree.DkmsError):
        deploy(package, archive)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert {name: content for name, content in board.files().items() if name in before} == before


def test_no_disk_space_for_the_snapshot_changes_nothing(board, archive, monkeypatch):
    package, dummy = there_before(board, archive, "another version, for two kernels")
    before = board.files()
    board.calls.clear()

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(board.root))

    monkeypatch.setattr(_dkms_install.shutil, "copyfileobj", full)
    with pytest.raises(source_tree.DkmsError, match="^the disk is full"):
        deploy(package, archive)
    assert board.files() == before and board.calls == []


def test_snapshots_of_an_interrupted_run_are_removed(board, package, archive, monkeypatch):
    there_before(board, archive, "another version, for two kernels")

    def cut(command):
        raise KeyboardInterrupt

    monkeypatch.setattr(board, "dkms_install", cut)
    monkeypatch.setattr(snapshot.Snapshot, "forget", lambda self: None)
    with pytest.raises(KeyboardInterrupt):
        deploy(package, archive)
    monkeypatch.undo()
    assert package.leftovers()
    deploy(package, archive)
    assert not package.leftovers() and package.steps(archive[1]) == []


# -- the umask of root ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("umask", [0o000, 0o077, 0o022])
def test_the_tree_is_writable_by_root_only_and_readable_by_all(board, package, archive, umask):
    before = os.umask(umask)
    try:
        deploy(package, archive)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    modes = {path.relative_to(board.root).as_posix(): path.stat().st_mode & 0o777 for top in ("usr/src", "var/lib/dkms")
             for path in board.path(top).rglob("*") if not path.is_symlink()}
    assert "usr/src/rknpu-0.9.6/vendor/drivers/rknpu" in modes
    assert {name: mode for name, mode in modes.items() if mode != (0o755 if board.path(name).is_dir() else 0o644)} == {}


@pytest.mark.parametrize("number, said",
                         [(errno.ENOSPC, r"^the disk is full: \d+ KiB"), (errno.EROFS, "is mounted read-only$")])
@pytest.mark.parametrize("what", WHAT)
def test_a_disk_that_fails_at_each_write(board, archive, monkeypatch, what, number, said):
    """Each file that is opened for writing, and each one that is written out, fails once."""
    package, before = there_before(board, archive, what)
    for folder in ("usr/src", DATABASE):
        board.path(folder).mkdir(parents=True, exist_ok=True)
    before = board.files()
    seen, real_open, real_sync = 0, open, _dkms_install.sync_file
    while True:
        left = [seen]

        def once():
            left[0] -= 1
            if left[0] == -1:
                raise OSError(number, os.strerror(number), str(board.root))

        def opened(path, mode="r", *args, **more):
            if "w" in mode:
                once()
            return real_open(path, mode, *args, **more)

        for place in (_dkms_install, snapshot, source_tree):
            monkeypatch.setattr(place, "open", opened, raising=False)
        monkeypatch.setattr(_dkms_install, "sync_file", lambda path: once() or real_sync(path))
        try:
            deploy(package, archive)
        except source_tree.DkmsError as error:
            assert re.search(said, str(error)), error
            after = {name: content for name,
                     content in board.files().items() if not name.endswith(("updates", "updates/dkms"))}
            assert after == {name: content for name,
                             content in before.items() if not name.endswith(("updates", "updates/dkms"))}
        else:
            break
        seen += 1
    assert seen >= (1 if what.startswith("the same") else 4)


# -- what a power cut leaves ------------------------------------------------------------------------------------------------------------

def empty_build(board):
    for path in (board.path("%s/0.9.6/%s/aarch64/module/rknpu_dkms.ko.xz" % (DATABASE, KERNEL)), board.module):
        path.write_text("")


def build_without_a_module(board):
    board.path("%s/0.9.6/%s/aarch64/module/rknpu_dkms.ko.xz" % (DATABASE, KERNEL)).unlink()
    board.module.unlink()


def no_source(board):
    board.path(DATABASE + "/0.9.6/source").unlink()
    board.module.unlink()


def dangling_source(board):
    no_source(board)
    board.path(DATABASE + "/0.9.6/source").symlink_to("/usr/src/nowhere")


def no_link(board):
    board.path("%s/kernel-%s-aarch64" % (DATABASE, KERNEL)).unlink()
    board.module.write_text("")


def no_tree(board):
    pathlib.Path(board.root / "usr/src/rknpu-0.9.6").rename(board.root / "elsewhere")
    board.content = "stale, "


def half_a_tree(board):
    board.path("usr/src/rknpu-0.9.6/rkfleet.json").write_text("")
    board.content = "stale, "


@pytest.mark.parametrize("left, steps", [
    (empty_build, ["repair", "install"]), (build_without_a_module, ["repair", "install"]),
    (no_source, ["repair", "install"]),
    (dangling_source, ["repair", "install"]), (no_link, ["repair", "install"]), (no_tree, ["tree", "install"]),
    (half_a_tree, ["tree", "install"]),
])
def test_steps_interrupted_by_a_power_failure_are_repeated(board, package, archive, left, steps):
    deploy(package, archive)
    left(board)
    assert deploy(package, archive) == steps
    assert board.module.read_text() == board.content + "0.9.6", "built anew, and not what was lying there"
    assert package.steps(archive[1]) == []
    package.remove()
    assert not board.module.exists(), "what was lying there came back"


def test_a_module_without_its_link_is_not_restored(board, package, archive, newer):
    deploy(package, archive)
    no_link(board)
    board.path("usr/src/rknpu-0.9.6/rkfleet.json").write_text("")
    package.remove()
    assert not board.module.exists()


def test_a_module_of_another_package_with_that_name_is_kept(board, package, archive):
    deploy(package, archive)
    no_link(board)
    board.write("var/lib/dkms/other/1/%s/aarch64/module/rknpu_dkms.ko" % KERNEL, "theirs")
    board.path("var/lib/dkms/other/kernel-%s-aarch64" % KERNEL).symlink_to("1/%s/aarch64" % KERNEL)
    package.remove()
    assert board.module.exists()


def test_a_module_of_another_version_is_kept(board, package, archive):
    deploy(package, archive)
    no_link(board)
    board.path("var/lib/dkms/rknpu/kernel-%s-aarch64" % KERNEL).symlink_to("0.9.3/%s/aarch64" % KERNEL)
    package.remove()
    assert board.module.exists()


def test_leftovers_are_removed_without_any_other_step(board, package, archive):
    deploy(package, archive)
    before = board.files()
    for path in ("usr/src/.rkfleet-a1b2c3_d/Kbuild", "var/lib/dkms/rkfleet-a1b2c3_d/dkms/x",
                 "var/lib/dkms/.rkfleet-a1b2c3_e/x"):
        board.write(path, "half")
    assert deploy(package, archive) == ["clean"]
    assert board.files() == before


def test_a_module_of_another_version_without_a_version_field(board, archive):
    deploy(board.package("0.9.3"), archive)
    board.states = board.builds = False
    with pytest.raises(source_tree.DkmsError, match="is not the module that DKMS built from version 0.9.6"):
        deploy(board.package(), archive)


def test_an_empty_module_is_not_installed(board, package, archive):
    deploy(package, archive)
    board.module.write_text("")
    assert package.module_problem() == "%s is empty" % board.module


def test_content_is_synced_before_its_rename(board, package, archive, monkeypatch):
    order, rename, synced = [], os.rename, []
    monkeypatch.setattr(os, "sync", lambda: order.append("sync"))
    monkeypatch.setattr(os, "rename", lambda source, target: order.append("rename") or rename(source, target))
    monkeypatch.setattr(_dkms_install, "sync_file", synced.append)
    board.write("lib/modules/%s/modules.dep" % KERNEL)
    board.write("lib/modules/%s/modules.alias.bin" % KERNEL)
    deploy(package, archive)
    assert order[:2] == ["sync", "rename"] and order[-1] == "sync"
    assert {os.path.basename(path) for path in synced} == {"rknpu_dkms.ko.xz", "modules.dep", "modules.alias.bin"}


# -- taking it away ---------------------------------------------------------------------------------------------------------------------

def test_removal_restores_the_previous_files(board, package, archive):
    deploy(package, archive)
    assert package.steps_back() == ["remove"]
    package.remove()
    assert package.steps_back() == [] and not board.module.exists()


def test_a_package_that_dkms_cannot_remove_is_removed_without_dkms(board, package, archive):
    deploy(package, archive)
    no_tree(board)
    board.dkms_remove = lambda command: (3, "", "Error! The module/version combo is not located in the DKMS tree.")
    assert package.steps_back() == ["remove"]
    package.remove()
    assert not board.module.exists() and not list(board.path("var/lib/dkms/rknpu").iterdir())
    assert board.calls[-1] == ["depmod", KERNEL]


def test_a_damaged_archive_is_refused(board, package, archive):
    with pytest.raises(source_tree.DkmsError, match="arrived damaged"):
        package.place_tree(archive[0], "0" * 64)
    assert os.listdir(board.root / "usr/src") == []


def test_a_hostile_archive_writes_nothing_outside(tmp_path, board, package):
    content, digest = driver_source.archive({"../../../evil": b"x"})
    (tmp_path / "evil.tar").write_bytes(content)
    with pytest.raises(source_tree.DkmsError, match="not a plain file"):
        package.place_tree(str(tmp_path / "evil.tar"), digest)
    assert not list(tmp_path.rglob("evil"))


GEM = "/var/lib/dkms/rknpu/0.9.6/build/vendor/drivers/rknpu/rknpu_gem.c"
DEVFREQ = "/var/lib/dkms/rknpu/0.9.8/build/vendor/drivers/rknpu/rknpu_devfreq.c"
ERRORS = [
    # vm_flags: gcc 12 in the C locale, gcc 10 in a UTF-8 one, clang, modpost; and the other way round
    (f"{GEM}:891:9: error: implicit declaration of function 'vm_flags_set'; did you mean 'vm_stat_set'? [-Werror=implicit-function-declaration]\n"
     "  891 |         vm_flags_set(vma, VM_PFNMAP);\n      |         ^~~~~~~~~~~~",
     "have no vm_flags_set (added in Linux 6.3)"),
    (f"{GEM}:988:2: error: implicit declaration of function \u2018vm_flags_clear\u2019 [-Werror=implicit-function-declaration]", "have no vm_flags_clear"),
    (f"{GEM}:891:2: error: call to undeclared function 'vm_flags_set'; ISO C99 and later do not support",
     "have no vm_flags_set"),
    ('ERROR: modpost: "vm_flags_set" [/var/lib/dkms/rknpu/0.9.6/build/rknpu.ko] undefined!', "have no vm_flags_set"),
    ("compat/rkfleet_compat.h:20:20: error: redefinition of 'vm_flags_set'\n   20 | static inline void vm_flags_set(",
     "already have vm_flags_set"),
    ("x.h:12:20: error: static declaration of \u2018vm_flags_clear\u2019 follows non-static declaration",
     "already have vm_flags_clear"),
    (f"{GEM}:891:23: error: assignment of read-only member 'vm_flags'", "set a newer npu_driver_version"),
    # the vendor's OPP code
    (f"{DEVFREQ}:201:9: error: implicit declaration of function 'rockchip_uninit_opp_table'; did you mean 'rockchip_init_opp_table'?",
     "update the board's kernel"),
    (f"{DEVFREQ}:602:32: error: 'rockchip_opp_set_low_length' undeclared here (not in a function)",
     "set an older npu_driver_version or update"),
    (f"{DEVFREQ}:602:32: error: \u2018rockchip_opp_set_low_length\u2019 undeclared (first use in this function)",
     "set an older npu_driver_version or update"),
    # symbols
    ('ERROR: modpost: "iommu_get_dma_cookie" [/var/lib/dkms/rknpu/0.9.6/build/rknpu_dkms.ko] undefined!',
     "does not export iommu_get_dma_cookie"),
    ('ERROR: "iommu_get_dma_cookie" [/usr/src/rknpu/rknpu.ko] undefined!', "must be built without SRAM support"),
    ("rknpu_iommu.c:40:15: error: implicit declaration of function 'iommu_get_dma_cookie' [-Werror=implicit-function-declaration]", "SRAM support"),
    ('ERROR: modpost: "rockchip_iommu_is_enabled" [/x/rknpu.ko] undefined!',
     "does not export rockchip_iommu_is_enabled to modules"),
    # headers
    ("rknpu_drv.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory\n   40 | #include <soc/rockchip/rockchip_iommu.h>",
     "lack soc/rockchip/rockchip_iommu.h: install"),
    ("rknpu_devfreq.c:8:10: fatal error: ../drivers/devfreq/governor.h: No such file or directory",
     "lack ../drivers/devfreq/governor.h"),
    ("rknpu_gem.c:9:10: fatal error: 'linux/version_compat_defs.h' file not found", "lack linux/version_compat_defs.h"),
    # compilers
    ("/bin/sh: 1: aarch64-linux-gnu-gcc-10: not found", "compiler aarch64-linux-gnu-gcc-10"),
    ("make[1]: gcc-10: No such file or directory", "the compiler gcc-10,"),
    ("/bin/sh: 1: gcc-12: not found\nfatal error: linux/x.h: No such file or directory", "the compiler gcc-12,"),
    ("make[2]: aarch64-linux-gnu-gcc: Command not found", "the compiler aarch64-linux-gnu-gcc,"),
    ("/bin/bash: line 1: clang-14: command not found", "the compiler clang-14,"),
    ("gcc: error: unrecognized command-line option '-mbranch-protection=pac-ret'; did you mean '-msign-return-address=none'?",
     "does not know the option -mbranch-protection=pac-ret"),
    ("cc1: error: unrecognized command line option \u2018-ftrivial-auto-var-init=zero\u2019",
     "install the compiler with which the kernel was built"),
    ("warning: the compiler differs from the one used to build the kernel\n"
     "  The kernel was built by: gcc-10 (Debian 10.2.1-6) 10.2.1 20210110\n  You are using:           gcc (Debian 12.2.0-14) 12.2.0\n"
     "x.c:1:2: error: something new",
     "error: something new (the kernel was built by gcc-10 (Debian 10.2.1-6) 10.2.1 20210110, and this is gcc (Debian 12.2.0-14)"),
    # anything else
    ("scripts/basic/fixdep: Exec format error", "another architecture"),
    ("write error: No space left on device", "the disk is full"),
    ("Kbuild:20: *** rkfleet: this kernel is built without DRM (CONFIG_DRM), which the driver needs.  Stop.",
     "built without DRM (CONFIG_DRM), which the driver needs"),
    ("x.c:1:2: error: something new", "error: something new"),
    ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: a\n  You are using: b", None),
    ("all is well", None),
]


@pytest.mark.parametrize("log, sentence", ERRORS)
def test_build_errors_in_a_sentence(log, sentence):
    sentence_found = build_log.explain("make[1]: Entering directory '/usr/src/linux-headers-6.1.0'\n  CC [M]  x.o\n" + log + "\nmake: *** [all] Error 2\n")
    assert sentence_found is None if sentence is None else sentence in (sentence_found or "")


# -- headers that changed since the plan ---------------------------------------------------------------------

def lose(board, name="scripts/basic/fixdep"):
    board.path("lib/modules/%s/build/%s" % (KERNEL, name)).unlink()


def test_headers_are_looked_at_again_before_the_build(board, package, archive):
    """A package was installed since the plan, and compiled no programs: orangepi-xunlong/orangepi-build#161."""
    lose(board)
    before = board.files()
    with pytest.raises(source_tree.DkmsError, match="lack programs: scripts/basic/fixdep is missing.*make -C"):
        deploy(package, archive)
    assert board.files() == before and ["dkms", "install"] not in board.calls


def test_a_package_that_was_installed_for_another_kernel_is_named(board, package, archive):
    """armbian/armbian-router#37: what apt installs is for the kernel that the repository has."""
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    board.write("var/lib/dpkg/info/linux-headers-current-rockchip64.list", "/usr/src/linux-headers-6.17.9-current-rockchip64\n")
    with pytest.raises(source_tree.DkmsError) as error:
        deploy(package, archive)
    assert "not built for kernel %s: Package linux-headers-current-rockchip64 has the headers" % KERNEL in str(error.value)
    assert "of kernel 6.17.9-current-rockchip64, and this kernel is %s. Update both" % KERNEL in str(error.value)
    assert "apt-get install linux-image-current-rockchip64 linux-headers-current-rockchip64" in str(error.value)


def test_headers_that_are_no_good_are_the_cause_of_a_failed_build(board, package, archive):
    deploy(package, archive)
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    board.rc, board.log, board.builds = 21, "Error! Your kernel headers for kernel x cannot be found.\n", False
    with pytest.raises(source_tree.DkmsError, match="The headers of kernel %s are not installed" % KERNEL):
        package.install()


def test_headers_of_another_kernel_beside_a_missing_link_are_named(board, package, archive):
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    board.write("usr/src/linux-headers-6.17.9-current-rockchip64/Makefile")
    with pytest.raises(source_tree.DkmsError, match="/usr/src has those of 6.17.9-current-rockchip64.*update kernel and "
                                                    "headers together"):
        deploy(package, archive)


def test_a_prebuilt_module_needs_no_headers(board, package, archive, binary):
    shutil.rmtree(board.path("lib/modules/%s/build" % KERNEL))
    assert load(board, package, archive, binary)[0] == ["tree", "load"] and board.module.exists()


# -- a prebuilt module ---------------------------------------------------------------------------------------

ARCH = os.uname().machine


@pytest.fixture
def binary(tmp_path):
    """The module that another board has built, as it came from the controller's store."""
    path = tmp_path / "from the store"
    path.write_text("another board's0.9.6")
    return prebuilt.Binary("rknpu_dkms.ko.xz", _files.sha256_of(str(path)), str(path),
                           "rkfleet: probe fence: left out\n")


def load(board, package, archive, binary):
    """As the module does it with what is in the store."""
    board.content = "another board's"
    steps = package.steps(archive[1], stored=True)
    assert package.binary_problem(binary)[0] is None
    return steps, package.deploy(*archive, steps, binary)


def test_a_prebuilt_module_is_installed(board, package, archive, binary):
    steps, log = load(board, package, archive, binary)
    assert steps == ["tree", "load"] and board.module.read_text() == "another board's0.9.6"
    assert ["dkms", "build"] not in board.calls and ["dkms", "ldtarball"] in board.calls
    # What the board that built it was told is told here, too.
    assert probes.probe_lines(log) == ["probe fence: left out"]
    assert package.steps(archive[1]) == [] == package.steps(archive[1], stored=True)
    assert not package.leftovers()


def test_a_prebuilt_module_looks_to_dkms_like_its_own_build(tmp_path, archive, binary):
    built, loaded = Board(tmp_path / "built"), Board(tmp_path / "loaded")
    built.content = "another board's"
    deploy(built.package(), archive)
    load(loaded, loaded.package(), archive, binary)
    there, here = ({name.replace(str(board.root), "").replace("/aarch64", "/" + ARCH): content for name,
                    content in board.files().items()}
                   for board in (built, loaded))
    ours = "%s/0.9.6/%s/%s" % (DATABASE, KERNEL, ARCH)
    # The fake keeps the log of a build in another folder.
    assert set(there) ^ set(here) == {ours + "/log"}
    assert there["usr/src/rknpu-0.9.6/rkfleet.json"] == here["usr/src/rknpu-0.9.6/rkfleet.json"]


def test_an_existing_tree_is_replaced_without_a_trial_build(board, package, archive, newer, binary):
    deploy(package, archive)
    board.calls.clear()
    steps, dummy = load(board, package, newer, binary)
    assert steps == ["tree", "load"] and ["dkms", "build"] not in board.calls
    assert (board.root / "usr/src/rknpu-0.9.6/Kbuild").read_bytes() == b"ours, newer"
    assert package.steps(newer[1]) == []


def test_a_package_of_another_kernel_gets_a_second_module(board, archive, binary):
    other = _dkms_install.DkmsPackage(board.run, "rknpu", "0.9.6", OTHER, "rknpu_dkms", str(board.root))
    board.vermagic = OTHER
    deploy(other, archive)
    board.vermagic = KERNEL
    assert load(board, board.package(), archive, binary)[0] == ["repair", "load"]
    assert board.path(KO % OTHER).exists() and board.module.exists()


def test_a_prebuilt_module_that_dkms_refuses_changes_nothing(board, package, archive, binary):
    board.takes = False
    before = board.files()
    with pytest.raises(source_tree.DkmsError, match="DKMS did not accept the prebuilt module"):
        load(board, package, archive, binary)
    left = {name: content for name, content in board.files().items() if name not in before}
    assert set(left.values()) == {None} and not any("0.9.6" in name for name in left), left


@pytest.mark.parametrize("change, said", [
    (lambda board, binary: setattr(board, "vermagic", OTHER), "vermagic of .* is '%s'" % OTHER),
    (lambda board, binary: setattr(binary, "sha256", "0" * 64), "it arrived damaged"),
    (lambda board, binary: setattr(binary, "name", "rknpu.ko"), "it is called 'rknpu.ko'"),
    (lambda board, binary: setattr(binary, "name", "../../rknpu_dkms.ko"), "it is called"),
    (lambda board, binary: os.unlink(binary.path), "not a plain file"),
    (lambda board, binary: setattr(board, "aliases", "of:N*T*Crockchip,rk3588-rknpu\n"),
     "so udev would load it before a failed boot can be noticed"),
    (lambda board, binary: setattr(board, "content", "another board's0"), "is version .*, expected 0.9.6"),
])
def test_a_prebuilt_module_for_another_board_is_refused(board, package, binary, change, said):
    board.content = "another board's"
    before = board.files()
    change(board, binary)
    assert re.search(said, package.binary_problem(binary)[0])
    assert board.files() == before


def test_a_module_with_another_signature_than_the_wanted_one_is_refused(board, binary):
    package = board.package()
    package.signing.serial = "ab12"
    board.content = "another board's"
    assert "is not signed" in package.binary_problem(binary)[0]
    # The right serial number is no proof: see test_signing for real signatures.
    board.signed = "AB:12"
    assert "is not signed" in package.binary_problem(binary)[0]
    board.signed = "CD:34"
    assert "is signed by somebody" in package.binary_problem(binary)[0]


@pytest.mark.parametrize("symvers, problem", [
    ("0x12345678\tdrm_ioctl\tdrivers/gpu/drm/drm\tEXPORT_SYMBOL\t\n", None),
    ("0x87654321\tdrm_ioctl\tdrivers/gpu/drm/drm\tEXPORT_SYMBOL\t\n",
     "this kernel has other versions of drm_ioctl (by Module.symvers)"),
    ("0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n", "this kernel has no drm_ioctl"),
])
def test_symbol_versions_are_compared_with_the_headers(board, package, binary, symvers, problem):
    board.content = "another board's"
    board.write("lib/modules/%s/build/Module.symvers" % KERNEL, symvers)
    assert package.binary_problem(binary)[0] == problem


def test_no_symbol_versions_are_compared_without_modversions(board, package, binary):
    board.content, board.versions = "another board's", ""
    assert package.binary_problem(binary) == (None, "0 of 0 symbol versions compared with the kernel's own modules")


@pytest.fixture
def mismatch(monkeypatch):
    """Headers with another configuration than the kernel's."""
    monkeypatch.setattr(_dkms_install, "layout_problem", lambda *unused: ("the kernel headers do not match", "compared"))


def test_a_build_with_headers_of_another_configuration_is_removed(board, package, archive, mismatch):
    before = board.files()
    with pytest.raises(source_tree.DkmsError, match="not built for kernel .*: the kernel headers do not match"):
        deploy(package, archive)
    assert not board.module.exists() and not [name for name in board.files() if name not in before and "0.9.6" in name]


def test_a_prebuilt_module_of_another_configuration_is_refused(board, package, binary, mismatch):
    board.content = "another board's"
    assert package.binary_problem(binary)[0] == "the kernel headers do not match"
