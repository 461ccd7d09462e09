# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The users of a board as whom an inference is run: what root may do proves nothing for the applications."""

from __future__ import annotations

import collections
import os
import pwd

Account = collections.namedtuple("Account", "name uid gid groups")


def find(name):
    """Return the account of a user, with the numbers of all its groups.

    Raises:
        ValueError: if there is no such user, or this process may not become another one.
    """
    if os.geteuid():
        raise ValueError(f"running MobileNet as user {name} requires root: run the task with become")
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ValueError(f"the board has no user {name}: create it, or remove it from npu_verify_users") from None
    groups = tuple(sorted(os.getgrouplist(name, entry.pw_gid)))
    return Account(name, entry.pw_uid, entry.pw_gid, groups)


def become(account):
    """Have this process go on as that user, for good."""
    os.setgroups(account.groups)
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
