# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: makes the first boot of an upgrade a trial that a crash or a hang ends with a reboot.
# shellcheck shell=sh disable=SC2034,SC2154  # the parts share their variables

# -- an upgrade that is not committed

armed=$root/run/rkfleet-npu
# Switches of the kernel that turn a crash or a hang into a panic, and a panic into a reboot.
switches='panic panic_on_oops softlockup_panic hardlockup_panic hung_task_panic'

# arm SWITCH VALUE: set one of these switches, unless it is set already.
arm() {
    switch=$root/proc/sys/kernel/$1
    if [ -w "$switch" ] && first_line "$switch" && [ "$line" = 0 ]; then
        echo "0 $2" >"$armed/$1" && echo "$2" >"$switch"
    fi
}

# reset_switches SWITCH...: reset them. A switch with another value than ours was set by the owner since:
# systemd-sysctl runs after "boot".
reset_switches() {
    settings=
    for switch in "$@"; do
        [ -r "$armed/$switch" ] || continue
        read -r was set <"$armed/$switch"
        now=$(cat "$root/proc/sys/kernel/$switch")
        # Release 1.5.0 did not record the value that it set.
        if [ "$now" = "${set:-$now}" ]; then
            echo "$was" >"$root/proc/sys/kernel/$switch"
            settings="$settings --prefix=kernel/$switch"
        fi
        rm -f "$armed/$switch"
    done
    # The owner may have configured the same value.
    for sysctl in "$root/usr/lib/systemd/systemd-sysctl" "$root/lib/systemd/systemd-sysctl"; do
        if [ -n "$settings" ] && [ -x "$sysctl" ]; then
            # shellcheck disable=SC2086  # a list of options
            "$sysctl" $settings 2>/dev/null || :
            break
        fi
    done
}

disarm() {
    # shellcheck disable=SC2086  # a list of names
    reset_switches $switches
    rm -f "$armed/unordered" "$armed/restoring"
    rmdir "$armed" 2>/dev/null || :
}

boot() {
    [ -d "$pending" ] || return 0
    reason=
    if [ -e "$pending/tried" ]; then
        reason="the boot into the new driver was not confirmed"
    elif [ -e "$pending/restoring" ]; then
        # A partly restored upgrade gets no trial.
        reason="a restore was interrupted"
    fi
    if [ -n "$reason" ]; then
        log "$reason: the NPU upgrade is rolled back"
        if restore "$pending" "$reason, and the board rolled itself back" true; then
            reboot_now
        fi
        return
    fi
    # A rename needs no space. If even that fails, the trial cannot be counted, so it must not take place.
    if ! { mv "$pending/untried" "$pending/tried" && sync "$pending"; }; then
        log "the trial boot cannot be recorded, so no NPU module is loaded"
        mkdir -p "$root/run/modprobe.d"
        printf 'install rknpu /bin/false\ninstall rknpu_dkms /bin/false\n' >"$root/run/modprobe.d/rkfleet-npu.conf"
        return
    fi
    # The whole boot waits for this function: "reboot" has prepared the state file, and "watch" does what is not urgent.
    mkdir -p "$armed"
    mv -f "$pending/state.trial" "$home/state.json" 2>/dev/null || echo >"$armed/unordered"
    arm panic 10
    for switch in panic_on_oops softlockup_panic hardlockup_panic; do
        arm "$switch" 1
    done
    # "watch" resets this one soon: later a slow disk is a more likely reason than the driver. A timeout of 0 means that
    # the owner has switched the detector off.
    first_line "$root/proc/sys/kernel/hung_task_timeout_secs"
    [ "$line" = 0 ] || arm hung_task_panic 1
    # Closed without a V the watchdog keeps running until "watch" opens it: a module may hang the board before that.
    if can_stop_watchdog; then
        { printf . >"$root/dev/watchdog"; } 2>/dev/null || :
    fi
}
