# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Light boards, as tests and benchmarks use them: in a state folder of their own, so that nobody's own boards are touched."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess


class LightBoards:
    """The light boards of one state folder."""

    def __init__(self, root: pathlib.Path, state: pathlib.Path):
        self.root, self.state = root, state
        self.inventory = state / "fleet.yml"

    def lab(self, *words: str, timeout: int = 1200) -> str:
        """Run a command of the lab and return what it said."""
        done = subprocess.run(
            [str(self.root / "tests/lab/lab"), "fleet", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL, timeout=timeout, check=False, env=dict(os.environ, RKFLEET_LAB_STATE=str(self.state)),
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def up(self, count: int, mix: str = "mixed") -> pathlib.Path:
        """Start them in the place of those that run; return their inventory."""
        self.lab("up", "--count", str(count), "--mix", mix)
        return self.inventory

    def down(self) -> None:
        """Stop all."""
        self.lab("down")

    def status(self) -> dict:
        """Return {running: names, memory, boards: {name: {kind, address, serial}}}."""
        return json.loads(self.lab("status", "--json"))

    def of_kind(self, kind: str) -> list[str]:
        """Return the names of the boards of a kind."""
        return [name for name, board in self.status()["boards"].items() if board["kind"] == kind]
