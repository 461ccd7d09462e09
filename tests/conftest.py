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


# Tests with boards, in lanes: a worker takes a whole one, in this order. One emulated board at a time, as two of them on two cores hinder each
# other: those of the mission first, and then the others. Light boards take no kernel to be built.
LANES = {
    "boards: light": (
        "tests/integration/light/test_audit_fleet.py", "tests/integration/test_inventory.py", "tests/integration/test_engine.py",
        "tests/integration/light/test_light_boards.py", "tests/integration/light/test_light_upgrade.py", "tests/integration/test_roles_alone.py",
        "tests/integration/light/test_rollout.py", "tests/integration/light/test_look.py",
    ),
    "boards: emulated": (
        "tests/integration/test_upgrade.py", "tests/integration/test_upgrade_kernel.py", "tests/integration/vendor/test_vendor_kernel.py",
        "tests/integration/test_molecule.py", "tests/integration/vendor/test_vendor_runtime.py", "tests/integration/test_boards.py",
        "tests/integration/", "tests/faults/",
    ),
}
PLACES = {place: (lane, number) for number, (lane, place) in enumerate((lane, place) for lane, places in LANES.items() for place in places)}


def lane_of(nodeid):
    """Return the lane of a test with boards and its place in the order; None for a test without."""
    return next((there for place, there in PLACES.items() if nodeid.startswith(place)), None)


def pytest_collection_modifyitems(config, items):
    """Where workers share the tests (`make test`), those with boards come first, then the file that takes longest: it would end alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (lane_of(item.nodeid) or ("", len(PLACES) + (not item.nodeid.startswith("tests/builds/"))))[1])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A lane is one worker's, and of the tests without boards a file stays together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            lane = lane_of(nodeid)
            return lane[0] if lane else nodeid.partition("::")[0]

        def _reschedule(self, node):
            # A worker begins its last test only when it has another file or is to end: on a lane the smallest file waits for that test.
            work = self.assigned_work[node]
            if self.workqueue and LANES.keys() & work.keys() and self._pending_of(work) <= 2:
                smallest = min(self.workqueue, key=lambda scope: (scope in LANES, len(self.workqueue[scope])))
                self.workqueue.move_to_end(smallest, last=False)
            super()._reschedule(node)

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """Return the checkout."""
    return environment.ROOT


@pytest.fixture(scope="session")
def project_files() -> list[str]:
    """Return the checkout's files as git sees them, relative to the checkout."""
    return environment.project_files()
