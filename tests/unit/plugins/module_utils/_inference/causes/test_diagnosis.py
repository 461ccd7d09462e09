# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""From outcome and log of an inference to a diagnosis."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import quiet
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.account import Account
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes import diagnoses, diagnosis
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes.diagnosis import diagnose, notes, versions
from field_logs import INSMOD, LOGS, SURROUNDINGS, ZEROS, outcome_and_facts

EXPECTED = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]
QUANTUM = 0.00390625
# As the vendor's MobileNet prints it, and as it is computed.
MEASURED = [[283, 0.46875], [282, 0.2421875], [286, 0.10546875], [464, 0.08984375], [264, 0.01953125], [1, 0.00390625]]

SUBMIT = (
    "E RKNN: [09:58:09.675] failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, "
    "flags: 0x5, task start: 0, task number: 38, run task counter: 0, int status: 0, please try updating to the latest "
    "version of the toolkit2 and runtime from: (left out)"
)
RUNTIME_OLD = "I RKNN: [09:58:04.794] RKNN Runtime Information: librknnrt version: 1.5.2 (c6b7b351a@2023-08-23T15:28:22)"
RUNTIME_NEW = "I RKNN: [09:58:04.794] RKNN Runtime Information, librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)"
DRIVER_OLD = "I RKNN: [09:58:04.794] RKNN Driver Information: version: 0.8.2"
DRIVER_NEW = "I RKNN: [09:58:04.794] RKNN Driver Information, version: 0.9.3"
RECOMMEND = "W RKNN: [15:43:54.555] Current driver version: 0.7.0, recommend to upgrade the driver to the new version: >= 0.8.8"
MISMATCH = (
    "E RKNN: [15:43:53.559] Mismatch driver version, librknnrt version: 1.5.2 (c6b7b351a@2023-08-23T15:28:22) requires driver "
    "version >= 0.7.0, but you have driver version: 0.6.2 which is incompatible!"
)
NO_MODULE = "E RKNN: [15:43:06.501] failed to open rknpu module, need to insmod rknpu dirver!"
NO_DEVICE = "E RKNN: [15:43:06.513] failed to open rknn device!"
NO_MODEL = "E RKNN: [15:43:26.872] rknn_init, load model failed!"


def outcome(**changes):
    """An inference that went well, with changes."""
    result = {
        "stage": "done", "code": None, "error": None, "signal": None, "timed_out": False, "stuck": False, "timeout": 60,
        "sdk_version": "2.3.2 (429f97ae6b@2025-04-09T09:09:27)", "driver_version": "0.9.6", "top": MEASURED,
        "differs": None,
        "elapsed": [5.0, 4.0, 6.5], "log": [],
    }
    result.update(changes)
    return result


def failed(stage, code=None, log=(), **changes):
    """An inference that stopped in a call."""
    return outcome(**dict({"stage": stage, "code": code, "log": list(log), "top": None, "elapsed": []}, **changes))


def facts(**changes):
    return dict({
        "library": "/usr/lib/librknnrt.so", "expected": EXPECTED, "tolerance": QUANTUM, "wanted_driver": "0.9.6",
        "kernel": "6.1.84-1-rk2312", "nodes": [],
    }, **changes)


@pytest.mark.parametrize(("log", "expected"), [
    ([RUNTIME_OLD, DRIVER_OLD], ("1.5.2 (c6b7b351a@2023-08-23T15:28:22)", "0.8.2")),
    ([RUNTIME_NEW, DRIVER_NEW], ("2.3.2 (429f97ae6b@2025-04-09T09:09:27)", "0.9.3")),
    ([RECOMMEND], (None, "0.7.0")),
    (["I RKNN: [09:58:04.794] RKNN Driver Information, version: 0.9.3; rm -rf"], (None, None)),
    (["note: RKNN Driver Information, version: 0.9.3"], (None, None)),
    ([], (None, None)),
])
def test_versions_are_read_from_both_spellings_of_the_log(log, expected):
    assert versions(outcome(sdk_version=None, driver_version=None, log=log)) == expected


DIAGNOSES = [
    # what happened, diagnosis, in evidence, in remedy
    (outcome(), "ok", "Top1 is 283: 0.468750", None),
    (outcome(log=[RECOMMEND]), "ok", "Top1 is 283", None),
    (outcome(top=[[91, 0.9]]), "model", "Top1 is 91: 0.900000, expected 283", "belong together"),
    (outcome(differs=[[7, 0.5]]), "device", "a later run gave [[7, 0.5]]", "different answers"),
    (
        failed("rknn_run", -1, [DRIVER_NEW, SUBMIT], driver_version="0.9.3"), "driver", "failed to submit!, op id: 1",
        "driver 0.9.3 cannot run jobs on kernel 6.1.84-1-rk2312: upgrade it to 0.9.6 with playbooks/upgrade-npu.yml",
    ),
    (failed("rknn_run", -1, [DRIVER_NEW, SUBMIT], driver_version=None), "driver", "failed to submit!",
     "driver 0.9.3 cannot"),
    (failed("rknn_run", -1, [SUBMIT]), "driver", "failed to submit!",
     "driver 0.9.6 is new enough (0.9.6 is wanted) but cannot run jobs, so its version is not the cause"),
    (failed("rknn_run", -1), "driver", "rknn_run returned -1 (failed)", "new enough (0.9.6 is wanted)"),
    (
        failed("rknn_init", -1, [MISMATCH, "E RKNN: [15:43:53.667] invalid device fd!"], driver_version=None), "driver",
        "Mismatch",
        "driver 0.6.2 is older than 0.7.0, which this runtime requires on kernel 6.1.84-1-rk2312: upgrade it to 0.9.6",
    ),
    (
        failed("rknn_init", -1,
               ["E RKNN: [01:19:04.510] 6, 1", "E RKNN: [01:19:04.510] Invalid RKNN model version 6", NO_MODEL]),
        "runtime", "Invalid RKNN model version 6", "not the driver",
    ),
    (failed("dlopen", error="diagnosis.so: file too short"), "runtime", "file too short",
     "complete librknnrt.so for this board"),
    (failed("dlopen", error="rknn_init: undefined symbol"), "runtime", "undefined symbol", "install"),
    (failed("rknn_inputs_set", -5), "model", "rknn_inputs_set returned -5 (parameter invalid)", "vendor's demo"),
    (failed("rknn_inputs_set", -1), "runtime", "rknn_inputs_set returned -1 (failed)", "upgrade-npu.yml"),
    (failed("rknn_init", -1, [NO_MODULE, NO_DEVICE]), "device", "insmod", "no RKNPU driver serves the NPU"),
    # Runtime 1.1.0 aborts after telling why.
    (failed("rknn_init", None, [NO_MODULE, NO_DEVICE], signal=6), "device", "insmod", "no RKNPU driver"),
    (failed("rknn_run", -3), "device", "rknn_run returned -3 (device unavailable)", "render node"),
    (failed("rknn_init", -6,
            ["E RKNN: [15:44:06.810] parseRKNN: exportDataSize large then model size: 5000 vs 164!", NO_MODEL]),
     "model", "exportDataSize", "send the model again"),
    (failed("rknn_init", -6, ["E RKNN: [15:44:07.298] Verify ModelBuffer failed!", NO_MODEL]), "model", "Verify",
     "send"),
    (failed("rknn_init", -6), "model", "rknn_init returned -6 (model invalid)", "SoC"),
    (failed("rknn_init", -10), "model", "-10", "SoC"),
    (failed("rknn_init", -11), "model", "-11", "SoC"),
    (failed("rknn_init", -12), "model", "-12", "SoC"),
    (failed("rknn_init", -13), "model", "-13 (model is for another platform)", "SoC"),
    (failed("rknn_query", error="the model has 2 inputs and 1 outputs, expected are 1 and 1"), "model", "2 inputs",
     "rknn_mobilenet_demo"),
    # A warning is not why it crashed.
    (failed("rknn_init", signal=11, log=["W RKNN: [10:00:00.000] Unsupported op type in NPU, fall back to CPU"]),
     "crash", "SIGSEGV in rknn_init", "checksums"),
    # The error of this collection, not a line of the runtime.
    (failed("rknn_query", error="unsupported number of inputs: 2"), "model", "number of inputs", "rknn_mobilenet_demo"),
    # Out of memory while it reads the model, the runtime answers with "model invalid".
    (failed("rknn_init", -6,
            ["E RKNN: [15:43:27.397] failed to allocate fd, ret: -1, errno: 22, errstr: Invalid argument", NO_MODEL]),
     "memory", "failed to allocate fd", "CMA"),
    (failed("rknn_run", -1,
            ["E RKNN: [15:43:27.397] failed to convert fd(7) to handle, ret: -1, errno: 12, errstr: x"]),
     "memory", "failed to convert fd(7) to handle", "CMA"),
    (failed("rknn_init", -4), "memory", "rknn_init returned -4 (out of memory)", "free memory"),
    (failed("rknn_run", -2), "timeout", "rknn_run returned -2 (timeout)", "dmesg"),
    (failed("rknn_run", timed_out=True), "timeout", "no answer within 60 s, last call: rknn_run", "reboot"),
    (failed("rknn_run", timed_out=True, stuck=True), "timeout", "cannot be killed", "reboot"),
    (failed("rknn_init", signal=11, log=[DRIVER_NEW]), "crash", "SIGSEGV in rknn_init; last line: RKNN Driver",
     "checksums"),
    (failed("dlopen", signal=7), "crash", "SIGBUS in dlopen", "check its checksum"),
    (failed(None), "crash", "without an answer", "again"),
]


@pytest.mark.parametrize(("what", "name", "evidence", "remedy"), DIAGNOSES)
def test_diagnosis(what, name, evidence, remedy):
    found = diagnose(what, facts())
    assert found[0] == name
    assert evidence in found[1]
    assert found[2] is None if remedy is None else remedy in found[2]


@pytest.mark.parametrize(("nodes", "evidence", "remedy"), [
    ([{"path": "/dev/dri/renderD129", "open": False, "group": "render"}], "/dev/dri/renderD129: permission denied",
     "group render"),
    # Seen with the vendor's 1.5.2, which looks at card nodes only.
    ([{"path": "/dev/dri/card1", "open": False, "group": "video"},
      {"path": "/dev/dri/renderD129", "open": True, "group": "render"}],
     "/dev/dri/card1: permission denied", "to the group video"),
    ([{"path": "/dev/dri/card1", "open": False, "group": "video"},
      {"path": "/dev/dri/renderD129", "open": False, "group": "render"}],
     "/dev/dri/card1 and /dev/dri/renderD129: permission denied", "to the group render and the group video"),
    ([{"path": "/dev/dri/renderD129", "open": True, "group": "render"}], "insmod",
     "/dev/dri/renderD129 exists but cannot be used"),
])
def test_a_closed_device_is_distinguished_from_a_missing_one(nodes, evidence, remedy):
    found = diagnose(failed("rknn_init", -1, [NO_MODULE, NO_DEVICE]), facts(nodes=nodes))
    assert found[0] == "device"
    assert evidence in found[1]
    assert remedy in found[2]


def test_a_diagnosis_needs_no_facts():
    assert diagnose(failed("rknn_run", -1, [SUBMIT], driver_version=None), {})[0] == "driver"
    assert diagnose(outcome(), {})[0] == "ok"


def test_advice_of_the_runtime_is_a_note():
    other = "W RKNN: [02:28:20.940] RKNN Model version: 2.2.0 not match with rknn runtime version: 2.1.0"
    assert notes(outcome(log=[DRIVER_OLD, other, RECOMMEND])) == [RECOMMEND.split("] ")[1], other.split("] ")[1]]


def test_a_mismatch_that_an_upgrade_to_the_wanted_driver_does_not_fix():
    found = diagnose(failed("rknn_init", -1, [MISMATCH]), facts(wanted_driver="0.6.2"))
    assert found[0] == "driver"
    assert found[2].startswith("driver 0.6.2 is new enough (0.6.2 is wanted), but this runtime requires 0.7.0: choose")


def test_a_mismatch_that_the_wanted_driver_would_not_end():
    line = MISMATCH.replace("0.7.0", "0.9.7").replace("0.6.2", "0.8.2")
    found = diagnose(failed("rknn_init", -1, [line], driver_version=None), facts())
    assert found[2].startswith("driver 0.8.2 is older than 0.9.7, which this runtime requires, and so is 0.9.6: choose")


def test_every_row_of_the_table_applies_to_some_outcome(monkeypatch):
    """A row below a less specific one would never apply."""
    closed = {"path": "/dev/dri/card1", "open": False, "group": None}
    outcomes = [(what[0], facts()) for what in DIAGNOSES]
    outcomes += [outcome_and_facts(*row[1:4]) for row in LOGS]
    outcomes += [
        outcome_and_facts({"nodes": [], "surroundings": row[0], "driver_version": "0.9.8"}, "rknn_init", row[1])
        for row in SURROUNDINGS]
    misc = {"path": "/dev/rknpu", "open": True, "group": "render"}
    outcomes += [outcome_and_facts({"surroundings": {"heap": False}}, "rknn_init", INSMOD),
                 outcome_and_facts({"nodes": [misc], "surroundings": {"heap_open": False}}, "rknn_init", INSMOD),
                 (outcome(top=ZEROS), facts()), (outcome(top=ZEROS), facts(wanted_driver=None)),
                 (failed("dlopen", error="/lib64/librknnrt.so: cannot open shared object file: x"),
                  facts(surroundings={"elsewhere": "/usr/lib/librknnrt.so"})),
                 (failed("rknn_run", -1, driver_version="0.9.3"), facts()),
                 (failed("rknn_init", -1, [MISMATCH]), facts(wanted_driver="0.6.2")),
                 (failed("rknn_init", -1, [MISMATCH]), facts(wanted_driver="0.6.4")),
                 (failed("rknn_init", -1, ["E RKNN: Meet unsupported target type: 0x12345678"], signal=11), facts()),
                 (failed("rknn_run", -1), facts(wanted_driver=None)),
                 (failed("rknn_init", -1, [NO_DEVICE]), facts(nodes=[closed])),
                 (failed("rknn_init", -1, [NO_DEVICE]), facts(nodes=[dict(closed, open=True)])),
                 (failed("rknn_init", -1, [NO_DEVICE]), facts(nodes=[dict(closed, group="video")], user=Account("anna", 1, 1, ()))),
                 (quiet.NOT_RUN, facts(users=[{"pid": 7, "name": "detector"}]))]
    monkeypatch.setattr(diagnosis, "DIAGNOSES",
                        tuple(row._replace(name=number) for number, row in enumerate(diagnoses.DIAGNOSES)))
    found = {diagnose(*what)[0] for what in outcomes}
    assert [row for number, row in enumerate(diagnoses.DIAGNOSES) if number not in found] == []


def test_the_rows_have_the_documented_names():
    assert {row.name for row in diagnoses.DIAGNOSES} == set(diagnoses.NAMES)
