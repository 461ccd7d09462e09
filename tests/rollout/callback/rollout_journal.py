# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Appends what a run decides and what happens to each board, a line of JSON each: a killed run leaves its lines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_journal
type: notification
short_description: Journal of a rollout
description: Used by C(make rollout). Not part of the collection.
options:
  path:
    description: File to append to.
    env:
      - name: ROLLOUT_JOURNAL
    required: true
    type: path
"""

import json
import time

from ansible.plugins.callback import CallbackBase

#: A fact that the roles set, and what happened to the board then.
FACTS = {"__npu_is_committed": "committed", "__npu_error": "failed"}
RESULTS = {"npu_dkms": "driver", "npu_transaction": "transaction", "npu_rollout_record": "record", "npu_recap": "recap"}


class CallbackModule(CallbackBase):
    """Events: start, play, task, decision, gate, transaction, driver, record, recap, committed, failed, end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "rollout_journal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.stream, self.play, self.begun = None, "", {}

    def _write(self, event, **more):
        if self.stream is None:
            # pylint: disable-next=consider-using-with
            self.stream = open(self.get_option("path"), "a", encoding="utf-8")  # noqa: SIM115
            self._write("start")
        self.stream.write(json.dumps(dict(more, at=round(time.time(), 3), event=event)) + "\n")
        self.stream.flush()

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name()
        self._write("play", play=self.play)

    def v2_runner_on_start(self, host, task):
        self.begun[host.get_name(), task._uuid] = time.monotonic()

    def _done(self, result, ok=True):
        board, task, answer = result._host.get_name(), result._task, result._result
        seconds = time.monotonic() - self.begun.pop((board, task._uuid), time.monotonic())
        action = str(task.action).rpartition(".")[2]
        self._write("task", board=board, task=task.get_name(), play=self.play, seconds=round(seconds, 3), ok=ok)
        self._facts(board, answer.get("ansible_facts") if action == "set_fact" else None, time.time() - seconds)
        if action in RESULTS and not answer.get("skipped"):
            kept = ("msg", "steps", "stored", "resumed", "recorded", "verdicts", "locked", "changed")
            arguments = {
                name: str((task.args or {}).get(name)) for name in ("state", "outcome") if (task.args or {}).get(name)
            }
            self._write(
                RESULTS[action],
                board=board,
                ok=ok,
                **arguments,
                **{name: answer[name] for name in kept if name in answer},
            )

    def _facts(self, board, facts, since):
        if not isinstance(facts, dict):
            return
        for name, event in FACTS.items():
            if facts.get(name):
                self._write(event, board=board, why=str(facts[name])[:500])
        if facts.get("__npu_outcome"):
            self._write(str(facts["__npu_outcome"]), board=board)
        if isinstance(facts.get("__npu_rollout"), dict):
            decision = facts["__npu_rollout"]
            kernels = {name: (entry.get("key") or {}).get("kernel") for name, entry in decision["boards"].items()}
            kept = {name: decision[name] for name in ("staging", "rollout", "serial", "allowed")}
            self._write("decision", kernels={name: kernel for name, kernel in kernels.items() if kernel}, **kept)
        if isinstance(facts.get("__npu_gate"), dict):
            self._write(
                "gate",
                play=self.play,
                since=since,
                go=[name for name, entry in facts["__npu_gate"].items() if entry["go"]],
            )

    def v2_runner_on_ok(self, result):
        self._done(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._done(result, ok=False)

    v2_runner_on_unreachable = v2_runner_on_failed

    def v2_runner_on_skipped(self, result):
        self.begun.pop((result._host.get_name(), result._task._uuid), None)
        self._write(
            "task",
            board=result._host.get_name(),
            task=result._task.get_name(),
            play=self.play,
            seconds=0,
            ok=True,
            skipped=True,
        )

    def v2_playbook_on_stats(self, stats):
        totals = {
            name: sum(stats.summarize(host)[name] for host in stats.processed)
            for name in ("ok", "changed", "failures", "unreachable", "skipped")
        }
        self._write("end", totals=totals)
