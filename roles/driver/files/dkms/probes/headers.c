// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Preprocessed, not compiled: a line have "X" for each header X that the kernel has. */
#if __has_include(<soc/rockchip/rockchip_iommu.h>)
have "soc/rockchip/rockchip_iommu.h"
#endif
#if __has_include(<soc/rockchip/rockchip_opp_select.h>)
have "soc/rockchip/rockchip_opp_select.h"
#endif
#if __has_include(<soc/rockchip/rockchip_system_monitor.h>)
have "soc/rockchip/rockchip_system_monitor.h"
#endif
#if __has_include(<soc/rockchip/rockchip_ipa.h>)
have "soc/rockchip/rockchip_ipa.h"
#endif
#if __has_include(<linux/version_compat_defs.h>)
have "linux/version_compat_defs.h"
#endif
#if __has_include(<linux/pfn_t.h>)
have "linux/pfn_t.h"
#endif
#if __has_include(<../drivers/devfreq/governor.h>)
have "drivers/devfreq/governor.h"
#endif
