/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels 5.10.110 to 5.10.209, for builds; not the vendor's.
 */
#ifndef __SOC_ROCKCHIP_IOMMU_H
#define __SOC_ROCKCHIP_IOMMU_H

#include <linux/types.h>

struct device;

bool rockchip_iommu_is_enabled(struct device *dev);

#endif
