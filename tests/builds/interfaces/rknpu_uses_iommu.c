// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * What the vendor's rknpu_iommu.c and rknpu_reset.c ask of a kernel, beyond what the lab's stand-in does: our own
 * code, no driver.
 */

#include <linux/dma-map-ops.h>
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "rknpu_iommu.h"

/* The driver keeps a copy of what the kernel has only in drivers/iommu/dma-iommu.c, as of 5.10 to 6.14. */
enum iommu_dma_cookie_type {
	IOMMU_DMA_IOVA_COOKIE,
	IOMMU_DMA_MSI_COOKIE,
};

struct rknpu_uses_cookie {
	enum iommu_dma_cookie_type type;
	struct iova_domain iovad;
};

dma_addr_t rknpu_uses_iova(struct device *dev, struct scatterlist *sg, int nents);
dma_addr_t rknpu_uses_iova(struct device *dev, struct scatterlist *sg, int nents)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct rknpu_uses_cookie *cookie = (void *)domain->iova_cookie;
	struct iova_domain *iovad = &cookie->iovad;
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	struct scatterlist *s;
	struct iova *iova;
	ssize_t mapped;
	int i;

	if (domain->geometry.force_aperture)
		limit = min_t(u64, limit, domain->geometry.aperture_end);
	if (!alloc_iova_fast(iovad, 1, limit >> iova_shift(iovad), true))
		return 0;
	free_iova_fast(iovad, iova_pfn(iovad, iova_align(iovad, PAGE_SIZE)), 1);
	iova = alloc_iova(iovad, 1, limit, false);
	if (!iova)
		return 0;
	mapped = iommu_map_sg(domain, iova->pfn_lo, sg, nents, dev_is_dma_coherent(dev) ? IOMMU_CACHE : IOMMU_READ);
	for_each_sg(sg, s, nents, i) {
		sg_dma_address(s) = iova_offset(iovad, dma_get_seg_boundary(dev) + dma_get_max_seg_size(dev));
		sg_dma_len(s) = mapped;
#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
		if (sg_is_dma_bus_address(s))
			sg_dma_unmark_bus_address(s);
		else
			sg_dma_mark_bus_address(s);
#endif
	}
	iommu_unmap(domain, iova->pfn_lo, PAGE_SIZE);
	iommu_flush_iotlb_all(domain);
	free_iova(iovad, iova->pfn_lo);
	dma_unmap_sg(dev, sg, dma_map_sg(dev, sg, nents, DMA_BIDIRECTIONAL), DMA_BIDIRECTIONAL);
	return DMA_MAPPING_ERROR;
}

int rknpu_uses_reset(struct rknpu_device *rknpu_dev);
int rknpu_uses_reset(struct rknpu_device *rknpu_dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(rknpu_dev->dev);
	struct iommu_group *group = iommu_group_get(rknpu_dev->dev);

	if (domain) {
		iommu_detach_device(domain, rknpu_dev->dev);
		return iommu_attach_device(domain, rknpu_dev->dev);
	}
	iommu_group_put(group);
	udelay(10);
	return 0;
}
