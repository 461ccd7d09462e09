# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which board of a kernel goes first, and which boards build for the others."""

from __future__ import annotations

import pytest
from stand_ins.plans.fleet_plans import OLD, board, decide, record


def builder(mhz=1000, headers=True, compiler=True, **more):
    """A board with what a build takes, or without."""
    variables = board(**more)
    npu = variables["ansible_facts"]["npu"]
    npu["kernel"]["headers"] = headers
    npu.update(
        tools={"dkms": True, "make": True, "compiler": compiler}, hardware={"cores": 4, "mhz": mhz, "memory": 1000}
    )
    return variables


@pytest.mark.parametrize(
    "boards, first",
    [
        ({"a": builder(), "b": builder()}, "a"),
        ({"a": builder(1000), "b": builder(3000), "c": builder(2000)}, "b"),
        ({"a": builder(3000, headers=False), "b": builder(3000, compiler=False), "c": builder(1000)}, "c"),
        (
            {
                "a": builder(3000, npu_build_ok=False), "b": builder(3000, npu_build_ok="no"),
                "c": builder(1000, headers=False),
            },
            "c",
        ),
        ({"a": builder(None), "b": builder(1)}, "b"),
        # Where nothing is built, nobody has to be fast.
        ({"a": builder(1, action="vendor_kernel"), "b": builder(2, action="vendor_kernel")}, "a"),
    ],
)
def test_the_fastest_board_that_can_build_goes_first(boards, first):
    assert decide(boards)["staging"] == [first]


def test_a_member_of_the_group_goes_before_a_faster_board():
    assert decide({"a": builder(3000), "b": builder(1000), "c": builder(2000)}, group=["b", "c"])["staging"] == ["c"]


def claims(name, value):
    """A board with what a build takes that claims this of itself."""
    variables = builder(16000)
    variables["ansible_facts"]["npu"]["hardware"].update({"cores": 8, "memory": 7900, name: value})
    return variables


@pytest.mark.parametrize(
    "name, value",
    [
        ("mhz", 999999999),
        ("mhz", 39999),
        ("mhz", 16001),
        ("cores", 999999999),
        ("cores", 16),
        ("memory", 999999999),
        ("memory", 65000),
        ("mhz", float("inf")),
        ("mhz", float("nan")),
        ("mhz", -1),
        ("mhz", "fast"),
        ("mhz", [1]),
        ("mhz", True),
    ],
)
def test_no_board_goes_first_by_its_claims(name, value):
    honest = {"rock-%d" % number: claims("mhz", 16000) for number in range(2)}
    assert decide(dict(honest, **{"zz-evil": claims(name, value)}))["staging"] == ["rock-0"]
    # Of two boards nobody knows which is right.
    assert decide({"rock-0": claims("mhz", 16000), "zz-evil": claims(name, value)})["staging"] == ["rock-0"]
    answer = decide(dict(honest, **{"zz-evil": claims(name, value)}), require_staging=False)
    assert [board for board, entry in answer["boards"].items() if entry["builds"]] == ["rock-0"]


def test_implausible_values_are_ignored():
    boards = {"evil": claims("mhz", 40001), "slow": claims("mhz", 7200), "slower": claims("mhz", 7000)}
    assert decide(boards)["staging"] == ["slow"]


def test_the_first_boards_of_each_kernel_build_for_the_others():
    boards = {"a": builder(1000, headers=False), "b": builder(2000), "c": builder(2000), "d": builder(2000, kernel=OLD),
              "e": builder(2000, headers=False, kernel=OLD)}
    for agree, builds in ((1, ["b", "d"]), (2, ["b", "c", "d", "e"]), ("3", ["a", "b", "c", "d", "e"])):
        answer = decide(boards, store_agree=agree, require_staging=False)
        assert [name for name, entry in answer["boards"].items() if entry["builds"]] == builds
        # They go first among those of their kernel.
        assert answer["rollout"] == {1: "b a c d e", 2: "b c a d e", "3": "a b c d e"}[agree].split()
    boards["c"]["ansible_facts"]["npu"]["hardware"]["mhz"] = 2001
    answer = decide(boards)
    assert answer["staging"] == [name for name, entry in answer["boards"].items() if entry["builds"]] == ["b", "d"]
    verified = [record(answer, "b")]
    assert [name for name, entry in decide(boards, verified)["boards"].items() if entry["builds"]] == ["b", "d"]


def test_the_builder_of_a_verified_kernel_begins_first_although_it_is_slow():
    boards = {name: builder(headers=False) for name in "abcd"} | {"x": builder(kernel=OLD)}
    verified = [record(decide(boards), name) for name in ("a", "x")]
    seconds = dict.fromkeys(boards, 2.0)
    # Of boards that can build equally well, one that answers as fast as the others.
    answer = decide(boards, verified, seconds=dict(seconds, a=40.0), rollout=[1, "100%"])
    assert answer["rollout"] == ["b", "a", "c", "d", "x"] and answer["boards"]["b"]["builds"]
    boards["c"] = builder()
    answer = decide(boards, verified, seconds=dict(seconds, c=40.0), rollout=[2, "100%"])
    assert answer["rollout"] == ["c", "a", "b", "d", "x"] and answer["boards"]["c"]["builds"]
    # Nothing is built.
    boards = {"a": builder(headers=False, action="vendor_kernel"), "b": builder(action="vendor_kernel")}
    assert decide(boards, require_staging=False)["rollout"] == ["a", "b"]


@pytest.mark.parametrize("value", [0, -1, "10%", "two", None])
def test_an_invalid_number_of_hosts_that_must_agree(value):
    answer = decide({"a": board()}, store_agree=value)
    assert (
        len(answer["errors"]) == 1 and answer["errors"][0].startswith("npu_store_agree is %r: " % (value,))
        and answer["staging"] == []
    )
