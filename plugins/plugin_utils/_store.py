# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's store of modules that were built: one build for all boards with the same kernel.

Below the store's folder: C(builds/KEY.json), a manifest for each build; C(objects/SHA256), the modules and build logs that manifests name;
C(locks/), one file for each kernel and driver, which a run holds while it builds. What is in it goes into kernels, so nobody else may write
there, and everything is checked whenever it is read.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import fcntl
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import stat
import zlib

from ..module_utils._files import ensure_dir, read_file, sha256_of, write_file
from ..module_utils._tree import clean, clean_tree

SCHEMA = 1
KEEP = 50
LARGEST = 16 << 20
"""A stripped module has some 300 kB, one with all that a debugger wants some 3 MB."""
HARD = ("release", "build", "machine", "compiler", "source", "recipe", "version", "module", "certificate")
"""What has to be the same for a module to be the one that a board would build."""
SOFT = ("config", "symvers")
"""What has to be the same where both sides know it: a board without headers has no Module.symvers."""

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_FILE = re.compile(r"[a-z][a-z0-9_]{0,63}\.ko(?:\.(?:xz|zst|gz))?\Z")
_TEXT = ("board", "built_at", "file", "vermagic", "sha256", "log", "tree")
_MAGIC = {"": b"\x7fELF", ".xz": b"\xfd7zXZ\0", ".zst": b"\x28\xb5\x2f\xfd", ".gz": b"\x1f\x8b"}


class StoreError(Exception):
    """A store that cannot be used, with one sentence why and what to do."""


def inputs(kernel, version, module, source, recipe, certificate=""):
    """Everything that changes what a build gives, as text; None where the board does not say which kernel it runs.

    :arg kernel: C(ansible_facts.npu.kernel) of the board.
    :arg source: digest of the vendor's tarball.
    :arg recipe: digest of our build files.
    :arg certificate: digest of the certificate that modules are signed with, C("") where they are not.
    """
    if not kernel.get("release") or not kernel.get("build"):
        return None
    known = {
        "release": kernel["release"], "build": kernel["build"], "machine": kernel.get("machine"), "compiler": kernel.get("compiler"),
        "config": kernel.get("config_digest"), "symvers": kernel.get("symvers_digest"),
        "source": source, "recipe": recipe, "version": version, "module": module, "certificate": certificate,
    }
    return {name: str(value or "") for name, value in known.items()}


def key(wanted):
    """The name of a build with these inputs."""
    return _digest({name: wanted[name] for name in HARD + SOFT})


def _lock_name(wanted):
    # Boards that may end up with one build wait for each other, whether they have headers or not.
    return _digest({name: wanted[name] for name in HARD})


def _digest(values):
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def recipe(folder):
    """The digest of a folder with build files: of their names and of what is in them."""
    found = {}
    for place, dummy, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = hashlib.sha256(stream.read()).hexdigest()
    return _digest(found)


def digest_of(path):
    """The digest of a file on the controller, C("") where it is not there."""
    return sha256_of(path) if os.path.exists(path) else ""


def matches(there, wanted):
    """Whether a build with the inputs I(there) is one for a board with the inputs I(wanted)."""
    return all(there[name] == wanted[name] for name in HARD) and all(
        not there[name] or not wanted[name] or there[name] == wanted[name] for name in SOFT)


def module_problem(name, content, release):
    """One sentence on what a board calls a module it has built, or None where it may be one for kernel I(release)."""
    match = _FILE.match(name)
    if not match:
        return "%r is not the name of a module's file" % name[:80]
    suffix = name.partition(".ko")[2]
    if not 64 < len(content) <= LARGEST or not content.startswith(_MAGIC[suffix]):
        return "%s is not a module" % name
    unpack = {"": bytes, ".xz": _xz, ".gz": _gz}.get(suffix)
    try:
        # The standard library has nothing for .zst before Python 3.14: there only the boards look inside.
        inner = unpack(content) if unpack else None
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        return "%s is damaged (%s)" % (name, error)
    if inner is not None and b"vermagic=%s " % release.encode() not in inner:
        return "%s is not made for kernel %s" % (name, release)
    return None


def _xz(content):
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(content, 4 * LARGEST)


def _gz(content):
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        return stream.read(4 * LARGEST)


def _is_at(handle, path):
    """Whether an open file is still the one of that name: somebody may have taken it away while we waited for it."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def told(manifest):
    """What is told of a build to whoever asks."""
    return {name: manifest[name] for name in ("key", "board", "built_at", "sha256", "file")}


class Store:
    """The store in a folder of the controller's.

    :arg keep: how many builds are kept; those that were used last stay.
    :arg read_only: nothing is made or touched, as in a check run.
    :raises StoreError: where others could put something there.
    """

    def __init__(self, folder, keep=KEEP, read_only=False):
        self.folder, self.keep, self.read_only = os.path.abspath(os.path.expanduser(folder)), keep, read_only
        if keep < 1:
            raise StoreError("npu_store_keep is %r: it is a number of builds, at least 1" % keep)
        try:
            for place in () if read_only else ("", "builds", "objects", "locks"):
                ensure_dir(os.path.join(self.folder, place), 0o700)
            there = os.stat(self.folder) if os.path.exists(self.folder) else None
        except OSError as error:
            raise StoreError("the store %s cannot be used: %s; set npu_store to another folder, or to \"\" to do without" % (self.folder, error)) from error
        if there and (there.st_uid != os.geteuid() or there.st_mode & 0o022):
            raise StoreError("others than you can write to the store %s (owner %d, mode %04o): 'chown %d %s && chmod 700 %s', or set npu_store to another "
                             "folder" % (self.folder, there.st_uid, stat.S_IMODE(there.st_mode), os.geteuid(), self.folder, self.folder))

    def _place(self, *names):
        return os.path.join(self.folder, *names)

    @contextlib.contextmanager
    def lock(self, wanted):
        """Let one run at a time look for, and make, a build with these inputs. The kernel lets go of a lock whose run has died."""
        with self._locked(_lock_name(wanted)):
            yield

    @contextlib.contextmanager
    def _locked(self, name, wait=True):
        path = self._place("locks", name)
        while True:
            try:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise StoreError("the store %s cannot be used: %s" % (self.folder, error)) from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                if _is_at(handle, path):
                    yield
                    return
            finally:
                os.close(handle)

    def find(self, wanted, tree="", skip=()):
        """The manifest of a build for a board with these inputs, or None. One of the very same inputs goes first, then the newest.

        :arg tree: digest of the DKMS tree it has to be built from, where that is known: it is more than what is pinned of it.
        :arg skip: keys that are of no use to the board.
        """
        exact = key(wanted)
        found = [manifest for manifest in self.manifests() if manifest["key"] not in skip and matches(manifest["inputs"], wanted)
                 and tree in ("", manifest["tree"]) and self._whole(manifest)]
        found.sort(key=lambda manifest: (manifest["key"] == exact, manifest["built_at"]))
        if not found:
            return None
        if not self.read_only:
            with contextlib.suppress(OSError):
                os.utime(self._manifest(found[-1]["key"]))
        return found[-1]

    def manifests(self):
        """All manifests that are sound; the others count as not there."""
        try:
            names = sorted(os.listdir(self._place("builds")))
        except FileNotFoundError:
            return []
        return [manifest for manifest in map(self._read, (name[:-5] for name in names if name.endswith(".json"))) if manifest]

    def _manifest(self, name):
        return self._place("builds", name + ".json")

    def _read(self, name):
        """A manifest whose form is right, or None."""
        try:
            manifest = json.loads(read_file(self._manifest(name), 1 << 20) or b"")
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or manifest.get("key") != name:
            return None
        there = manifest.get("inputs")
        if not isinstance(there, dict) or set(there) != set(HARD + SOFT) or not all(isinstance(value, str) for value in there.values()):
            return None
        if key(there) != name or not all(isinstance(manifest.get(field), str) for field in _TEXT):
            return None
        if not _DIGEST.match(manifest["sha256"]) or not _DIGEST.match(manifest["log"]) or not _FILE.match(manifest["file"]):
            return None
        probes = manifest.get("probes")
        return manifest if isinstance(probes, list) and all(isinstance(probe, str) for probe in probes) else None

    def _whole(self, manifest):
        """Whether all of a build is there, as it was put there."""
        return all(self._object(manifest[name]) is not None for name in ("sha256", "log"))

    def _object(self, digest):
        content = read_file(self._place("objects", digest), LARGEST + 1)
        return content if content is not None and hashlib.sha256(content).hexdigest() == digest else None

    def read(self, manifest):
        """C((module, log)) of a build, both as bytes."""
        return self._object(manifest["sha256"]), self._object(manifest["log"])

    def put(self, wanted, built, board, log, probes, tree):
        """Keep what a board answered to a build: untrusted, so it is looked at first.

        :arg wanted: the inputs as they were known before; the symbol versions are those the board built with.
        :arg built: as C(_prebuilt.collect) gives it.
        """
        try:
            content = base64.b64decode(built["content"], validate=True)
            name, vermagic, symvers = (clean(str(built.get(field) or ""), 300) for field in ("name", "vermagic", "symvers"))
            problem = module_problem(name, content, wanted["release"])
            if not problem and hashlib.sha256(content).hexdigest() != built["sha256"]:
                problem = "%s arrived damaged" % name
            if not problem and vermagic.split()[:1] != [wanted["release"]]:
                problem = "%s is not made for kernel %s" % (name, wanted["release"])
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            problem = "its answer is not a module (%s)" % error
        if problem:
            raise StoreError("the build could not be kept in the store: %s" % problem)
        there = dict(wanted, symvers=symvers if _DIGEST.match(symvers) else "")
        now = datetime.datetime.now(datetime.timezone.utc)
        return self.add(there, content, log, file=name, vermagic=vermagic, board=board, built_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"), tree=tree,
                        tools=clean_tree(built.get("tools") or {}), probes=[clean(str(probe)) for probe in (probes or ())[:100]])

    def add(self, there, content, log, **more):
        """Keep a build: the module's bytes, the build log as text, and what a manifest says besides; returns the manifest.

        :arg there: the inputs it was built from.
        """
        manifest = dict(more, schema=SCHEMA, key=key(there), inputs=there, size=len(content))
        log = log.encode("utf-8", "replace")
        try:
            with self._locked("store"):
                for name, data in (("sha256", content), ("log", log)):
                    manifest[name] = hashlib.sha256(data).hexdigest()
                    write_file(self._place("objects", manifest[name]), data, 0o600)
                write_file(self._manifest(manifest["key"]), json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n", 0o600)
                os.utime(self._manifest(manifest["key"]))
                self._prune(manifest["key"])
        except OSError as error:
            raise StoreError("the build could not be kept in the store %s: %s" % (self.folder, error)) from error
        return manifest

    def _prune(self, fresh):
        """Take the builds away that were not used for longest, but none that a run is about to use, and what no manifest names."""
        paths = {name[:-5]: os.stat(self._place("builds", name)).st_mtime_ns for name in os.listdir(self._place("builds")) if name.endswith(".json")}
        for name in sorted(set(paths) - {fresh}, key=paths.get, reverse=True)[self.keep - 1:]:
            manifest = self._read(name)
            try:
                with self._locked(_lock_name(manifest["inputs"]), wait=False) if manifest else contextlib.nullcontext():
                    os.unlink(self._manifest(name))
            except BlockingIOError:
                continue
        named = {manifest[field] for manifest in self.manifests() for field in ("sha256", "log")}
        for name in os.listdir(self._place("objects")):
            # Nobody else adds: what is not finished, too, was left by a run that died.
            if name not in named:
                os.unlink(self._place("objects", name))
        self._forget_locks()

    def _forget_locks(self):
        """Remove the lock files of kernels that no build is left of and nobody waits for."""
        names = {_lock_name(manifest["inputs"]) for manifest in self.manifests()} | {"store"}
        for name in set(os.listdir(self._place("locks"))) - names:
            with contextlib.suppress(BlockingIOError), self._locked(name, wait=False):
                os.unlink(self._place("locks", name))
