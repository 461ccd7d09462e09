# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The plan: the facts of a board, and the action, reason and remedy that follow."""

from __future__ import annotations

import copy

import pytest

yaml = pytest.importorskip("yaml")

from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import planner  # noqa: E402
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility  # noqa: E402

RELEASE = "6.1.99-1-rk2312"
DATA = compatibility.load()
PINNED = DATA["runtimes"]["2.3.2"]
RUNTIME = {
    "path": "/usr/lib/librknnrt.so", "link": "/usr/lib/librknnrt.so", "version": "2.3.2", "build": PINNED["build"],
    "sha256": PINNED["sha256"], "git_blob": PINNED["git_blob"], "size": PINNED["size"],
    "loader": "/usr/lib/librknnrt.so", "others": [],
}
NO_RUNTIME = {
    "path": None, "link": None, "version": None, "build": None, "sha256": None, "git_blob": None, "size": None,
    "loader": None, "others": [],
}
ARGUMENT = "initcall_blacklist=rknpu_init"
OURS = {
    "name": "rknpu", "version": "0.9.6", "kernel": RELEASE, "arch": "aarch64", "state": "installed", "original": False,
}

# The mission's board: driver 0.9.3 built into 6.1, no runtime, everything else at hand.
MISSION = {
    "board": {
        "model": "Radxa ROCK 5B", "compatible": ["radxa,rock-5b", "rockchip,rk3588"], "soc": "rk3588", "serial": "1",
    },
    "os": {"id": "debian", "codename": "bookworm", "version": "12", "version_id": "12", "container": None},
    "kernel": {
        "release": RELEASE, "machine": "aarch64", "headers": True, "headers_path": "/usr/src/x",
        "config": {"MODULES": "y", "KALLSYMS": "y", "DRM": "y", "ROCKCHIP_RKNPU": "y"}, "boot_id": "b",
    },
    "device": {
        "node": "/npu@fdab0000", "address": "fdab0000", "compatible": ["rockchip,rk3588-rknpu"], "status": "okay",
        "name": "fdab0000.npu", "driver": "RKNPU",
    },
    "driver": {
        "presence": "builtin", "module": None, "version": "0.9.3", "date": "20231121", "version_source": "drm_ioctl",
        "render_node": "/dev/dri/renderD129", "held_down": False, "builtin_version": "0.9.3", "loaded": [], "files": [],
    },
    "runtime": NO_RUNTIME,
    "boot": {
        "loader": "u-boot-menu", "config": "/etc/default/u-boot", "cmdline": "ro quiet", "configured": "ro quiet",
        "next": "ro quiet", "default": "ro quiet", "update": "/usr/sbin/u-boot-update", "error": None,
    },
    "processes": [], "dkms": {"available": True, "version": "3.0.10", "modules": []},
    "tools": {"make": True, "compiler": True, "dkms": True, "python": "3.11.2", "bits": 64},
    "space": {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000},
    "verification": None, "privileged": True, "unread": [],
}


def facts(**changes):
    """The mission's facts with parts changed: driver={...} merges into the part, anything else replaces it."""
    result = copy.deepcopy(MISSION)
    for part, change in changes.items():
        if isinstance(change, dict) and isinstance(result[part], dict) and part != "runtime":
            result[part].update(change)
        else:
            result[part] = change
    return result


def plan(wanted=None, data=None, **changes):
    return planner.npu_plan(facts(**changes), wanted or {}, data or DATA)


HELD = {"loader": "u-boot-menu", "configured": ARGUMENT, "next": "ro quiet " + ARGUMENT}
UPGRADED = {
    "driver": {
        "module": "rknpu_dkms", "version": "0.9.6", "held_down": True, "loaded": ["rknpu_dkms"],
        "files": ["updates/dkms/rknpu_dkms.ko"],
    },
    "dkms": {"modules": [OURS]}, "boot": HELD, "runtime": RUNTIME,
}


def but(base, **changes):
    """Return changes to the mission's board with parts of them replaced."""
    return {**base, **changes}


def upgraded(**changes):
    """Return the changes that make the mission's board an upgraded one, with parts of them replaced."""
    return but(UPGRADED, **changes)


def record(driver, diagnosis="ok", runtime=None):
    """Return facts.verification of the mission's kernel."""
    return {
        "diagnosis": diagnosis, "driver": driver, "kernel": RELEASE, "runtime_sha256": (runtime or RUNTIME)["sha256"],
    }


OLD_RUNTIME = dict(
    RUNTIME, version="1.6.0", build="9a7b5d24c@2023-12-13T17:31:11", sha256="1" * 64,
    git_blob=DATA["runtimes"]["1.6.0"]["git_blob"],
)
BULLSEYE = {
    "driver": {"version": "0.8.2"}, "runtime": OLD_RUNTIME, "verification": record("0.8.2", runtime=OLD_RUNTIME),
}

STOCK = "6.1.0-31-arm64"
NEWER_OF_OURS = upgraded(
    driver=dict(UPGRADED["driver"], version="0.9.8"), dkms={"modules": [dict(OURS, version="0.9.8")]})
NO_DRIVER = {"presence": "absent", "version": None, "render_node": None, "builtin_version": None}
NOT_BOUND = {"driver": None}


def test_mission():
    result = plan()
    assert (result["action"], result["module"], result["reboot"], result["deployed"]) == (
        "dkms_over_builtin", "rknpu_dkms", True, False,
    )
    assert result["reason"].startswith("Driver 0.9.3 is built into the kernel; 0.9.6 is wanted.")
    assert result["driver"]["version"] == "0.9.6" and result["driver"]["sha256"] == DATA["drivers"]["0.9.6"]["sha256"]
    assert (result["runtime"]["version"], result["runtime"]["install"]) == ("2.3.2", True)
    assert result["runtime"]["path"] == "/usr/lib/librknnrt.so" and result["runtime"]["path_upstream"].startswith(
        "airockchip/"
    )
    assert result["model"]["key"] == "mobilenet_v1-1.6.0" and result["model"]["file"]["git_blob"].startswith("c51b98f6")
    assert result["model"]["expected_top5"][0] == [283, 0.46875] and result["model"]["tolerance"] == 1 / 256
    assert result["model"]["platform"] == "RK3588"
    assert result["model"]["picture"]["width"] == 224
    assert result["packages"] == []
    assert result["changes"] == [
        "build driver 0.9.6 with DKMS for kernel %s as module rknpu_dkms" % RELEASE,
        "add %s to the kernel arguments in /etc/default/u-boot" % ARGUMENT,
        "load rknpu_dkms at boot",
        "install librknnrt.so 2.3.2 as /usr/lib/librknnrt.so",
        "reboot",
    ]


# case, changes to the mission's facts, wanted, (action, part of the reason)
CASES = [
    ("upgraded", UPGRADED, {}, "none", "Driver 0.9.6 answers (module rknpu_dkms), as wanted."),
    (
        "built-in is the wanted one", {"driver": {"version": "0.9.6"}, "runtime": RUNTIME}, {}, "none",
        "built into the kernel",
    ),
    (
        "newer than the floor", {"driver": {"version": "0.9.8"}, "runtime": RUNTIME}, {"driver_policy": "floor"},
        "none", "at or above the floor 0.9.6",
    ),
    (
        "newer, but exact", {"driver": {"version": "0.9.8"}}, {"driver_policy": "exact"}, "dkms_over_builtin",
        "0.9.8 is built into the kernel; 0.9.6 is wanted",
    ),
    (
        "newer and not tried", {"driver": {"version": "0.9.8"}, "runtime": RUNTIME}, {}, "none",
        "at or above the floor 0.9.6",
    ),
    (
        "newer and fails",
        {"driver": {"version": "0.9.8"}, "runtime": RUNTIME, "verification": record("0.9.8", "device")},
        {}, "none", "Driver 0.9.8 answers (built into the kernel), at or above",
    ),
    (
        "newer and fails, exact",
        {"driver": {"version": "0.9.8"}, "runtime": RUNTIME, "verification": record("0.9.8", "driver")},
        {"driver_policy": "exact"}, "dkms_over_builtin", "0.9.8 is built into the kernel; 0.9.6 is wanted",
    ),
    (
        "newer, and ours",
        NEWER_OF_OURS, {}, "none", "Driver 0.9.8 answers (module rknpu_dkms), as wanted",
    ),
    (
        "newer, and ours, exact", NEWER_OF_OURS, {"driver_policy": "exact"}, "dkms_over_builtin",
        "0.9.8 is module rknpu_dkms; 0.9.6 is wanted",
    ),
    ("below the floor", {}, {"driver_policy": "floor"}, "dkms_over_builtin", "0.9.6 or newer is wanted"),
    (
        "works and stays unchanged", BULLSEYE, {}, "none",
        "it stays unchanged, although 0.9.6 is the release wanted. Set npu_driver_policy to floor or exact",
    ),
    (
        "works, but a floor is set", BULLSEYE, {"driver_policy": "floor"}, "dkms_over_builtin",
        "0.9.6 or newer is wanted",
    ),
    ("works, but exact", BULLSEYE, {"driver_policy": "exact"}, "dkms_over_builtin", "0.9.6 is wanted"),
    (
        "does not work", dict(BULLSEYE, verification=record("0.8.2", "driver", OLD_RUNTIME)), {}, "dkms_over_builtin",
        "and MobileNet fails with it; 0.9.6 is wanted",
    ),
    (
        "verified with another driver", dict(BULLSEYE, verification=record("0.9.3", runtime=OLD_RUNTIME)), {},
        "dkms_over_builtin", "0.8.2",
    ),
    (
        "verified with another runtime", dict(BULLSEYE, verification=dict(record("0.8.2"), runtime_sha256="0" * 64)),
        {}, "dkms_over_builtin", "0.8.2",
    ),
    (
        "verified with another kernel",
        dict(BULLSEYE, verification=dict(record("0.8.2", runtime=OLD_RUNTIME), kernel="5.10.1")), {},
        "dkms_over_builtin", "0.8.2",
    ),
    (
        "kernel's own module",
        {"driver": {"presence": "module", "module": "rknpu", "files": ["kernel/drivers/rknpu/rknpu.ko"]}},
        {}, "dkms", "0.9.3 is module rknpu",
    ),
    (
        "stock kernel", {"driver": NO_DRIVER, "device": NOT_BOUND, "kernel": {"release": STOCK}}, {}, "dkms",
        "Kernel %s has no NPU driver" % STOCK,
    ),
    (
        "suppressed, module gone with a kernel update",
        {"driver": {"version": None, "held_down": True}, "device": NOT_BOUND, "boot": HELD},
        {}, "dkms_over_builtin", "suppressed and no module replaces it",
    ),
    (
        "built in, but the probe failed", {"driver": {"version": None}, "device": NOT_BOUND}, {}, "dkms_over_builtin",
        "No driver is bound",
    ),
    ("version unread", {"driver": {"version": None}}, {}, "dkms_over_builtin", "cannot be read"),
    (
        "argument taken out since", upgraded(boot={"next": "ro quiet"}), {}, "dkms_over_builtin",
        "would return at the next boot",
    ),
    ("5.10", {"kernel": {"release": "5.10.209-1-rk356x"}}, {}, "dkms_over_builtin", "0.9.6 is wanted"),
    ("backports kernel", {"kernel": {"release": "6.12.32+deb12-arm64"}}, {}, "dkms_over_builtin", "0.9.6 is wanted"),
    ("another release", {}, {"driver_version": "0.9.8"}, "dkms_over_builtin", "0.9.8 is wanted"),
]


@pytest.mark.parametrize(
    "changes, wanted, action, reason", [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_action_and_reason(changes, wanted, action, reason):
    result = plan(wanted, **changes)
    assert result["action"] == action
    assert reason in result["reason"]
    assert result["module"] == {"none": None, "dkms": "rknpu", "dkms_over_builtin": "rknpu_dkms"}[action]
    assert result["remedy"] == ""


def test_what_ours_needs_to_start_again_is_no_reason_for_an_older_driver():
    """The argument that suppresses the built-in driver is gone from the boot configuration."""
    lost = dict(NEWER_OF_OURS, boot=dict(facts(**NEWER_OF_OURS)["boot"], next="ro quiet"))
    result = plan(**lost)
    assert result["action"] == "dkms_over_builtin" and result["driver"]["version"] == "0.9.8"


FAULTS = [  # diagnosis; action with driver 0.9.3, which the data has as failing on 6.1; with 0.8.8; with 0.9.8
    ("driver", "dkms_over_builtin", "dkms_over_builtin", "none"),
    ("timeout", "dkms_over_builtin", "dkms_over_builtin", "none"),
    ("crash", "dkms_over_builtin", "dkms_over_builtin", "none"),
    ("runtime", "dkms_over_builtin", "none", "none"),
    ("memory", "unsupported", "unsupported", "none"),
    ("device", "unsupported", "unsupported", "none"),
    ("model", "unsupported", "unsupported", "none"),
    ("of another release", "unsupported", "unsupported", "none"),
]


@pytest.mark.parametrize("diagnosis, known, older, newer", FAULTS)
def test_a_driver_is_replaced_only_where_the_diagnosis_proves_it(diagnosis, known, older, newer):
    for version, action in (("0.9.3", known), ("0.8.8", older), ("0.9.8", newer)):
        failing = {"driver": {"version": version}, "runtime": RUNTIME, "verification": record(version, diagnosis)}
        result = plan(**failing)
        assert result["action"] == action, version
        assert result["baseline"] is None or action == "unsupported"
        # Who sets a policy wants that version, whatever MobileNet says.
        assert plan({"driver_policy": "exact"}, **failing)["action"] == "dkms_over_builtin"


def test_a_board_stops_with_the_remedy_of_its_diagnosis_and_is_tried_again_the_next_time():
    told = dict(record("0.9.3", "memory"), evidence="rknn_init {{ returned }} -4", remedy="free memory")
    failing = {"driver": {"version": "0.9.3"}, "runtime": RUNTIME, "verification": told}
    result = plan(**failing)
    assert result["reason"] == ("MobileNet fails with driver 0.9.3 (memory: rknn_init  returned }} -4), "
                                "which another driver does not mend.")
    assert result["remedy"].startswith("Free memory, or set npu_driver_policy to floor")
    assert result["baseline"]["required"] is False  # the data knows 0.9.3
    now = plan(**dict(failing, verification=dict(told, fresh=True)))
    assert now["action"] == "unsupported" and now["baseline"] is None


def test_a_damaged_runtime_is_replaced_and_the_driver_is_not():
    failing = {"driver": {"version": "0.8.8"}, "runtime": OLD_RUNTIME,
               "verification": record("0.8.8", "runtime", OLD_RUNTIME)}
    result = plan(**failing)
    assert result["action"] == "none" and result["runtime"]["install"] and not result["reboot"]
    assert "the driver stays unchanged" in result["reason"] and result["notes"]


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


def test_healthy_board_is_healthy_without_root():
    assert plan(privileged=False, **UPGRADED)["action"] == "none"


def test_old_kernel_with_the_wanted_driver_stays_unchanged():
    assert plan(driver={"version": "0.9.6"}, runtime=RUNTIME, kernel={"release": "4.19.232"})["action"] == "none"


def test_deployed_and_not_rebooted():
    result = plan(
        driver={"files": ["updates/dkms/rknpu_dkms.ko"]}, dkms={"modules": [OURS]}, boot=HELD, runtime=RUNTIME
    )
    assert (result["action"], result["deployed"], result["reboot"], result["changes"]) == (
        "dkms_over_builtin", True, True, ["reboot"],
    )


@pytest.mark.parametrize("dkms, files", [
    ([dict(OURS, state="built")], ["updates/dkms/rknpu_dkms.ko"]),
    ([dict(OURS, kernel="6.1.98-1-rk2312")], ["updates/dkms/rknpu_dkms.ko"]),
    ([dict(OURS, version="0.9.8")], ["updates/dkms/rknpu_dkms.ko"]),
    ([OURS], []),
    ([OURS], ["updates/dkms/rknpu.ko"]),
])
def test_not_deployed_unless_everything_is_there(dkms, files):
    result = plan(driver={"files": files}, dkms={"modules": dkms}, boot=HELD)
    assert result["deployed"] is False and result["changes"][0].startswith("build driver 0.9.6")


def test_a_removed_kernel_argument_is_added_again_without_a_reboot():
    result = plan(**upgraded(boot={"next": "ro quiet"}))
    assert result["reboot"] is False
    assert result["changes"] == [
        "add %s to the kernel arguments in /etc/default/u-boot" % ARGUMENT, "load rknpu_dkms at boot",
    ]


def test_builtin_driver_suppressed_by_hand_with_an_unknown_boot_loader():
    result = plan(driver={"held_down": True, "version": None}, device=NOT_BOUND,
                  boot={"loader": "unknown", "config": None, "next": None, "cmdline": "ro " + ARGUMENT})
    assert result["action"] == "dkms_over_builtin"
    assert not any("kernel arguments" in change for change in result["changes"])


@pytest.mark.parametrize("release, package", [
    (RELEASE, "linux-headers-" + RELEASE),
    (STOCK, "linux-headers-" + STOCK),
    ("6.1.115-vendor-rk35xx", "linux-headers-vendor-rk35xx"),
])
def test_packages_of_a_bare_system(release, package):
    result = plan(
        kernel={"release": release, "headers": False}, tools={"make": False, "compiler": False, "dkms": False}
    )
    assert result["packages"] == ["dkms", "make", "gcc", package]
    assert result["changes"][0] == "install the packages dkms, make, gcc, %s" % package


@pytest.mark.parametrize(
    "runtime, install, reason",
    [
        (RUNTIME, False, "Runtime 2.3.2 is installed."),
        (NO_RUNTIME, True, "No runtime is installed; 2.3.2 goes with driver 0.9.6."),
        (dict(RUNTIME, sha256="0" * 64), True, "reports version 2.3.2 but is not the pinned file"),
        (dict(RUNTIME, git_blob="0" * 40), True, "is not the pinned file"),
        (
            dict(RUNTIME, version="1.5.2", sha256="0" * 64, git_blob="0" * 40), True,
            "Runtime 1.5.2 is installed; 2.3.2 goes with driver 0.9.6.",
        ),
        (dict(RUNTIME, version=None, sha256="0" * 64, git_blob=None), True, "of an unknown version"),
    ],
)
def test_the_hash_decides_whether_the_runtime_is_installed(runtime, install, reason):
    result = plan(**upgraded(runtime=runtime))
    assert result["action"] == "none" and result["runtime"]["install"] is install
    assert reason in result["runtime"]["reason"]
    assert bool(result["changes"]) is install
    assert (reason in result["reason"]) is install


def test_runtime_known_by_git_blob_only():
    blob = DATA["runtimes"]["1.6.0"]["git_blob"]
    wanted = {"runtime_version": "1.6.0"}
    assert (
        plan(wanted, **upgraded(runtime=dict(RUNTIME, version="1.6.0", git_blob=blob)))["runtime"]["install"] is False
    )
    result = plan(wanted, **UPGRADED)
    assert result["runtime"]["install"] is True
    assert result["model"]["key"] == "mobilenet_v1-1.6.0" and result["model"]["file"]["git_blob"].startswith("c51b98f6")


def test_the_runtime_replaces_the_link_it_is_reached_by():
    link = "/usr/lib/aarch64-linux-gnu/librknnrt.so"
    assert plan(runtime=dict(RUNTIME, link=link, sha256="0" * 64))["runtime"]["path"] == link


def test_floor_keeps_the_newer_driver_with_its_runtime():
    result = plan({"driver_policy": "floor"}, driver={"version": "0.9.8"})
    assert (result["driver"]["version"], result["runtime"]["version"]) == ("0.9.8", "2.3.2")
    result = plan({"driver_policy": "floor"}, driver={"version": "0.9.9"})
    assert (result["driver"]["version"], result["runtime"]["version"]) == ("0.9.9", "2.3.2")


@pytest.mark.parametrize("soc, address, compatible, pinned", [
    ("rk3588s", "fdab0000", "rockchip,rk3588-rknpu", True), ("rk3582", "fdab0000", "rockchip,rk3588-rknpu", True),
    ("rk3566", "fde40000", "rockchip,rk3568-rknpu", True), ("rk3576", "27700000", "rockchip,rk3576-rknpu", True),
    ("rk3562", "ff300000", "rockchip,rk3562-rknpu", True),
])
def test_socs(soc, address, compatible, pinned):
    result = plan(board={"soc": soc}, device={"address": address, "compatible": [compatible]})
    assert result["action"] == "dkms_over_builtin" and result["soc"] == soc
    assert bool(result["model"]["file"].get("git_blob")) is pinned
    assert any("cannot be verified" in note for note in result["notes"]) is not pinned


def test_no_model_at_all():
    data = compatibility.merged({"runtimes": {"1.4.0": {"model": None}}})
    result = plan({"driver_version": "0.9.6", "runtime_version": "1.4.0"}, data)
    assert result["model"]["file"] is None
    assert (
        "No demo model is known for rk3588 with runtime 1.4.0: the board cannot be verified by inference."
        in result["notes"]
    )


def test_soc_by_its_node_where_the_board_does_not_name_it():
    assert plan(board={"soc": None, "compatible": ["vendor,box", "rockchip,box"]})["soc"] == "rk3588"


def test_notes():
    result = plan(processes=[{"pid": 812, "name": "python3"}], kernel={"release": "6.1.43-rkr3"})
    assert "The NPU is in use by python3 (pid 812), which the reboot ends." in result["notes"]
    assert "The vendor recommends Linux 6.1.57 or newer for driver 0.9.6." in result["notes"]
    assert any("devfreq" in note for note in plan(kernel={"vendor_headers": False})["notes"])
    result = plan(driver={"presence": "module", "files": ["kernel/drivers/rknpu/rknpu.ko"]})
    assert any("restores it when ours is removed" in note for note in result["notes"])
    result = plan(
        {"runtime_version": "2.3.2", "driver_version": "0.9.6"},
        **upgraded(runtime=dict(RUNTIME, loader="/opt/librknnrt.so")),
    )
    assert any("/opt/librknnrt.so" in note for note in result["notes"])


RULES = [{"match": r"linux-image-6\.1\.\d+-\d+-rk2410", "driver": "0.9.8", "source": "test", "confidence": "I"}]
OFFER = {"kernels": ["linux-image-6.1.99-2-rk2410", "linux-image-6.1.99-1-rk2312", "linux-image-6.1.84-9-rk2410"]}


def plan_with_offer(wanted, offer, **changes):
    return planner.npu_plan(dict(facts(**changes), repository=offer), wanted, dict(DATA, vendor_kernels=RULES))


@pytest.mark.parametrize("wanted, offer, action", [
    ({}, OFFER, "vendor_kernel"),
    ({"driver_policy": "floor"}, OFFER, "vendor_kernel"),
    ({"driver_strategy": "vendor_kernel"}, OFFER, "vendor_kernel"),
    ({"driver_policy": "exact", "driver_version": "0.9.8"}, OFFER, "vendor_kernel"),
    ({"driver_strategy": "dkms"}, OFFER, "dkms_over_builtin"),
    ({"driver_policy": "exact"}, OFFER, "dkms_over_builtin"),
    ({}, {"kernels": ["linux-image-6.1.84-9-rk2410"]}, "dkms_over_builtin"),  # older than the one that runs
    ({}, {"kernels": ["linux-image-6.1.99-2-rk9999"]}, "dkms_over_builtin"),
    ({}, None, "dkms_over_builtin"),
])
def test_the_vendors_kernel_is_chosen_if_the_repository_has_a_suitable_one(wanted, offer, action):
    assert plan_with_offer(wanted, offer)["action"] == action


def test_changes_of_the_vendors_kernel():
    result = plan_with_offer({}, OFFER)
    assert (result["packages"], result["kernel"], result["reboot"], result["replaces"]) == (
        ["linux-image-6.1.99-2-rk2410"], "6.1.99-2-rk2410", True, None)
    assert (result["driver"]["version"], result["runtime"]["version"]) == ("0.9.8", "2.3.2")
    assert result["changes"][0] == "install linux-image-6.1.99-2-rk2410; kernel %s stays installed" % RELEASE
    assert result["changes"][-1] == "reboot"


def test_the_vendors_kernel_replaces_our_driver_and_its_kernel_argument():
    old = [dict(OURS, version="0.9.3")]
    ours = upgraded(driver=dict(UPGRADED["driver"], version="0.9.3"), dkms={"modules": old})
    result = plan_with_offer({}, OFFER, **ours)
    assert result["action"] == "vendor_kernel"
    assert result["replaces"] == {"module": "rknpu_dkms", "versions": ["0.9.3"], "initcalls": ["rknpu_init"]}


def test_an_unverified_board_is_verified_before_any_change():
    unproven = but(BULLSEYE, verification=None)
    result = plan(**unproven)
    assert (
        result["action"] == "dkms_over_builtin" and result["baseline"]["runtime"] == "1.6.0"
        and result["baseline"]["required"]
    )
    assert result["baseline"]["model"]["key"] == "mobilenet_v1-1.6.0"
    # Here it decides nothing, and only says what a rollback has to restore.
    assert plan({"driver_policy": "exact"}, **unproven)["baseline"]["required"] is False
    assert plan({"driver_policy": "floor"}, **unproven)["baseline"]["required"] is False
    # During an upgrade the board is no longer what it was before.
    assert (
        planner.npu_plan(dict(facts(**unproven), upgrade={"pending": True}), {"driver_policy": "exact"}, DATA)[
            "baseline"
        ]
        is None
    )
    assert result["here"]["model"] == result["baseline"]["model"] and result["proven"] is None
    assert plan({"driver_policy": "exact"}, **BULLSEYE)["proven"]["diagnosis"] == "ok"
    assert plan(**BULLSEYE)["baseline"] is None
    assert plan(**UPGRADED)["baseline"] is None
    assert plan(**but(unproven, runtime=NO_RUNTIME))["baseline"] is None  # nothing can verify it


def test_a_board_that_may_work_is_verified_before_it_is_called_unsupported():
    result = plan(**but(BULLSEYE, verification=None, kernel={"release": "4.19.232"}))
    assert result["action"] == "unsupported" and result["baseline"]["required"]
    assert (
        plan(
            **but(
                BULLSEYE, kernel={"release": "4.19.232"}, verification=dict(BULLSEYE["verification"], kernel="4.19.232")
            )
        )["action"]
        == "none"
    )


def test_a_driver_known_to_fail_on_this_kernel_need_not_be_verified():
    unproven = {"runtime": OLD_RUNTIME}
    assert plan(**unproven)["baseline"]["required"] is False
    assert plan(**but(unproven, kernel={"release": "5.10.209-1-rk356x"}))["baseline"]["required"] is True


def test_an_unchanged_board_keeps_its_runtime_and_the_model_for_it():
    result = plan(**BULLSEYE)
    assert result["runtime"]["install"] is False and result["runtime"]["version"] == "1.6.0"
    assert result["model"]["key"] == "mobilenet_v1-1.6.0" and result["driver"]["version"] == "0.8.2"


@pytest.mark.parametrize("kernels, said", [
    ([{"release": "6.1.100", "running": False, "build_log": ["cc: No space left on device"]}], True),
    ([{"release": "6.1.100", "running": False, "build_log": []}], False),
    ([{"release": RELEASE, "running": True, "build_log": ["x"]}], False),
])
def test_a_kernel_without_its_driver_is_noted(kernels, said):
    notes = plan(**upgraded())["notes"]
    assert not any("could not be built" in note for note in notes)
    found = planner.npu_plan(dict(facts(**UPGRADED), kernels=kernels), {}, DATA)["notes"]
    assert (
        any(
            "Kernel 6.1.100 is installed, but driver 0.9.6 could not be built for it: the disk is full" in note
            for note in found
        )
        is said
    )


@pytest.mark.parametrize("wanted, message", [
    ({"driver_version": "1.0.0"}, "driver version 1.0.0 is not in the compatibility data .known: 0.7.2, .*0.9.8."),
    ({"runtime_version": "9.9.9"}, "runtime version 9.9.9"),
    ({"driver_policy": "latest"}, "not one of working, floor, exact"),
    ({"driver_strategy": "x"}, "not one of"),
    ({"drivers": "0.9.6"}, "unknown keys in wanted: drivers"),
])
def test_invalid_wanted_values_are_errors(wanted, message):
    with pytest.raises(ValueError, match=message):
        plan(wanted)


@pytest.mark.parametrize("value", [None, {}, {"board": {}}, []])
def test_no_facts(value):
    with pytest.raises(ValueError, match="Run rkfleet.npu.npu_facts first"):
        planner.npu_plan(value, {}, DATA)


def test_pure():
    before, data = facts(), copy.deepcopy(DATA)
    result = planner.npu_plan(before, {}, data)
    assert before == MISSION and data == DATA
    assert result == planner.npu_plan(before, {}, data)


def test_facts_of_a_tree_make_a_plan(board, gather):
    tree = board.base().npu().builtin().headers().tools().u_boot_menu()
    found = gather(tree)
    found["space"] = MISSION["space"]
    result = planner.npu_plan(found, {}, DATA)
    assert (result["action"], result["packages"]) == ("dkms_over_builtin", [])


def test_facts_of_an_empty_tree_make_a_plan(board, gather):
    assert planner.npu_plan(gather(board), {}, DATA)["action"] == "unsupported"


@pytest.mark.parametrize("demanded", ["config", "argument", "lockdown"])
def test_a_kernel_that_requires_signatures_is_supported_with_a_key(demanded):
    result = plan({"signing": True}, kernel={"signatures": demanded})
    assert result["action"] == "dkms_over_builtin"
    assert any("loads signed modules only" in note and "npu_signing_cert" in note for note in result["notes"])
    assert not any("signed" in note for note in plan({"signing": True})["notes"])


def test_an_interrupted_dpkg_run_is_completed():
    assert "complete the interrupted dpkg run" in plan(tools={"packages_interrupted": True})["changes"]
    assert "complete the interrupted dpkg run" not in plan()["changes"]
    assert plan(**upgraded(tools={"packages_interrupted": True}))["action"] == "none"
