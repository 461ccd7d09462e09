# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public lines of a driver that does not start, or whose module is refused."""

from __future__ import annotations

TELLING = {
    "the kernel's driver core": (
        "[    4.0] RKNPU: probe of fdab0000.npu failed with error -110\n",
        {"suspect": None, "cause": "the NPU's power or clock did not come up in time"}),
    "the kernel's driver core, 6.9 and newer": (
        "[    4.0] RKNPU fdab0000.npu: probe with driver RKNPU failed with error -22\n",
        {"suspect": None, "cause": "the driver did not start"}),
    "RK3588, mainline: a driver built for a heap of the vendor's kernel": ("""
[    1.000001] RKNPU fdab0000.npu: RKNPU: failed to find cma heap
[    1.000002] RKNPU fdab0000.npu: probe with driver RKNPU failed with error -12
""", {"suspect": None, "cause": None, "lines": "the driver did not start: the kernel lacks"}),
    "the kernel's loader, our module over a built-in driver": ("""
[    5.000001] rknpu_dkms: disagrees about version of symbol module_layout
""", {"suspect": None, "cause": None, "lines": "module rknpu does not fit"}),
    "the kernel's loader, after a kernel update without a new build": ("""
[    1.000001] rknpu: disagrees about version of symbol module_layout
""", {"suspect": None, "cause": None, "lines": "module rknpu does not fit the running kernel"}),
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
    "RK3588, 7.1: that regulator is late, a line for the IOMMU alone": (
        "[   14.619296] platform fdab9000.iommu: deferred probe pending: (reason unknown)\n",
        {"suspect": None, "cause": "the driver waits for another one"}),
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
    "kind: the supply came up with a later start of the driver": ("""
[    4.1] platform fdab0000.npu: deferred probe pending: platform: supplier 2-0042 not ready
[   40.1] [drm] Initialized rknpu 0.9.8 for fdab0000.npu on minor 1
""", {"suspect": None, "cause": None}),
    "RK3588: an interrupt that is refused, without times": ("""
RKNPU fdab0000.npu: RKNPU: request npu1_irq failed: -22
RKNPU fdab0000.npu: probe with driver RKNPU failed with error -22
""", {"suspect": None, "cause": "did not get an interrupt of the NPU"}),
    "the kernel's loader with CONFIG_MODULE_SIG_FORCE": (
        "[    5.1] rknpu: Loading of module with unavailable key is rejected\n",
        {"suspect": None, "cause": None, "lines": "the kernel accepts signed modules only"}),
    "the kernel's loader with CONFIG_MODULE_SIG_FORCE and a module without a signature, 6.1": (
        "[    5.1] rknpu_dkms: loading of unsigned module is rejected\n",
        {"suspect": None, "cause": None, "lines": "signed modules only"}),
    "the kernel's driver core: a second driver of that name": (
        "[    5.1] Error: Driver 'RKNPU' is already registered, aborting...\n",
        {"suspect": None, "cause": None, "lines": "was refused"}),
    "the kernel's sysfs: a second driver of that name": (
        "[    5.1] sysfs: cannot create duplicate filename '/bus/platform/drivers/RKNPU'\n",
        {"suspect": None, "cause": None, "lines": "was refused"}),
    "ophub/fnnas#621, RK3566, 6.18: the firmware does not answer for the clocks": ("""
[    2.568921] arm-scmi arm-scmi.0.auto: Malformed reply - real_sz:8 calc_sz:4
[   15.076525] rk_iommu fde4b000.iommu: probe failed -110
[   16.360465] RKNPU fde40000.npu: probe failed -110
""", {"suspect": None, "cause": "the IOMMU of the NPU did not start", "cause_remedy": "firmware (TF-A)"}),
    "ophub/fnnas#621: the line of the driver alone": (
        "[   16.360465] RKNPU fde40000.npu: probe failed -110\n",
        {"suspect": None, "cause": "the NPU's power or clock did not come up in time", "cause_remedy": "(TF-A)"}),
    "kind: the IOMMU alone, in the kernel's words": (
        "[   15.1] rk_iommu: probe of fdab9000.iommu failed with error -110\n",
        {"suspect": None, "cause": "the IOMMU of the NPU did not start", "cause_remedy": "firmware (TF-A)"}),
    "kind: in the words of 6.9 and newer": (
        "[   15.1] rk_iommu fdab9000.iommu: probe with driver rk_iommu failed with error -22\n",
        {"suspect": None, "cause": "the IOMMU of the NPU did not start"}),
    "the kernel's device tree: a handle that leads nowhere": (
        "[    0.9] OF: /npu@fdab0000: could not find phandle 1234\n",
        {"suspect": None, "cause": "refers to another one that is missing", "cause_remedy": "no other driver"}),
    "the kernel's loader on 32 bits: a module that was built without what this kernel wants": (
        "[   20.1] rknpu: module PLT section(s) missing\n", {"suspect": None, "lines": "module rknpu does not fit"}),
    "the kernel's loader with BTF of another kernel": (
        "[   20.1] failed to validate module [rknpu] BTF: -22\n",
        {"suspect": None, "lines": "module rknpu does not fit"}),
    "the kernel's loader: a symbol of a namespace that the module was not built for": (
        "[    5.1] rknpu: module uses symbol (dma_buf_vmap_unlocked) from namespace DMA_BUF, but does not import it.\n",
        {"suspect": None, "cause": None, "lines": "module rknpu does not fit the running kernel"}),
}
