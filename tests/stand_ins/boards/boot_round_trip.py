# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The kernel argument of this collection, put into a boot configuration and taken out again."""

from __future__ import annotations

from ansible_collections.rkfleet.npu.plugins.module_utils._boot import kernel_arguments
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit

ARGUMENT = ("initcall_blacklist", "rknpu_init")
OURS = "=".join(ARGUMENT)
# Kept by hand, with an entry that does not boot by default.
EXTLINUX = """## made by hand
timeout 30
DEFAULT vendor
label rescue
\tlinux /boot/old
\tappend root=/dev/mmcblk0p1 single
label vendor
\tmenu label Vendor kernel
\tlinux /boot/Image
\tfdtdir /boot/dtb/
\tappend root=/dev/mmcblk0p1 rw  console=ttyFIQ0,1500000n8
"""


def round_trip(loader, text):
    """Return the text with the argument, once it was seen to come out byte for byte."""
    default = "ro quiet" if loader == "u-boot-menu" else ""
    added = edit.add(loader, text, *ARGUMENT, default)
    assert kernel_arguments.has(edit.configured(loader, added, default), *ARGUMENT)
    assert edit.add(loader, added, *ARGUMENT, default) == added
    assert edit.remove(loader, added, *ARGUMENT, default) == text
    assert edit.remove(loader, text, *ARGUMENT, default) == text
    return added
