// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* open() and its relatives for a preloaded library, which has defined opened(folder, path, flags, mode). */
#define OPEN(name, before, folder)						\
	int name(before const char *path, int flags, ...)			\
	{									\
		va_list more;							\
		mode_t mode;							\
										\
		va_start(more, flags);						\
		mode = va_arg(more, mode_t);					\
		va_end(more);							\
		return opened(folder, path, flags, mode);			\
	}
#define COMMA ,
OPEN(open, , AT_FDCWD)
OPEN(open64, , AT_FDCWD)
OPEN(openat, int folder COMMA, folder)
OPEN(openat64, int folder COMMA, folder)
