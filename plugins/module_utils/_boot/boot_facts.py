# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts of a board's boot loader, made on the controller from the files that the board sends (see sources)."""

from __future__ import annotations

from .._board.tree import clean
from . import registry, sources, unknown
from .boot_files import LIMIT
from .editing.text_file import checked


def complete(facts):
    """Return the facts of the boot loader, as npu_facts documents them.

    Args:
        facts: as a board sends them, with `files` (see sources) and `cmdline`.
    """
    return dict(facts, **read(sources.Sources(facts.get("files")), facts.get("cmdline") or ""))


def read(tree, cmdline):
    """Return the facts that complete() adds, and cmdline."""
    loader = registry.recognize(tree, cmdline, unknown.describe)
    facts = {"loader": loader.name, "config": loader.config, "cmdline": cmdline, "configured": None, "next": None,
             "default": loader.default, "update": loader.update, "error": loader.error}
    try:
        if loader.config:
            _read_arguments(tree, loader, facts)
    except ValueError as error:
        facts["error"] = clean(f"{loader.config}: {error}")
    return facts


def _read_arguments(tree, loader, facts):
    """Fill in the arguments that are configured, and those of the next boot."""
    text = tree.text(loader.config, LIMIT + 1)
    if text is None and tree.exists(loader.config):
        facts["error"] = f"{loader.config} cannot be read"
        return
    arguments = registry.configured(loader.name, checked(text or ""), loader.default)
    facts["configured"] = facts["next"] = clean(arguments, 2048)
    if loader.update:
        made = tree.text(loader.made, 4 * LIMIT)
        facts["next"] = clean(loader.read_made(made), 2048) if made else None
