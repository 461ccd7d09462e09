# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The benchmark: prints ratios and where the time goes, and writes build/bench.json (docs/performance.md says what they mean).

    make bench                                     everything, an hour or two on a quiet machine
    BENCH_ONLY="audit second-run memory" make bench     some parts: of those on light boards (minutes), or on emulated ones
    BENCH_RUNS=5                                   how often each is measured
    BENCH_BOARDS=50                                for a quick look with other than 100 light boards: not kept in build/bench.json

A ratio that this run did not measure stays as an earlier run in this checkout left it, and null where there was none.
build/bench-details.json has every single figure, the machine, and why a part gave none.
"""

from __future__ import annotations

import json
import os
import pathlib
import platform
import signal
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "build/collections")]

import boards  # noqa: E402
import fleet  # noqa: E402
import leftovers  # noqa: E402

#: key → (goal at most, what it is)
KEYS = {
    "audit_vs_ping": (1.0, "audit of 100 boards to a bare ping of the same"),
    "second_run_vs_ping": (2.0, "upgrade-npu.yml with nothing to do, inference included, to a ping"),
    "builds_per_kernel": (1.0, "compiles to kernels"),
    "store_vs_build": (0.3, "upgrade of a board from the store to one that builds"),
    "downtime_vs_reboot": (1.1, "longest time a board is not to be reached to its own reboot"),
    "upgrade_vs_by_hand": (1.1, "upgrade of one emulated board to the same commands by hand"),
    "audit_vs_stock_modules": (None, "audit to the same with setup, command, slurp and stat"),
    "controller_mib_100": (None, "peak memory of ansible-playbook and its workers, 100 boards, MiB"),
    "controller_mib_300": (None, "the same, 300 boards"),
}
#: part → (where it runs, its method, its keys)
PARTS = {
    "audit": ("fleet", "audit", ("audit_vs_ping", "audit_vs_stock_modules")),
    "second-run": ("fleet", "second_run", ("second_run_vs_ping",)),
    "memory": ("fleet", "memory", ("controller_mib_100", "controller_mib_300")),
    "by-hand": ("boards", "upgrade_by_hand", ("upgrade_vs_by_hand",)),
    "downtime": ("boards", "downtime", ("downtime_vs_reboot",)),
    "store": ("boards", "store", ("store_vs_build",)),
    "builds": ("boards", "builds_per_kernel", ("builds_per_kernel",)),
}
BOARDS = 100
RESULT, DETAILS = ROOT / "build/bench.json", ROOT / "build/bench-details.json"


def known(path: pathlib.Path) -> dict:
    """What an earlier run left."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def asked() -> list[str]:
    """The parts that are to run; exits where one is unknown."""
    words = os.environ.get("BENCH_ONLY", "").replace(",", " ").split() or list(PARTS)
    unknown = [word for word in words if word not in PARTS]
    if unknown:
        sys.exit(f"bench: BENCH_ONLY has {', '.join(unknown)}; there are {', '.join(PARTS)}.")
    return [part for part in PARTS if part in words]


def number(name: str, default: int) -> int:
    """A setting that has to be a number above 0; exits where it is none."""
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        sys.exit(f"bench: {name} is {text}, and a number above 0 is needed.")
    return int(text)


def write(path: pathlib.Path, data: dict) -> None:
    """Write a file so that it is never seen half written."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(data, indent=2) + "\n")
    partial.replace(path)


def report(result: dict, details: dict) -> None:
    """Print all ratios with their goals."""
    print()
    for key, (goal, text) in KEYS.items():
        value = result[key]
        part = next(part for part, row in PARTS.items() if key in row[2])
        why = "" if value is not None else f" ({details.get(part, {}).get('reason', 'not run')})"
        judged = "" if goal is None or value is None else f"  goal at most {goal}: {'reached' if value <= goal else 'MISSED'}"
        print(f"{key:24} {'-' if value is None else value:>7}{why}{judged}  {text}")
    print(f"in {RESULT.relative_to(ROOT)}, every figure in {DETAILS.relative_to(ROOT)}")


def main() -> int:
    """Run the parts; 1 where one of them failed."""
    # Whoever ends it early is left no boards.
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, lambda number, _frame: sys.exit(128 + number))
    parts, runs, count = asked(), number("BENCH_RUNS", 5), number("BENCH_BOARDS", BOARDS)
    run = leftovers.Run()
    result, details = known(RESULT), known(DETAILS)
    result = {key: result.get(key) for key in KEYS}
    details["machine"] = {"processors": os.cpu_count(), "machine": platform.machine(), "load": os.getloadavg()[0]}
    failed = False
    # Later the load is the benchmark's own.
    if (busy := details["machine"]["load"]) > (os.cpu_count() or 1) / 2:
        print(f"The machine is busy (load {busy:.1f}): such figures say little.")
    makers = {"fleet": lambda: fleet.Fleet(count, runs), "boards": lambda: boards.Boards(min(runs, 3))}
    for place, module in (("fleet", fleet), ("boards", boards)):
        mine = [part for part in parts if PARTS[part][0] == place]
        reason = module.needs() if mine else None
        if reason:
            failed = True
            for part in mine:
                print(f"{part}: cannot run here: {reason}")
                details[part] = {"reason": f"cannot run here: {reason}"}
            continue
        there = makers[place]() if mine else None
        try:
            for part in mine:
                print(f"{part}:", flush=True)
                started, before = time.monotonic(), os.getloadavg()[0]
                try:
                    found = getattr(there, PARTS[part][1])()
                except Exception as error:  # pylint: disable=broad-exception-caught
                    # The other parts have their own answers, which may have taken an hour.
                    failed = True
                    traceback.print_exc()
                    result.update(dict.fromkeys(PARTS[part][2]))
                    details[part] = {"reason": f"failed: {str(error).splitlines()[0][:200]}"}
                else:
                    at, took = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), round(time.monotonic() - started)
                    load = [round(before, 1), round(os.getloadavg()[0], 1)]
                    setting = {"runs": runs, "load": load, **({"boards": count} if place == "fleet" and part != "memory" else {})}
                    details[part] = {"at": at, "took": took, **setting, "ratios": dict(found), **found.pop("details")}
                    details[part]["ratios"].pop("details")
                    if setting.get("boards", BOARDS) == BOARDS:
                        result.update(found)
                    else:
                        print(f"  with {count} boards {found}: not kept, as that is no figure of {BOARDS}")
                write(RESULT, result)
                write(DETAILS, details)
        finally:
            if there:
                there.end()
    write(RESULT, result)
    write(DETAILS, details)
    report(result, details)
    run.end()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
