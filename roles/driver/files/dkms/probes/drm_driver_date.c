// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Until 6.13. */
#include <drm/drm_drv.h>

struct drm_driver probe_date = { .date = "" };
