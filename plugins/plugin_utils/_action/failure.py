# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failures that Ansible prints in one line.

Since ansible-core 2.19 the default output shows a failed task twice: as an error with an excerpt of the file of the
task, and as its result. An excerpt of a file of this collection explains nothing, and the sentence needs no repetition.
"""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

VERBOSE = 3
"""Verbosity (`-vvv`) from which on Ansible's error with its excerpt or traceback is shown, too."""


class BriefFailure(AnsibleActionFail):
    """A failed result that is shown without an excerpt of the task's file."""

    @property
    def omit_exception_key(self):
        """Return whether the result leaves out the error that Ansible makes of it."""
        return Display().verbosity < VERBOSE


def brief(result, task):
    """Return the result of an action; raise BriefFailure instead if it has failed.

    Args:
        task: that of the action. With `failed_when` or `until`, the task itself decides whether it has failed.
    """
    # Before ansible-core 2.19 a failed result is shown once.
    is_shown_twice = hasattr(AnsibleActionFail, "omit_exception_key")
    decides = getattr(task, "failed_when", True) or task.until or task.retries is not None
    if not is_shown_twice or not result.get("failed") or decides:
        return result
    raise BriefFailure(str(result.get("msg") or "failed without a message"), result=result)
