// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * An RKNPU render node inside the process, for tests of the stand-in runtime on a machine
 * without the driver. build.py --fake-device links it in; its open, ioctl, mmap and the
 * rest are hidden symbols, so that only the runtime beside it sees them.
 *
 * RKFLEET_FAKE_DRIVER  version the node reports (default 0.9.6); "none": no node;
 *                      "denied": a node nobody may open
 * RKFLEET_FAKE_SUBMIT  ok (default), fail, hang, crash, abort
 * RKFLEET_FAKE_MEMORY  ok (default), fail
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODE "/dev/dri/renderD129"
static int node = -1;
static uint64_t end;	/* bytes of the node's memory handed out */
static uint64_t offsets[64];
static unsigned handles;

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	int mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, int);
	va_end(arguments);
	if (!strncmp(path, "/dev/dri/", 9)) {
		const char *driver = setting("RKFLEET_FAKE_DRIVER", "0.9.6");

		errno = strcmp(driver, "denied") ? ENOENT : EACCES;
		if (strcmp(path, NODE) || !strcmp(driver, "none") || !strcmp(driver, "denied"))
			return -1;
		node = (int)syscall(SYS_memfd_create, "rknpu", 1);
		return node;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	uint32_t *word;
	uint64_t *field;

	va_start(arguments, request);
	word = va_arg(arguments, void *);
	va_end(arguments);
	field = (uint64_t *)word;
	if (fd != node)
		return (int)syscall(SYS_ioctl, fd, request, word);
	switch (request & 0xff) {
	case 0x00:	/* DRM version: the pointer to the name is the fourth 8-byte field */
		memcpy((char *)(uintptr_t)field[3], "rknpu", 6);
		return 0;
	case 0x40: {	/* action */
		unsigned a = 0, b = 0, c = 0;

		sscanf(setting("RKFLEET_FAKE_DRIVER", "0.9.6"), "%u.%u.%u", &a, &b, &c);
		word[1] = a * 10000 + b * 100 + c;
		return 0;
	}
	case 0x41: {	/* submit */
		const char *fate = setting("RKFLEET_FAKE_SUBMIT", "ok");

		if (!strcmp(fate, "hang"))
			for (;;)
				pause();
		if (!strcmp(fate, "crash"))
			raise(11);
		if (!strcmp(fate, "abort"))
			abort();
		errno = EINVAL;
		/* The mask of cores is at 56 bytes; a setting names one that ends no job. */
		if (word[14] == (uint32_t)atoi(setting("RKFLEET_FAKE_DEAD_CORE", "0")))
			return -1;
		return strcmp(fate, "fail") ? 0 : -1;
	}
	case 0x42:	/* memory create */
		errno = ENOMEM;
		if (!strcmp(setting("RKFLEET_FAKE_MEMORY", "ok"), "fail") || handles == 63)
			return -1;
		word[0] = ++handles;
		offsets[handles] = end;
		end += field[1];
		field[2] = 0x1000 + handles;
		return ftruncate(fd, (off_t)end);
	case 0x43:	/* memory map */
		field[1] = offsets[word[0]];
		return 0;
	case 0x44: case 0x45:
		return 0;
	}
	errno = ENOTTY;
	return -1;
}
