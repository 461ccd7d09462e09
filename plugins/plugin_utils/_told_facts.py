# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts as a board told them: nothing is taken that does not have the shape which M(rkfleet.npu.npu_facts) documents."""

from __future__ import annotations

from ..module_utils import _version
from ..module_utils._tree import clean, clean_tree

TEXT, VERSION, WORDS = "a text", "a version", "a list of texts"
YES_NO, MAYBE, NUMBER, ANY = "true or false", "true, false or null", "a whole number", "an object or null"
LONGEST = 4096
MOST = 1000
_LARGEST = 1 << 53
_BOARD = {"model": TEXT, "compatible": WORDS, "soc": TEXT, "serial": TEXT}
_OS = {"id": TEXT, "codename": TEXT, "version": TEXT, "version_id": TEXT, "container": TEXT, "init": TEXT}
SHAPE = {
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


def checked(told):
    """Return facts of this shape, each value bounded; a text or a number may be null.

    :raises ValueError: where they are of another shape, with what is wrong.
    """
    facts = _checked(told, SHAPE, "the facts")
    if not facts["kernel"]["release"] or not facts["kernel"]["machine"]:
        raise ValueError("the facts name no kernel")
    names = (facts["repository"] or {}).get("kernels", [])
    facts["repository"] = None if facts["repository"] is None else {"kernels": _checked(names, WORDS, "repository.kernels")}
    return facts


def checked_runtime(told):
    """The same for C(runtime) alone.

    :raises ValueError: where it is of another shape, with what is wrong.
    """
    return _checked(told, SHAPE["runtime"], "the runtime")


def _checked(value, shape, where):
    if isinstance(shape, dict):
        return _object(value, shape, where)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise ValueError("%s is no list" % where)
        return [_object(item, shape[0], where) for item in value[:MOST]]
    if shape == WORDS:
        if not isinstance(value, list):
            raise ValueError("%s is no list" % where)
        return [_scalar(item, TEXT, where) or "" for item in value[:MOST]]
    if shape == ANY:
        if value is not None and not isinstance(value, dict):
            raise ValueError("%s is not %s" % (where, ANY))
        return clean_tree(value)
    return _scalar(value, shape, where)


def _object(value, shape, where):
    if not isinstance(value, dict):
        raise ValueError("%s is no object" % where)
    if str in shape:
        return {clean(str(key)): _scalar(item, shape[str], where) for key, item in list(value.items())[:MOST]}
    missing = [key for key in shape if key not in value]
    if missing:
        raise ValueError("%s has no %s" % (where, missing[0]))
    return {key: _checked(value[key], kind, key if where == "the facts" else "%s.%s" % (where, key)) for key, kind in shape.items()}


def _scalar(value, kind, where):
    if kind == TEXT and isinstance(value, str):
        return clean(value, LONGEST)
    if kind == VERSION and _version.is_version(value):
        return value
    if isinstance(kind, tuple) and value in kind:
        return value
    if kind == NUMBER and isinstance(value, int) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST:
        return value
    if kind in (YES_NO, MAYBE) and isinstance(value, bool) or value is None and kind != YES_NO and not isinstance(kind, tuple):
        return value
    raise ValueError("%s is not %s" % (where, "a word that is known" if isinstance(kind, tuple) else kind))
