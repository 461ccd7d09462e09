/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_IOCTL_H
#define __LINUX_RKNPU_IOCTL_H

#include <linux/build_bug.h>
#include <linux/ioctl.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <drm/drm.h>

#define RKNPU_OFFSET_VERSION		0x0
#define RKNPU_OFFSET_VERSION_NUM	0x4

#define RKNPU_STR_HELPER(x) #x
#define RKNPU_GET_DRV_VERSION_STRING(a, b, c) \
	RKNPU_STR_HELPER(a) "." RKNPU_STR_HELPER(b) "." RKNPU_STR_HELPER(c)
#define RKNPU_GET_DRV_VERSION_CODE(a, b, c) ((a) * 10000 + (b) * 100 + (c))

enum {
	RKNPU_MEM_NON_CONTIGUOUS	= 1 << 0,
	RKNPU_MEM_CACHEABLE		= 1 << 1,
	RKNPU_MEM_WRITE_COMBINE		= 1 << 2,
	RKNPU_MEM_KERNEL_MAPPING	= 1 << 3,
	RKNPU_MEM_IOMMU			= 1 << 4,
	RKNPU_MEM_ZEROING		= 1 << 5,
	RKNPU_MEM_SECURE		= 1 << 6,
	RKNPU_MEM_DMA32			= 1 << 7,
	RKNPU_MEM_TRY_ALLOC_SRAM	= 1 << 8,
	RKNPU_MEM_TRY_ALLOC_NBUF	= 1 << 9,
};

enum { RKNPU_MEM_SYNC_TO_DEVICE = 1, RKNPU_MEM_SYNC_FROM_DEVICE = 2 };

enum {
	RKNPU_JOB_PC		= 1 << 0,
	RKNPU_JOB_NONBLOCK	= 1 << 1,
	RKNPU_JOB_PINGPONG	= 1 << 2,
	RKNPU_JOB_FENCE_IN	= 1 << 3,
	RKNPU_JOB_FENCE_OUT	= 1 << 4,
};

enum {
	RKNPU_GET_HW_VERSION		= 0,
	RKNPU_GET_DRV_VERSION		= 1,
	RKNPU_GET_FREQ			= 2,
	RKNPU_SET_FREQ			= 3,
	RKNPU_GET_VOLT			= 4,
	RKNPU_SET_VOLT			= 5,
	RKNPU_ACT_RESET			= 6,
	RKNPU_GET_BW_PRIORITY		= 7,
	RKNPU_SET_BW_TW			= 12,
	RKNPU_ACT_CLR_TOTAL_RW_AMOUNT	= 13,
	RKNPU_GET_DT_WR_AMOUNT		= 14,
	RKNPU_GET_TOTAL_RW_AMOUNT	= 17,
	RKNPU_GET_IOMMU_EN		= 18,
	RKNPU_SET_PROC_NICE		= 19,
	RKNPU_POWER_ON			= 20,
	RKNPU_POWER_OFF			= 21,
	RKNPU_GET_TOTAL_SRAM_SIZE	= 22,
	RKNPU_GET_FREE_SRAM_SIZE	= 23,
	RKNPU_GET_IOMMU_DOMAIN_ID	= 24,
	RKNPU_SET_IOMMU_DOMAIN_ID	= 25,
};

struct rknpu_mem_create {
	__u32 handle;
	__u32 flags;
	__u64 size;
	__u64 obj_addr;
	__u64 dma_addr;
	__u64 sram_size;
//@if >=0.9.3
	__s32 iommu_domain_id;
//@endif
//@if >=0.9.8
	__u32 core_mask;
//@endif
//@if 0.9.3 0.9.6
	__u32 reserved;
//@endif
};

struct rknpu_mem_map {
	__u32 handle;
	__u32 reserved;
	__u64 offset;
};

struct rknpu_mem_destroy {
	__u32 handle;
	__u32 reserved;
	__u64 obj_addr;
};

struct rknpu_mem_sync {
	__u32 flags;
	__u32 reserved;
	__u64 obj_addr;
	__u64 offset;
	__u64 size;
};

struct rknpu_task {
	__u32 flags;
	__u32 op_idx;
	__u32 enable_mask;
	__u32 int_mask;
	__u32 int_clear;
	__u32 int_status;
	__u32 regcfg_amount;
	__u32 regcfg_offset;
	__u64 regcmd_addr;
} __packed;

struct rknpu_subcore_task {
	__u32 task_start;
	__u32 task_number;
};

struct rknpu_submit {
	__u32 flags;
	__u32 timeout;
	__u32 task_start;
	__u32 task_number;
	__u32 task_counter;
	__s32 priority;
	__u64 task_obj_addr;
//@if >=0.9.3
	__u32 iommu_domain_id;
	__u32 reserved;
//@else
	__u64 regcfg_obj_addr;
//@endif
	__u64 task_base_addr;
	__s64 hw_elapse_time;
	__u32 core_mask;
	__s32 fence_fd;
	struct rknpu_subcore_task subcore_task[5];
};

struct rknpu_action {
	__u32 flags;
	__u32 value;
};

#define RKNPU_ACTION		0x00
#define RKNPU_SUBMIT		0x01
#define RKNPU_MEM_CREATE	0x02
#define RKNPU_MEM_MAP		0x03
#define RKNPU_MEM_DESTROY	0x04
#define RKNPU_MEM_SYNC		0x05

#define RKNPU_DRM(nr, type) DRM_IOWR(DRM_COMMAND_BASE + (nr), struct type)
#define DRM_IOCTL_RKNPU_ACTION		RKNPU_DRM(RKNPU_ACTION, rknpu_action)
#define DRM_IOCTL_RKNPU_SUBMIT		RKNPU_DRM(RKNPU_SUBMIT, rknpu_submit)
#define DRM_IOCTL_RKNPU_MEM_CREATE	RKNPU_DRM(RKNPU_MEM_CREATE, rknpu_mem_create)
#define DRM_IOCTL_RKNPU_MEM_MAP		RKNPU_DRM(RKNPU_MEM_MAP, rknpu_mem_map)
#define DRM_IOCTL_RKNPU_MEM_DESTROY	RKNPU_DRM(RKNPU_MEM_DESTROY, rknpu_mem_destroy)
#define DRM_IOCTL_RKNPU_MEM_SYNC	RKNPU_DRM(RKNPU_MEM_SYNC, rknpu_mem_sync)

/* The numbers and places the vendor's runtime uses: the stand-in must not drift from them. */
static_assert(DRM_IOCTL_RKNPU_ACTION == 0xc0086440u);
static_assert(DRM_IOCTL_RKNPU_SUBMIT == 0xc0686441u);
//@if >=0.9.3
static_assert(DRM_IOCTL_RKNPU_MEM_CREATE == 0xc0306442u);
//@else
static_assert(DRM_IOCTL_RKNPU_MEM_CREATE == 0xc0286442u);
//@endif
static_assert(DRM_IOCTL_RKNPU_MEM_MAP == 0xc0106443u);
static_assert(DRM_IOCTL_RKNPU_MEM_DESTROY == 0xc0106444u);
static_assert(DRM_IOCTL_RKNPU_MEM_SYNC == 0xc0206445u);

#define RKNPU_AT(type, member, where) static_assert(offsetof(struct type, member) == (where))
RKNPU_AT(rknpu_mem_create, handle, 0);
RKNPU_AT(rknpu_mem_create, flags, 4);
RKNPU_AT(rknpu_mem_create, size, 8);
RKNPU_AT(rknpu_mem_create, obj_addr, 16);
RKNPU_AT(rknpu_mem_create, dma_addr, 24);
RKNPU_AT(rknpu_mem_create, sram_size, 32);
//@if >=0.9.3
RKNPU_AT(rknpu_mem_create, iommu_domain_id, 40);
//@endif
//@if >=0.9.8
RKNPU_AT(rknpu_mem_create, core_mask, 44);
//@endif
RKNPU_AT(rknpu_mem_map, handle, 0);
RKNPU_AT(rknpu_mem_map, offset, 8);
RKNPU_AT(rknpu_mem_destroy, handle, 0);
RKNPU_AT(rknpu_mem_destroy, obj_addr, 8);
RKNPU_AT(rknpu_mem_sync, flags, 0);
RKNPU_AT(rknpu_mem_sync, obj_addr, 8);
RKNPU_AT(rknpu_mem_sync, offset, 16);
RKNPU_AT(rknpu_mem_sync, size, 24);
RKNPU_AT(rknpu_submit, flags, 0);
RKNPU_AT(rknpu_submit, timeout, 4);
RKNPU_AT(rknpu_submit, task_start, 8);
RKNPU_AT(rknpu_submit, task_number, 12);
RKNPU_AT(rknpu_submit, task_counter, 16);
RKNPU_AT(rknpu_submit, priority, 20);
RKNPU_AT(rknpu_submit, task_obj_addr, 24);
//@if >=0.9.3
RKNPU_AT(rknpu_submit, iommu_domain_id, 32);
//@endif
RKNPU_AT(rknpu_submit, task_base_addr, 40);
RKNPU_AT(rknpu_submit, hw_elapse_time, 48);
RKNPU_AT(rknpu_submit, core_mask, 56);
RKNPU_AT(rknpu_submit, fence_fd, 60);
RKNPU_AT(rknpu_submit, subcore_task, 64);
static_assert(sizeof(struct rknpu_task) == 40);
RKNPU_AT(rknpu_task, int_status, 20);
RKNPU_AT(rknpu_task, regcmd_addr, 32);

#endif
