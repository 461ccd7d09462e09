# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The supported boot loaders, each a file of loaders/, and their common code.

Each of these files has:

NAMES: its names in the facts.
recognize(tree, cmdline): the Description of the board's boot loader, None if it is another one.
read(text, default): the kernel arguments that its configuration asks for, as one line.
edit(text, change, default): the text with change() applied to its kernel arguments, all else byte for byte.

edit.add() and edit.remove() use edit(). How a change takes effect is in the Description: at once, or by its update
tool, see update_tool.

To add a boot loader, add its file there and its name to both lists here. All functions raise ValueError, one sentence
for the operator, if a configuration cannot be parsed. CONTRIBUTING.md says what a loader needs whose update tool
makes another file than extlinux.conf.
"""

from __future__ import annotations

from .._board.tree import clean
from .description import UNKNOWN
from .loaders import environment, extlinux, radxa, u_boot_menu
from .text_file import checked, LIMIT

# The first that recognizes a board's boot loader wins. A list of its own: facts need no more, and the program that
# gathers them is sent to each board with what they need.
RECOGNIZERS = (environment.recognize, radxa.recognize, u_boot_menu.recognize, extlinux.recognize)
LOADERS = (environment, radxa, u_boot_menu, extlinux)


def recognize(tree, cmdline):
    """Return the Description of a board's boot loader.

    Args:
        cmdline: the arguments of the running kernel: they decide which of two configurations is in use.
    """
    try:
        return next(filter(None, (recognizer(tree, cmdline) for recognizer in RECOGNIZERS)), UNKNOWN)
    except ValueError as error:
        return UNKNOWN._replace(error=clean(str(error)))


def read(tree, cmdline):
    """Return the facts {loader, config, cmdline, configured, next, default, update, error}.

    configured is what the configuration asks for, next what the boot loader reads at the next boot: they differ if the
    update tool was not run. Both are None if they are not known, error is the reason then.
    """
    loader = recognize(tree, cmdline)
    facts = {"loader": loader.name, "config": loader.config, "cmdline": cmdline, "configured": None, "next": None,
             "default": loader.default, "update": loader.update, "error": loader.error}
    try:
        if loader.config:
            _read_arguments(tree, loader, facts)
    except ValueError as error:
        facts["error"] = clean("%s: %s" % (loader.config, error))
    return facts


def _read_arguments(tree, loader, facts):
    """Fill in the arguments that are configured, and those of the next boot."""
    text = tree.text(loader.config, LIMIT + 1)
    if text is None and tree.exists(loader.config):
        facts["error"] = "%s cannot be read" % loader.config
        return
    facts["configured"] = facts["next"] = clean(loader.read(checked(text or ""), loader.default), 2048)
    if loader.update:
        made = tree.text(loader.made, LIMIT)
        facts["next"] = clean(loader.read_made(made), 2048) if made else None


def find(name):
    """Return the file of loaders/ for a boot loader's name in the facts."""
    for loader in LOADERS:
        if name in loader.NAMES:
            return loader
    raise ValueError("no way is known to set kernel arguments with the boot loader %r" % (name,))
