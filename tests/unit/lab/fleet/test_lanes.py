# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How `make test` shares the tests among its workers (tests/conftest.py): a lane of boards stays with a worker, the rest is for who is free."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("xdist")
TESTS = Path(__file__).resolve().parents[3]
if not (TESTS / "integration").is_dir():
    pytest.skip("the integration tests are not part of this copy", allow_module_level=True)

# In the order in which they are collected; the last one of a lane has one test only, as the fault matrix has.
FILES = {
    "quality/test_lint.py": 3, "unit/test_one.py": 5, "unit/test_two.py": 1, "unit/test_three.py": 4, "integration/light/test_audit_fleet.py": 3,
    "integration/test_boards.py": 3, "integration/test_upgrade.py": 4, "integration/test_molecule.py": 1, "faults/test_matrix.py": 1,
}
TEST = """
import os, time
import pytest

@pytest.mark.parametrize("number", range(%d))
def test_it(number, request):
    time.sleep(0.02)
    with open(os.environ["SEEN"], "a") as file:
        file.write("%%s %%s\\n" %% (os.environ.get("PYTEST_XDIST_WORKER"), request.node.nodeid))
"""
EMULATED = ["integration/test_upgrade.py", "integration/test_molecule.py", "integration/test_boards.py", "faults/test_matrix.py"]
LIGHT = ["integration/light/test_audit_fleet.py"]


def shared(folder: Path, workers: int) -> dict[str, list[str]]:
    """Return the files each worker ran, in order, of a small project with this conftest."""
    for name in ("conftest.py", "environment.py"):
        (folder / "tests").mkdir(exist_ok=True)
        shutil.copy(TESTS / name, folder / "tests" / name)
    for name, number in FILES.items():
        path = folder / "tests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEST % number)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = tests\naddopts = --import-mode=importlib\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(workers), "--dist", "loadscope", "--no-loadscope-reorder",
         *(f"tests/{name}" for name in FILES)],
        cwd=folder, env={**os.environ, "SEEN": str(folder / "seen"), "PYTEST_ADDOPTS": ""}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
    assert f"{sum(FILES.values())} passed" in done.stdout, done.stdout
    found = {}
    for line in (folder / "seen").read_text().splitlines():
        worker, name = re.fullmatch(r"(\w+) tests/(.+?)::.*", line).groups()
        files = found.setdefault(worker, [])
        if files[-1:] != [name]:
            files.append(name)
    return found


def test_each_lane_has_a_worker_which_helps_with_the_others_afterwards(tmp_path):
    found = list(shared(tmp_path, 3).values())
    first = [next(files for files in found if files[:len(lane)] == lane) for lane in (EMULATED, LIGHT)]
    assert first[0] is not first[1]
    assert sorted(sum(found, [])) == sorted(FILES)


@pytest.mark.parametrize("workers", [1, 2])
def test_with_fewer_workers_all_tests_are_run_too(tmp_path, workers):
    found = shared(tmp_path, workers)
    assert len(found) == workers
    for lane in (EMULATED, LIGHT):
        assert [[name for name in files if name in lane] for files in found.values() if set(lane) & set(files)] == [lane]


def test_every_test_with_a_board_is_on_a_lane(root):
    spec = importlib.util.spec_from_file_location("rkfleet_tests_conftest", TESTS / "conftest.py")
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    for folder in ("integration", "faults"):
        for path in sorted((TESTS / folder).rglob("test_*.py")):
            assert conftest.lane_of(f"{path.relative_to(root)}::test_it"), path
    assert conftest.lane_of("tests/unit/lab/fleet/test_lanes.py::test_it") is None
    assert all((root / place).exists() for place in conftest.PLACES)


def test_tests_outside_make_test_run_in_make_lint_or_make_faults(root):
    marked = {"lint_only": set(), "faults_only": set()}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name in re.findall(r"pytest\.mark\.(lint_only|faults_only)", path.read_text(encoding="utf-8")):
            marked[name].add(path.relative_to(TESTS).parts[0])
    # The folders that these two commands run; make test names both marks.
    assert marked == {"lint_only": {"quality"}, "faults_only": {"unit", "builds", "integration"}}
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    assert '-m "not lint_only and not faults_only"' in makefile and "$(PYTEST) tests/quality\n" in makefile
    run = " ".join((TESTS / "faults/run.py").read_text(encoding="utf-8").split())
    assert '"-m", "faults_only", "tests/unit", "tests/builds", "tests/integration"' in run
