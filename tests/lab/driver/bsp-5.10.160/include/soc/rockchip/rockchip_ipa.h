/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels 5.10.110 to 5.10.209, for builds; not the vendor's.
 */
#ifndef __SOC_ROCKCHIP_IPA_H
#define __SOC_ROCKCHIP_IPA_H

#include <linux/types.h>

struct device;

struct ipa_power_model_data {
	u32 static_coefficient;
	u32 dynamic_coefficient;
};

struct ipa_power_model_data *rockchip_ipa_power_model_init(struct device *dev, char *lkg_name);
unsigned long rockchip_ipa_get_static_power(struct ipa_power_model_data *data,
					    unsigned long voltage_mv);

#endif
