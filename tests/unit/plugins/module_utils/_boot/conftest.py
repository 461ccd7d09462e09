# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the tests of boot loaders share."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import boot_facts, kernel_arguments
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit

NAME, VALUE = "initcall_blacklist", "rknpu_init"


@pytest.fixture
def check_reversible():
    """Function (loader, before, after) that fails unless the argument goes in and comes out again, byte for byte."""

    def check(loader, before, after):
        assert edit.add(loader, before, NAME, VALUE) == after
        assert edit.add(loader, after, NAME, VALUE) == after
        assert edit.remove(loader, after, NAME, VALUE) == before
        assert edit.remove(loader, before, NAME, VALUE) == before
        assert kernel_arguments.has(edit.configured(loader, after), NAME, VALUE)
        assert not kernel_arguments.has(edit.configured(loader, before), NAME, VALUE)

    return check


@pytest.fixture
def read():
    """Function (board, cmdline) that returns the facts of a board's boot loader."""
    return lambda board, cmdline="root=LABEL=root ro quiet": boot_facts.read(Tree(str(board.root)), cmdline)
