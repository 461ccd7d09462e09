// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * What a runtime asks of the NPU driver, as lines in the file RKFLEET_TRACE names. Preloaded into the process that loads
 * the runtime: open and mmap of the render node, and each ioctl with its number (which holds the size of its argument),
 * what it answered, and the words of its argument before and after.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int node = -1;

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	const char *path = getenv("RKFLEET_TRACE");
	char line[1024];
	va_list arguments;
	int file, length;

	if (!path)
		return;
	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	if (file >= 0) {
		if (write(file, line, (size_t)length) != length)
			abort();
		close(file);
	}
}

static int opened(const char *path, int file)
{
	int error = errno;

	if (!strncmp(path, "/dev/dri/", 9) || !strncmp(path, "/dev/rknpu", 10)) {
		tell("open %s %s\n", path, file < 0 ? strerror(error) : "ok");
		if (file >= 0)
			node = file;
	}
	errno = error;
	return file;
}

#define OPEN(name)							\
	int name(const char *path, int flags, ...)			\
	{								\
		int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); \
		va_list arguments;					\
		unsigned mode;						\
									\
		va_start(arguments, flags);				\
		mode = va_arg(arguments, unsigned);			\
		va_end(arguments);					\
		return opened(path, next(path, flags, mode));		\
	}
OPEN(open)
OPEN(open64)

static void words(char *text, size_t room, const uint32_t *argument, size_t bytes)
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; argument && i < bytes / 4 && used < room - 16; i++)
		used += (size_t)snprintf(text + used, room - used, " %x", argument[i]);
}

int ioctl(int file, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	char before[400], after[400];
	va_list arguments;
	void *argument;
	int result, error;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if ((request >> 8 & 0xff) != 'd' && (request >> 8 & 0xff) != 'r')
		return next(file, request, argument);
	words(before, sizeof(before), argument, request >> 16 & 0x3fff);
	result = next(file, request, argument);
	error = errno;
	words(after, sizeof(after), argument, request >> 16 & 0x3fff);
	tell("ioctl %08lx %d%s%s in%s out%s\n", request & 0xffffffff, result, result ? " " : "", result ? strerror(error) : "", before, after);
	errno = error;
	return result;
}

static void *mapped(int file, void *memory, size_t length, int protection, int flags, long offset)
{
	int error = errno;

	if (file >= 0 && file == node)
		tell("mmap %zx prot %x flags %x offset %lx %s\n", length, protection, flags, offset, memory == MAP_FAILED ? strerror(error) : "ok");
	errno = error;
	return memory;
}

#define MMAP(name)							\
	void *name(void *where, size_t length, int protection, int flags, int file, off_t offset) \
	{								\
		void *(*next)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, #name); \
		return mapped(file, next(where, length, protection, flags, file, offset), length, protection, flags, offset); \
	}
MMAP(mmap)
MMAP(mmap64)
