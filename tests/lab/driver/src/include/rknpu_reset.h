/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_RESET_H
#define __LINUX_RKNPU_RESET_H

#include <linux/reset.h>

#include "rknpu_drv.h"

int rknpu_reset_get(struct rknpu_device *rknpu_dev);
int rknpu_soft_reset(struct rknpu_device *rknpu_dev);

#endif
