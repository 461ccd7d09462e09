// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/slab.h>

#include "rknpu_debugger.h"
#include "rknpu_mm.h"

int rknpu_mm_create(unsigned int mem_size, unsigned int chunk_size, struct rknpu_mm **mm)
{
	*mm = kzalloc(sizeof(**mm), GFP_KERNEL);
	if (!*mm)
		return -ENOMEM;
	(*mm)->chunk_size = chunk_size;
	(*mm)->total_chunks = mem_size / chunk_size;
	(*mm)->free_chunks = (*mm)->total_chunks;
	return 0;
}

void rknpu_mm_destroy(struct rknpu_mm *mm)
{
	kfree(mm);
}
