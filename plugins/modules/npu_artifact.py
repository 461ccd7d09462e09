#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_artifact
short_description: Get a driver source, runtime, model or picture onto the controller by its checksum
version_added: 1.0.0
description:
  - Looks for a file in the controller's cache, in a local folder and on mirrors, in this order,
    and gives back the path of a copy whose checksum is the pinned one. It lies in Ansible's own temporary folder, made of the very bytes
    that were compared, and is gone after the run.
  - A cache that others can write to is refused.
  - Nothing is used unchecked. A file with another content is an error that names both checksums.
  - Runs on the controller. The board is not contacted.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details: In check mode the file is fetched and checked, but not kept.
  diff_mode:
    support: none
  platform:
    platforms: posix
options:
  path:
    description:
      - Relative path below a mirror. A local folder holds the same path, or only the file's name.
      - Or a whole C(https://) URL. A local folder then holds the file by its name, and O(mirrors) are not asked.
    type: str
    required: true
  sha256:
    description: The file's SHA-256 in hex. One of O(sha256) and O(git_blob) is needed; O(sha256) decides where both are given.
    type: str
  git_blob:
    description: The file's blob id in git, for files whose SHA-256 is not published.
    type: str
  size:
    description: The file's size in bytes. A download that grows beyond it is stopped.
    type: int
  cache_dir:
    description: Folder on the controller that keeps what was fetched.
    type: path
    required: true
  local_folder:
    description: Folder on the controller that is looked through before any mirror.
    type: path
  mirrors:
    description:
      - Base URLs, tried in order.
      - Credentials belong into C(~/.netrc) of the user who runs the playbook. They are sent to the mirror only, and not to where it redirects.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds after which a mirror that does not answer is given up; a download may take an hour.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Get the driver's source
  rkfleet.npu.npu_artifact:
    path: airockchip/rknn-llm/release-v1.0.1/rknpu-driver/rknpu_driver_0.9.6_20240322.tar.bz2
    sha256: 5b85b47982bd62aa5651f7d8373922888e7790cb817ec40aef55ee5d1929b4f0
    cache_dir: ~/.cache/rkfleet-npu
    mirrors:
      - https://raw.githubusercontent.com

- name: Get a release from anywhere else
  rkfleet.npu.npu_artifact:
    path: https://files.example.com/npu/rknpu_driver_0.9.9_20250901.tar.bz2
    sha256: "{{ my_driver_sha256 }}"
    cache_dir: ~/.cache/rkfleet-npu
"""

RETURN = r"""
path:
  description: The checked file on the controller, for this run only. In check mode, where it is not there yet, where the cache would keep it.
  returned: success
  type: str
  sample: /home/admin/.ansible/tmp/ansible-local-42/rkfleet-npu-artifacts/5b85b479/rknpu_driver_0.9.6_20240322.tar.bz2
source:
  description: V(cache), or the file or URL it came from, without credentials and query.
  returned: success
  type: str
  sample: cache
available:
  description: Whether the file is at RV(path) now. It may be absent in check mode.
  returned: success
  type: bool
  sample: true
"""
