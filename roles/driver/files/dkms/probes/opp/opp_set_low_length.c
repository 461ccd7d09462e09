// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Not in vendor trees of 6.1.43, nor in 5.10. Others declare it with their own type, as their set_soc_info has it. */
#include <linux/device.h>
#include <soc/rockchip/rockchip_opp_select.h>

extern const struct rockchip_opp_data probe_opp_low_length;
const struct rockchip_opp_data probe_opp_low_length = {
	.set_soc_info = rockchip_opp_set_low_length,
};
