/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/* For kernels without this header of vendor trees; the driver leans on what that includes. */
#ifndef RKFLEET_ROCKCHIP_SYSTEM_MONITOR_H
#define RKFLEET_ROCKCHIP_SYSTEM_MONITOR_H

#include <linux/pm_opp.h>
#include <linux/pm_qos.h>
#include <linux/regulator/consumer.h>

struct monitor_dev_info;

#endif
