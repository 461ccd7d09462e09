// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <drm/drm_device.h>
#include <drm/drm_vma_manager.h>
#include <drm/drm_prime.h>
#include <drm/drm_file.h>
#include <drm/drm_drv.h>

#include <linux/shmem_fs.h>
#include <linux/dma-buf.h>
#include <linux/iommu.h>
#include <linux/pfn_t.h>
#include <linux/version.h>
//@if >=0.9.6
#include <linux/version_compat_defs.h>
//@endif
#include <asm/cacheflush.h>

#if KERNEL_VERSION(5, 10, 0) <= LINUX_VERSION_CODE
#include <linux/dma-map-ops.h>
#endif

#include "rknpu_drv.h"
#include "rknpu_ioctl.h"
#include "rknpu_gem.h"
#include "rknpu_iommu.h"

/* With an IOMMU a buffer may be pages from anywhere; the address is then the device's. */
static int rknpu_gem_get_pages(struct rknpu_gem_object *obj)
{
	struct drm_device *drm = obj->base.dev;
	int ret;

	obj->pages = drm_gem_get_pages(&obj->base);
	if (IS_ERR(obj->pages)) {
		ret = PTR_ERR(obj->pages);
		obj->pages = NULL;
		LOG_ERROR("failed to get pages: %d\n", ret);
		return ret;
	}
	obj->num_pages = obj->size >> PAGE_SHIFT;
	obj->sgt = drm_prime_pages_to_sg(drm, obj->pages, obj->num_pages);
	if (IS_ERR(obj->sgt)) {
		ret = PTR_ERR(obj->sgt);
		obj->sgt = NULL;
		goto put_pages;
	}
	if (!rknpu_iommu_dma_map_sg(drm->dev, obj->sgt->sgl, obj->sgt->nents)) {
		LOG_DEV_ERROR(drm->dev, "%s: dma map %lu fail\n", __func__, obj->size);
		ret = -EFAULT;
		goto free_sgt;
	}
	iommu_flush_iotlb_all(iommu_get_domain_for_dev(drm->dev));
	if (obj->flags & RKNPU_MEM_KERNEL_MAPPING) {
		obj->cookie = vmap(obj->pages, obj->num_pages, VM_MAP, PAGE_KERNEL);
		if (!obj->cookie) {
			ret = -ENOMEM;
			goto unmap;
		}
		obj->kv_addr = obj->cookie;
	}
	obj->dma_addr = sg_dma_address(obj->sgt->sgl);
	return 0;

unmap:
	dma_unmap_sg(drm->dev, obj->sgt->sgl, obj->sgt->nents, DMA_BIDIRECTIONAL);
free_sgt:
	sg_free_table(obj->sgt);
	kfree(obj->sgt);
	obj->sgt = NULL;
put_pages:
	drm_gem_put_pages(&obj->base, obj->pages, false, false);
	obj->pages = NULL;
	return ret;
}

static int rknpu_gem_alloc(struct rknpu_gem_object *obj)
{
	struct drm_device *drm = obj->base.dev;
	struct rknpu_device *rknpu_dev = drm->dev_private;

	if ((obj->flags & RKNPU_MEM_NON_CONTIGUOUS) && rknpu_dev->iommu_en)
		return rknpu_gem_get_pages(obj);

	/* Without an IOMMU every buffer is contiguous anyway. */
	obj->flags &= ~RKNPU_MEM_NON_CONTIGUOUS;
	obj->dma_attrs = DMA_ATTR_FORCE_CONTIGUOUS;
	if (!(obj->flags & RKNPU_MEM_CACHEABLE) && (obj->flags & RKNPU_MEM_WRITE_COMBINE))
		obj->dma_attrs |= DMA_ATTR_WRITE_COMBINE;
	if (!(obj->flags & RKNPU_MEM_KERNEL_MAPPING))
		obj->dma_attrs |= DMA_ATTR_NO_KERNEL_MAPPING;

	obj->cookie = dma_alloc_attrs(drm->dev, obj->size, &obj->dma_addr,
				      GFP_KERNEL | __GFP_ZERO, obj->dma_attrs);
	if (!obj->cookie) {
		LOG_DEV_ERROR(drm->dev, "failed to allocate %lu buffer.\n", obj->size);
		return -ENOMEM;
	}
	if (obj->flags & RKNPU_MEM_KERNEL_MAPPING)
		obj->kv_addr = obj->cookie;
	return 0;
}

static void rknpu_gem_free(struct rknpu_gem_object *obj)
{
	struct drm_device *drm = obj->base.dev;

	if (obj->pages) {
		if (obj->kv_addr)
			vunmap(obj->kv_addr);
		dma_unmap_sg(drm->dev, obj->sgt->sgl, obj->sgt->nents, DMA_BIDIRECTIONAL);
		sg_free_table(obj->sgt);
		kfree(obj->sgt);
		drm_gem_put_pages(&obj->base, obj->pages, true, true);
	} else if (obj->cookie) {
		dma_free_attrs(drm->dev, obj->size, obj->cookie, obj->dma_addr, obj->dma_attrs);
	}
}

#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
static const struct vm_operations_struct rknpu_gem_vm_ops = {
	.fault = rknpu_gem_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static const struct drm_gem_object_funcs rknpu_gem_object_funcs = {
	.free = rknpu_gem_free_object,
	.export = drm_gem_prime_export,
	.mmap = rknpu_gem_mmap_obj,
	.vm_ops = &rknpu_gem_vm_ops,
};
#endif

static struct rknpu_gem_object *rknpu_gem_object_create(struct drm_device *drm, u32 flags,
							u64 size)
{
	struct rknpu_device *rknpu_dev = drm->dev_private;
	struct rknpu_gem_object *obj;
	int ret;

	/* There is no upper limit: what the machine does not have fails below. */
	if (!size) {
		LOG_DEV_ERROR(drm->dev, "invalid buffer size: %llu\n", size);
		return ERR_PTR(-EINVAL);
	}
	obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	if (!obj)
		return ERR_PTR(-ENOMEM);
#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
	obj->base.funcs = &rknpu_gem_object_funcs;
#endif
	INIT_LIST_HEAD(&obj->node);
	ret = drm_gem_object_init(drm, &obj->base, round_up(size, PAGE_SIZE));
	if (ret) {
		LOG_DEV_ERROR(drm->dev, "failed to initialize gem object\n");
		goto free;
	}
	obj->size = obj->base.size;
	obj->flags = flags;
	ret = rknpu_gem_alloc(obj);
	if (ret)
		goto release;

	spin_lock(&rknpu_dev->lock);
	list_add_tail(&obj->node, &rknpu_dev->objects);
	spin_unlock(&rknpu_dev->lock);
	return obj;

release:
	drm_gem_object_release(&obj->base);
free:
	kfree(obj);
	return ERR_PTR(ret);
}

/*
 * The object behind the token handed out by MEM_CREATE, with a reference, or NULL.
 * The vendor's driver believes the token; here it has to be one that was given out.
 */
struct rknpu_gem_object *rknpu_gem_object_by_token(struct rknpu_device *rknpu_dev, u64 token)
{
	struct rknpu_gem_object *obj, *found = NULL;

	spin_lock(&rknpu_dev->lock);
	list_for_each_entry(obj, &rknpu_dev->objects, node) {
		if ((u64)(uintptr_t)obj == token && kref_get_unless_zero(&obj->base.refcount)) {
			found = obj;
			break;
		}
	}
	spin_unlock(&rknpu_dev->lock);
	return found;
}

void rknpu_gem_free_object(struct drm_gem_object *gem)
{
	struct rknpu_device *rknpu_dev = gem->dev->dev_private;
	struct rknpu_gem_object *obj = to_rknpu_obj(gem);

	spin_lock(&rknpu_dev->lock);
	list_del_init(&obj->node);
	spin_unlock(&rknpu_dev->lock);
	rknpu_gem_free(obj);
	drm_gem_object_release(gem);
	kfree(obj);
}

int rknpu_gem_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct rknpu_mem_create *args = data;
	struct rknpu_gem_object *obj;
	struct drm_gem_object *gem;
	int ret;

	/* A handle that exists already (an imported buffer) is described, not made anew. */
	gem = drm_gem_object_lookup(file, args->handle);
	if (gem) {
		obj = to_rknpu_obj(gem);
		drm_gem_object_put(gem);
	} else {
		obj = rknpu_gem_object_create(drm, args->flags, args->size);
		if (IS_ERR(obj))
			return PTR_ERR(obj);
		ret = drm_gem_handle_create(file, &obj->base, &args->handle);
		drm_gem_object_put(&obj->base);
		if (ret)
			return ret;
	}
	args->size = obj->size;
	args->sram_size = 0;
	args->obj_addr = (u64)(uintptr_t)obj;
	args->dma_addr = obj->dma_addr;
	return 0;
}

int rknpu_gem_map_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct rknpu_mem_map *args = data;

	return drm_gem_dumb_map_offset(file, drm, args->handle, &args->offset);
}

int rknpu_gem_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct rknpu_mem_destroy *args = data;
	struct drm_gem_object *gem = drm_gem_object_lookup(file, args->handle);

	if (!gem)
		return -EINVAL;
	drm_gem_object_put(gem);
	return drm_gem_handle_delete(file, args->handle);
}

vm_fault_t rknpu_gem_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct rknpu_gem_object *obj = to_rknpu_obj((struct drm_gem_object *)vma->vm_private_data);
	pgoff_t page = (vmf->address - vma->vm_start) >> PAGE_SHIFT;

	if (!obj->pages || page >= obj->num_pages) {
		LOG_DEV_ERROR(obj->base.dev->dev, "invalid page offset\n");
		return VM_FAULT_SIGBUS;
	}
	return vmf_insert_mixed(vma, vmf->address,
				__pfn_to_pfn_t(page_to_pfn(obj->pages[page]), PFN_DEV));
}

static int rknpu_gem_mmap_pages(struct rknpu_gem_object *obj, struct vm_area_struct *vma)
{
	unsigned long addr = vma->vm_start, i;
	int ret;

//@if >=0.9.6
	vm_flags_set(vma, VM_MIXEDMAP);
//@else
	vma->vm_flags |= VM_MIXEDMAP;
//@endif
	for (i = 0; i < vma_pages(vma); i++, addr += PAGE_SIZE) {
		ret = vm_insert_page(vma, addr, obj->pages[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int rknpu_gem_mmap_buffer(struct rknpu_gem_object *obj, struct vm_area_struct *vma)
{
	struct drm_device *drm = obj->base.dev;
	int ret;

	/* The offset DRM invented to find the object is no offset into it. */
//@if >=0.9.6
	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO);
	vm_flags_clear(vma, VM_PFNMAP);
//@else
	vma->vm_flags |= VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO;
	vma->vm_flags &= ~VM_PFNMAP;
//@endif
	vma->vm_pgoff = 0;
	if (vma->vm_end - vma->vm_start > obj->size)
		return -EINVAL;
	if (obj->pages)
		return rknpu_gem_mmap_pages(obj, vma);

	ret = dma_mmap_attrs(drm->dev, vma, obj->cookie, obj->dma_addr, obj->size,
			     obj->dma_attrs);
	if (ret < 0)
		LOG_DEV_ERROR(drm->dev, "failed to mmap, ret: %d\n", ret);
	return ret;
}

int rknpu_gem_mmap_obj(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	struct rknpu_gem_object *obj = to_rknpu_obj(gem);
	pgprot_t prot = vm_get_page_prot(vma->vm_flags);
	int ret;

	if (obj->flags & RKNPU_MEM_CACHEABLE)
		vma->vm_page_prot = prot;
	else if (obj->flags & RKNPU_MEM_WRITE_COMBINE)
		vma->vm_page_prot = pgprot_writecombine(prot);
	else
		vma->vm_page_prot = pgprot_noncached(prot);

	ret = rknpu_gem_mmap_buffer(obj, vma);
#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE
	if (ret)
		drm_gem_vm_close(vma);
#endif
	return ret;
}

int rknpu_gem_mmap(struct file *filp, struct vm_area_struct *vma)
{
	int ret = drm_gem_mmap(filp, vma);

	return ret < 0 ? ret : rknpu_gem_mmap_obj(vma->vm_private_data, vma);
}

int rknpu_gem_sync_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct rknpu_mem_sync *args = data;
	struct rknpu_device *rknpu_dev = drm->dev_private;
	struct rknpu_gem_object *obj;
	int ret = 0;

	obj = rknpu_gem_object_by_token(rknpu_dev, args->obj_addr);
	if (!obj)
		return -EINVAL;
	if (!(obj->flags & RKNPU_MEM_CACHEABLE) || args->offset > obj->size ||
	    args->size > obj->size - args->offset) {
		ret = -EINVAL;
		goto put;
	}
	if (obj->flags & RKNPU_MEM_NON_CONTIGUOUS) {
		if (args->flags & RKNPU_MEM_SYNC_TO_DEVICE)
			dma_sync_sg_for_device(drm->dev, obj->sgt->sgl, obj->sgt->nents,
					       DMA_TO_DEVICE);
		if (args->flags & RKNPU_MEM_SYNC_FROM_DEVICE)
			dma_sync_sg_for_cpu(drm->dev, obj->sgt->sgl, obj->sgt->nents,
					    DMA_FROM_DEVICE);
		goto put;
	}
	if (args->flags & RKNPU_MEM_SYNC_TO_DEVICE)
		dma_sync_single_range_for_device(drm->dev, obj->dma_addr, args->offset,
						 args->size, DMA_TO_DEVICE);
	if (args->flags & RKNPU_MEM_SYNC_FROM_DEVICE)
		dma_sync_single_range_for_cpu(drm->dev, obj->dma_addr, args->offset,
					      args->size, DMA_FROM_DEVICE);
put:
	drm_gem_object_put(&obj->base);
	return ret;
}
