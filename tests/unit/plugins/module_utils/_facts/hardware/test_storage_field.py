# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Mounts of systems that owners have, from public reports (repository or issue, where one is named), made short."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.hardware import storage, storage_check

EXT4 = "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n"
BOOT = "/dev/mmcblk0p1 /boot vfat rw,relatime,errors=remount-ro 0 0\n"
STEAM = ("/dev/nvme0n1p4 / btrfs rw,relatime,ssd,subvolid=5,subvol=/ 0 0\n/dev/nvme0n1p6 /var ext4 rw,relatime 0 0\n"
         "overlay /etc overlay rw,relatime,lowerdir=/new_root/etc,upperdir=/new_root/var/lib/overlays/etc/upper,"
         "workdir=/new_root/var/lib/overlays/etc/work 0 0\n")
APERTIS = EXT4 + ("overlay /etc overlay rw,relatime,lowerdir=/root/etc,upperdir=/root/var/lib/overlays/etc/upper,"
                  "workdir=/root/var/lib/overlays/etc/work 0 0\n")
UPPER = "/var/lib/overlays/etc/upper"
MICROOS = ("60 1 0:29 /@/.snapshots/1/snapshot / ro,relatime shared:1 - btrfs /dev/sda2 rw,space_cache,subvolid=267\n"
           "66 60 0:35 / /var rw,relatime shared:3 - btrfs /dev/sda3 rw,space_cache,subvolid=5,subvol=/\n"
           "70 60 0:37 / /etc rw,relatime shared:4 - overlay overlay rw,lowerdir=/sysroot/etc,"
           "upperdir=/sysroot/var/lib/overlay/1/etc,workdir=/sysroot/var/lib/overlay/work-etc\n")
FRIENDLY = "overlay / overlay rw,relatime,lowerdir=/root,upperdir=/data/root,workdir=/data/work 0 0\n"
VOLUMIO = ("/dev/loop0 /static squashfs ro 0 0\noverlay / overlay rw,lowerdir=/mnt/static,upperdir=/mnt/ext/dyn,"
           "workdir=/mnt/ext/work 0 0\n") + BOOT
VOLUMIO_LINE = "imgpart=UUID=cfdb2ece imgfile=/volumio_current.sqsh bootpart=UUID=3533-4CB0 datapart=UUID=f76792a9 rw"
REMARKABLE = ("overlay /etc overlay rw,relatime,lowerdir=/etc,upperdir=/var/volatile/etc,workdir=/var/volatile/w 0 0\n"
              "tmpfs /var/volatile tmpfs rw,relatime 0 0\n")
UNLOCKED = EXT4 + ("overlay /usr overlay rw,relatime,lowerdir=usr,upperdir=/var/tmp/ostree-unlock-ovl.KZ4V50/upper,"
                   "workdir=/var/tmp/ostree-unlock-ovl.KZ4V50/work 0 0\n")

LASTING = [  # source, mounts, kernel arguments, folders of the board
    ("SteamOS, made writable", STEAM, "", [UPPER]),
    ("an upper layer on the root file system", APERTIS, "", [UPPER]),
    ("NFS", "192.168.0.15:/srv/nfs / nfs rw,relatime,vers=3,hard,nolock 0 0\n", "", []),
    ("NFS, with a boot partition of its own",
     ("192.168.8.99:/volume1/rpi-pxe/p1 / nfs rw,vers=3,hard,nolock 0 0\n192.168.8.99:/volume1/rpi-tftpboot/92003445 "
      "/boot/firmware nfs rw,vers=3 0 0\n"), "", []),
    ("f2fs", "/dev/nvme0n1p3 / f2fs rw,noatime,lazytime,background_gc=on,mode=adaptive 0 0\n", "", []),
    ("ZFS",
     "nerv/ROOT/void / zfs rw,relatime,xattr,noacl 0 0\nbpool/BOOT /boot zfs rw 0 0\n", "", []),
    ("OpenWrt",
     ("/dev/mmcblk0p3 /overlay ext4 rw,relatime 0 0\noverlayfs:/overlay / overlay rw,noatime,lowerdir=/,"
      "upperdir=/overlay/upper,workdir=/overlay/work 0 0\n" + BOOT), "", []),
    ("FriendlyElec", FRIENDLY + BOOT, "rw root=/dev/mmcblk0p2 data=/dev/mmcblk0p3 fsck.repair=yes", []),
    ("Volumio", VOLUMIO, VOLUMIO_LINE, []),
    ("automount of /boot, used",
     EXT4 + "systemd-1 /boot autofs rw,relatime,fd=52,pgrp=1,timeout=120,direct 0 0\n" + BOOT, "", []),
    ("automount of /boot, idle",
     EXT4 + "systemd-1 /boot autofs rw,relatime,fd=22,pgrp=1,timeout=300,direct 0 0\n", "", []),
    ("/var on another disk",
     EXT4 + ("/dev/sda1 /mnt/storage ext4 rw 0 0\noverlay_var /var overlay rw,lowerdir=/var,"
             "upperdir=/mnt/storage/upper/var,workdir=/mnt/storage/work/var 0 0\n"), "", []),
    ("the log in zram: armbian/build#2692", EXT4 + "/dev/zram1 /var/log ext4 rw,relatime,discard 0 0\n", "", []),
    ("a folder called so", EXT4 + "/dev/sda1 /mnt/emergency_root ext4 rw,relatime 0 0\n", "", []),
    ("an extension of /opt",
     EXT4 + "sysext /opt overlay ro,nodev,relatime,lowerdir=/run/systemd/sysext/meta/opt:/opt 0 0\n", "", []),
]
REFUSED = [  # and: what reason and remedy must have
    ("openSUSE MicroOS", MICROOS, "", [UPPER], "below /: it is mounted read-only (btrfs at /)",
     "remount,rw /"),
    ("SteamOS", "/dev/mmcblk0p4 / btrfs ro,noatime,ssd,subvolid=5,subvol=/ 0 0\n", "", [],
     "mounted read-only (btrfs at /)", "remount,rw /"),
    ("the upper layer is out of sight", STEAM, "", [],
     "below /etc is lost at the reboot: it is on an overlay (overlay at /etc)", "Unmount it"),
    ("reMarkable", "/dev/mmcblk0p3 / ext4 ro,relatime 0 0\n" + REMARKABLE, "", [],
     "mounted read-only (ext4 at /)", "remount,rw /"),
    ("reMarkable, made writable", EXT4 + REMARKABLE, "", ["/var/volatile/etc"],
     "below /etc is lost at the reboot: it is on an overlay", "Unmount it"),
    ("COS", EXT4 + ("overlayfs /etc overlay rw,relatime,lowerdir=/etc,upperdir=/tmp/etc_overlay/etc,"
                    "workdir=/tmp/etc_overlay/.work,uuid=on 0 0\n"), "", ["/tmp/etc_overlay/etc"],
     "below /etc is lost", "Unmount it"),
    # Since 6.12 an error no longer makes an ext4 `ro`, and since 6.15 the mounts have `emergency_ro` instead.
    ("6.18 after an error: longhorn/longhorn#13452, prometheus/node_exporter#3717",
     "/dev/mmcblk1p1 / ext4 rw,noatime,emergency_ro,errors=remount-ro,commit=120 0 0\n", "", [],
     "below /: it is mounted read-only (ext4 at /)", "have the disk checked (reboot)"),
    ("the same, as mountinfo has it: xunholy/k8s-gitops#4143",
     ("22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw,errors=remount-ro,emergency_ro\n"), "", [],
     "below /: it is mounted read-only (ext4 at /)", "remount,rw /"),
    ("data partition below a read-only root",
     ("/dev/mmcblk0p3 / ext4 ro,noatime,errors=remount-ro 0 0\n/dev/mmcblk0p2 /data ext4 rw,noatime 0 0\noverlay /etc "
      "overlay rw,noatime,lowerdir=/etc,upperdir=/data/etc/upper,workdir=/data/etc/work 0 0\n"), "", [],
     "mounted read-only (ext4 at /)", "remount,rw /"),
    # All changes there are discarded on reboot, although the folder stays.
    ("ostree, unlocked", UNLOCKED, "", ["/var/tmp/ostree-unlock-ovl.KZ4V50/upper"],
     "below /usr/lib is lost at the reboot: it is on an overlay (overlay at /usr)", "Unmount it"),
    ("systemd-sysext",
     EXT4 + "sysext /usr overlay ro,nodev,relatime,lowerdir=/run/systemd/sysext/meta/usr:/usr 0 0\n", "",
     [], "below /usr/lib: it is mounted read-only (overlay at /usr)", "systemd-sysext unmerge"),
    ("Deepin 25", EXT4 + "usr-overlay /usr overlay ro,relatime,lowerdir=/usr:/x 0 0\n", "", [],
     "mounted read-only (overlay at /usr)", "Unmount it"),
    ("overlayroot by hand: chesty/overlayroot#4",
     ("overlay / overlay rw,relatime,lowerdir=/overlay/lower,upperdir=/overlay/upper,workdir=/overlay/work 0 0\n"
      "tmpfs /overlay tmpfs rw,relatime 0 0\n/dev/mmcblk0p1 /overlay/lower ext4 rw,relatime 0 0\n"), "", [],
     "below / is lost at the reboot", "overlayroot"),
    ("initramfs, out of sight: RPi-Distro/raspi-config#193",
     "overlay / overlay rw,lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work 0 0\n" + BOOT, "boot=overlay", [],
     "below / is lost", "raspi-config"),
    ("Volumio without its partition", VOLUMIO, "imgfile=/volumio_current.sqsh", [], "below / is lost",
     "Disable"),
    ("FriendlyElec without a boot partition", FRIENDLY, "root=/dev/mmcblk0p8 data=/dev/mmcblk0p9", [],
     "below /boot is not read by the boot loader", "Disable"),
    ("Sophgo, the upper layer on a partition",
     ("overlay / overlay rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay,workdir=/media/root-rw/w 0 0\n"
      "/dev/mmcblk0p5 /media/root-rw ext4 rw,relatime 0 0\n/dev/mmcblk0p4 /media/root-ro ext4 ro 0 0\n"), "", [],
     "below /boot is not read by the boot loader", "Disable"),
    ("fuse-overlayfs",
     "fuse-overlayfs / fuse.fuse-overlayfs rw,nodev,noatime,user_id=0,group_id=0,allow_other 0 0\n", "", [],
     "lost at the reboot: it is on an overlay (fuse.fuse-overlayfs at /)", "Disable"),
    ("OpenBMC", "rootfs / rootfs ro 0 0\ntmpfs /run tmpfs rw 0 0\n", "", [],
     "kept in memory (rootfs at /)", "on a disk"),
    ("Rockchip's camera SDK",
     "/dev/root / squashfs ro,relatime 0 0\n/dev/mmcblk0p7 /userdata ext4 rw,relatime 0 0\n", "", [],
     "mounted read-only (squashfs at /)", "nstall a system"),
    ("modules in memory", EXT4 + "none /lib/modules tmpfs rw,relatime 0 0\n", "", [],
     "below /lib/modules is lost at the reboot: it is kept in memory", "on a disk"),
]


def problem(board, mounts, arguments, folders):
    board.write("/proc/self/mountinfo" if " - " in mounts else "/proc/mounts", mounts)
    board.write("/proc/cmdline", arguments + "\n")
    for folder in folders:
        board.place(folder).mkdir(parents=True)
    tree = Tree(str(board.root))
    return storage_check.problem(storage.read_filesystems(tree), [], "systemd")


@pytest.mark.parametrize("source, mounts, arguments, folders", LASTING, ids=[case[0] for case in LASTING])
def test_files_that_last(board, source, mounts, arguments, folders):
    assert problem(board, mounts, arguments, folders) is None


@pytest.mark.parametrize("source, mounts, arguments, folders, reason, remedy", REFUSED,
                         ids=[case[0] for case in REFUSED])
def test_files_that_do_not_last(board, source, mounts, arguments, folders, reason, remedy):
    found = problem(board, mounts, arguments, folders)
    assert found and reason in found[0] and remedy in found[1], found


@pytest.mark.parametrize("arguments", ["data=/dev/zram0", "data=/dev/ram0", "datapart=UUID=1", "mydata=/dev/sda1"])
def test_a_partition_that_is_not_the_one_of_the_upper_layer(board, arguments):
    assert "below / is lost" in problem(board, FRIENDLY + BOOT, arguments, [])[0]
