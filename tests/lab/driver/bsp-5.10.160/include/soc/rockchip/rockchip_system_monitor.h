/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels 5.10.110 to 5.10.209, for builds; not the vendor's.
 */
#ifndef __SOC_ROCKCHIP_SYSTEM_MONITOR_H
#define __SOC_ROCKCHIP_SYSTEM_MONITOR_H

#include <linux/cpumask.h>
#include <linux/pm_opp.h>
#include <linux/pm_qos.h>
#include <linux/regulator/consumer.h>

struct monitor_dev_info;
struct rockchip_opp_info;

/* Spelled MONITOR_TPYE_ in 5.10.110. */
enum monitor_dev_type {
	MONITOR_TYPE_CPU = 0,
	MONITOR_TYPE_DEV,
};

struct monitor_dev_profile {
	enum monitor_dev_type type;
	void *data;
	bool is_checked;
	int (*low_temp_adjust)(struct monitor_dev_info *info, bool is_low);
	int (*high_temp_adjust)(struct monitor_dev_info *info, bool is_low);
	int (*update_volt)(struct monitor_dev_info *info);
	struct cpumask allowed_cpus;
	struct rockchip_opp_info *opp_info;
};

struct monitor_dev_info *rockchip_system_monitor_register(struct device *dev,
							  struct monitor_dev_profile *devp);
void rockchip_system_monitor_unregister(struct monitor_dev_info *info);
int rockchip_monitor_dev_low_temp_adjust(struct monitor_dev_info *info, bool is_low);
int rockchip_monitor_dev_high_temp_adjust(struct monitor_dev_info *info, bool is_high);
int rockchip_monitor_check_rate_volt(struct monitor_dev_info *info);
void rockchip_monitor_volt_adjust_lock(struct monitor_dev_info *info);
void rockchip_monitor_volt_adjust_unlock(struct monitor_dev_info *info);

#endif
