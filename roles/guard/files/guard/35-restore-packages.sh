# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: restores what this collection has changed in dpkg's database.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# in_place_of ASIDE: print the path of the library that dpkg keeps aside as ASIDE, see _board/diversion.py.
in_place_of() {
    own=${1##*/rkfleet-npu.}
    echo "${1%/*}/${own%.distrib}"
}

# is_diverted PATH ASIDE: whether this collection has diverted PATH. dpkg's database has three lines for each diversion.
is_diverted() {
    awk -v path="$1" -v aside="$2" '
        NR % 3 == 1 { from = $0 } NR % 3 == 2 { to = $0 }
        NR % 3 == 0 && from == path && to == aside && $0 == ":" { found = 1 }
        END { exit !found }' "$root/var/lib/dpkg/diversions" 2>/dev/null
}

# divert COMMAND PATH ASIDE: add or remove the diversion alone; the files are moved here, so that one is always there.
divert() {
    dpkg-divert ${root:+--root "$root"} --quiet --local --no-rename --divert "$3" "$1" "$2" >/dev/null ||
        report_error "dpkg-divert cannot change the diversion of $2"
}

# restore_undiverted ASIDE: give the package's library its name back, and remove our diversion. Ours goes: if the package
# was removed meanwhile, there is nothing to put in its place.
restore_undiverted() {
    aside=$1 there=$(in_place_of "$1")
    if is_diverted "$there" "$aside"; then
        if [ -e "$root$aside" ] || [ -L "$root$aside" ]; then
            twin "$root$aside" "$root$there" || { report_error "$there cannot be restored"; return; }
        else
            remove "$root$there"
        fi
        sync "$root${there%/*}"
        divert --remove "$there" "$aside"
        is_diverted "$there" "$aside" && return
    fi
    # Also after an interruption right before the diversion was added, or after it was removed: then the package's
    # library has its name already.
    remove "$root$aside"
}

# restore_diverted COPY DIGEST ASIDE: divert the package's library and put ours, the copy, in its place.
restore_diverted() {
    aside=$3 there=$(in_place_of "$3")
    if ! is_diverted "$there" "$aside"; then
        if [ -e "$root$there" ] || [ -L "$root$there" ]; then
            twin "$root$there" "$root$aside" || { report_error "$aside cannot be restored"; return; }
            sync "$root${there%/*}"
        fi
        divert --add "$there" "$aside"
    fi
    restore_file "$1" "$2" "$root$there"
}

# restore_diversions FOLDER: restore the diversions of its manifest. Before the files: one of them may be a library that was
# replaced before it was diverted.
restore_diversions() {
    while read -r kind copy digest path; do
        case $kind:$path in
            *:*/../*) ;;
            divert:/*/rkfleet-npu.*.distrib) restore_diverted "$1/copies/$copy" "$digest" "$path" ;;
            nodivert:/*/rkfleet-npu.*.distrib) restore_undiverted "$path" ;;
        esac
    done <"$1/manifest"
}

# twin SOURCE PLACE: make PLACE the same file or link as SOURCE, atomically. A hard link needs no space.
twin() {
    fresh=${2%/*}/.npu-restore.${2##*/}
    rm -f "$fresh"
    { ln -P "$1" "$fresh" || ln "$1" "$fresh" || cp -a "$1" "$fresh"; } 2>/dev/null || return 1
    # Renaming one name of a file to another one does nothing, so the first may remain.
    mv -f "$fresh" "$2" 2>/dev/null
    rm -f "$fresh"
    [ -e "$2" ] || [ -L "$2" ]
}

# restore_holds FOLDER: take packages off hold that the upgrade put on hold, and the reverse. dpkg may be locked, and a
# hold that remains is no reason to call a rollback failed.
restore_holds() {
    selections=$root/run/rkfleet-npu.selections
    {
        select_packages "$1/holds" hold install
        select_packages "$1/rehold" install hold
    } >"$selections"
    [ -s "$selections" ] || return 0
    for attempt in 1 2 3 4 5 6; do
        dpkg ${root:+--root "$root"} --set-selections <"$selections" 2>/dev/null && return
        [ "$attempt" -eq 6 ] || sleep 5
    done
    log "dpkg is locked: the packages on hold are not as they were before"
}

# select_packages FILE FROM TO: print the installed packages in FILE that are selected as FROM, each with TO.
select_packages() {
    [ -s "$1" ] || return 0
    awk -v from="$2" -v to="$3" '
        NR == FNR { wanted[$1] = 1; next }
        $1 == "Package:" { name = $2 }
        $1 == "Status:" && $2 == from && $4 == "installed" && (name in wanted) { print name, to }
        ' "$1" "$root/var/lib/dpkg/status" 2>/dev/null
}
