# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A boot loader's configuration as text."""

from __future__ import annotations

import re

from ..boot_files import LIMIT

_GENERATED = re.compile(
    r"generated(?! by (?:appliance-creator|OpenEmbedded|arch-installer))|do(?: not|n.t) (?:edit|modify|change)|"
    r"(?:will|may) be (?:lost|overwritten|replaced)", re.IGNORECASE)


def checked(text):
    """Return the text unchanged.

    Raises:
        ValueError: it is too large, or not text.
    """
    if len(text) > LIMIT:
        raise ValueError("the configuration is larger than %d KiB: not a boot loader's" % (LIMIT // 1024))
    if "\0" in text:
        raise ValueError("the configuration holds NUL bytes: not a text file")
    if text.startswith(("\ufffd", "\udcff")):
        raise ValueError("the configuration does not begin with text: the file is damaged, or of another kind")
    return text


def newline(text):
    """Return the line end that the text uses."""
    return "\r\n" if "\r\n" in text else "\n"


def generated(text):
    """Return the first comment that says that a program makes this file, or None."""
    for line in text.splitlines()[:40]:
        if line.lstrip().startswith("#") and _GENERATED.search(line):
            return line.strip("# \t")
    return None
