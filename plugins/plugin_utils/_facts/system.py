# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Facts on distribution, kernel and memory, and the recorded verification, from the files that a board has sent."""

from __future__ import annotations

import json
import re

from ...module_utils._board.paths import FACT_FILE
from ...module_utils._board.tree import clean, clean_tree

_OS_RELEASE = re.compile(r"""^(ID|ID_LIKE|VERSION_CODENAME|VERSION|VERSION_ID|PRETTY_NAME)=(["']?)([^\n]*?)\2$""",
                         re.MULTILINE)
_SIG_ENFORCE = re.compile(r"module\.sig_enforce(?:=[1yY].*)?\Z")
_LOCKED_DOWN = re.compile(r"\[(?:integrity|confidentiality)\]")
# Linux version RELEASE (user@host) (gcc ..., GNU ld ...) #1 SMP ...; since 5.8 there may be brackets within the third
# part.
_BANNER = re.compile(r"Linux version \S+ \([^()]*\) \((.*)\) (#.*)\Z")
_MEMORY = re.compile(r"^(MemTotal|CmaTotal|CmaFree):\s{1,20}(\d{1,12}) kB", re.MULTILINE)


def read_os(tree):
    """Return the distribution by os-release."""
    text = tree.text("/etc/os-release", 65536)
    if text is None:
        text = tree.text("/usr/lib/os-release", 65536)
    fields = {name: clean(value) for name, dummy, value in _OS_RELEASE.findall(text or "")}
    return {name: fields.get(key) for name, key in (
        ("id", "ID"), ("id_like", "ID_LIKE"), ("codename", "VERSION_CODENAME"), ("version", "VERSION"),
        ("version_id", "VERSION_ID"))}


def read_signatures(tree, options, cmdline):
    """Return why the running kernel only loads signed modules: its `config`, an `argument`, `lockdown`, or None."""
    if "MODULE_SIG_FORCE" in options:
        return "config"
    # The kernel itself says so, where the parameter can be read.
    if tree.line("/sys/module/module/parameters/sig_enforce", 8) == "Y" or any(
            _SIG_ENFORCE.match(word) for word in cmdline.split()):
        return "argument"
    if _LOCKED_DOWN.search(tree.line("/sys/kernel/security/lockdown", 100) or ""):
        return "lockdown"
    return None


def read_banner(tree, version):
    """Return `{build, compiler}` of the running kernel, as the kernel reports them.

    Args:
        version: of uname(2), if the banner has none.
    """
    match = _BANNER.match(tree.line("/proc/version", 600) or "")
    return {"build": match.group(2) if match else version, "compiler": match.group(1) if match else None}


def read_memory(tree):
    """Return `{memory, cma, cma_free}` in MiB, each None if unknown: all of it, and what is kept for large buffers."""
    found = dict(_MEMORY.findall((tree.text("/proc/meminfo", 65536) or "")[:8192]))
    return {name: int(found[key]) >> 10 if key in found else None for name, key in (
        ("memory", "MemTotal"), ("cma", "CmaTotal"), ("cma_free", "CmaFree"))}


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
