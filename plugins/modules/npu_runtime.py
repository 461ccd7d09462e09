#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_runtime
short_description: Install librknnrt.so by its checksum
version_added: 1.0.0
description:
  - Replaces C(librknnrt.so) on the board atomically with a file that has the pinned checksum, and runs C(ldconfig).
  - The previous library is kept in O(state_dir), once per content.
  - A library that belongs to a package of the board is diverted with C(dpkg-divert) if O(diverted) names it. dpkg then
    keeps the package's file, and that of each later version, beside it, as C(rkfleet-npu.librknnrt.so.distrib).
  - Each call sends the file to the board. The role calls the module only if M(rkfleet.npu.npu_facts) found another
    library.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
  - rkfleet.npu._options.checksum
  - rkfleet.npu._options.internal
  - rkfleet.npu._options.state_dir
options:
  source:
    description: The library, a path on the controller.
    type: path
    required: true
  destination:
    description: Path on the board from which the dynamic loader takes the library.
    type: path
    default: /usr/lib/librknnrt.so
  diverted:
    description:
      - Names of the library that belong to a package, C(packaged) and C(diverted) in the facts of
        M(rkfleet.npu.npu_facts). Each is diverted, and gets the library. O(destination) is not used then.
      - An empty list replaces the file at O(destination), whoever owns it, unless O(divert_packaged) is set.
    type: list
    elements: path
    default: []
    version_added: 2.0.0
  divert_packaged:
    description: Whether O(destination) is diverted if it belongs to a package. Not used with O(diverted).
    type: bool
    default: false
    version_added: 2.0.0
  executable:
    description: Whether the file is a program, such as C(rknn_server), and not the library. No C(ldconfig) is run then.
    type: bool
    default: false
    version_added: 2.0.0
"""

EXAMPLES = r"""
- name: Install the runtime for driver 0.9.6
  rkfleet.npu.npu_runtime:
    source: /home/admin/librknnrt.so
    sha256: d31fc19c85b85f6091b2bd0f6af9d962d5264a4e410bfb536402ec92bac738e8
  become: true
"""

RETURN = r"""
diverted:
  description: The names of the library that were diverted, or would be in check mode.
  returned: success
  type: list
  elements: str
  version_added: 2.0.0
  sample: [/usr/lib/librknnrt.so]
kept:
  description: Path on the board of a copy of the previous library.
  returned: when a library was replaced
  type: str
  sample: /var/lib/rkfleet-npu/backup/librknnrt.so-0ebc1b408f897863
runtime:
  description: The new library and its other copies, as C(runtime) in the facts of M(rkfleet.npu.npu_facts).
  returned: when a library was installed
  type: dict
  version_added: 1.5.0
  sample: {build: "429f97ae6b@2025-04-09T09:09:27", path: /usr/lib/librknnrt.so, size: 7726232, version: 2.3.2}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal, _runtime_install
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR

ARGUMENTS = dict(
    argument_spec=dict(
        source=dict(type="path", required=True),
        destination=dict(type="path", default="/usr/lib/librknnrt.so"),
        diverted=dict(type="list", elements="path", default=[]),
        divert_packaged=dict(type="bool", default=False),
        executable=dict(type="bool", default=False),
        sha256=dict(type="str"),
        git_blob=dict(type="str"),
        size=dict(type="int"),
        state_dir=dict(type="path", default=STATE_DIR),
        _internal=_internal.OPTION,
    ),
    required_one_of=[("sha256", "git_blob")],
)


def main():
    """Module entry point."""
    module = AnsibleModule(**ARGUMENTS, supports_check_mode=True)
    _runtime_install.run(module, _internal.parameters(module, "npu_runtime", **_runtime_install.INTERNAL))


if __name__ == "__main__":
    main()
