# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The benchmark's runner: what it writes, and what it says of what it did not measure. Nothing is measured here."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

pytest.importorskip("yaml")
BENCH = Path(__file__).resolve().parents[3] / "bench"
NINE = {
    "audit_vs_ping", "second_run_vs_ping", "builds_per_kernel", "store_vs_build", "downtime_vs_reboot", "upgrade_vs_by_hand",
    "audit_vs_stock_modules", "controller_mib_100", "controller_mib_300",
}


@pytest.fixture(name="bench")
def bench_fixture(tmp_path, monkeypatch):
    """The runner, with parts that measure nothing; its files in a scratch folder."""
    monkeypatch.setattr(sys, "path", [str(BENCH), *sys.path])
    run = importlib.import_module("run")

    class Parts:
        ended = False

        def __init__(self, *dummy):
            pass

        def audit(self):
            return {"audit_vs_ping": 0.9, "audit_vs_stock_modules": 0.2, "details": {"seconds": [1, 2]}}

        def second_run(self):
            raise RuntimeError("upgrade-npu.yml ended with 2\nand what it said")

        def end(self):
            Parts.ended = True

    for name, value in {"RESULT": tmp_path / "build/bench.json", "DETAILS": tmp_path / "build/bench-details.json", "ROOT": tmp_path}.items():
        monkeypatch.setattr(run, name, value)
    monkeypatch.setattr(run.signal, "signal", lambda *dummy: None)
    monkeypatch.setattr(run.leftovers, "Run", lambda: types.SimpleNamespace(end=lambda: None))
    monkeypatch.setattr(run.fleet, "Fleet", Parts)
    monkeypatch.setattr(run.fleet, "needs", lambda: None)
    monkeypatch.setattr(run.boards, "needs", lambda: "MISSING packages: qemu")
    run.parts = Parts
    yield run
    for name in ("run", "fleet", "boards", "by_hand", "leftovers"):
        sys.modules.pop(name, None)


def only(monkeypatch, words):
    monkeypatch.setattr(os, "environ", dict(os.environ, BENCH_ONLY=words))


def test_all_keys_exist_and_parts_that_did_not_run_are_null_or_unchanged(bench, monkeypatch, capsys):
    only(monkeypatch, "audit")
    bench.write(bench.RESULT, {"store_vs_build": 0.5, "audit_vs_ping": 3.0, "old": 1})
    assert bench.main() == 0
    result = json.loads(bench.RESULT.read_text())
    assert set(result) == NINE
    assert (result["audit_vs_ping"], result["store_vs_build"], result["downtime_vs_reboot"]) == (0.9, 0.5, None)
    out = capsys.readouterr().out
    assert "goal at most 1.0: reached" in out and "goal at most 0.3: MISSED" in out and "(not run)" in out
    assert bench.parts.ended


def test_a_part_that_fails_is_null_with_its_reason_and_the_others_have_run(bench, monkeypatch, capsys):
    only(monkeypatch, "second-run, audit")
    bench.write(bench.RESULT, {"second_run_vs_ping": 1.5})
    assert bench.main() == 1
    result, details = json.loads(bench.RESULT.read_text()), json.loads(bench.DETAILS.read_text())
    assert (result["second_run_vs_ping"], result["audit_vs_ping"]) == (None, 0.9)
    assert details["second-run"] == {"reason": "failed: upgrade-npu.yml ended with 2"}
    assert "failed: upgrade-npu.yml ended with 2" in capsys.readouterr().out and bench.parts.ended


def test_a_part_that_cannot_run_on_this_machine_reports_why(bench, monkeypatch):
    only(monkeypatch, "store")
    assert bench.main() == 1
    assert json.loads(bench.DETAILS.read_text())["store"]["reason"] == "cannot run here: MISSING packages: qemu"
    assert json.loads(bench.RESULT.read_text())["store_vs_build"] is None


def test_a_ratio_of_fewer_boards_is_not_recorded_as_one_of_a_hundred(bench, monkeypatch, capsys):
    monkeypatch.setattr(os, "environ", dict(os.environ, BENCH_ONLY="audit", BENCH_BOARDS="50"))
    assert bench.main() == 0
    assert json.loads(bench.RESULT.read_text())["audit_vs_ping"] is None
    details = json.loads(bench.DETAILS.read_text())["audit"]
    assert (details["boards"], details["ratios"]) == (50, {"audit_vs_ping": 0.9, "audit_vs_stock_modules": 0.2})
    assert "not kept" in capsys.readouterr().out


@pytest.mark.parametrize("name, value, says", [
    ("BENCH_ONLY", "audit speed", "BENCH_ONLY has speed; there are audit, second-run"), ("BENCH_RUNS", "0", "BENCH_RUNS is 0"), ("BENCH_BOARDS", "x", "is x"),
])
def test_a_wrong_setting_is_reported_before_anything_starts(bench, monkeypatch, name, value, says):
    monkeypatch.setattr(os, "environ", dict(os.environ, **{name: value}))
    with pytest.raises(SystemExit, match=says):
        bench.main()
    assert not bench.RESULT.exists()


def test_every_key_has_one_part():
    sys.path.insert(0, str(BENCH))
    try:
        run = importlib.import_module("run")
        assert sorted(key for dummy, method, keys in run.PARTS.values() for key in keys) == sorted(NINE) == sorted(run.KEYS)
        for place, method, dummy in run.PARTS.values():
            assert callable(getattr(run.fleet.Fleet if place == "fleet" else run.boards.Boards, method))
    finally:
        sys.path.remove(str(BENCH))
        for name in ("run", "fleet", "boards", "by_hand", "leftovers"):
            sys.modules.pop(name, None)


def test_the_time_of_each_part_is_shown_longest_first(bench):
    rows = [{"play": "P", "task": name, "seconds": seconds, "results": 3} for name, seconds in (("a", 0.5), ("b", 4.0), ("c", 0.01), ("d", 0.02))]
    lines = bench.fleet.where({"tasks": rows})
    assert [line.split(" s  ")[1] for line in lines] == ["P: b (3 results)", "P: a (3 results)", "2 more"]


def test_the_ratio_is_of_the_medians(bench):
    seconds = {"audit": {"warm": [1, 9, 2], "cold": [4]}, "ping": {"warm": [2, 2, 20], "cold": [2]}}
    assert bench.fleet.ratios(seconds, "audit", "ping") == {"warm": 1.0, "cold": 2.0}


@pytest.fixture(name="proc")
def proc_fixture(tmp_path):
    """A process 1 with two threads and three children, of which 5 is listed and has ended, and 4 has a child."""
    for place, text in {"1/task/1/children": "3 4 ", "1/task/2/children": "5 ", "3/task/3/children": "", "4/task/4/children": "6 ",
                        "6/task/6/children": "", "1/smaps_rollup": "00-ff [rollup]\nRss: 9 kB\nPss:                12 kB\n"}.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    return tmp_path


def test_memory_is_that_of_all_descendants_whichever_end_meanwhile(bench, proc, monkeypatch):
    assert sorted(bench.fleet.descendants(1, proc)) == [1, 3, 4, 5, 6]
    assert [bench.fleet.pss_kib(pid, proc) for pid in (1, 5)] == [12, 0]
    # A process ends between the listing of its threads and the reading of one.
    shutil.rmtree(proc / "4/task/4")
    (proc / "4/task/4").symlink_to("gone")
    assert sorted(bench.fleet.descendants(1, proc)) == [1, 3, 4, 5]
    # Linux has two errors for it.
    for error in (FileNotFoundError, ProcessLookupError):
        monkeypatch.setattr(bench.fleet.os, "listdir", lambda folder, error=error: _raise(error()))
        assert bench.fleet.descendants(1, proc) == [1]


def _raise(error):
    raise error


def test_a_watch_that_failed_reports_no_memory(bench, monkeypatch):
    called = threading.Event()

    def fail(_pid):
        called.set()
        raise ValueError("x")

    monkeypatch.setattr(bench.fleet, "descendants", fail)
    peak = bench.fleet.Peak(os.getpid())
    assert called.wait(60)
    with pytest.raises(RuntimeError, match="not watched until the end"):
        peak.end()


def test_a_watch_survives_processes_that_come_and_go(bench):
    script = "i=0; while [ $i -lt 200 ]; do /bin/true & i=$((i+1)); done; wait"
    child = subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL)
    found = []
    while child.poll() is None:
        found.append(sum(map(bench.fleet.pss_kib, bench.fleet.descendants(child.pid))))
    assert child.returncode == 0 and max(found) > 0


def test_a_later_task_of_dkms_does_not_hide_the_build(monkeypatch):
    pytest.importorskip("ansible")
    monkeypatch.setattr(sys, "path", [str(BENCH / "callback"), *sys.path])
    callback = importlib.import_module("task_times").CallbackModule()
    results = [("npu_facts", {"steps": ["x"]}), ("npu_dkms", {"steps": ["tree", "install"]}), ("npu_dkms", {"skipped": True}), ("npu_dkms", {"steps": None})]
    for action, result in results:
        callback.v2_runner_on_ok(types.SimpleNamespace(
            _task=types.SimpleNamespace(resolved_action=f"rkfleet.npu.{action}"), _host=types.SimpleNamespace(get_name=lambda: "rock-1"), _result=result))
    assert callback.dkms == {"rock-1": ["tree", "install"]}
    sys.modules.pop("task_times")
