# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The compatibility data: sound as shipped, merged as promised, wrong data named."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import version
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility

DATA = compatibility.load()


def test_shipped_data_is_sound():
    assert compatibility.validate(DATA) == []


def test_shipped_data_against_a_full_validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(compatibility._schema())
    jsonschema.validate(DATA, compatibility._schema())


@pytest.mark.parametrize("section", ["drivers", "runtimes", "models", "pictures", "socs", "kernels"])
def test_every_row_states_its_source(section):
    assert all(row.get("source") and row.get("confidence") for row in DATA[section].values())


def test_the_default_driver_and_everything_it_needs_are_available():
    driver = DATA["drivers"][DATA["defaults"]["driver"]]
    runtime = DATA["runtimes"][driver["runtime"]]
    model = DATA["models"][runtime["model"]]
    assert driver["sha256"] and runtime["sha256"] and model["soc"]["rk3588"]["git_blob"]
    assert abs(sum(score for unused, score in model["expected_top5"]) - 237 / 256) < 1e-9


def test_unsupported_kernels_have_a_reason_and_a_remedy():
    for key, row in DATA["kernels"].items():
        assert version.kernel(key)
        assert row["supported"] or (row["reason"] and row["remedy"])


def test_merge():
    data = compatibility.merged(
        {
            "drivers": {
                "0.9.6": {"sha256": "a" * 64}, "0.9.9": {"path": "x/y.tar.bz2", "sha256": "b" * 64, "runtime": "2.3.2"},
                "0.9.8": None,
            },
            "runtimes": {"2.3.2": {"driver_floor": {"requires": "0.9.0"}}},
        }
    )
    assert compatibility.validate(data) == []
    # A hash of its own describes another file: the size of the old one goes.
    assert data["drivers"]["0.9.6"]["sha256"] == "a" * 64 and "size" not in data["drivers"]["0.9.6"]
    assert data["drivers"]["0.9.6"]["path"] == DATA["drivers"]["0.9.6"]["path"]
    assert "0.9.8" not in data["drivers"] and "0.9.9" in data["drivers"]
    assert data["runtimes"]["2.3.2"]["driver_floor"] == {"requires": "0.9.0", "recommends": "0.9.2"}
    assert data["runtimes"]["2.3.2"]["sha256"] == DATA["runtimes"]["2.3.2"]["sha256"]
    assert compatibility.load() == DATA


@pytest.mark.parametrize(
    "user, error",
    [
        ({"drivers": {"0.9.6": {"sha256": "zz"}}}, "drivers.0.9.6.sha256: 'zz' is not in the form expected"),
        ({"drivers": {0.9: {}}}, "drivers.0.9 is not a valid key (versions are written in quotes)"),
        (
            {"drivers": {"0.9.6": {"path": "../../etc/passwd"}}},
            "drivers.0.9.6.path: '../../etc/passwd' is not in the form expected",
        ),
        (
            {"drivers": {"0.9.6": {"path": "/etc/passwd"}}},
            "drivers.0.9.6.path: '/etc/passwd' is not in the form expected",
        ),
        (
            {"drivers": {"0.9.9": {"path": "x", "runtime": "2.3.2"}}},
            "drivers.0.9.9 has a path but neither sha256 nor git_blob: nothing is downloaded without a checksum",
        ),
        (
            {"drivers": {"0.9.9": {"path": "x", "sha256": "a" * 64}}},
            "drivers.0.9.9.runtime is missing: the runtime that goes with it",
        ),
        ({"drivers": {"0.9.6": {"runtime": "3.0.0"}}}, "drivers.0.9.6.runtime: runtimes has no row 3.0.0"),
        ({"drivers": {"0.9.6": "x"}}, "drivers.0.9.6 must be of type object"),
        ({"defaults": {"driver": "7.7"}}, "defaults.driver: drivers has no row 7.7"),
        ({"driver": {}}, "driver is not a known key"),
        (
            {"models": {"mobilenet_v1-2.x": {"tolerance": "1/256"}}},
            "models.mobilenet_v1-2.x.tolerance must be of type number",
        ),
        (
            {"models": {"mobilenet_v1-2.x": {"expected_top5": [[1, 2]]}}},
            "models.mobilenet_v1-2.x.expected_top5 has 1 entries",
        ),
        ({"headers": [{"match": "(", "package": "x"}]}, "headers[0].match is not a regular expression"),
        ({"kernels": {"6.11": {"supported": "yes"}}}, "kernels.6.11.supported must be of type boolean"),
        ({"pictures": None}, "pictures is missing"),
    ],
)
def test_wrong_data_is_named(user, error):
    errors = compatibility.validate(compatibility.merged(user))
    assert errors and errors[0].startswith(error)


def test_not_a_dictionary():
    with pytest.raises(ValueError, match="must be a dictionary"):
        compatibility.merged(["x"])


def test_the_newest_driver_is_that_of_the_shipped_data():
    versions = [tuple(map(int, version.split("."))) for version in compatibility.load()["drivers"]]
    assert compatibility.newest_driver() == ".".join(map(str, max(versions)))
