# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notes of the modules on what they change during an upgrade, for its rollback."""

from __future__ import annotations

import os

from .._board.tree import Tree
from .lists import add_lines, add_packages, content_digest, link_target
from .state import _heartbeat, while_pending


def refuse_ended(module, params):
    """Fail if this run has begun an upgrade that is not pending any more: the guard has rolled the board back.

    Args:
        params: `begun` and `state_dir`.
    """
    pending = os.path.join(params["state_dir"], "pending")
    if params["begun"] and (not os.path.isdir(pending) or os.path.exists(os.path.join(pending, "restoring"))):
        module.fail_json(msg="the board has rolled itself back in the meantime, so nothing was changed: rerun the "
                             "playbook")


def note_packages(state_dir, names, file="packages"):
    """Record packages for the rollback of the pending upgrade; return whether one is pending.

    It counts as a heartbeat: before and after it dpkg may be waited for, each time as long as apt does.

    Args:
        file: `packages`, those that were installed; `holds`, put on hold; `rehold`, taken off hold.
    """
    with while_pending(state_dir) as pending:
        if pending:
            add_packages(os.path.join(pending, file), names)
            _heartbeat(state_dir)
        return bool(pending)


def note_boot_files(state_dir, contents, root="/"):
    """Record what this collection writes into boot files: only files with this content are restored completely.

    Does nothing if no upgrade is pending.

    Args:
        state_dir: The state folder.
        contents: `{path: bytes, or None for no file}`.
        root: Root folder of the board's files.
    """
    tree = Tree(root)
    with while_pending(state_dir) as pending:
        if pending:
            add_lines(os.path.join(pending, "left"),
                      ["%s %s" % (content_digest(content), link_target(tree, path))
                       for path, content in contents.items()])
