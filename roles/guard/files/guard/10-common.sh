#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Installed by rkfleet.npu.npu_transaction until an upgrade is committed or rolled back.
#
# guard boot            Run at boot, before modules are loaded: the first boot of an upgrade is a trial, the second one
#                       rolls the upgrade back.
# guard watch           Roll the upgrade back if neither a commit nor a heartbeat comes from the controller in time.
# guard restore FOLDER  Restore from FOLDER (pending or origin). Prints "reboot" if the running system is not the
#                       restored one, and "foreign" if the copies are of another root file system or machine.
# guard identity        Print the identity of the root file system and of the machine.
# guard reboot          Reboot into the upgrade; with "restored", into what a controller has restored.
# guard disarm          Reset the kernel's switches that "boot" has set.
# guard signature       Print a digest of the running system: the kernel, its arguments and the driver's module.
set -u
umask 022
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C
# A reboot has to go through the boot loader, which sets the kernel's arguments.
export SYSTEMCTL_SKIP_AUTO_KEXEC=1 SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT=1
# Tests set a folder with the files of a board.
root=''
home=$root/var/lib/rkfleet-npu
# shellcheck disable=SC2034  # used further below
pending=$home/pending

log() {
    echo "rkfleet.npu: $*" >&2
    logger -t rkfleet-npu -- "$*" 2>/dev/null || :
}

# put FILE: write standard input to FILE, atomically and durably. A pipe runs it in a process of its own, so the umask
# does not last.
put() {
    umask 077
    cat >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "${1%/*}"
}

# first_line FILE: set $line. Starts no program, since programs are what takes the time during a boot.
# The shell reads byte by byte, and a number below /proc/sys ends after its first byte: this only shows whether it is 0.
first_line() {
    line=
    { read -r line <"$1"; } 2>/dev/null || :
}

# number FILE DEFAULT: set $number.
number() {
    first_line "$1"
    to_number "$line" "$2"
}

# to_number TEXT DEFAULT: set $number. More than 16 digits count as damaged, like anything that is not a number.
to_number() {
    case $1 in
        '' | *[!0-9]* | ?????????????????*) number=$2 ;;
        *) number=$1 ;;
    esac
    # The shell reads a number that begins with 0 as octal.
    while [ "${number#0?}" != "$number" ]; do number=${number#0}; done
}

# note FOLDER STATE SENTENCE [FILE]: write state.json from the template in FOLDER, since the shell cannot compose JSON
# safely. The sentences are those of this script: without quotes and slashes.
note() {
    [ -r "$1/state.in" ] || return 0
    sed -e "s/@STATE@/$2/" -e "s/@WHY@/$3/" -e "s/@SINCE@/$(date -u +%Y-%m-%dT%H:%M:%SZ)/" "$1/state.in" |
        put "${4-$home/state.json}"
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

# The id of these file systems is made from their UUID (and the btrfs subvolume), that of others from the device number.
identity() {
    case $(stat -f -c %T "$root/" 2>/dev/null) in
        ext* | btrfs) id=$(stat -f -c %i "$root/") ;;
        *) id=$(findmnt -n -o UUID -M "$root/" 2>/dev/null) ;;
    esac
    [ -z "$id" ] || echo "root $id"
    first_line "$root/etc/machine-id"
    [ -z "$line" ] || echo "machine $line"
}
