# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a build left out is in the result of the build, in the plan, the table and the report."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import probes
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.checks import build_losses
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record, table

ROOT = pathlib.Path(__file__).resolve().parents[6]
RELEASE = "5.10.110-rockchip-rk3588"
LINE = "a compilable rknpu_devfreq.c (rknpu_devfreq.c:22: 'MONITOR_TYPE_DEV' undeclared (not in a function))"
LOG = (
    "rkfleet: probe devfreq: left out, not here: x\n"
    "rkfleet: left out sram: this kernel is built without CONFIG_NO_GKI\n"
    f"rkfleet: left out devfreq: not here: {LINE}\nrkfleet: left out more than that: x\nxx rkfleet: left out fence: x\n"
)
DEVFREQ = {"name": "devfreq", "cause": "not here: " + LINE}
SRAM = {"name": "sram", "cause": "this kernel is built without CONFIG_NO_GKI"}


def facts(left_out, **changes):
    """Facts of a board whose driver DKMS has built."""
    module = {"name": "rknpu", "version": "0.9.8", "kernel": RELEASE, "arch": "aarch64", "state": "installed",
              "original": False, "left_out": left_out}
    return {"driver": {"module": "rknpu_dkms"}, "kernel": {"release": RELEASE},
            "dkms": {"modules": [dict(module, **changes)]}}


def test_the_build_log_says_what_was_left_out():
    assert probes.losses(LOG) == [SRAM, DEVFREQ]
    assert probes.losses("") == []


def test_kbuild_names_what_is_known_here():
    kbuild = (ROOT / "roles/driver/files/dkms/Kbuild").read_text(encoding="utf-8")
    assert set(build_losses.named_by(kbuild)) == set(build_losses.LOSSES)


def test_losses_have_their_effect():
    found = build_losses.losses([SRAM, DEVFREQ])
    assert [entry["name"] for entry in found] == ["devfreq", "sram"]
    assert "200 MHz" in found[0]["effect"] and found[0]["cause"].endswith("(not in a function))")


@pytest.mark.parametrize("entries", [
    None, "devfreq", {}, [None], [{"name": "rocket", "cause": "x"}], [{"name": ["devfreq"], "cause": "x"}],
    [{"name": "devfreq"}], [{"name": "devfreq", "cause": 7}],
])
def test_what_is_no_loss_is_dropped(entries):
    assert build_losses.losses(entries) == []


def test_the_note_names_cause_and_effect():
    assert build_losses.sentences([DEVFREQ]) == [(
        f"the driver is built without frequency scaling (not here: {LINE}): the NPU keeps the clock that the device "
        "tree assigns, on RK3588 200 MHz instead of up to 1 GHz")]


@pytest.mark.parametrize(("known", "names"), [
    (facts(["devfreq: not here: x", "sram: y"]), ["devfreq", "sram"]),
    (facts(["devfreq: x"], kernel="6.1.99"), []),
    (facts(["devfreq: x"], state="built"), []),
    (dict(facts(["devfreq: x"]), driver={"module": None}), []),
    (facts(None), []), (facts("devfreq: x"), []), ({}, []), ({"driver": 7, "dkms": [7]}, []),
    ({"driver": {"module": "rknpu"}, "dkms": {"modules": [7, None]}}, []),
])
def test_facts_tell_what_the_driver_in_use_was_built_without(known, names):
    assert [entry["name"] for entry in build_losses.of_facts(known)] == names


def test_the_report_has_them():
    entry = board_record.record("rock", {"ansible_facts": {"npu": facts(["devfreq: not here: x"])}}, 0)
    assert entry["build_losses"] == [dict(
        name="devfreq", cause="not here: x", effect=build_losses.LOSSES["devfreq"].effect)]


def test_the_table_notes_them_after_a_build():
    build = {"losses": [DEVFREQ], "probes": ["probe devfreq: left out, x"]}
    assert table.note_lines("rock", {"__npu_build": build}) == ["rock: note: " + build_losses.sentences([DEVFREQ])[0]]
