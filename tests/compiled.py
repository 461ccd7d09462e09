# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What compilers on emulated boards made, kept in the lab's cache: see cached-gcc.

The first run of a test with the same sources and the same kernels compiles everything, later ones what has changed.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LAB, GCC, DKMS = HERE / "lab", HERE / "cached-gcc", HERE.parent / "roles/driver/files/dkms"
sys.path.insert(0, str(LAB))

from rklab import cache  # noqa: E402
from rklab.disks import image  # noqa: E402
from rklab.fleets.kinds import KINDS  # noqa: E402

#: On a board.
STORE, COMPILER = "/root/rkfleet-compiled", "/usr/local/lib/rkfleet-compiled-gcc"
LINK, HOOK = "/usr/local/sbin/rkfleet-compiled", "/etc/apt/apt.conf.d/99rkfleet-compiled"
# Debian's own kernels are built by a compiler with its version in its name.
LINKS = f"""#!/bin/sh
for tool in /usr/bin/gcc /usr/bin/gcc-[0-9]*; do [ ! -e $tool ] || ln -sf {COMPILER} /usr/local/bin/${{tool##*/}}; done
"""


class Results:
    """What was compiled on boards of a *kind* for one *use*, which compiles the same each time."""

    def __init__(self, kind: str, use: str):
        kernels = [image.kernel_inputs(kernel) for kernel in (KINDS[kind].kernel, KINDS[kind].later) if kernel]
        sources = cache.sources_digest([GCC, LAB / "driver", DKMS])
        inputs = {"kind": kind, "use": use, "kernels": kernels, "sources": sources}
        self.file = cache.folder("compiled", inputs).with_suffix(".tar")

    def put(self, board) -> None:
        """Lay on a board what there is, and the compiler that takes it from there, or will once apt installs one."""
        _feed(board, f"sudo sh -c 'cat >{COMPILER} && chmod 755 {COMPILER}'", GCC.read_bytes())
        _feed(board, f"sudo sh -c 'cat >{LINK} && chmod 755 {LINK} && exec {LINK}'", LINKS.encode())
        hook = f'DPkg::Post-Invoke {{"{LINK}";}};\n'
        _feed(board, f"sudo sh -c '[ -e /usr/bin/gcc ] || cat >{HOOK}; mkdir -p {STORE}'", hook.encode())
        if self.file.exists():
            _feed(board, f"sudo tar -C {STORE} -xf -", self.file.read_bytes())
        else:
            board.ssh(f"sudo touch {STORE}/keep")

    def take(self, board) -> None:
        """Keep what the board has compiled since put(), where nothing was there before."""
        if self.file.exists():
            return
        content = _feed(board, f"sudo sh -c 'cd {STORE} && mkdir -p cc && exec tar -cf - cc'", b"")
        with tempfile.NamedTemporaryFile(dir=self.file.parent, delete=False) as stream:
            stream.write(content)
        os.replace(stream.name, self.file)


def _feed(board, command: str, content: bytes) -> bytes:
    """Run a command on the board with that input; its output."""
    words = [sys.executable, str(LAB / "lab"), "ssh", board.name, "--", command]
    done = subprocess.run(words, input=content, stdout=subprocess.PIPE, env=board.environ, timeout=600, check=True)
    return done.stdout
