# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Base class of the action plugins that build a driver on a board: source tree, store and build logs."""

from __future__ import annotations

import hashlib
import os
import re

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from .._answers.limits import MalformedAnswer
from .._artifact.driver_source import SourceError, archive, dkms_tree
from .._artifact.fetch import ArtifactError, read
from .._schema.facts import FACTS
from .._schema.values import Some, check
from .._store import inputs
from .._store import store as _store
from .program import ProgramAction


class StoreAction(ProgramAction):
    """An action that composes the DKMS source tree, and uses the store of modules built for other boards."""

    certificate = b""
    """The signing certificate of the host that builds; its digest is one of the inputs of a build."""

    def read_source(self, source, digest, may_be_missing=False):
        """Return `(bytes, digest)` of a vendor's tarball, read once, so that the bytes used are those verified.

        The bytes are None if the file is missing and may be.

        Args:
            digest: its pinned checksum; if empty, the SHA-256 of the file is returned.

        Raises:
            AnsibleActionFail: if it cannot be read, or does not match its checksum.
        """
        digest = str(digest or "").lower()
        try:
            content = read(source, {"git_blob" if len(digest) == 40 else "sha256": digest} if digest else None)
        except FileNotFoundError as error:
            if may_be_missing:
                return None, digest
            raise AnsibleActionFail("%s is missing on the controller" % source) from error
        except (ArtifactError, OSError) as error:
            raise AnsibleActionFail(str(error)) from error
        return content, digest or hashlib.sha256(content).hexdigest()

    def tree(self, args, source, build_files, tarball):
        """Return `(tar, sha256)` of the DKMS source tree for the arguments of a module.

        Args:
            tarball: the bytes of the file `source`.

        Raises:
            AnsibleActionFail: if the tarball is not the requested release.
        """
        try:
            return archive(dkms_tree(tarball, build_files, args["version"], args.get("module") or "rknpu"))
        except SourceError as error:
            raise AnsibleActionFail("%s: %s" % (os.path.basename(source), error)) from error

    def send_tree(self, content):
        """Upload the tree and return its path on the board."""
        return self.send(content, "tree.tar")

    def store_policy(self, args, task_vars):
        """Return `(hosts whose builds count, whether this host is one, number that must agree)`; hosts None means all.

        Args:
            args: a module's arguments; `store_from`, `store_fill` and `store_agree` are removed from them.

        Raises:
            AnsibleActionFail: if `store_agree` is not a number of hosts.
        """
        named, fills, agree = (args.pop("store_" + name, None) for name in ("from", "fill", "agree"))
        try:
            agree = int(1 if agree is None else agree)
            if agree < 1:
                raise ValueError(agree)
        except (TypeError, ValueError) as error:
            raise AnsibleActionFail(
                "npu_store_agree is %r: it must be a number of hosts, at least 1" % (agree,)
            ) from error
        if not named:
            return None, fills is None or boolean(fills, strict=False), agree
        groups = task_vars.get("groups") or {}
        hosts = {
            host for name in ([named] if isinstance(named, str) else named)
            for host in groups.get(str(name), [str(name)])
        }
        return hosts, task_vars["inventory_hostname"] in hosts, agree

    def store_and_inputs(self, args, folder, keep, digest, build_files, task_vars):
        """Return `(store, inputs of the build)`; inputs are None if some are unknown, and the board builds for itself.

        Args:
            args: with `version`, `module`, `kernel` and `signing_cert`.
            digest: checksum of the vendor's tarball.

        Raises:
            AnsibleActionFail: if the store cannot be used.
            MalformedAnswer: if the board's facts are invalid.
        """
        try:
            store = _store.Store(folder, int(keep or _store.KEEP), read_only=self._task.check_mode)
        except (_store.StoreError, ValueError) as error:
            raise AnsibleActionFail(str(error)) from error
        npu = (task_vars.get("ansible_facts") or {}).get("npu") or {}
        try:
            # Validated again: a built-in module may have replaced the facts, which go into a manifest.
            kernel = check(
                (npu.get("kernel") if isinstance(npu, dict) else npu) or {}, Some(FACTS["kernel"].kind), "npu.kernel"
            )
        except ValueError as error:
            raise MalformedAnswer("the fact %s" % error) from error
        if kernel.get("release") != args.get("kernel") or not digest:
            return store, None
        certificate = ""
        if args.get("signing_cert"):
            self.certificate = self.remote_file(args["signing_cert"])
            certificate = hashlib.sha256(self.certificate).hexdigest() if self.certificate else ""
        return store, inputs.build_inputs(
            kernel, args["version"], args.get("module") or "rknpu", digest,
            inputs.build_files_digest(build_files), certificate,
        )


def seconds_of(args):
    """Remove the timeout from a module's arguments and return it in seconds, or None.

    Raises:
        AnsibleActionFail: if it is not a positive number.
    """
    value = args.pop("timeout", None)
    try:
        seconds = None if value is None else int(value)
    except (TypeError, ValueError):
        seconds = 0
    if seconds is not None and not 0 < seconds < 1 << 31:
        raise AnsibleActionFail("timeout is %r: it must be a number of seconds" % value)
    return seconds


def write_log(log, log_dir, *names):
    """Write a build log on the controller and return its path, which is made of `names`.

    Raises:
        AnsibleActionFail: if it cannot be written, or its path is a link.
    """
    log_dir = os.path.expanduser(log_dir)
    path = os.path.join(log_dir, re.sub(r"[^\w.+-]", "_", "-".join(map(str, names)) + ".log"))
    try:
        os.makedirs(log_dir, exist_ok=True)
        # In a folder that others can write to, a link may point to a file of this user.
        with open(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666), "w", encoding="utf-8"
        ) as stream:
            stream.write(log)
    except OSError as error:
        raise AnsibleActionFail(
            "the build log cannot be written: %s. Set npu_log_dir to a folder of yours." % error
        ) from error
    return path
