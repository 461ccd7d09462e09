/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/*
 * For kernels without this header of vendor trees. The driver keeps one of these structures and, with devfreq left
 * out, never looks into it.
 */
#ifndef RKFLEET_ROCKCHIP_OPP_SELECT_H
#define RKFLEET_ROCKCHIP_OPP_SELECT_H

#include <linux/pm_opp.h>
#include <linux/types.h>

struct device_node;

struct rockchip_opp_info {
	void *unused;
};

#endif
