# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Recordings of owners' boards, through the present facts and plan: docs/recording.md says how to add one."""

from __future__ import annotations

import json
import pathlib
import sys

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))

from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import anonymize
from rklab.fleets import recordings

HERE = pathlib.Path(__file__).resolve().parent
DATA = compatibility.load()
BOARDS = sorted((HERE / "boards").glob("*.json"))


def noted(path):
    """Return what stands beside a recording: its source, and what is right."""
    beside = path.with_suffix(".yml")
    return yaml.safe_load(beside.read_text(encoding="utf-8")) if beside.exists() else {}


def parameters():
    for path in BOARDS:
        reason = noted(path).get("xfail")
        # Not strict: what is fixed elsewhere must not fail here. The summary of the run names what passes.
        marks = [pytest.mark.xfail(reason=reason, strict=False)] if reason else []
        yield pytest.param(path, id=path.stem, marks=marks)


def replayed(path, folder):
    """Return `(recording, facts, plan)`: the recording, and what the present code says of it."""
    recording = recordings.load(path)
    facts = gate.facts_of(json.loads(json.dumps(recordings.replay(recording, folder / "board"))))
    data = compatibility.merged(recording["compatibility"]) if recording["compatibility"] else DATA
    return recording, facts, planner.npu_plan(facts, recording["wanted"], data)


def at(tree, path):
    """Return the value at a path such as facts.boot.loader."""
    for name in path.split("."):
        tree = tree[name]
    return tree


def differences(expected, tree):
    """Return a line for each value that is not as expected."""
    found = []
    for path, value in expected.items():
        actual = at(tree, path)
        text = actual if isinstance(actual, str) else json.dumps(actual)
        if isinstance(value, dict) and value.keys() <= {"has", "lacks"}:
            text = text.lower()
            right = value.get("has", "").lower() in text and not ("lacks" in value and value["lacks"].lower() in text)
        else:
            right = actual == value
        if not right:
            found.append(f"{path} is {text[:600]}, expected is {value}")
    return found


def unlike(actual, recorded, where):
    """Return a line for each value of a recording that is another one now; what is new is not compared."""
    if isinstance(actual, dict) and isinstance(recorded, dict):
        return [
            line
            for name in recorded
            if name in actual
            for line in unlike(actual[name], recorded[name], f"{where}.{name}")
        ]
    return [] if actual == recorded else [f"{where} is {actual!r}, was {recorded!r}"]


@pytest.mark.parametrize("path", list(parameters()))
def test_facts_and_plan_are_right(path, tmp_path):
    recording, facts, plan = replayed(path, tmp_path)
    expected = noted(path).get("expected")
    if expected:
        assert differences(expected, {"facts": facts, "plan": plan}) == []
    else:
        assert unlike(facts, recording["facts"], "facts") == []
        assert {name: plan[name] for name in ("action", "changes")} == {
            name: recording["plan"][name] for name in ("action", "changes")
        }


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_recording_names_its_source_and_nobody(path):
    recording = recordings.load(path)
    assert "#" in noted(path)["source"] or "/" in noted(path)["source"]
    assert anonymize.remaining(json.dumps(recording)) == []


def test_what_stands_beside_a_recording_belongs_to_one():
    assert {path.stem for path in (HERE / "boards").iterdir()} == {path.stem for path in BOARDS}
    assert len(BOARDS) >= 20


@pytest.mark.parametrize(
    "expected, count",
    [
        ({"plan.action": "none", "facts.a": {"has": "bc"}, "facts": {"has": "abcd"}}, 0),
        ({"plan.action": "dkms", "facts.a": {"has": "x"}, "facts": {"lacks": "abcd"}}, 3),
        ({"facts.a": {"lacks": "x"}}, 0),
    ],
)
def test_expectations_are_compared(expected, count):
    assert len(differences(expected, {"plan": {"action": "none"}, "facts": {"a": "abcd"}})) == count


@pytest.mark.parametrize("name", ["/etc/../../x", "/a/./b", "etc/x", "/a//b", "/a\0b", "", "/a/" + "b" * 300])
def test_a_recording_cannot_write_outside_its_folder(tmp_path, name):
    recording = json.loads(BOARDS[0].read_text())
    recording["files"] = {name: {"text": "x"}}
    (tmp_path / "x.json").write_text(json.dumps(recording))
    with pytest.raises(ValueError, match="is not a path"):
        recordings.load(tmp_path / "x.json")


def test_a_link_of_a_recording_leads_nowhere(tmp_path):
    """Files are written before links, and what reads the tree follows links inside it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    recording = {
        "files": {
            "/etc": {"link": str(outside)},
            "/etc/default/x": {"text": "x"},
            "/boot": {"kind": "folder", "names": ["../../evil", "ok", "..", "."]},
            "/proc/cmdline": {"link": str(outside / "secret")},
        }
    }
    (outside / "secret").write_text("secret")
    board = recordings.lay(recording, tmp_path / "board")
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert not (tmp_path / "evil").exists() and (board.root / "boot/ok").exists()
    assert recordings.Tree(str(board.root)).text("/proc/cmdline") is None


def test_nothing_larger_than_a_recording_is_read(tmp_path):
    (tmp_path / "x.json").write_bytes(b" " * (3 << 20))
    with pytest.raises(ValueError, match="larger"):
        recordings.load(tmp_path / "x.json")
