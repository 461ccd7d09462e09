# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public reports of the kernel in which the driver is named, and how the NPU is set up."""

from __future__ import annotations

TELLING = {
    "rockchip-linux/rknn-toolkit2#44, RK3568, IOMMU off": (
        "[    1.2] RKNPU fde40000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode\n",
        {"suspect": None, "lines": "comes from CMA"}),
    "notes: an Oops in the driver": (
        "[  300.1] pc : rknpu_gem_sync_ioctl+0x168/0x2b0 [rknpu]\n", {"suspect": "1 fault inside the driver"}),
    "the kernel's report beside rockchip-linux/rknn-toolkit2#320 (\"Disabling IRQ #42\"), 0.9.3": ("""
[  578.882000] irq 42: nobody cared (try booting with the "irqpoll" option)
[  578.882200] [<0000000012345678>] rknpu_core1_irq_handler
[  578.882333] Disabling IRQ #42
""", {"suspect": "1 fault inside the driver", "remedy": "update the driver"}),
    "armbian/linux-rockchip#157: a lock that the handler waits for, of another report than a lost interrupt": ("""
[  100.1] rcu: INFO: rcu_preempt self-detected stall on CPU
[  100.2]  rknpu_irq_handler.isra.0+0x120/0x200
[  100.3]  rknpu_core1_irq_handler+0x18/0x20
""", {"suspect": None, "lines": "names this function of the driver"}),
    "RK3588, 0.9.8: a fault in the kernel behind memory that cannot be given back": ("""
[  500.1] RKNPU fdab0000.npu: RKNPU: switch iommu domain time out, failed to switch iommu domain, id: 2
[  501.2] pc : rknpu_iommu_dma_map_sg+0x48/0x1f0
""", {"suspect": "1 fault inside the driver", "cause": None}),
    "bug 35, RK3588: a fault while it starts": (
        "[    7.1] pc : rknpu_probe+0x6c0/0xb10 [rknpu]\n", {"suspect": "1 fault inside the driver"}),
    "RV1103, 0.8.2: works without IOMMU and without a regulator": ("""
[    8.771305] RKNPU ff660000.npu: RKNPU: rknpu iommu device-tree entry not found!, using non-iommu mode
[    8.772252] RKNPU ff660000.npu: RKNPU: Initialized RKNPU driver: v0.8.2 for 20220829
[    8.772373] RKNPU ff660000.npu: dev_pm_opp_set_regulators: no regulator (rknpu) found: -19
""", {"suspect": None, "cause": None, "jobs_failed": 0}),
    "RK3588, mainline with a module": ("""
[    7.1] rknpu: loading out-of-tree module taints kernel.
[    7.2] RKNPU fdab0000.npu: RKNPU: rknpu iommu device-tree entry not found!, using non-iommu mode
[    7.3] [drm] Initialized rknpu 0.9.8 for fdab0000.npu on minor 2
[    7.4] RKNPU fdab0000.npu: RKNPU: devfreq enabled, initial freq: 200000000 Hz, volt: 800000 uV
""", {"suspect": None, "cause": None, "lines": "comes from CMA"}),
    "RK3576, mainline: a domain that the driver core has attached": ("""
[    1.1] rocket 27700000.npu: error -EEXIST: failed to attach NPU power domains
[    1.2] rocket 27700000.npu: probe with driver rocket failed with error -17
""", {"suspect": None, "cause": None, "lines": "mainline's driver rocket did not start"}),
    "RK3576, mainline: core 1 without two of its clocks": ("""
[    1.1] rocket 27708000.npu: error -ENOENT: Failed to get clk 'aclk_cbuf'
[    1.2] rocket 27708000.npu: probe with driver rocket failed with error -2
""", {"suspect": None, "cause": None, "lines": "mainline's driver rocket did not start"}),
    "RK3588: an Oops in one line": ("""
[  300.1] Unable to handle kernel NULL pointer dereference at 0xc: Oops in rknpu_gem_sync_ioctl+0x168
""", {"suspect": "1 fault inside the driver"}),
    "a warning whenever a program ends, which computes well": ("""
[    5.1] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1
[  700.1]  rknpu_gem_object_destroy+0x98/0x120 [rknpu]
""", {"suspect": None, "lines": "names this function of the driver"}),
    "kind: a warning whenever a program ends, with the place in the driver": ("""
[  700.1] WARNING: CPU: 5 PID: 712 at drivers/rknpu/rknpu_gem.c:400 rknpu_gem_get_pages+0x98/0x120 [rknpu]
""", {"suspect": "1 fault inside the driver"}),
    "driver 0.9.8, a program for three cores on a SoC with one": ("""
[   60.1] RKNPU: invalid rknpu core mask: 0x7
[   60.2] RKNPU: Unknown use core num 3
[   60.3] RKNPU: failed to use rknpu fence, please enable rknpu fence config!
""", {"suspect": None, "jobs_failed": 0, "lines": "a program asked for a core or a job"}),
    "the kernel's thermal zones has the NPU's at 115 degrees": ("""
[  600.1] thermal thermal_zone6: npu-thermal: critical temperature reached, shutting down
""", {"suspect": None, "cause": None, "lines": "its critical temperature"}),
}
