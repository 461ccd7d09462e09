# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Write the lab's stand-in for a release of the RKNPU driver, not the vendor's.

The files under src/ are C with lines of the form

    //@if 0.9.3 0.9.6      these releases            //@if >=0.9.6   this one and later
    //@if fault:panic      --fault panic was given   //@if !fault:panic
    //@else                                          //@endif

which may nest. The result has the vendor's layout, drivers/rknpu/...
"""

from __future__ import annotations

import argparse
import bz2
import io
import sys
import tarfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "src"
# The date of 0.6.0 is made up; it is here because the vendor's runtime 1.5.2 refuses so old a driver.
DATES = {"0.6.0": "20211101", "0.8.2": "20220829", "0.9.3": "20231121", "0.9.6": "20240322", "0.9.8": "20240828"}
FAULTS = ("submit", "bind", "panic", "oops", "hang", "lockup", "spin")
# What the vendor left in its 0.9.6 tarball: output of somebody's build, which a build must not pick up.
STRAY = {
    "0.9.6": (
        "rknpu.mod.c",
        "/* Stand-in for the stray file in the vendor's release. */\n#error \"rknpu.mod.c of the release was compiled\"\n",
    )
}


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _holds(condition: str, version: str, fault: str | None) -> bool:
    if condition.startswith("!"):
        return not _holds(condition[1:], version, fault)
    if condition.startswith("fault:"):
        return fault == condition[len("fault:"):]
    if condition.startswith(">="):
        return _key(version) >= _key(condition[2:])
    return version in condition.split()


def render(text: str, version: str, fault: str | None = None) -> str:
    """The text with its //@ lines followed and its @NAMES@ filled in."""
    major, minor, patch = version.split(".")
    names = {"DRIVER_DATE": DATES[version], "DRIVER_MAJOR": major, "DRIVER_MINOR": minor, "DRIVER_PATCHLEVEL": patch}
    kept: list[str] = []
    nest: list[bool] = []
    for number, line in enumerate(text.splitlines(), 1):
        word, dummy, rest = line.partition(" ")
        if word == "//@if":
            nest.append(_holds(rest.strip(), version, fault))
        elif word in ("//@else", "//@endif"):
            if not nest:
                raise ValueError(f"line {number}: {word} without //@if")
            nest[-1:] = [not nest[-1]] if word == "//@else" else []
        elif word.startswith("//@"):
            raise ValueError(f"line {number}: {word} is not known")
        elif all(nest):
            kept.append(line)
    if nest:
        raise ValueError("//@if without //@endif")
    result = "\n".join(kept) + "\n"
    for name, value in names.items():
        result = result.replace(f"@{name}@", value)
    return result


def files(version: str, fault: str | None = None) -> dict[str, bytes]:
    """Content by path inside the release, drivers/rknpu/..."""
    found = {}
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file():
            name = f"drivers/rknpu/{path.relative_to(SOURCE).as_posix()}"
            found[name] = render(path.read_text(encoding="utf-8"), version, fault).encode()
    if version in STRAY:
        name, text = STRAY[version]
        found[f"drivers/rknpu/{name}"] = text.encode()
    return dict(sorted(found.items()))


def write_tree(content: dict[str, bytes], folder: Path) -> None:
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def tarball(content: dict[str, bytes]) -> bytes:
    """A tar.bz2 of the content: the same content gives the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        folders = {"/".join(name.split("/")[:depth]) for name in content for depth in range(1, name.count("/") + 1)}
        for name in sorted(folders | set(content)):
            member = tarfile.TarInfo(name)
            member.uname = member.gname = "root"
            if name in folders:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(member)
            else:
                member.size, member.mode = len(content[name]), 0o644
                tar.addfile(member, io.BytesIO(content[name]))
    return bz2.compress(raw.getvalue(), 9)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the lab's stand-in for a release of the RKNPU driver.")
    parser.add_argument("--version", required=True, choices=sorted(DATES))
    parser.add_argument("--fault", choices=FAULTS, help="a stand-in with this fault built in")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--output", type=Path, metavar="DIR", help="write drivers/rknpu/ into this folder")
    target.add_argument("--tarball", type=Path, metavar="FILE", help="write a tar.bz2 of the vendor's layout")
    options = parser.parse_args(arguments)

    content = files(options.version, options.fault)
    if options.output:
        write_tree(content, options.output)
    else:
        options.tarball.parent.mkdir(parents=True, exist_ok=True)
        options.tarball.write_bytes(tarball(content))
    return 0


if __name__ == "__main__":
    sys.exit(main())
