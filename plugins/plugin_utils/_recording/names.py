# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that identify nobody: those of images as they are delivered, and words that files of every board contain."""

from __future__ import annotations

COMMON_NAMES = frozenset(
    (
        "localhost", "localhost.localdomain", "localdomain", "root", "admin", "administrator", "user", "ubuntu",
        "debian", "pi", "rock", "radxa", "orangepi", "armbian", "dietpi", "friendlyelec", "nanopi", "firefly",
        "khadas", "linaro", "rockchip", "board", "host", "none", "null", "true", "false", "yes", "default", "dhcp",
        "off", "any", "all", "auto", "both", "static", "builder", "build", "vendor", "nobody", "daemon", "ansible",
        "operator", "controller", "linux", "kernel", "boot", "module", "modules", "driver", "drivers", "device",
        "devices", "platform", "system", "proc", "sys", "dev", "etc", "usr", "lib", "var", "run", "tmp", "bin",
        "sbin", "data", "home", "media", "root-ro", "root-rw", "console", "quiet", "splash", "init", "npu", "rknpu",
        "rknpu_dkms", "rocket", "dkms", "grub", "u-boot", "extlinux", "unknown", "installed", "committed",
        "planned", "name", "path", "version", "model", "serial", "state", "fleet", "failed", "error", "string",
    )
)
DOMAINS_OF_UNITS = frozenset((
    "service", "socket", "timer", "device", "mount", "automount", "swap", "target", "path", "slice", "scope",
    "conf", "so", "ko",
))
"""What follows the last dot in names such as getty@tty1.service, which are not addresses."""
