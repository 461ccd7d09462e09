# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board that upgrades itself by ansible-pull, with the playbook and the units of docs/awx.md, without a controller.

The tests go on from one another.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tarfile
import time

import pytest
import yaml

pytestmark = [pytest.mark.board, pytest.mark.faults_only]

CORE = "ansible-core==2.18.19"  # for the Python 3.11 of bookworm
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64")
COLLECTION = "usr/share/ansible/collections/ansible_collections/rkfleet/npu"
# What `pip install` makes of ansible-core's entry points on the board.
PROGRAM = """#!/usr/bin/python3
import os, sys
sys.path.insert(0, "/opt/ansible/lib")
os.environ["PYTHONPATH"] = "/opt/ansible/lib"
from ansible.cli.%s import main
sys.exit(main())
"""
STATE = "sudo cat /var/lib/rkfleet-npu/state.json 2>/dev/null || echo '{}'"
MINUTE = 60
# git and those of its libraries that the board's image does not have.
GIT = ("git", "libcurl3", "libbrotli", "libnghttp2", "librtmp", "libssh2", "libpsl", "libldap", "libsasl2", "libgssapi",
       "libkrb5", "libk5", "libkeyutils", "liberror", "libexpat")


def blocks(root, kind):
    """Return the code blocks of a kind in docs/awx.md, section ansible-pull."""
    section = (root / "docs/awx.md").read_text(encoding="utf-8").partition("## ansible-pull")[2]
    return re.findall(rf"^```{kind}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


def units(root):
    """Return `{path: text}` of the units in the documentation, for a repository on the board itself."""
    found = {text.splitlines()[0][2:]: text for text in blocks(root, "ini")}
    assert sorted(pathlib.Path(path).name for path in found) == ["npu-pull.service", "npu-pull.timer"]
    changes = (("https://git.example.com/boards.git", "file:///srv/boards.git"),
               ("RandomizedDelaySec=2min\n", ""))
    for old, new in changes:
        found = {path: text.replace(old, new) for path, text in found.items()}
    return found


def playbook(root, inventory, **variables):
    """Return the playbook of the documentation, with the lab's stand-ins and other variables."""
    play = yaml.safe_load(next(text for text in blocks(root, "yaml") if "upgrade_npu" in text))
    lab = yaml.safe_load(inventory.read_text())["all"]["children"]["lab"]["vars"]
    play[0]["vars"].update({
        "npu_local_folder": "/srv/npu", "npu_compatibility": lab["npu_compatibility"],
        "npu_verify_timeout": lab["npu_verify_timeout"]}, **variables)
    return yaml.safe_dump(play, sort_keys=False)


def install_core(folder):
    """Install ansible-core for the board below a folder, or skip the test if the package index is not available."""
    words = [word for name in PLATFORMS for word in ("--platform", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--only-binary=:all:", "--python-version",
         "3.11", *words, "--target", str(folder / "opt/ansible/lib"), CORE, "jmespath<2", "Pillow"],
        capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot get ansible-core for the board: {done.stderr.strip()[-300:]}")
    (folder / "opt/ansible/bin").mkdir()
    for name, module in (("ansible", "adhoc"), ("ansible-pull", "pull"), ("ansible-playbook", "playbook")):
        (folder / "opt/ansible/bin" / name).write_text(PROGRAM % module)
        (folder / "opt/ansible/bin" / name).chmod(0o755)


def packages(root, folder, log):
    """Put git and what it needs into `folder/debs`, as the lab fetches its other packages."""
    sys.path.insert(0, str(root / "tests/lab"))
    from rklab import Progress
    from rklab.disks import image

    debs = image.fetched("bookworm", ("git",), Progress(), log)
    (folder / "debs").mkdir()
    for path in debs.glob("*.deb"):
        if path.name.startswith(GIT):
            (folder / "debs" / path.name).write_bytes(path.read_bytes())


class Puller:
    """The board, and what it has pulled."""

    def __init__(self, board, root):
        self.board, self.root = board, root

    def send(self, archive):
        with open(archive, "rb") as stream:
            subprocess.run(
                [str(self.root / "tests/lab/lab"), "ssh", self.board.name, "--", "sudo tar xzo -C /"], stdin=stream,
                check=True, timeout=600, env=self.board.environ)

    def publish(self, text):
        """Make this the playbook in the repository."""
        self.board.ssh(
            "sudo sh -c 'rm -rf /srv/work && git clone -q /srv/boards.git /srv/work && cat >/srv/work/upgrade.yml"
            " && cd /srv/work && git add . && git -c user.name=a -c user.email=a@example.com commit -qm x"
            f" && git push -q origin HEAD:main' <<'EOF'\n{text}\nEOF")

    def state(self):
        """Return state.json of the board; empty while it reboots."""
        try:
            return json.loads(self.board.ssh(STATE, check=False) or "{}")
        except (json.JSONDecodeError, subprocess.TimeoutExpired):
            return {}

    def wait(self, what, minutes, *states):
        """Wait for a state of the board; another one of *states* ends it, too."""
        ends = time.monotonic() + minutes * MINUTE
        while time.monotonic() < ends:
            state = self.state().get("state")
            if state in (what, *states):
                assert state == what, self.log()
                return
            time.sleep(10)
        raise AssertionError(f"{self.state()}: not {what} after {minutes} minutes\n{self.log()}")

    def log(self):
        return self.board.ssh("sudo journalctl -u npu-pull -u rkfleet-npu-watch --no-pager | tail -n 120", check=False)


@pytest.fixture(scope="module")
def puller(root, boards, tmp_path_factory):
    """Return a board with git, Ansible, this collection and the units."""
    folder = tmp_path_factory.mktemp("board")
    install_core(folder)
    packages(root, folder, folder.parent / "packages.log")
    board = boards("vendor")
    (folder / COLLECTION).mkdir(parents=True)
    tracked = subprocess.run(["git", "ls-files", "meta", "plugins", "roles", "playbooks", "galaxy.yml"], cwd=root,
                             capture_output=True, text=True, check=True).stdout.split()
    for name in tracked:
        (folder / COLLECTION / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / COLLECTION / name).write_bytes((root / name).read_bytes())
    upstream = json.loads((board.inventory_file.parent / "boards.json").read_text())["server"]["folder"]
    archive = folder.parent / "board.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        # Not the folder itself: the board's root folder would get its mode, and only root could enter it.
        for path in folder.iterdir():
            tar.add(path, path.name)
        tar.add(upstream, "srv/npu")
    there = Puller(board, root)
    there.send(archive)
    for path, text in units(root).items():
        board.ssh(f"sudo tee {path} >/dev/null <<'EOF'\n{text}\nEOF")
    board.ssh("sudo sh -c 'dpkg -i --force-depends /debs/*.deb >/dev/null && chown -R root: /opt /srv"
              " && git init -q --bare -b main /srv/boards.git && systemctl daemon-reload'")
    return there


def test_a_board_upgrades_itself(puller, root):
    boot = puller.board.boot_id()
    puller.publish(playbook(root, puller.board.inventory_file))
    puller.board.ssh("sudo systemctl enable --now npu-pull.timer && sudo systemctl start --no-block npu-pull.service")
    puller.wait("committed", 60, "rolled_back", "rollback_failed")
    assert puller.board.boot_id() != boot
    record = json.loads(puller.board.ssh("sudo cat /var/log/npu/fleet.json"))["boards"][0]
    assert (record["driver"]["version"], record["status"]) == ("0.9.6", "healthy")
    left = "ls -d /var/lib/rkfleet-npu/pending /usr/lib/rkfleet-npu/guard 2>/dev/null"
    assert puller.board.ssh(left, check=False) == ""


def test_the_next_pull_changes_nothing(puller):
    boot = puller.board.boot_id()
    puller.board.ssh("sudo systemctl start --no-block npu-pull.service")
    ends = time.monotonic() + 20 * MINUTE
    while "activating" in puller.board.ssh("systemctl is-active npu-pull.service", check=False):
        assert time.monotonic() < ends, puller.log()
        time.sleep(10)
    assert "inactive" in puller.board.ssh("systemctl is-active npu-pull.service", check=False), puller.log()
    assert puller.board.boot_id() == boot and puller.state()["state"] == "committed"


def test_a_board_whose_verification_fails_returns_to_the_old_driver(puller, root):
    """No inference of an emulated board ends within a second."""
    before = puller.state()["since"]
    puller.publish(playbook(root, puller.board.inventory_file, npu_driver_version="0.9.8", npu_verify_timeout=1))
    boot = puller.board.boot_id()
    puller.board.ssh("sudo systemctl start --no-block npu-pull.service")
    puller.wait("rolled_back", 60)
    assert puller.state()["since"] != before
    # The reboot into the new driver, and the one that the pull has left to the board.
    ends = time.monotonic() + 10 * MINUTE
    while "0.9.6" not in puller.board.ssh("sudo cat /sys/kernel/debug/rknpu/version 2>/dev/null", check=False):
        assert time.monotonic() < ends, puller.log()
        time.sleep(10)
    assert puller.board.boot_id() != boot
    assert puller.board.ssh("ls -d /var/lib/rkfleet-npu/pending", check=False) == ""
