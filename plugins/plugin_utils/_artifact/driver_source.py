# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compose the source tree of a DKMS package from the vendor's tarball and the collection's own files."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile

DRIVER = "drivers/rknpu/"
VENDOR = "vendor/"
# The known releases hold about 25 files and 300 kB.
MOST_FILES = 500
MOST_BYTES = 16 << 20

_MACRO = re.compile(rb"^\s*#\s*define\s+DRIVER_(MAJOR|MINOR|PATCHLEVEL)\s+(\d{1,4})\s*$", re.MULTILINE)

LAYOUT_MODULE = "rkfleet_layout"
"""Name of the empty module whose layout is compared with that of the kernel's modules."""


class SourceError(Exception):
    """A tarball that is not a driver release: one sentence why."""


def unpack(tarball):
    """Return `{name: bytes}` of a vendor tarball, names as in the tarball, all below `drivers/rknpu/`.

    Nothing is written. A link, a device or a member outside the folder is an error.

    Args:
        tarball: the bytes that were compared with the checksum; the file at its path may have changed since.
    """
    files, size = {}, 0
    try:
        with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
            for count, member in enumerate(archive, 1):
                name = member.name[2:] if member.name.startswith("./") else member.name
                if member.isdir() and (name in ("", ".") or (DRIVER.startswith(name + "/") or name.startswith(DRIVER))):
                    if ".." not in name.split("/"):
                        continue
                parts = name.split("/")
                if not name.startswith(DRIVER) or any(part in ("", ".", "..") for part in parts):
                    raise SourceError("member %r lies outside of %s" % (member.name, DRIVER))
                if not member.isreg():
                    raise SourceError("member %r is not a regular file" % member.name)
                size += member.size
                if count > MOST_FILES or size > MOST_BYTES:
                    raise SourceError("more than %d files or %d bytes" % (MOST_FILES, MOST_BYTES))
                files[name] = archive.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SourceError("it cannot be unpacked: %s" % error) from error
    return files


def version_of(files):
    """Return the version that a driver's source states in its header, as `0.9.6`."""
    header = files.get(DRIVER + "include/rknpu_drv.h")
    if header is None:
        raise SourceError("it has no %sinclude/rknpu_drv.h, so it is not the driver's source" % DRIVER)
    macros = dict(_MACRO.findall(header))
    try:
        return ".".join(str(int(macros[name])) for name in (b"MAJOR", b"MINOR", b"PATCHLEVEL"))
    except KeyError as error:
        raise SourceError("include/rknpu_drv.h states no DRIVER_%s" % error.args[0].decode()) from error


def dkms_tree(tarball, own_files, version, module):
    """Return `{name: bytes}` of a DKMS source tree.

    Args:
        tarball: the vendor's release as bytes; its files go below `vendor/`, byte for byte.
        own_files: folder with our Kbuild, probes, compat layer and `dkms.conf.in`.
        version: the version the tarball must state.
        module: name of the module to build, `rknpu` or `rknpu_dkms`.
    """
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){2}", version) or not re.fullmatch(r"[a-z][a-z0-9_]*", module):
        raise SourceError("%r and %r are not a version and a module name" % (version, module))
    vendor = unpack(tarball)
    found = version_of(vendor)
    if found != version:
        raise SourceError("it is driver %s, expected %s" % (found, version))
    tree = {VENDOR + name: content for name, content in vendor.items()}
    for folder, _folders, names in os.walk(own_files):
        for name in names:
            full = os.path.join(folder, name)
            with open(full, "rb") as stream:
                tree[os.path.relpath(full, own_files)] = stream.read()
    template = tree.pop("dkms.conf.in").decode()
    tree["dkms.conf"] = template.replace("@VERSION@", version).replace("@MODULE@", module).encode()
    return tree


def layout_tree(own_files):
    """Return `{name: bytes}` of the source of an empty module that only lists the sizes of the kernel's structures.

    Args:
        own_files: folder with our compat layer.
    """
    with open(os.path.join(own_files, "compat", LAYOUT_MODULE + ".c"), "rb") as stream:
        source = stream.read()
    kbuild = "obj-m := %s.o\nccflags-y := -DRKFLEET_LAYOUT_MODULE\n" % LAYOUT_MODULE
    return {"Kbuild": kbuild.encode(), LAYOUT_MODULE + ".c": source}


def archive(tree):
    """Return `(bytes, sha256)` of a tree as an uncompressed tar: the same tree gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(tree):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(tree[name]), 0o644
            tar.addfile(member, io.BytesIO(tree[name]))
    content = buffer.getvalue()
    return content, hashlib.sha256(content).hexdigest()
