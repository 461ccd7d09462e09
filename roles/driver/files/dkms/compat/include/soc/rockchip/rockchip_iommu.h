/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/* For kernels without this header of vendor trees; the function comes from rkfleet_compat.h. */
#ifndef RKFLEET_ROCKCHIP_IOMMU_H
#define RKFLEET_ROCKCHIP_IOMMU_H

#include <linux/types.h>

struct device;

#endif
