# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare a built module with modules that came with the kernel, before it is installed.

Headers of the right release but another configuration give a module with another `struct module`. Its vermagic is
right, and it crashes the kernel when it is loaded (MichaIng/DietPi 7412, 7344, 7368). The size of that structure and
the places of its functions are in every module; with BTF the kernel also lists the sizes of all its structures.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import struct
import tempfile
import zlib

from ..._board.files import read_file
from ..._board.paths import kernel_module

LARGEST = 16 << 20
"""Bytes of a module's file; unpacked it may have four times as many."""
SIZES = ".rkfleet_sizes"
"""Section of our modules with the sizes of shared structures: see compat/rkfleet_layout.c."""

_XZ_MEMORY = 256 << 20
_MOST = 4 * LARGEST
_LARGEST_BTF = 64 << 20
_THIS = ".gnu.linkonce.this_module"
_FUNCTIONS = {"init_module": "init", "cleanup_module": "exit"}
_AARCH64 = 183
_RELA = 4
_ZSTD = b"\x28\xb5\x2f\xfd"
_ENTRY = struct.Struct("<24sI")
_MOST_RELOCATIONS, _MOST_FILES, _MOST_REFERENCES, _MOST_NAMES = 64, 60, 3, 5
_PACKAGE = re.compile(r"^([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9]+)?: ", re.MULTILINE)


class NotCompared(ValueError):
    """A module that cannot be read on this board, with the reason."""


def elf_sections(content):
    """Return `[(name, type, link, info, content), ...]` of a 64-bit little-endian ELF file.

    Raises:
        ValueError: It is none, or damaged.
    """
    try:
        if content[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        at, = struct.unpack_from("<Q", content, 40)
        size, count, names = struct.unpack_from("<HHH", content, 58)
        if size != 64 or names >= count or at + size * count > len(content):
            raise ValueError("no section headers")
        headers = [struct.unpack_from("<IIQQQQII", content, at + size * number) for number in range(count)]
    except struct.error as error:
        raise ValueError("a cut-off ELF file") from error
    table = content[headers[names][4]:headers[names][4] + headers[names][5]]
    found = []
    for name, kind, dummy, dummy, start, length, link, info in headers:
        if kind != 8 and start + length > len(content):
            raise ValueError("a cut-off ELF file")
        found.append((_text(table, name), kind, link, info, content[start:start + length] if kind != 8 else b""))
    return found


def symbol_versions(sections):
    """Return `{symbol: checksum}` of a module's imports, empty without CONFIG_MODVERSIONS."""
    table = b"".join(section[4] for section in sections if section[0] == "__versions")
    return {_text(table, at + 8): struct.unpack_from("<Q", table, at)[0] & 0xFFFFFFFF
            for at in range(0, len(table) - 63, 64)}


def layout(content):
    """Return `{size, offsets, vermagic, intree, versions, sizes}` of a module for arm64.

    `size` is that of `struct module` in bytes, `offsets` has the offsets of its init and exit, `versions` are checksums
    of imported symbols, and `sizes` those of the structures that modules of ours list.

    Raises:
        ValueError: It is no such module, or damaged.
    """
    sections = elf_sections(content)
    if content[16:20] != struct.pack("<HH", 1, _AARCH64):
        raise ValueError("not a module for arm64")
    number = next((number for number, section in enumerate(sections) if section[0] == _THIS), None)
    if number is None:
        raise ValueError(f"not a module: it has no section {_THIS}")
    offsets = {}
    for dummy, kind, link, info, table in sections:
        if kind == _RELA and info == number:
            offsets.update(_offsets(sections, link, table))
    info = b"\0".join(section[4] for section in sections if section[0] == ".modinfo").split(b"\0")
    texts = dict(text.decode("ascii", "replace").partition("=")[::2] for text in info)
    table = b"".join(section[4] for section in sections if section[0] == SIZES)
    sizes = [_ENTRY.unpack_from(table, at) for at in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size)]
    return {
        "size": len(sections[number][4]), "offsets": offsets, "vermagic": texts.get("vermagic", "").strip(),
        "intree": texts.get("intree") == "Y", "versions": symbol_versions(sections),
        "sizes": {name.split(b"\0")[0].decode("ascii", "replace"): size for name, size in sizes},
    }


def _offsets(sections, link, table):
    """Return `{init, exit}`, as far as relocations of `struct module` name them."""
    found = {}
    if len(table) // 24 > _MOST_RELOCATIONS or link >= len(sections) or sections[link][2] >= len(sections):
        raise ValueError("a damaged ELF file")
    symbols, names = sections[link][4], sections[sections[link][2]][4]
    for at in range(0, len(table) - 23, 24):
        offset, info = struct.unpack_from("<QQ", table, at)
        symbol = (info >> 32) * 24
        if symbol + 24 > len(symbols):
            raise ValueError("a damaged ELF file")
        # clang's control flow integrity adds a suffix.
        name = _text(names, struct.unpack_from("<I", symbols, symbol)[0]).partition(".")[0]
        if name in _FUNCTIONS:
            found[_FUNCTIONS[name]] = offset
    return found


def _text(table, start):
    end = table.find(b"\0", start)
    return table[start:end if end >= 0 else len(table)][:512].decode("ascii", "replace")


def unpacked(path, run=None):
    """Return the content of a module's file, whatever its compression.

    Args:
        path: Path of the file.
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`, for modules that need zstd.

    Raises:
        ValueError: It cannot be unpacked here, or is too large.
    """
    content = read_file(path, LARGEST + 1)
    if content is None or len(content) > LARGEST:
        raise ValueError("it is missing" if content is None else "it is too large")
    try:
        if content[:6] == b"\xfd7zXZ\0":
            import lzma  # noqa: PLC0415  # pylint: disable=import-outside-toplevel  # a Python of a small board may lack it

            try:
                content = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY).decompress(content, _MOST + 1)
            except (lzma.LZMAError, MemoryError) as error:
                raise ValueError(str(error)) from error
        elif content[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                content = stream.read(_MOST + 1)
        elif content[:4] == _ZSTD:
            content = _from_zstd(path, run)
    except (OSError, EOFError, ImportError, zlib.error) as error:
        raise ValueError(str(error)) from error
    if len(content) > _MOST:
        raise ValueError("it is too large when unpacked")
    return content


def _from_zstd(path, run):
    if run is None or not shutil.which("zstd"):
        raise NotCompared("it is compressed, and program zstd is missing")
    with tempfile.TemporaryDirectory(prefix="rkfleet-") as folder:
        target = os.path.join(folder, "module.ko")
        if run(["zstd", "--quiet", "--decompress", "--memory=128MB", "-o", target, "--", path])[0]:
            raise ValueError("zstd cannot unpack it")
        return read_file(target, _MOST + 1) or b""


def own_modules(modules, run, release):
    """Return up to 3 `(path, layout)` of modules that were built with the kernel, of different folders if possible."""
    found, tries = [], 0
    # Modules that the program zstd has to unpack come last.
    for late in (False, True):
        for folder, folders, files in os.walk(os.path.join(modules, "kernel")):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(folder, name)
                if not kernel_module(name) or name.endswith(".zst") != late or os.path.islink(path):
                    continue
                if len(found) >= _MOST_REFERENCES or tries >= _MOST_FILES:
                    return found
                tries += 1
                try:
                    theirs = layout(unpacked(path, run))
                except ValueError:
                    continue
                # Other packages' modules may be there, too: they were built with the headers, like ours.
                if theirs["intree"] and theirs["vermagic"].split(" ")[0] == release and theirs["offsets"]:
                    found.append((path, theirs))
                    break
    return found


def structures(content, names):
    """Return `{name: [(size, {member: offset}), ...]}` of structures in BTF. Sizes and offsets are in bytes.

    Without a walk over all types: the name's number with the kind that follows it is found nowhere else.
    """
    if content[:2] != b"\x9f\xeb" or len(content) < 24:
        return {}
    length, types, types_length, strings, strings_length = struct.unpack_from("<IIIII", content, 4)
    table = content[length + types:length + types + types_length]
    texts = content[length + strings:length + strings + strings_length]
    found = {}
    for name in names:
        number = texts.find(b"\0" + name.encode() + b"\0") + 1
        if not number:
            continue
        pattern = re.escape(struct.pack("<I", number)) + rb"(..)\0([\x04\x84])(....)"
        for match in re.finditer(pattern, table, re.DOTALL):
            if match.start() % 4:
                continue
            count, size = struct.unpack("<H", match[1])[0], struct.unpack("<I", match[3])[0]
            members = {}
            for at in range(match.end(), min(match.end() + 12 * count, len(table) - 11), 12):
                label, dummy, offset = struct.unpack_from("<III", table, at)
                # Bit fields share this word with their width.
                members.setdefault(_text(texts, label), (offset & 0xFFFFFF if match[2] == b"\x84" else offset) // 8)
            found.setdefault(name, []).append((size, members))
    return found


def differences(ours, theirs):
    """Return what differs between two modules for the same kernel, in words."""
    found = []
    size, other = ours["size"], theirs["size"]
    if size != other:
        found.append(f"struct module has {size} bytes, and {other} in the kernel's")
    for name in ("init", "exit"):
        mine, other = ours["offsets"].get(name), theirs["offsets"].get(name)
        if mine is not None and other is not None and mine != other:
            found.append(f"its {name} is at byte {mine}, and at {other} in the kernel's")
    magic, other = ours["vermagic"], theirs["vermagic"]
    if magic != other:
        found.append(f"its vermagic is {magic[:120]!r}, and {other[:120]!r} in the kernel's")
    elif bool(ours["versions"]) != bool(theirs["versions"]):
        found.append("only one of them has symbol versions")
    wrong = sorted(name for name in set(ours["versions"]) & set(theirs["versions"])
                   if ours["versions"][name] != theirs["versions"][name])
    if wrong:
        found.append("the versions of these symbols differ: {}".format(", ".join(wrong[:_MOST_NAMES])))
    return found


def btf_differences(ours, content):
    """Return `(what differs between a module and the running kernel's BTF in words, number of structures compared)`."""
    known = structures(content, ["module", *ours["sizes"]])
    found, compared = [], 0
    for name, size in dict(ours["sizes"], module=ours["size"]).items():
        choices = known.get(name) or []
        compared += bool(choices)
        if choices and size not in [choice[0] for choice in choices]:
            found.append(f"struct {name} has {size} bytes, and {choices[0][0]} in the kernel")
    for name, offset in ours["offsets"].items():
        places = [members[name] for dummy, members in known.get("module", ()) if name in members]
        if places and offset not in places:
            found.append(f"its {name} is at byte {offset}, and at {places[0]} in the kernel")
    return found, compared


def layout_problem(run, path, kernel, root="/"):
    """Return `(sentence on a module that would crash this kernel or None, note on what was compared)`.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        path: Path of the built module.
        kernel: Release of the kernel.
        root: Root folder of the board's files.
    """
    modules = os.path.join(root, "lib/modules", kernel)
    theirs = own_modules(modules, run, kernel)
    btf = b""
    if os.uname().release == kernel:
        btf = read_file(os.path.join(root, "sys/kernel/btf/vmlinux"), _LARGEST_BTF) or b""
    if not theirs and not btf:
        return None, f"not compared: no module of kernel {kernel} can be read, and there is no BTF"
    try:
        ours = layout(unpacked(path, run))
    except NotCompared as error:
        return None, f"not compared: {error}"
    except ValueError as error:
        return f"{path} cannot be read: {error}", ""
    wrong = [(os.path.basename(other), differences(ours, layout_)) for other, layout_ in theirs]
    notes = []
    if wrong:
        notes.append("compared with {}".format(", ".join(name for name, dummy in wrong)))
        if all(found for dummy, found in wrong):
            return _sentence(run, kernel, modules, "{}: {}".format(wrong[0][0], "; ".join(wrong[0][1]))), notes[0]
    if btf:
        found, compared = btf_differences(ours, btf)
        notes.append(f"{compared} structures compared with BTF")
        if found:
            return _sentence(run, kernel, modules, "BTF: {}".format("; ".join(found[:_MOST_NAMES]))), notes[-1]
    return None, "; ".join(notes)


def _sentence(run, kernel, modules, found):
    names = packages(run, modules)
    return (
        "the kernel headers do not match kernel {} although they state its release: a module built with them would "
        "crash the kernel or be refused (compared with {}). Update kernel and headers together{}, reboot, then rerun "
        "the playbook".format(kernel, found, " (apt-get install {})".format(" ".join(names)) if names else ""))


def packages(run, modules):
    """Return the names of the packages that hold the kernel's modules and its headers, as far as dpkg knows them."""
    if not shutil.which("dpkg-query"):
        return []
    build = os.path.realpath(os.path.join(modules, "build"))
    found = []
    for path in (os.path.join(modules, "modules.builtin"), os.path.join(build, "Makefile")):
        for place in (path, os.path.realpath(path)):
            rc, out, dummy = run(["dpkg-query", "--search", place])
            owner = _PACKAGE.search(out) if rc == 0 else None
            if owner:
                if owner.group(1) not in found:
                    found.append(owner.group(1))
                break
    return found
