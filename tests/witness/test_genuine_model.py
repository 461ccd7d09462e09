# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The check of models, held against what the vendor's own toolkit writes."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import rknn_model
from witness import vendor


@pytest.mark.parametrize("platform", vendor.PLATFORMS)
def test_a_genuine_model_is_recognised(models, platform):
    found = rknn_model.check(str(models[platform]), platform)
    assert (found.format, found.platforms, found.toolkit, found.framework) == (6, [platform], vendor.TOOLKIT_VERSION, "ONNX")
    assert found.compiler.startswith(f"{vendor.TOOLKIT_VERSION} (")
    assert found.size == models[platform].stat().st_size


def test_a_genuine_model_is_refused_for_another_soc_only(models):
    for name in ("rk3566", "rk3568"):
        rknn_model.check(str(models[name]), "RK3566_RK3568")
        with pytest.raises(rknn_model.RknnModelError, match=f"is a model for {name}, but the board needs one for rk3582 or rk3588 or rk3588s"):
            rknn_model.check(str(models[name]), "RK3588")


def test_a_genuine_model_cut_off_anywhere_is_refused(models, tmp_path):
    whole, path = models["rk3588"].read_bytes(), tmp_path / "cut.rknn"
    for length in (8, 64, 1000, len(whole) // 3, len(whole) - 2000, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(rknn_model.RknnModelError, match="is truncated"):
            rknn_model.check(str(path))


def test_what_it_was_made_of_is_refused(models):
    with pytest.raises(rknn_model.RknnModelError, match="is not a .rknn model but an ONNX model"):
        rknn_model.check(str(models["onnx"]))
