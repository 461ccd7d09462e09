// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* All the interfaces that later kernels moved, in one compile. */
#include "remove_returns_int.c"
#include "hrtimer_init.c"
#include "import_ns_bare.c"
#include "gem_prime_mmap.c"
#include "iommu_map_5.c"
#include "sg_is_dma_bus_address.c"
#include "drm_driver_date.c"
#include "iova_cookie_typed.c"
