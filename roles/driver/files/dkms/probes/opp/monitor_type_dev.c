// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* The driver's spelling; vendor trees of 5.10.110 have another. */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pm_opp.h>
#include <linux/pm_qos.h>
#include <linux/regulator/consumer.h>
#include <linux/thermal.h>
#include <soc/rockchip/rockchip_system_monitor.h>

int probe_monitor_type(void);
int probe_monitor_type(void)
{
	return MONITOR_TYPE_DEV;
}
