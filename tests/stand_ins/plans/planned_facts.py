# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts of boards, and their plans."""

from __future__ import annotations

import copy

from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner

RELEASE = "6.1.99-1-rk2312"
DATA = compatibility.load()
PINNED = DATA["runtimes"]["2.3.2"]
RUNTIME = {
    "path": "/usr/lib/librknnrt.so", "link": "/usr/lib/librknnrt.so", "version": "2.3.2", "build": PINNED["build"],
    "sha256": PINNED["sha256"], "git_blob": PINNED["git_blob"], "size": PINNED["size"],
    "loader": "/usr/lib/librknnrt.so", "others": [],
}
NO_RUNTIME = {
    "path": None, "link": None, "version": None, "build": None, "sha256": None, "git_blob": None, "size": None,
    "loader": None, "others": [],
}
ARGUMENT = "initcall_blacklist=rknpu_init"
OURS = {
    "name": "rknpu", "version": "0.9.6", "kernel": RELEASE, "arch": "aarch64", "state": "installed", "original": False,
}

# The mission's board: driver 0.9.3 built into 6.1, no runtime, everything else at hand.
MISSION = {
    "board": {
        "model": "Radxa ROCK 5B", "compatible": ["radxa,rock-5b", "rockchip,rk3588"], "soc": "rk3588", "serial": "1",
    },
    "os": {"id": "debian", "codename": "bookworm", "version": "12", "version_id": "12", "container": None},
    "kernel": {
        "release": RELEASE, "machine": "aarch64", "headers": True, "headers_path": "/usr/src/x",
        "config": {"MODULES": "y", "KALLSYMS": "y", "DRM": "y", "ROCKCHIP_RKNPU": "y"}, "boot_id": "b",
    },
    "device": {
        "node": "/npu@fdab0000", "address": "fdab0000", "compatible": ["rockchip,rk3588-rknpu"], "status": "okay",
        "name": "fdab0000.npu", "driver": "RKNPU",
    },
    "driver": {
        "presence": "builtin", "module": None, "version": "0.9.3", "date": "20231121", "version_source": "drm_ioctl",
        "render_node": "/dev/dri/renderD129", "builtin_suppressed": False,
        "builtin_version": "0.9.3", "loaded": [], "files": [],
    },
    "runtime": NO_RUNTIME,
    "boot": {
        "loader": "u-boot-menu", "config": "/etc/default/u-boot", "cmdline": "ro quiet", "configured": "ro quiet",
        "next": "ro quiet", "default": "ro quiet", "update": "/usr/sbin/u-boot-update", "error": None,
    },
    "processes": [], "dkms": {"available": True, "version": "3.0.10", "modules": []},
    "tools": {"make": True, "compiler": True, "dkms": True, "python": "3.11.2", "bits": 64},
    "space": {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000},
    "verification": None, "privileged": True, "unread": [],
}


def facts(**changes):
    """The mission's facts with parts changed: driver={...} merges into the part, anything else replaces it."""
    result = copy.deepcopy(MISSION)
    for part, change in changes.items():
        if isinstance(change, dict) and isinstance(result[part], dict) and part != "runtime":
            result[part].update(change)
        else:
            result[part] = change
    return result


def plan(wanted=None, data=None, **changes):
    return planner.npu_plan(facts(**changes), wanted or {}, data or DATA)


HELD = {"loader": "u-boot-menu", "configured": ARGUMENT, "next": "ro quiet " + ARGUMENT}
UPGRADED = {
    "driver": {
        "module": "rknpu_dkms", "version": "0.9.6", "builtin_suppressed": True, "loaded": ["rknpu_dkms"],
        "files": ["updates/dkms/rknpu_dkms.ko"],
    },
    "dkms": {"modules": [OURS]}, "boot": HELD, "runtime": RUNTIME,
}


def but(base, **changes):
    """Return changes to the mission's board with parts of them replaced."""
    return {**base, **changes}


def upgraded(**changes):
    """Return the changes that make the mission's board an upgraded one, with parts of them replaced."""
    return but(UPGRADED, **changes)


def record(driver, diagnosis="ok", runtime=None):
    """Return facts.verification of the mission's kernel."""
    return {
        "diagnosis": diagnosis, "driver": driver, "kernel": RELEASE, "runtime_sha256": (runtime or RUNTIME)["sha256"],
    }


OLD_RUNTIME = dict(
    RUNTIME, version="1.6.0", build="9a7b5d24c@2023-12-13T17:31:11", sha256="1" * 64,
    git_blob=DATA["runtimes"]["1.6.0"]["git_blob"],
)
BULLSEYE = {
    "driver": {"version": "0.8.2"}, "runtime": OLD_RUNTIME, "verification": record("0.8.2", runtime=OLD_RUNTIME),
}

STOCK = "6.1.0-31-arm64"

NOT_BOUND = {"driver": None}
