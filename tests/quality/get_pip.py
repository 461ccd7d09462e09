# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Put pip into one of ansible-test's empty virtual environments, in place of the script it would download.

ansible-test runs this with the options of get-pip: packages to install (pip itself among them) and `--no-…` words.
Python brings a pip along (ensurepip), which fetches the wanted one from the package index that pip is set up for.
"""

from __future__ import annotations

import os
import subprocess
import sys

if __name__ == "__main__":
    os.environ.pop("GET_PIP", None)
    # In a process of its own: ensurepip switches pip's settings off for the process it runs in.
    subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    words = [word for word in sys.argv[1:] if not word.startswith("--no-")]
    sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", "-qq", *words], check=False).returncode)
