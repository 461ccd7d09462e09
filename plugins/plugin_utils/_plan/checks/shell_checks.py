# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a change of a variable in a configuration that a shell sources reaches the kernel."""

from __future__ import annotations

import re

from ....module_utils._boot import boot_files, registry, sources, u_boot_update
from ....module_utils._boot.editing import shell_file
from ....module_utils._boot.loaders import grub

_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|(?:^|(?<=\s))\#[^\n]*""", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"(?:^|[;&|(){}]|\b(?:then|else|do)\b)\s*(if|case|for|while|until|fi|esac|done)\b", re.MULTILINE)
_OPENING, _CLOSING = ("then", "else", "do"), ("fi", "esac", "done")
_COMMAND = re.compile(r"[\n;&|(){}]")
_ASSIGNMENT = re.compile(r"\w+=")
_BACKGROUND = re.compile(r"[ \t]*&(?!&)")
_FOR_A_COMMAND = "{}: {} is set for one command only, not for what follows: a value with blanks is written in quotes"
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})\Z")


def problem(boot):
    """Return why the kernel arguments in a file that a shell sources are not edited, one sentence, or None.

    Args:
        boot: the facts of the boot loader.
    """
    kind, name = registry.find(boot["loader"]).SYNTAX[boot["loader"]]
    files = sources.Sources(boot.get("files"))
    if boot["loader"] == "grub":
        return _problem_of_grub(files)
    if kind != "shell":
        return None
    # github.com/SalimTerryLi/u-boot-menu-ng, another program of that name.
    if "/u-boot-menu/plugins" in (u_boot_update.script(files, boot["update"]) if boot.get("update") else ""):
        return (f"{boot['update']} is that of u-boot-menu-ng, which takes the kernel arguments from "
                f"U_BOOT_ENTRY_BOOT_ARGS in {u_boot_update.CONFIG}")
    text = files.text(boot.get("config"), None) or ""
    spans = list(shell_file.assignments(text, name))
    if re.search(rf"\bunset[ \t][^\n;]*\b{name}\b", _plain(text)):
        return f"{boot['config']}: {name} is removed again (unset)"
    if not spans:
        return None
    if _is_conditional(text, spans[-1][0]):
        return f"{boot['config']}: {name} is set under a condition (if, case or &&)"
    if _is_for_a_command(text, *spans[-1]):
        return _FOR_A_COMMAND.format(boot["config"], name)
    words = shell_file.value_of(text[slice(*spans[-1])]).split()
    if words and boot.get("default") and all(_is_empty(text, word) for word in words):
        return f"{boot['config']}: {name} is made of variables that this file does not set: {' '.join(words)[:80]}"
    return None


def _problem_of_grub(files):
    """Return why grub-mkconfig, which sources these files too, would end with an error, one sentence, or None."""
    folder = boot_files.DROP_IN.rpartition("/")[0]
    for path in (grub.DEFAULTS, *(f"{folder}/{name}" for name in files.names(folder))):
        text = files.text(path, None) or ""
        for name in ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"):
            if any(_is_for_a_command(text, *span) for span in shell_file.assignments(text, name)):
                return _FOR_A_COMMAND.format(path, name)
    return None


def _is_conditional(text, at):
    """Return whether a shell may skip what stands there.

    Args:
        at: the start of a variable's value.
    """
    plain = _plain(text)[:at]
    depth = sum(-1 if word in _CLOSING else 1 for word in _WORD.findall(plain))
    return depth > 0 or bool(re.search(r"(?:&&|\|\|)\s*(?:\w+=\S*\s+)*\w+=\Z", plain)) or (
        plain.count("{") > plain.count("}"))


def _is_for_a_command(text, start, end):
    """Return whether the shell takes what stands there for a part of a command: `NAME=quiet splash` runs splash.

    Args:
        start, end: of a variable's value.
    """
    plain = _plain(text)
    before, after = _COMMAND.split(plain[:start])[-1].split()[:-1], _COMMAND.split(plain[end:])[0].split()
    before = [word for word in before if word not in _OPENING]
    if before[:1] in (["export"], ["readonly"]):
        return False
    return (not all(map(_ASSIGNMENT.match, before + after)) or "<<" in plain[:start]
            or plain[:start].count("(") > plain[:start].count(")") or bool(_BACKGROUND.match(plain, end)))


def _plain(text):
    """Return the text with an x for each character in quotes, and without comments and backslashes at line ends."""
    text = _QUOTED.sub(lambda match: re.sub(r"[^\n]", " " if match.group()[0] == "#" else "x", match.group()), text)
    return text.replace("\\\n", "  ")


def _is_empty(text, word):
    """Return whether a word is a variable that the text leaves empty."""
    name = _VARIABLE.match(word)
    return bool(name) and not shell_file.variable(text, name.group(1) or name.group(2))
