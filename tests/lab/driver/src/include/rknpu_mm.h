/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_MM_H
#define __LINUX_RKNPU_MM_H

#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/iommu.h>
#include <linux/iova.h>

#include "rknpu_drv.h"

struct rknpu_mm {
	unsigned int chunk_size;
	unsigned int total_chunks;
	unsigned int free_chunks;
};

int rknpu_mm_create(unsigned int mem_size, unsigned int chunk_size, struct rknpu_mm **mm);
void rknpu_mm_destroy(struct rknpu_mm *mm);

#endif
