# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The tests that the documentation names exist, so that what it says is shown can be looked up."""

from __future__ import annotations

import re

NAMED = re.compile(r"(test_\w+\.py)(?:::(test_\w+))?|`::(test_\w+)`")


def defined(root):
    """Return `{file name: names of its test functions}`."""
    found = {}
    for path in root.glob("tests/**/test_*.py"):
        names = re.findall(r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        found.setdefault(path.name, set()).update(names)
    return found


def missing(text, tests):
    """Return the tests that a text names and that do not exist. In a line, `::name` is in the file named before it."""
    found = []
    for line in text.splitlines():
        current = None
        for match in NAMED.finditer(line):
            current = match[1] or current
            name = match[2] or match[3]
            if current not in tests or (name and name not in tests[current]):
                found.append(f"{current}::{name}" if name else str(current))
    return found


def test_a_test_that_does_not_exist_is_found():
    tests = {"test_a.py": {"test_one", "test_two"}, "test_b.py": {"test_three"}}
    assert not missing("`test_a.py::test_one`, `::test_two`; `test_b.py`", tests)
    assert missing("`test_a.py::test_three`, `test_b.py::test_one`, `::test_three`, `test_c.py`", tests) == [
        "test_a.py::test_three", "test_b.py::test_one", "test_c.py"]


def test_the_documentation_names_tests_that_exist(root):
    tests = defined(root)
    files = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("roles/*/README.md"), *root.glob("tests/**/*.md")]
    found = {path.relative_to(root).as_posix(): missing(path.read_text(encoding="utf-8"), tests) for path in files
             if path.name != "CHANGELOG.md"}
    assert not {name: names for name, names in found.items() if names}
