# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Headers of the right release but another configuration: modules crash the kernel, and the plan refuses them."""

from __future__ import annotations

import base64

import pytest

pytestmark = pytest.mark.board

UPGRADE = "playbooks/upgrade-npu.yml"
OPTION = "CONFIG_KALLSYMS"
# Callbacks that nobody sets. The kernel's struct module is longer than the headers say, and its end lies over them.
MODULE = r"""
#include <linux/module.h>

static void (*volatile callbacks[64])(void);

static int __init first(void)
{
    unsigned int number;

    for (number = 0; number < ARRAY_SIZE(callbacks); number++)
        if (callbacks[number])
            callbacks[number]();
    return 0;
}

static void __exit last(void)
{
}

module_init(first);
module_exit(last);
MODULE_LICENSE("GPL");
"""


def built_by_hand(board, folder, headers):
    """Build the module like any owner would, and return the path of its file."""
    for name, text in (("byhand.c", MODULE), ("Kbuild", "obj-m := byhand.o\n")):
        content = base64.b64encode(text.encode()).decode()
        board.ssh(f"mkdir -p {folder} && echo {content} | base64 -d > {folder}/{name}")
    board.ssh(f"make -C {headers} M={folder} modules")
    return f"{folder}/byhand.ko"


@pytest.mark.faults_only
@pytest.mark.case(
    case="headers package of the kernel's release with another configuration, on a board", plan="dkms_over_builtin",
    result="refused by the plan before anything is changed; a module built with it by hand makes the kernel oops")
def test_headers_of_another_configuration_are_refused(board, play):
    board.reset()
    release = board.ssh("uname -r").strip()
    headers = board.ssh(f"readlink -f /lib/modules/{release}/build").strip()
    right = built_by_hand(board, "/tmp/right", headers)
    board.ssh(f"sudo sed -i -e '/^#define {OPTION} /d' {headers}/include/generated/autoconf.h")
    board.ssh(f"sudo sed -i -e '/^{OPTION}=/d' {headers}/include/config/auto.conf")
    before = board.state()

    run = play(UPGRADE)
    assert run.rc == 2 and run["changed"] == 0
    assert f"the kernel headers do not match kernel {release} although they state its release" in run.output
    assert "struct module has" in run.output and f"linux-headers-{release}" in run.output
    assert board.state() == before

    wrong = built_by_hand(board, "/tmp/wrong", headers)
    vermagic = "modinfo -F vermagic %s"
    assert board.ssh(vermagic % right) == board.ssh(vermagic % wrong)
    board.ssh(f"sudo insmod {right} && sudo rmmod byhand")
    board.ssh(f"sudo timeout 60 insmod {wrong}", check=False)
    assert "Internal error: Oops" in board.ssh("sudo dmesg")
    board.reset()
