// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Until 6.2; with a gfp_t afterwards. */
#include <linux/iommu.h>

int probe_iommu_map(struct iommu_domain *domain, struct scatterlist *sg);
int probe_iommu_map(struct iommu_domain *domain, struct scatterlist *sg)
{
	return iommu_map(domain, 0, 0, PAGE_SIZE, IOMMU_READ) ?: iommu_map_sg(domain, 0, sg, 1, IOMMU_READ) > 0;
}
