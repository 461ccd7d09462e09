# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verification of the NPU on the board: load model and picture, run the inference and return what was observed.

The controller makes the diagnosis of it (plugins/plugin_utils/_facts/verification.py).
"""

from __future__ import annotations

import hashlib
import os

from .._board.files import ensure_dir, read_file, write_file
from .._board.tree import Tree
from .._facts import holders, kernel_log
from .._facts.hardware.device_tree import read_device
from . import account, quiet
from .causes.surroundings import core_count, surroundings
from .child import infer
from .device_nodes import device_nodes
from .top5 import compare, pairs

SUFFIXES = {"model": ".rknn", "picture": ".rgb"}


class VerificationError(Exception):
    """No inference could be tried, with one sentence why."""


class DamagedError(VerificationError):
    """A file is not what the controller sent."""


def run(params, keep, sent=None):
    """Return the answer of module rknn_mobilenet.

    Args:
        params: the module's arguments.
        keep: whether model and picture are kept on the board.
        sent: `{name: content}` of files that came along with the program.

    Returns:
        `{changed, missing}` if the board needs files, else `changed`, `observed`, as observation() returns it, `users`
        (as whom it went well), and `in_use` or `kernel_log` if it was not run or failed.

    Raises:
        VerificationError: if no inference could be tried.
    """
    content, changed = {}, False
    check(params)
    try:
        for name in SUFFIXES:
            content[name], placed = load(params["state_dir"], name, params[name + "_sha256"] or "",
                                         params[name + "_upload"], keep, (sent or {}).get(name))
            changed = changed or placed
    except OSError as error:
        raise VerificationError("cannot keep model and picture below %s: %s" % (params["state_dir"], error)) from error
    missing = [name for name in SUFFIXES if content[name] is None]
    try:
        accounts = list(map(account.find, params["users"]))
        # Right before the run: a second client has made kernels panic (igou-io/igou-kubernetes#871).
        users = [] if params["force"] else quiet.users_of_npu()
        stop = params["services"] if users and not holders.blocking(users, params["services"]) else []
        if missing and (stop or not users):
            return {"changed": changed, "missing": missing}
        with quiet.without(stop) as stopped:
            users = quiet.users_of_npu() if stopped else users
            answer = ({"observed": observation(quiet.NOT_RUN), "users": [], "in_use": users} if users
                      else _run(params, content, accounts))
    except ValueError as error:
        raise VerificationError(str(error)) from error
    return dict(answer, changed=changed)


def check(params):
    """Raise VerificationError if an argument has an impossible value."""
    if params["runs"] < 0 or params["timeout"] < 1 or not 0 <= params["tolerance"] < 1:
        raise VerificationError(
            "runs must be 0 or more, timeout 1 or more, and tolerance at least 0 and less than 1.")
    try:
        pairs(params["expected_top5"])
    except ValueError as error:
        raise VerificationError("expected_top5: %s" % error) from error


def _run(params, content, accounts):
    """Return what was observed of a run as this user, or of the first that fails as one of the others."""
    cores, first, proven = core_count(params["cores"]), None, []
    for user in (None, *accounts):
        # As root proves the cores; another user only has to be able to use the NPU.
        tried, runs = (1, 0) if user else (cores, params["runs"])
        outcome = infer(
            params["library"], content["model"], content["picture"], runs, params["timeout"], tried, user)
        seen = observation(outcome, device_nodes(user=user), tried, user)
        if not _went_well(outcome, params):
            tree = Tree("/")
            return {"observed": dict(seen, around=surroundings(params["library"], user=user)), "users": [],
                    "kernel_log": kernel_log.of_failure(tree, read_device(tree)["address"])}
        first = first or seen
        proven += [user.name] if user else []
    return {"observed": first, "users": proven}


def _went_well(outcome, params):
    """Return whether there is nothing to explain; the controller looks closer."""
    return (outcome["stage"] == "done" and not outcome["timed_out"] and not outcome["differs"]
            and not any("failed to submit" in line for line in outcome["log"])
            and not compare(outcome["top"] or [], pairs(params["expected_top5"]), params["tolerance"]))


def observation(outcome, nodes=(), cores=1, user=None):
    """Return `{outcome, nodes, kernel, cores, user}` for the controller; after a failure it gets `around`, too.

    Args:
        outcome: as child.infer() returns it.
        nodes: as device_nodes() returns them.
        cores: number of cores of the NPU.
        user: the Account as which it was run, None for the task's own user.
    """
    outcome = dict(outcome, top=as_dicts(outcome["top"]), differs=as_dicts(outcome["differs"]))
    return {"outcome": outcome, "nodes": list(nodes), "kernel": os.uname().release, "cores": cores,
            "user": user.name if user else None}


def kept_at(state_dir, name, digest):
    """Return the path at which a board keeps this `model` or `picture`."""
    return os.path.join(state_dir, "models", digest + SUFFIXES[name])


def load(state_dir, name, digest, upload, keep=True, sent=None):
    """Return `(content, placed)` of a file that the board keeps or the controller sent; content is None for neither.

    Args:
        name: `model` or `picture`.
        digest: its SHA-256, under which the board keeps it.
        upload: path of the copy that the controller sent.
        keep: whether a sent file is stored on the board; placed is true in either case if it has to be.
        sent: its content, if it was sent without a file.

    Raises:
        DamagedError: if what was sent has another digest.
    """
    path = kept_at(state_dir, name, digest)
    try:
        content = read_file(path)
    except PermissionError:
        content = None
    if content is not None and hashlib.sha256(content).hexdigest() == digest:
        return content, False
    if not upload and sent is None:
        return None, False
    content = read_file(upload) if sent is None else sent
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        raise DamagedError(
            "the %s arrived damaged: try again, and check that the board's disk works and is not full" % name)
    if not keep:
        return content, True
    try:
        ensure_dir(state_dir, 0o700)
        ensure_dir(os.path.dirname(path), 0o700)
        write_file(path, content, 0o600)
    except OSError:
        return content, False
    return content, True


def as_dicts(top):
    """Return [[index, score], ...], or None, as dicts."""
    return [{"index": index, "score": score} for index, score in top or []]
