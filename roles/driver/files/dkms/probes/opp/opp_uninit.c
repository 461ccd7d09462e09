// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Not in vendor trees older than 5.10.198. */
#include <linux/device.h>
#include <soc/rockchip/rockchip_opp_select.h>

void probe_opp_uninit(struct device *dev, struct rockchip_opp_info *info);
void probe_opp_uninit(struct device *dev, struct rockchip_opp_info *info)
{
	rockchip_uninit_opp_table(dev, info);
}
