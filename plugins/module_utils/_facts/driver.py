# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts on the NPU driver: how it is present, which one is bound, and what it reports.

Nothing here changes anything. GET_HW_VERSION is never asked and debugfs' `freq` never read: both touch the hardware.
The version of `/sys/module/*/version` is used without root only, and of a bound driver: a suppressed built-in
still shows one.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import stat
import struct

from .._board.paths import kernel_module
from .._board.tree import clean
from .._boot import kernel_arguments
from .hardware import device_nodes, device_tree

PLATFORM_DRIVER = device_tree.PLATFORM_DRIVER
INITCALL, BLACKLIST = kernel_arguments.INITCALL, kernel_arguments.BLACKLIST
NODE_DMA_HEAP = device_nodes.NODE_DMA_HEAP

_DRM_IOCTL_VERSION = 0xC0406400
_ACTION_DRM = 0xC0086440
_ACTION_DMA_HEAP = 0xC0087200
_GET_DRV_VERSION = 1

_DEBUGFS = re.compile(r"RKNPU driver: v(\d{1,3}\.\d{1,3}\.\d{1,3})\s*\Z")
_CARRIED = re.compile(r"v?(\d{1,3}\.\d{1,3}\.\d{1,3})\Z")
_OURS = ("updates/", "extra/dkms/")
_BUILTIN_VERSION = re.compile(rb"(?:\A|\0)rknpu\.version=v?(\d{1,3}\.\d{1,3}\.\d{1,3})\0")


class _DrmVersion(ctypes.Structure):
    """struct drm_version of the kernel's uapi, 64 bytes on a 64-bit machine."""

    _fields_ = [
        ("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int),
        ("name_len", ctypes.c_size_t), ("name", ctypes.c_void_p),
        ("date_len", ctypes.c_size_t), ("date", ctypes.c_void_p),
        ("desc_len", ctypes.c_size_t), ("desc", ctypes.c_void_p),
    ]


def _drm_version(handle):
    buffers = [ctypes.create_string_buffer(64) for unused in range(3)]
    request = _DrmVersion(name_len=63, date_len=63, desc_len=63, name=ctypes.addressof(buffers[0]),
                          date=ctypes.addressof(buffers[1]), desc=ctypes.addressof(buffers[2]))
    fcntl.ioctl(handle, _DRM_IOCTL_VERSION, request)
    if buffers[0].value != b"rknpu":
        raise ValueError("the DRM driver there is called %s" % (clean(buffers[0].value) or "nothing"))
    return "%d.%d.%d" % (request.major, request.minor, request.patch), clean(buffers[1].value) or None


def from_number(value):
    """Return the version from the driver's number in GET_DRV_VERSION: major*10000 + minor*100 + patch."""
    return "%d.%d.%d" % (value // 10000, value // 100 % 100, value % 100)


def _action_version(handle, request):
    answer = fcntl.ioctl(handle, request, struct.pack("=II", _GET_DRV_VERSION, 0))
    return from_number(struct.unpack("=II", answer)[1])


def ask(path, dma_heap=False):
    """Return `(version, date, source)` as reported by the driver of a device node.

    DRM_IOCTL_VERSION first: the DRM core answers it without waking the NPU; the driver's own ACTION call where
    that fails or there is no DRM. Raises OSError, or ValueError when another driver answers.
    """
    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISCHR(os.fstat(handle).st_mode):
            raise ValueError("not a character device")
        if dma_heap:
            return _action_version(handle, _ACTION_DMA_HEAP), None, "rknpu_ioctl"
        try:
            version, date = _drm_version(handle)
        except OSError:
            version, date = _action_version(handle, _ACTION_DRM), None
        return version, date, "drm_ioctl"
    finally:
        os.close(handle)


def module_files(tree, release):
    """Return the paths below /lib/modules/<release> of all rknpu modules that depmod or DKMS lists."""
    base = "/lib/modules/%s" % release
    known = (tree.text(base + "/modules.dep", 8 << 20) or "").splitlines()
    files = [line.split(":", 1)[0] for line in known if "rknpu" in line.split(":", 1)[0]]
    for folder in ("updates/dkms", "updates", "extra", "kernel/drivers/rknpu"):
        files += ["%s/%s" % (folder, name) for name in tree.names("%s/%s" % (base, folder))]
    # modules.dep may be older than what it names.
    return sorted(set(clean(path) for path in files if module_name(path)
                      and tree.exists("%s/%s" % (base, path))))


def module_name(path):
    """`rknpu_dkms` for `updates/dkms/rknpu_dkms.ko.xz`; None for another module's file."""
    name = (kernel_module(path.rpartition("/")[2]) or "").replace("-", "_")
    return name if name in ("rknpu", "rknpu_dkms") else None


def lists_builtin(tree, release):
    """Return whether a kernel lists the driver as built in."""
    listed = tree.text("/lib/modules/%s/modules.builtin" % release, 1 << 20) or ""
    return any(line.endswith("/rknpu.ko") for line in listed.splitlines())


def _presence(tree, release, device, config, files, loaded, dkms):
    if device["driver"] == "rocket" or (device_tree.is_rocket(device["compatible"])
                                        and not device_tree.is_rknpu(device["compatible"])
                                        and device["driver"] != PLATFORM_DRIVER):
        return "rocket"
    # A boot image may come without modules and configuration.
    unloaded = tree.exists("/sys/module/rknpu/version") and not tree.exists("/sys/module/rknpu/initstate")
    if unloaded or lists_builtin(tree, release) or config.get("ROCKCHIP_RKNPU") == "y":
        return "builtin"
    if any(not path.startswith(_OURS) for path in files):
        return "module"
    if any(entry["original"] and entry["kernel"] == release for entry in dkms["modules"]):
        return "module"  # DKMS has put the kernel's own aside
    if "rknpu" in loaded and not files:
        return "module"  # loaded by hand from somewhere else
    return "absent"


def _bound_module(tree, device):
    """Return the module of the bound driver; None for a built-in driver, which was never loaded."""
    name = tree.linked_name("/sys/bus/platform/drivers/%s/module" % PLATFORM_DRIVER)
    loaded = device["driver"] == PLATFORM_DRIVER and tree.exists("/sys/module/%s/initstate" % name)
    return name if loaded else None


def _debugfs_version(tree):
    for path in ("/sys/kernel/debug/rknpu/version", "/proc/rknpu/version"):
        match = _DEBUGFS.match(tree.text(path, 256) or "")
        if match:
            return match.group(1), "debugfs" if path.startswith("/sys") else "procfs"
    return None


def _version_of(tree, node, ask_node):
    if node is not None and tree.exists(node):
        try:
            return ask_node(tree.real(node), node == NODE_DMA_HEAP)
        except OSError as error:
            tree.note("driver version from " + node, error)
            if error.errno in (errno.EACCES, errno.EPERM):
                return None, None, "unknown"
        except ValueError as error:
            tree.note("driver version from " + node, error)
    found = _debugfs_version(tree)
    if found:
        return found[0], None, found[1]
    return None, None, "unknown"


def _carried(tree, result):
    """Return `(version, source)` of the bound driver, without a query to it."""
    if result["module"]:
        match = _CARRIED.match(tree.line("/sys/module/%s/version" % result["module"], 32) or "")
        return (match.group(1), "module") if match else (None, "unknown")
    if result["builtin_version"] and not result["builtin_suppressed"]:
        return result["builtin_version"], "builtin"
    return None, "unknown"


def read(tree, release, device, config, cmdline, dkms, ask_node=ask, privileged=True, nodes=None):
    """Return the facts of the driver, as documented by npu_facts.

    `config` is {option without CONFIG_: value}, `dkms` what _dkms.read() gave; `ask_node(path, dma_heap)`
    is put in by tests, `nodes` what device_nodes.read() gave.
    """
    loaded = [line.split(" ", 1)[0] for line in (tree.text("/proc/modules", 1 << 20) or "").splitlines()]
    loaded = sorted(name for name in loaded if module_name(name + ".ko"))
    files = module_files(tree, release)
    module = _bound_module(tree, device)
    presence = "builtin" if device["driver"] == PLATFORM_DRIVER and not module else _presence(
        tree, release, device, config, files, loaded, dkms)
    result = {
        "presence": presence,
        "module": module,
        "version": None, "date": None, "version_source": "unknown",
        "render_node": None,
        "builtin_suppressed": kernel_arguments.has(cmdline, BLACKLIST, INITCALL),
        "builtin_version": None,
        "loaded": loaded,
        "files": files,
    }
    if presence == "builtin":
        match = _BUILTIN_VERSION.search(tree.data("/lib/modules/%s/modules.builtin.modinfo" % release, 2 << 20) or b"")
        result["builtin_version"] = match.group(1).decode("ascii") if match else None
    if device["driver"] != PLATFORM_DRIVER:
        return result
    result["render_node"] = device_nodes.usable(device_nodes.read(tree) if nodes is None else nodes)
    version, date, source = _version_of(tree, result["render_node"], ask_node)
    if version is None and not privileged:
        version, source = _carried(tree, result)
    result.update(version=version, date=date, version_source=source)
    return result
