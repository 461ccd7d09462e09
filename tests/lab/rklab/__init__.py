# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The lab: emulated ROCK 5B boards for people without one. Standard library only."""

import time


class LabError(Exception):
    """An expected failure: one clear sentence, and what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class Progress:
    """Prints one line for each phase with the time since the start, so that a long wait is never a silent one."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.started = time.monotonic()

    def __call__(self, text: str) -> None:
        if not self.quiet:
            elapsed = int(time.monotonic() - self.started)
            print(f"[{elapsed // 60:2d}:{elapsed % 60:02d}] {text}", flush=True)
