# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What stops a board before anything is changed."""

from __future__ import annotations

import pytest
from stand_ins.plans.planned_facts import ARGUMENT, MISSION, NO_RUNTIME, plan, upgraded

# case, changes, wanted, part of the reason, part of the remedy
STOPS = [
    ("other architecture", {"kernel": {"machine": "x86_64"}}, {}, "x86_64 machine", "inventory"),
    ("container", {"os": {"container": "docker"}}, {}, "container (docker)", "on the board"),
    ("32-bit user space", {"tools": {"bits": 32}}, {}, "32-bit", "64-bit"),
    (
        "no device tree", {"board": {"compatible": [], "model": None, "soc": None}}, {}, "No device tree found",
        "device tree",
    ),
    (
        "not Rockchip",
        {"board": {"model": "Raspberry Pi 4", "compatible": ["raspberrypi,4-model-b", "brcm,bcm2711"], "soc": None}},
        {}, "not a Rockchip board but Raspberry Pi 4", "inventory",
    ),
    (
        "rocket",
        {
            "driver": {"presence": "rocket", "version": None},
            "device": {"driver": "rocket", "compatible": ["rockchip,rk3588-rknn-core"]},
        },
        {}, "rocket", "Either boot a vendor kernel 5.10 or 6.1",
    ),
    (
        "no node", {"device": {"node": None, "address": None, "compatible": [], "status": None}}, {}, "no NPU node",
        "vendor kernel",
    ),
    (
        "node disabled", {"device": {"status": "disabled", "driver": None}}, {}, "is disabled",
        "overlay tool (rsetup, armbian-config, orangepi-config)",
    ),
    (
        "unknown SoC", {"board": {"soc": "rk9999"}, "device": {"compatible": ["rockchip,rk9999-rknpu"]}}, {}, "rk9999",
        "npu_compatibility.socs",
    ),
    ("old Python", {"tools": {"python": "3.7.3"}}, {}, "Python 3.7.3 is too old", "ansible_python_interpreter"),
    (
        "old kernel", {"kernel": {"release": "4.19.232"}}, {}, "Kernel 4.19.232 is not supported by driver 0.9.6",
        "5.10 or 6.1",
    ),
    ("kernel without a version", {"kernel": {"release": "vendor"}}, {}, "Cannot parse the kernel release", "vendor"),
    ("no modules", {"kernel": {"config": {"KALLSYMS": "y", "DRM": "y"}}}, {}, "without modules", "CONFIG_MODULES"),
    ("no DRM", {"kernel": {"config": {"KALLSYMS": "y", "MODULES": "y"}}}, {}, "without DRM", "CONFIG_DRM"),
    (
        "signed modules only", {"kernel": {"config": dict(MISSION["kernel"]["config"], MODULE_SIG_FORCE="y")}}, {},
        "signed modules only", "SIG_FORCE",
    ),
    (
        "signatures by an argument", {"kernel": {"signatures": "argument"}}, {},
        "signed modules only (module.sig_enforce)", "boot it without module.sig_enforce",
    ),
    (
        "signatures by lockdown", {"kernel": {"signatures": "lockdown"}}, {}, "signed modules only (lockdown)",
        "npu_signing_key and npu_signing_cert",
    ),
    ("no kallsyms", {"kernel": {"config": {"MODULES": "y", "DRM": "y"}}}, {}, "no CONFIG_KALLSYMS", "CONFIG_KALLSYMS"),
    (
        "unknown boot loader", {"boot": {"loader": "unknown", "config": None, "next": None}}, {}, "boot loader",
        "Add %s to the kernel arguments" % ARGUMENT,
    ),
    (
        "odd boot configuration", {"boot": {"error": "/etc/default/u-boot: a quote in line 3 is never closed"}}, {},
        "line 3", ARGUMENT,
    ),
    ("no root", {"privileged": False}, {}, "needs driver 0.9.6, but its facts were gathered without root", "sudo"),
    ("no root for the runtime", upgraded(runtime=NO_RUNTIME, privileged=False), {}, "needs runtime 2.3.2", "sudo"),
    ("no space", {"space": {"/var": 30}}, {}, "30 MiB free at /var, and 56 MiB are needed", "Free 26 MiB"),
    (
        "no space for packages", {"tools": {"compiler": False}, "space": {"/usr": 100}}, {}, "100 MiB free at /usr",
        "Free",
    ),
    ("release without a source", {}, {"driver_version": "0.9.7"}, "0.9.7 is not published", "0.9.6, 0.9.8"),
    ("no vendor kernel", {}, {"driver_strategy": "vendor_kernel"}, "offers no kernel", "dkms"),
    (
        "runtime too old for the SoC", {"board": {"soc": "rk3576"}, "device": {"address": "27700000"}},
        {"runtime_version": "1.6.0"}, "1.6.0 is too old for this SoC, which needs 2.0.0b0", "npu_runtime_version",
    ),
]


@pytest.mark.parametrize(
    "changes, wanted, reason, remedy", [case[1:] for case in STOPS], ids=[case[0] for case in STOPS]
)
def test_stops_before_anything_is_changed(changes, wanted, reason, remedy):
    result = plan(wanted, **changes)
    assert result["action"] == "unsupported"
    assert reason in result["reason"] and "\n" not in result["reason"] and result["reason"].endswith(".")
    assert remedy in result["remedy"] and result["remedy"].endswith(".")
    assert (result["module"], result["packages"], result["reboot"], result["changes"]) == (None, [], False, [])
    assert result["runtime"]["install"] is False
