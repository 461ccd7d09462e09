# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The record of a board, whatever was left behind of it, and the exit code of an audit."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record

NOW = 1769860800  # 2026-01-31T12:00:00Z
KEYS = [
    "name", "status", "verdict", "reason", "remedy", "evidence", "checked_at", "board", "os", "kernel", "device",
    "driver", "condition", "kernel_log", "runtime", "rkllm", "plan", "verification", "build_losses", "device_nodes",
    "in_use", "suspect", "upgrade", "privileged", "unread",
]
PROOF = {
    "diagnosis": "ok", "evidence": "Top5 as expected", "verified_at": "2026-01-30T12:00:00Z", "driver": "0.9.6",
    "kernel": "6.1.84", "runtime_sha256": "b" * 64, "latency_ms": {"runs": 10, "min": 1, "median": 2.5, "max": 3.0},
    "top5": [{"index": 283, "score": 0.46875}],
}
FACTS = {
    "board": {
        "model": "Radxa ROCK 5B", "soc": "rk3588", "serial": "1234", "compatible": ["radxa,rock-5b", "rockchip,rk3588"],
    },
    "os": {"id": "debian", "codename": "bookworm", "version": "12 (bookworm)", "version_id": "12", "container": None},
    "kernel": {
        "release": "6.1.84", "machine": "aarch64", "headers": True, "signatures": None, "config_digest": "c",
        "boot_id": "d", "config": {"DRM": "y"},
    },
    "device": {"node": "/npu@fdab0000", "address": "fdab0000", "status": "okay", "driver": "RKNPU", "compatible": []},
    "driver": {
        "version": "0.9.6", "date": "20240322", "version_source": "drm_ioctl", "presence": "builtin",
        "module": "rknpu_dkms", "builtin_version": "0.9.3", "builtin_suppressed": True, "render_node": "/dev/dri/renderD129",
        "files": [],
    },
    "runtime": {"version": "2.3.2", "build": "x@y", "sha256": "b" * 64, "path": "/usr/lib/librknnrt.so"},
    "upgrade": {
        "state": "unknown", "since": None, "why": None, "pending": False, "origin": False, "locked_by": None,
        "hold": None,
    },
    "verification": PROOF, "privileged": True, "unread": [],
}
PLAN = {
    "action": "none", "reason": "Driver 0.9.6 answers, as wanted.", "remedy": "", "kernel": "6.1.84", "module": None,
    "reboot": False, "packages": [], "changes": [], "notes": [], "driver": {"version": "0.9.6"},
    "runtime": {"version": "2.3.2", "install": False},
}
TODO = dict(PLAN, action="dkms", reason="Driver 0.9.3 is there; 0.9.6 is wanted.", changes=["build it", "reboot"])
DEAD = "rock: does not answer over ssh: No route to host"


def facts(**parts):
    """The facts of a board that is well, with these parts laid over; None takes one out."""
    told = copy.deepcopy(FACTS)
    for part, values in parts.items():
        told[part] = dict(told[part], **values) if isinstance(values, dict) else values
    return {"npu": told}


def board(plan=None, told=None, **more):
    return dict({"ansible_facts": told or facts(), "__npu_plan": plan or PLAN}, **more)


def test_the_record_of_a_healthy_board():
    entry = board_record.record("rock", board(), NOW)
    assert list(entry) == KEYS
    assert (entry["status"], entry["verdict"], entry["remedy"], entry["checked_at"]) == (
        "healthy", "ok", None, "2026-01-31T12:00:00Z",
    )
    assert entry["reason"] == "Driver 0.9.6 answers, as wanted. MobileNet works with it."
    assert entry["kernel"] == {
        "release": "6.1.84", "machine": "aarch64", "headers": True, "signatures": None, "config_digest": "c",
        "boot_id": "d",
    }
    assert entry["plan"]["driver"] == "0.9.6" and entry["plan"]["runtime"] == "2.3.2" and list(entry["plan"]) == [
        "action", "reason", "remedy", "driver", "runtime", "kernel", "module", "reboot", "packages", "changes", "notes"]
    assert entry["verification"] == {
        "diagnosis": "ok", "evidence": "Top5 as expected", "top5": [{"index": 283, "score": 0.46875}],
        "expected_top5": [], "cores": [], "latency_ms": {"runs": 10, "min": 1, "median": 2.5, "max": 3.0},
        "verified_at": "2026-01-30T12:00:00Z", "driver": "0.9.6", "kernel": "6.1.84", "runtime_sha256": "b" * 64,
        "current": True,
    }
    assert entry["evidence"] == [
        "driver 0.9.6 answers (drm_ioctl, module rknpu_dkms)",
        "runtime 2.3.2 (/usr/lib/librknnrt.so, sha256 bbbbbbbbbbbb)",
        "MobileNet: ok (2026-01-30T12:00:00Z, recorded in /etc/ansible/facts.d/npu.fact, of this kernel, driver and runtime): Top5 as expected",
    ]


@pytest.mark.parametrize(
    "variables, status, verdict, reason",
    [
        ({"npu_hold": "yes"}, "held", "held", "npu_hold is set in the inventory"),
        (
            {"__npu_skipped": {"verdict": "held", "reason": "npu_hold is set in the inventory"}}, "held", "held",
            "npu_hold is set",
        ),
        ({}, "unknown", "not inspected", "No task of this run has inspected it."),
        (
            {"__npu_error": DEAD, "__npu_cause": "no_answer"}, "unreachable", "unreachable",
            "does not answer over ssh: No route to host",
        ),
        (
            {"__npu_audit": {"failed": True, "msg": DEAD, "cause": "no_answer"}}, "unreachable", "unreachable",
            "does not answer over ssh: No route to host",
        ),
        # The cause says so, and no words.
        ({"__npu_error": DEAD}, "unknown", "failed", "does not answer over ssh: No route to host"),
        (
            {"__npu_audit": {"failed": True, "msg": "x", "timedout": {"period": 5}}}, "unreachable", "unreachable",
            "a task did not end in time. x",
        ),
        ({"__npu_audit": {"plan": PLAN, "facts": facts()["npu"]}}, "healthy", "ok", "Driver 0.9.6 answers"),
        (
            {"__npu_error": "rock: cannot read the board: sudo: a password is required"}, "unknown", "failed",
            "cannot read the board: sudo",
        ),
        (board(told=facts(verification=None)), "unknown", "not verified", "No verification is recorded."),
        (
            board(told=facts(verification={"driver": "0.9.3"})), "unknown", "not verified",
            "of another kernel, driver or runtime.",
        ),
        (
            board(told=facts(verification={"diagnosis": "driver", "evidence": "failed to submit"})), "needs_work",
            "failed: driver", "not work: failed to submit",
        ),
        (
            board(told=facts(verification=None), __npu_verification={"diagnosis": "ok"}), "healthy", "ok",
            "MobileNet works",
        ),
        (
            board(told=facts(verification=None), __npu_verification={"diagnosis": "crash", "evidence": "signal 11"}),
            "needs_work", "failed: crash", "signal 11",
        ),
        (board(TODO), "needs_work", "planned: dkms", "0.9.6 is wanted"),
        (
            board(dict(PLAN, runtime={"version": "2.3.2", "install": True})), "needs_work", "planned: runtime",
            "Driver 0.9.6",
        ),
        (
            board(dict(PLAN, action="unsupported", reason="No NPU.", remedy="Buy one.")), "needs_work", "unsupported",
            "No NPU.",
        ),
        (
            board(told=facts(upgrade={"pending": True, "state": "activating"})), "needs_work", "pending",
            "neither committed nor rolled back: activating",
        ),
        (
            board(told=facts(upgrade={"state": "rollback_failed", "why": "the old driver is gone"})), "needs_work",
            "ROLLBACK FAILED", "the old driver is gone",
        ),
        (
            board(
                TODO, __npu_error="rock: the build failed", __npu_outcome="rolled_back", __npu_rolled_back="It is back."
            ),
            "needs_work", "rolled back", "the build failed It is back.",
        ),
        (
            board(TODO, __npu_error=DEAD, __npu_cause="no_answer", __npu_outcome="rolled_back"), "needs_work",
            "rolled back", "does not answer",
        ),
        (board(TODO, __npu_error="rock: the build failed"), "needs_work", "failed", "the build failed"),
        (
            board(dict(PLAN, reason="It is kept, as MobileNet works with it.", unchanged=True)), "healthy", "ok",
            "It is kept, as MobileNet works with it.",
        ),
        (board(TODO, __npu_skipped={"verdict": "waiting", "reason": "x"}), "needs_work", "waiting", "0.9.6 is wanted"),
        (
            board(TODO, facts(upgrade={"pending": True}), __npu_is_committed=True), "healthy", "ok",
            "Driver 0.9.6 was installed. MobileNet works with it.",
        ),
        # The hold on the board itself is no reason not to look.
        (
            board(TODO, facts(upgrade={"hold": "new disk"}), __npu_skipped={"verdict": "held", "reason": "x"}),
            "needs_work", "held", "0.9.6 is wanted",
        ),
        (
            board(dict(TODO, action="unsupported"), facts(privileged=False, driver={"version": None})), "unknown",
            "not readable", "without root",
        ),
    ],
)
def test_status(variables, status, verdict, reason):
    before = copy.deepcopy(variables)
    entry = board_record.record("rock", variables, NOW)
    assert (entry["status"], entry["verdict"]) == (status, verdict) and reason in entry["reason"]
    assert variables == before and list(entry) == KEYS and list(entry["verification"] or {})[-1:] != ["recorded"]


def test_answers_are_limited_and_of_their_kind():
    hostile = "<b>\x1b[31m\u202e" + "x" * 9999
    wrong = {
        part: {key: hostile for key in values} if isinstance(values, dict) else [hostile] * 999
        for part, values in FACTS.items()
    }
    wrong["verification"] = dict(
        PROOF, top5=[{"index": hostile, "score": float("nan")}] * 99, latency_ms={"median": float("inf")},
        evidence=hostile,
    )
    plan = dict(
        PLAN, notes=[hostile] * 999, changes=hostile, reboot="yes", action=hostile, driver=[], runtime={"version": {}}
    )
    entry = board_record.record(hostile, {"ansible_facts": {"npu": wrong}, "__npu_plan": plan}, NOW)
    text = json.dumps(entry, allow_nan=False)
    assert len(text) < 150000 and "\\u001b" not in text and "\\u202e" not in text and list(entry) == KEYS
    assert entry["verification"]["top5"] == [] and entry["verification"]["latency_ms"] is None
    assert (
        entry["kernel"]["headers"] is None and entry["board"]["compatible"] == [] and entry["privileged"] is False
        and entry["plan"]["reboot"] is None
    )
    for odd in (None, [], "x", 7):
        entry = board_record.record(
            "rock",
            {
                "ansible_facts": {"npu": dict(FACTS, board=odd, driver=odd, verification=odd, upgrade=odd)},
                "__npu_plan": PLAN,
            },
            NOW,
        )
        assert entry["driver"]["version"] is None and entry["verification"] is None


def test_exit_code_and_summary():
    def some(*statuses):
        return [{"status": status} for status in statuses]

    assert board_record.exit_code([]) == 0
    assert board_record.exit_code(some("healthy", "held")) == 0
    assert board_record.exit_code(some("healthy", "needs_work")) == 2
    assert (
        board_record.exit_code(some("healthy", "unknown")) == board_record.exit_code(some("needs_work", "unknown")) == 2
    )
    assert (
        board_record.exit_code(some("healthy", "unreachable"))
        == board_record.exit_code(some("unreachable", "needs_work", "unknown"))
        == 4
    )
    assert board_record.summary(some("healthy", "healthy", "needs_work", "unreachable")) == (
        "audit: 4 boards, 2 healthy, 1 need work, 0 unknown, 1 unreachable, 0 held")
    assert board_record.summary(some("held")).startswith("audit: 1 board, ")


# -- who uses the NPU --------------------------------------------------

IN_USE = [{"pid": 812, "name": "llama-server", "nodes": ["/dev/dri/card1"], "cgroups": ["/system.slice/docker-0123456789abcdef.scope"]}]
NODES = [
    {"path": "/dev/dri/card1", "kind": "card", "number": "226:1", "target": None, "group": "video", "mode": "0660", "missing": False},
    {"path": "/dev/dri/renderD129", "kind": "render", "number": "226:129", "target": None, "group": None, "mode": None, "missing": True},
    {"path": "/dev/rknpu", "kind": "misc", "number": None, "target": "dri/card1", "group": "video", "mode": "0660", "missing": False},
]
BUSY = "the NPU is in use by llama-server (pid 812, docker container 0123456789ab). To verify it, stop it"


def in_use(told, **audit):
    told = dict(told["npu"], processes=IN_USE, device_nodes=NODES)
    return board_record.record("rock", {"__npu_audit": dict({"facts": told, "plan": PLAN, "verification": None}, **audit)}, NOW)


@pytest.mark.parametrize("verification", [None, {}])
def test_a_board_whose_npu_is_in_use_is_not_verified(verification):
    entry = in_use(facts(verification=verification), busy=True, unverified=BUSY)
    assert (entry["status"], entry["verdict"]) == ("unknown", "not verified: in use by llama-server")
    assert entry["reason"].endswith("It is not verified that the NPU works: the NPU is in use by llama-server (pid 812, docker container 0123456789ab)")
    assert "docker stop 0123456789ab" in entry["remedy"] and "npu_force" in entry["remedy"]


def test_without_a_verification_the_recorded_one_counts():
    entry = in_use(facts(), busy=False, unverified=None)
    assert entry["status"] == "healthy"
    assert entry["in_use"] == ["llama-server (pid 812, docker container 0123456789ab)"]
    assert entry["device_nodes"] == ["/dev/dri/card1 (group video, 0660)", "/dev/dri/renderD129 (missing)", "/dev/rknpu -> dri/card1"]
    assert [line for line in entry["evidence"] if line.startswith(("in use:", "device nodes:"))] == [
        "in use: the NPU by llama-server (pid 812, docker container 0123456789ab)",
        "device nodes: /dev/dri/card1 (group video, 0660), /dev/dri/renderD129 (missing), /dev/rknpu -> dri/card1"]
