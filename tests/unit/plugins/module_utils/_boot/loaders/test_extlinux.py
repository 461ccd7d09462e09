# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""An extlinux.conf kept by hand: the entry that boots by default."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing.text_edit import ADDED
from stand_ins.boards.boot_round_trip import EXTLINUX

NAME, VALUE = "initcall_blacklist", "rknpu_init"
ARGUMENT = "initcall_blacklist=rknpu_init"

# before, after: removing from `after` gives `before` again, byte for byte.
REVERSIBLE = [
    (EXTLINUX, EXTLINUX.replace("1500000n8", "1500000n8 " + ARGUMENT)),
    ("label a\n  linux /x\n  append ro\nlabel b\n  append rw\n",
     "label a\n  linux /x\n  append ro %s\nlabel b\n  append rw\n" % ARGUMENT),
    ("label a\n append ro\nlabel b\n menu default\n append rw\n",
     "label a\n append ro\nlabel b\n menu default\n append rw %s\n" % ARGUMENT),
    ("default a\nlabel a\n\tlinux /x\n\nlabel b\n",
     "default a\nlabel a\n\tlinux /x\n\t%s\n\tappend %s\n\nlabel b\n" % (ADDED, ARGUMENT)),
    ("label a\n\tkernel /Image", "label a\n\tkernel /Image\n\t%s\n\tappend %s" % (ADDED, ARGUMENT)),
    # An append line without arguments, with and without a blank behind it.
    ("label a\n\tkernel /Image\n\tappend\n", "label a\n\tkernel /Image\n\tappend \t%s\n" % ARGUMENT),
    ("label a\n\tkernel /Image\n\tappend\t\n", "label a\n\tkernel /Image\n\tappend\t%s\n" % ARGUMENT),
    ("label a\n\tkernel /Image\n\tappend  \n", "label a\n\tkernel /Image\n\tappend  %s\n" % ARGUMENT),
]


@pytest.mark.parametrize("before, after", REVERSIBLE)
def test_an_argument_is_added_and_removed_byte_for_byte(check_reversible, before, after):
    check_reversible("extlinux", before, after)


@pytest.mark.parametrize("text, why", [
    ("default b\ninclude more.cfg\nlabel a\n linux /x\n", "includes another file"),
    ("timeout 3\n", "no label"),
])
def test_configuration_that_cannot_be_edited_is_refused_with_one_sentence(text, why):
    with pytest.raises(ValueError, match=why) as error:
        edit.add("extlinux", text, NAME, VALUE)
    assert "\n" not in str(error.value)


def test_with_u_boot_update_switched_off_extlinux_conf_is_the_configuration(board, read):
    found = read(board.u_boot_menu('U_BOOT_UPDATE="false"\n'))
    assert (found["loader"], found["config"], found["update"]) == ("extlinux", "/boot/extlinux/extlinux.conf", None)
