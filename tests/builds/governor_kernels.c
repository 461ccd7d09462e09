// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Kernels with a struct devfreq_governor of this form and that, to which compat/rkfleet_governor.c gives a governor: an
 * ordinary program. FORM is 510, 511 or anything else for a kernel to come. Prints one word per step.
 */
#include <linux/devfreq.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <stdio.h>

#include <../drivers/devfreq/governor.h>

struct kernels_own {
	struct list_head node;
	const char name[16];
#if FORM == 510
	unsigned int immutable;
	unsigned int interrupt_driven;
#else
	unsigned long attrs;
	unsigned long flags;
#if FORM != 511
	unsigned long more;
#endif
#endif
	int (*get_target_freq)(struct devfreq *devfreq, unsigned long *freq);
	int (*event_handler)(struct devfreq *devfreq, unsigned int event, void *data);
};

static struct kernels_own *given;
static int events;

#undef devfreq_add_governor
#undef devfreq_remove_governor
int devfreq_add_governor(struct devfreq_governor *governor)
{
	given = (void *)governor;
	return 0;
}

int devfreq_remove_governor(struct devfreq_governor *governor)
{
	return (void *)governor == given ? 0 : -EINVAL;
}

static int target(struct devfreq *devfreq, unsigned long *freq)
{
	*freq = 42;
	return 0;
}

static int event(struct devfreq *devfreq, unsigned int event, void *data)
{
	events++;
	return 0;
}

static const struct devfreq_governor ours = { .name = "rknpu_ondemand", .get_target_freq = target, .event_handler = event };

static unsigned long flags(void)
{
#if FORM == 510
	return given->immutable | given->interrupt_driven;
#else
	return given->attrs | (given->flags & 3);
#endif
}

int main(void)
{
	unsigned long freq = 0;
	int early, rc;

	rkfleet_add_governor(&ours);
	printf("%s flags=%lu ", given->name, flags());
	early = given->get_target_freq(NULL, &freq);
	printf("early=%s ", early ? "refused" : freq == 42 ? "answered" : "wrong");
	rc = given->event_handler(NULL, 1, NULL);
	printf("start=%d ", rc);
	if (!rc) {
		freq = 0;
		given->get_target_freq(NULL, &freq);
		given->event_handler(NULL, 4, NULL);
		printf("target=%lu events=%d flags=%lu ", freq, events, flags());
	}
	printf("removed=%d\n", rkfleet_remove_governor(&ours));
	return 0;
}
