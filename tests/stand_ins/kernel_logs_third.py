# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A third part of the lines about the NPU in public kernel logs, as kernel_logs.py has them, with the other two."""

from __future__ import annotations

from stand_ins import kernel_logs_more

HEALTHY = {
    "RK3576, ArmSoM Sige5, 6.1: steps of the clock that the energy model does not use": """
[    3.805859] RKNPU 27700000.npu: Adding to iommu group 0
[    3.806802] RKNPU 27700000.npu: can't request region for resource [mem 0x27700000-0x27707fff]
[    3.807834] [drm] Initialized rknpu 0.9.6 20240322 for 27700000.npu on minor 1
[    3.810155] debugfs: Directory '27700000.npu-rknpu' with parent 'vdd_npu_s0' already present!
[    3.812502] RKNPU 27700000.npu: pvtm-volt-sel=1
[    3.814021] RKNPU 27700000.npu: EM: OPP:600000 is inefficient
""",
    "RK3576, 6.1.75, written in one line": """
RKNPU 27700000.npu:  bin=0  pvtm=868   pvtm-volt-sel=4
""",
    "RV1126B, 6.1.141: a driver for DMA_HEAP": """
[    4.722891] rga: Module initialized. v1.3.10
[    4.792004] RKNPU 22000000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[    4.792445] RKNPU 22000000.npu: RKNPU: Initialized RKNPU driver: v0.9.8 for 20240828
""",
    "RV1106, 0.9.2": """
[    2.754123] RKNPU ff660000.npu: Initialized RKNPU driver: v0.9.2
""",
    "the two flavors of the vendor's driver": """
[    5.1] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1
[    5.1] rknpu fdab0000.npu: Initialized RKNPU driver: v0.9.8 for 20240828
""",
    "RK3568, 6.18, 0.9.8: a module that comes up after the domain had failed for another one": """
[    7.832579] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', \
val=0x17e
[   11.111636] RKNPU fde40000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[   11.112688] RKNPU fde40000.npu: error -EBUSY: can't request region for resource [mem 0xfde40000-0xfde4ffff]
[   11.112776] RKNPU fde40000.npu: error -ENXIO: IRQ npu_irq not found
[   11.124035] [drm] Initialized rknpu 0.9.8 for fde40000.npu on minor 0
[   11.129434] RKNPU fde40000.npu: pvtm = 86760, from nvmem
[   11.129482] RKNPU fde40000.npu: soc version=0, speed=1
""",
    "a mail of 2026-06 on RK3568 with mainline's driver, which says that it is not fatal": """
[    2.700618] vdd_npu: Bringing 500000uV into 825000-825000uV
[    2.749637] rockchip-pm-domain fdd90000.power-management:power-controller: Failed to create device link (0x180) \
with supplier 0-0020 for /power-management@fdd90000/power-controller/power-domain@6
[    2.945955] platform fde40000.npu: Adding to iommu group 3
[    6.877647] [drm] Initialized rocket 0.0.0 for rknn on minor 0
[    6.879950] rocket fde40000.npu: Rockchip NPU core 0 version: 0
""",
    "RK3576, mainline, ROCK 4D": """
[    1.284413] [drm] Initialized rocket 0.0.0 for rknn on minor 0
[    1.286304] rocket 27700000.npu: Rockchip NPU core 0 version: 1179210311
""",
    "a mail on the ROCK 4D, RK3576: its supply is not in use": """
[   33.756516] vdd_npu_s0: disabling
""",
    "RK3588, 0.8.8, without its dots": """
[    4.482983] RKNPU fdab0000 npu: RKNPU: rknpu iommu is enabled using iommu mode
[    4.483810] [drm] Initialized rknpu 0.8.8 20230428 for fdab0000 npu on minor 1
[    4.486180] debugfs: Directory 'fdab0000 npu-rknpu' with parent 'vdd_npu_s0' already present
""",
    "rockchip-linux/rknn-toolkit#482, RV1126: the NPU of another maker": """
[    7.057000] galcore: start npu probe.
[    7.057173] galcore ffbc0000.npu: Linked as a consumer to regulator.4
[    7.068411] galcore ffbc0000.npu: Init npu devfreq
[    7.068496] galcore ffbc0000.npu: leakage=1.250
""",
    "RK3588: resets that a program asks for, one for each layer": """
[  900.1] RKNPU: soft reset, num: 6
[  901.1] RKNPU: soft reset, num: 6
""",
    "RK3588, 5.10.226: the report takes them for errors, the cause was another": """
[    2.443871] RKNPU fdab0000.npu: can't request region for resource [mem 0xfdab0000-0xfdabffff]
[    2.444459] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1
[    2.449021] RKNPU fdab0000.npu: failed to find power_model node
[    2.449034] RKNPU fdab0000.npu: RKNPU: failed to get dynamic-coefficient
""",
    "kind: a page fault of another unit, at an address and a time that hold the NPU's": """
[  277.012000] rk_iommu 27920f00.iommu: Page fault at 0x0000000027701040 of type read
[   12.277001] rk_iommu 27920f00.iommu: Page fault at 0x0000000002010040 of type read
""",
    **kernel_logs_more.HEALTHY,
}

TELLING = {
    "RV1106, 0.9.2, beside the camera": ("""
[    2.754123] RKNPU ff660000.npu: Initialized RKNPU driver: v0.9.2
[  100.1] RKNPU: wait time: 6150513us
[  100.2] RKNPU: job timeout
[  100.3] RKNPU: soft reset
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed since the driver was loaded"}),
    "w568w/rknpu-module, PLAN.md 7.5: RK3566, the IOMMU": ("""
[  100.1] RKNPU: job: 0000000027ea22d2, mask: 0x1, wait_count: 1, commit elapse time: 6177706us, timeout: 6000000us
[  100.2] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0
[  100.3] RKNPU: job timeout, flags: 0x0:
[  100.4] RKNPU: \tcore 0 irq status: 0x0, raw status: 0x10000, require mask: 0x300, task counter: 0x0
[  100.5] RKNPU: soft reset, num: 2
""", {"jobs_failed": 1, "iommu_faults": 0}),
    "RK3588: a minute": ("""
[  100.1] RKNPU: job timeout, flags: 0x0, elapsed time: 60799192us
[  100.2] RKNPU: soft reset, num: 6
[  100.3] RKNPU: switch iommu domain from 1 to 0
""", {"jobs_failed": 1}),
    "RK3576, mainline: a domain that the driver core has attached": ("""
[    1.1] rocket 27700000.npu: error -EEXIST: failed to attach NPU power domains
[    1.2] rocket 27700000.npu: probe with driver rocket failed with error -17
""", {"suspect": None, "cause": None, "lines": "mainline's driver rocket did not start"}),
    "RK3576, mainline: core 1 without two of its clocks": ("""
[    1.1] rocket 27708000.npu: error -ENOENT: Failed to get clk 'aclk_cbuf'
[    1.2] rocket 27708000.npu: probe with driver rocket failed with error -2
""", {"suspect": None, "cause": None, "lines": "mainline's driver rocket did not start"}),
    "a patch for mainline, 2026-01, RK3588: core 0 is missing": ("""
[   50.1] rocket fdac0000.npu: NPU job timed out
[   51.1] rocket fdad0000.npu: NPU job timed out
""", {"jobs_failed": 2, "remedy": "the vendor's driver"}),
    "RK3576, mainline: its IOMMU after that": ("""
[   50.1] rocket 27708000.npu: NPU job timed out
[   50.2] rk_iommu 27702000.iommu: Enable stall request timed out, status: 0x00004b
[   50.3] rk_iommu 27702000.iommu: Error during raw reset. MMU_DTE_ADDR is not functioning
""", {"jobs_failed": 1, "iommu_faults": 2}),
    "the vendor's kernel, which tries it again": ("""
[   50.1] rk_iommu fdab9000.iommu: Enable paging request timed out, retry_count = 3, status: 0x000018
""", {"iommu_faults": 1, "suspect": "1 fault of the NPU's IOMMU"}),
    "RK3576: the domain after 90 resets": ("""
[  900.1] rockchip-pm-domain 27380000.power-management:power-controller: failed to set idle on domain 'nputop', val=0
""", {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU"}),
    "RK3588: an Oops in one line": ("""
[  300.1] Unable to handle kernel NULL pointer dereference at 0xc: Oops in rknpu_gem_sync_ioctl+0x168
""", {"suspect": "1 fault inside the driver"}),
    "a warning whenever a program ends, which computes well": ("""
[    5.1] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1
[  700.1]  rknpu_gem_object_destroy+0x98/0x120 [rknpu]
""", {"suspect": None, "lines": "names this function of the driver"}),
    "kind: the same with the place in the driver": ("""
[  700.1] WARNING: CPU: 5 PID: 712 at drivers/rknpu/rknpu_gem.c:400 rknpu_gem_get_pages+0x98/0x120 [rknpu]
""", {"suspect": "1 fault inside the driver"}),
    "RK3588: Qwen3-4B": ("""
[  300.1] RKNPU: failed to allocate IOVA: -12
[  300.2] RKNPU fdab0000.npu: RKNPU: rknpu_gem_get_pages: dma map 93241344 fail
""", {"suspect": None, "iommu_faults": 0, "lines": "had no room for what a program asked for"}),
    "w568w/rknpu-module, its own list of clocks": ("""
[    7.1] RKNPU fde40000.npu: RKNPU: failed to set OPP regulators: -19
[    7.2] RKNPU fde40000.npu: RKNPU: failed to get recommended OPP: -34
""", {"suspect": None, "cause": None, "lines": "the NPU keeps the clock it started with"}),
    "driver 0.9.8, no memory for a job": ("""
[   60.1] RKNPU: failed to allocate rknpu job!
[   60.2] RKNPU: failed to initialize gem object
[   60.3] RKNPU: rknpu session alloc failed
""", {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
    "driver 0.9.8, a program for three cores on a SoC with one": ("""
[   60.1] RKNPU: invalid rknpu core mask: 0x7
[   60.2] RKNPU: Unknown use core num 3
""", {"suspect": None, "jobs_failed": 0, "lines": "a program asked for a core or a job"}),
    "the kernel's thermal zones has the NPU's at 115 degrees": ("""
[  600.1] thermal thermal_zone6: npu-thermal: critical temperature reached, shutting down
""", {"suspect": None, "cause": None, "lines": "its critical temperature"}),
    "RK3588, without its time": ("""
RKNPU fdab0000.npu: RKNPU: request npu1_irq failed: -22
RKNPU fdab0000.npu: probe with driver RKNPU failed with error -22
""", {"suspect": None, "cause": "did not get an interrupt of the NPU"}),
    **kernel_logs_more.TELLING,
}
"""`(log, {fact: its beginning or a part of it})`."""
