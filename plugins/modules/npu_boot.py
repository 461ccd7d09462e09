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
    Orange Pi, BigTreeTech and ubuntu-rockchip 22.04, an C(extlinux.conf) that is edited by hand, and GRUB with
    C(grub-mkconfig), for which it writes C(/etc/default/grub.d/zz-rkfleet-npu.cfg). The arguments of the running kernel
    decide which one is in use. With any other boot loader the module fails, and names the arguments to add by hand.
  - With C(u-boot-update) and GRUB only, the module also pins the default kernel. A newer kernel that is installed later
    becomes the default only after DKMS has built O(module) for it. Until then it is the newest kernel that has the
    module. A default entry that the owner set in C(U_BOOT_DEFAULT) or C(GRUB_DEFAULT), or with C(grub-set-default), is
    not changed.
  - If C(dracut) is installed, C(/etc/dracut.conf.d/rkfleet-npu.conf) keeps the module out of every initramfs.
  - No kernel module is loaded or unloaded, and the board is not rebooted.
  - All changes are undone if the tool of the boot loader fails or does not apply them.
  - C(u-boot-update) runs in its own mount namespace on a copy of its menu. The new menu is checked and then replaces
    the old one atomically. Then C(/boot) is frozen and thawed, since U-Boot does not read what is only in the journal.
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
    description: Kernel module to load at boot.
    type: str
    default: rknpu
  initcall_blacklist:
    description: Initcalls of built-in drivers to suppress.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Start the DKMS module instead of the driver built into the kernel
  rkfleet.npu.npu_boot:
    module: rknpu_dkms
    initcall_blacklist: [rknpu_init]
  become: true
"""

RETURN = r"""
kernel_hold:
  description: Whether the default kernel is pinned to one that has the module.
  returned: success
  type: bool
  sample: true
loader:
  description: The boot loader that was found.
  returned: success
  type: str
  sample: u-boot-menu
files:
  description: The files that changed, or would change in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/modules-load.d/rkfleet-npu.conf, /etc/default/u-boot]
kept:
  description: Path on the board of a copy of the previous content, for each changed file.
  returned: when something changed
  type: dict
  sample: {/etc/default/u-boot: /var/lib/rkfleet-npu/backup/u-boot-93b1a0c5e5f0a1b2}
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rkfleet.npu.plugins.module_utils import _internal
from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import describe_error, read_file, sent_files
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus.default_kernel_paths import FILES
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.setup import BootSetup, BootSetupError
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import notes
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.state import advance


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            module=dict(type="str", default="rknpu"),
            initcall_blacklist=dict(type="list", elements="str", default=[]),
            state_dir=dict(type="path", default=STATE_DIR),
            _internal=_internal.OPTION,
        ),
        supports_check_mode=True,
    )
    # The scripts that choose the default kernel, and whether the run has begun an upgrade.
    params = _internal.parameters(module, "npu_boot", scripts=None, begun=False)
    notes.refuse_ended(module, params)
    for name in [params["module"], *params["initcall_blacklist"]]:
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            module.fail_json(msg="%r is not the name of a kernel module or an initcall: correct it" % name)
    kept, present = {}, params["state"] == "present"
    try:
        scripts = sent_files("npu_boot", params["scripts"], map(os.path.basename, FILES)) if present else {}
    except ValueError as error:
        module.fail_json(msg=str(error))
    try:
        setup = BootSetup(module.run_command, params["module"], params["initcall_blacklist"], present,
                          params["state_dir"], scripts=scripts)
        files = setup.changes()
        if files and not module.check_mode:
            # Note the planned content first: after a power failure in between, the files must still count as ours.
            notes.note_boot_files(params["state_dir"], setup.after)
            kept = setup.apply()
            notes.note_boot_files(params["state_dir"], {path: read_file(path) for path in files})
        if present and not module.check_mode:
            advance(params["state_dir"], "deployed")
    except BootSetupError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="the boot configuration cannot be read, or its state cannot be saved: %s" % (
            describe_error(error, params["state_dir"])))
    diff = [dict(before=as_text(setup.before[path]), after=as_text(setup.after[path]), before_header=path,
                 after_header=path) for path in files if path in setup.after]
    module.exit_json(changed=bool(files), loader=setup.loader.name, kernel_hold=setup.hold, files=files, kept=kept,
                     diff=diff)


def as_text(content):
    """Return a file's content for a diff."""
    return (content or b"").decode("utf-8", "replace")


if __name__ == "__main__":
    main()
