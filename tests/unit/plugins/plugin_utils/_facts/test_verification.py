# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The verdict that the controller makes of what a board has observed of MobileNet."""

from __future__ import annotations

import json

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.quiet import NOT_RUN
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.verify import observation
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers.limits import MalformedAnswer
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.verification import judged, latency

TOP = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531], [1, 0.00390625]]
ARGS = {"expected_top5": TOP[:5], "wanted_driver": "0.9.6"}
WORKS = dict(NOT_RUN, stage="done", top=TOP, elapsed=[5.0, 4.0, 6.5], sdk_version="2.3.2", driver_version="0.9.6")


def judge(answer, **args):
    return judged(gate.validated("rknn_mobilenet", json.loads(json.dumps(answer))), dict(ARGS, **args))


def test_an_inference_that_went_well():
    found = judge({"changed": True, "observed": observation(WORKS, cores=3), "users": ["vera"]})
    assert (found["verdict"], found["diagnosis"], found["remedy"]) == ("verified", "ok", None)
    assert found["evidence"] == "Top1 is 283: 0.468750" and found["users"] == ["vera"] and found["changed"] is True
    assert found["top5"][0] == {"index": 283, "score": 0.46875} and len(found["top5"]) == 5
    assert found["tolerance"] == 1 / 256 and found["latency_ms"]["median"] == 5.0 and "observed" not in found
    assert found["notes"] == ["1 of 3 cores of the NPU were tried: this runtime cannot choose the others"]


def test_the_arguments_are_those_of_the_task_and_not_of_the_board():
    observed = observation(dict(WORKS, top=[[7, 0.9]]))
    assert judge({"observed": observed})["diagnosis"] == "model"
    assert judge({"observed": observed}, expected_top5=[{"index": 7, "score": 0.9}])["diagnosis"] == "ok"
    assert judge({"observed": observed}, expected_top5=[[7, 0.8]], tolerance="0.2")["diagnosis"] == "ok"
    failed = observation(dict(NOT_RUN, stage="dlopen", error="x.so: file too short"))
    assert "puts it to /usr/lib/librknnrt.so" in judge({"observed": failed})["remedy"]


def test_a_board_cannot_give_the_verdict_itself():
    claims = {"verdict": "verified", "diagnosis": "ok", "evidence": "all well", "top5": [], "log": []}
    assert judge({"changed": False, **claims}) == {"changed": False}
    found = judge({"observed": observation(dict(NOT_RUN, stage="rknn_run", code=-1)), "users": ["vera"], **claims})
    assert (found["verdict"], found["diagnosis"], found["users"]) == ("failed", "driver", [])


@pytest.mark.parametrize("broken", [
    {"outcome": "x"}, {"outcome": {"top": "x"}}, {"outcome": {"top": [{"index": "a", "score": 1}]}},
    {"outcome": {"timed_out": None}}, {"nodes": [{"path": "/dev/dri/card1"}]}, {"around": {"soc": 7}},
    {"around": None}, {"outcome": {"log": [{}]}},
])
def test_what_is_of_another_kind_is_refused(broken):
    with pytest.raises(MalformedAnswer):
        judge({"observed": dict(observation(WORKS), **broken)})


@pytest.mark.parametrize("odd", [
    {}, {"outcome": {}}, {"outcome": {"top": [{"index": None, "score": None}], "stage": "done"}},
    {"outcome": {"stage": "done", "elapsed": [None], "cores": [None]}}, {"outcome": {"timed_out": True}},
    {"outcome": {"signal": 1 << 40, "stage": "{stage}"}}, {"outcome": {"error": "x" * 4000}, "nodes": []},
    {"nodes": [{"path": None, "exists": False, "open": False, "group": None}], "outcome": {}},
    {"outcome": {"stage": "rknn_init", "log": ["E RKNN: " + "failed to allocate " * 200] * 900}},
    {"outcome": {"stage": "rknn_init", "log": ["x " * 2000] * 900}},
])
def test_what_is_odd_has_an_end(odd):
    found = judge({"observed": odd})
    assert found["verdict"] == "failed" and len(found["evidence"]) <= 2000 and len(found["log"]) <= 101


def test_latency():
    assert latency([5.0, 4.0, 6.5]) == {"runs": 3, "min": 4.0, "median": 5.0, "max": 6.5}
    assert latency([]) == {"runs": 0, "min": None, "median": None, "max": None}
