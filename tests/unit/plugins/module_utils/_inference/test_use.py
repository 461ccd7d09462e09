# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""MobileNet beside other users of the NPU, and as other users of the board."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import signal

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import account, child, quiet, verify
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.account import Account
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import npu_users, verification

CONTENT = b"RKNN model"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
SENT = {"model": CONTENT, "picture": CONTENT}
DETECTOR = {
    "pid": 812,
    "name": "detector",
    "nodes": ["/dev/dri/card1"],
    "cgroups": ["/system.slice/detector.service"],
    "unit": "detector.service",
    "container": None,
    "manager": None,
}
CAMERA = dict(DETECTOR, pid=813, name="camera", cgroups=["/system.slice/camera.service"], unit="camera.service")
NO_DEVICE = "E RKNN: [10:00:00.000] failed to open rknpu module, need to insmod rknpu dirver!"
TOP = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]
WORKS = dict(quiet.NOT_RUN, stage="done", top=TOP)


@pytest.fixture
def board(tmp_path, monkeypatch):
    """An NPU with users, and the order of what is done."""

    class Board:
        users, services, order, outcomes = [], {"detector.service": "active"}, [], {}

        def verify(self, sent=None, **params):
            params = {
                "model_sha256": DIGEST,
                "picture_sha256": DIGEST,
                "model_upload": None,
                "picture_upload": None,
                "state_dir": str(tmp_path / "state"),
                "library": "/usr/lib/librknnrt.so",
                "runs": 1,
                "timeout": 60,
                "cores": 3,
                "expected_top5": TOP,
                "tolerance": 0.004,
                "wanted_driver": "0.9.6",
                "users": [],
                "services": [],
                "force": False,
                **params,
            }
            answer = verify.run(params, keep=False, sent=SENT if sent is None else sent)
            return verification.judged(gate.validated("rknn_mobilenet", json.loads(json.dumps(answer))), params)

        def systemctl(self, *words):
            name = words[-1]
            if words[0] == "is-active":
                return 0 if self.services.get(name) == "active" else 3
            self.order.append(f"{words[0]} {name}")
            if words[0] == "stop":
                self.users = [user for user in self.users if user["unit"] != name]
            return 0

        def infer(self, *args):
            user = args[-1]
            self.order.append("run as %s" % (user.name if user else "root"))
            return self.outcomes.get(user.name if user else "root", WORKS)

    there = Board()
    there.order = []
    monkeypatch.setattr(quiet, "users_of_npu", lambda: list(there.users))
    without = quiet.without
    monkeypatch.setattr(quiet, "without", lambda services: without(services, there.systemctl))
    monkeypatch.setattr(verify, "infer", there.infer)
    monkeypatch.setattr(account, "find", lambda name: Account(name, 1000, 1000, (1000,)))
    monkeypatch.setattr(verify, "surroundings", lambda library, user: {})
    monkeypatch.setattr(
        verify,
        "device_nodes",
        lambda user=None: [
            {"path": "/dev/dri/card1", "exists": True, "open": not user or user.name == "vera", "group": "video"},
            {"path": "/dev/dri/renderD129", "exists": True, "open": not user or user.name == "vera", "group": "render"},
        ],
    )
    return there


def test_it_does_not_run_beside_another_program(board):
    """igou-io/igou-kubernetes#871: a second client made the kernel panic."""
    board.users = [DETECTOR]
    answer = board.verify()
    assert (answer["verdict"], answer["diagnosis"], board.order) == ("failed", "busy", [])
    assert answer["evidence"] == "the NPU is in use by detector (pid 812)"
    answer = npu_users.explained(answer)
    assert answer["evidence"] == "the NPU is in use by detector (pid 812, detector.service)" and "in_use" not in answer
    assert (
        "systemctl stop detector.service" in answer["remedy"]
        and "npu_services" in answer["remedy"]
        and "npu_force" in answer["remedy"]
    )
    assert answer["top5"] == [] and answer["latency_ms"]["runs"] == 0


def test_nothing_is_sent_to_a_board_that_is_in_use(board):
    board.users = [DETECTOR]
    assert board.verify(sent={})["diagnosis"] == "busy"
    assert board.verify(sent={}, force=True)["missing"] == ["model", "picture"]


def test_with_force_it_runs(board):
    board.users = [DETECTOR]
    assert board.verify(force=True)["diagnosis"] == "ok" and board.order == ["run as root"]


def test_services_are_stopped_for_the_run_alone(board):
    board.users = [DETECTOR]
    assert board.verify(services=["detector.service", "rests.service"])["diagnosis"] == "ok"
    assert board.order == ["stop detector.service", "run as root", "start detector.service"]
    # Not where they are not in the way, nor before the files are there.
    board.users, board.order[:] = [], []
    board.verify(services=["detector.service"])
    assert board.order == ["run as root"]
    board.users, board.order[:] = [DETECTOR], []
    assert board.verify(sent={}, services=["detector.service"])["missing"] and board.order == []


def test_what_services_do_not_end_is_refused(board):
    board.users = [DETECTOR, CAMERA]
    answer = npu_users.explained(board.verify(services=["detector.service"]))
    assert "camera.service" in answer["evidence"] and board.order == []
    board.users = [dict(CAMERA, cgroups=["/system.slice/docker-0123456789abcdef.scope"])]
    answer = npu_users.explained(board.verify(services=["detector.service"]))
    assert answer["diagnosis"] == "busy" and "docker stop 0123456789ab" in answer["remedy"]
    assert board.order == ["stop detector.service", "start detector.service"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGALRM])
def test_services_are_started_again_if_the_task_is_ended(board, monkeypatch, number):
    board.users = [DETECTOR]
    monkeypatch.setattr(verify, "infer", lambda *unused: os.kill(os.getpid(), number))
    before = signal.getsignal(number)
    with pytest.raises(verify.VerificationError, match=f"ended by signal {number}"):
        board.verify(services=["detector.service"])
    assert board.order == ["stop detector.service", "start detector.service"] and signal.getsignal(number) == before


# -- as other users --------------------------------------------------


def test_as_each_user_after_root(board):
    answer = board.verify(users=["anna", "vera"])
    assert board.order == ["run as root", "run as anna", "run as vera"]
    assert answer["diagnosis"] == "ok" and answer["users"] == ["anna", "vera"]


def test_a_user_who_may_not_open_the_nodes(board):
    """bigtreetech/CB2#140: card1 root:video, renderD129 root:render, the user in neither."""
    board.outcomes = {"anna": dict(quiet.NOT_RUN, stage="rknn_init", code=-1, log=[NO_DEVICE])}
    answer = board.verify(users=["anna", "vera"])
    assert answer["diagnosis"] == "device" and board.order == ["run as root", "run as anna"]
    assert (
        answer["evidence"].startswith("as user anna: ")
        and "/dev/dri/card1 and /dev/dri/renderD129" in answer["evidence"]
    )
    assert "usermod -aG render,video anna" in answer["remedy"]


def test_other_faults_of_a_user_name_the_user(board):
    board.outcomes = {"vera": dict(quiet.NOT_RUN, stage="dlopen", error="/usr/lib/librknnrt.so: Permission denied")}
    answer = board.verify(users=["vera"])
    assert answer["diagnosis"] == "runtime" and answer["evidence"].startswith("as user vera: ")


def test_where_root_fails_no_user_is_tried(board):
    board.outcomes = {"root": dict(quiet.NOT_RUN, stage="rknn_run", code=-2)}
    assert board.verify(users=["anna"])["diagnosis"] == "timeout" and board.order == ["run as root"]


def test_an_unknown_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(
        ValueError, match="the board has no user nobody-of-that-name: create it, or remove it from npu_verify_users"
    ):
        account.find("nobody-of-that-name")
    found = account.find("daemon")
    assert found.uid == pwd.getpwnam("daemon").pw_uid and found.gid in found.groups
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ValueError, match="requires root"):
        account.find("daemon")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_child_is_that_user(monkeypatch):
    def classify(path, model, picture, runs, report, cores):
        report(stage="done", code=os.getuid(), core=os.getgid(), error=",".join(map(str, os.getgroups())))

    monkeypatch.setattr(child, "classify", classify)
    daemon = pwd.getpwnam("daemon")
    outcome = child.infer(
        "x", b"", bytes(child.PICTURE_BYTES), 0, 30, 1, Account("daemon", daemon.pw_uid, daemon.pw_gid, (1, 44))
    )
    assert (outcome["code"], outcome["core"], outcome["error"]) == (daemon.pw_uid, daemon.pw_gid, "1,44")
