# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A rollout over hundreds of light boards, with faults, killed controllers and two at once; a judge reads all journals.

    make rollout                                     200 boards, hours
    ROLLOUT_BOARDS=40 ROLLOUT_FORKS=25 make rollout  fewer of them
    ROLLOUT_SEED=7 ROLLOUT_FAULTS=8 make rollout     which boards are faulty, and how many of a hundred
    ROLLOUT_STEPS="limited killed together" make rollout
    ROLLOUT_BUILD_SECONDS=60 ROLLOUT_BOOT_SECONDS=20 what a build of the driver takes, and a boot until ssh

The last line is `rollout: N boards, N upgraded, N rolled back, N unchanged, 0 worse`; the exit code is 0 only if no
rule is broken. build/rollout.json has the figures, build/rollout/ the journals and logs (ROLLOUT_FOLDER:
elsewhere). All runs in a PID namespace of its own: however it ends, the kernel ends its boards, connections and runs.
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "build/collections")]

from rollout import controllers, figures, judge, scenario  # noqa: E402

FOLDER = pathlib.Path(os.environ.get("ROLLOUT_FOLDER") or ROOT / "build")
RESULT, KEPT = FOLDER / "rollout.json", FOLDER / "rollout"
INSIDE = "ROLLOUT_INSIDE"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def number(name: str, default: int, least: int = 1) -> int:
    """Return a setting that has to be a number; exits if it is none."""
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < least:
        sys.exit(f"rollout: {name} is {text}: it must be a number, at least {least}.")
    return int(text)


def steps() -> tuple:
    """Return the steps that ROLLOUT_STEPS names, all if it names none; exits if one is unknown."""
    words = tuple(os.environ.get("ROLLOUT_STEPS", "").replace(",", " ").split()) or scenario.STEPS
    unknown = [word for word in words if word not in scenario.STEPS]
    if unknown:
        sys.exit(f"rollout: ROLLOUT_STEPS has {', '.join(unknown)}; there are {', '.join(scenario.STEPS)}.")
    return words


def namespace_command() -> list[str] | None:
    """Return the command that runs this program in a PID namespace of its own, or None if it does already or cannot."""
    if os.environ.get(INSIDE) or os.geteuid() != 0 or not shutil.which("unshare"):
        return None
    # The kernel kills what is in a PID namespace when its first process ends, that one when unshare ends, and unshare
    # when this process ends.
    namespace = ["unshare", "--pid", "--mount-proc", "--fork", "--kill-child=KILL"]
    return [*controllers.DIES_WITH_PARENT, *namespace, sys.executable, __file__]


def supervise(words: list[str]) -> int:
    """Run the command, forward signals to what it runs in the namespace, and return its exit code."""
    # In a session of its own, so that Ctrl-C comes once, from here. unshare itself ignores signals.
    child = subprocess.Popen(words, env=dict(os.environ, **{INSIDE: "1"}), start_new_session=True)

    def forward(number: int, _frame) -> None:
        inner = pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children")
        pids = inner.read_text().split() if inner.exists() else []
        for pid in pids:
            os.kill(int(pid), number)
        if not pids:
            child.kill()

    for number in SIGNALS:
        signal.signal(number, forward)
    return child.wait()


def keep(scratch: pathlib.Path) -> None:
    """Keep journals and logs."""
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    for path in [*scratch.glob("*.jsonl"), *scratch.glob("*.log"), *(scratch / "lab/logs").glob("*.log")]:
        shutil.copyfile(path, KEPT / path.name)


def main() -> int:
    """Run the rollout; 0 if the judge agrees."""
    count, forks, words = number("ROLLOUT_BOARDS", 200, 8), number("ROLLOUT_FORKS", 25), steps()
    faulty, seed = number("ROLLOUT_FAULTS", 8, 0), number("ROLLOUT_SEED", 1)
    lasts = {"build": number("ROLLOUT_BUILD_SECONDS", 60, 0), "boot": number("ROLLOUT_BOOT_SECONDS", 20, 0)}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="rollout-"))
    there = scenario.Rollout(scratch, count, forks, faulty=faulty, seed=seed, lasts=lasts)
    try:
        there.start()
        there.run(words)
        ends, broken, found = there.verdict()
    finally:
        for signum in SIGNALS:
            signal.signal(signum, signal.SIG_IGN)
        keep(scratch)
        there.end()
        shutil.rmtree(scratch, ignore_errors=True)
    RESULT.write_text(json.dumps(dict(found, ends=ends, broken=broken), indent=1) + "\n")
    print("\n".join(figures.lines(found)))
    for sentence in broken:
        print(f"broken: {sentence}")
    print(f"figures in {RESULT}, journals and logs in {KEPT}")
    print(judge.counts(ends))
    return 1 if broken else 0


if __name__ == "__main__":
    command = namespace_command()
    if command:
        sys.exit(supervise(command))
    for one in SIGNALS:
        signal.signal(one, lambda number, _frame: sys.exit(128 + number))
    sys.exit(main())
