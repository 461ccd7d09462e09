// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* The log and the device of the stand-in runtime: see runtime.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "standin.h"

/* ---- log --------------------------------------------------------------------------- */

/* Errors go to stderr; from level 1 on warnings, from level 2 on information, to stdout. */
void say(char severity, const char *format, ...)
{
	const char *value = getenv("RKNN_LOG_LEVEL");
	int level = value ? atoi(value) : 0;
	FILE *stream = severity == 'E' ? stderr : stdout;
	struct timespec now;
	struct tm clock;
	va_list arguments;

	if ((severity == 'W' && level < 1) || (severity == 'I' && level < 2))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &clock);
	fprintf(stream, "%c RKNN: [%02d:%02d:%02d.%03d] ", severity, clock.tm_hour, clock.tm_min,
		clock.tm_sec, (int)(now.tv_nsec / 1000000));
	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
	fputc('\n', stream);
}

/* ---- device ------------------------------------------------------------------------ */

/* The node of a driver for DMA_HEAP if there is one, else the first card node whose DRM driver calls itself rknpu. */
int open_device(struct context *context)
{
	context->action = HEAP_ACTION;
	context->fd = open("/dev/rknpu", O_RDWR | O_CLOEXEC);
	for (int minor = 0; context->fd < 0 && minor < 16; minor++) {
		char path[32], name[16] = "";
		struct drm_version_arg version = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, DRM_VERSION, &version) == 0 && !strcmp(name, "rknpu")) {
			context->action = NPU_ACTION;
			context->fd = fd;
		} else {
			close(fd);
		}
	}
	if (context->fd >= 0)
		return 0;
	say('E', "failed to open rknpu module, need to insmod rknpu dirver!");
	say('E', "failed to open rknn device!");
	return -1;
}

/* What the driver answers, -1 if it does not. */
uint32_t action(struct context *context, uint32_t flags, uint32_t value)
{
	struct npu_action action = { .flags = flags, .value = value };

	return ioctl(context->fd, context->action, &action) ? (uint32_t)-1 : action.value;
}

/* As the vendor's does: the reason is in the log, and then it goes on with what it has not got. */
void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

int check_device(struct context *context)
{
	static const int floor = RKNN_DRIVER_FLOOR, recommended = RKNN_DRIVER_RECOMMENDED;

	context->hardware = action(context, ACTION_HARDWARE, 0);
	context->version = (int)action(context, ACTION_DRIVER, 0);
	action(context, ACTION_POWER_ON, 0);
	say('I', "RKNN Runtime Information" RKNN_LOG_SEPARATOR " " LIBRARY);
	action(context, ACTION_NICE, (uint32_t)-19);
	if (context->hardware != HARDWARE_RK356X && context->hardware != HARDWARE_RK3588) {
		say('E', "Meet unsupported target type: %#x", context->hardware);
		say('E', "Meet unsupported target type: %#x", context->hardware);
		crash();
	}
	say('I', "RKNN Driver Information" RKNN_LOG_SEPARATOR " version: %d.%d.%d", VERSION(context->version));
	if (context->version < floor) {
		say('E', "Mismatch driver version, " LIBRARY " requires driver version >= %d.%d.%d, "
		    "but you have driver version: %d.%d.%d which is incompatible!", VERSION(floor), VERSION(context->version));
		say('E', "invalid device fd!");
		return -1;
	}
	if (context->version < recommended)
		say('W', "Current driver version: %d.%d.%d, recommend to upgrade the driver to the "
		    "new version: >= %d.%d.%d", VERSION(context->version), VERSION(recommended));
	return 0;
}

void release(struct context *context, struct buffer *buffer)
{
	struct npu_mem_destroy destroy = { .handle = buffer->handle, .obj_addr = buffer->object };

	if (buffer->memory)
		munmap(buffer->memory, buffer->size);
	if (buffer->handle) {
		close(buffer->fd);
		ioctl(context->fd, MEM_DESTROY, &destroy);
	}
	memset(buffer, 0, sizeof(*buffer));
}

static void no_memory(const char *what, uint64_t size, uint32_t flags)
{
	int error = errno;

	say('E', "failed to %s, ret: -1, errno: %d, errstr: %s", what, error, strerror(error));
	say('E', "failed to malloc npu memory!, size: %u, flags: %#x", (unsigned)size, flags);
	crash();
}

void allocate(struct context *context, struct buffer *buffer, uint64_t size, uint32_t flags)
{
	struct npu_mem_create create = { .flags = flags, .size = (size + 4095) & ~4095ULL };
	struct npu_mem_map map = { 0 };
	struct drm_flink flink = { 0 };
	struct drm_prime prime = { .flags = O_CLOEXEC | O_RDWR };
	char what[64];

	action(context, ACTION_IOMMU, 0);
	if (ioctl(context->fd, MEM_CREATE, &create))
		no_memory("allocate handle", size, flags);
	buffer->handle = map.handle = flink.handle = prime.handle = create.handle;
	buffer->object = create.obj_addr;
	buffer->size = create.size;
	ioctl(context->fd, DRM_FLINK, &flink);
	if (ioctl(context->fd, DRM_PRIME, &prime)) {
		snprintf(what, sizeof(what), "convert handle(%u) to fd", create.handle);
		no_memory(what, size, flags);
	}
	buffer->fd = prime.fd;
	if (ioctl(context->fd, MEM_MAP, &map))
		no_memory("get map offset", size, flags);
	buffer->memory = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, context->fd, (off_t)map.offset);
	if (buffer->memory == MAP_FAILED) {
		say('E', "failed to map memory errno = %s", strerror(errno));
		say('E', "failed to malloc npu memory!, size: %u, flags: %#x", (unsigned)size, flags);
		crash();
	}
}

int synchronise(struct context *context, struct buffer *buffer, uint32_t direction)
{
	struct npu_mem_sync sync = { .flags = direction, .obj_addr = buffer->object, .size = buffer->size };

	return ioctl(context->fd, MEM_SYNC, &sync);
}
