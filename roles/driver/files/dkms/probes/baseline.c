// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
#include <linux/module.h>

MODULE_LICENSE("GPL");
