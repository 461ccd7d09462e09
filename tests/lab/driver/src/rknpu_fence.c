// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copyright: (c) 2026, rkfleet.npu contributors
 * Stand-in for the RKNPU driver of the rkfleet lab, not the vendor's.
 */

#include <linux/slab.h>
#include <linux/file.h>
#include <linux/dma-fence.h>
#include <linux/sync_file.h>

#include "rknpu_drv.h"
#include "rknpu_job.h"

#include "rknpu_fence.h"

static const char *rknpu_fence_get_name(struct dma_fence *fence)
{
	return DRIVER_NAME;
}

static const struct dma_fence_ops rknpu_fence_ops = {
	.get_driver_name = rknpu_fence_get_name,
	.get_timeline_name = rknpu_fence_get_name,
};

int rknpu_fence_context_alloc(struct rknpu_device *rknpu_dev)
{
	struct rknpu_fence_context *ctx;

	ctx = devm_kzalloc(rknpu_dev->dev, sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	ctx->context = dma_fence_context_alloc(1);
	spin_lock_init(&ctx->spinlock);
	rknpu_dev->fence_ctx = ctx;
	return 0;
}

/* The stand-in's jobs are done when the ioctl returns, so the fence is born signalled. */
int rknpu_fence_signalled_fd(struct rknpu_device *rknpu_dev)
{
	struct rknpu_fence_context *ctx = rknpu_dev->fence_ctx;
	struct sync_file *sync;
	struct dma_fence *fence;
	int fd;

	fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	if (!fence)
		return -ENOMEM;
	dma_fence_init(fence, &rknpu_fence_ops, &ctx->spinlock, ctx->context, ++ctx->seqno);
	dma_fence_signal(fence);

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto put;
	sync = sync_file_create(fence);
	if (!sync) {
		put_unused_fd(fd);
		fd = -ENOMEM;
		goto put;
	}
	fd_install(fd, sync->file);
put:
	dma_fence_put(fence);
	return fd;
}
