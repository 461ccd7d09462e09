# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The linters: ruff, mypy, ansible-lint, antsibull-docs, antsibull-changelog; and commits are checked by the same."""

from __future__ import annotations

import re

import environment
import yaml
from quality import ruff_baseline


def test_ruff(run):
    run("ruff", "check", "--output-format", "concise")


def test_the_list_of_what_ruff_does_not_check_yet_only_shrinks(root):
    stale = ruff_baseline.listed(root) - ruff_baseline.broken(root)
    assert not stale, "passes by now: .venv/bin/python tests/quality/ruff_baseline.py"


def test_mypy(run):
    run("mypy")


def test_ansible_lint_in_a_fresh_clone(run, tmp_path):
    """The collection is neither installed nor linked: ansible-lint alone makes it known to Ansible."""
    clone = environment.copy_project(tmp_path / "clone")
    run("git", "init", "--quiet", cwd=clone)
    run("git", "add", "--all", cwd=clone)
    # Without the network: it would ask for a newer release, and for newer schemas, which it would install.
    alone = {"PRE_COMMIT": "1", "ANSIBLE_LINT_SKIP_SCHEMA_UPDATE": "1", "HOME": str(tmp_path)}
    run("env", "--unset=ANSIBLE_COLLECTIONS_PATH", "ansible-lint", "--profile", "production", cwd=clone, env=alone)


def test_documentation(run, copy):
    run("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", copy)


def test_changelog(run):
    run("antsibull-changelog", "lint")


def test_hooks_run_the_pinned_tools(root, run):
    run("pre-commit", "validate-config", root / ".pre-commit-config.yaml")
    pinned = re.findall(r"^(.*)==", (root / "tests/requirements.txt").read_text(), re.MULTILINE)
    repositories = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    tools = {hook["entry"].split()[0] for repository in repositories for hook in repository["hooks"]}
    assert tools and tools <= {f".venv/bin/{name}" for name in (*pinned, "python")}


def test_public_ci_runs_the_unit_tests_with_every_ansible_core(root):
    jobs = yaml.safe_load((root / ".github/workflows/ci.yml").read_text())["jobs"]
    matrix = {entry["core"]: entry["python"] for entry in jobs["unit"]["strategy"]["matrix"]["include"]}
    pinned = re.search(r"^ansible-core==(.*)$", "\n".join(environment.requirements()), re.MULTILINE)[1]
    assert matrix == {pinned: environment.CONTROLLER_PYTHONS[0], **environment.CORES}


def test_public_ci_pins_its_actions_and_uses_no_secret(root):
    text = (root / ".github/workflows/ci.yml").read_text()
    used = re.findall(r"uses: (.*)", text)
    assert used and not [action for action in used if not re.fullmatch(r"[\w/-]+@v\d+\.\d+\.\d+", action)]
    assert "secrets." not in text
