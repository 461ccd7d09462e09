# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts of a board: a row for each. The gate accepts no others.

A Field of a section that record.py lists is also in the record of the board, and so in queries, fleet.json and its
schema, and if its row says so in fleet.csv, fleet.html and fleet.prom. A new fact is a row here, the code in module_utils/_facts that reads
it, and RETURN of module npu_facts.
"""

from __future__ import annotations

from .values import FLAG, INTEGER, LOG, OBJECT, OPTIONAL_FLAG, SENTENCE, TEXT, TEXTS, VERSION, Field, Some, part

FACTS = {
    "board": part({
        "model": Field(TEXT, column="model", title="Model", label="model"),
        "soc": Field(TEXT, column="soc", title="SoC", label="soc"),
        "serial": Field(TEXT, column="serial", title="Serial"),
        "compatible": Field(TEXTS),
    }, "from the device tree"),
    "os": part({
        "id": Field(TEXT),
        "codename": Field(TEXT),
        "version": Field(TEXT, column="os", title="System"),
        "version_id": Field(TEXT),
        "container": Field(TEXT, "what it is instead of a board"),
        "libc": Field(TEXT),
        "id_like": TEXT, "init": TEXT,
    }),
    "kernel": part({
        "release": Field(TEXT, column="kernel", title="Kernel", label="kernel"),
        "machine": Field(TEXT),
        "headers": Field(FLAG, "whether modules can be built for it", column="headers"),
        "signatures": Field((None, "config", "argument", "lockdown"), "what makes it load signed modules only"),
        "config_digest": Field(TEXT),
        "boot_id": Field(TEXT),
        "headers_path": TEXT, "vendor_headers": OPTIONAL_FLAG, "symvers_digest": TEXT, "build": TEXT, "compiler": TEXT,
        "signature": TEXT,
        "config": {str: TEXT}, "config_source": TEXT, "kexec": (None, "loaded", "locked", "reboot"),
        "headers_lack": TEXTS, "headers_release": TEXT, "headers_machine": INTEGER,
        "headers_others": [{"package": TEXT, "release": TEXT}],
    }, "the one that runs"),
    "kernels": [
        {"release": TEXT, "running": FLAG, "headers": FLAG, "module": FLAG, "builtin": FLAG, "build_log": TEXTS},
    ],
    "device": part({
        "node": Field(TEXT),
        "address": Field(TEXT),
        "status": Field(TEXT),
        "driver": Field(TEXT, "what is bound to it"),
        "override": Field(TEXT, "the driver that the owner reserves it for"),
        "compatible": TEXTS, "name": TEXT, "deferred": TEXT, "iommu": TEXT,
    }, "the NPU"),
    "driver": part({
        "version": Field(VERSION, column="driver", title="Driver", label="driver"),
        "date": Field(TEXT, column="driver_date"),
        "presence": Field(("builtin", "module", "absent", "rocket"), "how the kernel itself has it",
                          column="driver_presence", title="Driver is"),
        "module": Field(TEXT, column="driver_module", title="Module"),
        "version_source": Field(TEXT),
        "builtin_version": Field(TEXT),
        "builtin_suppressed": Field(FLAG, "whether a kernel argument suppresses the built-in driver"),
        "render_node": Field(TEXT),
        "loaded": TEXTS, "files": TEXTS,
        "blocked": [{"path": TEXT, "module": TEXT, "text": TEXT}],
    }, "the running driver"),
    "condition": part({
        "hz": Field(INTEGER, "the NPU's clock", column="npu_hz"),
        "lowest_hz": Field(INTEGER),
        "highest_hz": Field(INTEGER, "the highest clock that the NPU has", column="npu_highest_hz"),
        "limit_hz": Field(INTEGER, "the highest clock that it may have"),
        "governor": Field(TEXT, "what decides on the clock", column="npu_governor", title="NPU governor"),
        "iommu": Field(OPTIONAL_FLAG, "whether its memory goes through its IOMMU, or comes from CMA"),
        "cma": Field(INTEGER, "MiB"),
        "cma_free": Field(INTEGER, "MiB"),
        "power": Field(TEXT, "active, suspended or error"),
        "load": Field(TEXT, "of each core"),
        "domains": [{"name": TEXT, "status": TEXT}],
    }, "the NPU when it was inspected"),
    "kernel_log": part({
        "jobs_failed": Field(INTEGER, "how many jobs failed since the driver was loaded", column="jobs_failed"),
        "iommu_faults": Field(INTEGER, "how many page faults its IOMMU had since then"),
        "ours": Field(INTEGER, "how many jobs failed in verifications since then, which do not count"),
        "complete": Field(OPTIONAL_FLAG, "whether the log still begins with the boot"),
        "lines": Field(TEXTS, "the telling lines about the NPU, and what they mean", longest=SENTENCE),
        "suspect": TEXT, "remedy": TEXT, "cause": TEXT, "cause_remedy": TEXT,
    }, "what the kernel log says of the NPU"),
    "runtime": part({
        "version": Field(TEXT, column="runtime", title="Runtime", label="runtime"),
        "sha256": Field(TEXT, column="runtime_sha256"),
        "path": Field(TEXT, title="Runtime file"),
        "build": Field(TEXT),
        "link": TEXT, "git_blob": TEXT, "size": INTEGER, "loader": TEXT,
        "package": Field(TEXT, "the package that librknnrt.so belongs to"),
        "diverted": Field(TEXTS, "names of librknnrt.so that are diverted, so that an upgrade of the package keeps ours"),
        "packaged": TEXTS, "diverted_by": TEXT,
        "others": [{"path": TEXT, "version": TEXT, "sha256": TEXT, "programs": TEXTS}],
    }, "librknnrt.so"),
    "rkllm": part({"path": Field(TEXT), "version": Field(TEXT)}, "librkllmrt.so, which is never changed"),
    "boot": {
        "loader": TEXT, "config": TEXT, "cmdline": TEXT, "configured": TEXT, "next": TEXT, "default": TEXT,
        "update": TEXT, "error": TEXT, "files": [{"path": TEXT, "text": LOG}],
        "links": [{
            "path": TEXT, "target": TEXT,
            "problem": (None, "loop", "dangling", "folder", "special", "blank", "elsewhere", "locked"),
        }],
    },
    "device_nodes": [{
        "path": TEXT, "kind": ("card", "render", "misc"), "number": TEXT, "target": TEXT, "group": TEXT, "mode": TEXT,
        "missing": FLAG,
    }],
    # The controller derives the last three from cgroups.
    "processes": [Some({
        "pid": INTEGER, "name": TEXT, "nodes": TEXTS, "cgroups": TEXTS, "unit": TEXT, "container": TEXT,
        "manager": TEXT,
    }, needed=("pid", "name"))],
    "dkms": {
        "available": FLAG, "version": TEXT,
        "modules": [{
            "name": TEXT, "version": TEXT, "kernel": TEXT, "arch": TEXT, "state": TEXT, "original": FLAG,
            "foreign": FLAG, "package": TEXT, "others": FLAG, "left_out": TEXTS,
        }],
    },
    "tools": {
        "make": FLAG, "compiler": FLAG, "dkms": FLAG, "kexec": FLAG, "packages_interrupted": FLAG, "apt": FLAG,
        "python": VERSION, "bits": INTEGER,
    },
    "packages": {"kernel": [{"name": TEXT, "part": TEXT, "version": TEXT, "hold": FLAG}], "holds": TEXTS},
    "hardware": {"cores": INTEGER, "mhz": INTEGER, "memory": INTEGER},
    "watchdog": {"usable": OPTIONAL_FLAG, "problem": TEXT, "timeout": INTEGER},
    "filesystems": [{"path": TEXT, "mount": TEXT, "type": TEXT, "read_only": FLAG, "lasting": FLAG, "with_root": FLAG}],
    "space": {str: INTEGER},
    "repository": OBJECT,
    "verification": OBJECT,
    "upgrade": part({
        "state": Field(TEXT, column="upgrade_state", title="Upgrade"),
        "since": Field(TEXT),
        "why": Field(TEXT, longest=SENTENCE),
        "pending": Field(FLAG, "whether an upgrade is neither committed nor rolled back", column="upgrade_pending"),
        "origin": Field(FLAG, "whether there is something that rollback-npu.yml would restore"),
        "hold": Field(TEXT, column="hold", title="Hold"),
        "locked_by": Field(TEXT, title="Locked by"),
        "run": TEXT, "lock": OBJECT, "baseline": OBJECT, "driver": OBJECT,
    }, "what upgrades have left on the board"),
    "privileged": Field(FLAG, "whether it was read as root", column="privileged", nullable=False),
    "unread": Field(TEXTS, "what could not be read, each with the reason", longest=SENTENCE),
}
