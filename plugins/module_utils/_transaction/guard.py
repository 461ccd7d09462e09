# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies on a board while an upgrade is not committed, and takes it back when nobody commits it: a shell script and two units.

The script is the one implementation of the way back: the controller calls it, and the board itself when nobody does.
It needs no Python, no network and no free space, and can be cut off anywhere and run again. What it restores is written
by _transaction in C(pending/manifest), one entry a line, C(KIND COPY SHA256 PATH):

C(file) a file with the content of C(pending/copies/COPY); C(tree) a folder with all below it; C(nofile), C(notree): there was none;
C(nofolder): there was none, and it goes when it is empty. C(menu), C(shell), C(environment) and C(words) are the boot loader's
files, where other programs and the owner write, too (COPY is C(-) where there was none): the copy is restored only while the file is
as this collection left it, by a digest in C(pending/left); otherwise only what this collection wrote into it is removed.

Beside the manifest: C(identity), the root file system and machine that the copies are of; C(kernels), digests of the kernel images;
C(outcome), the state to report after a restore where it is not C(rolled_back).
"""

from __future__ import annotations

FOLDER = "/usr/lib/rkfleet-npu"
SCRIPT = FOLDER + "/guard"
UNITS = "/etc/systemd/system"
BOOT_UNIT = "rkfleet-npu-guard.service"
WATCH_UNIT = "rkfleet-npu-watch.service"

_HEAD = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_transaction while an upgrade is not committed; removed when it is.
"""

_SCRIPT = "#!/bin/sh\n" + _HEAD + r"""#
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
root='@ROOT@'
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

# -- the way back

failed=
foreign=
# A word of the kernel's arguments, and the mark of our lines: see _bootloader, _kernel_hold and _signing.
ours=rknpu_init

trouble() {
    failed="${failed:-$*}"
    say "$*"
}

drop() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        rm -rf -- "$1" || trouble "$1 cannot be removed"
    fi
}

# FILE: its digest, "-" where there is none.
digest_of() {
    if [ -e "$1" ]; then sha256sum <"$1" | cut -c1-64; else echo -; fi
}

# FOLDER: whether its copies are of another root file system or another machine than this.
is_foreign() {
    [ -r "$1/identity" ] || return 1
    identity >"$root/run/rkfleet-npu.identity"
    awk 'NR == FNR { kept[$1] = $2; next } ($1 in kept) && kept[$1] != $2 { other = 1 } END { exit !other }' \
        "$1/identity" "$root/run/rkfleet-npu.identity"
}

# RELEASE: whether that kernel is still installed. One with everything built in has no folder "kernel", and not every image is below /boot.
has_kernel() {
    [ -d "$root/lib/modules/$1/kernel" ] || [ -e "$root/lib/modules/$1/modules.builtin" ] || [ -e "$root/boot/vmlinuz-$1" ] ||
        [ "$1" = "$(uname -r)" ]
}

# FOLDER RELEASE: whether a package has put another kernel of the same name in its place.
is_replaced() {
    grep -qs " $2\$" "$1/kernels" && ! grep -qsxF "$(digest_of "$root/boot/vmlinuz-$2") $2" "$1/kernels"
}

# SOURCE PLACE LIKE: PLACE gets the content of SOURCE, with mode and owner of LIKE: at once where there is room for that.
place() {
    fresh=${2%/*}/.npu-restore.${2##*/}
    mkdir -p "${2%/*}"
    # On another file system "begin" has kept the room, with the content.
    if [ "$1" != "$3" ] || ! cmp -s "$1" "$fresh"; then
        rm -f "$fresh"
        # A hard link takes no space: a full disk must not stand in the way back. What is kept for later must not share its blocks, though.
        if [ "$1" != "$3" ]; then
            cp -p "$3" "$fresh" 2>/dev/null
            cat "$1" >"$fresh"
        else
            { [ "$1" = "${1#"$home/origin/"}" ] && ln "$1" "$fresh" 2>/dev/null; } || cp -p "$1" "$fresh" 2>/dev/null
        fi
    fi
    # FAT keeps no owner, which cp reports as a failure: what counts is the content.
    if cmp -s "$1" "$fresh" && sync "$fresh" && mv -f "$fresh" "$2"; then
        sync "${2%/*}"
        return
    fi
    rm -f "$fresh"
    # No room beside it: over the old content, which keeps its blocks.
    size=$(wc -c <"$1")
    if [ -f "$2" ] && [ ! -L "$2" ] && [ "$size" -le "$(wc -c <"$2")" ]; then
        echo "$2" >>"$folder/overwritten"
        if dd if="$1" of="$2" bs=64k conv=notrunc 2>/dev/null && truncate -s "$size" "$2" && sync "$2" && cmp -s "$1" "$2"; then
            return
        fi
    fi
    trouble "$2 cannot be put back"
}

# COPY DIGEST PLACE
back_file() {
    copy=$1 digest=$2 there=$3
    if [ ! -L "$there" ] && cmp -s "$copy" "$there"; then
        rm -f "${there%/*}/.npu-restore.${there##*/}"
        return
    fi
    if [ "$(sha256sum <"$copy" 2>/dev/null | cut -c1-64)" != "$digest" ]; then
        trouble "the copy of $there is damaged"
        return
    fi
    place "$copy" "$there" "$copy"
}

# COPY DIGEST PATH: a module below /lib/modules. Not for a kernel that is gone, and of a kernel that was replaced its present own one.
back_module() {
    release=${3#/lib/modules/}
    release=${release%%/*}
    has_kernel "$release" || return 0
    case $3 in
        "/lib/modules/$release/updates/"*) ;;
        *)
            if is_replaced "$folder" "$release"; then
                [ ! -s "$root$3" ] || return 0
                for kept in "$root/var/lib/dkms/rknpu/original_module/$release"/*/"${3##*/}"; do
                    [ ! -s "$kept" ] || place "$kept" "$root$3" "$kept"
                done
                return 0
            fi
            ;;
    esac
    back_file "$1" "$2" "$root$3"
}

# The own module of a kernel that came later: DKMS keeps it in its tree, which is going to be replaced.
back_own_modules() {
    for kept in "$root"/var/lib/dkms/rknpu/original_module/*/*/rknpu*.ko*; do
        release=${kept%/*/*}
        release=${release##*/}
        if [ -s "$kept" ] && has_kernel "$release" && ! grep -qsF " /lib/modules/$release/" "$folder/manifest"; then
            own=$root/lib/modules/$release/kernel/drivers/rknpu/${kept##*/}
            [ -s "$own" ] || place "$kept" "$own" "$kept"
        fi
    done
}

back_tree() {
    copy=$1 there=$2
    # What DKMS has built for kernels that are gone stays away.
    for built in "$copy"/*/*/*/module "$copy"/original_module/*/*; do
        [ -d "$built" ] || continue
        built=${built%/module}
        release=${built%/*}
        has_kernel "${release##*/}" || rm -rf "$release"
    done
    for link in "$copy"/kernel-*; do
        if [ -L "$link" ] && [ ! -e "$link" ]; then
            rm -f "$link"
        fi
    done
    if diff -rq --no-dereference "$copy" "$there" >/dev/null 2>&1; then
        return
    fi
    fresh=${there%/*}/.rkfleet-back
    mkdir -p "${there%/*}"
    rm -rf "$fresh"
    if ! cp -a "$copy" "$fresh" 2>/dev/null; then
        # No space: what is to go makes room.
        rm -rf "$fresh" "$there"
        cp -a "$copy" "$fresh" || { rm -rf "$fresh"; trouble "$there cannot be put back"; return; }
    fi
    sync
    rm -rf "$there"
    mv "$fresh" "$there" || trouble "$there cannot be put back"
}

# FILE: what the default entry of an extlinux.conf needs, one a line; ends with 1 where that cannot be told.
menu_files() {
    awk '
        { sub(/\r$/, ""); key = tolower($1); rest = $0; sub(/^[ \t]*[^ \t]+[ \t]*/, "", rest); sub(/[ \t]+$/, "", rest) }
        key == "label" { n++; name[n] = rest; next }
        key == "default" { wanted = rest; named = 1 }
        key == "menu" && tolower(rest) == "default" && n { chosen = n }
        n && key ~ /^(linux|kernel|initrd|fdt|devicetree|fdtdir|devicetreedir)$/ { files[n]++; file[n, files[n]] = rest }
        n && (key == "linux" || key == "kernel") { kernel[n] = 1 }
        END {
            pick = (named || !chosen) ? 1 : chosen
            for (i = n; named && i; i--) if (name[i] == wanted) pick = i
            if (!kernel[pick]) exit 1
            for (i = 1; i <= files[pick]; i++) { gsub(/,/, "\n", file[pick, i]); sub(/#.*/, "", file[pick, i]); print file[pick, i] }
        }' "$1" 2>/dev/null
}

# FILE: 0 where the default entry has all that it needs, 1 where something is missing, 2 where that cannot be told.
menu_boots() {
    needed=$(menu_files "$1") || return 2
    echo "$needed" | while read -r file; do
        # As U-Boot names it: without /boot where that is a file system of its own.
        [ "$file" = - ] || [ -e "$root$file" ] || [ -e "$root/boot$file" ] || [ -e "$root/boot/extlinux/$file" ] || exit 1
    done
}

# KIND COPY PLACE: takes what this collection wrote, and COPY did not have, out of a boot file that others have changed since.
take_out() {
    fallback=$(cat "$root"/usr/sbin/u-boot-update "$root"/usr/bin/u-boot-update "$root"/usr/share/u-boot-menu/read-config 2>/dev/null |
        sed -n 's/.*\${U_BOOT_PARAMETERS:-\([^}$`]*\)}.*/\1/p' | head -n 1)
    edited=$root/run/rkfleet-npu.edited
    awk -v kind="$1" -v ours="$ours" -v fallback="${fallback:-ro quiet}" '
        # Takes our value out of each initcall_blacklist=a,b of a line, and the argument where nothing is left of it.
        function strip(text, out, before, word, value, quote, kept, part, parts, i, hit) {
            out = ""
            while (match(text, /initcall[_-]blacklist="?[A-Za-z0-9_.,-]*/)) {
                before = out substr(text, 1, RSTART - 1); word = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
                value = substr(word, 20); quote = ""
                if (substr(value, 1, 1) == "\"") { quote = "\""; value = substr(value, 2) }
                hit = 0; kept = ""; parts = split(value, part, ",")
                for (i = 1; i <= parts; i++)
                    if (part[i] == ours) hit = 1
                    else if (part[i] != "") kept = kept (kept == "" ? "" : ",") part[i]
                if (!hit || before !~ /(^|[ \t"\047=])$/ || text !~ /^([ \t\r"\047]|$)/) { out = before word; continue }
                if (kept != "") { out = before substr(word, 1, 19) quote kept; continue }
                if (quote != "") sub(/^"/, "", text)
                if (before ~ /[ \t]$/ && before ~ /[^ \t]/) sub(/[ \t]+$/, "", before)
                else sub(/^[ \t]+/, "", text)
                out = before
            }
            return out text
        }
        {
            if (kind == "menu" && tolower($1) == "label") label = $2
            head = ""; body = $0; mine = 1
            if (kind == "menu") {
                mine = tolower($1) == "append"
                match($0, /^[ \t]*[^ \t]+[ \t]*/)
                head = substr($0, 1, RLENGTH); body = substr($0, RLENGTH + 1)
            } else if (kind == "environment") {
                mine = match($0, /^[ \t]*extraargs=/)
                head = substr($0, 1, RLENGTH); body = substr($0, RLENGTH + 1)
            } else if (kind == "shell") mine = $0 !~ /^[ \t]*#/
            bare = mine ? strip(body) : body
        }
        pass == 1 { seen[$0] = 1; if (bare != body) had[label] = 1; next }
        kind == "shell" && /^\[ ! -e [^ ]*rkfleet-npu[^ ]* \] \|\| \. [^ ]*  # rkfleet\.npu: / && !($0 in seen) { changed = 1; next }
        bare == body || (label in had) { print; next }
        { changed = 1 }
        kind == "shell" && index(bare, "U_BOOT_PARAMETERS=\"" fallback "\"  # rkfleet.npu: nothing was set here") == 1 { next }
        kind != "shell" && bare ~ /^[ \t\r]*$/ { next }
        { print head bare }
        END { exit !changed }' pass=1 "$2" pass=2 "$3" >"$edited"
    case $? in
        0) place "$edited" "$3" "$3" ;;
        1) ;;
        *) trouble "$3 cannot be edited" ;;
    esac
    rm -f "$edited"
}

# KIND COPY DIGEST PATH: a file of the boot loader, which other programs and the owner write to as well.
back_boot() {
    boot_kind=$1 boot_copy=$2 boot_digest=$3 boot_path=$4
    if [ "$boot_copy" = - ]; then
        [ -e "$root$boot_path" ] || return 0
        original=/dev/null
    else
        original=$folder/copies/$boot_copy
        if cmp -s "$original" "$root$boot_path" && [ ! -L "$root$boot_path" ]; then
            rm -f "$root${boot_path%/*}/.npu-restore.${boot_path##*/}"
            return
        fi
    fi
    if [ -z "$foreign" ] && is_as_left "$boot_path" && { [ "$boot_kind" != menu ] || may_place_menu "$original" "$root$boot_path"; }; then
        if [ "$boot_copy" = - ]; then drop "$root$boot_path"; else back_file "$original" "$boot_digest" "$root$boot_path"; fi
        return
    fi
    [ -f "$root$boot_path" ] || return 0
    say "$boot_path has changed since: only what rkfleet.npu wrote into it is removed"
    take_out "$boot_kind" "$original" "$root$boot_path"
    if [ "$boot_copy" = - ] && [ ! -s "$root$boot_path" ]; then drop "$root$boot_path"; fi
    rm -f "$root${boot_path%/*}/.npu-restore.${boot_path##*/}"
    if [ "$boot_kind" = menu ]; then
        menu_boots "$root$boot_path"
        [ $? -ne 1 ] || trouble "the default entry of $boot_path needs a file that is missing"
    fi
}

# PATH: whether that boot file is as this collection left it. An upgrade that was cut off may not have come to write down how. One that was lost
# meanwhile comes back, too: without it the board may not boot.
is_as_left() {
    [ "$folder" = "$pending" ] && [ ! -e "$root$1" ] ||
    grep -qsxF "$(digest_of "$root$1") $1" "$folder/left" || grep -qsxF "$root$1" "$folder/overwritten" || {
        [ "$folder" = "$pending" ] && ! cut -d ' ' -f 2 "$folder/left" 2>/dev/null | grep -qxF "$1"
    }
}

# COPY PRESENT: never a menu whose kernel, initrd or device tree is not there; one that says nothing only where the present one says no more.
may_place_menu() {
    [ "$1" = /dev/null ] && return 1
    menu_boots "$1"
    case $? in
        0) return 0 ;;
        1) return 1 ;;
    esac
    ! menu_boots "$2"
}

# U-Boot reads /boot without the journal of its file system: freezing that one writes everything to its place.
checkpoint() {
    [ -z "$root" ] && command -v fsfreeze >/dev/null || return 0
    trap '' HUP INT TERM
    # Whatever happens to this process, nothing stays frozen.
    (sleep 10; fsfreeze --unfreeze /boot 2>/dev/null) 8<&- &
    fsfreeze --freeze /boot 2>/dev/null
    fsfreeze --unfreeze /boot 2>/dev/null
    kill -9 $! 2>/dev/null
    trap - HUP INT TERM
}

# FOLDER: everything as its manifest says; ends with 0 when it is.
put_back() {
    folder=$1
    mkdir -p "$root/run"
    if [ ! -r "$1/manifest" ]; then
        trouble "$1/manifest cannot be read"
        return 1
    fi
    if is_foreign "$1"; then
        foreign=1
        say "the restore point is of another root file system or machine: only what rkfleet.npu wrote into the boot files is removed"
    fi
    [ -n "$foreign" ] || back_own_modules
    while read -r kind copy digest path; do
        case $path in
            /*) ;;
            *) continue ;;
        esac
        case $path in
            */../* | */..) trouble "$path is no path to restore"; continue ;;
        esac
        case $kind:$path in
            # As release 1.5.0 wrote them.
            file:*/extlinux.conf | nofile:*/extlinux.conf) kind=menu ;;
            file:*/boot/*Env.txt) kind=environment ;;
            file:/etc/kernel/cmdline) kind=words ;;
            file:*/rkfleet-npu.conf) ;;
            file:*/u-boot-menu/conf.d/*.conf) kind=shell ;;
            file:/etc/default/u-boot | nofile:/etc/default/u-boot | file:/etc/dkms/framework.conf | nofile:/etc/dkms/framework.conf) kind=shell ;;
        esac
        case $kind in
            menu | shell | environment | words) back_boot "$kind" "$copy" "$digest" "$path"; continue ;;
        esac
        if [ -n "$foreign" ]; then
            # What only this collection can have made, and what has the module loaded.
            case $kind:$path in
                nofile:*rkfleet-npu*) drop "$root$path" ;;
            esac
            continue
        fi
        case $kind:$path in
            file:/lib/modules/*) back_module "$1/copies/$copy" "$digest" "$path"; continue ;;
        esac
        case $kind in
            file) back_file "$1/copies/$copy" "$digest" "$root$path" ;;
            tree) back_tree "$1/copies/$copy" "$root$path" ;;
            nofile) [ -d "$root$path" ] || drop "$root$path" ;;
            notree) drop "$root$path" ;;
            nofolder) rmdir -- "$root$path" 2>/dev/null || : ;;
        esac
    done <"$1/manifest"
    # Built meanwhile for kernels that were not there.
    for module in "$root"/lib/modules/*/updates/dkms/rknpu.ko* "$root"/lib/modules/*/updates/dkms/rknpu_dkms.ko*; do
        if [ -z "$foreign" ] && [ -e "$module" ] && ! cut -d ' ' -f 1,4 "$1/manifest" | grep -qxF "file ${module#"$root"}"; then
            drop "$module"
        fi
    done
    # Always: who was cut off here the last time finds every file in its place, and these lists of files that are gone.
    for kernel in "$root"/lib/modules/*; do
        { [ -d "$kernel" ] && has_kernel "${kernel##*/}"; } || continue
        depmod ${root:+-b "$root"} -a "${kernel##*/}" || trouble "depmod fails for $kernel"
    done
    ldconfig ${root:+-r "$root"} || trouble "ldconfig fails"
    sync
    checkpoint
    [ -z "$failed" ]
}

# COMMAND...: with the lock that guard, watcher and controller share, on the state folder itself. Whoever dies gives it up.
alone() {
    { { ! command -v flock >/dev/null || flock 8; } && "$@"; } 8<"$home"
}

# FOLDER SENTENCE [TEST]: restores, once; what could not be done three times is left for somebody to look at. By itself the board
# gives a TEST that must still hold when the lock is acquired. Ends with 2 where there is nothing to restore (any more).
restore() {
    [ -d "$1" ] || return 2
    alone restore_alone "$@"
}

restore_alone() {
    [ -d "$1" ] && ${3:-:} || return 2
    why=$2
    first_line "$1/outcome"
    outcome=${line:-rolled_back}
    [ "$outcome" = rolled_back ] || why="the rollback was not confirmed, and the board is in the state before it again"
    # Half restored it must not be committed, wherever this ends. A rename takes no space.
    if [ "$1" = "$pending" ] && [ ! -e "$1/restoring" ]; then
        mv "$1/whole" "$1/restoring" 2>/dev/null || (: >"$1/restoring") || :
        sync "$1"
    fi
    if put_back "$1"; then
        [ -z "$foreign" ] ||
            why="$why; it was kept of another root file system or machine, so files were not restored: only the changes of the boot files were removed"
        note "$1" "$outcome" "$why"
        # Before the last step, so that no cut leaves it.
        [ -z "${3-}" ] || rm -f "$home/lock.json"
        rm -rf "$home/undone"
        mv "$1" "$home/undone"
        sync "$home"
        return 0
    fi
    number "$1/tries" 0
    tries=$((number + 1))
    echo "$tries" | put "$1/tries"
    note "$1" rollback_failed "$why, but not everything could be put back: see the log of unit rkfleet-npu-guard"
    if [ "$tries" -ge 3 ]; then
        rm -rf "$home/failed"
        mv "$1" "$home/failed"
        sync "$home"
    fi
    return 1
}

# By request: the upgrade that is not committed first. While a transaction of the controller guards the rollback, what is kept stays until that is confirmed.
restore_origin() {
    if [ -e "$pending/outcome" ]; then
        alone put_back "$home/origin"
        return
    fi
    restore "$pending" "the owner took it back" || [ $? -eq 2 ] || return 1
    failed=
    restore "$home/origin" "the owner took it back"
}

# Does not wait for any program without a limit: each may hang with the disk or with the driver. --force runs none of
# kexec-tools' scripts.
reboot_now() {
    # A watchdog goes on ticking meanwhile: systemd takes it over on its way down, or it resets a board that hangs.
    trap 'exit 0' TERM INT
    say "reboot" &
    sync &
    syncing=$! seconds=0
    while [ "$seconds" -lt 30 ] && kill -0 "$syncing" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
    done
    systemctl reboot --force --no-block &
    sleep 60
    # The kernel writes what it can and makes the file systems read-only, in the background; then it reboots by itself.
    for key in s u b; do
        echo "$key" >"$root/proc/sysrq-trigger"
        sleep 5
    done
    sleep 60
}

# Has the next reboot go through the boot loader: unloads a kexec kernel, and keeps kexec-tools from loading one then.
# Ends with 1 where a kernel stays loaded.
drop_kexec() {
    first_line "$root/sys/kernel/kexec_loaded"
    if [ "$line" = 1 ]; then
        kexec -u || kexec -s -u
    fi 2>/dev/null
    if [ -e "$root/etc/default/kexec" ]; then
        # Below /run: until that reboot and no longer.
        mkdir -p "$root/run/systemd/system"
        ln -sfn /dev/null "$root/run/systemd/system/kexec-load.service"
        ln -sfn /dev/null "$root/run/systemd/system/kexec.service"
        systemctl daemon-reload
    fi
    first_line "$root/sys/kernel/kexec_loaded"
    [ "$line" != 1 ]
}

# -- an upgrade that nobody commits

# SWITCH VALUE: of the kernel, until it is disarmed; one that is set stays as it is.
arm() {
    switch=$root/proc/sys/kernel/$1
    if [ -w "$switch" ] && first_line "$switch" && [ "$line" = 0 ]; then
        echo "0 $2" >"$armed/$1" && echo "$2" >"$switch"
    fi
}

# SWITCH...: back to what they were. One that has another value by now has it from the owner, as systemd-sysctl runs
# after "boot".
disarm() {
    settings=
    for switch in "$@"; do
        [ -r "$armed/$switch" ] || continue
        read -r was set <"$armed/$switch"
        now=$(cat "$root/proc/sys/kernel/$switch")
        # Release 1.5.0 did not keep what it set.
        if [ "$now" = "${set:-$now}" ]; then
            echo "$was" >"$root/proc/sys/kernel/$switch"
            settings="$settings --prefix=kernel/$switch"
        fi
        rm -f "$armed/$switch"
    done
    # The owner's settings may have had the same value.
    for sysctl in "$root/usr/lib/systemd/systemd-sysctl" "$root/lib/systemd/systemd-sysctl"; do
        if [ -n "$settings" ] && [ -x "$sysctl" ]; then
            # shellcheck disable=SC2086
            "$sysctl" $settings 2>/dev/null || :
            break
        fi
    done
}

calm() {
    # shellcheck disable=SC2086
    disarm $switches
    rm -f "$armed/unordered" "$armed/restoring"
    rmdir "$armed" 2>/dev/null || :
}

boot() {
    [ -d "$pending" ] || return 0
    reason=
    if [ -e "$pending/tried" ]; then
        reason="the boot into the new driver was not confirmed"
    elif [ -e "$pending/restoring" ]; then
        # What is half restored is not worth a trial.
        reason="a restore was interrupted"
    fi
    if [ -n "$reason" ]; then
        say "$reason: the upgrade of the NPU is undone"
        if restore "$pending" "$reason, and the board went back by itself" true; then
            reboot_now
        fi
        return
    fi
    # A rename takes no space. Where not even that can be written the trial is not counted, so it must not happen.
    if ! { mv "$pending/untried" "$pending/tried" && sync "$pending"; }; then
        say "the boot cannot be counted: no NPU module is loaded"
        mkdir -p "$root/run/modprobe.d"
        printf 'install rknpu /bin/false\ninstall rknpu_dkms /bin/false\n' >"$root/run/modprobe.d/rkfleet-npu.conf"
        return
    fi
    # The whole boot waits for this: so "reboot" has written beforehand what is to be said, and what has time is left to "watch".
    mkdir -p "$armed"
    mv -f "$pending/state.trial" "$home/state.json" 2>/dev/null || echo >"$armed/unordered"
    arm panic 10
    for switch in panic_on_oops softlockup_panic hardlockup_panic; do
        arm "$switch" 1
    done
    # "watch" disarms this one soon: later a slow disk is a more likely reason than the driver. With a timeout of 0 the
    # owner has switched the detector off.
    first_line "$root/proc/sys/kernel/hung_task_timeout_secs"
    [ "$line" = 0 ] || arm hung_task_panic 1
    # Closed without a word it goes on ticking, until "watch" opens it: what a module does to the board may be quicker than that.
    if can_stop_watchdog; then
        { printf . >"$root/dev/watchdog"; } 2>/dev/null || :
    fi
}

# Not one that nobody can stop again after the commit, nor one that may be quicker than a board under load.
can_stop_watchdog() {
    [ -c "$root/dev/watchdog" ] && first_line "$root/sys/class/watchdog/watchdog0/nowayout" && [ "$line" = 0 ] &&
        number "$root/sys/class/watchdog/watchdog0/timeout" 0 && [ "$number" -ge 20 ]
}

feeder=

# Feeds the watchdog from the background, for ten minutes and no longer: a restore that hangs is to be reset.
feed() {
    ended=
    trap 'ended=1' TERM INT
    (
        rounds=0
        while [ "$rounds" -lt 120 ]; do
            printf . >&9
            sleep 5 9>&-
            rounds=$((rounds + 1))
        done
    ) &
    feeder=$!
    # Only now can it be stopped.
    trap end_watch TERM INT
    [ -z "$ended" ] || end_watch
}

stop_feeding() {
    if [ -n "$feeder" ]; then
        kill -9 "$feeder"
        wait "$feeder"
        feeder=
    fi 2>/dev/null
}

# Only where V is the last that is written does the watchdog stop when the last process closes it.
close_watchdog() {
    stop_feeding
    printf V >&9
}

end_watch() {
    close_watchdog
    exit 0
}

watch() {
    if [ -d "$pending" ] || [ -e "$armed/restoring" ]; then
        # Whoever has the watchdog open already lets it watch for himself.
        can_stop_watchdog && wait_for_commit watchdog 9>"$root/dev/watchdog" || wait_for_commit '' 9>/dev/null
    fi
    # systemd starts this again where it fails; what cannot be tidied up now can wait for the next boot.
    tidy || :
}

# Whether the controller has not been heard of for so long that the board restores by itself: $limit seconds. A damaged
# file counts as none: then the time since power-on decides, and half an hour.
is_overdue() {
    number "$pending/confirm" 30
    [ "$number" -ge 1 ] && [ "$number" -le 99999 ] || number=30
    limit=$((number * 60))
    # Before the first boot nothing is at risk, and packages and a build may take their time. Half restored it is no use to wait.
    [ -e "$pending/tried" ] || [ -e "$pending/restoring" ] || limit=$((limit + patience))
    first_line "$root/proc/uptime"
    to_number "${line%%.*}" 0
    uptime=$number heard=0
    first_line "$pending/heartbeat"
    if [ "${line%% *}" = "$this" ]; then
        to_number "${line#* }" 0
        # In the future lies only the one that lasts until the next boot, see _transaction.alive().
        if [ "$number" -le "$uptime" ] || [ "$number" -eq 1000000000 ]; then heard=$number; fi
    fi
    [ $((uptime - heard)) -ge "$limit" ]
}

# Until when a task that hangs is taken for the driver's fault, as uptime in $number: the kernel needs up to two timeouts
# to find one.
hung_task_limit() {
    to_number "$(cat "$root/proc/sys/kernel/hung_task_timeout_secs" 2>/dev/null)" 120
    number=$((number * 2 + 60))
    [ "$number" -le 900 ] || number=900
}

# What follows a restore by the board itself.
settle() {
    [ "$(cat "$home/undone/signature" 2>/dev/null)" = "$(signature)" ] || reboot_now
    for unit in $(cat "$home/undone/services" 2>/dev/null); do
        systemctl start --no-block -- "$unit"
    done
}

# WATCHDOG: not empty where file 9 is one.
wait_for_commit() {
    this=$(cat "$root/proc/sys/kernel/random/boot_id")
    trap end_watch TERM INT
    if [ -e "$armed/unordered" ]; then
        note "$pending" verifying "the board was restarted before the upgrade was finished"
        rm -f "$armed/unordered"
    fi
    if [ -e "$armed/restoring" ] && [ ! -d "$pending" ] && [ -d "$home/undone" ]; then
        # The watch that has restored the board was killed before it could do the rest.
        settle
    fi
    while [ -d "$pending" ]; do
        printf . >&9
        if is_overdue; then
            say "neither a commit nor a sign of life for $((limit / 60)) minutes: the upgrade of the NPU is undone"
            disarm hung_task_panic
            mkdir -p "$armed" && echo >"$armed/restoring"
            [ -z "$1" ] || feed
            restore "$pending" "nobody confirmed the upgrade within $((limit / 60)) minutes, and the board went back by itself" is_overdue
            rc=$?
            if [ "$rc" -eq 2 ]; then
                # The controller was faster: it is there again, or has ended the upgrade.
                stop_feeding
                rm -f "$armed/restoring"
                continue
            fi
            if [ "$rc" -eq 0 ]; then
                settle
            fi
            break
        fi
        if [ -e "$armed/hung_task_panic" ]; then
            hung_task_limit
            [ "$uptime" -lt "$number" ] || disarm hung_task_panic
        fi
        sleep 5 9>&- &
        wait $!
    done
    close_watchdog
    calm
    return 0
}

# A kernel that came with what was undone would be the default again at the next u-boot-update.
tidy() {
    [ -s "$home/undone/packages" ] || return 0
    images=$(grep -xE 'linux-image-[a-z0-9.+~-]+' "$home/undone/packages")
    # dpkg and the hooks of a kernel finish what they do first.
    trap 'exit 0' TERM INT
    for image in $images; do
        # Where dpkg is busy, the next boot tries again.
        [ "$image" = "linux-image-$(uname -r)" ] || DEBIAN_FRONTEND=noninteractive dpkg --remove -- "$image" || return 0
    done
    mv "$home/undone/packages" "$home/undone/packages.done"
}

case ${1-} in
    boot) boot ;;
    watch) watch ;;
    calm) calm ;;
    signature) signature ;;
    reboot)
        drop_kexec || {
            say "no reboot: a kernel is loaded for kexec and cannot be unloaded, so the boot loader and the new kernel" \
                "arguments would be skipped. Install kexec-tools, or power the board off and on, and rerun the playbook"
            exit 1
        }
        [ ! -e "$pending/tried" ] || mv "$pending/tried" "$pending/untried"
        note "$pending" verifying '' "$pending/state.trial"
        note "$pending" activating ''
        sync
        exec systemctl reboot
        ;;
    restore)
        was=$(cat "$home/${2-}/signature" "$home/undone/signature" 2>/dev/null | head -n 1)
        case ${2-} in
            pending)
                restore "$pending" "the controller took it back"
                rc=$?
                # The board itself was faster: nothing else leaves this folder behind while an upgrade is not committed.
                [ "$rc" -ne 2 ] || [ ! -d "$home/undone" ] || rc=0
                ;;
            origin) restore_origin; rc=$? ;;
            *) exit 2 ;;
        esac
        [ "$rc" -eq 0 ] || { say "${failed:-there is nothing to restore}"; exit 1; }
        [ -z "$foreign" ] || echo foreign
        [ "$was" = "$(signature)" ] || echo reboot
        ;;
    identity) identity ;;
    *)
        echo "usage: guard boot | watch | restore pending|origin | reboot | calm | signature | identity" >&2
        exit 2
        ;;
esac
"""

_BOOT_UNIT = """\
[Unit]
Description=Undo an NPU upgrade whose first boot was not confirmed
DefaultDependencies=no
ConditionPathIsDirectory=/var/lib/rkfleet-npu/pending
RequiresMountsFor=/var/lib/rkfleet-npu /usr
After=systemd-remount-fs.service boot.mount
Before=systemd-modules-load.service sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={script} boot
TimeoutStartSec=10min

[Install]
WantedBy=sysinit.target
""".replace("{script}", SCRIPT)

_WATCH_UNIT = """\
[Unit]
Description=Wait until an NPU upgrade is confirmed
DefaultDependencies=no
ConditionPathExists=|/var/lib/rkfleet-npu/pending
ConditionPathExists=|/var/lib/rkfleet-npu/undone/packages
ConditionPathExists=|/run/rkfleet-npu/restoring
RequiresMountsFor=/var/lib/rkfleet-npu /usr
After={boot}
Before=shutdown.target
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
ExecStart={script} watch
KillMode=mixed
Restart=on-failure
RestartSec=5
OOMScoreAdjust=-1000

[Install]
WantedBy=sysinit.target
""".replace("{script}", SCRIPT).replace("{boot}", BOOT_UNIT)


def script(root=""):
    """The text of the script for a board whose files lie below I(root)."""
    return _SCRIPT.replace("@ROOT@", root.rstrip("/"))


def files():
    """C({path: (content, mode)}) of what lies on the board while an upgrade is not committed, in the order in which it is written."""
    return {
        SCRIPT: (script().encode(), 0o755),
        "%s/%s" % (UNITS, BOOT_UNIT): ((_HEAD + _BOOT_UNIT).encode(), 0o644),
        "%s/%s" % (UNITS, WATCH_UNIT): ((_HEAD + _WATCH_UNIT).encode(), 0o644),
    }


def links():
    """C({path: target}) of the links that have systemd start the units at boot."""
    return {"%s/sysinit.target.wants/%s" % (UNITS, unit): "%s/%s" % (UNITS, unit) for unit in (BOOT_UNIT, WATCH_UNIT)}
