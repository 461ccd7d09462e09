# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter npu_plan; documented in npu_plan.yml."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers.limits import COMPUTING, computing
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility as _compatibility
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.predicates import verification_now


def npu_plan(facts, wanted=None, compatibility=None, tried=None):
    """Return the plan for the facts of a board; compatibility is merged over the data of the collection."""
    try:
        if tried and isinstance(facts, dict):
            facts = dict(facts, verification=verification_now(facts, tried))
        with computing(COMPUTING):
            return planner.npu_plan(facts, wanted or {}, _compatibility.checked(compatibility))
    except ValueError as error:
        raise AnsibleFilterError("npu_plan: %s" % error) from error


class FilterModule:
    """Filters of the collection."""

    def filters(self):
        """Return the filters by name."""
        return {"npu_plan": npu_plan}
