/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/*
 * Included before rknpu_gem.c alone, where the kernel's private struct iommu_dma_cookie is no longer what the driver
 * copied: the driver looks into it only for buffers with this flag, which saves addresses, and then never does.
 */
#ifndef RKFLEET_IOVA_H
#define RKFLEET_IOVA_H

#include "rknpu_ioctl.h"

#define RKNPU_MEM_IOMMU_LIMIT_IOVA_ALIGNMENT 0

#endif
