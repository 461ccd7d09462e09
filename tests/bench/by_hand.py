# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The commands a person would type over ssh to upgrade one emulated board, with MobileNet before and after it as in the upgrade.

What thinking and typing takes is not counted.
"""

from __future__ import annotations

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import picture as _picture
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility
from emulated import Board, state_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]

MOBILENET = """
import ctypes, struct
lib, ctx = ctypes.CDLL("/usr/lib/librknnrt.so"), ctypes.c_uint64()
picture = open("/var/tmp/by-hand/picture.rgb", "rb").read()
def check(what, code):
    assert code == 0, (what, code)
check("init", lib.rknn_init(ctypes.byref(ctx), b"/var/tmp/by-hand/mobilenet_v1.rknn", 0, 0, None))
data = ctypes.create_string_buffer(picture, len(picture))
check("inputs", lib.rknn_inputs_set(ctx, 1, struct.pack("<IxxxxQIBxxxII", 0, ctypes.addressof(data), len(picture), 0, 3, 1)))
for run in range(11):
    check("run", lib.rknn_run(ctx, None))
output = ctypes.create_string_buffer(struct.pack("<BBxxIQI", 1, 0, 0, 0, 0).ljust(24, b"\\0"), 24)
check("outputs", lib.rknn_outputs_get(ctx, 1, output, None))
scores = (ctypes.c_float * 1001).from_address(struct.unpack_from("<Q", output.raw, 8)[0])
print(" ".join("%d: %f" % (i, scores[i]) for i in sorted(range(1001), key=lambda i: -scores[i])[:5]))
"""
TOP5 = "283: 0.468750 282: 0.242188 286: 0.105469 464: 0.089844 264: 0.019531"


def artefacts() -> dict:
    """Return the paths on this machine of what the upgrade needs: the lab's file server has them in a folder."""
    inventory = yaml.safe_load((state_folder(ROOT) / "inventory.yml").read_text())["all"]["children"]["lab"]["vars"]
    rows = compatibility.merged(inventory["npu_compatibility"])
    folder = pathlib.Path(json.loads((state_folder(ROOT) / "boards.json").read_text())["server"]["folder"])
    runtime = rows["runtimes"][rows["drivers"]["0.9.6"]["runtime"]]
    model = rows["models"][runtime["model"]]
    return {
        "driver": folder / rows["drivers"]["0.9.6"]["path"],
        "runtime": folder / runtime["path"],
        "model": folder / model["soc"]["rk3588"]["path"],
        "picture": folder / rows["pictures"][model["picture"]]["path"],
    }


def send(board: Board, local: pathlib.Path, remote: str) -> None:
    """Copy a file to the board, as scp would."""
    with open(local, "rb") as stream:
        command = [sys.executable, str(ROOT / "tests/lab/lab"), "ssh", board.name, "--", "cat > " + remote]
        subprocess.run(command, stdin=stream, check=True, timeout=600)


def by_hand(board: Board) -> float:
    """Upgrade the board with the commands a person would type; return the seconds."""
    files = artefacts()
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch, "tree.tar")
        tree.write_bytes(driver_source.archive(
            driver_source.dkms_tree(files["driver"].read_bytes(), str(ROOT / "roles/driver/files/dkms"), "0.9.6", "rknpu_dkms"))[0])
        picture = pathlib.Path(_picture.raw_file(str(files["picture"]), scratch))
        script = base64.b64encode(MOBILENET.encode()).decode()
        started = time.monotonic()
        board.ssh("mkdir -m 700 /var/tmp/by-hand")
        # It fails, as the driver's job runs into its time limit: the upgrade, too, begins with that.
        send(board, files["model"], "/var/tmp/by-hand/mobilenet_v1.rknn")
        send(board, picture, "/var/tmp/by-hand/picture.rgb")
        assert TOP5 not in board.ssh("echo %s | base64 -d | sudo python3 -" % script, check=False)
        send(board, tree, "/var/tmp/by-hand/tree.tar")
        board.ssh("sudo mkdir /usr/src/rknpu-0.9.6")
        board.ssh("sudo tar -C /usr/src/rknpu-0.9.6 -xf /var/tmp/by-hand/tree.tar")
        board.ssh("sudo dkms add -m rknpu -v 0.9.6")
        board.ssh("sudo dkms build -m rknpu -v 0.9.6")
        board.ssh("sudo dkms install -m rknpu -v 0.9.6")
        board.ssh("echo rknpu_dkms | sudo tee /etc/modules-load.d/rknpu.conf")
        board.ssh("sudo sed -i '/^U_BOOT_PARAMETERS/s/\"$/ initcall_blacklist=rknpu_init\"/' /etc/default/u-boot")
        board.ssh("sudo u-boot-update")
        before = board.boot_id()
        board.ssh("sudo systemctl reboot", check=False)
        while (board.ssh("cat /proc/sys/kernel/random/boot_id", check=False).strip() or before) == before:
            time.sleep(1)
        assert board.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip() == "RKNPU driver: v0.9.6"
        board.ssh("sudo cp /usr/lib/librknnrt.so /root/librknnrt.so.old")
        send(board, files["runtime"], "/var/tmp/by-hand/librknnrt.so")
        board.ssh("sudo install -m 644 /var/tmp/by-hand/librknnrt.so /usr/lib/librknnrt.so && sudo ldconfig")
        assert TOP5 in board.ssh("echo %s | base64 -d | sudo python3 -" % script)
        return time.monotonic() - started
