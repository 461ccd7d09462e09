# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The shell scripts and units that modules install on boards: files of the roles, which action plugins send to the modules."""

from __future__ import annotations

import json
import pathlib

from ansible.errors import AnsibleActionFail

ROLES = pathlib.Path(__file__).parents[2] / "roles"


def guard():
    """Return the guard's files as C({name: text}): C(guard), joined from its parts, and the two units.

    The parts are joined in the order of their names. All but the first begin with comments on the part itself, up to
    the first blank line, which are left out.
    """
    folder = ROLES / "guard/files"
    first, *others = _read(sorted((folder / "guard").glob("*.sh"))).values()
    script = "\n".join([first, *(part.partition("\n\n")[2] for part in others)])
    return {"guard": script, **_read(sorted(folder.glob("*.service")))}


def default_kernel():
    """Return what chooses the default kernel as C({name: text}), each by the name that it has on the board."""
    return _read(sorted((ROLES / "driver/files/default-kernel").iterdir()))


def send(read):
    """Return the files that I(read) returns as the value of a module's option.

    :raises AnsibleActionFail: if they cannot be read.
    """
    try:
        return json.dumps(read())
    except (OSError, ValueError) as error:
        raise AnsibleActionFail(
            "a file of the collection cannot be read on the controller: %s. "
            "Install it again with 'ansible-galaxy collection install --force rkfleet.npu'" % error
        ) from error


def _read(paths):
    return {path.name: path.read_text(encoding="utf-8") for path in paths}
