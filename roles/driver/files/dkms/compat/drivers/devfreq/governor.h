/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/*
 * Found as <../drivers/devfreq/governor.h> where the kernel's header package lacks that: what the driver uses of it.
 * The struct is ours, not the kernel's; rkfleet_governor.c gives the kernel one in a form it knows.
 */
#ifndef RKFLEET_DEVFREQ_GOVERNOR_H
#define RKFLEET_DEVFREQ_GOVERNOR_H

#include <linux/devfreq.h>

/* From 5.11 on it is the kernel's own governor.h that defines this. */
#ifndef DEVFREQ_NAME_LEN
#define DEVFREQ_NAME_LEN 16
#endif

struct devfreq_governor {
	const char name[DEVFREQ_NAME_LEN];
	int (*get_target_freq)(struct devfreq *devfreq, unsigned long *freq);
	int (*event_handler)(struct devfreq *devfreq, unsigned int event, void *data);
};

int rkfleet_add_governor(const struct devfreq_governor *governor);
int rkfleet_remove_governor(const struct devfreq_governor *governor);

#define devfreq_add_governor rkfleet_add_governor
#define devfreq_remove_governor rkfleet_remove_governor

#endif
