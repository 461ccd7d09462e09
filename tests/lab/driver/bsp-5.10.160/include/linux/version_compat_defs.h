/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for a header of the vendor's kernels 5.10.110 to 5.10.209, for builds; not the vendor's.
 */
#ifndef _VERSION_COMPAT_DEFS_H_
#define _VERSION_COMPAT_DEFS_H_

/*
 * Vendor trees have this for their GPU driver. Some define vm_flags_set() here, this one does
 * not: the harder case, and the one of the board the collection was made for.
 */
#include <linux/version.h>
#include <linux/mm.h>

#endif
