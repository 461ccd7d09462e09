# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: restores the boot loader's files, which the owner and other programs change as well.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# menu_files FILE: print the files that the default entry of an extlinux.conf needs, one a line. Returns 1 if the file
# cannot be parsed.
menu_files() {
    awk '
        {
            sub(/\r$/, ""); key = tolower($1); rest = $0
            sub(/^[ \t]*[^ \t]+[ \t]*/, "", rest); sub(/[ \t]+$/, "", rest)
        }
        key == "label" { n++; name[n] = rest; next }
        key == "default" || key == "ontimeout" { wanted = rest; named = 1 }
        key == "menu" && tolower(rest) == "default" && n && !chosen { chosen = n }
        n && key ~ /^(linux|kernel|initrd|fdt|devicetree|fdtdir|devicetreedir)$/ {
            files[n]++; file[n, files[n]] = rest
        }
        n && (key == "linux" || key == "kernel") { kernel[n] = 1 }
        END {
            pick = (named || !chosen) ? 1 : chosen
            for (i = 1; named && i <= n; i++) if (name[i] == wanted) pick = i  # the last one, as U-Boot does
            if (!kernel[pick]) exit 1
            for (i = 1; i <= files[pick]; i++) {
                gsub(/,/, "\n", file[pick, i]); sub(/#.*/, "", file[pick, i]); print file[pick, i]
            }
        }' "$1" 2>/dev/null
}

# menu_boots FILE: return 0 if all files of its default entry exist, 1 if one is missing, 2 if FILE cannot be parsed.
menu_boots() {
    needed=$(menu_files "$1") || return 2
    echo "$needed" | while read -r file; do
        # If /boot is a separate file system, paths in the menu begin there.
        [ "$file" = - ] || [ -e "$root$file" ] || [ -e "$root/boot$file" ] || [ -e "$root/boot/extlinux/$file" ] ||
            exit 1
    done
}

# grub_boots FILE: return 0 if the kernel of its first entry exists, 1 if it is missing, 2 if FILE names none. GRUB names
# it from the root of the file system that contains it, which may be /boot.
grub_boots() {
    needed=$(sed -n 's/^[[:space:]]*linux[[:space:]]\{1,\}\([^[:space:]]*\).*/\1/p' "$1" 2>/dev/null)
    [ -n "$needed" ] || return 2
    first=${needed%%
*}
    [ -e "$root$first" ] || [ -e "$root/boot/${first##*/}" ]
}

# boots KIND FILE: as menu_boots, for the menu of that kind of boot loader.
boots() {
    if [ "$1" = grub ]; then grub_boots "$2"; else menu_boots "$2"; fi
}

# remove_our_changes KIND COPY PLACE: remove what this collection wrote, and COPY did not have, from a boot file that
# others have changed since.
remove_our_changes() {
    # shellcheck disable=SC2016  # u-boot-update contains this text
    fallback=$(cat "$root"/usr/sbin/u-boot-update "$root"/usr/bin/u-boot-update \
        "$root"/usr/share/u-boot-menu/read-config 2>/dev/null |
        sed -n 's/.*\${U_BOOT_PARAMETERS:-\([^}$`]*\)}.*/\1/p' | head -n 1)
    edited=$root/run/rkfleet-npu.edited
    # The entry that GRUB boots by default is ours, if the owner has named none.
    pinned=$(grep -qs '^[[:space:]]*GRUB_DEFAULT=[^0]*gnulinux-' "$root"/etc/default/grub "$root"/etc/default/grub.d/*.cfg ||
        echo 1)
    awk -v kind="$1" -v ours="$ours" -v fallback="${fallback:-ro quiet}" -v pinned="$pinned" '
        # Removes our value from each initcall_blacklist=a,b of a line, and the argument if no value is left.
        function strip(text, out, before, word, value, quote, kept, part, parts, i, hit, others) {
            out = ""
            while (match(text, /initcall[_-]blacklist="?[A-Za-z0-9_.,-]*/)) {
                before = out substr(text, 1, RSTART - 1)
                word = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH)
                value = substr(word, 20); quote = ""
                if (substr(value, 1, 1) == "\"") { quote = "\""; value = substr(value, 2) }
                hit = others = 0; kept = ""; parts = split(value, part, ",")
                for (i = 1; i <= parts; i++)
                    if (part[i] == ours) hit = 1
                    else kept = kept (others++ ? "," : "") part[i]
                if (!hit || before !~ /(^|[ \t"\047=])$/ || text !~ /^([ \t\r"\047]|$)/) { out = before word; continue }
                if (others) { out = before substr(word, 1, 19) quote kept; continue }
                if (quote != "") sub(/^"/, "", text)
                if (before ~ /[ \t]$/ && before ~ /[^ \t]/) sub(/[ \t]+$/, "", before)
                else sub(/^[ \t]+/, "", text)
                out = before
            }
            return out text
        }
        {
            if (kind == "menu" && tolower($1) == "label") { label = $0; sub(/^[ \t]*[^ \t]+[ \t]*/, "", label) }
            head = ""; body = $0; mine = 1
            if (kind == "menu") {
                mine = tolower($1) ~ /^append\r?$/
                match($0, /^[ \t]*[^ \t]+[ \t]*/)
                head = substr($0, 1, RLENGTH); body = substr($0, RLENGTH + 1)
            } else if (kind == "environment") {
                mine = match($0, /^[ \t]*(extraargs|bootargs)=/)
                head = substr($0, 1, RLENGTH); body = substr($0, RLENGTH + 1)
            } else if (kind == "grub") mine = $0 ~ /^[ \t]*linux(16|efi)?[ \t]/
            else if (kind == "shell") mine = $0 !~ /^[ \t]*#/
            bare = mine ? strip(body) : body
        }
        pass == 1 {
            seen[$0] = 1; if (bare != body) had[label] = 1
            if (head != "" && mine) filled[label] = 1
            if ($0 ~ /^[ \t]*set default=/ && $0 !~ /next_entry/) entry = $0
            next
        }
        # Comments of ours above a line of ours.
        kind != "shell" && /^[ \t]*# rkfleet\.npu: the next line was not set here/ && !($0 in seen) {
            changed = 1; next
        }
        kind == "shell" && /^\[ ! -e [^ ]*rkfleet-npu[^ ]* \] \|\| \. [^ ]*  # rkfleet\.npu: / && !($0 in seen) {
            changed = 1; next
        }
        kind == "shell" && match(body, /(U_BOOT_PARAMETERS|APPEND)=[^ \t;#\r]*/) && body !~ /# rkfleet\.npu: / {
            above = substr(body, RSTART, RLENGTH); sub(/^[^=]*=/, "", above); gsub(/["\047]/, "", above)
        }
        kind == "grub" && pinned && entry != "" && !($0 in seen) && /^[ \t]*set default="[^"]*gnulinux-[^">]+-advanced-/ {
            print entry; changed = 1; next
        }
        bare == body || (label in had) { print; next }
        { changed = 1 }
        kind == "shell" && (index(bare, "U_BOOT_PARAMETERS=\"" fallback "\"  # rkfleet.npu: nothing was set here") == 1 ||
            index(bare, "APPEND=\"\"  # rkfleet.npu: nothing was set here") == 1) {
            next
        }
        # A line of ours that repeats the value above it, or the default one if that is empty.
        kind == "shell" && index(bare, "=\"" (above != "" ? above : bare ~ /^APPEND/ ? "" : fallback) \
            "\"  # rkfleet.npu: instead of the value above") {
            next
        }
        # An empty line that was there before us stays.
        kind != "shell" && bare ~ /^[ \t\r]*$/ && !(label in filled) { next }
        kind == "menu" && bare ~ /^\r?$/ { sub(/ \t$/, "", head) }
        { print head bare }
        END { exit !changed }' pass=1 "$2" pass=2 "$3" >"$edited"
    case $? in
        0) place "$edited" "$3" "$3" ;;
        1) ;;
        *) report_error "$3 cannot be edited" ;;
    esac
    rm -f "$edited"
}

# unmounted PATH: whether a file system of /etc/fstab that has this path is not mounted: U-Boot reads another file then.
unmounted() {
    [ -r "$root/etc/fstab" ] && [ -r "$root/proc/self/mounts" ] || return 1
    while read -r source point kind options rest; do
        point=${point%/}
        case $source,$options in '#'* | *noauto*) continue ;; esac
        case $1 in
            "$point"/*)
                [ -z "$point" ] || cut -d ' ' -f 2 "$root/proc/self/mounts" | grep -qxF "$point" || return 0
                ;;
        esac
    done <"$root/etc/fstab"
    return 1
}

# restore_boot_file KIND COPY DIGEST PATH: restore a boot file, or only remove what this collection wrote into it.
restore_boot_file() {
    boot_kind=$1 boot_copy=$2 boot_digest=$3 boot_path=$4
    if unmounted "$boot_path"; then
        report_error "$boot_path cannot be restored: its file system is not mounted"
        return
    fi
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
    if [ -z "$foreign" ] && is_unchanged "$boot_path" &&
        case $boot_kind in
            menu | grub) may_place_menu "$boot_kind" "$original" "$root$boot_path" ;;
        esac; then
        if [ "$boot_copy" = - ]; then
            remove "$root$boot_path"
        else
            restore_file "$original" "$boot_digest" "$root$boot_path"
        fi
        return
    fi
    [ -f "$root$boot_path" ] || return 0
    log "$boot_path has changed since: only what rkfleet.npu wrote into it is removed"
    remove_our_changes "$boot_kind" "$original" "$root$boot_path"
    if [ "$boot_copy" = - ] && [ ! -s "$root$boot_path" ]; then remove "$root$boot_path"; fi
    rm -f "$root${boot_path%/*}/.npu-restore.${boot_path##*/}"
    case $boot_kind in
        menu | grub)
            boots "$boot_kind" "$root$boot_path"
            [ $? -ne 1 ] || report_error "the default entry of $boot_path needs a file that is missing"
            ;;
    esac
}

# is_unchanged PATH: whether that boot file is as this collection left it. An interrupted upgrade may not have recorded
# that yet. A boot file that was lost meanwhile counts as well, since the board may not boot without it.
is_unchanged() {
    [ "$folder" = "$pending" ] && [ ! -e "$root$1" ] ||
    grep -qsxF "$(digest_of "$root$1") $1" "$folder/left" || grep -qsxF "$root$1" "$folder/overwritten" || {
        [ "$folder" = "$pending" ] && ! cut -d ' ' -f 2 "$folder/left" 2>/dev/null | grep -qxF "$1"
    }
}

# may_place_menu KIND COPY PRESENT: refuse a menu whose kernel, initrd or device tree is missing. One that cannot be parsed
# is restored only if the present menu does not boot either.
may_place_menu() {
    [ "$2" = /dev/null ] && return 1
    boots "$1" "$2"
    case $? in
        0) return 0 ;;
        1) return 1 ;;
    esac
    ! boots "$1" "$3"
}

# U-Boot reads /boot without the file system's journal: freezing the file system empties the journal.
# In a process of its own, so that the traps of "watch" stay.
checkpoint() (
    [ -z "$root" ] && command -v fsfreeze >/dev/null || exit 0
    trap '' HUP INT TERM
    # The file system is unfrozen even if this process is killed.
    (sleep 10; fsfreeze --unfreeze /boot 2>/dev/null) 8<&- 9>&- &
    fsfreeze --freeze /boot 2>/dev/null
    fsfreeze --unfreeze /boot 2>/dev/null
    kill -9 $! 2>/dev/null
)
