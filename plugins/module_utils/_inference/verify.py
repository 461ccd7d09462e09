# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof of an NPU on the board: model and picture are taken, the inference is run, and what it means is said."""

from __future__ import annotations

import hashlib
import os

from . import librknnrt
from .._board.files import ensure_dir, read_file, write_file

SUFFIXES = {"model": ".rknn", "picture": ".rgb"}


class ProofError(Exception):
    """What could not be tried, with one sentence why."""


class DamagedError(ProofError):
    """A file that is not what the controller sent."""


def prove(params, keep, sent=None):
    """Return the answer of module rknn_mobilenet: C({changed, missing}) where the board has not got the files, else C(changed) and what I(judge) says.

    :arg params: the module's arguments.
    :arg keep: whether model and picture are kept on the board.
    :arg sent: C({name: content}) of files that came along with the program.
    :raises ProofError: where nothing could be tried.
    """
    content, changed = {}, False
    try:
        for name in SUFFIXES:
            content[name], placed = take(params["state_dir"], name, params[name + "_sha256"] or "", params[name + "_upload"], keep, (sent or {}).get(name))
            changed = changed or placed
    except OSError as error:
        raise ProofError("cannot keep model and picture below %s: %s" % (params["state_dir"], error)) from error
    missing = [name for name in SUFFIXES if content[name] is None]
    if missing:
        return {"changed": changed, "missing": missing}
    try:
        outcome = librknnrt.infer(params["library"], content["model"], content["picture"], params["runs"], params["timeout"])
    except ValueError as error:
        raise ProofError(str(error)) from error
    return dict(judge(params, outcome, librknnrt.drm_nodes(), os.uname().release), changed=changed)


def kept_at(state_dir, name, digest):
    """Where a board keeps this C(model) or C(picture)."""
    return os.path.join(state_dir, "models", digest + SUFFIXES[name])


def take(state_dir, name, digest, upload, keep=True, sent=None):
    """Return C((content, placed)) of a file kept under its digest; content None where it is neither kept nor sent.

    :arg upload: the copy the controller sent, placed at once when its digest is right.
    :arg sent: its content, where it came without a file.
    :arg keep: whether it is really placed; placed says in either case whether it has to be.
    :raises DamagedError: where it is not.
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
        raise DamagedError("the %s arrived damaged: try again, and see that the board's disk is sound and not full" % name)
    if not keep:
        return content, True
    try:
        ensure_dir(state_dir, 0o700)
        ensure_dir(os.path.dirname(path), 0o700)
        write_file(path, content, 0o600)
    except PermissionError:
        return content, False
    return content, True


def judge(params, outcome, nodes, kernel):
    """Return the module's answer to an outcome of infer()."""
    expected = librknnrt.pairs(params["expected_top5"])
    facts = {
        "library": params["library"],
        "expected": expected,
        "tolerance": params["tolerance"],
        "wanted_driver": params["wanted_driver"],
        "kernel": kernel,
        "nodes": nodes,
    }
    diagnosis, evidence, remedy = librknnrt.diagnose(outcome, facts)
    sdk_version, driver_version = librknnrt.versions(outcome)
    return dict(
        verdict="proven" if diagnosis == "ok" else "failed",
        diagnosis=diagnosis,
        evidence=evidence,
        remedy=remedy,
        top5=as_dicts((outcome["top"] or [])[:5]),
        expected_top5=as_dicts(expected),
        tolerance=params["tolerance"],
        latency_ms=librknnrt.latency(outcome["elapsed"]),
        sdk_version=sdk_version,
        driver_version=driver_version,
        notes=librknnrt.notes(outcome),
        log=outcome["log"],
    )


def as_dicts(top):
    """Return [[index, score], ...] as dicts."""
    return [{"index": index, "score": score} for index, score in top]
