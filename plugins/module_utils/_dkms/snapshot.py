# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A snapshot of files, links and folders, which is restored when a step fails."""

from __future__ import annotations

import os
import shutil
import tempfile

from .._board.files import CHUNK, LEFTOVER, read_file, sha256_of


class Snapshot:
    """A snapshot of files, links and folders, which can be restored byte for byte even on a full disk.

    The content of a folder is copied beside it, and moved back from there: a DKMS database can be larger than the
    memory of a small board. Hard links are no copies, because DKMS overwrites existing files. Single files, the
    modules, are held in memory.

    Args:
        paths: Callable that returns the existing paths, now and for the restore, which removes new ones.
        folders: Those of the paths that are folders.

    Raises:
        OSError: The disk has no space for the copies. No copy remains.
    """

    def __init__(self, paths, *folders):
        self.paths, self.folders, self.places, self.copies = paths, folders, {}, {}
        try:
            for folder in filter(os.path.isdir, folders):
                self.places[folder] = tempfile.mkdtemp(prefix=LEFTOVER, dir=os.path.dirname(folder))
            self.entries = self._now()
            for path, kind, dummy, content in self.entries:
                if kind == "file" and not isinstance(content, bytes):
                    self._copy(path)
        except BaseException:
            self.forget()
            raise

    def _copy(self, path):
        folder = self._folder_of(path)
        self.copies[path] = os.path.join(self.places[folder], "%d" % len(self.copies))
        with open(path, "rb") as source, open(self.copies[path], "wb") as target:
            shutil.copyfileobj(source, target, CHUNK)

    def _folder_of(self, path):
        return next((folder for folder in self.folders if path.startswith(folder + os.sep)), None)

    def forget(self):
        """Remove the copies."""
        for place in self.places.values():
            shutil.rmtree(place, ignore_errors=True)

    def _now(self):
        return [entry for path in self.paths() for entry in _entries(path, bool(self._folder_of(path + os.sep)))]

    def restore(self):
        """Restore everything that has changed; return the changed paths.

        Raises:
            OSError: A path cannot be restored.
        """
        now = self._now()
        changed = sorted({entry[0] for entry in self.entries + now if entry not in self.entries or entry not in now})
        for path in reversed(changed):
            if os.path.isdir(path) and not os.path.islink(path):
                if not os.listdir(path):
                    os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)
        for path, kind, mode, content in self.entries:
            if path not in changed:
                continue
            if kind == "folder":
                os.makedirs(path, exist_ok=True)
                os.chmod(path, mode)
            elif kind == "link":
                os.symlink(content, path)
            elif path in self.copies:
                os.chmod(self.copies[path], mode)
                os.rename(self.copies[path], path)
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as stream:
                    os.fchmod(stream.fileno(), mode)
                    stream.write(content)
        return changed


def _entries(path, digests=False):
    """Yield `(path, kind, mode, content)` of a path and everything below it, folders before their content.

    Args:
        path: The path.
        digests: Whether the content of a file is given as its sha256 in hex instead of its bytes.
    """
    if os.path.islink(path):
        yield path, "link", None, os.readlink(path)
    elif os.path.isdir(path):
        yield path, "folder", os.stat(path).st_mode & 0o7777, None
        for name in sorted(os.listdir(path)):
            yield from _entries(os.path.join(path, name), digests)
    elif os.path.isfile(path):
        content = sha256_of(path) if digests else read_file(path, os.path.getsize(path) + 1)
        yield path, "file", os.stat(path).st_mode & 0o7777, content
