# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a package could not be configured: what the logs mean that a board sends with a failure of npu_apt."""

from __future__ import annotations

from ...module_utils._dkms.causes import log_reader
from ...module_utils._dkms.causes.common_causes import FOREIGN


def explained(message, unexplained):
    """Return a message of npu_apt with the causes that its logs tell.

    Args:
        unexplained: as _apt_causes.reason() returns it.
    """
    for part in unexplained:
        cause = log_reader.known_cause(part["log"], FOREIGN)
        line = log_reader.explain(part["log"], FOREIGN) if part["module"] and not cause else None
        if line:
            cause = f"its source does not fit this kernel ({line})"
        if cause and part["text"]:
            message = message.replace(part["text"], cause, 1)
    return message
