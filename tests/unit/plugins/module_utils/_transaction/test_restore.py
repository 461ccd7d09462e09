# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a restore makes of boot files that others have changed since, of kernels that are gone, of another root file system, of a full /boot;
and how the controller, the guard and its watcher get along: the real script on a tree instead of a board.
"""

from __future__ import annotations

import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import types

import pytest
from guard_script import STEPS, guard_files

from ansible_collections.rkfleet.npu.plugins.module_utils._board import files, paths
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import edit
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import default_kernel_paths
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import signing
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import (
    guard as _guard, transaction as _transaction,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import watched
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import state
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes
from ansible_collections.rkfleet.npu.plugins.modules import npu_transaction
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files

GUARD = board_files.guard()
MENU, DEFAULTS, CMDLINE, ARMBIAN = "/boot/extlinux/extlinux.conf", "/etc/default/u-boot", "/etc/kernel/cmdline", "/boot/armbianEnv.txt"
RUNTIME, DKMS = "/usr/lib/librknnrt.so", "/var/lib/dkms/rknpu"
KERNEL = "/lib/modules/6.1.84"
OWN, BUILT = KERNEL + "/kernel/drivers/rknpu/rknpu.ko", KERNEL + "/updates/dkms/rknpu_dkms.ko"
NEVER, OURS = 10**9, "initcall_blacklist=rknpu_init"
STATE = {"driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": {"diagnosis": "ok"},
         "controller": {"host": "desk", "user": "me"}}
# Programs that change something: places for a cut. All but sync do so for real.
WRITERS = ("mv", "rm", "ln", "cp", "mkdir", "rmdir", "sync", "dd", "truncate")
STAND_INS = ("ldconfig", "systemctl", "logger", "dpkg", "depmod", "fsfreeze", "sleep")
# What an interrupted program stops or kills.
CUT = """read -r n <"{tools}/n"; echo $((n - 1)) >"{tools}/n"
[ "$n" -ne 0 ] || {{ : >"{tools}/reached"; {what}; }}
exec {real} "$@"
"""


def menu(kernel, arguments="root=UUID=OLD", more=""):
    return "default l0\nlabel l0\n  linux /boot/vmlinuz-%s\n%s  append %s\n" % (kernel, more, arguments)


class Board:
    """A board's tree, and the guard's script on it, run by a shell of choice."""

    def __init__(self, root, shell=("dash",)):
        self.root, self.shell = root, shell
        self.home, self.tools = root / "var/lib/rkfleet-npu", root.parent / (root.name + "-tools")
        self.tools.mkdir()
        for name in STAND_INS:
            self.tool(name, "exit 0")
        self.tool("sync", "exit 0")  # of the machine that tests
        for path, content in {"/proc/sys/kernel/random/boot_id": "one\n", "/proc/uptime": "50.00 1\n",
                              "/proc/cmdline": "ro quiet\n",
                              "/proc/sys/kernel/panic": "10", "/proc/sys/kernel/panic_on_oops": "1",
                              "/proc/sysrq-trigger": "",
                              "/etc/machine-id": "0123\n", "/boot/vmlinuz-6.1.84": "kernel",
                              OWN: "the kernel's own"}.items():
            self.write(path, content)
        (root / "run").mkdir()

    def tool(self, name, text):
        path = self.tools / name
        path.write_text("#!/bin/sh\n%s\n" % text)
        path.chmod(0o755)

    def place(self, path):
        return self.root / path.lstrip("/")

    def write(self, path, content="new"):
        self.place(path).parent.mkdir(parents=True, exist_ok=True)
        self.place(path).write_bytes(content.encode())

    def read(self, path):
        return self.place(path).read_bytes().decode() if self.place(path).exists() else None

    def guard_files(self):
        return guard_files(self.root, self.tools)

    def guard(self, *words, wait=True):
        script = self.tools / "guard"
        script.write_text(self.guard_files()["guard"])
        child = subprocess.Popen(  # pylint: disable=consider-using-with
            [*self.shell, *(("sh",) if self.shell[0] == "busybox" else ()), str(script), *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        if not wait:
            return child
        out = child.communicate(timeout=60)[0]
        return child.returncode, out

    def run(self, args):
        if args[0] == "systemctl":
            return 0, "", ""
        done = subprocess.run(args, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def transaction(self, run="one"):
        owner = {"run": run, "host": "desk", "user": "me"}
        return _transaction.Transaction(self.run, owner, root=str(self.root), guard=self.guard_files())

    def begin(self, run="one", version="0.9.6"):
        there = self.transaction(run)
        there.lock(["*"])
        there.begin(self.watched(version), STATE, 30)
        return there

    def watched(self, version="0.9.6"):
        return watched.watched(str(self.root), [version], RUNTIME)

    def note(self, *paths):
        """What npu_boot notes of its files."""
        notes.note_boot_files(str(self.home), {path: self.place(path).read_bytes() for path in paths}, str(self.root))

    def keep(self, *kinds, folder="origin", left=(), identity=""):
        """A restore point of files as they are now, `KIND PATH` each; `left` are those which are changed by us then."""
        place = self.home / folder
        (place / "copies").mkdir(parents=True)
        lines = []
        for number, entry in enumerate(kinds):
            kind, path = entry.split()
            if self.place(path).exists():
                shutil.copy2(self.place(path), place / "copies" / str(number))
                lines.append("%s %d %s %s" % (kind, number, files.sha256_of(self.place(path)), path))
            else:
                lines.append("%s - - %s" % (kind, path))
        (place / "manifest").write_text("\n".join(lines) + "\n")
        (place / "state.in").write_text('{"schema": 1, "run": "one", "state": "@STATE@", "why": "@WHY@", "since": "@SINCE@"}')
        (place / "identity").write_text(identity)
        (place / "tried").write_text("")
        self.folder = place

    def left(self, *paths):
        """They are as this collection has left them."""
        with open(self.folder / "left", "a", encoding="utf-8") as stream:
            stream.writelines("%s %s\n" % (files.sha256_of(self.place(path)), path) for path in paths)

    def state(self):
        return json.loads((self.home / "state.json").read_text())

    def files(self):
        """Content of all that is the board's, not the transaction's."""
        found = {}
        for top in ("boot", "etc", "usr", "lib", "var/lib/dkms"):
            for folder, dummy, names in os.walk(self.root / top):
                for name in names:
                    path = os.path.relpath(os.path.join(folder, name), self.root)
                    # What a cut leaves unfinished goes with the next run.
                    if not name.startswith(".rkfleet-") and ("rkfleet-npu" not in path
                                                             or path.startswith("etc/modules-load.d")):
                        found[path] = (self.root / path).read_text()
        return found


@pytest.fixture
def dash(tmp_path):
    """A board whose programs may be stand-ins: busybox prefers its own."""
    return Board(tmp_path / "board")


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip("%s is not installed" % request.param)
    return Board(tmp_path / "board", (request.param,))


@pytest.fixture
def fast(tmp_path, monkeypatch):
    """A board for Python and dash together."""
    there = Board(tmp_path / "board")
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    return there


# -- boot files that others have changed ------------------------------------------------------------------------------------

def test_an_unchanged_boot_file_is_restored_byte_for_byte(board):
    old = {MENU: menu("6.1.84"), DEFAULTS: "# mine\nU_BOOT_PARAMETERS='ro'",
           ARMBIAN: "rootdev=UUID=OLD\r\nextraargs=\r\n"}
    for path, text in old.items():
        board.write(path, text)
    board.keep("menu " + MENU, "shell " + DEFAULTS, "environment " + ARMBIAN, "words " + CMDLINE)
    board.write(MENU, menu("6.1.84", "completely different"))
    board.write(DEFAULTS, "new")
    board.write(ARMBIAN, "new")
    board.write(CMDLINE, "new")
    board.left(*old, CMDLINE)
    assert board.guard("restore", "origin")[0] == 0
    assert {path: board.read(path) for path in old} == old
    assert board.read(CMDLINE) is None
    assert board.state()["state"] == "rolled_back"


def test_a_late_rollback_keeps_removed_kernels_out_of_the_menu(board):
    """The menu and the environment of then, with the root file system of then, are not restored: only our argument goes."""
    board.write("/boot/vmlinuz-6.1.43", "")
    board.write(MENU, menu("6.1.43", "root=UUID=SDCARD"))
    board.write(ARMBIAN, "rootdev=UUID=SDCARD\nextraargs=\n")
    board.keep("menu " + MENU, "environment " + ARMBIAN)
    board.place("/boot/vmlinuz-6.1.43").unlink()
    board.write(MENU, menu("6.1.84", "root=UUID=NVME quiet " + OURS))
    board.write(ARMBIAN, "rootdev=UUID=NVME\nextraargs=cma=256M %s,other_init\n" % OURS)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(MENU) == menu("6.1.84", "root=UUID=NVME quiet")
    assert board.read(ARMBIAN) == "rootdev=UUID=NVME\nextraargs=cma=256M initcall_blacklist=other_init\n"


@pytest.mark.parametrize("missing",
                         ["  linux /boot/gone\n", "  initrd /boot/gone\n", "  fdt /boot/gone\n",
                          "  devicetree /boot/gone\n",
                          "  initrd /boot/vmlinuz-6.1.84,/gone\n", "  fdtdir /usr/lib/gone\n"])
@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_a_restored_menu_names_no_missing_file(board, missing, folder):
    """As we left it or not: a kernel package may have been removed meanwhile."""
    old = "default l1\nlabel l0\n  linux /boot/vmlinuz-6.1.84\nlabel l1\n  linux /boot/vmlinuz-6.1.84\n%s  append x\n" % missing
    board.write(MENU, old)
    board.keep("menu " + MENU, folder=folder)
    board.write(MENU, menu("6.1.84", "y " + OURS))
    board.left(MENU)
    assert board.guard("restore", folder)[0] == 0
    assert board.read(MENU) == menu("6.1.84", "y")


@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_a_boot_file_removed_during_the_upgrade_is_restored(board, folder):
    """FAT may lose one; months later its owner has a reason to have none."""
    board.write(MENU, menu("6.1.84"))
    board.write(ARMBIAN, "rootdev=x\n")
    board.keep("menu " + MENU, "environment " + ARMBIAN, folder=folder)
    board.write(MENU, menu("6.1.84", OURS))
    board.left(MENU, ARMBIAN)
    for path in (MENU, ARMBIAN):
        board.place(path).unlink()
    assert board.guard("restore", folder)[0] == 0
    assert [board.read(MENU),
            board.read(ARMBIAN)] == ([menu("6.1.84"), "rootdev=x\n"] if folder == "pending" else [None, None])


def test_a_menu_that_boots_nothing_fails_the_restore(board):
    board.write(MENU, menu("gone"))
    board.keep("menu " + MENU)
    board.write(MENU, menu("gone, too", "y " + OURS))
    rc, out = board.guard("restore", "origin")
    assert rc == 1 and "needs a file that is missing" in out
    assert board.read(MENU) == menu("gone, too", "y") and board.state()["state"] == "rollback_failed"


def test_a_board_with_a_separate_boot_file_system(board):
    board.write(MENU, menu("6.1.84").replace("/boot/", "/"))
    board.keep("menu " + MENU)
    board.write(MENU, menu("6.1.84", "y"))
    board.left(MENU)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(MENU) == menu("6.1.84").replace("/boot/", "/")


TEXTS = {
    "shell": [
        "", "# U_BOOT_PARAMETERS=\"%s\"\n" % OURS, 'U_BOOT_PARAMETERS="ro quiet"\n', "U_BOOT_PARAMETERS='ro splash'\n",
        "U_BOOT_PARAMETERS=ro\n",
        'U_BOOT_TIMEOUT="5"\nU_BOOT_PARAMETERS="ro initcall_blacklist=foo_init console=ttyS2"\n',
        'U_BOOT_PARAMETERS=""\n',
        'U_BOOT_PARAMETERS="ro initcall-blacklist=a,b quiet"\nU_BOOT_ENTRIES="all"\n',
    ],
    "environment": ["verbosity=1\n", "extraargs=\nusbstoragequirks=x\n", "extraargs=cma=256M\n",
                    "extraargs=cma=256M initcall_blacklist=foo_init x\n",
                    "extraargs=  \nx=1\n", "a=b\r\nextraargs=quiet\r\n", "#extraargs=%s\nextraargs=x\n" % OURS],
    "words": ["ro quiet\n", "initcall_blacklist=foo_init ro\n", "ro"],
    "menu": [menu("6.1.84"), menu("6.1.84", "initcall_blacklist=foo_init root=/dev/x"), menu("6.1.84", 'a="b c" x'),
             "label l0\n  linux /boot/vmlinuz-6.1.84\n", "label l0\n  linux /boot/vmlinuz-6.1.84\n\tappend\n",
             "label l0\n  linux /boot/vmlinuz-6.1.84\n  append  \n"],
}
LOADERS = {"shell": "u-boot-menu", "environment": "armbian", "words": "radxa", "menu": "extlinux"}


@pytest.mark.parametrize("kind, text", [(kind, text) for kind, texts in TEXTS.items() for text in texts])
def test_the_guard_removes_arguments_that_python_merged(board, kind, text):
    """Whatever the owner adds afterwards: the script's text is that of edit.remove()."""
    merged = edit.add(LOADERS[kind], text, "initcall_blacklist", "rknpu_init")
    changed = merged + ("# of the owner's\n" if merged.endswith("\n") else "\n# of the owner's\n")
    if kind == "words":
        changed = merged.replace("ro", "ro splash").rstrip("\n") + "\n"
    board.write(DEFAULTS, text)
    board.keep("%s %s" % (kind, DEFAULTS))
    board.write(DEFAULTS, changed)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(DEFAULTS) == edit.remove(LOADERS[kind], changed, "initcall_blacklist", "rknpu_init")


@pytest.mark.parametrize("loader, kind, text", [
    ("ubuntu", "environment", "bootargs=root=UUID=1 rw\noverlays=\n"), ("ubuntu", "environment", "bootargs=\n"),
    ("ubuntu", "environment", "overlays=\n"),
    ("update-extlinux-default", "shell", 'TIMEOUT=10\nAPPEND="rw console=tty1"\n'),
    ("update-extlinux-default", "shell", 'APPEND=""\n'), ("update-extlinux-default", "shell", "TIMEOUT=10\n"),
    ("update-extlinux-default", "shell", "APPEND=rw\n"), ("update-extlinux", "words", "root=/dev/x rw\n"),
])
def test_the_guard_removes_the_argument_from_the_files_of_other_boot_loaders(board, loader, kind, text):
    board.write(DEFAULTS, text)
    board.keep("%s %s" % (kind, DEFAULTS))
    changed = edit.add(loader, text, "initcall_blacklist", "rknpu_init", "") + "# the owner's\n"
    board.write(DEFAULTS, changed)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(DEFAULTS) == text + "# the owner's\n"


GRUB_MENU, DROP_IN = "/boot/grub/grub.cfg", "/etc/default/grub.d/zz-rkfleet-npu.cfg"
GRUB = """# It is automatically generated by grub-mkconfig
set default="0"
menuentry 'Debian' {
\tlinux\t/boot/vmlinuz-6.1.84 root=UUID=1 ro %s quiet
\tinitrd\t/boot/initrd.img-6.1.84
}
"""


@pytest.mark.parametrize("folder", ["pending", "origin"])
@pytest.mark.parametrize("left", [True, False])
def test_grub(board, folder, left):
    """As we left it grub.cfg comes back byte for byte; with a kernel installed since, only our argument goes."""
    old = GRUB % "a"
    board.write(GRUB_MENU, old)
    board.keep("file " + DROP_IN, "grub " + GRUB_MENU, folder=folder)
    manifest = board.folder / "manifest"
    manifest.write_text(manifest.read_text().replace("file - - " + DROP_IN, "nofile - - " + DROP_IN))
    board.write(DROP_IN, "ours")
    changed = old.replace(" quiet", " quiet " + OURS)
    if not left:
        # In /boot of its own, GRUB names the kernel from there.
        changed = changed.replace("set default", "# regenerated\nset default").replace("/boot/vmlinuz", "/vmlinuz")
    board.write(GRUB_MENU, changed)
    board.left(GRUB_MENU)
    if not left:
        (board.folder / "left").write_text("0 %s\n" % GRUB_MENU)
    assert board.guard("restore", folder)[0] == 0
    assert board.read(DROP_IN) is None
    assert board.read(GRUB_MENU) == (old if left else changed.replace(" " + OURS, ""))


def test_a_grub_menu_with_a_kernel_that_is_gone_is_not_restored(board):
    board.write(GRUB_MENU, (GRUB % "a").replace("6.1.84", "6.1.43"))
    board.keep("grub " + GRUB_MENU)
    board.write(GRUB_MENU, GRUB % OURS)
    board.left(GRUB_MENU)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(GRUB_MENU) == (GRUB % "x").replace(" x", "")


@pytest.mark.parametrize("text", [
    "U_BOOT_PARAMETERS=\"not_%s\"\n" % OURS, "U_BOOT_PARAMETERS=\"%s_more\"\n" % OURS,
    "U_BOOT_PARAMETERS=\"x initcall_blacklist=other,\"\n",
    "# see %s\n" % OURS,
])
def test_similar_arguments_of_the_owner_are_kept(board, text):
    board.write(DEFAULTS, "")
    board.keep("shell " + DEFAULTS)
    board.write(DEFAULTS, text)
    assert board.guard("restore", "origin")[0] == 0 and board.read(DEFAULTS) == text


def test_arguments_set_before_the_upgrade_are_kept(board):
    board.write(DEFAULTS, 'U_BOOT_PARAMETERS="ro %s"\n' % OURS)
    board.write(MENU, menu("6.1.84", OURS) + "label l1\n  linux /boot/vmlinuz-6.1.84\n  append x\n")
    board.keep("shell " + DEFAULTS, "menu " + MENU)
    board.write(DEFAULTS, 'U_BOOT_PARAMETERS="ro splash %s"\n' % OURS)
    board.write(MENU, menu("6.1.84", "new " + OURS) + "label l1\n  linux /boot/vmlinuz-6.1.84\n  append x %s\n" % OURS)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(DEFAULTS) == 'U_BOOT_PARAMETERS="ro splash %s"\n' % OURS
    assert board.read(MENU) == menu("6.1.84", "new " + OURS) + "label l1\n  linux /boot/vmlinuz-6.1.84\n  append x\n"


@pytest.mark.parametrize("path, line", [(DEFAULTS, default_kernel_paths.LINE), (paths.SIGNING_CONFIG, signing.LINE)])
def test_only_our_line_is_removed(board, path, line):
    board.write(path, "a=1\n")
    board.keep("shell " + path)
    board.write(path, "a=2\n%s\n# of a year later\n" % line)
    assert board.guard("restore", "origin")[0] == 0 and board.read(path) == "a=2\n# of a year later\n"


def test_a_restore_point_of_release_1_5_0(board):
    """It knows neither kinds nor digests: boot files are edited, never replaced."""
    board.write(MENU, menu("6.1.84"))
    board.write(ARMBIAN, "a=b\n")
    board.write(RUNTIME, "old")
    board.keep("file " + MENU, "file " + ARMBIAN, "nofile " + DEFAULTS, "file " + RUNTIME)
    for path in (MENU, ARMBIAN, DEFAULTS):
        board.write(path, menu("6.1.84", "z " + OURS) if path == MENU else "U_BOOT_X=1\nextraargs=y %s\n" % OURS)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(MENU) == menu("6.1.84",
                                    "z") and board.read(ARMBIAN) == board.read(DEFAULTS) == "U_BOOT_X=1\nextraargs=y\n"


@pytest.mark.parametrize("awk", ["mawk", "gawk", "original-awk", "busybox awk"])
def test_all_awk_programs_edit_alike(dash, awk):
    if not shutil.which(awk.split()[0]):
        pytest.skip("%s is not installed" % awk)
    name, *words = awk.split()
    dash.tool("awk", 'exec %s "$@"' % " ".join([shutil.which(name), *words]))
    dash.write(MENU, menu("6.1.84"))
    dash.write(DEFAULTS, "a=1\n")
    dash.keep("menu " + MENU, "shell " + DEFAULTS, identity="machine 0123\n")
    dash.write(MENU, menu("6.1.84", "new " + OURS))
    dash.write(DEFAULTS, "a=1\nU_BOOT_PARAMETERS='ro initcall_blacklist=x,rknpu_init'\n%s\n" % default_kernel_paths.LINE)
    assert dash.guard("restore", "origin")[0] == 0
    assert dash.read(MENU) == menu("6.1.84", "new")
    assert dash.read(DEFAULTS) == "a=1\nU_BOOT_PARAMETERS='ro initcall_blacklist=x'\n"


def test_no_variable_of_an_awk_program_is_a_word_of_gawk():
    """A board may have gawk instead of Debian's mawk, and gawk refuses the whole program."""
    script = GUARD["guard"].replace("\"${fallback:-ro quiet}\"", "x")
    programs = re.findall(r"\bawk ((?:-v \S+ )*)(?:\\\n *)?'(.*?)'", script, re.S)
    assert len(programs) == 3
    for options, program in programs:
        words = re.findall(r"[A-Za-z_]\w*", options + re.sub(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\\n]|\\.)+/|#.*', "", program))
        assert not {"default", "switch", "case", "func", "load", "include", "namespace", "BEGINFILE",
                    "ENDFILE"} & set(words)


def test_a_restore_point_of_release_1_5_0_with_fragments(board):
    """The owner's fragment with the arguments is a boot file, ours is not; a file with nothing but our lines goes."""
    mine, ours = "/etc/u-boot-menu/conf.d/mine.conf", "/etc/u-boot-menu/conf.d/rkfleet-npu.conf"
    board.write(mine, "U_BOOT_PARAMETERS='ro'\n")
    board.write(ours, "of the release before\n")
    board.keep("file " + mine, "file " + ours, "nofile " + DEFAULTS, "nofile " + paths.SIGNING_CONFIG)
    board.write(mine, "U_BOOT_PARAMETERS='ro root=UUID=NVME %s'\n" % OURS)
    board.write(ours, "new\n")
    board.write(DEFAULTS, edit.add("u-boot-menu", "", "initcall_blacklist", "rknpu_init", "ro quiet"))
    board.write(paths.SIGNING_CONFIG, signing.LINE + "\n")
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(mine) == "U_BOOT_PARAMETERS='ro root=UUID=NVME'\n" and board.read(ours) == "of the release before\n"
    assert board.read(DEFAULTS) is None and board.read(paths.SIGNING_CONFIG) is None


# -- kernels ----------------------------------------------------------------------------------------------------------------

def test_nothing_is_restored_for_a_removed_kernel(board):
    gone = "/lib/modules/6.1.43"
    for path in (gone + "/kernel/drivers/rknpu/rknpu.ko", gone + "/updates/dkms/rknpu.ko"):
        board.write(path)
    board.keep("file %s/kernel/drivers/rknpu/rknpu.ko" % gone, "file %s/updates/dkms/rknpu.ko" % gone, "file " + OWN)
    copy = board.folder / "copies/9"
    for release in ("6.1.43", "6.1.84"):
        (copy / "0.8.2" / release / "aarch64/module").mkdir(parents=True)
        (copy / "original_module" / release / "aarch64").mkdir(parents=True)
        (copy / ("kernel-%s-aarch64" % release)).symlink_to("0.8.2/%s/aarch64" % release)
    with open(board.folder / "manifest", "a", encoding="utf-8") as stream:
        stream.write("tree 9 - %s\n" % DKMS)
    shutil.rmtree(board.place(gone))
    board.place(OWN).unlink()
    assert board.guard("restore", "origin")[0] == 0
    assert not board.place(gone).exists() and board.read(OWN) == "the kernel's own"
    there = board.place(DKMS)
    assert sorted(os.listdir(there)) == ["0.8.2", "kernel-6.1.84-aarch64", "original_module"]
    assert os.listdir(there / "0.8.2") == os.listdir(there / "original_module") == ["6.1.84"]


@pytest.mark.parametrize("where", ["its place", "dkms"])
def test_a_kernel_replaced_by_its_package_keeps_its_own_module(board, where):
    """Armbian's packages bring another build under the same name."""
    board.keep("file " + OWN)
    (board.folder / "kernels").write_text("%s 6.1.84\n" % files.sha256_of(board.place("/boot/vmlinuz-6.1.84")))
    board.write("/boot/vmlinuz-6.1.84", "another build")
    board.place(OWN).unlink()
    board.write(OWN if where == "its place" else DKMS + "/original_module/6.1.84/aarch64/rknpu.ko",
                "of the other build")
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(OWN) == "of the other build"


@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_a_later_kernel_gets_its_own_module_back(board, folder):
    """DKMS has put it aside for ours, in a tree that was not there before us."""
    board.keep("file " + OWN, "notree " + DKMS, folder=folder)
    later = "/lib/modules/6.1.99"
    board.write(later + "/kernel/other.ko")
    board.write(later + "/updates/dkms/rknpu.ko", "ours")
    board.write(DKMS + "/original_module/6.1.99/aarch64/rknpu.ko", "its own")
    board.write(DKMS + "/original_module/6.1.43/aarch64/rknpu.ko", "of a kernel that is gone")
    assert board.guard("restore", folder)[0] == 0
    assert board.read(later + "/kernel/drivers/rknpu/rknpu.ko") == "its own" and board.read(later + "/updates/dkms/rknpu.ko") is None
    assert not board.place(DKMS).exists() and not board.place("/lib/modules/6.1.43").exists()


@pytest.mark.parametrize("sign", ["modules.builtin", "it runs"])
def test_a_kernel_with_everything_built_in_and_its_image_elsewhere(dash, sign):
    """FriendlyElec's: neither /lib/modules/RELEASE/kernel nor /boot/vmlinuz-RELEASE."""
    dash.tool("depmod", 'echo "$@" >>%s/depmod.log' % dash.tools)
    dash.tool("uname", "echo %s" % ("6.1.57" if sign == "it runs" else "other"))
    driver = "/lib/modules/6.1.57/updates/dkms/rknpu.ko"
    dash.write(driver, "old")
    if sign != "it runs":
        dash.write("/lib/modules/6.1.57/modules.builtin", "")
    dash.keep("file " + driver)
    dash.write(driver, "new")
    assert dash.guard("restore", "origin")[0] == 0 and dash.read(driver) == "old"
    assert "-b %s -a 6.1.57" % dash.root in (dash.tools / "depmod.log").read_text().splitlines()


# -- another root file system, another machine ------------------------------------------------------------------------------

@pytest.mark.parametrize("identity", ["machine 9999\n", "root 77aa\nmachine 9999\n", "root some-other\nmachine 0123\n"])
@pytest.mark.parametrize("folder", ["pending", "origin"])
def test_files_of_another_root_file_system_or_machine_are_not_restored(dash, identity, folder):
    dash.tool("stat", 'case $3 in %T) echo btrfs ;; *) echo 77aa ;; esac')
    dash.write(MENU, menu("6.1.84", "of the other"))
    dash.write(RUNTIME, "of the other")
    dash.keep("menu " + MENU, "file " + RUNTIME, "nofile /etc/modules-load.d/rkfleet-npu.conf", "nofile " + BUILT,
              folder=folder, identity=identity)
    dash.write(MENU, menu("6.1.84", "of this one " + OURS))
    dash.left(MENU)
    for path in (RUNTIME, "/etc/modules-load.d/rkfleet-npu.conf", BUILT):
        dash.write(path, "of this one")
    rc, out = dash.guard("restore", folder)
    assert rc == 0 and "foreign" in out.split()
    assert dash.read(MENU) == menu("6.1.84", "of this one")
    assert dash.read(RUNTIME) == dash.read(BUILT) == "of this one"
    # Without it no module of ours is loaded.
    assert dash.read("/etc/modules-load.d/rkfleet-npu.conf") is None
    assert "another root file system or machine" in dash.state()["why"]


def test_the_same_root_file_system_and_machine(dash):
    dash.tool("stat", 'case $3 in %T) echo ext2/ext3 ;; *) echo 77aa ;; esac')
    assert dash.guard("identity") == (0, "root 77aa\nmachine 0123\n")
    dash.write(RUNTIME, "old")
    dash.keep("file " + RUNTIME, identity="root 77aa\nmachine 0123\n")
    dash.write(RUNTIME, "new")
    rc, out = dash.guard("restore", "origin")
    assert rc == 0 and "foreign" not in out and dash.read(RUNTIME) == "old"


# -- no room, FAT -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("cp", ["exit 1", '/bin/cp "$2" "$3"; exit 1'], ids=["full", "FAT: no owner"])
def test_a_boot_file_on_a_file_system_without_room_or_owners(dash, cp):
    dash.write(ARMBIAN, "rootdev=x\n")
    dash.keep("environment " + ARMBIAN, folder="pending")
    dash.write(ARMBIAN, "rootdev=x\nextraargs=%s\n" % OURS)
    dash.left(ARMBIAN)
    dash.tool("ln", "exit 1")
    dash.tool("cp", cp)
    dash.guard("boot")
    assert dash.read(ARMBIAN) == "rootdev=x\n" and dash.state()["state"] == "rolled_back"
    assert sorted(os.listdir(dash.place("/boot"))) == ["armbianEnv.txt", "vmlinuz-6.1.84"]


def test_an_interrupted_write_of_a_boot_file_is_repeated(dash):
    dash.write(ARMBIAN, "rootdev=y\n")
    dash.keep("environment " + ARMBIAN, folder="pending")
    dash.write(ARMBIAN, "rootdev=x\nextraargs=%s\n" % OURS)
    dash.left(ARMBIAN)
    for name in ("ln", "cp", "truncate"):
        dash.tool(name, "exit 1")
    assert dash.guard("restore", "pending")[0] == 1
    assert dash.read(ARMBIAN) == "rootdev=y\nextraargs=%s\n" % OURS
    (dash.tools / "truncate").unlink()
    assert dash.guard("restore", "pending")[0] == 0 and dash.read(ARMBIAN) == "rootdev=y\n"


def test_spare_copies_are_stored_on_a_separate_boot_file_system(fast, monkeypatch):
    fast.write(ARMBIAN, "rootdev=x\n")
    stat = os.stat

    def other_device(path, *args, **named):
        there = stat(path, *args, **named)
        return os.stat_result([*there[:2], 4711, *there[3:]]) if str(path) == str(fast.place("/boot")) else there

    monkeypatch.setattr(os, "stat", other_device)
    there = fast.begin()
    kept = fast.place("/boot/.npu-restore.armbianEnv.txt")
    assert kept.read_text() == "rootdev=x\n"
    fast.write(ARMBIAN, "new")
    fast.note(ARMBIAN)
    fast.tool("ln", "exit 1")
    fast.tool("cp", "exit 1")
    inode = kept.stat().st_ino
    assert there.restore(["pending"]) == (False, False)
    assert fast.read(ARMBIAN) == "rootdev=x\n" and fast.place(ARMBIAN).stat().st_ino == inode and not kept.exists()
    fast.begin().commit("0.9.6")
    assert not kept.exists()


# -- links ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, content",
                         [(ARMBIAN, "rootdev=x\n"), (MENU, menu("6.1.84")), (DEFAULTS, "a=b\n"),
                          (paths.SIGNING_CONFIG, "a=b\n")])
def test_a_boot_file_that_is_a_link(fast, path, content):
    fast.write("/srv/conf/file", content)
    fast.place(path).parent.mkdir(parents=True, exist_ok=True)
    fast.place(path).symlink_to(os.path.relpath(fast.place("/srv/conf/file"), fast.place(path).parent))
    there = fast.begin()
    fast.write("/srv/conf/file", "changed")
    fast.note(path)
    there.restore(["pending"])
    assert fast.place(path).is_symlink() and fast.read("/srv/conf/file") == content


# -- commit, and the rollback to before the first change ---------------------------------------------------------------------

def upgrade(board):
    """What an upgrade does to a board."""
    board.write(MENU, menu("6.1.84", "root=UUID=OLD " + OURS))
    board.write("/etc/modules-load.d/rkfleet-npu.conf", "rknpu_dkms\n")
    board.write(RUNTIME, "new")
    board.write(BUILT, "module")
    board.write(DKMS + "/0.9.6/build/make.log", "built")
    board.note(MENU)


def old_board(board):
    board.write(MENU, menu("6.1.84"))
    board.write(RUNTIME, "old")
    board.write(DEFAULTS, "a=b\n")
    board.write(DKMS + "/0.8.2/build/make.log", "old")
    return board.files()


def test_the_owners_changes_between_two_upgrades_survive_a_rollback(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    fast.write(MENU, menu("6.1.84", "root=UUID=NVME " + OURS))
    there = fast.begin("two")
    fast.write(MENU, menu("6.1.84", "root=UUID=NVME console=x " + OURS))
    fast.note(MENU)
    there.commit("0.9.8")
    there = fast.transaction("three")
    there.lock()
    there.restore(["origin"])
    assert fast.read(MENU) == menu("6.1.84", "root=UUID=NVME console=x") and fast.read(RUNTIME) == "old"


def test_a_kernel_of_the_upgrade_is_removed_from_the_restored_menu(fast):
    """Its packages have made the menu anew; npu_boot had nothing to do."""
    old_board(fast)
    there = fast.begin()
    fast.write("/boot/vmlinuz-6.1.99", "kernel")
    fast.write(MENU, menu("6.1.99"))
    there.commit("0.9.6")
    there.restore(["origin"])
    assert fast.read(MENU) == menu("6.1.84")


def rollback(board, run="two"):
    there = board.transaction(run)
    there.lock(["*"])
    assert there.begin_rollback(board.watched(), 30) is False
    there.restore(["origin"])
    return there


def test_a_confirmed_rollback_keeps_only_the_state(fast):
    old = old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    there = rollback(fast)
    assert fast.files() == old
    # What has to answer afterwards is what did before the first change.
    assert fast.state()["driver"]["from"] == "0.9.3" and fast.state()["baseline"] == {"diagnosis": "ok"}
    assert fast.guard("reboot")[0] == 0 and fast.guard("boot")[0] == 0 and fast.files() == old
    there.close("rolled_back", "by request", purge=True)
    assert fast.files() == old and os.listdir(fast.home) == ["state.json"] and fast.state()["state"] == "rolled_back"


def test_an_unconfirmed_rollback_returns_to_the_state_before_it(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    new = fast.files()
    there = rollback(fast)
    fast.guard("reboot")
    fast.guard("boot")
    fast.guard("boot")
    assert fast.files() == new
    assert fast.state()["state"] == "committed" and "rollback was not confirmed" in fast.state()["why"]
    with pytest.raises(state.TransactionError, match="the board has returned to the state before the rollback"):
        there.close("rolled_back", "by request", purge=True)
    # It can be tried again.
    there = rollback(fast)
    there.close("rolled_back", "by request", purge=True)
    assert os.listdir(fast.home) == ["state.json"]


def test_a_restore_interrupted_before_the_trial_boot_resumes_at_the_next_boot(fast):
    """A mix of old and new is nothing to try."""
    old = old_board(fast)
    fast.begin()
    upgrade(fast)
    fast.tool("depmod", "kill -9 $PPID")
    fast.guard("restore", "pending")
    assert (fast.home / "pending/untried").exists()
    fast.tool("depmod", "exit 0")
    fast.guard("boot")
    assert fast.files() == old and not (fast.home / "pending").exists()
    assert fast.state()["state"] == "rolled_back" and "was interrupted" in fast.state()["why"]


def test_a_failed_rollback_stays_pending_for_the_guard(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    new = fast.files()
    there = rollback(fast)
    there.close("rollback_failed", "the driver does not answer", purge=True)
    assert fast.state()["state"] == "rollback_failed" and (fast.home / "pending").is_dir()
    fast.write("/proc/uptime", "999999.00 1\n")
    fast.write("/proc/sys/kernel/random/boot_id", "two\n")
    assert fast.guard("watch")[0] == 0
    assert fast.files() == new and fast.state()["state"] == "committed"


def test_no_upgrade_begins_during_an_unconfirmed_rollback(fast):
    """What is pending would take it to the state before the rollback, which is not what was there before the upgrade."""
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    rollback(fast)
    files = fast.files()
    with pytest.raises(state.TransactionError, match="a rollback to before the first change is not confirmed"):
        fast.begin("three")
    assert fast.files() == files and (fast.home / "pending/outcome").exists()
    # Again: first back to the state before the rollback, then from there.
    there = fast.transaction("four")
    there.lock(["*"])
    there.restore(["pending"])
    rollback(fast, "four").close("rolled_back", "by request", purge=True)
    assert os.listdir(fast.home) == ["state.json"]


def test_services_of_a_rollback(fast, monkeypatch):
    """What a pending upgrade has stopped starts again; what ran at the first upgrade, months ago, only where it runs now."""
    called = []
    monkeypatch.setattr(Board, "run", lambda self, args, run=Board.run: called.append(args) or run(self, args))
    old_board(fast)
    there = fast.begin()
    there.stop_services(["years-ago.service"])
    upgrade(fast)
    there.commit("0.9.6")
    fast.begin("two").stop_services(["detector.service"])
    there = fast.transaction("three")
    there.lock(["*"])
    there.restore(["pending"])
    there.begin_rollback(fast.watched(), 30)
    there.restore(["origin"])
    del called[:]
    there.close("rolled_back", "by request", purge=True)
    assert [args[1:] for args in called if args[-1] in ("detector.service", "years-ago.service")] == [
        ["restart", "--", "detector.service"], ["try-restart", "--", "years-ago.service"]]


def test_counters_of_a_failed_restore_are_removed(fast):
    """One says that a boot file is ours whatever is in it, the other that there were tries."""
    fast.write(ARMBIAN, "rootdev=x\n")
    fast.begin()
    fast.write(ARMBIAN, "rootdev=x\nextraargs=%s\n" % OURS)
    fast.note(ARMBIAN)
    for name in ("overwritten", "tries"):
        (fast.home / "pending" / name).write_text("%s\n" % fast.place(ARMBIAN) if name == "overwritten" else "2\n")
    fast.begin("two").commit("0.9.6")
    fast.write(ARMBIAN, "rootdev=y\nextraargs=%s\n" % OURS)
    rollback(fast, "three")
    assert fast.read(ARMBIAN) == "rootdev=y\n" and not (fast.home / "origin/tries").exists()


@pytest.mark.parametrize("problem", ["a blank", "no room"])
def test_a_transaction_that_cannot_begin_leaves_no_files(fast, monkeypatch, problem):
    fast.write(ARMBIAN, "rootdev=x\n")
    stat, copy = os.stat, shutil.copytree

    def other_device(path, *args, **named):
        there = stat(path, *args, **named)
        return os.stat_result([*there[:2], 4711, *there[3:]]) if str(path) == str(fast.place("/boot")) else there

    def full(*args, **named):
        if problem == "no room":
            raise OSError(errno.ENOSPC, "no room")
        return copy(*args, **named)

    fast.write(DKMS + "/0.8.2/x", "y")
    before = fast.files()
    monkeypatch.setattr(os, "stat", other_device)
    monkeypatch.setattr(shutil, "copytree", full)
    there = fast.transaction()
    there.lock()
    with pytest.raises(state.TransactionError, match=problem if problem == "a blank" else "disk is full"):
        there.begin([*fast.watched(), *([("/etc/a b", "file")] if problem == "a blank" else ())], STATE, 30)
    assert fast.files() == before and os.listdir(fast.home) == ["lock.json"]


def test_a_running_watcher_is_replaced(fast, monkeypatch):
    """It may be removing the kernel of the upgrade before, and end then, or be of an earlier release."""
    called = []
    monkeypatch.setattr(Board, "run", lambda self, args, run=Board.run: called.append(args) or run(self, args))
    fast.begin()
    assert [args[1] for args in called if args[-1] == _guard.WATCH_UNIT] == ["restart"]
    del called[:]
    fast.begin("two")
    assert [args[1] for args in called if args[0] == "systemctl"] == ["daemon-reload", "restart"]
    # It has restored the board and is about to reboot it.
    fast.write("/run/rkfleet-npu/restoring", "")
    del called[:]
    fast.begin("three")
    assert [args[1] for args in called if args[-1] == _guard.WATCH_UNIT] == ["start"]


def test_a_rollback_of_a_driver_that_was_committed_twice(fast):
    old = old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    there = fast.begin("two", "0.9.8")
    fast.write("/usr/src/rknpu-0.9.8/Kbuild", "x")
    fast.write(DKMS + "/0.9.8/source", "x")
    fast.write(BUILT, "newer")
    fast.write(MENU, menu("6.1.84", "root=UUID=OLD splash " + OURS))
    fast.note(MENU)
    there.commit("0.9.8")
    new = fast.files()
    rollback(fast, "three")
    assert fast.files() == old
    # Not confirmed, and tried again.
    fast.guard("reboot")
    fast.guard("boot")
    fast.guard("boot")
    assert fast.files() == new and fast.state()["state"] == "committed"
    rollback(fast, "four").close("rolled_back", "by request", purge=True)
    assert fast.files() == old and os.listdir(fast.home) == ["state.json"]


def test_a_partly_failed_rollback_reports_what_the_board_does(fast):
    old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    there = fast.transaction("two")
    fast.tool("depmod", "exit 1")
    module = types.SimpleNamespace(check_mode=False)
    params = {"restore": "origin", "break_lock": False, "ended_runs": [], "runtime": RUNTIME, "confirm_minutes": 30}
    there.begin_rollback = lambda dummy, minutes, begin=there.begin_rollback: begin(fast.watched(), minutes)
    with pytest.raises(state.TransactionError,
                       match="depmod fails.* returns to the state before the rollback in 30 minutes"):
        npu_transaction.restored(module, params, there)
    assert (fast.home / "pending/outcome").exists() and (fast.home / "origin/manifest").exists()


def test_rollback_without_ansible(fast):
    old = old_board(fast)
    there = fast.begin()
    upgrade(fast)
    there.commit("0.9.6")
    done = subprocess.run(["dash", str(fast.home / "origin/guard"), "restore", "origin"], check=False)
    assert done.returncode == 0 and fast.files() == old and fast.state()["state"] == "rolled_back"


# -- every order of the steps, with a cut, a kill or another at each --------------------------------------------------------

class Actor:
    """A process that ends, or stops, at the `number`th program or call that changes something."""

    def __init__(self, board, work, number=NEVER, what="kill"):
        self.board, self.reached = board, board.tools / "reached"
        self.reached.unlink(missing_ok=True)
        (board.tools / "n").write_text("%d\n" % number)
        for name in WRITERS:
            real = shutil.which("true" if name == "sync" else name)
            board.tool(name, CUT.format(tools=board.tools, real=real,
                                        what="kill -STOP $$" if what == "stop" else "kill -9 0"))
        if isinstance(work, tuple):
            self.child = board.guard(*work, wait=False)
            self.pid = self.child.pid
            return
        self.child = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                self._count(number, what)
                work(board)
                os._exit(0)
            except state.TransactionError:
                os._exit(3)
            except BaseException:  # pylint: disable=broad-exception-caught
                import traceback

                traceback.print_exc()
                os._exit(1)

    def _count(self, number, what):
        left = [number]

        def counting(real):
            def counted(*args, **named):
                left[0] -= 1
                if left[0] == -1:
                    self.reached.touch()
                    os.kill(os.getpid(), signal.SIGSTOP if what == "stop" else signal.SIGKILL)
                return real(*args, **named)
            return counted

        for name in ("rename", "link", "unlink", "mkdir", "rmdir"):
            setattr(os, name, counting(getattr(os, name)))

    def running(self):
        if self.child:
            return self.child.poll() is None
        if self.pid:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.rc, self.pid = os.waitstatus_to_exitcode(status), 0
        return bool(self.pid)

    def wait(self):
        """Its exit status, when it has ended."""
        deadline = time.monotonic() + 60
        while self.running():
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.002)
        return self.child.returncode if self.child else self.rc

    def until_reached(self):
        """Whether it came to its point (and stands there), or to its end before."""
        while not self.reached.exists() and self.running():
            time.sleep(0.002)
        return self.reached.exists()

    def signal(self, number):
        group = self.child.pid if self.child else self.pid
        if group:
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                pass


def begin(board):
    board.begin("two").stop_services([])


def commit(board):
    board.transaction("one").commit("0.9.6")


def restore(board):
    board.transaction("one").restore(["pending"])


def restore_origin(board):
    rollback(board, "one")


def close(board):
    board.transaction("one").close("rolled_back", "by request", purge=True)


WATCH, BOOT = ("watch",), ("boot",)


def prepared(board, situation):
    """Bring a board to a situation; the ends that are right from there, `{state: files}`."""
    old = old_board(board)
    there = board.begin("one")
    upgrade(board)
    new = board.files()
    if situation != "pending":
        there.commit("0.9.6")
    if situation == "second":
        there = board.begin("one", "0.9.8")
        board.write(RUNTIME, "newer")
        board.write("/usr/src/rknpu-0.9.8/Kbuild", "first touched by the second\n")
        old, new = new, board.files()
    if situation == "rollback":
        rollback(board, "one")
    (board.home / "pending/untried").rename(board.home / "pending/tried") if (board.home / "pending").exists() else None
    # The watcher has given up on the controller.
    board.write("/proc/sys/kernel/random/boot_id", "two\n")
    board.write("/proc/uptime", "999999.00 1\n")
    return old, new


def settled(board, situation, old, new, number):
    """Boot until nothing is pending, and judge."""
    for dummy in range(5):
        if not (board.home / "pending").is_dir():
            break
        board.guard("boot")
    assert not (board.home / "pending").is_dir() and not (board.home / "failed").exists()
    state, files = board.state()["state"], board.files()
    assert state in ("committed", "rolled_back"), state
    assert files == (new if state == "committed" else old), state
    # Cut off at its very end a rollback leaves it, which does no harm.
    assert (board.home / "origin").is_dir() or state == "rolled_back" and situation != "second"
    if number % 2:
        return state
    # Whatever came before: the next upgrade begins and is committed.
    there = board.begin("next")
    upgrade(board)
    there.commit("0.9.6")
    assert sorted(os.listdir(board.home)) == ["origin", "state.json"]
    assert not [*board.root.rglob(".rkfleet-*"), *board.root.rglob(".npu-restore.*")]
    if not number % 6:
        there = rollback(board, "last")
        there.close("rolled_back", "by request", purge=True)
        assert os.listdir(board.home) == ["state.json"]
    return state


def copies(source, tmp_path, step, limit=200):
    """Copies of a prepared board, one for each *step*th point."""
    for number in range(0, limit, step):
        root = tmp_path / ("at-%d" % number)
        shutil.copytree(source.root, root, symlinks=True)
        board = Board.__new__(Board)
        board.root, board.shell, board.home, board.tools = root, source.shell, root / "var/lib/rkfleet-npu", source.tools
        yield number, board
        shutil.rmtree(root)
    pytest.fail("no end within %d points" % limit)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("situation, work, ends", [
    ("pending", restore, {"rolled_back"}), ("pending", BOOT, {"rolled_back"}),
    ("pending", commit, {"committed", "rolled_back"}),
    ("second", commit, {"committed", "rolled_back"}), ("committed", restore_origin, {"committed"}),
    ("rollback", close, {"committed", "rolled_back"}), ("rollback", BOOT, {"committed"}),
])
def test_a_power_failure_at_each_step(fast, tmp_path, situation, work, ends, step):
    old, new = prepared(fast, situation)
    seen = set()
    for number, board in copies(fast, tmp_path, step):
        actor = Actor(board, work, number)
        cut = actor.until_reached()
        actor.wait()
        actor.signal(signal.SIGKILL)
        for name in WRITERS:
            (board.tools / name).unlink()
        board.tool("sync", "exit 0")
        if work == BOOT and not (board.home / "pending").exists():
            assert not (board.home / "lock.json").exists()
        seen.add(settled(board, situation, old, new, number))
        if not cut:
            assert seen == ends and number > 4
            return


@pytest.mark.parametrize("step", [7, pytest.param(3, marks=pytest.mark.faults_only)])
@pytest.mark.parametrize("first, second", [
    (restore, WATCH), (WATCH, restore), (BOOT, restore), (commit, WATCH), (WATCH, commit), (begin, WATCH),
    (WATCH, begin), (commit, restore),
])
@pytest.mark.parametrize("what", ["stop", "kill"])
def test_a_second_interruption_at_each_step(fast, tmp_path, first, second, what, step):
    """The first stands still, or dies, at each of its steps; then the second runs, until it ends or waits for the lock; then the first goes on."""
    old, new = prepared(fast, "pending")
    fast.tool("flock", 'flock=%s; $flock -n "$1" && exit; : >"%s/waits"; exec $flock "$1"'
              % (shutil.which("flock"), fast.tools))
    for number, board in copies(fast, tmp_path, step):
        (board.tools / "waits").unlink(missing_ok=True)
        one = Actor(board, first, number, what)
        reached = one.until_reached()
        two = Actor(board, waiting(second))
        while two.running() and not (board.tools / "waits").exists():
            time.sleep(0.002)
        one.signal(signal.SIGCONT)
        one.wait()
        two.wait()
        for name in WRITERS:
            (board.tools / name).unlink()
        board.tool("sync", "exit 0")
        settled(board, "pending", old, new, number)
        if not reached:
            assert number > 4
            return


def waiting(work):
    """The same work; Python says as the script's flock does where it waits for the lock."""
    if isinstance(work, tuple):
        return work

    def with_sign(board):
        real = state.fcntl.flock

        def flock(handle, how):
            try:
                real(handle, how | state.fcntl.LOCK_NB)
            except BlockingIOError:
                (board.tools / "waits").touch()
                real(handle, how)

        state.fcntl.flock = flock
        work(board)

    return with_sign


def test_there_is_one_state_folder():
    """The guard's script knows no other: with one of its own a board had no way back."""
    folder = pathlib.Path(__file__).resolve().parents[5] / "plugins"
    assert "state_dir" not in (folder / "modules/npu_transaction.py").read_text()
    assert "home=$root/var/lib/rkfleet-npu\n" in GUARD["guard"]
