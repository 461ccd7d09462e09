# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts as a board told them: nothing is taken that does not have the shape which M(rkfleet.npu.npu_facts) documents."""

from __future__ import annotations

import re

from ...module_utils._board import version
from ...module_utils._facts.headers import RELEASE
from ...module_utils._board.tree import clean, clean_tree

TEXT, VERSION, WORDS = "a text", "a version", "a list of texts"
YES_NO, MAYBE, NUMBER, ANY = "true or false", "true, false or null", "a whole number", "an object or null"
REAL, CONTENT, LOG, DIFF = "a number", "a content in base64", "a log", "a difference"
LONGEST = 4096
MOST = 1000
LONGEST_LOG = 1 << 20
LONGEST_CONTENT = 24 << 20
_LARGEST = 1 << 53
_BOARD = {"model": TEXT, "compatible": WORDS, "soc": TEXT, "serial": TEXT}
_OS = {"id": TEXT, "codename": TEXT, "version": TEXT, "version_id": TEXT, "container": TEXT, "init": TEXT}
SHAPE: dict = {
    "board": _BOARD,
    "os": _OS,
    "kernel": {"release": TEXT, "machine": TEXT, "headers": YES_NO, "headers_path": TEXT, "vendor_headers": MAYBE, "config": {str: TEXT},
               "signatures": (None, "config", "argument", "lockdown"), "config_digest": TEXT, "config_source": TEXT, "symvers_digest": TEXT, "boot_id": TEXT,
               "build": TEXT, "compiler": TEXT, "kexec": (None, "loaded", "locked", "reboot")},
    "kernels": [{"release": TEXT, "running": YES_NO, "headers": YES_NO, "module": YES_NO, "builtin": YES_NO, "build_error": TEXT}],
    "device": {"node": TEXT, "address": TEXT, "compatible": WORDS, "status": TEXT, "name": TEXT, "driver": TEXT},
    "driver": {"presence": ("builtin", "module", "absent", "rocket"), "module": TEXT, "version": VERSION, "date": TEXT,
               "version_source": TEXT, "render_node": TEXT, "held_down": YES_NO,
               "builtin_version": TEXT, "loaded": WORDS, "files": WORDS},
    "runtime": {"path": TEXT, "link": TEXT, "version": TEXT, "build": TEXT, "sha256": TEXT, "git_blob": TEXT, "size": NUMBER, "loader": TEXT,
                "others": [{"path": TEXT, "version": TEXT, "sha256": TEXT}]},
    "boot": {"loader": TEXT, "config": TEXT, "cmdline": TEXT, "configured": TEXT, "next": TEXT, "default": TEXT, "update": TEXT, "error": TEXT,
             "links": [{"path": TEXT, "target": TEXT, "problem": (None, "loop", "dangling", "folder", "special", "blank", "elsewhere")}]},
    "processes": [{"pid": NUMBER, "name": TEXT}],
    "dkms": {"available": YES_NO, "version": TEXT,
             "modules": [{"name": TEXT, "version": TEXT, "kernel": TEXT, "arch": TEXT, "state": TEXT, "original": YES_NO}]},
    "tools": {"make": YES_NO, "compiler": YES_NO, "dkms": YES_NO, "kexec": YES_NO, "packages_interrupted": YES_NO, "python": VERSION, "bits": NUMBER},
    "hardware": {"cores": NUMBER, "mhz": NUMBER, "memory": NUMBER},
    "watchdog": {"usable": MAYBE, "problem": TEXT, "timeout": NUMBER},
    "filesystems": [{"path": TEXT, "mount": TEXT, "type": TEXT, "read_only": YES_NO, "lasting": YES_NO, "with_root": YES_NO}],
    "space": {str: NUMBER},
    "repository": ANY,
    "verification": ANY,
    "upgrade": {"state": TEXT, "since": TEXT, "why": TEXT, "run": TEXT, "pending": YES_NO, "origin": YES_NO, "baseline": ANY, "driver": ANY,
                "locked_by": TEXT, "hold": TEXT},
    "privileged": YES_NO,
    "unread": WORDS,
}


class Some(dict):
    """The shape of an object of whose keys any may be missing."""


def checked(told):
    """Return facts of this shape, each value bounded; a text or a number may be null.

    :raises ValueError: where they are of another shape, with what is wrong.
    """
    facts = check(told, SHAPE, "the facts")
    if not facts["kernel"]["release"] or not facts["kernel"]["machine"]:
        raise ValueError("the facts name no kernel")
    if not RELEASE.match(facts["kernel"]["release"]):
        # It names files of the controller, and a kernel that another host builds for.
        raise ValueError("kernel.release is not the release of a kernel")
    names = (facts["repository"] or {}).get("kernels", [])
    facts["repository"] = None if facts["repository"] is None else {"kernels": check(names, WORDS, "repository.kernels")}
    return facts


def check(value, shape, where):
    """Return a value of this shape, each part of it bounded and without control characters.

    :arg shape: a dictionary of shapes by key, C({str: kind}) for any keys, a list with the shape of its items, one of the kinds above, or a tuple of words.
    :raises ValueError: where it is of another shape, with what is wrong.
    """
    if isinstance(shape, dict):
        return _object(value, shape, where)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise ValueError("%s is no list" % where)
        return [check(item, shape[0], where) for item in value[:MOST]]
    if shape == WORDS:
        if not isinstance(value, list):
            raise ValueError("%s is no list" % where)
        return [_scalar(item, TEXT, where) or "" for item in value[:MOST]]
    if shape == ANY:
        if value is not None and not isinstance(value, dict):
            raise ValueError("%s is not %s" % (where, ANY))
        return _finite(clean_tree(value))
    if shape == DIFF:
        return [_difference(item, where) for item in value[:MOST]] if isinstance(value, list) else _difference(value, where)
    return _scalar(value, shape, where)


def _object(value, shape, where):
    if not isinstance(value, dict):
        raise ValueError("%s is no object" % where)
    if str in shape:
        return {clean(str(key)): _scalar(item, shape[str], where) for key, item in list(value.items())[:MOST]}
    missing = [key for key in shape if key not in value]
    if missing and not isinstance(shape, Some):
        raise ValueError("%s has no %s" % (where, missing[0]))
    return {key: check(value[key], kind, key if where == "the facts" else "%s.%s" % (where, key)) for key, kind in shape.items() if key in value}


def _scalar(value, kind, where):
    if kind == TEXT and isinstance(value, str):
        return clean(value, LONGEST)
    if kind == VERSION and version.is_version(value):
        return clean(value, LONGEST)
    if kind == CONTENT and isinstance(value, str) and len(value) <= LONGEST_CONTENT and re.fullmatch(r"[A-Za-z0-9+/=]*", value):
        return value
    if kind == LOG and isinstance(value, str):
        # The end says why it failed.
        return clean_lines(value[-LONGEST_LOG:])
    if kind == REAL and isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(kind, tuple) and value in kind:
        return value
    if kind == NUMBER and isinstance(value, int) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST:
        return int(value)
    if kind in (YES_NO, MAYBE) and isinstance(value, bool) or value is None and kind != YES_NO and not isinstance(kind, tuple):
        return value
    raise ValueError("%s is not %s" % (where, "a word that is known" if isinstance(kind, tuple) else kind))


def _finite(value):
    """A tree with null where a number is none that JSON and a reader of it can hold."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return None if number and not (abs(value) < _LARGEST) else value


def _difference(value, where):
    """A file before and after, as C(--diff) shows it."""
    if not isinstance(value, dict):
        raise ValueError("%s is no object" % where)
    texts = {key: value[key] for key in ("before", "after", "before_header", "after_header", "path") if key in value}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("%s is not %s" % (where, DIFF))
    return {key: clean_lines(text) if key in ("before", "after") else clean(text, LONGEST) for key, text in texts.items()}


def clean_lines(text):
    """Text of several lines, without control characters."""
    return "\n".join("".join(c if c.isprintable() or c == "\t" else " " for c in line) for line in text.split("\n"))
