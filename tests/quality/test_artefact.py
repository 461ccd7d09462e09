# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The built artefact holds what a user needs, and nothing of what only we need."""

from __future__ import annotations

import json
import tarfile

import pytest

# Everything the collection is made of, and what Galaxy wants to see beside it.
WANTED = {
    "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "FILES.json", "LICENSES", "MANIFEST.json",
    "README.md", "README.zh-CN.md", "REUSE.toml", "SECURITY.md",
    "bindep.txt", "changelogs", "docs", "examples", "extensions", "meta",
    "playbooks", "plugins", "requirements.txt", "roles",
}


@pytest.fixture(scope="module")
def names(run, copy, tmp_path_factory) -> list[str]:
    """Return the names in an artefact built from the copy of the project."""
    output = tmp_path_factory.mktemp("artefact")
    run("ansible-galaxy", "collection", "build", copy, "--output-path", output)
    with tarfile.open(next(output.glob("rkfleet-npu-*.tar.gz"))) as artefact:
        return [member.name for member in artefact.getmembers()]


def test_top_level(names):
    assert {name.split("/")[0] for name in names} == WANTED


def test_all_that_runs_is_in_it(names, project_files):
    parts = ("meta/", "playbooks/", "plugins/", "roles/")
    assert {name for name in project_files if name.startswith(parts)} <= set(names)


def test_alerts_and_dashboard_are_the_only_extensions(names):
    found = {name for name in names if name.startswith("extensions/") and "." in name}
    assert found == {"extensions/monitoring/rules.yml", "extensions/monitoring/grafana-dashboard.json"}


def test_no_stand_in_is_in_it(names):
    binary = (".deb", ".ko", ".so")
    assert not [name for name in names if "stand" in name.lower() or "/tests/" in name or name.endswith(binary)]


def test_it_installs_and_its_modules_can_be_read(run, copy, tmp_path):
    run("ansible-galaxy", "collection", "build", copy, "--output-path", tmp_path)
    place = tmp_path / "place"
    where = {"ANSIBLE_COLLECTIONS_PATH": str(place), "ANSIBLE_HOME": str(tmp_path / "home")}
    run("ansible-galaxy", "collection", "install", "--offline", "-p", place, next(tmp_path.glob("*.tar.gz")), env=where)
    modules = json.loads(run("ansible-doc", "--json", "--list", "rkfleet.npu", env=where))
    assert {f"rkfleet.npu.{path.stem}" for path in copy.glob("plugins/modules/*.py")} == set(modules)
    for playbook in copy.glob("playbooks/*_*.yml"):
        command = ["ansible-playbook", "--syntax-check", "-i", "localhost,", f"rkfleet.npu.{playbook.stem}"]
        run(*command, env=where, cwd=tmp_path)
