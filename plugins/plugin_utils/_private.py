# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check whether other users than the one who runs Ansible can change a folder of the controller."""

from __future__ import annotations

import grp
import os
import pwd
import stat


def others_can_write(*folders, strict=False):
    """Return why other users can write to or replace one of these folders, and the command that fixes it, or None.

    A folder must belong to the user who runs Ansible. Its parents may also be root's, and may be writable by others if
    they are sticky, as /tmp is. Missing folders are skipped.

    Args:
        strict: allow no group write permission on the folders themselves, even for a group without other members.
    """
    for folder in folders:
        for path in _with_parents(folder):
            try:
                status = os.stat(path)
            except FileNotFoundError:
                continue
            parent = path not in (os.path.abspath(folder), os.path.realpath(folder))
            if status.st_uid not in ((os.geteuid(), 0) if parent else (os.geteuid(),)):
                return "%s belongs to user %d (mode %04o): 'chown %d %s'" % (
                    path, status.st_uid, stat.S_IMODE(status.st_mode), os.geteuid(), path,
                )
            if parent and status.st_mode & stat.S_ISVTX:
                continue
            writable = (
                status.st_mode & 0o002 or status.st_mode & 0o020
                and (strict and not parent or not _is_own_group(status.st_gid))
            )
            if writable:
                return "%s has mode %04o (group %d): 'chmod go-w %s'" % (
                    path, stat.S_IMODE(status.st_mode), status.st_gid, path,
                )
    return None


def cache_problem(cache, *below):
    """Return why npu_cache_dir, or a folder below it, cannot be used, in a sentence with the remedy, or None."""
    problem = others_can_write(cache, *below)
    return problem and "other users can write to npu_cache_dir %s: %s, or set npu_cache_dir to another folder" % (
        cache, problem)


def _with_parents(folder):
    """Return a folder and all its parents, both by name and with links resolved."""
    found = []
    for path in (os.path.abspath(folder), os.path.realpath(folder)):
        while path not in found:
            found.append(path)
            path = os.path.dirname(path)
    return found


def _is_own_group(number):
    """Return whether a group has no other users: root's group, the only one in many containers, or a user's own one."""
    if number == 0:
        return True
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
