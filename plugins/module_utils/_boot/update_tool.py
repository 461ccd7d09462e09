# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the tool that writes the boot loader's menu, out of the loader's sight until the result is checked."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile

from .._board.files import LEFTOVER, disk_full, ensure_dir, read_file, write_file

# Mounted over the folder for one command and its children only: all others, U-Boot included, see no change.
_UNSHARE = ["unshare", "--mount", "--propagation", "private", "--"]
_ELSEWHERE = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def make(run, tool, place, state_dir, output=None):
    """Return the content of the file that the tool makes, None if it makes none.

    Such a tool does not sync its file, without which a board does not boot: it works on a copy that only it can see, or
    on the file itself where mount namespaces are forbidden.

    Args:
        run: function of a command as a list that returns (rc, stdout, stderr).
        tool: path of the tool.
        place: path of the file that it makes.
        state_dir: folder of ours for the copy.
        output: option of the tool that makes it write another file, None if it has none.

    Raises:
        ValueError: the tool failed, one sentence why.
    """
    with (_private(state_dir) if output else _copied(run, place, state_dir)) as (folder, command):
        options = [output, os.path.join(folder, os.path.basename(place))] if output else []
        rc, out, err = run([*command, tool, *options])
        if rc != 0:
            full = disk_full(folder) + "; " if "No space left on device" in out + err else ""
            said = " ".join((err or out).split())[:300] or "no message"
            raise ValueError("%s%s ended with %d: %s" % (full, tool, rc, said))
        return read_file(os.path.join(folder, os.path.basename(place)))


@contextlib.contextmanager
def _private(state_dir):
    """Yield (folder, []): an empty folder for a tool that writes the file it is told to write."""
    ensure_dir(state_dir, 0o700)
    folder = tempfile.mkdtemp(prefix=LEFTOVER, dir=state_dir)
    try:
        yield folder, []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _copied(run, place, state_dir):
    """Yield (folder, command): the folder where a tool makes its file if it is run with command before it."""
    folder = os.path.dirname(place)
    fresh = ensure_dir(folder)
    ensure_dir(state_dir, 0o700)
    private = tempfile.mkdtemp(prefix=LEFTOVER, dir=state_dir)
    command = [*_UNSHARE, "sh", "-c", _ELSEWHERE, "sh", private, folder]
    try:
        if not shutil.which("unshare") or run([*command, "true"])[0] != 0:
            yield folder, []
            return
        current = read_file(place)
        if current is not None:
            write_file(os.path.join(private, os.path.basename(place)), current)
        yield private, command
    finally:
        shutil.rmtree(private, ignore_errors=True)
        if fresh:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
