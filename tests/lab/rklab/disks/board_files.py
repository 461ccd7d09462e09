# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the lab writes into the board's file system, beyond Debian's packages."""

from __future__ import annotations

#: First boot: what is the board's own (host name, ssh host key, who may log in) comes from the device tree.
IDENTITY_SCRIPT = """\
#!/bin/sh
# rkfleet.npu lab (emulated board): take this board's identity from the device tree, once.
set -eu
tree=/proc/device-tree/rkfleet-lab
take() { tr -d '\\000' <"$tree/$1"; }
umask 077
take host-key >/etc/ssh/ssh_host_ed25519_key.new
mkdir -p /home/radxa/.ssh
take authorized-key >/home/radxa/.ssh/authorized_keys
chown -R radxa:radxa /home/radxa/.ssh
umask 022
name=$(take host-name)
echo "$name" >/etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost\n' "$name" >/etc/hosts
echo "$name" >/proc/sys/kernel/hostname
mv /etc/ssh/ssh_host_ed25519_key.new /etc/ssh/ssh_host_ed25519_key
sync -f /etc/ssh
"""

IDENTITY_UNIT = """\
[Unit]
Description=Lab: identity of this emulated board from the device tree
ConditionPathExists=/proc/device-tree/rkfleet-lab/host-key
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
After=local-fs.target
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/rkfleet-lab-identity

[Install]
WantedBy=multi-user.target
"""

NETWORK_UNIT = """\
[Unit]
Description=Lab: static address on the emulator's user network
DefaultDependencies=no
After=systemd-remount-fs.service
Before=network.target ssh.service shutdown.target
Wants=network.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip link set lo up
ExecStart=/sbin/ip link set eth0 up
ExecStart=/sbin/ip address replace 10.0.2.15/24 dev eth0
ExecStart=-/sbin/ip route replace default via 10.0.2.2

[Install]
WantedBy=multi-user.target
"""

#: u-boot-update copies the parameters to /boot/extlinux/extlinux.conf; the timeout is in tenths of a second.
U_BOOT_DEFAULTS = """\
## /etc/default/u-boot - configuration file for u-boot-update(8)

U_BOOT_UPDATE="true"
U_BOOT_PARAMETERS="console=ttyAMA0,115200n8 rootwait rw panic=10 quiet"
U_BOOT_TIMEOUT="1"
"""

#: As Debian's installer leaves it, but for the kernel's console and a menu that nobody waits for.
GRUB_DEFAULTS = """\
# If you change this file, run 'update-grub' afterwards to update
# /boot/grub/grub.cfg.

GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="console=ttyAMA0,115200n8 rootwait rw panic=10"
GRUB_TERMINAL=console
"""

#: update-grub looks at the disk it is on, so the first one that is right is the board's own.
GRUB_UNIT = """\
[Unit]
Description=Lab: GRUB's configuration of this emulated board, written once by update-grub
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
After=local-fs.target
Before=rkfleet-lab-identity.service ssh.service

[Service]
Type=oneshot
ExecStart=/usr/sbin/update-grub
ExecStart=/bin/sync

[Install]
WantedBy=multi-user.target
"""

#: Its own text, to the same effect as the script of ubuntu-rockchip's first images. The script itself is at ${scriptaddr}.
BOOT_SCRIPT = """\
# Lab: boot.scr is made of this file by mkimage.
setenv partition "${devtype} ${devnum}:${distro_bootpart}"
setenv load_addr 0x49000000
if test -e ${partition} /ubuntuEnv.txt; then
    load ${partition} ${load_addr} /ubuntuEnv.txt
    env import -t ${load_addr} ${filesize}
fi
load ${partition} ${kernel_addr_r} /vmlinuz
booti ${kernel_addr_r} - ${fdtcontroladdr}
"""

#: U-Boot's script finds the kernel on its own partition.
KERNEL_HOOK = """\
#!/bin/sh
# Lab: the kernel that was installed last is the one that starts.
set -eu
cp "/boot/vmlinuz-$1" /boot/firmware/vmlinuz.new
sync -f /boot/firmware
mv /boot/firmware/vmlinuz.new /boot/firmware/vmlinuz
"""

#: path on the board → (mode, text), on every kind of board
FILES: dict[str, tuple[int, str]] = {
    "etc/hostname": (0o644, "rock5b\n"),
    "etc/fstab": (0o644, "/dev/vda1 / ext4 defaults,noatime 0 0\n"),
    "etc/machine-id": (0o444, ""),  # empty: every board makes its own, without the tasks of a first boot
    "etc/default/u-boot": (0o644, U_BOOT_DEFAULTS),
    "etc/apt/sources.list": (0o644, "deb [trusted=yes] file:/srv/apt ./\n"),
    "etc/sudoers.d/radxa": (0o440, "radxa ALL=(ALL:ALL) NOPASSWD: ALL\n"),
    "etc/ssh/sshd_config.d/lab.conf": (0o644, "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\nUseDNS no\n"),
    "etc/systemd/journald.conf.d/lab.conf": (0o644, "[Journal]\nStorage=volatile\n"),
    # A job that hangs at shutdown must not hold the emulated board for a minute and a half.
    "etc/systemd/system.conf.d/lab.conf": (0o644, "[Manager]\nDefaultTimeoutStopSec=20s\n"),
    "etc/systemd/system/rkfleet-lab-identity.service": (0o644, IDENTITY_UNIT),
    "etc/systemd/system/rkfleet-lab-network.service": (0o644, NETWORK_UNIT),
    "usr/local/sbin/rkfleet-lab-identity": (0o755, IDENTITY_SCRIPT),
    "etc/motd": (
        0o644,
        "\nThis is an EMULATED board of the rkfleet.npu lab. Its NPU driver and librknnrt.so are\n"
        "stand-ins, not the vendor's: they imitate messages and numbers, they compute nothing real.\n\n",
    ),
}

#: More of them on boards of a kind.
KIND_FILES: dict[str, dict[str, tuple[int, str]]] = {
    # The vendor's module has no alias that udev could load it by.
    "module": {"etc/modules-load.d/rknpu.conf": (0o644, "rknpu\n")},
    "grub": {
        "etc/fstab": (0o644, "/dev/vda2 / ext4 defaults,noatime 0 0\n/dev/vda1 /boot/efi vfat umask=0077 0 0\n"),
        "etc/default/grub": (0o644, GRUB_DEFAULTS),
        "etc/systemd/system/rkfleet-lab-grub.service": (0o644, GRUB_UNIT),
    },
    "environment": {
        "etc/fstab": (0o644, "/dev/vda2 / ext4 defaults,noatime 0 0\n/dev/vda1 /boot/firmware vfat defaults 0 0\n"),
        "boot/firmware/ubuntuEnv.txt": (0o644, "bootargs=root=/dev/vda2 console=ttyAMA0,115200n8 rootwait rw panic=10 quiet\noverlays=\n"),
        "boot/firmware/boot.cmd": (0o644, BOOT_SCRIPT),
        "etc/kernel/postinst.d/zz-rkfleet-lab": (0o755, KERNEL_HOOK),
    },
    # What Debian's own kernel needs to find its disk here, and its network when the lab's unit sets the address.
    "stock": {"etc/tiny-initramfs/tiny-initramfs.conf": (0o644, "AUTO_MODULES=no\nINCLUDE_MODULES=virtio_mmio,virtio_blk,virtio_net,ext4\n")},
}


def files(kind: str) -> dict[str, tuple[int, str]]:
    """What is written on boards of that kind."""
    return {**FILES, **KIND_FILES.get(kind, {})}


#: Units that cost seconds of an emulated boot and do nothing for a lab.
MASKED = (
    "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer"
    " getty@tty1.service serial-getty@ttyAMA0.service systemd-journal-flush.service systemd-journal-catalog-update.service"
    " systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-networkd.service systemd-networkd-wait-online.service"
    " modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service"
    " modprobe@fuse.service modprobe@loop.service sys-kernel-config.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount"
    " systemd-timesyncd.service systemd-random-seed.service systemd-pstore.service systemd-hwdb-update.service ldconfig.service"
).split()

#: Not started by a boot, but on demand: shutdown asks logind through D-Bus.
ON_DEMAND = ("systemd-logind.service",)

ENABLED = ("rkfleet-lab-identity.service", "rkfleet-lab-network.service")

#: Run in the board's tree with the arguments: packages to remove, with all that was installed for them only.
REMOVE = """\
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
apt-get purge --yes --auto-remove "$@"
"""

#: Run in the board's tree with the arguments: packages to install.
CONFIGURE = """\
set -eu
export UCF_FORCE_CONFFOLD=1 DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
useradd --create-home --shell /bin/bash --groups sudo,video,render radxa
apt-get update
apt-get install --yes --no-install-recommends "$@"
if command -v u-boot-update >/dev/null; then
    u-boot-update
elif [ -e /boot/firmware/boot.cmd ]; then
    mkimage -A arm64 -O linux -T script -C none -d /boot/firmware/boot.cmd /boot/firmware/boot.scr
else
    # What grub-install does, which wants to see the disk. Debian's own core image reads the file beside it.
    mkdir -p /boot/efi/EFI/BOOT /boot/efi/EFI/debian /boot/grub
    cp /usr/lib/grub/arm64-efi/monolithic/grubaa64.efi /boot/efi/EFI/BOOT/BOOTAA64.EFI
    cp /usr/lib/grub/arm64-efi/monolithic/grubaa64.efi /boot/efi/EFI/debian/grubaa64.efi
    printf '%s\n' 'search --no-floppy --label rootfs --set=root' 'set prefix=($root)/boot/grub' 'configfile $prefix/grub.cfg' \
        >/boot/efi/EFI/debian/grub.cfg
    cp -r /usr/lib/grub/arm64-efi /boot/grub/arm64-efi
    rm -r /boot/grub/arm64-efi/monolithic
    grub-editenv /boot/grub/grubenv create
    ln -s /etc/systemd/system/rkfleet-lab-grub.service /etc/systemd/system/multi-user.target.wants/
    . /etc/default/grub
    kernel=$(echo /boot/vmlinuz-*)
    # Until update-grub writes it, at the first boot.
    printf '%s\n' "linux $kernel root=/dev/vda2 ro $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT" boot >/boot/grub/grub.cfg
    chmod 600 /boot/grub/grub.cfg  # as a new one by update-grub
fi
ldconfig
"""
