// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* In place of the driver's rknpu_devfreq.c on kernels without what that needs: the NPU stays at its clock's rate. */

#include <linux/errno.h>

struct device;
struct rknpu_device;

#include "rknpu_devfreq.h"

void rknpu_devfreq_lock(struct rknpu_device *rknpu_dev)
{
}

void rknpu_devfreq_unlock(struct rknpu_device *rknpu_dev)
{
}

int rknpu_devfreq_init(struct rknpu_device *rknpu_dev)
{
	return -EOPNOTSUPP;
}

void rknpu_devfreq_remove(struct rknpu_device *rknpu_dev)
{
}

int rknpu_devfreq_runtime_suspend(struct device *dev)
{
	return 0;
}

/* Anything but 0 makes the probe fail while insmod still succeeds. */
int rknpu_devfreq_runtime_resume(struct device *dev)
{
	return 0;
}
