# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which processes use the NPU, and what is wrong with its device nodes."""

from __future__ import annotations

from ...module_utils._facts import holders
from .._facts import npu_users
from .checks.board_state import Unsupported


def _users(board):
    return npu_users.complete(board.facts.get("processes"))


def note_use(board):
    """Note for the owner who uses the NPU, and device nodes that are not what they should be."""
    users, services, force = _users(board), board.wanted["services"], board.wanted["force"]
    if users:
        remaining = holders.blocking(users, services or [])
        if force:
            what = "npu_force is set: it is changed and verified all the same"
        elif services and not remaining:
            what = "an upgrade stops npu_services first, and does not start if it is still in use then"
        else:
            what = (f"an upgrade and a verification do not start before it is stopped "
                    f"({npu_users.how_to_stop(remaining or users)}), unless npu_services has its systemd unit or "
                    f"npu_force is set")
        board.notes.append(f"The NPU is in use by {npu_users.describe(users)}: {what}.")
    for node in board.facts.get("device_nodes") or []:
        if node["path"] == "/dev/rknpu" and node["target"]:
            board.notes.append(
                "/dev/rknpu is a link to {}: librknnrt.so takes it for a driver without DRM and crashes. Remove it, "
                "and the udev rule that makes it.".format(node["target"]))
        elif node["missing"]:
            board.notes.append(
                "The driver has {}, which is missing in /dev: run udevadm trigger --subsystem-match={} on the board, "
                "or pass the node into the container.".format(
                    node["path"], "misc" if node["kind"] == "misc" else "drm"))


def check_use(board):
    """Raise Unsupported if the plan is to be carried out and processes use the NPU that npu_services does not stop."""
    if board.wanted["services"] is None or board.wanted["force"]:
        return
    remaining = holders.blocking(_users(board), board.wanted["services"])
    if remaining:
        what, remedy = npu_users.refusal(remaining)
        raise Unsupported("%s." % (what[:1].upper() + what[1:]), "%s." % (remedy[:1].upper() + remedy[1:]))
