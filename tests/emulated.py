# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""One emulated board, as tests and benchmarks use it."""

from __future__ import annotations

import os
import pathlib
import subprocess

BOARD = "rock5b-1"
# Everything an upgrade may touch, and where it must leave nothing behind.
WATCHED = "/etc /boot /lib/modules /usr/src /usr/lib/librknnrt.so /usr/lib/rkfleet-npu /usr/bin /usr/sbin /var/lib/dkms /var/lib/rkfleet-npu"
# Of these the content counts too; in the others an upgrade only adds and removes files.
READ = "/etc /boot/extlinux /boot/grub /lib/modules /usr/lib/librknnrt.so /var/lib/rkfleet-npu"


def state_folder(root: pathlib.Path) -> pathlib.Path:
    """Return where the lab keeps its running boards and the inventory."""
    return pathlib.Path(os.environ.get("RKFLEET_LAB_STATE") or root / "build/lab")


class Board:
    """One emulated board, of the lab in the folder *state* (the lab's own unless named)."""

    def __init__(self, root: pathlib.Path, name: str, state: pathlib.Path | None = None):
        self.root, self.name = root, name
        self.inventory_file = (state or state_folder(root)) / "inventory.yml"
        self.environ = {**os.environ, **({"RKFLEET_LAB_STATE": str(state)} if state else {})}

    def lab(self, *words: str, timeout: int = 600) -> str:
        """Run a command of the lab and return what it said."""
        done = subprocess.run(
            [str(self.root / "tests/lab/lab"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL, timeout=timeout, check=False, env=self.environ,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def ssh(self, *words: str, check: bool = True) -> str:
        """Run a command on the board and return its output."""
        done = subprocess.run(
            [str(self.root / "tests/lab/lab"), "ssh", self.name, "--", *words], stdout=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, timeout=600, check=False, env=self.environ,
        )
        assert not check or done.returncode == 0, (words, done.stdout)
        return done.stdout

    def reset(self) -> None:
        """Put the untouched disk back and boot it."""
        self.lab("reset", self.name)

    def boot_id(self) -> str:
        """Return what tells one boot from another."""
        return self.ssh("cat /proc/sys/kernel/random/boot_id").strip()

    def state(self) -> list[str]:
        """Return a listing of all that an upgrade may touch, with the digests of what it may change."""
        return self.ssh(
            f"sudo sh -c 'find {WATCHED} -xdev -type d -printf \"%p %M %u\\n\" 2>/dev/null | sort;"
            f" find {WATCHED} -xdev ! -type d -printf \"%p %M %u %s %l\\n\" 2>/dev/null | sort;"
            f" find {READ} -xdev -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum'"
        ).splitlines()
