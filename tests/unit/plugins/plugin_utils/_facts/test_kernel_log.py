# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The kernel log's lines about the NPU: which are harmless, which are counted, and what they mean."""

from __future__ import annotations

import json
import os
import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import kernel_log as on_board
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import kernel_lines, kernel_log
from stand_ins.kernel_logs import HEALTHY, TELLING

START = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x412fd050]\n"
LOADED = "[  {}.000000] [drm] Initialized rknpu 0.9.8 20240828 for fdab0000.npu on minor 1\n"
ABORT = "[  {}.000001] RKNPU: job abort, flags: 0x1, ret: 0, elapsed time: 121694us\n"
FAULT = "[  {}.000002] rk_iommu fdab9000.iommu: Page fault at 0x0000000000001000 of type read\n"
MARK = "[  {}.000003] " + on_board.MARK + "\n"
NOISE = "[   50.000000] usb 1-1: new high-speed USB device number 2 using xhci-hcd\n"


@pytest.fixture
def facts(board):
    """What a board's kernel log gives, in both halves."""

    def read(text, address="fdab0000"):
        board.write(on_board.PATH, text)
        return kernel_log.read(json.loads(json.dumps(on_board.read(Tree(str(board.root)), address))))

    return read


def address_in(text):
    found = re.search(r"\b([0-9a-f]{8})\.(?:rk)?npu", text)
    return found.group(1) if found else "27700000" if "2792" in text else "fdab0000"


@pytest.mark.parametrize("source", HEALTHY)
def test_what_healthy_boards_print_is_harmless(facts, source):
    found = facts(HEALTHY[source], address_in(HEALTHY[source]))
    assert (found["suspect"], found["cause"], found["jobs_failed"], found["iommu_faults"]) == (None, None, 0, 0)
    assert all("the NPU was reset" in line for line in found["lines"])


@pytest.mark.parametrize("source", TELLING)
def test_what_tells_a_fault(facts, source):
    text, expected = TELLING[source]
    found = facts(text, address_in(text))
    for name, value in expected.items():
        if isinstance(value, str):
            assert value in " ".join(found[name]) if name == "lines" else value in (found[name] or ""), found
        else:
            assert found[name] == value, found


@pytest.mark.parametrize("row", kernel_lines.KERNEL_LINES)
def test_rows_are_complete(row):
    assert row.kind in kernel_lines.KINDS and (row.kind == "harmless") == (row.meaning is None)
    assert row.remedy or row.diagnosis is None


@pytest.mark.parametrize("line, text, seconds", [
    ("<3>[  105.708333] RKNPU: job timeout, flags: 0x0:", "RKNPU: job timeout, flags: 0x0:", 105),
    ("<6>[    9.346320][  T187] RKNPU: job timeout", "RKNPU: job timeout", 9),
    ("3,1204,105708333,-;RKNPU: job timeout", "RKNPU: job timeout", 105),
    ("Apr 10 00:42:58 rock kernel: [   14.857129] RKNPU: job timeout", "RKNPU: job timeout", 14),
    ("RKNPU: job timeout", "RKNPU: job timeout", None),
    ("[    2.1] RKNPU fe.npu: can't request region for resource [mem 0xff300000]",
     "RKNPU fe.npu: can't request region for resource [mem 0xff300000]", 2),
    ("", "", None),
])
def test_a_line_in_all_its_forms(line, text, seconds):
    assert kernel_lines.parse_line(line) == (text, seconds)


def test_jobs_of_an_earlier_driver_do_not_count(facts):
    """A module that was loaded again is another driver."""
    text = START + LOADED.format(10) + ABORT.format(20) * 3
    assert facts(text)["jobs_failed"] == 3
    found = facts(text + LOADED.format(30))
    assert (found["jobs_failed"], found["suspect"], found["lines"]) == (0, None, [])
    found = facts(text + LOADED.format(30) + ABORT.format(40))
    assert found["suspect"].startswith("1 job of the NPU failed since the driver was loaded")


def test_jobs_of_our_own_verifications_do_not_count_and_are_named(facts):
    text = START + LOADED.format(10) + MARK.format(20) % 180 + ABORT.format(21) * 2 + MARK.format(22) % 0
    found = facts(text)
    assert (found["jobs_failed"], found["ours"], found["suspect"]) == (0, 2, None)
    assert "in a verification" in found["lines"][0]
    found = facts(text + ABORT.format(40) + FAULT.format(41))
    assert found["suspect"].startswith("1 job of the NPU failed and 1 fault of the NPU's IOMMU since")
    assert found["ours"] == 2


def test_a_verification_that_was_killed_hides_nothing_for_ever(facts):
    text = START + LOADED.format(10) + MARK.format(20) % 60 + ABORT.format(30)
    assert facts(text)["suspect"] is None
    assert facts(text + ABORT.format(200))["jobs_failed"] == 1


def test_whether_the_log_still_begins_with_the_boot(facts):
    assert facts(START + ABORT.format(9))["complete"] is True
    found = facts(NOISE + ABORT.format(90))
    assert found["complete"] is False and "since the log begins" in found["suspect"]


def test_a_board_whose_log_cannot_be_read(board):
    assert on_board.read(Tree(str(board.root)), "fdab0000") is None
    assert kernel_log.read(None) == kernel_log.UNKNOWN


def test_a_long_log_is_bounded(board):
    lines = [ABORT.format(number) for number in range(5000)]
    lines += [f"[ 9] RKNPU: a line {'x' * number} with another text\n" for number in range(500)]
    board.write(on_board.PATH, START + "".join(lines))
    sent = on_board.read(Tree(str(board.root)), None)
    assert len(sent["lines"]) == 100 and sent["omitted"] == 401 and len(json.dumps(sent)) < 50000
    found = kernel_log.read(sent)
    assert found["jobs_failed"] == 5000 and len(json.dumps(found)) < 5000


def test_an_input_is_no_npu(board):
    board.write(on_board.PATH, "[ 1.0] input: gpio_ir_recv as /devices/platform/ir-receiver/rc/rc0/input1\n" + NOISE)
    assert on_board.read(Tree(str(board.root)), None)["lines"] == []


@pytest.mark.parametrize(("line", "address", "kept"), [
    ("[  277.012000] rk_iommu 27920f00.iommu: Page fault at 0x0000000000001000 of type read", "27700000", False),
    ("[   12.277001] rk_iommu 27920f00.iommu: Page fault at 0x0000000027701000 of type read", "27700000", False),
    ("[    4.220012] rga2 209f0000.rga: probe successfully, irq = 61", "22000000", False),
    ("[    4.220012] rk_iommu 22002000.iommu: Page fault at 0x0000000000001000 of type read", "22000000", True),
    ("[    4.220012] rk_iommu fdab9000.iommu: version = 2", "fdab0000", True),
    ("[    4.220012] rk_iommu fdab9000.iommu: version = 2", None, False),
    ("[    4.220012] platform fdaca000.iommu: deferred probe pending", "fdab0000", False),
    ("[    4.220012] RKNPU: soft reset, num: 6", None, True),
])
def test_lines_of_another_unit_are_not_those_of_the_npu(line, address, kept):
    """Times and addresses in memory often have the digits of the NPU's own address."""
    assert bool(on_board.collect([line], address)) is kept


def test_nothing_a_board_sends_is_believed():
    entry = {"text": "x", "count": "7", "load": 0, "ours": False}
    for sent in ("x", {}, {"first": "", "omitted": 0, "lines": [entry]}):
        with pytest.raises(ValueError, match="kernel_log"):
            kernel_log.read(sent)
    odd = {"text": "\x1b[2J RKNPU: job abort,", "count": -5, "load": None, "ours": True}
    found = kernel_log.read({"first": None, "omitted": None, "lines": [odd, dict(odd, text=None)]})
    assert found["suspect"] is None and "\x1b" not in json.dumps(found)


@pytest.mark.parametrize("row", kernel_lines.KERNEL_LINES)
def test_no_line_takes_long(row):
    texts = ("npu " * 100, "a" * 300, "failed to " * 40, "rk_iommu " * 40, "blacklist" * 40)
    # Each search comes to an end, whatever it finds.
    assert len([re.search(row.line, text) for text in texts]) == len(texts)


def test_a_mark_is_written_where_it_is_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(on_board, "PATH", str(tmp_path / "kmsg"))
    on_board.mark(60)
    assert not os.path.exists(on_board.PATH)
    (tmp_path / "kmsg").write_text("")
    on_board.mark(60)
    assert (tmp_path / "kmsg").read_text() == "<6>rkfleet-npu: MobileNet runs for at most 60 s"
