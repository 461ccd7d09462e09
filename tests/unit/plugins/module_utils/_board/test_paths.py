# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Names of module files, and the format of times."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import paths


@pytest.mark.parametrize("name, module", [
    ("rknpu.ko", "rknpu"), ("rknpu_dkms.ko.xz", "rknpu_dkms"), ("rknpu-dkms.ko.gz", "rknpu-dkms"), ("a.ko.ko.zst", "a.ko"),
    ("rknpu.ko.bz2", None), ("rknpu.ko.xz.part", None), ("rknpu.kob", None), ("rknpu", None), (".ko", None), ("", None),
    ("rknpu.ko\n", None),
])
def test_the_name_of_a_module_file_gives_its_module(name, module):
    assert paths.kernel_module(name) == module


def test_a_time_is_in_utc():
    assert paths.timestamp(0) == "1970-01-01T00:00:00Z"
