# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The inventory plugin on light boards: real sshds, a real ssh client, and a playbook over what was found."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
import yaml

KINDS = ("rock5b-failing", "rock5b-healthy", "orangepi5", "rocket", "not-rockchip", "hostile", "no-python")


@pytest.fixture(scope="module")
def lab(root):
    """Return the folder of a light board of each kind that run, on C(127.N.0.1) and so on."""
    state = root / "build/light-inventory"

    def command(*words):
        done = subprocess.run([str(root / "tests/lab/lab"), "fleet", *words], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=1800, check=False, env=dict(os.environ, RKFLEET_LAB_STATE=str(state)))
        assert done.returncode == 0, done.stdout

    command("up", "--count", str(len(KINDS)), "--mix", ",".join(KINDS))
    yield state
    command("down")


@pytest.fixture
def subnet(lab, tmp_path):
    """Return the path of an inventory file for these boards, and the beginning of their addresses."""
    network = json.loads((lab / "fleet/fleet.json").read_text())["network"] + ".0."

    def write(**options) -> pathlib.Path:
        path = tmp_path / "light.npu_subnet.yml"
        path.write_text(yaml.safe_dump(dict({
            "plugin": "rkfleet.npu.subnet", "ranges": [network + "0/28"], "ports": [2222], "identify": True, "identify_timeout": 60, "timeout": 10,
            "ssh_user": "radxa", "ssh_private_key": str(lab / "id_ed25519"), "tree": {"proc": "/srv/board/proc", "sys": "/srv/board/sys"},
            "ssh_args": ["-F", "none", "-o", "UserKnownHostsFile=%s" % (lab / "fleet_known_hosts"), "-o", "IdentitiesOnly=yes"]}, **options)))
        return path

    write.network = network
    return write


def run(*words) -> str:
    done = subprocess.run(
        list(map(str, words)), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    print(done.stdout)
    assert done.returncode == 0
    return done.stdout


def test_boards_are_found_named_and_grouped(subnet):
    graph = run("ansible-inventory", "-i", subnet(name_by="hostname", exclude=[subnet.network + "7"]), "--graph")
    groups = {}
    for line in graph.splitlines():
        name = line.strip(" |-")
        if name.startswith("@"):
            members = groups.setdefault(name.strip("@:"), [])
        else:
            members.append(name)
    light = ["light-%03d" % number for number in range(7)]
    assert groups.pop("all") == groups.pop("ungrouped") == []
    assert groups == {
        "soc_rk3588": [light[1], light[2], light[4], light[6]], "soc_rk3588s": [light[3]],
        "kernel_6_1_43_15_rk2312": [light[1], light[6]], "kernel_6_1_84_8_rk2312": [light[2]], "kernel_6_1_99_rockchip_rk3588": [light[3]],
        "kernel_6_18_3_arm64": [light[4]], "kernel_6_1_0_rpi7_rpi_v8": [light[5]],
        "driver_builtin": [light[1], light[3], light[6]], "driver_module": [light[2]], "driver_rocket": [light[4]]}


def test_a_playbook_reaches_what_was_found_and_no_text_of_a_board_is_a_template(lab, subnet, tmp_path):
    path = subnet(keep="rockchip", exclude=[subnet.network + "7"], compose={"ansible_user": "'radxa'"})
    said = run("ansible", "-i", path, "all", "-m", "ansible.builtin.raw", "-a", "hostname", "--private-key", lab / "id_ed25519",
               "--ssh-common-args", "-F none -o UserKnownHostsFile=%s" % (lab / "fleet_known_hosts"))
    assert [number for number in range(1, 8) if "light-%03d" % number in said] == [1, 2, 3, 4, 6]
    told = run("ansible", "-i", path, subnet.network + "6", "-m", "ansible.builtin.debug", "-a", "msg={{ npu_subnet.model }}")
    assert "?? lookup('pipe','id') ??" in told and "uid=" not in told


def test_a_board_with_an_unknown_host_key_is_not_logged_in_to(subnet):
    path = subnet(ssh_args=["-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"])
    graph = run("ansible-inventory", "-i", path, "--graph")
    assert graph.count("--" + subnet.network) == 7 and "npu_unidentified" in graph and "soc_" not in graph
    assert "7 of 7 hosts could not be identified" in " ".join(graph.split()) and "Host key verification failed" in graph
