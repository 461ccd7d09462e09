# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The files of build logs on the controller."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action.driver import write_log


@pytest.mark.parametrize(
    "release, part", [("6.1.84", "6.1.84"), ("../../x\n", ".._.._x_"), (5, "5"), (None, "None"), (["x"], "__x__")]
)
def test_a_log_stays_in_its_folder_whatever_the_kernel_is_called(tmp_path, release, part):
    """A built-in module may have replaced the facts that name it."""
    path = write_log("text", str(tmp_path), "a/../b", "rknpu", "0.9.6", release)
    assert path == str(tmp_path / f"a_.._b-rknpu-0.9.6-{part}.log")
    assert [str(one) for one in tmp_path.iterdir()] == [path]
