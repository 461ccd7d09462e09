/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/* For kernels without this header of vendor trees. */
#ifndef RKFLEET_VERSION_COMPAT_DEFS_H
#define RKFLEET_VERSION_COMPAT_DEFS_H

#include <linux/version.h>
#include <linux/mm.h>

#endif
