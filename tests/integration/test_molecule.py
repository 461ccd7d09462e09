# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Molecule, all roles together: check on a virgin board, converge, idempotence, verify, reboot, verify."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


@pytest.fixture
def virgin(board):
    """Yield a board with an untouched disk, and leave it untouched for whoever comes next."""
    board.reset()
    yield board
    board.reset()


# The same upgrade is in test_upgrade.py.
@pytest.mark.board
@pytest.mark.faults_only
def test_all_roles_upgrade_a_board_that_stays_upgraded_after_a_reboot(virgin, root, tmp_path, controller_cache):
    # Where test_upgrade.py ran before, its build is taken from the store: how the driver is built does not depend on who calls the role.
    shutil.copytree(controller_cache, tmp_path / "cache")
    done = subprocess.run(
        ["molecule", "test"], cwd=root, env=dict(os.environ, MOLECULE_EPHEMERAL_DIRECTORY=str(tmp_path)), text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2400,
    )
    print(done.stdout)
    assert done.returncode == 0
