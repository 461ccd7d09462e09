# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The inventory plugin with ansible-inventory, on loopback addresses with test servers; ssh is a stand-in."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import threading

import cores
import pytest
import yaml
from ansible.release import __version__ as ansible_version
from rklab.fleets.recorded import Board

NET = "127.77.253"
# Which tree a board has goes by its address.
SSH = """#!/bin/sh
printf '%s\\n' "$*" >>{log}
while [ "$1" != -- ]; do shift; done
tree={trees}/$2
[ -d "$tree" ] || {{ echo "radxa@$2: Permission denied (publickey)." >&2; exit 255; }}
exec sh -c "${{3% /proc /sys}} $tree/proc $tree/sys"
"""


@pytest.fixture
def network():
    """Return a function that starts a server at an address of NET, all on one port, and the contacted addresses."""
    servers, done, visited, port = [], threading.Event(), [], [0]

    def serve(server, said):
        while True:
            try:
                connection, dummy = server.accept()
            except OSError:
                return
            visited.append(server.getsockname()[0])
            with connection:
                connection.sendall(said)
                if not said:
                    done.wait(10)

    def there(last, said=b"SSH-2.0-OpenSSH_9.2p1\r\n"):
        server = socket.create_server(("%s.%d" % (NET, last), port[0]))
        port[0] = server.getsockname()[1]
        servers.append(server)
        threading.Thread(target=serve, args=(server, said), daemon=True).start()
        return port[0]

    there.visited, there.port = visited, port
    yield there
    done.set()
    for server in servers:
        server.close()


@pytest.fixture
def inventory(tmp_path, network):
    """Return a function that runs ansible-inventory with options and returns exit code, output and warnings."""
    log, client = tmp_path / "ssh.log", tmp_path / "ssh"
    log.touch()
    client.write_text(SSH.format(log=log, trees=tmp_path / "trees"))
    client.chmod(0o755)

    def run(*words, name="npu_subnet.yml", before=(), core="", env=None, **options):
        path = tmp_path / name
        config = {
            "plugin": "rkfleet.npu.subnet", "ranges": [NET + ".0/28"], "ports": network.port, "timeout": 1,
            "ssh_executable": str(client),
        }
        path.write_text(yaml.safe_dump(dict(config, **options)))
        done = subprocess.run(
            [core + "ansible-inventory", *before, "-i", str(path), *(words or ["--list"])], cwd=tmp_path, text=True,
            capture_output=True, check=False, timeout=120, env=dict(os.environ, COLUMNS="1000", **(env or {})),
            stdin=subprocess.DEVNULL,
        )
        print(done.stdout, done.stderr)
        told = " ".join(done.stderr.split())
        return (json.loads(done.stdout) if done.returncode == 0 and not words else done.stdout), told

    run.log = log
    return run


def plain(value):
    """Without what ansible-inventory marks untrusted text with."""
    if isinstance(value, dict):
        return (
            plain(value["__ansible_unsafe"]) if set(value) == {"__ansible_unsafe"}
            else {key: plain(item) for key, item in value.items()}
        )
    return [plain(item) for item in value] if isinstance(value, list) else value


def hosts(answer):
    return plain(answer["_meta"]["hostvars"])


@pytest.fixture
def trees(tmp_path):
    """Return a function that gives the board at an address a tree."""
    (tmp_path / "trees").mkdir()
    return lambda last: Board(tmp_path / "trees" / ("%s.%d" % (NET, last)))


def test_hosts_with_ssh_are_found_and_no_others_are_contacted(inventory, network):
    network(1)
    network(3, b"HTTP/1.1 200 OK\r\n")
    network(4, b"")
    network(5, b"SSH-2.0-{{7*7}}\x1b[31m\r\n")
    network(6, b"SSH-2.0-{{7*7}} x\r\n")
    network(7)
    port = network(20)
    answer, dummy = inventory(exclude=[NET + ".7"])
    assert hosts(answer) == {
        NET + ".1": {
            "ansible_host": NET + ".1", "ansible_port": port,
            "npu_subnet": {"address": NET + ".1", "port": port, "software": "OpenSSH_9.2p1", "identified": False},
        },
        NET + ".6": {
            "ansible_host": NET + ".6", "ansible_port": port,
            "npu_subnet": {"address": NET + ".6", "port": port, "software": "??7*7??", "identified": False},
        },
    }
    assert (
        sorted(network.visited) == ["%s.%d" % (NET, last) for last in (1, 3, 4, 5, 6)] and not inventory.log.read_text()
    )


def test_groups_of_boards(inventory, network, trees):
    for last in range(1, 5):
        network(last)
    trees(1).base(release="6.1.43-15-rk2312").write("/sys/bus/platform/drivers/RKNPU/bind")
    trees(2).base(model="Radxa ROCK 3A", compatible=("rockchip,rk3568",), release="5.10.110").write(
        "/proc/modules", "rknpu 1 0 - Live 0x0\n"
    ).write("/sys/bus/platform/drivers/RKNPU/bind").strings("serial-number", "fedc4321")
    trees(3).write("/proc/sys/kernel/osrelease", "6.12.3-amd64\n")
    graph, told = inventory(
        "--graph", identify=True, ssh_user="radxa", ssh_args=["-o", "StrictHostKeyChecking=accept-new"],
        groups={"rock5b": "npu_subnet.model is search('ROCK 5B')"},
        keyed_groups=[{"key": "npu_subnet.compatible", "prefix": "fits"}],
    )
    assert graph.splitlines() == [
        "@all:", "  |--@ungrouped:", "  |--@soc_rk3588:", "  |  |--%s.1" % NET, "  |--@kernel_6_1_43_15_rk2312:",
        "  |  |--%s.1" % NET, "  |--@driver_builtin:", "  |  |--%s.1" % NET, "  |--@rock5b:", "  |  |--%s.1" % NET,
        "  |--@fits_radxa_rock_5b:", "  |  |--%s.1" % NET, "  |--@fits_rockchip_rk3588:", "  |  |--%s.1" % NET,
        "  |--@soc_rk3568:", "  |  |--%s.2" % NET, "  |--@kernel_5_10_110:", "  |  |--%s.2" % NET,
        "  |--@driver_module:", "  |  |--%s.2" % NET, "  |--@fits_rockchip_rk3568:", "  |  |--%s.2" % NET,
        "  |--@kernel_6_12_3_amd64:", "  |  |--%s.3" % NET, "  |--@npu_unidentified:", "  |  |--%s.4" % NET,
    ]
    assert (
        "1 of 4 hosts could not be identified: %s.4 (radxa@%s.4: Permission denied (publickey).)"
        % (NET, NET) in told
    )
    asked = inventory.log.read_text().splitlines()
    assert len(asked) == 4 and all(
        "-o BatchMode=yes" in line and "-l radxa -o StrictHostKeyChecking=accept-new -- %s." % NET in line
        for line in asked
    )


def test_names_kinds_and_a_board_with_two_addresses(inventory, network, trees, tmp_path):
    for last in range(1, 6):
        network(last)
    trees(1).base()
    trees(2).base()
    trees(3).base().strings("serial-number", "{{ lookup('pipe', 'touch pwned') }}")
    trees(4).write("/proc/sys/kernel/osrelease", "6.12.3-amd64\n")
    answer, told = inventory(
        identify=True, keep="rockchip", name_by="serial", default_groups=False,
        compose={"kernel_is": "npu_subnet.kernel"},
    )
    assert list(hosts(answer)) == ["1234567890abcdef", NET + ".3"]
    board = hosts(answer)["1234567890abcdef"]
    assert board["kernel_is"] == "6.1.99-1-rk2312" and board["ansible_host"] == NET + ".1"
    assert (
        board["npu_subnet"]["model"] == "Radxa ROCK 5B" and board["npu_subnet"]["identified"]
        and board["npu_subnet"]["error"] is None
    )
    assert "%s.1 and %s.2 are one board (serial number 1234567890abcdef): it is kept as %s.1" % (NET, NET, NET) in told
    assert set(answer) == {"_meta", "all", "ungrouped"}
    # Nobody takes the name of a host that is known already.
    (tmp_path / "others.yml").write_text("all: {hosts: {1234567890abcdef: {ansible_host: 192.0.2.1}}}")
    answer, dummy = inventory(identify=True, name_by="serial", keep="identified", before=["-i", "others.yml"])
    assert hosts(answer)["1234567890abcdef"] == {"ansible_host": "192.0.2.1"} and {
        NET + ".1", NET + ".3", NET + ".4",
    } < set(hosts(answer))


def test_a_claimed_serial_number_gets_nobodys_variables(inventory, network, trees, tmp_path):
    for last in range(1, 4):
        network(last)
    trees(1).base().write("/proc/sys/kernel/random/boot_id", "5c0f5d2e-6b7a-4f7e-9a52-1d3f0c6f8b11\n")
    trees(2).base()
    trees(3).write("/proc/sys/kernel/osrelease", "6.12.3-amd64\n").strings("serial-number", "1234567890abcdef")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "1234567890abcdef.yml").write_text("ansible_become_password: s3cret\n")
    answer, told = inventory(identify=True, keep="rockchip", name_by="serial")
    assert list(hosts(answer)) == ["1234567890abcdef-%s.%d" % (NET, last) for last in (1, 2)] and "s3cret" not in str(
        answer
    )
    assert "%s.1 and %s.2 have the same serial number 1234567890abcdef" % (NET, NET) in " ".join(told.split())
    # What is not kept takes nothing from what is.
    answer, told = inventory(identify=True, keep="rockchip", name_by="serial", exclude=[NET + ".1"])
    assert (
        hosts(answer)["1234567890abcdef"]["ansible_host"] == NET + ".2"
        and hosts(answer)["1234567890abcdef"]["ansible_become_password"] == "s3cret"
    )
    assert len(hosts(answer)) == 1 and "serial number" not in told


def test_the_cache_answers_until_the_file_is_changed_or_the_cache_is_flushed(inventory, network, tmp_path):
    network(1)
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    first, dummy = inventory(**options)
    assert network.visited == [NET + ".1"] and list(hosts(first)) == [NET + ".1"]
    again, dummy = inventory(**options)
    assert again == first and network.visited == [NET + ".1"]
    # What is no longer in the ranges is no longer a host.
    narrower, dummy = inventory(exclude=[NET + ".1"], **options)
    assert hosts(narrower) == {} and network.visited == [NET + ".1"]
    inventory(**options)
    assert network.visited == [NET + ".1"] * 2
    # ansible-inventory has the option since 2.19, ansible-playbook had it before.
    if not ansible_version.startswith("2.18."):
        inventory("--list", "--flush-cache", **options)
        assert network.visited == [NET + ".1"] * 3


WRONG = {
    "a network that is too large": (
        {"ranges": ["127.0.0.0/8"]}, "ranges have 16777214 addresses, more than max_addresses (4096)",
    ),
    "a name": ({"ranges": ["localhost"]}, "'localhost' is not an IPv4 or IPv6 address"),
    "an exclusion": ({"exclude": ["x"]}, "exclude has 'x'"),
    "no ranges": ({"ranges": []}, "ranges is empty"),
    "a port": ({"ports": [0]}, "ports must be numbers from 1 to 65535"),
    "a port that is none": ({"ports": ["ssh"]}, "ports is ['ssh']"),
    "an option of ssh": ({"ssh_args": ["-p", 22]}, "ssh_args is ['-p', 22]: each element must be a text"),
    "a limit": ({"concurrency": 0}, "concurrency is 0: it must be more than 0 and at most 512"),
    "a time": ({"timeout": -1}, "timeout is -1.0: it must be more than 0"),
    "a choice": ({"keep": "some"}, "nvalid value 'some'"),
    "a path": ({"tree": {"proc": "/$(id)"}}, "tree.proc is '/$(id)'"),
    "an area": ({"tree": {"dev": "/x"}}, "tree has dev: it can have proc and sys only"),
}


def test_invalid_values_are_reported_before_contact(inventory, network, tmp_path):
    network(1)
    before = []
    for number, (options, dummy) in enumerate(WRONG.values()):
        path = tmp_path / ("%d.npu_subnet.yml" % number)
        path.write_text(
            yaml.safe_dump(
                dict({"plugin": "rkfleet.npu.subnet", "ranges": [NET + ".1"], "ports": network.port}, **options)
            )
        )
        before += ["-i", str(path)]
    answer, told = inventory(before=before, ranges=[NET + ".2"])
    assert not hosts(answer) and not network.visited and "Traceback" not in told
    assert [name for name, (dummy, said) in WRONG.items() if said not in told] == []


def test_no_ssh_client(inventory, network):
    network(1)
    answer, told = inventory(identify=True, ssh_executable="/nowhere/ssh")
    assert not hosts(answer) and "/nowhere/ssh" in told and "Traceback" not in told


def test_other_files_are_refused(inventory, network):
    network(1)
    dummy, told = inventory(name="boards.yml")
    assert "could not be verified" in told and not network.visited


@pytest.mark.parametrize("core", cores.parameters(pytest.mark.faults_only))
def test_other_cores(inventory, network, trees, tmp_path, core):
    there = str(cores.programs(core)) + os.sep
    network(1)
    trees(1).base(release="6.1.43-15-rk2312", model="{{ 7 * 7 }}").write("/sys/bus/platform/drivers/RKNPU/bind")
    answer, told = inventory(core=there, identify=True)
    assert (
        not hosts(answer) and "needs the Python library netaddr on the controller" in told and "Traceback" not in told
    )
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/netaddr").symlink_to(importlib.util.find_spec("netaddr").submodule_search_locations[0])
    answer, dummy = inventory(core=there, identify=True, env={"PYTHONPATH": str(tmp_path / "lib")})
    assert hosts(answer)[NET + ".1"]["npu_subnet"]["model"] == "?? 7 * 7 ??"
    assert {"soc_rk3588", "kernel_6_1_43_15_rk2312", "driver_builtin"} < set(answer)
