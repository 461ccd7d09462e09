/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/*
 * Found as <../drivers/devfreq/governor.h> where the kernel's header package lacks that. The driver's debug files
 * include it and use what <linux/devfreq.h> declares.
 */
#ifndef RKFLEET_DEVFREQ_GOVERNOR_H
#define RKFLEET_DEVFREQ_GOVERNOR_H

#include <linux/devfreq.h>

#endif
