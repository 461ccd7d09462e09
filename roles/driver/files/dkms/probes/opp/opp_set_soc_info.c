// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* As in vendor trees of 6.1; those of 5.10 have three integers in place of the last argument. */
#include <linux/device.h>
#include <soc/rockchip/rockchip_opp_select.h>

static int probe_set_soc_info(struct device *dev, struct device_node *np, struct rockchip_opp_info *info)
{
	return 0;
}

extern const struct rockchip_opp_data probe_opp_data;
const struct rockchip_opp_data probe_opp_data = {
	.set_soc_info = probe_set_soc_info,
};
