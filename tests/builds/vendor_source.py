# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's unmodified driver source, by the checksums of the compatibility data.

From the folder that ``RKFLEET_VENDOR_FILES`` names, in the layout of npu_local_folder, or from upstream into the lab's
cache. Nothing of it is in this repository.

As a program, for `make demo`: ``vendor_source.py INVENTORY FOLDER VERSION...`` writes the variables with which boards
of the lab get these releases, as JSON, to standard output. Exit code 3, with the reason: they are not available.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

import yaml

if __name__ == "__main__":
    # Tests have this path from their conftest.py.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "build" / "collections"))

from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import fetch
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))

from rklab import LabError, Progress, cache

FOLDER = "RKFLEET_VENDOR_FILES"
UPSTREAM = "https://raw.githubusercontent.com/"
SECONDS = 10
_unreachable: list[str] = []


class NoSource(Exception):
    """The source cannot be had here, with a reason to skip."""


def tarball(version):
    """Return the bytes of the vendor's tarball of a driver release, which match their checksum."""
    row = compatibility.checked({})["drivers"][version]
    folder = os.environ.get(FOLDER)
    if folder:
        path = Path(folder) / row["path"]
        if not path.is_file():
            raise NoSource("{} names a folder without {}".format(FOLDER, row["path"]))
    else:
        try:
            inputs = {name: row[name] for name in ("path", "sha256")}
            kept = cache.provide("vendor", inputs, lambda target: _download(row, target), Progress(quiet=True))
            path = kept / "source"
        except LabError as problem:
            raise NoSource("{}; set {} to a folder that holds {}".format(problem, FOLDER, row["path"])) from problem
    return fetch.read(str(path), {"sha256": row["sha256"]})


def boards_variables(inventory, folder, versions):
    """Return the variables with which boards of the lab get the vendor's drivers, and everything else as before.

    :arg inventory: path of the lab's inventory.yml, whose npu_compatibility names the stand-ins.
    :arg folder: where to lay the drivers, as npu_local_folder has them.
    :raises NoSource: one of them cannot be had.
    """
    for version in versions:
        content = tarball(version)
        path = Path(folder) / compatibility.checked({})["drivers"][version]["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    rows = yaml.safe_load(Path(inventory).read_text())["all"]["children"]["lab"]["vars"]["npu_compatibility"]
    # Without rows for the stand-ins, those of the collection's own data count: the checksums of the vendor's files.
    rows = {name: row for name, row in rows.items() if name != "drivers"}
    return {"npu_local_folder": str(folder), "npu_compatibility": rows}


def _download(row, target):
    if _unreachable:
        raise LabError(_unreachable[0])
    try:
        with urllib.request.urlopen(UPSTREAM + row["path"], timeout=SECONDS) as answer:
            content = answer.read(16 << 20)
    except OSError as error:
        _unreachable.append(f"upstream cannot be reached ({error})")
        raise LabError(_unreachable[0]) from error
    (target / "source").write_bytes(content)
    fetch.read(str(target / "source"), {"sha256": row["sha256"]})


def main(words):
    """Write the variables; return the exit code."""
    inventory, folder, *versions = words
    try:
        print(json.dumps(boards_variables(inventory, folder, versions)))
    except NoSource as reason:
        print(reason, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
