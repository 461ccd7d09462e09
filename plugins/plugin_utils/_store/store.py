# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's store of modules that were built: one build for all boards with the same kernel.

Below the store's folder: `builds/KEY.json`, a manifest for each build; `objects/SHA256`, the modules and build logs
that manifests name; `locks/`, one file for each kernel and driver, which a run holds while it builds. What is in it
goes into kernels, so nobody else may write there, and everything is checked whenever it is read.

A build is never replaced by another one of the same inputs. Each host that builds it adds its vote, the digest of the
code without signature and compression. A module is handed out once enough hosts have built the same, and to nobody
where two of them differ.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import time

from ...module_utils._board.files import ensure_dir, read_file, write_file
from ...module_utils._board.paths import timestamp
from ...module_utils._board.tree import clean, clean_tree
from .._private import others_can_write
from .._schema.values import parse_json
from .inputs import HARD, SOFT, key, lock_name, matches
from .module_file import LARGEST, code_digest, is_file_name, module_problem, signature_problem
from .votes import counted, differ, may_be_used

SCHEMA = 2
"""With schema 1 any board could replace the build of another one: such manifests are ignored and removed."""
KEEP = 50
PATIENCE = 3600
"""Seconds, as those of a build by default (`npu_build_timeout`)."""

_FOLDERS = ("", "builds", "objects", "locks")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_VOTE = re.compile(r"(?:zst:)?[0-9a-f]{64}\Z")
_TEXT = ("board", "built_at", "file", "vermagic", "sha256", "log", "tree")


class StoreError(Exception):
    """A store that cannot be used: one sentence why, and what to do."""


def _is_still(handle, path):
    """Return whether an open file still has this name: it may have been removed while this run waited for its lock."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False


def summary(manifest):
    """Return the part of a manifest that results and messages show."""
    return {name: manifest[name] for name in ("key", "board", "built_at", "sha256", "file")}


class Store:
    """The store in a folder of the controller.

    Args:
        keep: number of builds that are kept, the most recently used ones.
        read_only: create and change nothing, as in check mode.

    Raises:
        StoreError: if other users can write to the folder.
    """

    def __init__(self, folder, keep=KEEP, read_only=False):
        self.folder, self.keep, self.read_only = os.path.abspath(os.path.expanduser(folder)), keep, read_only
        if keep < 1:
            raise StoreError("npu_store_keep is %r: it must be a number of builds, at least 1" % keep)
        try:
            for name in () if read_only else _FOLDERS:
                # Another task of the run may create it at the same time.
                with contextlib.suppress(FileExistsError):
                    ensure_dir(os.path.join(self.folder, name), 0o700)
        except OSError as error:
            raise StoreError(
                'the store %s cannot be used: %s. Set npu_store to another folder, or to "" to use no store'
                % (self.folder, error)
            ) from error
        problem = others_can_write(*(os.path.join(self.folder, name) for name in _FOLDERS), strict=True)
        if problem:
            raise StoreError(
                "other users can write to the store %s: %s, or set npu_store to another folder"
                % (self.folder, problem)
            )

    def _path(self, *names):
        return os.path.join(self.folder, *names)

    @contextlib.contextmanager
    def lock(self, wanted, patience=None):
        """Let one run at a time find or make a build with these inputs; the lock of a run that died is released.

        Yields whether this run has the lock.

        Args:
            patience: seconds to wait for a run that builds, by default an hour. One that hangs must not hold up all
                boards of a kernel.
        """
        end = time.monotonic() + (patience or PATIENCE)
        with contextlib.ExitStack() as held:
            while True:
                try:
                    held.enter_context(self._locked(lock_name(wanted), wait=False))
                except BlockingIOError:
                    if time.monotonic() < end:
                        time.sleep(0.2)
                        continue
                    yield False
                else:
                    yield True
                return

    @contextlib.contextmanager
    def _locked(self, name, wait=True):
        path = self._path("locks", name)
        while True:
            try:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise StoreError("the store %s cannot be used: %s" % (self.folder, error)) from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                if _is_still(handle, path):
                    yield
                    return
            finally:
                os.close(handle)

    def find(self, wanted, tree="", skip=(), agree=1, hosts=None):
        """Return the manifest of a build for a board with these inputs that may be handed out, or None.

        One with exactly the same inputs goes first, then the oldest: a later build replaces no earlier one.

        Args:
            tree: digest of the DKMS tree it must be built from, if known: it covers more than the pinned checksums.
            skip: keys of builds that the board has refused.
            agree: number of hosts that must have built the same module.
            hosts: the hosts whose builds count; None for all.
        """
        exact = key(wanted)
        found = [
            manifest for manifest in self.manifests() if manifest["key"] not in skip
            and matches(manifest["inputs"], wanted) and tree in ("", manifest["tree"])
            and may_be_used(manifest, agree, hosts) and self._is_complete(manifest)
        ]
        found.sort(key=lambda manifest: (manifest["key"] != exact, manifest["built_at"]))
        if not found:
            return None
        if not self.read_only:
            with contextlib.suppress(OSError):
                os.utime(self._manifest(found[0]["key"]))
        return found[0]

    def built_by(self, host, wanted, tree):
        """Return the manifest of a build of these inputs by this host, or None. It may lack votes to be handed out."""
        return next((manifest for manifest in self.manifests() if host in manifest["votes"] and manifest["tree"] == tree
                     and matches(manifest["inputs"], wanted) and self._is_complete(manifest)), None)

    def manifests(self):
        """Return all valid manifests; the others are ignored."""
        try:
            names = sorted(os.listdir(self._path("builds")))
        except FileNotFoundError:
            return []
        return [
            manifest for manifest in map(self._read, (name[:-5] for name in names if name.endswith(".json")))
            if manifest
        ]

    def _manifest(self, name):
        return self._path("builds", name + ".json")

    def _read(self, name):
        """Return a manifest if it is valid, else None."""
        try:
            manifest = parse_json(read_file(self._manifest(name), 1 << 20) or b"")
        except (OSError, ValueError):
            return None
        if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or manifest.get("key") != name:
            return None
        inputs = manifest.get("inputs")
        if (
            not isinstance(inputs, dict) or set(inputs) != set(HARD + SOFT)
            or not all(isinstance(value, str) for value in inputs.values())
        ):
            return None
        if key(inputs) != name or not all(isinstance(manifest.get(field), str) for field in _TEXT):
            return None
        if (
            not _DIGEST.match(manifest["sha256"]) or not _DIGEST.match(manifest["log"])
            or not is_file_name(manifest["file"])
        ):
            return None
        votes = manifest.get("votes")
        if (
            not isinstance(votes, dict) or not votes
            or not all(isinstance(vote, str) and _VOTE.match(vote) for vote in votes.values())
        ):
            return None
        probes = manifest.get("probes")
        return manifest if isinstance(probes, list) and all(isinstance(probe, str) for probe in probes) else None

    def _is_complete(self, manifest):
        """Return whether the module and the log of a build are present and undamaged."""
        return all(self._object(manifest[name]) is not None for name in ("sha256", "log"))

    def _object(self, digest):
        content = read_file(self._path("objects", digest), LARGEST + 1)
        return content if content is not None and hashlib.sha256(content).hexdigest() == digest else None

    def read(self, manifest):
        """Return `(module, log)` of a build, both as bytes."""
        return self._object(manifest["sha256"]), self._object(manifest["log"])

    def put(self, wanted, built, board, log, probes, tree, certificate=b"", hosts=None):
        """Validate and store the build that a board returned, which is untrusted. Return its manifest.

        Args:
            wanted: the inputs known before the build; the digest of Module.symvers is added from the answer.
            built: what module_utils/_dkms/module/prebuilt.py collected.
            board: name in the inventory of the host that built it.
            certificate: the certificate whose digest is in `wanted`, as bytes.
            hosts: the hosts whose builds count; None for all. A build of any other host is replaced.

        Raises:
            StoreError: if it is invalid or cannot be stored.
        """
        try:
            content = base64.b64decode(built["content"], validate=True)
            name, vermagic, symvers = (
                clean(str(built.get(field) or ""), 300) for field in ("name", "vermagic", "symvers")
            )
            problem = module_problem(name, content, wanted["release"])
            if not problem and hashlib.sha256(content).hexdigest() != built["sha256"]:
                problem = "%s arrived damaged" % name
            if not problem and vermagic.split()[:1] != [wanted["release"]]:
                problem = "%s is not made for kernel %s" % (name, wanted["release"])
            if not problem and not _DIGEST.match(symvers):
                problem = "the host does not report the Module.symvers that it was built with"
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            problem = "its answer is not a module (%s)" % error
        if not problem and wanted["certificate"]:
            if hashlib.sha256(certificate).hexdigest() != wanted["certificate"]:
                problem = "the certificate is not the one with the digest %s" % wanted["certificate"]
            else:
                problem = signature_problem(name, content, certificate)
        if problem:
            raise StoreError("the build could not be kept in the store: %s" % problem)
        return self.add(
            dict(wanted, symvers=symvers), content, log, hosts, file=name, vermagic=vermagic, board=board,
            built_at=timestamp(), tree=tree, tools=clean_tree(built.get("tools") or {}),
            probes=[clean(str(probe)) for probe in (probes or ())[:100]],
        )

    def add(self, inputs, content, log, hosts=None, **more):
        """Store a build, or count it as a vote for the stored one with the same inputs. Return the manifest.

        Args:
            inputs: the inputs it was built from.
            content: the module's bytes.
            log: the build log as text.
            hosts: the hosts whose builds count; None for all.
            more: further keys of the manifest.
        """
        digest, board = code_digest(more["file"], content), more["board"]
        manifest = dict(more, schema=SCHEMA, key=key(inputs), inputs=inputs, size=len(content), votes={board: digest})
        log = log.encode("utf-8", "replace")
        try:
            with self._locked("store"):
                present = self._read(manifest["key"])
                is_same = present and self._is_complete(present) and present["tree"] == manifest["tree"]
                if is_same and counted(present, hosts):
                    # The first vote of a host stays: it cannot withdraw a build that differs.
                    manifest = dict(present, votes={board: digest, **present["votes"]})
                    if digest != manifest["votes"][board]:
                        raise StoreError(
                            "%s has built different modules from the same inputs (%s, now %s): "
                            "the build is not kept in the store"
                            % (board, manifest["votes"][board][-64:][:12], digest[-64:][:12])
                        )
                else:
                    for name, data in (("sha256", content), ("log", log)):
                        manifest[name] = hashlib.sha256(data).hexdigest()
                        write_file(self._path("objects", manifest[name]), data, 0o600)
                write_file(
                    self._manifest(manifest["key"]), json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n",
                    0o600,
                )
                os.utime(self._manifest(manifest["key"]))
                self._prune(manifest["key"])
        except OSError as error:
            raise StoreError("the build could not be kept in the store %s: %s" % (self.folder, error)) from error
        return manifest

    def disagreement(self, manifest, hosts=None):
        """Return which hosts built different modules from the same inputs, as a sentence; None if none did."""
        votes = counted(manifest, hosts)
        if not differ(votes.values()):
            return None
        return (
            "two hosts built different modules from the same inputs: %s. No board gets either from the store. "
            "Find out why, then remove %s" % (
                " and ".join("%s (%s)" % (host, votes[host][-64:][:12]) for host in sorted(votes)),
                self._manifest(manifest["key"]),
            )
        )

    def _prune(self, fresh):
        """Remove the least recently used builds that no run has locked, and the objects that no manifest names."""
        paths = {
            name[:-5]: os.stat(self._path("builds", name)).st_mtime_ns for name in os.listdir(self._path("builds"))
            if name.endswith(".json")
        }
        # Invalid manifests are damaged, or of another release of this collection.
        useless = {name for name in set(paths) - {fresh} if self._read(name) is None}
        for name in [*useless, *sorted(set(paths) - useless - {fresh}, key=paths.get, reverse=True)[self.keep - 1:]]:
            manifest = self._read(name)
            try:
                with self._locked(lock_name(manifest["inputs"]), wait=False) if manifest else contextlib.nullcontext():
                    os.unlink(self._manifest(name))
            except BlockingIOError:
                continue
        named = {manifest[field] for manifest in self.manifests() for field in ("sha256", "log")}
        for name in os.listdir(self._path("objects")):
            # Only the holder of the store's lock adds objects, so an unfinished one was left by a run that died.
            if name not in named:
                os.unlink(self._path("objects", name))
        self._forget_locks()

    def _forget_locks(self):
        """Remove the lock files of kernels without builds, unless a run holds them."""
        names = {lock_name(manifest["inputs"]) for manifest in self.manifests()} | {"store"}
        for name in set(os.listdir(self._path("locks"))) - names:
            with contextlib.suppress(BlockingIOError), self._locked(name, wait=False):
                os.unlink(self._path("locks", name))
