# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether dpkg was interrupted, from its own files."""

from __future__ import annotations

import re

UNFINISHED = ("half-installed", "half-configured", "unpacked", "triggers-awaited", "triggers-pending")
_INTERRUPTED = re.compile(r"^Status: \S+ (?:reinstreq \S+|\S+ (?:%s))$" % "|".join(UNFINISHED), re.M)


def interrupted(tree):
    """Return whether dpkg was interrupted on the board of a Tree: nothing else finishes its work."""
    journal = any(name.isdigit() for name in tree.names("/var/lib/dpkg/updates"))
    return journal or bool(_INTERRUPTED.search(tree.text("/var/lib/dpkg/status", 64 << 20) or ""))
