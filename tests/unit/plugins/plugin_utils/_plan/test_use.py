# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A plan for a board whose NPU is in use, and for one whose device nodes are not what they should be."""

from __future__ import annotations

import pytest
from stand_ins.plans.planned_facts import MISSION, plan, record, upgraded

DETECTOR = {"pid": 812, "name": "detector", "nodes": ["/dev/dri/card1"], "cgroups": ["/system.slice/detector.service"]}
FRIGATE = {
    "pid": 601,
    "name": "frigate.detect",
    "nodes": ["/dev/dri/card1"],
    "cgroups": ["/system.slice/docker-0123456789abcdef.scope"],
}
LLAMA = {
    "pid": 602,
    "name": "llama-server",
    "nodes": ["/dev/dri/card1"],
    "cgroups": ["/kubepods.slice/kubepods-pod1.slice/cri-containerd-0123.scope"],
}
NODE = {
    "path": "/dev/dri/card1",
    "kind": "card",
    "number": "226:1",
    "target": None,
    "group": "video",
    "mode": "0660",
    "missing": False,
}


def notes(found, word):
    return [note for note in found["notes"] if word in note]


def test_a_plan_alone_notes_who_uses_the_npu():
    found = plan(processes=[DETECTOR, FRIGATE])
    assert found["action"] == plan()["action"] == "dkms_over_builtin"
    assert notes(found, "in use") == [
        (
            "The NPU is in use by detector (pid 812, detector.service), frigate.detect (pid 601, docker container "
            "0123456789ab): an upgrade and a verification do not start before it is stopped (systemctl stop "
            "detector.service; docker stop 0123456789ab), unless npu_services has its systemd unit or npu_force is set."
        )
    ]
    assert notes(plan(processes=[DETECTOR], **upgraded()), "in use") and not notes(plan(), "in use")


@pytest.mark.parametrize(
    ("users", "services", "force", "stops"),
    [
        ([DETECTOR], [], False, "The NPU is in use by detector (pid 812, detector.service)."),
        ([DETECTOR], ["other"], False, "The NPU is in use by detector"),
        ([DETECTOR], ["detector"], False, None),
        ([DETECTOR, FRIGATE], ["detector"], False, None),  # asked again when it has been stopped
        ([FRIGATE], [], False, "The NPU is in use by frigate.detect (pid 601, docker container 0123456789ab)."),
        ([LLAMA], [], False, "The NPU is in use by llama-server (pid 602, containerd container 0123)."),
        ([DETECTOR, FRIGATE], ["docker.service"], False, "The NPU is in use by detector (pid 812, detector.service)."),
        ([FRIGATE, LLAMA], ["docker.service", "k3s.service"], False, None),
        ([DETECTOR], [], True, None),
        ([], [], False, None),
    ],
)
def test_an_upgrade_stops_while_it_is_planned(users, services, force, stops):
    found = plan({"services": services, "force": force}, processes=users)
    assert found["action"] == ("unsupported" if stops else "dkms_over_builtin")
    if stops:
        assert (
            found["reason"].startswith(stops) and "npu_services" in found["remedy"] and "npu_force" in found["remedy"]
        )
        assert not found["changes"] and not found["reboot"] and found["current"] == plan()["current"]


def test_the_runtime_alone_is_a_change_too():
    """igou-io/igou-kubernetes#871: driver 0.9.8, only the runtime is replaced."""
    changes = upgraded(runtime=dict(MISSION["runtime"], version="2.3.0", sha256="3" * 64, git_blob="3" * 40))
    assert plan(**changes)["runtime"]["install"]
    assert plan({"services": []}, processes=[LLAMA], **changes)["action"] == "unsupported"


def test_a_board_that_needs_nothing_may_be_in_use():
    assert plan({"services": []}, processes=[DETECTOR], **upgraded(verification=record("0.9.6")))["action"] == "none"


def test_a_link_and_a_missing_node_are_named():
    found = plan(
        device_nodes=[
            dict(NODE, missing=True, mode=None, group=None),
            dict(NODE, path="/dev/rknpu", kind="misc", number=None, target="dri/renderD129"),
        ]
    )
    assert notes(found, "/dev/rknpu is a link to dri/renderD129") and "udev rule" in notes(found, "/dev/rknpu")[0]
    assert notes(
        found, "The driver has /dev/dri/card1, which is missing in /dev: run udevadm trigger --subsystem-match=drm"
    )
    assert not notes(plan(device_nodes=[NODE]), "/dev/dri/card1")


@pytest.mark.parametrize("diagnosis", ["busy", "memory", "device"])
def test_such_a_diagnosis_changes_no_driver(diagnosis):
    """airockchip/rknn-toolkit2#536, rockchip-linux/rknn-toolkit2#44: the NPU is busy, or has no memory."""
    found = plan(verification=dict(record("0.9.3", diagnosis, MISSION["runtime"]), remedy="do this"))
    assert found["action"] == "unsupported" and not found["changes"]
    assert "another driver does not fix" in found["reason"] and found["remedy"].startswith(
        "Do this, or set npu_driver_policy"
    )


@pytest.mark.parametrize(("diagnosis", "wanted", "action"), [
    ("memory", {}, "unsupported"), ("device", {}, "unsupported"), ("model", {}, "unsupported"),
    ("memory", {"runtime_version": "2.3.2"}, "none"), ("runtime", {}, "none"), ("driver", {}, "none"),
])
def test_such_a_diagnosis_changes_no_runtime_either(diagnosis, wanted, action):
    """airockchip/rknn-toolkit2#384: driver 0.9.8, which is new enough, with a runtime that is not the pinned file."""
    runtime = dict(MISSION["runtime"], version="2.3.0", sha256="0" * 64)
    failed = dict(record("0.9.8", diagnosis, runtime), remedy="do this")
    found = plan(wanted, driver={"version": "0.9.8", "builtin_version": "0.9.8"}, runtime=runtime, verification=failed)
    assert found["action"] == action and found["runtime"]["install"] is (action == "none")
    if action == "unsupported":
        assert "is no reason for another runtime" in found["reason"]
        assert found["remedy"] == "Do this, or set npu_runtime_version to change the runtime all the same."
