# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""URLs of the documentation for messages: users do not know the folder of an installed collection."""

from __future__ import annotations

# Same as in galaxy.yml, which is not part of an installed collection.
DOCUMENTATION = "https://github.com/rkfleet/npu/tree/main/docs"
TROUBLESHOOTING = DOCUMENTATION + "/troubleshooting.md"
