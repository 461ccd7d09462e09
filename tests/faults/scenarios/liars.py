# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards whose answers are hostile."""

from __future__ import annotations

from faults.bench import Bench
from faults.scenarios.hostile import polite

EVIL = "/usr/local/lib/rkfleet-evil-python"
#: What a board whose root has replaced Python could answer. `work` runs the real one on what came on standard input.
EVIL_PYTHON = """#!/bin/sh
# A stand-in for a hostile board: {what}
case $# in 0) ;; *) for last in "$@"; do :; done; [ "$last" = - ] || exec /usr/bin/python3 "$@" ;; esac
umask 077
asked=$(mktemp) && cat >"$asked"
work() {{ /usr/bin/python3 "$@" <"$asked"; }}
{answer}
"""
INJECTED = (
    '"npu_post_tasks_file": "/etc/hosts", "npu_pre_tasks_file": "/etc/hosts", "npu_cache_dir": "/nonexistent/evil", "npu_log_dir": "/nonexistent/evil",'
    ' "npu_builder": "localhost", "npu_mirror": "http://127.0.0.1:9/evil", "npu_max_failed": 99, "npu_reboot_ok": null'
)
LIARS = (
    ("every answer brings facts named npu_*", "work \"$@\" | sed 's|^{\\(.*\\)}[[:space:]]*$|{\\1, \"ansible_facts\": {%s}}|'" % INJECTED, {}),
    ("400 MB in place of an answer", "head -c 400000000 /dev/zero | tr '\\0' x", {}),
    ("an answer nested 100,000 deep", "printf '{\"changed\": '; head -c 100000 /dev/zero | tr '\\0' '['; printf '}'", {}),
    ("an answer that is no text", "printf '{\"changed\": false, \"msg\": \"\\377\\033[2J\\033[31mred\"}'", {}),
    ("warnings and a difference with ANSI codes",
     "printf '%s' '{\"changed\": true, \"warnings\": [\"\\u001b[2Jred\"], \"diff\": {\"prepared\": \"\\u001b[2J\"}, \"msg\": \"\\u001b[31mx\"}'", {}),
)


def hostile_answers(bench: Bench) -> None:
    """What a board's Python answers is not to be trusted: each is looked at, and an upgrade is tried."""
    for where, answer, variables in LIARS:
        bench.fresh()
        bench.board.ssh(f"sudo sh -c 'cat > {EVIL} && chmod 755 {EVIL}'", stdin=EVIL_PYTHON.format(what=where, answer=answer).encode())
        bench.note()
        wish = {"ansible_python_interpreter": EVIL, **variables}
        polite(bench, f"hostile answers, {where}", bench.ran(wish, words=("--check",)))
        playing = bench.ran(wish)
        bench.judge(f"hostile answers in an upgrade, {where}", playing)
