# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How images write what a shell sources: which file decides about the arguments of u-boot-update, and who edits it.

The forms are relatives of usr/share/u-boot-menu/conf.d of radxa-pkg/radxa-system-config, Joshua-Riek/ubuntu-rockchip
(also #857 and #973) and of citadel-core/os (10-citadel-os.conf).
"""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit, shell_file
from stand_ins.boards.boot_round_trip import ARGUMENT
from stand_ins.boards.u_boot_update import TOOL

CMDLINE, DEFAULTS = "/etc/kernel/cmdline", "/etc/default/u-boot"
FRAGMENT = "/usr/share/u-boot-menu/conf.d/image.conf"
WORDS = "rootwait rw console=ttyS2 quiet"
NAME = "U_BOOT_PARAMETERS"


def facts(board, path, text, cmdline=WORDS + "\n"):
    """Return the facts of a board whose u-boot-update has a file of its configuration."""
    board.write("/usr/sbin/u-boot-update", TOOL).write(path, text)
    board.write("/boot/extlinux/extlinux.conf", f"label l0\n\tlinux /vmlinuz\n\tappend root=UUID=1 {WORDS}\n")
    if cmdline:
        board.write(CMDLINE, cmdline)
    return boot_facts.read(Tree(str(board.root)), f"root=UUID=1 {WORDS}")


@pytest.mark.parametrize("value", [
    '"$(cat /etc/kernel/cmdline)"',
    "$(cat /etc/kernel/cmdline)",
    "`cat /etc/kernel/cmdline`",
    "$(cat /etc/kernel/cmdline)  # the image's arguments",
    '"$(< /etc/kernel/cmdline)"',
    '"$(cat /etc/kernel/cmdline 2>/dev/null)"',
    '"$(cat /etc/kernel/cmdline || true)"',
    '"$(cat "/etc/kernel/cmdline" | tr \'\\n\' \' \')"',
    '"$(head -n1 /etc/kernel/cmdline)"',
    "$(head -n 1 /etc/kernel/cmdline)",
    '"$(tail -n 1 /etc/kernel/cmdline)"',
    "\"$(tr -d '\\n' < /etc/kernel/cmdline)\"",
    "\"$(grep -v '^#' /etc/kernel/cmdline)\"",
    "\"$(sed 's/root=[^ ]*//' /etc/kernel/cmdline)\"",
    '"cma=1G $(cat /etc/kernel/cmdline)"',
    '"$(cat /etc/kernel/cmdline /etc/kernel/more)"',
])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\nU_BOOT_TIMEOUT=10\n", ""])
def test_a_command_that_reads_the_kernels_arguments(board, value, end):
    found = facts(board, FRAGMENT, f'U_BOOT_UPDATE="true"\n{NAME}={value}{end}')
    assert (found["loader"], found["config"], found["error"]) == ("radxa", CMDLINE, None)


@pytest.mark.parametrize("value", [
    "$(cat /proc/cmdline)", '"$(cat /proc/cmdline)"', "`cat /proc/cmdline`", '"$(cat /etc/kernel/cmdline.d/*.conf)"',
    "$(cat /etc/kernel/cmdline-backup)", '"$(/usr/sbin/arguments /etc/kernel/cmdline)"', "quiet$(cat /etc/x)",
    "$(uname -r) # it's mine", "`uname -r` `uname -m`",
])
@pytest.mark.parametrize("end", ["\n", "\n# end"])
def test_what_another_command_says_is_not_edited(board, value, end):
    """An edit that takes `$(cat` for the value would lose every argument of the board."""
    text = f"{NAME}={value}{end}"
    found = facts(board, DEFAULTS, text)
    assert (found["loader"], found["config"]) == ("u-boot-menu", DEFAULTS)
    with pytest.raises(ValueError, match="computed by a command"):
        edit.add("u-boot-menu", text, *ARGUMENT, found["default"])


@pytest.mark.parametrize("line", [
    f': ${{{NAME}:="{WORDS}"}}', f': "${{{NAME}:={WORDS}}}"', f": ${{{NAME}={WORDS}}}", f"true ${{{NAME}:={WORDS}}}",
    f"OTHER=${{{NAME}:=quiet}}",
])
def test_a_default_that_the_shell_assigns_is_not_taken_for_nothing(board, line):
    """Else the tool's own default would be written above it, and the owner's arguments lost."""
    found = facts(board, DEFAULTS, line + "\n", cmdline=None)
    assert found["config"] is None and f"{DEFAULTS}: {NAME} is set with :=" in found["error"]
    with pytest.raises(ValueError, match="is set with :="):
        edit.add("u-boot-menu", line + "\n", *ARGUMENT)


@pytest.mark.parametrize("text", [
    f"# : ${{{NAME}:=quiet}}\n", f'X="${{{NAME}:-quiet}}"\n', f": ${{{NAME}2:=quiet}}\n",
    f": ${{OTHER_{NAME}:=quiet}}\n",
])
def test_other_expansions_set_nothing(text):
    assert shell_file.variable(text, NAME) is None


def test_the_lines_below_a_command_count():
    text = f"{NAME}=$(cat /etc/x)\nU_BOOT_TIMEOUT=10\n{NAME}='rw quiet'\n"
    assert shell_file.variable(text, NAME) == "rw quiet" and shell_file.variable(text, "U_BOOT_TIMEOUT") == "10"
    changed = edit.add("u-boot-menu", text, *ARGUMENT)
    assert changed == text.replace("quiet", "quiet initcall_blacklist=rknpu_init")
    assert edit.remove("u-boot-menu", changed, *ARGUMENT) == text


@pytest.mark.parametrize("text", [
    f"{NAME}=$(cat " * 5000, f"{NAME}=`\n" * 8000, f"${{{NAME}:" * 4000, "`cat /etc/kernel/" * 4000, "$(" * 30000,
])
def test_hostile_files_take_no_longer(board, text):
    assert facts(board, FRAGMENT, text)["loader"]
