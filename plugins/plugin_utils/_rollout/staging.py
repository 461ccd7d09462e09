# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's record of what staging boards have verified: `{"schema": 2, "verified": [entry, ...]}` as JSON.

Releases 1.x wrote schema 1, which has the entries in `proven`. It is read, and replaced with the next entry. Entries of
earlier releases lack the fields in `NEWER`. They are kept, and match no board.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os

from ...module_utils._board.files import write_file
from .._schema.values import parse_json
from .decide import KEY

SCHEMA = 2
NEWER = ("build", "build_files")
FIELDS = (*(name for name in KEY if name not in NEWER), "board", "since")


class StagingError(Exception):
    """The record cannot be read or written; one sentence says why and what to do."""


def read(path):
    """Return the entries on record, oldest first; none if the file does not exist yet.

    Raises:
        StagingError: if the file is not such a record.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            data = parse_json(stream.read())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StagingError("the record of verified kernels cannot be read: %s" % error) from error
    except ValueError as error:
        raise _damaged(path, "it is not JSON: %s" % error) from error
    if not isinstance(data, dict) or not isinstance(data.get("schema"), int):
        raise _damaged(path, "it has no schema number")
    if data["schema"] > SCHEMA:
        raise StagingError(
            "%s was written by a newer release of this collection (schema %d). "
            "Use that release, or another npu_staging_file"
            % (path, data["schema"])
        )
    verified = data.get("verified" if data["schema"] > 1 else "proven")
    if not isinstance(verified, list) or not all(
            isinstance(entry, dict) and all(isinstance(entry.get(name), str) for name in FIELDS)
            and all(isinstance(entry.get(name, ""), str) for name in NEWER) for entry in verified):
        raise _damaged(path, "its entries need %s as text" % ", ".join(FIELDS))
    return verified


def add(path, entries, since):
    """Record entries (each `KEY` and `board`) that are not on record yet; return all entries and the new ones.

    Args:
        since: when they were verified, as text.

    Raises:
        StagingError: as `read`, and if the file cannot be written.
    """
    try:
        with locked(path):
            recorded = read(path)
            known = {_id(entry) for entry in recorded}
            new = [
                dict({name: entry[name] for name in (*KEY, "board")}, since=since) for entry in entries
                if _id(entry) not in known
            ]
            if new:
                text = json.dumps({"schema": SCHEMA, "verified": recorded + new}, indent=2) + "\n"
                # Of an existing file mode and owner are kept.
                write_file(path, text.encode(), None if os.path.exists(path) else 0o600)
            return recorded + new, new
    except OSError as error:
        # Without the name of an unfinished file, which is another one each time.
        why = os.strerror(error.errno) if error.errno else error
        raise StagingError("the record of verified kernels, %s, cannot be written: %s" % (path, why)) from error


def _id(entry):
    return tuple(entry.get(name) for name in KEY)


def _damaged(path, why):
    return StagingError(
        "the record of verified kernels, %s, is damaged (%s). "
        "Remove it, and a staging board goes first again for each kernel" % (path, why)
    )


@contextlib.contextmanager
def locked(path):
    """Prevent other runs on this controller from writing; the kernel releases the lock of a run that died."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    handle = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
