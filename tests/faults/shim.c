// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * Faults at an exact write on an emulated board. Preloaded into every process there (/etc/ld.so.preload), it looks at the
 * C library's calls that change the file system and does what the plan says when the call and the path match.
 *
 * The plan is one line in /etc/rkfleet-fault:
 *
 *     ACTION WHEN CALL GLOB COUNT POWER NOTBOOT
 *
 * ACTION   list    append each matching call to /var/log/rkfleet-fault.list
 *          cut     say so on the serial console and stand still: who watches the console then cuts the power
 *          kill    SIGKILL to the process
 *          enospc, eio    the call fails with this error
 *          fill    fill the disk to the last block first; the error is the file system's own
 * WHEN     before or after the call
 * CALL     open (for writing, or creating), write, rename, unlink, mkdir, rmdir, symlink, link, truncate, fsync, or * for all but write
 * GLOB     of the absolute path; for rename the new one
 * COUNT    act at the COUNTth match in this process and those before it (counted in /run)
 * POWER    number of the power-on for which it holds, as the device tree has it (/rkfleet-lab/power-on), or *
 * NOTBOOT  boot id in which it does not hold, or -
 *
 * It acts once: whoever removes the plan first acts, but for `cut`, which must not write to the disk; that is what POWER is for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Elsewhere in its own tests. */
#ifndef PLAN
#define PLAN "/etc/rkfleet-fault"
#define LIST "/var/log/rkfleet-fault.list"
#define COUNTER "/run/rkfleet-fault.count"
#define FILLER "/root/rkfleet-fault.filler"
#define CONSOLE "/dev/ttyAMA0"
#define POWERED "/proc/device-tree/rkfleet-lab/power-on"
#endif

static __thread int busy;

struct plan {
	char action[16], when[8], call[16], glob[512], power[32], notboot[64];
	unsigned long count;
};

/* The raw calls: ours must not come back to us. */
static int raw_open(const char *path, int flags, int mode)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

static size_t slurp(const char *path, char *text, size_t room)
{
	int file = raw_open(path, O_RDONLY, 0);
	ssize_t length = file < 0 ? -1 : syscall(SYS_read, file, text, room - 1);

	if (file >= 0)
		syscall(SYS_close, file);
	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return length < 0 ? 0 : (size_t)length;
}

static int holds(struct plan *plan)
{
	char line[1024], answer[128];

	if (!slurp(PLAN, line, sizeof(line)))
		return 0;
	if (sscanf(line, "%15s %7s %15s %511s %lu %31s %63s", plan->action, plan->when, plan->call, plan->glob, &plan->count,
		   plan->power, plan->notboot) != 7)
		return 0;
	if (strcmp(plan->power, "*")) {
		if (!slurp(POWERED, answer, sizeof(answer)))
			strcpy(answer, "0");
		if (strcmp(plan->power, answer))
			return 0;
	}
	if (strcmp(plan->notboot, "-")) {
		slurp("/proc/sys/kernel/random/boot_id", answer, sizeof(answer));
		if (!strcmp(plan->notboot, answer))
			return 0;
	}
	return 1;
}

/* "//usr/lib" is "/usr/lib": a plan has one form of a path. */
static void squeeze(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++)
		if (from[0] != '/' || from[1] != '/')
			*to++ = *from;
	*to = '\0';
}

/* The absolute path of what a call names; of a name with .. or links the form given, made absolute. */
static void resolve(int folder, const char *path, char *out, size_t room)
{
	char link[64];
	ssize_t length = 0;

	out[0] = '\0';
	if (path && path[0] == '/') {
		snprintf(out, room, "%s", path);
		squeeze(out);
		return;
	}
	if (folder == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/self/cwd");
	else
		snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	length = readlink(link, out, room - 1);
	out[length < 0 ? 0 : length] = '\0';
	while (path && path[0] == '.' && path[1] == '/')
		path += 2;
	if (path && path[0]) {
		length = (ssize_t)strlen(out);
		snprintf(out + length, room - (size_t)length, "%s%s", length > 1 ? "/" : "", path);
	}
	squeeze(out);
}

static void append(const char *path, const char *text)
{
	int file = raw_open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);

	if (file >= 0) {
		if (syscall(SYS_write, file, text, strlen(text)) < 0)
			errno = 0;
		syscall(SYS_close, file);
	}
}

/* How many matches there were, this one included: a byte for each in a file of the memory. */
static unsigned long counted(void)
{
	struct stat now = { 0 };

	append(COUNTER, ".");
	if (syscall(SYS_newfstatat, AT_FDCWD, COUNTER, &now, 0))
		return 1;
	return (unsigned long)now.st_size;
}

static void fill(void)
{
	struct statvfs there;
	int file = raw_open(FILLER, O_WRONLY | O_CREAT, 0600);
	off_t size = 0;

	if (file < 0 || fstatvfs(file, &there))
		return;
	/* In halves down to one block: a file's own extents take blocks too. */
	for (off_t step = (off_t)there.f_bfree * (off_t)there.f_frsize; step >= (off_t)there.f_frsize;)
		if (syscall(SYS_fallocate, file, 0, size, step) == 0)
			size += step;
		else
			step /= 2;
	syscall(SYS_close, file);
}

static void stand_still(const char *call, const char *path)
{
	char text[700];
	int console = raw_open(CONSOLE, O_WRONLY | O_NOCTTY, 0);

	snprintf(text, sizeof(text), "\nrkfleet-fault: cut at %s %s\n", call, path);
	if (console >= 0 && syscall(SYS_write, console, text, strlen(text)) < 0)
		errno = 0;
	for (;;)
		sleep(3600);
}

/* 0, or the errno with which the call is to fail. Called before and after it. */
static int fault(const struct plan *plan, const char *when, const char *call, int folder, const char *path)
{
	char full[PATH_MAX + 256], line[PATH_MAX + 512], comm[32], boot[64];

	if (strcmp(plan->when, when) || (strcmp(plan->call, "*") ? strcmp(plan->call, call) != 0 : !strcmp(call, "write")))
		return 0;
	resolve(folder, path, full, sizeof(full));
	if (!strncmp(full, "/proc/", 6) || !strncmp(full, "/dev/", 5) || !strncmp(full, "/sys/", 5) || fnmatch(plan->glob, full, 0))
		return 0;
	if (!strcmp(plan->action, "list")) {
		slurp("/proc/self/comm", comm, sizeof(comm));
		for (char *c = comm; *c; c++)
			*c = *c == ' ' ? '_' : *c;
		slurp("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
		snprintf(line, sizeof(line), "%.8s %s %s %s\n", boot, comm, call, full);
		append(LIST, line);
		return 0;
	}
	if (plan->count > 1 && counted() < plan->count)
		return 0;
	if (!strcmp(plan->action, "cut"))
		stand_still(call, full);
	if (syscall(SYS_unlinkat, AT_FDCWD, PLAN, 0))
		return 0;
	snprintf(line, sizeof(line), "\nrkfleet-fault: %s at %s %s\n", plan->action, call, full);
	append(CONSOLE, line);
	if (!strcmp(plan->action, "kill"))
		syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	else if (!strcmp(plan->action, "enospc"))
		return ENOSPC;
	else if (!strcmp(plan->action, "eio"))
		return EIO;
	else if (!strcmp(plan->action, "fill"))
		fill();
	return 0;
}

/* The plan, or nothing where there is none, it does not hold, or the call is our own. errno stays. */
static int planned(struct plan *plan)
{
	int saved = errno, there = 0;

	if (!busy) {
		busy = 1;
		there = holds(plan);
		busy = 0;
	}
	errno = saved;
	return there;
}

/* The system call itself instead of the C library's next function: that needs no dlsym, whose version differs between releases. */
#define AROUND(call, folder, path, work)					\
	do {									\
		struct plan plan;						\
		int armed = planned(&plan), error = armed ? fault(&plan, "before", call, folder, path) : 0; \
		long result = error ? -1 : (work);				\
										\
		if (armed && result >= 0) {					\
			error = fault(&plan, "after", call, folder, path);	\
			result = error ? -1 : result;				\
		}								\
		if (error)							\
			errno = error;						\
		return (__typeof__(result))result;				\
	} while (0)

static int opened(int folder, const char *path, int flags, mode_t mode)
{
	if ((flags & O_ACCMODE) == O_RDONLY && !(flags & (O_CREAT | O_TRUNC)))
		return (int)syscall(SYS_openat, folder, path, flags, mode);
	AROUND("open", folder, path, syscall(SYS_openat, folder, path, flags, mode));
}

#include "../lab/open_calls.h"

int creat(const char *path, mode_t mode)
{
	return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* The C library's own opens a file without calling open(). */
FILE *fopen(const char *path, const char *mode)
{
	int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY, file;

	flags |= mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
	flags |= (strchr(mode, 'e') ? O_CLOEXEC : 0) | (strchr(mode, 'x') ? O_EXCL : 0);
	file = opened(AT_FDCWD, path, flags, 0666);
	return file < 0 ? NULL : fdopen(file, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

ssize_t write(int file, const void *data, size_t size)
{
	AROUND("write", file, NULL, syscall(SYS_write, file, data, size));
}

int fsync(int file)
{
	AROUND("fsync", file, NULL, syscall(SYS_fsync, file));
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	AROUND("rename", to_folder, to, syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
	AROUND(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path, syscall(SYS_unlinkat, folder, path, flags));
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
	int result = unlink(path);

	return result && errno == EISDIR ? rmdir(path) : result;
}

int mkdirat(int folder, const char *path, mode_t mode)
{
	AROUND("mkdir", folder, path, syscall(SYS_mkdirat, folder, path, mode));
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int symlinkat(const char *target, int folder, const char *path)
{
	AROUND("symlink", folder, path, syscall(SYS_symlinkat, target, folder, path));
}

int symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
	AROUND("link", to_folder, to, syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int truncate(const char *path, off_t size)
{
	AROUND("truncate", AT_FDCWD, path, syscall(SYS_truncate, path, size));
}

int ftruncate(int file, off_t size)
{
	AROUND("truncate", file, NULL, syscall(SYS_ftruncate, file, size));
}
