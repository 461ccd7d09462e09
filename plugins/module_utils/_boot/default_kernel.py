# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps a board on a kernel that has its NPU module, where u-boot-update decides on the default kernel.

Nothing is stored that could grow old: each u-boot-update asks `kernel-default` anew which entry is to be the default. So
it does not matter which package's hook failed before it, or in which order packages were set up.
"""

from __future__ import annotations

import os
import re

FOLDER = "/usr/lib/rkfleet-npu"
SCRIPT = FOLDER + "/kernel-default"
SETTINGS = FOLDER + "/u-boot.conf"
FRAGMENT = "/etc/u-boot-menu/conf.d/rkfleet-npu.conf"
IMAGE_HOOK = "/etc/kernel/postinst.d/00-rkfleet-npu"
HEADERS_HOOK = "/etc/kernel/header_postinst.d/zz-rkfleet-npu"
# What is not there before us, and goes with the last of our files.
OWN_FOLDERS = (FOLDER, "/etc/u-boot-menu/conf.d", "/etc/u-boot-menu", "/etc/kernel/header_postinst.d")

_HEAD = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_boot; removed by its state=absent.
"""

SCRIPT_TEXT = "#!/bin/sh\n" + _HEAD + r"""#
# Which kernel may boot by default: one that has the NPU module which /etc/modules-load.d/rkfleet-npu.conf names.
#
# kernel-default entry              called by u-boot-update: prints the number of the entry that is to be the default,
#                                   or nothing where the newest kernel may be; says why on stderr and in the system's log
# kernel-default installing KERNEL  called before DKMS builds for a kernel that is being installed: says what boots till then
# kernel-default built KERNEL       called after DKMS has built for headers that were installed: ends with 0 if the module is there
set -u
modules=/lib/modules
dkms=/var/lib/dkms/rknpu
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin

say() {
    echo "rkfleet.npu: $*" >&2
    logger -t rkfleet-npu -- "$*" 2>/dev/null || :
}

# The kernel refuses a module with the name of one that is built into it.
refuses() {
    grep -qs "/$module\.ko\$" "$modules/$1/modules.builtin"
}

has_module() {
    for suffix in '' .xz .zst .gz; do
        # An empty file is what a power cut leaves.
        [ -s "$modules/$1/updates/dkms/$module.ko$suffix" ] && ! refuses "$1" && return 0
    done
    return 1
}

why_not() {
    if refuses "$1"; then
        echo "a driver of that name is built into it; boot it once by hand and run rkfleet.npu.upgrade_npu there"
        return
    fi
    if ! [ -e "$modules/$1/build/include" ]; then
        echo "its headers are not installed; install linux-headers-$1, and run 'dkms autoinstall -k $1 && u-boot-update' if that does not build it"
        return
    fi
    for log in "$dkms"/*/build/make.log; do
        if grep -qs "for kernel $1 (" "$log"; then
            echo "the build failed ($log); rkfleet.npu.preflight_npu tells what to do about it"
            return
        fi
    done
    for built in "$dkms"/*/"$1"/*/module/"$module".ko*; do
        if [ -s "$built" ]; then
            version=${built#"$dkms/"}
            echo "DKMS keeps the kernel's own module of that name; run" \
                "'dkms install -m rknpu -v ${version%%/*} -k $1 --force && u-boot-update' to replace it"
            return
        fi
    done
    echo "DKMS has not built it; run 'dkms autoinstall -k $1 && u-boot-update'"
}

module=$(sed -n '/^[[:space:]]*[^#;[:space:]]/{p;q;}' /etc/modules-load.d/rkfleet-npu.conf 2>/dev/null)
case $module in
    '' | *[!A-Za-z0-9_]*) exit 0 ;;
esac

if [ "${1-}" = built ]; then
    [ -n "${2-}" ] && has_module "$2"
    exit
fi

# As u-boot-update lists them: entry l0 is the newest.
number=0
newest=
chosen=
for kernel in $(linux-version list | linux-version sort --reverse); do
    newest=${newest:-$kernel}
    if has_module "$kernel"; then
        chosen=$kernel
        break
    fi
    number=$((number + 1))
done

case ${1-} in
    installing)
        if [ -n "$chosen" ] && [ "$chosen" != "$newest" ] && [ "${2-}" = "$newest" ]; then
            say "kernel $chosen stays the default until DKMS has built $module for kernel $newest"
        fi
        ;;
    entry)
        if [ -z "$chosen" ]; then
            say "no installed kernel has the module $module: after the next boot the NPU will be without that driver"
        elif [ "$number" -gt 0 ]; then
            say "kernel $newest has no module $module: $(why_not "$newest")"
            say "kernel $chosen stays the default"
            echo "$number"
        fi
        ;;
esac
exit 0
"""

SETTINGS_TEXT = _HEAD + """\
# Read by u-boot-update. A default that the owner chose, other than the newest kernel, is left alone.
if [ "${U_BOOT_DEFAULT:-l0}" = l0 ] && [ -x "%(script)s" ]; then
    _RKFLEET_ENTRY="$("%(script)s" entry)" || _RKFLEET_ENTRY=""
    if [ -n "${_RKFLEET_ENTRY}" ]; then
        U_BOOT_DEFAULT="l${_RKFLEET_ENTRY}"
        # That entry has to be written, too.
        U_BOOT_ENTRIES="all"
        U_BOOT_ALTERNATIVES="default ${U_BOOT_ALTERNATIVES:-recovery}"
    fi
fi
""" % {"script": SCRIPT}

# One line, for a fragment as for /etc/default/u-boot of releases that read no fragments.
LINE = "[ ! -e %s ] || . %s  # rkfleet.npu: the default is a kernel that has the NPU's module" % (SETTINGS, SETTINGS)

IMAGE_HOOK_TEXT = "#!/bin/sh\n" + _HEAD + """\
# First of all hooks: that of dkms may fail, and then nobody else is asked.
[ ! -x %(script)s ] || %(script)s installing "$1" || :
""" % {"script": SCRIPT}

HEADERS_HOOK_TEXT = "#!/bin/sh\n" + _HEAD + """\
# Headers that came after their kernel: DKMS has just built the module, and nobody else asks u-boot-update.
if [ -x %(script)s ] && [ -e "/boot/vmlinuz-$1" ] && command -v u-boot-update >/dev/null && %(script)s built "$1"; then
    u-boot-update
fi
""" % {"script": SCRIPT}


def files(present, reads_fragments):
    """C({path: (content or None, mode)}) of what is to be there, in the order in which it is written."""
    wanted = {SCRIPT: (SCRIPT_TEXT, 0o755), SETTINGS: (SETTINGS_TEXT, 0o644),
              IMAGE_HOOK: (IMAGE_HOOK_TEXT, 0o755), HEADERS_HOOK: (HEADERS_HOOK_TEXT, 0o755)}
    # Last of all, as it is what sets the others to work.
    wanted[FRAGMENT] = (_HEAD + LINE + "\n" if reads_fragments else None, 0o644)
    return {path: (text.encode() if present and text else None, mode) for path, (text, mode) in wanted.items()}


def with_line(text, present):
    """The content of C(/etc/default/u-boot) with our line, or without it; every other byte stays."""
    if not present:
        return re.sub(r"^%s\r?\n?" % re.escape(LINE), "", text, flags=re.M)
    if re.search(r"^%s\r?$" % re.escape(LINE), text, re.M):
        return text
    return "%s%s%s\n" % (text, "" if not text or text.endswith("\n") else "\n", LINE)


def module_kernels(root, module):
    """Releases of the installed kernels that have the module, and are not going to refuse it."""
    found = set()
    base = os.path.join(root, "lib/modules")
    for release in os.listdir(base) if os.path.isdir(base) else ():
        place = os.path.join(base, release)
        there = any(os.path.isfile(os.path.join(place, "updates/dkms", module + suffix)) for suffix in (".ko", ".ko.xz", ".ko.zst", ".ko.gz"))
        if there and os.path.isfile(os.path.join(root, "boot", "vmlinuz-" + release)) and not _built_in(place, module):
            found.add(release)
    return found


def _built_in(place, module):
    try:
        with open(os.path.join(place, "modules.builtin"), encoding="utf-8", errors="replace") as stream:
            return any(line.rstrip().endswith("/%s.ko" % module) for line in stream)
    except FileNotFoundError:
        return False
