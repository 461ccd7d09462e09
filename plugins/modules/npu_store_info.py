#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_store_info
short_description: Say whether the driver for a board was built already
version_added: 1.3.0
description:
  - Looks in the controller's store of builds for one that M(rkfleet.npu.npu_dkms) would use for this board, and says which packages the board
    still needs. A board that gets its module from the store needs no compiler and no headers.
  - Needs what M(rkfleet.npu.npu_facts) found. Runs on the controller; the board is asked only for the checksum of O(signing_cert).
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  store:
    description: Folder of the store on the controller. Where it is empty, nothing is found.
    type: str
    required: true
  version:
    description: Version of the driver.
    type: str
    required: true
  module:
    description: Name of the kernel module.
    type: str
    default: rknpu
  kernel:
    description: Kernel release that the module is for. It has to be the one that runs.
    type: str
    required: true
  source_digest:
    description: Checksum of the vendor's tarball, as it is pinned.
    type: str
    required: true
  build_files:
    description: Folder on the controller with Kbuild, probes and compat layer.
    type: path
    required: true
  signing_cert:
    description: Path on the board of the certificate that modules are signed with.
    type: path
  packages:
    description: Packages that the board lacks for a build.
    type: list
    elements: str
    default: []
  store_from:
    description: Hosts and groups of the inventory whose builds count. Without it, all do.
    type: list
    elements: str
    default: []
    version_added: 1.6.0
  store_agree:
    description: How many hosts must have built the same module.
    type: int
    default: 1
    version_added: 1.6.0
  wait:
    description: Whether to wait for another board that builds the same at this moment.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: See whether it was built for another board
  rkfleet.npu.npu_store_info:
    store: ~/.cache/rkfleet-npu/store
    version: 0.9.6
    module: rknpu_dkms
    kernel: 6.1.43-15-rk2312
    source_digest: 5b85b47982bd62aa5651f7d8373922888e7790cb817ec40aef55ee5d1929b4f0
    build_files: "{{ role_path }}/files/dkms"
    packages: [dkms, linux-headers-6.1.43-15-rk2312]
  register: stored
"""

RETURN = r"""
stored:
  description: The build that is there, or V(null).
  returned: success
  type: dict
  contains:
    key:
      description: Its name in the store.
      type: str
    board:
      description: The board that built it.
      type: str
    built_at:
      description: When.
      type: str
      sample: "2026-11-25T19:04:12Z"
    sha256:
      description: Checksum of the module's file.
      type: str
    file:
      description: Name of the module's file.
      type: str
      sample: rknpu_dkms.ko.xz
packages:
  description: Those of O(packages) that are needed all the same.
  returned: success
  type: list
  elements: str
  sample: [dkms]
"""
