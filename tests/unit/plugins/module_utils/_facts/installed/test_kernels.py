# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The kernels a board may boot next, from recorded trees."""

from __future__ import annotations

import pytest

RELEASE, NEXT = "6.1.99-1-rk2312", "6.1.192-2-rk2410"
LOG = "DKMS make.log for rknpu-0.9.6 for kernel %s (aarch64)\nMon Jan  1\n%s\n"
GEM = "rknpu_gem.c:891:9: error: implicit declaration of function 'vm_flags_set'; did you mean 'vm_stat_set'?"


@pytest.fixture
def upgraded(board):
    """A board with our module over its built-in driver, and a newer kernel that was just installed."""
    board.base().npu().builtin().headers().tools().u_boot_menu().dkms(ours=True)
    board.write("/boot/vmlinuz-" + RELEASE).write("/boot/vmlinuz-" + NEXT).write("/lib/modules/%s/modules.dep" % NEXT)
    return board


def kernels(facts):
    return {kernel.pop("release"): kernel for kernel in facts["kernels"]}


def test_a_newer_kernel_without_headers(upgraded, gather):
    facts = gather(upgraded)
    assert [kernel["release"] for kernel in facts["kernels"]] == [NEXT, RELEASE]
    assert kernels(facts) == {
        RELEASE: {"running": True, "headers": True, "module": True, "builtin": True, "build_log": []},
        NEXT: {"running": False, "headers": False, "module": False, "builtin": False, "build_log": []},
    }
    assert facts["unread"] == []


@pytest.mark.parametrize("log, lines", [
    (LOG % (NEXT, GEM), [GEM, "Mon Jan  1"]),
    ("DKMS (dkms-3.2.2) make.log for rknpu/0.9.6 for kernel %s (aarch64)\n  CC [M]  x.o\nmake: Killed\n" % NEXT,
     ["make: Killed", "CC [M]  x.o"]),
    (LOG % (NEXT, "".join("x.c:%d: error: y\n  CC [M]  x.o\n" % number for number in range(100))),
     ["x.c:%d: error: y" % number for number in (*range(20), *range(80, 100))] + ["CC [M]  x.o"]),
    # many warnings that tell something, too, before the error
    (LOG % (NEXT, "".join("x.c:%d: warning: y is missing\n" % number for number in range(90)) + "x.c:1: error: z\n"),
     ["x.c:%d: warning: y is missing" % number for number in (*range(20), *range(71, 90))] + ["x.c:1: error: z"]),
    (LOG % ("6.6.1", GEM), []),
    ("nothing of the kind\n" + GEM, []),
    ("", []),
])
def test_the_telling_lines_of_a_failed_build(upgraded, gather, log, lines):
    upgraded.headers(NEXT).write("/var/lib/dkms/rknpu/0.9.6/build/make.log", log)
    found = kernels(gather(upgraded))
    assert found[RELEASE]["build_log"] == [] and found[NEXT]["headers"]
    assert [line for line in found[NEXT]["build_log"] if not line.startswith("DKMS")] == lines


def test_a_kernel_with_the_driver_as_a_module_of_its_own(upgraded, gather):
    upgraded.write("/lib/modules/%s/kernel/drivers/rknpu/rknpu.ko" % NEXT)
    assert kernels(gather(upgraded))[NEXT]["module"]


def test_only_bootable_kernels_are_listed(upgraded, gather):
    upgraded.write("/lib/modules/6.6.1/modules.dep").write("/boot/vmlinuz-6.7.0").write("/boot/Image-6.1.20").write("/lib/modules/6.1.20/modules.dep")
    upgraded.write("/lib/modules/$(x)/modules.dep").write("/boot/vmlinuz-$(x)")
    assert [kernel["release"] for kernel in gather(upgraded)["kernels"]] == [NEXT, RELEASE, "6.1.20"]


def test_the_running_kernel_is_listed_by_its_own_list_of_modules(upgraded, gather):
    """Images of the vendor have it in no file of /boot. An update in place leaves a folder with what depmod made."""
    upgraded.place("/boot/vmlinuz-" + RELEASE).unlink()
    assert [kernel["release"] for kernel in gather(upgraded)["kernels"]] == [NEXT, RELEASE]
    upgraded.place(f"/lib/modules/{RELEASE}/modules.builtin").unlink()
    upgraded.write(f"/lib/modules/{RELEASE}/modules.builtin.bin")
    assert [kernel["release"] for kernel in gather(upgraded)["kernels"]] == [NEXT]


def test_at_most_20_kernels_are_listed(upgraded, gather):
    for number in range(30):
        upgraded.write("/lib/modules/5.10.%d/modules.dep" % number).write("/boot/vmlinuz-5.10.%d" % number)
    assert len(gather(upgraded)["kernels"]) == 20
