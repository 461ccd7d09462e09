// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/clk.h>
#include <linux/clk-provider.h>
#include <linux/devfreq_cooling.h>
#include <linux/pm_runtime.h>
#include <linux/regmap.h>
#include <../drivers/devfreq/governor.h>
#include "rknpu_drv.h"
#include "rknpu_devfreq.h"

//@if >=0.9.6
static struct monitor_dev_profile npu_mdevp = {
	.type = MONITOR_TYPE_DEV,
	.low_temp_adjust = rockchip_monitor_dev_low_temp_adjust,
	.high_temp_adjust = rockchip_monitor_dev_high_temp_adjust,
#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
	.check_rate_volt = rockchip_monitor_check_rate_volt,
#else
	.update_volt = rockchip_monitor_check_rate_volt,
#endif
};

#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
#define npu_lock(rknpu_dev) rockchip_opp_dvfs_lock(&(rknpu_dev)->opp_info)
#define npu_unlock(rknpu_dev) rockchip_opp_dvfs_unlock(&(rknpu_dev)->opp_info)

static int npu_set_soc_info(struct device *dev, struct device_node *np,
			    struct rockchip_opp_info *info)
{
	return 0;
}

static int npu_opp_config_clks(struct device *dev, struct opp_table *opp_table,
			       struct dev_pm_opp *opp, void *data, bool scaling_down)
{
	struct rknpu_device *rknpu_dev = dev_get_drvdata(dev);

	return rockchip_opp_config_clks(dev, opp_table, opp, data, scaling_down,
					&rknpu_dev->opp_info);
}

static int npu_opp_config_regulators(struct device *dev, struct dev_pm_opp *old_opp,
				     struct dev_pm_opp *new_opp, struct regulator **regulators,
				     unsigned int count)
{
	struct rknpu_device *rknpu_dev = dev_get_drvdata(dev);

	return rockchip_opp_config_regulators(dev, old_opp, new_opp, regulators, count,
					      &rknpu_dev->opp_info);
}
#else
#define npu_lock(rknpu_dev) rockchip_monitor_volt_adjust_lock((rknpu_dev)->mdev_info)
#define npu_unlock(rknpu_dev) rockchip_monitor_volt_adjust_unlock((rknpu_dev)->mdev_info)

static int npu_set_soc_info(struct device *dev, struct device_node *np, int bin, int process,
			    int volt_sel)
{
	return 0;
}
#endif

static const struct rockchip_opp_data rk3588_npu_opp_data = {
	.set_soc_info = npu_set_soc_info,
#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
	.config_clks = npu_opp_config_clks,
	.config_regulators = npu_opp_config_regulators,
#endif
};
//@if >=0.9.8

static const struct rockchip_opp_data rk3576_npu_opp_data = {
	.set_soc_info = rockchip_opp_set_low_length,
};
//@endif

static const struct of_device_id rockchip_npu_of_match[] = {
//@if >=0.9.8
	{ .compatible = "rockchip,rk3576", .data = &rk3576_npu_opp_data },
//@endif
	{ .compatible = "rockchip,rk3588", .data = &rk3588_npu_opp_data },
	{},
};
//@else
#define npu_lock(rknpu_dev) rockchip_opp_dvfs_lock(&(rknpu_dev)->opp_info)
#define npu_unlock(rknpu_dev) rockchip_opp_dvfs_unlock(&(rknpu_dev)->opp_info)
//@endif

static int npu_devfreq_target(struct device *dev, unsigned long *freq, u32 flags)
{
	struct rknpu_device *rknpu_dev = dev_get_drvdata(dev);

	npu_lock(rknpu_dev);
	rknpu_dev->current_freq = *freq;
	npu_unlock(rknpu_dev);
	return 0;
}

static int npu_devfreq_get_dev_status(struct device *dev, struct devfreq_dev_status *stat)
{
	return 0;
}

static int npu_devfreq_get_cur_freq(struct device *dev, unsigned long *freq)
{
	struct rknpu_device *rknpu_dev = dev_get_drvdata(dev);

	*freq = rknpu_dev->current_freq;
	return 0;
}

static struct devfreq_dev_profile npu_devfreq_profile = {
	.polling_ms = 50,
	.target = npu_devfreq_target,
	.get_dev_status = npu_devfreq_get_dev_status,
	.get_cur_freq = npu_devfreq_get_cur_freq,
};

static int rknpu_ondemand_func(struct devfreq *df, unsigned long *freq)
{
	struct rknpu_device *rknpu_dev = df->data;

	*freq = rknpu_dev && rknpu_dev->ondemand_freq ? rknpu_dev->ondemand_freq
						      : df->previous_freq;
	return 0;
}

static int rknpu_ondemand_handler(struct devfreq *df, unsigned int event, void *data)
{
	return 0;
}

static struct devfreq_governor devfreq_rknpu_ondemand = {
	.name = "rknpu_ondemand",
	.get_target_freq = rknpu_ondemand_func,
	.event_handler = rknpu_ondemand_handler,
};

void rknpu_devfreq_lock(struct rknpu_device *rknpu_dev)
{
	if (rknpu_dev->devfreq)
		npu_lock(rknpu_dev);
}
EXPORT_SYMBOL(rknpu_devfreq_lock);

void rknpu_devfreq_unlock(struct rknpu_device *rknpu_dev)
{
	if (rknpu_dev->devfreq)
		npu_unlock(rknpu_dev);
}
EXPORT_SYMBOL(rknpu_devfreq_unlock);

int rknpu_devfreq_init(struct rknpu_device *rknpu_dev)
{
	struct device *dev = rknpu_dev->dev;
	int ret;

//@if >=0.9.6
	rockchip_get_opp_data(rockchip_npu_of_match, &rknpu_dev->opp_info);
//@endif
	ret = rockchip_init_opp_table(dev, &rknpu_dev->opp_info, "clk_npu", "rknpu");
	if (ret) {
		LOG_DEV_ERROR(dev, "failed to init_opp_table\n");
		return -EINVAL;
	}
	rknpu_dev->current_freq = clk_get_rate(rknpu_dev->clks[0].clk);
	npu_devfreq_profile.initial_freq = rknpu_dev->current_freq;

	ret = devfreq_add_governor(&devfreq_rknpu_ondemand);
	if (ret) {
		LOG_DEV_ERROR(dev, "failed to add rknpu_ondemand governor\n");
		goto uninit;
	}
	rknpu_dev->devfreq = devm_devfreq_add_device(dev, &npu_devfreq_profile,
						     "rknpu_ondemand", rknpu_dev);
	if (IS_ERR(rknpu_dev->devfreq)) {
		LOG_DEV_ERROR(dev, "failed to add devfreq\n");
		ret = PTR_ERR(rknpu_dev->devfreq);
		rknpu_dev->devfreq = NULL;
		devfreq_remove_governor(&devfreq_rknpu_ondemand);
		goto uninit;
	}
	rknpu_dev->ondemand_freq = rknpu_dev->current_freq;
//@if >=0.9.6
	npu_mdevp.data = rknpu_dev->devfreq;
	npu_mdevp.opp_info = &rknpu_dev->opp_info;
	rknpu_dev->mdev_info = rockchip_system_monitor_register(dev, &npu_mdevp);
	if (IS_ERR(rknpu_dev->mdev_info))
		rknpu_dev->mdev_info = NULL;
//@endif
	return 0;

uninit:
//@if >=0.9.3
	rockchip_uninit_opp_table(dev, &rknpu_dev->opp_info);
//@endif
	return ret;
}
EXPORT_SYMBOL(rknpu_devfreq_init);

void rknpu_devfreq_remove(struct rknpu_device *rknpu_dev)
{
//@if >=0.9.6
	if (rknpu_dev->mdev_info)
		rockchip_system_monitor_unregister(rknpu_dev->mdev_info);
//@endif
	if (rknpu_dev->devfreq)
		devfreq_remove_governor(&devfreq_rknpu_ondemand);
}
EXPORT_SYMBOL(rknpu_devfreq_remove);

int rknpu_devfreq_runtime_suspend(struct device *dev)
{
	return 0;
}
EXPORT_SYMBOL(rknpu_devfreq_runtime_suspend);

int rknpu_devfreq_runtime_resume(struct device *dev)
{
	return 0;
}
EXPORT_SYMBOL(rknpu_devfreq_runtime_resume);
