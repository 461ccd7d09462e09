# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's own librknnrt.so 1.5.2, run by our modules on an emulated board with stand-in drivers.

What it asks of a driver is written down in tests/lab/driver/README.md, and held against that here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from witness import vendor

pytestmark = [pytest.mark.board, pytest.mark.faults_only]

ETIMEDOUT_WORDS = "-1 Connection timed out"


@pytest.fixture(scope="module", name="vendor_files")
def vendor_files_fixture(tmp_path_factory):
    """Return the runtime and a genuine model (None where the toolkit cannot be had)."""
    try:
        library = vendor.runtime()
    except vendor.UnavailableError as error:
        pytest.skip(str(error))
    try:
        return library, vendor.models(tmp_path_factory.mktemp("genuine"), "rk3588")["rk3588"]
    except vendor.UnavailableError as error:
        print(error)
        return library, None


@pytest.fixture(scope="module", name="board")
def board_fixture(boards):
    """Return a board like the mission's, of the other lane (tests/conftest.py)."""
    return boards("vendor")


@pytest.fixture(scope="module", name="headers")
def headers_fixture(root, board, tmp_path_factory):
    """Return the headers of the board's kernel, from the board."""
    folder = tmp_path_factory.mktemp("headers")
    with (folder / "headers.deb").open("wb") as package:
        subprocess.run(
            [str(root / "tests/lab/lab"), "ssh", board.name, "--", 'cat "/srv/apt/linux-headers-$(uname -r)"_*.deb'], stdout=package,
            stdin=subprocess.DEVNULL, check=True, timeout=300, env=board.environ,
        )
    subprocess.run(["dpkg-deb", "-x", str(folder / "headers.deb"), str(folder)], check=True)
    return next((folder / "usr/src").iterdir())


@pytest.fixture(scope="module", name="module")
def module_fixture(root, headers, tmp_path_factory):
    """Return a function that builds a stand-in driver for the board with the collection's build files, on this machine."""

    def build(version):
        name = "rknpu_" + version.replace(".", "")
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(root / "roles/driver/files/dkms", folder, dirs_exist_ok=True)
        generate = [sys.executable, "-B", str(root / "tests/lab/driver/generate.py")]
        subprocess.run([*generate, "--version", version, "--output", str(folder / "vendor")], check=True)
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "KBUILD_"))}
        done = subprocess.run(
            ["make", "-C", str(headers), f"M={folder}", "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-", "CC=aarch64-linux-gnu-gcc",
             f"RKFLEET_MODULE={name}", "modules"],
            env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )
        assert done.returncode == 0, done.stdout
        return folder / f"{name}.ko"

    return build


@pytest.fixture(scope="module", name="said")
def said_fixture(root, board, play, vendor_files, module, tmp_path_factory):
    """Return what the vendor's runtime said in each case; the board is reset afterwards."""
    folder = tmp_path_factory.mktemp("vendor")
    library, model = vendor_files
    for name in ("model", "picture"):
        output = folder / {"model": "mobilenet_v1.rknn", "picture": "cat.png"}[name]
        subprocess.run([sys.executable, "-B", str(root / f"tests/lab/runtime/{name}.py"), "--output", str(output)], check=True)
    trace = folder / "trace.so"
    subprocess.run(
        ["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(trace),
         str(root / "tests/witness/trace.c"), "-ldl"], check=True,
    )
    variables = {
        "vendor_board": board.name, "vendor_runtime": str(library), "vendor_runtime_sha256": vendor.RUNTIME_SHA256,
        "vendor_trace": str(trace), "vendor_model": str(model or folder / "mobilenet_v1.rknn"), "vendor_picture": str(folder / "cat.png"),
        "vendor_modules": [str(module("0.6.0")), str(module("0.9.6"))], "vendor_result": str(folder / "said.json"),
    }
    board.reset()
    try:
        run = play("tests/integration/vendor/vendor_runtime.yml", "-e", json.dumps(variables), board=board)
        assert run.rc == 0
        yield json.loads((folder / "said.json").read_text())
    finally:
        board.reset()


@pytest.fixture(name="genuine")
def genuine_fixture(said, vendor_files):
    """Return what was said of a genuine model."""
    if not vendor_files[1]:
        pytest.skip("the vendor's toolkit cannot be had, so there is no genuine model")
    return said


def test_it_is_recognised(said):
    runtime = said["runtime"]
    assert (runtime["version"], runtime["build"]) == (vendor.RUNTIME_VERSION, vendor.RUNTIME_BUILD)
    assert runtime["sha256"] == vendor.RUNTIME_SHA256
    # By its own word too, which needs a driver it accepts.
    assert said["built_in"]["sdk_version"] == f"{vendor.RUNTIME_VERSION} ({vendor.RUNTIME_BUILD})"
    assert said["built_in"]["driver_version"] == "0.9.3"


def test_without_a_driver_the_device_is_at_fault(said):
    assert said["without"]["diagnosis"] == "device"
    assert said["without"]["evidence"] == "failed to open rknpu module, need to insmod rknpu dirver!"


def test_a_driver_too_old_is_at_fault_in_its_own_words(said):
    assert said["too_old"]["diagnosis"] == "driver"
    assert said["too_old"]["evidence"] == (
        f"Mismatch driver version, librknnrt version: {vendor.RUNTIME_VERSION} ({vendor.RUNTIME_BUILD}) requires driver version >= 0.7.0, "
        "but you have driver version: 0.6.0 which is incompatible!"
    )
    assert said["too_old"]["remedy"].startswith("driver 0.6.0 is older than 0.7.0, which this runtime requires")


def test_it_prints_the_reported_failure_itself(genuine):
    answer = genuine["built_in"]
    assert answer["diagnosis"] == "driver"
    assert re.match(
        r"failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, flags: 0x5, task start: 0, "
        r"task number: \d+, run task counter: 0, int status: 0; kernel log: RKNPU: failed to wait job",
        answer["evidence"],
    )
    assert answer["remedy"].startswith("driver 0.9.3 cannot run jobs on kernel 6.1.")


def test_a_driver_that_accepts_jobs_runs_a_whole_inference(genuine):
    """The stand-in takes the jobs and computes nothing, so every score is next to 0, and that is what is said."""
    answer = genuine["takes_jobs"]
    assert not [line for line in answer["log"] if "failed" in line]
    assert answer["driver_version"] == "0.9.6"
    assert answer["latency_ms"]["runs"] == 2
    assert answer["diagnosis"] == "driver" and answer["evidence"].startswith("all 1001 scores are 0 or next to it")


def test_every_request_to_the_driver_is_documented(root, genuine):
    asked = re.findall(r"^ioctl ([0-9a-f]{8})", genuine["trace"], re.M)
    page = (root / "tests/lab/driver/README.md").read_text()
    written = re.findall(r"^\| 0x([0-9a-f]{8}) \|", page, re.M)
    assert set(asked) == set(written)
    # In this order each is asked for the first time.
    assert list(dict.fromkeys(asked)) == written


def test_its_job_has_the_form_the_stand_in_checks(genuine):
    job = re.search(rf"^ioctl c0686441 {ETIMEDOUT_WORDS} in ((?: ?[0-9a-f]+)+) out", genuine["trace"], re.M)
    words = [int(word, 16) for word in job.group(1).split()]
    flags, timeout, start, number, counter = words[:5]
    assert (flags, timeout, start, counter) == (5, 6000, 0, 0)
    core_mask, fence, pairs = words[14], words[15], words[16:]
    # Any core: each of the three is given the whole list, which counts three times.
    assert core_mask == 0 and fence == 0xFFFFFFFF
    assert pairs == [0, number // 3] * 3 + [0] * 4
