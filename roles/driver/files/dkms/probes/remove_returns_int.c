// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* Until 6.10. */
#include <linux/platform_device.h>

static int probe_remove(struct platform_device *pdev)
{
	return 0;
}

struct platform_driver probe_platform_driver = { .remove = probe_remove };
