/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/*
 * Included before every file of the driver; RKFLEET_* come from Kbuild, each from a probe.
 * Nothing here goes by the kernel's version: vendor trees carry what their version has not.
 */
#ifndef RKFLEET_COMPAT_H
#define RKFLEET_COMPAT_H

/* The driver's switches; a vendor kernel has set some of them for its own driver. */
#undef CONFIG_ROCKCHIP_RKNPU_DEBUG_FS
#undef CONFIG_ROCKCHIP_RKNPU_PROC_FS
#undef CONFIG_ROCKCHIP_RKNPU_FENCE
#undef CONFIG_ROCKCHIP_RKNPU_SRAM
#undef CONFIG_ROCKCHIP_RKNPU_DRM_GEM
#undef CONFIG_ROCKCHIP_RKNPU_DMA_HEAP

#define CONFIG_ROCKCHIP_RKNPU_DRM_GEM 1
#ifdef RKFLEET_DEBUG_FS
#define CONFIG_ROCKCHIP_RKNPU_DEBUG_FS 1
#endif
#ifdef RKFLEET_PROC_FS
#define CONFIG_ROCKCHIP_RKNPU_PROC_FS 1
#endif
#ifdef RKFLEET_FENCE
#define CONFIG_ROCKCHIP_RKNPU_FENCE 1
#endif
#ifdef RKFLEET_SRAM
#define CONFIG_ROCKCHIP_RKNPU_SRAM 1
#endif

/* What the driver uses without including it: later kernels' headers bring less along. */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#ifdef RKFLEET_VM_FLAGS
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#ifdef RKFLEET_IOMMU_IS_ENABLED
#include <linux/device.h>
#include <soc/rockchip/rockchip_iommu.h>

/*
 * The driver waits for this to be false before it cuts power, since the vendor's IOMMU driver
 * suspends late. Another IOMMU driver has nothing to wait for.
 */
static inline bool rkfleet_iommu_is_enabled(struct device *dev)
{
	return false;
}
#define rockchip_iommu_is_enabled rkfleet_iommu_is_enabled
#endif

#ifdef RKFLEET_NVMEM_CELL_READ_U8
#include <linux/err.h>
#include <linux/nvmem-consumer.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <soc/rockchip/rockchip_opp_select.h>

/* The driver asks the chip's fuses this way which cores there are. */
static inline int rkfleet_nvmem_cell_read_u8(struct device_node *np, const char *id, u8 *value)
{
	struct nvmem_cell *cell = of_nvmem_cell_get(np, id);
	size_t length = 0;
	u8 *data;

	if (IS_ERR(cell))
		return PTR_ERR(cell);
	data = nvmem_cell_read(cell, &length);
	nvmem_cell_put(cell);
	if (IS_ERR(data))
		return PTR_ERR(data);
	if (length)
		*value = *data;
	kfree(data);
	return length ? 0 : -EINVAL;
}
#define rockchip_nvmem_cell_read_u8 rkfleet_nvmem_cell_read_u8
#endif

#ifdef RKFLEET_NO_DEVFREQ
#include <linux/devfreq.h>

/*
 * Without CONFIG_PM_DEVFREQ the driver's own stubs fail runtime resume, and with it the probe.
 * So its header is shown the switch, and rkfleet_devfreq.c holds the functions it then declares.
 */
#ifndef CONFIG_PM_DEVFREQ
#define CONFIG_PM_DEVFREQ 1
#define update_devfreq(devfreq) ((void)(devfreq), -EOPNOTSUPP)
#endif
#endif

#if defined(RKFLEET_OPP_UNINIT) || defined(RKFLEET_OPP_SET_LOW_LENGTH)
#include <linux/clk.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/pm_opp.h>
#include <linux/regulator/consumer.h>
/* First, and then other names for ours: it may declare these functions with its own types. */
#include <soc/rockchip/rockchip_opp_select.h>
#endif

#ifdef RKFLEET_OPP_UNINIT
static inline void rkfleet_uninit_opp_table(struct device *dev, struct rockchip_opp_info *info)
{
	dev_pm_opp_of_remove_table(dev);
}
#define rockchip_uninit_opp_table rkfleet_uninit_opp_table
#endif

#ifdef RKFLEET_OPP_SET_LOW_LENGTH
/* Only RK3576 gets here, and only for a lower voltage at its lowest speeds. */
#ifdef RKFLEET_OPP_SET_SOC_INFO_5_10
/* Its place is a callback of another type there, which may be empty. */
#define rockchip_opp_set_low_length NULL
#else
static inline int rkfleet_opp_set_low_length(struct device *dev, struct device_node *np,
					     struct rockchip_opp_info *info)
{
	return -EOPNOTSUPP;
}
#define rockchip_opp_set_low_length rkfleet_opp_set_low_length
#endif
#endif

#ifdef RKFLEET_REMOVE_VOID
#include <linux/platform_device.h>

/* Turns "static int rknpu_remove(...) {" into a function of another name and a void one around it. */
#define rknpu_remove(argument)							\
	rkfleet_remove(argument);						\
	static void rknpu_remove(struct platform_device *rkfleet_pdev)		\
	{									\
		rkfleet_remove(rkfleet_pdev);					\
	}									\
	static int rkfleet_remove(argument)
#endif

#ifdef RKFLEET_HRTIMER_SETUP
#include <linux/hrtimer.h>

static inline enum hrtimer_restart rkfleet_no_timer(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}
/* The driver sets .function itself, right after. */
#define hrtimer_init(timer, clock, mode) hrtimer_setup(timer, rkfleet_no_timer, clock, mode)
#endif

#ifdef RKFLEET_IMPORT_NS_QUOTED
#define DMA_BUF "DMA_BUF"
#endif

#ifdef RKFLEET_NO_GEM_PRIME_MMAP
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

/* DRM maps by the object's own mmap now; the initialiser is led to a member that stays NULL. */
#define gem_prime_mmap debugfs_init
#define drm_gem_prime_mmap NULL
#endif

#ifdef RKFLEET_IOMMU_MAP_GFP
#include <linux/iommu.h>

#define RKFLEET_SEVENTH(a, b, c, d, e, f, g, ...) g
#define RKFLEET_MAP_AS_IS(name, ...) (name)(__VA_ARGS__)
#define RKFLEET_MAP_ADD_GFP(name, ...) (name)(__VA_ARGS__, GFP_KERNEL)
#define iommu_map(...)										\
	RKFLEET_SEVENTH(__VA_ARGS__, RKFLEET_MAP_AS_IS, RKFLEET_MAP_ADD_GFP, )(iommu_map, __VA_ARGS__)
#define iommu_map_sg(...)									\
	RKFLEET_SEVENTH(__VA_ARGS__, RKFLEET_MAP_AS_IS, RKFLEET_MAP_ADD_GFP, )(iommu_map_sg, __VA_ARGS__)
#endif

#ifdef RKFLEET_SG_DMA_IS_BUS_ADDRESS
#include <linux/scatterlist.h>

/* In the words of a later release of the driver, which may say it again. */
#define sg_is_dma_bus_address(sg) sg_dma_is_bus_address(sg)
#endif

#ifdef RKFLEET_NO_GKI_OFF
/* The kernel's own headers first: what they declare must stay what the kernel was built with. */
#include <linux/device.h>
#include <linux/devfreq.h>
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#undef CONFIG_NO_GKI
#endif

#endif
