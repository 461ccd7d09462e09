# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public lines about the NPU's power domain, supply and clock."""

from __future__ import annotations

TELLING = {
    "armbian/linux-rockchip#297, NanoPi R5S": ("""
[    9.622828] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', \
target_idle = 0, target_ack = 0, val=0x1ee
""", {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch on"}),
    "ophub/fnnas#514, RK3568": ("""
[    9.6] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', val=0x1f6
""", {"cause": "the power domain"}),
    "gahingwoo/kiln, troubleshooting, RK3576: the supply is switched off after the boot": (
        "[   40.000001] RKNPU 27700000.npu: RKNPU: failed to get pm runtime for npu0, ret: -110\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch"}),
    "istoreos/istoreos#2014, RK3568, 0.8.5: works, without devfreq": ("""
[   10.573114] [drm] Initialized rknpu 0.8.5 20230202 for fde40000.npu on minor 1
[   10.573784] RKNPU fde40000.npu: opp_parse_supplies: Invalid number of elements in opp-microvolt property (3) with \
supplies (2)
[   10.573793] RKNPU fde40000.npu: _of_add_opp_table_v2: Failed to add OPP, -22
[   10.573800] RKNPU fde40000.npu: Invalid operating-points in device tree.
""", {"suspect": None, "lines": "the NPU keeps the clock it started with"}),
    "istoreos/istoreos#2774, RK3588 (its GPU; the NPU has the same function)": (
        "[   13.5] RKNPU fdab0000.npu: rockchip_pvtpll_set_volt_sel: error cfg clk_id=6 voltsel (-1)\n",
        {"suspect": None, "lines": "the firmware cannot adjust the NPU's clock"}),
    "the driver's source, 0.9.8: no clock": (
        "[    4.0] RKNPU fdab0000.npu: RKNPU: failed to get clk source for rknpu\n",
        {"suspect": None, "cause": "the clock of the NPU could not be set"}),
    "kind: a module that was left over beside a fault of the board": ("""
[    1.000001] rockchip-pm-domain fd8d8000.power-management:power-controller: failed to get ack on domain 'npu', val=0x0
[    1.000002] RKNPU: probe of fdab0000.npu failed with error -110
[    5.000001] rknpu: disagrees about version of symbol module_layout
""", {"cause": "failed to get ack on domain 'npu'", "cause_remedy": "the NPU gets no power"}),
    "the kernel's devfreq": (
        "[    9.0] devfreq fdab0000.npu: dvfs failed with (-22) error\n",
        {"suspect": None, "cause": None, "lines": "the NPU's clock could not be changed"}),
    "a patch for the RK3588's NPU in mainline: the supply is not ready yet": ("""
[   80.1] rockchip-pm-domain fd8d8000.power-management:power-controller: failed to set domain 'nputop' on, val=0
""", {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch on"}),
    "armbian/linux-rockchip#297 with its call trace": ("""
[    9.622828] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', \
target_idle = 0, target_ack = 0, val=0x1ee
[    9.622902] Kernel panic - not syncing: panic_on_set_idle set ...
[    9.633614]  rknpu_init+0x1c/0x28
""", {"cause": "the power domain of the NPU did not switch on", "remedy": "supply (vdd_npu)"}),
    "the kernel's list of clocks": (
        "[   30.1] RKNPU fdab0000.npu: _set_opp_voltage: failed to set voltage (850000 850000 950000 mV): -22\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "the kernel's list of clocks, a line about the clock itself": (
        "[   30.1] RKNPU fdab0000.npu: _generic_set_opp_clk_only: failed to set clock rate: -22\n",
        {"suspect": None, "cause": "the clock of the NPU could not be set"}),
    "the kernel's regulators": (
        "[   30.1] vdd_npu_s0: failed to enable: -ETIMEDOUT\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "the kernel's regulators, with a range of the device tree that the regulator lacks": (
        "[   30.1] vdd_npu_s0: unsupportable voltage range: 850000-550000uV\n",
        {"suspect": "1 fault of the NPU's power supply"}),
    "RK3576: the domain after 90 resets": ("""
[  900.1] rockchip-pm-domain 27380000.power-management:power-controller: failed to set idle on domain 'nputop', val=0
""", {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU"}),
    "w568w/rknpu-module, its own list of clocks": ("""
[    7.1] RKNPU fde40000.npu: RKNPU: failed to set OPP regulators: -19
[    7.2] RKNPU fde40000.npu: RKNPU: failed to get recommended OPP: -34
""", {"suspect": None, "cause": None, "lines": "the NPU keeps the clock it started with"}),
    "the kernel's power domains": (
        "[    4.1] RKNPU fdab0000.npu: Failed to attach to PM Domain : -19\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch"}),
    "the kernel's regulators, of the regulator at 0x42": (
        "[   30.1] vdd_npu_s0: Failed to set voltage: -110\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "the vendor's list of clocks, 5.10": (
        "[   30.1] RKNPU fdab0000.npu: failed to set volt(800000 800000 950000 uV): -110\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "Orange Pi CM4: it does not boot any more": ("""
[    9.1] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', val=0x1
[    9.2] Kernel panic - not syncing: panic_on_set_idle set ...
""", {"cause": "the power domain of the NPU did not switch on", "cause_remedy": "vdd_npu"}),
    "armbian/build#7025, RK3568: U-Boot switches vdd_npu off": ("""
[    9.622828] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', \
target_idle = 0, target_ack = 0, val=0x1ee
""", {"cause": "the power domain of the NPU did not switch on", "remedy": "U-Boot leaves vdd_npu on"}),
    "the kernel's list of clocks: a clock that is not in it": (
        "[   30.1] RKNPU fdab0000.npu: dev_pm_opp_set_rate: failed to find current OPP for freq 1000000000 (-34)\n",
        {"suspect": None, "cause": "the clock of the NPU could not be set", "cause_remedy": "no other driver"}),
    "the kernel's regulators: a supply that the device tree lets nobody change": (
        "[   30.1] vdd_npu_s0: voltage operation not allowed\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "RK3588: a board whose firmware does not know the clock": ("""
[    2.448832] RKNPU fdab0000.npu: rockchip_pvtpll_set_volt_sel: error cfg clk_id=6 voltsel (-1)
""", {"suspect": None, "cause": None, "lines": "cannot adjust the NPU's clock"}),
    "the kernel's power domains: the memory of a domain (RK3576)": (
        "[    4.1] rockchip-pm-domain 27380000.power-management: failed to get mem status 'npu0', target_on=1, val=0\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch on"}),
    "frepkovsky/rk3568-npu-ODROID-M1: its own list of clocks": ("""
[    7.1] RKNPU fde40000.npu: RKNPU: SCMI clock not found, devfreq disabled
[    7.2] RKNPU fde40000.npu: OPP table not found in DT: -19
""", {"suspect": None, "cause": None, "lines": "the NPU keeps the clock it started with"}),
}
