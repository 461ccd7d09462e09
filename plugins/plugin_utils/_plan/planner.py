# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The planner: from the facts of a board and what is wanted to one action and its reason. Pure functions.

Nothing is decided anywhere else: roles obey the plan. Everything that could stop a board is checked here, before
anything is changed; the action is then `unsupported`, with one sentence why and one on what the owner can do. Steps:

board_state.py     what is known of the board, and what several steps ask of it
board_checks.py    is it a board that the vendor's driver and runtime support
driver.py          which driver, and where it comes from
runtime.py         which runtime, and what verifies the board
board_packages.py  what the board's packages have to do with it: who owns the runtime, which kernel apt would bring
condition.py       notes on clock and kernel log
change_checks.py   may the board be changed: privileges, the kernel of the reboot, the reboot itself
storage_checks.py  does what is written last, can it be rolled back, is there space
driver_changes.py  what is changed to bring in the driver (kernel_checks.py: can the kernel take it; packages.py: which
                   packages the build needs, and whether the headers can be used)
use.py             which processes use the NPU, and whether an upgrade stops because of them
rules.py           which row of compatibility.yml applies; no code knows a version
"""

from __future__ import annotations

from ...module_utils._board import version as _version
from ...module_utils._dkms.causes.build_log import explain
from .checks import build_losses
from .checks.board_checks import check_board, check_package_manager
from .checks.board_packages import (
    RUNTIME_PACKAGE,
    check_kernel_packages,
    note_newer_kernel,
    note_runtimes,
    plan_runtime_package,
)
from .checks.board_state import DKMS_PACKAGE, Board, Unsupported
from .checks.change_checks import check_privileges, check_reboot, check_running_kernel
from .checks.storage_checks import check_rollback, check_space
from .condition import note_condition
from .driver import check_fault, choose_action, final_version
from .driver_changes import check_probe, plan_dkms, plan_vendor_kernel
from .predicates import is_pending
from .runtime import choose_model, choose_runtime, current_setup, note_rkllm, note_verification
from .use import check_use, note_use

POLICIES = ("working", "floor", "exact")
STRATEGIES = ("auto", "dkms", "vendor_kernel")
_NO_MODEL = {"key": None, "file": None, "platform": None, "picture": None, "expected_top5": [], "tolerance": None,
             "recorded_with": None, "cores": None}


def npu_plan(facts, wanted, compatibility):
    """Return the plan for one board; its keys are documented with the filter npu_plan.

    Args:
        facts: `ansible_facts.npu`.
        wanted: `driver_version` (empty for the default), `driver_policy`, `driver_strategy`, `runtime_version`
            (empty for the one that goes with the driver), `runtime_package` (what becomes of a package that owns the
            runtime), `signing` (whether modules are signed), `services` (units that are stopped for an upgrade; None if
            users of the NPU are only noted) and `force` (whether they do not stop it).
        compatibility: merged and validated data.

    Raises:
        ValueError: if the wanted versions are invalid, such as a release without a row.
    """
    if not isinstance(facts, dict) or not all(
            key in facts for key in ("board", "kernel", "device", "driver", "runtime")):
        raise ValueError("the board has no NPU facts. Run rkfleet.npu.npu_facts first")
    board = Board(facts, _checked(wanted, compatibility), compatibility)
    plan = {
        "action": "none", "reason": "", "remedy": "", "module": None, "initcalls": [], "deployed": False,
        "packages": [], "reboot": False, "changes": [], "notes": board.notes, "soc": None, "kernel": board.release,
        "replaces": None, "foreign_versions": [], "baseline": None, "current": None, "verified": None,
        "unchanged": False,
        "driver": dict(compatibility["drivers"][board.target], version=board.target),
        "runtime": {"version": None, "install": False, "reason": "", "diverted": []}, "model": dict(_NO_MODEL),
    }
    try:
        _make_plan(board, plan)
        _note_foreign(board, plan)
    except Unsupported as stop:
        plan.update(
            action="unsupported", reason=stop.reason, remedy=stop.remedy, module=None, initcalls=[], packages=[],
            reboot=False, changes=[], deployed=False, kernel=board.release, replaces=None,
            foreign_versions=[],
            runtime=dict(plan["runtime"], install=False))
    return plan


def _checked(wanted, compatibility):
    """Return what is wanted, with the defaults; raise ValueError if it is not possible."""
    result = {
        "driver_version": wanted.get("driver_version") or compatibility["defaults"]["driver"],
        "driver_policy": wanted.get("driver_policy") or "working",
        "driver_strategy": wanted.get("driver_strategy") or "auto",
        "runtime_version": wanted.get("runtime_version") or "",
        "runtime_package": wanted.get("runtime_package") or "divert",
        "signing": bool(wanted.get("signing")),
        "services": wanted.get("services"), "force": bool(wanted.get("force")),
    }
    unknown = sorted(set(wanted) - set(result))
    if unknown:
        raise ValueError("unknown keys in wanted: %s" % ", ".join(unknown))
    for key, allowed in (("driver_policy", POLICIES), ("driver_strategy", STRATEGIES),
                         ("runtime_package", RUNTIME_PACKAGE)):
        if result[key] not in allowed:
            raise ValueError("%s is %r, not one of %s" % (key, result[key], ", ".join(allowed)))
    for key, section, hint in (("driver_version", "drivers", "path and sha256"),
                               ("runtime_version", "runtimes", "path, sha256 and model")):
        known = compatibility[section]
        if result[key] and result[key] not in known:
            raise ValueError(
                "%s %s is not in the compatibility data (known: %s); add a row with %s to npu_compatibility.%s" % (
                    key.replace("_", " "), result[key], ", ".join(sorted(known, key=_version.parse)), hint, section))
    return result


def _make_plan(board, plan):
    """Fill in the plan, or raise Unsupported with the plan as far as it is known."""
    note_condition(board)
    check_board(board)
    plan["soc"] = board.soc
    # Before any other check: a board that works need not meet the requirements of a change.
    plan["current"] = current_setup(board)
    plan["verified"] = board.record if board.verified is not None else None
    plan["baseline"] = _baseline(board, plan["current"])
    action, reason = choose_action(board)
    plan["unchanged"] = action == "none" and not board.meets_policy(board.driver["version"])
    version = final_version(board, action)
    plan["driver"] = dict(board.data["drivers"].get(version, {}), version=version)
    runtime = choose_runtime(board, action, version)
    plan.update(runtime=runtime, model=choose_model(board, runtime["version"]))
    if action == "none" and runtime["install"] and not board.wanted["runtime_version"]:
        check_fault(board)
    note_verification(board, plan["model"], runtime["version"])
    note_rkllm(board, version)
    diversion = plan_runtime_package(board, runtime)
    note_runtimes(board, runtime)
    note_use(board)
    _note_other_kernels(board)
    if action == "none":
        board.notes.extend(build_losses.sentences(build_losses.of_facts(board.facts)))
    if action == "none" and not runtime["install"]:
        plan.update(reason=reason, baseline=None)
        return
    _plan_changes(board, plan, action, runtime)
    if runtime["install"]:
        before_reboot = len(plan["changes"]) - bool(plan["reboot"])
        plan["changes"][before_reboot:before_reboot] = [*diversion, "install librknnrt.so %s as %s" % (
            runtime["version"], runtime["path"])]
        reason = "%s %s" % (reason, runtime["reason"])
    plan.update(action=action, reason=reason)
    check_reboot(board, plan)
    check_space(board, plan)
    check_use(board)


def _plan_changes(board, plan, action, runtime):
    """Fill in what is changed about the driver, or raise Unsupported if the board cannot be changed."""
    check_package_manager(board)
    if action != "none":
        check_running_kernel(board)
        check_probe(board)
    check_privileges(board, action, runtime)
    check_rollback(board, action)
    if action in ("dkms", "dkms_over_builtin"):
        plan_dkms(board, plan, action)
        note_newer_kernel(board)
    elif action == "vendor_kernel":
        plan_vendor_kernel(board, plan)
    check_kernel_packages(board, plan["packages"])


def _note_foreign(board, plan):
    """Note the DKMS packages with an NPU driver from elsewhere that stay."""
    for name, version in board.foreign_packages:
        if (version if name == DKMS_PACKAGE else "%s/%s" % (name, version)) not in plan["foreign_versions"]:
            board.notes.append(
                "The DKMS package %s/%s has an NPU driver, is not of rkfleet.npu, and stays unchanged." % (
                    name, version))


def _baseline(board, current):
    """Return what to verify before any change, `{runtime, model, required}`, or None if it is known or impossible.

    It is required only to decide whether a board keeps the driver it came with, unless the data says that this driver
    fails on this kernel. Otherwise it only says what a rollback has to restore.
    """
    # Memory or a node that was missing then may be there now, unless that was tried just now.
    may_be_mended = board.fault_is_elsewhere and not board.record.get("fresh")
    if current is None or is_pending(board.facts) or (board.verified is not None and not may_be_mended):
        return None
    decides = board.wanted["driver_policy"] == "working" and not board.runs_our_driver
    return dict(current, required=decides and not board.is_known_to_fail)


def _note_other_kernels(board):
    """Note the installed kernels, other than the running one, for which DKMS could not build the driver."""
    for kernel in board.facts.get("kernels") or []:
        log = kernel.get("build_log")
        if board.runs_our_driver and not kernel["running"] and log:
            board.notes.append("Kernel %s is installed, but driver %s could not be built for it: %s" % (
                kernel["release"], board.driver["version"],
                explain("\n".join(["for kernel " + kernel["release"], *log]))
                or "see make.log below /var/lib/dkms/rknpu on the board"))
