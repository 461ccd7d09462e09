# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gather the facts of a board and keep what they were read from, so that a test can gather them again.

There is no list of what facts read: the recorder is a Tree, through which they read everything.
"""

from __future__ import annotations

import binascii
import os
import re
import stat

from .._board.tree import FILE_LIMIT, Tree, clean
from .._facts import driver, kernel_log
from .._facts.gather import gather
from .._facts.installed import apt_kernels
from .excerpt import Rules, is_binary, is_library

ENTRIES_LIMIT = 1000
TOTAL_LIMIT = 384 << 10
_DEVICES = ("/dev/dri/", "/dev/rknpu", "/dev/dma_heap/")
_HANDLE = re.compile(r"(/proc/\d+)/fd/\d+\Z")
_PROCESS = re.compile(r"/proc/\d+(?:/|\Z)")
_LIBRARY_LIMIT = 64 << 20
_LOG_LINES = 200


class Recorder(Tree):
    """A board's files, with a memory of all paths that were asked for and of all content that was read."""

    def __init__(self, rules, root="/", **areas):
        super().__init__(root, **areas)
        self.rules = Rules(rules)
        self._touched, self._ends, self._listed, self._contents = set(), set(), set(), {}
        self.path_of = {}
        """The path on the board of each path on this machine."""
        self._own = f"/proc/{os.getpid()}"

    def _place(self, parts):
        self._touched.add("/" + "/".join(parts))
        return super()._place(parts)

    def real(self, path, last=True):
        """Return the path on this machine."""
        place, where = super().real(path, last), self.follow(path, last)
        self._ends.add(where)
        self.path_of[place] = where
        return place

    def names(self, path):
        """Return the sorted names in a folder."""
        found = super().names(path)
        if found:
            self._listed.add(self.follow(path))
        return found

    def data(self, path, limit=FILE_LIMIT):
        """Return up to limit bytes of a regular file, or None."""
        data = super().data(path, limit)
        if data is not None:
            self._keep(self.follow(path), data)
        return data

    def _keep(self, path, data):
        """Remember what a recording keeps of the content of a file; of several parts of one the longest."""
        if len(data) < self._contents.get(path, (0,))[0]:
            return
        kept, note, name = b"", None, self._name(path)
        if not self.rules.is_allowed(name):
            note = "left out: not on the list of what a recording contains"
        else:
            kept, complete = self.rules.excerpt(name, data)
            if is_binary(kept) and len(kept) > 512 and not path.endswith(".gz") and not is_library(path):
                kept, note = b"", f"left out: binary, {len(data)} bytes"
            elif not complete:
                note = f"{len(kept)} of {len(data)} bytes"
        self._contents[path] = (len(data), kept, note)

    def _name(self, path):
        """Return the path of a file in the recording: the number of this process means nothing to others."""
        return path.replace(self._own, "/proc/self", 1) if _within(path, self._own) else path

    def entries(self):
        """Return what was read as a list of `{path}` with one of `link`, `content` (base64), `names` and `kind`.

        `note` says why the content, or a part of it, is missing.
        """
        handles = self._open_handles()
        kept, folders, room = {}, [], TOTAL_LIMIT
        for path in sorted(self._touched | self._ends | self._listed):
            entry = None if _is_hidden(path, handles, self._own) else self._entry(path)
            if entry is None:
                continue
            if entry.get("kind") == "folder":
                folders.append((path, entry))
            elif len(entry.get("content", "")) * 3 // 4 > room:  # 4 characters for 3 bytes
                entry = {"path": entry["path"], "content": "", "note": "left out: the recording has its largest size"}
            room -= len(entry.get("content", "")) * 3 // 4
            kept[entry["path"]] = entry
        known = {}
        for path in kept:
            while path != "/":
                path, dummy, name = path.rpartition("/")  # noqa: PLW2901
                path = path or "/"  # noqa: PLW2901
                known.setdefault(path, set()).add(name)
        for path, entry in folders:
            if path in self._listed:
                entry["names"] = self._names(path, known.get(entry["path"], ()))
        return [kept[path] for path in sorted(kept)[:ENTRIES_LIMIT]]

    def _open_handles(self):
        """Return the links of open files that lead to a device of the NPU."""
        found = set()
        for path in self._touched:
            if _HANDLE.match(path) and (self._target(path) or "").startswith(_DEVICES):
                found.add(path)
        return found

    def _target(self, path):
        try:
            return os.readlink(super()._place(path.split("/")[1:]))
        except OSError:
            return None

    def _entry(self, path):
        """Return the entry of a path, None if it is not to be one; folders have no names yet."""
        place = super()._place([part for part in path.split("/") if part])
        try:
            mode = os.lstat(place).st_mode
        except OSError:
            return None
        entry = {"path": self._name(path)}
        if stat.S_ISLNK(mode):
            return None if path in ("/proc/self", "/proc/thread-self") else dict(entry, link=self._target(path))
        if path not in self._ends and path not in self._listed:
            return None
        if stat.S_ISDIR(mode):
            return dict(entry, kind="folder", names=[])
        if not stat.S_ISREG(mode):
            return dict(entry, kind="device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "special")
        if is_library(path):
            self._keep(path, _whole(place) or b"")
        dummy, kept, note = self._contents.get(path, (0, b"", None))
        if not kept and self.rules.is_omitted(path):
            return None
        entry["content"] = binascii.b2a_base64(kept, newline=False).decode("ascii")
        return dict(entry, note=note) if note else entry

    def _names(self, path, known):
        """Return the names in a folder that was listed; folders among them end in a slash."""
        place = super()._place([part for part in path.split("/") if part])
        try:
            names = sorted(os.listdir(place))
        except OSError:
            return []
        if path == "/proc":
            names = [name for name in names if name in known and name.isdigit()]
        return [name + "/" if os.path.isdir(os.path.join(place, name)) else name
                for name in self.rules.listing(path, names, known)]


def _within(path, folder):
    return path == folder or path.startswith(folder + "/")


def _is_hidden(path, handles, own):
    """Return whether a path is about a process that has nothing to do with the NPU."""
    if not _PROCESS.match(path) or _within(path, own) or _within(path, "/proc/1"):
        return False
    if _HANDLE.match(path):
        return path not in handles
    return not any(_within(handle, "/".join(path.split("/")[:3])) for handle in handles)


def _whole(place):
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        return stream.read(_LIBRARY_LIMIT)


def read_kernel_log(wanted, tree):
    """Return `(lines of the kernel log that match a pattern, why there are none)`, the last 200 of them."""
    text = kernel_log.whole(tree)
    if text is None:
        return [], "it cannot be read"
    lines = [clean(line, 300) for line in text.splitlines() if re.search(wanted, line, re.IGNORECASE)]
    return lines[-_LOG_LINES:], None


def record(tree, run=None, uname=None, uid=None, ask_node=driver.ask, log=read_kernel_log):
    """Return a recording of a board, as plugin_utils/_recording/shape.py describes it.

    Args:
        tree: A Recorder.
        run: What runs a command, given as a list, and returns `(rc, stdout, stderr)`; None for a recorded tree.
        uname, uid, ask_node: As of gather().
        log: What returns the kernel log, as read_kernel_log().
    """
    answers, uname = [], uname or os.uname()

    def asked(path, dma_heap):
        answer = {"program": "driver", "of": tree.path_of.get(path, path), "output": [], "error": None}
        answers.append(answer)
        try:
            found = ask_node(path, dma_heap)
        except (OSError, ValueError) as error:
            answer.update(error=clean(str(error)), number=getattr(error, "errno", None))
            raise
        answer["output"] = ["" if part is None else part for part in found]
        return found

    def ran(words):
        rc, out, err = run(words)
        answers.append({"program": "command", "of": " ".join(words), "output": out.splitlines()[:1000], "number": rc,
                        "error": clean(err) or None})
        return rc, out, err

    facts = gather(tree, uname, uid, asked, (lambda: apt_kernels.apt_kernels(ran)) if run else None)
    if run:
        apt_kernels.add_candidates(tree, facts, ran)
    lines, why = log(tree.rules.log, tree) if tree.live else ([], "not read from a recorded tree")
    return {
        "files": tree.entries(), "facts": facts, "programs": answers, "kernel_log": lines, "kernel_log_error": why,
        "uname": {name: getattr(uname, name) for name in ("sysname", "release", "version", "machine")},
        "nodename": uname.nodename, "uid": os.geteuid() if uid is None else uid, "live": tree.live,
    }
