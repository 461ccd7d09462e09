# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explain a log of a build of the NPU driver: known errors with their remedy, or the first line with an error."""

from __future__ import annotations

from . import log_reader
from .build_causes import CAUSES


def known_cause(log, causes=CAUSES):
    """Return one sentence for the known cause in a build log, or None.

    Args:
        causes: rows of build_causes.
    """
    return log_reader.known_cause(log, causes)


def explain(log, causes=CAUSES):
    """Return one sentence for the known cause in a build log, or the first error line, or None."""
    return log_reader.explain(log, causes)
