# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which processes use the NPU, and what is wrong with its device nodes."""

from __future__ import annotations

from ...module_utils._facts import npu_users
from .board_state import Unsupported


def _users(board):
    return npu_users.complete(board.facts.get("processes"))


def note_use(board):
    """Note for the owner who uses the NPU, and device nodes that are not what they should be."""
    users, services, force = _users(board), board.wanted["services"], board.wanted["force"]
    if users:
        remaining = npu_users.blocking(users, services or [])
        what = ("npu_force is set: it is changed and verified all the same" if force
                else "an upgrade stops npu_services first, and does not start if it is still in use then"
                if services and not remaining
                else "an upgrade and a verification do not start before it is stopped (%s), unless npu_services has its "
                "systemd unit or npu_force is set" % npu_users.how_to_stop(remaining or users))
        board.notes.append("The NPU is in use by %s: %s." % (npu_users.describe(users), what))
    for node in board.facts.get("device_nodes") or []:
        if node["path"] == "/dev/rknpu" and node["target"]:
            board.notes.append(
                "/dev/rknpu is a link to %s: librknnrt.so takes it for a driver without DRM and crashes. Remove it, and "
                "the udev rule that makes it." % node["target"])
        elif node["missing"]:
            board.notes.append(
                "The driver has %s, which is missing in /dev: run udevadm trigger --subsystem-match=%s on the board, or "
                "pass the node into the container." % (node["path"], "misc" if node["kind"] == "misc" else "drm"))


def check_use(board):
    """Raise Unsupported if processes that npu_services does not stop use the NPU, and the plan is to be carried out."""
    if board.wanted["services"] is None or board.wanted["force"]:
        return
    remaining = npu_users.blocking(_users(board), board.wanted["services"])
    if remaining:
        what, remedy = npu_users.refusal(remaining)
        raise Unsupported("%s." % (what[:1].upper() + what[1:]), "%s." % (remedy[:1].upper() + remedy[1:]))
