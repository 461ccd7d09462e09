# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The structures of the C API of librknnrt.so."""

from __future__ import annotations

import ctypes

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import librknnrt


@pytest.mark.parametrize(("structure", "size", "offsets"), [
    (librknnrt.TensorAttr, 376, {
        "index": 0, "n_dims": 4, "dims": 8, "name": 72, "n_elems": 328, "size": 332, "fmt": 336, "type": 340,
        "qnt_type": 344,
        "fl": 348, "zp": 352, "scale": 356, "w_stride": 360, "size_with_stride": 364, "pass_through": 368,
        "h_stride": 372,
    }),
    (librknnrt.Input, 32, {"index": 0, "buf": 8, "size": 16, "pass_through": 20, "type": 24, "fmt": 28}),
    (librknnrt.Output, 24, {"want_float": 0, "is_prealloc": 1, "index": 4, "buf": 8, "size": 16}),
    (librknnrt.SdkVersion, 512, {"api_version": 0, "drv_version": 256}),
    (librknnrt.InputOutputNum, 8, {"n_input": 0, "n_output": 4}),
])
def test_layouts_are_those_of_the_c_interface(structure, size, offsets):
    assert ctypes.sizeof(structure) == size
    assert {name: getattr(structure, name).offset for name in offsets} == offsets
