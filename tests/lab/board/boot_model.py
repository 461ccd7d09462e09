# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a boot implies on an upgradable light board: pure functions of boot configuration, modules and faults.

The boards' stand-in kernel (kernel.py) uses them, and unit tests do. They need nothing of the lab or the collection.
"""

from __future__ import annotations

import errno
import re
import struct

LOADERS = ("u-boot-menu", "grub", "orangepi")
FAULTS = (
    "none",
    "build-fails",
    "no-bind",
    "inference-fails",
    "never-back",
    "late-back",
    "ssh-flaps",
    "disk-full",
    "slow",
    "silent",
)
INITCALL = "rknpu_init"
MODULES = ("rknpu", "rknpu_dkms")
#: What Orange Pi's boot script (boot.cmd) gives a kernel, with what its environment file sets.
ORANGEPI = (
    "root={rootdev} rootwait rootfstype=ext4 console=ttyS2,1500000 console=tty1 consoleblank=0 loglevel=1 "
    "ubootpart=614e0000-0001 usb-storage.quirks={usbstoragequirks} {extraargs} cgroup_enable=cpuset cgroup_memory=1"
)


class NoBoot(Exception):
    """A boot configuration with which this board would not start, with one sentence why."""


# -- the boot loader -------------------------------------------------------------------------------------------------


def extlinux(text):
    """Return `(path of the kernel, its arguments)` of the default entry of an extlinux.conf, as U-Boot reads it."""
    default, label, entries = None, None, {}
    for line in text.splitlines():
        word, _blank, rest = line.strip().partition(" ")
        word, rest = word.partition("\t")[0].lower(), rest.strip()
        if word == "default":
            default = rest
        elif word == "label":
            label = rest
            entries.setdefault(label, {})
        elif label is not None and word in ("linux", "kernel", "append"):
            entries[label]["linux" if word == "kernel" else word] = rest
    chosen = entries.get(default) or next(iter(entries.values()), None)
    if not chosen or not chosen.get("linux"):
        raise NoBoot("extlinux.conf has no entry with a kernel")
    return chosen["linux"], chosen.get("append", "")


def grub(text):
    """Return `(path of the kernel, its arguments)` of the first entry of a grub.cfg. GRUB adds BOOT_IMAGE in front."""
    found = re.search(r"^\s*linux\s+(\S+)[ \t]*(.*)$", text, re.MULTILINE)
    if not found:
        raise NoBoot("grub.cfg has no entry with a kernel")
    return found.group(1), f"BOOT_IMAGE={found.group(1)} {found.group(2).strip()}".strip()


def environment(text):
    """Return the kernel arguments that Orange Pi's boot script makes of its orangepiEnv.txt."""
    values = dict.fromkeys(("rootdev", "usbstoragequirks", "extraargs"), "")
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name in values:
            values[name] = value.strip()
    if not values["rootdev"]:
        raise NoBoot("orangepiEnv.txt sets no rootdev")
    return " ".join(ORANGEPI.format(**values).split())


def release_of(path):
    """Return the release of a kernel by the path of its image: `6.1.84-8-rk2410` of `/boot/vmlinuz-6.1.84-8-rk2410`."""
    return path.rpartition("/")[2].partition("-")[2]


# -- the kernel ------------------------------------------------------------------------------------------------------


def blacklisted(cmdline):
    """Return the names of the init functions that a kernel leaves out; it takes - for _ in an argument's name."""
    names = set()
    for word in cmdline.split():
        name, equals, value = word.partition("=")
        if equals and name.replace("-", "_") == "initcall_blacklist":
            names.update(filter(None, value.strip('"').split(",")))
    return names


def builtin_version(modinfo):
    """Return the version of the NPU driver that is built into a kernel, by its modules.builtin.modinfo, or None."""
    found = re.search(rb"(?:\A|\0)rknpu\.version=v?([0-9.]+)\0", modinfo)
    return found.group(1).decode() if found else None


def builtin_runs(version, cmdline):
    """Return whether the built-in driver is registered at boot, and thereby bound to the NPU."""
    return version is not None and INITCALL not in blacklisted(cmdline)


def vermagic(release):
    """Return the vermagic of modules of the lab's modelled kernels."""
    return f"{release} SMP preempt mod_unload modversions aarch64"


def load_error(info, release, loaded, has_builtin, registered, versions=None, exported=None):
    """Return the errno with which the kernel refuses to load a module, 0 if it does not.

    Args:
        info: {field: text} of the module's .modinfo.
        loaded: names of the modules that are loaded.
        has_builtin: whether a driver called rknpu is built into the kernel, in use or not: /sys/module has its name.
        registered: whether a platform driver called RKNPU is registered. There can be only one of a name.
        versions, exported: {symbol: checksum} of the module's imports and of what the kernel exports, if known.
    """
    if info.get("vermagic", "").split() != vermagic(release).split():
        return errno.ENOEXEC
    if any((exported or {}).get(name, checksum) != checksum for name, checksum in (versions or {}).items()):
        return errno.EINVAL
    if info.get("name") in loaded or (info.get("name") == "rknpu" and has_builtin):
        return errno.EEXIST
    if info.get("name") in MODULES and registered:
        return errno.EBUSY
    return 0


def binds(fault):
    """Return whether a registered driver of a module gets the NPU."""
    return fault != "no-bind"


def submit(driver, builtin, fault, broken):
    """Return how the simulated NPU answers a job: `ok` or `fail`.

    Args:
        driver: whether the driver is `builtin` or a `module`.
        builtin: how the built-in driver of this kind of board answers.
        broken: how the module does.
    """
    if driver == "builtin":
        return builtin
    return "fail" if fault == "inference-fails" else broken


# -- systemd ---------------------------------------------------------------------------------------------------------


def wanted_modules(texts):
    """Return the modules that systemd-modules-load loads, by the texts of modules-load.d in their order."""
    names = []
    for text in texts:
        for line in text.splitlines():
            name = line.strip()
            if name and name[0] not in "#;" and name not in names:
                names.append(name)
    return names


# -- the file of a module --------------------------------------------------------------------------------------------


def elf(sections, machine=183, kind=1):
    """Return a 64-bit ELF file of `(name, type, link, info, content)`, by default an object for aarch64."""
    sections = [("", 0, 0, 0, b""), *sections]
    names, places = b"\0", {}
    for name in [section[0] for section in sections] + [".shstrtab"]:
        places[name] = len(names)
        names += name.encode() + b"\0"
    sections.append((".shstrtab", 3, 0, 0, names))
    body, entries = b"", b""
    for name, type_, link, info, content in sections:
        flags = 2 if name in (".modinfo", ".gnu.linkonce.this_module", "__versions") else 0
        entries += struct.pack(
            "<IIQQQQIIQQ",
            places[name],
            type_,
            flags,
            0,
            64 + len(body),
            len(content),
            link,
            info,
            8,
            24 if type_ in (2, 4) else 0,
        )
        body += content + bytes(-len(content) % 8)
    header = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack(
            "<HHIQQQIHHHHHH", kind, machine, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, len(sections), len(sections) - 1
        )
    )
    return header + body + entries


def exported(release):
    """Return {symbol: checksum} of what a modelled kernel exports: each release has its own."""
    return {
        name: struct.unpack("<I", struct.pack("<q", hash_of(release + name))[:4])[0]
        for name in (
            "module_layout",
            "_printk",
            "platform_driver_unregister",
            "__platform_driver_register",
            "drm_dev_register",
        )
    }


def hash_of(text):
    """Return a number of 31 bits that is the same in each process."""
    number = 5381
    for character in text.encode():
        number = (number * 33 + character) & 0x7FFFFFFF
    return number


def module_file(name, release, version="", source="", intree=False):
    """Return a module of a modelled kernel: it has all that tools and kernels look at before it is run, and no code.

    Args:
        name: of the module.
        version: of the driver, if it states one.
        source: digest of what it was built from, its srcversion.
        intree: whether it came with the kernel.
    """
    info = {
        "license": "GPL",
        "version": version,
        "srcversion": source,
        "intree": "Y" if intree else "",
        "name": name,
        "depends": "",
        "vermagic": vermagic(release),
    }
    texts = b"".join(f"{key}={value}".encode() + b"\0" for key, value in info.items() if value or key == "depends")
    strings = b"\0init_module\0cleanup_module\0"
    symbols, relocations = bytes(24), b""
    for number, (function, offset) in enumerate(((b"init_module", 376), (b"cleanup_module", 840)), 1):
        symbols += struct.pack("<IBBHQQ", strings.index(b"\0" + function) + 1, 18, 0, 1, 0, 8)
        relocations += struct.pack("<QQq", offset, number << 32 | 257, 0)
    versions = b"".join(
        struct.pack("<Q56s", checksum, symbol.encode()) for symbol, checksum in exported(release).items()
    )
    return elf(
        [
            (".modinfo", 1, 0, 0, texts),
            (".gnu.linkonce.this_module", 1, 0, 0, bytes(24) + name.encode().ljust(872, b"\0")),
            (".rela.gnu.linkonce.this_module", 4, 4, 2, relocations),
            (".symtab", 2, 5, 1, symbols),
            (".strtab", 3, 0, 0, strings),
            ("__versions", 1, 0, 0, versions),
        ]
    )


def module_info(content):
    """Return `({field: text} of .modinfo, {symbol: checksum} of __versions)` of a module; ValueError if it is none."""
    if content[:6] != b"\x7fELF\x02\x01" or len(content) < 64 or content[16:20] != struct.pack("<HH", 1, 183):
        raise ValueError("no ELF object for aarch64")
    (table,) = struct.unpack_from("<Q", content, 40)
    count, names = struct.unpack_from("<HH", content, 60)
    try:
        headers = [struct.unpack_from("<IIQQQQIIQQ", content, table + 64 * number) for number in range(count)]
        texts = content[headers[names][4] : headers[names][4] + headers[names][5]]
    except (struct.error, IndexError) as error:
        raise ValueError("a damaged ELF file") from error
    parts = {
        texts[header[0] : texts.index(b"\0", header[0])]: content[header[4] : header[4] + header[5]]
        for header in headers
    }
    fields = dict(
        part.decode("utf-8", "replace").partition("=")[::2]
        for part in parts.get(b".modinfo", b"").split(b"\0")
        if part
    )
    versions = parts.get(b"__versions", b"")
    found = {
        versions[at + 8 : at + 64].split(b"\0")[0].decode(): struct.unpack_from("<Q", versions, at)[0]
        for at in range(0, len(versions) - 63, 64)
    }
    return fields, found
