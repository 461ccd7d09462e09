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


# What has emulated or light boards, in one worker and at once: it takes the longest.
WITH_BOARDS = ("tests/integration/", "tests/faults/")


def pytest_collection_modifyitems(config, items):
    """Where two workers share the tests (`make test`), those with boards come first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(WITH_BOARDS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker has all tests with boards; of the others a file stays together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "boards" if nodeid.startswith(WITH_BOARDS) else nodeid.partition("::")[0]

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """Return the checkout."""
    return environment.ROOT


@pytest.fixture(scope="session")
def project_files() -> list[str]:
    """Return the checkout's files as git sees them, relative to the checkout."""
    return environment.project_files()
