# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of the modules that run on boards, as their RETURN documents them."""

from __future__ import annotations

from ...module_utils._inference.diagnoses import NAMES
from .facts import FACTS
from .record import TOP5
from .values import BASE64, FLAG, INTEGER, LOG, NUMBER, OBJECT, TEXT, TEXTS, Some

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
    "npu_dkms": {"steps": TEXTS, "module_file": TEXT, "probes": TEXTS, "losses": _LOSSES, "layout": TEXT,
                 "notes": TEXTS},
    "npu_facts": {"ansible_facts": {"npu": FACTS}},
    "npu_apt": {"packages": TEXTS, "kept": {str: TEXT}, "repaired": FLAG},
    "npu_trial_build_info": {"kernels": [_TRIED]},
    "npu_reboot": {"rebooted": FLAG, "elapsed": INTEGER},
    "npu_record": {"record": OBJECT, "refreshed": FLAG},
    "npu_runtime": {"diverted": TEXTS, "kept": TEXT, "runtime": FACTS["runtime"]},
    "npu_transaction": {
        "resumed": FLAG, "baseline": OBJECT, "stopped": TEXTS, "reboot_required": FLAG, "packages": TEXTS,
        "guarded": FLAG, "note": TEXT, "locked": OBJECT,
    },
    "rknn_mobilenet": {
        "verdict": ("verified", "failed", "skipped"), "diagnosis": NAMES,
        "evidence": TEXT, "remedy": TEXT, "top5": TOP5, "expected_top5": TOP5, "tolerance": NUMBER,
        "latency_ms": {"runs": INTEGER, "min": NUMBER, "median": NUMBER, "max": NUMBER},
        "cores": [INTEGER], "users": TEXTS, "sdk_version": TEXT, "driver_version": TEXT, "notes": TEXTS, "log": TEXTS,
        "skip_reason": TEXT,
    },
}
ADDED = {
    "npu_dkms": {"stored", "log_file"}, "npu_trial_build_info": {"stored", "log_file"},
    "rknn_mobilenet": {"model_file"},
}
"""Documented keys that never come from a board."""
_KERNEL_LINE = {"text": TEXT, "count": INTEGER, "load": INTEGER, "ours": FLAG}
INTERNAL: dict[str, dict] = {
    "npu_dkms": {"built": _BUILT, "log": LOG, "refused": TEXT, "unexplained": TEXT},
    "npu_trial_build_info": {"kernels": [Some(_TRIED, built=_BUILT, log=LOG)]},
    "rknn_mobilenet": {"missing": TEXTS, "kernel_log": {"run": [_KERNEL_LINE], "log": [_KERNEL_LINE]}},
}
"""Keys that an action plugin removes from the answer."""
WITH_DIFF = ("npu_boot", "npu_record")
COMMON = {"changed": FLAG, "failed": FLAG, "skipped": FLAG, "rc": INTEGER, "msg": TEXT}
