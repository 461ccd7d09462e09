# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the runtime prints is bounded. A whole inference is in tests/unit/lab/test_runtime.py."""

from __future__ import annotations

from ansible_collections.rkfleet.npu.plugins.module_utils._inference import child


def test_log_lines_are_bounded_and_clean():
    lines = child.log_lines(b"\x1b[31mred\x07\r\n" + b"\n".join(b"x" * 5000 for dummy in range(5000)) + b"\nlast\xff")
    assert lines[0] == "[31mred"
    assert lines[-1] == "last\ufffd"
    assert len(lines) == child.LOG_LINES + 1
    assert max(map(len, lines)) <= child.LOG_LINE
    assert all(line.isprintable() for line in lines)


def test_an_inference_marks_the_kernel_log(marks, tmp_path):
    outcome = child.infer(str(tmp_path / "librknnrt.so"), b"model", bytes(150528), 1, 30)
    assert outcome["stage"] == "dlopen" and marks == [90, 0]
