#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_apt
short_description: Install packages for an upgrade, remove only those packages, or put packages on hold
version_added: 2.0.0
description:
  - Installs packages from the board's own repositories with C(apt-get), without recommended packages. Configuration
    files of the board are kept. The module waits up to 20 minutes for a lock that another process holds.
  - If a power failure interrupted C(dpkg), the interrupted work is finished first.
  - Packages of a failed installation are removed again.
  - With O(state=absent), a package is removed only if no other package has to be removed with it. RV(kept) names the
    others, with the reason.
  - Neither C(python3-apt) nor C(aptitude) is needed on the board.
  - In release 1.x this module was called C(npu_packages).
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
  - rkfleet.npu._options.state_dir
attributes:
  check_mode:
    details: The module fails like a real run if packages are not available. The package lists are not updated.
options:
  name:
    description: Names of the packages. With an empty list, only work of C(dpkg) that was interrupted is finished.
    type: list
    elements: str
    required: true
  state:
    description: What becomes of the packages. V(held) and V(unheld) are available since version 2.0.0.
    type: str
    choices:
      present: They are installed.
      absent: They are removed.
      held: Those that are installed are put on hold. A rollback of the pending upgrade takes them off hold again.
      unheld: Those that an upgrade has put on hold are taken off hold, but not those that the owner of the board has. A
        rollback of the pending upgrade puts them on hold again.
    default: present
  kernel:
    description:
      - Release of the kernel that packages with kernel headers have to be for. A package that states another one, as
        Armbian's do, is refused before anything is changed.
    type: str
"""

EXAMPLES = r"""
- name: Install the packages for a build
  rkfleet.npu.npu_apt:
    name: [dkms, gcc, make, linux-headers-6.1.43-15-rk2312]
  become: true

- name: Remove those packages that nothing else needs
  rkfleet.npu.npu_apt:
    name: [dkms, gcc, make, linux-headers-6.1.43-15-rk2312]
    state: absent
  become: true
"""

RETURN = r"""
packages:
  description:
    - The packages that were installed, with their dependencies, removed, put on hold or taken off hold.
  returned: success
  type: list
  elements: str
  sample: [dkms, gcc, gcc-12]
kept:
  description: The packages that were not removed, each with the reason.
  returned: success
  type: dict
  sample: {make: "it would also remove build-essential"}
repaired:
  description: Whether C(dpkg) had been interrupted and was repaired, or would be in check mode.
  returned: success
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils._apt import ENVIRONMENT, Packages, PackagesError
from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import describe_error
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.lists import read_lines
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.notes import note_packages
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.state import advance


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            name=dict(type="list", elements="str", required=True),
            state=dict(type="str", choices=["present", "absent", "held", "unheld"], default="present"),
            kernel=dict(type="str"),
            state_dir=dict(type="path", default=STATE_DIR),
        ),
        supports_check_mode=True,
    )
    module.get_bin_path("apt-get", required=True)
    packages = Packages(lambda command: module.run_command(command, environ_update=ENVIRONMENT))
    act = {"present": present, "absent": absent, "held": held, "unheld": unheld}[module.params["state"]]
    try:
        result = act(packages, module.params["name"], module.params["state_dir"], module.check_mode,
                     module.params["kernel"])
    except PackagesError as error:
        module.fail_json(msg=str(error), unexplained=error.unexplained)
    except OSError as error:
        module.fail_json(msg="the packages cannot be managed: %s" % describe_error(error))
    module.exit_json(**result)


def present(packages, names, state_dir, check_mode, kernel):
    """Install the packages and return the module's result."""
    missing = packages.missing(names)
    result = {"packages": [], "kept": {}, "repaired": False}
    if missing or not names:
        result["repaired"] = packages.broken() if check_mode else packages.repair()
    if result["repaired"] and not check_mode:
        missing = packages.missing(names)
    if missing and check_mode:
        result["packages"] = packages.simulate_install(missing, kernel)
    elif missing:
        result["packages"] = packages.install(missing, lambda planned: note_packages(state_dir, planned), kernel)
        # apt may have installed more than it planned.
        note_packages(state_dir, result["packages"])
        advance(state_dir, "staged")
    return dict(result, changed=bool(missing or result["repaired"]))


def absent(packages, names, dummy, check_mode, unused):
    """Remove the packages that nothing else needs, and return the module's result."""
    repaired = packages.broken() if check_mode else packages.repair()
    removable, kept = packages.removable(names)
    if removable and not check_mode:
        packages.remove(removable)
    return {"packages": removable, "kept": kept, "repaired": repaired, "changed": bool(removable or repaired)}


def held(packages, names, state_dir, check_mode, *unused):
    """Put the packages on hold that are not, and note them for the rollback."""
    known = set(packages.on_hold(names))
    missing = set(packages.missing(names))
    return _mark(packages, "hold", [name for name in names if name not in known | missing], state_dir, check_mode)


def unheld(packages, names, state_dir, check_mode, *unused):
    """Take those packages off hold that an upgrade has put on hold, and note them for the rollback."""
    ours = set(read_lines(state_dir + "/pending/holds")) | set(read_lines(state_dir + "/origin/holds"))
    return _mark(packages, "unhold", [name for name in packages.on_hold(names) if name in ours], state_dir, check_mode)


def _mark(packages, word, names, state_dir, check_mode):
    if names and not check_mode:
        note_packages(state_dir, names, {"hold": "holds", "unhold": "rehold"}[word])
        packages.mark(word, names)
    return {"packages": names, "kept": {}, "repaired": False, "changed": bool(names)}


if __name__ == "__main__":
    main()
