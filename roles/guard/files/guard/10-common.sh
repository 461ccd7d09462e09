#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_transaction while an upgrade is not committed; removed when it is.
#
# guard boot                 at boot, before modules are loaded: the first boot of an upgrade is a trial, the second undoes it
# guard watch                undoes the upgrade when neither a commit nor a sign of life comes from the controller for too long
# guard restore FOLDER       restores what FOLDER (pending, origin) holds; prints "reboot" where the running system is not that,
#                            and "foreign" where the copies are of another root file system or machine
# guard identity             root file system and machine
# guard reboot               the reboot that activates the upgrade
# guard calm                 disarms what "boot" armed
# guard signature            what tells the running system from another: kernel, its arguments, the driver's module
set -u
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C
# A reboot goes through the boot loader, as that is where the kernel's arguments come from.
export SYSTEMCTL_SKIP_AUTO_KEXEC=1 SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1
root=''
home=$root/var/lib/rkfleet-npu
pending=$home/pending
armed=$root/run/rkfleet-npu
patience=7200
# Switches of the kernel that turn a crash or a hang into a panic, and a panic into a reboot.
switches='panic panic_on_oops softlockup_panic hardlockup_panic hung_task_panic'

say() {
    echo "rkfleet.npu: $*" >&2
    logger -t rkfleet-npu -- "$*" 2>/dev/null || :
}

# Atomic and durable; the text comes from standard input, by a pipe: so this is a process of its own.
put() {
    umask 077
    cat >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "${1%/*}"
}

# FILE: its first line is in $line. No program is started for it: in a boot they are what takes the time.
# The shell reads byte by byte, and a number below /proc/sys ends after the first: only whether it is 0 can be told that way.
first_line() {
    line=
    { read -r line <"$1"; } 2>/dev/null || :
}

# FILE DEFAULT: the number is in $number.
number() {
    first_line "$1"
    to_number "$line" "$2"
}

# TEXT DEFAULT: the number is in $number. One of more than 16 digits is damaged, too.
to_number() {
    case $1 in
        '' | *[!0-9]* | ?????????????????*) number=$2 ;;
        *) number=$1 ;;
    esac
    # To the shell a number that begins with 0 is octal.
    while [ "${number#0?}" != "$number" ]; do number=${number#0}; done
}

# FOLDER STATE SENTENCE [FILE]: the rest of state.json lies ready, as no JSON can be put together safely here. Sentences are ours: no quotes, no slashes.
note() {
    [ -r "$1/state.in" ] || return 0
    sed -e "s/@STATE@/$2/" -e "s/@WHY@/$3/" -e "s/@SINCE@/$(date -u +%Y-%m-%dT%H:%M:%SZ)/" "$1/state.in" | put "${4-$home/state.json}"
}

signature() {
    {
        uname -r
        cat "$root/proc/cmdline"
        for module in "$root"/sys/module/rknpu*; do
            [ ! -r "$module/srcversion" ] || { echo "$module"; cat "$module/srcversion"; }
        done
    } 2>/dev/null | sha256sum | cut -c1-64
}

# The root file system and the machine. The id of these file systems is made of their UUID (and of a btrfs subvolume), that of others of the
# device's number.
identity() {
    case $(stat -f -c %T "$root/" 2>/dev/null) in
        ext* | btrfs) id=$(stat -f -c %i "$root/") ;;
        *) id=$(findmnt -n -o UUID -M "$root/" 2>/dev/null) ;;
    esac
    [ -z "$id" ] || echo "root $id"
    first_line "$root/etc/machine-id"
    [ -z "$line" ] || echo "machine $line"
}
