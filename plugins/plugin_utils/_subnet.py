# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find hosts with ssh in ranges of addresses, and identify the boards among them.

Hosts are not trusted. Only numeric addresses of the given ranges are contacted, answers are limited in size and time,
and characters with a meaning to templates, shells or terminals are replaced.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time

from ..module_utils._facts.hardware.device_tree import soc, strings

try:
    import netaddr
except ImportError:
    netaddr = None

MISSING = (
    "rkfleet.npu.subnet needs the Python library netaddr on the controller, in the Python that runs Ansible (%s):"
    " pip install netaddr, or the package python3-netaddr"
)
BANNER = re.compile(rb"SSH-(?:2\.0|1\.99)-([\x21-\x7e]{1,64})(?: [^\r\n]*)?\r?\n")
BANNER_LIMIT = 4096
ANSWER_LIMIT = 64 << 10
LONGEST = 200
GREETING = "rkfleet-npu-subnet 1"
PATH = re.compile(r"/[A-Za-z0-9._/-]{0,200}\Z")
# Files are printed as hexadecimal digits, so that none can imitate another or the output of the login. No text of a
# user or board is part of the script; the two folders are checked by PATH and passed as arguments.
SCRIPT = (
    'echo "%s"; put() { printf "%%s=" "$1"; head -c 1024 | od -An -v -tx1 | tr -d " \\n"; echo; }; '
    "for f in device-tree/model device-tree/compatible device-tree/serial-number sys/kernel/osrelease "
    "sys/kernel/random/boot_id; do "
    '[ -r "$1/$f" ] && put "${f##*/}" <"$1/$f"; done; '
    "uname -n | put hostname; "
    'for d in RKNPU rocket; do [ -d "$2/bus/platform/drivers/$d" ] && echo "$d" | put driver; done; '
    '[ -r "$1/modules" ] && cut -d " " -f 1 "$1/modules" | grep -E "^(rknpu[a-z0-9_]*|rocket)$" '
    "| head -n 1 | put module; exit 0"
) % GREETING
KEYS = {
    "model": "model", "compatible": "compatible", "serial-number": "serial", "osrelease": "kernel",
    "boot_id": "boot_id", "hostname": "hostname", "driver": "driver", "module": "module",
}
_LINE = re.compile(r"([a-z_-]{1,20})=((?:[0-9a-f]{2}){0,1024})\Z")
_RELEASE = re.compile(r"[\w.+~-]{1,128}\Z", re.ASCII)
_MODULE = re.compile(r"[a-z0-9_]{1,64}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}\Z")
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{3,63}\Z")
_NO_SERIAL = re.compile(r"(?:0+|f+|unknown|none|default)\Z", re.I)
# Names with a meaning to Ansible itself, and those of groups that this plugin or the playbooks create later.
_RESERVED = re.compile(r"(?:localhost|all|ungrouped|(?:npu|soc|kernel|driver)_.*)\Z", re.I)


# -- addresses
# ----------------------------------------------------------------------------------------------------------------

def addresses(ranges, exclude=(), limit=4096):
    """Return the addresses of these ranges without the excluded ones, as sorted texts, IPv4 first.

    Args:
        ranges: networks (without their own and their broadcast address), `FIRST-LAST` and single addresses.

    Raises:
        ValueError: if an entry is invalid, or there are more than `limit` addresses.
    """
    if netaddr is None:
        raise ValueError(MISSING % sys.executable)
    found = netaddr.IPSet()
    for entry in ranges:
        found.update(_range(entry, "ranges", True))
    for entry in exclude:
        found -= netaddr.IPSet(_range(entry, "exclude", False))
    # len() fails for large IPv6 networks.
    size = found.size
    if size > limit:
        raise ValueError(
            "ranges have %d addresses, more than max_addresses (%d). Use smaller ranges, or raise max_addresses"
            % (size, limit)
        )
    return [str(address) for address in sorted(found)]


def _range(entry, option, hosts_only):
    """Return an entry as an IPRange; raise ValueError with the entry and the reason if it is invalid."""
    text = entry.strip() if isinstance(entry, str) else entry
    try:
        if not isinstance(text, str) or not text:
            raise ValueError("it is not a text such as 10.1.0.0/24")
        if "/" in text:
            return _network(text, hosts_only)
        first, dash, last = (part.strip() for part in text.partition("-"))
        first = _address(first)
        last = _address(last) if dash else first
        if first.version != last.version or last < first:
            raise ValueError("a range must go from an address to a higher one of the same kind")
        return netaddr.IPRange(first, last)
    except (ValueError, netaddr.AddrFormatError) as error:
        raise ValueError("%s has %r: %s" % (option, entry, error)) from error


def _address(text):
    # Abbreviated addresses are refused, as they may mean another address than the user expects.
    if not (netaddr.valid_ipv4(text, flags=netaddr.INET_PTON) or netaddr.valid_ipv6(text)):
        raise ValueError(
            "%r is not an IPv4 or IPv6 address. Write a network (10.1.0.0/24), a range (10.1.0.10-10.1.0.99) or an "
            "address" % text
        )
    return netaddr.IPAddress(text)


def _network(text, hosts_only):
    address, dummy, prefix = text.partition("/")
    if not prefix.isdigit() or len(prefix) > 3:
        raise ValueError("%r is not a prefix length such as 24" % prefix)
    address = _address(address)
    if int(prefix) > (32 if address.version == 4 else 128):
        raise ValueError("a prefix length of %s is too long" % prefix)
    network = netaddr.IPNetwork("%s/%s" % (address, prefix))
    if network.ip != network.network:
        raise ValueError(
            "%s lies within a network: write %s for all of it, or %s for this one"
            % (network.ip, network.cidr, network.ip)
        )
    first, last = network.first, network.last
    if hosts_only and last - first > 1:
        # The network address, and for IPv4 the broadcast address, belong to no host.
        first, last = first + 1, last - (address.version == 4)
    return netaddr.IPRange(netaddr.IPAddress(first, address.version), netaddr.IPAddress(last, address.version))


# -- who is there
# -------------------------------------------------------------------------------------------------------------

def scan(hosts, ports, timeout, concurrency):
    """Return `[(address, port, software)]` of hosts with ssh, in the order of `hosts`; the first port that answers.

    Args:
        hosts: addresses, as `addresses` returns them.
        timeout: seconds for connection and greeting together.
    """
    def probe(address):
        for port in ports:
            software = greeting(address, port, timeout)
            if software:
                return address, port, software
        return None

    return [found for found in _map_concurrently(probe, hosts, concurrency) if found]


def greeting(address, port, timeout):
    """Return the name of the ssh server at an address and port, or None."""
    deadline = time.monotonic() + timeout
    data = b""
    try:
        # The family is fixed, so the address is never resolved as a name.
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect((address, port))
            # The protocol allows lines before the greeting; their size is limited.
            while len(data) < BANNER_LIMIT:
                match = next((found for found in (BANNER.match(line) for line in data.splitlines(True)) if found), None)
                if match:
                    return _clean(match[1].decode("ascii"))
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return None
                connection.settimeout(remaining)
                more = connection.recv(BANNER_LIMIT - len(data))
                if not more:
                    return None
                data += more
    except OSError:
        pass
    return None


def _map_concurrently(function, items, concurrency):
    """Return function(item) of each item in order, running `concurrency` at the same time."""
    items = list(items)
    if not items:
        return []
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=min(concurrency, len(items)))
    try:
        return list(pool.map(function, items))
    finally:
        # An interrupt does not wait for calls that have not started.
        pool.shutdown(wait=True, cancel_futures=True)


# -- which board it is
# --------------------------------------------------------------------------------------------------------

def command(address, port, client):
    """Return the command line that identifies a board over ssh.

    Args:
        client: `{executable, user, key, args, timeout, proc, sys}`.
    """
    for name in ("proc", "sys"):
        if not PATH.match(client[name]) or ".." in client[name]:
            raise ValueError(
                "tree.%s is %r: it must be a path of letters, digits and ._-/ that begins with a slash"
                % (name, client[name])
            )
    words = [client["executable"], "-T", "-x", "-n"]
    # For ssh the first value counts: no prompts, no forwarding.
    for option in (
        "BatchMode=yes", "ConnectTimeout=%d" % max(1, int(client["timeout"])), "ConnectionAttempts=1",
        "ForwardAgent=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "ControlMaster=no", "ControlPath=none",
        "LogLevel=ERROR",
    ):
        words += ["-o", option]
    words += ["-p", str(port)]
    if client["user"]:
        words += ["-l", client["user"]]
    if client["key"]:
        words += ["-i", os.path.expanduser(client["key"])]
    words += client["args"]
    return [*words, "--", address, "exec /bin/sh -c '%s' sh %s %s" % (SCRIPT, client["proc"], client["sys"])]


def identify(found, client, concurrency):
    """Return `{address, port, software, identified, error, model, soc, ...}` of each host that `scan` returned."""
    def identify_host(entry):
        address, port, software = entry
        who = {
            "address": address, "port": port, "software": software, "identified": False, "error": None,
            **dict.fromkeys(KEYS.values()), "compatible": [], "soc": None,
        }
        code, answer, errors = _run(command(address, port, client), client["timeout"])
        known = parse(answer)
        if known is None:
            last = (errors.strip().splitlines() or [""])[-1]
            return dict(who, error=_clean(last) or ("ssh exited with %d" % code))
        return dict(who, **known, identified=True)

    return _map_concurrently(identify_host, found, concurrency)


def unidentified(found):
    """Return the same keys as `identify` for hosts that are not to be identified."""
    return [
        {"address": address, "port": port, "software": software, "identified": False}
        for address, port, software in found
    ]


def parse(answer):
    """Return the validated values that a board reported, or None if it did not run the script."""
    lines = answer.splitlines()
    if GREETING not in lines:
        return None
    values = {}
    for line in lines[lines.index(GREETING) + 1:][:50]:
        match = _LINE.match(line)
        if match and match[1] in KEYS:
            values.setdefault(KEYS[match[1]], bytes.fromhex(match[2]))
    text = {name: (strings(value) or [None])[0] for name, value in values.items()}
    compatible = strings(values.get("compatible"))
    drivers = {"RKNPU": "module" if (text.get("module") or "").startswith("rknpu") else "builtin", "rocket": "rocket"}
    return {
        "model": _clean(text.get("model")),
        "compatible": [_clean(entry) for entry in compatible],
        "soc": soc(compatible),
        "serial": _matching(_SERIAL, text.get("serial")),
        "kernel": _matching(_RELEASE, text.get("kernel")),
        "boot_id": _matching(_SERIAL, text.get("boot_id")),
        "hostname": _matching(_NAME, (text.get("hostname") or "").split(".")[0]),
        "driver": drivers.get(text.get("driver"), "absent"),
        "module": _matching(_MODULE, text.get("module")),
    }


def _run(words, timeout):
    """Return `(exit code, stdout, stderr)` of a program; the code is None if it exceeds its time or output limit."""
    deadline = time.monotonic() + timeout
    output = {"stdout": b"", "stderr": b""}
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            with selectors.DefaultSelector() as selector:
                for name in output:
                    selector.register(getattr(process, name), selectors.EVENT_READ, name)
                while selector.get_map():
                    remaining = deadline - time.monotonic()
                    if remaining <= 0:
                        return None, "", "no answer in %g seconds" % timeout
                    if max(map(len, output.values())) > ANSWER_LIMIT:
                        return None, "", "its output is too long"
                    for key, dummy in selector.select(remaining):
                        data = os.read(key.fd, 65536)
                        output[key.data] += data
                        if not data:
                            selector.unregister(key.fileobj)
            code = process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None, "", "no answer in %g seconds" % timeout
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return code, output["stdout"].decode("utf-8", "replace"), output["stderr"].decode("utf-8", "replace")


# -- hosts
# --------------------------------------------------------------------------------------------------------------------

def without_duplicates(boards):
    """Return `(boards, warnings)`: a board with several addresses is kept once, under the first of them.

    A serial number is only a claim: two answers are the same board if their `boot_id`, which is random and new at each
    boot, is the same, too. Otherwise both are kept, and `named` names neither by the number.
    """
    kept, sentences = [], []
    for board in boards:
        serial = board.get("serial")
        same = [other for other in kept if serial and not _NO_SERIAL.match(serial) and other.get("serial") == serial]
        one = next((other for other in same if board.get("boot_id") and other.get("boot_id") == board["boot_id"]), None)
        if one:
            sentences.append(
                "%s and %s are one board (serial number %s): it is kept as %s"
                % (one["address"], board["address"], serial, one["address"])
            )
            continue
        if same:
            sentences.append(
                "%s and %s have the same serial number %s, but nothing shows that they are one board: both are kept, and "
                "neither is called by it. If they are not two boards of yours, one of them claims to be the other"
                % (same[0]["address"], board["address"], serial)
            )
        kept.append(board)
    return kept, sentences


def named(boards, by, taken=()):
    """Return `{name: board}` in order. The address replaces an invalid or taken name, and is appended to a shared one.

    Args:
        by: `address`, `serial` or `hostname`.
        taken: names that are already in use.
    """
    wanted = [board["address"] if by == "address" else board.get(by) or "" for board in boards]
    names = []
    for board, name in zip(boards, wanted):
        unfit = not name or _NO_SERIAL.match(name) or _RESERVED.match(name) or name in taken
        if by != "address" and unfit:
            name = board["address"]
        elif by != "address" and wanted.count(name) > 1:
            # The order of discovery varies, so all of them get the suffix, which is stable.
            name = "%s-%s" % (name, board["address"].replace(":", "-"))
        names.append(name)
    # A name may equal that of another board with its address appended: addresses are unique.
    return {
        board["address"] if names.count(name) > 1 or name in taken and by != "address" else name: board
        for board, name in zip(boards, names)
    }


def groups_of(board):
    """Return the groups of a board, such as `soc_rk3588`, `kernel_6_1_43_15_rk2312`, `driver_builtin`."""
    if not board["identified"]:
        return ["npu_unidentified"]
    found = [(kind, board[kind]) for kind in ("soc", "kernel", "driver") if board[kind]]
    return [re.sub(r"\W", "_", "%s_%s" % pair, flags=re.ASCII) for pair in found if pair[0] != "driver" or board["soc"]]


def _matching(pattern, value):
    return value if value and pattern.match(value) else None


def _clean(value):
    """Return a text without characters that have a meaning to templates or terminals, or None."""
    return re.sub(r"[^A-Za-z0-9 .,:;+()/@&*_'-]", "?", value)[:LONGEST] if value else None
