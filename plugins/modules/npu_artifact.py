#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_artifact
short_description: Fetch a driver source, runtime, model or picture to the controller and verify its checksum
version_added: 1.0.0
description:
  - Looks for a file in the cache on the controller, in a local folder and on mirrors, in this order, and returns the
    path of a copy with the pinned checksum. The copy is in Ansible's temporary folder of the run, contains the very
    bytes that were compared, and is deleted after the run.
  - Fails if other users can write to the cache.
  - No unverified file is used. If the content differs, the error message names both checksums.
extends_documentation_fragment:
  - rkfleet.npu._attributes.controller
  - rkfleet.npu._attributes
  - rkfleet.npu._options.checksum
attributes:
  check_mode:
    details: In check mode the file is fetched once for all boards of the run, and not kept in O(cache_dir).
options:
  path:
    description:
      - A path relative to the mirrors. A local folder has the file under the same path, or under its name alone.
      - Or a whole C(https://) URL. A local folder then has the file under its name, and O(mirrors) are not used.
    type: str
    required: true
  size:
    description:
      - Size of the file in bytes. A download that exceeds it is stopped.
  cache_dir:
    description: Folder on the controller in which fetched files are kept.
    type: path
    required: true
  local_folder:
    description: Folder on the controller that is searched before the mirrors.
    type: path
  mirrors:
    description:
      - Base URLs, tried in order.
      - Put credentials into C(~/.netrc) of the user who runs the playbook. They are sent to the mirror only, not to a
        host it redirects to.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait for a response of a mirror. A whole download may take up to an hour.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Fetch the source of the driver
  rkfleet.npu.npu_artifact:
    path: airockchip/rknn-llm/release-v1.0.1/rknpu-driver/rknpu_driver_0.9.6_20240322.tar.bz2
    sha256: 5b85b47982bd62aa5651f7d8373922888e7790cb817ec40aef55ee5d1929b4f0
    cache_dir: ~/.cache/rkfleet-npu
    mirrors:
      - https://raw.githubusercontent.com

- name: Fetch a release from another host
  rkfleet.npu.npu_artifact:
    path: https://files.example.com/npu/rknpu_driver_0.9.9_20250901.tar.bz2
    sha256: "{{ my_driver_sha256 }}"
    cache_dir: ~/.cache/rkfleet-npu
"""

RETURN = r"""
path:
  description:
    - Path of the verified file on the controller, for this run only.
  returned: success
  type: str
  sample: /home/admin/.ansible/tmp/ansible-local-42/rkfleet-npu-artifacts/5b85b479/rknpu_driver_0.9.6_20240322.tar.bz2
source:
  description: V(cache), or the file or URL that it was fetched from, without credentials and query.
  returned: success
  type: str
  sample: cache
"""
