# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A line of kernel arguments: is a value there, adding it, removing it."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import kernel_arguments
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit

NAME, VALUE = "initcall_blacklist", "rknpu_init"


@pytest.mark.parametrize("value", ["a b", 'a"', "a,b", "$(x)", ""])
def test_only_a_plain_word_is_merged(value):
    with pytest.raises(ValueError, match="is not a kernel argument"):
        edit.merge_value("ro", NAME, value)


@pytest.mark.parametrize("cmdline, expected", [
    ("ro initcall_blacklist=rknpu_init", True),
    ("initcall_blacklist=a,rknpu_init,b quiet", True),
    ("initcall_blacklist=a initcall_blacklist=rknpu_init", True),
    ("initcall_blacklist=rknpu_init2", False),
    ("xinitcall_blacklist=rknpu_init", False),
    ('foo="initcall_blacklist=rknpu_init x"', False),
    ("ro -- initcall_blacklist=rknpu_init", False),
    ("", False),
    (None, False),
])
def test_whether_a_kernel_has_the_argument(cmdline, expected):
    assert kernel_arguments.has(cmdline, NAME, VALUE) is expected
