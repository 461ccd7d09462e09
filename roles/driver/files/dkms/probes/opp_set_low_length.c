// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Not in vendor trees of 6.1.43. */
#include <linux/device.h>
#include <soc/rockchip/rockchip_opp_select.h>

int probe_opp_low_length(struct device *dev, struct device_node *np, struct rockchip_opp_info *info);
int probe_opp_low_length(struct device *dev, struct device_node *np, struct rockchip_opp_info *info)
{
	return rockchip_opp_set_low_length(dev, np, info);
}
