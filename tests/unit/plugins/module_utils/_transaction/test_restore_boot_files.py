# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a restore does to files of the boot loader, which the owner and other programs change, too."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import paths
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import default_kernel_paths
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import signing
from stand_ins.boards.restore_board import ARMBIAN, CMDLINE, DEFAULTS, GUARD, MENU, OURS, RUNTIME, Board, menu


@pytest.fixture(params=["dash", "busybox"])
def board(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip("%s is not installed" % request.param)
    return Board(tmp_path / "board", (request.param,))


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


def test_the_entry_of_ontimeout_is_the_default_one(board):
    """The other entry names a missing kernel, and does not matter."""
    old = "ontimeout l1\nlabel l0\n  linux /boot/gone\nlabel l1\n  linux /boot/vmlinuz-6.1.84\n  append x\n"
    board.write(MENU, old)
    board.keep("menu " + MENU)
    board.write(MENU, old.replace("append x", "append x " + OURS))
    board.left(MENU)
    assert board.guard("restore", "origin")[0] == 0 and board.read(MENU) == old


@pytest.mark.parametrize("head, tail", [
    ("default l1\n", "label l1\n  linux /boot/vmlinuz-6.1.84\n  append x\n"),
    ("", ("label l2\n  menu default\n  linux /boot/vmlinuz-6.1.84\n  append x\nlabel l3\n  menu default\n"
          "  linux /boot/gone\n")),
])
def test_the_default_entry_is_the_one_that_u_boot_takes(board, head, tail):
    """The last entry of a name, and the first `menu default`."""
    old = head + "label l1\n  linux /boot/gone\n" + tail
    board.write(MENU, old)
    board.keep("menu " + MENU)
    board.write(MENU, old.replace("append x", "append x " + OURS))
    board.left(MENU)
    assert board.guard("restore", "origin")[0] == 0 and board.read(MENU) == old


def test_labels_of_several_words_are_told_apart(board):
    """Home Assistant OS for the ROCK 5B: one of two entries had the argument before."""
    old = ("label Home Assistant OS A\n  linux /boot/vmlinuz-6.1.84\n  append x\n"
           "label Home Assistant OS B\n  linux /boot/vmlinuz-6.1.84\n  append y %s\n" % OURS)
    board.write(MENU, old)
    board.keep("menu " + MENU)
    board.write(MENU, old.replace("append x", "append x z " + OURS))
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(MENU) == old.replace("append x", "append x z")


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
    "words": ["ro quiet\n", "initcall_blacklist=foo_init ro\n", "ro", "initcall_blacklist= ro\n", "ro initcall_blacklist=a,\n",
              'ro initcall_blacklist=",a,,b" quiet\n'],
    "menu": [menu("6.1.84"), menu("6.1.84", "initcall_blacklist=foo_init root=/dev/x"), menu("6.1.84", 'a="b c" x'),
             "label l0\n  linux /boot/vmlinuz-6.1.84\n", "label l0\n  linux /boot/vmlinuz-6.1.84\n\tappend\n",
             "label l0\n  linux /boot/vmlinuz-6.1.84\n  append  \n", "label l0\n  linux /boot/vmlinuz-6.1.84\n  append\t\n",
             "label l0\r\n  linux /boot/vmlinuz-6.1.84\r\n  append\r\n", "label l0\r\n  linux /boot/vmlinuz-6.1.84\r\n  append\t\r\n"],
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


@pytest.mark.parametrize("mine", ["", 'GRUB_DEFAULT="gnulinux-advanced-1>gnulinux-6.1.43-advanced-1"\n'])
def test_the_default_entry_of_grub_is_no_longer_pinned(board, mine):
    """In a menu that others have made since, unless the owner has chosen the entry."""
    board.write(GRUB_MENU, GRUB % "a")
    board.keep("grub " + GRUB_MENU)
    pinned = (GRUB % "b").replace('"0"', '"gnulinux-advanced-1>gnulinux-6.1.43-advanced-1"')
    board.write(GRUB_MENU, pinned)
    board.write("/etc/default/grub", mine)
    assert board.guard("restore", "origin")[0] == 0
    assert board.read(GRUB_MENU) == (pinned if mine else GRUB % "b")


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
    assert len(programs) == 5
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


# -- no room, FAT -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("cp", ["exit 1", 'head -c 3 "$2" >"$3"; exit 1', '/bin/cp "$2" "$3"; exit 1'], ids=["full", "full after a part", "FAT: no owner"])
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
