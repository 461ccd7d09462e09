# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Run inferences with the collection's own code, in an arm64 Python under qemu-user: arm64.py starts it.

From stdin it reads a JSON list of cases, and to stdout it writes the list of their outcomes (child.infer()). A case is
{library, model: paths, settings: of the simulated node, runs, cores}.
"""

import json
import os
import pathlib
import sys

from ansible_collections.rkfleet.npu.plugins.module_utils._inference import child

TIMEOUT = 60  # seconds: qemu-user on a busy machine; an inference takes one of them
PREFIX = "RKFLEET_FAKE_"


def ask(case):
    """Return the outcome of one case."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update({PREFIX + name.upper(): str(value) for name, value in case["settings"].items()})
    model = pathlib.Path(case["model"]).read_bytes()
    outcome = child.infer(case["library"], model, bytes(child.PICTURE_BYTES), case["runs"], TIMEOUT, case["cores"])
    # The emulator's own line of a crash.
    outcome["log"] = [line for line in outcome["log"] if not line.startswith("qemu: uncaught target signal")]
    return outcome


json.dump([ask(case) for case in json.load(sys.stdin)], sys.stdout)
