# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: waits for the commit, feeds the watchdog and undoes an upgrade that is not committed.
# shellcheck shell=sh
# The parts share their variables and functions.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329

# Not one that nobody can stop again after the commit, nor one that may be quicker than a board under load.
can_stop_watchdog() {
    [ -c "$root/dev/watchdog" ] && first_line "$root/sys/class/watchdog/watchdog0/nowayout" && [ "$line" = 0 ] &&
        number "$root/sys/class/watchdog/watchdog0/timeout" 0 && [ "$number" -ge 20 ]
}

feeder=

# Feeds the watchdog from the background, for ten minutes and no longer: a restore that hangs is to be reset.
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
    # Only now can it be stopped.
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

# Only where V is the last that is written does the watchdog stop when the last process closes it.
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
        # Whoever has the watchdog open already lets it watch for himself.
        can_stop_watchdog && wait_for_commit watchdog 9>"$root/dev/watchdog" || wait_for_commit '' 9>/dev/null
    fi
    # systemd starts this again where it fails; what cannot be tidied up now can wait for the next boot.
    tidy || :
}

# Whether the controller has not been heard of for so long that the board restores by itself: $limit seconds. A damaged
# file counts as none: then the time since power-on decides, and half an hour.
is_overdue() {
    number "$pending/confirm" 30
    [ "$number" -ge 1 ] && [ "$number" -le 99999 ] || number=30
    limit=$((number * 60))
    # Before the first boot nothing is at risk, and packages and a build may take their time. Half restored it is no use to wait.
    [ -e "$pending/tried" ] || [ -e "$pending/restoring" ] || limit=$((limit + patience))
    first_line "$root/proc/uptime"
    to_number "${line%%.*}" 0
    uptime=$number heard=0
    first_line "$pending/heartbeat"
    if [ "${line%% *}" = "$this" ]; then
        to_number "${line#* }" 0
        # In the future lies only the one that lasts until the next boot, see _transaction.alive().
        if [ "$number" -le "$uptime" ] || [ "$number" -eq 1000000000 ]; then heard=$number; fi
    fi
    [ $((uptime - heard)) -ge "$limit" ]
}

# Until when a task that hangs is taken for the driver's fault, as uptime in $number: the kernel needs up to two timeouts
# to find one.
hung_task_limit() {
    to_number "$(cat "$root/proc/sys/kernel/hung_task_timeout_secs" 2>/dev/null)" 120
    number=$((number * 2 + 60))
    [ "$number" -le 900 ] || number=900
}

# What follows a restore by the board itself.
settle() {
    [ "$(cat "$home/undone/signature" 2>/dev/null)" = "$(signature)" ] || reboot_now
    for unit in $(cat "$home/undone/services" 2>/dev/null); do
        systemctl start --no-block -- "$unit"
    done
}

# WATCHDOG: not empty where file 9 is one.
wait_for_commit() {
    this=$(cat "$root/proc/sys/kernel/random/boot_id")
    trap end_watch TERM INT
    if [ -e "$armed/unordered" ]; then
        note "$pending" verifying "the board was restarted before the upgrade was finished"
        rm -f "$armed/unordered"
    fi
    if [ -e "$armed/restoring" ] && [ ! -d "$pending" ] && [ -d "$home/undone" ]; then
        # The watch that has restored the board was killed before it could do the rest.
        settle
    fi
    while [ -d "$pending" ]; do
        printf . >&9
        if is_overdue; then
            say "neither a commit nor a sign of life for $((limit / 60)) minutes: the upgrade of the NPU is undone"
            disarm hung_task_panic
            mkdir -p "$armed" && echo >"$armed/restoring"
            [ -z "$1" ] || feed
            restore "$pending" "nobody confirmed the upgrade within $((limit / 60)) minutes, and the board went back by itself" is_overdue
            rc=$?
            if [ "$rc" -eq 2 ]; then
                # The controller was faster: it is there again, or has ended the upgrade.
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
            [ "$uptime" -lt "$number" ] || disarm hung_task_panic
        fi
        sleep 5 9>&- &
        wait $!
    done
    close_watchdog
    calm
    return 0
}

# A kernel that came with what was undone would be the default again at the next u-boot-update.
tidy() {
    [ -s "$home/undone/packages" ] || return 0
    images=$(grep -xE 'linux-image-[a-z0-9.+~-]+' "$home/undone/packages")
    # dpkg and the hooks of a kernel finish what they do first.
    trap 'exit 0' TERM INT
    for image in $images; do
        # Where dpkg is busy, the next boot tries again.
        [ "$image" = "linux-image-$(uname -r)" ] || DEBIAN_FRONTEND=noninteractive dpkg --remove -- "$image" || return 0
    done
    mv "$home/undone/packages" "$home/undone/packages.done"
}
