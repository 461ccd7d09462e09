# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: reboots the board.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# Waits for no program without a limit, since each may hang because of the disk or the driver. With --force none of the
# scripts of kexec-tools run.
reboot_now() {
    # A watchdog keeps running meanwhile: systemd takes it over during the shutdown, or it resets a board that hangs.
    trap 'exit 0' TERM INT
    log "reboot" &
    sync &
    syncing=$! seconds=0
    while [ "$seconds" -lt 30 ] && kill -0 "$syncing" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
    done
    systemctl reboot --force --no-block &
    sleep 60
    # The kernel syncs and remounts the file systems read-only, in the background, and then reboots by itself.
    for key in s u b; do
        echo "$key" >"$root/proc/sysrq-trigger"
        sleep 5
    done
    sleep 60
}

# Make the next reboot go through the boot loader: unload a kexec kernel, and prevent kexec-tools from loading one.
# Returns 1 if a kernel stays loaded.
unload_kexec() {
    first_line "$root/sys/kernel/kexec_loaded"
    if [ "$line" = 1 ]; then
        kexec -u || kexec -s -u
    fi 2>/dev/null
    if [ -e "$root/etc/default/kexec" ]; then
        # Below /run, so it lasts only until that reboot.
        mkdir -p "$root/run/systemd/system"
        ln -sfn /dev/null "$root/run/systemd/system/kexec-load.service"
        ln -sfn /dev/null "$root/run/systemd/system/kexec.service"
        systemctl daemon-reload
    fi
    first_line "$root/sys/kernel/kexec_loaded"
    [ "$line" != 1 ]
}
