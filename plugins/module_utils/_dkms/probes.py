# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of the feature probes in a build log."""

from __future__ import annotations

import re


def probe_lines(log):
    """Return the results of the feature probes, one line each, without their prefix."""
    return re.findall(r"^rkfleet: (.{1,200})$", log, re.MULTILINE)


def losses(log):
    """Return `[{name, cause}, ...]` of what the build left out: frequency scaling, for example."""
    found = re.findall(r"^rkfleet: left out ([a-z_]{1,32}): (.{1,200})", log, re.MULTILINE)
    return [{"name": name, "cause": cause.strip()} for name, cause in dict(found).items()]
