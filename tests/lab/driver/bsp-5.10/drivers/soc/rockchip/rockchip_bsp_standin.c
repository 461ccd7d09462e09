// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for symbols that the vendor's 5.10 kernels export to the NPU driver, for the rkfleet lab;
 * not the vendor's.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/nvmem-consumer.h>
#include <linux/of.h>
#include <linux/slab.h>

#include <soc/rockchip/rockchip_iommu.h>
#include <soc/rockchip/rockchip_opp_select.h>

bool rockchip_iommu_is_enabled(struct device *dev)
{
	return false;
}
EXPORT_SYMBOL(rockchip_iommu_is_enabled);

int rockchip_nvmem_cell_read_u8(struct device_node *np, const char *cell_id, u8 *val)
{
	struct nvmem_cell *cell = of_nvmem_cell_get(np, cell_id);
	size_t length;
	u8 *data;

	if (IS_ERR(cell))
		return PTR_ERR(cell);
	data = nvmem_cell_read(cell, &length);
	nvmem_cell_put(cell);
	if (IS_ERR(data))
		return PTR_ERR(data);
	if (length)
		*val = data[0];
	kfree(data);
	return length ? 0 : -EINVAL;
}
EXPORT_SYMBOL(rockchip_nvmem_cell_read_u8);

void rockchip_get_opp_data(const struct of_device_id *matches, struct rockchip_opp_info *info)
{
}
EXPORT_SYMBOL(rockchip_get_opp_data);

void rockchip_opp_dvfs_lock(struct rockchip_opp_info *info)
{
	mutex_lock(&info->dvfs_mutex);
}
EXPORT_SYMBOL(rockchip_opp_dvfs_lock);

void rockchip_opp_dvfs_unlock(struct rockchip_opp_info *info)
{
	mutex_unlock(&info->dvfs_mutex);
}
EXPORT_SYMBOL(rockchip_opp_dvfs_unlock);

/* An emulated board has no operating points in its device tree: as with such a tree on a real one. */
int rockchip_init_opp_table(struct device *dev, struct rockchip_opp_info *info, char *clk_name,
			    char *reg_name)
{
	mutex_init(&info->dvfs_mutex);
	return of_find_property(dev->of_node, "operating-points-v2", NULL) ? 0 : -ENODEV;
}
EXPORT_SYMBOL(rockchip_init_opp_table);
