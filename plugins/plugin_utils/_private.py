# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether others than the user who runs Ansible can change what is in a folder of the controller."""

from __future__ import annotations

import grp
import os
import pwd
import stat


def others_can_write(*folders, strict=False):
    """One sentence on why others can write to one of these folders, or replace it, and the command that fixes it; None where they cannot.

    A folder must belong to the user who runs Ansible. What leads to it may also be root's, and may be writable by
    others where it is sticky, as /tmp is. Folders that are not there yet are passed over.

    Args:
        strict: whether a folder itself may be written to by nobody else at all, be it a group that has no other
            members.
    """
    for folder in folders:
        for path in _with_parents(folder):
            try:
                there = os.stat(path)
            except FileNotFoundError:
                continue
            parent = path not in (os.path.abspath(folder), os.path.realpath(folder))
            if there.st_uid not in ((os.geteuid(), 0) if parent else (os.geteuid(),)):
                return "%s belongs to user %d (mode %04o): 'chown %d %s'" % (
                    path, there.st_uid, stat.S_IMODE(there.st_mode), os.geteuid(), path,
                )
            if parent and there.st_mode & stat.S_ISVTX:
                continue
            writable = (
                there.st_mode & 0o002 or there.st_mode & 0o020
                and (strict and not parent or not _is_own_group(there.st_gid))
            )
            if writable:
                return "%s has mode %04o (group %d): 'chmod go-w %s'" % (
                    path, stat.S_IMODE(there.st_mode), there.st_gid, path,
                )
    return None


def _with_parents(folder):
    """A folder and all that leads to it, both as it is called and where links lead."""
    found = []
    for path in (os.path.abspath(folder), os.path.realpath(folder)):
        while path not in found:
            found.append(path)
            path = os.path.dirname(path)
    return found


def _is_own_group(number):
    """Whether nobody else is in a group: that of root, which is the one group of many containers, and the one that many systems make for each user."""
    if number == 0:
        return True
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
