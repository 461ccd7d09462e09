# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What drives Ansible can read what we say to it: ansible.cfg, the execution environment, and what the docs have of both."""

from __future__ import annotations

import re

import environment
import pytest
import yaml


def block(path, language):
    """Return the first block of a document in a language."""
    return re.search(r"```%s\n(.*?)```" % language, path.read_text(encoding="utf-8"), re.DOTALL)[1]


def settings(text):
    """Return lines of settings and their comments, without those that are about the file or the checkout only."""
    text = re.sub(r"(?s)\A.*?(?=\[defaults\])", "", text)
    return re.sub(r"# `make setup` .*\ncollections_path = .*\n", "", text)


def test_the_docs_have_the_same_settings(root):
    assert settings((root / "ansible.cfg").read_text(encoding="utf-8")) == block(root / "docs/ansible-cfg.md", "ini")


def test_every_setting_has_a_reason(root):
    lines = (root / "ansible.cfg").read_text(encoding="utf-8").splitlines()
    assert not [line for above, line in zip(lines, lines[1:]) if " = " in line and not line.startswith("#") and not above.startswith("#")]


def test_ansible_knows_the_settings(root, run, tmp_path):
    where = {"ANSIBLE_CONFIG": str(root / "ansible.cfg")}
    run("ansible-config", "validate", "--format", "ini", "-c", root / "ansible.cfg", cwd=tmp_path)
    told = run("ansible-config", "dump", "--only-changed", cwd=tmp_path, env=where)
    for name in ("DEFAULT_FORKS", "DEFAULT_GATHERING", "DEFAULT_STDOUT_CALLBACK", "INTERPRETER_PYTHON"):
        assert re.search(rf"^{name}\(.*ansible\.cfg\)", told, re.MULTILINE), told
    told = run("ansible-config", "dump", "--only-changed", "-t", "connection", cwd=tmp_path, env=where)
    for name in ("pipelining", "ssh_args"):
        assert re.search(rf"^{name}\(.*ansible\.cfg\)", told, re.MULTILINE), told


def test_ansible_builder_finds_what_the_collection_needs(root, run, tmp_path):
    found = yaml.safe_load(run("ansible-builder", "introspect", environment.COLLECTIONS, cwd=tmp_path))
    python, system = "\n".join(found["python"]).lower(), "\n".join(found["system"])
    wanted = [line.split(">")[0].lower() for line in (root / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert wanted and all(name in python for name in wanted), python
    assert "openssh-client [platform:dpkg]" in system


@pytest.mark.parametrize("document", ["docs/awx.md"])
def test_the_execution_environment_of_the_docs_is_valid(root, run, tmp_path, document):
    (tmp_path / "execution-environment.yml").write_text(block(root / document, "yaml"))
    run("ansible-builder", "create", "-f", "execution-environment.yml", "-c", "context", "--output-filename", "Containerfile", cwd=tmp_path)
    assert "rkfleet.npu" in (tmp_path / "context/_build/requirements.yml").read_text()
    assert "registry.example.com" in (tmp_path / "context/Containerfile").read_text()
