# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which hosts of a network become boards of the inventory, under which names and in which groups."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _subnet
from stand_ins.subnet_hosts import found


def test_a_board_with_two_addresses_is_kept_once():
    boards = [
        found("10.1.0.1", serial="abcd1", boot_id="1"), found("10.1.0.2", serial="abcd2", boot_id="2"),
        found("10.1.0.3", serial="abcd1", boot_id="1"), found("10.1.0.4", serial=None), found("10.1.0.5", serial=None),
        found("10.1.0.6", serial="abcd2", boot_id=None),
    ]
    kept, said = _subnet.without_duplicates(boards)
    # The last one says nothing of its boot: it is not taken for the second.
    assert [board["address"] for board in kept] == ["10.1.0.1", "10.1.0.2", "10.1.0.4", "10.1.0.5", "10.1.0.6"]
    assert said[0] == "10.1.0.1 and 10.1.0.3 are one board (serial number abcd1): it is kept as 10.1.0.1"
    assert said[1].startswith(
        "10.1.0.2 and 10.1.0.6 have the same serial number abcd2, but nothing shows that they are one board: both are kept"
    )
    assert len(said) == 2


def test_boards_with_the_same_serial_number():
    boards = [
        found("10.1.0.1", serial="abcd", boot_id="1"), found("10.1.0.2", serial="abcd", boot_id="2"),
        found("10.1.0.3", serial="abcd", boot_id="2"), found("10.1.0.4", serial="00000000"),
        found("10.1.0.5", serial="00000000"),
    ]
    kept, said = _subnet.without_duplicates(boards)
    assert [board["address"] for board in kept] == ["10.1.0.1", "10.1.0.2", "10.1.0.4", "10.1.0.5"]
    assert said[0].startswith(
        "10.1.0.1 and 10.1.0.2 have the same serial number abcd, but nothing shows that they are one board: both are kept"
    )
    assert "it is kept as 10.1.0.2" in said[1] and len(said) == 2


REAL = found("10.1.0.9", serial="real0001", boot_id="5c0f5d2e-6b7a-4f7e-9a52-1d3f0c6f8b11", hostname="rock")


@pytest.mark.parametrize(
    "claim", [{"boot_id": None}, {"boot_id": ""}, {"boot_id": "another"}, {}],
    ids=["none", "empty", "another", "no such key"],
)
@pytest.mark.parametrize("address", ["10.1.0.5", "10.1.0.77", "fd00::5"])
def test_a_claimed_serial_number_replaces_no_board(claim, address):
    liar = found(address, serial="real0001", hostname="x", **claim)
    for real in (REAL, dict(REAL, boot_id=None)):
        boards = sorted(
            (liar, real), key=lambda board: (":" in board["address"], len(board["address"]), board["address"])
        )
        kept, said = _subnet.without_duplicates(boards)
        assert (
            kept == boards and len(said) == 1 and address in said[0] and "10.1.0.9" in said[0] and "real0001" in said[0]
        )
        names = _subnet.named(kept, "serial")
        # Nobody gets the plain name, and with it the other's variables.
        assert (
            names["real0001-10.1.0.9"] == real and names["real0001-" + address.replace(":", "-")] == liar
            and len(names) == 2
        )


def test_a_claimed_name_cannot_be_that_of_another_board():
    boards = [
        REAL, found("10.1.0.10", serial="real0001", boot_id="b"), found("fd00::9", serial="real0001", boot_id="c"),
        found("fd00::66", serial="real0001-fd00--9", boot_id="d"),
    ]
    names = _subnet.named(boards, "serial")
    assert sorted(board["address"] for board in names.values()) == sorted(board["address"] for board in boards)
    assert {name: board["address"] for name, board in names.items()} == {
        "real0001-10.1.0.9": "10.1.0.9", "real0001-10.1.0.10": "10.1.0.10", "fd00::9": "fd00::9",
        "fd00::66": "fd00::66",
    }
    # What is called so elsewhere in the inventory stays what it is.
    assert "real0001-10.1.0.10" not in _subnet.named(boards, "serial", ["real0001-10.1.0.10"])


def test_names():
    boards = [found("10.1.0.1", hostname="rock", serial="a1b2"), found("10.1.0.2", hostname="rock", serial="a1b3"),
              found("fd00::3", hostname="rock", serial=None),
              found("10.1.0.4", hostname="localhost", serial="0000"), found("10.1.0.5", hostname="all", serial="a1b5"),
              found("10.1.0.6", hostname=None, serial="web1"),
              found("10.1.0.7", hostname="nas", serial="a1b7")]
    assert list(_subnet.named(boards, "address")) == [board["address"] for board in boards]
    # What is called so elsewhere in the inventory stays what it is.
    assert list(_subnet.named(boards, "hostname", ["nas"])) == [
        "rock-10.1.0.1", "rock-10.1.0.2", "rock-fd00--3", "10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.7"]
    assert list(_subnet.named(boards, "serial", ["web1"])) == [
        "a1b2", "a1b3", "fd00::3", "10.1.0.4", "a1b5", "10.1.0.6", "a1b7",
    ]


@pytest.mark.parametrize(
    "known, groups",
    [
        (
            {"soc": "rk3588", "kernel": "6.1.43-15-rk2312", "driver": "builtin"},
            ["soc_rk3588", "kernel_6_1_43_15_rk2312", "driver_builtin"],
        ),
        ({"soc": "rk3568", "kernel": "5.10.0+", "driver": "absent"}, ["soc_rk3568", "kernel_5_10_0_", "driver_absent"]),
        ({"kernel": "6.12.1"}, ["kernel_6_12_1"]),
        ({"identified": False}, ["npu_unidentified"]),
    ],
)
def test_groups(known, groups):
    assert _subnet.groups_of(found("10.1.0.1", **known)) == groups


@pytest.mark.parametrize("claimed", [
    "localhost", "all", "ungrouped", "npu_staging", "NPU_now_rollout", "npu_now_upgrade_failed", "soc_rk3588", "kernel_6_1", "driver_builtin"])
def test_no_board_is_called_as_a_group_that_comes_later(claimed):
    """Where the group does not exist, a pattern of a play or npu_store_from would mean the board."""
    assert list(_subnet.named([{"address": "10.1.0.9", "serial": claimed}], "serial")) == ["10.1.0.9"]
