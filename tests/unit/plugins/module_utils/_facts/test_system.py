# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Whether a system is a board, its C library, and what its owner has set about the driver, from recorded trees."""

from __future__ import annotations

import types

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import container

DISK = "36 1 179:1 / / rw,relatime shared:1 - ext4 /dev/mmcblk0p1 rw\n"
LAYERS = "36 1 0:50 / / rw - overlay overlay rw,lowerdir=%s,upperdir=/x/diff,workdir=/x/work\n"


@pytest.mark.parametrize("files, kind", [
    # Images that were made from a container keep the file; the board has its own process 1 (balena, armbian forks).
    ({"/.dockerenv": ""}, None),
    ({"/.dockerenv": "", "/proc/1/cgroup": "0::/init.scope\n", "/proc/self/mountinfo": DISK}, None),
    ({"/.dockerenv": "", "/proc/1/cgroup": "12:pids:/docker/0123abcd\n"}, "docker"),
    ({"/.dockerenv": "", "/proc/1/cgroup": "0::/kubepods.slice/kubepods-pod1.slice\n"}, "docker"),
    ({"/.dockerenv": "", "/proc/self/mountinfo": DISK + "50 36 179:1 /x /etc/hosts rw - ext4 /dev/mmcblk0p1 rw\n"},
     "docker"),
    # cgroup v2 with a namespace of its own says nothing, but the layers of the root file system do.
    ({"/proc/self/mountinfo": LAYERS % "/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B"}, "docker"),
    ({"/proc/self/mountinfo": LAYERS % "/var/lib/rancher/k3s/agent/containerd/io.containerd.snapshotter.v1/1/fs"},
     "containerd"),
    ({"/proc/mounts": "overlay / overlay rw,lowerdir=/var/lib/containers/storage/overlay/l/A,upperdir=/u 0 0\n"},
     "podman"),
    # overlayroot: a board, if one that forgets.
    ({"/.dockerenv": "", "/proc/self/mountinfo": LAYERS % "/media/root-ro"}, None),
    # A board that runs containers has their mounts elsewhere.
    ({"/proc/self/mountinfo": DISK + "60 36 0:51 / /var/lib/docker/overlay2/1/merged rw - overlay overlay "
      "rw,lowerdir=/var/lib/docker/overlay2/l/A\n"}, None),
    ({"/run/systemd/container": "lxc\n"}, "lxc"),
    ({"/run/.containerenv": ""}, "podman"),
])
def test_container(board, gather, files, kind):
    board.base()
    for path, content in files.items():
        board.write(path, content)
    assert gather(board)["os"]["container"] == kind


def test_the_pid_namespace_shows_a_container_whose_cgroups_do_not(board, gather):
    board.base().write("/.dockerenv").link("/proc/self/ns/pid", "pid:[4026532500]")
    assert gather(board)["os"]["container"] == "docker"
    board.place("/proc/self/ns/pid").unlink()
    assert gather(board.link("/proc/self/ns/pid", "pid:[4026531836]"))["os"]["container"] is None


@pytest.mark.parametrize("own, process_1, found", [
    ((1, 2), (1, 2), False), ((1, 2), (7, 2), True), ((1, 2), "no /proc", True),
    ((1, 2), "hidepid", False), ((1, 2), "no root", False),
])
def test_a_chroot_has_another_root_folder_than_process_1(monkeypatch, own, process_1, found):
    def stat(path):
        number = own if path == "/" else process_1
        if isinstance(number, str):
            raise PermissionError(path) if number == "no root" else FileNotFoundError(path)
        return types.SimpleNamespace(st_dev=number[0], st_ino=number[1])

    monkeypatch.setattr(container.os, "stat", stat)
    monkeypatch.setattr(container.os.path, "exists", lambda path: path == "/proc/self" and process_1 != "no /proc")
    assert container._in_chroot() is found


@pytest.mark.parametrize("files, links, libc", [
    (["/lib/ld-linux-aarch64.so.1"], {}, "glibc"),
    (["/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1"],
     {"/lib/ld-linux-aarch64.so.1": "../usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1"}, "glibc"),
    (["/lib/ld-musl-aarch64.so.1"], {}, "musl"),
    # Debian's package musl beside glibc.
    (["/lib/ld-musl-aarch64.so.1", "/lib/ld-linux-aarch64.so.1"], {}, "glibc"),
    # Alpine's gcompat gives musl the other's name.
    (["/lib/ld-musl-aarch64.so.1"], {"/lib/ld-linux-aarch64.so.1": "ld-musl-aarch64.so.1"}, "musl"),
    (["/lib/ld-uClibc.so.0"], {}, "uclibc"),
    ([], {}, None),
])
def test_libc(board, gather, files, links, libc):
    board.base()
    for path in files:
        board.write(path)
    for path, target in links.items():
        board.link(path, target)
    assert gather(board)["os"]["libc"] == libc


def test_lines_that_keep_a_module_from_being_loaded(board, gather):
    board.base().write("/etc/modprobe.d/rocket.conf",
                       "# blacklist rknpu_dkms\nblacklist rknpu\n  install rknpu-dkms /bin/false\n")
    board.write("/etc/modprobe.d/other.conf", "options rknpu bypass_irq_handler=1\nblacklist rknpu2\nalias rknpu x\n")
    board.write("/etc/modprobe.d/note.txt", "blacklist rknpu\n")
    board.write("/run/modprobe.d/rkfleet-npu.conf", "install rknpu /bin/false\n")
    board.link("/etc/modprobe.d/hidden.conf", "/dev/null").write("/usr/lib/modprobe.d/hidden.conf", "blacklist rknpu\n")
    facts = gather(board)
    assert facts["driver"]["blocked"] == [
        {"path": "/etc/modprobe.d/rocket.conf", "module": "rknpu", "text": "blacklist rknpu"},
        {"path": "/etc/modprobe.d/rocket.conf", "module": "rknpu_dkms", "text": "install rknpu-dkms /bin/false"},
    ]
    assert not any("hidden.conf" in entry for entry in facts["unread"])


@pytest.mark.parametrize("content, version", [
    (b"\x7fELF\0rkllm-runtime version: 1.1.2\0", "1.1.2"),
    (b"\x7fELF" + bytes((1 << 20) - 20) + b"rkllm-runtime version: 1.2.1b1, rknpu driver version: %s", "1.2.1b1"),
    (b"<html>not found</html>", None), (b"", None),
])
def test_rkllm(board, gather, content, version):
    assert gather(board.base())["rkllm"] == {"path": None, "version": None}
    assert gather(board.write("/usr/lib/librkllmrt.so", content))["rkllm"] == {
        "path": "/usr/lib/librkllmrt.so", "version": version}


@pytest.mark.parametrize("files, found", [
    (["/usr/bin/apt-get", "/var/lib/dpkg/status"], True), (["/usr/bin/apt-get"], False), ([], False),
])
def test_apt(board, gather, files, found):
    board.base()
    for path in files:
        board.write(path)
    assert gather(board)["tools"]["apt"] is found


# -- whose driver it is ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("module, ours, foreign", [
    ("rknpu", False, True), ("rknpu", True, False), ("rknpu_dkms", True, False),
    ("rknpu_dkms", False, False),  # no other project calls its module that
])
def test_ours_is_known_by_the_marker(board, gather, module, ours, foreign):
    facts = gather(board.base().npu().dkms(module, ours=ours))
    assert [entry["foreign"] for entry in facts["dkms"]["modules"]] == [foreign]


def test_a_package_of_another_name_with_the_driver_is_foreign_too(board, gather):
    for name, module in (("npu-driver", "rknpu"), ("zfs", "zfs")):
        board.link(f"/var/lib/dkms/{name}/1/source", f"/usr/src/{name}-1").write(f"/usr/src/{name}-1/dkms.conf")
        board.write(f"/var/lib/dkms/{name}/1/6.1.0/aarch64/module/{module}.ko.xz")
    found = {entry["name"]: entry["foreign"] for entry in gather(board.base())["dkms"]["modules"]}
    assert found == {"npu-driver": True, "zfs": False}


def test_a_source_that_is_missing_does_not_say_whose_it_is(board, gather):
    board.base().dkms("rknpu", ours=True)
    board.place("/usr/src/rknpu-0.9.6").rename(board.root / "lost")
    assert gather(board)["dkms"]["modules"][0]["foreign"] is False


# -- the device -------------------------------------------------------------------------------------------------------

def test_a_bound_driver_goes_before_the_name_of_a_node(board, gather):
    # lurenJBD/rk3588-rknn-core: the vendor's interface for mainline's nodes, one DRM device for all three cores.
    board.base(config="CONFIG_MODULES=y\n")
    for address in ("fdab0000", "fdac0000", "fdad0000"):
        board.npu(address, "rockchip,rk3588-rknn-core", drm=None)
    board.write("/sys/devices/rknpu/drm/renderD130/dev")
    board.link("/sys/devices/rknpu/drm/renderD130/device", "../../../rknpu")
    board.link("/sys/class/drm/renderD130", "../../devices/rknpu/drm/renderD130").write("/dev/dri/renderD130")
    facts = gather(board.bound_module("rknpu"), answer=("0.9.8", "20240828", "drm_ioctl"))
    assert (facts["device"]["node"], facts["device"]["driver"]) == ("/npu@fdab0000", "RKNPU")
    assert (facts["driver"]["presence"], facts["driver"]["render_node"], facts["driver"]["version"]) == (
        "module", "/dev/dri/renderD130", "0.9.8")
    assert Tree(str(board.root)).exists("/sys/bus/platform/devices/fdad0000.npu")


@pytest.mark.parametrize("content, override", [("vfio-platform\n", "vfio-platform"), ("(null)\n", None), (None, None)])
def test_the_driver_that_a_device_is_reserved_for(board, gather, content, override):
    board.base().npu(driver=None)
    if content:
        board.write("/sys/devices/platform/fdab0000.npu/driver_override", content)
    assert gather(board)["device"]["override"] == override


@pytest.mark.parametrize("address, compatible, iommu", [
    ("fde40000", "rockchip,rk3568-rknpu", "fde4b000"), ("fdab0000", "rockchip,rk3588-rknpu", "fdab9000"),
    ("27700000", "rockchip,rk3576-rknpu", "27702000"), ("ff300000", "rockchip,rk3562-rknpu", "ff30a000"),
])
def test_the_status_of_the_iommu(board, gather, address, compatible, iommu):
    board.base().npu(address, compatible).strings("iommu@12340000/status", "disabled")
    assert gather(board)["device"]["iommu"] is None
    board.strings(f"iommu@{iommu}/compatible", "rockchip,iommu-v2")
    assert gather(board)["device"]["iommu"] == "okay"
    assert gather(board.strings(f"iommu@{iommu}/status", "disabled"))["device"]["iommu"] == "disabled"


@pytest.mark.parametrize("line, reason", [
    ("fdab0000.npu\tplatform: wait for supplier /vdd-npu\n", "platform: wait for supplier /vdd-npu"),
    ("fdab0000.npu\t\n", "no reason given"), ("fdab0000.npu2\tx\n\n", None),
])
def test_what_the_driver_waits_for(board, gather, line, reason):
    board.base().npu(driver=None).write("/sys/kernel/debug/devices_deferred", "fb000000.gpu\tx\n" + line)
    assert gather(board)["device"]["deferred"] == reason
