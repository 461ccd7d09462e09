# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""More lines about the NPU in public kernel logs, as kernel_logs.py has them, of public files where none is named."""

from __future__ import annotations

from stand_ins import kernel_logs

HEALTHY = {
    "ophub/amlogic-s9xxx-armbian#3414, RK3566": """
[    6.246188] rockchip-pm-domain fdd90000.power-management:power-controller: Looking up npu-supply property in node \
/power-management@fdd90000/power-controller failed
[   10.749209] rockchip,bus bus-npu: Looking up bus-supply from device tree
[   10.749626] rockchip,bus bus-npu: Failed to get leakage
[   10.749683] rockchip,bus bus-npu: pvtm = 90880, from nvmem
[   10.749743] rockchip,bus bus-npu: Looking up pvtm-supply from device tree
""",
    "Pelochus/ezrknpu#4, ROCK 5A, 0.9.6": """
[   11.688653] RKNPU fdab0000.npu: Adding to iommu group 0
[   11.690126] RKNPU fdab0000.npu: can't request region for resource [mem 0xfdab0000-0xfdabffff]
[   11.691367] [drm] Initialized rknpu 0.9.6 20240322 for fdab0000.npu on minor 1
[   11.695165] RKNPU fdab0000.npu: RKNPU: Failed to get specification_serial_number
[   11.695193] RKNPU fdab0000.npu: Failed to get specification_serial_number
[   11.695215] RKNPU fdab0000.npu: Failed to get leakage
[   11.695335] debugfs: Directory 'fdab0000.npu-rknpu' with parent 'vdd_npu_s0' already present!
""",
    "ophub/fnnas#420, RK3588S, 0.9.8": """
[   10.614270] RKNPU fdab0000.npu: Adding to iommu group 14
[   10.615390] RKNPU fdab0000.npu: error -EBUSY: can't request region for resource [mem 0xfdab0000-0xfdabffff]
[   10.615634] [drm] Initialized rknpu 0.9.8 for fdab0000.npu on minor 1
[   10.617904] RKNPU fdab0000.npu: RKNPU: bin=0
""",
    "Orange Pi 3B, 6.1.115: it uses the only interrupt, though that has no name": """
[    6.404815] RKNPU fde40000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[    6.405038] RKNPU fde40000.npu: Looking up mem-supply property in node /npu@fde40000 failed
[    6.405122] RKNPU fde40000.npu: error -ENXIO: IRQ npu_irq not found
[    6.405925] [drm] Initialized rknpu 0.9.8 20240828 for fde40000.npu on minor 1
[    6.406500] vdd_npu: could not add device link fde40000.npu: -EEXIST
[    6.406517] RKNPU fde40000.npu: soc version=0, speed=0
[    6.406592] vdd_npu: Failed to create debugfs directory
[    6.407410] RKNPU fde40000.npu: l=0 h=2147483647 hyst=5000 l_limit=800000000 h_limit=0 h_table=0
""",
    "RK3588, 0.6.4": """
[   12.574149] [drm] Initialized rknpu 0.6.4 20211227 for fdab0000.npu on minor 1
[   12.578238] RKNPU fdab0000.npu: Failed to get npu_leakage
[   12.580514] RKNPU fdab0000.npu: pvtm=899
""",
    "RK3588, 5.10: the log has the thread of each line": """
[    7.905427][    T1] RKNPU fdab0000.npu: pvtm=867
[    7.979573][    T1] RKNPU fdab0000.npu: failed to find power_model node
[    7.979646][    T1] RKNPU fdab0000.npu: RKNPU: failed to initialize power model
""",
    "RK3568, 4.19": """
[    0.468455] rk_iommu fde4b000.iommu: version = 2
[    1.070992] vdd_npu: supplied by vcc3v3_sys
[    1.502765] iommu: Adding device fde40000.npu to group 0
[    1.502804] RKNPU fde40000.npu: Linked as a consumer to fde4b000.iommu
[    1.503513] RKNPU fde40000.npu: Linked as a consumer to regulator.18
[    1.504303] [drm] Initialized rknpu 0.8.2 20220829 for fde40000.npu on minor 1
""",
    "av1d/rk3588_npu_llm_server#2, RK3588S, 5.10.160": """
[    5.514809] vdd_npu_s0: supplied by vcc5v0_sys
[    5.518888] vdd_npu_s0: 550 <--> 950 mV at 800 mV, enabled
""",
    "rockchip-linux/rknn-toolkit#215: the supply is off until the driver wants it": """
[    1.615727] vdd_npu: disabling
""",
    "RK3588": """
[    2.1] RKNPU fdab0000.npu: RKNPU: sram region: [0x00000000ff001000, 0x00000000ff0f0000), sram size: 0xef000
""",
    "RK3588, mainline's driver": """
[    9.381923] [drm] Initialized rocket 0.0.0 for rknn on minor 0
[    9.382888] rocket fdab0000.npu: Rockchip NPU core 0 version: 1179210309
[    9.385386] rocket fdac0000.npu: Rockchip NPU core 1 version: 1179210309
""",
    "a monitor of the NPU's voltage without its reset": """
[    1.2] rockchip-pvtm fe000000.syscon:npu-pvtm: failed to get rst 0 npu
""",
    "RK3588, 0.9.8: what this SoC does not count": """
[ 3330.115567] RKNPU: Get rw_amount is not supported on this device!
[ 3330.115609] RKNPU: Get total_rw_amount is not supported on this device!
""",
    "armbian/build#6355, CM3588": """
[    4.800999] rockchip-pm-domain fd8d8000.power-management:power-controller: Looking up npu-supply property in node \
/power-management@fd8d8000/power-controller failed
[    4.802778] RKNPU fdab0000.npu: Looking up rknpu-supply from device tree
[    4.803841] RKNPU fdab0000.npu: can't request region for resource [mem 0xfdab0000-0xfdabffff]
""",
    "RK3576, 6.1.75": """
[    5.1] RKNPU 27700000.npu: Failed to get leakage
""",
    "airockchip/rknn-toolkit2#438, Android: a property that no policy knows": """
[   12.3] type=1400 audit(0.0:12): avc: denied { read } for comm="rknn_server" name="u:object_r:default_prop:s0" \
dev="tmpfs" ino=151 scontext=u:r:rknn_server:s0 tcontext=u:object_r:default_prop:s0 tclass=file permissive=0
""",
    "the kernel with initcall_debug": """
[    4.1] calling  rknpu_init+0x0/0x38 @ 1
[    4.2] probe of fdab0000.npu returned 0 after 80123 usecs
[    4.3] initcall rknpu_init+0x0/0x38 returned 0 after 81234 usecs
""",
    "a comment in drivers of one core: a change of the IOMMU's domain that works (driver 0.9.8)": """
[  100.1] RKNPU: switch iommu domain from 0 to 1
[  100.2] RKNPU: non-contiguous allocation is not supported without IOMMU, falling back to contiguous buffer
""",
    **kernel_logs.HEALTHY,
}

TELLING = {
    "a patch for the RK3588's NPU in mainline: the supply is not ready yet": ("""
[   80.1] rockchip-pm-domain fd8d8000.power-management:power-controller: failed to set domain 'nputop' on, val=0
""", {"suspect": "1 fault of the NPU's power supply", "cause": "the power domain of the NPU did not switch on"}),
    "armbian/linux-rockchip#297 with its call trace": ("""
[    9.622828] rockchip-pm-domain fdd90000.power-management:power-controller: failed to get ack on domain 'npu', \
target_idle = 0, target_ack = 0, val=0x1ee
[    9.622902] Kernel panic - not syncing: panic_on_set_idle set ...
[    9.633614]  rknpu_init+0x1c/0x28
""", {"cause": "the power domain of the NPU did not switch on", "remedy": "supply (vdd_npu)"}),
    "RK3588, 6.18: an interrupt that a disabled node has, too": ("""
[    8.1] RKNPU fdab0000.npu: RKNPU: rknpu iommu is disabled, using non-iommu mode
[    8.2] RKNPU fdab0000.npu: error -EINVAL: request_irq(147) rknpu_core1_irq_handler [rknpu] 0x0 fdab0000.npu
[    8.3] RKNPU fdab0000.npu: RKNPU: request npu1_irq failed: -22
[    8.4] RKNPU fdab0000.npu: probe with driver RKNPU failed with error -22
""", {"suspect": None, "cause": "did not get an interrupt of the NPU", "cause_remedy": "interrupts of the NPU's node"}),
    "the kernel's interrupt core": (
        "[    8.1] genirq: Flags mismatch irq 42. 00000080 (fdab0000.npu) vs. 00000004 (fdab9000.iommu)\n",
        {"suspect": None, "cause": "did not get an interrupt"}),
    "RK3588, 7.1: the regulator at 2-0042 does not come up": ("""
[   14.611157] platform fdab0000.npu: deferred probe pending: platform: supplier 2-0042 not ready
[   14.619296] platform fdab9000.iommu: deferred probe pending: (reason unknown)
""", {"suspect": None, "cause": "supplier 2-0042 not ready", "cause_remedy": "no other driver"}),
    "the same for its IOMMU alone": (
        "[   14.619296] platform fdab9000.iommu: deferred probe pending: (reason unknown)\n",
        {"suspect": None, "cause": "the driver waits for another one"}),
    "RK3588, 0.9.8: memory that cannot be given back": ("""
[  500.1] RKNPU fdab0000.npu: RKNPU: switch iommu domain time out, failed to switch iommu domain, id: 2
[  500.2] RKNPU fdab0000.npu: RKNPU: failed to destroy memory
""", {"iommu_faults": 2, "remedy": "reboot the board", "cause": None}),
    "RK3588, 0.9.8: a fault in the kernel behind that": ("""
[  500.1] RKNPU fdab0000.npu: RKNPU: switch iommu domain time out, failed to switch iommu domain, id: 2
[  501.2] pc : rknpu_iommu_dma_map_sg+0x48/0x1f0
""", {"suspect": "1 fault inside the driver", "cause": None}),
    "bug 35, RK3588: a fault while it starts": (
        "[    7.1] pc : rknpu_probe+0x6c0/0xb10 [rknpu]\n", {"suspect": "1 fault inside the driver"}),
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
    "driver 0.9.6, which says it in other words": (
        "[   60.1] RKNPU: iommu_dma_alloc_iova failed\n",
        {"suspect": None, "iommu_faults": 0, "lines": "had no room for what a program asked for"}),
    "driver 0.9.8, no memory": (
        "[   60.1] RKNPU: failed to get pages: -12\n",
        {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
    "the kernel's loader, a module with the name of the built-in driver": (
        "[   20.1] rknpu: module is already loaded\n",
        {"suspect": None, "cause": None, "lines": "was refused"}),
    "the kernel's loader, headers of another configuration": ("""
[   20.1] module rknpu: .gnu.linkonce.this_module section size must match the kernel's built struct module size at \
run time
""", {"suspect": None, "cause": None, "lines": "module rknpu does not fit"}),
    "the kernel's loader, as in NickCao/nixos-riscv#20 for another module": (
        "[   20.1] rknpu: Unknown relocation type 57\n", {"suspect": None, "lines": "module rknpu does not fit"}),
    "the kernel's loader, modules with versions of symbols": (
        "[   20.1] rknpu_dkms: no symbol version for module_layout\n",
        {"suspect": None, "lines": "module rknpu does not fit"}),
    "the kernel's list of clocks": (
        "[   30.1] RKNPU fdab0000.npu: _set_opp_voltage: failed to set voltage (850000 850000 950000 mV): -22\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "the same for its clock": (
        "[   30.1] RKNPU fdab0000.npu: _generic_set_opp_clk_only: failed to set clock rate: -22\n",
        {"suspect": None, "cause": "the clock of the NPU could not be set"}),
    "the kernel's regulators": (
        "[   30.1] vdd_npu_s0: failed to enable: -ETIMEDOUT\n",
        {"suspect": "1 fault of the NPU's power supply", "cause": "the voltage of the NPU could not be set"}),
    "the same with a range of the device tree that the regulator lacks": (
        "[   30.1] vdd_npu_s0: unsupportable voltage range: 850000-550000uV\n",
        {"suspect": "1 fault of the NPU's power supply"}),
    "the kernel's IOMMU driver": (
        "[   40.1] rk_iommu fde4b000.iommu: BUS_ERROR occurred at 0x00000000ffe79000\n",
        {"suspect": None, "iommu_faults": 0}),
    "the same on an RK3588": (
        "[   40.1] rk_iommu fdab9000.iommu: BUS_ERROR occurred at 0x00000000ffe79000\n",
        {"iommu_faults": 1, "suspect": "1 fault of the NPU's IOMMU", "remedy": "mem=3840M"}),
    "SELinux, in the form of rockchip-linux/rknn-toolkit2#256": ("""
[   50.1] type=1400 audit(0.0:6513): avc: denied { read write } for comm="rknn" name="rknpu" dev="tmpfs" ino=401 \
scontext=u:r:untrusted_app:s0 tcontext=u:object_r:device:s0 tclass=chr_file permissive=0
""", {"suspect": None, "cause": None, "lines": "the security policy of the system"}),
    "AppArmor": ("""
[   50.1] audit: type=1400 audit(1700000000.1:22): apparmor="DENIED" operation="open" profile="docker-default" \
name="/dev/rknpu" pid=812 comm="python3" requested_mask="wr" denied_mask="wr" fsuid=0 ouid=0
""", {"suspect": None, "lines": "does not let a program open the NPU"}),
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
    "kind: the supply came up with a later start of the driver": ("""
[    4.1] platform fdab0000.npu: deferred probe pending: platform: supplier 2-0042 not ready
[   40.1] [drm] Initialized rknpu 0.9.8 for fdab0000.npu on minor 1
""", {"suspect": None, "cause": None}),
    **kernel_logs.TELLING,
}
"""`(log, {fact: its beginning or a part of it})`."""
