// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/slab.h>
#include <linux/delay.h>
#include <linux/sync_file.h>
#include <linux/io.h>

#include "rknpu_ioctl.h"
#include "rknpu_drv.h"
#include "rknpu_reset.h"
#include "rknpu_gem.h"
#include "rknpu_fence.h"
#include "rknpu_mem.h"
#include "rknpu_iommu.h"
#include "rknpu_job.h"

/* Nothing raises these in the lab; the registers behind them do not exist there. */
irqreturn_t rknpu_irq_handler(int irq, void *data)
{
	return IRQ_NONE;
}

/* The tasks a core was given, in the form the hardware would get them; false: it would hang. */
static bool rknpu_tasks_valid(struct rknpu_device *rknpu_dev,
			      struct rknpu_gem_object *obj, u32 start, u32 number)
{
	u64 room = obj->size / sizeof(struct rknpu_task);

	return number && number <= rknpu_dev->config->max_submit_number &&
	       (u64)start + number <= room;
}

static bool rknpu_job_valid(struct rknpu_device *rknpu_dev, struct rknpu_submit *args,
			    struct rknpu_gem_object *obj)
{
	int cores = hweight32(args->core_mask), i;

	if (rknpu_dev->config->num_irqs == 1)
		return rknpu_tasks_valid(rknpu_dev, obj, args->task_start, args->task_number);

	for (i = 0; i < RKNPU_MAX_CORES; i++) {
		struct rknpu_subcore_task *task = &args->subcore_task[cores == 3 ? i + 2 : i];

		if ((args->core_mask & BIT(i)) &&
		    !rknpu_tasks_valid(rknpu_dev, obj, task->task_start, task->task_number))
			return false;
	}
	return true;
}

//@if fault:submit
/* Asked for with --fault submit: every job hangs. */
static const bool rknpu_hardware_answers;
//@endif
//@if !fault:submit
//@if 0.9.3
/* The case the project exists for: this version on a 6.1 kernel loads, answers, and runs no job. */
static const bool rknpu_hardware_answers = LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0);
//@else
static const bool rknpu_hardware_answers = true;
//@endif
//@endif

static int rknpu_job_timeout(struct rknpu_device *rknpu_dev, struct rknpu_submit *args,
			     struct rknpu_task *last, ktime_t begun)
{
	s64 waited;
	int i;

	msleep(args->timeout);
	waited = ktime_us_delta(ktime_get(), begun);
//@if >=0.9.8
	LOG_ERROR("job: %p, mask: %#x, job iommu domain id: %d, dev iommu domain id: %d, wait_count: %d, continue wait: %d, commit elapse time: %lldus, wait time: %lldus, timeout: %uus\n",
		  args, args->core_mask, args->iommu_domain_id, rknpu_dev->iommu_domain_id, 1, 0,
		  waited, waited, args->timeout * 1000);
//@else
//@if >=0.9.3
	LOG_ERROR("job: %p, iommu domain id: %d, wait_count: %d, continue wait: %d, commit elapse time: %lldus, wait time: %lldus, timeout: %uus\n",
		  args, args->iommu_domain_id, 1, 0, waited, waited, args->timeout * 1000);
//@endif
//@endif
	last->int_status = 0;
	args->task_counter = 0;
	LOG_ERROR("failed to wait job, task counter: %d, flags: %#x, ret = %d, elapsed time: %lldus\n",
		  args->task_counter, args->flags, 0, ktime_us_delta(ktime_get(), begun));
	LOG_ERROR("job timeout, flags: %#x:\n", 0);
	for (i = 0; i < rknpu_dev->config->num_irqs; i++)
		if (args->core_mask & BIT(i))
			LOG_ERROR("\tcore %d irq status: %#x, raw status: %#x, require mask: %#x, task counter: %#x, elapsed time: %lldus\n",
				  i, 0, 0, last->int_mask, 0,
				  ktime_us_delta(ktime_get(), begun));
	rknpu_soft_reset(rknpu_dev);
	return -ETIMEDOUT;
}

static int rknpu_submit(struct rknpu_device *rknpu_dev, struct rknpu_submit *args)
{
	struct rknpu_gem_object *obj;
	struct rknpu_subcore_task *task;
	struct rknpu_task *base;
	ktime_t begun = ktime_get();
	u32 first, number;
	int core, i, ret = 0;

	if (!args->task_number) {
		LOG_ERROR("invalid rknpu task number!\n");
		return -EINVAL;
	}
	if (args->core_mask > rknpu_dev->config->core_mask) {
		LOG_ERROR("invalid rknpu core mask: %#x", args->core_mask);
		return -EINVAL;
	}
	if (!(args->flags & RKNPU_JOB_PC))
		return -EINVAL;
#ifndef CONFIG_ROCKCHIP_RKNPU_FENCE
	if (args->flags & (RKNPU_JOB_FENCE_IN | RKNPU_JOB_FENCE_OUT)) {
		LOG_ERROR("failed to use rknpu fence, please enable rknpu fence config!\n");
		return -EINVAL;
	}
#endif
	if (!args->core_mask)
		args->core_mask = RKNPU_CORE0_MASK;

	obj = rknpu_gem_object_by_token(rknpu_dev, args->task_obj_addr);
	if (!obj || !obj->kv_addr) {
		LOG_ERROR("job commit failed\n");
		return -EINVAL;
	}

	mutex_lock(&rknpu_dev->submit_lock);
	core = __ffs(args->core_mask);
	task = &args->subcore_task[hweight32(args->core_mask) == 3 ? core + 2 : core];
	first = rknpu_dev->config->num_irqs == 1 ? args->task_start : task->task_start;
	number = rknpu_dev->config->num_irqs == 1 ? args->task_number : task->task_number;
	base = obj->kv_addr;

	if (!rknpu_job_valid(rknpu_dev, args, obj)) {
		LOG_ERROR("stand-in: tasks of the job are out of range, the hardware would hang\n");
		args->task_counter = 0;
		ret = -ETIMEDOUT;
	} else if (!rknpu_hardware_answers) {
		ret = rknpu_job_timeout(rknpu_dev, args, &base[first + number - 1], begun);
	} else {
		for (i = first; i < first + number; i++)
			base[i].int_status = base[i].int_mask;
		/* About what a task of a small network takes. */
		usleep_range(40 * number, 60 * number);
		args->task_counter = args->task_number;
		args->hw_elapse_time = ktime_to_ns(ktime_sub(ktime_get(), begun));
		for (i = 0; i < rknpu_dev->config->num_irqs; i++)
			if (args->core_mask & BIT(i))
				rknpu_dev->busy_ns[i] += args->hw_elapse_time;
	}
	mutex_unlock(&rknpu_dev->submit_lock);
	drm_gem_object_put(&obj->base);

#ifdef CONFIG_ROCKCHIP_RKNPU_FENCE
	if (!ret && (args->flags & RKNPU_JOB_FENCE_OUT)) {
		args->fence_fd = rknpu_fence_signalled_fd(rknpu_dev);
		if (args->fence_fd < 0)
			ret = args->fence_fd;
	}
#endif
	return ret;
}

int rknpu_submit_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	return rknpu_submit(dev_get_drvdata(dev->dev), data);
}

int rknpu_get_hw_version(struct rknpu_device *rknpu_dev, u32 *version)
{
	void __iomem *base = rknpu_dev->base[0];

	*version = readl(base + RKNPU_OFFSET_VERSION) +
		   (readl(base + RKNPU_OFFSET_VERSION_NUM) & 0xffff);
	return 0;
}
