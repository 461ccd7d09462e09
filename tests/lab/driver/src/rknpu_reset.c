// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/of.h>

#include "rknpu_reset.h"

int rknpu_reset_get(struct rknpu_device *rknpu_dev)
{
	int n = of_count_phandle_with_args(rknpu_dev->dev->of_node, "resets",
					   "#reset-cells");

	if (n <= 0) {
		LOG_DEV_ERROR(rknpu_dev->dev, "failed to get rknpu resets from dtb\n");
		return n;
	}
	rknpu_dev->num_srsts = n;
	return n;
}

int rknpu_soft_reset(struct rknpu_device *rknpu_dev)
{
	if (rknpu_dev->bypass_soft_reset) {
		LOG_WARN("bypass soft reset\n");
		return 0;
	}
	msleep(20);
	LOG_INFO("soft reset, num: %d\n", rknpu_dev->num_srsts);
	return 0;
}
