# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Who has the NPU open: device nodes by their number, processes with their units and containers."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import holders
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.hardware import device_nodes
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import npu_users

ID = "0123456789abcdef" * 4
SHORT = ID[:12]
POD = "kubepods-besteffort-pod1a2b3c4d_0000_1111_2222_333344445555.slice"

OWNERS = [
    # cgroups, unit, container, manager, the command that stops it
    (["/system.slice/detector.service"], "detector.service", None, None, "systemctl stop detector.service"),
    (
        ["/system.slice/system-cam.slice/cam@1.service/worker"],
        "cam@1.service",
        None,
        None,
        "systemctl stop cam@1.service",
    ),
    (
        ["/user.slice/user-1000.slice/user@1000.service/app.slice/llama.service"],
        "llama.service",
        None,
        None,
        "systemctl --user stop llama.service as user 1000",
    ),
    # The session may be the one of this very task.
    (["/user.slice/user-1000.slice/session-3.scope"], "session-3.scope", None, None, "kill 7"),
    (["/"], None, None, None, "kill 7"),
    ([], None, None, None, "kill 7"),
    # docker with systemd (blakeblackshear/frigate#8382) and without, with cgroup v1, and Docker in Docker
    ([f"/system.slice/docker-{ID}.scope"], f"docker-{ID}.scope", SHORT, "docker", "docker stop " + SHORT),
    (
        ["/system.slice/docker-0123456789abcdef.scope"],
        "docker-0123456789abcdef.scope",
        SHORT,
        "docker",
        "docker stop " + SHORT,
    ),
    ([f"/docker/{ID}"], None, SHORT, "docker", "docker stop " + SHORT),
    (["/", f"/docker/{ID}", "/system.slice/containerd.service"], None, SHORT, "docker", "docker stop " + SHORT),
    ([f"/docker/{ID}/docker/{'f' * 64}"], None, SHORT, "docker", "docker stop " + SHORT),
    ([f"/machine.slice/libpod-{ID}.scope/container"], f"libpod-{ID}.scope", SHORT, "podman", "podman stop " + SHORT),
    (
        [f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container"],
        f"libpod-{ID}.scope",
        SHORT,
        "podman",
        f"podman stop {SHORT} as user 1000",
    ),
    # Quadlet: systemd would start the container again.
    (
        [f"/system.slice/frigate.service/libpod-payload-{ID}"],
        "frigate.service",
        SHORT,
        "podman",
        "systemctl stop frigate.service",
    ),
    ([f"/libpod_parent/libpod-{ID}"], None, SHORT, "podman", "podman stop " + SHORT),
    # Kubernetes with containerd, CRI-O, Docker; k3s without systemd's scopes (igou-io/igou-kubernetes#869)
    (
        [f"/kubepods.slice/kubepods-besteffort.slice/{POD}/cri-containerd-{ID}.scope"],
        f"cri-containerd-{ID}.scope",
        SHORT,
        "containerd",
        "kubectl (on k3s: k3s kubectl) scale --replicas=0",
    ),
    (
        ["/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-0123.scope"],
        "cri-containerd-0123.scope",
        "0123",
        "containerd",
        "kubectl",
    ),
    ([f"/kubepods.slice/{POD}/crio-{ID}.scope"], f"crio-{ID}.scope", SHORT, "crio", "kubectl"),
    ([f"/kubepods/besteffort/pod1a2b3c4d-0000-1111-2222-333344445555/{ID}"], None, SHORT, "kubernetes", "kubectl"),
    (
        [f"/system.slice/k3s.service/kubepods/burstable/pod1a2b3c4d-0000-1111-2222-333344445555/{ID}"],
        "k3s.service",
        SHORT,
        "k3s",
        "k3s kubectl scale --replicas=0",
    ),
    (
        [f"/system.slice/containerd.service/{POD}:cri-containerd:{ID}"],
        "containerd.service",
        SHORT,
        "containerd",
        "kubectl",
    ),
    ([f"/system.slice/nerdctl-{ID}.scope"], f"nerdctl-{ID}.scope", SHORT, "containerd", "nerdctl stop " + SHORT),
    (["/lxc.payload.npu-box/system.slice/detector.service"], None, "npu-box", "lxc", "lxc-stop -n npu-box"),
    (["/lxc/101/ns"], None, "101", "lxc", "lxc-stop -n 101"),
    (
        ["/machine.slice/systemd-nspawn@box.service/payload"],
        "systemd-nspawn@box.service",
        "box",
        "nspawn",
        "machinectl poweroff box",
    ),
    (
        ["/machine.slice/machine-box.scope/system.slice"],
        "machine-box.scope",
        "box",
        "nspawn",
        "machinectl poweroff box",
    ),
    (
        [r"/machine.slice/machine-my\x2dbox.scope"],
        r"machine-my\x2dbox.scope",
        "my-box",
        "nspawn",
        "machinectl poweroff my-box",
    ),
    # What is started by hand or by cron, where PAM makes no session (DietPi): stopping that unit would end the access.
    (["/system.slice/dropbear.service"], "dropbear.service", None, None, "kill 7"),
    (["/system.slice/system-sshd.slice/sshd@5-1.service"], "sshd@5-1.service", None, None, "kill 7"),
    (["/system.slice/cron.service"], "cron.service", None, None, "kill 7"),
    (["/system.slice/system-getty.slice/getty@tty1.service"], "getty@tty1.service", None, None, "kill 7"),
    # What the shell would take for an escape.
    (["/system.slice/npu\\x2ddetect.service"], "npu\\x2ddetect.service", None, None,
     "systemctl stop 'npu\\x2ddetect.service'"),
    # Docker without root, LXD and Incus, Proxmox, LXC of a user
    (
        [f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope"],
        f"docker-{ID}.scope",
        SHORT,
        "docker",
        f"docker stop {SHORT} as user 1000",
    ),
    (["/lxc.payload.frigate/init.scope"], None, "frigate", "lxc",
     "lxc-stop -n frigate (LXD: lxc stop frigate, Incus: incus stop frigate)"),
    (["/lxc/102/ns/system.slice/detector.service"], None, "102", "lxc", "lxc-stop -n 102 (Proxmox: pct stop 102)"),
    (
        ["/user.slice/user-1000.slice/user@1000.service/app.slice/lxc-box.scope/lxc.payload.box"],
        "lxc-box.scope",
        "box",
        "lxc",
        "lxc-stop -n box as user 1000",
    ),
    ([f"/any.slice/balena-{ID}.scope"], f"balena-{ID}.scope", SHORT, None, "kill 7"),
]


def user(cgroups, name="detector", pid=7):
    return npu_users.complete([{"pid": pid, "name": name, "nodes": ["/dev/dri/card1"], "cgroups": cgroups}])[0]


@pytest.mark.parametrize(("cgroups", "unit", "container", "manager", "command"), OWNERS)
def test_unit_and_container_of_a_process(cgroups, unit, container, manager, command):
    found = user(cgroups)
    assert (found["unit"], found["container"], found["manager"]) == (unit, container, manager)
    assert npu_users.stop_command(found).startswith(command)


@pytest.mark.parametrize(
    "cgroups", [["/" + "a/" * 2000], ["/pod" + "-" * 3000], ["/" + "docker-" * 500 + ".scope"], ["x\0\n"]]
)
def test_a_strange_cgroup_is_no_container(cgroups):
    assert user(cgroups)["container"] is None


LLAMA = user(["/kubepods.slice/kubepods-pod1.slice/cri-containerd-0123.scope"], "llama-server", 602)
FRIGATE = user(["/system.slice/docker-0123456789abcdef.scope"], "frigate.detect", 601)
DETECTOR = user(["/system.slice/detector.service"])


@pytest.mark.parametrize(
    ("services", "remain"),
    [
        ([], [FRIGATE, LLAMA, DETECTOR]),
        # A container may belong to any service: that is asked after it has been stopped.
        (["docker.service", "k3s.service"], [DETECTOR]),
        (["compose-frigate"], [DETECTOR]),
        (["detector"], []),
        (["detector.service", "docker.service"], []),
        (["npu-stack.target"], []),
    ],
)
def test_what_stopping_services_cannot_end(services, remain):
    assert holders.blocking([FRIGATE, LLAMA, DETECTOR], services) == remain


def test_the_refusal_names_processes_and_commands():
    what, remedy = npu_users.refusal([DETECTOR, FRIGATE])
    assert what == (
        "the NPU is in use by detector (pid 7, detector.service), "
        "frigate.detect (pid 601, docker container 0123456789ab)"
    )
    assert remedy == (
        "stop it (systemctl stop detector.service; docker stop 0123456789ab), add detector.service to npu_services, "
        "or set npu_force to true"
    )


def test_no_advice_to_stop_what_gives_access_to_the_board():
    what, remedy = npu_users.refusal([user(["/system.slice/ssh.service"], "python3", 812), DETECTOR])
    assert "python3 (pid 812, ssh.service)" in what
    assert remedy.startswith("stop it (kill 812; systemctl stop detector.service), add detector.service to "
                             "npu_services")
    assert "add its service" in npu_users.refusal([user(["/system.slice/ssh.service"])])[1]


@pytest.mark.parametrize("cgroup", [
    "/system.slice/-Hroot@evil.service", "/lxc.payload.-Hroot@evil", "/machine.slice/machine--Hroot@evil.scope",
])
def test_a_name_is_no_option_of_the_recommended_command(cgroup):
    """A user can make such cgroups below its own."""
    users = npu_users.complete([{"pid": 812, "name": "llama", "nodes": [], "cgroups": [cgroup]}])
    assert npu_users.how_to_stop(users) == "kill 812"


def test_of_many_processes_a_few_are_named():
    text = npu_users.describe([user([], f"p{number}", number) for number in range(50)])
    assert text.endswith("p4 (pid 4) and 45 more") and len(text) < 100


@pytest.fixture
def mission(board):
    """A board with a driver bound to its NPU, and the render node of another device."""
    return board.base().npu().builtin()


# -- device nodes --------------------------------------------------


def with_card(board):
    """A recorded board's NPU with a card node, too; card0 is the display's."""
    npu = "/sys/devices/platform/fdab0000.npu"
    board.write(npu + "/drm/card1/dev", "226:1\n").link(npu + "/drm/card1/device", "../../../fdab0000.npu")
    board.link("/sys/class/drm/card1", "../../devices/platform/fdab0000.npu/drm/card1").write("/dev/dri/card1")
    return board


def test_each_node_of_the_npu_with_its_number_group_and_mode(mission):
    with_card(mission).write("/sys/class/misc/rknpu/dev", "10:124\n").write("/dev/rknpu")
    (mission.root / "dev/dri/card1").chmod(0o660)
    nodes = device_nodes.read(Tree(str(mission.root)))
    assert [(node["path"], node["kind"], node["number"], node["missing"], node["target"]) for node in nodes] == [
        ("/dev/dri/card1", "card", "226:1", False, None),
        ("/dev/dri/renderD129", "render", "226:129", False, None),
        ("/dev/rknpu", "misc", "10:124", False, None),
    ]
    assert nodes[0]["mode"] == "0660" and nodes[0]["group"]


def test_a_missing_node_and_a_link_in_the_place_of_one(mission):
    """rockchip-linux/rknpu2#114: a container without the node; airockchip/rknn-toolkit2#534: udev makes a link."""
    (mission.root / "dev/dri/renderD129").unlink()
    mission.link("/dev/rknpu", "dri/renderD129")
    nodes = device_nodes.read(Tree(str(mission.root)))
    assert [(node["path"], node["missing"], node["target"], node["mode"]) for node in nodes] == [
        ("/dev/dri/renderD129", True, None, None),
        ("/dev/rknpu", False, "dri/renderD129", None),
    ]
    assert device_nodes.usable(nodes) == "/dev/dri/renderD129" and device_nodes.usable(nodes[1:]) is None


# -- processes --------------------------------------------------


def test_in_a_recorded_tree_by_the_names_of_all_nodes(mission, gather):
    """liej6799/rk3588: the vendor's runtime opens card1 and no render node."""
    with_card(mission)
    for pid, name, node in (
        (501, "frigate.detect", "/dev/dri/card1"),
        (502, "rknn_common_tes", "/dev/dri/renderD129"),
        (503, "desktop", "/dev/dri/renderD128"),
        (504, "dkms-misc-dev", "/dev/rknpu"),
    ):
        mission.write(f"/proc/{pid}/comm", name + "\n").link(f"/proc/{pid}/fd/7", node)
        mission.write(f"/proc/{pid}/cgroup", "12:devices:/x.slice\n0::/system.slice/x.service\n")
    found = gather(mission)["processes"]
    assert [(entry["name"], entry["nodes"]) for entry in found] == [
        ("frigate.detect", ["/dev/dri/card1"]),
        ("rknn_common_tes", ["/dev/dri/renderD129"]),
        ("dkms-misc-dev", ["/dev/rknpu"]),
    ]
    assert found[0]["cgroups"] == ["/system.slice/x.service", "/x.slice"]


def test_on_a_board_by_the_number_whatever_the_name_is(tmp_path):
    """Containers name the nodes as they like (invisiofficial/rk-llama.cpp#19)."""
    name = tmp_path / "dev/dri/renderD128"
    name.parent.mkdir(parents=True)
    try:
        os.mknod(name, 0o666 | 0o020000, os.makedev(1, 5))  # another name of /dev/zero
        handle = os.open(name, os.O_RDONLY)
    except PermissionError:
        pytest.skip("only root can make a device node")
    with subprocess.Popen(["sleep", "60"], stdin=handle) as child:
        try:
            nodes = [{"path": "/dev/dri/card1", "number": "1:5", "kind": "card"}]
            found = [entry for entry in holders.holders(Tree(), nodes, limit=10**6) if entry["pid"] == child.pid]
            own = holders.holders(Tree(), nodes, (os.getpid(), child.pid))
        finally:
            child.kill()
            os.close(handle)
    assert [(entry["nodes"], entry["name"]) for entry in found] == [(["/dev/dri/card1"], "sleep")] and found[0][
        "cgroups"
    ]
    assert not {os.getpid(), child.pid} & {entry["pid"] for entry in own}


def test_many_processes_are_bounded(mission, gather):
    for pid in range(1000, 1080):
        mission.link(f"/proc/{pid}/fd/3", "/dev/dri/renderD129")
    assert len(gather(mission)["processes"]) == 50
