/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_MEM_H
#define __LINUX_RKNPU_MEM_H

/* The DMA heap variant needs the vendor's heap, which the lab's kernel lacks. */

#endif
