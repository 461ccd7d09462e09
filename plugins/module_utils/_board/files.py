# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Digests, and writes that survive a power failure: a file has the old or the new content, never a part."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile

CHUNK = 1 << 20
LEFTOVER = ".rkfleet-"
"""Prefix of unfinished files: those that exist at the start of a run are leftovers of a power failure."""


def sha256_of(path):
    """Return the sha256 of a file as 64 hex digits; raise OSError if it cannot be read."""
    return digest_of(path, hashlib.sha256())


def digest_of(path, algorithm):
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            algorithm.update(chunk)
    return algorithm.hexdigest()


def sync_dir(path):
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path):
    """Make a file and its name durable; unlike sync(2) this reports errors."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_dir(os.path.dirname(path))


def clean_leftovers(folder):
    """Remove an interrupted run's unfinished files in a folder that is ours or root's; return their names."""
    found = leftovers(folder)
    for name in found:
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(path)
    return found


def leftovers(folder):
    """Return the names of an interrupted run's unfinished files in a folder."""
    return sorted(name for name in os.listdir(folder) if name.startswith(LEFTOVER)) if os.path.isdir(folder) else []


def describe_error(error, *paths):
    """Describe an OSError: for a full disk with the free space, for a read-only mount with its path.

    Args:
        paths: Paths to report besides the file of the error.
    """
    known = [path for path in (error.filename, *paths) if isinstance(path, str)]
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(*known)
    if error.errno == errno.EROFS:
        return "%s is mounted read-only" % (_mount_point(known[0]) if known else "the file system")
    return "%s%s" % (os.strerror(error.errno) if error.errno else error,
                     ": %s" % known[0] if error.errno and known else "")


def disk_full(*paths):
    """Return one sentence with the free space on the file systems of these paths."""
    free = {}
    for path in paths:
        place = _mount_point(path)
        figures = os.statvfs(place)
        free[place] = "%d KiB%s are free at %s" % (
            figures.f_bavail * figures.f_frsize // 1024,
            " and no inode" if figures.f_files and not figures.f_favail else "", place)
    return "the disk is full%s" % (": " + ", ".join(free.values()) if free else "")


def _mount_point(path):
    path = os.path.realpath(path)
    while path != "/" and not (os.path.exists(path) and os.path.ismount(path)):
        path = os.path.dirname(path)
    return path


def ensure_dir(path, mode=0o755):
    """Create a folder with parents; return whether it was missing."""
    if os.path.isdir(path):
        return False
    os.makedirs(path, mode, exist_ok=True)
    os.chmod(path, mode)
    sync_dir(os.path.dirname(path))
    return True


@contextlib.contextmanager
def replacing(path, mode=None):
    """Yield a binary stream whose content takes the place of `path` at once, when the block ends well.

    Mode and owner of an existing file are kept unless `mode` is given. A symbolic link is followed,
    so that the link stays and its target is replaced.
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    # ldconfig, run-parts and the like ignore the unfinished file for its leading dot.
    handle, temporary = tempfile.mkstemp(prefix=LEFTOVER, dir=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if mode is None and os.path.exists(path):
                st = os.stat(path)
                os.fchown(stream.fileno(), st.st_uid, st.st_gid)
                mode = st.st_mode & 0o7777
            os.fchmod(stream.fileno(), 0o644 if mode is None else mode)
        os.rename(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError) and not error.filename:
            error.filename = path  # a write does not say to what
        raise
    sync_dir(folder)


def write_file(path, content, mode=None):
    """Write bytes to a file atomically; return whether the file has changed."""
    if read_file(path) == content and (mode is None or os.stat(path).st_mode & 0o7777 == mode):
        return False
    with replacing(path, mode) as stream:
        stream.write(content)
    return True


def read_file(path, limit=16 << 20):
    """Return at most `limit` bytes of a file, or None if it does not exist."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit)
    except FileNotFoundError:
        return None


def copy_file(source, path, mode=None):
    """Copy a file to `path` atomically."""
    with open(source, "rb") as stream, replacing(path, mode) as target:
        shutil.copyfileobj(stream, target, CHUNK)


def sent_files(module, option, names):
    """Return the files that the action plugin of a module sends in one of its options, as `{name: text}`.

    Args:
        module: The module's name.
        option: The option's value, in JSON.
        names: Names of the files that are required.

    Raises:
        ValueError: If one is missing, with one sentence why.
    """
    try:
        texts = json.loads(option or "{}")
    except ValueError:
        texts = {}
    if not isinstance(texts, dict) or not all(isinstance(texts.get(name), str) for name in names):
        raise ValueError("%s cannot run without its action plugin, which sends the scripts to install: "
                         "call it as rkfleet.npu.%s in a task" % (module, module))
    return texts
