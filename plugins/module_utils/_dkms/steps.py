# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What npu_dkms does."""

from __future__ import annotations

import contextlib
import os

from .._board.files import describe_error, ensure_dir
from .._transaction.state import advance, exclusive
from .module import prebuilt
from .module.signing import Signing, SigningError
from .package import DkmsPackage
from .source_tree import DkmsError

# The source tree on the board, a prebuilt module, whether the controller gets the built one, and has begun an upgrade.
INTERNAL = {"archive": None, "archive_sha256": None, "binary": None, "collect": False, "begun": False}


def run(module, params):
    """Run the task; module is AnsibleModule or _program._Task."""
    # make drops LC_ALL.
    os.environ.update(dict.fromkeys(("LC_ALL", "LANG", "LC_MESSAGES"), "C"))
    present, log, notes = params["state"] == "present", "", []
    binary = prebuilt.Binary(**params["binary"]) if params["binary"] else None
    try:
        signing = Signing(params["signing_key"] or "", params["signing_cert"] or "") if present else Signing()
        package = DkmsPackage(
            module.run_command, params["package"], params["version"], params["kernel"], params["module"],
            signing=signing, replaces=params["replaces"],
        )
        pending = os.path.join(params["state_dir"], "pending")
        begun = params["begun"] or os.path.isdir(pending)
        with alone(module):
            steps = package.steps(params["archive_sha256"], stored=bool(binary)) if present else package.steps_back()
            if steps and not module.check_mode:
                log, notes = do(module, package, params, steps, binary, lambda: not begun or is_whole(pending))
        if present and not module.check_mode:
            advance(params["state_dir"], "staged")
    except DkmsError as error:
        if binary:
            refuse(module, str(error))
        module.fail_json(msg=str(error), log=error.log, unexplained=error.unexplained)
    except SigningError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"the source or the module of the driver cannot be written: {describe_error(error)}")
    built = None
    # A run that was killed during the build has not stored it: without this each board would build for itself.
    if params["collect"] and ("install" in steps or package.has_built()):
        log = log or package.record.log(package.kernel)
        built = prebuilt.collect(module.run_command, package.module_file(), package.modules + "/build")
    module.exit_json(
        changed=bool(steps), steps=steps, module_file=package.module_file(), notes=notes, layout=package.layout,
        log=log, built=built,
    )


# Only root can open it, and so lock it.
BUILD_LOCK = "/run/rkfleet-npu.build"


def alone(module):
    """Wait until no other task builds: the build of a killed run continues."""
    if module.check_mode:
        return contextlib.nullcontext()
    ensure_dir(BUILD_LOCK, 0o700)
    return exclusive(BUILD_LOCK)


def is_whole(pending):
    """Return whether an upgrade is pending and not being rolled back."""
    return os.path.isdir(pending) and not os.path.exists(os.path.join(pending, "restoring"))


def do(module, package, params, steps, binary, wanted):
    """Do the steps, and return the build log and notes for the owner; `wanted()`: whether the driver still is."""
    notes = []
    if params["state"] == "absent":
        if not wanted():
            raise DkmsError("nothing was removed: the upgrade was rolled back")
        package.clean()
        package.signing.apply()
        package.remove()
        return "", notes
    if {"install", "load"} & set(steps):
        module.get_bin_path("dkms", required=True)
    if "load" in steps:
        notes = use(module, package, binary)
    log = package.deploy(params["archive"], params["archive_sha256"], steps, binary, wanted=wanted)
    unknown = package.signing.not_verified(module.run_command, package.module_file())
    if unknown:
        notes.append(f"the signature of the module is not verified: {unknown}")
    return log, notes


def use(module, package, binary):
    """Check a module of the store before anything is changed; return notes for the owner."""
    problem, compared = package.binary_problem(binary)
    if problem:
        refuse(module, problem)
    module.log(f"rkfleet.npu: module {binary.sha256} of the store: {compared}")
    lacking = prebuilt.lacking(package.modules)
    if not lacking:
        return []
    names = " and ".join(lacking)
    return [(f"missing on the board: {names}. DKMS cannot build the driver after a kernel update: rerun the upgrade "
             "then")]


def refuse(module, why):
    """Exit without a change because a module of the store cannot be used."""
    module.exit_json(changed=False, refused=why, steps=[])
