# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Device nodes of the driver."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.account import Account
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.device_nodes import device_nodes, mode_allows


def test_nodes_are_found_by_their_device(tmp_path):
    for name, driver in (("renderD128", "panthor"), ("renderD129", "RKNPU"), ("card0", "panthor"), ("card1", "RKNPU"),
                         ("card1-HDMI-A-1", "RKNPU")):
        folder = tmp_path / "sys/class/drm" / name / "device"
        folder.mkdir(parents=True)
        (folder / "uevent").write_text(f"DRIVER={driver}\nOF_COMPATIBLE_0=rockchip,rk3588-rknpu\n")
    nodes = [tmp_path / "dev/dri" / name for name in ("card1", "renderD129")]
    nodes[0].parent.mkdir(parents=True)
    for node in nodes:
        node.touch()
    found = device_nodes(str(tmp_path / "sys"), str(tmp_path / "dev"))
    assert [(entry["path"], entry["open"]) for entry in found] == [("/dev/dri/card1", True), ("/dev/dri/renderD129", True)]
    assert device_nodes(str(tmp_path / "nothing")) == []


def test_a_missing_node_is_distinguished_from_one_that_may_not_be_opened(tmp_path):
    folder = tmp_path / "sys/class/drm/renderD129/device"
    folder.mkdir(parents=True)
    (folder / "uevent").write_text("DRIVER=RKNPU\n")
    (tmp_path / "sys/class/misc/rknpu").mkdir(parents=True)  # built for DMA_HEAP
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/rknpu").touch()
    found = device_nodes(str(tmp_path / "sys"), str(tmp_path / "dev"))
    assert [(entry["exists"], entry["open"]) for entry in found] == [(False, False), (True, True)]


def test_a_link_called_rknpu_is_no_node_of_the_driver(tmp_path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/rknpu").symlink_to("dri/renderD129")
    assert device_nodes(str(tmp_path / "sys"), str(tmp_path / "dev")) == []


@pytest.mark.parametrize(("mode", "uid", "groups", "allowed"), [
    (0o660, 1000, (44, 1000), True), (0o660, 1000, (1000,), False), (0o666, 1000, (1000,), True), (0o600, 0, (0,), True),
    (0o640, 1000, (44,), False), (0o606, 1000, (44,), False), (0o066, 0, (44,), False),
])
def test_who_may_open_a_node_of_root_and_group_video(mode, uid, groups, allowed):
    assert mode_allows(mode, 0, 44, Account("anna", uid, uid, groups)) is allowed
