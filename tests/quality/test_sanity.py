# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""`ansible-test sanity`, with every ansible-core the collection supports and this machine has a Python for.

`make test` takes the oldest and the newest of them, `make lint` all.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import re
import shutil
import sys

import cores
import environment
import pytest

OLDEST, *_between, NEWEST = environment.CORES
BOARD_PYTHONS = ("3.9", "3.11", "3.13")  # Debian 11, 12 and 13


@pytest.fixture(scope="session")
def pythons(tmp_path_factory) -> pathlib.Path:
    """Return a folder of links to the machine's interpreters: compile and import tests run under each of them."""
    folder = tmp_path_factory.mktemp("pythons")
    for version in BOARD_PYTHONS:
        python = environment.find_python(version)
        if python:
            environment.relink(folder / f"python{version}", python)
    return folder


@pytest.fixture(scope="session")
def sanity(run, copy):
    """Yield a function that runs `ansible-test sanity` of a virtual environment on the copy of the project."""
    # ansible-test keeps virtual environments under HOME and downloads a script that puts pip into them. Ours needs
    # nothing but a package index; with a HOME of our own it does not end up in what the user's ansible-test trusts.
    home = environment.cache_folder() / "ansible-test"
    scripts = home / ".ansible" / "test" / "cache"
    scripts.mkdir(parents=True, exist_ok=True)
    for settings in (".config/pip", ".pip"):  # the user's own package index stays in force
        environment.relink(home / settings, pathlib.Path.home() / settings)

    def runner(venv: pathlib.Path, path: pathlib.Path, *options: str) -> None:
        source = next(venv.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py")).read_text()
        for version in re.findall(r"pip='([\d.]+)'", source):
            script = scripts / f"get_pip_{version.replace('.', '_')}.py"
            shutil.copy(pathlib.Path(__file__).with_name("get_pip.py"), script)
        # Of the machine's own folders only the system's: elsewhere there may be links to Pythons that do not start.
        search = os.pathsep.join([str(path), str(venv / "bin"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
        run(venv / "bin" / "ansible-test", "sanity", "--color", "no", *options, cwd=copy, env={"HOME": str(home), "PATH": search})

    with (home / "lock").open("w") as lock:  # two at a time would make the same virtual environments
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield runner


@pytest.mark.lint_only
def test_sanity(sanity, pythons):
    sanity(pathlib.Path(sys.prefix), pythons)


@pytest.mark.parametrize("core", cores.parameters(pytest.mark.lint_only))
def test_sanity_with_another_core(sanity, run, copy, pythons, core):
    venv = cores.venv(core)
    if core == OLDEST:
        # As with the core of tests/requirements.txt, compiled and imported by the boards' Pythons, too.
        sanity(venv, pythons, "--skip-test", "pylint")
    else:
        sanity(venv, venv / "bin", "--python", environment.CORES[core], "--skip-test", "pylint")
    for playbook in sorted(copy.glob("playbooks/*.yml")):
        run(
            venv / "bin" / "ansible-playbook", "--syntax-check", "-i", "localhost,", playbook,
            env={"ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])},
        )


@pytest.mark.parametrize("core, places", [
    pytest.param(OLDEST, [], marks=pytest.mark.lint_only),
    # Three quarters of its time would go into tests/, which is not in the artefact.
    (NEWEST, ["plugins/"]),
    pytest.param(NEWEST, [], marks=pytest.mark.lint_only),
])
def test_pylint(sanity, core, places):
    venv = cores.venv(core)
    sanity(venv, venv / "bin", "--test", "pylint", "--python", environment.CORES[core], *places)
