# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: puts files and folders back as the restore point has them.
# shellcheck shell=sh
# The parts share their variables and functions.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329

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
