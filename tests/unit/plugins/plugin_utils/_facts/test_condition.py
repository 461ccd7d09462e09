# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Clock, power, memory and load of the NPU, and the notes about them."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, condition, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record, files, table, text

DATA = compatibility.load()
RK3576 = "300000000 400000000 500000000 600000000 700000000 800000000 900000000 950000000"
ABORT = "[259200.1] RKNPU: job abort, flags: 0x1, ret: 0, elapsed time: 121694us\n"


def devfreq(board, name, current, governor, lowest="300000000", highest="950000000", available=RK3576):
    for file, value in (("cur_freq", current), ("governor", governor), ("available_frequencies", available),
                        ("max_freq", highest), ("min_freq", lowest)):
        board.write(f"/sys/class/devfreq/{name}/{file}", value + "\n")
    return board


@pytest.fixture
def rock4d(board):
    """radxa/kernel#432: ROCK 4D, RK3576, whose NPU starts at 300 MHz."""
    board.base(model="Radxa ROCK 4D", compatible=("radxa,rock-4d", "rockchip,rk3576"))
    board.npu(address="27700000", compatible="rockchip,rk3576-rknpu").builtin(version="0.9.8").u_boot_menu()
    return devfreq(board, "27700000.npu", "300000000", "rknpu_ondemand")


def recorded(facts, **known):
    plan = planner.npu_plan(facts, {}, DATA)
    return board_record.record("a", {"ansible_facts": {"npu": facts}, "__npu_plan": plan, **known}, 0)


def test_an_npu_that_stays_at_300_mhz(rock4d, gather):
    facts = gather(rock4d, answer=("0.9.8", "20240828", "drm_ioctl"))
    found = facts["condition"]
    assert (found["hz"], found["lowest_hz"], found["highest_hz"], found["governor"]) == (
        300000000, 300000000, 950000000, "rknpu_ondemand")
    plan = planner.npu_plan(facts, {}, DATA)
    note = next(note for note in plan["notes"] if "clock" in note)
    assert note.startswith("The NPU's clock stays at 300 of 950 MHz under the governor rknpu_ondemand")
    assert "echo performance > /sys/class/devfreq/27700000.npu/governor" in note
    assert any("300 MHz of 300 to 950, governor rknpu_ondemand" in line for line in recorded(facts)["evidence"])
    assert any("300 of 950 MHz" in line for line in table.note_lines("a", {"__npu_plan": plan}))
    # What was noted before the reboot is not so after it.
    after = {"__npu_driver_target": plan, "__npu_plan": dict(plan, notes=[])}
    assert not any("950 MHz" in line for line in table.note_lines("a", after))


@pytest.mark.parametrize("hz, limit, governor, words", [
    (300, 950, "userspace", "a program has set"),
    (300, 950, "powersave", "the lowest clock"),
    (600, 950, "performance", "Check temperature"),
    (300, 950, "simple_ondemand", None),
    (950, 950, "rknpu_ondemand", None),
    (950, 950, "performance", None),
    (600, 600, "simple_ondemand", "max_freq limits it"),
    (600, 600, "performance", "echo 950000000 > /sys/class/devfreq/27700000.npu/max_freq"),
    (None, None, None, None),
])
def test_a_clock_that_stays_low(hz, limit, governor, words):
    found = {"hz": hz and hz * 10**6, "highest_hz": 950 * 10**6, "limit_hz": limit and limit * 10**6,
             "governor": governor}
    sentence = condition.clock_sentence(found, "27700000.npu")
    assert words in sentence if words else sentence is None


def test_power_memory_and_load(board, gather):
    board.base().npu().builtin()
    board.write("/proc/meminfo", "MemTotal: 8130000 kB\nCmaTotal: 262144 kB\nCmaFree: 131072 kB\n")
    board.write("/sys/kernel/debug/rknpu/load", "NPU load:  Core0:  0%, Core1: 12%, Core2:  0%,\n")
    board.write("/sys/devices/platform/fdab0000.npu/power/runtime_status", "suspended\n")
    board.write("/sys/devices/platform/fdab0000.npu/iommu_group/x")
    board.write("/sys/kernel/debug/pm_genpd/pm_genpd_summary", """\
domain                          status          children                           performance
    /device                                             runtime status
----------------------------------------------------------------------------------------------
gpu                             off-0                                              0
npu                             on                                                 0
                                                npu1, npu2
    /devices/platform/fdab0000.npu                      suspended                  0
npu1                            off-0                                              0
""")
    found = gather(board)["condition"]
    assert (found["cma"], found["cma_free"], found["iommu"], found["power"]) == (256, 128, True, "suspended")
    assert found["load"] == "Core0:  0%, Core1: 12%, Core2:  0%"
    assert found["domains"] == [{"name": "npu", "status": "on"}, {"name": "npu1", "status": "off-0"}]


def test_a_board_without_all_that(board, gather):
    found = gather(board.base())["condition"]
    assert found.pop("domains") == [] and set(found.values()) == {None}


def test_a_board_without_iommu_says_so(board, gather):
    facts = gather(board.base().npu().builtin().write("/proc/meminfo", "MemTotal: 1 kB\nCmaTotal: 16384 kB\n"))
    assert facts["condition"]["iommu"] is False
    assert "memory of the NPU: from CMA (16 MiB, ? free), its IOMMU is off" in recorded(facts)["evidence"]


def test_a_board_with_failed_jobs_is_suspect_though_mobilenet_works(board, gather):
    board.base().npu().builtin(version="0.9.8").u_boot_menu().write("/usr/lib/librknnrt.so", b"x")
    board.write("/dev/kmsg", ABORT)
    facts = gather(board, answer=("0.9.8", "20240828", "drm_ioctl"))
    proof = {"diagnosis": "ok", "evidence": "Top1 is 283", "verdict": "verified"}
    plan = dict(planner.npu_plan(facts, {}, DATA), action="none", changes=[])
    plan["runtime"] = dict(plan["runtime"], install=False)
    entry = board_record.record(
        "a", {"ansible_facts": {"npu": facts}, "__npu_plan": plan, "__npu_verification": proof}, 0)
    assert (entry["status"], entry["verdict"]) == ("healthy", "ok")
    assert entry["suspect"].startswith("1 job of the NPU failed since the log begins (kernel log): RKNPU: job abort")
    assert "To do: check power supply" in entry["suspect"]
    assert any(line.startswith("kernel log: RKNPU: job abort") for line in entry["evidence"])
    assert board_record.exit_code([entry]) == 2 and "1 of them suspect" in board_record.summary([entry])
    assert files.sentences([entry])[0].startswith("a: suspect: 1 job of the NPU failed")
    assert any("note: Suspect: 1 job" in line for line in table.note_lines("a", {"__npu_plan": plan}))
    report = files.document([entry], 0)
    assert 'rkfleet_npu_board_suspect{board="a"} 1' in text.prom(report, 0)
    assert 'rkfleet_npu_board_jobs_failed{board="a"} 1' in text.prom(report, 0)
    assert "1 job of the NPU failed" in text.csv(report)


def test_a_driver_that_did_not_start_is_explained_by_the_kernel_log(board, gather):
    """ophub/amlogic-s9xxx-armbian#1319 (Panther X2): nothing is built where another driver would fail, too."""
    board.base(model="Panther X2", compatible=("panther,x2", "rockchip,rk3566"))
    board.npu(address="fde40000", compatible="rockchip,rk3568-rknpu", driver=None)
    board.builtin(version="0.9.3").headers().tools()
    board.u_boot_menu().write("/dev/kmsg", "[    9.6] rockchip-pm-domain fdd90000.power-management:power-controller: "
                              "failed to get ack on domain 'npu', val=0x1ee\n")
    plan = planner.npu_plan(gather(board), {}, DATA)
    assert plan["action"] == "unsupported" and "failed to get ack on domain 'npu'" in plan["reason"]
    assert "check its supply" in plan["remedy"]


def test_a_driver_without_a_device_file_is_not_one_that_is_not_bound(board, gather):
    """ophub/amlogic-s9xxx-armbian#3123: 0.9.8 is bound and answers in debugfs, and there is no device file."""
    board.base().npu(drm=None).builtin(version="0.9.8")
    board.write("/sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.8\n")
    evidence = recorded(gather(board))["evidence"]
    assert "driver 0.9.8 is bound to /npu@fdab0000 (debugfs), but has no device file: no program can use it" in evidence
    (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
    assert any("bound to /npu@fdab0000 is nothing" in line for line in recorded(gather(board))["evidence"])
