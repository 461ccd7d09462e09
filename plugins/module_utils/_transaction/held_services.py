# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drop-ins that keep services down, also at the boots of an upgrade, until it is committed or rolled back.

Their condition is the restore point itself, so they have no effect from the moment on in which it is gone. They are
entries of its manifest: each rollback removes them, whoever begins it.
"""

from __future__ import annotations

import contextlib
import os

from .._board.files import describe_error, ensure_dir, sync_dir, write_file
from .._board.paths import STATE_DIR
from .._facts.holders import full_name
from .state import TransactionError

UNITS = "/etc/systemd/system"
# The last drop-in of a unit: an empty condition in one of the owner's would reset ours.
NAME = "zz-rkfleet-npu.conf"
_TEXT = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Installed by rkfleet.npu.npu_transaction (npu_services) until an upgrade is committed or rolled back.
[Unit]
ConditionPathExists=!%s/pending
"""


def drop_in(service):
    """Return the path of the drop-in of a systemd unit."""
    return f"{UNITS}/{full_name(service)}.d/{NAME}"


def entries(services):
    """Return the drop-ins and their folders as watched() returns paths."""
    paths = [drop_in(service) for service in services]
    return [*((path, "file") for path in paths), *((os.path.dirname(path), "folder") for path in paths)]


def hold(root, services):
    """Write the drop-ins of these units; systemd has to reload them.

    Raises:
        TransactionError: One cannot be written.
    """
    for service in services:
        place = os.path.join(root, drop_in(service).lstrip("/"))
        try:
            ensure_dir(os.path.dirname(place))
            write_file(place, (_TEXT % STATE_DIR).encode(), 0o644)
        except OSError as error:
            raise TransactionError(f"service {service} cannot be kept down: {describe_error(error, place)}") from (
                error)


def release(root):
    """Remove all drop-ins of this collection; return whether there were any."""
    folder = os.path.join(root, UNITS.lstrip("/"))
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".d")]
    except OSError:
        return False
    found = False
    for name in names:
        place = os.path.join(folder, name)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(os.path.join(place, NAME))
            found = True
            sync_dir(place)
            with contextlib.suppress(OSError):  # the owner's own drop-ins
                os.rmdir(place)
    return found
