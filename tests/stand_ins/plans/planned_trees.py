# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Trees of boards, and their plans."""

from __future__ import annotations

import hashlib
import json
import re

from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility

DATA = compatibility.load()
BSP = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\n"
BUILTIN = BSP + "CONFIG_ROCKCHIP_RKNPU=y\nCONFIG_ROCKCHIP_RKNPU_DRM_GEM=y\n"

STOCK = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=m\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\nCONFIG_MODVERSIONS=y\n"
RUNTIME_160 = b"\x7fELF...librknnrt version: 1.6.0 (9a7b5d24c@2023-12-13T17:31:11)"

SPELT = "initcall_blacklist=rknpu_init"
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}


def prove(board, release, driver, diagnosis="ok", runtime=RUNTIME_160):
    """Give the board a runtime, and the record of a verification with it."""
    board.write("/usr/lib/librknnrt.so", runtime)
    record = {"kernel": {"release": release}, "driver": {"version": driver}, "runtime": {"sha256": hashlib.sha256(runtime).hexdigest()},
              "verification": {"diagnosis": diagnosis, "driver_version": driver}}
    return board.write("/etc/ansible/facts.d/npu.fact", json.dumps(record))


def one_sentence(text):
    return text.endswith(".") and "\n" not in text and not re.search(r"\. [A-Z]", text)


def check_place(board, planned, cmdline, files, what, where):
    """Such a board is refused for *what*, and told to add the argument *where*."""
    board.base(config=BUILTIN, cmdline=cmdline).npu().builtin().headers().tools()
    for path, text in files.items():
        board.write(path, text)
    plan = planned(board, driver_policy="exact")[1]
    assert plan["action"] == "unsupported" and one_sentence(plan["reason"]) and what in plan["reason"]
    assert SPELT in plan["remedy"] and where in plan["remedy"]
