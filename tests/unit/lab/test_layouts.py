# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""One table of the driver's ioctls and the library's structures: the stand-ins assert each number of it when compiled,
and the collection's own ctypes layouts are compared with it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
from pathlib import Path

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import driver
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import librknnrt

LAB = Path(__file__).resolve().parents[2] / "lab"

# The number holds the size of the structure in bytes (its bits 16 to 29).
NUMBERS = {"ACTION": 0xC0086440, "SUBMIT": 0xC0686441, "MEM_CREATE": 0xC0306442, "MEM_MAP": 0xC0106443, "MEM_DESTROY": 0xC0106444,
           "MEM_SYNC": 0xC0206445}
OLD_MEM_CREATE = 0xC0286442
IOCTLS = {
    "mem_create": {"handle": 0, "flags": 4, "size": 8, "obj_addr": 16, "dma_addr": 24, "sram_size": 32, "iommu_domain_id": 40},
    "mem_map": {"handle": 0, "offset": 8},
    "mem_destroy": {"handle": 0, "obj_addr": 8},
    "mem_sync": {"flags": 0, "obj_addr": 8, "offset": 16, "size": 24},
    "submit": {"flags": 0, "timeout": 4, "task_start": 8, "task_number": 12, "task_counter": 16, "priority": 20, "task_obj_addr": 24,
               "iommu_domain_id": 32, "task_base_addr": 40, "hw_elapse_time": 48, "core_mask": 56, "fence_fd": 60, "subcore_task": 64},
}
LIBRARY = {
    "rknn_tensor_attr": (376, {
        "index": 0, "n_dims": 4, "dims": 8, "name": 72, "n_elems": 328, "size": 332, "fmt": 336, "type": 340, "qnt_type": 344, "fl": 348,
        "zp": 352, "scale": 356, "w_stride": 360, "size_with_stride": 364, "pass_through": 368, "h_stride": 372}),
    "rknn_input": (32, {"index": 0, "buf": 8, "size": 16, "pass_through": 20, "type": 24, "fmt": 28}),
    "rknn_output": (24, {"want_float": 0, "is_prealloc": 1, "index": 4, "buf": 8, "size": 16}),
    "rknn_sdk_version": (512, {"api_version": 0, "drv_version": 256}),
    "rknn_input_output_num": (8, {"n_input": 0, "n_output": 4}),
}


def places(text, structure, macro):
    """{member: offset} that a source asserts of a structure."""
    return {name: int(where) for name, where in re.findall(rf"\b{macro}\({re.escape(structure)}, (\w+), (\d+)\);", text)}


@pytest.mark.parametrize("version", ["0.6.0", "0.8.2", "0.9.3", "0.9.6", "0.9.8"])
def test_the_stand_in_driver_asserts_them(version):
    spec = importlib.util.spec_from_file_location("rkfleet_driver_generate", LAB / "driver/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    header = generate.files(version)["drivers/rknpu/include/rknpu_ioctl.h"].decode()
    old = version in {"0.6.0", "0.8.2"}
    numbers = {name: int(value, 16) for name, value in re.findall(r"static_assert\(DRM_IOCTL_RKNPU_(\w+) == (0x\w+)u\);", header)}
    assert numbers == dict(NUMBERS, **({"MEM_CREATE": OLD_MEM_CREATE} if old else {}))
    for structure, wanted in IOCTLS.items():
        asserted = places(header, f"rknpu_{structure}", "RKNPU_AT")
        # The older ones have no IOMMU domains.
        assert {name for name, where in wanted.items() if asserted.get(name) != where} == ({"iommu_domain_id"} & set(wanted) if old else set())


def test_the_stand_in_runtime_asserts_them():
    source = (LAB / "runtime/standin.h").read_text()
    numbers = {name: int(value, 16) for name, value in re.findall(r"_Static_assert\((?:NPU_)?(\w+) == (0x\w+), ", source)}
    of_drm = {"DRM_VERSION": 0xC0406400, "DRM_FLINK": 0xC008640A, "DRM_PRIME": 0xC00C642D, "HEAP_ACTION": 0xC0087200}
    assert numbers == {**{name: value for name, value in NUMBERS.items() if name != "MEM_CREATE"}, **of_drm}
    assert f"MEM_CREATE_SIZE == 48 ? {NUMBERS['MEM_CREATE']:#x} : {OLD_MEM_CREATE:#x}" in source
    for structure, wanted in IOCTLS.items():
        asserted = places(source, f"struct npu_{structure}", "AT")
        assert {name: asserted.get("core" if name == "subcore_task" else name) for name in wanted} == wanted
    for structure, (size, wanted) in LIBRARY.items():
        assert f"_Static_assert(sizeof({structure}) == {size}," in source
        assert places(source, structure, "AT") == wanted


@pytest.mark.parametrize(("structure", "name"), [
    (librknnrt.TensorAttr, "rknn_tensor_attr"), (librknnrt.Input, "rknn_input"), (librknnrt.Output, "rknn_output"),
    (librknnrt.SdkVersion, "rknn_sdk_version"), (librknnrt.InputOutputNum, "rknn_input_output_num"),
])
def test_the_collections_layouts_of_the_library(structure, name):
    size, wanted = LIBRARY[name]
    assert ctypes.sizeof(structure) == size
    assert {member[0]: getattr(structure, member[0]).offset for member in structure._fields_} == wanted


def test_the_collections_ioctls():
    assert (driver._DRM_IOCTL_VERSION, driver._ACTION_DRM, driver._ACTION_DMA_HEAP) == (0xC0406400, NUMBERS["ACTION"], 0xC0087200)
    assert ctypes.sizeof(driver._DrmVersion) == 64
    assert {name: getattr(driver._DrmVersion, name).offset for name in ("major", "minor", "patch", "name_len", "name", "date", "desc")} == {
        "major": 0, "minor": 4, "patch": 8, "name_len": 16, "name": 24, "date": 40, "desc": 56}
