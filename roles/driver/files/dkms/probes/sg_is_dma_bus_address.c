// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* From 6.0 to 6.4; the driver uses it from 6.1 on. */
#include <linux/scatterlist.h>
#include <linux/version.h>

#if KERNEL_VERSION(6, 1, 0) <= LINUX_VERSION_CODE
bool probe_bus_address(struct scatterlist *sg);
bool probe_bus_address(struct scatterlist *sg)
{
	return sg_is_dma_bus_address(sg);
}
#endif
