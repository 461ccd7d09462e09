# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What comes next: ansible-core's newest release candidate, and the newest jmespath that requirements.txt allows.

With 2.22.0rc1 nothing of the collection fails. Only Ansible's words for an invalid option of an inventory plugin are
others (tests/unit/plugins/inventory/).
"""

from __future__ import annotations

import os
import subprocess
import sys

import environment
import pytest

QUERIES = "tests/unit/plugins/plugin_utils/_rollout/test_select.py"
# Where the collection meets Ansible's own code: actions, modules, and all playbooks in one run.
NEEDED = ("pytest", "jmespath", "jsonschema", "netaddr", "pillow", "prometheus-client", "PyYAML")
TOUCHED = (
    "tests/unit/plugins/action", "tests/unit/plugins/modules", "tests/unit/plugins/plugin_utils/_action",
    "tests/unit/plugins/plugin_utils/test_settings.py", "tests/unit/playbooks/rollout/test_hold.py",
)


def said_by_tests(python, *words, **env):
    """Run tests of this checkout with another Python and return what it said; fails with its own words."""
    done = subprocess.run(
        [str(python), "-m", "pytest", "-c", "tests/pytest.ini", "--rootdir=.", "-q", "-W", "ignore",
         "-p", "no:cacheprovider", *words],
        cwd=environment.ROOT, env=dict(os.environ, **env), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=1200, check=False,
    )
    if done.returncode:
        pytest.fail(done.stdout, pytrace=False)
    return done.stdout


def test_queries_with_the_newest_jmespath(root, tmp_path):
    wanted = next(line for line in (root / "requirements.txt").read_text().splitlines() if line.startswith("jmespath"))
    assert wanted.endswith(",<2"), "npu_select extends private parts of jmespath 1.x"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--pre", "--no-deps",
         "--target", str(tmp_path), wanted],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
    )
    if done.returncode:
        pytest.skip(f"the newest jmespath cannot be fetched: {done.stdout[-300:]}")
    assert " passed" in said_by_tests(sys.executable, QUERIES, PYTHONPATH=str(tmp_path))


@pytest.mark.lint_only
def test_the_release_candidate_of_ansible_core():
    (core, version), = environment.CANDIDATE.items()
    python = environment.find_python(version)
    if not python:
        pytest.skip(f"no Python {version} on this machine for ansible-core {core}")
    pinned = [line for line in environment.requirements() if line.partition("==")[0] in NEEDED]
    assert len(pinned) == len(NEEDED)
    try:
        venv = environment.make_venv(python, [f"ansible-core=={core}", *pinned])
    except subprocess.CalledProcessError as error:
        pytest.skip(f"ansible-core {core} cannot be installed: {error}")
    assert " passed" in said_by_tests(venv / "bin/python", *TOUCHED)


def test_the_candidate_is_of_a_release_that_is_not_tested_yet():
    series = {core.rpartition(".")[0] for core in environment.CORES}
    assert not [core for core in environment.CANDIDATE if core.rpartition(".")[0] in series]
