# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of the modules that run on boards, as their RETURN documents them."""

from __future__ import annotations

from .facts import FACTS
from .record import TOP5
from .values import BASE64, FLAG, INTEGER, LOG, NUMBER, OBJECT, OPTIONAL_FLAG, TEXT, TEXTS, Some

_LOSSES = [Some({"name": TEXT, "cause": TEXT})]
_TRIED = Some({
    "release": TEXT, "verdict": ("builds", "fails", "unsupported", "no_headers", "no_tools"), "reason": TEXT,
    "headers": TEXT,
    "probes": TEXTS, "losses": _LOSSES, "layout": TEXT,
})
_BUILT = Some({
    "name": TEXT, "content": BASE64, "sha256": TEXT, "symvers": TEXT, "vermagic": TEXT, "tools": {str: TEXT},
})
# Without the keys that action plugins add on the controller.
ANSWERS: dict[str, dict] = {
    "npu_boot": {"kernel_hold": FLAG, "loader": TEXT, "files": TEXTS, "kept": {str: TEXT}},
    "npu_dkms": {"steps": TEXTS, "module_file": TEXT, "layout": TEXT, "notes": TEXTS},
    "npu_facts": {"ansible_facts": {"npu": FACTS}},
    "npu_apt": {"packages": TEXTS, "kept": {str: TEXT}, "repaired": FLAG},
    "npu_trial_build_info": {"kernels": [_TRIED]},
    "npu_reboot": {"rebooted": FLAG, "elapsed": INTEGER},
    "npu_record": {"record": OBJECT, "refreshed": FLAG},
    "npu_runtime": {"diverted": TEXTS, "kept": TEXT, "runtime": FACTS["runtime"]},
    "npu_transaction": {
        "resumed": FLAG, "baseline": OBJECT, "stopped": TEXTS, "reboot_required": FLAG, "packages": TEXTS,
        "guarded": FLAG, "note": TEXT, "locked": OBJECT, "skip": {"verdict": ("held", "skipped"), "reason": TEXT},
    },
    "rknn_mobilenet": {"users": TEXTS},
}
JUDGED = ("verdict", "diagnosis", "evidence", "remedy", "may_change", "top5", "expected_top5", "tolerance",
          "latency_ms", "cores", "users", "sdk_version", "driver_version", "notes", "log")
"""Keys of rknn_mobilenet that the controller makes (plugin_utils/_facts/verification.py)."""
ADDED = {
    "npu_dkms": {"probes", "losses", "stored", "log_file"}, "npu_trial_build_info": {"stored", "log_file"},
    "npu_reboot": {"scheduled"}, "rknn_mobilenet": {"model_file", "skip_reason", *JUDGED} - {"users"},
}
"""Documented keys that never come from a board."""
_KERNEL_LINE = {"text": TEXT, "count": INTEGER, "load": INTEGER, "ours": FLAG}
_OUTCOME = Some({
    "stage": TEXT, "code": INTEGER, "error": TEXT, "signal": INTEGER, "timed_out": FLAG, "stuck": FLAG,
    "timeout": NUMBER, "sdk_version": TEXT, "driver_version": TEXT, "top": TOP5, "differs": TOP5, "elapsed": [NUMBER],
    "cores": [INTEGER], "core": INTEGER, "log": TEXTS,
})
_OBSERVED = Some({
    "outcome": _OUTCOME, "nodes": [{"path": TEXT, "exists": FLAG, "open": FLAG, "group": TEXT}], "kernel": TEXT,
    "cores": INTEGER, "user": TEXT,
    "around": Some({
        "rknpu_link": TEXT, "heap": OPTIONAL_FLAG, "iommu": OPTIONAL_FLAG, "npu_node": TEXT, "disabled_node": TEXT,
        "bound": TEXT, "version": TEXT, "soc": TEXT, "memory": INTEGER, "elsewhere": TEXT,
        "root": FLAG, "heap_open": OPTIONAL_FLAG,
    }),
})
INTERNAL: dict[str, dict] = {
    "npu_apt": {"unexplained": [{"text": TEXT, "log": LOG, "module": FLAG}]},
    "npu_dkms": {"built": _BUILT, "log": LOG, "refused": TEXT, "unexplained": TEXT},
    "npu_trial_build_info": {"kernels": [Some(_TRIED, built=_BUILT, log=LOG)]},
    "npu_transaction": {"in_use": FACTS["processes"]},
    "rknn_mobilenet": {"missing": TEXTS, "observed": _OBSERVED, "in_use": FACTS["processes"],
                       "kernel_log": {"run": [_KERNEL_LINE], "log": [_KERNEL_LINE]}},
}
"""Keys that an action plugin removes from the answer."""
WITH_DIFF = ("npu_boot", "npu_record")
COMMON = {"changed": FLAG, "failed": FLAG, "skipped": FLAG, "rc": INTEGER, "msg": TEXT}
