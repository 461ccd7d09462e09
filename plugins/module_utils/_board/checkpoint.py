# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write out a file system's journal, because U-Boot does not replay it when it reads files."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import signal

# include/uapi/linux/fs.h: _IOWR('X', 119, int) and _IOWR('X', 120, int), the same on every architecture that Debian's
# arm64 and x86 are.
_FIFREEZE, _FITHAW = 0xC0045877, 0xC0045878
_THAW_AFTER = 20


def checkpoint(path):
    """Write out the journal of a path's file system; return whether that was done.

    U-Boot reads ext4 without replaying the journal. A file that was renamed into place and synced is in the journal for
    sure, but for U-Boot the folder still names the old one (or blocks that are used for something else by now) until
    the journal is written out. Freezing a file system does that, so it is frozen and thawed again at once.

    A root file system that stays frozen takes the whole board with it. So nothing is done in between, no signal is let
    through, and a process of its own thaws it where this one dies or hangs. What cannot be frozen (another kind of file
    system, one that somebody else has frozen, no right to) is only synced.
    """
    os.sync()  # so that nearly nothing is left to write while it is frozen
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _freeze_and_thaw(handle)
    finally:
        os.close(handle)


def _freeze_and_thaw(handle):
    ours, theirs = os.pipe()
    guard = os.fork()
    if guard == 0:
        _thaw_if_left(handle, ours, theirs)
    os.close(ours)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        fcntl.ioctl(handle, _FIFREEZE, 0)
        try:
            return True
        finally:
            fcntl.ioctl(handle, _FITHAW, 0)
    except OSError as error:
        # EINVAL: the guard was faster to thaw it.
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM, errno.EBUSY, errno.EINVAL):
            raise
        return error.errno == errno.EINVAL
    finally:
        with contextlib.suppress(OSError):
            os.write(theirs, b"done")
        os.close(theirs)
        os.waitpid(guard, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _thaw_if_left(handle, ours, theirs):
    """Thaw the file system in this process if the parent no longer can. Never returns."""
    try:
        os.setsid()  # a signal to the parent's process group must not reach this process
        os.close(theirs)
        while not select.select([ours], [], [], _THAW_AFTER)[0]:
            with contextlib.suppress(OSError):
                fcntl.ioctl(handle, _FITHAW, 0)
        if not os.read(ours, 8):
            with contextlib.suppress(OSError):
                fcntl.ioctl(handle, _FITHAW, 0)
    finally:
        os._exit(0)  # pylint: disable=protected-access
