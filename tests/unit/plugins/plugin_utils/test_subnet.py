# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which addresses are contacted, who is found there, and what is made of what they say."""

from __future__ import annotations

import os
import socket
import subprocess
import threading

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _subnet

CLIENT = {"executable": "ssh", "user": "", "key": "", "args": [], "timeout": 5, "proc": "/proc", "sys": "/sys"}


@pytest.mark.parametrize(
    "ranges, exclude, found",
    [
        (["10.1.0.0/30"], [], ["10.1.0.1", "10.1.0.2"]),
        (["10.1.0.0/31"], [], ["10.1.0.0", "10.1.0.1"]),
        (["10.1.0.7/32"], [], ["10.1.0.7"]),
        (["10.1.0.9 - 10.1.0.11", "10.1.0.2"], [], ["10.1.0.2", "10.1.0.9", "10.1.0.10", "10.1.0.11"]),
        (["10.1.0.2", "10.1.0.2-10.1.0.2"], [], ["10.1.0.2"]),
        (["10.1.0.0/29"], ["10.1.0.4/30", "10.1.0.1"], ["10.1.0.2", "10.1.0.3"]),
        (["10.1.0.0/30", "10.1.0.0"], [], ["10.1.0.0", "10.1.0.1", "10.1.0.2"]),
        (["fd00::/126"], [], ["fd00::1", "fd00::2", "fd00::3"]),
        (["fd00::9-fd00::b", "10.1.0.1"], ["fd00::a"], ["10.1.0.1", "fd00::9", "fd00::b"]),
        (["10.1.0.255-10.1.1.1"], [], ["10.1.0.255", "10.1.1.0", "10.1.1.1"]),
        (["10.1.0.1"], ["10.1.0.0/24"], []),
        (["FD00::A"], [], ["fd00::a"]),
    ],
)
def test_addresses(ranges, exclude, found):
    assert _subnet.addresses(ranges, exclude) == found
    assert _subnet.addresses(list(reversed(ranges)), exclude) == found


@pytest.mark.parametrize(
    "entry, said",
    [
        ("10.1", "'10.1' is not an IPv4 or IPv6 address"),
        ("10", "is not an IPv4"),
        ("10/8", "is not an IPv4"),
        ("010.1.0.1", "is not an IPv4"),
        ("10.1.0.256", "is not an IPv4"),
        ("board.example.com", "is not an IPv4"),
        ("10.1.0.10-99", "'99' is not an IPv4"),
        ("10.1.0.*", "is not an IPv4"),
        ("10.1.0.9-10.1.0.1", "to a higher one"),
        ("10.1.0.1-fd00::1", "of the same kind"),
        ("10.1.0.5/24", "write 10.1.0.0/24 for all of it, or 10.1.0.5 for this one"),
        ("10.1.0.0/33", "prefix length of 33 is too long"),
        ("10.1.0.0/255.255.255.0", "is not a prefix length"),
        ("10.1.0.0/", "is not a prefix length"),
        ("", "it is not a text"),
        (None, "it is not a text"),
        (5, "it is not a text"),
        ("fe80::1%eth0", "is not an IPv4"),
        ("10.1.0.1; id", "is not an IPv4"),
        ("-oProxyCommand=id", "is not an IPv4"),
        ("fd00::/129", "too long"),
    ],
)
def test_invalid_entries_are_refused(entry, said):
    for option in ("ranges", "exclude"):
        with pytest.raises(ValueError) as error:
            _subnet.addresses(**{"ranges": ["10.9.9.9"], option: [entry]})
        assert str(error.value).startswith("%s has %r: " % (option, entry)) and said in str(error.value)


@pytest.mark.parametrize(
    "ranges, number",
    [(["10.0.0.0/8"], 16777214), (["fd00::/64"], 18446744073709551615), (["10.1.0.0/24", "10.2.0.0/24"], 508)],
)
def test_too_many_addresses_are_counted_without_expanding_them(ranges, number):
    with pytest.raises(ValueError, match=r"ranges have %d addresses, more than max_addresses \(500\)" % number):
        _subnet.addresses(ranges, limit=500)


def test_missing_library(monkeypatch):
    monkeypatch.setattr(_subnet, "netaddr", None)
    with pytest.raises(ValueError, match="needs the Python library netaddr on the controller.*pip install netaddr"):
        _subnet.addresses(["10.1.0.1"])


# -- who is there
# -------------------------------------------------------------------------------------------------------------

@pytest.fixture
def listen():
    """Return a function that starts a server with a greeting on a free loopback port; it may keep connections open."""
    servers, done = [], threading.Event()

    def start(said=b"", stay=False, address="127.0.0.1"):
        server = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        servers.append(server)

        def serve():
            while not done.is_set():
                try:
                    connection, dummy = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        for part in said if isinstance(said, list) else [said]:
                            connection.sendall(part)
                            done.wait(0.01)
                    except OSError:
                        continue
                    if stay:
                        done.wait(10)

        threading.Thread(target=serve, daemon=True).start()
        return server

    yield start
    done.set()
    for server in servers:
        server.close()


def port_of(server):
    return server.getsockname()[1]


@pytest.mark.parametrize(
    "said, software",
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "OpenSSH_9.2p1"),
        (b"SSH-1.99-dropbear\n", "dropbear"),
        (b"Welcome.\r\nSSH-2.0-x\r\n", "x"),
        ([b"SSH-", b"2.0-Open", b"SSH\r", b"\n"], "OpenSSH"),
        (b"SSH-2.0-a{{lookup('pipe','id')}}\r\n", "a??lookup('pipe','id')??"),
        (b"SSH-2.0-\x1b[31mred\r\n", None),
        (b"SSH-1.5-old\r\n", None),
        (b"SSH-2.0-" + b"x" * 65 + b"\r\n", None),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None),
        (b"SSH-2.0-unfinished", None),
        (b"", None),
        (b"A" * 100000, None),
        (b"a\n" * 50000, None),
        (b"\xff\x00\r\nSSH-2.0-x\r\n", "x"),
    ],
)
def test_greetings(listen, said, software):
    assert _subnet.greeting("127.0.0.1", port_of(listen(said)), 5) == software


def test_silent_and_endless_servers(listen):
    silent, drip = listen(b"", stay=True), listen([b"x"] * 1000)
    assert _subnet.greeting("127.0.0.1", port_of(silent), 0.3) is None
    assert _subnet.greeting("127.0.0.1", port_of(drip), 0.3) is None


def test_a_server_that_does_not_answer(listen):
    server = listen(b"")
    number = port_of(server)
    server.close()
    assert _subnet.greeting("127.0.0.1", number, 2) is None


def test_the_first_port_that_speaks_ssh_and_the_order(listen):
    web, one, other = listen(b"HTTP/1.1\r\n"), listen(b"SSH-2.0-one\r\n"), listen(b"SSH-2.0-other\r\n", address="::1")
    ports = [port_of(web), port_of(one), port_of(other)]
    found = _subnet.scan(["127.0.0.1", "::1"], ports, 3, 8)
    assert found == [("127.0.0.1", ports[1], "one"), ("::1", ports[2], "other")]
    assert _subnet.scan([], ports, 3, 8) == []


def test_nothing_else_is_contacted(monkeypatch):
    contacted = []

    class Socket:
        """Notes where to instead of going there."""

        def __init__(self, family, kind):
            self.family = family

        def __enter__(self):
            return self

        def __exit__(self, *dummy):
            return None

        def settimeout(self, seconds):
            assert 0 < seconds <= 1

        def connect(self, place):
            contacted.append((self.family, place))
            raise ConnectionRefusedError

    monkeypatch.setattr(_subnet.socket, "socket", Socket)
    monkeypatch.setattr(_subnet.socket, "getaddrinfo", None)
    places = _subnet.addresses(["10.1.0.0/28", "fd00::1-fd00::2"], ["10.1.0.8/29"])
    assert _subnet.scan(places, [22, 2222], 1, 4) == []
    inet, inet6 = socket.AF_INET, socket.AF_INET6
    wanted = {(inet, ("10.1.0.%d" % number, port)) for number in range(1, 8) for port in (22, 2222)}
    assert sorted(contacted) == sorted(
        wanted | {(inet6, ("fd00::%d" % number, port)) for number in (1, 2) for port in (22, 2222)}
    )


def test_concurrency_is_limited():
    now, most, lock = [0], [0], threading.Lock()
    gate = threading.Barrier(3)

    def one(item):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        # All three are there at once, or this breaks.
        gate.wait(10)
        with lock:
            now[0] -= 1
        return item

    assert _subnet._map_concurrently(one, range(30), 3) == list(range(30)) and most == [3]


# -- which board it is
# --------------------------------------------------------------------------------------------------------

def ask(root):
    """What the command line says, run here on a recorded tree."""
    words = _subnet.command("127.0.0.1", 22, dict(CLIENT, proc="%s/proc" % root, sys="%s/sys" % root))
    done = subprocess.run(
        ["sh", "-c", words[-1]], text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0 and done.stderr == ""
    return done.stdout


def test_a_board_with_a_built_in_driver(board):
    board.base().npu().builtin()
    known = _subnet.parse(ask(board.root))
    assert {name: known[name] for name in ("model", "soc", "serial", "kernel", "driver", "module", "compatible")} == {
        "model": "Radxa ROCK 5B", "soc": "rk3588", "serial": "1234567890abcdef", "kernel": "6.1.99-1-rk2312",
        "driver": known["driver"], "module": None, "compatible": ["radxa,rock-5b", "rockchip,rk3588"],
    }
    assert (
        known["boot_id"] == "d6fa0677-92af-443d-aef9-0bf4acf68156"
        and known["hostname"] == os.uname().nodename.split(".")[0]
    )


@pytest.mark.parametrize(
    "driver, modules, told",
    [
        ("RKNPU", "", ("builtin", None)),
        ("RKNPU", "rknpu_dkms 86016 0 - Live 0x0\n", ("module", "rknpu_dkms")),
        ("rocket", "rocket 1 0 - Live 0x0\n", ("rocket", "rocket")),
        (None, "", ("absent", None)),
        ("RKNPU", "xrknpu 1 0\nrknpu; 1 0\n", ("builtin", None)),
        (None, "rknpu 1 0 - Live 0x0\n", ("absent", "rknpu")),
    ],
)
def test_drivers(board, driver, modules, told):
    board.base().write("/proc/modules", "drm 1 0 - Live 0x0\n" + modules)
    if driver:
        board.write("/sys/bus/platform/drivers/%s/bind" % driver)
    known = _subnet.parse(ask(board.root))
    assert (known["driver"], known["module"]) == told


def test_a_machine_that_is_not_a_board(tmp_path):
    known = _subnet.parse(ask(tmp_path))
    assert (
        known["hostname"] and not any(known[name] for name in ("model", "soc", "serial", "kernel", "module"))
        and known["driver"] == "absent"
    )


def test_hostile_boards(board):
    board.base(
        model="{{ lookup('pipe', 'id') }}\x1b[31m<b>\nserial=41", compatible=("rockchip,rk3588;rm", "x" * 5000),
        release="$(id)",
    )
    board.strings("serial-number", "../../etc")
    known = _subnet.parse(ask(board.root))
    assert (
        known["model"] == "?? lookup('pipe', 'id') ?? ?31m?b? serial?41" and known["soc"] is None
        and known["serial"] is None and known["kernel"] is None
    )
    assert all(len(entry) <= 200 for entry in known["compatible"])


@pytest.mark.parametrize("answer", ["", "Permission denied", "model=41", "x" + _subnet.GREETING, "\0" * 1000])
def test_invalid_answers(answer):
    assert _subnet.parse(answer) is None


def test_limits_of_answers():
    lines = [
        "Welcome to Armbian", _subnet.GREETING, "model=" + b"A\0".hex(), "model=" + b"B\0".hex(), "soc=41",
        "serial-number=4", "osrelease=" + b"6.1\n".hex(), "compatible=zz", "driver=" + b"evil\n".hex(),
        "hostname=" + b"all.example.com\n".hex(), "", "name=41",
    ]
    known = _subnet.parse("\n".join(lines))
    assert (
        known["model"], known["soc"], known["serial"], known["kernel"], known["driver"], known["compatible"],
        known["hostname"],
    ) == ("A", None, None, "6.1", "absent", [], "all")
    assert set(known) == {*_subnet.KEYS.values(), "soc"}


def test_the_command_line_is_fixed():
    words = _subnet.command(
        "fd00::1", 2222, dict(CLIENT, user="radxa", key="~/key", args=["-o", "StrictHostKeyChecking=accept-new"])
    )
    assert words[:4] == ["ssh", "-T", "-x", "-n"] and words.index("BatchMode=yes") < words.index(
        "StrictHostKeyChecking=accept-new"
    )
    assert words[-3:-1] == ["--", "fd00::1"] and words[-1] == "exec /bin/sh -c '%s' sh /proc /sys" % _subnet.SCRIPT
    assert (
        words[words.index("-i") + 1] == os.path.expanduser("~/key") and words[words.index("-l") + 1] == "radxa"
        and words[words.index("-p") + 1] == "2222"
    )
    assert "'" not in _subnet.SCRIPT and "!" not in _subnet.SCRIPT


@pytest.mark.parametrize("path", ["", "proc", "/a b", "/$(id)", "/a;b", "/a'b", "/a/../b", "/" + "a" * 300, "/a\n"])
def test_the_paths_of_a_tree_are_not_shell_code(path):
    for name in ("proc", "sys"):
        with pytest.raises(ValueError, match="tree.%s is" % name):
            _subnet.command("127.0.0.1", 22, dict(CLIENT, **{name: path}))


@pytest.mark.parametrize(
    "script, said",
    [
        ("exit 255", "ssh exited with 255"),
        ("echo 'Permission denied (publickey).' >&2; exit 255", "Permission denied (publickey)."),
        ("echo '\x1b[31m{{ x }}' >&2; exit 1", "??31m?? x ??"),
        ("yes", "its output is too long"),
        ("yes >&2", "its output is too long"),
        ("sleep 60", "no answer in 1 seconds"),
        ("sleep 60 & exec >&- 2>&-; sleep 60", "no answer in 1 seconds"),
        ("echo hello", "ssh exited with 0"),
    ],
)
def test_a_host_that_cannot_be_identified_has_the_reason(tmp_path, script, said):
    client = tmp_path / "ssh"
    client.write_text("#!/bin/sh\n" + script + "\n")
    client.chmod(0o755)
    told = _subnet.identify([("127.0.0.1", 22, "x")], dict(CLIENT, executable=str(client), timeout=1), 2)
    assert [(entry["identified"], entry["error"]) for entry in told] == [(False, said)]


def test_no_ssh_at_all(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        _subnet.identify([("127.0.0.1", 22, "x")], dict(CLIENT, executable=str(tmp_path / "nowhere")), 2)
