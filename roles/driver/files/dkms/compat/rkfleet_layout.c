// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * The sizes of structures that the driver shares with the kernel, as these headers give them: compared with the
 * kernel's BTF before the module is installed (module_layout.py, in module_utils).
 * With RKFLEET_LAYOUT_MODULE, an empty module with nothing else: whether headers fit a kernel shows in seconds.
 */

#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#define RKFLEET_SIZE(name) { #name, sizeof(struct name) }

/* The form is that of _ENTRY in module_layout.py. */
static const struct {
	char name[24];
	u32 size;
} rkfleet_sizes[] __used __section(".rkfleet_sizes") = {
	RKFLEET_SIZE(device), RKFLEET_SIZE(dma_buf), RKFLEET_SIZE(file), RKFLEET_SIZE(hrtimer),
	RKFLEET_SIZE(iommu_domain), RKFLEET_SIZE(mm_struct), RKFLEET_SIZE(module), RKFLEET_SIZE(page),
	RKFLEET_SIZE(platform_device), RKFLEET_SIZE(task_struct), RKFLEET_SIZE(vm_area_struct),
	RKFLEET_SIZE(wait_queue_head), RKFLEET_SIZE(work_struct),
};

#ifdef RKFLEET_LAYOUT_MODULE
static int __init rkfleet_layout_init(void)
{
	pr_debug("rkfleet: the layout of the headers\n");
	return 0;
}

static void __exit rkfleet_layout_exit(void)
{
}

module_init(rkfleet_layout_init);
module_exit(rkfleet_layout_exit);
MODULE_DESCRIPTION("Sizes of the kernel's structures");
MODULE_LICENSE("GPL");
#endif
