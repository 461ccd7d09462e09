# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The picture of `make demo` in the README shows what a run has printed."""

from __future__ import annotations

import importlib.util
import re
from xml.etree import ElementTree

import pytest

SVG = "{http://www.w3.org/2000/svg}"
OUTPUT = """
[ 0:18] inventory: /srv/me/npu/build/lab/inventory.yml

=== 1/4 A board
ok      space for boards: 4 MiB free at /srv/me/npu/build, 2 MiB wanted
TASK [show] ***
ok: [b] => {
    "msg": "a <b> & c"
}
fatal: [b]: FAILED! => {"msg": "no"}
phase build: 1 changed (1 board, 3.0 s)
Done in 3 min 46 s.

"""


@pytest.fixture(scope="module")
def recording(root):
    """The generator, which is a program of the lab."""
    spec = importlib.util.spec_from_file_location("demo_recording", root / "tests/lab/demo_recording.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(picture):
    """Return [(text, class)] of a picture, from top to bottom."""
    texts = ElementTree.fromstring(picture).iter(SVG + "text")
    return [(text.text, text.get("class")) for text in sorted(texts, key=lambda each: int(each.get("y")))]


def test_the_committed_picture_shows_the_committed_output(root, recording):
    text = recording.TEXT.read_text(encoding="utf-8")
    assert recording.PICTURE.read_text(encoding="utf-8") == recording.svg(text), "docs/demo.svg is stale: make docs"
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    words = " ".join(text for text, unused in shown(recording.svg(text)))
    assert [line for line in lines if len(line) < recording.COLUMNS and line.strip() not in words] == []


def test_the_committed_output_is_that_of_this_demo(root, recording):
    """Its headings and last line are what tests/lab/demo prints: a demo that says something else is recorded anew."""
    demo = (root / "tests/lab/demo").read_text(encoding="utf-8")
    text = recording.TEXT.read_text(encoding="utf-8")
    headings = re.findall(r'^step "(.*)"$', demo, re.MULTILINE)
    assert len(headings) == 4 and re.findall(r"^=== (.*)$", text, re.MULTILINE) == headings
    assert demo.count("For your own boards: README.md.") == text.count("For your own boards: README.md.") == 1


def test_the_folder_of_the_checkout_is_not_shown(recording):
    text = recording.clean(OUTPUT)
    assert "/srv" not in text and "free at ~/npu/build," in text and text.endswith("3 min 46 s.\n")


def test_rows_have_the_colors_of_ansible(recording):
    rows = shown(recording.svg(recording.clean(OUTPUT)))
    assert rows == [
        ("$ make demo", "head"), ("[ 0:18] inventory: ~/npu/build/lab/inventory.yml", "plain"),
        ("=== 1/4 A board", "head"), ("ok      space for boards: 4 MiB free at ~/npu/build, 2 MiB wanted", "ok"),
        ("TASK [show] ***", "head"), ("ok: [b] => {", "ok"), ('"msg": "a <b> & c"', "ok"), ("}", "ok"),
        ('fatal: [b]: FAILED! => {"msg": "no"}', "bad"), ("phase build: 1 changed (1 board, 3.0 s)", "changed"),
        ("Done in 3 min 46 s.", "plain"),
    ]


def test_a_long_line_is_wrapped_and_nothing_is_cut(recording):
    line = "fatal: " + "x" * 300
    rows = [row for row in recording.rows(line) if row[1] == "bad"]
    assert "".join(row for row, unused in rows) == line
    assert {len(row) for row, unused in rows[:-1]} == {recording.COLUMNS}


def test_the_picture_runs_no_script_and_fetches_nothing(recording):
    picture = recording.PICTURE.read_text(encoding="utf-8")
    assert {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(picture).iter()} <= {
        "svg", "title", "style", "rect", "g", "text"}
    assert re.findall(r"https?://[^\"]+|@import|url\(", picture) == ["http://www.w3.org/2000/svg"]


def test_without_animation_the_end_is_shown(recording):
    text = "".join(f"{number}\n" for number in range(100))
    picture = recording.svg(text)
    up = (101 - recording.ROWS) * recording.HEIGHT
    assert f"#rows{{transform:translateY(-{up}px)}}" in picture
    assert picture.index("prefers-reduced-motion:no-preference") < picture.index("animation:rows")


def test_an_unfinished_demo_is_refused(recording, tmp_path, capsys):
    path = tmp_path / "demo.txt"
    path.write_text("=== 1/4\nTraceback\n")
    assert recording.main([str(path)]) == 1
    assert "is not the output of a demo that has ended well" in capsys.readouterr().err
