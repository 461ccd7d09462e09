# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The parts of the benchmark that run on light boards: audit, second run, the peer with stock modules, the controller's memory."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from light_boards import LightBoards

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = pathlib.Path(__file__).resolve().parent
PING, STOCK = BENCH / "ping.yml", BENCH / "stock-audit.yml"
AUDIT, UPGRADE = ROOT / "playbooks/audit-npu.yml", ROOT / "playbooks/upgrade-npu.yml"
#: Of audit-npu.yml: all healthy, some need work or unknown, some unreachable.
AUDITED = (0, 2, 4)
#: Those that nothing answers for have no place in a comparison of speeds.
ANSWERS_NOT = {"unreachable", "no-python", "no-sudo", "held"}


class Controller:
    """Runs playbooks on the light boards, as a user would from the checkout."""

    def __init__(self, scratch: pathlib.Path, boards: LightBoards):
        self.scratch, self.boards = scratch, boards
        self.warm = scratch / "cp"
        self.warm.mkdir(mode=0o700)

    def run(
        self, playbook: pathlib.Path, *, cold: bool = False, codes: tuple = (0,), variables: dict | None = None, memory: bool = False
    ) -> dict:
        """Run a playbook; {seconds, cpu (of the controller alone), mib, tasks, totals}. *cold*: no connection is there yet."""
        times = self.scratch / "times.json"
        sockets = pathlib.Path(tempfile.mkdtemp(prefix="cp", dir=self.scratch)) if cold else self.warm
        environ = dict(
            os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / "build/collections"), ANSIBLE_SSH_CONTROL_PATH_DIR=str(sockets),
            ANSIBLE_CALLBACK_PLUGINS=str(BENCH / "callback"), ANSIBLE_CALLBACKS_ENABLED="task_times", TASK_TIMES_FILE=str(times),
        )
        variables = {"npu_cache_dir": str(self.scratch / "cache"), **(variables or {})}
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(self.scratch / "last-run.log", "w", encoding="utf-8") as log:
            child = subprocess.Popen(
                [str(ROOT / ".venv/bin/ansible-playbook"), "-i", str(self.boards.inventory), "-e", json.dumps(variables), str(playbook)],
                cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )
            peak = Peak(child.pid) if memory else None
            code = child.wait()
        seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        mib = peak.end() if peak else None
        if cold:
            disconnect(sockets)
        if code not in codes:
            tail = (self.scratch / "last-run.log").read_text()[-3000:]
            raise RuntimeError(f"{playbook.name} ended with {code}\n{tail}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"seconds": seconds, "cpu": cpu, "mib": mib, **json.loads(times.read_text())}


def disconnect(sockets: pathlib.Path) -> None:
    """Close the connections of a folder."""
    for path in sockets.iterdir():
        command = ["ssh", "-F", "none", "-O", "exit", "-o", f"ControlPath={path}", "board"]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    shutil.rmtree(sockets, ignore_errors=True)


class Peak:
    """The highest sum of the memory (PSS) of a process and its descendants, sampled ten times a second.

    Connections that stay open are no descendants.
    """

    def __init__(self, pid: int):
        self.pid, self.highest, self.ended = pid, 0, threading.Event()
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self) -> None:
        try:
            while not self.ended.wait(0.1):
                self.highest = max(self.highest, sum(map(pss_kib, descendants(self.pid))))
        except Exception as error:  # noqa: BLE001 # pylint: disable=broad-exception-caught
            # A figure of only a part of the run would be too low: none is reported.
            self.error = error

    def end(self) -> float:
        """Return the peak in MiB.

        Raises:
            RuntimeError: if the memory could not be sampled until the end.
        """
        self.ended.set()
        self.thread.join()
        if self.error:
            raise RuntimeError(f"the memory was not watched until the end of the run: {self.error!r}") from self.error
        return self.highest / 1024


def descendants(pid: int, proc: pathlib.Path = pathlib.Path("/proc")) -> list[int]:
    """Return a process and all that it and its children have started and that did not detach itself.

    Each of them may end at any moment, also between the listing of its threads and the reading of one.
    """
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        folder, threads = proc / str(found[-1]) / "task", []
        with contextlib.suppress(OSError):
            threads = os.listdir(folder)
        for thread in threads:
            with contextlib.suppress(OSError):
                waiting += map(int, (folder / thread / "children").read_text().split())
    return found


def pss_kib(pid: int, proc: pathlib.Path = pathlib.Path("/proc")) -> int:
    """Return the memory of a process in KiB, of shared pages its share; 0 if it has ended."""
    with contextlib.suppress(OSError):
        for line in (proc / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def compare(controller: Controller, runs: int, **others: dict) -> dict:
    """Seconds of each, warm and cold, from interleaved runs: {name: {warm: [...], cold: [...]}}. Each is a call of run()."""
    seconds = {name: {"warm": [], "cold": []} for name in others}
    for name, call in others.items():
        controller.run(**call)  # connections, caches and byte code are there
    for turn in range(runs):
        order = list(others) if turn % 2 else list(others)[::-1]
        for state in ("warm", "cold"):
            for name in order:
                seconds[name][state].append(round(controller.run(cold=state == "cold", **others[name])["seconds"], 2))
    return seconds


def ratios(seconds: dict, over: str, under: str) -> dict:
    """Ratio of the medians, warm and cold."""
    return {state: round(statistics.median(seconds[over][state]) / statistics.median(seconds[under][state]), 2) for state in ("warm", "cold")}


def where(run: dict, least: float = 0.1) -> list[str]:
    """Where the time of a run went, as lines: what took longest first; the rest as one."""
    rows = sorted(run["tasks"], key=lambda row: -row["seconds"])
    lines = []
    for row in rows:
        if row["seconds"] >= least:
            lines.append(f"    {row['seconds']:7.2f} s  {row['play']}: {row['task']} ({row['results']} results)")
    rest = [row["seconds"] for row in rows if row["seconds"] < least]
    return [*lines, f"    {sum(rest):7.2f} s  {len(rest)} more"] if rest else lines


class Fleet:
    """The parts, over boards that are started when they are first wanted."""

    def __init__(self, count: int, runs: int, say=print):
        self.count, self.runs, self.say = count, runs, say
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.boards = LightBoards(ROOT, self.scratch / "lab")
        self.controller = Controller(self.scratch, self.boards)
        self.there = None
        self.kinds = [path.stem for path in sorted((ROOT / "tests/lab/fleet").glob("*.toml")) if path.stem not in ANSWERS_NOT]

    def want(self, count: int, mix: str) -> None:
        """Have these boards, as new."""
        if self.there != (count, mix):
            self.say(f"  {count} light boards, {'all kinds that answer' if ',' in mix else mix}")
            disconnect(self.controller.warm)
            self.controller.warm.mkdir(mode=0o700)
            self.boards.up(count, mix)
            self.there = (count, mix)

    def end(self) -> None:
        """Leave nothing."""
        disconnect(self.controller.warm)
        self.boards.down()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _audit(self) -> dict:
        """How the audit is run: as a user would, with the report it writes by default, in a folder of the benchmark's."""
        return {"playbook": AUDIT, "codes": AUDITED, "variables": {"npu_report_dir": str(self.scratch / "report")}}

    def audit(self) -> dict:
        """audit_vs_ping and audit_vs_stock_modules."""
        self.want(self.count, ",".join(self.kinds))
        audit = self._audit()
        seconds = compare(self.controller, self.runs, ping={"playbook": PING}, audit=audit, stock={"playbook": STOCK})
        to_ping, to_stock = ratios(seconds, "audit", "ping"), ratios(seconds, "audit", "stock")
        again = self.controller.run(**audit)
        self.say("\n".join([f"  where an audit's {again['seconds']:.1f} s go (warm; {again['cpu']:.1f} s of CPU on the controller):", *where(again)]))
        return {
            "audit_vs_ping": to_ping["warm"], "audit_vs_stock_modules": to_stock["warm"],
            "details": {"seconds": seconds, "audit_vs_ping": to_ping, "audit_vs_stock_modules": to_stock, "tasks": again["tasks"]},
        }

    def second_run(self) -> dict:
        """second_run_vs_ping."""
        self.want(self.count, "healthy")
        upgrade = {"playbook": UPGRADE}
        first = self.controller.run(**upgrade)  # the verification's model and picture are brought to the boards
        seconds = compare(self.controller, self.runs, ping={"playbook": PING}, upgrade=upgrade)
        again = self.controller.run(**upgrade)
        if again["totals"]["changed"]:
            raise RuntimeError(f"a run with nothing to do changed {again['totals']['changed']} things")
        to_ping = ratios(seconds, "upgrade", "ping")
        self.say("\n".join([f"  where a second run's {again['seconds']:.1f} s go (warm; {again['cpu']:.1f} s of CPU on the controller):", *where(again)]))
        return {
            "second_run_vs_ping": to_ping["warm"],
            "details": {"first": round(first["seconds"], 1), "seconds": seconds, "second_run_vs_ping": to_ping, "tasks": again["tasks"]},
        }

    def memory(self) -> dict:
        """controller_mib_100 and controller_mib_300, with the time at both."""
        result: dict = {"details": {}}
        for count in (100, 300):
            self.want(count, "healthy")
            runs = {}
            for name, call in (("ping", {"playbook": PING}), ("audit", self._audit()), ("second_run", {"playbook": UPGRADE})):
                self.controller.run(**call)
                # Between two looks a peak comes and goes: the highest of several runs is nearer to it.
                runs[name] = max((self.controller.run(memory=True, **call) for _turn in range(self.runs)), key=lambda run: run["mib"])
            result["details"][str(count)] = {name: {"mib": round(run["mib"], 1), "seconds": round(run["seconds"], 1)} for name, run in runs.items()}
            result[f"controller_mib_{count}"] = round(max(runs[name]["mib"] for name in ("audit", "second_run")))
            figures = ", ".join(f"{name} {run['mib']:.0f} MiB in {run['seconds']:.1f} s" for name, run in runs.items())
            self.say(f"  {count} boards: {figures}")
        return result


def needs() -> str | None:
    """Why these parts cannot run here, or None."""
    command = [sys.executable, str(ROOT / "tests/lab/lab"), "fleet", "status"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()
