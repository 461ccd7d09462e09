# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prebuilt modules: check a module that another board has built, and pack it for DKMS.

The kernel compares symbol versions when it loads a module, which is after the reboot. They are compared here before,
with Module.symvers of the kernel headers or, without headers, with what the kernel's own modules import.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import tarfile

from ..._board.files import CHUNK, read_file, sha256_of
from ..._board.paths import kernel_module
from .module_layout import LARGEST, elf_sections, symbol_versions, unpacked

TOOLS = ("dkms", "make", "gcc")
# Folders whose modules are likely to import the same functions as an NPU driver, then all others.
_FIRST = ("kernel/drivers/gpu", "kernel/drivers/iommu", "kernel/drivers/dma-buf", "kernel/drivers/devfreq",
          "kernel/drivers/media", "kernel/drivers/mmc",
          "kernel/drivers/net", "kernel/drivers")
_MOST_MODULES = 300
FROM_STORE = "rkfleet.npu: this module is from the store\n"
"""First line of the build log of a module that this board has not built."""
_SYMVERS = re.compile(r"^0x([0-9a-f]{8})\t(\w+)\t", re.M)


class Binary:
    """A prebuilt module from the controller's store: its file, name, digest and build log."""

    def __init__(self, name, sha256, path="", log=""):
        self.path, self.name, self.sha256, self.log = path, name, sha256, log


def collect(run, path, headers):
    """Return a built module for the controller's store, or None if it is too large.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        path: Path of the module.
        headers: Folder of the kernel headers with which it was built.

    Returns:
        `{name, content, sha256, symvers, vermagic, tools}`, with content in base64.
    """
    content = read_file(path, LARGEST + 1)
    if content is None or len(content) > LARGEST:
        return None
    symvers = os.path.join(headers, "Module.symvers")
    tools = {}
    for tool in TOOLS:
        if shutil.which(tool):
            rc, out, dummy = run([tool, "--version"])
            tools[tool] = (out.splitlines() or [""])[0][:200] if rc == 0 else ""
    return {
        "name": os.path.basename(path), "content": base64.b64encode(content).decode(), "sha256": sha256_of(path),
        "symvers": sha256_of(symvers) if os.path.isfile(symvers) else "",
        "vermagic": run(["modinfo", "-F", "vermagic", path])[1].strip()[:200],
        "tools": tools,
    }


def lacking(modules):
    """Return what is missing for a build with DKMS, in words."""
    required = {"a compiler": shutil.which("gcc") or shutil.which("cc"), "make": shutil.which("make"),
                "kernel headers": os.path.exists(os.path.join(modules, "build/Makefile"))}
    return [what for what, found in required.items() if not found]


def damaged(binary):
    """Return one sentence if the file differs from its digest, or None."""
    if os.path.islink(binary.path) or not os.path.isfile(binary.path):
        return "it is not a plain file"
    found = sha256_of(binary.path)
    return None if found == binary.sha256 else f"it arrived damaged: sha256 {found}, expected {binary.sha256}"


def wanted_versions(run, path):
    """Return `{symbol: checksum}` of a module's imports, read by modprobe; empty without CONFIG_MODVERSIONS."""
    rc, out, err = run(["modprobe", "--dump-modversions", path])
    if rc:
        raise ValueError("modprobe cannot read it: {}".format(" ".join((err or out).split())[:200]))
    return {name: int(checksum, 16) for checksum, name in re.findall(r"^0x([0-9a-f]{8})\t(\S+)$", out, re.M)}


def symbols_problem(wanted, modules):
    """Return `(sentence on symbols that the kernel lacks in these versions or None, note)`."""
    known, source = headers_versions(modules), "Module.symvers"
    if known is None:
        known, source = imported_versions(modules, set(wanted)), "the kernel's own modules"
    else:
        missing = sorted(set(wanted) - set(known) - {"module_layout"})
        if missing:
            return f"this kernel has no {_some(missing)}", ""
    compared = sorted(set(wanted) & set(known))
    differing = [name for name in compared if wanted[name] != known[name]]
    if differing:
        return f"this kernel has other versions of {_some(differing)} (by {source})", ""
    return None, "%d of %d symbol versions compared with %s" % (len(compared), len(wanted), source)


def _some(names):
    return ", ".join(names[:5]) + (" and %d more" % (len(names) - 5) if len(names) > 5 else "")


def headers_versions(modules):
    """Return `{symbol: checksum}` from Module.symvers, or None without kernel headers."""
    content = read_file(os.path.join(modules, "build/Module.symvers"), 64 << 20)
    if not content:
        return None
    return {name: int(checksum, 16) for checksum, name in _SYMVERS.findall(content.decode("ascii", "replace"))}


def imported_versions(modules, names):
    """Return `{symbol: checksum}` of these symbols, as up to 300 of the kernel's own modules import them."""
    found, count = {}, 0
    for path in _own_modules(modules):
        if count >= _MOST_MODULES or len(found) == len(names):
            break
        count += 1
        for name, checksum in versions_of(path).items():
            if name in names:
                found.setdefault(name, checksum)
    return found


def _own_modules(modules):
    seen = set()
    for start in (*_FIRST, "kernel"):
        for folder, folders, files in os.walk(os.path.join(modules, start)):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(folder, name)
                # Python has no zstd.
                if kernel_module(name) and not name.endswith(".zst") and path not in seen:
                    seen.add(path)
                    yield path


def versions_of(path):
    """Return `{symbol: checksum}` from the section of a 64-bit module, empty if it cannot be read.

    In Python, because a modprobe process for each module takes too long.
    """
    try:
        return symbol_versions(elf_sections(unpacked(path)))
    except (OSError, ValueError):
        return {}


def tarball(binary, path, package, version, kernel, arch, conf):
    """Write a binaries-only archive like `dkms mktarball`, for all releases of DKMS.

    DKMS 2.8 needs dkms_dbversion, later releases ignore it.
    """
    texts = {
        "dkms_main_tree/dkms_dbversion": b"2.0.0\n",
        "dkms_binaries_only/PACKAGE_NAME": package.encode() + b"\n",
        "dkms_binaries_only/PACKAGE_VERSION": version.encode() + b"\n",
        "dkms_binaries_only/dkms.conf": conf or b"",
        f"dkms_main_tree/{kernel}/{arch}/log/make.log": (FROM_STORE + binary.log).encode("utf-8", "replace"),
    }
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in texts.items():
            tar.addfile(_member(name, len(content)), io.BytesIO(content))
        with open(binary.path, "rb", buffering=CHUNK) as stream:
            tar.addfile(_member(f"dkms_main_tree/{kernel}/{arch}/module/{binary.name}",
                                os.path.getsize(binary.path)), stream)


def _member(name, size):
    member = tarfile.TarInfo("./" + name)
    member.size, member.mode = size, 0o644
    return member
