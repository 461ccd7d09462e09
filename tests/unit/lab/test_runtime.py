# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The stand-in runtime, and the inference code against it: built for this machine, with a pretended device."""

from __future__ import annotations

import importlib.util
import pathlib
import shutil
import subprocess
import sys

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference import child
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes import diagnosis as _diagnosis
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import rknn_model

LAB = pathlib.Path(__file__).resolve().parents[3] / "tests/lab/runtime"
EXPECTED = [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")


def load(name):
    """A script of the lab as a module."""
    sys.path.insert(0, str(LAB))
    try:
        spec = importlib.util.spec_from_file_location("rkfleet_lab_" + name, LAB / (name + ".py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(LAB))


@pytest.fixture(scope="session")
def build():
    return load("build")


@pytest.fixture(scope="session")
def picture():
    return load("picture").draw()


@pytest.fixture(scope="session")
def model():
    return load("model").model("1.6.0")


@pytest.fixture(scope="session")
def library(build, tmp_path_factory):
    """Path of the library of a release, built once."""
    built = {}

    def get(version="2.3.2"):
        if version not in built:
            built[version] = build.build(version, tmp_path_factory.mktemp("runtime"), native=True, fake_device=True)
        return str(built[version])

    return get


@pytest.fixture(name="infer")
def infer_fixture(library, model, picture):
    def infer(version="2.3.2", model=model, picture=picture, runs=3, timeout=20, cores=1):
        return child.infer(library(version), model, picture, runs, timeout, cores)

    return infer


@pytest.fixture(autouse=True)
def device(monkeypatch):
    """Set what the pretended device does."""
    def set_device(**settings):
        for name, value in settings.items():
            monkeypatch.setenv("RKFLEET_FAKE_" + name.upper(), value)

    set_device(driver="0.9.6", submit="ok", memory="ok")
    return set_device


def diagnose(outcome, **facts):
    return _diagnosis.diagnose(outcome, dict(
        {"expected": EXPECTED, "tolerance": 1 / 256, "wanted_driver": "0.9.6", "kernel": "6.1.84"}, **facts))


@pytest.mark.parametrize("version", ["2.3.2", "1.6.0", "1.5.2"])
def test_the_picture_gives_the_missions_top5(infer, version):
    outcome = infer(version)
    assert outcome["top"][:5] == [[283, 0.46875], [282, 0.242188], [286, 0.105469], [464, 0.089844], [264, 0.019531]]
    assert diagnose(outcome)[0] == "ok"
    assert len(outcome["elapsed"]) == 3
    assert outcome["sdk_version"].startswith(version + " (")
    assert outcome["driver_version"] == "0.9.6"


def test_both_spellings_of_the_log(infer):
    assert any("RKNN Driver Information, version: 0.9.6" in line for line in infer("1.6.0")["log"])
    assert any("RKNN Driver Information: version: 0.9.6" in line for line in infer("1.5.2")["log"])


@pytest.mark.parametrize("shift", [-3, 3])
def test_another_decoder_of_the_picture_gives_the_same_result(infer, picture, shift):
    shifted = bytes(min(255, max(0, level + shift)) for level in picture)
    assert diagnose(infer(picture=shifted))[0] == "ok"


@pytest.mark.parametrize("change", [
    lambda rgb: bytes(len(rgb)),
    lambda rgb: rgb[::-1],
    lambda rgb: bytes(min(255, level + 20) for level in rgb),
    lambda rgb: rgb[:60000] + bytes(len(rgb) - 60000),
])
def test_another_picture_gives_something_else(infer, picture, change):
    diagnosis, evidence, remedy, unused = diagnose(infer(picture=change(picture)))
    assert diagnosis == "model"
    assert "expected" in evidence
    assert remedy


def test_the_missions_failure_is_the_drivers(infer, device):
    device(driver="0.9.3", submit="fail")
    outcome = infer("1.6.0")
    diagnosis, evidence, remedy, unused = diagnose(outcome)
    assert diagnosis == "driver"
    line = (
        "failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, flags: 0x5, "
        "task start: 0, task number: 38, run task counter: 0, int status: 0"
    )
    assert evidence == line  # without the advice
    advice = ", please try updating to the latest version of the toolkit2 and runtime from: "
    assert any(line + advice in told for told in outcome["log"])
    assert (outcome["stage"], outcome["code"]) == ("rknn_run", -1)
    assert remedy.startswith("driver 0.9.3 cannot run jobs on kernel 6.1.84: upgrade it to 0.9.6")


def test_with_older_drivers_a_failed_job_gives_zeros(infer, device):
    """As the vendor's runtime does: tests/witness."""
    device(driver="0.8.2", submit="fail")
    outcome = infer("1.6.0")
    assert (outcome["stage"], outcome["code"]) == ("done", None)
    assert not any(score for dummy, score in outcome["top"])
    diagnosis, evidence, remedy, unused = diagnose(outcome)
    assert diagnosis == "driver" and evidence.startswith("failed to submit!, op id: 1")
    assert remedy.startswith("driver 0.8.2 cannot run jobs")


@pytest.mark.parametrize("version", ["0.9.1", "0.9.6"])
def test_a_dead_core_is_named_with_any_driver(infer, device, version):
    device(driver=version, dead_core="4")
    outcome = infer(cores=3)
    assert (outcome["cores"], outcome["core"]) == ([0, 1], 2)
    assert diagnose(outcome)[1].startswith("core 2 of the NPU: failed to submit!, op id: 1")


def test_on_a_single_core_there_is_nothing_to_choose(infer, device, model):
    device(hardware="0")
    outcome = infer(model=model.replace(b'"rk3588"', b'"rk3568"'), cores=2)
    assert (outcome["stage"], outcome["cores"]) == ("done", [])
    assert any("rknn_set_core_mask: No implementation found for current platform!" in line for line in outcome["log"])


def test_a_request_for_memory_that_fails_ends_in_a_crash(infer, device):
    for call, line in (("memory", "allocate handle"), ("map", "get map offset"), ("prime", "convert handle(1) to fd")):
        device(**{"memory": "ok", "map": "ok", "prime": "ok", call: "38"})
        outcome = infer()
        assert (outcome["stage"], outcome["signal"]) == ("rknn_init", 11)
        assert f"failed to {line}, ret: -1, errno: 38" in diagnose(outcome)[1]


@pytest.mark.parametrize(("version", "settings", "diagnosis", "evidence"), [
    ("2.3.2", {"node": "/dev/rknpu"}, "device", "Meet unsupported target type: 0xffffffff"),
    ("2.3.2", {"name": "rockchip"}, "device", "need to insmod rknpu dirver!"),
    ("2.3.2", {"node": "/dev/dri/renderD129"}, "device", "need to insmod rknpu dirver!"),
    ("2.3.2", {"hardware": "0"}, "device", "failed to check rknpu hardware version: 0"),
    ("2.3.2", {"driver": "none"}, "device", "need to insmod rknpu dirver!"),
    ("2.3.2", {"driver": "denied"}, "device", "need to insmod rknpu dirver!"),
    ("1.5.2", {"driver": "0.6.2"}, "driver", "requires driver version >= 0.7.0, but you have driver version: 0.6.2"),
    ("1.4.0", {}, "runtime", "Invalid RKNN model version 6"),
    ("2.3.2", {"memory": "fail"}, "memory", "failed to allocate handle"),
    ("2.3.2", {"submit": "crash"}, "crash", "SIGSEGV in rknn_run"),
    ("2.3.2", {"submit": "abort"}, "crash", "SIGABRT in rknn_run"),
])
def test_faults_of_the_board(infer, device, version, settings, diagnosis, evidence):
    device(**settings)
    found = diagnose(infer(version))
    assert found[0] == diagnosis
    assert evidence in found[1]


def test_the_log_survives_a_crash(infer, device):
    device(submit="crash")
    assert "RKNN Driver Information, version: 0.9.6" in " ".join(infer()["log"])


def test_a_recommended_driver_is_only_a_note(infer, device):
    device(driver="0.8.2")
    outcome = infer("1.6.0")
    assert diagnose(outcome)[0] == "ok"
    assert "recommend to upgrade" in _diagnosis.notes(outcome)[0]


def test_a_hang_ends_at_the_time_limit(infer, device):
    device(submit="hang")
    outcome = infer(timeout=1)
    assert outcome["timed_out"] and not outcome["stuck"]
    assert diagnose(outcome)[:2] == ("timeout", "no answer within 1 s, last call: rknn_run")


@pytest.mark.parametrize("damage", [
    lambda model: model[: len(model) // 2],
    lambda model: model[:-1],
    lambda model: model[:40],
    lambda model: b"",
    lambda model: b"PK\3\4" + model[4:],
    lambda model: model[:300000] + bytes([model[300000] ^ 1]) + model[300001:],
    lambda model: model.replace(b'"rk3588"', b'"rk3568"'),
])
def test_a_damaged_or_foreign_model(infer, model, damage):
    found = diagnose(infer(model=damage(model)))
    assert found[0] == "model"


@pytest.mark.parametrize("content", [None, b"", b"\x7fELF truncated"])
def test_a_library_that_cannot_be_loaded(model, picture, tmp_path, content):
    path = tmp_path / "librknnrt.so"
    if content is not None:
        path.write_bytes(content)
    found = diagnose(child.infer(str(path), model, picture, 1, 20))
    assert found[0] == "runtime"
    assert str(path) in found[1]


def test_a_library_of_something_else(model, picture, tmp_path):
    source = tmp_path / "other.c"
    source.write_text("int something(void) { return 0; }\n")
    path = tmp_path / "librknnrt.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(path), str(source)], check=True)
    found = diagnose(child.infer(str(path), model, picture, 1, 20))
    assert found[0] == "runtime"
    assert "rknn_init" in found[1]


NOISY = r"""
#include <stdio.h>
#include <unistd.h>
int rknn_init(void *a, void *b, unsigned c, unsigned d, void *e) {
    for (int i = 0; i < 200000; i++) printf("E RKNN: [00:00:00.000] \033[2Jline %d\n", i);
    fork();
    return -1;
}
#define NOTHING(name) int name(void) { return 0; }
NOTHING(rknn_query) NOTHING(rknn_inputs_set) NOTHING(rknn_run) NOTHING(rknn_outputs_get)
NOTHING(rknn_outputs_release) NOTHING(rknn_destroy)
"""


def test_a_flood_of_lines_is_cut(model, picture, tmp_path):
    (tmp_path / "noisy.c").write_text(NOISY)
    path = tmp_path / "librknnrt.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(path), str(tmp_path / "noisy.c")], check=True)
    log = child.infer(str(path), model, picture, 1, 30)["log"]
    assert len(log) <= child.LOG_LINES + 1
    assert log[0].endswith("line 0") and log[-1].endswith("line 199999")
    assert not any("\033" in line for line in log)


def test_a_picture_of_the_wrong_size_is_refused(infer):
    with pytest.raises(ValueError, match="150528"):
        infer(picture=b"abc")


def test_the_board_library_is_built_the_same_twice(build, tmp_path):
    if not shutil.which("aarch64-linux-gnu-gcc"):
        pytest.skip("aarch64-linux-gnu-gcc is not installed")
    first, second = (build.build("2.3.2", tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second
    assert b"librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)" in first
    assert b"stand-in" in first
    assert first[18] == 183, "e_machine is not aarch64"


def test_the_model_has_the_vendors_frame_and_states_its_toolkit(model, tmp_path):
    path = tmp_path / "mobilenet_v1.rknn"
    path.write_bytes(model)
    assert rknn_model.check(str(path), "rk3588").toolkit == "1.6.0"
    assert model[:16] == b"RKNN\0\0\0\0\6\0\0\0\0\0\0\0"
    assert b'"version":"1.6.0"' in model
    assert model.count(b"stand-in") >= 2
