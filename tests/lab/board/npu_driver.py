# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What an NPU driver makes in /sys and /dev of a light board, for its stand-in kernel: see kernel.py."""

from __future__ import annotations

import grp
import json
import os
import shutil

import boot_model as model
from surfaces import KERNEL, board, fault, link, log, read, write

DEVICE, DRIVERS = "/sys/bus/platform/devices/%s.npu", "/sys/bus/platform/drivers/RKNPU"
NODES = {"card1": 1, "renderD129": 129}


def set_answers(version, module):
    """Have the ioctl and the simulated NPU in the runtime answer as this driver; None: no driver is bound."""
    about = board()
    kind = "builtin" if module is None else "module"
    submit = model.submit(kind, about["builtin_submit"], fault(), about["module_submit"])
    write(KERNEL + "/npu", f"RKFLEET_FAKE_DRIVER={version or 'none'}\nRKFLEET_FAKE_SUBMIT={submit}\n")
    write(KERNEL + "/driver", (version or "") + "\n")
    write(KERNEL + "/bound", json.dumps({"version": version, "module": module}) + "\n")


def bound():
    """Return {version, module} of the driver that is bound, both None if none is."""
    return json.loads(read(KERNEL + "/bound") or '{"version": null, "module": null}')


def bind(about, version, module):
    """Bind a driver to the NPU: what it makes in /sys and /dev. Without a module it is the built-in one."""
    address = about["npu"]["address"]
    device = f"/sys/devices/platform/{address}.npu"
    os.makedirs(DRIVERS, exist_ok=True)
    if module:
        link(DRIVERS + "/module", f"../../../../module/{module}")
    link(f"{DRIVERS}/{address}.npu", f"../../../../devices/platform/{address}.npu")
    link(device + "/driver", "../../../bus/platform/drivers/RKNPU")
    write(device + "/uevent", f"DRIVER=RKNPU\nOF_COMPATIBLE_0={about['npu']['compatible']}\n")
    for name, minor in NODES.items():
        write(f"{device}/drm/{name}/dev", f"226:{minor}\n")
        link(f"{device}/drm/{name}/device", f"../../../{address}.npu")
        link("/sys/class/drm/" + name, f"../../devices/platform/{address}.npu/drm/{name}")
        os.mknod("/dev/dri/" + name, 0o660 | 0o020000, os.makedev(1, 3))
        os.chmod("/dev/dri/" + name, 0o660)
        os.chown("/dev/dri/" + name, 0, group("render" if name.startswith("render") else "video"))
    write("/sys/kernel/debug/rknpu/version", f"RKNPU driver: v{version}\n")
    write("/sys/kernel/debug/rknpu/load", "NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,\n")
    set_answers(version, module)
    log(f"[drm] Initialized rknpu {version} 20240828 for {address}.npu on minor 1")


def group(name):
    """Return the number of a group, root's where there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return 0


def unbind(about):
    """Take all of that away."""
    device = f"/sys/devices/platform/{about['npu']['address']}.npu"
    for name in NODES:
        for path in ("/sys/class/drm/" + name, "/dev/dri/" + name):
            if os.path.lexists(path):
                os.unlink(path)
    for path in (DRIVERS, device + "/drm", "/sys/kernel/debug/rknpu"):
        shutil.rmtree(path, ignore_errors=True)
    if os.path.islink(device + "/driver"):
        os.unlink(device + "/driver")
    write(device + "/uevent", f"OF_COMPATIBLE_0={about['npu']['compatible']}\n")
    set_answers(None, None)
