/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels 5.10.110 to 5.10.209, for builds; not the vendor's.
 */
#ifndef __SOC_ROCKCHIP_OPP_SELECT_H
#define __SOC_ROCKCHIP_OPP_SELECT_H

#include <linux/pm_opp.h>
#include <linux/types.h>

struct clk;
struct clk_bulk_data;
struct device;
struct device_node;
struct of_device_id;
struct regmap;
struct rockchip_opp_info;

struct volt_rm_table {
	int volt;
	int rm;
};

struct rockchip_opp_data {
	int (*get_soc_info)(struct device *dev, struct device_node *np, int *bin, int *process);
	int (*set_soc_info)(struct device *dev, struct device_node *np, int bin, int process,
			    int volt_sel);
	int (*set_read_margin)(struct device *dev, struct rockchip_opp_info *info, u32 rm);
};

struct rockchip_opp_info {
	const struct rockchip_opp_data *data;
	struct volt_rm_table *volt_rm_tbl;
	struct regmap *grf;
	struct clk *scmi_clk;
	struct clk_bulk_data *clks;
	int num_clks;
	u32 current_rm;
	u32 target_rm;
};

/* There are no rockchip_opp_dvfs_lock() and _unlock(), nor what RK3576 brought. */
int rockchip_nvmem_cell_read_u8(struct device_node *np, const char *cell_id, u8 *val);
void rockchip_get_opp_data(const struct of_device_id *matches, struct rockchip_opp_info *info);
int rockchip_get_read_margin(struct device *dev, struct rockchip_opp_info *info, unsigned long volt,
			     u32 *target_rm);
int rockchip_set_read_margin(struct device *dev, struct rockchip_opp_info *info, u32 rm,
			     bool is_set_rm);
int rockchip_set_intermediate_rate(struct device *dev, struct rockchip_opp_info *info,
				   struct clk *clk, unsigned long old_freq, unsigned long new_freq,
				   bool is_scaling_up, bool is_set_clk);
int rockchip_init_opp_table(struct device *dev, struct rockchip_opp_info *info, char *lkg_name,
			    char *reg_name);
void rockchip_uninit_opp_table(struct device *dev, struct rockchip_opp_info *info);

#endif
