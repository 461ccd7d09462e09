# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files, links and folders kept as they are, to be put back when a step fails."""

from __future__ import annotations

import os
import shutil
import tempfile

from .._board.files import CHUNK, LEFTOVER, read_file, sha256_of


class Snapshot:
    """Files, links and folders as they are, to be put back byte for byte, also where the disk is full then.

    What is in a folder is copied beside it, and moved back from there: a DKMS database can be larger than the memory of
    a small board. No hard links, since DKMS writes over files that are there. Single files, the modules, are held in
    memory.

    Args:
        paths: Called for what is there, now and when it is put back; what was not there before goes.
        folders: Those of them that are folders.

    Raises:
        OSError: Where there is no room for the copies; nothing is left of them then.
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
        """Put everything back that is not as it was; return the paths that changed.

        Raises:
            OSError: Where that cannot be.
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
    """`(path, kind, mode, content)` of what is at `path` and below, folders before what is in them.

    Args:
        digests: Whether a file's content is told by its sha256, as text, instead of the bytes.
    """
    if os.path.islink(path):
        yield path, "link", None, os.readlink(path)
    elif os.path.isdir(path):
        yield path, "folder", os.stat(path).st_mode & 0o7777, None
        for name in sorted(os.listdir(path)):
            yield from _entries(os.path.join(path, name), digests)
    elif os.path.isfile(path):
        yield path, "file", os.stat(path).st_mode & 0o7777, sha256_of(path) if digests else read_file(path, os.path.getsize(path) + 1)
