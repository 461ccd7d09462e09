// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
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
#include <linux/slab.h>
//@if fault:lockup
#include <linux/stop_machine.h>
//@endif
#include <linux/uaccess.h>
#include <linux/ktime.h>
#include <linux/delay.h>
#include <linux/clk.h>
#include <linux/pm_domain.h>
#include <linux/pm_runtime.h>

#ifndef FPGA_PLATFORM
#include <soc/rockchip/rockchip_iommu.h>
#endif

#include "rknpu_ioctl.h"
#include "rknpu_reset.h"
#include "rknpu_fence.h"
#include "rknpu_drv.h"
#include "rknpu_gem.h"
#include "rknpu_devfreq.h"
#include "rknpu_iommu.h"

#include <drm/drm_device.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_file.h>
#include <drm/drm_drv.h>

static int bypass_irq_handler;
module_param(bypass_irq_handler, int, 0644);
MODULE_PARM_DESC(bypass_irq_handler, "do without interrupts if set to 1");

static int bypass_soft_reset;
module_param(bypass_soft_reset, int, 0644);
MODULE_PARM_DESC(bypass_soft_reset, "do without soft reset if set to 1");

static const char * const one_irq[] = { "npu_irq" };
static const char * const more_irqs[] = { "npu0_irq", "npu1_irq", "npu2_irq" };

static const struct rknpu_config rk356x_rknpu_config = {
	DMA_BIT_MASK(32), one_irq, 1, (1 << 12) - 1, 0x1
};
static const struct rknpu_config rk3588_rknpu_config = {
	DMA_BIT_MASK(40), more_irqs, 3, (1 << 12) - 1, 0x7
};
static const struct rknpu_config rk3583_rknpu_config = {
	DMA_BIT_MASK(40), more_irqs, 2, (1 << 12) - 1, 0x3
};
static const struct rknpu_config rv1106_rknpu_config = {
	DMA_BIT_MASK(32), one_irq, 1, (1 << 16) - 1, 0x1
};
static const struct rknpu_config rk3562_rknpu_config = {
	DMA_BIT_MASK(40), one_irq, 1, (1 << 16) - 1, 0x1
};
static const struct rknpu_config rk3576_rknpu_config = {
	DMA_BIT_MASK(40), more_irqs, 2, (1 << 16) - 1, 0x3
};

static const struct of_device_id rknpu_of_match[] = {
	{ .compatible = "rockchip,rknpu", .data = &rk356x_rknpu_config },
	{ .compatible = "rockchip,rk3568-rknpu", .data = &rk356x_rknpu_config },
	{ .compatible = "rockchip,rk3588-rknpu", .data = &rk3588_rknpu_config },
	{ .compatible = "rockchip,rv1106-rknpu", .data = &rv1106_rknpu_config },
	{ .compatible = "rockchip,rk3562-rknpu", .data = &rk3562_rknpu_config },
//@if >=0.9.6
	{ .compatible = "rockchip,rk3576-rknpu", .data = &rk3576_rknpu_config },
//@endif
	{},
};

static int rknpu_power_on(struct rknpu_device *rknpu_dev)
{
	struct device *dev = rknpu_dev->dev;
	int i, ret;

	if (rknpu_dev->vdd) {
		ret = regulator_enable(rknpu_dev->vdd);
		if (ret) {
			LOG_DEV_ERROR(dev, "failed to enable vdd reg for rknpu, ret: %d\n", ret);
			return ret;
		}
	}
	ret = clk_bulk_prepare_enable(rknpu_dev->num_clks, rknpu_dev->clks);
	if (ret) {
		LOG_DEV_ERROR(dev, "failed to enable clk for rknpu, ret: %d\n", ret);
		return ret;
	}
	rknpu_devfreq_lock(rknpu_dev);
	for (i = 0; i < RKNPU_MAX_CORES; i++) {
		if (!rknpu_dev->genpd_devs[i])
			continue;
		ret = pm_runtime_get_sync(rknpu_dev->genpd_devs[i]);
		if (ret < 0) {
			LOG_DEV_ERROR(dev, "failed to get pm runtime for npu%d, ret: %d\n", i, ret);
			rknpu_devfreq_unlock(rknpu_dev);
			return ret;
		}
	}
	ret = pm_runtime_get_sync(dev);
	if (ret < 0)
		LOG_DEV_ERROR(dev, "failed to get pm runtime for rknpu, ret: %d\n", ret);
	rknpu_devfreq_unlock(rknpu_dev);
	return ret;
}

static int rknpu_power_off(struct rknpu_device *rknpu_dev)
{
	struct device *dev = rknpu_dev->dev;
	bool enabled;
	int i, ret;

	rknpu_devfreq_lock(rknpu_dev);
	pm_runtime_put_sync(dev);
	if (rknpu_dev->multiple_domains) {
		ret = readx_poll_timeout(rockchip_iommu_is_enabled, dev, enabled, !enabled,
					 1000, 20000);
		if (ret) {
			LOG_DEV_ERROR(dev, "iommu still enabled\n");
			pm_runtime_get_sync(dev);
			rknpu_devfreq_unlock(rknpu_dev);
			return ret;
		}
	}
	for (i = RKNPU_MAX_CORES - 1; i >= 0; i--)
		if (rknpu_dev->genpd_devs[i])
			pm_runtime_put_sync(rknpu_dev->genpd_devs[i]);
	rknpu_devfreq_unlock(rknpu_dev);
	clk_bulk_disable_unprepare(rknpu_dev->num_clks, rknpu_dev->clks);
	if (rknpu_dev->vdd)
		regulator_disable(rknpu_dev->vdd);
	return 0;
}

int rknpu_power_get(struct rknpu_device *rknpu_dev)
{
	int ret = 0;

	mutex_lock(&rknpu_dev->power_lock);
	if (atomic_inc_return(&rknpu_dev->power_refcount) == 1)
		ret = rknpu_power_on(rknpu_dev);
	mutex_unlock(&rknpu_dev->power_lock);
	return ret;
}

int rknpu_power_put(struct rknpu_device *rknpu_dev)
{
	int ret = 0;

	mutex_lock(&rknpu_dev->power_lock);
	if (atomic_dec_if_positive(&rknpu_dev->power_refcount) == 0) {
		ret = rknpu_power_off(rknpu_dev);
		if (ret)
			atomic_inc(&rknpu_dev->power_refcount);
	}
	mutex_unlock(&rknpu_dev->power_lock);
	return ret;
}

int rknpu_power_put_delay(struct rknpu_device *rknpu_dev)
{
	if (!rknpu_dev->power_put_delay)
		return rknpu_power_put(rknpu_dev);
	mutex_lock(&rknpu_dev->power_lock);
	if (atomic_read(&rknpu_dev->power_refcount) == 1)
		queue_delayed_work(rknpu_dev->power_off_wq, &rknpu_dev->power_off_work,
				   msecs_to_jiffies(rknpu_dev->power_put_delay));
	else
		atomic_dec_if_positive(&rknpu_dev->power_refcount);
	mutex_unlock(&rknpu_dev->power_lock);
	return 0;
}

static void rknpu_power_off_delay_work(struct work_struct *work)
{
	struct rknpu_device *rknpu_dev = container_of(to_delayed_work(work),
						      struct rknpu_device, power_off_work);

	if (rknpu_power_put(rknpu_dev))
		rknpu_power_put_delay(rknpu_dev);
}

static int rknpu_action(struct rknpu_device *rknpu_dev, struct rknpu_action *args)
{
	switch (args->flags) {
	case RKNPU_GET_HW_VERSION:
		return rknpu_get_hw_version(rknpu_dev, &args->value);
	case RKNPU_GET_DRV_VERSION:
		args->value = RKNPU_GET_DRV_VERSION_CODE(DRIVER_MAJOR, DRIVER_MINOR,
							 DRIVER_PATCHLEVEL);
		return 0;
	case RKNPU_GET_FREQ:
		args->value = clk_get_rate(rknpu_dev->clks[0].clk);
		return 0;
	case RKNPU_GET_VOLT:
		args->value = rknpu_dev->vdd ? regulator_get_voltage(rknpu_dev->vdd) : 0;
		return 0;
	case RKNPU_ACT_RESET:
		return rknpu_soft_reset(rknpu_dev);
	case RKNPU_ACT_CLR_TOTAL_RW_AMOUNT:
		LOG_WARN("Clear rw_amount is not supported on this device!\n");
		return 0;
	case RKNPU_GET_DT_WR_AMOUNT ... RKNPU_GET_TOTAL_RW_AMOUNT:
		LOG_WARN("Get rw_amount is not supported on this device!\n");
		return 0;
	case RKNPU_GET_IOMMU_EN:
		args->value = rknpu_dev->iommu_en;
		return 0;
	case RKNPU_SET_PROC_NICE:
		set_user_nice(current, (s32)args->value);
		return 0;
	case RKNPU_GET_TOTAL_SRAM_SIZE:
		args->value = rknpu_dev->sram_mm ? rknpu_dev->sram_mm->total_chunks *
						   rknpu_dev->sram_mm->chunk_size : 0;
		return 0;
	case RKNPU_GET_FREE_SRAM_SIZE:
		args->value = rknpu_dev->sram_mm ? rknpu_dev->sram_mm->free_chunks *
						   rknpu_dev->sram_mm->chunk_size : 0;
		return 0;
//@if >=0.9.3
	case RKNPU_GET_IOMMU_DOMAIN_ID:
		args->value = rknpu_dev->iommu_domain_id;
		return 0;
	case RKNPU_SET_IOMMU_DOMAIN_ID:
		return rknpu_iommu_switch_domain(rknpu_dev, (s32)args->value);
//@endif
	default:
		return -EINVAL;
	}
}

static int rknpu_action_ioctl(struct drm_device *dev, void *data, struct drm_file *file)
{
	return rknpu_action(dev_get_drvdata(dev->dev), data);
}

#define RKNPU_IOCTL(func)								\
	static int __##func(struct drm_device *dev, void *data, struct drm_file *file)	\
	{										\
		struct rknpu_device *rknpu_dev = dev_get_drvdata(dev->dev);		\
		int ret;								\
											\
		rknpu_power_get(rknpu_dev);						\
		ret = func(dev, data, file);						\
		rknpu_power_put_delay(rknpu_dev);					\
		return ret;								\
	}

RKNPU_IOCTL(rknpu_action_ioctl)
RKNPU_IOCTL(rknpu_submit_ioctl)
RKNPU_IOCTL(rknpu_gem_create_ioctl)
RKNPU_IOCTL(rknpu_gem_map_ioctl)
RKNPU_IOCTL(rknpu_gem_destroy_ioctl)
RKNPU_IOCTL(rknpu_gem_sync_ioctl)

static const struct drm_ioctl_desc rknpu_ioctls[] = {
	DRM_IOCTL_DEF_DRV(RKNPU_ACTION, __rknpu_action_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(RKNPU_SUBMIT, __rknpu_submit_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(RKNPU_MEM_CREATE, __rknpu_gem_create_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(RKNPU_MEM_MAP, __rknpu_gem_map_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(RKNPU_MEM_DESTROY, __rknpu_gem_destroy_ioctl, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(RKNPU_MEM_SYNC, __rknpu_gem_sync_ioctl, DRM_RENDER_ALLOW),
};

#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
DEFINE_DRM_GEM_FOPS(rknpu_drm_driver_fops);
#else
static const struct vm_operations_struct rknpu_gem_vm_ops = {
	.fault = rknpu_gem_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static const struct file_operations rknpu_drm_driver_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.mmap = rknpu_gem_mmap,
	.poll = drm_poll,
	.read = drm_read,
	.unlocked_ioctl = drm_ioctl,
	.release = drm_release,
	.llseek = noop_llseek,
};
#endif

static struct drm_driver rknpu_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE
	.gem_free_object_unlocked = rknpu_gem_free_object,
	.gem_vm_ops = &rknpu_gem_vm_ops,
#endif
	.dumb_map_offset = drm_gem_dumb_map_offset,
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd,
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle,
#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
	.gem_prime_mmap = drm_gem_prime_mmap,
#endif
	.ioctls = rknpu_ioctls,
	.num_ioctls = ARRAY_SIZE(rknpu_ioctls),
	.fops = &rknpu_drm_driver_fops,
	.name = DRIVER_NAME,
	.desc = DRIVER_DESC,
	.date = DRIVER_DATE,
	.major = DRIVER_MAJOR,
	.minor = DRIVER_MINOR,
	.patchlevel = DRIVER_PATCHLEVEL,
};

static enum hrtimer_restart hrtimer_handler(struct hrtimer *timer)
{
	struct rknpu_device *rknpu_dev = container_of(timer, struct rknpu_device, timer);
	int i;

	for (i = 0; i < rknpu_dev->config->num_irqs; i++) {
		WRITE_ONCE(rknpu_dev->last_busy_ns[i], rknpu_dev->busy_ns[i]);
		rknpu_dev->busy_ns[i] = 0;
	}
	hrtimer_forward_now(timer, rknpu_dev->kt);
	return HRTIMER_RESTART;
}

static void rknpu_init_timer(struct rknpu_device *rknpu_dev)
{
	rknpu_dev->kt = ktime_set(0, RKNPU_LOAD_INTERVAL);
	hrtimer_init(&rknpu_dev->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	rknpu_dev->timer.function = hrtimer_handler;
	hrtimer_start(&rknpu_dev->timer, rknpu_dev->kt, HRTIMER_MODE_REL);
}

static bool rknpu_is_iommu_enable(struct device *dev)
{
	struct device_node *iommu = of_parse_phandle(dev->of_node, "iommus", 0);
	bool available;

	if (!iommu) {
		LOG_DEV_INFO(dev, "rknpu iommu device-tree entry not found!, using non-iommu mode\n");
		return false;
	}
	available = of_device_is_available(iommu);
	of_node_put(iommu);
	LOG_DEV_INFO(dev, "rknpu iommu is %s\n", available ? "enabled, using iommu mode" :
							     "disabled, using non-iommu mode");
	return available;
}

static int rknpu_drm_probe(struct rknpu_device *rknpu_dev)
{
	struct drm_device *drm = drm_dev_alloc(&rknpu_drm_driver, rknpu_dev->dev);
	int ret;

	if (IS_ERR(drm))
		return PTR_ERR(drm);
	drm->dev_private = rknpu_dev;
	rknpu_dev->drm_dev = drm;
	ret = drm_dev_register(drm, 0);
	if (ret < 0)
		drm_dev_put(drm);
	return ret;
}

static void rknpu_drm_remove(struct rknpu_device *rknpu_dev)
{
	drm_dev_unregister(rknpu_dev->drm_dev);
	drm_dev_put(rknpu_dev->drm_dev);
}

static int rknpu_register_irq(struct platform_device *pdev, struct rknpu_device *rknpu_dev)
{
	const struct rknpu_config *config = rknpu_dev->config;
	struct device *dev = &pdev->dev;
	int i, irq, ret;

	for (i = 0; i < config->num_irqs; i++) {
		irq = platform_get_irq_byname(pdev, config->irq_names[i]);
		if (irq < 0)
			irq = platform_get_irq(pdev, i);
		if (irq < 0) {
			LOG_DEV_ERROR(dev, "no npu %s in dts\n", config->irq_names[i]);
			return irq;
		}
		ret = devm_request_irq(dev, irq, rknpu_irq_handler, IRQF_SHARED, dev_name(dev),
				       rknpu_dev);
		if (ret < 0) {
			LOG_DEV_ERROR(dev, "request %s failed: %d\n", config->irq_names[i], ret);
			return ret;
		}
	}
	return 0;
}

/* RK3582 and RK3583 are RK3588 with a core fused off; the cell "cores" says so. */
static bool rknpu_core2_missing(struct device *dev)
{
	u8 cores = 0;

	if (of_property_match_string(dev->of_node, "nvmem-cell-names", "cores") < 0)
		return false;
	if (rockchip_nvmem_cell_read_u8(dev->of_node, "cores", &cores))
		LOG_DEV_ERROR(dev, "failed to get specification_serial_number\n");
	return true;
}

static int rknpu_get_regulator(struct rknpu_device *rknpu_dev, const char *name,
			       struct regulator **regulator)
{
	*regulator = devm_regulator_get_optional(rknpu_dev->dev, name);
	if (!IS_ERR(*regulator))
		return 0;
	if (PTR_ERR(*regulator) == -ENODEV) {
		*regulator = NULL;
		return 0;
	}
	LOG_DEV_ERROR(rknpu_dev->dev, "failed to get %s regulator for rknpu: %ld\n", name,
		      PTR_ERR(*regulator));
	return PTR_ERR(*regulator);
}

static int rknpu_map_registers(struct platform_device *pdev, struct rknpu_device *rknpu_dev)
{
	struct device *dev = &pdev->dev;
	struct resource *res;
	int i;

	for (i = 0; i < rknpu_dev->config->num_irqs; i++) {
		res = platform_get_resource(pdev, IORESOURCE_MEM, i);
		if (!res) {
			LOG_DEV_ERROR(dev, "failed to get memory resource for rknpu\n");
			return -ENXIO;
		}
		rknpu_dev->base[i] = devm_ioremap_resource(dev, res);
		if (PTR_ERR(rknpu_dev->base[i]) == -EBUSY)
			rknpu_dev->base[i] = devm_ioremap(dev, res->start, resource_size(res));
		if (IS_ERR_OR_NULL(rknpu_dev->base[i])) {
			LOG_DEV_ERROR(dev, "failed to remap register for rknpu\n");
			return rknpu_dev->base[i] ? PTR_ERR(rknpu_dev->base[i]) : -ENOMEM;
		}
	}
	return 0;
}

/* One power domain per core, by their names; the NPU does not start if one of them does not come up. */
static void rknpu_attach_domains(struct rknpu_device *rknpu_dev)
{
	static const char * const names[] = { "npu0", "npu1", "npu2" };
	struct device *domain;
	int i;

	if (of_count_phandle_with_args(rknpu_dev->dev->of_node, "power-domains",
				       "#power-domain-cells") <= 1)
		return;
	for (i = 0; i < max(2, rknpu_dev->config->num_irqs); i++) {
		domain = dev_pm_domain_attach_by_name(rknpu_dev->dev, names[i]);
		if (!IS_ERR(domain))
			rknpu_dev->genpd_devs[i] = domain;
	}
	rknpu_dev->multiple_domains = true;
}

static void rknpu_detach_domains(struct rknpu_device *rknpu_dev)
{
	int i;

	for (i = 0; i < RKNPU_MAX_CORES; i++)
		if (rknpu_dev->genpd_devs[i])
			dev_pm_domain_detach(rknpu_dev->genpd_devs[i], true);
}

static int rknpu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	const struct of_device_id *match;
	struct rknpu_device *rknpu_dev;
	int ret;

	if (!dev->of_node) {
		LOG_DEV_ERROR(dev, "rknpu device-tree data is missing!\n");
		return -ENODEV;
	}
	match = of_match_device(rknpu_of_match, dev);
	if (!match) {
		LOG_DEV_ERROR(dev, "rknpu device-tree entry is missing!\n");
		return -ENODEV;
	}
	rknpu_dev = devm_kzalloc(dev, sizeof(*rknpu_dev), GFP_KERNEL);
	if (!rknpu_dev)
		return -ENOMEM;

	rknpu_dev->config = match->data;
	if (match->data == &rk3588_rknpu_config && rknpu_core2_missing(dev))
		rknpu_dev->config = &rk3583_rknpu_config;
	rknpu_dev->dev = dev;
	rknpu_dev->bypass_soft_reset = bypass_soft_reset;
	dev_set_drvdata(dev, rknpu_dev);
	spin_lock_init(&rknpu_dev->lock);
	mutex_init(&rknpu_dev->power_lock);
	mutex_init(&rknpu_dev->submit_lock);
	INIT_LIST_HEAD(&rknpu_dev->objects);

	rknpu_dev->iommu_en = rknpu_is_iommu_enable(dev);
	if (!rknpu_dev->iommu_en && !of_reserved_mem_device_init(dev))
		LOG_DEV_INFO(dev, "initialize reserved memory for rknpu device!\n");

	rknpu_reset_get(rknpu_dev);

	rknpu_dev->num_clks = devm_clk_bulk_get_all(dev, &rknpu_dev->clks);
	if (rknpu_dev->num_clks < 1) {
		LOG_DEV_ERROR(dev, "failed to get clk source for rknpu\n");
		return -ENODEV;
	}
	ret = rknpu_get_regulator(rknpu_dev, "rknpu", &rknpu_dev->vdd);
	if (ret)
		return ret;
	ret = rknpu_get_regulator(rknpu_dev, "mem", &rknpu_dev->mem);
	if (ret)
		return ret;
	ret = rknpu_map_registers(pdev, rknpu_dev);
	if (ret)
		return ret;
	if (!bypass_irq_handler) {
		ret = rknpu_register_irq(pdev, rknpu_dev);
		if (ret)
			return ret;
	}

	rknpu_dev->power_put_delay = 3000;
	rknpu_dev->power_off_wq = create_freezable_workqueue("rknpu_power_off_wq");
	if (!rknpu_dev->power_off_wq)
		return -ENOMEM;
	INIT_DEFERRABLE_WORK(&rknpu_dev->power_off_work, rknpu_power_off_delay_work);
//@if fault:bind
	/* Asked for with --fault bind. */
	ret = -EIO;
	goto err_wq;
//@endif

#ifdef CONFIG_ROCKCHIP_RKNPU_FENCE
	ret = rknpu_fence_context_alloc(rknpu_dev);
	if (ret)
		goto err_wq;
#endif
	pm_runtime_enable(dev);
	ret = rknpu_drm_probe(rknpu_dev);
	if (ret) {
		LOG_DEV_ERROR(dev, "failed to probe device for rknpu\n");
		goto err_pm;
	}

	rknpu_attach_domains(rknpu_dev);
	ret = rknpu_power_on(rknpu_dev);
	if (ret)
		goto err_drm;
	rknpu_devfreq_init(rknpu_dev);
	if (IS_ENABLED(CONFIG_NO_GKI) && IS_ENABLED(CONFIG_ROCKCHIP_RKNPU_SRAM) &&
	    rknpu_dev->sram_size)
		rknpu_mm_create(rknpu_dev->sram_size, PAGE_SIZE, &rknpu_dev->sram_mm);
	if (rknpu_dev->iommu_en)
		rknpu_iommu_init_domain(rknpu_dev);
	rknpu_power_off(rknpu_dev);

	rknpu_debugger_init(rknpu_dev);
	rknpu_init_timer(rknpu_dev);
	return 0;

err_drm:
	rknpu_detach_domains(rknpu_dev);
	rknpu_drm_remove(rknpu_dev);
err_pm:
	pm_runtime_disable(dev);
	goto err_wq;
err_wq:
	destroy_workqueue(rknpu_dev->power_off_wq);
	return ret;
}

static int rknpu_remove(struct platform_device *pdev)
{
	struct rknpu_device *rknpu_dev = platform_get_drvdata(pdev);

	cancel_delayed_work_sync(&rknpu_dev->power_off_work);
	destroy_workqueue(rknpu_dev->power_off_wq);
	rknpu_debugger_remove(rknpu_dev);
	hrtimer_cancel(&rknpu_dev->timer);
	if (IS_ENABLED(CONFIG_ROCKCHIP_RKNPU_SRAM) && rknpu_dev->sram_mm)
		rknpu_mm_destroy(rknpu_dev->sram_mm);
	rknpu_drm_remove(rknpu_dev);
	rknpu_devfreq_remove(rknpu_dev);
	if (atomic_read(&rknpu_dev->power_refcount) > 0)
		rknpu_power_off(rknpu_dev);
	rknpu_detach_domains(rknpu_dev);
	pm_runtime_disable(&pdev->dev);
	return 0;
}

static int rknpu_runtime_suspend(struct device *dev)
{
	return rknpu_devfreq_runtime_suspend(dev);
}

static int rknpu_runtime_resume(struct device *dev)
{
	return rknpu_devfreq_runtime_resume(dev);
}

static const struct dev_pm_ops rknpu_pm_ops = {
	SET_SYSTEM_SLEEP_PM_OPS(pm_runtime_force_suspend, pm_runtime_force_resume)
	SET_RUNTIME_PM_OPS(rknpu_runtime_suspend, rknpu_runtime_resume, NULL)
};

static struct platform_driver rknpu_driver = {
	.probe = rknpu_probe,
	.remove = rknpu_remove,
	.driver = {
		.owner = THIS_MODULE,
		.name = "RKNPU",
		.pm = &rknpu_pm_ops,
		.of_match_table = of_match_ptr(rknpu_of_match),
	},
};

//@if fault:lockup
static int rknpu_stand_still(void *dummy)
{
	for (;;)
		cpu_relax();
	return 0;
}

//@endif
static int rknpu_init(void)
{
//@if fault:oops
	int *nowhere = NULL;

//@endif
	LOG_INFO("stand-in of the rkfleet lab for driver %s, not the vendor's\n",
		 RKNPU_GET_DRV_VERSION_STRING(DRIVER_MAJOR, DRIVER_MINOR, DRIVER_PATCHLEVEL));
//@if fault:panic
	/* Asked for with --fault panic. */
	panic("rknpu stand-in: panic asked for");
//@endif
//@if fault:oops
	/* Asked for with --fault oops: the program that loads the module dies, the kernel goes on. */
	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
//@endif
//@if fault:lockup
	/* Asked for with --fault lockup: no processor answers any more, only a watchdog helps. */
	stop_machine(rknpu_stand_still, NULL, cpu_online_mask);
//@endif
//@if fault:spin
	/* Asked for with --fault spin: this processor does nothing else any more, though interrupts still come: a soft lockup. */
	preempt_disable();
	for (;;)
		cpu_relax();
//@endif
//@if fault:hang
	/* Asked for with --fault hang. */
	msleep(3600 * 1000);
//@endif
	return platform_driver_register(&rknpu_driver);
}

static void rknpu_exit(void)
{
	platform_driver_unregister(&rknpu_driver);
}

late_initcall(rknpu_init);
module_exit(rknpu_exit);

MODULE_DESCRIPTION("RKNPU driver (stand-in of the rkfleet lab, not the vendor's)");
MODULE_AUTHOR("rkfleet.npu contributors");
MODULE_ALIAS("rockchip-rknpu");
MODULE_LICENSE("GPL v2");
MODULE_VERSION(RKNPU_GET_DRV_VERSION_STRING(DRIVER_MAJOR, DRIVER_MINOR, DRIVER_PATCHLEVEL));
#if KERNEL_VERSION(5, 16, 0) < LINUX_VERSION_CODE
MODULE_IMPORT_NS(DMA_BUF);
#endif
