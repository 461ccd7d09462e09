# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An extlinux.conf, the menu that U-Boot reads: which entry boots by default, with which arguments.

The functions raise ValueError, one sentence for the operator, if the menu boots nothing or is ambiguous.
"""

from __future__ import annotations

import re

from .text_file import checked

PATH = "/boot/extlinux/extlinux.conf"


def default_entry(text):
    """Return (lines of the entry that boots by default, its append line or None), each line a match of (key, rest)."""
    labels, wanted = _labels(checked(text))
    if not labels:
        raise ValueError("extlinux.conf has no label: nothing there boots a kernel")
    lines = next((lines for name, lines in labels if name == wanted), labels[0][1])
    appends = [line for line in lines if line.group(1).lower() == "append"]
    if len(appends) > 1:
        raise ValueError("the default entry of extlinux.conf has %d append lines" % len(appends))
    return lines, appends[0] if appends else None


def default_arguments(text):
    """Return the kernel arguments of the entry that boots by default, as one line."""
    append = default_entry(text)[1]
    return append.group(2).strip() if append else ""


def _labels(text):
    """Return ([(label, its lines)], the label that is the default or None)."""
    labels, default, chosen = [], None, None
    for line in re.finditer(r"^[ \t]*(?!#)(\S+)[ \t]*([^\r\n]*)", text, re.M):
        key, rest = line.group(1).lower(), line.group(2).strip()
        if key == "label":
            labels.append((rest, [line]))
            continue
        if key in ("default", "ontimeout"):  # the same to U-Boot, of which the last one counts
            default = rest
        elif labels and key == "menu" and rest.lower() == "default":
            chosen = labels[-1][0]
        if labels:
            labels[-1][1].append(line)
    return labels, default if default is not None else chosen
