/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels, for the rkfleet lab; not the vendor's.
 */
#ifndef __SOC_ROCKCHIP_IPA_H
#define __SOC_ROCKCHIP_IPA_H

/* The NPU driver includes this and uses nothing of it. */
struct ipa_power_model_data;

#endif
