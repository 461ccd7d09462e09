# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: restores files and folders from the copies of a restore point.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# -- restore

# The first error, and whether the copies are of another root file system or machine.
failed=
foreign=
# What this collection adds to initcall_blacklist.
ours=rknpu_init

report_error() {
    failed="${failed:-$*}"
    log "$*"
}

remove() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        rm -rf -- "$1" || report_error "$1 cannot be removed"
    fi
}

# digest_of FILE: print its digest, "-" if it does not exist.
digest_of() {
    if [ -e "$1" ]; then sha256sum <"$1" | cut -c1-64; else echo -; fi
}

# is_foreign FOLDER: whether its copies are of another root file system or another machine.
is_foreign() {
    [ -r "$1/identity" ] || return 1
    identity >"$root/run/rkfleet-npu.identity"
    awk 'NR == FNR { kept[$1] = $2; next } ($1 in kept) && kept[$1] != $2 { other = 1 } END { exit !other }' \
        "$1/identity" "$root/run/rkfleet-npu.identity"
}

# has_kernel RELEASE: whether that kernel is still installed. A kernel with everything built in has no folder "kernel",
# and not every image is below /boot.
has_kernel() {
    [ -d "$root/lib/modules/$1/kernel" ] || [ -e "$root/lib/modules/$1/modules.builtin" ] ||
        [ -e "$root/boot/vmlinuz-$1" ] || [ "$1" = "$(uname -r)" ]
}

# is_replaced FOLDER RELEASE: whether a package has replaced that kernel with another one of the same name.
is_replaced() {
    grep -qs " $2\$" "$1/kernels" && ! grep -qsxF "$(digest_of "$root/boot/vmlinuz-$2") $2" "$1/kernels"
}

# place SOURCE PLACE LIKE: give PLACE the content of SOURCE, mode and owner of LIKE, atomically if there is space.
place() {
    fresh=${2%/*}/.npu-restore.${2##*/}
    mkdir -p "${2%/*}"
    # On another file system npu_transaction has reserved the space, by a file with the content.
    if [ "$1" != "$3" ] || ! cmp -s "$1" "$fresh"; then
        rm -f "$fresh"
        # A hard link needs no space, so a full disk does not prevent the restore. The copies in "origin" are needed
        # again later and must not share their blocks.
        if [ "$1" != "$3" ]; then
            cp -p "$3" "$fresh" 2>/dev/null
            cat "$1" >"$fresh"
        else
            { [ "$1" = "${1#"$home/origin/"}" ] && ln "$1" "$fresh" 2>/dev/null; } || cp -p "$1" "$fresh" 2>/dev/null
        fi
    fi
    # cp fails on FAT, which stores no owner: what counts is the content.
    if cmp -s "$1" "$fresh" && sync "$fresh" && mv -f "$fresh" "$2"; then
        sync "${2%/*}"
        return
    fi
    rm -f "$fresh"
    # No space for a second file: overwrite the old content, whose blocks stay allocated.
    size=$(wc -c <"$1")
    if [ -f "$2" ] && [ ! -L "$2" ] && [ "$size" -le "$(wc -c <"$2")" ]; then
        echo "$2" >>"$folder/overwritten"
        if dd if="$1" of="$2" bs=64k conv=notrunc 2>/dev/null && truncate -s "$size" "$2" && sync "$2" &&
            cmp -s "$1" "$2"; then
            return
        fi
    fi
    report_error "$2 cannot be restored"
}

# restore_file COPY DIGEST PLACE: restore one file.
restore_file() {
    copy=$1 digest=$2 target=$3
    if [ ! -L "$target" ] && cmp -s "$copy" "$target"; then
        rm -f "${target%/*}/.npu-restore.${target##*/}"
        return
    fi
    if [ "$(sha256sum <"$copy" 2>/dev/null | cut -c1-64)" != "$digest" ]; then
        report_error "the copy of $target is damaged"
        return
    fi
    place "$copy" "$target" "$copy"
}

# restore_module COPY DIGEST PATH: restore a module below /lib/modules. Skipped if the kernel was removed. If a package
# has replaced the kernel, its new own module is restored from the copy that DKMS has.
restore_module() {
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
    restore_file "$1" "$2" "$root$3"
}

# Restore the own module of each kernel that was installed later: DKMS has it in its tree, which is replaced next.
restore_own_modules() {
    for kept in "$root"/var/lib/dkms/rknpu/original_module/*/*/rknpu*.ko*; do
        release=${kept%/*/*}
        release=${release##*/}
        if [ -s "$kept" ] && has_kernel "$release" && ! grep -qsF " /lib/modules/$release/" "$folder/manifest"; then
            own=$root/lib/modules/$release/kernel/drivers/rknpu/${kept##*/}
            [ -s "$own" ] || place "$kept" "$own" "$kept"
        fi
    done
}

# restore_tree COPY PLACE: restore a folder with all below it.
restore_tree() {
    copy=$1 target=$2
    # Do not restore what DKMS has built for kernels that were removed since.
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
    if diff -rq --no-dereference "$copy" "$target" >/dev/null 2>&1; then
        return
    fi
    fresh=${target%/*}/.rkfleet-back
    mkdir -p "${target%/*}"
    rm -rf "$fresh"
    if ! cp -a "$copy" "$fresh" 2>/dev/null; then
        # No space: remove the present folder first.
        rm -rf "$fresh" "$target"
        cp -a "$copy" "$fresh" || { rm -rf "$fresh"; report_error "$target cannot be restored"; return; }
    fi
    sync
    rm -rf "$target"
    mv "$fresh" "$target" || report_error "$target cannot be restored"
}
