# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Facts of recorded boards: whatever lies there, they come back, in the same shape."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import shutil
import struct

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import driver as _driver
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import runtime
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import dkms

RELEASE = "6.1.99-1-rk2312"
BANNER = b"librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)"


@pytest.fixture
def mission(board):
    """ROCK 5B, Debian bookworm, Linux 6.1, driver 0.9.3 built in."""
    return board.base().npu().builtin().headers().tools().u_boot_menu()


def test_mission_board(mission, gather):
    facts = gather(mission)
    assert facts["board"] == {"model": "Radxa ROCK 5B", "compatible": ["radxa,rock-5b", "rockchip,rk3588"],
                              "soc": "rk3588",
                              "serial": "1234567890abcdef"}
    assert (facts["os"]["id"], facts["os"]["codename"], facts["os"]["version_id"]) == ("debian", "bookworm", "12")
    kernel = facts["kernel"]
    assert (kernel["release"], kernel["machine"], kernel["headers"]) == (RELEASE, "aarch64", True)
    assert kernel["headers_path"] == "/usr/src/linux-headers-" + RELEASE
    assert kernel["config"]["ROCKCHIP_RKNPU"] == "y" and kernel["config_source"] == "/boot/config-" + RELEASE
    assert kernel["symvers_digest"] == hashlib.sha256(b"0x1\tprintk\tvmlinux\n").hexdigest()
    assert facts["device"] == {"node": "/npu@fdab0000", "address": "fdab0000", "compatible": ["rockchip,rk3588-rknpu"],
                               "status": "okay",
                               "name": "fdab0000.npu", "driver": "RKNPU", "override": None, "deferred": None, "iommu": None}
    driver = facts["driver"]
    assert (driver["presence"], driver["module"], driver["builtin_suppressed"]) == ("builtin", None, False)
    assert (driver["version"], driver["date"], driver["version_source"]) == ("0.9.3", "20231121", "drm_ioctl")
    assert driver["render_node"] == "/dev/dri/renderD129"
    assert facts["boot"]["loader"] == "u-boot-menu"
    assert facts["runtime"]["path"] is None
    assert facts["dkms"] == {"available": True, "version": "3.0.10", "modules": []}
    assert (facts["tools"]["make"], facts["tools"]["compiler"], facts["tools"]["dkms"]) == (True, True, True)
    assert set(facts["space"]) == {"/usr", "/var", "/boot", "/lib/modules"}
    assert facts["verification"] is None and facts["privileged"] is True and facts["unread"] == []


def test_suppressed_builtin_with_our_module(mission, gather):
    mission.write("/proc/cmdline", "ro initcall_blacklist=x,rknpu_init\n").dkms(ours=True).bound_module("rknpu_dkms")
    facts = gather(mission, answer=("0.9.6", "20240322", "drm_ioctl"))
    driver = facts["driver"]
    assert (driver["presence"], driver["module"], driver["builtin_suppressed"],
            driver["version"]) == ("builtin", "rknpu_dkms", True, "0.9.6")
    # The built-in still shows its own version in /sys/module: it is not what runs.
    assert driver["builtin_version"] == "0.9.3"
    assert driver["files"] == ["updates/dkms/rknpu_dkms.ko"]
    assert facts["dkms"]["modules"] == [{"name": "rknpu", "version": "0.9.6", "kernel": RELEASE, "arch": "aarch64",
                                         "state": "installed",
                                         "original": False, "foreign": False, "package": None, "others": False,
                                         "left_out": []}]


def test_without_a_bound_driver_there_is_no_version_whatever_sys_module_shows(mission, gather, board):
    (board.root / "sys/devices/platform/fdab0000.npu/driver").unlink()
    driver = gather(mission, answer=AssertionError("asked"))["driver"]
    assert (driver["version"], driver["version_source"], driver["render_node"]) == (None, "unknown", None)


@pytest.mark.parametrize("content, version", [
    ("RKNPU driver: v0.9.6\n", "0.9.6"), ("RKNPU driver: v0.9.6 and more", None), ("0.9.6", None),
    ("RKNPU driver: v0.9.6; rm -rf /", None), ("", None),
])
def test_debugfs_is_read_if_the_node_cannot_be_queried(mission, gather, content, version):
    mission.write("/sys/kernel/debug/rknpu/version", content)
    facts = gather(mission, answer=OSError(errno.ENOTTY, "x"))
    assert facts["driver"]["version"] == version
    assert facts["driver"]["version_source"] == ("debugfs" if version else "unknown")
    assert any("driver version from /dev/dri/renderD129" in item for item in facts["unread"])


def test_unprivileged(mission, gather):
    facts = gather(mission, answer=PermissionError(errno.EACCES, "no"), uid=1000)
    assert facts["privileged"] is False
    # It could not be asked, but it is known which one is bound.
    assert (facts["driver"]["version"], facts["driver"]["version_source"]) == ("0.9.3", "builtin")
    assert facts["unread"] == ["driver version from /dev/dri/renderD129: Permission denied"]


def test_unprivileged_with_a_module(mission, gather):
    mission.write("/proc/cmdline", "ro initcall_blacklist=rknpu_init\n")
    refused = dict(answer=PermissionError(errno.EACCES, "no"), uid=1000)
    # Held down, the built-in says nothing of what is bound.
    assert gather(mission, **refused)["driver"]["version"] is None
    mission.dkms(ours=True).bound_module("rknpu_dkms").write("/sys/module/rknpu_dkms/version", "0.9.6\n")
    driver = gather(mission, **refused)["driver"]
    assert (driver["version"], driver["version_source"]) == ("0.9.6", "module")
    mission.write("/sys/module/rknpu_dkms/version", "0.9.6 \x1b[31m\n")
    assert gather(mission, **refused)["driver"]["version"] is None
    # As root its own word counts, and nothing else.
    assert gather(mission, answer=OSError(errno.ENOTTY, "x"))["driver"]["version"] is None


def test_a_file_is_not_mistaken_for_a_device(mission):
    with pytest.raises(ValueError, match="not a character device"):
        _driver.ask(str(mission.root / "dev/dri/renderD129"))
    with pytest.raises(OSError):
        _driver.ask("/dev/null")


def test_dma_heap_variant(board, gather):
    board.base().npu(drm=None).builtin().write("/dev/rknpu")
    asked = []

    def answer(path, dma_heap):
        asked.append(dma_heap)
        return "0.9.8", None, "rknpu_ioctl"

    from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather as facts
    driver = facts(Tree(str(board.root)), ask_node=answer)["driver"]
    assert asked == [True]
    assert (driver["render_node"], driver["version"], driver["version_source"]) == ("/dev/rknpu", "0.9.8",
                                                                                    "rknpu_ioctl")


def test_numbers_of_the_driver():
    assert struct.calcsize("=II") == 8 == (_driver._ACTION_DRM >> 16) & 0x3FFF
    import ctypes
    assert ctypes.sizeof(_driver._DrmVersion) == 64 == (_driver._DRM_IOCTL_VERSION >> 16) & 0x3FFF


STOCK = "6.1.0-31-arm64"


def presence(gather, board, **known):
    return gather(board, **known)["driver"]["presence"]


def test_presence_by_configuration_alone(board, gather):
    assert presence(gather, board.base().npu(driver=None)) == "builtin"


def test_presence_by_config_gz(board, gather):
    board.base(config=None).npu(driver=None).write("/proc/config.gz", gzip.compress(b"CONFIG_ROCKCHIP_RKNPU=y\n"))
    assert presence(gather, board) == "builtin"


def test_presence_absent_on_a_stock_kernel_even_with_our_module(board, gather):
    board.base(release=STOCK, config="CONFIG_MODULES=y\n").npu(driver=None)
    assert presence(gather, board) == "absent"
    board.dkms("rknpu", release=STOCK, suffix=".ko.xz", ours=True).bound_module("rknpu")
    assert presence(gather, board) == "absent"


@pytest.mark.parametrize("suffix", [".ko", ".ko.xz", ".ko.zst", ".ko.gz"])
def test_presence_as_the_kernels_own_module(board, gather, suffix):
    path = "kernel/drivers/rknpu/rknpu" + suffix
    board.base(config="CONFIG_ROCKCHIP_RKNPU=m\n").npu(driver=None).write("/lib/modules/%s/%s" % (RELEASE, path))
    board.write("/lib/modules/%s/modules.dep" % RELEASE, path + ": kernel/x.ko\n")
    assert presence(gather, board) == "module"


def test_presence_of_a_module_that_dkms_has_moved_away(board, gather):
    board.base(config="CONFIG_ROCKCHIP_RKNPU=m\n").npu(driver=None).dkms("rknpu", ours=True)
    board.write("/var/lib/dkms/rknpu/original_module/%s/aarch64/rknpu.ko" % RELEASE)
    assert presence(gather, board) == "module"


def test_presence_without_modules_and_configuration(board, gather):
    """kwankiu/archlinux-installer 87: a kernel of a boot image, with neither; a driver that was never loaded is built in."""
    board.base(config=None, release="6.1.75-rockchip-ge21cf49ee9a4-dirty").npu()
    shutil.rmtree(board.place("/lib/modules"))
    driver = gather(board)["driver"]
    assert (driver["presence"], driver["module"], driver["version"]) == ("builtin", None, "0.9.3")
    # Linux 7 links built-in platform drivers, too.
    board.link("/sys/bus/platform/drivers/RKNPU/module", "../../../../module/rknpu").write("/sys/module/rknpu/version", "0.9.3\n")
    driver = gather(board)["driver"]
    assert (driver["presence"], driver["module"]) == ("builtin", None)
    # The owner has suppressed it.
    board.place("/sys/devices/platform/fdab0000.npu/driver").unlink()
    assert gather(board)["driver"]["presence"] == "builtin"
    board.link("/sys/devices/platform/fdab0000.npu/driver", "../../../bus/platform/drivers/RKNPU")
    # Loaded by hand, from a file somewhere else.
    board.write("/sys/module/rknpu/initstate", "live\n").write("/proc/modules", "rknpu 81920 0 - Live 0x0 (OE)\n")
    driver = gather(board)["driver"]
    assert (driver["presence"], driver["module"]) == ("module", "rknpu")


def test_presence_rocket(board, gather):
    board.base(release="6.18.0", config="CONFIG_MODULES=y\n").npu(compatible="rockchip,rk3588-rknn-core",
                                                                  driver="rocket")
    assert presence(gather, board) == "rocket"


@pytest.mark.parametrize("model, compatible, soc", [
    ("Radxa ROCK 5A", ("radxa,rock-5a", "rockchip,rk3588s"), "rk3588s"),
    ("Xunlong Orange Pi 5 Plus", ("xunlong,orangepi-5-plus", "rockchip,rk3588"), "rk3588"),
    ("Radxa E52C", ("radxa,e52c", "rockchip,rk3582", "rockchip,rk3588s"), "rk3582"),
    ("Rockchip RK3588 EVB1", ("rockchip,rk3588-evb1-lp4-v10", "rockchip,rk3588"), "rk3588"),
    ("Raspberry Pi 4", ("raspberrypi,4-model-b", "brcm,bcm2711"), None),
])
def test_soc(board, gather, model, compatible, soc):
    found = gather(board.base(model=model, compatible=compatible))["board"]
    assert (found["model"], found["soc"]) == (model, soc)


def test_bare_machine(board, gather):
    facts = gather(board)
    assert facts["board"] == {"model": None, "compatible": [], "soc": None, "serial": None}
    assert facts["device"]["node"] is None and facts["driver"]["presence"] == "absent"
    assert facts["kernel"]["release"] == RELEASE and facts["unread"] == []


def test_disabled_node_in_a_bus(board, gather):
    board.base().strings("soc/npu@fde40000/compatible", "rockchip,rk3568-rknpu").strings("soc/npu@fde40000/status",
                                                                                         "disabled")
    device = gather(board)["device"]
    assert (device["node"], device["status"], device["name"]) == ("/soc/npu@fde40000", "disabled", None)


# -- runtime --------------------------------------------------------------------------------------------------

def test_runtime(mission, gather):
    content = b"\x7fELF" + b"librknnrt version: %s" + b"x" * (1 << 20) + BANNER + b"\0"
    mission.write("/usr/lib/rockchip/librknnrt.so.2", content).link("/usr/lib/librknnrt.so", "rockchip/librknnrt.so.2")
    found = gather(mission)["runtime"]
    assert (found["path"], found["link"]) == ("/usr/lib/rockchip/librknnrt.so.2", "/usr/lib/librknnrt.so")
    assert (found["version"], found["build"]) == ("2.3.2", "429f97ae6b@2025-04-09T09:09:27")
    assert found["sha256"] == hashlib.sha256(content).hexdigest() and found["size"] == len(content)
    assert found["git_blob"] == hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.mark.parametrize("offset", range((1 << 20) - len(BANNER), (1 << 20) + 1, 7))
def test_banner_across_the_border_of_two_chunks(tmp_path, offset):
    path = tmp_path / "lib"
    path.write_bytes(b"x" * offset + BANNER + b"y" * 10)
    with open(path, "rb") as handle:
        assert runtime.describe(handle, path.stat().st_size)["version"] == "2.3.2"


@pytest.mark.parametrize("text, expected", [
    (b"librknnrt version: 2.0.0b0 (35a6907d79@2024-03-24T10:31:14)", ("2.0.0b0", "35a6907d79@2024-03-24T10:31:14")),
    (b"librknnrt version: 2.4.2a2 (5fd9678a8f@2026-04-27T15:52:16)", ("2.4.2a2", "5fd9678a8f@2026-04-27T15:52:16")),
    (b"librknnrt version: 1.5.1b19 (32afb0e92@2023-07-14T12:46:17)", ("1.5.1b19", "32afb0e92@2023-07-14T12:46:17")),
    (b"librknnrt version: 2.3.0 (@2024-11-07T08:11:34)", ("2.3.0", "@2024-11-07T08:11:34")),
    (b"librknnmrt version: 2.3.2 (429f97ae6b@2025-04-09T09:11:49)", None),  # the mini runtime of RV1106
    (b"librknnrt version: %s (%s)", None),
    (b"librknnrt version: 2.3.2", None),
    (b"librknnrt version: 99999999.1 (429f97ae6b@2025-04-09T09:09:27)", None),
])
def test_banner(text, expected):
    assert runtime.banner(text) == expected


def cache(*entries):
    """An ld.so.cache of glibc's format 1.1."""
    strings, table = b"", []
    start = 48 + 24 * len(entries)
    for name, path in entries:
        table.append(struct.pack("<iIIIQ", 0xA03, start + len(strings), start + len(strings) + len(name) + 1, 0, 0))
        strings += name.encode() + b"\0" + path.encode() + b"\0"
    return b"glibc-ld.so.cache1.1" + struct.pack("<II", len(entries),
                                                 len(strings)) + b"\0" * 20 + b"".join(table) + strings


def test_copy_the_loader_prefers_is_named(mission, gather):
    mission.write("/usr/lib/librknnrt.so", BANNER).write("/usr/lib/aarch64-linux-gnu/librknnrt.so", b"old")
    mission.write("/etc/ld.so.cache",
                  cache(("libz.so", "/usr/lib/libz.so"), ("librknnrt.so", "/usr/lib/aarch64-linux-gnu/librknnrt.so")))
    found = gather(mission)["runtime"]
    assert found["path"] == "/usr/lib/librknnrt.so" and found["loader"] == "/usr/lib/aarch64-linux-gnu/librknnrt.so"
    assert [item["path"] for item in found["others"]] == ["/usr/lib/aarch64-linux-gnu/librknnrt.so"]


@pytest.mark.parametrize("cached", [False, True])
def test_a_programs_own_copy_is_the_runtime_only_for_the_loader(mission, gather, cached):
    """Others may write to it, and root would load it; but the owner may have put its folder into /etc/ld.so.conf.d."""
    own = "/opt/app/lib/librknnrt.so"
    mission.write(own, BANNER)
    if cached:
        mission.write("/etc/ld.so.cache", cache(("librknnrt.so", own)))
    found = gather(mission)["runtime"]
    assert (found["path"], found["loader"]) == ((own, own) if cached else (None, None))
    assert [item["path"] for item in found["others"]] == ([] if cached else [own])


def test_a_truncated_cache_is_ignored():
    whole = cache(("librknnrt.so", "/usr/lib/librknnrt.so"))
    for length in range(len(whole)):
        runtime.cached_path(whole[:length])
    assert runtime.cached_path(whole) == "/usr/lib/librknnrt.so"


# -- DKMS -----------------------------------------------------------------------------------------------------

def test_dkms_tree(board):
    board.tools().dkms(version="0.9.6", ours=True).dkms(version="0.9.8", installed=False, ours=True)
    board.link("/var/lib/dkms/rknpu/0.9.9/source", "/usr/src/rknpu-0.9.9")
    board.write("/usr/src/rknpu-0.9.9/dkms.conf")
    # A build that failed leaves folders without a module.
    (board.root / "var/lib/dkms/rknpu/0.9.9/6.1.0/aarch64/module").mkdir(parents=True)
    found = dkms.read(Tree(str(board.root)))["modules"]
    assert [(e["version"], e["kernel"], e["state"]) for e in found] == [
        ("0.9.6", RELEASE, "installed"), ("0.9.8", RELEASE, "built"), ("0.9.9", None, "added")]


# -- who holds the node ---------------------------------------------------------------------------------------

def test_holders(mission, gather):
    mission.write("/proc/812/comm", "python3\n").link("/proc/812/fd/3", "/dev/dri/renderD129")
    mission.write("/proc/813/comm", "other\n").link("/proc/813/fd/3", "/dev/dri/renderD128")
    assert gather(mission)["processes"] == [
        {"pid": 812, "name": "python3", "nodes": ["/dev/dri/renderD129"], "cgroups": []}]


VERIFIED = {"kernel": {"release": "6.1.99"}, "driver": {"version": "0.9.6"}, "runtime": {"sha256": "0" * 64},
            "verification": {"diagnosis": "ok"}}


@pytest.mark.parametrize("record, expected", [
    (VERIFIED, {"diagnosis": "ok", "kernel": "6.1.99", "driver": "0.9.6", "runtime_sha256": "0" * 64}),
    ({"verification": {"diagnosis": "ok"}, "kernel": "6.1"},
     {"diagnosis": "ok", "kernel": None, "driver": None, "runtime_sha256": None}),
    ({"diagnosis": "ok"}, None),
    ({"verification": None}, None),
])
def test_verification(mission, gather, record, expected):
    assert gather(mission.write("/etc/ansible/facts.d/npu.fact", json.dumps(record)))["verification"] == expected


@pytest.mark.parametrize("files, found", [
    ({}, None),
    ({"/boot/config-" + RELEASE: "CONFIG_MODULES=y\nCONFIG_MODULE_SIG_FORCE=y\n",
      "/proc/cmdline": "module.sig_enforce=1"}, "config"),
    ({"/proc/cmdline": "ro module.sig_enforce=1 quiet\n"}, "argument"),
    ({"/proc/cmdline": "module.sig_enforce"}, "argument"),
    ({"/proc/cmdline": "module.sig_enforce=0 x.module.sig_enforce=1"}, None),
    ({"/sys/module/module/parameters/sig_enforce": "Y\n"}, "argument"),
    ({"/sys/module/module/parameters/sig_enforce": "N\n"}, None),
    ({"/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"}, "lockdown"),
    ({"/sys/kernel/security/lockdown": "none integrity [confidentiality]\n"}, "lockdown"),
    ({"/sys/kernel/security/lockdown": "[none] integrity confidentiality\n"}, None),
])
def test_settings_that_require_signatures(board, gather, files, found):
    board.base()
    for path, content in files.items():
        board.write(path, content)
    assert gather(board)["kernel"]["signatures"] == found


@pytest.mark.parametrize("status, found", [
    ("install ok installed", False), ("install ok half-configured", True), ("install reinstreq half-installed", True),
    ("install ok unpacked", True), ("deinstall ok config-files", False),
])
def test_interrupted_dpkg(board, gather, status, found):
    board.base().write("/var/lib/dpkg/status",
                       "Package: a\nStatus: install ok installed\n\nPackage: dkms\nStatus: %s\nVersion: 3\n\n" % status)
    assert gather(board)["tools"]["packages_interrupted"] is found
    board.write("/var/lib/dpkg/updates/0003", "x")
    assert gather(board)["tools"]["packages_interrupted"] is True


@pytest.mark.parametrize("said, found", [
    ("Linux version 6.1.0-50-arm64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils) 2.40) "
     "#1 SMP Debian 6.1.176-1 (2026-05-01)\n",
     ("#1 SMP Debian 6.1.176-1 (2026-05-01)", "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils) 2.40")),
    ("Linux version 5.10.110 (root@builder) (aarch64-linux-gnu-gcc (Debian 10.2.1-6) 10.2.1) #2 SMP Tue Jan 2 03:04:05 UTC 2024\n",
     ("#2 SMP Tue Jan 2 03:04:05 UTC 2024", "aarch64-linux-gnu-gcc (Debian 10.2.1-6) 10.2.1")),
    ("something else\n", None), (None, None),
])
def test_build_and_compiler_of_a_kernel(board, gather, said, found):
    if said is not None:
        board.write("/proc/version", said)
    kernel = gather(board)["kernel"]
    build, compiler = kernel["build"], kernel["compiler"]
    assert (build, compiler) == found if found else build and compiler is None


def test_hardware(board, gather):
    for core, clock in enumerate((1800000, 1800000, 2400000)):
        board.write("/sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq" % core, "%d\n" % clock)
    board.write("/sys/devices/system/cpu/cpufreq/x", "").write("/proc/meminfo",
                                                               "MemTotal:        8130000 kB\nMemFree: 1 kB\n")
    assert gather(board)["hardware"] == {"cores": 3, "mhz": 6000, "memory": 7939}
    board.write("/sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq", "fast\n")
    assert gather(board)["hardware"]["mhz"] is None


def test_hardware_of_a_board_without_clock_frequencies(board, gather):
    assert gather(board)["hardware"] == {"cores": None, "mhz": None, "memory": None}
