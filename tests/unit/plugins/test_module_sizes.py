# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How much of our source a task sends to a board, which compiles all of it anew each time."""

from __future__ import annotations

import ast
import contextlib
import pathlib

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import payload

PLUGINS = pathlib.Path(__file__).resolve().parents[3] / "plugins"
UTILS = PLUGINS / "module_utils"
PACKAGE = "ansible_collections.rkfleet.npu.plugins.module_utils"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
MOST_SOURCE = 110 * 1024
"""Bytes of our source that a module imports, itself included: what Ansible packs for it."""
MOST_SENT = {"facts": 60 * 1024, "proof": 60 * 1024, "npu_runtime": 30 * 1024, "npu_boot": 66 * 1024,
             "npu_dkms": 66 * 1024, "npu_transaction": 66 * 1024}
"""Bytes of a program that is sent to a board's Python instead of a module."""


def imported(path: pathlib.Path, found: set[pathlib.Path]) -> set[pathlib.Path]:
    """Return *found* with all files of module_utils that a file imports, directly or not."""
    here = path.relative_to(UTILS).with_suffix("").parts if path.is_relative_to(UTILS) else ()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        words = (node.module or "").split(".") if node.module else []
        if node.level:
            base = [*here[:-node.level], *words]
        elif (node.module or "").startswith(PACKAGE):
            base = words[len(PACKAGE.split(".")):]
        else:
            continue
        whole = UTILS.joinpath(*base)
        files = [whole.joinpath(alias.name) for alias in node.names] if whole.is_dir() else [whole]
        for file in (file.with_suffix(".py") for file in files):
            if file not in found:
                found.add(file)
                imported(file, found)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_little(module):
    path = PLUGINS / "modules" / f"{module}.py"
    files = {path, *imported(path, set())}
    sizes = {file.name if file == path else file.relative_to(UTILS).as_posix(): file.stat().st_size for file in files}
    total = sum(sizes.values())
    assert total <= MOST_SOURCE, f"{module} imports {total} bytes of our source: " + ", ".join(
        f"{name} {size}" for name, size in sorted(sizes.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("function", list(MOST_SENT))
def test_a_program_is_small(function):
    size = len(payload.compose("_program", function).encode())
    assert size <= MOST_SENT[function], f"the program that answers {function} has {size} bytes"


def fields(source):
    """Yield the replacement fields of f-strings in a program, also in the sources that it has as texts."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue):
            yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
            with contextlib.suppress(SyntaxError):
                yield from fields(node.value)


@pytest.mark.parametrize("function", list(MOST_SENT))
def test_a_program_for_older_pythons_has_no_text_inside_a_replacement_field(function):
    """Python 3.12 and newer, which composes it on the controller, would write it with quotes that older ones refuse."""
    found = list(fields(payload.compose("_program", function)))
    assert found and not [ast.unparse(field) for field in found if any(
        isinstance(inner, ast.Constant) and isinstance(inner.value, str) for inner in ast.walk(field.value))]
