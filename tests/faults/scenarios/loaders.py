# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boot loaders: power cuts before, during and after the change of the boot configuration, and trial boots that fail."""

from __future__ import annotations

import re

from faults.bench import Bench, Broken
from faults.points import around
from faults.scenarios.drivers import bad_drivers
from faults.scenarios.power import cut_chain, writes

#: What the boot loaders read, and the settings from which their tools make it.
FILES = re.compile(r"/etc/default/(grub|u-boot|extlinux)|/etc/kernel/cmdline|/boot/")

#: {boot loader: what makes a board with u-boot-menu one with it}. Each leaves the kernel arguments as they are.
OTHERS = {
    # ubuntu-rockchip writes the file without a line end.
    "ubuntu-rockchip's u-boot-menu": """
mkdir -p /etc/kernel /usr/share/u-boot-menu/conf.d
printf %s "$U_BOOT_PARAMETERS" >/etc/kernel/cmdline
printf '%s\\n' 'U_BOOT_PARAMETERS="$(cat /etc/kernel/cmdline)"' >/usr/share/u-boot-menu/conf.d/ubuntu.conf
sed -i '/^U_BOOT_PARAMETERS=/d' /etc/default/u-boot
u-boot-update
""",
    # A tool of our own that reads and writes what Radxa's does. It syncs nothing.
    "update_extlinux.sh": """
mkdir -p /etc/kernel
printf '%s\\n' "root=/dev/vda1 $U_BOOT_PARAMETERS" >/etc/kernel/cmdline
printf '%s\\n' 'TIMEOUT=""' 'DEFAULT=""' 'APPEND=""' >/etc/default/extlinux
cat >/usr/local/sbin/update_extlinux.sh <<'TOOL'
#!/bin/sh
set -e
TIMEOUT= DEFAULT= APPEND=
. /etc/default/extlinux
if [ -f /etc/kernel/cmdline ]; then APPEND="$APPEND $(cat /etc/kernel/cmdline)"; fi
menu=/boot/extlinux/extlinux.conf
mkdir -p /boot/extlinux
exec >$menu.new
echo "timeout ${TIMEOUT:-10}"
if [ -n "$DEFAULT" ]; then echo "default $DEFAULT"; fi
for kernel in $(ls -r /boot/vmlinuz-*); do
    echo "label kernel-${kernel#/boot/vmlinuz-}"
    echo "    kernel $kernel"
    echo "    append $APPEND"
done
mv $menu.new $menu
TOOL
chmod 755 /usr/local/sbin/update_extlinux.sh
DEBIAN_FRONTEND=noninteractive apt-get purge -qqy u-boot-menu
update_extlinux.sh
""",
}


def loader_cuts(bench: Bench, most: int) -> None:
    """Power cuts when settings and menu are written: the loader must find a configuration that boots each time."""
    found = around(writes(bench), FILES, most)
    if not found:
        raise Broken("the upgrade writes nothing of the boot loader's")
    cut_chain(bench, found)


def other_loader(bench: Bench, name: str, faults: tuple[tuple[str, str, bool], ...], most: int) -> None:
    """Trial boots that fail, and power cuts when the boot configuration changes, with a boot loader of OTHERS."""
    bench.fresh()
    arguments = bench.board.ssh("cat /proc/cmdline")
    # U-Boot does not read ext4's journal: a freeze writes all to its place.
    bench.board.sudo(f". /etc/default/u-boot\n{OTHERS[name]}\nsync\nfsfreeze -f /\nfsfreeze -u /")
    bench.board.power_off()
    bench.board.power_on()
    bench.board.wait()
    if (now := bench.board.ssh("cat /proc/cmdline")).split() != arguments.split():
        raise Broken(f"{name}: the kernel arguments were {arguments!r}, and are {now!r}")
    with bench.variant(name):
        bad_drivers(bench, "builtin", faults)
        loader_cuts(bench, most)
