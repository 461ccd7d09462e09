// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * Until 6.14. Then the type of a domain's cookie moved from the private struct iommu_dma_cookie into struct iommu_domain,
 * so that the former, of which the driver has a copy, begins otherwise: this tag is then taken.
 */
#include <linux/iommu.h>

enum iommu_domain_cookie_type { PROBE_COOKIE };
