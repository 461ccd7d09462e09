// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* What the parts of the stand-in kernel share: see kernel.c. */
#ifndef RKFLEET_KERNEL_H
#define RKFLEET_KERNEL_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL "/run/rkfleet-kernel"
#define LAB "/run/rkfleet-lab"
#define STATE "/var/lib/rkfleet-npu"

static inline int plain_open(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0644);
}

static inline size_t slurp(const char *path, char *text, size_t room)
{
	int saved = errno, file = plain_open(path, O_RDONLY);
	ssize_t length = file < 0 ? -1 : read(file, text, room - 1);

	if (file >= 0)
		close(file);
	errno = saved;
	text[length < 0 ? 0 : length] = '\0';
	return length < 0 ? 0 : (size_t)length;
}

/* journal.c: write an event into the journal; *details* is empty, or more JSON that begins with a comma. */
__attribute__((visibility("hidden"))) void append(const char *details, const char *event);
#endif
