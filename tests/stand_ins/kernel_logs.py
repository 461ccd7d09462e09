# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Lines about the NPU in public kernel logs, each with its source."""

from __future__ import annotations

HEALTHY = {
    "rockchip-linux/kernel#371, RK3562, 0.9.8": """
[    2.167656] RKNPU ff300000.npu: can't request region for resource [mem 0xff300000-0xff30ffff]
[    2.167946] [drm] Initialized rknpu 0.9.8 20240828 for ff300000.npu on minor 1
[    2.168273] RKNPU ff300000.npu: bin=0
[    2.168355] RKNPU ff300000.npu: leakage=3
[    2.168419] RKNPU ff300000.npu: pvtm = 843, get from otp
[    2.168430] RKNPU ff300000.npu: pvtm-volt-sel=3
[    2.168736] RKNPU ff300000.npu: avs=0
[    2.168875] RKNPU ff300000.npu: l=10000 h=2147483647 hyst=5000 l_limit=0 h_limit=0 h_table=0
[    2.168961] RKNPU ff300000.npu: failed to find power_model node
[    2.168967] RKNPU ff300000.npu: RKNPU: failed to initialize power model
[    2.168970] RKNPU ff300000.npu: RKNPU: failed to get dynamic-coefficient
[    2.169180] RKNPU ff300000.npu: RKNPU: nbuf region: [0x00000000fe400000, 0x00000000fe440000), nbuf size: 0x40000
""",
    "istoreos/istoreos#971, RK3568, 0.8.2": """
[    0.767282] RKNPU fde40000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[    0.767358] RKNPU fde40000.npu: Looking up rknpu-supply from device tree
[    0.767551] RKNPU fde40000.npu: Looking up mem-supply property in node /npu@fde40000 failed
[    0.767617] RKNPU fde40000.npu: can't request region for resource [mem 0xfde40000-0xfde4ffff]
[    0.767944] [drm] Initialized rknpu 0.8.2 20220829 for fde40000.npu on minor 1
[    0.768179] vdd_npu: could not add device link fde40000.npu: -EEXIST
[    0.768182] vdd_npu: Failed to create debugfs directory
[    0.768298] RKNPU fde40000.npu: pvtm = 87600, from nvmem
[    0.769147] RKNPU fde40000.npu: l=0 h=2147483647 hyst=5000 l_limit=0 h_limit=0 h_table=0
""",
    "ophub/amlogic-s9xxx-armbian#3414, RK3566, 6.1.141": """
[    6.246188] rockchip-pm-domain fdd90000.power-management:power-controller: Looking up npu-supply property in node \
/power-management@fdd90000/power-controller failed
[   10.749589] rockchip,bus bus-npu: bin=0
[   10.749626] rockchip,bus bus-npu: Failed to get leakage
[   10.749683] rockchip,bus bus-npu: pvtm = 90880, from nvmem
[   10.750062] rockchip,bus bus-npu: avs=0
[   10.923237] RKNPU fde40000.npu: Adding to iommu group 0
""",
    "radxa/meta-rockchip#4, ROCK 5B, 0.8.2": """
[    5.856315] RKNPU fdab0000.npu: can't request region for resource [mem 0xfdad0000-0xfdadffff]
[    5.856717] [drm] Initialized rknpu 0.8.2 20220829 for fdab0000.npu on minor 1
[    5.859670] RKNPU fdab0000.npu: leakage=17
[    5.859700] debugfs: Directory 'fdab0000.npu-rknpu' with parent 'vdd_npu_s0' already present!
[    5.866914] RKNPU fdab0000.npu: pvtm=898
[    5.871942] RKNPU fdab0000.npu: avs=0
""",
    "ophub/fnnas#620, RK3576, 6.18, 0.9.8": """
[    0.959142] platform 27700000.npu: Adding to iommu group 2
[    1.707406] rk_gmac-dwmac 2a220000.ethernet: clock input or output? (input).
[    4.028645] RKNPU 27700000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[    4.028876] RKNPU 27700000.npu: error -EBUSY: can't request region for resource [mem 0x27700000-0x27707fff]
[    4.029443] [drm] Initialized rknpu 0.9.8 for 27700000.npu on minor 1
""",
    "MichaIng/DietPi#7457, Orange Pi 5 Max, 0.9.8": """
[   15.386381] RKNPU fdab0000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[   15.388313] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1
[   15.388801] rockchip-pm-domain fd8d8000.power-management:power-controller: Looking up nputop-supply property in \
node /power-management@fd8d8000/power-controller failed
""",
    "edk2-porting/edk2-rk3588#62, RK3588": """
[    9.049109] vdd_npu_s0: could not add device link fdab0000.npu: -EEXIST
[    9.049115] vdd_npu_s0: Failed to create debugfs directory
[    9.051670] RKNPU fdab0000.npu: RKNPU: bin=0
[    9.077196] RKNPU fdab0000.npu: failed to find power_model node
""",
    "airockchip/rknn-toolkit2#534, RK3576, 0.9.7": """
[6.356354] [drm] Initialized rknpu 0.9.7 20240424 for 27700000.npu on minor 1
[6.363258] RKNPU 27700000.npu: nbuf region: [0x000000003fe80000, 0x000000003ff80000)
""",
    "a page fault of another unit, rockchip-linux/mpp#736, RK3576": """
[   42.213800] rk_iommu 27920f00.iommu: Page fault at 0x0000000002010040 of type read
[   42.213900] rga: 0      0     : RGA2_core0[0x4] soft reset complete.
""",
    "README of an Arch repository for the Orange Pi 3B, 0.8.2": """
[   23.948577] RKNPU fde40000.npu: deferred probe timeout, ignoring dependency
[   23.955842] RKNPU fde40000.npu: Failed to get npu_leakage
[   23.961574] RKNPU fde40000.npu: RKNPU: failed to initialize power model
""",
    "a comment: a reset that a program asked for": """
[  100.000001] RKNPU: soft reset, num: 6
""",
}
"""No fault of the NPU is shown here, though much is called a failure."""

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
    "the same README, RK3566: four failures of two jobs": ("""
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
    "rockchip-linux/rknn-toolkit2#44, RK3568, IOMMU off": (
        "[    1.2] RKNPU fde40000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode\n",
        {"suspect": None, "lines": "comes from CMA"}),
    "istoreos/istoreos#2774, RK3588 (its GPU; the NPU has the same function)": (
        "[   13.5] RKNPU fdab0000.npu: rockchip_pvtpll_set_volt_sel: error cfg clk_id=6 voltsel (-1)\n",
        {"suspect": None, "lines": "the firmware cannot adjust the NPU's clock"}),
    "JeffyCN/rockchip_mirrors#12 (another unit's IOMMU), with the NPU's address": ("""
[   42.213800] rk_iommu fdab9000.iommu: Page fault at 0x0000000004382010 of type write
[   42.214509] rk_iommu fdab9000.iommu: iova = 0x0000000004382010: dte_index: 0x10 pte_index: 0x382 page_offset: 0x10
""", {"iommu_faults": 1, "suspect": "1 fault of the NPU's IOMMU"}),
    "notes: an Oops in the driver": (
        "[  300.1] pc : rknpu_gem_sync_ioctl+0x168/0x2b0 [rknpu]\n", {"suspect": "1 fault inside the driver"}),
    "the driver's source, 0.9.8: no clock": (
        "[    4.0] RKNPU fdab0000.npu: RKNPU: failed to get clk source for rknpu\n",
        {"suspect": None, "cause": "the clock of the NPU could not be set"}),
    "the kernel's driver core": (
        "[    4.0] RKNPU: probe of fdab0000.npu failed with error -110\n",
        {"suspect": None, "cause": "the NPU's power or clock did not come up in time"}),
    "the kernel's driver core, 6.9 and newer": (
        "[    4.0] RKNPU fdab0000.npu: probe with driver RKNPU failed with error -22\n",
        {"suspect": None, "cause": "the driver did not start"}),
    "ROCK 5A, 0.9.8: a language model that does not fit": ("""
[  100.000001] RKNPU: failed to allocate IOVA: -12
[  100.000002] RKNPU fdab0000.npu: RKNPU: rknpu_gem_get_pages: dma map 3212574720 fail
""", {"suspect": None, "cause": None, "iommu_faults": 0, "lines": "had no room for what a program asked for"}),
    "RK3568: CMA of 16 MiB and no IOMMU": ("""
[    2.000001] RKNPU fde40000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode
[   40.000001] cma: cma_alloc: reserved: alloc failed, req-size: 1560 pages, ret: -12
[   40.000002] RKNPU fde40000.npu: RKNPU: failed to allocate 6389760 buffer.
""", {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
    "rockchip-linux/rknn-toolkit2#218, RK3566, 4.19": ("""
[    4.000001] RKNPU fde40000.npu: swiotlb buffer is full (sz: 6422528 bytes)
[    4.000002] RKNPU fde40000.npu: swiotlb: coherent allocation failed, size=6422528
""", {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
    "rockchip-linux/kernel#387, RK3588, 0.9.8: domains after many runs": ("""
[    1.000001] RKNPU: mismatch domain get from iommu_get_domain_for_dev
[    1.000002] RKNPU fdab0000.npu: RKNPU: failed to switch iommu domain, id: 3, ret: -22
[    1.000003] RKNPU fdab0000.npu: RKNPU: rknpu_gem_get_pages: dma map 4096 fail
""", {"iommu_faults": 2, "remedy": "reboot the board", "cause": None}),
    "RK3588, mainline: a driver built for a heap of the vendor's kernel": ("""
[    1.000001] RKNPU fdab0000.npu: RKNPU: failed to find cma heap
[    1.000002] RKNPU fdab0000.npu: probe with driver RKNPU failed with error -12
""", {"suspect": None, "cause": None, "lines": "the driver did not start: the kernel lacks"}),
    "kind: a module that was left over beside a fault of the board": ("""
[    1.000001] rockchip-pm-domain fd8d8000.power-management:power-controller: failed to get ack on domain 'npu', val=0x0
[    1.000002] RKNPU: probe of fdab0000.npu failed with error -110
[    5.000001] rknpu: disagrees about version of symbol module_layout
""", {"cause": "failed to get ack on domain 'npu'", "cause_remedy": "the NPU gets no power"}),
    "the kernel's loader, our module over a built-in driver": ("""
[    5.000001] rknpu_dkms: disagrees about version of symbol module_layout
""", {"suspect": None, "cause": None, "lines": "module rknpu does not fit"}),
    "the kernel's report beside rockchip-linux/rknn-toolkit2#320 (\"Disabling IRQ #42\"), 0.9.3": ("""
[  578.882000] irq 42: nobody cared (try booting with the "irqpoll" option)
[  578.882200] [<0000000012345678>] rknpu_core1_irq_handler
[  578.882333] Disabling IRQ #42
""", {"suspect": "1 fault inside the driver", "remedy": "update the driver"}),
    "the kernel's loader, after a kernel update without a new build": ("""
[    1.000001] rknpu: disagrees about version of symbol module_layout
""", {"suspect": None, "cause": None, "lines": "module rknpu does not fit the running kernel"}),
    "the kernel's devfreq": (
        "[    9.0] devfreq fdab0000.npu: dvfs failed with (-22) error\n",
        {"suspect": None, "cause": None, "lines": "the NPU's clock could not be changed"}),
}
"""`(log, {fact: its beginning or a part of it})`."""
