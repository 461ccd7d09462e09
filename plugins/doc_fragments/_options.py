# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: options that several modules have."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragments."""

    # Pins the content of a file.
    CHECKSUM = r"""
options:
  sha256:
    description: SHA-256 of the file in hexadecimal. One of O(sha256) and O(git_blob) is required. If both are set,
      O(sha256) decides.
    type: str
  git_blob:
    description: Git blob ID of the file, for files whose SHA-256 is not published.
    type: str
  size:
    description: Size of the file in bytes.
    type: int
"""

    # An action plugin sets it for its module. ansible-test demands that every option is documented.
    INTERNAL = r"""
options:
  _internal:
    description: Private to this collection. The action plugin overwrites it.
    type: json
"""

    STATE_DIR = r"""
options:
  state_dir:
    description: Folder on the board in which this collection keeps the state of an upgrade and copies of what it
      replaced.
    type: path
    default: /var/lib/rkfleet-npu
"""
