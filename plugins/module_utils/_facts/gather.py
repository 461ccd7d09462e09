# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Gather all facts for the plan in one pass, without changing the board. The only command is apt-cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import sys
import zlib

from . import packages
from .._boot import sources
from . import apt_kernels, device_tree, dkms, dpkg, driver, kernels, runtime, storage, system
from . import reboot
from . import device_nodes, holders
from . import headers
from . import upgrade
from .._board.paths import FACT_FILE
from .._board.tree import clean, clean_tree

# What the plan asks of a kernel's configuration; the rest of it only counts by its digest.
_OPTIONS = ("ROCKCHIP_RKNPU", "ROCKCHIP_RKNPU_DRM_GEM", "ROCKCHIP_RKNPU_DMA_HEAP", "MODULES", "MODVERSIONS",
            "MODULE_SIG_FORCE",
            "KALLSYMS", "DRM", "SYNC_FILE", "PM_DEVFREQ", "NO_GKI", "IKCONFIG_PROC", "DEBUG_FS")
_OPTION = re.compile(r"^CONFIG_(%s)=([ym])$" % "|".join(_OPTIONS), re.M)
_CONFIG_LIMIT = 4 << 20
_RELEASE = re.compile(r"[\w.+~-]{1,128}\Z")
_OS_RELEASE = re.compile(r"""^(ID|ID_LIKE|VERSION_CODENAME|VERSION|VERSION_ID|PRETTY_NAME)=(["']?)([^\n]*?)\2$""", re.M)
_SPACE = ("/usr", "/var", "/boot", "/lib/modules")
_PROGRAMS = ("/usr/local/bin/", "/usr/local/sbin/", "/usr/bin/", "/usr/sbin/")


def parse_config(text):
    """Return `{option: "y" | "m"}` of the options that the plan uses, without unset ones."""
    return dict(_OPTION.findall(text))


def _inflate(data):
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = stream.decompress(data, _CONFIG_LIMIT)
    if not stream.eof and len(text) < _CONFIG_LIMIT:
        raise EOFError("it is cut off")
    return text


def read_os(tree):
    """Return the distribution by os-release, the kind of container and the name of process 1."""
    text = tree.text("/etc/os-release", 65536)
    if text is None:
        text = tree.text("/usr/lib/os-release", 65536)
    fields = dict((m[0], clean(m[2])) for m in _OS_RELEASE.findall(text or ""))
    return {
        "id": fields.get("ID"), "id_like": fields.get("ID_LIKE"), "libc": system.read_libc(tree),
        "codename": fields.get("VERSION_CODENAME"), "version": fields.get("VERSION"),
        "version_id": fields.get("VERSION_ID"), "container": system.read_container(tree),
        "init": storage.read_init(tree),
    }


def _config(tree, release):
    """Return `(content, path)` of the running kernel's configuration."""
    for path in ("/boot/config-%s" % release, "/proc/config.gz", "/lib/modules/%s/build/.config" % release,
                 "/lib/modules/%s/config" % release):
        data = tree.data(path, _CONFIG_LIMIT)
        if data and path.endswith(".gz"):
            try:
                data = _inflate(data)
            except (EOFError, zlib.error) as error:
                tree.note(path, error)
                continue
        if data:
            return data, path
    return None, None


def read_signatures(tree, options):
    """Return why the running kernel only loads signed modules: its `config`, an `argument`, `lockdown`, or None."""
    if "MODULE_SIG_FORCE" in options:
        return "config"
    words = (tree.line("/proc/cmdline", 2048) or "").split()
    # The kernel itself says so, where the parameter can be read.
    if tree.line("/sys/module/module/parameters/sig_enforce", 8) == "Y" or any(
            re.match(r"module\.sig_enforce(?:=[1yY].*)?\Z", word) for word in words):
        return "argument"
    if re.search(r"\[(?:integrity|confidentiality)\]", tree.line("/sys/kernel/security/lockdown", 100) or ""):
        return "lockdown"
    return None


def read_banner(tree, uname):
    """Return `(build, compiler)` of the running kernel, as the kernel reports them."""
    # Linux version RELEASE (user@host) (gcc ..., GNU ld ...) #1 SMP ...; since 5.8 there may be brackets within the
    # third part.
    match = re.match(r"Linux version \S+ \([^()]*\) \((.*)\) (#.*)\Z", tree.line("/proc/version", 600) or "")
    return (match.group(2), match.group(1)) if match else (clean(uname.version), None)


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
    version, compiler = read_banner(tree, uname)
    machine = tree.line("/proc/sys/kernel/arch", 32) or clean(uname.machine)
    found = headers.read(tree, release, machine)
    return {
        "release": release,
        "build": version,
        # Ubuntu's own kernels have the version of Linux in no other place.
        "signature": tree.line("/proc/version_signature"),
        "compiler": compiler,
        "machine": machine,
        "headers": headers.usable(found),
        "headers_path": headers_path,
        "headers_lack": found["lacks"] if found else [],
        "headers_release": found["release"] if found else None,
        "headers_machine": found["machine"] if found else None,
        "headers_others": headers.others(tree, release),
        "vendor_headers": tree.exists(build + "/include/soc/rockchip/rockchip_opp_select.h") if headers_path else None,
        "config": options,
        "signatures": read_signatures(tree, options),
        "config_digest": hashlib.sha256(config).hexdigest() if config else None,
        "config_source": source,
        "symvers_digest": hashlib.sha256(symvers).hexdigest() if symvers else None,
        "boot_id": tree.line("/proc/sys/kernel/random/boot_id", 64),
        "kexec": reboot.read_kexec(tree),
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
    """Return what limits a build: `cores`, their total `mhz` (None if unknown), `memory` in MiB."""
    folder = "/sys/devices/system/cpu"
    cores = [name for name in tree.names(folder) if re.match(r"cpu\d+\Z", name)]
    clocks = [tree.line("%s/%s/cpufreq/cpuinfo_max_freq" % (folder, name), 20) or "" for name in cores]
    memory = re.search(r"^MemTotal:\s+(\d{1,12}) kB", tree.text("/proc/meminfo", 4096) or "", re.M)
    return {"cores": len(cores) or None,
            "mhz": sum(map(int, clocks)) // 1000 if cores
            and all(re.match(r"\d+\Z", clock) for clock in clocks) else None,
            "memory": int(memory.group(1)) >> 10 if memory else None}


def read_verification(tree):
    """Return the last recorded verification, with its `kernel`, `driver` and `runtime_sha256`, or None."""
    text = tree.text(FACT_FILE, 65536)
    if text is None:
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        tree.note(FACT_FILE, "not JSON")
        return None
    if not isinstance(record, dict):
        tree.note(FACT_FILE, "not a JSON object")
        return None
    verification = record.get("verification")
    if not isinstance(verification, dict):
        return None
    # What it was of: a verification says nothing of another kernel, driver or runtime.
    of = {"kernel": ("kernel", "release"), "driver": ("driver", "version"), "runtime_sha256": ("runtime", "sha256")}
    for name, (part, key) in of.items():
        verification[name] = (record.get(part) if isinstance(record.get(part), dict) else {}).get(key)
    return clean_tree(verification)


def _nothing_of(keys, **known):
    return dict(dict.fromkeys(keys.split()), **known)


def gather(tree, uname=None, uid=None, ask_node=driver.ask, ask_repository=None):
    """Return the facts as documented by npu_facts. Each part is independent: failures are listed in `unread`.

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
        "board": part("board", _nothing_of("model soc serial", compatible=[]), device_tree.read_board, tree),
        "os": part("os", _nothing_of("id id_like libc codename version version_id container init"), read_os, tree),
        "kernel": part("kernel",
                       _nothing_of("headers_path headers_release headers_machine vendor_headers signatures "
                                   "config_digest config_source symvers_digest boot_id build compiler kexec signature",
                                   config={}, headers=False, headers_lack=[], headers_others=[],
                                   release=clean(uname.release),
                                   machine=clean(uname.machine)), read_kernel, tree, uname),
        "device": part("device", dict(dict.fromkeys(device_tree.KEYS), compatible=[]), device_tree.read_device,
                       tree),
        "dkms": part("dkms", {"available": False, "version": None, "modules": []}, dkms.read, tree),
        "runtime": part("runtime",
                        _nothing_of("path link version build sha256 git_blob size loader package diverted_by",
                                    others=[], packaged=[], diverted=[]), runtime.read, tree),
        "rkllm": part("RKLLM", _nothing_of("path version"), runtime.read_rkllm, tree),
        "boot": dict(_nothing_of("loader config configured next default update error", cmdline=cmdline),
                     files=part("boot loader", [], sources.read, tree)),
        "tools": part("tools",
                      _nothing_of("python bits", make=False, compiler=False, dkms=False, kexec=False,
                                  packages_interrupted=False, apt=False), read_tools, tree),
        "hardware": part("hardware", _nothing_of("cores mhz memory"), read_hardware, tree),
        "watchdog": part("watchdog", _nothing_of("usable problem timeout"), reboot.read_watchdog, tree),
        "filesystems": part("file systems", [], storage.read_filesystems, tree),
        "space": part("free space", {}, lambda: dict((path, tree.free_mib(path)) for path in _SPACE)),
        "repository": part("package repositories", None, apt_kernels.read, tree, ask_repository),
        "verification": part("verification", None, read_verification, tree),
        "upgrade": part("upgrade",
                        _nothing_of("since why run baseline driver locked_by hold", state="unknown", pending=False,
                                    origin=False),
                        upgrade.read, tree),
        "privileged": uid == 0,
    }
    facts["boot"]["links"] = part("boot files", [], storage.read_boot_links, tree)
    facts["kernels"] = part("installed kernels", [], kernels.read, tree, facts["kernel"]["release"])
    facts["device_nodes"] = part("device nodes", [], device_nodes.read, tree)
    facts["driver"] = part(
        "driver", _nothing_of("module version date render_node builtin_version", presence="absent",
                              version_source="unknown",
                              builtin_suppressed=False, loaded=[], files=[]),
        driver.read, tree, facts["kernel"]["release"], facts["device"], facts["kernel"]["config"], cmdline,
        facts["dkms"], ask_node, uid == 0, facts["device_nodes"])
    facts["driver"]["blocked"] = part("modprobe configuration", [], system.read_modprobe, tree)
    facts["processes"] = part("processes", [], holders.holders, tree, facts["device_nodes"], (os.getpid(),))
    part("programs with another runtime", None, runtime.note_programs, tree, facts["runtime"], facts["processes"])
    facts["packages"] = part("packages", {"kernel": [], "holds": []}, dpkg.read, tree, facts["kernel"]["release"],
                             facts["kernel"]["headers_path"])
    facts["unread"] = tree.unread
    return facts
