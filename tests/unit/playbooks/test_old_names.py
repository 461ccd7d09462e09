# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Names of release 1.x: a playbook that uses them still works, and is told the new ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import yaml


@pytest.fixture(scope="session")
def routing(root):
    """The redirects of meta/runtime.yml."""
    return yaml.safe_load((root / "meta/runtime.yml").read_text(encoding="utf-8"))


def test_a_module_and_its_action_plugin_are_redirected_alike(routing, root):
    modules, actions = routing["plugin_routing"]["modules"], routing["plugin_routing"]["action"]
    assert modules == actions
    for name, row in modules.items():
        new = row["redirect"].removeprefix("rkfleet.npu.")
        assert not (root / "plugins/modules" / f"{name}.py").exists()
        assert (root / "plugins/modules" / f"{new}.py").exists()
        assert (root / "plugins/action" / f"{new}.py").exists()
        assert row["deprecation"]["removal_version"] == "3.0.0"
        assert row["redirect"] in row["deprecation"]["warning_text"]


def test_the_action_group_has_every_module(routing, root):
    assert routing["action_groups"]["npu"] == sorted(path.stem for path in (root / "plugins/modules").glob("*.py"))


def test_no_future_ansible_core_is_refused(routing):
    assert routing["requires_ansible"] == ">=2.18.0"


def test_a_playbook_with_the_old_names_works_and_warns(routing, tmp_path):
    record, store = str(tmp_path / "staging.json"), {"store": "", "source_digest": "0", "build_files": str(tmp_path)}
    tasks = [
        {"rkfleet.npu.npu_audit": {"tree": {"root": str(tmp_path)}}, "register": "audit"},
        {"rkfleet.npu.npu_staging": {"path": record}, "register": "staging"},
        {"rkfleet.npu.npu_store": dict(store, version="0.9.6", kernel="6.1.84", packages=["dkms"]),
         "register": "store"},
        {"rkfleet.npu.npu_preflight": {"kernels": ["4.19.1"], "version": "0.9.6", "source": "x", "build_files": "x"},
         "register": "preflight"},
        {"rkfleet.npu.npu_packages": {"name": ["x"], "state": "wrong"}, "register": "packages",
         "ignore_errors": True},
        {"ansible.builtin.copy": {
            "dest": str(tmp_path / "results.json"),
            "content": "{{ [audit, staging, store, preflight, packages] | to_json }}"}},
    ]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml")],
        env=dict(os.environ, ANSIBLE_PIPELINING="1", ANSIBLE_PYTHON_INTERPRETER=sys.executable, COLUMNS="1000"),
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120, check=False)
    output = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout
    for name, row in routing["plugin_routing"]["modules"].items():
        assert f"rkfleet.npu.{name} has been deprecated. {row['deprecation']['warning_text']}" in output
    audit, staging, store, preflight, packages = json.loads((tmp_path / "results.json").read_text())
    assert audit["ansible_facts"]["npu"] == audit["facts"] and audit["plan"]["action"] == "unsupported"
    assert staging["verified"] == staging["recorded"] == [] and store["packages"] == ["dkms"] and store["stored"] is None
    assert preflight["kernels"][0]["verdict"] == "unsupported"
    assert packages["failed"] and "value of state must be one of: present, absent" in packages["msg"]
