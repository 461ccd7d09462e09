# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The generated documents are up to date, and every case of an owner's board has a test."""

from __future__ import annotations

import importlib.util
import pathlib
import re

import pytest
import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility

SPEC = importlib.util.spec_from_file_location("generate_docs", pathlib.Path(__file__).with_name("generate_docs.py"))
generate_docs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate_docs)


@pytest.mark.parametrize("name", ["docs/compatibility.md", "docs/boards.md", "docs/fleet.schema.json"])
def test_generated_document_is_up_to_date(root, name):
    path = root / name
    assert path.exists() and path.read_text(encoding="utf-8") == generate_docs.generated(root)[name], "%s is stale: make docs" % name


def test_examples_of_what_an_inventory_may_say_are_sound():
    blocks = re.findall(r"```yaml\n(.*?)```", generate_docs.EXTEND, re.DOTALL)
    assert blocks
    for block in blocks:
        data = compatibility.merged(yaml.safe_load(block)["npu_compatibility"])
        assert compatibility.validate(data) == [], block
        assert data != compatibility.load(), block


def test_no_case_is_untested(root):
    assert not generate_docs.untested(generate_docs.cases(root))


def test_a_case_without_a_test_is_found():
    assert len(generate_docs.untested({})) == len(generate_docs.REQUIRED)
    found = {("mainline 6.18 with rocket bound", "unsupported", "said"): [("tests/unit/test_x.py", "test_x")]}
    assert "mainline with rocket bound" not in generate_docs.untested(found)


MODULE = '''
import pytest

TABLE = [pytest.param(1, marks=pytest.mark.case(case="b | c", plan="dkms", result="r"))]


@pytest.mark.case(case="a", plan="none", result="left alone")
def test_one():
    pass


@pytest.mark.parametrize("x", TABLE)
def test_two(x):
    pass
'''


def test_marks_are_read_and_not_run(tmp_path):
    path = tmp_path / "tests/unit/test_x.py"
    path.parent.mkdir(parents=True)
    path.write_text(MODULE)
    found = generate_docs.cases(tmp_path)
    assert found == {("a", "none", "left alone"): [("tests/unit/test_x.py", "test_one")], ("b | c", "dkms", "r"): [("tests/unit/test_x.py", "test_two")]}
    assert "| b \\| c | dkms | r | recorded facts: [`test_two`](../tests/unit/test_x.py) |" in generate_docs.boards(found)


@pytest.mark.parametrize("mark", ['case="a"', '"a", plan="b", result="c"', 'case=x, plan="b", result="c"', 'case=" ", plan="b", result="c"'])
def test_a_mark_that_cannot_be_read_is_an_error(tmp_path, mark):
    path = tmp_path / "test_x.py"
    path.write_text("@pytest.mark.case(%s)\ndef test_one(): pass\n" % mark)
    with pytest.raises(ValueError, match="plain string"):
        generate_docs.marks(path)
