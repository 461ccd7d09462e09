# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: reboots the board.
# shellcheck shell=sh
# The parts share their variables and functions.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329

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
