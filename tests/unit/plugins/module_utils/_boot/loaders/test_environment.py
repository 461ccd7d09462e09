# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Environment files of U-Boot: the last extraargs=."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing.environment_edit import ADDED

NAME, VALUE = "initcall_blacklist", "rknpu_init"
ARGUMENT = "initcall_blacklist=rknpu_init"

# before, after: removing from `after` gives `before` again, byte for byte.
REVERSIBLE = [
    ("armbian", "verbosity=1\nextraargs=cma=256M\nrootfstype=ext4\n",
     "verbosity=1\nextraargs=cma=256M %s\nrootfstype=ext4\n" % ARGUMENT),
    ("armbian", "verbosity=1\n", "verbosity=1\n%s\nextraargs=%s\n" % (ADDED, ARGUMENT)),
    ("armbian", "verbosity=1", "verbosity=1\n%s\nextraargs=%s" % (ADDED, ARGUMENT)),
    ("armbian", "", "%s\nextraargs=%s\n" % (ADDED, ARGUMENT)),
    # An empty line that was there stays (a Radxa E52C with an image of ophub: openwrt/armbianEnv.txt).
    ("armbian", "extraargs=\nextraboardargs=x\n", "extraargs=%s\nextraboardargs=x\n" % ARGUMENT),
    ("armbian", "extraargs=  \nx=1\n", "extraargs=  %s\nx=1\n" % ARGUMENT),
    ("armbian", "extraargs=", "extraargs=%s" % ARGUMENT),
    ("ubuntu", "bootargs=root=UUID=1 rw console=tty1\noverlays=\n",
     "bootargs=root=UUID=1 rw console=tty1 %s\noverlays=\n" % ARGUMENT),
    ("ubuntu", "bootargs=\n", "bootargs=%s\n" % ARGUMENT),
    ("armbian", "extraargs=a\n#extraargs=c\nextraargs=b\n", "extraargs=a\n#extraargs=c\nextraargs=b %s\n" % ARGUMENT),
    ("dietpi", "extraargs=net.ifnames=0\r\noverlays=\r\n", "extraargs=net.ifnames=0 %s\r\noverlays=\r\n" % ARGUMENT),
    ("orangepi", "extraargs=initcall_blacklist=x\nextraboardargs=y\n",
     "extraargs=initcall_blacklist=x,rknpu_init\nextraboardargs=y\n"),
    ("armbian", "extraargs=cma=1M initcall_blacklist=\n", "extraargs=cma=1M initcall_blacklist= %s\n" % ARGUMENT),
    ("armbian", "extraargs=initcall_blacklist=x,\n", "extraargs=initcall_blacklist=x,,rknpu_init\n"),
]


@pytest.mark.parametrize("loader, before, after", REVERSIBLE)
def test_an_argument_is_added_and_removed_byte_for_byte(check_reversible, loader, before, after):
    check_reversible(loader, before, after)


@pytest.mark.parametrize("text, why", [
    ("a\0b", "NUL"),
    ("x" * 70000, "KiB"),
])
def test_configuration_that_cannot_be_edited_is_refused_with_one_sentence(text, why):
    with pytest.raises(ValueError, match=why) as error:
        edit.add("armbian", text, NAME, VALUE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("loader, name", [
    ("armbian", "armbianEnv.txt"), ("dietpi", "dietpiEnv.txt"), ("orangepi", "orangepiEnv.txt"),
])
def test_environment_files(board, read, loader, name):
    found = read(board.write("/boot/" + name, "extraargs=cma=256M\n"), "root=LABEL=root cma=256M quiet")
    assert (found["loader"], found["config"]) == (loader, "/boot/" + name)
    assert (found["configured"], found["next"]) == ("cma=256M", "cma=256M")


@pytest.mark.parametrize("cmdline, loader", [
    ("root=LABEL=root ro quiet x", "extlinux"), ("root=/dev/mmcblk1p1", "armbian"),
])
def test_two_configurations_the_running_kernel_decides(board, read, cmdline, loader):
    board.write("/boot/armbianEnv.txt", "verbosity=1\n")
    board.write("/boot/extlinux/extlinux.conf", "label l0\n linux /Image\n append root=LABEL=root ro quiet\n")
    assert read(board, cmdline)["loader"] == loader
