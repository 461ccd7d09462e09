# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: restores the board from a restore point.
# shellcheck shell=sh
# The parts share their variables and functions.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329

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
