# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An extlinux.conf, the menu that U-Boot reads: which entry boots by default, with which arguments.

The functions raise ValueError, one sentence for the operator, if the menu boots nothing or is ambiguous.
"""

from __future__ import annotations

import re

from ..editing.text_file import checked

PATH = "/boot/extlinux/extlinux.conf"


def default_entry(text):
    """Return (lines of the entry that boots by default, its append line or None), each line a match of (key, rest).

    As U-Boot reads it (boot/pxe_utils.c): the last entry of a name and the last append line of an entry count.
    """
    labels, wanted = _labels(checked(text))
    if not labels:
        raise ValueError("extlinux.conf has no label: nothing there boots a kernel")
    lines = next((lines for name, lines in reversed(labels) if name == wanted), labels[0][1])
    appends = [line for line in lines if line.group(1).lower() == "append"]
    return lines, appends[-1] if appends else None


def kernel(lines):
    """Return the line of an entry that names its kernel, None if it boots none (localboot)."""
    return next((line for line in reversed(lines) if line.group(1).lower() in ("linux", "kernel")), None)


def default_arguments(text):
    """Return the kernel arguments of the entry that boots by default, as one line."""
    append = default_entry(text)[1]
    return append.group(2).strip() if append else ""


def _labels(text):
    """Return ([(label, its lines)], the label that is the default or None)."""
    labels, default = [], None
    for line in re.finditer(r"^[ \t]*(?!#)(\S+)[ \t]*([^\r\n]*)", text, re.M):
        key, rest = line.group(1).lower(), line.group(2).strip()
        if key == "label":
            labels.append((rest, []))
        elif key in ("default", "ontimeout"):  # the same to U-Boot, of which the last one counts
            default = rest
        elif key == "include" or (key == "menu" and rest.lower().startswith("include")):
            raise ValueError("extlinux.conf includes another file, which may choose what boots")
        elif labels and key == "menu" and rest.lower() == "default":
            default = labels[-1][0] if default is None else default
        if labels:
            labels[-1][1].append(line)
    return labels, default
