/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */
#ifndef __LINUX_RKNPU_DEBUGGER_H_
#define __LINUX_RKNPU_DEBUGGER_H_

#include <linux/seq_file.h>

struct dentry;
struct proc_dir_entry;
struct rknpu_device;

struct rknpu_debugger {
	struct dentry *debugfs_dir;
	struct proc_dir_entry *procfs_dir;
};

int rknpu_debugger_init(struct rknpu_device *rknpu_dev);
int rknpu_debugger_remove(struct rknpu_device *rknpu_dev);

#endif
