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
  - Replaces the board's C(librknnrt.so) atomically with a file whose checksum is the pinned one, and runs C(ldconfig).
  - The library that was there is kept under O(state_dir), once per content.
  - Where it replaced the library and the play has C(ansible_facts.npu), the fact's C(runtime) is what is there now.
  - The file travels at every call. The role asks only where M(rkfleet.npu.npu_facts) found another library.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
  - ansible.builtin.action_common_attributes.facts
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  facts:
    support: partial
    details: Updates the fact that M(rkfleet.npu.npu_facts) returned.
  platform:
    platforms: debian
options:
  source:
    description: The library, a path on the controller.
    type: path
    required: true
  destination:
    description: Where the loader takes the library from on the board.
    type: path
    default: /usr/lib/librknnrt.so
  sha256:
    description: SHA-256 of the library in hex. One of O(sha256) and O(git_blob) is needed.
    type: str
  git_blob:
    description: Blob id of the library in git, where its SHA-256 is not published.
    type: str
  size:
    description: Size of the library in bytes.
    type: int
  state_dir:
    description: Folder on the board that keeps what was replaced.
    type: path
    default: /var/lib/rkfleet-npu
"""

EXAMPLES = r"""
- name: Install the runtime that goes with driver 0.9.6
  rkfleet.npu.npu_runtime:
    source: /home/admin/librknnrt.so
    sha256: d31fc19c85b85f6091b2bd0f6af9d962d5264a4e410bfb536402ec92bac738e8
  become: true
"""

RETURN = r"""
kept:
  description: Where the library is kept that was there before.
  returned: when a library was replaced
  type: str
  sample: /var/lib/rkfleet-npu/backup/librknnrt.so-0ebc1b408f897863
runtime:
  description: The library that is there now and its further copies, read again, as in C(ansible_facts.npu.runtime) of M(rkfleet.npu.npu_facts).
  returned: when a library was installed
  type: dict
  version_added: 1.5.0
  sample: {build: "429f97ae6b@2025-04-09T09:09:27", path: /usr/lib/librknnrt.so, size: 7726232, version: 2.3.2}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import runtime
from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import told
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._runtime_install import (
    install, is_installed, RuntimeInstallError,
)
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            source=dict(type="path", required=True),
            destination=dict(type="path", default="/usr/lib/librknnrt.so"),
            sha256=dict(type="str"),
            git_blob=dict(type="str"),
            size=dict(type="int"),
            state_dir=dict(type="path", default=STATE_DIR),
            # The library's copy on the board.
            _internal=_internal.spec(upload=dict(type="path")),
        ),
        required_one_of=[("sha256", "git_blob")],
        supports_check_mode=True,
    )
    params = _internal.parameters(module)
    pins = {name: params[name] for name in ("sha256", "git_blob", "size")}
    result = {"kept": None}
    try:
        change = not is_installed(params["destination"], pins)
        if change and not module.check_mode:
            result["kept"] = install(params["upload"], params["destination"], pins, params["state_dir"])
            module.run_command([module.get_bin_path("ldconfig", required=True, opt_dirs=["/sbin"])], check_rc=True)
    except RuntimeInstallError as error:
        module.fail_json(msg="%s: the library on the board was left as it is" % error)
    except OSError as error:
        module.fail_json(msg="cannot install %s: %s: the library on the board was left as it is" % (params["destination"], told(error, params["destination"])))
    if change and not module.check_mode:
        result["runtime"] = runtime.read(Tree("/"))
    module.exit_json(changed=change, **result)


if __name__ == "__main__":
    main()
