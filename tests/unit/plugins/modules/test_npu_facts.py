# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The module as Ansible runs it on a board: one process, JSON in, JSON out."""

from __future__ import annotations

import json
import os
import subprocess
import sys

MODULE = "ansible_collections.rkfleet.npu.plugins.modules.npu_facts"


def run(**params):
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": dict(params, _ansible_check_mode=True)})
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    # The profile is what ansible-core 2.19 and later write in front of a module; older ones know none.
    launch = (
        "import runpy, sys\n"
        "from ansible.module_utils import basic\n"
        "basic._ANSIBLE_ARGS = sys.argv[1].encode()\n"
        "basic._ANSIBLE_PROFILE = 'legacy'\n"
        "runpy.run_module(%r, run_name='__main__')\n" % MODULE
    )
    done = subprocess.run([sys.executable, "-c", launch, arguments], env=environment, capture_output=True, text=True,
                          check=False, timeout=60)
    return json.loads(done.stdout), done.returncode


def snapshot(root):
    return sorted((str(path), path.lstat().st_mtime_ns) for path in root.rglob("*"))


def test_recorded_board(board):
    board.base().npu().builtin().headers().tools().u_boot_menu()
    before = snapshot(board.root)
    result, code = run(root=str(board.root))
    assert code == 0 and result["changed"] is False
    assert list(result["ansible_facts"]) == ["npu"]
    npu = result["ansible_facts"]["npu"]
    assert npu["board"]["model"] == "Radxa ROCK 5B" and npu["driver"]["presence"] == "builtin"
    assert snapshot(board.root) == before


def test_areas(board, tmp_path):
    board.base().npu()
    result, code = run(root=str(tmp_path), proc=str(board.root / "proc"))
    assert result["ansible_facts"]["npu"]["board"]["soc"] == "rk3588"


def test_this_machine_whatever_it_is():
    result, code = run()
    assert code == 0 and result["ansible_facts"]["npu"]["kernel"]["release"]
