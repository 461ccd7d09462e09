# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The rows of the data that say what is where upstream, and what follows from them for boards."""

from __future__ import annotations

import re

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner, rules

DATA = compatibility.load()
SPACE = {"/usr": 5000, "/var": 5000, "/boot": 200, "/lib/modules": 5000}
TAGS = {
    # github.com/airockchip/rknn-toolkit2: its tags before v1.6.0 have no rknpu2/.
    "airockchip/rknn-toolkit2": (
        r"rknpu2/.+", ("v1.6.0", "v2.0.0-beta0", "v2.1.0", "v2.2.0", "v2.3.0", "v2.3.2")),
    # github.com/rockchip-linux/rknpu2: branches.
    "rockchip-linux/rknpu2": (r"(?:runtime|examples)/.+", ("v1.4.0", "v1.5.0", "v1.5.2")),
    # The tarball of 0.9.6 is in one tag only, that of 0.9.8 in the tags after it.
    "airockchip/rknn-llm": (r"rknpu-driver/rknpu_driver_0\.9\.6_20240322\.tar\.bz2", ("release-v1.0.1",)),
    "airockchip/rknn-llm later": (r"rknpu-driver/rknpu_driver_0\.9\.8_20241009\.tar\.bz2",
                                  ("release-v1.1.0", "release-v1.2.0", "release-v1.3.0")),
}
"""What each repository has, by tag or branch: measured by checking them out."""
BLOBS = {
    ("mobilenet_v1-1.4.0", "rk3588"): "185105692c017ab4150a1b48ba42f2b54abef94f",
    ("mobilenet_v1-1.4.0", "rk3568"): "4b0876dae3dc470235ad2cf0658d2f62a34cf633",
    ("mobilenet_v1-1.6.0", "rk3588"): "c51b98f652a336d164fd6569f59ea1ff37e1e6a0",
    ("mobilenet_v1-1.6.0", "rk3568"): "3208c9935d8113fa028566620d9de47fbe61b698",
    ("mobilenet_v1-1.6.0", "rk3562"): "e00058caf0c8c6f6bf72f136fbb34b28ce469649",
    ("mobilenet_v1-2.x", "rk3588"): "d827efff339ebb048a6315378b7175dfba7c68c6",
    ("mobilenet_v1-2.x", "rk3568"): "4f3221d6ef28559d78fc5f62133bd8ff72e993a0",
    ("mobilenet_v1-2.x", "rk3576"): "db8a291dde3460c3330f5d50b7cad5550997d975",
    ("mobilenet_v1-2.x", "rk3562"): "623aa33764943cee2c4f9b0206713ff6e7ac966e",
    ("mobilenet_v1-2.x", "rv1126b"): "a7fb1d0d844411161fd18f5b3b096b9d7ca911b6",
}
RUNTIMES = {
    "1.4.0": "5c886a02670bf258b3ba2c44e98e87fa5fd51fcb", "1.5.0": "cd988f53973f883ed9d4b6f3296308e3d3d25feb",
    "1.5.2": "1a9dc544059529bd1c4d485acb3bc2ffd020f70b", "1.6.0": "39e5cab555ed7ce74be8a79ad63f27e941671967",
    "2.0.0b0": "3329ebc6db5f683e8c44d90e8cf4ec06bc697087", "2.1.0": "3d2b0b03372a446a77c56fba1988d6c47ac30618",
    "2.2.0": "22362e8704bfb83245202ea68a2d293056ffb749", "2.3.0": "ec8a545124751e08aaf6f67c1dc433afcd2e154b",
    "2.3.2": "e53a2b6ec332f2863df5c70cd9f6ebec9dbef397",
}
SERVERS = {
    "1.6.0": ("49a48640bfa76ee9ca1eee79b71c0679c998cdb433dfbde32acb7f628899d780", 442944),
    "2.0.0b0": ("a32edb1ae40ec5e9d57427e20ae1bdadaf5e603d39d211ad0adacfe2e1106f19", 442944),
    "2.1.0": ("6280a43ec61cc3e0c819571833a842c9bb90d2a9d5aa38939ea86c3ce0fb3245", 459816),
    "2.2.0": ("0fd4cfa3b72ace3a9cb773f1a300b486d14fe7cb653657313be46de2d107e5d5", 457680),
    "2.3.0": ("8482513586adc651436940642bc592afa2d5b1a695dae549f97940797d849e38", 455600),
    "2.3.2": ("eea12fe4270fad8aff015056319705b2eb871563ebd001eff8d8788bdd1c0cfa", 455600),
}


def paths(value):
    """Every `path` of the data, whatever its section."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "path":
                yield item
            else:
                yield from paths(item)


@pytest.mark.parametrize("path", sorted(paths(DATA)))
def test_every_path_is_where_its_repository_has_it(path):
    owner, name, tag, rest = path.split("/", 3)
    assert any(tag in tags and re.fullmatch(place, rest) for repository, (place, tags) in TAGS.items()
               if repository.split()[0] == owner + "/" + name), path


def test_every_model_has_its_checksum():
    blobs = {(key, soc): file["git_blob"] for key, row in DATA["models"].items() for soc, file in row["soc"].items()}
    assert blobs == BLOBS


def test_a_models_folder_is_the_socs_own():
    for key, row in DATA["models"].items():
        for soc, file in row["soc"].items():
            folder = "RK356X" if (key, soc) == ("mobilenet_v1-1.4.0", "rk3568") else DATA["socs"][soc]["model_dir"]
            assert f"/model/{folder}/mobilenet_v1.rknn" in file["path"]


def test_every_runtime_has_its_checksum():
    assert {key: row["git_blob"] for key, row in DATA["runtimes"].items()} == RUNTIMES
    assert {key: (row["rknn_server"]["sha256"], row["rknn_server"]["size"]) for key, row in DATA["runtimes"].items()
            if "rknn_server" in row} == SERVERS


@pytest.mark.parametrize("soc", [soc for soc, row in DATA["socs"].items() if "unsupported" not in row])
def test_every_soc_can_be_verified_without_asking_for_a_checksum(board, gather, soc):
    row = DATA["socs"][soc]
    board.base(compatible=("vendor,board", "rockchip," + soc)).npu(row["npu_node"], row["compatible"]).builtin()
    plan = planner.npu_plan(dict(gather(board.headers().tools().u_boot_menu()), space=SPACE), {}, DATA)
    assert plan["action"] == "dkms_over_builtin" and plan["model"]["file"]["git_blob"]
    assert not any("checksum" in note or "cannot be verified" in note for note in plan["notes"])


def test_a_working_driver_of_linux_4_19_is_tried_before_the_kernel_is_refused(board, gather):
    """bigtreetech/CB2#140: RK3566, 4.19.232-bigtree-cb2, driver 0.7.2, runtime 2.3.0: it works."""
    release = "4.19.232-bigtree-cb2"
    board.base(model="BIQU CB2", compatible=("biqu,rk3566-cb2", "rockchip,rk3566"), release=release).npu(
        "fde40000", "rockchip,rk3568-rknpu").builtin(release, "0.7.2").headers(release).tools().u_boot_menu()
    board.write("/usr/lib/librknnrt.so", b"\x7fELF\0librknnrt version: 2.3.0 (c949ad889d@2024-11-07T11:35:33)\0")
    facts = dict(gather(board, answer=("0.7.2", "20220829", "drm_ioctl")), space=SPACE)
    plan = planner.npu_plan(facts, {}, DATA)
    assert plan["action"] == "unsupported" and "4.19" in plan["reason"]
    assert plan["baseline"]["required"] is True and plan["baseline"]["model"]["file"]["git_blob"].startswith("3208c993")
    facts["verification"] = {"diagnosis": "ok", "driver": "0.7.2", "kernel": release,
                             "runtime_sha256": facts["runtime"]["sha256"]}
    assert planner.npu_plan(facts, {}, DATA)["action"] == "none"


def test_rv1126b_is_refused_with_the_reason(board, gather):
    board.base(model="RV1126B EVB", compatible=("rockchip,rv1126b-evb1", "rockchip,rv1126b")).npu(
        "22000000", "rockchip,rv1126b-rknpu").builtin(version="0.9.8").headers().tools().u_boot_menu()
    facts = dict(gather(board, answer=("0.9.8", None, "drm_ioctl")), space=SPACE)
    plan = planner.npu_plan(facts, {}, DATA)
    assert facts["board"]["soc"] == "rv1126b" and plan["action"] == "unsupported"
    assert "do not match the NPU of an RV1126B" in plan["reason"] and "vendor's kernel" in plan["remedy"]


@pytest.mark.parametrize("compatible, soc, told", [
    (("radxa,rock-4d", "rockchip,rk3576"), "RK3576", True),
    (("radxa,rock3a", "rockchip,rk3568"), "RK3566 or RK3568", True),
    (("radxa,rock-5b", "rockchip,rk3588"), "RK3588", False),
])
def test_mainline_has_no_driver_for_it(board, gather, compatible, soc, told):
    board.base(model="A board", compatible=compatible, release="6.18.2-edge-rockchip64").headers().tools().u_boot_menu()
    plan = planner.npu_plan(dict(gather(board), space=SPACE), {}, DATA)
    assert plan["action"] == "unsupported" and "has no NPU node" in plan["reason"]
    assert (f"mainline Linux neither describes the NPU of an {soc} nor has a driver for it" in plan["reason"]) is told
    assert "Boot a vendor kernel 5.10 or 6.1" in plan["remedy"]


# -- RKLLM's runtime --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("version, floor", [
    ("1.0.1", "0.9.6"), ("1.1.0", "0.9.7"), ("1.1.2", "0.9.7"), ("1.3.0", "0.9.7"), ("0.9", None), (None, None),
])
def test_the_driver_that_rkllm_needs(version, floor):
    assert rules.rkllm_floor(version, DATA["rkllm"]) == floor


@pytest.mark.parametrize("rkllm, driver, noted", [
    ("1.1.2", "0.9.6", ("needs driver 0.9.7 or newer, and this board would have 0.9.6: set npu_driver_version to "
                        "0.9.8.")),
    ("1.1.2", "0.9.8", None), ("1.0.1", "0.9.6", None), ("not a version", "0.9.6", None),
])
def test_a_driver_that_is_too_old_for_rkllm_is_noted(board, gather, rkllm, driver, noted):
    """Pelochus/ezrknn-llm#19, airockchip/rknn-llm#232, orangepi-xunlong/orangepi-build#195."""
    board.base().npu().builtin(version="0.8.2").headers().tools().u_boot_menu()
    facts = dict(gather(board, answer=("0.8.2", None, "drm_ioctl")), space=SPACE,
                 rkllm={"path": "/usr/lib/librkllmrt.so", "version": rkllm})
    notes = planner.npu_plan(facts, {"driver_version": driver}, DATA)["notes"]
    notes = [note for note in notes if "librkllmrt" in note]
    assert bool(notes) is bool(noted) and all("/usr/lib/librkllmrt.so" in note and noted in note for note in notes)


# -- kernel packages that replace themselves --------------------------------------------------------------------------

@pytest.mark.parametrize("package, version, driver", [
    ("linux-image-vendor-rk35xx", "6.1.84", "0.9.8"), ("linux-image-vendor-rk35xx", "6.1.115", "0.9.8"),
    ("linux-image-vendor-rk35xx", "6.1.75", None), ("linux-image-current-rockchip64", "6.18.8", None),
])
def test_the_driver_in_a_newer_version_of_the_kernels_package(package, version, driver):
    assert rules.updated_driver(package, version, DATA["updated_kernels"]) == driver


def test_an_inventory_adds_rules_before_the_shipped_ones():
    data = compatibility.merged({"updated_kernels": [{"match": "linux-image-ours", "from": "6.1", "driver": "0.9.6"}]})
    assert compatibility.validate(data) == [] and len(data["updated_kernels"]) == 1 + len(DATA["updated_kernels"])
    assert rules.updated_driver("linux-image-ours", "6.1.9", data["updated_kernels"]) == "0.9.6"


def test_a_header_rule_says_where_the_headers_are():
    data = compatibility.merged({"headers": [{"match": "6.*"}]})
    assert compatibility.validate(data) == ["headers[0] has neither package nor hint: where the headers are"]
