# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What npu_boot does."""

from __future__ import annotations

import os
import re

from .._board.files import describe_error, read_file, sent_files
from .._transaction import notes
from .._transaction.state import advance
from .menus.default_kernel_paths import FILES
from .setup import BootSetup, BootSetupError

# The scripts that choose the default kernel, and whether the run has begun an upgrade.
INTERNAL = {"scripts": None, "begun": False}


def run(module, params):
    """Run the task; module is AnsibleModule or _program._Task."""
    notes.refuse_ended(module, params)
    for name in [params["module"], *params["initcall_blacklist"]]:
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            module.fail_json(msg=f"{name!r} is not the name of a kernel module or an initcall: correct it")
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
        error = describe_error(error, params["state_dir"])
        module.fail_json(msg=f"the boot configuration cannot be read, or its state cannot be saved: {error}")
    diff = [{"before": _text(setup.before[path]), "after": _text(setup.after[path]), "before_header": path,
             "after_header": path} for path in files if path in setup.after]
    module.exit_json(changed=bool(files), loader=setup.loader.name, kernel_hold=setup.hold, files=files, kept=kept,
                     diff=diff)


def _text(content):
    return (content or b"").decode("utf-8", "replace")
