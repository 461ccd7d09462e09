# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's unmodified driver on emulated boards, whose modelled NPU completes its jobs; then the vendor's runtime.

The tests of a kind of board go on from one another. Where the driver's source is not available they are skipped (see
tests/builds/vendor_source.py), as are those of the runtime without PyPI (tests/witness).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from builds import vendor_source
from witness import vendor

pytestmark = [pytest.mark.board, pytest.mark.faults_only]

UPGRADE = "playbooks/upgrade-npu.yml"
TOP1 = "283: 0.468750"
VERSIONS = ("0.9.6", "0.9.8")
# By kind: what a board comes with, and what the driver is called afterwards. A kind's tests follow one another; stock
# is last, as the vendor's runtime runs on it.
KINDS = {
    "vendor": ("0.9.3", "rknpu_dkms"), "grub": ("0.9.3", "rknpu_dkms"), "module": ("0.9.3", "rknpu"),
    "stock": ("none", "rknpu"),
}


def line_of(run, board):
    """Return the board's line of the table at the end."""
    return next(line for line in run.output.splitlines() if line.startswith(board.name + " ") and "." in line)


@pytest.fixture(scope="module")
def driver_files(tmp_path_factory):
    """Return the folder with the vendor's drivers; skips where they are not available."""
    folder = tmp_path_factory.mktemp("vendor")
    try:
        for version in VERSIONS:
            vendor_source.tarball(version)
    except vendor_source.NoSource as reason:
        pytest.skip(f"the vendor's driver: {reason}")
    return folder


@pytest.mark.case(
    case="the vendor's unmodified 0.9.6, then 0.9.8, on a vendor kernel (U-Boot or GRUB, driver built in or a module) "
         "and on Debian's", plan="dkms_over_builtin, dkms",
    result="built, activated by a reboot, MobileNet works on each of the three cores of the modelled NPU")
@pytest.mark.parametrize(("kind", "version"), [(kind, version) for kind in KINDS for version in VERSIONS])
def test_the_vendors_driver_completes_its_jobs(boards, play, driver_files, kind, version):
    came_with, module = KINDS[kind]
    board = boards(kind)
    variables = vendor_source.boards_variables(board.inventory_file, driver_files, VERSIONS)
    wanted = {"npu_driver_version": version, "npu_driver_policy": "exact"}
    run = play(UPGRADE, "-e", json.dumps({**variables, **wanted}), board=board)
    assert run.rc == 0
    line = line_of(run, board)
    before = came_with if version == VERSIONS[0] else VERSIONS[0]
    assert f"{before} → {version}" in line and TOP1 in line and line.endswith("ok")
    assert board.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip() == f"RKNPU driver: v{version}"
    assert board.ssh("lsmod").count(f"{module} ") == 1
    verified = json.loads(board.ssh("cat /etc/ansible/facts.d/npu.fact"))["verification"]
    assert verified["cores"] == [0, 1, 2]
    # Not the stand-in, which says so; and no job ran into its time limit.
    said = board.ssh("sudo dmesg")
    after = said[said.rindex(f"Initialized rknpu {version}"):]
    assert "stand-in" not in after and not re.search("failed to wait job|job timeout|soft reset", after)


# -- the vendor's runtime and a genuine model, with the vendor's driver ---------------------------------------------


@pytest.fixture(scope="module")
def genuine(root, boards, play, tmp_path_factory):
    """Return what a MobileNet run of the vendor's runtime 1.5.2 answered on the board of the last test above."""
    folder = tmp_path_factory.mktemp("genuine")
    try:
        library, model = vendor.runtime(), vendor.models(folder, "rk3588")["rk3588"]
    except vendor.UnavailableError as reason:
        pytest.skip(str(reason))
    board = boards("stock")
    if VERSIONS[1] not in board.ssh("sudo cat /sys/kernel/debug/rknpu/version", check=False):
        pytest.skip(f"the board does not run the vendor's driver {VERSIONS[1]}")
    picture = folder / "cat.png"
    subprocess.run(
        [sys.executable, "-B", str(root / "tests/lab/runtime/picture.py"), "--output", str(picture)], check=True)
    variables = {
        "vendor_board": board.name, "vendor_runtime": str(library), "vendor_runtime_sha256": vendor.RUNTIME_SHA256,
        "vendor_model": str(model), "vendor_picture": str(picture), "vendor_result": str(folder / "answer.json"),
    }
    run = play("tests/integration/vendor/vendor_driver.yml", "-e", json.dumps(variables), board=board)
    assert run.rc == 0
    return json.loads((folder / "answer.json").read_text())


def test_the_vendors_runtime_and_driver_complete_an_inference_that_computes_nothing(genuine):
    """rknn_init and rknn_run answer 0 on each core; every score is what the runtime makes of an output nobody wrote."""
    assert genuine["driver_version"] == VERSIONS[1]
    assert genuine["sdk_version"] == f"{vendor.RUNTIME_VERSION} ({vendor.RUNTIME_BUILD})"
    assert not [line for line in genuine["log"] if "failed" in line]
    assert genuine["cores"] == [0, 1, 2] and genuine["latency_ms"]["runs"] == 2
    scores = {entry["score"] for entry in genuine["top5"]}
    assert len(scores) == 1 and scores.pop() < 0.001
    assert genuine["diagnosis"] == "driver" and genuine["evidence"].startswith("all 1001 scores are 0 or next to it")
