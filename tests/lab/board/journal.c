// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/*
 * The journal of an upgradable light board, which the lab's rules are checked against: see kernel.c. Of all renames and
 * removals these few names count.
 */
#include "kernel.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void append(const char *details, const char *event)
{
	char line[2048];
	struct timespec now;
	int saved = errno, file = plain_open(LAB "/journal", O_WRONLY | O_APPEND);

	if (file >= 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		snprintf(line, sizeof(line), "{\"at\": %lld.%03ld, \"event\": \"%s\"%s}\n", (long long)now.tv_sec, now.tv_nsec / 1000000,
			 event, details);
		if (write(file, line, strlen(line)) < 0)
			saved = errno;
		close(file);
	}
	errno = saved;
}

/* , "NAME": "TEXT" of a JSON file's text, as it is written there; nothing if it has no such text. */
static size_t quoted(const char *json, const char *name, char *out, size_t room)
{
	char mark[40];
	const char *at, *end;

	snprintf(mark, sizeof(mark), "\"%s\": \"", name);
	at = strstr(json, mark);
	if (!at)
		return 0;
	at += strlen(mark);
	for (end = at; *end && *end != '"' && end - at < 300; end++)
		if (*end == '\\' && end[1])
			end++;
	if (*end != '"')
		return 0;
	return (size_t)snprintf(out, room, ", \"%s\": \"%.*s\"", name, (int)(end - at), at);
}

static int ends_with(const char *path, const char *end)
{
	size_t length = strlen(path), size = strlen(end);

	return length >= size && !strcmp(path + length - size, end);
}

/* Called after a rename to *path* that succeeded. */
static void renamed(const char *path)
{
	char json[8192], details[1024];
	size_t used = 0;

	if (ends_with(path, STATE "/pending"))
		append("", "upgrade-began");
	else if (ends_with(path, STATE "/undone"))
		append("", "restored");
	else if (ends_with(path, STATE "/state.json") && slurp(STATE "/state.json", json, sizeof(json))) {
		used += quoted(json, "state", details, sizeof(details));
		used += quoted(json, "run", details + used, sizeof(details) - used);
		used += quoted(json, "why", details + used, sizeof(details) - used);
		if (used)
			append(details, "state");
	} else if (ends_with(path, STATE "/lock.json") && slurp(STATE "/lock.json", json, sizeof(json))) {
		details[0] = '\0';
		quoted(json, "run", details, sizeof(details));
		append(details, "locked");
	}
}

static long rename_call(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	long result = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);

	if (!result && strstr(to, "rkfleet-npu/"))
		renamed(to);
	return result;
}

int rename(const char *from, const char *to)
{
	return (int)rename_call(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	return (int)rename_call(from_folder, from, to_folder, to, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
	return (int)rename_call(from_folder, from, to_folder, to, flags);
}

int unlink(const char *path)
{
	int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);

	if (!result && ends_with(path, STATE "/lock.json"))
		append("", "unlocked");
	return result;
}

int unlinkat(int folder, const char *path, int flags)
{
	int result = (int)syscall(SYS_unlinkat, folder, path, flags);

	if (!result && ends_with(path, STATE "/lock.json"))
		append("", "unlocked");
	return result;
}
