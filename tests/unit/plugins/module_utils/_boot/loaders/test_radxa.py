# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Radxa OS: /etc/kernel/cmdline."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit

NAME, VALUE = "initcall_blacklist", "rknpu_init"
ARGUMENT = "initcall_blacklist=rknpu_init"

# before, after: removing from `after` gives `before` again, byte for byte.
REVERSIBLE = [
    ("root=UUID=1-2 console=ttyFIQ0,1500000n8 quiet\n",
     "root=UUID=1-2 console=ttyFIQ0,1500000n8 quiet %s\n" % ARGUMENT),
    ("root=UUID=1-2 quiet", "root=UUID=1-2 quiet %s" % ARGUMENT),
    ('dyndbg="file a.c +p" initcall_blacklist="a" quiet\r\n',
     'dyndbg="file a.c +p" initcall_blacklist="a,rknpu_init" quiet\r\n'),
    ("initcall-blacklist=a ro\n", "initcall-blacklist=a,rknpu_init ro\n"),
]


@pytest.mark.parametrize("before, after", REVERSIBLE)
def test_an_argument_is_added_and_removed_byte_for_byte(check_reversible, before, after):
    check_reversible("radxa", before, after)


@pytest.mark.parametrize("text, why", [
    ("", "0 lines"),
    ("a\nb\n", "2 lines"),
    ('ro "quiet\n', "never closed"),
    ("x" * 2040, "longer than"),
])
def test_configuration_that_cannot_be_edited_is_refused_with_one_sentence(text, why):
    with pytest.raises(ValueError, match=why) as error:
        edit.add("radxa", text, NAME, VALUE)
    assert "\n" not in str(error.value)


def test_radxa_uses_kernel_cmdline_unless_parameters_are_set(board, read):
    board.u_boot_menu().write("/etc/kernel/cmdline", "root=UUID=1 quiet\n")
    assert (read(board)["loader"], read(board)["config"]) == ("radxa", "/etc/kernel/cmdline")
    board.write("/etc/default/u-boot", 'U_BOOT_PARAMETERS="ro"\n')
    assert read(board)["loader"] == "u-boot-menu"


# radxa-pkg/radxa-system-config, usr/share/u-boot-menu/conf.d/radxa.conf since January 2025: "only override
# U_BOOT_PARAMETERS when needed".
FRAGMENT = """U_BOOT_PROMPT=1
U_BOOT_TIMEOUT=10
if ! grep -q "root=" /etc/kernel/cmdline; then
    U_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"
fi
"""
SCRIPT = "for file in /usr/share/u-boot-menu/conf.d/*.conf /etc/u-boot-menu/conf.d/*.conf; do . $file; done\n"


@pytest.mark.parametrize("cmdline, default, loader, config", [
    ("root=UUID=1 quiet\n", "", "radxa", "/etc/kernel/cmdline"), ("quiet\n", "", "radxa", "/etc/kernel/cmdline"),
    ("root=UUID=1 quiet\n", "U_BOOT_TIMEOUT=5\n", "radxa", "/etc/kernel/cmdline"),
    # The parameters of the owner (radxa/u-boot 90), which the fragment replaces only in a file without root=.
    ("root=UUID=1 quiet\n", 'U_BOOT_PARAMETERS="ipv6.disable=1"\n', "u-boot-menu", "/etc/default/u-boot"),
    ("quiet\n", 'U_BOOT_PARAMETERS="ipv6.disable=1"\n', "radxa", "/etc/kernel/cmdline"),
])
def test_a_fragment_that_radxa_sets_under_a_condition(board, read, cmdline, default, loader, config):
    board.u_boot_menu(default).write("/etc/kernel/cmdline", cmdline)
    board.write("/usr/sbin/u-boot-update", SCRIPT + board.place("/usr/sbin/u-boot-update").read_text())
    found = read(board.write("/usr/share/u-boot-menu/conf.d/radxa.conf", FRAGMENT))
    assert (found["loader"], found["config"], found["error"]) == (loader, config, None)


# Debian u-boot-menu 4.2.2, u-boot-update: if the file gives nothing, the script's default stays. An image script of a
# Turing RK1 makes the file with `touch`.
@pytest.mark.parametrize("empty", ["", "\n"])
def test_an_empty_kernel_cmdline_counts_for_nothing(board, read, empty):
    board.u_boot_menu().write("/etc/kernel/cmdline", empty)
    assert (read(board)["loader"], read(board)["config"]) == ("u-boot-menu", "/etc/default/u-boot")
