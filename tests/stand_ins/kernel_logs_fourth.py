# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A fourth part of the lines about the NPU in public kernel logs, as kernel_logs.py has them, with the other three."""

from __future__ import annotations

from stand_ins import kernel_logs_third

HEALTHY = {
    "Joshua-Riek/ubuntu-rockchip#109, RK3588, as syslog has it": """
Apr 10 00:42:58 rock kernel: [   14.855828] rockchip-pm-domain fd8d8000.power-management:power-controller: Looking up \
npu-supply from device tree
Apr 10 00:42:58 rock kernel: [   14.855847] rockchip-pm-domain fd8d8000.power-management:power-controller: Looking up \
npu-supply property in node /power-management@fd8d8000/power-controller failed
Apr 10 00:42:58 rock kernel: [   14.857129] RKNPU fdab0000.npu: Adding to iommu group 0
""",
    "bigtreetech/CB2#86, RK3566, 0.9.8: the owner takes them for errors": """
[    8.054088] RKNPU fde40000.npu: Adding to iommu group 0
[    8.055900] RKNPU fde40000.npu: can't request region for resource [mem 0xfde40000-0xfde4ffff]
[    8.057201] [drm] Initialized rknpu 0.9.8 20240828 for fde40000.npu on minor 1
[    8.058451] RKNPU fde40000.npu: bin=0
[    8.058587] RKNPU fde40000.npu: pvtm = 88820, from nvmem
""",
    "RK3588, 5.10": """
[    8.501815] rk_iommu fdab9000.iommu: version = 2
[   10.848766] RKNPU fdab0000.npu: failed to find power_model node
[   10.848810] RKNPU fdab0000.npu: RKNPU: failed to initialize power model
""",
    "RK3566, with the time of a serial console": """
[2022-11-11 12:08:08] [    2.457738] RKNPU fde40000.npu: l=0 h=2147483647 hyst=5000 l_limit=0 h_limit=0 h_table=0
[2022-11-11 12:08:08] [    2.457782] RKNPU fde40000.npu: RKNPU: failed to initialize power model
""",
    "RK3568, without times": """
RKNPU fde40000.npu: pvtm = 92120, from nvmem
RKNPU fde40000.npu: soc version=0, speed=3
RKNPU fde40000.npu: can't request region for resource [mem 0xfde40000-0xfde4ffff]
RKNPU fde40000.npu: RKNPU: failed to get dynamic-coefficient
""",
    "RK3562: the report takes it for the reason, which is another": """
[    2.1] RKNPU ff300000.npu: can't request region for resource [mem 0xff300000-0xff30ffff]
""",
    "flipperdevices/flipperone-linux-build-scripts#159, RK3576, mainline: the driver came too late": """
[   31.2] vdd_npu_s0: disabling
""",
    **kernel_logs_third.HEALTHY,
}

TELLING = {
    "the kernel's loader with CONFIG_MODULE_SIG_FORCE": (
        "[    5.1] rknpu: Loading of module with unavailable key is rejected\n",
        {"suspect": None, "cause": None, "lines": "the kernel accepts signed modules only"}),
    "the same with a module that has no signature, 6.1": (
        "[    5.1] rknpu_dkms: loading of unsigned module is rejected\n",
        {"suspect": None, "cause": None, "lines": "signed modules only"}),
    "the kernel's driver core: a second driver of that name": (
        "[    5.1] Error: Driver 'RKNPU' is already registered, aborting...\n",
        {"suspect": None, "cause": None, "lines": "was refused"}),
    "the kernel's sysfs says the same": (
        "[    5.1] sysfs: cannot create duplicate filename '/bus/platform/drivers/RKNPU'\n",
        {"suspect": None, "cause": None, "lines": "was refused"}),
    "the kernel's power domains": (
        "[    4.1] RKNPU fdab0000.npu: Failed to attach to PM Domain : -19\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch"}),
    "the kernel's regulators, of the regulator at 0x42": (
        "[   30.1] vdd_npu_s0: Failed to set voltage: -110\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "the vendor's list of clocks, 5.10": (
        "[   30.1] RKNPU fdab0000.npu: failed to set volt(800000 800000 950000 uV): -110\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "RK3588: one job after a reset": ("""
[  100.1] RKNPU: job: 0000000012ab34cd, mask: 0x1, wait_count: 1, timeout: 6000000us
[  100.2] RKNPU: failed to wait job, task counter: 0, flags: 0x5
[  100.3] RKNPU: job timeout, flags: 0x0:
[  100.4] RKNPU: \tcore 0 irq status: 0x0, raw status: 0xc0000000, require mask: 0x300, task counter: 0x0
[  100.5] RKNPU: soft reset, num: 6
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed"}),
    "RK3566: the IOMMU, which the report switches off": ("""
[  605.159276] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0, elapsed time: 6160643us
[  605.267268] RKNPU: job timeout, flags: 0x0, irq status: 0x0, raw status: 0x0, require mask: 0x300, task counter: 0x0
[  605.375257] RKNPU: soft reset
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed", "iommu_faults": 0}),
    "Orange Pi CM4: it does not boot any more": ("""
[    9.1] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', val=0x1
[    9.2] Kernel panic - not syncing: panic_on_set_idle set ...
""", {"cause": "the power domain of the NPU did not switch on", "cause_remedy": "vdd_npu"}),
    **kernel_logs_third.TELLING,
}
"""`(log, {fact: its beginning or a part of it})`."""
