/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_DEVFREQ_H
#define __LINUX_RKNPU_DEVFREQ_H

/* As in the vendor's: without devfreq, runtime resume fails and with it the probe. */
#ifdef CONFIG_PM_DEVFREQ
void rknpu_devfreq_lock(struct rknpu_device *rknpu_dev);
void rknpu_devfreq_unlock(struct rknpu_device *rknpu_dev);
int rknpu_devfreq_init(struct rknpu_device *rknpu_dev);
void rknpu_devfreq_remove(struct rknpu_device *rknpu_dev);
int rknpu_devfreq_runtime_suspend(struct device *dev);
int rknpu_devfreq_runtime_resume(struct device *dev);
#else
static inline void rknpu_devfreq_lock(struct rknpu_device *rknpu_dev) { }
static inline void rknpu_devfreq_unlock(struct rknpu_device *rknpu_dev) { }
static inline int rknpu_devfreq_init(struct rknpu_device *rknpu_dev) { return -EOPNOTSUPP; }
static inline void rknpu_devfreq_remove(struct rknpu_device *rknpu_dev) { }
static inline int rknpu_devfreq_runtime_suspend(struct device *dev) { return -EOPNOTSUPP; }
static inline int rknpu_devfreq_runtime_resume(struct device *dev) { return -EOPNOTSUPP; }
#endif

#endif
