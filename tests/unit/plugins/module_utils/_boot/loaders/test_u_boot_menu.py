# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""u-boot-menu: U_BOOT_PARAMETERS, as a shell reads it."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import kernel_arguments, u_boot_update
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit, shell_edit

NAME, VALUE = "initcall_blacklist", "rknpu_init"
ARGUMENT = "initcall_blacklist=rknpu_init"
BELOW = (ARGUMENT, shell_edit.INSTEAD)
UNTOUCHED = """## /etc/default/u-boot - configuration file for u-boot-update(8)

#U_BOOT_UPDATE="true"
#U_BOOT_PARAMETERS="ro quiet"
#U_BOOT_ROOT=""
"""

# before, after: removing from `after` gives `before` again, byte for byte.
REVERSIBLE = [
    ('U_BOOT_PARAMETERS="ro quiet"\n', 'U_BOOT_PARAMETERS="ro quiet %s"\n' % ARGUMENT),
    ("U_BOOT_PARAMETERS='ro quiet'\n", "U_BOOT_PARAMETERS='ro quiet %s'\n" % ARGUMENT),
    ('U_BOOT_PARAMETERS="ro quiet"', 'U_BOOT_PARAMETERS="ro quiet %s"' % ARGUMENT),
    ('U_BOOT_PARAMETERS="ro quiet"  # mine "too"\r\nU_BOOT_TIMEOUT="5"\r\n',
     'U_BOOT_PARAMETERS="ro quiet %s"  # mine "too"\r\nU_BOOT_TIMEOUT="5"\r\n' % ARGUMENT),
    ('U_BOOT_PARAMETERS="ro initcall_blacklist=a_init,b_init quiet "\n',
     'U_BOOT_PARAMETERS="ro initcall_blacklist=a_init,b_init,rknpu_init quiet "\n'),
    ('U_BOOT_PARAMETERS="old"\nU_BOOT_PARAMETERS="new"\n',
     'U_BOOT_PARAMETERS="old"\nU_BOOT_PARAMETERS="new %s"\n' % ARGUMENT),
    ('export U_BOOT_PARAMETERS="ro"; U_BOOT_PROMPT=1\n',
     'export U_BOOT_PARAMETERS="ro %s"; U_BOOT_PROMPT=1\n' % ARGUMENT),
    ('U_BOOT_PARAMETERS="ro \\\nquiet $EXTRA"\n', 'U_BOOT_PARAMETERS="ro \\\nquiet $EXTRA %s"\n' % ARGUMENT),
    ('U_BOOT_PARAMETERS="ro dyndbg=\\"file a.c +p\\""\n',
     'U_BOOT_PARAMETERS="ro dyndbg=\\"file a.c +p\\" %s"\n' % ARGUMENT),
    ('U_BOOT_PARAMETERS="ro -- single"\n', 'U_BOOT_PARAMETERS="ro %s -- single"\n' % ARGUMENT),
    ('X="\nU_BOOT_PARAMETERS=no"\nU_BOOT_PARAMETERS="ro"\n',
     'X="\nU_BOOT_PARAMETERS=no"\nU_BOOT_PARAMETERS="ro %s"\n' % ARGUMENT),
    (UNTOUCHED,
     UNTOUCHED.replace("#U_BOOT_ROOT",
                       'U_BOOT_PARAMETERS="ro quiet %s"%s\n#U_BOOT_ROOT' % (ARGUMENT, shell_edit.ADDED))),
    ('U_BOOT_PARAMETERS=""\n', 'U_BOOT_PARAMETERS=""\nU_BOOT_PARAMETERS="ro quiet %s"%s\n' % BELOW),
    ("U_BOOT_PARAMETERS=\nX=1", 'U_BOOT_PARAMETERS=\nU_BOOT_PARAMETERS="ro quiet %s"%s\nX=1' % BELOW),
    ("U_BOOT_PARAMETERS=quiet", 'U_BOOT_PARAMETERS=quiet\nU_BOOT_PARAMETERS="quiet %s"%s' % BELOW),
    ("X=1", 'X=1\nU_BOOT_PARAMETERS="ro quiet %s"%s' % (ARGUMENT, shell_edit.ADDED)),
    ("", 'U_BOOT_PARAMETERS="ro quiet %s"%s\n' % (ARGUMENT, shell_edit.ADDED)),
    # A list of the owner that is empty, or has empty places: the kernel ignores those.
    ('U_BOOT_PARAMETERS="initcall_blacklist= ro"\n', 'U_BOOT_PARAMETERS="initcall_blacklist= ro %s"\n' % ARGUMENT),
    ('U_BOOT_PARAMETERS="initcall_blacklist=a, ro"\n', 'U_BOOT_PARAMETERS="initcall_blacklist=a,,rknpu_init ro"\n'),
    ('U_BOOT_PARAMETERS="initcall_blacklist=,a,,b"\n', 'U_BOOT_PARAMETERS="initcall_blacklist=,a,,b,rknpu_init"\n'),
]


@pytest.mark.parametrize("before, after", REVERSIBLE)
def test_an_argument_is_added_and_removed_byte_for_byte(check_reversible, before, after):
    check_reversible("u-boot-menu", before, after)


@pytest.mark.parametrize("before", [before for before, after in REVERSIBLE if "\r" not in before])
def test_a_shell_reads_the_same(tmp_path, before):
    path = tmp_path / "u-boot"
    path.write_text(edit.add("u-boot-menu", before, NAME, VALUE))
    script = '. "$1"; printf %s "${U_BOOT_PARAMETERS:-ro quiet}"'
    command = ["sh", "-eu", "-c", "EXTRA='$EXTRA'; " + script, "sh", str(path)]
    arguments = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert arguments.split() == edit.configured("u-boot-menu", path.read_text()).split()
    assert kernel_arguments.has(arguments, NAME, VALUE)


def test_default_of_u_boot_update_is_kept():
    text = edit.add("u-boot-menu", "", NAME, VALUE, default="rw console=ttyS2")
    assert edit.configured("u-boot-menu", text) == "rw console=ttyS2 " + ARGUMENT


@pytest.mark.parametrize("text, why", [
    ('U_BOOT_PARAMETERS="ro\n', "never closed"),
    ('U_BOOT_PARAMETERS="a"\'b\'\n', "several quoted parts"),
    ('U_BOOT_PARAMETERS="$(cat /etc/x)"\n', "computed by a command"),
    ('U_BOOT_PARAMETERS="initcall_blacklist=$LIST"\n', "edited safely"),
    ("U_BOOT_TIMEOUT=5 \\\n", "edited safely"),
])
def test_configuration_that_cannot_be_edited_is_refused_with_one_sentence(text, why):
    with pytest.raises(ValueError, match=why) as error:
        edit.add("u-boot-menu", text, NAME, VALUE)
    assert "\n" not in str(error.value)


def test_the_newest_u_boot_menu_reads_its_configuration_elsewhere(board, read):
    board.u_boot_menu().write(u_boot_update.READ_CONFIG, (board.root / "usr/sbin/u-boot-update").read_text())
    board.write("/usr/sbin/u-boot-update", "#!/bin/sh\n. %s\n" % u_boot_update.READ_CONFIG)
    board.write("/etc/u-boot-menu/conf.d/z.conf", 'U_BOOT_PARAMETERS="b"\n')
    assert (read(board)["config"], read(board)["configured"]) == ("/etc/u-boot-menu/conf.d/z.conf", "b")


def test_u_boot_menu_without_configuration(board, read):
    found = read(board.u_boot_menu())
    assert (found["loader"], found["config"], found["configured"]) == ("u-boot-menu", "/etc/default/u-boot", "ro quiet")
    assert found["update"] == "/usr/sbin/u-boot-update"
    assert found["next"] == "root=LABEL=root ro quiet"


def test_fragment_that_wins_is_the_one_to_edit(board, read):
    board.u_boot_menu('U_BOOT_PARAMETERS="a"\n').write("/etc/u-boot-menu/conf.d/z.conf", 'U_BOOT_PARAMETERS="b"\n')
    board.write("/usr/share/u-boot-menu/conf.d/v.conf", 'U_BOOT_PARAMETERS="c"\n')
    assert (read(board)["config"], read(board)["configured"]) == ("/etc/u-boot-menu/conf.d/z.conf", "b")


def test_u_boot_update_that_knows_no_kernel_cmdline(board, read):
    board.u_boot_menu().write("/etc/kernel/cmdline", "root=UUID=1 quiet\n")
    board.write("/usr/sbin/u-boot-update", "#!/bin/sh\n")
    assert read(board)["loader"] == "u-boot-menu"


def test_configuration_that_cannot_be_parsed_is_reported(board, read):
    found = read(board.u_boot_menu('U_BOOT_PARAMETERS="ro\n'))
    assert found["configured"] is None
    assert found["error"] == "/etc/default/u-boot: a quote in line 1 is never closed"


def test_the_fragment_that_cannot_be_understood_is_named(board, read):
    board.u_boot_menu().write("/etc/u-boot-menu/conf.d/z.conf", "U_BOOT_PARAMETERS='ro\n")
    assert read(board)["error"] == "/etc/u-boot-menu/conf.d/z.conf: a quote in line 1 is never closed"
