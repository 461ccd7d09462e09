# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verification of the NPU on the board: load model and picture, run the inference and return its diagnosis."""

from __future__ import annotations

import hashlib
import os
import statistics

from .._board.files import ensure_dir, read_file, write_file
from .._board.tree import Tree
from .._facts import kernel_log, npu_users
from .._facts.device_tree import read_device
from . import account, diagnosis, quiet
from .child import infer
from .device_nodes import device_nodes
from .surroundings import core_count, surroundings
from .top5 import pairs

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
        `{changed, missing}` if the board needs files, else `changed` and what judge() returns.

    Raises:
        VerificationError: if no inference could be tried.
    """
    content, changed = {}, False
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
        stop = params["services"] if users and not npu_users.blocking(users, params["services"]) else []
        if missing and (stop or not users):
            return {"changed": changed, "missing": missing}
        with quiet.without(stop) as stopped:
            users = quiet.users_of_npu() if stopped else users
            answer = judge(params, quiet.NOT_RUN, [], None, users=users) if users else _run(params, content, accounts)
    except ValueError as error:
        raise VerificationError(str(error)) from error
    return dict(answer, changed=changed)


def _run(params, content, accounts):
    """Return what judge() returns of a run as this user, or the first that fails as one of the others."""
    cores, kernel, answer = core_count(params["cores"]), os.uname().release, {}
    for user in (None, *accounts):
        # As root proves the cores; another user only has to be able to use the NPU.
        tried, runs = (1, 0) if user else (cores, params["runs"])
        outcome = infer(
            params["library"], content["model"], content["picture"], runs, params["timeout"], tried, user)
        nodes = device_nodes(user=user)
        found = judge(params, outcome, nodes, kernel, cores=tried, user=user)
        if found["diagnosis"] != "ok":
            answer = judge(params, outcome, nodes, kernel, surroundings(params["library"]), tried, user)
            tree = Tree("/")
            return dict(answer, kernel_log=kernel_log.of_failure(tree, read_device(tree)["address"]))
        answer = dict(answer, users=[*answer["users"], user.name]) if user else found
    return answer


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
    except PermissionError:
        return content, False
    return content, True


def judge(params, outcome, nodes, kernel, around=None, cores=1, user=None, users=()):
    """Return the module's answer for an outcome of infer().

    Args:
        nodes: as device_nodes() returns them.
        kernel: release of the running kernel.
        around: as surroundings() returns it.
        cores: number of cores of the NPU.
        user: the Account as which it was run, None for the task's own user.
        users: the processes that have the NPU open, as npu_users.complete() returns them, if it was not run.
    """
    expected = pairs(params["expected_top5"])
    facts = {
        "library": params["library"],
        "expected": expected,
        "tolerance": params["tolerance"],
        "wanted_driver": params["wanted_driver"],
        "kernel": kernel,
        "nodes": nodes,
        "surroundings": around,
        "user": user,
        "users": users,
    }
    name, evidence, remedy = diagnosis.diagnose(outcome, facts)
    sdk_version, driver_version = diagnosis.versions(outcome)
    return dict(
        verdict="verified" if name == "ok" else "failed",
        diagnosis=name,
        evidence=evidence,
        remedy=remedy,
        top5=as_dicts((outcome["top"] or [])[:5]),
        expected_top5=as_dicts(expected),
        tolerance=params["tolerance"],
        latency_ms=latency(outcome["elapsed"]),
        sdk_version=sdk_version,
        driver_version=driver_version,
        cores=outcome.get("cores") or [],
        users=[],
        notes=diagnosis.notes(outcome, cores),
        log=outcome["log"],
    )


def latency(elapsed):
    """Return {runs, min, median, max} of times in ms; all but the number of runs are None if there are none."""
    if not elapsed:
        return {"runs": 0, "min": None, "median": None, "max": None}
    figures = {"min": min(elapsed), "median": statistics.median(elapsed), "max": max(elapsed)}
    return dict((name, round(value, 3)) for name, value in figures.items()) | {"runs": len(elapsed)}


def as_dicts(top):
    """Return [[index, score], ...] as dicts."""
    return [{"index": index, "score": score} for index, score in top]
