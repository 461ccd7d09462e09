# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fetch artifacts that are never committed (driver source, runtime, model, picture), verified by pinned digests."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import http.client
import netrc
import os
import re
import tempfile
import time
import urllib.parse

from ansible.module_utils import urls

from ...module_utils._board.files import CHUNK, ensure_dir, sync_dir, write_file
from ...module_utils._board.pins import pin_mismatch
from ...module_utils._board.tree import clean
from .._answers.limits import within
from .._private import cache_problem
from .._url import text_without_secrets, without_secrets

_URL = "https://"
# In bytes, if no size is pinned; the largest known artifact, librknnrt.so, has 8 MB.
LARGEST = 64 << 20
LONGEST = 3600
"""Seconds for one download: the option timeout only limits the time between two bytes, those of a header included."""
# Credentials of .netrc for a mirror must not be sent to the target of a redirect.
open_url = functools.partial(urls.open_url, unredirected_headers=["Authorization"])


class ArtifactError(Exception):
    """An artifact that cannot be obtained: one sentence why."""


def fetch(pins, path, cache_dir, local_folder=None, mirrors=(), timeout=30, keep_in=None):
    """Return `(file, source)` of a verified artifact; `source` has no credentials and may be shown.

    The order is: cache, local folder, then each mirror. A cached file is verified again at every use.

    Args:
        pins: `sha256` or `git_blob` in hex, and `size` in bytes if it is known.
        path: relative path below a mirror; a local folder holds the same path, or only the file's name. Or a whole
            `https://` URL: then the local folder holds the file by its name, and mirrors are not used.
        mirrors: base URLs.
        keep_in: another folder to store the file in if the cache does not have it, as in check mode.

    Raises:
        ArtifactError: if no source has the file, or one has another content.
    """
    check_path(path)
    digest = pins.get("sha256") or pins.get("git_blob")
    if not digest:
        raise ArtifactError(
            "%s has no pinned checksum. Set its sha256 in npu_compatibility: nothing is used unverified"
            % without_secrets(path)
        )
    name = os.path.basename(_without_query(path))
    folder = os.path.join(cache_dir, "artifacts", str(digest).lower())
    cached = os.path.join(folder, name)
    problem = cache_problem(cache_dir, os.path.dirname(folder), folder)
    if problem:
        raise ArtifactError(problem)
    if keep_in:
        # The cache may be read-only.
        if os.path.isfile(cached) and pin_mismatch(cached, pins) is None:
            return cached, "cache"
        folder = os.path.join(keep_in, "artifacts", str(digest).lower())
        cached = os.path.join(folder, name)
    shown = [without_secrets(text) for text in (path, local_folder or "", *mirrors)]
    sources = hashlib.sha256(repr((shown, timeout)).encode()).hexdigest()
    with _locked(folder, sources):
        if os.path.isfile(cached) and pin_mismatch(cached, pins) is None:
            return cached, "cache"
        tried = []
        for source in _sources(path, name, local_folder, mirrors):
            try:
                with within(LONGEST):
                    _copy_verified(source, cached, pins, timeout)
                return cached, without_secrets(source)
            except ArtifactError as error:
                # A wrong content must be reported, so no other source is tried.
                raise ArtifactError(
                    "%s from %s: %s; it was not used" % (name, without_secrets(source), error)
                ) from error
            except (OSError, ValueError, http.client.HTTPException, netrc.NetrcParseError) as error:
                tried.append("%s (%s)" % (without_secrets(source), _reason(error)))
        raise ArtifactError(
            "cannot get %s: tried %s" % (name, ", ".join(tried) or "nothing, no mirror or folder is set")
        )


def read(path, pins=None):
    """Return the bytes of a file, read once, so that the bytes that are used are those that were verified.

    Args:
        pins: as for fetch(); None where nothing is pinned.

    Raises:
        ArtifactError: where its content is another one.
        OSError: if it cannot be read.
    """
    pins = pins or {}
    limit = int(pins.get("size") or LARGEST)
    with open(os.path.expanduser(path), "rb") as stream:
        content = stream.read(limit + 1)
    name, found = next(
        ((name, str(pins[name]).lower()) for name in ("sha256", "git_blob") if pins.get(name)), (None, None)
    )
    if len(content) > limit:
        raise ArtifactError("%s is larger than %d bytes; it was not used" % (path, limit))
    # SHA-1 is the identifier that git publishes; it pins files without a known sha256.
    algorithm = hashlib.sha256()
    if name == "git_blob":
        algorithm = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    algorithm.update(content)
    if name and algorithm.hexdigest() != found:
        raise ArtifactError(
            "%s has been changed: %s is %s, pinned is %s; it was not used" % (path, name, algorithm.hexdigest(), found)
        )
    return content


def private_copy(path, pins, folder):
    """Return a copy of a file in a folder that only this user can access, made of the verified bytes.

    Args:
        folder: Ansible's own temporary folder of the run.

    Raises:
        as read().
    """
    content = read(path, pins)
    target = os.path.join(folder, "rkfleet-npu-artifacts", hashlib.sha256(content).hexdigest(), os.path.basename(path))
    with contextlib.suppress(FileExistsError):  # another worker was faster
        ensure_dir(os.path.dirname(target), 0o700)
    write_file(target, content, 0o600)
    return target


def check_path(path):
    """Raise ArtifactError for a relative path that leaves its folder, and for a URL without host or path."""
    if _is_url(path):
        host, unused, path = _without_query(path)[len(_URL):].partition("/")
        path = path if host else ""
    parts = path.split("/")
    if path.startswith("/") or not path or any(part in ("", ".", "..") for part in parts) or "\\" in path:
        shown = without_secrets(path)
        raise ArtifactError("%r is neither the relative path of an artifact nor an https:// URL" % shown)


def _is_url(path):
    return path.startswith(_URL)


def _without_query(path):
    """Return a URL without its query, which may hold a token, and any other path unchanged."""
    return path.partition("?")[0].partition("#")[0] if _is_url(path) else path


def _sources(path, name, local_folder, mirrors):
    if local_folder:
        folder = os.path.expanduser(local_folder)
        full = os.path.join(folder, name if _is_url(path) else path)
        yield full if os.path.exists(full) else os.path.join(folder, name)
    if _is_url(path):
        yield path
        return
    for mirror in mirrors:
        if "://" not in mirror:
            # The mirror is not quoted: it may be written as user:password@host.
            raise ArtifactError("cannot get %s: a mirror is not a URL such as https://mirror.example.com" % name)
        yield "%s/%s" % (mirror.rstrip("/"), urllib.parse.quote(path))


def _copy_verified(source, target, pins, timeout):
    """Copy `source`, a URL or a file, to `target` if its digest matches."""
    limit = int(pins.get("size") or LARGEST)
    stream = open_url(source, timeout=timeout) if "://" in source else open(source, "rb")
    folder = os.path.dirname(target)
    with stream, tempfile.NamedTemporaryFile(prefix=".rkfleet-", dir=folder, delete=False) as partial:
        try:
            size = 0
            for chunk in iter(lambda: stream.read(CHUNK), b""):
                size += len(chunk)
                if size > limit:
                    raise ArtifactError("it is larger than %d bytes" % limit)
                partial.write(chunk)
            partial.flush()
            os.fsync(partial.fileno())
            mismatch = pin_mismatch(partial.name, pins)
            if mismatch:
                raise ArtifactError(mismatch)
            os.chmod(partial.name, 0o644)
            os.rename(partial.name, target)
            sync_dir(folder)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(partial.name)


@contextlib.contextmanager
def _locked(folder, sources):
    """Let one process at a time fill a folder: many boards need the same artifact at once.

    Those that waited while another one failed with the same sources fail as it did: a mirror that does not answer must
    not hold up all boards of a run one after the other.
    """
    ensure_dir(folder, 0o755)
    began = time.time()
    with open(os.path.join(folder, ".lock"), "a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        failed = re.fullmatch(r"(\d+\.\d+) %s (.+)" % sources, lock.read())
        if failed and began < float(failed[1]) <= time.time():
            raise ArtifactError(failed[2])
        try:
            yield
        except ArtifactError as error:
            lock.truncate(0)
            lock.write("%f %s %s" % (time.time(), sources, clean(str(error), 2000)))
            raise


def _reason(error):
    """Return why a source does not have the file, without secrets: malformed URLs and files are not quoted."""
    if isinstance(error, netrc.NetrcParseError):
        return "the .netrc file cannot be used: its syntax is wrong%s, or others can read it" % (
            " in line %s" % error.lineno if error.lineno else ""
        )
    if isinstance(error, (ValueError, http.client.InvalidURL)):
        return (
            "its URL or that of a proxy in the environment is malformed, "
            "or it requires an unsupported authentication method"
        )
    if isinstance(error, http.client.HTTPException):
        return "invalid HTTP response: %s" % type(error).__name__
    return clean(text_without_secrets(str(getattr(error, "reason", None) or error)))
