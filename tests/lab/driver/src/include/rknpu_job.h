/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_JOB_H_
#define __LINUX_RKNPU_JOB_H_

#include <linux/spinlock.h>
#include <linux/dma-fence.h>
#include <linux/irq.h>

#include <drm/drm_device.h>

#include "rknpu_ioctl.h"

#define RKNPU_MAX_CORES 3

#define RKNPU_CORE0_MASK 0x01
#define RKNPU_CORE2_MASK 0x04

struct drm_file;
struct rknpu_device;

irqreturn_t rknpu_irq_handler(int irq, void *data);
int rknpu_submit_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int rknpu_get_hw_version(struct rknpu_device *rknpu_dev, u32 *version);

#endif
