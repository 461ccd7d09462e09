# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading a board's file tree: the running one, or a recorded one below another root.

Paths are always given as the board sees them (`/proc/cmdline`). Links are followed inside the tree, as
chroot would, so a recorded tree never shows files of the machine it is kept on. What comes out is bounded
in size and free of control characters: it ends up in logs and reports of other machines.
"""

from __future__ import annotations

import errno
import os
import stat

AREAS = ("proc", "sys", "dev", "boot", "etc", "lib", "usr", "var", "run")
TEXT_LIMIT = 200
FILE_LIMIT = 4 * 1024 * 1024
_LINKS_LIMIT = 40
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.ESRCH)


def clean(value, limit=TEXT_LIMIT):
    """Return text of a board as one line, without control or format characters, of at most limit characters."""
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value[: limit * 8]).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in value[: limit * 2]).strip()[:limit].strip()


def clean_tree(value, depth=6):
    """Return a decoded JSON value with clean strings, at most 200 entries a level and 6 levels."""
    if isinstance(value, str):
        return clean(value, 2000)
    if isinstance(value, dict) and depth:
        return dict((clean(str(k)), clean_tree(value[k], depth - 1)) for k in list(value)[:200])
    if isinstance(value, list) and depth:
        return [clean_tree(item, depth - 1) for item in value[:200]]
    return value if isinstance(value, (bool, int, float)) else None


class Tree:
    """A board's files below root; single areas (`proc`, `sys`, ...) may lie elsewhere."""

    def __init__(self, root="/", **areas):
        self.root = root or "/"
        self.areas = dict((name, path) for name, path in areas.items() if path)
        self.unread = []
        unknown = set(self.areas) - set(AREAS)
        if unknown:
            raise ValueError("no such area: %s" % ", ".join(sorted(unknown)))

    @property
    def live(self):
        """Return whether this is the running machine, with no area elsewhere."""
        return os.path.realpath(self.root) == "/" and not self.areas

    def note(self, what, why):
        """Record that something could not be read."""
        if isinstance(why, OSError):
            why = os.strerror(why.errno) if why.errno else str(why)
        entry = "%s: %s" % (clean(what), clean(str(why)))
        if entry not in self.unread and len(self.unread) < 50:
            self.unread.append(entry)

    def _place(self, parts):
        base = self.root
        if parts and parts[0] in self.areas:
            base, parts = self.areas[parts[0]], parts[1:]
        return os.path.join(base, "/".join(parts)) if parts else base

    def follow(self, path, last=True, folder="/"):
        """Return a path below a resolved folder with its links resolved; last=False keeps the last name."""
        todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        done = folder.split("/")[1:] if folder != "/" else []
        links = 0
        while todo:
            part = todo.pop()
            if part == "..":
                del done[-1:]
                continue
            done.append(part)
            if (not todo and not last) or (len(done) == 1 and part in self.areas):
                continue
            try:
                target = os.readlink(self._place(done))
            except OSError:
                continue
            links += 1
            if links > _LINKS_LIMIT:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            done = [] if target.startswith("/") else done[:-1]
            todo += [item for item in reversed(target.split("/")) if item not in ("", ".")]
        return "/" + "/".join(done)

    def real(self, path, last=True):
        """Return the path on this machine."""
        return self._place([part for part in self.follow(path, last).split("/") if part])

    def exists(self, path):
        """Return whether the file or folder exists, False if that is unknown."""
        try:
            return os.path.exists(self.real(path))
        except OSError:
            return False

    def link(self, path):
        """Return the target of a symbolic link as written, or None."""
        try:
            return os.readlink(self.real(path, last=False))
        except OSError:
            return None

    def linked_name(self, path):
        """Return the last name of a link's target, cleaned (`driver -> ../../RKNPU` is `RKNPU`), or None."""
        target = self.link(path)
        return clean(os.path.basename(target.rstrip("/"))) if target else None

    def names(self, path):
        """Return the sorted names in a folder, none if it is missing or unreadable."""
        try:
            return sorted(os.listdir(self.real(path)))
        except OSError as error:
            if error.errno not in _MISSING:
                self.note(path, error)
            return []

    def open(self, path):
        """Return a binary file object of a regular file, or None (anything but a missing file is noted)."""
        try:
            # O_NONBLOCK: a FIFO in the place of a file must not hold the run up.
            handle = os.open(self.real(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno not in _MISSING:
                self.note(path, error)
            return None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            self.note(path, "not a regular file")
            return None
        return os.fdopen(handle, "rb")

    def data(self, path, limit=FILE_LIMIT):
        """Return up to limit bytes of a regular file, or None."""
        handle = self.open(path)
        if handle is None:
            return None
        try:
            with handle:
                return handle.read(limit)
        except OSError as error:
            self.note(path, error)
            return None

    def text(self, path, limit=FILE_LIMIT):
        """Return the content as text (UTF-8, invalid bytes replaced) with its line breaks, or None."""
        data = self.data(path, limit)
        return None if data is None else data.decode("utf-8", "replace")

    def line(self, path, limit=TEXT_LIMIT):
        """Return a file's content as one clean line, or None."""
        data = self.data(path, limit * 8)
        return None if data is None else clean(data, limit)

    def free_mib(self, path):
        """Return the free MiB for an ordinary user at the path (or the nearest existing folder above it), or None."""
        while path != "/" and not self.exists(path):
            path = os.path.dirname(path)
        try:
            figures = os.statvfs(self.real(path))
        except OSError as error:
            self.note("free space of " + path, error)
            return None
        return figures.f_bavail * figures.f_frsize // (1024 * 1024)
