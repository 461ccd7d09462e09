// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Until 6.14. */
#include <linux/hrtimer.h>

void probe_hrtimer(struct hrtimer *timer);
void probe_hrtimer(struct hrtimer *timer)
{
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
}
