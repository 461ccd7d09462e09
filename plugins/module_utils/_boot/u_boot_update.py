# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""u-boot-update of the package u-boot-menu, which makes U-Boot's menu: its path and its configuration."""

from __future__ import annotations

import collections
import re

from .._board.tree import clean
from .boot_files import FRAGMENTS, LIMIT
from .description import DEFAULT_ARGUMENTS, Description
from .editing.shell_file import variable
from .menus import extlinux_menu

CONFIG = "/etc/default/u-boot"
READ_CONFIG = "/usr/share/u-boot-menu/read-config"
VARIABLE = "U_BOOT_PARAMETERS"
_TOOLS = ("/usr/sbin/u-boot-update", "/usr/bin/u-boot-update", "/usr/local/sbin/u-boot-update")
_RADXA = re.compile(r'if ! grep -q "root=" /etc/kernel/cmdline; then\n.*?^fi', re.DOTALL | re.MULTILINE)
"""Of Radxa's fragment: not for a file that names the root."""
_DEFAULT = re.compile(r"\$\{U_BOOT_PARAMETERS:-([^}$`\n]{0,500})\}")

Settings = collections.namedtuple("Settings", "tool script config arguments default")
"""The path of u-boot-update, its text, the file that sets the arguments, the arguments or None, the tool's default."""


def settings(tree):
    """Return the Settings of a board's u-boot-update, or None if it is not installed or switched off.

    Raises:
        ValueError: a file of its configuration cannot be parsed; one sentence with its path.
    """
    path = tool(tree)
    if path is None:
        return None
    text = script(tree, path)
    config, arguments, enabled = CONFIG, None, None
    for file in [CONFIG, *_fragments(tree, text)]:  # the last one wins, as in the script
        value, switch = _read(tree, file)
        if value is not None:
            config, arguments = file, value
        enabled = switch or enabled
    if enabled not in (None, "true"):
        return None
    found = _DEFAULT.search(text)
    return Settings(path, text, config, arguments, clean(found.group(1), 500) if found else DEFAULT_ARGUMENTS)


def tool(tree):
    """Return the path of u-boot-update, or None."""
    return next(filter(tree.exists, _TOOLS), None)


def describe(tree, name, config, found):
    """Return the Description of a boot loader whose menu u-boot-update makes.

    Args:
        found: the Settings.
    """
    made, read = tree.text(extlinux_menu.PATH, LIMIT), extlinux_menu.default_arguments
    return Description(name, config, read(made) if made else "", found.default, found.tool, extlinux_menu.PATH, read)


def script(tree, path):
    """Return the text of u-boot-update and of the script it sources, which reads the configuration from 4.2.4 on."""
    return "".join(tree.text(file, LIMIT) or "" for file in (path, READ_CONFIG))


def reads_fragments(text):
    """Return whether a script() reads /etc/u-boot-menu/conf.d."""
    return "u-boot-menu/conf.d" in text


def _fragments(tree, text):
    """Return the configuration fragments that a script() reads, in its order."""
    folders = FRAGMENTS if reads_fragments(text) else ()
    return ["%s/%s" % (folder, name) for folder in folders for name in tree.names(folder) if name.endswith(".conf")]


def _read(tree, path):
    """Return (arguments, switch) as one file of the configuration sets them, None for what it does not set."""
    text = tree.text(path, LIMIT + 1) or ""
    if "root=" in (tree.text("/etc/kernel/cmdline", LIMIT) or ""):
        text = _RADXA.sub("", text)
    try:
        return variable(text, VARIABLE), variable(text, "U_BOOT_UPDATE")
    except ValueError as error:
        raise ValueError("%s: %s" % (path, error)) from error
