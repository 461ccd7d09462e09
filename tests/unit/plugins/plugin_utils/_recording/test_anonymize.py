# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What is replaced in a recording, and what must not be."""

from __future__ import annotations

import ipaddress
import os
import random
import re
import uuid

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import anonymize
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording.anonymize import (
    HOST,
    NAME,
    SERIAL,
    USER,
    Anonymizer,
)


def replaced(text, known=(), public=()):
    anonymizer = Anonymizer(known, public)
    anonymizer.learn(text)
    return anonymizer.apply(text)


# Not in one word: no file has a path of somebody's machine.
HOME = os.sep + "home"
UUID_1, UUID_2 = "2f6a1c9e-51d3-4c47-9a3e-8b0d7e6f5a41", "7D444840-9DC0-11D1-B245-5FFDCE74FAD2"


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            f"root=UUID={UUID_1} x={UUID_2} y={UUID_1.upper()}",
            ("root=UUID=00000000-0000-0000-0000-000000000001 x=00000000-0000-0000-0000-000000000002 "
             "y=00000000-0000-0000-0000-000000000001"),
        ),
        (
            "root=PARTUUID=3c1f8a2e-02 resume=PARTUUID=3c1f8a2e-05",
            "root=PARTUUID=00000001-02 resume=PARTUUID=00000001-05",
        ),
        ("UUID=1A2B-3C4D /boot/efi", "UUID=0000-0001 /boot/efi"),
        (
            "androidboot.imei=490154203237518 mac_bt=b827eb010203 mac_wifi=b8:27:eb:01:02:04",
            "androidboot.imei=000000000000001 mac_bt=020000000001 mac_wifi=02:00:00:00:00:02",
        ),
        ("search --fs-uuid --set=root 1A2B-3C4D", "search --fs-uuid --set=root 0000-0001"),
        ("/dev/disk/by-partuuid/3c1f8a2e-01", "/dev/disk/by-partuuid/00000001-01"),
        ("root=UUID=1", "root=UUID=1"),
        (
            "systemd.machine_id=4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d /boot/4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d/linux",
            "systemd.machine_id=%s /boot/%s/linux" % (("0" * 31 + "1",) * 2),
        ),
        ("ethaddr=b8:27:eb:01:02:03 B8-27-EB-01-02-03", "ethaddr=02:00:00:00:00:01 02-00-00-00-00-01"),
        ("androidboot.wifimac=b827eb010203 b827eb010203", "androidboot.wifimac=020000000001 020000000001"),
        (
            "ip=192.168.1.7::192.168.1.1:255.255.255.0:kitchen:eth0:off nfsroot=192.168.1.1:/srv/kitchen",
            "ip=192.0.2.1::192.0.2.2:255.255.255.0:host1:eth0:off nfsroot=192.0.2.2:/srv/host1",
        ),
        ("server 8.8.4.4, 127.0.0.1 0.0.0.0", "server 192.0.2.1, 127.0.0.1 0.0.0.0"),
        ("fe80::1a2b:3c4d:5e6f:7a8b%eth0 ::1 [2001:67c::1]:22", "2001:db8::1%eth0 ::1 [2001:db8::2]:22"),
        ("0::/system.slice/x.service", "0::/system.slice/x.service"),
        ("androidboot.serialno=9F8E7D6C5B4A 9f8e7d6c5b4a", "androidboot.serialno=000000000001 000000000001"),
        ("Serial\t\t: 00000000a1b2c3d4", "Serial\t\t: 0000000000000001"),
        ("hostname=kitchen kitchen.lan KITCHEN kitchenette", "hostname=host1 host1.lan host1 kitchenette"),
        (HOME + "/anna/x.ko anna@kitchen.example.org", HOME + "/user1/x.ko user1@host1.example"),
        (
            "Linux version 6.1.43 (anna@kitchen) (gcc (Debian 12.2.0-14) 12.2.0) #1 SMP",
            "Linux version 6.1.43 (user1@host1) (gcc (Debian 12.2.0-14) 12.2.0) #1 SMP",
        ),
        ("deb https://bob:pw@mirror.corp.lan:8080/debian x", "deb https://user1@host1.example:8080/debian x"),
        ("git clone ssh://git@10.1.2.3/x", "git clone ssh://user1@192.0.2.1/x"),
        ("nas:/export/data on /data type nfs4 (rw)", "nas:/export/data on /data type nfs4 (rw)"),
        ("29 1 0:26 / / rw - nfs4 nas.corp.lan:/export rw", "29 1 0:26 / / rw - nfs4 host1.example:/export rw"),
        ("nas:/export / nfs rw,addr=10.0.0.9 0 0", "host1:/export / nfs rw,addr=192.0.2.1 0 0"),
        ('network={\n\tssid="My Home"\n\tpsk="hunter22"\n}', 'network={\n\tssid="network1"\n\tpsk="(removed)"\n}'),
        ("wifi.ssid=AnnasNet AnnasNet", "wifi.ssid=network1 network1"),
        ("/dev/disk/by-id/nvme-SSD_980_S64DNX0R-part2", "/dev/disk/by-id/disk1-part2"),
        ("iscsi_initiator=iqn.1993-08.org.debian:01:abc", "iscsi_initiator=iqn.2000-01.example:1"),
        ("PASSWORD=geheim # x", "PASSWORD=(removed) # x"),
        ("wifi_passphrase: 'a b c'\napi_key=xyz", "wifi_passphrase: '(removed)'\napi_key=(removed)"),
        ("password_pbkdf2 anna grub.pbkdf2.sha512.10000.AB", "password_pbkdf2 (removed)"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 anna@kitchen", "(removed)"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\nx", "(removed)\nx"),
    ],
)
def test_what_identifies_somebody_is_replaced(text, expected):
    expected = expected.replace("(removed) on", "(removed) on")
    assert replaced(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)",
        "npu@fdab0000 soc@0/iommu@fdab9000",
        "linux-image-6.1.43-15-rk2312 6.1.0-1025.25",
        "getty@tty1.service serial-getty@ttyS2.service",
        "console=ttyS2,1500000n8 earlycon=uart8250,mmio32,0xfeb50000",
        "rockchip,rk3588-rknpu\0rockchip,rk3588\0",
        "root=LABEL=root rootwait rw cma=128M initcall_blacklist=rknpu_init",
        "[    2.114530] RKNPU fdab0000.npu: 0.9.8",
        "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_GCC_VERSION=120200",
        "226:129",
        "2026-11-28T12:00:00Z 12:30:45 10:20:30",
        "5ffcf40a4b8e2bbf1e1b0e2a0b8f6d1f6a7c1c0d9e8f7a6b5c4d3e2f1a0b9c8d",
        "c51b98f652a336d164fd6569f59ea1ff37e1e6a0",
        "Version: 5.10.160-1 1:2.40-4 0.9.6 2.0.0b0",
        "lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay",
        "",
        "user=root USER=pi hostname=localhost",
        "gcc 10.2.1-6 20210110",
    ],
)
def test_what_facts_need_is_kept(text):
    assert replaced(text) == text


def test_known_names_are_replaced_as_words_everywhere():
    known = [(SERIAL, "a1b2c3"), (HOST, "rock-17.lab.corp"), (HOST, "rock-17"), (USER, "anna"), (NAME, "Café Müller")]
    assert replaced("rock-17 a1b2c3 rock-17.lab.corp anna_1 banana CAFÉ MÜLLER xa1b2c3", known) == (
        "host1 000001 host2.example user1_1 banana name1 xa1b2c3"
    )


def test_words_of_the_board_are_kept_and_reported():
    anonymizer = Anonymizer(
        [(HOST, "rock-5b"), (HOST, "kitchen"), (USER, "rk2312"), (HOST, "localhost")],
        ["radxa,rock-5b", "6.1.43-15-rk2312"],
    )
    assert anonymizer.apply("radxa,rock-5b on kitchen 6.1.43-15-rk2312") == "radxa,rock-5b on host1 6.1.43-15-rk2312"
    assert anonymizer.kept == ["rock-5b", "rk2312"]


def test_a_serial_number_is_replaced_even_if_it_is_all_digits():
    assert replaced("1234567890", [(SERIAL, "1234567890")]) == "0000000001"
    assert replaced("0000000000", [(SERIAL, "0000000000")]) == "0000000000"


def test_trees_keys_and_other_values():
    anonymizer = Anonymizer([(HOST, "kitchen")])
    tree = {HOME + "/kitchen/x": ["kitchen", 1, None, True, {"password": "x", "token": ""}]}
    assert anonymizer.apply(tree) == {
        HOME + "/host1/x": ["host1", 1, None, True, {"password": "(removed)", "token": ""}]
    }
    assert anonymizer.counts() == {"host": 1, "secret": 1}


def test_what_is_left_over_is_found():
    assert anonymize.remaining(f"x {UUID_1} 10.0.0.1 b8:27:eb:01:02:03 127.0.0.1 12:30:45 fe80::1") == [
        UUID_1,
        "10.0.0.1",
        "b8:27:eb:01:02:03",
        "fe80::1",
    ]
    assert anonymize.remaining(replaced(f"x {UUID_1} 10.0.0.1 b8:27:eb:01:02:03 fe80::1")) == []


# -- any input --

MAKERS = {
    "uuid": lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
    "upper": lambda dice: str(uuid.UUID(int=dice.getrandbits(128), version=4)).upper(),
    "machine": lambda dice: f"{dice.getrandbits(128):032x}",
    "mac": lambda dice: ":".join(f"{dice.randrange(256):02x}" for unused in range(6)),
    "ipv4": lambda dice: "10." + ".".join(str(dice.randrange(256)) for unused in range(3)),
    "ipv6": lambda dice: str(ipaddress.IPv6Address(dice.getrandbits(128))),
    "serial": lambda dice: f"{dice.getrandbits(64):016x}",
    "host": lambda dice: "h" + "".join(dice.choice("abcdefgxyz-") for unused in range(8)) + "z",
}
FRAMES = {
    "uuid": ("root=UUID={} rw", "{}", '"{}"', "/dev/disk/by-uuid/{}", "{}\n"),
    "upper": ("UUID={}", "x {} y"),
    "machine": ("machine_id={}", "/boot/{}/x", "{}\n"),
    "mac": ("ethaddr={}", "{}", "a {},b"),
    "ipv4": ("ip={}::", "nfsroot={}:/x", "{}", "http://{}/x", "a={} b"),
    "ipv6": ("[{}]:80", "addr {} x", "{}"),
    "serial": ("serialno={} x", "androidboot.serialno={}", '"serial": "{}"'),
    "host": ("hostname={} x", '"hostname": "{}"'),
}


@pytest.mark.parametrize("seed", range(40))
def test_same_value_same_replacement_and_nothing_is_left(seed):
    dice = random.Random(seed)
    values = [(kind, make(dice)) for kind, make in MAKERS.items() for unused in range(dice.randrange(1, 9))]
    uses = [
        (kind, value, dice.choice(FRAMES[kind])) for kind, value in values for unused in range(dice.randrange(1, 4))
    ]
    dice.shuffle(uses)
    anonymizer = Anonymizer()
    texts = [frame.format(value) for unused, value, frame in uses]
    for text in texts:
        anonymizer.learn(text)
    # All at once, and each alone: what stands around a value changes nothing.
    results = [anonymizer.apply(text) for text in texts]
    whole = anonymizer.apply("\n".join(texts))
    seen = {}
    for (kind, value, frame), result in zip(uses, results, strict=True):
        assert value.lower() not in result.lower() and value.lower() not in whole.lower()
        before, after = frame.split("{}")
        assert result.startswith(before) and result.endswith(after)
        replacement = result[len(before) : len(result) - len(after)]
        # A host name that was found is one word, however it is written.
        assert seen.setdefault(value.lower(), replacement.lower()) == replacement.lower(), kind
        assert len(replacement) == len(value) or kind in ("ipv4", "ipv6", "host")
    assert len(set(seen.values())) == len(seen)
    assert anonymize.remaining(whole) == []


NOISE = [
    "=",
    ":",
    "/",
    "@",
    " ",
    "\n",
    "\0",
    '"',
    "'",
    ".",
    "-",
    "UUID=",
    "ip=",
    "serial=",
    "user=",
    "ssid=",
    "(",
    ")",
    "::",
    "10.0.0.1",
    "password",
    "token=",
    "-----BEGIN X-----",
    "é",
    "\u202e",
    "a",
    "0",
    "ff",
    "http://",
    "\\",
]


@pytest.mark.parametrize("seed", range(60))
def test_any_text_is_handled_and_twice_is_the_same(seed):
    dice = random.Random(seed)
    text = "".join(dice.choice(NOISE) for unused in range(400))
    first, second = Anonymizer([(HOST, "a0")]), Anonymizer([(HOST, "a0")])
    for anonymizer in (first, second):
        anonymizer.learn(text)
    assert first.apply(text) == second.apply(text) == first.apply(text)


def test_long_lines_take_no_time():
    """Each pattern is linear: a hostile board must not hold the controller up."""
    for part in (
        "a",
        "a.",
        "ff:",
        "0",
        "user=",
        "-",
        "(a@",
        "serial",
        "10.",
        'ssid="',
        "http://a",
        "a@a.",
        "0-",
        "\n ",
        "password",
    ):
        text = part * (65536 // len(part))
        anonymizer = Anonymizer()
        anonymizer.learn(text)
        assert anonymizer.apply(text) is not None


def test_many_addresses_have_different_replacements():
    anonymizer = Anonymizer()
    texts = [f"10.{number >> 8}.{number & 255}.1" for number in range(1500)]
    made = {anonymizer.apply(text) for text in texts}
    assert len(made) == 1500 and not any(text.startswith("10.") for text in made)
    assert all(re.match(r"192\.0\.2\.|198\.|203\.0\.113\.", text) for text in made)


def test_a_board_with_any_number_of_names_is_handled():
    text = "\n".join(f"hostname=h{number:05d}x" for number in range(9000))
    anonymizer = Anonymizer()
    anonymizer.learn(text)
    assert anonymizer.apply(text).startswith("hostname=host1\nhostname=host2\n")
