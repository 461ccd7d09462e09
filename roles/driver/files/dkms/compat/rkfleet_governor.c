// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * A devfreq governor for a kernel whose own struct devfreq_governor is not known when this is compiled.
 *
 * There are two forms. Both begin with a list node and the name, which is all that registering looks at:
 *
 *   offset                32                  40                 48                 56
 *   Linux 5.10 and older  two ints, 0         get_target_freq    event_handler      (past its end)
 *   Linux 5.11 and newer  attrs, 0            flags              get_target_freq    event_handler
 *
 * The kernel itself says which it has: the first thing it does with a governor is to send the event START, and each place
 * where a handler could be holds another function. Until then 40 is an address, whose two lowest bits, the flags in use,
 * are 0; and 48 is an error when called for a frequency. A form that has its handler further on gets an error for an
 * answer: no frequency scaling then, and nothing else.
 */

#include <linux/devfreq.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/string.h>

#include <../drivers/devfreq/governor.h>

/* Registering and its opposite, as the kernel has them. */
#undef devfreq_add_governor
#undef devfreq_remove_governor
int devfreq_add_governor(struct devfreq_governor *governor);
int devfreq_remove_governor(struct devfreq_governor *governor);

/* An event, the same in all kernels. */
#define RKFLEET_START 1

typedef int (*rkfleet_target_t)(struct devfreq *devfreq, unsigned long *freq);
typedef int (*rkfleet_handler_t)(struct devfreq *devfreq, unsigned int event, void *data);

static struct {
	struct list_head node;
	char name[DEVFREQ_NAME_LEN];
	unsigned long at_32;
	union {
		rkfleet_target_t target;
		unsigned long flags;
	} at_40;
	union {
		rkfleet_target_t target;
		rkfleet_handler_t handler;
	} at_48;
	rkfleet_handler_t at_56;
	rkfleet_handler_t beyond[8];
} rkfleet_kernels;

static const struct devfreq_governor *rkfleet_ours;
static enum { RKFLEET_UNKNOWN, RKFLEET_5_10, RKFLEET_5_11 } rkfleet_form;

static int rkfleet_target(struct devfreq *devfreq, unsigned long *freq)
{
	return rkfleet_ours->get_target_freq(devfreq, freq);
}

static int rkfleet_event_5_10(struct devfreq *devfreq, unsigned int event, void *data)
{
	if (rkfleet_form == RKFLEET_UNKNOWN && event == RKFLEET_START)
		rkfleet_form = RKFLEET_5_10;
	return rkfleet_form == RKFLEET_5_10 ? rkfleet_ours->event_handler(devfreq, event, data) : -EINVAL;
}

static int rkfleet_event_5_11(struct devfreq *devfreq, unsigned int event, void *data)
{
	if (rkfleet_form == RKFLEET_UNKNOWN && event == RKFLEET_START) {
		rkfleet_kernels.at_40.flags = 0;
		rkfleet_kernels.at_48.target = rkfleet_target;
		rkfleet_form = RKFLEET_5_11;
	}
	return rkfleet_form == RKFLEET_5_11 ? rkfleet_ours->event_handler(devfreq, event, data) : -EINVAL;
}

static int rkfleet_event_elsewhere(struct devfreq *devfreq, unsigned int event, void *data)
{
	pr_warn("RKNPU: this kernel's struct devfreq_governor is not known: no frequency scaling\n");
	return -EOPNOTSUPP;
}

int rkfleet_add_governor(const struct devfreq_governor *governor)
{
	int i;

	BUILD_BUG_ON(offsetof(typeof(rkfleet_kernels), at_32) != 32 || offsetof(typeof(rkfleet_kernels), at_56) != 56);
	rkfleet_ours = governor;
	rkfleet_form = RKFLEET_UNKNOWN;
	memcpy(rkfleet_kernels.name, governor->name, sizeof(rkfleet_kernels.name));
	rkfleet_kernels.at_40.target = rkfleet_target;
	rkfleet_kernels.at_48.handler = rkfleet_event_5_10;
	rkfleet_kernels.at_56 = rkfleet_event_5_11;
	for (i = 0; i < ARRAY_SIZE(rkfleet_kernels.beyond); i++)
		rkfleet_kernels.beyond[i] = rkfleet_event_elsewhere;
	return devfreq_add_governor((void *)&rkfleet_kernels);
}

int rkfleet_remove_governor(const struct devfreq_governor *governor)
{
	return devfreq_remove_governor((void *)&rkfleet_kernels);
}
