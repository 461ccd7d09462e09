# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public lines about memory that the NPU does not get, and about who may open it."""

from __future__ import annotations

TELLING = {
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
    "driver 0.9.6, which says it in other words": (
        "[   60.1] RKNPU: iommu_dma_alloc_iova failed\n",
        {"suspect": None, "iommu_faults": 0, "lines": "had no room for what a program asked for"}),
    "driver 0.9.8, no memory": (
        "[   60.1] RKNPU: failed to get pages: -12\n",
        {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
    "SELinux, in the form of rockchip-linux/rknn-toolkit2#256": ("""
[   50.1] type=1400 audit(0.0:6513): avc: denied { read write } for comm="rknn" name="rknpu" dev="tmpfs" ino=401 \
scontext=u:r:untrusted_app:s0 tcontext=u:object_r:device:s0 tclass=chr_file permissive=0
""", {"suspect": None, "cause": None, "lines": "the security policy of the system"}),
    "AppArmor": ("""
[   50.1] audit: type=1400 audit(1700000000.1:22): apparmor="DENIED" operation="open" profile="docker-default" \
name="/dev/rknpu" pid=812 comm="python3" requested_mask="wr" denied_mask="wr" fsuid=0 ouid=0
""", {"suspect": None, "lines": "does not let a program open the NPU"}),
    "RK3588: Qwen3-4B does not fit": ("""
[  300.1] RKNPU: failed to allocate IOVA: -12
[  300.2] RKNPU fdab0000.npu: RKNPU: rknpu_gem_get_pages: dma map 93241344 fail
""", {"suspect": None, "iommu_faults": 0, "lines": "had no room for what a program asked for"}),
    "driver 0.9.8, no memory for a job": ("""
[   60.1] RKNPU: failed to allocate rknpu job!
[   60.2] RKNPU: failed to initialize gem object
[   60.3] RKNPU: rknpu session alloc failed
""", {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
    "the kernel's DMA without IOMMU: memory above 4 GiB": (
        "[   50.1] RKNPU fdab0000.npu: overflow 0x0000000112345000+4096 of DMA mask ffffffff bus mask 0\n",
        {"suspect": None, "lines": "the kernel had no memory for the NPU"}),
}
