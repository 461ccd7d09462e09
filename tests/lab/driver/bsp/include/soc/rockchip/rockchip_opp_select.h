/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels, for the rkfleet lab; not the vendor's.
 */
#ifndef __SOC_ROCKCHIP_OPP_SELECT_H
#define __SOC_ROCKCHIP_OPP_SELECT_H

#include <linux/mutex.h>
#include <linux/pm_opp.h>
#include <linux/types.h>

struct clk;
struct clk_bulk_data;
struct device;
struct device_node;
struct of_device_id;
struct regmap;
struct regulator;
struct rockchip_opp_info;

struct volt_rm_table {
	int volt;
	int rm;
};

struct rockchip_opp_data {
	config_clks_t config_clks;
	config_regulators_t config_regulators;
	int (*get_soc_info)(struct device *dev, struct device_node *np, int *bin, int *process);
	int (*set_soc_info)(struct device *dev, struct device_node *np,
			    struct rockchip_opp_info *info);
	int (*set_read_margin)(struct device *dev, struct rockchip_opp_info *info, u32 rm);
};

struct rockchip_opp_info {
	struct device *dev;
	struct mutex dvfs_mutex;
	const struct rockchip_opp_data *data;
	struct volt_rm_table *volt_rm_tbl;
	struct regmap *grf;
	struct clk_bulk_data *clocks;
	int nclocks;
	u32 current_rm;
	u32 target_rm;
	bool is_runtime_active;
	int bin;
	int volt_sel;
	u32 supported_hw[2];
	struct clk *clk;
	bool is_scmi_clk;
	bool is_rate_volt_checked;
};

int rockchip_nvmem_cell_read_u8(struct device_node *np, const char *cell_id, u8 *val);
void rockchip_get_opp_data(const struct of_device_id *matches, struct rockchip_opp_info *info);
void rockchip_opp_dvfs_lock(struct rockchip_opp_info *info);
void rockchip_opp_dvfs_unlock(struct rockchip_opp_info *info);
int rockchip_opp_set_low_length(struct device *dev, struct device_node *np,
				struct rockchip_opp_info *info);
int rockchip_opp_config_regulators(struct device *dev, struct dev_pm_opp *old_opp,
				   struct dev_pm_opp *new_opp, struct regulator **regulators,
				   unsigned int count, struct rockchip_opp_info *info);
int rockchip_opp_config_clks(struct device *dev, struct opp_table *opp_table,
			     struct dev_pm_opp *opp, void *data, bool scaling_down,
			     struct rockchip_opp_info *info);
int rockchip_init_opp_table(struct device *dev, struct rockchip_opp_info *info, char *clk_name,
			    char *reg_name);
void rockchip_uninit_opp_table(struct device *dev, struct rockchip_opp_info *info);

#endif
