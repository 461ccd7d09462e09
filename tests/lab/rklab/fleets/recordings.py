# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Recordings of boards (docs/recording.md): written as a file tree, and their facts gathered again.

A recording comes from anybody: nothing of it is executed, and nothing is written outside the tree.
"""

from __future__ import annotations

import base64
import collections
import json
import os
import pathlib

from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import apt_kernels
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import document, shape

from .recorded import Board

Uname = collections.namedtuple("Uname", "sysname nodename release version machine")
#: Facts that a recording has no file for: checksums of left out content, and of the Python that gathers.
FROM_CONTENT = ("config_digest", "symvers_digest", "sha256", "git_blob", "size")
FROM_MACHINE = (("tools", "python"), ("tools", "bits"), ("space",), ("unread",))


def load(path: pathlib.Path) -> dict:
    """A recording that was read and checked."""
    if path.stat().st_size > document.LONGEST:
        raise ValueError(f"{path} is larger than a recording can be")
    recording = json.loads(path.read_text(encoding="ascii"))
    if recording.get("schema") != document.SCHEMA:
        raise ValueError(f"{path} is no recording of schema {document.SCHEMA}")
    for name in recording["files"]:
        if not shape.is_path(name):
            raise ValueError(f"{path}: {name!r} is not a path that a recording can have")
    return recording


def lay(recording: dict, root: pathlib.Path, apart: dict | None = None) -> Board:
    """Write the files of a recording as a tree below *root*, which must not exist."""
    board = Board(root, apart)
    files = recording["files"]
    # Links come last, so that nothing is written through one.
    for path, entry in sorted(files.items(), key=lambda item: ("link" in item[1], item[0])):
        if "link" in entry:
            if not os.path.lexists(board.place(path)):
                board.link(path, entry["link"])
        elif entry.get("kind") == "folder":
            board.place(path).mkdir(parents=True, exist_ok=True)
            for name in entry.get("names", []):
                _placeholder(board, path, name, files)
        elif path != "/":
            board.write(path, base64.b64decode(entry["base64"]) if "base64" in entry else entry.get("text", ""))
    return board


def _placeholder(board: Board, folder: str, name: str, files: dict) -> None:
    """Write an empty file or folder for a name in a listing that the recording says nothing else of."""
    path = f"{folder.rstrip('/')}/{name.rstrip('/')}"
    if not shape.is_path(path) or path in files:
        return
    if name.endswith("/"):
        board.place(path).mkdir(parents=True, exist_ok=True)
    elif not board.place(path).exists():
        board.write(path)


class Replayed(Tree):
    """The tree of a recording, which answers as the board did where a file tree cannot."""

    def __init__(self, recording: dict, root: pathlib.Path):
        super().__init__(str(root))
        self._recording = recording

    @property
    def live(self):
        """Whether the recorded tree was a running machine."""
        return self._recording["live"]

    def free_mib(self, path):
        """The free MiB that the board had."""
        return self._recording["facts"]["space"].get(path)


def replay(recording: dict, root: pathlib.Path) -> dict:
    """The facts of a recording, gathered by the present code from the tree written to *root*."""
    board = lay(recording, root)
    if recording["kernel_log"]:
        board.write("/dev/kmsg", "".join(line + "\n" for line in recording["kernel_log"]))
    tree = Replayed(recording, root)
    run = _commands(recording)
    facts = gather(tree, Uname(nodename="board", **recording["uname"]), recording["uid"], _driver(recording, root),
                   (lambda: apt_kernels.apt_kernels(run)) if run else None)
    if run:
        apt_kernels.add_candidates(tree, facts, run)
    facts = gate.facts_of(json.loads(json.dumps(facts)))
    _take(facts, recording["facts"])
    return facts


def _driver(recording: dict, root: pathlib.Path):
    """What answers for the recorded driver."""
    answers = {answer["of"]: answer for answer in recording["programs"] if answer["program"] == "driver"}

    def ask(path, _dma_heap):
        answer = answers.get("/" + os.path.relpath(path, root))
        if answer is None:
            raise OSError(2, "the recording has no answer of this device")
        if answer["error"]:
            raise OSError(answer["number"], answer["error"]) if answer.get("number") else ValueError(answer["error"])
        return tuple(part or None for part in answer["output"])

    return ask


def _commands(recording: dict):
    """What answers for the commands that were run on the board; None if there were none."""
    answers = {answer["of"]: answer for answer in recording["programs"] if answer["program"] == "command"}

    def run(words):
        answer = answers.get(" ".join(words))
        return (answer["number"], "\n".join(answer["output"]), answer["error"] or "") if answer else (127, "", "")

    return run if answers else None


def _take(facts, recorded) -> None:
    """Take what cannot be gathered again from the recorded facts."""
    for path in FROM_MACHINE:
        target, source = facts, recorded
        for name in path[:-1]:
            target, source = target[name], source[name]
        target[path[-1]] = source[path[-1]]
    _take_checksums(facts, recorded)


def _take_checksums(facts, recorded) -> None:
    if isinstance(facts, dict) and isinstance(recorded, dict):
        for name in facts:
            if name in FROM_CONTENT and name in recorded:
                facts[name] = recorded[name]
            elif name in recorded:
                _take_checksums(facts[name], recorded[name])
    elif isinstance(facts, list) and isinstance(recorded, list) and len(facts) == len(recorded):
        for one, other in zip(facts, recorded, strict=True):
            _take_checksums(one, other)


def record(board: Board, release: str, answer=("0.9.3", "20231121", "drm_ioctl"), repository=None, uid=0,
           everything: bool = False) -> dict:
    """What a board's tree answers to a request to record it; *answer* is what its driver says, or an exception.

    everything: also what the facts do not read yet.
    """
    from ansible_collections.rkfleet.npu.plugins.module_utils._recording import recorder
    from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording.rules import RULES

    def ask(_path, _dma_heap):
        if isinstance(answer, Exception):
            raise answer
        return answer

    tree = recorder.Recorder(RULES, str(board.root))
    uname = Uname("Linux", "board", release, "#1", "aarch64")
    run = None if repository is None else lambda _words: (0, "\n".join(repository), "")
    found = recorder.record(tree, run, uname, uid, ask)
    if everything:
        _read_all(tree, board)
        found["files"] = tree.entries()
    return found


def _read_all(tree: Tree, board: Board) -> None:
    for folder, folders, files in os.walk(board.root):
        inside = "/" + os.path.relpath(folder, board.root).removeprefix(".")
        tree.names(inside)
        for name in [*folders, *files]:
            path = os.path.join(inside, name)
            if tree.link(path) is None and name in files:
                tree.data(path)
