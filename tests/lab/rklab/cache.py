# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the lab builds is kept outside the checkout, under a name made of everything that goes into it.

A folder appears under its name only when it is complete (it is built beside and renamed). Each has a lock of its own: one
folder is built once, different ones at the same time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from . import LabError, Progress


def root() -> Path:
    """The cache folder: $RKFLEET_LAB_CACHE, or rkfleet-npu-lab in the user's cache."""
    named = os.environ.get("RKFLEET_LAB_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").expanduser() / "rkfleet-npu-lab"


def key(inputs: object) -> str:
    """Twelve hex digits over *inputs*, which must be plain data."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def file_digest(path: Path) -> str:
    """sha256 of a file, as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sources_digest(paths: Iterable[Path]) -> dict[str, str]:
    """sha256 by relative name of the source files in *paths* (files, or folders with all that is in them).

    Left out is what does not change a result: documentation, byte code and hidden files.
    """
    digests = {}
    for top in paths:
        files = [top] if top.is_file() else sorted(file for file in top.rglob("*") if file.is_file())
        for file in files:
            name = file.relative_to(top.parent)
            if file.suffix in {".md", ".pyc"} or any(part.startswith((".", "__pycache__")) for part in name.parts):
                continue
            digests[str(name)] = file_digest(file)
    return digests


@contextlib.contextmanager
def lock(folder: Path, progress: Progress, name: str = "") -> Iterator[None]:
    """Hold the lock of *folder*, or of what is to be called *name* in it; say so when somebody else has it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{name}.lock" if name else folder / ".lock"
    if not path.exists():
        path.touch()
    with path.open() as handle:  # for reading, which a lock of root's allows too
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"another lab works in {folder / name}: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def folder(kind: str, inputs: object) -> Path:
    """Where what is made of *inputs* lies, or will."""
    return root() / f"{kind}-{key(inputs)}"


def provide(
    kind: str, inputs: object, build: Callable[[Path], None], progress: Progress, estimate: str = "", *, owned_by_root: bool = False
) -> Path:
    """The folder of *kind* for *inputs*, built by *build(folder)* unless it is there already.

    *owned_by_root*: a tree that is run from where it lies; else what root makes under sudo is handed over to the user.
    """
    target = folder(kind, inputs)
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with lock(target.parent, progress, target.name):
            if target.is_dir():
                return target
            progress(f"{kind}: not in the cache, building it" + (f" ({estimate})" if estimate else ""))
            partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
            try:
                partial.chmod(0o755)
                build(partial)
                (partial / "inputs.json").write_text(json.dumps(inputs, indent=1, sort_keys=True) + "\n")
                if not owned_by_root:
                    hand_over(partial)
                partial.rename(target)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
    except OSError as problem:
        raise LabError(
            f"The cache folder {target.parent} cannot be written: {problem.strerror or problem}.",
            "Make room or name another one in RKFLEET_LAB_CACHE.",
        ) from problem
    progress(f"{kind}: ready, kept in {target}")
    return target


def hand_over(folder: Path, *, deep: bool = True) -> None:
    """Give what root made under sudo to the user who called sudo; *deep*: with all that is in it."""
    if os.geteuid() or "SUDO_UID" not in os.environ:
        return
    owner = int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"])
    for path in (folder, *(folder.rglob("*") if deep else ())):
        os.chown(path, *owner, follow_symlinks=False)
