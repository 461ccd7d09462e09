/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/*
 * Included before rknpu_drv.c alone, where struct drm_driver has no date: that initialiser then states the description
 * a second time.
 */
#ifndef RKFLEET_DRM_DRIVER_H
#define RKFLEET_DRM_DRIVER_H

#include <drm/drm_drv.h>
#include "rknpu_drv.h"

#undef DRIVER_DATE
#define DRIVER_DATE DRIVER_DESC
#define date desc

#endif
