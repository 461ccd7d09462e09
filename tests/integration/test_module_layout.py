# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Headers of the right release but another configuration: modules crash the kernel, and the plan refuses them."""

from __future__ import annotations

import base64

import pytest

pytestmark = pytest.mark.board

UPGRADE = "playbooks/upgrade-npu.yml"
# It lengthens a mutex in front of the function that the kernel calls: there the kernel keeps where the module lies.
OPTION = "CONFIG_DEBUG_MUTEXES"
MODULE = r"""
#include <linux/module.h>

static int __init first(void)
{
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
    for line, name in (
        (f"#define {OPTION} 1", "include/generated/autoconf.h"), (f"{OPTION}=y", "include/config/auto.conf"),
    ):
        board.ssh(f"echo '{line}' | sudo tee -a {headers}/{name}")
    before = board.state()

    run = play(UPGRADE)
    assert run.rc == 2 and run["changed"] == 0
    assert f"the kernel headers do not match kernel {release} although they state its release" in run.output
    assert "struct module has" in run.output and f"linux-headers-{release}" in run.output
    assert board.state() == before

    wrong = built_by_hand(board, "/tmp/wrong", headers)
    vermagic = "sudo modinfo -F vermagic %s"
    assert board.ssh(vermagic % right) == board.ssh(vermagic % wrong)
    board.ssh(f"sudo insmod {right} && sudo rmmod byhand")
    board.ssh(f"sudo timeout 60 insmod {wrong}", check=False)
    assert "Internal error: Oops" in board.ssh("sudo dmesg")
    board.reset()
