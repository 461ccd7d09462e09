#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_store_info
short_description: Find out whether the driver for a board is already built
version_added: 2.0.0
description:
  - Searches the store on the controller for a build that M(rkfleet.npu.npu_dkms) would use for this board, and returns
    the packages that the board still needs. A board that installs a build from the store needs neither a compiler nor
    kernel headers.
  - Requires the facts of M(rkfleet.npu.npu_facts). Runs on the controller, and reads only O(signing_cert) from the
    board.
  - In release 1.x this module was called C(npu_store).
extends_documentation_fragment:
  - rkfleet.npu._attributes.info
  - rkfleet.npu._attributes
  - rkfleet.npu._build
  - rkfleet.npu._build.store
attributes:
  platform:
    platforms: debian
options:
  store:
    description: Folder of the store on the controller. If empty, no build is found.
    type: str
    required: true
  kernel:
    description: Kernel release that the module is for. It must be the running kernel.
    type: str
    required: true
  source_digest:
    description: The pinned checksum of the vendor's tarball.
    type: str
    required: true
  build_files:
    required: true
  signing_cert:
    description: Path on the board of the certificate with which modules are signed.
    type: path
  packages:
    description: Packages that are missing on the board for a build.
    type: list
    elements: str
    default: []
  wait:
    description: Whether to wait for another host that is building the same module.
    type: bool
    default: false
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 3600
seealso:
  - module: rkfleet.npu.npu_dkms
"""

EXAMPLES = r"""
- name: Find out whether another board has built the driver
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
  description: The build in the store, or V(null).
  returned: success
  type: dict
  contains:
    key:
      description: Name of the build in the store.
      type: str
    board:
      description: The board that built it.
      type: str
    built_at:
      description: Time of the build.
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
  description: Those of O(packages) that are still needed.
  returned: success
  type: list
  elements: str
  sample: [dkms]
shared_from:
  description: Hosts of the inventory whose builds are shared with this board, by O(store_from). None if it is empty.
  returned: success
  type: list
  elements: str
  sample: [rock5b-1]
"""
