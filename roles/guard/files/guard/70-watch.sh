# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: waits for the commit, feeds the watchdog and rolls back an upgrade that is not committed.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# Seconds that are added to npu_confirm_minutes until the first boot.
patience=7200

# Whether there is a watchdog that can be stopped after the commit, with a timeout long enough for a board under load.
can_stop_watchdog() {
    [ ! -e "$pending/nowatchdog" ] && [ -c "$root/dev/watchdog" ] &&
        first_line "$root/sys/class/watchdog/watchdog0/nowayout" && [ "$line" = 0 ] &&
        number "$root/sys/class/watchdog/watchdog0/timeout" 0 && [ "$number" -ge 20 ]
}

feeder=

# Feed the watchdog in the background, for at most ten minutes: the watchdog is to reset a board whose restore hangs.
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
    # Only from here on is the feeder known and can be stopped.
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

# The watchdog stops when it is closed, if a V was written last.
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
        if ! can_stop_watchdog || ! wait_for_commit watchdog 9>"$root/dev/watchdog"; then
            # Another program has it open, and must get it at the boot into the new driver, too, where it starts later.
            [ -e "$pending/tried" ] || echo >"$pending/nowatchdog"
            wait_for_commit '' 9>/dev/null
        fi
    fi
    # Also after the reboot that a restore required. While the controller rolls back, it starts them at the end.
    [ -d "$pending" ] || [ -e "$home/lock.json" ] || start_stopped
    # A failure would make systemd restart this unit; what cannot be removed now can wait for the next boot.
    tidy || :
}

# Whether the last heartbeat of the controller is so old, $limit seconds, that the board rolls itself back. Without a
# valid heartbeat the time since power-on counts, without a valid limit half an hour.
is_overdue() {
    number "$pending/confirm" 30
    [ "$number" -ge 1 ] && [ "$number" -le 99999 ] || number=30
    limit=$((number * 60))
    # Before the first boot nothing is at risk, and packages and a build take time. If partly restored, do not wait.
    [ -e "$pending/tried" ] || [ -e "$pending/restoring" ] || limit=$((limit + patience))
    first_line "$root/proc/uptime"
    to_number "${line%%.*}" 0
    uptime=$number heard=0
    first_line "$pending/heartbeat"
    if [ "${line%% *}" = "$this" ]; then
        to_number "${line#* }" 0
        # The only valid heartbeat in the future is the one that lasts until the next boot, see heartbeat() in state.py.
        if [ "$number" -le "$uptime" ] || [ "$number" -eq 1000000000 ]; then heard=$number; fi
    fi
    [ $((uptime - heard)) -ge "$limit" ]
}

# Set $number to the uptime until which a hung task is attributed to the driver: the kernel needs up to two timeouts to
# detect one.
hung_task_limit() {
    to_number "$(cat "$root/proc/sys/kernel/hung_task_timeout_secs" 2>/dev/null)" 120
    number=$((number * 2 + 60))
    [ "$number" -le 900 ] || number=900
}

# Wait for dpkg for at most five minutes: a reboot in the middle of its work may leave a kernel without an initrd.
wait_for_dpkg() {
    seconds=0
    pidof dpkg >/dev/null || return 0
    if [ -n "$feeder" ]; then
        # For ten minutes again.
        stop_feeding
        feed
    fi
    while [ "$seconds" -lt 300 ] && pidof dpkg >/dev/null; do
        sleep 5
        seconds=$((seconds + 5))
    done
}

# Activate what the board has restored by itself: reboot if necessary, and start the services.
settle() {
    if [ "$(cat "$home/undone/signature" 2>/dev/null)" != "$(signature)" ]; then
        wait_for_dpkg
        reboot_now
    fi
    start_stopped
}

# Start the services that the upgrade had stopped, once. Those that are not enabled were not started by the boot.
start_stopped() {
    [ -s "$home/undone/services" ] || return 0
    # The restore has removed their drop-ins.
    systemctl daemon-reload
    while read -r unit; do
        systemctl start --no-block -- "$unit" </dev/null
    done <"$home/undone/services"
    mv "$home/undone/services" "$home/undone/services.started"
}

# wait_for_commit WATCHDOG: file descriptor 9 is the watchdog if WATCHDOG is not empty.
wait_for_commit() {
    this=$(cat "$root/proc/sys/kernel/random/boot_id")
    trap end_watch TERM INT
    if [ -e "$armed/unordered" ]; then
        note "$pending" verifying "the board rebooted before the upgrade was complete"
        rm -f "$armed/unordered"
    fi
    if [ -e "$armed/restoring" ] && [ ! -d "$pending" ] && [ -d "$home/undone" ]; then
        # The previous watch was killed after it had restored the board.
        settle
    fi
    while [ -d "$pending" ]; do
        printf . >&9
        if is_overdue; then
            log "no commit and no heartbeat for $((limit / 60)) minutes: the NPU upgrade is rolled back"
            reset_switches hung_task_panic
            mkdir -p "$armed" && echo >"$armed/restoring"
            [ -z "$1" ] || feed
            why="no commit and no heartbeat within $((limit / 60)) minutes, and the board rolled itself back"
            restore "$pending" "$why" is_overdue
            rc=$?
            if [ "$rc" -eq 2 ]; then
                # The controller was faster: it has sent a heartbeat, or ended the upgrade.
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
            [ "$uptime" -lt "$number" ] || reset_switches hung_task_panic
        fi
        sleep 5 9>&- &
        wait $!
    done
    close_watchdog
    disarm
    return 0
}

# Remove a kernel that was installed for the upgrade: the next u-boot-update would make it the default again.
tidy() {
    [ -s "$home/undone/packages" ] || return 0
    images=$(grep -xE 'linux-image-[a-z0-9.+~-]+' "$home/undone/packages")
    # The shell handles a signal only after dpkg and its hooks have ended.
    trap 'exit 0' TERM INT
    for image in $images; do
        # If dpkg is locked, the next boot tries again.
        [ "$image" = "linux-image-$(uname -r)" ] || DEBIAN_FRONTEND=noninteractive dpkg --remove -- "$image" || return 0
    done
    mv "$home/undone/packages" "$home/undone/packages.done"
}
