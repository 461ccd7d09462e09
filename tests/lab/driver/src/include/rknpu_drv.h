/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_DRV_H_
#define __LINUX_RKNPU_DRV_H_

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/irq.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>
#include <linux/regulator/consumer.h>
#include <linux/version.h>
#include <linux/hrtimer.h>
#include <linux/miscdevice.h>

#include <soc/rockchip/rockchip_opp_select.h>
//@if >=0.9.6
#include <soc/rockchip/rockchip_system_monitor.h>
#include <soc/rockchip/rockchip_ipa.h>
//@endif

#include "rknpu_job.h"
#include "rknpu_fence.h"
#include "rknpu_debugger.h"
#include "rknpu_mm.h"

#define DRIVER_NAME "rknpu"
#define DRIVER_DESC "RKNPU driver"
#define DRIVER_DATE "@DRIVER_DATE@"
#define DRIVER_MAJOR @DRIVER_MAJOR@
#define DRIVER_MINOR @DRIVER_MINOR@
#define DRIVER_PATCHLEVEL @DRIVER_PATCHLEVEL@

#define LOG_TAG "RKNPU"

#define RKNPU_LOAD_INTERVAL 1000000000

#define LOG_INFO(fmt, args...) pr_info(LOG_TAG ": " fmt, ##args)
#define LOG_WARN(fmt, args...) pr_warn(LOG_TAG ": " fmt, ##args)
#define LOG_ERROR(fmt, args...) pr_err(LOG_TAG ": " fmt, ##args)
#define LOG_DEV_INFO(dev, fmt, args...) dev_info(dev, LOG_TAG ": " fmt, ##args)
#define LOG_DEV_ERROR(dev, fmt, args...) dev_err(dev, LOG_TAG ": " fmt, ##args)

#define RKNPU_MAX_IOMMU_DOMAINS 16

struct rknpu_config {
	u64 dma_mask;
	const char * const *irq_names;
	int num_irqs;
	u64 max_submit_number;
	u32 core_mask;
};

struct rknpu_device {
	void __iomem *base[RKNPU_MAX_CORES];
	struct device *dev;
	struct drm_device *drm_dev;
	const struct rknpu_config *config;
	spinlock_t lock;
	struct list_head objects;
	struct mutex power_lock;
	struct mutex submit_lock;
	struct rknpu_fence_context *fence_ctx;
	bool iommu_en;
	int num_srsts;
	struct clk_bulk_data *clks;
	int num_clks;
	struct regulator *vdd;
	struct regulator *mem;
	struct devfreq *devfreq;
	unsigned long ondemand_freq;
	struct rockchip_opp_info opp_info;
	unsigned long current_freq;
	unsigned long current_volt;
	bool bypass_soft_reset;
	bool multiple_domains;
	atomic_t power_refcount;
	struct delayed_work power_off_work;
	struct workqueue_struct *power_off_wq;
	unsigned long power_put_delay;
	struct rknpu_debugger debugger;
	struct hrtimer timer;
	ktime_t kt;
	s64 busy_ns[RKNPU_MAX_CORES];
	s64 last_busy_ns[RKNPU_MAX_CORES];
	u32 sram_size;
	struct rknpu_mm *sram_mm;
	int iommu_domain_id;
	struct iommu_domain *iommu_domains[RKNPU_MAX_IOMMU_DOMAINS];
	struct device *genpd_devs[RKNPU_MAX_CORES];
//@if >=0.9.6
	struct monitor_dev_info *mdev_info;
//@endif
};

int rknpu_power_get(struct rknpu_device *rknpu_dev);
int rknpu_power_put(struct rknpu_device *rknpu_dev);
int rknpu_power_put_delay(struct rknpu_device *rknpu_dev);

#endif
