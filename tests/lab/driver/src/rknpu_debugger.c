// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/slab.h>
#include <linux/delay.h>
#include <linux/syscalls.h>
#include <linux/debugfs.h>
#include <linux/proc_fs.h>
#include <linux/devfreq.h>
#include <linux/clk.h>
#include <asm/div64.h>

#ifndef FPGA_PLATFORM
#ifdef CONFIG_PM_DEVFREQ
#include <../drivers/devfreq/governor.h>
#endif
#endif

#include "rknpu_drv.h"
#include "rknpu_mm.h"
#include "rknpu_reset.h"
#include "rknpu_debugger.h"

#if defined(CONFIG_ROCKCHIP_RKNPU_DEBUG_FS) || defined(CONFIG_ROCKCHIP_RKNPU_PROC_FS)

struct rknpu_file {
	const char *name;
	int (*show)(struct seq_file *m, struct rknpu_device *rknpu_dev);
	int (*store)(struct rknpu_device *rknpu_dev, const char *text);
};

static struct rknpu_device *the_device;

static int version_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	seq_printf(m, "%s: v%d.%d.%d\n", DRIVER_DESC, DRIVER_MAJOR, DRIVER_MINOR,
		   DRIVER_PATCHLEVEL);
	return 0;
}

static int load_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	int cores = rknpu_dev->config->num_irqs, i;

	seq_puts(m, "NPU load: ");
	for (i = 0; i < cores; i++) {
		u64 busy = READ_ONCE(rknpu_dev->last_busy_ns[i]);
		unsigned int load;

		do_div(busy, RKNPU_LOAD_INTERVAL / 100);
		load = min_t(u64, busy, 100);
		if (cores > 1)
			seq_printf(m, " Core%d: %2.d%%,", i, load);
		else
			seq_printf(m, "%2.d%%", load);
	}
	seq_putc(m, '\n');
	return 0;
}

static int power_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	seq_puts(m, atomic_read(&rknpu_dev->power_refcount) > 0 ? "on\n" : "off\n");
	return 0;
}

static int power_store(struct rknpu_device *rknpu_dev, const char *text)
{
	if (!strcmp(text, "on"))
		return rknpu_power_get(rknpu_dev);
	if (!strcmp(text, "off"))
		return rknpu_power_put(rknpu_dev);
	LOG_ERROR("rknpu power node params is invalid!");
	return 0;
}

static int freq_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	unsigned long rate;

	rknpu_power_get(rknpu_dev);
	rate = clk_get_rate(rknpu_dev->clks[0].clk);
	rknpu_power_put(rknpu_dev);
	seq_printf(m, "%lu\n", rate);
	return 0;
}

static int freq_store(struct rknpu_device *rknpu_dev, const char *text)
{
#ifdef CONFIG_PM_DEVFREQ
	unsigned long freq;

	if (kstrtoul(text, 10, &freq) || !rknpu_dev->devfreq)
		return -EFAULT;
	rknpu_dev->ondemand_freq = freq;
	mutex_lock(&rknpu_dev->devfreq->lock);
	update_devfreq(rknpu_dev->devfreq);
	mutex_unlock(&rknpu_dev->devfreq->lock);
	return 0;
#else
	return -EFAULT;
#endif
}

static int volt_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	seq_printf(m, "%d\n", rknpu_dev->vdd ? regulator_get_voltage(rknpu_dev->vdd) : 0);
	return 0;
}

static int delayms_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	seq_printf(m, "%lu\n", rknpu_dev->power_put_delay);
	return 0;
}

static int delayms_store(struct rknpu_device *rknpu_dev, const char *text)
{
	return kstrtoul(text, 10, &rknpu_dev->power_put_delay) ? -EFAULT : 0;
}

static int reset_show(struct seq_file *m, struct rknpu_device *rknpu_dev)
{
	seq_puts(m, rknpu_dev->bypass_soft_reset ? "off\n" : "on\n");
	return 0;
}

static int reset_store(struct rknpu_device *rknpu_dev, const char *text)
{
	if (!strcmp(text, "1"))
		return rknpu_soft_reset(rknpu_dev);
	if (!strcmp(text, "on"))
		rknpu_dev->bypass_soft_reset = false;
	else if (!strcmp(text, "off"))
		rknpu_dev->bypass_soft_reset = true;
	return 0;
}

static const struct rknpu_file rknpu_files[] = {
	{ "version", version_show },
	{ "load", load_show },
	{ "power", power_show, power_store },
	{ "freq", freq_show, freq_store },
	{ "volt", volt_show },
	{ "delayms", delayms_show, delayms_store },
	{ "reset", reset_show, reset_store },
};

static int rknpu_file_show(struct seq_file *m, void *data)
{
	const struct rknpu_file *file = m->private;

	return file->show(m, the_device);
}

static ssize_t rknpu_file_write(struct file *filp, const char __user *ubuf, size_t len,
				loff_t *offp)
{
	const struct rknpu_file *file = ((struct seq_file *)filp->private_data)->private;
	char text[16];
	int ret;

	if (!file->store)
		return len;
	/* The vendor's driver crashes on an empty write; the lab has no use for that. */
	if (!len || len > sizeof(text) - 1)
		return -EINVAL;
	if (copy_from_user(text, ubuf, len))
		return -EFAULT;
	text[len - 1] = '\0';
	ret = file->store(the_device, text);
	return ret < 0 ? ret : len;
}
#endif

#ifdef CONFIG_ROCKCHIP_RKNPU_DEBUG_FS
static int rknpu_debugfs_open(struct inode *inode, struct file *file)
{
	return single_open(file, rknpu_file_show, inode->i_private);
}

static const struct file_operations rknpu_debugfs_fops = {
	.owner = THIS_MODULE,
	.open = rknpu_debugfs_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
	.write = rknpu_file_write,
};
#endif

#ifdef CONFIG_ROCKCHIP_RKNPU_PROC_FS
static int rknpu_procfs_open(struct inode *inode, struct file *file)
{
#if KERNEL_VERSION(6, 1, 0) > LINUX_VERSION_CODE
	return single_open(file, rknpu_file_show, PDE_DATA(inode));
#else
	return single_open(file, rknpu_file_show, pde_data(inode));
#endif
}

static const struct proc_ops rknpu_procfs_fops = {
	.proc_open = rknpu_procfs_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
	.proc_write = rknpu_file_write,
};
#endif

int rknpu_debugger_init(struct rknpu_device *rknpu_dev)
{
	struct rknpu_debugger *debugger __maybe_unused = &rknpu_dev->debugger;
	unsigned int i __maybe_unused;

#if defined(CONFIG_ROCKCHIP_RKNPU_DEBUG_FS) || defined(CONFIG_ROCKCHIP_RKNPU_PROC_FS)
	the_device = rknpu_dev;
#endif
#ifdef CONFIG_ROCKCHIP_RKNPU_DEBUG_FS
	debugger->debugfs_dir = debugfs_create_dir("rknpu", NULL);
	if (IS_ERR_OR_NULL(debugger->debugfs_dir)) {
		LOG_ERROR("failed on mkdir /sys/kernel/debug/%s\n", "rknpu");
		debugger->debugfs_dir = NULL;
	} else {
		for (i = 0; i < ARRAY_SIZE(rknpu_files); i++)
			debugfs_create_file(rknpu_files[i].name, 0444, debugger->debugfs_dir,
					    (void *)&rknpu_files[i], &rknpu_debugfs_fops);
	}
#endif
#ifdef CONFIG_ROCKCHIP_RKNPU_PROC_FS
	debugger->procfs_dir = proc_mkdir("rknpu", NULL);
	for (i = 0; debugger->procfs_dir && i < ARRAY_SIZE(rknpu_files); i++)
		proc_create_data(rknpu_files[i].name, 0444, debugger->procfs_dir,
				 &rknpu_procfs_fops, (void *)&rknpu_files[i]);
#endif
	return 0;
}

int rknpu_debugger_remove(struct rknpu_device *rknpu_dev)
{
#ifdef CONFIG_ROCKCHIP_RKNPU_DEBUG_FS
	debugfs_remove_recursive(rknpu_dev->debugger.debugfs_dir);
#endif
#ifdef CONFIG_ROCKCHIP_RKNPU_PROC_FS
	proc_remove(rknpu_dev->debugger.procfs_dir);
#endif
	return 0;
}
