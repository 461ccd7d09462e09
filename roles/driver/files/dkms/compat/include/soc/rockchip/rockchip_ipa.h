/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/* For kernels without this header of vendor trees. */
#ifndef RKFLEET_ROCKCHIP_IPA_H
#define RKFLEET_ROCKCHIP_IPA_H

struct ipa_power_model_data;

#endif
