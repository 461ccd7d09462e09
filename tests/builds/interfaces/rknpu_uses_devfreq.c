// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * What the vendor's rknpu_devfreq.c asks of a vendor kernel, beyond what the lab's stand-in does: our own code, no driver.
 */

#include <linux/devfreq_cooling.h>
#include <linux/pm_runtime.h>
#include <../drivers/devfreq/governor.h>
#include "rknpu_drv.h"
#include "rknpu_devfreq.h"

static const struct rockchip_opp_data rknpu_uses_opp_data = {
	.set_soc_info = rockchip_opp_set_low_length,
};

int rknpu_uses_devfreq(struct rknpu_device *rknpu_dev);
int rknpu_uses_devfreq(struct rknpu_device *rknpu_dev)
{
	struct device *dev = rknpu_dev->dev;
	unsigned long freq = 0;
	struct dev_pm_opp *opp = devfreq_recommended_opp(dev, &freq, 0);

	dev_pm_opp_put(opp);
	mutex_lock(&rknpu_dev->devfreq->lock);
	update_devfreq(rknpu_dev->devfreq);
	mutex_unlock(&rknpu_dev->devfreq->lock);
	rockchip_uninit_opp_table(dev, &rknpu_dev->opp_info);
	rknpu_dev->opp_info.data = &rknpu_uses_opp_data;
	return dev_pm_opp_set_rate(dev, freq);
}
