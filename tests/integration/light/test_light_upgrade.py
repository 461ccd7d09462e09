# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The whole upgrade on upgradable light boards: the collection's modules on real files, with a modelled kernel."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import time

import pytest
import yaml

KINDS = "rollout-rk2312-uboot,rollout-rk2410-grub,rollout-orangepi-61"


@pytest.fixture(scope="module")
def fleet(light_boards):
    """Three boards, each with another boot loader and another kernel."""
    light_boards.lab("up", "--count", "3", "--mix", KINDS, "--build-seconds", "0.2", "--boot-seconds", "0.2")
    return light_boards


def on(boards, name, command):
    """Return what a command that root runs on a board prints."""
    hosts = yaml.safe_load(boards.inventory.read_text())["all"]["children"]["fleet"]["hosts"]
    done = subprocess.run(
        [
            "ssh",
            "-F",
            "none",
            "-i",
            str(boards.state / "id_ed25519"),
            "-p",
            "2222",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            f"UserKnownHostsFile={boards.state / 'fleet_known_hosts'}",
            f"radxa@{hosts[name]['ansible_host']}",
            "sudo",
            "sh",
            "-c",
            f"'{command}'",
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def digests(boards, name):
    """Return the digest of each file that an upgrade may change, as lines."""
    places = "/etc /boot /usr/src /usr/lib/modules /usr/lib/librknnrt.so $(ls -d /var/lib/dkms 2>/dev/null)"
    listed = on(boards, name, f"find {places} -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum")
    # The report of the last run, and an index that depmod writes anew.
    return [line for line in listed.splitlines() if "/etc/ansible/" not in line and "/modules." not in line]


def events(boards, name, event=None):
    """Return the journal of a board, or its entries of one kind."""
    return [entry for entry in json.loads(boards.lab("journal", "--json"))[name] if event in (None, entry["event"])]


def upgrade(play, boards, name, *words):
    """Run the upgrade on one board, without a staging board first."""
    return play("playbooks/upgrade-npu.yml", "--limit", name, *words, inventory=str(boards.inventory))


STOPS = {
    "a wrong checksum of the driver": (
        {"npu_compatibility": {"drivers": {"0.9.6": {"sha256": "0" * 64}}}},
        "sha256 is [0-9a-f]{64}, pinned is 0{64}",
    ),
    "a wrong checksum of the runtime": (
        {"npu_compatibility": {"runtimes": {"2.3.2": {"sha256": "0" * 64}}}},
        "sha256 is [0-9a-f]{64}, pinned is 0{64}",
    ),
    "a mirror that nobody answers at": ({"npu_mirror": "http://127.0.0.1:9"}, "cannot get .* tried http://127.0.0.1:9/"),
    "a kernel that is not supported": (
        {
            "npu_compatibility": {
                "kernels": {
                    "6.1": {
                        "supported": False,
                        "reason": "the test says no",
                        "remedy": "Boot another.",
                        "source": "test",
                        "confidence": "I",
                    }
                }
            }
        },
        "BOARD: Kernel 6.1.* is not supported by driver 0.9.6: the test says no",
    ),
    "a driver release that is not known": (
        {"npu_driver_version": "0.9.99"},
        r"npu_driver_version is '0\.9\.99', and the compatibility data has no such release",
    ),
}


@pytest.fixture(scope="module")
def untouched(fleet):
    """What a board is before it is upgraded: its name, its files and how often it has booted."""
    name = fleet.of_kind("rollout-rk2312-uboot")[0]
    return name, digests(fleet, name), fleet.status()["boards"][name]["boots"]


@pytest.mark.parametrize("what", STOPS)
def test_it_stops_before_anything_is_changed(fleet, untouched, play, inventory_with, tmp_path, what):
    name, files, boots = untouched
    variables, said = STOPS[what]
    # An empty cache of its own: what an earlier test fetched would hide a mirror that is down.
    inventory = inventory_with(variables, fleet.inventory)
    run = play("playbooks/upgrade-npu.yml", "--limit", name, "-e", f"npu_cache_dir={tmp_path}", inventory=inventory)
    assert run.rc == 2 and run.boards[name]["changed"] == 0
    told = re.findall(rf'fatal: \[{name}\]: FAILED! => .*?"msg": "((?:[^"\\]|\\.)*)"', run.output, re.DOTALL)
    assert re.search(said.replace("BOARD", name), json.loads(f'"{told[-1]}"')), told
    assert digests(fleet, name) == files and fleet.status()["boards"][name]["boots"] == boots


def test_a_board_is_upgraded_and_a_second_run_changes_nothing(fleet, play):
    name = fleet.of_kind("rollout-rk2312-uboot")[0]
    run = upgrade(play, fleet, name)
    assert run.rc == 0
    board = fleet.status()["boards"][name]
    assert (board["driver"], board["boots"], board["loader"]) == ("0.9.6", 2, "u-boot-menu")
    boots = events(fleet, name, "boot")
    assert [(boot["driver"], boot["module"], boot["blacklisted"]) for boot in boots] == [
        ("0.9.3", None, False),
        ("0.9.6", "rknpu_dkms", True),
    ]
    assert [(build["kernel"], build["module"]) for build in events(fleet, name, "build")] == [
        ("6.1.43-15-rk2312", "rknpu_dkms")
    ]
    assert [entry["state"] for entry in events(fleet, name, "state")][-1] == "committed"
    assert "initcall_blacklist=rknpu_init" in on(fleet, name, "cat /proc/cmdline /boot/extlinux/extlinux.conf")
    again = upgrade(play, fleet, name)
    assert (again.rc, again.boards[name]["changed"]) == (0, 0)


def test_a_driver_that_does_not_bind_is_rolled_back_byte_for_byte(fleet, play):
    name = fleet.of_kind("rollout-orangepi-61")[0]
    before = digests(fleet, name)
    fleet.lab("fault", name, "no-bind")
    run = upgrade(play, fleet, name)
    assert run.rc != 0 and "rolled back" in run.output
    boots = events(fleet, name, "boot")
    assert [(boot["driver"], boot["blacklisted"]) for boot in boots] == [
        ("0.9.2", False),
        (None, True),
        ("0.9.2", False),
    ]
    assert digests(fleet, name) == before
    assert fleet.status()["boards"][name]["driver"] == "0.9.2"


def test_a_rollback_on_request_brings_the_built_in_driver_back(fleet, play):
    name = fleet.of_kind("rollout-rk2312-uboot")[0]
    run = play("playbooks/rollback-npu.yml", "--limit", name, inventory=str(fleet.inventory))
    assert run.rc == 0
    assert events(fleet, name, "boot")[-1]["driver"] == "0.9.3" and not events(fleet, name, "boot")[-1]["blacklisted"]
    assert "initcall_blacklist" not in on(fleet, name, "cat /boot/extlinux/extlinux.conf")


def test_with_a_reboot_of_ones_own_the_runtime_is_installed_after_it(fleet, play):
    """Until then the applications run with the old driver. The module is the stored one: the board cannot build it."""
    name = fleet.of_kind("rollout-rk2312-uboot")[0]
    # A light board has no room for the compiler, which stays away here.
    given = yaml.safe_load(fleet.inventory.read_text())["all"]["children"]["fleet"]["vars"]["npu_compatibility"]
    data = {**given, "space": {"packages": {"/usr": 1, "/var": 1}}}
    later = ("-e", json.dumps({"npu_reboot_ok": False, "npu_compatibility": data}))
    on(fleet, name, "rm /lib/modules/$(uname -r)/build /usr/bin/gcc /usr/bin/make; rm -r /etc/apt/sources.list*")
    library, builds = on(fleet, name, "sha256sum /usr/lib/librknnrt.so"), events(fleet, name, "build")
    run = upgrade(play, fleet, name, *later, "-v")
    assert run.rc == 0 and "planned: " in run.output
    assert re.search(r'"steps": \["tree", "load"\]', run.output), run.output
    assert "missing on the board: a compiler and make and kernel headers" in run.output
    assert events(fleet, name, "build") == builds
    assert not on(fleet, name, "ls -A /var/lib/dkms/rknpu/0.9.6/build").strip(), "something was built"
    assert on(fleet, name, "sha256sum /usr/lib/librknnrt.so") == library
    boots = fleet.status()["boards"][name]["boots"]
    on(fleet, name, "setsid -f sh -c \"sleep 1; systemctl reboot\" </dev/null >/dev/null 2>&1")
    deadline = time.monotonic() + 120
    while fleet.status()["boards"][name]["boots"] == boots:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    run = upgrade(play, fleet, name, *later)
    assert run.rc == 0 and events(fleet, name, "state")[-1]["state"] == "committed"
    assert fleet.status()["boards"][name]["driver"] == "0.9.6"
    assert re.search(r"rknpu/0\.9\.6, \S+, aarch64: installed", on(fleet, name, "dkms status"))
    assert on(fleet, name, "sha256sum /usr/lib/librknnrt.so") != library


@pytest.mark.faults_only
def test_a_board_that_never_comes_back_is_reported(fleet, play):
    name = fleet.of_kind("rollout-rk2410-grub")[0]
    fleet.lab("fault", name, "never-back")
    run = upgrade(
        play, fleet, name, "-e", "npu_reboot_timeout=10", "-e", "npu_confirm_minutes=1", "-e", "ansible_ssh_timeout=5"
    )
    assert run.rc != 0 and f"{name}: the board does not answer after the reboot" in run.output
    assert [boot["driver"] for boot in events(fleet, name, "boot")] == ["0.9.3"]
    assert fleet.status()["boards"][name]["fault"] == "never-back"


def test_a_module_is_refused_while_the_built_in_driver_is_bound(fleet):
    name = fleet.of_kind("rollout-orangepi-61")[0]
    file = "/usr/lib/modules/$(uname -r)/kernel/drivers/gpu/drm/panthor/panthor.ko"
    assert "panthor" in on(fleet, name, f'insmod {file}; cut -d " " -f 1 /proc/modules; rmmod panthor')
    assert "File exists" in on(fleet, name, f"insmod {file}; insmod {file} 2>&1 || true; rmmod panthor")


def test_nothing_of_a_board_is_left_when_it_is_stopped(fleet):
    assert "3 light boards stopped" in fleet.lab("down")
    processes = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert processes and not [line for line in processes if str(fleet.state).encode() in line]
