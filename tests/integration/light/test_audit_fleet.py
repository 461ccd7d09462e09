# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The audit of a fleet of all kinds, over ssh: it says how each board does, and leaves each as it was, to the last file."""

from __future__ import annotations

import json
import subprocess

import pytest

AUDIT = "playbooks/audit-npu.yml"
STATUS = {
    "rock5b-healthy": "healthy", "rock5b-failing": "needs_work", "rock5b-bullseye": "healthy", "orangepi5": "unknown", "rock3a": "needs_work",
    "rock4d": "unknown", "no-driver": "needs_work", "not-rockchip": "needs_work", "rocket": "needs_work", "unbound": "needs_work",
    "pending": "needs_work", "wrong-answer": "needs_work", "hold-on-board": "needs_work", "hostile": "needs_work", "held": "held",
    "unreachable": "unreachable", "no-python": "unknown", "no-sudo": "needs_work",
}
# What sshd and sudo write whenever somebody comes is not ours.
LISTING = (
    "find / -xdev ( -path /proc -o -path /dev -o -path /run -o -path /var/log -o -path /var/lib/sudo ) -prune "
    "-o -printf %p|%y|%m|%U|%G|%s|%T@|%C@|%l\\n")


@pytest.fixture(scope="module")
def fleet(light_boards):
    light_boards.up(len(STATUS), ",".join(STATUS))
    return light_boards


def listing(fleet):
    """Every file of every board that can be asked: kind, mode, owner, size, times, where a link leads."""
    words = " ".join("'%s'" % word if set(word) & set("()|\\") else word for word in LISTING.split(" "))
    done = subprocess.run(["ansible", "-i", str(fleet.inventory), "fleet", "-f", "6", "-m", "ansible.builtin.raw", "-a", "sudo -n %s" % words],
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    found, board = {}, None
    for line in done.stdout.splitlines():
        if " | " in line and ">>" in line:
            board = line.split(" | ")[0]
            found[board] = []
        elif board and line.startswith("/"):
            found[board].append(line)
    # Not sorted on the board: where memory is short, sort(1) writes to /tmp.
    return {board: sorted(lines) for board, lines in found.items() if len(lines) > 1000}


def changed(before, after):
    """What is not on both lists, by board."""
    return {board: sorted(set(before.get(board, ())) ^ set(after.get(board, ()))) for board in {*before, *after} if before.get(board) != after.get(board)}


def records(path):
    return {board["name"]: board for board in json.loads((path / "fleet.json").read_text())["boards"]}


def audit(play, fleet, folder, *words):
    return play(AUDIT, "--limit", "fleet", "-e", "npu_report_dir=%s" % folder, *words, inventory=str(fleet.inventory))


def test_an_audit_reports_the_health_of_each_board_and_changes_none(fleet, play, tmp_path):
    before = listing(fleet)
    assert len(before) >= len(STATUS) - 3
    run = audit(play, fleet, tmp_path / "report")
    found = records(tmp_path / "report")
    kind_of = {name: kind for kind in STATUS for name in fleet.of_kind(kind)}
    assert {kind_of[name]: record["status"] for name, record in found.items()} == STATUS, json.dumps(found, indent=1)
    assert run.rc == 4 and "audit: %d boards" % len(STATUS) in run.output
    assert "\x1b[31m" not in json.dumps(found) and all(record["remedy"] for record in found.values() if record["status"] not in ("healthy", "held"))
    assert changed(before, listing(fleet)) == {}


def test_nor_does_one_that_verifies(fleet, play, tmp_path):
    before = listing(fleet)
    run = audit(play, fleet, tmp_path / "report", "-e", "npu_audit_verify=true")
    found = records(tmp_path / "report")
    healthy, wrong = found[fleet.of_kind("rock5b-healthy")[0]], found[fleet.of_kind("wrong-answer")[0]]
    assert healthy["status"] == "healthy" and healthy["verification"]["latency_ms"]["runs"] == 10
    assert wrong["status"] == "needs_work" and wrong["verification"]["diagnosis"] != "ok"
    failing = found[fleet.of_kind("rock5b-failing")[0]]
    assert failing["verification"]["diagnosis"] == "driver" and failing["plan"]["action"] != "none" and failing["privileged"]
    assert run.rc == 4
    assert changed(before, listing(fleet)) == {}
