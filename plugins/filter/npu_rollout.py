# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters npu_cause, npu_failure, npu_rollout and npu_rollout_gate; documented in the files of these names."""

from __future__ import annotations

import contextlib
import os

from ansible.errors import AnsibleFilterError
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _clock, _settings
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import failure
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report.hostvars import board_variables
from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import decide, staging
from ansible_collections.rkfleet.npu.plugins.plugin_utils._store.inputs import build_files_digest


def npu_rollout(hostvars, boards, settings, verified=None, staging_group=None):
    """Return the decision for each of these boards, before any of them is changed."""
    missing = [name for name in decide.SETTINGS if name not in settings]
    if missing:
        raise AnsibleFilterError("npu_rollout: settings are missing: %s" % ", ".join(missing))
    variables = _all_variables(hostvars, boards)
    for board, known in variables.items():
        # The value from before the board was contacted, which the board cannot change.
        with contextlib.suppress(ValueError):
            known["npu_build_ok"] = _settings.load(board)["npu_build_ok"]
    seconds = {board: spent for board in boards if (spent := _clock.working(board))}
    build_files = build_files_digest(os.path.join(_settings.ROLES, "driver", "files", "dkms"))
    return decide.decide(variables, settings, verified or [], staging_group or [], seconds, build_files)


def npu_rollout_gate(hostvars, decision, stage=False, boards=None, failed=None, play=None, record=None):
    """Return which of the boards to be upgraded may start now."""

    def recorded():
        # The run has reported a record that it cannot read at its beginning, and warns when it cannot write it.
        with contextlib.suppress(staging.StagingError):
            return staging.read(os.path.expanduser(record)) if record else []
        return []

    if boards is None:
        variables = _all_variables(hostvars, decision["staging"] + decision["rollout"])
        return decide.gate(decision, variables, stage, recorded=recorded)
    # To read the variables of a board takes milliseconds. Those of this play are in `failed`, or still being upgraded.
    before = _all_variables(hostvars, [name for name in decision["staging"] if name not in (play or ())])
    return decide.gate(decision, before, stage, boards, failed or (), recorded)


def _all_variables(hostvars, boards):
    found = {}
    for board in boards:
        known = found[board] = board_variables(hostvars[board], decide.VARIABLES)
        if known.get("__npu_before"):
            # The validated facts. A built-in module that ran since may have replaced ansible_facts.
            known["ansible_facts"] = {"npu": known["__npu_before"]}
    return found


class FilterModule:
    """Filters of the collection."""

    def filters(self):
        """Return the filters by name."""
        return {
            "npu_cause": failure.cause_of, "npu_failure": failure.reason_of, "npu_rollout": npu_rollout,
            "npu_rollout_gate": npu_rollout_gate,
        }
