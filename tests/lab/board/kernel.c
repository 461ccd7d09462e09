// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * A stand-in for the kernel of an upgradable light board. Preloaded into every process there (/etc/ld.so.preload), it answers
 * the few calls that ask the kernel what this machine's own kernel cannot answer for the board. All else is the machine's.
 *
 * uname                 release, version and machine of the board's kernel
 * finit_module, init_module, delete_module
 *                       the program kernel.py beside this file decides, by its model, and returns the errno
 * ioctl                 of the NPU's nodes: the version of the driver that is bound
 * klogctl               the board's kernel log
 * statfs                the disk is ext4, with the identity of this board
 * open                  of the mount table and the list of modules: as a board has them
 * rename, open          of a few names, only to write them into the journal: see journal.c
 * dlopen                of a library for arm64: the lab's are built for this machine, and say in their header that they are not
 * At the start of Python: the answers of the simulated NPU in the stand-in runtime (../runtime/fake_device.c), as the driver
 * that is bound implies them. A board with the fault `slow` or `silent` waits there, too.
 *
 * KERNEL has what a boot has set up, and ends with it; LAB is a folder of the lab outside the board.
 */
#include "kernel.h"

#include <dlfcn.h>
#include <elf.h>
#include <linux/magic.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#define PROGRAM "/usr/lib/rkfleet-lab/kernel"
#define NEXT(function) static __typeof__(&function) next; if (!next) next = (__typeof__(next))dlsym(RTLD_NEXT, #function)

extern char **environ;

/* ---- files ------------------------------------------------------------------------------- */

/* The mount table, of whichever process, and the modules. Before a boot has written the board's, they are the machine's. */
static const char *instead(const char *path)
{
	const char *own = NULL, *name;

	if (strncmp(path, "/proc/", 6))
		return path;
	name = path + 6 + strspn(path + 6, "0123456789");
	if (name == path + 6 && !strncmp(name, "self", 4))
		name += 4;
	/* A machine whose kernel takes no modules has no such file to mount one over. */
	if (!strcmp(name, "modules"))
		own = KERNEL "/proc/modules";
	if (!strcmp(name, "/mountinfo"))
		own = KERNEL "/mountinfo";
	if (!strcmp(name, "/mounts") || !strcmp(name, "mounts"))
		own = KERNEL "/mounts";
	return own && !faccessat(AT_FDCWD, own, R_OK, 0) ? own : path;
}

static int opened(int folder, const char *path, int flags, mode_t mode)
{
	char details[700];
	const char *name;
	int file = (int)syscall(SYS_openat, folder, instead(path), flags, mode);

	if (file >= 0 && flags & O_CREAT && (name = strstr(path, "/updates/dkms/rknpu"))) {
		snprintf(details, sizeof(details), ", \"path\": \"%.500s\"", path);
		append(details, "install");
	}
	return file;
}

#include "../open_calls.h"

/* The C library's own open a file without calling open(). */
#define FOPEN(name)								\
	FILE *name(const char *path, const char *mode)				\
	{									\
		NEXT(name);							\
		return next(instead(path), mode);				\
	}
FOPEN(fopen)
FOPEN(fopen64)

/* The disk: what is an overlay here is the board's own ext4. */
static void disk(unsigned *type, void *id, size_t size)
{
	char text[64];
	uint64_t number;

	*type = EXT4_SUPER_MAGIC;
	slurp(KERNEL "/disk", text, sizeof(text));
	number = strtoull(text, NULL, 16);
	memcpy(id, &number, size < sizeof(number) ? size : sizeof(number));
}

#define STATFS(name, first, type)						\
	int name(first, struct type *found)					\
	{									\
		NEXT(name);							\
		int result = next(place, found);				\
										\
		if (!result && (unsigned)found->f_type == OVERLAYFS_SUPER_MAGIC) { \
			unsigned kind;						\
										\
			disk(&kind, &found->f_fsid, sizeof(found->f_fsid));	\
			found->f_type = kind;					\
		}								\
		return result;							\
	}
STATFS(statfs, const char *place, statfs)
STATFS(statfs64, const char *place, statfs64)
STATFS(fstatfs, int place, statfs)
STATFS(fstatfs64, int place, statfs64)

/* ---- the kernel -------------------------------------------------------------------------- */

int uname(struct utsname *names)
{
	char text[512], *line = text, *end;
	char *fields[] = { names->release, names->version, names->machine };
	int result = (int)syscall(SYS_uname, names);

	if (result || !slurp(KERNEL "/uname", text, sizeof(text)))
		return result;
	for (unsigned number = 0; number < 3; number++) {
		end = line + strcspn(line, "\n");
		snprintf(fields[number], sizeof(names->release), "%.*s", (int)(end - line), line);
		line = *end ? end + 1 : end;
	}
	return 0;
}

int klogctl(int action, char *buffer, int size)
{
	static char log[1 << 16];
	size_t length = slurp(KERNEL "/log", log, sizeof(log));

	if (action == 10)
		return sizeof(log);
	if (action != 3 && action != 2) {
		errno = EPERM;
		return -1;
	}
	length = length > (size_t)size ? (size_t)size : length;
	memcpy(buffer, log, length);
	return (int)length;
}

static int model(const char *verb, const char *what)
{
	char *words[] = { (char *)PROGRAM, (char *)verb, (char *)what, NULL };
	int status;
	pid_t child;

	if (posix_spawn(&child, PROGRAM, NULL, NULL, words, environ) || waitpid(child, &status, 0) < 0)
		status = ENOMEM << 8;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : ENOMEM;
	return errno ? -1 : 0;
}

static int load(int file)
{
	char path[64];

	if (geteuid()) {
		errno = EPERM;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), file);
	return model("insmod", path);
}

int init_module(void *image, unsigned long size, const char *parameters)
{
	int file = memfd_create("module", 0), result = -1;

	(void)parameters;
	if (file >= 0 && write(file, image, size) == (ssize_t)size)
		result = load(file);
	if (file >= 0)
		close(file);
	return result;
}

int finit_module(int file, const char *parameters, int flags)
{
	(void)parameters, (void)flags;
	return load(file);
}

int delete_module(const char *name, unsigned flags)
{
	(void)flags;
	if (geteuid()) {
		errno = EPERM;
		return -1;
	}
	return model("rmmod", name);
}

/* kmod has no function of the C library for finit_module. */
long syscall(long number, ...)
{
	NEXT(syscall);
	va_list more;
	long a, b, c, d, e, f;

	va_start(more, number);
	a = va_arg(more, long), b = va_arg(more, long), c = va_arg(more, long);
	d = va_arg(more, long), e = va_arg(more, long), f = va_arg(more, long);
	va_end(more);
	if (number == SYS_finit_module)
		return load((int)a);
	if (number == SYS_init_module)
		return init_module((void *)a, (unsigned long)b, (const char *)c);
	if (number == SYS_delete_module)
		return delete_module((const char *)a, (unsigned)b);
	return next(number, a, b, c, d, e, f);
}

/* ---- the driver -------------------------------------------------------------------------- */

static int is_npu(int file)
{
	char link[64], path[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, sizeof(path) - 1);
	path[length < 0 ? 0 : length] = '\0';
	return !strncmp(path, "/dev/dri/", 9);
}

/* One of the three texts of DRM_IOCTL_VERSION: first its length is asked for, then the text. */
static void give(uint64_t *length, const char *text)
{
	size_t room = (size_t)length[0], size = strlen(text);

	if (length[1] && room)
		memcpy((char *)(uintptr_t)length[1], text, room < size ? room : size);
	length[0] = size;
}

int ioctl(int file, unsigned long request, ...)
{
	va_list more;
	void *argument;
	uint32_t *word;
	char text[64];
	unsigned major = 0, minor = 0, patch = 0;

	va_start(more, request);
	argument = va_arg(more, void *);
	va_end(more);
	word = argument;
	if ((request >> 8 & 0xff) != 'd' || !is_npu(file))
		return (int)syscall(SYS_ioctl, file, request, argument);
	if (!slurp(KERNEL "/driver", text, sizeof(text)) || sscanf(text, "%u.%u.%u", &major, &minor, &patch) != 3) {
		errno = ENODEV;
		return -1;
	}
	switch (request & 0xff) {
	case 0x00:	/* DRM version */
		word[0] = major, word[1] = minor, word[2] = patch;
		give((uint64_t *)argument + 2, "rknpu");
		give((uint64_t *)argument + 4, "20240828");
		give((uint64_t *)argument + 6, "RKNPU driver");
		return 0;
	case 0x40:
		if (word[0] == 1) {
			word[1] = major * 10000 + minor * 100 + patch;
			return 0;
		}
	}
	errno = EINVAL;
	return -1;
}

/* The processor: a library for arm64 (by its header: the lab builds it for this machine) is one that can be loaded. */
void *dlopen(const char *path, int flags)
{
	NEXT(dlopen);
	unsigned char head[20], block[1 << 16];
	char copy[32];
	int from, to;
	ssize_t length;
	void *result;

	from = path && path[0] == '/' ? plain_open(path, O_RDONLY) : -1;
	if (from < 0 || read(from, head, sizeof(head)) != sizeof(head) || memcmp(head, ELFMAG, SELFMAG) || head[18] != EM_AARCH64) {
		if (from >= 0)
			close(from);
		return next(path, flags);
	}
	to = memfd_create("library", MFD_CLOEXEC);
	lseek(from, 0, SEEK_SET);
	while ((length = read(from, block, sizeof(block))) > 0)
		if (write(to, block, (size_t)length) != length)
			break;
#ifdef __x86_64__
	head[18] = EM_X86_64;
#endif
	if (pwrite(to, head + 18, 1, 18) != 1)
		errno = EIO;
	close(from);
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", to);
	result = next(copy, flags);
	close(to);
	return result;
}

/* ---- at the start and the end of a process ------------------------------------------------- */

static int is_python(void)
{
	return !strncmp(program_invocation_short_name, "python3", 7);
}

__attribute__((constructor)) static void begin(void)
{
	char text[1024], *line, *rest = text, *value;

	/* The board takes connections and answers nothing: what a user's session starts blocks. */
	if (getenv("SSH_CONNECTION") && !faccessat(AT_FDCWD, LAB "/silent", F_OK, 0))
		for (;;)
			pause();
	if (!is_python() || !slurp(KERNEL "/npu", text, sizeof(text)))
		return;
	while ((line = strsep(&rest, "\n")))
		if ((value = strchr(line, '='))) {
			*value = '\0';
			setenv(line, value + 1, 1);
		}
}

/* Ten times as long: nine times what it has computed comes on top. */
__attribute__((destructor)) static void end(void)
{
	struct rusage own;
	struct timespec more;
	double seconds;

	if (!is_python() || faccessat(AT_FDCWD, LAB "/slow", F_OK, 0) || getrusage(RUSAGE_SELF, &own))
		return;
	seconds = 9 * (own.ru_utime.tv_sec + own.ru_stime.tv_sec + (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
	seconds = seconds > 60 ? 60 : seconds;
	more.tv_sec = (time_t)seconds;
	more.tv_nsec = (long)((seconds - (double)more.tv_sec) * 1e9);
	nanosleep(&more, NULL);
}
