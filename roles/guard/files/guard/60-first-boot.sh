# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Part of the guard script: makes the first boot of an upgrade a trial.
# shellcheck shell=sh
# The parts share their variables and functions.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329

# -- an upgrade that nobody commits

# SWITCH VALUE: of the kernel, until it is disarmed; one that is set stays as it is.
arm() {
    switch=$root/proc/sys/kernel/$1
    if [ -w "$switch" ] && first_line "$switch" && [ "$line" = 0 ]; then
        echo "0 $2" >"$armed/$1" && echo "$2" >"$switch"
    fi
}

# SWITCH...: back to what they were. One that has another value by now has it from the owner, as systemd-sysctl runs
# after "boot".
disarm() {
    settings=
    for switch in "$@"; do
        [ -r "$armed/$switch" ] || continue
        read -r was set <"$armed/$switch"
        now=$(cat "$root/proc/sys/kernel/$switch")
        # Release 1.5.0 did not keep what it set.
        if [ "$now" = "${set:-$now}" ]; then
            echo "$was" >"$root/proc/sys/kernel/$switch"
            settings="$settings --prefix=kernel/$switch"
        fi
        rm -f "$armed/$switch"
    done
    # The owner's settings may have had the same value.
    for sysctl in "$root/usr/lib/systemd/systemd-sysctl" "$root/lib/systemd/systemd-sysctl"; do
        if [ -n "$settings" ] && [ -x "$sysctl" ]; then
            # shellcheck disable=SC2086
            "$sysctl" $settings 2>/dev/null || :
            break
        fi
    done
}

calm() {
    # shellcheck disable=SC2086
    disarm $switches
    rm -f "$armed/unordered" "$armed/restoring"
    rmdir "$armed" 2>/dev/null || :
}

boot() {
    [ -d "$pending" ] || return 0
    reason=
    if [ -e "$pending/tried" ]; then
        reason="the boot into the new driver was not confirmed"
    elif [ -e "$pending/restoring" ]; then
        # What is half restored is not worth a trial.
        reason="a restore was interrupted"
    fi
    if [ -n "$reason" ]; then
        say "$reason: the upgrade of the NPU is undone"
        if restore "$pending" "$reason, and the board went back by itself" true; then
            reboot_now
        fi
        return
    fi
    # A rename takes no space. Where not even that can be written the trial is not counted, so it must not happen.
    if ! { mv "$pending/untried" "$pending/tried" && sync "$pending"; }; then
        say "the boot cannot be counted: no NPU module is loaded"
        mkdir -p "$root/run/modprobe.d"
        printf 'install rknpu /bin/false\ninstall rknpu_dkms /bin/false\n' >"$root/run/modprobe.d/rkfleet-npu.conf"
        return
    fi
    # The whole boot waits for this: so "reboot" has written beforehand what is to be said, and what has time is left to "watch".
    mkdir -p "$armed"
    mv -f "$pending/state.trial" "$home/state.json" 2>/dev/null || echo >"$armed/unordered"
    arm panic 10
    for switch in panic_on_oops softlockup_panic hardlockup_panic; do
        arm "$switch" 1
    done
    # "watch" disarms this one soon: later a slow disk is a more likely reason than the driver. With a timeout of 0 the
    # owner has switched the detector off.
    first_line "$root/proc/sys/kernel/hung_task_timeout_secs"
    [ "$line" = 0 ] || arm hung_task_panic 1
    # Closed without a word it goes on ticking, until "watch" opens it: what a module does to the board may be quicker than that.
    if can_stop_watchdog; then
        { printf . >"$root/dev/watchdog"; } 2>/dev/null || :
    fi
}
