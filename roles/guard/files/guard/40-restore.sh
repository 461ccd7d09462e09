# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: restores the board from a restore point.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# restore_manifest FOLDER: restore everything in its manifest. Returns 0 on success.
restore_manifest() {
    folder=$1
    mkdir -p "$root/run"
    if [ ! -r "$1/manifest" ]; then
        report_error "$1/manifest cannot be read"
        return 1
    fi
    if is_foreign "$1"; then
        foreign=1
        log "the restore point belongs to another root file system or machine: only what rkfleet.npu wrote into the" \
            "boot files is removed"
    fi
    [ -n "$foreign" ] || {
        restore_own_modules
        restore_diversions "$1"
    }
    while read -r kind copy digest path; do
        case $path in
            /*) ;;
            *) continue ;;
        esac
        case $path in
            */../* | */..) report_error "$path is not a path to restore"; continue ;;
        esac
        # Of an interrupted write.
        for unfinished in "$root${path%/*}"/.rkfleet-????????; do remove "$unfinished"; done
        case $kind:$path in
            # Release 1.5.0 wrote these kinds.
            file:*/extlinux.conf | nofile:*/extlinux.conf) kind=menu ;;
            file:*/boot/*Env.txt) kind=environment ;;
            file:/etc/kernel/cmdline) kind=words ;;
            file:*/rkfleet-npu.conf) ;;
            file:*/u-boot-menu/conf.d/*.conf) kind=shell ;;
            file:/etc/default/u-boot | nofile:/etc/default/u-boot) kind=shell ;;
            file:/etc/dkms/framework.conf | nofile:/etc/dkms/framework.conf) kind=shell ;;
        esac
        case $kind in
            menu | shell | environment | words | grub)
                restore_boot_file "$kind" "$copy" "$digest" "$path"
                continue
                ;;
        esac
        if [ -n "$foreign" ]; then
            # Only this collection can have created these, and one of them loads the module.
            case $kind:$path in
                nofile:*rkfleet-npu*) remove "$root$path" ;;
            esac
            continue
        fi
        case $kind:$path in
            file:/lib/modules/*) restore_module "$1/copies/$copy" "$digest" "$path"; continue ;;
        esac
        case $kind in
            file) restore_file "$1/copies/$copy" "$digest" "$root$path" ;;
            tree) restore_tree "$1/copies/$copy" "$root$path" ;;
            nofile) [ -d "$root$path" ] || remove "$root$path" ;;
            notree) remove "$root$path" ;;
            nofolder) rmdir -- "$root$path" 2>/dev/null || : ;;
        esac
    done <"$1/manifest"
    # Modules that were built for kernels that were installed later.
    for module in "$root"/lib/modules/*/updates/dkms/rknpu.ko* "$root"/lib/modules/*/updates/dkms/rknpu_dkms.ko*; do
        if [ -z "$foreign" ] && [ -e "$module" ] &&
            ! cut -d ' ' -f 1,4 "$1/manifest" | grep -qxF "file ${module#"$root"}"; then
            remove "$module"
        fi
    done
    # Always: after an interruption at this point every file is restored, but the lists still name removed files.
    for kernel in "$root"/lib/modules/*; do
        { [ -d "$kernel" ] && has_kernel "${kernel##*/}"; } || continue
        depmod ${root:+-b "$root"} -a "${kernel##*/}" || report_error "depmod fails for $kernel"
    done
    ldconfig ${root:+-r "$root"} || report_error "ldconfig fails"
    [ -n "$foreign" ] || restore_holds "$1"
    sync
    checkpoint
    [ -z "$failed" ]
}

# with_lock COMMAND...: run it with the lock that this script and the controller share, on the state folder itself. The
# lock ends with its process.
with_lock() {
    { { ! command -v flock >/dev/null || flock 8; } && "$@"; } 8<"$home"
}

# restore FOLDER SENTENCE [TEST]: restore from FOLDER. After three failures the folder is set aside as "failed", for the
# owner. A rollback by the board itself has a TEST that must still succeed when the lock is acquired. Returns 2 if there
# is nothing to restore (any more).
restore() {
    [ -d "$1" ] || return 2
    with_lock restore_locked "$@"
}

restore_locked() {
    [ -d "$1" ] && ${3:-:} || return 2
    why=$2
    first_line "$1/outcome"
    outcome=${line:-rolled_back}
    [ "$outcome" = rolled_back ] ||
        why="the rollback was not confirmed, and the board has returned to the state before it"
    # A partly restored upgrade must not be committed. A rename needs no space.
    if [ "$1" = "$pending" ] && [ ! -e "$1/restoring" ]; then
        mv "$1/whole" "$1/restoring" 2>/dev/null || (: >"$1/restoring") || :
        sync "$1"
    fi
    if restore_manifest "$1"; then
        if [ -n "$foreign" ]; then
            why="$why; the restore point belongs to another root file system or machine, so only the"
            why="$why changes of the boot files were removed"
        fi
        note "$1" "$outcome" "$why"
        # Before the last step, so that the lock never remains after a power cut.
        [ -z "${3-}" ] || rm -f "$home/lock.json"
        rm -rf "$home/undone"
        if ! mv -T "$1" "$home/undone"; then
            log "$1 cannot be renamed, so the board does not reboot"
            return 1
        fi
        sync "$home"
        return 0
    fi
    number "$1/tries" 0
    tries=$((number + 1))
    echo "$tries" | put "$1/tries"
    note "$1" rollback_failed "$why, but not everything could be restored: run journalctl -u rkfleet-npu-guard"
    if [ "$tries" -ge 3 ]; then
        rm -rf "$home/failed"
        mv "$1" "$home/failed"
        sync "$home"
    fi
    return 1
}

# A rollback by request: first the upgrade that is not committed. If the controller has begun a transaction for the
# rollback, "origin" stays until that is confirmed.
restore_origin() {
    if [ -e "$pending/outcome" ]; then
        with_lock restore_manifest "$home/origin"
        return
    fi
    restore "$pending" "a rollback was requested"
    case $? in
        0)
            # What "watch" has still to do at the next boot: the folder "undone" is replaced next.
            if [ -d "$home/origin" ]; then
                cat "$home/undone/packages" >>"$home/origin/packages"
                cat "$home/undone/services" >"$home/origin/services"
            fi 2>/dev/null
            ;;
        2) ;;
        *) return 1 ;;
    esac
    failed=
    restore "$home/origin" "a rollback was requested"
}
