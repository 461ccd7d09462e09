// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for symbols that the vendor's kernels export to the NPU driver, for the rkfleet lab;
 * not the vendor's.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/nvmem-consumer.h>
#include <linux/of.h>
#include <linux/slab.h>

#include <soc/rockchip/rockchip_ipa.h>
#include <soc/rockchip/rockchip_iommu.h>
#include <soc/rockchip/rockchip_opp_select.h>
#include <soc/rockchip/rockchip_system_monitor.h>

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

int rockchip_opp_set_low_length(struct device *dev, struct device_node *np,
				struct rockchip_opp_info *info)
{
	return 0;
}
EXPORT_SYMBOL(rockchip_opp_set_low_length);

int rockchip_opp_config_regulators(struct device *dev, struct dev_pm_opp *old_opp,
				   struct dev_pm_opp *new_opp, struct regulator **regulators,
				   unsigned int count, struct rockchip_opp_info *info)
{
	return 0;
}
EXPORT_SYMBOL(rockchip_opp_config_regulators);

int rockchip_opp_config_clks(struct device *dev, struct opp_table *opp_table,
			     struct dev_pm_opp *opp, void *data, bool scaling_down,
			     struct rockchip_opp_info *info)
{
	return 0;
}
EXPORT_SYMBOL(rockchip_opp_config_clks);

/* An emulated board has no operating points in its device tree: as with such a tree on a real one. */
int rockchip_init_opp_table(struct device *dev, struct rockchip_opp_info *info, char *clk_name,
			    char *reg_name)
{
	mutex_init(&info->dvfs_mutex);
	return of_find_property(dev->of_node, "operating-points-v2", NULL) ? 0 : -ENODEV;
}
EXPORT_SYMBOL(rockchip_init_opp_table);

void rockchip_uninit_opp_table(struct device *dev, struct rockchip_opp_info *info)
{
}
EXPORT_SYMBOL(rockchip_uninit_opp_table);

struct monitor_dev_info *rockchip_system_monitor_register(struct device *dev,
							  struct monitor_dev_profile *devp)
{
	return ERR_PTR(-EOPNOTSUPP);
}
EXPORT_SYMBOL(rockchip_system_monitor_register);

void rockchip_system_monitor_unregister(struct monitor_dev_info *info)
{
}
EXPORT_SYMBOL(rockchip_system_monitor_unregister);

int rockchip_monitor_check_rate_volt(struct monitor_dev_info *info)
{
	return 0;
}
EXPORT_SYMBOL(rockchip_monitor_check_rate_volt);

int rockchip_monitor_dev_low_temp_adjust(struct monitor_dev_info *info, bool is_low)
{
	return 0;
}
EXPORT_SYMBOL(rockchip_monitor_dev_low_temp_adjust);

int rockchip_monitor_dev_high_temp_adjust(struct monitor_dev_info *info, bool is_high)
{
	return 0;
}
EXPORT_SYMBOL(rockchip_monitor_dev_high_temp_adjust);
