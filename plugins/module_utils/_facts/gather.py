# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Gather all facts for the plan in one pass, without changing the board. The only command is apt-cache."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import sys
import zlib

from .._board.tree import clean
from .._boot import sources
from . import container, driver, holders, kernel_log, runtime, sent, system
from .hardware import device_nodes, device_tree, storage
from .installed import apt_kernels, dkms, dpkg, headers, kernels, packages

# What the plan asks of a kernel's configuration; the rest of it only counts by its digest.
_OPTIONS = ("ROCKCHIP_RKNPU", "ROCKCHIP_RKNPU_DRM_GEM", "ROCKCHIP_RKNPU_DMA_HEAP", "MODULES", "MODVERSIONS",
            "MODULE_SIG_FORCE",
            "KALLSYMS", "DRM", "SYNC_FILE", "PM_DEVFREQ", "NO_GKI", "IKCONFIG_PROC", "DEBUG_FS", "CMDLINE_FORCE")
_OPTION = re.compile(r"^CONFIG_(%s)=([ym])$" % "|".join(_OPTIONS), re.M)
_CONFIG_LIMIT = 4 << 20
_RELEASE = re.compile(r"[\w.+~-]{1,128}\Z")
_SPACE = ("/usr", "/var", "/boot", "/lib/modules")
_PROGRAMS = ("/usr/local/bin/", "/usr/local/sbin/", "/usr/bin/", "/usr/sbin/")


def parse_config(text):
    """Return `{option: "y" | "m"}` of the options that the plan uses, without unset ones."""
    return dict(_OPTION.findall(text))


def inflate(data):
    """Return unpacked gzip data."""
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = stream.decompress(data, _CONFIG_LIMIT)
    if not stream.eof and len(text) < _CONFIG_LIMIT:
        raise EOFError("it is cut off")
    return text


def read_os(tree):
    """Return the kind of container, the C library and the name of process 1."""
    return {"libc": system.read_libc(tree), "container": container.read(tree), "init": storage.read_init(tree)}


def _config(tree, release):
    """Return `(content, path)` of the running kernel's configuration."""
    for path in ("/boot/config-%s" % release, "/proc/config.gz", "/lib/modules/%s/build/.config" % release,
                 "/lib/modules/%s/config" % release):
        data = tree.data(path, _CONFIG_LIMIT)
        if data and path.endswith(".gz"):
            try:
                data = inflate(data)
            except (EOFError, zlib.error) as error:
                tree.note(path, error)
                continue
        if data:
            return data, path
    return None, None


def read_kernel(tree, uname):
    """Return release, architecture, headers, and the digests by which builds of a kernel differ."""
    release = tree.line("/proc/sys/kernel/osrelease", 128) or clean(uname.release)
    if not _RELEASE.match(release) or release in (".", ".."):
        raise ValueError("the kernel calls itself %r" % release)
    build = "/lib/modules/%s/build" % release
    headers_path = tree.follow(build) if tree.exists(build) else None
    config, source = _config(tree, release)
    symvers = tree.data(build + "/Module.symvers", 64 << 20) if headers_path else None
    options = parse_config(config.decode("utf-8", "replace")) if config else {}
    machine = tree.line("/proc/sys/kernel/arch", 32) or clean(uname.machine)
    found = headers.read(tree, release, machine)
    return {
        "release": release,
        "build": clean(uname.version),
        # Ubuntu's own kernels have the version of Linux in no other place.
        "signature": tree.line("/proc/version_signature"),
        "machine": machine,
        "headers": headers.usable(found),
        "headers_path": headers_path,
        "headers_lack": found["lacks"] if found else [],
        "headers_release": found["release"] if found else None,
        "headers_machine": found["machine"] if found else None,
        "headers_others": headers.others(tree, release),
        "vendor_headers": tree.exists(build + "/include/soc/rockchip/rockchip_opp_select.h") if headers_path else None,
        "config": options,
        "config_digest": hashlib.sha256(config).hexdigest() if config else None,
        "config_source": source,
        "symvers_digest": hashlib.sha256(symvers).hexdigest() if symvers else None,
        "boot_id": tree.line("/proc/sys/kernel/random/boot_id", 64),
    }


def _has_program(tree, *names):
    return any(tree.exists(folder + name) for folder in _PROGRAMS for name in names)


def read_tools(tree):
    """Return the programs for a build and the Python in use (bits: of the user space, not of the kernel)."""
    return {
        "make": _has_program(tree, "make"),
        "compiler": _has_program(tree, "gcc", "cc"),
        "dkms": _has_program(tree, "dkms"),
        "kexec": _has_program(tree, "kexec") or tree.exists("/sbin/kexec"),
        "packages_interrupted": packages.interrupted(tree),
        "apt": _has_program(tree, "apt-get") and tree.exists("/var/lib/dpkg/status"),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "bits": struct.calcsize("P") * 8,
    }


def read_hardware(tree):
    """Return what limits a build: `cores`, and their total `mhz` (None if unknown)."""
    folder = "/sys/devices/system/cpu"
    cores = [name for name in tree.names(folder) if re.match(r"cpu\d+\Z", name)]
    clocks = [tree.line("%s/%s/cpufreq/cpuinfo_max_freq" % (folder, name), 20) or "" for name in cores]
    return {"cores": len(cores) or None,
            "mhz": sum(map(int, clocks)) // 1000 if cores
            and all(re.match(r"\d+\Z", clock) for clock in clocks) else None}


def gather(tree, uname=None, uid=None, ask_node=driver.ask, ask_repository=None):
    """Return what the facts of npu_facts are made of. Each part is independent: failures are listed in `unread`.

    The controller completes them (plugin_utils/_facts/complete.py): of a part that failed there is None or what other
    parts need, and `sent` has files of which it makes further facts.

    uname and uid are os.uname() and os.geteuid() unless a test says otherwise; ask_node reads a driver's version,
    ask_repository the packages called linux-image-* (as _facts.apt_kernels; None without apt).
    """
    uname = uname or os.uname()
    uid = os.geteuid() if uid is None else uid

    def part(name, default, function, *args):
        try:
            return function(*args)
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A board whose one file is odd must still be reported on: the plan decides what matters.
            tree.note(name, "%s: %s" % (type(error).__name__, error))
            return default

    cmdline = part("kernel command line", "", lambda: tree.line("/proc/cmdline", 2048) or "")
    facts = {
        "board": part("board", None, device_tree.read_board, tree),
        "os": part("os", None, read_os, tree),
        "kernel": part("kernel", {"release": clean(uname.release), "machine": clean(uname.machine), "config": {},
                                  "headers_path": None}, read_kernel, tree, uname),
        "device": part("device", dict(dict.fromkeys(device_tree.KEYS), compatible=[]), device_tree.read_device, tree),
        "dkms": part("dkms", {"modules": []}, dkms.read, tree),
        "runtime": part("runtime", {"path": None, "others": []}, runtime.read, tree),
        "rkllm": part("RKLLM", None, runtime.read_rkllm, tree),
        "boot": {"cmdline": cmdline, "files": part("boot loader", [], sources.read, tree),
                 "links": part("boot files", [], storage.read_boot_links, tree)},
        "tools": part("tools", None, read_tools, tree),
        "hardware": part("hardware", None, read_hardware, tree),
        "filesystems": part("file systems", [], storage.read_filesystems, tree),
        "space": part("free space", {}, lambda: dict((path, tree.free_mib(path)) for path in _SPACE)),
        "repository": part("package repositories", None, apt_kernels.read, tree, ask_repository),
        "privileged": uid == 0,
    }
    facts["sent"] = part("files", [], sent.read, tree, facts["device"]["name"])
    facts["kernel_log"] = part("kernel log", None, kernel_log.read, tree, facts["device"]["address"])
    facts["kernels"] = part("installed kernels", [], kernels.read, tree, facts["kernel"]["release"])
    facts["device_nodes"] = part("device nodes", [], device_nodes.read, tree)
    facts["driver"] = part(
        "driver", {"version": None, "render_node": None}, driver.read, tree, facts["kernel"]["release"],
        facts["device"], facts["kernel"]["config"], cmdline, facts["dkms"], ask_node, uid == 0, facts["device_nodes"])
    facts["driver"]["blocked"] = part("modprobe configuration", [], system.read_modprobe, tree)
    facts["processes"] = part("processes", [], holders.holders, tree, facts["device_nodes"], (os.getpid(),))
    part("programs with another runtime", None, runtime.note_programs, tree, facts["runtime"], facts["processes"])
    facts["packages"] = part("packages", {"kernel": []}, dpkg.read, tree, facts["kernel"]["release"],
                             facts["kernel"]["headers_path"])
    facts["unread"] = tree.unread
    return facts
