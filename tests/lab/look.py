# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""`make look`: audit twenty recorded boards on this machine, and show the table and where the report is.

The boards are the file trees of light boards (fleet/*.toml), read by npu_tree over a local connection: no root or sshd,
no emulator, no package of the distribution. Each shows what a real board of that kind would.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests")]
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("make look: Python 3.11 or newer is needed, this is " + sys.version.split()[0])

import environment  # noqa: E402
from rklab.fleets import light  # noqa: E402

COUNT = 20
RUNTIMES = {"1.6.0": "9a7b5d24c@2023-12-13T17:31:11", "2.3.2": "429f97ae6b@2025-04-09T09:09:27"}
LEFT_OUT = {"hostile", "no-python", "no-sudo"}
"""Kinds that are about the connection, or about an attack."""


def kinds():
    """Return the kinds of all boards: at least one of each that a tree can show."""
    shown = [name for name in light.kinds() if name not in LEFT_OUT]
    return light.take(",".join(shown), COUNT)


def make(folder, interpreter):
    """Write the boards' trees and `boards.yml` to a folder; return the inventory.

    Args:
        folder: pathlib.Path; what it had before is removed.
        interpreter: the Python that inspects the boards.
    """
    light.fresh(folder).mkdir(parents=True)
    libraries, pinned, hosts = {}, {}, {}
    for version, build in RUNTIMES.items():
        libraries[version] = folder / f"librknnrt-{version}.so"
        libraries[version].write_text(f"librknnrt version: {version} ({build})\n")
        content = libraries[version].read_bytes()
        pinned[version] = {
            "sha256": hashlib.sha256(content).hexdigest(), "size": len(content),
            "git_blob": hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()}
    key = folder / "host_key"
    key.write_text("")
    numbers = {}
    for name in kinds():
        kind = light.kinds()[name]
        numbers[name] = numbers.get(name, 0) + 1
        board = f"{name}-{numbers[name]}"
        tree = folder / "boards" / board
        hosts[board] = dict(kind.get("variables", {}))
        if not kind.get("started", True):
            # Nobody listens there.
            hosts[board].update(ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=9)
            continue
        light.lay(tree, kind, libraries)
        own = folder / "own"
        light.own(own, kind, board, hashlib.sha256(board.encode()).hexdigest()[:16], key)
        shutil.copytree(own, tree, symlinks=True, dirs_exist_ok=True)
        light.fresh(own)
        hosts[board]["npu_tree"] = {"root": str(tree), **{area: str(tree / path) for area, path in light.APART.items()}}
    common = {
        "ansible_connection": "local", "ansible_python_interpreter": str(interpreter), "npu_become": False,
        "npu_audit_become": False, "npu_compatibility": {"runtimes": pinned}}
    inventory = folder / "boards.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}, indent=1) + "\n", encoding="utf-8")
    return inventory


def python():
    """Return the Python that runs Ansible: the one of `make setup`, or a smaller environment, which is made at once."""
    if (ROOT / ".venv/bin/ansible-playbook").exists():
        return ROOT / ".venv/bin/python"
    core = [line for line in environment.requirements() if line.startswith("ansible-core==")]
    others = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return environment.make_venv(environment.controller_python(), core + others, print) / "bin/python"


def main(folder=ROOT / "build/look"):
    """Make the boards, audit them, and say where the report is; the exit code is 0 if the audit ran."""
    try:
        interpreter = python()
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 1
    inventory = make(folder, interpreter)
    environment.relink(environment.COLLECTIONS / "ansible_collections/rkfleet/npu", ROOT)
    report = folder / "npu-report"
    print(f"{COUNT} boards are file trees below {folder / 'boards'}. Their audit:\n", flush=True)
    command = [
        str(interpreter.with_name("ansible-playbook")), "-i", str(inventory),
        str(ROOT / "playbooks/audit-npu.yml"), "-e", f"npu_report_dir={report}"]
    variables = dict(
        os.environ, ANSIBLE_COLLECTIONS_PATH=str(environment.COLLECTIONS), ANSIBLE_DISPLAY_SKIPPED_HOSTS="no",
        ANSIBLE_NOCOWS="1")
    code = subprocess.run(command, env=variables, cwd=ROOT, check=False).returncode
    if not (report / "fleet.html").exists():
        return code or 1
    print(f"""
Exit code of the audit: {code} (0: all healthy, 2: some need work, 4: some do not answer).
The report: {(report / 'fleet.html').as_uri()}
            and fleet.json, fleet.csv and fleet.prom beside it (docs/report.md)
Your own boards: README.md. An upgrade of an emulated board: make demo.""")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
