# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Which boards are upgraded, which of them first, and when no further one is."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.rkfleet.npu.plugins.filter.npu_rollout import FilterModule
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import decide as _rollout
from stand_ins.plans.fleet_plans import NEW, OLD, SETTINGS, board, decide, record


def parts(answer):
    return {name: entry["part"] for name, entry in answer["boards"].items()}


def test_no_boards():
    answer = decide({})
    assert (
        answer["staging"] == answer["rollout"] == answer["errors"] == answer["summary"] == [] and answer["allowed"] == 0
    )
    assert _rollout.gate(answer, {}) == {} and _rollout.committed(answer, {}) == []


def test_every_board_has_one_part():
    boards = {
        "held": {"__npu_skipped": {"verdict": "held", "reason": "says its owner"}},
        "unsupported": board(action="unsupported", __npu_error="unsupported: no"), "dead": {"__npu_error": "dead"},
        "nothing": {},
        "right": board(action="none", install=False), "library": board(action="none"),
        "pending": board(action="none", install=False, pending=True), "driver": board(install=False),
    }
    answer = decide(boards, require_staging=False)
    assert parts(answer) == {
        "held": "held", "unsupported": "failed", "dead": "failed", "nothing": "failed", "right": "right",
        "library": "rollout", "pending": "rollout", "driver": "rollout",
    }
    assert answer["boards"]["held"]["reason"] == "says its owner"
    assert answer["rollout"] == ["library", "pending", "driver"] and answer["staging"] == []


def test_the_first_of_each_kernel_goes_first():
    answer = decide({"a": board(NEW), "b": board(OLD), "c": board(NEW), "d": board(OLD)})
    assert answer["staging"] == ["a", "b"] and answer["rollout"] == ["c", "d"]
    assert {name: entry["staging"] for name, entry in answer["boards"].items()} == {
        "a": "a", "b": "b", "c": "a", "d": "b",
    }
    assert answer["summary"][0] == "staged first: a, for kernel 6.1.84 (rk3588) with driver 0.9.6; 1 board waits for it"


@pytest.mark.parametrize(
    "other",
    [{"soc": "rk3576"}, {"driver": "0.9.8"}, {"source": "cccc"}, {"runtime": "dddd"}, {"action": "vendor_kernel"},
     {"build": "#2 SMP"}],
)
def test_boards_that_differ_in_anything_stand_only_for_themselves(other):
    assert decide({"a": board(), "b": board(**other)})["staging"] == ["a", "b"]


def test_a_member_of_the_group_goes_first_where_it_has_that_kernel_and_is_to_be_upgraded():
    boards = {"a": board(NEW), "b": board(NEW), "c": board(NEW), "d": board(OLD)}
    assert decide(boards, group=["c", "b"])["staging"] == ["b", "d"]
    # Of another kernel, not in this run, on hold, right already: then it is the first of the kernel as without a group.
    assert decide(boards, group=["d", "elsewhere"])["staging"] == ["a", "d"]
    boards["b"], boards["c"] = (
        {"__npu_skipped": {"verdict": "held", "reason": "x"}}, board(NEW, action="none", install=False),
    )
    assert decide(boards, group=["b", "c"])["staging"] == ["a", "d"]


def test_no_board_waits_for_a_verified_kernel():
    boards = {"a": board(NEW), "b": board(NEW), "c": board(OLD), "d": board(OLD)}
    answer = decide(boards, verified=[record(decide(boards), "b")])
    assert (
        answer["staging"] == ["c"] and answer["rollout"] == ["a", "b", "d"] and answer["boards"]["a"]["staging"] is None
    )
    assert (
        answer["boards"]["a"]["reason"]
        == "kernel 6.1.84 (rk3588) with driver 0.9.6 is verified (b, 2026-11-23 18:04 UTC)"
    )


def test_after_a_kernel_update_a_board_is_not_verified_and_the_reason_names_the_old_kernel():
    verified = [record(decide({"a": board(NEW)}), "a")]
    answer = decide({"b": board("6.1.99"), "c": board(NEW), "d": board("6.1.99", soc="rk3576")}, verified=verified)
    assert answer["staging"] == ["b", "d"] and answer["rollout"] == ["c"]
    assert (
        "this driver is verified only with kernel 6.1.84, which is not the running kernel"
        in answer["boards"]["b"]["reason"]
    )
    assert "this driver is verified only" not in answer["boards"]["d"]["reason"]


def older(entry, *without):
    """An entry of the record as an earlier release wrote it."""
    return {name: value for name, value in entry.items() if name not in without}


@pytest.mark.parametrize("change, said", [
    # A distribution builds a kernel again under the same release.
    ({"build": "#2 SMP"}, "(it is verified only with another build of this kernel)"),
    # A new release of the collection builds the driver with other files.
    ({"build_files": "eeee"}, "(it is verified only with other build files, of another release of rkfleet.npu)"),
    ({"without": ("build", "build_files")},
     "(it is verified only by an older release of rkfleet.npu, which did not record the kernel's build)"),
    ({"without": ("build_files",)}, "(it is verified only with other build files, of another release of rkfleet.npu)"),
])
def test_what_is_built_from_other_files_or_for_another_build_of_the_kernel_is_staged_again(change, said):
    entry = older(record(decide({"a": board()}), "a"), *change.get("without", ()))
    assert decide({"b": board()}, verified=[record(decide({"a": board()}), "a")])["staging"] == []
    build, build_files = change.get("build", "#1 SMP"), change.get("build_files", "ffff")
    changed = decide({"b": board(build=build)}, verified=[entry], build_files=build_files)
    assert changed["staging"] == ["b"] and changed["boards"]["b"]["reason"].endswith(said)


def test_what_is_not_built_by_this_collection_does_not_depend_on_its_build_files():
    boards = {"a": board(action="vendor_kernel", packages=["x"]), "b": board(action="none")}
    verified = [record(decide(boards), name) for name in boards]
    assert decide(boards, verified=verified, build_files="eeee")["staging"] == []
    assert {entry["build_files"] for entry in verified} == {""}


def test_a_machine_with_two_names_is_upgraded_under_neither():
    boards = {
        "rock5b-1": board(boot_id="11e1", serial="aa"), "other": board(boot_id="22e2", serial="bb"),
        "rock5b-1-wlan": board(boot_id="11e1", serial="aa"),
    }
    answer = decide(boards)
    assert parts(answer) == {"rock5b-1": "failed", "other": "staging", "rock5b-1-wlan": "failed"}
    assert list(answer["refused"]) == ["rock5b-1", "rock5b-1-wlan"] and answer["rollout"] == []
    assert answer["refused"]["rock5b-1"].startswith(
        "rock5b-1: the inventory names one machine 2 times (rock5b-1, rock5b-1-wlan), and this run would upgrade it "
        "that many times at once: they answered with the same boot ID. Nothing was changed on it. Remove all but one")
    assert answer["summary"][:2] == list(answer["refused"].values())
    # Under a name that is on hold, or needs nothing, it is not upgraded.
    boards["rock5b-1-wlan"] = board(action="none", install=False, boot_id="11e1", serial="aa")
    assert decide(boards)["refused"] == {} and parts(decide(boards))["rock5b-1"] == "staging"


@pytest.mark.parametrize("other", [
    # A copy of its SD card, containers with the boot ID of their host, and boards that do not report theirs.
    {"boot_id": "22e2", "serial": "aa"}, {"boot_id": "11e1", "serial": "bb"},
    {"boot_id": "11e1", "serial": "aa", "build": "#2 SMP"}, {"boot_id": None, "serial": "aa"},
    {"boot_id": "", "serial": "aa"},
])
def test_boards_that_resemble_each_other_are_not_one_machine(other):
    assert decide({"a": board(boot_id="11e1", serial="aa"), "b": board(**other)})["refused"] == {}
    assert decide({"a": board(**other), "b": board(**other)})["refused"] == {} or other["boot_id"]


def test_without_staging_no_board_waits():
    answer = decide({"a": board(), "b": board()}, require_staging="no")
    assert answer["staging"] == [] and answer["rollout"] == ["a", "b"]
    assert all(entry["go"] for entry in _rollout.gate(answer, {"a": board(), "b": board()}).values())


def test_an_installed_driver_has_its_own_key():
    modules = [{"name": "rknpu", "kernel": NEW, "version": "0.9.6"}]
    keys = [
        decide({"a": variables})["boards"]["a"]["key"]
        for variables in (
            board(), board(action="none", pending=True, modules=modules), board(action="none"),
            board(action="none", install=False, pending=True),
        )
    ]
    # An interrupted upgrade verifies what it would have verified; the kernel's own driver is another matter.
    assert (
        keys[0] == keys[1] == {
            "kernel": NEW, "build": "#1 SMP", "soc": "rk3588", "driver": "0.9.6", "source": "aaaa",
            "build_files": "ffff", "runtime": "bbbb",
        }
    )
    assert keys[2]["source"] == "the kernel's own" and keys[3]["runtime"] == "old"
    assert (
        decide({"a": board(action="vendor_kernel", packages=["linux-image-x"])})["boards"]["a"]["key"]["source"]
        == "linux-image-x"
    )


@pytest.mark.parametrize(
    "value, boards, allowed",
    [
        (0, 200, 0),
        (3, 200, 3),
        ("3", 2, 3),
        ("10%", 200, 20),
        ("10%", 19, 1),
        ("10%", 9, 0),
        (" 50 % ", 3, 1),
        ("100%", 4, 4),
        ("0%", 4, 0),
        ("10%", 0, 0),
    ],
)
def test_how_many_may_fail(value, boards, allowed):
    answer = decide({"b%d" % number: board() for number in range(boards)}, max_failed=value)
    assert answer["errors"] == [] and answer["allowed"] == allowed


def test_a_percentage_is_of_the_boards_to_be_upgraded():
    boards = {"b%d" % number: board(action="none", install=False) for number in range(90)}
    boards.update({"c%d" % number: board() for number in range(10)})
    assert decide(boards, max_failed="10%")["allowed"] == 1


@pytest.mark.parametrize(
    "value, serial",
    [
        ([1, "10%", "100%"], [1, "10%", "100%"]),
        (5, [5]),
        ("25%", ["25%"]),
        ("7", [7]),
        ((1, "2"), [1, 2]),
        (["5 %"], ["5%"]),
    ],
)
def test_batches(value, serial):
    assert decide({}, rollout=value)["serial"] == serial


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("rollout", [], "it has no batch"),
        ("rollout", 0, "0 is not a batch"),
        ("rollout", ["0%"], "is not a batch"),
        ("rollout", ["101%"], "is not a batch"),
        ("rollout", [True], "neither a count"),
        ("rollout", [1.5], "neither a count"),
        ("rollout", "", "neither a count"),
        ("rollout", None, "neither a count"),
        ("rollout", {"a": 1}, "neither a count"),
        ("rollout", [[1]], "neither a count"),
        ("max_failed", "-1", "neither a count"),
        ("max_failed", "101%", "from 0% to 100%"),
        ("max_failed", "10.5%", "neither"),
        ("max_failed", None, "neither"),
        ("soak_minutes", "10%", "number of minutes"),
        ("soak_minutes", "ten", "neither"),
        ("require_staging", "perhaps", "true or false"),
    ],
)
def test_an_invalid_setting_is_reported_in_one_sentence_and_decides_nothing(name, value, said):
    answer = decide({"a": board()}, **{name: value})
    assert (
        len(answer["errors"]) == 1 and answer["errors"][0].startswith("npu_%s is %r: " % (name, value))
        and said in answer["errors"][0]
    )
    assert answer["boards"] == {} and answer["staging"] == answer["rollout"] == []


def test_an_invalid_query_decides_nothing_and_has_a_position():
    answer = decide({"a": board()}, select="nam", rollout=0)
    assert len(answer["errors"]) == 2 and answer["boards"] == {} and answer["staging"] == answer["rollout"] == []
    sentence, line, caret = answer["message"].split("\n")
    assert sentence.startswith("npu_rollout is 0: ") and sentence.endswith(
        "(did you mean name?). No board was changed."
    )
    assert (line, caret) == ("    nam", "    ^")


def test_boards_that_are_not_selected_are_in_no_batch():
    left = {"verdict": "not selected", "reason": "npu_select is name == 'b'", "fine": True}
    answer = decide({"a": dict(board(), __npu_skipped=left), "b": board()}, select="name == 'b'")
    assert parts(answer) == {"a": "not selected", "b": "staging"} and answer["boards"]["a"]["reason"] == left["reason"]


def test_slow_boards_begin_the_last_batch():
    boards = {"b%d" % number: board() for number in range(5)}
    seconds = dict.fromkeys(boards, 2.0) | {"b0": 40.0}
    answer = decide(boards, require_staging=False, rollout=[1, "100%"], seconds=seconds)
    assert answer["rollout"] == ["b1", "b0", "b2", "b3", "b4"] and answer["serial"] == [1, "100%"]


def test_failures_before_the_rollout_do_not_count():
    boards = {"dead": {"__npu_error": "dead"}, "a": board(), "b": board()}
    assert _rollout.gate(decide(boards, require_staging=False), boards)["b"]["go"]


def test_staging_skips_the_other_boards_without_failure():
    boards = {"a": board(NEW), "b": board(NEW), "c": board(OLD)}
    answer = decide(boards, verified=[record(decide(boards), "c")])
    boards["a"]["__npu_is_committed"] = True
    gate = _rollout.gate(answer, boards, stage=True)
    assert gate["a"]["go"] and gate["b"] == {
        "go": False, "verdict": "waiting", "fine": True,
        "reason": "its staging board is a; upgrade-npu.yml upgrades it",
    }
    assert gate["c"]["verdict"] == "waiting" and "is verified (c, " in gate["c"]["reason"] and gate["c"]["fine"]


def test_check_mode_has_one_batch_and_no_waiting():
    boards = {"a": board(), "b": board(), "c": board()}
    answer = decide(boards, check=True)
    assert answer["serial"] == ["100%"] and answer["staging"] == ["a"]
    # All are predicted, whatever becomes of one.
    boards["b"]["__npu_error"] = "x"
    assert all(entry["go"] for entry in _rollout.gate(answer, boards).values())
    assert not _rollout.gate(answer, boards, stage=True)["c"]["go"]


def test_committed_upgrades_are_recorded_once_per_key():
    boards = {"a": board(NEW), "b": board(NEW), "c": board(OLD), "right": board(action="none", install=False)}
    answer = decide(boards, require_staging=False)
    for name in ("a", "b", "right"):
        boards[name]["__npu_is_committed"] = True
    assert _rollout.committed(answer, boards) == [dict(answer["boards"]["a"]["key"], board="a")]


def test_the_filters_read_only_the_variables_they_need():
    filters = FilterModule().filters()
    hostvars = {"a": board(unrelated=object()), "elsewhere": None}
    answer = filters["npu_rollout"](hostvars, ["a"], SETTINGS)
    # Of the files that role driver sends to boards.
    assert len(answer["boards"]["a"]["key"]["build_files"]) == 64
    assert answer["staging"] == ["a"] and filters["npu_rollout_gate"](hostvars, answer)["a"]["go"]
    with pytest.raises(AnsibleFilterError, match="settings are missing: max_failed"):
        filters["npu_rollout"]({}, [], {name: 0 for name in SETTINGS if name != "max_failed"})
