# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which runtime a board gets, and which model, picture and Top5 verify it."""

from __future__ import annotations

from ...module_utils._board import version as _version
from ...module_utils._facts import runtime as _runtime
from .checks.board_state import Unsupported
from .diagnosis_effects import may_change
from .predicates import is_pending
from .rules import rkllm_floor, runtime_model


def choose_runtime(board, action, driver):
    """Return the plan's `runtime`: which one, where it goes and whether it has to be installed.

    Args:
        action: what is done about the driver.
        driver: version of the driver after that.

    Raises:
        Unsupported: if the runtime does not support the SoC or that driver.
    """
    drivers, installed = board.data["drivers"], board.runtime
    target_row = drivers[board.target]
    version = (board.wanted["runtime_version"] or drivers.get(driver, target_row).get("runtime")
               or target_row.get("runtime"))
    result = {"version": version, "path": installed.get("link") or _runtime.PATH, "install": False}
    if version is None:
        return dict(result, version=installed.get("version"), reason="No runtime is known for driver %s." % driver)
    row = board.data["runtimes"][version]
    result.update({key: row.get(key) for key in ("sha256", "git_blob", "size", "build", "rknn_server")},
                  path_upstream=row["path"])
    keeps_runtime = action == "none" and installed.get("version") and board.keeps_its_driver
    if keeps_runtime and not board.wanted["runtime_version"] and not is_pending(board.facts):
        kept = board.data["runtimes"].get(installed["version"]) or {}
        return dict(result, version=installed["version"], rknn_server=kept.get("rknn_server"),
                    reason="Runtime %s works with it and stays unchanged." % installed["version"])
    if not board.wanted["runtime_version"] and _is_newer_than_known(board):
        board.notes.append("librknnrt.so {} is newer than all releases in the compatibility data: set "
                           "npu_runtime_version to {} to replace it.".format(installed["version"], version))
        return dict(result, version=installed["version"], rknn_server=None,
                    reason="Runtime {} is newer than {} and stays unchanged.".format(installed["version"], version))
    _check_runtime(board, version, driver)
    reason = _why_install(installed, row, version, driver)
    if reason:
        return dict(result, install=True, reason=reason)
    same = [other["path"] for other in installed.get("others") or [] if other["sha256"] == installed.get("sha256")]
    if installed.get("loader") and installed["loader"] not in [installed["path"], *same]:
        board.notes.append("The dynamic loader finds %s, not %s." % (installed["loader"], installed["path"]))
    return dict(result, reason="Runtime %s is installed." % version)


def _is_newer_than_known(board):
    """Return whether the runtime is newer than all known releases, unless it was tried and is at fault."""
    version = board.runtime.get("version")
    if board.verified is False and "runtime" in may_change(board.record):
        return False
    return _version.is_version(version) and not any(_version.at_least(key, version) for key in board.data["runtimes"])


def _check_runtime(board, version, driver):
    oldest = board.data["socs"][board.soc].get("runtime_floor")
    if oldest and not _version.at_least(version, oldest):
        raise Unsupported("Runtime %s is too old for this SoC, which needs %s or newer." % (version, oldest),
                          "Choose another npu_runtime_version.")
    floor = board.data["runtimes"][version].get("driver_floor") or {}
    if floor.get("requires") and not _version.at_least(driver, floor["requires"]):
        raise Unsupported("Runtime %s refuses drivers older than %s, and this board would have %s." % (
            version, floor["requires"], driver), "Choose another npu_runtime_version, or a newer npu_driver_version.")
    if floor.get("recommends") and not _version.at_least(driver, floor["recommends"]):
        board.notes.append("Runtime %s recommends driver %s or newer, and this board would have %s." % (
            version, floor["recommends"], driver))


def _why_install(installed, row, version, driver):
    """Return why the runtime has to be installed, or None if the installed file has the pinned checksums."""
    if installed.get("path") is None:
        return "No runtime is installed; %s goes with driver %s." % (version, driver)
    matches = [installed.get(key) == row[key] for key in ("sha256", "git_blob") if row.get(key) and installed.get(key)]
    if matches and all(matches):
        return None
    if installed.get("version") == version:
        return "The installed runtime reports version %s but is not the pinned file." % version
    return "Runtime %s is installed; %s goes with driver %s." % (
        installed.get("version") or "of an unknown version", version, driver)


def choose_model(board, runtime):
    """Return the plan's `model`: what verifies the board with this version of the runtime, as the data has it."""
    data, soc = board.data, board.data["socs"][board.soc]
    key = soc.get("model") or runtime_model(runtime, data["runtimes"])
    row = data["models"].get(key) or {}
    files = row.get("soc") or {}
    return {"key": key, "file": files.get(board.soc) or files.get(soc.get("family")), "platform": soc["model_dir"],
            "picture": data["pictures"].get(row.get("picture")), "expected_top5": row.get("expected_top5", []),
            "tolerance": row.get("tolerance"), "recorded_with": row.get("recorded_with"), "cores": soc.get("cores")}


def current_setup(board):
    """Return what verifies the board before any change, `{runtime, model}`, or None if it cannot be verified."""
    if not board.driver["version"] or not board.runtime.get("path"):
        return None
    model = choose_model(board, board.runtime.get("version"))
    if not model["picture"] or not _has_checksum(model["file"]):
        return None
    return {"runtime": board.runtime["version"], "model": model}


def note_verification(board, model, runtime):
    """Note for the owner if the board cannot be verified by inference."""
    if model["file"] is None:
        board.notes.append("No demo model is known for %s with runtime %s: "
                           "the board cannot be verified by inference." % (board.soc, runtime))
    elif not _has_checksum(model["file"]):
        board.notes.append("The checksum of %s is not known: the board cannot be verified by inference until "
                           "npu_compatibility.models has its sha256 or git_blob (models.%s.soc)." % (
                               model["file"]["path"], model["key"]))


def note_rkllm(board, driver):
    """Note if the board has RKLLM's runtime, and the driver that it would have is too old for it.

    Args:
        driver: version of the driver after the plan.
    """
    rkllm = board.facts.get("rkllm") or {}
    version = rkllm.get("version")
    floor = rkllm_floor(version, board.data["rkllm"]) if _version.is_version(version) else None
    if not floor or not driver or _version.at_least(driver, floor):
        return
    enough = [key for key, row in board.data["drivers"].items() if row.get("path") and _version.at_least(key, floor)]
    board.notes.append("librkllmrt.so %s (%s) needs driver %s or newer, and this board would have %s%s." % (
        version, rkllm.get("path"), floor, driver,
        ": set npu_driver_version to %s" % min(enough, key=_version.parse) if enough else ""))


def _has_checksum(file):
    return bool(file) and any(file.get(name) for name in ("sha256", "git_blob"))
