#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_apt
short_description: Install packages for an upgrade, and take them away without anything else
version_added: 1.2.0
description:
  - Installs packages from the board's own repositories with C(apt-get), without those that are only recommended. Configuration files
    of the board stay as they are. A lock that somebody else holds is waited for, for two minutes.
  - Where a power cut interrupted C(dpkg), what it was doing is finished first.
  - What came with a failed installation is taken away again.
  - Of packages that are to go, only those go whose removal takes nothing else along. The others are named, with the reason.
  - Needs neither C(python3-apt) nor C(aptitude) on the board.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    details:
      - Stops as the real run would where the packages cannot be had. The package lists are not refreshed.
  diff_mode:
    support: none
  platform:
    platforms: debian
options:
  name:
    description: The packages. With an empty list, only what a power cut interrupted is finished.
    type: list
    elements: str
    required: true
  state:
    description: Whether the packages are to be installed, or not.
    type: str
    choices: [present, absent]
    default: present
  state_dir:
    description: Folder on the board in which an upgrade that is under way remembers what was installed for it.
    type: path
    default: /var/lib/rkfleet-npu
"""

EXAMPLES = r"""
- name: Install what a build needs
  rkfleet.npu.npu_apt:
    name: [dkms, gcc, make, linux-headers-6.1.43-15-rk2312]
  become: true

- name: Take away what was installed for it, as far as nobody else needs it
  rkfleet.npu.npu_apt:
    name: [dkms, gcc, make, linux-headers-6.1.43-15-rk2312]
    state: absent
  become: true
"""

RETURN = r"""
packages:
  description:
    - The packages that were installed, those included that the wanted ones depend on, or that were removed.
  returned: success
  type: list
  elements: str
  sample: [dkms, gcc, gcc-12]
kept:
  description: The packages that were not removed, and why.
  returned: success
  type: dict
  sample: {make: "build-essential would go with it"}
repaired:
  description: Whether C(dpkg) had been interrupted and was, or would be, put right.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import told
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._apt import ENVIRONMENT, Packages, PackagesError
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.state import advance, note_packages


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="list", elements="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            state_dir=dict(type="path", default=STATE_DIR),
        ),
        supports_check_mode=True,
    )
    module.get_bin_path("apt-get", required=True)
    packages = Packages(lambda command: module.run_command(command, environ_update=ENVIRONMENT))
    act = present if module.params["state"] == "present" else absent
    try:
        result = act(packages, module.params["name"], module.params["state_dir"], module.check_mode)
    except PackagesError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="cannot look after the packages: %s" % told(error))
    module.exit_json(**result)


def present(packages, names, state_dir, check_mode):
    """Have the packages installed; returns the module's result."""
    missing = packages.missing(names)
    result = {"packages": [], "kept": {}, "repaired": False}
    if missing or not names:
        result["repaired"] = packages.broken() if check_mode else packages.repair()
    if result["repaired"] and not check_mode:
        missing = packages.missing(names)
    if missing and check_mode:
        result["packages"] = packages.can_be_had(missing)
    elif missing:
        result["packages"] = packages.install(missing, lambda planned: note_packages(state_dir, planned))
        # What the plan did not foresee.
        note_packages(state_dir, result["packages"])
        advance(state_dir, "staged")
    return dict(result, changed=bool(missing or result["repaired"]))


def absent(packages, names, dummy, check_mode):
    """Have as many of the packages removed as can be without taking anything else; returns the module's result."""
    repaired = packages.broken() if check_mode else packages.repair()
    removable, kept = packages.removable(names)
    if removable and not check_mode:
        packages.remove(removable)
    return {"packages": removable, "kept": kept, "repaired": repaired, "changed": bool(removable or repaired)}


if __name__ == "__main__":
    main()
