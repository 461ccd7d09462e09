# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public lines about jobs of the NPU that fail, and about its IOMMU."""

from __future__ import annotations

TELLING = {
    "a report of an H96 TV box, RK3566, 7.2, 0.9.8": ("""
[    2.190011] rk_gmac-dwmac fe010000.ethernet: clock input or output? (input).
[    7.025640] rknpu: loading out-of-tree module taints kernel.
[    7.034768] RKNPU fde40000.npu: RKNPU: rknpu iommu device-tree entry not found!, using non-iommu mode
[    7.040897] [drm] Initialized rknpu 0.9.8 for fde40000.npu on minor 1
[    7.045165] RKNPU fde40000.npu: RKNPU: devfreq enabled, initial freq: 594000000 Hz, volt: 900000 uV
[    7.819715] input: gpio_ir_recv as /devices/platform/ir-receiver/rc/rc0/input1
[  105.708333] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0, elapsed time: 6226553us
[  105.812210] RKNPU: job timeout, flags: 0x0:
[  105.916209] RKNPU: soft reset, num: 2
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed since the driver was loaded"}),
    "airockchip/rknn-toolkit2#536, RK3588, 5.10.110": ("""
[259200.000001] RKNPU: failed to wait job, task counter: 74, flags: 0x1, ret = -512, elapsed time: 13624us
[259200.108071] RKNPU: job abort, flags: 0x1, ret: 0, elapsed time: 121694us
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed"}),
    "mtx512/rk3588-npu#3, RK3568": ("""
[  100.000001] RKNPU: job: 000000004eb23a7b, iommu domain id: 0, wait_count: 1, continue wait: 0, commit elapse time: \
6251358us, wait time: 6251362us, timeout: 6000000us
[  100.000002] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0, elapsed time: 6252728us
[  100.100001] RKNPU: job timeout, flags: 0x0:
[  100.100002] RKNPU: \tcore 0 irq status: 0x0, raw status: 0x0, require mask: 0x300, task counter: 0x0, elapsed time: \
6359758us
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed"}),
    "README of an Arch repository for the Orange Pi 3B, RK3566: four failures of two jobs": ("""
[  605.159276] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0, elapsed time: 6160643us
[  605.267268] RKNPU: job timeout, flags: 0x0, irq status: 0x0, raw status: 0x0, require mask: 0x300, task counter: 0x0
[  605.375257] RKNPU: soft reset
[  607.915608] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = -512, elapsed time: 2524485us
[  608.023253] RKNPU: job abort, flags: 0x0, ret: -512, elapsed time: 2632132us
""", {"jobs_failed": 2, "suspect": "2 jobs of the NPU failed"}),
    "a Talos board, RK3588, 0.9.8: core 1, without times": ("""
RKNPU fdab0000.rknpu: RKNPU: rknpu iommu device-tree entry not found!, using non-iommu mode
RKNPU fdab0000.rknpu: RKNPU: Initialized RKNPU driver: v0.9.8 for 20240828
RKNPU: core 1 irq status: 0x0, raw status: 0x0, require mask: 0x300, task counter: 0x0, elapsed time: 6176579us
RKNPU: job timeout, flags: 0x0
RKNPU: soft reset, num: 1
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed since the driver was loaded"}),
    "JeffyCN/rockchip_mirrors#12 (another unit's IOMMU), with the NPU's address": ("""
[   42.213800] rk_iommu fdab9000.iommu: Page fault at 0x0000000004382010 of type write
[   42.214509] rk_iommu fdab9000.iommu: iova = 0x0000000004382010: dte_index: 0x10 pte_index: 0x382 page_offset: 0x10
""", {"iommu_faults": 1, "suspect": "1 fault of the NPU's IOMMU"}),
    "rockchip-linux/kernel#387, RK3588, 0.9.8: domains after many runs": ("""
[    1.000001] RKNPU: mismatch domain get from iommu_get_domain_for_dev
[    1.000002] RKNPU fdab0000.npu: RKNPU: failed to switch iommu domain, id: 3, ret: -22
[    1.000003] RKNPU fdab0000.npu: RKNPU: rknpu_gem_get_pages: dma map 4096 fail
""", {"iommu_faults": 2, "remedy": "reboot the board", "cause": None}),
    "RK3588, 0.9.8: memory that cannot be given back": ("""
[  500.1] RKNPU fdab0000.npu: RKNPU: switch iommu domain time out, failed to switch iommu domain, id: 2
[  500.2] RKNPU fdab0000.npu: RKNPU: failed to destroy memory
""", {"iommu_faults": 2, "remedy": "reboot the board", "cause": None}),
    "RK3588: the IOMMU, and then the jobs": ("""
[   90.1] rk_iommu fdab9000.iommu: Page fault at 0x0000000000000000 of type read
[   96.1] RKNPU: job timeout, flags: 0x0:
[   96.2] RKNPU: soft reset, num: 6
[   97.1] RKNPU: job commit failed
[   97.2] RKNPU: job abort, flags: 0x0, ret: -22, elapsed time: 113us
""", {"jobs_failed": 2, "iommu_faults": 1, "suspect": "2 jobs of the NPU failed and 1 fault of the NPU's IOMMU"}),
    "RK3588, 0.9.8: the interrupt was off, the job had ended": ("""
[   50.1] RKNPU: failed to wait job, task counter: 0, flags: 0x5, ret = 0, elapsed time: 6144800us
[   50.2] RKNPU: job timeout, flags: 0x0:
[   50.3] RKNPU: \tcore 0 irq status: 0x200, raw status: 0xc0000200, require mask: 0x300, task counter: 0x0
""", {"jobs_failed": 1, "suspect": "1 job of the NPU failed"}),
    "RK3588, 7.1: mainline's driver": (
        "[   50.1] rocket fdab0000.npu: NPU job timed out\n",
        {"jobs_failed": 1, "suspect": "1 job of the NPU failed", "remedy": "the vendor's driver"}),
    "the kernel's IOMMU driver: an IOMMU that is not the NPU's": (
        "[   40.1] rk_iommu fde4b000.iommu: BUS_ERROR occurred at 0x00000000ffe79000\n",
        {"suspect": None, "iommu_faults": 0}),
    "the kernel's IOMMU driver: the NPU's": (
        "[   40.1] rk_iommu fdab9000.iommu: BUS_ERROR occurred at 0x00000000ffe79000\n",
        {"iommu_faults": 1, "suspect": "1 fault of the NPU's IOMMU", "remedy": "mem=3840M"}),
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
    "RK3588: a job of a minute": ("""
[  100.1] RKNPU: job timeout, flags: 0x0, elapsed time: 60799192us
[  100.2] RKNPU: soft reset, num: 6
[  100.3] RKNPU: switch iommu domain from 1 to 0
""", {"jobs_failed": 1}),
    "a patch for mainline, 2026-01, RK3588: core 0 is missing": ("""
[   50.1] rocket fdac0000.npu: NPU job timed out
[   51.1] rocket fdad0000.npu: NPU job timed out
""", {"jobs_failed": 2, "remedy": "the vendor's driver"}),
    "RK3576, mainline: its IOMMU after a job that took too long": ("""
[   50.1] rocket 27708000.npu: NPU job timed out
[   50.2] rk_iommu 27702000.iommu: Enable stall request timed out, status: 0x00004b
[   50.3] rk_iommu 27702000.iommu: Error during raw reset. MMU_DTE_ADDR is not functioning
""", {"jobs_failed": 1, "iommu_faults": 2}),
    "the vendor's kernel, which tries it again with the IOMMU": ("""
[   50.1] rk_iommu fdab9000.iommu: Enable paging request timed out, retry_count = 3, status: 0x000018
""", {"iommu_faults": 1, "suspect": "1 fault of the NPU's IOMMU"}),
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
}
