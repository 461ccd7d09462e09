#!/usr/bin/python3 -ESB
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A stand-in for the kernel of an upgradable light board, and for the parts of its boot that come before ssh.

    kernel boot            what the boot loader's configuration implies: /sys, files over /proc, the built-in driver
    kernel modules         systemd-modules-load: modprobe (the real one) for each module of modules-load.d
    kernel insmod FILE     load a module, for kernel.so; the exit code is the errno
    kernel rmmod NAME      unload one
    kernel fault           let the fault that the lab has set begin or end
    kernel flap            lose all ssh connections again and again, while the fault is ssh-flaps
    kernel log EVENT JSON  write into the journal

boot_model.py beside this file decides; this program only reads and writes files, with surfaces.py and npu_driver.py.
/run/rkfleet-kernel ends with the boot. /run/rkfleet-lab is a folder outside the board: its journal, the fault and the
lab's settings.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import boot_model as model
from npu_driver import DEVICE, DRIVERS, bind, bound, set_answers, unbind
from surfaces import KERNEL, LAB, LOADED, board, fault, journal, link, log, read, write

FILLER = "/var/tmp/rkfleet-lab.filler"
#: Switches of the kernel of which a board has its own: the guard writes some, and the machine must not be changed.
SWITCHES = (
    "panic",
    "panic_on_oops",
    "softlockup_panic",
    "hardlockup_panic",
    "hung_task_panic",
    "kexec_load_disabled",
)


# -- boot ------------------------------------------------------------------------------------------------------------


def loaded_by(about):
    """Return `(release, arguments)` of the kernel that the boot loader starts.

    Raises:
        model.NoBoot: it starts none.
    """
    if about["loader"] == "orangepi":
        arguments, path = model.environment(read("/boot/orangepiEnv.txt")), "/boot/" + os.readlink("/boot/Image")
    elif about["loader"] == "grub":
        path, arguments = model.grub(read("/boot/grub/grub.cfg"))
    else:
        path, arguments = model.extlinux(read("/boot/extlinux/extlinux.conf"))
    release = model.release_of(path)
    if not os.path.exists(path) or not os.path.isdir("/lib/modules/" + release):
        raise model.NoBoot(f"{path} or its modules are not there")
    return release, arguments


def boot():
    """Set up what a kernel shows; the exit code is not 0 if the board does not start."""
    about = board()
    os.makedirs(KERNEL, exist_ok=True)
    try:
        release, arguments = loaded_by(about)
    except (model.NoBoot, OSError) as problem:
        journal("no-boot", why=str(problem))
        return 1
    write(KERNEL + "/log")
    log(f"Linux version {release} (vendor@builder) (aarch64-linux-gnu-gcc 12.2.0)")
    log(f"Kernel command line: {arguments}")
    version = "#1 SMP Fri Jan 5 09:00:00 UTC 2024"
    write(KERNEL + "/uname", f"{release}\n{version}\naarch64\n")
    write(KERNEL + "/disk", about["disk"] + "\n")
    mounts(about)
    own = {
        "cmdline": arguments,
        "modules": "",
        "sysrq-trigger": "",
        "sys/kernel/osrelease": release,
        "sys/kernel/arch": "aarch64",
        "sys/kernel/version": version,
        "sys/kernel/random/boot_id": new_boot_id(),
        "version": f"Linux version {release} (vendor@builder) (aarch64-linux-gnu-gcc 12.2.0, GNU ld 2.40) {version}",
        "meminfo": f"MemTotal:       {about['memory_mib'] << 10} kB\nMemFree:        {about['memory_mib'] << 9} kB",
        **{"sys/kernel/" + name: "0" for name in SWITCHES},
        "sys/kernel/hung_task_timeout_secs": "120",
    }
    for name, text in own.items():
        write(f"{KERNEL}/proc/{name}", text + "\n" if text else "")
        if os.path.exists("/proc/" + name):
            bind_mount(f"{KERNEL}/proc/{name}", "/proc/" + name)
    hardware(about, release, arguments)
    journal("power-on", kernel=release, boot_id=own["sys/kernel/random/boot_id"])
    return 0


def new_boot_id():
    """Return a boot ID."""
    digits = f"{random.SystemRandom().getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def bind_mount(source, target):
    """Mount a file over another one; OSError if that fails."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), None, 4096, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def mounts(about):
    """Write the mount table as such a board has it."""
    rows = [
        ("179:2", "/", "ext4", "/dev/mmcblk0p2"),
        ("0:21", "/proc", "proc", "proc"),
        ("0:20", "/sys", "sysfs", "sysfs"),
        ("0:5", "/dev", "devtmpfs", "udev"),
        ("0:22", "/run", "tmpfs", "tmpfs"),
    ]
    write(
        KERNEL + "/mountinfo",
        "".join(
            f"{number} 1 {device} / {point} rw,relatime shared:{number} - {kind} {source} rw\n"
            for number, (device, point, kind, source) in enumerate(rows, 20)
        ),
    )
    write(
        KERNEL + "/mounts",
        "".join(f"{source} {point} {kind} rw,relatime 0 0\n" for _device, point, kind, source in rows),
    )
    # The machine's own null device: nothing of a disk can be read or written by it.
    for path in ("/dev/mmcblk0", "/dev/mmcblk0p2"):
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    link("/dev/disk/by-uuid/" + about["uuid"], "../../mmcblk0p2")


def hardware(about, release, arguments):
    """Write the device tree and what the kernel makes of it, and start the built-in driver."""
    base, npu = "/sys/firmware/devicetree/base", about["npu"]
    tree = {
        "model": [about["model"]],
        "compatible": about["compatible"],
        "serial-number": [about["serial"]],
        f"npu@{npu['address']}/compatible": [npu["compatible"]],
        f"npu@{npu['address']}/status": ["okay"],
    }
    for name, values in tree.items():
        write(f"{base}/{name}", "".join(value + "\0" for value in values))
    for core in range(about["cores"]):
        write(f"/sys/devices/system/cpu/cpu{core}/cpufreq/cpuinfo_max_freq", "1800000\n" if core < 4 else "2352000\n")
    name = npu["address"] + ".npu"
    write(f"/sys/devices/platform/{name}/uevent", f"OF_COMPATIBLE_0={npu['compatible']}\n")
    link(DEVICE % npu["address"], f"../../../devices/platform/{name}")
    write("/sys/kernel/kexec_loaded", "0\n")
    os.makedirs("/sys/module", exist_ok=True)
    os.makedirs("/sys/kernel/debug", mode=0o700, exist_ok=True)
    # Another GPU comes first: the number says nothing.
    write("/sys/devices/platform/fb000000.gpu/uevent", "DRIVER=panthor\n")
    write("/sys/devices/platform/fb000000.gpu/drm/renderD128/dev", "226:128\n")
    link("/sys/devices/platform/fb000000.gpu/drm/renderD128/device", "../../../fb000000.gpu")
    link("/sys/class/drm/renderD128", "../../devices/platform/fb000000.gpu/drm/renderD128")
    os.makedirs("/dev/dri", exist_ok=True)
    set_answers(None, None)
    version = builtin(release)
    if version:
        # A built-in driver that is left out shows its version, too.
        write("/sys/module/rknpu/version", version + "\n")
    if model.builtin_runs(version, arguments):
        bind(about, version, None)
    elif version:
        log("initcall rknpu_init blacklisted")


def builtin(release):
    """Return the version of the driver that is built into a kernel, or None."""
    try:
        with open(f"/lib/modules/{release}/modules.builtin.modinfo", "rb") as stream:
            return model.builtin_version(stream.read())
    except OSError:
        return None


# -- modules ---------------------------------------------------------------------------------------------------------


def loaded():
    """Return the names of the modules that are loaded."""
    return [line.split(" ", 1)[0] for line in read(LOADED).splitlines()]


def insmod(path):
    """Load a module; the errno."""
    about, release = board(), os.uname().release
    try:
        with open(path, "rb") as stream:
            info, versions = model.module_info(stream.read())
    except (OSError, ValueError, struct_error) as problem:
        log(f"module: {problem}")
        return errno.ENOEXEC
    name = info.get("name", "")
    code = model.load_error(
        info,
        release,
        loaded(),
        builtin(release) is not None,
        os.path.isdir(DRIVERS),
        versions,
        model.exported(release),
    )
    if code == errno.ENOEXEC:
        log(f"{name}: version magic '{info.get('vermagic')}' should be '{model.vermagic(release)}'")
    elif code == errno.EBUSY:
        log("Error: Driver 'RKNPU' is already registered, aborting...")
    if code:
        return code
    with open(LOADED, "a", encoding="utf-8") as stream:
        stream.write(f"{name} 114688 0 - Live 0x0000000000000000 (OE)\n")
    for file, text in (
        ("version", info.get("version")),
        ("srcversion", info.get("srcversion")),
        ("initstate", "live"),
        ("refcnt", "0"),
    ):
        if text:
            write(f"/sys/module/{name}/{file}", text + "\n")
    os.makedirs(f"/sys/module/{name}/holders", exist_ok=True)
    if name in model.MODULES:
        os.makedirs(DRIVERS, exist_ok=True)
        link(DRIVERS + "/module", f"../../../../module/{name}")
        if model.binds(fault()):
            bind(about, info.get("version", ""), name)
        else:
            log(f"RKNPU: probe of {about['npu']['address']}.npu failed with error -22")
    return 0


struct_error = model.struct.error


def rmmod(name):
    """Unload a module; the errno."""
    if name not in loaded():
        return errno.ENOENT
    if os.path.islink(DRIVERS + "/module") and os.path.basename(os.readlink(DRIVERS + "/module")) == name:
        unbind(board())
    write(
        LOADED,
        "".join(line + "\n" for line in read(LOADED).splitlines() if line.split(" ", 1)[0] != name),
    )
    shutil.rmtree("/sys/module/" + name, ignore_errors=True)
    return 0


def modules():
    """Load what systemd-modules-load would, and write the boot into the journal."""
    files = {}
    for folder in ("/usr/lib/modules-load.d", "/run/modules-load.d", "/etc/modules-load.d"):
        files.update((os.path.basename(path), path) for path in glob.glob(folder + "/*.conf"))
    for name in model.wanted_modules(read(files[file]) for file in sorted(files)):
        subprocess.run(["modprobe", "--", name], check=False)
    release, arguments, driver = os.uname().release, read("/proc/cmdline"), bound()
    begin_fault()
    write(LAB + "/boots", f"{int(read(LAB + '/boots').strip() or 0) + 1}\n")
    write(LAB + "/now", json.dumps(dict(driver, kernel=release)) + "\n")
    journal(
        "boot",
        kernel=release,
        driver=driver["version"],
        module=driver["module"],
        blacklisted=model.INITCALL in model.blacklisted(arguments),
        loaded=loaded(),
        boots=int(read(LAB + "/boots")),
    )
    return 0


# -- faults ----------------------------------------------------------------------------------------------------------


def begin_fault():
    """Let the fault that is set begin, and what another one left end."""
    now, driver = fault(), bound()
    set_answers(driver["version"], driver["module"])
    if now == "disk-full" and not os.path.exists(FILLER):
        free = os.statvfs("/var/tmp")
        with open(FILLER, "wb") as stream:
            for size in (free.f_bavail * free.f_frsize - (256 << 10), 4096):
                try:
                    os.posix_fallocate(stream.fileno(), 0, max(size, 4096))
                    break
                except OSError:
                    continue
    elif now != "disk-full" and os.path.exists(FILLER):
        os.unlink(FILLER)
    if now == "ssh-flaps":
        # The lab reads what this process prints until nobody has its output open.
        nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        subprocess.Popen([sys.argv[0], "flap"], start_new_session=True, **nowhere)  # pylint: disable=consider-using-with
    return 0


def flap():
    """Kill all of ssh, which the board's first process starts again, every 10 to 25 seconds."""
    while fault() == "ssh-flaps":
        time.sleep(random.uniform(10, 25))
        for path in glob.glob("/proc/[0-9]*/comm"):
            if fault() == "ssh-flaps" and read(path).strip() == "sshd":
                try:
                    os.kill(int(path.split("/")[2]), signal.SIGKILL)
                except OSError:
                    continue
    return 0


def main(words):
    """Do what the command line says; the exit code."""
    verb = words[0] if words else ""
    if verb == "log":
        journal(words[1], **json.loads(words[2] if len(words) > 2 else "{}"))
        return 0
    return {"boot": boot, "modules": modules, "insmod": insmod, "rmmod": rmmod, "fault": begin_fault, "flap": flap}[
        verb
    ](*words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
