# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts on the runtime librknnrt.so: its file, its version and its hashes."""

from __future__ import annotations

import hashlib
import os
import re
import struct

from .installed import dpkg

NAME = "librknnrt.so"
PATH = "/usr/lib/" + NAME
OLD_NAME = "librknn_api.so"
"""What programs of older runtimes open: a link, or in packages of runtimes before 1.6 a file of its own."""
_FOLDERS = ("/usr/lib", "/usr/lib/aarch64-linux-gnu", "/usr/local/lib", "/usr/local/lib/aarch64-linux-gnu", "/lib",
            "/lib64", "/usr/lib64")
_BANNER = re.compile(
    rb"librknnrt version: (\d{1,4}(?:\.\d{1,4}){1,3}(?:-?(?:a|b|rc|alpha|beta)\d{1,4})?) "
    rb"\(((?:[0-9a-f]{6,40})?@[0-9T:-]{8,25})\)"
)
RKLLM = "librkllmrt.so"
_RKLLM_BANNER = re.compile(rb"rkllm-runtime version: (\d{1,4}(?:\.\d{1,4}){1,3}(?:-?(?:a|b|rc|alpha|beta)\d{1,4})?)")
_PYTHON = re.compile(r"python3(?:\.\d+)?\Z")
_OVERLAP = 256
_CHUNK = 1 << 20
_MOST = 30
_LIMIT = 64 << 20
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"


def banner(data):
    """Return `(version, build)` from text such as `librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)`."""
    match = _BANNER.search(data)
    return (match.group(1).decode("ascii"), match.group(2).decode("ascii")) if match else None


def describe(handle, size, limit=_LIMIT):
    """Return version, build, sha256 and git blob id of an open binary file of size bytes, read once.

    The text alone proves nothing: a truncated file still carries it. A git blob id is
    sha1("blob " + size + NUL + content). Raises ValueError where the file is larger than limit.
    """
    if size > limit:
        raise ValueError("%d bytes, more than a runtime can have" % size)
    sha256 = hashlib.sha256()
    try:
        blob = hashlib.new("sha1", b"blob %d\0" % size, usedforsecurity=False)
    except ValueError:  # a build of OpenSSL without SHA-1
        blob = None
    found, tail, count = None, b"", 0
    while count <= limit:
        chunk = handle.read(_CHUNK)
        if not chunk:
            break
        count += len(chunk)
        sha256.update(chunk)
        if blob:
            blob.update(chunk)
        if not found:
            found = banner(tail + chunk)
            tail = chunk[-_OVERLAP:]
    version, build = found or (None, None)
    return {
        "version": version,
        "build": build,
        "sha256": sha256.hexdigest(),
        "git_blob": blob.hexdigest() if blob and count == size else None,
        "size": count,
    }


def cached_path(cache, name=NAME):
    """Return the path of a library in ld.so.cache: the first entry of glibc's format 1.1, or None."""
    start = cache.find(_CACHE_MAGIC)
    if start < 0 or len(cache) < start + 48:
        return None
    count = min(struct.unpack_from("<I", cache, start + 20)[0], (len(cache) - start - 48) // 24)

    def text(offset):
        end = cache.find(b"\0", start + offset, start + offset + 4096)
        return cache[start + offset:end].decode("utf-8", "replace") if end >= 0 else ""

    for index in range(count):
        key, value = struct.unpack_from("<II", cache, start + 48 + 24 * index + 4)
        if text(key) == name:
            return text(value) or None
    return None


def _describe_path(tree, path):
    handle = tree.open(path)
    if handle is None:
        return None
    with handle:
        try:
            return describe(handle, os.fstat(handle.fileno()).st_size)
        except (OSError, ValueError) as error:
            tree.note(path, error)
            return None


def read(tree):
    """Return the runtime that the vendor's tools use (/usr/lib first, then as the loader), and other copies.

    `path` is where the file really is, `link` the name it is reached by, `loader` what a plain dlopen()
    would take; `others` are further copies a program might meet instead.
    """
    result = {"path": None, "link": None, "version": None, "build": None, "sha256": None, "git_blob": None,
              "size": None, "loader": None, "others": [], "package": None, "packaged": [], "diverted": [],
              "diverted_by": None}
    cache = tree.data("/etc/ld.so.cache", 2 << 20)
    cached = cached_path(cache) if cache else None
    candidates = [folder + "/" + name for name in (NAME, OLD_NAME) for folder in _FOLDERS]
    if cached and cached.startswith("/") and cached not in candidates:
        candidates.append(cached)
    real, names = {}, {}
    own = [path for path in _further(tree) if path != cached]
    for candidate in candidates + own:
        if tree.exists(candidate):
            real.setdefault(tree.follow(candidate), candidate)
            names.setdefault(tree.follow(candidate), []).append(candidate)
    if cached and tree.exists(cached):
        result["loader"] = tree.follow(cached)
    elif real:
        result["loader"] = next((path for path, link in real.items() if link not in own), None)
    for path, link in real.items():
        description = _describe_path(tree, path)
        if description is None:
            continue
        # Others may write to programs' own copies.
        if result["path"] is None and link not in own:
            result.update(description, path=path, link=link)
        else:
            result["others"].append({"path": path, "version": description["version"], "sha256": description["sha256"],
                                     "programs": []})
    if result["path"]:
        # The library itself, and what is found under one of its names by itself: with our diversion, each is a file.
        same = [path for path in names if path == result["path"] or path.endswith(OLD_NAME) or any(
            other["path"] == path and other["sha256"] == result["sha256"] for other in result["others"])]
        result.update(dpkg.read_owner(tree, [name for path in same for name in names[path]], result["path"]))
    return result


def read_rkllm(tree):
    """Return `{path, version}` of the runtime for language models, None for both without one."""
    path = next((folder + "/" + RKLLM for folder in _FOLDERS if tree.exists(folder + "/" + RKLLM)), None)
    match = _RKLLM_BANNER.search(tree.data(path, _LIMIT) or b"") if path else None
    return {"path": path, "version": match.group(1).decode("ascii") if match else None}


def _further(tree):
    """Return where programs bring a copy of their own: below /opt, and beside rknn-toolkit-lite2."""
    folders = ["/opt/%s%s" % (name, below) for name in tree.names("/opt")[:_MOST] for below in ("", "/lib")]
    for base in ("/usr/lib", "/usr/local/lib"):
        folders += ["%s/%s/%s-packages/rknnlite/api" % (base, name, kind)
                    for name in tree.names(base) if _PYTHON.match(name) for kind in ("dist", "site")]
    return ["%s/%s" % (folder, NAME) for folder in folders]


def note_programs(tree, runtime, processes):
    """Fill in `programs` of the other copies: the processes, as `holders()` returns them, that have one loaded."""
    for process in processes if runtime["others"] else ():
        mapped = {line.split(None, 5)[-1] for line in (tree.text("/proc/%d/maps" % process["pid"]) or "").splitlines()}
        for other in runtime["others"]:
            if other["path"] in mapped:
                other["programs"].append("%s (pid %d)" % (process["name"], process["pid"]))
