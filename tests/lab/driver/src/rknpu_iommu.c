// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/dma-map-ops.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/scatterlist.h>

#include "rknpu_iommu.h"

int rknpu_iommu_dma_map_sg(struct device *dev, struct scatterlist *sg, int nents)
{
	struct scatterlist *s;
	int i;

	/* Segments that already hold bus addresses are the exporter's to map. */
	for_each_sg(sg, s, nents, i) {
#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
		if (sg_is_dma_bus_address(s))
			return 0;
#endif
	}
	return dma_map_sg(dev, sg, nents, DMA_BIDIRECTIONAL);
}

int rknpu_iommu_init_domain(struct rknpu_device *rknpu_dev)
{
	rknpu_dev->iommu_domain_id = 0;
	rknpu_dev->iommu_domains[0] = iommu_get_domain_for_dev(rknpu_dev->dev);
	return 0;
}

#if defined(CONFIG_IOMMU_API) && defined(CONFIG_NO_GKI) && !defined(CONFIG_ARM)
int rknpu_iommu_switch_domain(struct rknpu_device *rknpu_dev, int domain_id)
{
	struct iommu_domain *domain;
	int ret;

	if (domain_id == rknpu_dev->iommu_domain_id)
		return 0;
	if (!rknpu_dev->iommu_en)
		return -EINVAL;
	if (domain_id < 0 || domain_id >= RKNPU_MAX_IOMMU_DOMAINS) {
		LOG_DEV_ERROR(rknpu_dev->dev, "invalid iommu domain id: %d, reuse domain id: %d\n",
			      domain_id, rknpu_dev->iommu_domain_id);
		return -EINVAL;
	}

	domain = rknpu_dev->iommu_domains[domain_id];
	if (!domain) {
		domain = iommu_domain_alloc(rknpu_dev->dev->bus);
		if (!domain)
			return -EIO;
		iommu_get_dma_cookie(domain);
		rknpu_dev->iommu_domains[domain_id] = domain;
	}
	iommu_detach_device(rknpu_dev->iommu_domains[rknpu_dev->iommu_domain_id],
			    rknpu_dev->dev);
	ret = iommu_attach_device(domain, rknpu_dev->dev);
	if (!ret)
		rknpu_dev->iommu_domain_id = domain_id;
	return ret;
}
#else
int rknpu_iommu_switch_domain(struct rknpu_device *rknpu_dev, int domain_id)
{
	return 0;
}
#endif
