# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""docs/troubleshooting.md has every row of the table of diagnoses, in words that an owner can search for."""

from __future__ import annotations

import collections
import re

import field_logs
import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes import diagnoses as table
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes.diagnosis import diagnose
from quality.generate import diagnoses, kernel_lines
from quality.generate.patterns import spellings

NEW = table._Row(
    "meltdown", line=r"core (?P<core>\d{1,2}) is (?:too hot|on fire)\b", when=("hot_room",), codes=(-99,),
    remedy="core {core} has no fan: add one to {rack}")


@pytest.mark.parametrize(("pattern", "lines"), [
    (r"failed to submit!?, ", ["failed to submit!,", "failed to submit,"]),
    (r"Invalid RKNN f(?:ormat|romat)|parseRKNN\b", ["Invalid RKNN format", "Invalid RKNN fromat", "parseRKNN"]),
    (r"rknn_init,\s{1,4}driver open fail\b", ["rknn_init, driver open fail"]),
    (r"(?:a|b) c{3} .{0,200}\berrno: (?:1|2|3)\b", ["a ccc …errno: 1", "b ccc …errno: 2", "a ccc …errno: 3"]),
    (r"info_len\((?P<size>\d{1,9})\) of [,:]\S{1,40}\Z", ["info_len(SIZE) of ,…", "info_len(SIZE) of :…"]),
    (r"version: 0x[0f]{1,8} \d{1,4}\.\d{1,4}", ["version: 0x0 N.N", "version: 0xf N.N"]),
])
def test_patterns_become_lines_that_people_search_for(pattern, lines):
    assert spellings(pattern) == lines
    for line in lines:
        shown = re.sub(r"\bN\b", "4", line.replace("…", "x,").replace("SIZE", "12"))
        assert re.match(pattern, shown if pattern.endswith("Z") else shown + " "), shown


def test_every_row_is_on_the_page():
    page = diagnoses.chapter(table.DIAGNOSES)
    for row in table.DIAGNOSES:
        remedy = row.remedy and diagnoses._what_and_remedy(row, several=True)[1]
        assert row.remedy is None or remedy.replace("|", "\\|") in page, row
        for line in spellings(row.line) if row.line else ():
            assert re.split(r"[…N]|[A-Z_]{4,}", line)[0] in page, line


def test_a_new_row_needs_no_words_of_the_page():
    page = diagnoses.chapter((NEW, *table.DIAGNOSES))
    part = page.partition("### Diagnosis meltdown\n")[2]
    assert part.split("```")[1] == "\ncore CORE is too hot\ncore CORE is on fire\nrknn_… returned -99 (unknown code)\n"
    assert "- What it is: Hot room. Core CORE has no fan.\n- What to do: Add one to RACK.\n" in part
    assert "| [`meltdown`](#diagnosis-meltdown) | – | nothing |" in page


LineRow = collections.namedtuple("LineRow", "kind line meaning remedy diagnosis", defaults=(None, None, None))
LINES = (
    LineRow("harmless", r"Initialized rknpu\b"),
    LineRow("job", r"job (?:timeout|abort),", "the NPU did not complete a job", "check the power supply"),
    LineRow("fan_fault", r"fan \S+: stopped|\bno fan\b", "a | b", "clean it", "device"),
)


def test_lines_of_the_kernel_log_are_on_the_page_with_new_ones():
    page = kernel_lines.of_rows(LINES, ("job",))
    assert "**Jobs**: the board is suspect\n" in page and "**Fan fault**\n" in page and "Initialized" not in page
    row = "| `job timeout,`<br>`job abort,` | the NPU did not complete a job | check the power supply | – |\n"
    assert row in page and "| `fan …: stopped`<br>`no fan` | a \\| b | clean it | device |\n" in page


@pytest.mark.parametrize("log", field_logs.LOGS, ids=[log[0] for log in field_logs.LOGS])
def test_the_line_of_a_public_log_is_found_by_its_words(root, log):
    source, known, stage, lines, *unused = log
    if source.startswith("a sentence that no row knows"):
        pytest.skip("it is made up, to be in no row")
    evidence = diagnose(*field_logs.outcome_and_facts(known, stage, lines))[1]
    words = re.split(r"[\d;(\[]", evidence)[0].strip()
    page = (root / "docs/troubleshooting.md").read_text(encoding="utf-8")
    assert words and words in page


def test_remedies_name_playbooks_that_exist(root):
    named = {name for row in table.DIAGNOSES for name in re.findall(r"playbooks/[\w-]+\.yml", row.remedy or "")}
    assert named and not [name for name in named if not (root / name).exists()]


def test_the_page_needs_one_place_for_the_diagnoses():
    with pytest.raises(ValueError, match="required"):
        diagnoses.document("# Troubleshooting\n")
    text = diagnoses.document(f"before\n{diagnoses.BEGIN}\nstale\n{diagnoses.END}\nafter\n")
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "stale" not in text
    assert diagnoses.document(text) == text
