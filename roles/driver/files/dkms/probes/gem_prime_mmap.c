// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Until 6.5. */
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

struct drm_driver probe_prime_mmap = { .gem_prime_mmap = drm_gem_prime_mmap };
