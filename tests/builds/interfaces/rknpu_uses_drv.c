// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * What the vendor's rknpu_drv.c, rknpu_reset.c and rknpu_job.c ask of a kernel, beyond what the lab's stand-in does: our
 * own code, no driver.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/of_irq.h>
#include <linux/of_platform.h>
#include <linux/of_reserved_mem.h>
#include <linux/platform_device.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/time.h>
#include <linux/uaccess.h>
#include <linux/ktime.h>
#include <linux/delay.h>
#include <linux/wait.h>
#include <linux/sched.h>
#include <linux/clk.h>
#include <linux/clk-provider.h>
#include <linux/pm_domain.h>
#include <linux/pm_runtime.h>
#include <linux/regmap.h>
#include <linux/of_address.h>
#include <linux/reset.h>
#include <linux/sync_file.h>

#include <soc/rockchip/rockchip_iommu.h>

#include "rknpu_ioctl.h"
#include "rknpu_reset.h"
#include "rknpu_fence.h"
#include "rknpu_drv.h"
#include "rknpu_gem.h"
#include "rknpu_devfreq.h"
#include "rknpu_iommu.h"

int rknpu_uses_power(struct rknpu_device *rknpu_dev, struct regulator *vdd);
int rknpu_uses_power(struct rknpu_device *rknpu_dev, struct regulator *vdd)
{
	struct device *dev = rknpu_dev->dev;
	bool val;
	int ret;

	vdd = devm_regulator_get_optional(dev, "rknpu");
	ret = IS_ERR(vdd) ? PTR_ERR(vdd) : regulator_enable(vdd);
	rknpu_devfreq_lock(rknpu_dev);
	ret = pm_runtime_resume_and_get(dev) ?: pm_runtime_get_sync(dev);
	pm_runtime_put_sync(dev);
	ret = readx_poll_timeout(rockchip_iommu_is_enabled, dev, val, !val, 1000, 20000);
	rknpu_devfreq_unlock(rknpu_dev);
	regulator_disable(vdd);
	set_user_nice(current, 0);
	return ret ?: regulator_get_voltage(vdd);
}

int rknpu_uses_probe(struct platform_device *pdev, struct rknpu_device *rknpu_dev);
int rknpu_uses_probe(struct platform_device *pdev, struct rknpu_device *rknpu_dev)
{
	const struct platform_device_info info = {
		.name = "rknpu_dev",
		.id = PLATFORM_DEVID_AUTO,
		.dma_mask = DMA_BIT_MASK(40),
	};
	struct platform_device *fake = platform_device_register_full(&info);
	struct resource *res = platform_get_resource(pdev, IORESOURCE_MEM, 0), sram;
	struct workqueue_struct *queue = create_freezable_workqueue("rknpu_power_off_wq");
	struct device *virt_dev = dev_pm_domain_attach_by_name(&pdev->dev, "npu0");
	struct reset_control *reset = devm_reset_control_get_exclusive_by_index(&pdev->dev, 0);
	struct device_node *node = of_parse_phandle(pdev->dev.of_node, "rockchip,sram", 0);
	u8 cores = 0;

	if (of_dma_configure(&fake->dev, NULL, true))
		platform_device_unregister(fake);
	of_reserved_mem_device_init(&pdev->dev);
	of_address_to_resource(node, 0, &sram);
	of_node_put(node);
	if (IS_ERR(devm_ioremap_resource(&pdev->dev, res)) || !devm_ioremap(&pdev->dev, sram.start, resource_size(&sram)))
		return -ENOMEM;
	if (of_property_match_string(pdev->dev.of_node, "nvmem-cell-names", "cores") >= 0)
		rockchip_nvmem_cell_read_u8(pdev->dev.of_node, "cores", &cores);
	if (platform_get_irq_byname(pdev, "npu0_irq") < 0 && platform_get_irq(pdev, 0) < 0)
		return -ENODEV;
	destroy_workqueue(queue);
	dev_pm_domain_detach(virt_dev, true);
	return reset_control_assert(reset) ?: reset_control_deassert(reset);
}

int rknpu_uses_job(wait_queue_head_t *done, struct hrtimer *timer, int fd);
int rknpu_uses_job(wait_queue_head_t *done, struct hrtimer *timer, int fd)
{
	struct dma_fence *fence = sync_file_get_fence(fd);
	ktime_t start = ktime_get();

	dma_fence_wait_timeout(fence, true, msecs_to_jiffies(1));
	dma_fence_put(fence);
	hrtimer_forward_now(timer, ktime_set(0, 1));
	pr_devel("%lld\n", ktime_us_delta(ktime_get(), start));
	return wait_event_timeout(*done, fd, msecs_to_jiffies(1));
}

static int rknpu_uses_suspend(struct device *dev)
{
	return pm_runtime_force_suspend(dev) ?: pm_runtime_force_resume(dev);
}

extern const struct dev_pm_ops rknpu_uses_pm_ops;
const struct dev_pm_ops rknpu_uses_pm_ops = {
	SET_SYSTEM_SLEEP_PM_OPS(rknpu_uses_suspend, rknpu_uses_suspend)
	SET_RUNTIME_PM_OPS(rknpu_uses_suspend, rknpu_uses_suspend, NULL)
};
