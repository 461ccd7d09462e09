# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a recording of a board contains of which file. The board gets these rules with each call.

A file that is not in ALLOWED is recorded without its content, whatever reads it: a new fact may need a pattern here.
In all patterns `*` also matches "/", and /usr/lib/modules counts as /lib/modules.
"""

from __future__ import annotations

ALLOWED = [
    "/proc/cmdline", "/proc/version", "/proc/modules", "/proc/meminfo", "/proc/mounts", "/proc/self/mount*",
    "/proc/config.gz", "/proc/iomem", "/proc/*/comm", "/proc/*/cgroup", "/proc/sys/kernel/*", "/proc/device-tree/*",
    "/proc/rknpu/*", "/proc/filesystems", "/proc/swaps", "/sys/firmware/devicetree/*",
    "/sys/firmware/efi/fw_platform_size", "/sys/class/*", "/sys/bus/*", "/sys/devices/*", "/sys/module/*",
    "/sys/kernel/kexec_loaded", "/sys/kernel/security/lockdown", "/sys/kernel/debug/*npu*",
    "/sys/kernel/debug/pm_genpd/*",
    "/sys/kernel/iommu_groups/*", "/boot/config-*", "/boot/*Env.txt", "/boot/*extlinux.conf", "/boot/*grub.cfg",
    "/boot/*custom.cfg",
    "/boot/*grubenv", "/boot/loader/*", "/boot/config.txt", "/boot/boot.cmd", "/boot/*cmdline.txt",
    "/etc/*-release", "/etc/*_release", "/etc/debian_version", "/etc/default/*", "/etc/kernel/*",
    "/etc/u-boot-menu/*", "/etc/modules", "/etc/modules-load.d/*", "/etc/modprobe.d/*", "/etc/dkms/*",
    "/etc/dracut.conf.d/*", "/etc/overlayroot*", "/etc/apt/preferences*", "/etc/ansible/facts.d/npu.fact",
    "/etc/rkfleet-npu/hold", "/etc/init.d/kexec-load", "/etc/flash-kernel/*", "/lib/modules/*/modules.*",
    "/lib/modules/*/config", "/lib/modprobe.d/*", "/usr/lib/modprobe.d/*", "/usr/lib/os-release",
    "/usr/src/*/.config", "/usr/src/*/dkms.conf", "/usr/src/*/rkfleet.json", "/usr/src/*/Makefile",
    "/usr/src/*/Module.symvers", "/usr/src/*/include/*", "/usr/src/*/scripts/*", "/usr/sbin/dkms", "/usr/bin/dkms",
    "/usr/sbin/*u-boot*", "/usr/bin/*u-boot*", "/usr/sbin/*grub*", "/usr/sbin/*extlinux*", "/usr/bin/*extlinux*",
    "/usr/share/u-boot-menu/*", "*.so", "*.so.[0-9]*", "/var/lib/dkms/*", "/var/lib/dpkg/status",
    "/var/lib/dpkg/info/*.list", "/var/lib/dpkg/diversions", "/var/lib/dpkg/updates/*",
    "/var/lib/apt/extended_states", "/var/lib/rkfleet-npu/*.json", "/var/lib/rkfleet-npu/*manifest",
    "/run/systemd/container", "/run/.containerenv", "/.dockerenv", "/proc/version_signature", "/proc/*/maps",
    "/sys/kernel/debug/devices_deferred", "/dev/dri/*", "/dev/rknpu", "/boot/env.txt", "/boot/*.ini",
    "/usr/bin/*grub*", "/usr/local/*bin/*u-boot*", "/usr/local/*bin/*extlinux*", "/run/modprobe.d/*",
    "/opt/archives/linux-*",
]
NEVER = [
    "*shadow*", "*wpa*", "*.key", "*.pem", "*.psk", "*.priv", "*.p12", "*ssh*", "*secret*", "*passw*",
    "*credential*", "*token*", "*id_rsa*", "*first_run*", "*firstrun*", "*wifi*", "*wlan*", "*networkmanager*",
    "*netplan*", "*apt/auth*", "*/mok.*", "*efivars*", "*seed*", "*machine-id*", "*dietpi.txt", "*/user-data*",
    "*/security/keys*", "*tpm*", "*/otp*", "*nvmem*", "*efuse*",
]
"""These win, in lower case: passwords of first-boot files, seeds in /chosen, keys of DKMS."""

LISTED = [
    "/boot", "/boot/*", "/lib/modules", "/lib/modules/*", "/sys/*", "/proc", "/proc/device-tree",
    "/proc/device-tree/*", "/proc/*/fd", "/dev", "/dev/dri", "/etc/*", "/usr/src", "/usr/src/linux-headers*",
    "/usr/share/u-boot-menu*", "/var/lib/dkms", "/var/lib/dkms/*", "/var/lib/dpkg/updates", "/var/lib/dpkg/info",
    "/run/modprobe.d",
]
"""Folders of which all names are kept; of others only those of files that the recording has or could have."""

_NPU = "npu|rknn|rkllm|rocket"
_KERNEL_OPTION = (
    r"^CONFIG_\w*(?:NPU|MODULE|MODVERSIONS|KALLSYMS|DRM|SYNC_FILE|DEVFREQ|GKI|IKCONFIG|DEBUG_FS|DMABUF|IOMMU|BTF|CMA"
    r"|STACKPROTECTOR|GCC|CLANG|LOCKDOWN|KEXEC|ROCKET|ACCEL|CMDLINE_FORCE)\w*=[ymn0-9]+$"
)
# Of dpkg's entries those about kernels and the NPU, and those that dpkg has not finished.
_PACKAGE = (
    r"^Package: \S*(?:npu|rknn|rkllm|linux-|u-boot|grub|dkms|kernel|rockchip|libc6|musl|apt|gcc|make)"
    r"|^Status: (?!install ok installed$)"
)
_PACKAGE_FIELD = r"^(?:Package|Status|Version|Architecture|Depends|Source|Auto-Installed): "
_MOUNT = (
    r"(?!/var/lib/(?:docker|containerd|kubelet|rancher|lxc)|/var/snap|/run/user)"
    r"/(?:(?:boot|efi|etc|usr|lib|var|run|dev|tmp|data|overlay|rom|mnt|media/root-r)\S*)? "
)

EXCERPTS: list[tuple[str, list[str]]] = [
    ("*/modules.builtin.modinfo", ["\0", r"^rknpu\.|^rocket\."]),
    ("*/modules.*", ["\n", _NPU]),
    ("/proc/modules", ["\n", _NPU]),
    ("*.list", ["\n", _NPU + r"|^/boot/(?:vmlinuz|dtb)-[^/]*$|/modules\.builtin$|^/usr/src/linux-headers-[^/]*$"]),
    ("/proc/*/maps", ["\n", _NPU]),
    ("/sys/kernel/debug/devices_deferred", ["\n", _NPU]),
    ("*/diversions", ["\n", _NPU]),
    ("/boot/config-*", ["\n", _KERNEL_OPTION]),
    ("*/.config", ["\n", _KERNEL_OPTION]),
    ("/lib/modules/*/config", ["\n", _KERNEL_OPTION]),
    ("/proc/config.gz", ["\n", _KERNEL_OPTION]),
    ("/var/lib/dpkg/status", ["\n\n", _PACKAGE, _PACKAGE_FIELD]),
    ("*/extended_states", ["\n\n", _PACKAGE]),
    # Their existence and their checksum count.
    ("*/Module.symvers", ["\n", r"(?!)"]),
    ("*/utsrelease.h", ["\n", "UTS_RELEASE"]),
    ("*/include/*.h", ["\n", r"(?!)"]),
    ("*bin/dkms", ["\n", r"dkms(?:_version=|-\d|: ?\d)"]),
    # The owner's own words.
    ("/etc/rkfleet-npu/hold", ["\n", r"(?!)"]),
    ("/proc/meminfo", ["\n", r"^(?:Mem|Swap|Cma)Total|^CmaFree"]),
    ("*/pm_genpd_summary", ["\n", _NPU]),
    # Without the mounts of containers, snaps and users.
    ("/proc/*mountinfo", ["\n", r"^(?:\S+ ){4}" + _MOUNT]),
    ("/proc/*mounts", ["\n", r"^\S+ " + _MOUNT]),
]
"""Of files that are long or private: what separates their entries, which are kept, and which lines of these.

The first pattern that matches counts.
"""

RULES = {
    "allowed": ALLOWED, "never": NEVER, "listed": LISTED, "excerpts": EXCERPTS,
    # Not even named if nothing of them is kept: a board has thousands.
    "omitted": ["*.list"],
    # Names that are kept of a long folder, and lines of the kernel log.
    "related": "^ld-|npu|rknn|rkllm|linux-|u-boot|grub|extlinux|dkms|kernel|rocket|rockchip",
    "log": "npu|rocket|Booting Linux|fdab0000|fde40000|27700000|ff300000|rockchip-iommu|rk_iommu|Oops|Unable to handle",
}
