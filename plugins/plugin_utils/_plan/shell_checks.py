# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a change of a variable in a configuration that a shell sources reaches the kernel."""

from __future__ import annotations

import re

from ...module_utils._boot import registry, shell_file, sources, u_boot_update

_QUOTED = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|(?:^|(?<=\s))\#[^\n]*""", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"(?:^|[;&|(){}]|\b(?:then|else|do)\b)\s*(if|case|for|while|until|fi|esac|done)\b", re.MULTILINE)
_CLOSING = ("fi", "esac", "done")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})\Z")


def problem(boot):
    """Return why the kernel arguments in a file that a shell sources are not edited, one sentence, or None.

    Args:
        boot: the facts of the boot loader.
    """
    kind, name = registry.find(boot["loader"]).SYNTAX[boot["loader"]]
    if kind != "shell":
        return None
    files = sources.Sources(boot.get("files"))
    # github.com/SalimTerryLi/u-boot-menu-ng, another program of that name.
    if "/u-boot-menu/plugins" in (u_boot_update.script(files, boot["update"]) if boot.get("update") else ""):
        return (f"{boot['update']} is that of u-boot-menu-ng, which takes the kernel arguments from "
                f"U_BOOT_ENTRY_BOOT_ARGS in {u_boot_update.CONFIG}")
    text = files.text(boot.get("config"), None) or ""
    spans = list(shell_file.assignments(text, name))
    if not spans:
        return None
    if _is_conditional(text, spans[-1][0]):
        return f"{boot['config']}: {name} is set under a condition (if, case or &&)"
    words = shell_file.value_of(text[slice(*spans[-1])]).split()
    if words and boot.get("default") and all(_is_empty(text, word) for word in words):
        return f"{boot['config']}: {name} is made of variables that this file does not set: {' '.join(words)[:80]}"
    return None


def _is_conditional(text, at):
    """Return whether a shell may skip what stands there.

    Args:
        at: the start of a variable's value.
    """
    plain = _QUOTED.sub(lambda match: re.sub(r"[^\n]", "x", match.group()), text)[:at]
    depth = sum(-1 if word in _CLOSING else 1 for word in _WORD.findall(plain))
    return depth > 0 or bool(re.search(r"(?:&&|\|\|)\s*(?:\w+=\S*\s+)*\w+=\Z", plain)) or (
        plain.count("{") > plain.count("}"))


def _is_empty(text, word):
    """Return whether a word is a variable that the text leaves empty."""
    name = _VARIABLE.match(word)
    return bool(name) and not shell_file.variable(text, name.group(1) or name.group(2))
