# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""shellcheck on every shell script of the project, and on those that are joined or kept elsewhere."""

from __future__ import annotations

import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import signing as _signing
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files

SHEBANG = re.compile(rb"#!.*\b(?:sh|dash|bash)\b")
PARTS = "roles/guard/files/guard/"
# Files that a script reads are on the board, and with them the variables that they set.
SOURCED = "SC1091"
FROM_SOURCED = "SC2154"


@pytest.fixture(scope="module")
def scripts(root, project_files):
    """Return the project's files that a shell runs or reads."""
    names = [name for name in project_files if (root / name).is_file() and not (root / name).is_symlink()]
    found = [name for name in names if name.endswith(".sh") or SHEBANG.match((root / name).read_bytes()[:80])]
    found += [name for name in names if name.startswith("roles/driver/files/default-kernel/") and name.endswith((".conf", ".cfg"))]
    assert len(found) > 15
    return found


def test_every_script(run, scripts):
    run("shellcheck", "--exclude", SOURCED, *scripts)


def test_the_guard_as_it_is_installed(run, tmp_path):
    """Joined, no variable or function may be missing: the parts alone cannot show that."""
    (tmp_path / "guard").write_text(board_files.guard()["guard"])
    run("shellcheck", tmp_path / "guard")


def test_the_signing_tool(run, tmp_path):
    (tmp_path / "sign-module").write_text(_signing._TOOL_TEXT)
    run("shellcheck", "--exclude", SOURCED + "," + FROM_SOURCED, tmp_path / "sign-module")


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"]], ids=" ".join)
def test_the_scripts_of_boards_are_posix_shell(run, root, scripts, tmp_path, shell):
    (tmp_path / "guard").write_text(board_files.guard()["guard"])
    of_boards = [root / name for name in scripts if name.startswith("roles/") and not name.startswith(PARTS)]
    for path in [tmp_path / "guard", *of_boards]:
        run(*shell, "-n", path)


def test_the_comments_on_a_part_are_not_installed(root):
    """A blank line ends them; without it the part itself would be left out."""
    script = board_files.guard()["guard"]
    assert script.startswith("#!/bin/sh\n") and script.count("SPDX-License-Identifier") == 1
    parts = sorted((root / PARTS).iterdir())
    assert len(parts) > 5
    for path in parts[1:]:
        head, blank, body = path.read_text().partition("\n\n")
        assert all(line.startswith("#") for line in head.splitlines()) and blank and body in script, path.name


def test_no_script_is_long(root, scripts):
    assert not [name for name in scripts if len((root / name).read_text().splitlines()) > 400]
