# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A restore point: copies of what an upgrade may change, with a manifest that the guard's script restores from."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat

from .._board.files import copy_file, sha256_of, write_file
from .._board.tree import Tree
from .state import TransactionError, add_lines, as_lines, packages, read_lines
from .watched import BOOT_KINDS

SPARE_MIB = 16
"""Free space that must remain after the copies, for what the guard writes."""


class RestorePoint:
    """One of the folders `pending` and `origin`.

    Args:
        root: Where the board's files are.
        home: The state folder.
        folder: The restore point's own folder.
    """

    def __init__(self, root, home, folder):
        self.root, self.home, self.folder = root, home, folder

    def _place(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def manifest(self):
        """Lines of the manifest, `KIND COPY SHA256 PATH` each."""
        return read_lines(os.path.join(self.folder, "manifest"))

    def paths(self):
        """The paths of the manifest."""
        return [line.split(" ")[3] for line in self.manifest()]

    def write(self, paths, query):
        """Copy what is at these paths, and write the manifest; what an older manifest of it names stays as it is.

        Args:
            paths: `[(path, kind)]` as watched() returns them.
            query: Callable that takes a command of the guard and returns what it prints, as bytes.

        Raises:
            TransactionError: Where something cannot be copied.
        """
        manifest = self.manifest()
        known = set(line.split(" ")[3] for line in manifest)
        size = sum(_size(self._place(path)) for path, dummy in paths if path not in known)
        there = os.statvfs(self.home)
        if there.f_bavail * there.f_frsize < size + (SPARE_MIB << 20):
            raise TransactionError(
                "there are %d MiB free at %s, and %d MiB are needed to keep what is there: free some (apt clean, old kernels) and run this again"
                % (there.f_bavail * there.f_frsize >> 20, self.home, (size >> 20) + SPARE_MIB + 1)
            )
        for path, kind in paths:
            if path in known:
                continue
            if re.search(r"\s", path):
                raise TransactionError("%r has a blank in its name, which the way back does not know" % path)
            manifest.append(self._entry(path, kind, len(manifest)))
        write_file(os.path.join(self.folder, "manifest"), as_lines(manifest), 0o600)
        if not os.path.exists(os.path.join(self.folder, "signature")):
            write_file(os.path.join(self.folder, "signature"), query("signature"), 0o600)
            write_file(os.path.join(self.folder, "identity"), query("identity"), 0o600)
            write_file(os.path.join(self.folder, "kernels"), as_lines(self._kernels()), 0o600)

    def _entry(self, path, kind, number):
        """Copy one path; its line of the manifest."""
        place, copy = self._place(path), "%04d" % number
        target = os.path.join(self.folder, "copies", copy)
        if kind == "tree":
            if not os.path.isdir(place):
                return "notree - - " + path
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(place, target, symlinks=True)
            return "tree %s - %s" % (copy, path)
        if kind == "folder":
            return "%s - - %s" % ("folder" if os.path.isdir(place) else "nofolder", path)
        parent = os.path.dirname(place)
        if os.path.isdir(parent) and not os.access(parent, os.W_OK):
            raise TransactionError("%s cannot be written: is its file system mounted read-only?"
                                   % os.path.dirname(path))
        boot = kind in BOOT_KINDS
        if not os.path.isfile(place):
            return "%s - - %s" % (kind if boot else "nofile", path)
        there = os.stat(place)
        copy_file(place, target, stat.S_IMODE(there.st_mode))
        os.chown(target, there.st_uid, there.st_gid)
        if boot and os.stat(parent).st_dev != os.stat(self.home).st_dev:
            # A /boot that is full when it is needed must not stand in the way.
            copy_file(place, room(place), stat.S_IMODE(there.st_mode))
            with contextlib.suppress(OSError):  # FAT keeps no owner
                os.chown(room(place), there.st_uid, there.st_gid)
        return "%s %s %s %s" % (kind, copy, sha256_of(target), path)

    def _kernels(self):
        """Digest and release of each kernel: a module of its own is not restored where a package has replaced the kernel."""
        tree = Tree(self.root)
        found = []
        for release in tree.names("/lib/modules"):
            image = tree.real("/boot/vmlinuz-" + release)
            if os.path.isfile(image):
                found.append("%s %s" % (sha256_of(image), release))
        return found

    def add_new(self, other):
        """Add from the restore point `other` what is not in this one: what its upgrade was the first to touch.

        Nothing leaves `other`: a board that loses power before the commit is complete still restores from there.
        """
        manifest = self.manifest()
        kept = dict((line.split(" ")[3], line.split(" ")[2]) for line in manifest)
        left = read_lines(os.path.join(self.folder, "left"))
        mine = set(left)
        fresh = []
        for line in other.manifest():
            kind, copy, digest, path = line.split(" ")
            # The owner has changed that boot file between two upgrades: what he wrote is not to be lost by a rollback.
            if path not in kept or digest == kept[path] or "%s %s" % (digest, path) in mine:
                fresh.append(path)
            # A tree of DKMS' own is covered by the tree above it, or was made by an upgrade of ours.
            if path in kept:
                continue
            if copy != "-":
                number = "%04d" % len(manifest)
                target = os.path.join(self.folder, "copies", number)
                shutil.rmtree(target, ignore_errors=True)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(target)
                source = os.path.join(other.folder, "copies", copy)
                if os.path.isdir(source):
                    shutil.copytree(source, target, symlinks=True)
                else:
                    there = os.stat(source)
                    copy_file(source, target, stat.S_IMODE(there.st_mode))
                    os.chown(target, there.st_uid, there.st_gid)
                copy = number
            manifest.append(" ".join((kind, copy, digest, path)))
        os.sync()
        write_file(os.path.join(self.folder, "manifest"), as_lines(manifest), 0o600)
        add_lines(os.path.join(self.folder, "left"),
                  [line for line in read_lines(os.path.join(other.folder, "left")) if line.split(" ")[1] in fresh])
        add_lines(os.path.join(self.folder, "packages"), packages(self.home, os.path.basename(other.folder)))


def room(place):
    """Where room for a boot file is kept, beside it: the guard puts it in its place."""
    return os.path.join(os.path.dirname(place), ".npu-restore." + os.path.basename(place))


def release_room(root, paths):
    """Remove the files that hold room beside these boot files."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(room(os.path.join(root, path.lstrip("/"))))


def _size(place):
    if os.path.isfile(place):
        return os.path.getsize(place)
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, dummy,
               names in os.walk(place) for name in names)
