# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Merging a kernel argument into a boot loader's configuration, and taking it out again."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.rkfleet.npu.plugins.module_utils._boot import loaders
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree

NAME, VALUE = "initcall_blacklist", "rknpu_init"
ARGUMENT = "initcall_blacklist=rknpu_init"
EXTLINUX = """## made by hand
timeout 30
DEFAULT vendor
label rescue
\tlinux /boot/old
\tappend root=/dev/mmcblk0p1 single
label vendor
\tmenu label Vendor kernel
\tlinux /boot/Image
\tfdtdir /boot/dtb/
\tappend root=/dev/mmcblk0p1 rw  console=ttyFIQ0,1500000n8
"""
UNTOUCHED = """## /etc/default/u-boot - configuration file for u-boot-update(8)

#U_BOOT_UPDATE="true"
#U_BOOT_PARAMETERS="ro quiet"
#U_BOOT_ROOT=""
"""

# kind, before, after: removing from `after` gives `before` again, byte for byte.
REVERSIBLE = [
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro quiet"\n', 'U_BOOT_PARAMETERS="ro quiet %s"\n' % ARGUMENT),
    ("u-boot-menu", "U_BOOT_PARAMETERS='ro quiet'\n", "U_BOOT_PARAMETERS='ro quiet %s'\n" % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro quiet"', 'U_BOOT_PARAMETERS="ro quiet %s"' % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro quiet"  # mine "too"\r\nU_BOOT_TIMEOUT="5"\r\n',
     'U_BOOT_PARAMETERS="ro quiet %s"  # mine "too"\r\nU_BOOT_TIMEOUT="5"\r\n' % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro initcall_blacklist=a_init,b_init quiet "\n',
     'U_BOOT_PARAMETERS="ro initcall_blacklist=a_init,b_init,rknpu_init quiet "\n'),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="old"\nU_BOOT_PARAMETERS="new"\n', 'U_BOOT_PARAMETERS="old"\nU_BOOT_PARAMETERS="new %s"\n' % ARGUMENT),
    ("u-boot-menu", 'export U_BOOT_PARAMETERS="ro"; U_BOOT_PROMPT=1\n', 'export U_BOOT_PARAMETERS="ro %s"; U_BOOT_PROMPT=1\n' % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro \\\nquiet $EXTRA"\n', 'U_BOOT_PARAMETERS="ro \\\nquiet $EXTRA %s"\n' % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro dyndbg=\\"file a.c +p\\""\n', 'U_BOOT_PARAMETERS="ro dyndbg=\\"file a.c +p\\" %s"\n' % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro -- single"\n', 'U_BOOT_PARAMETERS="ro %s -- single"\n' % ARGUMENT),
    ("u-boot-menu", 'X="\nU_BOOT_PARAMETERS=no"\nU_BOOT_PARAMETERS="ro"\n', 'X="\nU_BOOT_PARAMETERS=no"\nU_BOOT_PARAMETERS="ro %s"\n' % ARGUMENT),
    ("u-boot-menu", UNTOUCHED, UNTOUCHED.replace("#U_BOOT_ROOT", 'U_BOOT_PARAMETERS="ro quiet %s"%s\n#U_BOOT_ROOT' % (ARGUMENT, loaders._ADDED))),
    ("u-boot-menu", "", 'U_BOOT_PARAMETERS="ro quiet %s"%s\n' % (ARGUMENT, loaders._ADDED)),
    ("radxa", "root=UUID=1-2 console=ttyFIQ0,1500000n8 quiet\n", "root=UUID=1-2 console=ttyFIQ0,1500000n8 quiet %s\n" % ARGUMENT),
    ("radxa", "root=UUID=1-2 quiet", "root=UUID=1-2 quiet %s" % ARGUMENT),
    ("radxa", 'dyndbg="file a.c +p" initcall_blacklist="a" quiet\r\n', 'dyndbg="file a.c +p" initcall_blacklist="a,rknpu_init" quiet\r\n'),
    ("radxa", "initcall-blacklist=a ro\n", "initcall-blacklist=a,rknpu_init ro\n"),
    ("armbian", "verbosity=1\nextraargs=cma=256M\nrootfstype=ext4\n", "verbosity=1\nextraargs=cma=256M %s\nrootfstype=ext4\n" % ARGUMENT),
    ("armbian", "verbosity=1\n", "verbosity=1\nextraargs=%s\n" % ARGUMENT),
    ("armbian", "verbosity=1", "verbosity=1\nextraargs=%s" % ARGUMENT),
    ("armbian", "extraargs=a\n#extraargs=c\nextraargs=b\n", "extraargs=a\n#extraargs=c\nextraargs=b %s\n" % ARGUMENT),
    ("dietpi", "extraargs=net.ifnames=0\r\noverlays=\r\n", "extraargs=net.ifnames=0 %s\r\noverlays=\r\n" % ARGUMENT),
    ("orangepi", "extraargs=initcall_blacklist=x\nextraboardargs=y\n", "extraargs=initcall_blacklist=x,rknpu_init\nextraboardargs=y\n"),
    ("extlinux", EXTLINUX, EXTLINUX.replace("1500000n8", "1500000n8 " + ARGUMENT)),
    ("extlinux", "label a\n  linux /x\n  append ro\nlabel b\n  append rw\n", "label a\n  linux /x\n  append ro %s\nlabel b\n  append rw\n" % ARGUMENT),
    ("extlinux", "label a\n append ro\nlabel b\n menu default\n append rw\n", "label a\n append ro\nlabel b\n menu default\n append rw %s\n" % ARGUMENT),
    ("extlinux", "default a\nlabel a\n\tlinux /x\n\nlabel b\n", "default a\nlabel a\n\tlinux /x\n\tappend %s\n\nlabel b\n" % ARGUMENT),
]


@pytest.mark.parametrize("kind, before, after", REVERSIBLE)
def test_argument_goes_in_and_comes_out_again(kind, before, after):
    assert loaders.merge_argument(kind, before, NAME, VALUE) == after
    assert loaders.merge_argument(kind, after, NAME, VALUE) == after
    assert loaders.remove_argument(kind, after, NAME, VALUE) == before
    assert loaders.remove_argument(kind, before, NAME, VALUE) == before
    assert loaders.has_argument(loaders.configured_arguments(kind, after), NAME, VALUE)
    assert not loaders.has_argument(loaders.configured_arguments(kind, before), NAME, VALUE)


@pytest.mark.parametrize("before", [case[1] for case in REVERSIBLE if case[0] == "u-boot-menu" and "\r" not in case[1]])
def test_a_shell_reads_the_same(tmp_path, before):
    path = tmp_path / "u-boot"
    path.write_text(loaders.merge_argument("u-boot-menu", before, NAME, VALUE))
    script = '. "$1"; printf %s "${U_BOOT_PARAMETERS:-ro quiet}"'
    arguments = subprocess.run(["sh", "-eu", "-c", "EXTRA='$EXTRA'; " + script, "sh", str(path)], check=True, capture_output=True, text=True).stdout
    assert arguments.split() == loaders.configured_arguments("u-boot-menu", path.read_text()).split()
    assert loaders.has_argument(arguments, NAME, VALUE)


@pytest.mark.parametrize("kind, before, after", [
    ("u-boot-menu", 'U_BOOT_PARAMETERS=""\n', 'U_BOOT_PARAMETERS="ro quiet %s"\n' % ARGUMENT),
    ("u-boot-menu", "U_BOOT_PARAMETERS=quiet\n", 'U_BOOT_PARAMETERS="quiet %s"\n' % ARGUMENT),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="initcall_blacklist= ro"\n', 'U_BOOT_PARAMETERS="%s ro"\n' % ARGUMENT),
    ("armbian", "extraargs=\n", "extraargs=%s\n" % ARGUMENT),
])
def test_what_means_the_same_may_be_written_anew(kind, before, after):
    assert loaders.merge_argument(kind, before, NAME, VALUE) == after


def test_default_of_u_boot_update_is_kept():
    text = loaders.merge_argument("u-boot-menu", "", NAME, VALUE, default="rw console=ttyS2")
    assert loaders.configured_arguments("u-boot-menu", text) == "rw console=ttyS2 " + ARGUMENT


@pytest.mark.parametrize("kind, text, why", [
    ("u-boot-menu", 'U_BOOT_PARAMETERS="ro\n', "never closed"),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="a"\'b\'\n', "several quoted parts"),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="$(cat /etc/x)"\n', "computed by a command"),
    ("u-boot-menu", 'U_BOOT_PARAMETERS="initcall_blacklist=$LIST"\n', "edited safely"),
    ("u-boot-menu", "U_BOOT_TIMEOUT=5 \\\n", "edited safely"),
    ("extlinux", "label a\n append ro\n append rw\n", "2 append lines"),
    ("radxa", "", "0 lines"),
    ("radxa", "a\nb\n", "2 lines"),
    ("radxa", 'ro "quiet\n', "never closed"),
    ("radxa", "x" * 2040, "longer than"),
    ("armbian", "a\0b", "NUL"),
    ("armbian", "x" * 70000, "KiB"),
    ("extlinux", "timeout 3\n", "no label"),
    ("unknown", "", "no way is known"),
    ("grub", "", "no way is known"),
])
def test_odd_configuration_is_refused_in_one_sentence(kind, text, why):
    with pytest.raises(ValueError, match=why) as error:
        loaders.merge_argument(kind, text, NAME, VALUE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", ["a b", 'a"', "a,b", "$(x)", ""])
def test_only_a_plain_word_is_merged(value):
    with pytest.raises(ValueError, match="is not a kernel argument"):
        loaders.merge_argument("radxa", "ro\n", NAME, value)


@pytest.mark.parametrize("cmdline, expected", [
    ("ro initcall_blacklist=rknpu_init", True),
    ("initcall_blacklist=a,rknpu_init,b quiet", True),
    ("initcall_blacklist=a initcall_blacklist=rknpu_init", True),
    ("initcall_blacklist=rknpu_init2", False),
    ("xinitcall_blacklist=rknpu_init", False),
    ('foo="initcall_blacklist=rknpu_init x"', False),
    ("ro -- initcall_blacklist=rknpu_init", False),
    ("", False),
    (None, False),
])
def test_what_a_running_kernel_was_told(cmdline, expected):
    assert loaders.has_argument(cmdline, NAME, VALUE) is expected


def test_default_entry_of_extlinux():
    assert loaders.extlinux_default_append(EXTLINUX) == "root=/dev/mmcblk0p1 rw  console=ttyFIQ0,1500000n8"


def read(board, cmdline="root=LABEL=root ro quiet"):
    return loaders.read(Tree(str(board.root)), cmdline)


def test_the_newest_u_boot_menu_reads_its_configuration_elsewhere(board):
    board.u_boot_menu().write(loaders.READ_CONFIG, (board.root / "usr/sbin/u-boot-update").read_text())
    board.write("/usr/sbin/u-boot-update", "#!/bin/sh\n. %s\n" % loaders.READ_CONFIG)
    board.write("/etc/u-boot-menu/conf.d/z.conf", 'U_BOOT_PARAMETERS="b"\n')
    assert (read(board)["config"], read(board)["configured"]) == ("/etc/u-boot-menu/conf.d/z.conf", "b")


@pytest.mark.parametrize("text, release", [
    ("default l1\nlabel l0\n\tlinux /boot/vmlinuz-6.6\nlabel l1\n\tlinux /vmlinuz-6.1.99-1\n", "6.1.99-1"),
    ("label x\n  kernel /boot/Image\n", None),
])
def test_which_kernel_boots_by_default(text, release):
    assert loaders.extlinux_default_kernel(text) == release


def test_u_boot_menu_without_configuration(board):
    found = read(board.u_boot_menu())
    assert (found["loader"], found["config"], found["configured"]) == ("u-boot-menu", "/etc/default/u-boot", "ro quiet")
    assert found["update"] == "/usr/sbin/u-boot-update"
    assert found["next"] == "root=LABEL=root ro quiet"


def test_fragment_that_wins_is_the_one_to_edit(board):
    board.u_boot_menu('U_BOOT_PARAMETERS="a"\n').write("/etc/u-boot-menu/conf.d/z.conf", 'U_BOOT_PARAMETERS="b"\n')
    board.write("/usr/share/u-boot-menu/conf.d/v.conf", 'U_BOOT_PARAMETERS="c"\n')
    assert (read(board)["config"], read(board)["configured"]) == ("/etc/u-boot-menu/conf.d/z.conf", "b")


def test_radxa_takes_kernel_cmdline_unless_parameters_are_set(board):
    board.u_boot_menu().write("/etc/kernel/cmdline", "root=UUID=1 quiet\n")
    assert (read(board)["loader"], read(board)["config"]) == ("radxa", "/etc/kernel/cmdline")
    board.write("/etc/default/u-boot", 'U_BOOT_PARAMETERS="ro"\n')
    assert read(board)["loader"] == "u-boot-menu"


def test_u_boot_update_that_knows_no_kernel_cmdline(board):
    board.u_boot_menu().write("/etc/kernel/cmdline", "root=UUID=1 quiet\n").write("/usr/sbin/u-boot-update", "#!/bin/sh\n")
    assert read(board)["loader"] == "u-boot-menu"


def test_u_boot_update_switched_off_leaves_a_file_kept_by_hand(board):
    found = read(board.u_boot_menu('U_BOOT_UPDATE="false"\n'))
    assert (found["loader"], found["config"], found["update"]) == ("extlinux", "/boot/extlinux/extlinux.conf", None)


@pytest.mark.parametrize("loader, name", [("armbian", "armbianEnv.txt"), ("dietpi", "dietpiEnv.txt"), ("orangepi", "orangepiEnv.txt")])
def test_environment_files(board, loader, name):
    found = read(board.write("/boot/" + name, "extraargs=cma=256M\n"))
    assert (found["loader"], found["config"], found["configured"], found["next"]) == (loader, "/boot/" + name, "cma=256M", "cma=256M")


@pytest.mark.parametrize("cmdline, loader", [("root=LABEL=root ro quiet x", "extlinux"), ("root=/dev/mmcblk1p1", "armbian")])
def test_two_configurations_the_running_kernel_decides(board, cmdline, loader):
    board.write("/boot/armbianEnv.txt", "verbosity=1\n")
    board.write("/boot/extlinux/extlinux.conf", "label l0\n append root=LABEL=root ro quiet\n")
    assert read(board, cmdline)["loader"] == loader


def test_nothing_known(board):
    board.write("/boot/grub/grub.cfg")
    assert (read(board)["loader"], read(board)["config"], read(board)["configured"]) == ("unknown", None, None)


def test_configuration_that_cannot_be_understood_is_said(board):
    found = read(board.u_boot_menu('U_BOOT_PARAMETERS="ro\n'))
    assert found["configured"] is None
    assert found["error"] == "/etc/default/u-boot: a quote in line 1 is never closed"
