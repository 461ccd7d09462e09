# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The votes of hosts for a build: whether enough of them built the same module."""

from __future__ import annotations


def counted(manifest, hosts):
    """Return the votes that count, `{host: digest}`: those of these hosts, or all if `hosts` is None."""
    return {host: vote for host, vote in manifest["votes"].items() if hosts is None or host in hosts}


def may_be_used(manifest, agree, hosts):
    """Return whether `agree` hosts built the same module, and no host that counts built another one."""
    votes = list(counted(manifest, hosts).values())
    # The stored module is the one of the board that built first.
    return votes.count(manifest["votes"].get(manifest["board"])) >= max(agree, 1) and not differ(votes)


def still_needed(manifest, agree=1, hosts=None):
    """Return which votes are missing before a build is handed out, as a sentence; None if there are enough."""
    votes = counted(manifest, hosts)
    if len(votes) >= agree:
        return None
    enough = hosts is None or len(hosts) >= agree
    return "the module is kept, and handed out once %d hosts have built the same (npu_store_agree); so far: %s%s" % (
        agree, ", ".join(sorted(votes)) or "none",
        "" if enough else ". npu_store_from names only %d: name more" % len(hosts),
    )


def differ(votes):
    """Return whether two comparable votes differ."""
    return len(set(votes)) > len({vote.rpartition(":")[0] for vote in votes})
