# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The live line: boards done, running and failed, and about how long the rest takes."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.callback import fleet
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _progress

ESC = "\x1b"


@pytest.mark.parametrize(("spans", "seconds"), [
    ([], 0), ([(3, 5)], 2), ([(0, 10), (2, 4)], 10), ([(5, 8), (0, 6)], 8), ([(0, 6.5), (257, 257.25)], 6.75),
])
def test_times_count_once_and_what_lies_between_them_does_not(spans, seconds):
    assert _progress.covered(spans) == seconds


def test_a_phase_to_which_a_board_comes_back_after_a_failure_lasts_no_longer(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(fleet.time, "monotonic", lambda: now[0])
    begin = fleet._Phase()
    for at in (0, 257):
        now[0] = at
        begin.enter("rock5b-1")
        now[0] = at + 6
        begin.add("rock5b-1", "changed")
    assert begin.seconds() == 12


def upgraded(boards, name, begun, phases=(("build", 20), ("activate", 60), ("verify", 20))):
    """Let a board pass through phases of so many seconds, one after the other."""
    for phase, seconds in phases:
        boards.enter(name, phase, begun)
        begun += seconds
    boards.end(name, begun)
    return begun


@pytest.mark.parametrize("seconds, text", [
    (None, ""), (0, "about 10 s left"), (14, "about 10 s left"), (54, "about 50 s left"), (55, "about 1 min left"),
    (100, "about 2 min left"), (5399, "about 90 min left"), (5400, "about 1.5 h left"), (36_000, "about 10.0 h left"),
])
def test_an_estimate_claims_no_more_than_is_known(seconds, text):
    assert _progress.about(seconds) == text


@pytest.mark.parametrize("seconds, text", [
    (0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01"),
])
def test_a_duration(seconds, text):
    assert _progress.duration(seconds) == text


@pytest.mark.parametrize("done, total, seconds, left", [
    (0, 100, 50, None), (50, 100, 4.9, None), (50, 100, 5, 5), (25, 100, 50, 150), (100, 100, 50, 0),
    (5, None, 50, None), (5, 0, 50, None),
    # More than were expected: the number of boards was wrong.
    (6, 5, 50, None),
])
def test_what_is_left_of_a_task(done, total, seconds, left):
    assert _progress.left_of_task(done, total, seconds) == left


@pytest.mark.parametrize("values, text", [
    ((57, 200, 25, 2, 65, 60),
     "detect: 57 of 200 done, 25 running, 2 failed | 1:05, about 3 min left | Inspect the board"),
    ((0, 200, 25, 0, 5, 5), "detect: 0 of 200 done, 25 running | 0:05 | Inspect the board"),
    ((57, None, 25, 0, 65, 60), "detect: 57 done, 25 running | 1:05 | Inspect the board"),
])
def test_the_line_of_a_task(values, text):
    assert _progress.of_task("detect", "Inspect the board", *values) == text


def test_the_line_of_a_rolling_window():
    boards = _progress.Boards()
    upgraded(boards, "a", 0)
    for number in range(8):
        boards.enter(f"b{number}", "build", 100)
    for number in range(3):
        boards.enter(f"b{number}", "activate", 120)
    # 5 boards should have been built long ago, and need 80 s; 3 need 80 - 10 s; 11 have not begun, and need 100 s.
    line = _progress.of_boards(boards, 20, 130, 0, 8)
    assert line == "upgrade: 1 of 20 done, 8 running | 2:10, about 4 min left | build 5, activate 3"
    assert len(line) < 80 and boards.left(130, 11, 8) == (5 * 80 + 3 * 70 + 11 * 100) / 8


def test_the_last_board_of_a_rolling_window_is_named():
    boards = _progress.Boards()
    upgraded(boards, "a", 0)
    boards.enter("slow", "activate", 20)
    boards.enter("b", "verify", 90)
    line = _progress.of_boards(boards, 3, 100, 0, 25)
    assert line == "upgrade: 1 of 3 done, 2 running | 1:40, about 20 s left | slow: activate for 1:20"


def test_nothing_is_estimated_before_a_board_has_ended():
    boards = _progress.Boards()
    boards.enter("a", "build", 0)
    assert boards.left(50, 10, 5) is None
    assert _progress.of_boards(boards, 11, 50, 0, 5) == "upgrade: 0 of 11 done, 1 running | 0:50 | build 1"


def test_failed_and_skipped_boards():
    boards = _progress.Boards()
    boards.enter("a", "build", 0)
    boards.fail("a")
    assert ", 1 failed |" in _progress.of_boards(boards, 3, 9, 0, 5), "while it is rolled back"
    boards.enter("a", "rollback", 10)
    boards.end("a", 50)
    # The gate let it pass by: no sample of how long an upgrade takes.
    boards.enter("b", "begin", 50)
    boards.enter("b", "commit", 50)
    boards.end("b", 51)
    assert boards.ended == {"a": "failed", "b": "skipped"} and boards.left(51, 1, 5) == 50
    boards.enter("c", "begin", 51)
    line = _progress.of_boards(boards, 3, 51, 0, 5)
    assert line == "upgrade: 2 of 3 done, 1 running, 1 failed, 1 skipped | 0:51, about 50 s left | c: begin for 0:00"
    # A result that comes late changes nothing.
    boards.enter("a", "report", 99)
    assert list(boards.running) == ["c"]


def test_a_slow_board_is_not_expected_to_end_before_it_is_on():
    boards = _progress.Boards()
    upgraded(boards, "a", 0)
    boards.enter("slow", "build", 0)
    # Far beyond the usual 20 s: the phases ahead are still ahead.
    assert boards.left(500, 0, 5) == 80


@pytest.mark.parametrize("text, columns, fitting", [
    ("abc", 5, "abc"), ("abcdef", 5, "abcde"), ("", 5, ""), ("abc", 0, ""),
    # Wide letters take two columns, combined ones none.
    ("板板板", 5, "板板"), ("a板b", 4, "a板b"), ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
    (ESC + "[2Jx\n\ty\u202e", 20, "?[2Jx??y?"), ("\x9b2J", 9, "?2J"),
])
def test_a_line_fits_the_terminal(text, columns, fitting):
    assert _progress.fit(text, columns) == fitting


@pytest.mark.parametrize("text, safe", [
    ("fatal: [a]: FAILED!\n\t=> {}", "fatal: [a]: FAILED!\n\t=> {}"), ("a\r\nb\rc", "a\nb?c"),
    (ESC + "[2J" + ESC + "]0;title\x07", "?[2J?]0;title?"), ("\x9b2J\u202e\x00\x7f", "?2J???"),
    # The colors of a difference; a hidden text is none.
    (ESC + "[0;31m-a" + ESC + "[0m", ESC + "[0;31m-a" + ESC + "[0m"), (ESC + "[38;5;8ma", ESC + "[38;5;8ma"),
    (ESC + "[8mhidden", "?[8mhidden"), (ESC + "[1A" + ESC + "[0K", "?[1A?[0K"),
])
def test_no_control_character_reaches_a_terminal(text, safe):
    assert _progress.printable(text) == safe
