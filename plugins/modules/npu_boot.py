#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_boot
short_description: Configure which NPU driver starts at the next boot
version_added: 1.0.0
description:
  - Loads a kernel module at boot, with a file in C(/etc/modules-load.d), and suppresses built-in drivers by merging
    C(initcall_blacklist) into the configuration of the boot loader. Other kernel arguments are not changed.
  - Supports C(u-boot-menu), Radxa OS, ubuntu-rockchip, C(update_extlinux.sh), the environment files of Armbian, DietPi,
    Orange Pi, BigTreeTech and ubuntu-rockchip 22.04, a hand-edited C(extlinux.conf), and GRUB with
    C(grub-mkconfig), for which it writes C(/etc/default/grub.d/zz-rkfleet-npu.cfg). The arguments of the running kernel
    decide which one is in use. With any other one the module fails, and names the arguments to add by hand.
  - With C(u-boot-update) and GRUB only, it also pins the default kernel. A newer kernel that is installed later
    becomes the default only after DKMS has built O(module) for it. Until then it is the newest kernel that has the
    module. An entry that the owner set in C(U_BOOT_DEFAULT) or C(GRUB_DEFAULT), or with C(grub-set-default), is
    not changed.
  - If C(dracut) is installed, C(/etc/dracut.conf.d/rkfleet-npu.conf) keeps the module out of every initramfs.
  - No kernel module is loaded or unloaded, and the board is not rebooted.
  - All changes are undone if the boot loader's tool fails or does not apply them.
  - C(u-boot-update) runs in its own mount namespace on a copy of its menu. The new menu is checked and then replaces
    the old one atomically.
extends_documentation_fragment:
  - rkfleet.npu._attributes.board
  - rkfleet.npu._attributes
  - rkfleet.npu._options.internal
  - rkfleet.npu._options.state_dir
attributes:
  diff_mode:
    support: full
options:
  state:
    description: Whether the configuration is made or removed.
    type: str
    choices: [present, absent]
    default: present
  module:
    description: Module to load at boot.
    type: str
    default: rknpu
  initcall_blacklist:
    description: Initcalls of built-in drivers to suppress.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Start the DKMS module instead of the built-in driver
  rkfleet.npu.npu_boot:
    module: rknpu_dkms
    initcall_blacklist: [rknpu_init]
  become: true
"""

RETURN = r"""
kernel_hold:
  description: Whether the default kernel is pinned.
  returned: success
  type: bool
  sample: true
loader:
  description: The boot loader.
  returned: success
  type: str
  sample: u-boot-menu
files:
  description: Files that changed, or would change.
  returned: success
  type: list
  elements: str
  sample: [/etc/modules-load.d/rkfleet-npu.conf, /etc/default/u-boot]
kept:
  description: For each changed file, where its previous content is kept.
  returned: when something changed
  type: dict
  sample: {/etc/default/u-boot: /var/lib/rkfleet-npu/backup/u-boot-93b1a0c5e5f0a1b2}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import configure

ARGUMENTS = dict(argument_spec=dict(
    state=dict(type="str", choices=["present", "absent"], default="present"),
    module=dict(type="str", default="rknpu"),
    initcall_blacklist=dict(type="list", elements="str", default=[]),
    state_dir=dict(type="path", default=STATE_DIR),
    _internal=_internal.OPTION,
))


def main():
    """Module entry point."""
    module = AnsibleModule(**ARGUMENTS, supports_check_mode=True)
    configure.run(module, _internal.parameters(module, "npu_boot", **configure.INTERNAL))


if __name__ == "__main__":
    main()
