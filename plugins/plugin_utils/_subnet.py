# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find boards in ranges of addresses: who speaks ssh there, and which board it is.

Whoever answers is not trusted. Only numeric addresses of the ranges given are contacted, what they say is bounded in
size and time, and what is kept of it has no character that means anything to a template, a shell or a terminal.
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

from ..module_utils._facts.device_tree import soc, strings

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
# Each file in hexadecimal digits, so that one cannot pretend to be another; the lines of whatever the login prints are
# not of this kind. Nothing of it is made from what a user or a board has said; the two folders are checked by PATH and
# given as arguments.
SCRIPT = (
    'echo "%s"; put() { printf "%%s=" "$1"; head -c 1024 | od -An -v -tx1 | tr -d " \\n"; echo; }; '
    "for f in device-tree/model device-tree/compatible device-tree/serial-number sys/kernel/osrelease sys/kernel/random/boot_id; do "
    '[ -r "$1/$f" ] && put "${f##*/}" <"$1/$f"; done; '
    "uname -n | put hostname; "
    'for d in RKNPU rocket; do [ -d "$2/bus/platform/drivers/$d" ] && echo "$d" | put driver; done; '
    '[ -r "$1/modules" ] && cut -d " " -f 1 "$1/modules" | grep -E "^(rknpu[a-z0-9_]*|rocket)$" | head -n 1 | put module; exit 0'
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
# Names that mean something to Ansible itself.
RESERVED = ("localhost", "all", "ungrouped")


# -- addresses
# ----------------------------------------------------------------------------------------------------------------

def addresses(ranges, exclude=(), limit=4096):
    """Return the addresses of these ranges without those that are excluded, as text, IPv4 first and in the order of their numbers.

    Args:
        ranges: networks (without their own and their broadcast address), `FIRST-LAST` and single addresses.

    Raises:
        ValueError: where one is wrong, or they are more than `limit`.
    """
    if netaddr is None:
        raise ValueError(MISSING % sys.executable)
    found = netaddr.IPSet()
    for entry in ranges:
        found.update(_range(entry, "ranges", True))
    for entry in exclude:
        found -= netaddr.IPSet(_range(entry, "exclude", False))
    # len() of an IPv6 network is more than Python's may be.
    size = found.size
    if size > limit:
        raise ValueError(
            "ranges name %d addresses, and max_addresses is %d: name smaller ranges, or set max_addresses to what you mean"
            % (size, limit)
        )
    return [str(address) for address in sorted(found)]


def _range(entry, option, hosts_only):
    """An entry as an IPRange; ValueError says which one is wrong and why."""
    text = entry.strip() if isinstance(entry, str) else entry
    try:
        if not isinstance(text, str) or not text:
            raise ValueError("it is no text such as 10.1.0.0/24")
        if "/" in text:
            return _network(text, hosts_only)
        first, dash, last = (part.strip() for part in text.partition("-"))
        first = _address(first)
        last = _address(last) if dash else first
        if first.version != last.version or last < first:
            raise ValueError("a range goes from an address to a higher one of the same kind")
        return netaddr.IPRange(first, last)
    except (ValueError, netaddr.AddrFormatError) as error:
        raise ValueError("%s has %r: %s" % (option, entry, error)) from error


def _address(text):
    # Strictly: an abbreviated address is another one than whoever wrote it may think.
    if not (netaddr.valid_ipv4(text, flags=netaddr.INET_PTON) or netaddr.valid_ipv6(text)):
        raise ValueError(
            "%r is no IPv4 or IPv6 address; write a network (10.1.0.0/24), a range (10.1.0.10-10.1.0.99) or an address"
            % text
        )
    return netaddr.IPAddress(text)


def _network(text, hosts_only):
    address, dummy, prefix = text.partition("/")
    if not prefix.isdigit() or len(prefix) > 3:
        raise ValueError("%r is no length of a prefix, such as 24" % prefix)
    address = _address(address)
    if int(prefix) > (32 if address.version == 4 else 128):
        raise ValueError("a prefix of %s bits is too long" % prefix)
    network = netaddr.IPNetwork("%s/%s" % (address, prefix))
    if network.ip != network.network:
        raise ValueError(
            "%s lies within a network: write %s for all of it, or %s for this one"
            % (network.ip, network.cidr, network.ip)
        )
    first, last = network.first, network.last
    if hosts_only and last - first > 1:
        # The network's own address, and for IPv4 that of all, are nobody's.
        first, last = first + 1, last - (address.version == 4)
    return netaddr.IPRange(netaddr.IPAddress(first, address.version), netaddr.IPAddress(last, address.version))


# -- who is there
# -------------------------------------------------------------------------------------------------------------

def scan(places, ports, timeout, concurrency):
    """Return `[(address, port, software)]` of those that speak ssh, in the order of `places`; the first of the ports that does.

    Args:
        places: addresses, as `addresses` returns them.
        timeout: seconds for a connection and the greeting together.
    """
    def look(address):
        for port in ports:
            software = greeting(address, port, timeout)
            if software:
                return address, port, software
        return None

    return [found for found in _map_concurrently(look, places, concurrency) if found]


def greeting(address, port, timeout):
    """Return the name of the ssh server that listens there, or None."""
    deadline = time.monotonic() + timeout
    data = b""
    try:
        # A number is never looked up as a name.
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect((address, port))
            # Lines before the greeting are allowed, and not without end.
            while len(data) < BANNER_LIMIT:
                match = next((found for found in (BANNER.match(line) for line in data.splitlines(True)) if found), None)
                if match:
                    return _clean(match[1].decode("ascii"))
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                connection.settimeout(left)
                more = connection.recv(BANNER_LIMIT - len(data))
                if not more:
                    return None
                data += more
    except OSError:
        pass
    return None


def _map_concurrently(function, items, concurrency):
    """function(item) of each, so many at once, in their order."""
    items = list(items)
    if not items:
        return []
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=min(concurrency, len(items)))
    try:
        return list(pool.map(function, items))
    finally:
        # Whoever interrupts does not wait for all that was not begun.
        pool.shutdown(wait=True, cancel_futures=True)


# -- which board it is
# --------------------------------------------------------------------------------------------------------

def command(address, port, client):
    """Return the command line that asks a board who it is.

    Args:
        client: `{executable, user, key, args, timeout, proc, sys}`.
    """
    for name in ("proc", "sys"):
        if not PATH.match(client[name]) or ".." in client[name]:
            raise ValueError(
                "tree.%s is %r: it is a path of letters, digits and ._-/ that begins with a slash"
                % (name, client[name])
            )
    words = [client["executable"], "-T", "-x", "-n"]
    # What comes first counts: no question is ever asked, and nothing is forwarded.
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
    """Return what each of `scan`'s findings is: `{address, port, software, identified, error, model, soc, ...}`."""
    def ask(entry):
        address, port, software = entry
        who = {
            "address": address, "port": port, "software": software, "identified": False, "error": None,
            **dict.fromkeys(KEYS.values()), "compatible": [], "soc": None,
        }
        code, answer, complaint = _run(command(address, port, client), client["timeout"])
        known = parse(answer)
        if known is None:
            last = (complaint.strip().splitlines() or [""])[-1]
            return dict(who, error=_clean(last) or ("ssh ended with %d" % code))
        return dict(who, **known, identified=True)

    return _map_concurrently(ask, found, concurrency)


def unidentified(found):
    """Return the same for findings that are not to be identified."""
    return [
        {"address": address, "port": port, "software": software, "identified": False}
        for address, port, software in found
    ]


def parse(answer):
    """Return what a board said of itself, each of its kind and clean, or None where it did not understand the question."""
    lines = answer.splitlines()
    if GREETING not in lines:
        return None
    told = {}
    for line in lines[lines.index(GREETING) + 1:][:50]:
        match = _LINE.match(line)
        if match and match[1] in KEYS:
            told.setdefault(KEYS[match[1]], bytes.fromhex(match[2]))
    text = {name: (strings(value) or [None])[0] for name, value in told.items()}
    compatible = strings(told.get("compatible"))
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
    """`(exit code, output, complaints)` of a program that may say so much for so long; the code is None where it was ended before."""
    deadline = time.monotonic() + timeout
    said = {"stdout": b"", "stderr": b""}
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            with selectors.DefaultSelector() as selector:
                for name in said:
                    selector.register(getattr(process, name), selectors.EVENT_READ, name)
                while selector.get_map():
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return None, "", "no answer in %g seconds" % timeout
                    if max(map(len, said.values())) > ANSWER_LIMIT:
                        return None, "", "its answer has no end"
                    for key, dummy in selector.select(left):
                        data = os.read(key.fd, 65536)
                        said[key.data] += data
                        if not data:
                            selector.unregister(key.fileobj)
            code = process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None, "", "no answer in %g seconds" % timeout
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return code, said["stdout"].decode("utf-8", "replace"), said["stderr"].decode("utf-8", "replace")


# -- hosts
# --------------------------------------------------------------------------------------------------------------------

def without_duplicates(boards):
    """Return `(boards, sentences)`: a board that has several addresses once, under the first of them.

    A serial number is only claimed: two answers are one board where they were booted once, too, by `boot_id`, which is
    random and new at each boot. Else both are kept, and `named` gives neither the number as its name.
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
                "%s and %s have the same serial number %s, but nothing shows that they are one board: both are kept, and neither is called"
                " by it. If they are not two boards of yours, one of them claims to be the other"
                % (same[0]["address"], board["address"], serial)
            )
        kept.append(board)
    return kept, sentences


def named(boards, by, taken=()):
    """Return `{name: board}`, in their order. A name that is not fit, not unique or taken is made so by the address.

    Args:
        by: `address`, `serial` or `hostname`.
        taken: names that mean something else already.
    """
    wanted = [board["address"] if by == "address" else board.get(by) or "" for board in boards]
    names = []
    for board, name in zip(boards, wanted):
        unfit = not name or _NO_SERIAL.match(name) or name.lower() in RESERVED or name in taken
        if by != "address" and unfit:
            name = board["address"]
        elif by != "address" and wanted.count(name) > 1:
            # Whoever of them is found first says nothing: all get one that stays.
            name = "%s-%s" % (name, board["address"].replace(":", "-"))
        names.append(name)
    # Somebody may be called what another is called with its address: an address is one's own.
    return {
        board["address"] if names.count(name) > 1 or name in taken and by != "address" else name: board
        for board, name in zip(boards, names)
    }


def groups_of(board):
    """Return the groups a board is in by what was found: `soc_rk3588`, `kernel_6_1_43_15_rk2312`, `driver_builtin`; `npu_unidentified`."""
    if not board["identified"]:
        return ["npu_unidentified"]
    found = [(kind, board[kind]) for kind in ("soc", "kernel", "driver") if board[kind]]
    return [re.sub(r"\W", "_", "%s_%s" % pair, flags=re.ASCII) for pair in found if pair[0] != "driver" or board["soc"]]


def _matching(pattern, value):
    return value if value and pattern.match(value) else None


def _clean(value):
    """Text that a template or a terminal takes for what it is, or None."""
    return re.sub(r"[^A-Za-z0-9 .,:;+()/@&*_'-]", "?", value)[:LONGEST] if value else None
