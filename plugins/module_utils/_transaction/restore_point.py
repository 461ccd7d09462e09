# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A restore point: copies of files that an upgrade may change, and a manifest from which the guard restores them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat

from .._board import diversion
from .._board.files import copy_file, sha256_of, write_file
from .._board.tree import Tree
from .._boot import boot_files
from .lists import add_lines, add_packages, as_lines, packages, read_lines
from .state import TransactionError

SPARE_MIB = 16
"""Free space in MiB that must remain after the copies, for the files that the guard writes."""


class RestorePoint:
    """One of the folders `pending` and `origin`.

    Args:
        root: Root folder of the board's files.
        home: The state folder.
        folder: The restore point's own folder.
    """

    def __init__(self, root, home, folder):
        self.root, self.home, self.folder = root, home, folder

    def _place(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def manifest(self):
        """Return the lines of the manifest, `KIND COPY SHA256 PATH` each."""
        return read_lines(os.path.join(self.folder, "manifest"))

    def paths(self):
        """Return the paths of the manifest."""
        return [line.split(" ")[3] for line in self.manifest()]

    def write(self, paths, query):
        """Copy these paths and write the manifest; entries of an existing manifest are kept unchanged.

        Args:
            paths: `[(path, kind)]` as returned by watched().
            query: Callable that takes a command of the guard and returns its output as bytes.

        Raises:
            TransactionError: A path cannot be copied.
        """
        manifest = self.manifest()
        known = set(line.split(" ")[3] for line in manifest)
        size = sum(_size(self._place(path)) for path, dummy in paths if path not in known)
        st = os.statvfs(self.home)
        if st.f_bavail * st.f_frsize < size + (SPARE_MIB << 20):
            raise TransactionError(
                "%d MiB are free at %s, and the restore point requires %d MiB: free disk space (apt clean, old "
                "kernels), then rerun the playbook"
                % (st.f_bavail * st.f_frsize >> 20, self.home, (size >> 20) + SPARE_MIB + 1)
            )
        for path, kind in paths:
            if path in known:
                continue
            if re.search(r"\s", path):
                raise TransactionError("%r has a blank in its name, so it cannot be restored" % path)
            manifest.append(self._entry(path, kind, len(manifest)))
        write_file(os.path.join(self.folder, "manifest"), as_lines(manifest), 0o600)
        if not os.path.exists(os.path.join(self.folder, "signature")):
            write_file(os.path.join(self.folder, "signature"), query("signature"), 0o600)
            write_file(os.path.join(self.folder, "identity"), query("identity"), 0o600)
            write_file(os.path.join(self.folder, "kernels"), as_lines(self._kernels()), 0o600)

    def _copy(self, name):
        """Return the path of a copy, without what an interrupted run has left there."""
        path = os.path.join(self.folder, "copies", name)
        shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return path

    def _entry(self, path, kind, number):
        """Copy one path and return its line of the manifest."""
        place, copy = self._place(path), "%04d" % number
        target = self._copy(copy)
        if kind == "tree":
            if not os.path.isdir(place):
                return "notree - - " + path
            shutil.copytree(place, target, symlinks=True)
            return "tree %s - %s" % (copy, path)
        if kind == "divert":
            # What is diverted is our library; without our diversion it is the package's file, which is not changed.
            ours = diversion.original(path)
            text = Tree(self.root).text(diversion.DATABASE)
            if not diversion.is_ours(diversion.parse(text), ours) or not os.path.isfile(self._place(ours)):
                return "nodivert - - " + path
            copy_file(self._place(ours), target, stat.S_IMODE(os.stat(self._place(ours)).st_mode))
            return "divert %s %s %s" % (copy, sha256_of(target), path)
        if kind == "folder":
            return "%s - - %s" % ("folder" if os.path.isdir(place) else "nofolder", path)
        parent = os.path.dirname(place)
        if os.path.isdir(parent) and not os.access(parent, os.W_OK):
            raise TransactionError("%s cannot be written: is its file system mounted read-only?"
                                   % os.path.dirname(path))
        boot = kind in boot_files.KINDS
        if not os.path.isfile(place):
            return "%s - - %s" % (kind if boot else "nofile", path)
        st = os.stat(place)
        copy_file(place, target, stat.S_IMODE(st.st_mode))
        os.chown(target, st.st_uid, st.st_gid)
        if boot and os.stat(parent).st_dev != os.stat(self.home).st_dev:
            # /boot may be full at the time of a restore, so a copy is stored there now.
            copy_file(place, spare_copy(place), stat.S_IMODE(st.st_mode))
            with contextlib.suppress(OSError):  # FAT has no owners
                os.chown(spare_copy(place), st.st_uid, st.st_gid)
        return "%s %s %s %s" % (kind, copy, sha256_of(target), path)

    def _kernels(self):
        """Return digest and release of each kernel: modules of a kernel that was replaced since are not restored."""
        tree = Tree(self.root)
        found = []
        for release in tree.names("/lib/modules"):
            image = tree.real("/boot/vmlinuz-" + release)
            if os.path.isfile(image):
                found.append("%s %s" % (sha256_of(image), release))
        return found

    def add_new(self, other):
        """Add the entries of the restore point `other` that this one does not have.

        They are copied and not moved: a board that loses power before the commit is complete still restores `other`.
        """
        manifest = self.manifest()
        digests = dict((line.split(" ")[3], line.split(" ")[2]) for line in manifest)
        written = set(read_lines(os.path.join(self.folder, "left")))
        unchanged = []
        for line in other.manifest():
            kind, copy, digest, path = line.split(" ")
            # A boot file that the owner changed between two upgrades is not in the list: a rollback must not replace
            # it by the copy, which lacks that change.
            if path not in digests or digest == digests[path] or "%s %s" % (digest, path) in written:
                unchanged.append(path)
            # A tree of DKMS itself is part of the tree above it, or was created by an upgrade of this collection.
            if path in digests:
                continue
            if copy != "-":
                number = "%04d" % len(manifest)
                target = self._copy(number)
                source = os.path.join(other.folder, "copies", copy)
                if os.path.isdir(source):
                    shutil.copytree(source, target, symlinks=True)
                else:
                    st = os.stat(source)
                    copy_file(source, target, stat.S_IMODE(st.st_mode))
                    os.chown(target, st.st_uid, st.st_gid)
                copy = number
            manifest.append(" ".join((kind, copy, digest, path)))
        os.sync()
        write_file(os.path.join(self.folder, "manifest"), as_lines(manifest), 0o600)
        add_lines(os.path.join(self.folder, "left"),
                  [line for line in read_lines(os.path.join(other.folder, "left")) if line.split(" ")[1] in unchanged])
        add_lines(os.path.join(self.folder, "packages"), packages(self.home, os.path.basename(other.folder)))
        holds = read_lines(os.path.join(self.folder, "holds"))
        add_packages(os.path.join(self.folder, "holds"), read_lines(os.path.join(other.folder, "holds")))
        # A hold of ours that was lifted is no hold that the owner had.
        add_packages(os.path.join(self.folder, "rehold"),
                     [name for name in read_lines(os.path.join(other.folder, "rehold")) if name not in holds])


def spare_copy(place):
    """Return the path of a boot file's copy beside it, which the guard renames into place."""
    return os.path.join(os.path.dirname(place), ".npu-restore." + os.path.basename(place))


def remove_spare_copies(root, paths):
    """Remove the copies beside these boot files."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(spare_copy(os.path.join(root, path.lstrip("/"))))


def _size(place):
    if os.path.isfile(place):
        return os.path.getsize(place)
    return sum(os.lstat(os.path.join(folder, name)).st_size
               for folder, dummy, names in os.walk(place) for name in names)
