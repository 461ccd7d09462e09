# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Molecule, each role alone, as its README shows, on two light boards."""

from __future__ import annotations

import os
import re
import subprocess

import environment
import pytest
import yaml

ROLES = sorted(path.name for path in (environment.ROOT / "roles").iterdir())
# One of them shows that the scenarios work. The roles themselves are in other tests.
RARE = pytest.mark.faults_only


@pytest.fixture(scope="module")
def two_boards(light_boards):
    """Start a healthy board and one whose driver fails."""
    light_boards.up(2, "rock5b-healthy,rock5b-failing")


@pytest.mark.parametrize("role", [role if role == "detect" else pytest.param(role, marks=RARE) for role in ROLES])
def test_a_role_works_alone(role, root, two_boards, tmp_path):
    done = subprocess.run(
        ["molecule", "test", "-s", role], cwd=root, text=True, check=False, stdin=subprocess.DEVNULL,
        env=dict(os.environ, MOLECULE_EPHEMERAL_DIRECTORY=str(tmp_path), NPU_LAB="light"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
    )
    print(done.stdout)
    assert done.returncode == 0


def included(tasks):
    """Return `[(role, entry point)]` of the roles that tasks include, those in blocks too."""
    found = []
    for task in tasks:
        role = task.get("ansible.builtin.include_role")
        found += [(role["name"], role.get("tasks_from", "main"))] if role else []
        found += included([*task.get("block", []), *task.get("rescue", [])])
    return found


@pytest.mark.parametrize("role", ROLES)
def test_the_scenario_of_a_role_includes_what_its_readme_shows(role, root):
    readme = (root / "roles" / role / "README.md").read_text()
    example = yaml.safe_load(re.search(r"```yaml\n(- .*?hosts: boards.*?)```", readme, re.DOTALL)[1])
    scenario = yaml.safe_load((root / "extensions/molecule" / role / "converge.yml").read_text())
    assert included(example[0]["tasks"]) == included(scenario[0]["tasks"])
