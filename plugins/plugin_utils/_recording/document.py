# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A recording of a board as a file: what it contains, without what identifies the board and its owner."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile

from .anonymize import HOST, NAME, SERIAL, USER, Anonymizer
from .rules import ALLOWED

SCHEMA = 1
LONGEST = 2 << 20
"""Bytes of a recording."""


def compose(answer, plan, about, known=(), names=()):
    """Return `(document, contents, replaced, kept)` of a board's answer.

    Args:
        answer: As shape.validated() returns it.
        plan: The plan for its facts.
        about: What else the document says: `collection`, `recorded_at`, `wanted`, `compatibility`.
        known: Names of the board, pairs of a kind such as HOST, and a value.
        names: More words to replace.

    Returns:
        The document; what it contains, a line each; `{kind: number}` of what was replaced; names that were kept,
        because the model, the kernel's release or a path has them.
    """
    facts = answer["facts"]
    hold = facts["upgrade"]["hold"]
    document = {
        "schema": SCHEMA, **about, "uname": answer["uname"], "uid": answer["uid"], "live": answer["live"],
        "files": {entry["path"]: _file(entry) for entry in sorted(answer["files"], key=lambda entry: entry["path"])},
        "programs": answer["programs"],
        "kernel_log": answer["kernel_log"], "kernel_log_error": answer["kernel_log_error"],
        # The owner's own words.
        "facts": dict(facts, upgrade=dict(facts["upgrade"], hold=hold if hold is None else "")),
        "plan": plan,
    }
    anonymizer = Anonymizer(
        [(SERIAL, facts["board"]["serial"]), (HOST, answer["nodename"]), *known, (NAME, hold),
         *((NAME, name) for name in names)],
        _public(facts, document["files"]),
    )
    for text in _texts(document):
        anonymizer.learn(text)
    document = anonymizer.apply(document)
    replaced = anonymizer.counts()
    return dict(document, replaced=replaced), _contents(document), replaced, anonymizer.kept


def names_of_host(name, variables):
    """Return the pairs for compose() of a board's name in the inventory and of the variables of its connection."""
    found = [(HOST, name), (HOST, name.partition(".")[0])]
    address = str(variables.get("ansible_host") or "")
    found += [(HOST, address), (HOST, address.partition(".")[0])]
    found += [(USER, variables.get(key)) for key in ("ansible_user", "ansible_ssh_user", "ansible_become_user")]
    return [(kind, str(value)) for kind, value in found if value and not re.fullmatch(r"[\d.:]+", str(value))]


def write(folder, board, document):
    """Write a recording to a folder of the controller and return its path.

    Raises:
        OSError: if it cannot be written.
        ValueError: if it is too large.
    """
    text = rendered(document)
    if len(text) > LONGEST:
        raise ValueError(f"the recording has {len(text)} bytes, more than {LONGEST}")
    path = path_of(folder, board)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".rkfleet-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def rendered(document):
    """Return the bytes of a recording's file: JSON in ASCII, so that no board can write to a terminal through it."""
    return json.dumps(document, indent=1, sort_keys=False).encode("ascii") + b"\n"


def path_of(folder, board):
    """Return the path of a board's recording; two boards never have the same one."""
    name = re.sub(r"[^\w.-]", "_", board, flags=re.ASCII).lstrip(".")[:200] or "board"
    if name != board:
        # Of a name in another script, nothing else remains.
        name += "-" + hashlib.sha256(board.encode("utf-8", "replace")).hexdigest()[:8]
    return os.path.join(folder, f"{name}.json")


def _file(entry):
    """Return a file of a board as it is in a recording."""
    kept = {key: entry[key] for key in ("kind", "link", "note") if entry.get(key)}
    if entry.get("names"):
        kept["names"] = entry["names"]
    if entry.get("content") is not None:
        data = base64.b64decode(entry["content"])
        try:
            kept["text"] = data.decode("utf-8")
        except UnicodeDecodeError:
            kept["base64"] = base64.b64encode(data).decode("ascii")
    return kept


def _public(facts, files):
    """Return texts whose words are kept: without them a recording would be of no use."""
    kernels = [entry["release"] for entry in facts["kernels"]]
    return [
        *(text for text in (facts["board"]["model"], facts["kernel"]["release"], facts["kernel"]["machine"],
                            facts["os"]["id"], facts["os"]["codename"], facts["boot"]["loader"]) if text),
        *facts["board"]["compatible"], *(release for release in kernels if release),
        *(facts["device"]["compatible"]), *ALLOWED,
        # What the kernel itself calls its files.
        *(path for path in files if path.startswith(("/proc/", "/sys/", "/dev/"))),
    ]


def _texts(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
            if isinstance(item, str):
                # Facts and plan have names of their values as JSON has them.
                yield f'"{key}": "{item}"'
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _contents(document):
    """Return what a recording contains, a line each."""
    lines, others = [], {"links": 0, "folders": 0, "devices": 0, "files without content": 0}
    for path, entry in document["files"].items():
        size = len(entry.get("text", "").encode("utf-8", "replace")) or len(entry.get("base64", "")) * 3 // 4
        if entry.get("note"):
            lines.append(f"{path}: {entry['note']}")
        elif size:
            lines.append(f"{path}: {size} bytes")
        else:
            kind = "links" if "link" in entry else {"folder": "folders"}.get(entry.get("kind"), "devices")
            others["files without content" if "text" in entry else kind] += 1
    lines.append(", ".join(f"{count} {kind}" for kind, count in others.items() if count) or "no links, no folders")
    lines += [f"answer of {entry['program']} {entry['of']}: {entry['error'] or ', '.join(entry['output'][:3])[:100]}"
              for entry in document["programs"]]
    why = document["kernel_log_error"]
    lines.append(f"kernel log: {why or str(len(document['kernel_log'])) + ' lines about the NPU'}")
    return [*lines, "facts and plan"]
