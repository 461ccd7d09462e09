# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A tree on which the scripts that keep a board on a kernel with its NPU module run, whatever boots it."""

from __future__ import annotations

import shutil

SHELLS = {"dash": [shutil.which("dash") or "/bin/sh"], "busybox": [shutil.which("busybox") or "busybox", "sh"]}
#: Stands for Debian's linux-version.
LINUX_VERSION = """\
#!/bin/sh
if [ "$1" = list ]; then
    for file in /boot/vmlinuz-*; do echo "${file##*/vmlinuz-}"; done
else
    sort --version-sort --reverse
fi
"""


class KernelBoard:
    """Files below a root folder, which scripts in one of SHELLS see as their own."""

    def __init__(self, root, shell):
        self.root, self.said, self.by = root, "", SHELLS[shell]

    def path(self, path):
        """Return where a file of the board is."""
        return self.root / path.lstrip("/")

    def write(self, path, content=""):
        """Write a file, and return the board."""
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(content)
        return self

    def tool(self, path, content):
        """Write a program."""
        self.write(path, content).path(path).chmod(0o755)

    def files(self):
        """Return mode and content of all files of the areas that the scripts change."""
        return {path.relative_to(self.root).as_posix(): (path.stat().st_mode,
                                                         path.read_text() if path.is_file() else None)
                for area in ("etc", "usr", "boot") for path in (self.root / area).rglob("*")}
