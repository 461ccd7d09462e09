# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins share that have a driver built on a board: the source tree sent along, the logs kept."""

from __future__ import annotations

import hashlib
import os
import re

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean

from .._store import store as _store
from .._store import inputs
from .._artifact.fetch import ArtifactError, read
from .._artifact.driver_source import archive, dkms_tree, SourceError
from .._answers.limits import MalformedAnswer
from .._schema.facts import FACTS
from .._schema.values import check, Some
from .board import TransferAction


class DriverAction(TransferAction):
    """An action that composes the DKMS source tree on the controller."""

    def read_source(self, source, digest, may_be_missing=False):
        """`(bytes, digest)` of a vendor's tarball, read once: what is compared is what is used. The bytes are None where it is missing and may be.

        Args:
            digest: its pinned checksum; where there is none, the SHA-256 of what is there.

        Raises:
            AnsibleActionFail: where it cannot be read, or is not the one that is pinned.
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
        """The tree of a vendor's tarball and our build files as `(tar, sha256)`, for what the module's arguments ask.

        Args:
            tarball: the bytes of the file `source`.

        Raises:
            AnsibleActionFail: where the tarball is not the release it should be.
        """
        try:
            return archive(dkms_tree(tarball, build_files, args["version"], args.get("module") or "rknpu"))
        except SourceError as error:
            raise AnsibleActionFail("%s: %s" % (os.path.basename(source), error)) from error

    def send_tree(self, content):
        """Send it to the board and return its path there."""
        return self.send(content, "tree.tar")


class StoreAction(DriverAction):
    """One that knows what was built for other boards."""

    certificate = b""
    """What modules are signed with, as the host that builds has it; its digest is one of the inputs of a build."""

    def store_policy(self, args, task_vars):
        """`(hosts whose builds count, whether this one's is kept, how many must agree)`; hosts are None where none is named and all count.

        Args:
            args: a module's arguments; `store_from`, `store_fill` and `store_agree` are taken out of them.

        Raises:
            AnsibleActionFail: for a number that is none.
        """
        named, fills, agree = (args.pop("store_" + name, None) for name in ("from", "fill", "agree"))
        try:
            agree = int(1 if agree is None else agree)
            if agree < 1:
                raise ValueError(agree)
        except (TypeError, ValueError) as error:
            raise AnsibleActionFail("npu_store_agree is %r: it is a number of hosts, at least 1" % (agree,)) from error
        if not named:
            return None, fills is None or boolean(fills, strict=False), agree
        groups = task_vars.get("groups") or {}
        hosts = {
            host for name in ([named] if isinstance(named, str) else named)
            for host in groups.get(str(name), [str(name)])
        }
        return hosts, task_vars["inventory_hostname"] in hosts, agree

    def store_and_inputs(self, args, folder, keep, digest, build_files, task_vars):
        """`(store, inputs of the build)`; inputs are None where they are not all known, and the board builds for itself.

        Args:
            args: with `version`, `module`, `kernel` and `signing_cert`.
            digest: of the vendor's tarball.

        Raises:
            AnsibleActionFail: for a store that cannot be used.
            MalformedAnswer: where the board's facts are not those of a board.
        """
        try:
            store = _store.Store(folder, int(keep or _store.KEEP), read_only=self._task.check_mode)
        except (_store.StoreError, ValueError) as error:
            raise AnsibleActionFail(str(error)) from error
        npu = (task_vars.get("ansible_facts") or {}).get("npu") or {}
        try:
            # Once more: a built-in module may have answered other facts since they were read, and these become a
            # manifest of the store.
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
            kernel, args["version"], args.get("module") or "rknpu", digest, inputs.build_files_digest(build_files), certificate
        )


def seconds_of(args):
    """Take out of a module's arguments how long its answer may take, in seconds, or None.

    Raises:
        AnsibleActionFail: where it is no such number.
    """
    value = args.pop("timeout", None)
    try:
        seconds = None if value is None else int(value)
    except (TypeError, ValueError):
        seconds = 0
    if seconds is not None and not 0 < seconds < 1 << 31:
        raise AnsibleActionFail("timeout is %r: it has to be a number of seconds" % value)
    return seconds


def write_log(log, log_dir, *names):
    """Keep a build log on the controller, named after what it is of, and return its path.

    Raises:
        AnsibleActionFail: where it cannot be written, or there is a link in its place.
    """
    log_dir = os.path.expanduser(log_dir)
    path = os.path.join(log_dir, re.sub(r"[^\w.+-]", "_", "-".join(names) + ".log"))
    try:
        os.makedirs(log_dir, exist_ok=True)
        # Where others can write to the folder, one of them may have put a link there to a file of this user.
        with open(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666), "w", encoding="utf-8"
        ) as stream:
            stream.write(log)
    except OSError as error:
        raise AnsibleActionFail(
            "the build log cannot be written: %s. Set npu_log_dir to a folder of yours." % error
        ) from error
    return path
