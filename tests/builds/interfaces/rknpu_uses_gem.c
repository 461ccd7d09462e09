// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * What the vendor's rknpu_gem.c asks of a kernel, beyond what the lab's stand-in does: our own code, no driver.
 * It includes what that file includes and no more, since later kernels' headers bring less along.
 */

#include <drm/drm_device.h>
#include <drm/drm_vma_manager.h>
#include <drm/drm_prime.h>
#include <drm/drm_file.h>
#include <drm/drm_drv.h>

#include <linux/delay.h>
#include <linux/shmem_fs.h>
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/pfn_t.h>
#include <linux/version.h>
#include <linux/version_compat_defs.h>
#include <asm/cacheflush.h>

#if KERNEL_VERSION(5, 10, 0) <= LINUX_VERSION_CODE
#include <linux/dma-map-ops.h>
#endif

#include "rknpu_drv.h"
#include "rknpu_ioctl.h"
#include "rknpu_gem.h"
#include "rknpu_iommu.h"

vm_fault_t rknpu_uses_fault(struct vm_fault *vmf);
vm_fault_t rknpu_uses_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	struct rknpu_gem_object *rknpu_obj = to_rknpu_obj(obj);
	unsigned long pfn = page_to_pfn(rknpu_obj->pages[0]);

	return vmf_insert_mixed(vmf->vma, vmf->address, __pfn_to_pfn_t(pfn, PFN_DEV));
}

int rknpu_uses_mmap(struct file *filp, struct vm_area_struct *vma);
int rknpu_uses_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct drm_gem_object *obj;
	int ret = drm_gem_mmap(filp, vma);

	if (ret < 0)
		return ret;
	obj = vma->vm_private_data;
	if (obj->import_attach)
		return dma_buf_mmap(obj->dma_buf, vma, 0);
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO);
	vm_flags_clear(vma, VM_PFNMAP);
	vma->vm_page_prot = pgprot_writecombine(vm_get_page_prot(vma->vm_flags));
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_pgoff = __phys_to_pfn((phys_addr_t)0);
	ret = remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, PAGE_SIZE, vma->vm_page_prot);
	if (!ret)
		ret = vm_insert_page(vma, vma->vm_start, to_rknpu_obj(obj)->pages[0]);
	drm_gem_vm_close(vma);
	return ret ?: drm_gem_mmap_obj(obj, obj->size, vma);
}

struct drm_gem_object *rknpu_uses_import(struct drm_device *dev, struct dma_buf_attachment *attach, struct sg_table *sgt);
struct drm_gem_object *rknpu_uses_import(struct drm_device *dev, struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	struct rknpu_device *rknpu_dev = dev->dev_private;
	struct rknpu_gem_object *obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	gfp_t gfp_mask;
	int i;
	struct scatterlist *s;

	if (!obj || drm_gem_object_init(dev, &obj->base, attach->dmabuf->size) < 0)
		return ERR_PTR(-ENOMEM);
	gfp_mask = mapping_gfp_mask(obj->base.filp->f_mapping) & ~__GFP_HIGHMEM;
	mapping_set_gfp_mask(obj->base.filp->f_mapping, gfp_mask | __GFP_DMA32);
	obj->pages = kvmalloc_array(obj->num_pages, sizeof(struct page *), GFP_KERNEL | __GFP_ZERO);
	for_each_sgtable_sg(sgt, s, i)
		sg_dma_address(s) = sg_phys(s);
#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE
	drm_prime_sg_to_page_addr_arrays(sgt, obj->pages, NULL, obj->num_pages);
#else
	drm_prime_sg_to_page_array(sgt, obj->pages, obj->num_pages);
#endif
	dma_get_sgtable_attrs(dev->dev, sgt, obj->cookie, obj->dma_addr, obj->size, obj->dma_attrs);
	drm_prime_gem_destroy(&obj->base, sgt);
	kvfree(obj->pages);
	drm_gem_object_release(&obj->base);
	pr_devel("handles: %d, core: %p\n", obj->base.handle_count, rknpu_dev);
	return drm_gem_prime_import_dev(dev, attach->dmabuf, dev->dev);
}

int rknpu_uses_sync(struct rknpu_device *rknpu_dev, struct rknpu_gem_object *obj, struct drm_file *file, u32 handle);
int rknpu_uses_sync(struct rknpu_device *rknpu_dev, struct rknpu_gem_object *obj, struct drm_file *file, u32 handle)
{
	dma_sync_single_range_for_device(rknpu_dev->dev, obj->dma_addr, 0, obj->size, DMA_TO_DEVICE);
	dma_sync_single_range_for_cpu(rknpu_dev->dev, obj->dma_addr, 0, obj->size, DMA_FROM_DEVICE);
	drm_gem_put_pages(&obj->base, drm_gem_get_pages(&obj->base), true, true);
	return drm_gem_handle_delete(file, handle);
}

/* Dead code without CONFIG_NO_GKI, but compiled: static, so that it leaves no symbol behind. */
static int rknpu_uses_cache(struct iommu_domain *domain, struct rknpu_gem_object *obj, unsigned long iova)
{
	int ret = iommu_map(domain, iova, (phys_addr_t)0, PAGE_SIZE, IOMMU_READ | IOMMU_WRITE);

	if (!ret)
		iommu_unmap(domain, iova, PAGE_SIZE);
	return ret;
}

int rknpu_uses_sram(struct rknpu_device *rknpu_dev, struct rknpu_gem_object *obj);
int rknpu_uses_sram(struct rknpu_device *rknpu_dev, struct rknpu_gem_object *obj)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(rknpu_dev->dev);

	if (IS_ENABLED(CONFIG_NO_GKI) && IS_ENABLED(CONFIG_ROCKCHIP_RKNPU_SRAM))
		return rknpu_uses_cache(domain, obj, 0);
	return 0;
}
