# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Change a file that consists of one line of kernel arguments."""

from __future__ import annotations

import re


def edit(text, unused_key, change, unused_default):
    """Return the text with change() applied to its one line of arguments."""
    lines = [match for match in re.finditer(r"[^\r\n]+", text) if match.group().strip()]
    if len(lines) != 1 or lines[0].group().lstrip().startswith("#"):
        raise ValueError(f"it has {len(lines)} lines where one line of kernel arguments is expected")
    line = lines[0]
    return text[:line.start()] + change(line.group()) + text[line.end():]
