# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the NPU's driver, its supply and its IOMMU print on boards where the NPU works."""

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
    "ophub/fnnas#621, RK3566, 6.18, 0.9.8: another board than the one that fails": """
[   16.346787] RKNPU fde40000.npu: RKNPU: rknpu iommu is enabled, using iommu mode
[   16.350469] [drm] Initialized rknpu 0.9.8 for fde40000.npu on minor 1
[   16.352188] RKNPU fde40000.npu: Failed to get specification_serial_number
[   16.352904] RKNPU fde40000.npu: Failed to get leakage
[   16.358192] RKNPU fde40000.npu: soc version=0, speed=0
[   16.359429] debugfs: 'fde40000.npu-rknpu' already exists in 'vdd_npu'
""",
    "RK3568, 6.6: the IOMMU by other words": """
[    1.2] platform fde40000.npu: Adding to iommu group 7
[    2.3] RKNPU fde40000.npu: iommu mode enabled
""",
    "the kernel's regulators: the bus of the regulator is not ready yet": """
[    1.1] vdd_npu_s0: failed to get the current voltage: -EPROBE_DEFER
[    1.2] vdd_npu: failed to get the current voltage(-517)
[    1.3] vdd_npu_s0: Bringing 500000uV into 550000-550000uV
""",
    "kind: a domain that waits for the driver": """
[   15.1] rockchip-pm-domain fd8d8000.power-management:power-controller: sync_state() pending due to fdab0000.npu
[   15.2] platform fdab0000.npu: Failed to create device link (0x180) with supplier fdab9000.iommu
""",
}
