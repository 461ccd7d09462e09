# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: runs the command that the script was called with.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

case ${1-} in
    boot) boot ;;
    watch) watch ;;
    disarm) disarm ;;
    signature) signature ;;
    reboot)
        # Else nothing would undo a boot into the new driver.
        [ "${2-}" = restored ] || [ -d "$pending" ] || {
            log "no reboot: the board has rolled itself back in the meantime. Rerun the playbook"
            exit 1
        }
        unload_kexec || {
            log "no reboot: a kernel is loaded for kexec and cannot be unloaded, so the boot loader and the new" \
                "kernel arguments would be skipped. Install kexec-tools, or power the board off and on, and" \
                "rerun the playbook"
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
                restore "$pending" "the controller rolled the upgrade back"
                rc=$?
                # The board was faster: while an upgrade is not committed, only a rollback creates this folder.
                [ "$rc" -ne 2 ] || [ ! -d "$home/undone" ] || rc=0
                ;;
            origin) restore_origin; rc=$? ;;
            *) exit 2 ;;
        esac
        [ "$rc" -eq 0 ] || { log "${failed:-there is nothing to restore}"; exit 1; }
        [ -z "$foreign" ] || echo foreign
        [ "$was" = "$(signature)" ] || echo reboot
        ;;
    identity) identity ;;
    *)
        echo "usage: guard boot | watch | restore pending|origin | reboot | disarm | signature | identity" >&2
        exit 2
        ;;
esac
