# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which entry of an extlinux.conf boots by default."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import extlinux_menu, menu_kernel
from stand_ins.boards.boot_round_trip import EXTLINUX


def test_default_entry_of_extlinux():
    assert extlinux_menu.default_arguments(EXTLINUX) == "root=/dev/mmcblk0p1 rw  console=ttyFIQ0,1500000n8"


@pytest.mark.parametrize("text, release", [
    ("default l1\nlabel l0\n\tlinux /boot/vmlinuz-6.6\nlabel l1\n\tlinux /vmlinuz-6.1.99-1\n", "6.1.99-1"),
    ("label x\n  kernel /boot/Image\n", None),
    # U-Boot takes both for the same (boot/pxe_utils.c), and the last one counts.
    ("default l0\nONTIMEOUT l1\nlabel l0\n\tlinux /boot/vmlinuz-6.6\nlabel l1\n\tlinux /vmlinuz-6.1.99-1\n",
     "6.1.99-1"),
    ("label a\n\tkernel /boot/vmlinuz-6.6\n\tlinux /boot/vmlinuz-6.1.99-1\n", "6.1.99-1"),
])
def test_which_kernel_boots_by_default(text, release):
    assert menu_kernel.release(text) == release


def test_a_menu_with_a_missing_kernel_is_refused(tmp_path):
    text = "label a\n linux /Image\n"
    assert menu_kernel.problem("", str(tmp_path)) == "its default kernel is not named"
    assert menu_kernel.problem(text, str(tmp_path)) == "its default kernel is /Image, which does not exist"
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/Image").touch()
    assert menu_kernel.problem(text, str(tmp_path)) is None
