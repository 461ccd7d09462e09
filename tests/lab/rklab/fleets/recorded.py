# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards as file trees, written from the values device trees and kernels of real ones have: for unit tests, and for light boards."""

from __future__ import annotations

import os
import pathlib

RELEASE = "6.1.99-1-rk2312"
BUILTIN_CONFIG = (
    "CONFIG_MODULES=y\nCONFIG_KALLSYMS=y\nCONFIG_DRM=y\nCONFIG_SYNC_FILE=y\nCONFIG_PM_DEVFREQ=y\nCONFIG_ROCKCHIP_RKNPU=y\n"
)
U_BOOT_UPDATE = """#!/bin/sh
# stand-in: the lines of u-boot-update that say where it reads from
. /etc/default/u-boot
for file in /usr/share/u-boot-menu/conf.d/*.conf /etc/u-boot-menu/conf.d/*.conf; do . "${file}"; done
if [ -z "${U_BOOT_PARAMETERS}" ] && [ -f /etc/kernel/cmdline ]; then :; fi
U_BOOT_PARAMETERS="${U_BOOT_PARAMETERS:-ro quiet}"
"""


class Board:
    """Writes a tree below root; every method returns the board, so that calls can be strung together.

    apart: folders of the root that are written below another one instead, such as {"proc": "srv/board/proc"}.
    """

    def __init__(self, root, apart=None):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True)
        self.apart = apart or {}

    def place(self, path):
        """Where a file of the board lies."""
        top, dummy, rest = path.lstrip("/").partition("/")
        return self.root / self.apart.get(top, top) / rest

    def write(self, path, content=""):
        """A file with text or bytes."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def link(self, path, target):
        """A symbolic link."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, place)
        return self

    def strings(self, path, *values):
        """A device tree property: each string ends in NUL."""
        return self.write("/proc/device-tree/" + path, "".join(value + "\0" for value in values))

    def base(self, model="Radxa ROCK 5B", compatible=("radxa,rock-5b", "rockchip,rk3588"), release=RELEASE, arch="aarch64",
             config=BUILTIN_CONFIG, cmdline="root=LABEL=root ro quiet", codename="bookworm"):
        """What every board has: device tree, os-release, a kernel with its configuration."""
        self.strings("model", model).strings("compatible", *compatible).strings("serial-number", "1234567890abcdef")
        self.write("/etc/os-release", 'ID=debian\nVERSION_CODENAME=%s\nVERSION_ID="12"\nVERSION="12 (%s)"\n' % (codename, codename))
        self.write("/proc/cmdline", cmdline + "\n").write("/proc/modules").write("/proc/sys/kernel/osrelease", release + "\n")
        self.write("/proc/sys/kernel/arch", arch + "\n").write("/proc/sys/kernel/random/boot_id", "d6fa0677-92af-443d-aef9-0bf4acf68156\n")
        if config:
            self.write("/boot/config-" + release, config)
        return self.write("/lib/modules/%s/modules.dep" % release)

    def npu(self, address="fdab0000", compatible="rockchip,rk3588-rknpu", status="okay", driver="RKNPU", drm=129, node=True):
        """The NPU's node, its platform device, and a render node where a driver is bound (node=False: its file in /dev is not there)."""
        self.strings("npu@%s/compatible" % address, compatible).strings("npu@%s/status" % address, status)
        device = "/sys/devices/platform/%s.npu" % address
        self.write(device + "/uevent", "DRIVER=%s\nOF_COMPATIBLE_0=%s\n" % (driver, compatible) if driver else "")
        self.link("/sys/bus/platform/devices/%s.npu" % address, "../../../devices/platform/%s.npu" % address)
        if driver:
            self.place("/sys/bus/platform/drivers/" + driver).mkdir(parents=True, exist_ok=True)
            self.link(device + "/driver", "../../../bus/platform/drivers/" + driver)
        if driver == "RKNPU" and drm:
            # Another GPU comes first: the number says nothing.
            self.write("/sys/devices/platform/fb000000.gpu/drm/renderD128/dev", "226:128")
            self.write("/sys/devices/platform/fb000000.gpu/uevent", "DRIVER=panthor\n")
            self.link("/sys/devices/platform/fb000000.gpu/drm/renderD128/device", "../../../fb000000.gpu")
            self.link("/sys/class/drm/renderD128", "../../devices/platform/fb000000.gpu/drm/renderD128")
            self.write("%s/drm/renderD%d/dev" % (device, drm), "226:%d" % drm)
            self.link("%s/drm/renderD%d/device" % (device, drm), "../../../%s.npu" % address)
            self.link("/sys/class/drm/renderD%d" % drm, "../../devices/platform/%s.npu/drm/renderD%d" % (address, drm))
            if node:
                self.write("/dev/dri/renderD%d" % drm)
        return self

    def builtin(self, release=RELEASE, version="0.9.3"):
        """The driver as vendor kernels have it."""
        self.write("/lib/modules/%s/modules.builtin" % release, "kernel/drivers/rknpu/rknpu.ko\n")
        self.write("/sys/module/rknpu/version", version + "\n")
        return self.write("/lib/modules/%s/modules.builtin.modinfo" % release, "a.b=c\0rknpu.version=%s\0rknpu.license=GPL v2\0" % version)

    def headers(self, release=RELEASE, without=(), machine=183, states=None):
        """Headers modules can be built against, linked absolutely as packages do.

        without: files to leave out; machine: the ELF number of their programs' machine; states: the release that they
        say they are for.
        """
        folder = "/usr/src/linux-headers-%s/" % release
        program = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x03\0" + bytes([machine, 0])
        files = {"Makefile": "", "Module.symvers": "0x1\tprintk\tvmlinux\n", "include/generated/autoconf.h": "",
                 "include/config/auto.conf": "", "scripts/basic/fixdep": program, "scripts/mod/modpost": program,
                 "include/generated/utsrelease.h": '#define UTS_RELEASE "%s"\n' % (states or release),
                 "scripts/module.lds": ""}
        for name in set(files) - set(without):
            self.write(folder + name, files[name])
        return self.link("/lib/modules/%s/build" % release, "/usr/src/linux-headers-" + release)

    def tools(self):
        """Compiler, make and DKMS."""
        self.write("/usr/bin/gcc").write("/usr/bin/make")
        return self.write("/usr/sbin/dkms", 'readonly x\n echo $"dkms-3.0.10"\n')

    def dkms(self, module="rknpu_dkms", version="0.9.6", release=RELEASE, installed=True, suffix=".ko", ours=False):
        """A build in DKMS's tree, installed or not; ours=True: with the marker that says whose it is."""
        base = "/var/lib/dkms/rknpu"
        self.link("%s/%s/source" % (base, version), "/usr/src/rknpu-" + version)
        self.write("/usr/src/rknpu-%s/dkms.conf" % version)
        if ours:
            self.write("/usr/src/rknpu-%s/rkfleet.json" % version, "{}")
        self.write("%s/%s/%s/aarch64/module/%s%s" % (base, version, release, module, suffix))
        if installed:
            self.link("%s/kernel-%s-aarch64" % (base, release), "%s/%s/aarch64" % (version, release))
            self.write("/lib/modules/%s/updates/dkms/%s%s" % (release, module, suffix))
        return self

    def bound_module(self, module):
        """Say that the bound driver came from a loaded module."""
        self.write("/sys/module/%s/initstate" % module, "live\n").link("/sys/bus/platform/drivers/RKNPU/module", "../../../../module/" + module)
        return self.write("/proc/modules", "%s 81920 0 - Live 0x0000000000000000 (OE)\n" % module)

    def u_boot_menu(self, default="", append="root=LABEL=root ro quiet"):
        """u-boot-menu and what it has made."""
        self.write("/usr/sbin/u-boot-update", U_BOOT_UPDATE).write("/etc/default/u-boot", default)
        return self.write("/boot/extlinux/extlinux.conf", "default l0\n\nlabel l0\n\tlinux /boot/vmlinuz\n\tappend %s\n" % append)
