# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards that would lose what is written, or could not roll themselves back: refused before anything is changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.hardware import storage, storage_check
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import state
from ansible_collections.rkfleet.npu.plugins.module_utils._transaction import transaction as _transaction
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts import kexec_and_watchdog
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from rklab.fleets.recorded import RELEASE

DATA = compatibility.load()
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}

DISK = "24 1 179:1 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p1 rw,errors=remount-ro\n"
SYSTEM = "25 24 0:5 / /proc rw - proc proc rw\n26 24 0:6 / /run rw - tmpfs tmpfs rw,size=1m\n27 24 0:7 / /tmp rw - tmpfs tmpfs rw\n"
LOG2RAM = "28 24 0:8 / /var/log rw - tmpfs log2ram rw\n29 28 254:0 / /var/log.zram rw - ext4 /dev/zram0 rw\n"
BOOT = "30 24 179:2 / /boot rw - vfat /dev/mmcblk0p2 rw\n"
OVERLAY = "lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/overlay-workdir/_"
OVERLAYROOT = (
    "24 1 0:30 / / rw - overlay overlayroot rw,%s\n31 24 179:1 / /media/root-ro ro - ext4 /dev/mmcblk0p1 ro\n"
    "32 24 0:31 / /media/root-rw rw - tmpfs tmpfs-root rw\n" % OVERLAY)
FRIENDLY = "24 1 0:30 / / rw - overlay overlay rw,lowerdir=/root,upperdir=/data/root,workdir=/data/work\n"

OVERLAY_ON_DISK = OVERLAYROOT.replace("0:31 / /media/root-rw rw - tmpfs tmpfs-root",
                                      "8:1 / /media/root-rw rw - ext4 /dev/sda1")

LASTING = {
    "one file system": DISK + SYSTEM,
    "memory for logs only": DISK + SYSTEM + LOG2RAM,
    "a /boot of its own": DISK + SYSTEM + BOOT,
    "what the initramfs had is covered": "1 1 0:2 / / rw - rootfs rootfs rw\n" + DISK,
    "an NVMe, btrfs, names with blanks": (
        "24 1 0:25 /@ / rw - btrfs /dev/nvme0n1p2 rw,subvol=/@\n40 24 0:25 /@home /home rw - btrfs /dev/nvme0n1p2 rw\n"
        "41 24 8:1 / /mnt/my\\040disk rw - ext4 /dev/sda1 rw\n"),
    "a read-only disk for other things": DISK + "33 24 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro\n34 24 8:1 / /srv ro - ext4 /dev/sda1 ro\n",
    "overlayroot with its changes on a disk, and a /boot of its own": OVERLAY_ON_DISK + BOOT,
    "zfs with a pool for /boot": "rpool/ROOT/debian / zfs rw,xattr 0 0\nbpool/BOOT /boot zfs rw 0 0\n",
    "containers on the board": DISK + "".join(
        "%d 24 0:9 / /var/lib/docker/overlay2/%d/merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
        % (n, n) for n in range(50, 60)),
    "/proc/mounts only": "/dev/mmcblk0p1 / ext4 rw,noatime 0 0\nproc /proc proc rw 0 0\n",
    "nothing that can be read": "",
}
LOST = {
    "an overlay that lasts, whose /boot no boot loader reads": (
        OVERLAY_ON_DISK, "below /boot is not read by the boot loader: it is on an overlay (overlay at /)"),
    # opennetworklinux/ONL#67
    "an overlay of a switch": ("rootfs / rootfs rw 0 0\nnone / overlayfs rw,lowerdir=/newroot.lower,upperdir=/newroot.upper 0 0\n",
                               "is on an overlay (overlayfs at /)"),
    "unionfs-fuse": ("/dev/mmcblk0p2 /ro ext4 ro 0 0\nunionfs-fuse / fuse.unionfs-fuse rw 0 0\n", "is on an overlay"),
    # pmyy-wt/jdc_re-cs-03#1
    "an overlay with its changes in /tmp": (
        "tmpfs /tmp tmpfs rw 0 0\noverlayfs:/tmp/root / overlay rw,lowerdir=/,upperdir=/tmp/root/upper,workdir=/w 0 0\n",
        "lost at the reboot: it is on an overlay"),
    "btrfs, a read-only snapshot": ("/dev/mmcblk0p2 / btrfs ro,subvol=/@ 0 0\n", "mounted read-only (btrfs at /)"),
    "overlayroot": (OVERLAYROOT, "below / is lost at the reboot: it is on an overlay (overlay at /)"),
    "overlayroot, the upper layer out of sight": ("24 1 0:30 / / rw - overlay overlayroot rw,%s\n" % OVERLAY,
                                                  "is on an overlay"),
    "overlayroot with a /boot that is written": (OVERLAYROOT + BOOT, "is on an overlay"),
    "overlay over a disk mounted read-only": (OVERLAYROOT.replace("0:31 / /media/root-rw rw - tmpfs tmpfs-root",
                                                                  "8:1 / /media/root-rw ro - ext4 /dev/sda1"),
                                              "is on an overlay"),
    "an overlay of a vendor whose data partition is not named": (FRIENDLY, "is on an overlay"),
    "an overlay without an upper layer": ("24 1 0:30 / / ro - overlay overlay ro,lowerdir=/a:/b\n", "is on an overlay"),
    "everything in memory": ("24 1 0:2 / / rw - tmpfs rootfs rw\n",
                             "below / is lost at the reboot: it is kept in memory (tmpfs at /)"),
    "an initramfs": ("1 1 0:2 / / rw - rootfs rootfs rw\n", "is kept in memory"),
    "/var in memory": (DISK + "33 24 0:40 / /var rw - tmpfs tmpfs rw\n",
                       "below /var/lib/dkms is lost at the reboot: it is kept in memory (tmpfs at /var)"),
    "the state folder in memory": (
        DISK + "33 24 0:40 / /var/lib/rkfleet-npu rw - ramfs none rw\n",
        "below /var/lib/rkfleet-npu is lost at the reboot: it is kept in memory (ramfs"),
    "/etc on an overlay": (
        DISK + "33 24 0:40 / /etc rw - overlay overlay rw,upperdir=/run/etc,workdir=/run/w\n" + SYSTEM,
        "below /etc is lost at the reboot: it is on an overlay (overlay at /etc)"),
    "/lib/modules on a memory disk": (
        DISK + "33 24 254:0 / /lib/modules rw - ext4 /dev/zram1 rw\n",
        "below /lib/modules is lost at the reboot: it is kept in memory (ext4 at /lib/modules)"),
    "squashfs": ("24 1 179:1 / / ro - squashfs /dev/root ro\n", "below /: it is mounted read-only (squashfs at /)"),
    "/usr read-only": (DISK + "33 24 179:3 / /usr ro - ext4 /dev/mmcblk0p3 ro\n",
                       "below /usr/lib: it is mounted read-only (ext4 at /usr)"),
    "/boot read-only": (DISK + BOOT.replace("/boot rw", "/boot ro"),
                        "below /boot: it is mounted read-only (vfat at /boot)"),
    "/proc/mounts only, squashfs": ("/dev/root / squashfs ro,relatime 0 0\n",
                                    "below /: it is mounted read-only (squashfs at /)"),
}


@pytest.fixture
def mission(board):
    """A board that is to be upgraded: driver 0.9.3 built in, no runtime."""
    return board.base().npu().builtin().headers().tools().u_boot_menu()


def say(board, mounts):
    board.write("/proc/self/mountinfo" if " - " in mounts else "/proc/mounts", mounts)
    return board


@pytest.fixture
def planned(gather):
    """The plan of a board, through the gate that its facts come by."""
    def run(board, **wanted):
        facts = gather(board)
        assert gate.facts_of(facts) == facts
        facts["space"] = dict(SPACE, **wanted.pop("space", {}))
        return planner.npu_plan(facts, wanted, DATA)

    return run


def refused(plan, *words):
    assert plan["action"] == "unsupported", plan
    assert plan["changes"] == [] and plan["reboot"] is False and plan["packages"] == []
    for text in (plan["reason"], plan["remedy"]):
        assert text.endswith(".") and not re.search(r"\. [A-Z]", text)
    assert all(word in plan["reason"] for word in words), plan["reason"]


# -- file systems -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("mounts", LASTING.values(), ids=LASTING)
def test_a_board_with_lasting_files_is_upgraded(mission, planned, mounts):
    assert planned(say(mission, mounts))["action"] == "dkms_over_builtin"
    assert storage_check.check(str(mission.root)) is None


@pytest.mark.case(case="the root file system is an overlay in memory (overlayroot), in memory itself, or read-only",
                  plan="unsupported",
                  result="says which path would be lost at the reboot, and how to leave that mode")
@pytest.mark.parametrize("mounts, words", LOST.values(), ids=LOST)
def test_a_board_whose_files_are_lost_at_the_reboot_is_refused(mission, planned, mounts, words):
    refused(planned(say(mission, mounts)), words)
    assert words in storage_check.check(str(mission.root))


def test_a_board_without_work_is_not_refused(mission, planned):
    runtime = b"librknnrt version: 1.6.0 (9a7b5d24c@2023-12-13T17:31:11)"
    mission.write("/usr/lib/librknnrt.so", runtime).write("/etc/ansible/facts.d/npu.fact", json.dumps({
        "kernel": {"release": RELEASE}, "driver": {"version": "0.9.3"},
        "runtime": {"sha256": hashlib.sha256(runtime).hexdigest()},
        "verification": {"diagnosis": "ok"}}))
    assert planned(say(mission, OVERLAYROOT))["action"] == "none"
    refused(planned(mission, driver_policy="exact"), "is on an overlay")


def test_a_vendors_overlay_on_a_data_partition_lasts(board, planned):
    given = "rw root=/dev/mmcblk0p8 rootfstype=ext4"
    board.base(cmdline=given + " data=/dev/mmcblk0p9").npu().builtin().headers().tools().u_boot_menu(append=given)
    assert planned(say(board, FRIENDLY + BOOT))["action"] == "dkms_over_builtin"
    refused(planned(say(board, FRIENDLY)), "below /boot is not read by the boot loader")


def test_an_unwritten_boot_may_be_read_only(board, planned):
    config = "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_ROCKCHIP_RKNPU=m\n"
    board.base(config=config).npu().headers().tools().bound_module("rknpu").write("/lib/modules/6.1.99-1-rk2312/kernel/drivers/rknpu/rknpu.ko")
    assert planned(say(board, LOST["/boot read-only"][0]))["action"] == "dkms"


def test_facts_list_the_file_systems(mission, gather):
    found = {entry["path"]: entry for entry in gather(say(mission, DISK + SYSTEM + BOOT))["filesystems"]}
    assert found["/boot"] == {"path": "/boot", "mount": "/boot", "type": "vfat", "read_only": False, "lasting": True,
                              "with_root": False}
    assert found["/var/lib/rkfleet-npu"] == {"path": "/var/lib/rkfleet-npu", "mount": "/", "type": "ext4",
                                             "read_only": False, "lasting": True,
                                             "with_root": True}


def test_a_link_to_another_file_system_counts_where_it_leads(mission, planned):
    mission.link("/var/lib/dkms", "/run/dkms")
    refused(planned(say(mission, DISK + SYSTEM)), "below /var/lib/dkms is lost", "(tmpfs at /run)")


def test_invalid_mounts_are_ignored(mission, planned):
    for text in ("\0" * 5000, " - ", "a - b", "1 2 3 4 5 6 - \n" * 100, "x / \\777 ro",
                 "24 1 0:3 / / rw - overlay overlay rw,upperdir=/\n" * 3):
        assert planned(say(mission, text))["action"] in ("dkms_over_builtin", "unsupported")


# -- the transaction, as a last line of defense -------------------------------------------------------------------------

class Calls:
    def __init__(self):
        self.all = []

    def run(self, command):
        self.all.append(command)
        return 0, "", ""


def begin(root):
    calls = Calls()
    transaction = _transaction.Transaction(calls.run, {"run": "r", "host": "h", "user": "u"}, root=str(root))
    transaction.lock()
    transaction.begin([("/etc/default/u-boot", "file")],
                      {"driver": {"from": "0.9.3", "to": "0.9.6"}, "baseline": None, "controller": {}}, 30)


@pytest.mark.parametrize("mounts, words", [LOST["overlayroot"], LOST["/var in memory"], LOST["squashfs"]],
                         ids=["overlayroot", "memory", "read-only"])
def test_no_transaction_begins_on_files_that_a_reboot_removes(mission, mounts, words):
    say(mission, mounts)
    with pytest.raises(state.TransactionError, match=re.escape(words)):
        begin(mission.root)
    assert not os.path.exists(mission.place("/var/lib/rkfleet-npu/pending")) and not os.path.exists(mission.place("/usr/lib/rkfleet-npu"))
    assert not (mission.place("/etc/systemd")).exists()


def mounts_here():
    done = subprocess.run(["unshare", "--mount", "--propagation", "private", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(not mounts_here(), reason="needs mounts of its own")
@pytest.mark.parametrize("what", ["overlay", "tmpfs"])
def test_it_is_seen_by_what_is_mounted_in_fact(mission, tmp_path, what):
    """overlayroot with a /boot of its own: what is below another root is told by this machine's mounts."""
    script = {
        "overlay": 'mkdir l m && mount -t tmpfs none l && mkdir l/u l/w && mount -t overlay -o "lowerdir=$1,upperdir=$2/l/u,workdir=$2/l/w" overlay m',
        "tmpfs": 'mkdir m && mount -t tmpfs none m && cp -a "$1/." m/ && mount --bind "$1/boot" m/boot',
    }[what]
    code = "import sys\nfrom %s import check\nprint(check(sys.argv[1]))" % storage_check.__name__
    command = 'set -e; cd "$2"; %s; shift 2; exec "$@" m' % script
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", command, "sh", str(mission.root), str(tmp_path),
         sys.executable, "-c", code],
        capture_output=True, text=True, check=False, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert {"overlay": "is on an overlay", "tmpfs": "is kept in memory"}[what] in done.stdout, done.stderr


def test_containers_are_refused_by_the_plan_and_not_checked_again(mission):
    say(mission, OVERLAYROOT).write("/run/systemd/container", "docker\n")
    assert storage_check.check(str(mission.root)) is None


# -- links --------------------------------------------------------------------------------------------------------------

@pytest.mark.case(case="a file of the boot configuration is a symbolic link that leads nowhere, to a folder, in a circle or to another disk",
                  plan="unsupported", result="names the link and what it leads to")
@pytest.mark.parametrize("target, words", [
    ("/etc/default/u-boot", "is a circle of links"), ("/nowhere", "to /nowhere, which does not exist"),
    ("/etc", "which is a folder"),
    ("/srv/disk/u-boot", "which is on another file system"), ("/etc/with blank", "which has a blank in its name"),
    ("/etc/fifo", "not a plain file"),
])
def test_a_boot_file_that_is_a_link_which_cannot_be_rolled_back(mission, planned, target, words):
    mission.place("/etc/default/u-boot").unlink()
    mission.link("/etc/default/u-boot", target).write("/srv/disk/u-boot").write("/etc/with blank")
    os.mkfifo(mission.place("/etc/fifo"))
    say(mission, DISK + "33 24 8:1 / /srv/disk rw - ext4 /dev/sda1 rw\n")
    refused(planned(mission), "/etc/default/u-boot is a symbolic link", words)
    assert words in storage_check.check(str(mission.root))


def test_a_link_to_a_plain_file_of_the_board_is_accepted(mission, planned, gather):
    mission.place("/etc/default/u-boot").unlink()
    say(mission, DISK).link("/etc/default/u-boot", "../conf/u-boot").write("/etc/conf/u-boot")
    assert gather(mission)["boot"]["links"] == [{"path": "/etc/default/u-boot", "target": "../conf/u-boot",
                                                 "problem": None}]
    assert planned(mission)["action"] == "dkms_over_builtin" and storage_check.check(str(mission.root)) is None


def test_a_link_to_a_kernel_that_is_not_written_is_left_to_the_boot_loader(mission, planned):
    """What a removed package of Debian's may leave."""
    say(mission, DISK).link("/boot/vmlinuz", "vmlinuz-6.1.0-31-arm64")
    assert planned(mission)["action"] == "dkms_over_builtin" and storage_check.check(str(mission.root)) is None


# -- systemd, kexec, watchdog ---------------------------------------------------------------------------------------------

@pytest.mark.case(case="a board that is not run by systemd", plan="unsupported",
                  result="says what runs as process 1: the guard is a unit of systemd's")
def test_without_systemd(mission, planned, gather):
    mission.write("/proc/1/comm", "init\n")
    refused(planned(mission), "does not run systemd (process 1 is init)")
    assert "does not run systemd" in storage_check.check(str(mission.root))
    mission.write("/run/systemd/system/x")
    assert gather(mission)["os"]["init"] == "systemd" and planned(mission)["action"] == "dkms_over_builtin"


@pytest.mark.case(case="a kernel is loaded for kexec, or kexec-tools loads one at each reboot", plan="unsupported",
                  result="says how to unload it; where the tool is there the guard unloads it itself, and a note says so")
def test_a_kernel_that_is_loaded_for_kexec(mission, planned):
    mission.write("/sys/kernel/kexec_loaded", "1\n")
    refused(planned(mission), "A kernel is loaded for kexec", "no tool to unload it")
    mission.write("/usr/sbin/kexec")
    plan = planned(mission)
    assert plan["action"] == "dkms_over_builtin" and any("loaded for kexec" in note for note in plan["notes"])
    mission.write("/proc/sys/kernel/kexec_load_disabled", "1\n")
    refused(planned(mission), "cannot be unloaded")
    mission.write("/sys/kernel/kexec_loaded", "0\n")
    assert planned(mission)["action"] == "dkms_over_builtin"


def test_kexec_tools_that_reboot_with_the_old_arguments(mission, planned):
    mission.write("/etc/default/kexec", "# Load a kexec kernel (true/false)\nLOAD_KEXEC=true\n")
    assert planned(mission)["action"] == "dkms_over_builtin"  # the package is gone
    mission.write("/sbin/kexec").write("/etc/init.d/kexec-load")
    refused(planned(mission), "LOAD_KEXEC=true")
    mission.write("/etc/default/kexec", "LOAD_KEXEC=false\n")
    assert planned(mission)["action"] == "dkms_over_builtin"


@pytest.mark.parametrize("files, words", [
    ({}, "there is none"), ({"nowayout": "1\n"}, "nowayout"),
    ({"nowayout": "0\n", "timeout": "10\n"}, "it waits for 10 seconds only"),
    ({"nowayout": "0\n", "timeout": "44\n", "state": "active\n"}, "another program uses it"),
    ({"nowayout": "0\n", "timeout": "44\n", "state": "inactive\n"}, None),
])
def test_a_note_reports_that_no_watchdog_can_be_used(mission, planned, files, words):
    assert not any("watchdog" in note for note in planned(mission)["notes"])
    mission.write("/sys/class/watchdog/.keep")
    for name, content in files.items():
        mission.write("/sys/class/watchdog/watchdog0/" + name, content)
    plan = planned(mission)
    notes = [note for note in plan["notes"] if "watchdog" in note]
    assert plan["action"] == "dkms_over_builtin" and len(notes) == (1 if words else 0)
    assert not words or words in notes[0] and "lockup detectors or a power cycle" in notes[0]


# -- room in /boot --------------------------------------------------------------------------------------------------------

@pytest.mark.case(case="/boot is full, or has no room for the kernel of the vendor", plan="unsupported",
                  result="says how many MiB are missing, and where")
def test_a_full_boot_is_refused(mission, planned):
    refused(planned(mission, space={"/boot": 0}), "There are 0 MiB free at /boot, and 1 MiB are needed")


def test_a_kernel_of_the_vendor_requires_free_space_in_boot(board, gather):
    board.base(release="6.1.43-15-rk2312").npu().builtin("6.1.43-15-rk2312").headers("6.1.43-15-rk2312").tools().u_boot_menu()
    facts = gather(board.write("/usr/bin/apt-cache"), repository=["linux-image-6.1.84-10-rk2410"])
    wanted = {"driver_policy": "floor", "driver_version": "0.9.6"}
    plans = [planner.npu_plan(dict(facts, space=dict(SPACE, **{"/boot": free})), wanted, DATA) for free in (60, 100)]
    assert "80 MiB are needed" in plans[0]["reason"] and plans[0]["action"] == "unsupported", plans[0]
    assert plans[1]["action"] == "vendor_kernel"


def test_unknown_mounts_are_not_reported(tmp_path):
    (tmp_path / "empty").mkdir()
    tree = Tree(str(tmp_path / "empty"))
    assert (storage.mounts(tree), storage.read_init(tree), kexec_and_watchdog.read_kexec(tree)) == ([], None, None)
    assert kexec_and_watchdog.read_watchdog(tree)["usable"] is None and storage_check.check(str(tmp_path / "empty")) is None
