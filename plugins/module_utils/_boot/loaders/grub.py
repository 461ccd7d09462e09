# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GRUB, on boards with UEFI firmware: a file of ours in /etc/default/grub.d, then grub-mkconfig makes grub.cfg."""

from __future__ import annotations

import functools
import re

from .. import evidence
from ..boot_files import DROP_IN, GRUB_MENU, LIMIT
from ..description import Description
from ..editing import shell_file
from ..menus import grub_menu

SYNTAX = {"grub": ("drop-in", "GRUB_CMDLINE_LINUX")}
DEFAULTS = "/etc/default/grub"
LINE = 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX %s"'
_TOOL = "/usr/sbin/grub-mkconfig"
_LINE = re.compile("^" + re.escape(LINE).replace("%s", "(.*)") + "$", re.MULTILINE)


def recognize(tree, cmdline):
    """Yield the Description if GRUB started the running kernel: it adds BOOT_IMAGE to the kernel's arguments."""
    image = re.search(r"(?:^|\s)BOOT_IMAGE=(\S+)", cmdline)
    if not image or not any(map(tree.exists, (GRUB_MENU, DEFAULTS, "/sys/firmware/efi"))):
        return
    try:
        yield _describe(tree, image.group(1), cmdline)
    except ValueError as error:
        yield Description("grub", error=f"GRUB started the running kernel, and {error}")


def _describe(tree, image, cmdline):
    """Return the Description. The entry that started the running kernel, not the default one, is what it gives."""
    if not tree.exists(_TOOL):
        raise ValueError(f"{_TOOL} is not installed")
    if "/default/grub.d" not in (tree.text(_TOOL, LIMIT) or ""):
        raise ValueError(f"its {_TOOL} does not read /etc/default/grub.d")
    text = tree.text(GRUB_MENU, 4 * LIMIT)
    if text is None:
        why = "cannot be read" if tree.exists(GRUB_MENU) else "does not exist"
        raise ValueError(f"{GRUB_MENU} {why}")
    if "grub-mkconfig" not in text[:1000]:
        raise ValueError(f"{GRUB_MENU} is not made by grub-mkconfig")
    name = image.rpartition("/")[2]
    own = [arguments for kernel, arguments in grub_menu.entries(text) if kernel.rpartition("/")[2] == name]
    if not own:
        raise ValueError(f"{GRUB_MENU} has no entry for {name}: another menu started it, or it was removed since")
    saved = saved_entry(tree)
    grub_menu.default_entry(text, saved)
    own = max(own, key=lambda arguments: evidence.fit(arguments, cmdline) or (0, 0))
    given = f"BOOT_IMAGE={image} {own}"
    return Description("grub", DROP_IN, given, _configured(tree), _TOOL, GRUB_MENU,
                       functools.partial(grub_menu.default_arguments, saved=saved), "-o", saved)


def saved_entry(tree):
    """Return the entry that GRUB's environment names as the default one, or None."""
    environment = tree.text("/boot/grub/grubenv", LIMIT) or ""
    return next(iter(re.findall(r"^saved_entry=(.*)$", environment, re.MULTILINE)), None)


def _configured(tree):
    """Return the arguments that GRUB's configuration sets without our file."""
    names, values = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"), {}
    folder = DROP_IN.rpartition("/")[0]
    paths = [f"{folder}/{name}" for name in tree.names(folder) if name.endswith(".cfg")]
    for path in [DEFAULTS, *(path for path in paths if path != DROP_IN)]:
        for name in names:
            try:
                value = shell_file.variable(tree.text(path, LIMIT) or "", name)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error
            if value is None:
                continue
            value = re.sub(rf"\$\{{{name}:\+([^}}]*)\}}", r"\1", value)  # ${NAME:+$NAME }
            parts = re.split(rf"\$(?:{name}|\{{{name}\}})(?!\w)", value)
            if path > DROP_IN and name == names[0] and len(parts) == 1:
                raise ValueError(f"{path} sets {name} after {DROP_IN}")
            values[name] = values.get(name, "").join(parts)
    return " ".join(" ".join(values.get(name, "") for name in names).split())


def own_arguments(text):
    """Return the arguments in the text of our file."""
    found = _LINE.search(text)
    return found.group(1) if found else ""


def read(text, unused_key, default):
    """Return the configured arguments."""
    return " ".join((f"{default} {own_arguments(text)}").split())
