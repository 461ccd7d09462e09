# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters npu_rollout and npu_rollout_gate; documented in the files of these names."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.rkfleet.npu.plugins.plugin_utils import _rollout
from ansible_collections.rkfleet.npu.plugins.plugin_utils._look import look


def npu_rollout(hostvars, boards, settings, proven=None, staging_group=None):
    """What becomes of each of these boards, before any of them is touched."""
    missing = [name for name in _rollout.SETTINGS if name not in settings]
    if missing:
        raise AnsibleFilterError("npu_rollout: the settings lack %s" % ", ".join(missing))
    return _rollout.decide(_looked_at(hostvars, boards), settings, proven or [], staging_group or [])


def npu_rollout_gate(hostvars, decision, stage=False):
    """Which of the boards that are to be upgraded may start now."""
    return _rollout.gate(decision, _looked_at(hostvars, decision["staging"] + decision["rollout"]), stage)


def _looked_at(hostvars, boards):
    found = {}
    for board in boards:
        found[board] = look(hostvars[board], _rollout.LOOKED_AT)
    return found


class FilterModule:
    """Filters of the collection."""

    def filters(self):
        """Name to function, as Ansible asks for it."""
        return {"npu_rollout": npu_rollout, "npu_rollout_gate": npu_rollout_gate}
