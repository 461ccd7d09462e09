// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * A simulated NPU node inside the process, for a machine without the driver, which computes nothing. In two ways:
 * build.py --fake-device links it into the stand-in runtime, where its functions are hidden, so that only the runtime
 * beside it sees them; as a library of its own it is preloaded for the vendor's runtime (tests/witness).
 *
 * RKFLEET_FAKE_DRIVER    version the driver reports (default 0.9.6); "none": no node; "denied": a node nobody may open
 * RKFLEET_FAKE_NODE      path of the node (default /dev/dri/card1)
 * RKFLEET_FAKE_HEAP      1: the node is that of a driver for DMA_HEAP (/dev/rknpu), whose requests have other numbers
 * RKFLEET_FAKE_NAME      name of the DRM driver (default rknpu)
 * RKFLEET_FAKE_HARDWARE  hardware id (default that of an RK3588, 0x46495245)
 * RKFLEET_FAKE_OPEN, _MEMORY, _MAP, _MMAP, _PRIME, _SUBMIT
 *                        ok (default), fail, or the errno of this call
 * RKFLEET_FAKE_SUBMIT    also hang, crash, abort
 * RKFLEET_FAKE_DEAD_CORE mask of the core that ends no job
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define RK3588 "0x46495245"
static int memory = -1;	/* holds what the node hands out */
static ino_t inode;	/* of that file: each open of the node is a duplicate of it */
static uint64_t end;	/* bytes handed out */
static uint64_t offsets[64];
static unsigned handles;

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* 0 if a call shall work, else -1 with errno as the setting says. */
static int fate(const char *name, int otherwise)
{
	const char *value = setting(name, "ok");

	if (!strcmp(value, "ok"))
		return 0;
	errno = atoi(value) > 0 ? atoi(value) : otherwise;
	return -1;
}

static int is_node(const char *path)
{
	return !strcmp(path, setting("RKFLEET_FAKE_NODE", "/dev/dri/card1")) &&
	       strcmp(setting("RKFLEET_FAKE_DRIVER", ""), "none");
}

static int is_memory(int fd)
{
	struct stat found;

	return memory >= 0 && syscall(SYS_fstat, fd, &found) == 0 && found.st_ino == inode;
}

/* A file of the system's folders may not be the machine's own. */
static int is_elsewhere(const char *path)
{
	return !strncmp(path, "/dev/dri/", 9) || !strcmp(path, "/dev/rknpu");
}

static int open_node(void)
{
	struct stat made;

	if (!strcmp(setting("RKFLEET_FAKE_DRIVER", ""), "denied")) {
		errno = EACCES;
		return -1;
	}
	if (fate("RKFLEET_FAKE_OPEN", EACCES))
		return -1;
	if (memory < 0) {
		memory = (int)syscall(SYS_memfd_create, "rknpu", 1);
		if (memory < 0 || syscall(SYS_fstat, memory, &made))
			return -1;
		inode = made.st_ino;
	}
	return fcntl(memory, F_DUPFD_CLOEXEC, 0);
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	int mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, int);
	va_end(arguments);
	if (is_node(path))
		return open_node();
	if (is_elsewhere(path)) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Of a driver for DMA_HEAP the memory has a file descriptor of its own. */
void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fd >= 0 && (is_memory(fd) || *setting("RKFLEET_FAKE_HEAP", "")) && fate("RKFLEET_FAKE_MMAP", EACCES))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return mmap(address, size, protection, flags, fd, offset);
}

/* ---- what a DRM client asks of the path before it opens the node --------------------- */

static int status_of(const char *path, struct stat *status)
{
	if (is_node(path)) {
		memset(status, 0, sizeof(*status));
		status->st_mode = S_IFCHR | 0660;
		status->st_rdev = makedev(226, (unsigned)atoi(path + strcspn(path, "0123456789")));
		return 0;
	}
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

int stat(const char *path, struct stat *status) { return status_of(path, status); }
int __xstat(int version, const char *path, struct stat *status) { (void)version; return status_of(path, status); }

int access(const char *path, int mode)
{
	return is_node(path) ? 0 : (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

/* As root it makes the node and gives it to the group: nothing of that may reach this machine. */
int mknod(const char *path, mode_t mode, dev_t device)
{
	(void)mode, (void)device;
	if (!is_elsewhere(path))
		abort();
	errno = EPERM;
	return -1;
}

int __xmknod(int version, const char *path, mode_t mode, dev_t *device)
{
	(void)version;
	return mknod(path, mode, *device);
}

int chown(const char *path, uid_t user, gid_t group)
{
	return is_elsewhere(path) ? 0 : (int)syscall(SYS_fchownat, AT_FDCWD, path, user, group, 0);
}

int chmod(const char *path, mode_t mode)
{
	return is_elsewhere(path) ? 0 : (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

/* ---- the driver ----------------------------------------------------------------------- */

/* One of the three texts of DRM_IOCTL_VERSION: first its length is asked for, then the text. */
static void give(uint64_t *length, const char *text)
{
	size_t room = (size_t)length[0], size = strlen(text);

	if (length[1] && room)
		memcpy((char *)(uintptr_t)length[1], text, room < size ? room : size);
	length[0] = size;
}

static int action(uint32_t *word)
{
	unsigned major = 0, minor = 0, patch = 0;

	switch (word[0]) {
	case 0:		/* hardware id */
		word[1] = (uint32_t)strtoul(setting("RKFLEET_FAKE_HARDWARE", RK3588), NULL, 0);
		return 0;
	case 1:		/* driver version */
		sscanf(setting("RKFLEET_FAKE_DRIVER", "0.9.6"), "%u.%u.%u", &major, &minor, &patch);
		word[1] = major * 10000 + minor * 100 + patch;
		return 0;
	case 18:	/* IOMMU on */
		word[1] = 1;
		return 0;
	case 20: case 21:	/* power */
		errno = EINVAL;
		return -1;
	}
	word[1] = 0;
	return 0;
}

static int submit(const uint32_t *word)
{
	const char *value = setting("RKFLEET_FAKE_SUBMIT", "ok");
	uint32_t dead = (uint32_t)atoi(setting("RKFLEET_FAKE_DEAD_CORE", "0"));

	if (!strcmp(value, "hang"))
		for (;;)
			pause();
	if (!strcmp(value, "crash"))
		raise(SIGSEGV);
	if (!strcmp(value, "abort"))
		abort();
	errno = ETIMEDOUT;
	/* The mask of cores is at 56 bytes. */
	if (dead && word[14] == dead)
		return -1;
	return fate("RKFLEET_FAKE_SUBMIT", EINVAL);
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
	if (!is_memory(fd))
		return (int)syscall(SYS_ioctl, fd, request, word);
	/* A node knows the requests of its own kind only. */
	if ((request >> 8 & 0xff) == 'r' && *setting("RKFLEET_FAKE_HEAP", ""))
		switch (request & 0xff) {
		case 0x00:
			return action(word);
		case 0x01:
			return submit(word);
		case 0x02:	/* memory create: the handle is a file descriptor, which is mapped itself */
			if (fate("RKFLEET_FAKE_MEMORY", ENOMEM))
				return -1;
			word[0] = (uint32_t)syscall(SYS_memfd_create, "heap", 1);
			field[2] = 0x1000 + ++handles;
			return ftruncate((int)word[0], (off_t)field[1]);
		case 0x04: case 0x05:
			return 0;
		}
	if ((request >> 8 & 0xff) == 'd' && !*setting("RKFLEET_FAKE_HEAP", ""))
		switch (request & 0xff) {
		case 0x00:	/* DRM version */
			give(field + 2, setting("RKFLEET_FAKE_NAME", "rknpu"));
			give(field + 4, "20240828");
			give(field + 6, "RKNPU driver");
			return 0;
		case 0x01:	/* unique name */
			field[0] = 0;
			return 0;
		case 0x0a:	/* open by name */
			return 0;
		case 0x2d:	/* handle to file descriptor */
			if (fate("RKFLEET_FAKE_PRIME", EMFILE))
				return -1;
			word[2] = (uint32_t)fcntl(memory, F_DUPFD_CLOEXEC, 0);
			return 0;
		case 0x40:
			return action(word);
		case 0x41:
			return submit(word);
		case 0x42:	/* memory create */
			errno = ENOMEM;
			if (handles == 63 || fate("RKFLEET_FAKE_MEMORY", ENOMEM))
				return -1;
			word[0] = ++handles;
			offsets[handles] = end;
			end += (field[1] + 4095) & ~4095ULL;
			field[2] = 0x1000 + handles;
			field[3] = 0x100000 + offsets[handles];
			return ftruncate(fd, (off_t)end);
		case 0x43:	/* memory map */
			field[1] = offsets[word[0] & 63];
			return fate("RKFLEET_FAKE_MAP", EINVAL);
		case 0x44: case 0x45:	/* memory destroy, synchronize */
			return 0;
		}
	errno = ENOTTY;
	return -1;
}
