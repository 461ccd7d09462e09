# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What logs of the runtime from public reports mean (tests/field_logs)."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes.diagnosis import diagnose, notes, versions
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes.surroundings import core_count, surroundings
from field_logs import INSMOD, LOGS, RIGHT, SURROUNDINGS, harmless, outcome_and_facts

SUBMIT = "E RKNN: [10:00:00.000] failed to submit!, op id: 1, op name: Conv:y, flags: 0x5"
FORMAT = "E RKNN: [10:00:00.000] parseRKNN from buffer: Invalid RKNN format!"


@pytest.mark.parametrize(
    ("known", "stage", "log", "name", "evidence", "remedy", "never", "changes"), [row[1:] for row in LOGS],
    ids=[row[0] for row in LOGS])
def test_what_a_public_log_means(known, stage, log, name, evidence, remedy, never, changes):
    found = diagnose(*outcome_and_facts(known, stage, log))
    assert found[0] == name
    assert changes in (None, found.may_change)
    assert evidence in found[1] and "http" not in found[1]
    assert found[2] is None if remedy is None else remedy in found[2] and never not in found[2]


# RKLLM tells by its lines that it is in use, which is more than a code.
WARNINGS = sorted({line for row in harmless.LOGS for line in row[3] if "rkllm" not in line})


@pytest.mark.parametrize("line", WARNINGS)
def test_what_healthy_boards_print_changes_no_diagnosis(line):
    def name(stage, *log, **known):
        return diagnose(*outcome_and_facts({"driver_version": "0.8.2", **known}, stage, [line, *log]))[0]

    assert name("rknn_run", SUBMIT) == "driver" and name("rknn_init", FORMAT) == "model"
    assert name("rknn_run") == "driver" and name("done", code=None, top=RIGHT) == "ok"


@pytest.mark.parametrize(("around", "log", "evidence", "remedy"), SURROUNDINGS)
def test_what_the_board_adds(around, log, evidence, remedy):
    known = {"nodes": [], "surroundings": around, "driver_version": "0.9.8"}
    found = diagnose(*outcome_and_facts(known, "rknn_init", log))
    assert evidence in found[1] and remedy in found[2]


def test_without_a_dma_heap_the_node_cannot_be_used():
    found = diagnose(*outcome_and_facts({"surroundings": {"heap": False}}, "rknn_init", INSMOD))
    assert found[0] == "device" and "/dev/dma_heap/system does not exist" in found[1]


def test_a_runtime_in_another_folder_is_named():
    error = "/usr/lib64/librknnrt.so: cannot open shared object file: No such file or directory"
    known = {"code": None, "error": error, "surroundings": {"elsewhere": "/usr/lib/librknnrt.so"}}
    found = diagnose(*outcome_and_facts(dict(known, library="/usr/lib64/librknnrt.so"), "dlopen", []))
    assert found[0] == "runtime" and found[2].startswith("the runtime is /usr/lib/librknnrt.so: use that path")


@pytest.mark.parametrize(("path", "heap_open", "evidence"), [
    ("/dev/rknpu", False, "/dev/dma_heap/system: permission denied"), ("/dev/rknpu", True, "insmod"),
    ("/dev/rknpu", None, "insmod"), ("/dev/dri/card1", False, "insmod"),
])
def test_a_dma_heap_that_the_user_may_not_open(path, heap_open, evidence):
    """Of a driver for DMA heaps (schwankner/talos-rk3588-npu, bugs 38 and 53): a driver for DRM needs no heap."""
    known = {"nodes": [{"path": path, "open": True, "group": "video"}], "surroundings": {"heap_open": heap_open}}
    found = diagnose(*outcome_and_facts(known, "rknn_init", INSMOD))
    assert found[0] == "device" and evidence in found[1]
    assert ("udev rule" in found[2]) == (heap_open is False and path == "/dev/rknpu")


def test_surroundings_are_read_from_the_board(tmp_path):
    def write(path, content=""):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    unknown = surroundings("/usr/lib/librknnrt.so", str(tmp_path))
    assert unknown == {
        "rknpu_link": None, "heap": False, "heap_open": None, "iommu": None, "npu_node": None, "disabled_node": None,
        "soc": None, "memory": None, "elsewhere": None, "bound": None, "version": None, "root": os.geteuid() == 0}
    write("proc/device-tree/compatible", "radxa,rock-3a\0rockchip,rk3568\0")
    write("proc/device-tree/npu@fde40000/compatible", "rockchip,rk3568-rknpu\0")
    write("proc/device-tree/npu@fde40000/status", "disabled\0")
    write("proc/meminfo", "MemTotal:        8000000 kB\n")
    write("sys/bus/platform/drivers/RKNPU/fde40000.npu/uevent")
    write("dev/dma_heap/system")
    write("sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.8\n")
    write("sys/module/rknpu/version", "0.9.3\n")
    write("usr/lib64/librknnrt.so")
    (tmp_path / "dev/rknpu").symlink_to("dri/renderD129")
    assert surroundings("/usr/lib/librknnrt.so", str(tmp_path)) == {
        "rknpu_link": "dri/renderD129", "heap": True, "heap_open": True, "iommu": False, "npu_node": "disabled",
        "disabled_node": "npu@fde40000", "soc": "rk3568", "memory": 7812, "elsewhere": "/usr/lib64/librknnrt.so",
        "bound": "fde40000.npu", "version": "0.9.8", "root": os.geteuid() == 0}


@pytest.mark.parametrize(("load", "known", "cores"), [
    ("NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n", 2, 3),
    ("NPU load:  Core0:  0%, Core1:  0%,\n", None, 2),  # RK3582: one is fused off
    ("NPU load:  Core0: 45%  Core1: 32%  Core2: 78%\n", None, 3),
    ("NPU load:  Core0: 43%,\n", 3, 1),
    ("NPU load:  0%\n", 3, 1),
    (None, 3, 3),
    (None, None, 1),
])
def test_the_driver_says_how_many_cores_there_are(tmp_path, load, known, cores):
    if load is not None:
        (tmp_path / "sys/kernel/debug/rknpu").mkdir(parents=True)
        (tmp_path / "sys/kernel/debug/rknpu/load").write_text(load)
    assert core_count(known, str(tmp_path)) == cores


def test_the_cores_are_also_counted_without_debugfs(tmp_path):
    (tmp_path / "proc/rknpu").mkdir(parents=True)
    (tmp_path / "proc/rknpu/load").write_text("NPU load:  Core0:  0%, Core1:  0%,\n")
    assert core_count(3, str(tmp_path)) == 2


@pytest.mark.parametrize(("log", "found"), [
    (["# I RKNN: [17:15:56.503] RKNN Runtime Information, librknnrt version: 1.6.0 (9a7b5d24c@2023-12-13T17:31:11)",
      "I RKNN: [17:15:56.503] RKNN Driver Information, version: 0.9.2"],
     ("1.6.0 (9a7b5d24c@2023-12-13T17:31:11)", "0.9.2")),
    (["2024-02-13 20:50:00.753782  I RKNN: [12:50:00.753] RKNN Driver Information: version: 0.9.3"], (None, "0.9.3")),
    (["rkllm-runtime version: 1.3.0, rknpu driver version: 0.9.8"], (None, "0.9.8")),
    ([("W RKNN: [19:27:40.110] Current driver version: 0.8.2, recommend to upgrade the driver to the new version: >= "
       "0.8.8")], (None, "0.8.2")),
    (["Driver Version: 0.8.2, API Version: 1.5.2 (c6b7b351a@2023-08-23T15:28:22)"],
     ("1.5.2 (c6b7b351a@2023-08-23T15:28:22)", "0.8.2")),
    (["rknn_api/rknnrt version: 1.4.2b0 (c5d79ccf9@2023-02-14T17:55:39), driver version: 0.7.2"],
     ("1.4.2b0 (c5d79ccf9@2023-02-14T17:55:39)", "0.7.2")),
    # PaddlePaddle/FastDeploy#2218
    ([("[INFO] fastdeploy/rknpu2_backend.cc(81)::GetSDKAndDeviceVersion\trknpu2 runtime version: 1.5.2 "
       "(c6b7b351a@2023-08-23T15:28:22)"),
      "[INFO] fastdeploy/rknpu2_backend.cc(82)::GetSDKAndDeviceVersion\trknpu2 driver version: 0.8.2"],
     ("1.5.2 (c6b7b351a@2023-08-23T15:28:22)", "0.8.2")),
    (["pciehp: PCI Express Hot Plug Controller Driver version: 0.4"], (None, None)),
])
def test_the_versions_in_the_words_of_other_programs(log, found):
    assert versions({"log": log}) == found


@pytest.mark.parametrize(("tried", "cores", "said"), [
    ([0, 1, 2], 3, []), ([], 1, []),
    ([], 3, ["1 of 3 cores of the NPU were tried: this runtime cannot choose the others"]),
])
def test_cores_that_were_not_tried_are_a_note(tried, cores, said):
    outcome = outcome_and_facts({"code": None, "top": RIGHT, "cores": tried}, "done", [])[0]
    assert notes(dict(outcome, cores=tried), cores) == said
