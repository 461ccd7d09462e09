# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Task files of role driver in a real ansible-playbook. The boards are this machine, with facts of the test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys


def run(collections, folder, hosts, tasks, *words):
    """Run task files of the role on `hosts`, `{name: variables}`; return `(names of those that failed, output)`.

    Variable `npu_facts` of a host becomes its fact `npu`.
    """
    usual = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False,
             "npu_cache_dir": str(folder)}
    steps = [{"ansible.builtin.set_fact": {"npu": "{{ npu_facts }}", "cacheable": True}}]
    steps += [{
        "ansible.builtin.include_role": {"name": "rkfleet.npu.driver", "tasks_from": name},
        # As role rollout has it.
        "vars": {"__npu_settings": "{{ lookup('rkfleet.npu.npu_settings', 'driver', 'detect', 'rollout') }}"},
    } for name in tasks]
    boards = {"all": {"hosts": {name: {**usual, **variables} for name, variables in hosts.items()}}}
    (folder / "boards.json").write_text(json.dumps(boards))
    (folder / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": steps}]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "boards.json", "play.yml", *words], cwd=folder, text=True, check=False, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_NOCOLOR="1"))
    print(done.stdout)
    recap = dict(re.findall(r"^(\w+) +: ok=.*failed=(\d+)", done.stdout, re.MULTILINE))
    assert set(recap) == set(hosts), done.stdout
    return [name for name, failed in recap.items() if failed != "0"], done.stdout
