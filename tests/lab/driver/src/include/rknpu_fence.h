/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_FENCE_H_
#define __LINUX_RKNPU_FENCE_H_

#include <linux/spinlock.h>
#include <linux/types.h>

struct rknpu_device;

struct rknpu_fence_context {
	u64 context;
	unsigned int seqno;
	spinlock_t spinlock;
};

int rknpu_fence_context_alloc(struct rknpu_device *rknpu_dev);
int rknpu_fence_signalled_fd(struct rknpu_device *rknpu_dev);

#endif
