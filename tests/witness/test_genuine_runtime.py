# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's own librknnrt.so 1.5.2, run by the collection's own code under qemu-user with a simulated NPU node.

What it says is diagnosed, and the lab's stand-in runtime has to say the same.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes.diagnosis import diagnose, notes
from field_logs import outcome_and_facts
from witness import arm64, cases, vendor


@pytest.fixture(scope="module", name="node")
def node_fixture(tmp_path_factory):
    """Return the simulated node to preload."""
    try:
        arm64.require_tools()
        arm64.tree()
    except vendor.UnavailableError as error:
        pytest.skip(str(error))
    return arm64.build_node(tmp_path_factory.mktemp("node"))


def outcomes(node, library, model_of, wanted, folder):
    """Return the outcome of each of the wanted cases by its name."""
    asked = []
    for number, case in enumerate(wanted):
        path = folder / f"{number}.rknn"
        path.write_bytes(model_of(case.model))
        asked.append({
            "library": str(library), "model": str(path), "settings": case.settings, "runs": 0, "cores": case.cores,
        })  # fmt: skip
    return dict(zip((case.name for case in wanted), arm64.ask(node, asked), strict=True))


@pytest.fixture(scope="module", name="library")
def library_fixture():
    """Return the vendor's runtime."""
    try:
        return vendor.runtime()
    except vendor.UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", name="genuine")
def genuine_fixture(node, library, models, tmp_path_factory):
    """Return the outcome of each case with the vendor's runtime and models of its toolkit."""

    def model_of(name):
        return models[name].read_bytes() if name in models else cases.DAMAGE[name](models["rk3588"].read_bytes())

    return outcomes(node, library, model_of, cases.CASES, tmp_path_factory.mktemp("genuine"))


@pytest.fixture(scope="module", name="lab_folder")
def lab_folder_fixture(root, tmp_path_factory):
    """Return a folder with the lab's librknnrt.so and its model, `whole`."""
    folder, lab = tmp_path_factory.mktemp("stand-in"), root / "tests/lab/runtime"

    def make(name, *words):
        subprocess.run([sys.executable, "-B", str(lab / f"{name}.py"), *words], check=True, stdout=subprocess.DEVNULL)

    make("build", "--version", vendor.RUNTIME_VERSION, "--output", str(folder))
    make("model", "--version", "2.3.2", "--output", str(folder / "whole"))
    return folder


@pytest.fixture(scope="module", name="stand_in")
def stand_in_fixture(node, lab_folder):
    """Return the outcome of each case with the lab's runtime and model."""
    folder = lab_folder
    whole = (folder / "whole").read_bytes()

    def model_of(name):
        return (
            cases.DAMAGE[name](whole) if name in cases.DAMAGE else whole.replace(b'"rk3588"', b'"%s"' % name.encode())
        )

    return outcomes(node, folder / "librknnrt.so", model_of, [case for case in cases.CASES if case.stand_in], folder)


def end(outcome):
    """Return how an inference ended: the code, the name of the signal, or None."""
    return signal.Signals(outcome["signal"]).name if outcome["signal"] else outcome["code"]


def diagnosis(case, outcome):
    """Return the diagnosis of an outcome on the board of a case."""
    return diagnose(outcome, outcome_and_facts(case.known, case.stage, [])[1])


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.name)
def test_what_the_runtime_says_is_diagnosed(genuine, case):
    outcome = genuine[case.name]
    assert (outcome["stage"], end(outcome)) == (case.stage, case.end), outcome["log"]
    name, evidence, remedy, unused = diagnosis(case, outcome)
    assert (name, case.evidence in evidence, case.remedy in remedy) == (case.diagnosis, True, True), (
        evidence,
        remedy,
        outcome["log"],
    )
    assert "http" not in evidence


def lines(log):
    """Return a log without times and without what differs between the two models."""
    text = [re.sub(r"^([EWI] RKNN: )\[[0-9:.]+\] ", r"\1", line) for line in log]
    text = [re.sub(r"(size: |vs |task number: )-?\d+", r"\1N", line) for line in text]
    text = [re.sub(r"toolkit version: .*", "", line) for line in text]
    return [re.sub(r"RKNN Model version: [\d.]+", "RKNN Model version: N", line) for line in text]


@pytest.mark.parametrize("case", [case for case in cases.CASES if case.stand_in], ids=lambda case: case.name)
def test_the_stand_in_says_the_same(genuine, stand_in, case):
    real, ours = genuine[case.name], stand_in[case.name]
    assert lines(ours["log"]) == lines(real["log"])
    assert (ours["stage"], end(ours)) == (real["stage"], end(real))
    assert (ours["cores"], ours["core"], ours["driver_version"], ours["sdk_version"]) == (
        real["cores"],
        real["core"],
        real["driver_version"],
        real["sdk_version"],
    )
    assert diagnosis(case, ours)[0] == diagnosis(case, real)[0] == case.diagnosis
    # The models were made with different toolkits.
    remedies = [re.sub(r"with toolkit [\d.]+", "with toolkit N", diagnosis(case, which)[2]) for which in (ours, real)]
    assert remedies[0] == remedies[1]


@pytest.mark.parametrize(
    ("platform", "hardware"), [("rk3588", "0x46495245"), ("rk3568", "0")], ids=["three cores", "one core"]
)
def test_the_stand_in_answers_calls_the_same(node, library, models, lab_folder, tmp_path, platform, hardware):
    model = tmp_path / "model.rknn"
    model.write_bytes((lab_folder / "whole").read_bytes().replace(b'"rk3588"', b'"%s"' % platform.encode()))
    settings = {"RKFLEET_FAKE_HARDWARE": hardware, "RKNN_LOG_LEVEL": "2"}
    real = arm64.run(node, "call.py", str(library), str(models[platform]), **settings)
    ours = arm64.run(node, "call.py", str(lab_folder / "librknnrt.so"), str(model), **settings)
    assert lines(ours.splitlines()) == lines(real.splitlines())


def test_a_single_core_is_not_chosen(genuine):
    """On an SoC with one core the runtime refuses to choose one: the others are named as not tried."""
    outcome = genuine["no core can be chosen"]
    assert (outcome["cores"], outcome["core"]) == ([], -1)
    assert any("rknn_set_core_mask: No implementation found for current platform!" in line for line in outcome["log"])
    assert notes(outcome, 3)[-1] == "1 of 3 cores of the NPU were tried: this runtime cannot choose the others"
    assert genuine["three cores that work"]["cores"] == [0, 1, 2]


def test_advice_is_a_note(genuine):
    other_release = f"RKNN Model version: {vendor.TOOLKIT_VERSION} not match with rknn runtime version: 1.5.2"
    for version, recommended in (("0.8.2", True), ("0.8.8", False), ("0.9.6", False)):
        *advice, last = notes(genuine[f"jobs fail, driver {version}"])
        assert last == other_release
        assert bool(advice) is recommended
