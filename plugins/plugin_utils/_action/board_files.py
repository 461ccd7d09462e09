# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scripts and units that modules install on boards: files of the roles, passed by the action plugins."""

from __future__ import annotations

import json
import os
import pathlib

from ansible.errors import AnsibleActionFail

from ...module_utils._boot.menus import default_kernel_paths
from ...module_utils._transaction import guard as _guard

ROLES = pathlib.Path(__file__).parents[3] / "roles"


def guard():
    """Return the guard's files as `{name: text}`: the script, joined from its parts, and the two units.

    The parts are joined in the order of their names. All but the first begin with comments on the part itself, up to
    the first blank line, which are omitted.

    Raises:
        OSError: if one is missing.
    """
    folder = ROLES / "guard/files"
    parts = [_text(path) for path in sorted((folder / "guard").glob("*.sh"))]
    if not parts:
        raise FileNotFoundError("no *.sh in %s" % (folder / "guard"))
    script = "\n".join(parts[:1] + [part.partition("\n\n")[2] for part in parts[1:]])
    return {"guard": script, **{name: _text(folder / name) for name in (_guard.BOOT_UNIT, _guard.WATCH_UNIT)}}


def default_kernel():
    """Return the files that choose the default kernel as `{name: text}`, each by its name on the board.

    Raises:
        OSError: if one is missing.
    """
    folder = ROLES / "driver/files/default-kernel"
    return {name: _text(folder / name) for name in map(os.path.basename, default_kernel_paths.FILES)}


def as_option(files):
    """Return the files that guard() or default_kernel() returns as the value of a module's option.

    Args:
        files: that function.

    Raises:
        AnsibleActionFail: if a file cannot be read.
    """
    try:
        return json.dumps(files())
    except (OSError, ValueError) as error:
        raise AnsibleActionFail(
            "a file of the collection cannot be read on the controller: %s. "
            "Install it again with 'ansible-galaxy collection install --force rkfleet.npu'" % error
        ) from error


def _text(path):
    return path.read_text(encoding="utf-8")
