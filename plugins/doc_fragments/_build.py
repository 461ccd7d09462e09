# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PRIVATE to this collection: options of the modules that build the driver, and of those that look for a build."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    # What is built.
    DOCUMENTATION = r"""
options:
  version:
    description: Version of the driver. The source must state the same version.
    type: str
    required: true
  module:
    description: Name of the kernel module. It must differ from the name of a driver that is built into the kernel.
    type: str
    default: rknpu
  build_files:
    description: Folder on the controller with Kbuild, probes and the compatibility layer.
    type: path
"""

    # What it is built from, and how.
    SOURCE = r"""
options:
  source:
    description: The vendor's tarball, a path on the controller.
    type: path
  source_digest:
    description:
      - The pinned checksum of O(source), its SHA-256 or its Git blob ID. The default is the SHA-256 of the file.
      - The checksum also identifies the source among the builds in O(store).
    type: str
  log_dir:
    description: Folder on the controller in which build logs are kept. Without it, no log is kept.
    type: path
  timeout:
    description: Seconds that the board may take for one build. After that the task fails.
    type: int
    default: 3600
"""

    # Which builds of other hosts count.
    STORE = r"""
options:
  store_from:
    description: Hosts and inventory groups whose builds are used. The default is all hosts.
    type: list
    elements: str
    default: []
  store_agree:
    description: Number of hosts that must have built the same module from the same inputs before it is used on other
      hosts.
    type: int
    default: 1
"""

    # The store of a module that fills it.
    STORE_FILL = r"""
options:
  store:
    description: Folder on the controller in which builds are kept for other boards. No other user may write to it.
    type: path
  store_keep:
    description: Number of builds that O(store) keeps. The least recently used ones are deleted.
    type: int
    default: 50
"""

    SIGNING = r"""
options:
  signing_key:
    description: Path on the board of a private key in PEM format, without a passphrase, with which modules are signed.
    type: path
  signing_cert:
    description: Path on the board of the certificate of O(signing_key). Required with O(signing_key).
    type: path
"""
