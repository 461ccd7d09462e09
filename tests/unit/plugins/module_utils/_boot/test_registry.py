# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The boot loaders' one interface, and boards with none of them."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import registry
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.editing import edit

NAME, VALUE = "initcall_blacklist", "rknpu_init"


def test_each_boot_loader_is_registered_with_the_whole_interface():
    folder = pathlib.Path(registry.__file__).parent / "loaders"
    files = sorted(loader.__name__.rpartition(".")[2] for loader in registry.LOADERS)
    assert files == sorted(path.stem for path in folder.glob("*.py"))
    for loader in registry.LOADERS:
        assert callable(loader.read) and callable(loader.recognize)
        assert [registry.find(name) for name in loader.SYNTAX] == [loader] * len(loader.SYNTAX)
        assert {kind for kind, dummy in loader.SYNTAX.values()} <= set(edit._EDITORS)


@pytest.mark.parametrize("loader", ["unknown", "lilo"])
def test_an_unknown_boot_loader_is_refused_with_one_sentence(loader):
    with pytest.raises(ValueError, match="no way is known") as error:
        edit.add(loader, "", NAME, VALUE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", ["a b", 'a"', "a,b", "$(x)", ""])
def test_only_a_plain_word_is_added(value):
    with pytest.raises(ValueError, match="is not a kernel argument"):
        edit.add("radxa", "ro\n", NAME, value)


def test_nothing_known(board, read):
    board.write("/boot/grub/grub.cfg")
    assert (read(board)["loader"], read(board)["config"], read(board)["configured"]) == ("unknown", None, None)
