# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Fixtures of the quality tests."""

from __future__ import annotations

import os
import pathlib
import subprocess

import environment
import pytest

PROJECT = pathlib.Path("ansible_collections", "rkfleet", "npu")


@pytest.fixture(scope="session")
def run(root):
    """Return a function that runs a tool and fails the test with the tool's own words."""

    def runner(*command, cwd=root, env=None, timeout=1200) -> str:
        result = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=dict(os.environ, **(env or {})), timeout=timeout, text=True,
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        if result.returncode:
            pytest.fail(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}", pytrace=False)
        return result.stdout

    return runner


@pytest.fixture(scope="session")
def copy(tmp_path_factory) -> pathlib.Path:
    """Return a copy of the project's files where ansible-test wants them: under ansible_collections.

    It is outside the checkout, whose git ignores build/.
    """
    return environment.copy_project(tmp_path_factory.mktemp("collections") / PROJECT)
