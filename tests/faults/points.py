# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the fault matrix computes without a board: plans for the shim, the writes that matter, and how it all went in a line."""

from __future__ import annotations

import collections
import re
from dataclasses import dataclass

ACTIONS = ("list", "cut", "kill", "enospc", "eio", "fill")
CALLS = ("open", "write", "rename", "unlink", "mkdir", "rmdir", "symlink", "link", "truncate", "fsync", "*")

#: What an upgrade may change, and what says how far it got. A write elsewhere decides nothing after a power cut.
MATTERS = re.compile(
    r"/(etc|boot|usr/src|usr/lib/rkfleet-npu|usr/lib/systemd|usr/bin|var/lib/dkms|var/lib/rkfleet-npu|(usr/)?lib/modules)/"
    r"|/usr/lib/librknnrt|/usr/lib/\.librknnrt"
)
#: Written there by every boot or login, upgrade or not.
OTHERS = re.compile(r"/etc/(machine-id|resolv\.conf|mtab|\.pwd\.lock|rkfleet-fault|ld\.so\.|ssh/|\.updated|udev/)")
#: Of many files written one after the other the first, one in the middle and the last are as good as all.
TREES = re.compile(r"(/usr/src/[^/]+|/var/lib/dkms/[^/]+/[^/]+/build|/var/lib/dkms/[^/]+/kernel-[^/]+|/var/lib/rkfleet-npu/models)(?=/|$)")
#: A file nobody reads before it is renamed, which is a point of its own; and depmod's, which it can always make again.
MINOR = re.compile(r"(open|link) .*/(\.rkfleet-[^/]*|[^/]*\.tmp)$|\w+ .*/modules/[^/]+/modules\.(?!dep$)")


@dataclass(frozen=True)
class Plan:
    """One line for the shim; see shim.c for what its words mean."""

    action: str
    when: str = "before"
    call: str = "*"
    glob: str = "*"
    count: int = 1
    power: str = "*"
    notboot: str = "-"

    def line(self) -> str:
        """The line. ValueError for words the shim would not take."""
        words = [self.action, self.when, self.call, self.glob, str(self.count), self.power, self.notboot]
        if self.action not in ACTIONS or self.when not in ("before", "after") or self.call not in CALLS or self.count < 1:
            raise ValueError(f"not a plan: {words}")
        if any(not word or re.search(r"\s", word) for word in words) or len(self.glob) > 500:
            raise ValueError(f"not words of a plan: {words}")
        return " ".join(words) + "\n"


@dataclass(frozen=True)
class Call:
    """A call that changed something, as the shim listed it. *boot* counts the boots of the run, from 0."""

    boot: int
    program: str
    call: str
    path: str


@dataclass(frozen=True)
class Point:
    """The *count*th call of that kind on such a path in a boot, and how to speak of it."""

    boot: int
    call: str
    glob: str
    count: int

    @property
    def text(self) -> str:
        """For people."""
        nth = "" if self.count == 1 else f" (no. {self.count})"
        return f"{'a write' if self.call == '*' else self.call} {self.glob}{nth}{' after the reboot' if self.boot else ''}"


def parse_list(text: str) -> list[Call]:
    """The calls of the shim's list. Lines cut short by a power cut are left out."""
    boots: list[str] = []
    found = []
    for line in text.splitlines():
        words = line.split(" ", 3)
        if len(words) != 4 or words[2] not in CALLS or not words[3].startswith("/"):
            continue
        if words[0] not in boots:
            boots.append(words[0])
        found.append(Call(boots.index(words[0]), words[1], words[2], re.sub(r"/{2,}", "/", words[3])))
    return found


def glob_of(path: str) -> str:
    """The path with what another run would name otherwise (random suffixes, numbers of processes) as `*`, and no blanks."""
    parts = []
    for part in path.split("/"):
        part = re.sub(r"[\[\]?*\s\\]", "?", part)
        part = re.sub(r"(?<=[.-])(?=[a-z0-9_]{8}$)(?=.*[0-9_])[a-z0-9_]{8}$", "*", part)  # Python's tempfile
        part = re.sub(r"(?<=[.-])(?=[A-Za-z0-9]{6,10}$)(?=.*[A-Z])[A-Za-z0-9]{6,10}$", "*", part)  # mktemp's
        part = re.sub(r"[0-9a-f]{12,}|(?<![0-9.])[0-9]{4,}(?![0-9.])", "*", part)
        part = re.sub(r"(?<=[a-z]\.)[0-9]{2,}$", "*", part)  # a process's number behind a name
        parts.append(re.sub(r"^tmp[a-z0-9_]{8}$", "tmp*", part))
    return "/".join(parts)


def points(calls: list[Call], repeated: int = 6) -> list[Point]:
    """The writes that matter, in order: of each kind of call and path the first *repeated*, of a tree its first, middle and last."""
    order: list[tuple[int, Point]] = []
    seen: collections.Counter = collections.Counter()
    trees: dict[tuple[int, str], list[int]] = {}
    for place, call in enumerate(calls):
        if not MATTERS.search(call.path) or OTHERS.match(call.path) or call.call == "fsync" or MINOR.match(f"{call.call} {call.path}"):
            continue
        tree = TREES.match(call.path)
        if tree and call.path != tree[1]:
            trees.setdefault((call.boot, glob_of(tree[1]) + "/*"), []).append(place)
            continue
        key = (call.boot, call.call, glob_of(call.path))
        seen[key] += 1
        if seen[key] <= repeated:
            order.append((place, Point(*key, seen[key])))
    for (boot, glob), places in trees.items():
        for index in sorted({0, len(places) // 2, len(places) - 1}):
            order.append((places[index], Point(boot, "*", glob, index + 1)))
    return [point for _place, point in sorted(order, key=lambda pair: pair[0])]


def spread(found: list[Point], most: int) -> list[Point]:
    """At most *most* of the points, evenly from first to last, both among them."""
    if len(found) <= most:
        return list(found)
    if most < 2:
        return found[:most]
    return [found[round(index * (len(found) - 1) / (most - 1))] for index in range(most)]


def around(found: list[Point], files: re.Pattern, most: int) -> list[Point]:
    """At most *most* of the points before the reboot: those on *files*, and the ones just before and after each."""
    before = [point for point in found if point.boot == 0]
    places = {place for place, point in enumerate(before) if files.search(point.glob)}
    near = {place + step for place in places for step in (-1, 0, 1)}
    return spread([point for place, point in enumerate(before) if place in near], most)


def outcome(rows: list[dict]) -> tuple[str, int]:
    """The last line of `make faults` and its exit code. A row counts as recovered, worse, or failed (neither shown)."""
    counts = collections.Counter(row["outcome"] for row in rows)
    run = counts["recovered"] + counts["worse"] + counts["failed"]
    line = f"faults: {run} run, {counts['recovered']} recovered, {counts['worse']} worse"
    return line, 0 if run and counts["recovered"] == run else 1
