#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: npu_boot
short_description: Decide which NPU driver starts at the next boot
version_added: 1.0.0
description:
  - Has a kernel module loaded at boot through C(/etc/modules-load.d), and holds drivers down that are built into the kernel
    by merging C(initcall_blacklist) into the boot loader's own configuration. Nothing else on that line changes.
  - Knows C(u-boot-menu), Radxa OS, Armbian, DietPi, Orange Pi and an C(extlinux.conf) kept by hand.
    With any other boot loader it stops, and says what to add by hand.
  - Where C(u-boot-update) makes the boot loader's menu, it also lays down what keeps the board on a kernel that has the module.
    After a newer kernel was installed, that kernel is the default only once DKMS has built O(module) for it; until then the
    newest kernel that has the module stays the default, and C(u-boot-update) says why. A default entry that the owner chose
    in C(U_BOOT_DEFAULT) is left alone. The scripts are below C(/usr/lib/rkfleet-npu) and in C(/etc/kernel).
    With other boot loaders nothing of the kind is possible.
  - Where C(dracut) is installed, it is told in C(/etc/dracut.conf.d/rkfleet-npu.conf) to leave the module out of every initramfs.
  - Nothing is loaded or unloaded, and the board is not rebooted.
  - What was changed is put back where the boot loader's tool fails or does not take the change over.
  - C(u-boot-update) runs in a mount namespace of its own, where it finds a copy of its menu. What it makes of it is looked at, and
    takes the place of the menu at once. Then the file system with C(/boot) is frozen and thawed, as U-Boot does not read what is
    only in its journal.
author:
  - rkfleet.npu contributors (@rkfleet)
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: debian
options:
  state:
    description: Whether the set-up is made, or taken away again.
    type: str
    choices: [present, absent]
    default: present
  module:
    description: Kernel module to load at boot.
    type: str
    default: rknpu
  initcall_blacklist:
    description: Initcalls of built-in drivers that are not to start.
    type: list
    elements: str
    default: []
  state_dir:
    description: Folder on the board that keeps what was replaced, and notes how far an upgrade has come.
    type: path
    default: /var/lib/rkfleet-npu
  scripts:
    description: The scripts that choose the default kernel, needed for O(state=present). Set by the action plugin.
    type: json
"""

EXAMPLES = r"""
- name: Start the replacement instead of the driver built into the kernel
  rkfleet.npu.npu_boot:
    module: rknpu_dkms
    initcall_blacklist: [rknpu_init]
  become: true
"""

RETURN = r"""
kernel_hold:
  description: Whether the board is kept on a kernel that has the module when a newer kernel is installed.
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
  sample: [/etc/modules-load.d/rkfleet-npu.conf, /etc/default/u-boot, /usr/lib/rkfleet-npu/kernel-default]
kept:
  description: Where the old content of each changed file is kept on the board.
  returned: when something changed
  type: dict
  sample: {/etc/default/u-boot: /var/lib/rkfleet-npu/backup/u-boot-93b1a0c5e5f0a1b2}
"""

import os
import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.rkfleet.npu.plugins.module_utils._board.files import read_file, sent_files, told
from ansible_collections.rkfleet.npu.plugins.module_utils._board.paths import STATE_DIR
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.default_kernel import FILES
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.setup import BootSetup, BootSetupError
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction.state import advance, note_boot_files


def main():
    """Module entry point."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            module=dict(type="str", default="rknpu"),
            initcall_blacklist=dict(type="list", elements="str", default=[]),
            state_dir=dict(type="path", default=STATE_DIR),
            # Not secret, but too long for logs.
            scripts=dict(type="json", no_log=True),
        ),
        supports_check_mode=True,
    )
    params = module.params
    for name in [params["module"], *params["initcall_blacklist"]]:
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            module.fail_json(msg="%r is not the name of a module or an initcall" % name)
    kept, present = {}, params["state"] == "present"
    try:
        scripts = sent_files("npu_boot", params["scripts"], map(os.path.basename, FILES)) if present else {}
    except ValueError as error:
        module.fail_json(msg=str(error))
    try:
        setup = BootSetup(module.run_command, params["module"], params["initcall_blacklist"], present, params["state_dir"],
                          scripts=scripts)
        files = setup.changes()
        if files and not module.check_mode:
            # What is planned first: a cut in between must not make it another's.
            note_boot_files(params["state_dir"], setup.after)
            kept = setup.apply()
            note_boot_files(params["state_dir"], {path: read_file(path) for path in files})
        if present and not module.check_mode:
            advance(params["state_dir"], "deployed")
    except BootSetupError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="cannot read the boot set-up, or note that it is made: %s" % told(error, params["state_dir"]))
    diff = [
        dict(before=as_text(setup.before[path]), after=as_text(setup.after[path]), before_header=path, after_header=path)
        for path in files
        if path in setup.after
    ]
    module.exit_json(changed=bool(files), loader=setup.loader.name, kernel_hold=setup.hold, files=files, kept=kept, diff=diff)


def as_text(content):
    """Return a file's content for a diff."""
    return (content or b"").decode("utf-8", "replace")


if __name__ == "__main__":
    main()
