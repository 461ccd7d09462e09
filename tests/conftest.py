# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What every test sees: the checkout importable and installed as rkfleet.npu, the tools of `.venv` first on PATH."""

from __future__ import annotations

import os
import pathlib
import sys

import environment
import pytest

sys.path.insert(0, str(environment.COLLECTIONS))
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(environment.COLLECTIONS)
os.environ["PATH"] = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
# Output is read by tests: no colour, no cows, and a log that shows what went wrong.
os.environ.update(ANSIBLE_NOCOLOR="1", NO_COLOR="1", ANSIBLE_NOCOWS="1", ANSIBLE_RETRY_FILES_ENABLED="0")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Where two of pytest's workers share the tests (`make test`), one has all that need emulated boards; of the others a file stays together."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("boards" if item.get_closest_marker("board") else item.path.name))


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """Return the checkout."""
    return environment.ROOT


@pytest.fixture(scope="session")
def project_files() -> list[str]:
    """Return the checkout's files as git sees them, relative to the checkout."""
    return environment.project_files()
