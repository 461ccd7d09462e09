# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The controller's record of what staging boards have verified."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import staging


def entry(kernel="6.1.84", name="a"):
    return {
        "kernel": kernel, "build": "#1 SMP", "soc": "rk3588", "driver": "0.9.6", "source": "aaaa",
        "build_files": "ffff", "runtime": "bbbb", "board": name,
    }


def test_without_a_file_there_are_no_entries(tmp_path):
    assert staging.read(str(tmp_path / "none" / "staging.json")) == []
    assert os.listdir(tmp_path) == []


def test_entries_are_recorded_and_known_ones_stay_unchanged(tmp_path):
    path = tmp_path / "new" / "staging.json"
    everything, new = staging.add(str(path), [entry()], "today")
    assert everything == new == staging.read(str(path)) == [dict(entry(), since="today")]
    everything, new = staging.add(str(path), [entry(name="b"), entry("5.10.110")], "tomorrow")
    assert [one["since"] for one in everything] == ["today", "tomorrow"] and new == [
        dict(entry("5.10.110"), since="tomorrow")
    ]
    assert json.loads(path.read_text())["schema"] == 2 and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(path.parent)) == ["staging.json", "staging.json.lock"]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "{}", '{"schema": "1"}', '{"schema": 1}', '{"schema": 1, "proven": [{"kernel": "6.1.84"}]}',
        '{"schema": 2}', '{"schema": 2, "verified": [{"kernel": "6.1.84"}]}',
        '{"schema": 1, "proven": ["x"]}', '{"schema": 2, "verified": ["x"]}', "\udcff",
        '{"schema": 2, "verified": ' + "[" * 99999,
    ],
)
def test_a_damaged_file_is_reported_in_one_sentence_and_not_changed(tmp_path, text):
    path = tmp_path / "staging.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    for call in (lambda: staging.read(str(path)), lambda: staging.add(str(path), [entry()], "today")):
        with pytest.raises(staging.StagingError, match="is damaged .* Remove it"):
            call()
    assert path.read_bytes() == text.encode(errors="surrogateescape")


def test_the_file_of_a_newer_release_is_not_changed(tmp_path):
    path = tmp_path / "staging.json"
    path.write_text('{"schema": 3}')
    with pytest.raises(staging.StagingError, match="newer release"):
        staging.add(str(path), [entry()], "today")


def test_a_failed_write_is_reported_in_one_sentence_and_the_old_record_stays(tmp_path, monkeypatch):
    path = tmp_path / "staging.json"
    staging.add(str(path), [entry()], "today")

    def full(*unused):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.os, "fsync", full)
    with pytest.raises(staging.StagingError, match="/staging.json, cannot be written: No space left on device$"):
        staging.add(str(path), [entry("5.10.110")], "today")
    assert len(staging.read(str(path))) == 1 and sorted(os.listdir(tmp_path)) == ["staging.json", "staging.json.lock"]


def test_a_record_of_1_x_is_read_and_its_entries_survive_the_next_one(tmp_path):
    path = tmp_path / "staging.json"
    path.write_text(json.dumps({"schema": 1, "proven": [dict(entry(), since="today")]}))
    assert staging.read(str(path)) == [dict(entry(), since="today")]
    everything, new = staging.add(str(path), [entry("5.10.110")], "tomorrow")
    assert len(everything) == 2 and json.loads(path.read_text()) == {"schema": 2, "verified": everything}


def test_an_entry_of_an_earlier_release_is_kept_and_does_not_stand_for_a_new_one(tmp_path):
    path = tmp_path / "staging.json"
    old = {name: value for name, value in dict(entry(), since="today").items() if name not in staging.NEWER}
    path.write_text(json.dumps({"schema": 2, "verified": [old]}))
    assert staging.read(str(path)) == [old]
    everything, new = staging.add(str(path), [entry()], "tomorrow")
    assert everything == [old, *new] and new == [dict(entry(), since="tomorrow")]
    path.write_text(json.dumps({"schema": 2, "verified": [dict(old, build=7)]}))
    with pytest.raises(staging.StagingError, match="is damaged"):
        staging.read(str(path))


def test_runs_at_the_same_time_lose_nothing(tmp_path):
    path = str(tmp_path / "staging.json")
    threads = [
        threading.Thread(target=staging.add, args=(path, [entry("6.1.%d" % number)], "today")) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(staging.read(path)) == 20
