# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Device trees and files with hostile content."""

from __future__ import annotations

from faults.bench import UNPRINTABLE, Bench
from faults.runs import Playing

NASTY = "\x1b[2J\x1b[31m<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7771*7 }}\x07\x9b31m"
NPU = ("radxa,rock-5b", "rockchip,rk3588")
HOSTILE = (
    ("model: ANSI and HTML", (("s", "/", "model", (NASTY,)),)),
    ("model: 20 kB", (("s", "/", "model", ("Radxa " + "A" * 20000,)),)),
    ("model: binary", (("bx", "/", "model", tuple("ff fe 0 1b 5b 33 31 6d 80 c3 28 0".split())),)),
    ("serial number: ANSI, HTML and a line break", (("s", "/", "serial-number", (NASTY + "\nroot: evil",)),)),
    ("compatible: ANSI and HTML beside the right ones", (("s", "/", "compatible", (*NPU, NASTY, "x" * 5000)),)),
    ("compatible: nothing that is known", (("s", "/", "compatible", (NASTY,)),)),
)
HOSTILE_FILES = (
    ("npu.fact", "mkdir -p /etc/ansible/facts.d; cat > /etc/ansible/facts.d/npu.fact",
     '{"driver": {"version": "%s"}, "verification": {"diagnosis": "ok"}}' % ("9" * 9000)),
    ("npu.fact that is no JSON", "cat > /etc/ansible/facts.d/npu.fact", NASTY * 300),
    ("state.json", "mkdir -p -m 700 /var/lib/rkfleet-npu; cat > /var/lib/rkfleet-npu/state.json",
     '{"schema": 1, "state": "committed", "why": "\\u001b[31m<script>", "run": {"a": [1]}, "baseline": 7, "driver": "x"}'),
    ("state.json nested 100,000 deep", "cat > /var/lib/rkfleet-npu/state.json", "[" * 100000),
    ("lock.json", "cat > /var/lib/rkfleet-npu/lock.json", '{"schema": 1, "run": "\\u001b[2J", "host": "<b>x</b>", "user": 5, "since": null}'),
    ("the version in librknnrt.so", "cat > /usr/lib/librknnrt.so", "librknnrt version: 99999999999999999999.\x1b[31m<b> (x)\n"),
    ("names below /var/lib/dkms", "cat > /dev/null; mkdir -p '/var/lib/dkms/rknpu/$(touch /tmp/owned)' '/var/lib/dkms/rknpu/<b>;reboot'", ""),
    ("/etc/rkfleet-npu/hold", "mkdir -p /etc/rkfleet-npu; cat > /etc/rkfleet-npu/hold", NASTY + "\nmore\n"),
)


def polite(bench: Bench, where: str, playing: Playing) -> None:
    """See that what the board said does no harm in a terminal or a report, and that a look has changed nothing; keep the row."""
    line, output = playing.line(), playing.output
    bad = sorted(UNPRINTABLE & set(output))
    problems = {
        f"the output has control characters {bad!r}": bad,
        f"the line of the table has {len(line)} characters": len(line) > 2000,
        "a stack trace": "Traceback" in output,
        "a template of the board's was evaluated": "54397" in output,
        "a command of the board's was executed": "owned" in bench.board.ssh("ls /tmp", check=False),
        "a check run changed files": bench.board.state() != bench.before.files,
    }
    found = "; ".join(text for text, there in problems.items() if there)
    bench.save({"scenario": bench.scenario, "board": bench.board.kind, "where": where, "happened": "looked at", "outcome": "worse" if found else "recovered",
                "ending": "nothing changed", "sentence": found or " ".join((playing.sentence() or line).split())[:300]})


def hostile_tree(bench: Bench) -> None:
    """What the device tree says is not to be trusted."""
    bench.fresh()
    tree = bench.board.here.folder(bench.board.name) / "board.dtb"
    good = tree.read_bytes()
    try:
        for where, edits in HOSTILE:
            bench.board.power_off()
            tree.write_bytes(good)
            bench.board.power_on(edits)
            bench.board.wait()
            bench.note()
            playing = bench.ran(words=("--check",))
            polite(bench, f"hostile device tree, {where}", playing)
    finally:
        bench.board.power_off()
        tree.write_bytes(good)
    bench.fresh()


def hostile_files(bench: Bench) -> None:
    """What lies on the board's disk is not to be trusted, either."""
    for where, command, text in HOSTILE_FILES:
        bench.fresh()
        bench.board.sudo("mkdir -p /etc/ansible/facts.d; mkdir -p -m 700 /var/lib/rkfleet-npu")
        bench.board.ssh(f"sudo sh -c {_quoted(command)}", stdin=text.encode("utf-8", "surrogateescape"))
        bench.note()
        playing = bench.ran(words=("--check",))
        polite(bench, f"hostile {where}", playing)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
