# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The lines of u-boot-update (u-boot-menu 4.2.2 of Debian) that say what it reads."""

from __future__ import annotations

TOOL = """#!/bin/sh
. /etc/default/u-boot
for file in /usr/share/u-boot-menu/conf.d/*.conf /etc/u-boot-menu/conf.d/*.conf; do . "${file}"; done
if [ -z "${U_BOOT_PARAMETERS}" ] && [ -f /etc/kernel/cmdline ]; then :; fi
U_BOOT_PARAMETERS="${U_BOOT_PARAMETERS:-ro quiet}"
"""
