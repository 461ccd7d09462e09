/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_GEM_H
#define __LINUX_RKNPU_GEM_H

#include <linux/mm_types.h>
#include <linux/version.h>

#include <drm/drm_device.h>
#include <drm/drm_vma_manager.h>
#include <drm/drm_gem.h>
#include <drm/drm_mode.h>

#include "rknpu_mm.h"

#define to_rknpu_obj(x) container_of(x, struct rknpu_gem_object, base)

struct rknpu_gem_object {
	struct drm_gem_object base;
	struct list_head node;
	unsigned int flags;
	unsigned long size;
	void *cookie;
	void *kv_addr;
	dma_addr_t dma_addr;
	unsigned long dma_attrs;
	unsigned long num_pages;
	struct page **pages;
	struct sg_table *sgt;
};

struct rknpu_gem_object *rknpu_gem_object_by_token(struct rknpu_device *rknpu_dev, u64 token);
int rknpu_gem_create_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int rknpu_gem_map_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int rknpu_gem_destroy_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
int rknpu_gem_sync_ioctl(struct drm_device *dev, void *data, struct drm_file *file);
void rknpu_gem_free_object(struct drm_gem_object *obj);
vm_fault_t rknpu_gem_fault(struct vm_fault *vmf);
int rknpu_gem_mmap(struct file *filp, struct vm_area_struct *vma);
int rknpu_gem_mmap_obj(struct drm_gem_object *obj, struct vm_area_struct *vma);

#endif
