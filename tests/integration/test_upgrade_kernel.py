# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A newer kernel comes to an upgraded board by apt: first without headers, then with ones for which the build fails, then well.

The tests go on from one another in this order, and from the board that test_upgrade.py has upgraded, if it was run before them;
they leave the board as an untouched one.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import extlinux_menu, menu_kernel
from compiled import Results

pytestmark = pytest.mark.board

VERIFY, PREFLIGHT = "playbooks/verify-npu.yml", "playbooks/preflight-npu.yml"
TOP1 = "283: 0.468750"
KBUILD = "/usr/src/rknpu-0.9.6/Kbuild"
APT = "sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get --quiet --yes"


def default_kernel(board):
    return menu_kernel.release(board.ssh("cat /boot/extlinux/extlinux.conf"))


def kernels(board, play):
    """Return what the facts say of each installed kernel."""
    run = play("tests/integration/kernels.yml")
    assert run.rc == 0
    found = json.loads(run.output.partition('"ansible_facts.npu.kernels": ')[2].partition("\n}")[0])
    return {kernel["release"]: kernel for kernel in found}


@pytest.fixture(scope="module")
def upgraded(upgraded):
    """Return the board with driver 0.9.6 over its built-in one, and a newer kernel in its repositories."""
    board = upgraded
    board.results = Results("vendor", "another kernel")
    board.results.put(board)
    board.ssh("sudo sh -c \"echo 'deb [trusted=yes] file:/srv/apt-next ./' > /etc/apt/sources.list.d/next.list && apt-get -qq update\"")
    board.old = board.ssh("uname -r").strip()
    offered = board.ssh("apt-cache pkgnames linux-image-").split()
    board.new = [name.removeprefix("linux-image-") for name in offered if not name.endswith(board.old)][0]
    yield board
    board.reset()


@pytest.mark.faults_only
@pytest.mark.case(case="npu_preflight_kernels: a kernel of the board's repository", plan="-",
                  result="built with headers that are not installed; nothing changes; the answer is right")
def test_the_preflight_reports_that_the_driver_builds_for_it(upgraded, play):
    before = upgraded.state()
    run = play(PREFLIGHT, "--check", "-e", json.dumps({"npu_preflight_kernels": [upgraded.new, "4.19.0", "6.1.999-1-rk2410"]}))
    assert run.rc == 2 and run["changed"] == 0
    # The lab's kernels are built as Google's common kernel asks for.
    left_out = "sram: this kernel is built without CONFIG_NO_GKI"
    assert f"preflight: {upgraded.name} {upgraded.new} builds, but without {left_out}" in run.output
    assert "preflight: %s 4.19.0 unsupported: driver 0.9.6 does not support it" % upgraded.name in run.output
    assert "preflight: %s 6.1.999-1-rk2410 no_headers: " % upgraded.name in run.output
    assert "linux-headers-6.1.999-1-rk2410" in run.output
    assert upgraded.state() == before
    assert not upgraded.ssh("find /var/tmp -mindepth 1 ! -path '*/systemd-private-*'").strip()


@pytest.mark.case(case="kernel update: image without headers", plan="-", result="the old kernel stays the default, and apt says why")
def test_without_headers_the_old_kernel_stays_the_default(upgraded, play):
    said = upgraded.ssh(f"{APT} install linux-image-{upgraded.new} 2>&1")
    assert f"rkfleet.npu: kernel {upgraded.old} stays the default until DKMS has built rknpu_dkms for kernel {upgraded.new}" in said
    assert f"kernel {upgraded.new} has no module rknpu_dkms: its headers are not installed; install linux-headers-{upgraded.new}" in said
    assert default_kernel(upgraded) == upgraded.old
    assert f"linux /boot/vmlinuz-{upgraded.new}" in upgraded.ssh("cat /boot/extlinux/extlinux.conf")


@pytest.mark.case(case="kernel update: DKMS cannot build", plan="-", result="the old kernel stays the default, whoever runs u-boot-update; the facts say why")
def test_a_build_that_fails_changes_nothing_about_that(upgraded, play):
    upgraded.ssh(f"sudo sed -i '1i $(error rkfleet: the test breaks the build)' {KBUILD}")
    said = upgraded.ssh(f"{APT} install linux-headers-{upgraded.new} 2>&1", check=False)
    assert "dpkg: error processing package" in said
    assert default_kernel(upgraded) == upgraded.old
    assert "the build failed (/var/lib/dkms/rknpu/0.9.6/build/make.log)" in upgraded.ssh("sudo u-boot-update 2>&1")
    assert default_kernel(upgraded) == upgraded.old
    found = kernels(upgraded, play)
    assert any("the test breaks the build" in line for line in found[upgraded.new].pop("build_log"))
    assert found[upgraded.new] == {"release": upgraded.new, "running": False, "headers": True, "module": False, "builtin": True}
    assert found[upgraded.old]["running"] and found[upgraded.old]["module"] and found[upgraded.old]["build_log"] == []


@pytest.mark.case(case="kernel update: image and headers", plan="none",
                  result="DKMS has built the module before the reboot; the new kernel is the default, boots, and MobileNet works")
def test_once_dkms_has_built_the_new_kernel_boots_and_the_npu_verifies(upgraded, play):
    upgraded.ssh(f"sudo sed -i 1d {KBUILD}")
    upgraded.ssh("sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C dpkg --configure -a 2>&1")
    upgraded.results.take(upgraded)
    assert default_kernel(upgraded) == upgraded.new
    assert "initcall_blacklist=rknpu_init" in extlinux_menu.default_arguments(upgraded.ssh("cat /boot/extlinux/extlinux.conf"))
    run = play("tests/integration/reboot_and_ask.yml")
    assert run.rc == 0
    assert '"ansible_local.npu.verification.diagnosis": "ok"' in run.output
    assert '"ansible_facts.npu.driver.version": "0.9.6"' in run.output
    assert upgraded.ssh("uname -r").strip() == upgraded.new
    assert upgraded.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip() == "RKNPU driver: v0.9.6"
    run = play(VERIFY)
    assert run.rc == 0
    assert any(upgraded.new in line and TOP1 in line and line.endswith("ok") for line in run.output.splitlines())
