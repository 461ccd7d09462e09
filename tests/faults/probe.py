# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Run as root on a board by the fault matrix: what it is and whether its NPU answers, as JSON. Nothing of the collection is used.

The folder of this file holds the picture as raw bytes and, for each release of the runtime, MODEL-VERSION.rknn.
"""

import ctypes
import glob
import hashlib
import json
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = "/usr/lib/librknnrt.so"


def text(path):
    """Return a file's text, or an empty one."""
    try:
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""


def runtime():
    """Return the runtime's version and digest as its file says, "" where there is none."""
    try:
        with open(LIBRARY, "rb") as stream:
            content = stream.read()
    except OSError:
        return "", ""
    found = re.search(rb"librknnrt version: ([0-9.]+)", content)
    return found.group(1).decode() if found else "?", hashlib.sha256(content).hexdigest()


def mobilenet(model):
    """Run one inference in this process and print the Top5."""
    library, context = ctypes.CDLL(LIBRARY), ctypes.c_uint64()
    with open(os.path.join(HERE, "picture.rgb"), "rb") as stream:
        picture = stream.read()

    def check(what, code):
        if code:
            print("%s: %d" % (what, code))
            sys.exit(3)

    check("rknn_init", library.rknn_init(ctypes.byref(context), model.encode(), 0, 0, None))
    data = ctypes.create_string_buffer(picture, len(picture))
    check("rknn_inputs_set", library.rknn_inputs_set(context, 1, struct.pack("<IxxxxQIBxxxII", 0, ctypes.addressof(data), len(picture), 0, 3, 1)))
    check("rknn_run", library.rknn_run(context, None))
    output = ctypes.create_string_buffer(struct.pack("<BBxxIQI", 1, 0, 0, 0, 0).ljust(24, b"\0"), 24)
    check("rknn_outputs_get", library.rknn_outputs_get(context, 1, output, None))
    scores = (ctypes.c_float * 1001).from_address(struct.unpack_from("<Q", output.raw, 8)[0])
    print(" ".join("%d: %f" % (i, scores[i]) for i in sorted(range(1001), key=lambda i: -scores[i])[:5]))


def says(*words):
    """Return what systemctl says in one word."""
    return subprocess.run(["systemctl", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode().strip()


def main():
    """Look at everything."""
    if len(sys.argv) > 1:
        mobilenet(sys.argv[1])
        return
    version, digest = runtime()
    models = sorted(glob.glob(os.path.join(HERE, "model-%s.rknn" % version))) or sorted(glob.glob(os.path.join(HERE, "model-*.rknn")))
    try:
        again = [sys.executable, os.path.abspath(__file__), models[-1]]
        done = subprocess.run(again, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=False)
        answer = done.stdout.decode().splitlines()[-1:] or ["ended with %d" % done.returncode]
        answer = answer[0]
    except subprocess.TimeoutExpired:
        answer = "no answer within 30 s"
    try:
        state = json.loads(text("/var/lib/rkfleet-npu/state.json") or "{}")
        state = state if isinstance(state, dict) else {}
    except (ValueError, RecursionError) as error:
        state = {"state": "broken", "why": "state.json cannot be read: %s" % error}
    print(json.dumps({
        "boot_id": text("/proc/sys/kernel/random/boot_id"),
        "kernel": os.uname().release,
        "driver": text("/sys/kernel/debug/rknpu/version").rpartition(" v")[2],
        "modules": [line.split()[0] for line in text("/proc/modules").splitlines() if line.startswith("rknpu")],
        "cmdline": text("/proc/cmdline"),
        "runtime": version,
        "runtime_sha256": digest,
        "answer": answer,
        "state": state,
        "pending": os.path.isdir("/var/lib/rkfleet-npu/pending"),
        # The guard is at work, or the board goes down: what it restored may not run yet.
        "busy": says("is-active", "rkfleet-npu-watch.service") == "active" or says("is-system-running") == "stopping",
        "units": sorted(os.path.basename(path) for path in glob.glob("/etc/systemd/system/*/rkfleet-npu-*")),
        "uptime": float(text("/proc/uptime").split()[0]),
    }))


main()
