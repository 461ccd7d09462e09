# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The kinds of light boards: each is what its title says, by the collection's own reading of it."""

from __future__ import annotations

import collections
import sys
from pathlib import Path

import pytest

# Through any link of the checkout into ansible_collections: the lab is no part of the collection.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "lab"))

from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree  # noqa: E402
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import gather, runtime
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.complete import complete
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner  # noqa: E402
from rklab import LabError, inventory  # noqa: E402
from rklab.fleets import light  # noqa: E402

yaml = pytest.importorskip("yaml")
KINDS = light.kinds()
Uname = collections.namedtuple("Uname", "release machine version")
# kind: (action, driver, whether a runtime is to be installed, what the last verification says)
PLANS = {
    "rock5b-healthy": ("none", "0.9.6", False, "ok"),
    "rock5b-bullseye": ("none", "0.8.2", False, "ok"),
    "rock5b-failing": ("dkms_over_builtin", "0.9.3", True, None),
    "orangepi5": ("none", "0.9.8", False, None),
    "rock3a": ("dkms_over_builtin", "0.8.2", True, None),
    "rock4d": ("none", "0.9.8", False, None),
    "rocket": ("unsupported", None, False, None),
    "no-driver": ("dkms", None, True, None),
    "unbound": ("dkms_over_builtin", None, False, None),
    "wrong-answer": ("none", "0.9.6", False, "driver"),
    "pending": ("dkms_over_builtin", "0.9.3", True, None),
    "hold-on-board": ("dkms_over_builtin", "0.9.3", True, None),
    "held": ("dkms_over_builtin", "0.9.3", True, None),
    "hostile": ("dkms_over_builtin", "0.9.3", True, "<b>ok</b>"),
    "no-python": ("dkms_over_builtin", "0.9.3", True, None),
    "no-sudo": ("dkms_over_builtin", "0.9.3", True, None),
    "not-rockchip": ("unsupported", None, False, None),
}


@pytest.fixture(name="libraries")
def libraries_fixture(tmp_path):
    found = {}
    for version, build in (("1.6.0", "9a7b5d24c@2023-12-13T17:31:11"), ("2.3.2", "429f97ae6b@2025-04-09T09:09:27")):
        found[version] = tmp_path / version
        found[version].write_text("librknnrt version: %s (%s)\n" % (version, build))
    return found


@pytest.fixture(name="read")
def read_fixture(tmp_path, libraries):
    """(facts, plan) of a board of a kind."""
    pinned = {}
    for version, path in libraries.items():
        with path.open("rb") as stream:
            pinned[version] = {"path": "x", "sha256": runtime.describe(stream, path.stat().st_size)["sha256"]}

    def read(name):
        root = tmp_path / "board"
        light.lay(root, KINDS[name], libraries)
        tree = Tree(str(root), **{area: str(root / place) for area, place in light.APART.items()})
        facts = complete(gather.gather(tree, uname=Uname("none", "x86_64", "#1"), uid=0))
        facts["space"], facts["tools"]["python"] = {}, "3.11.2"
        return facts, planner.npu_plan(facts, {}, compatibility.merged({"runtimes": pinned}))

    return read


def test_every_kind_of_light_board_has_an_expected_plan():
    assert set(PLANS) == {name for name, kind in KINDS.items() if kind.get("started", True)}


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_kind_is_what_its_title_states(read, name):
    facts, plan = read(name)
    verification = (facts["verification"] or {}).get("diagnosis")
    assert (plan["action"], facts["driver"]["version"], plan["runtime"]["install"], verification) == PLANS[name], plan["reason"]
    assert facts["kernel"]["machine"] == "aarch64" and facts["kernel"]["build"].startswith("#1 SMP") and facts["hardware"]["cores"]
    assert not [line for line in facts["unread"] if "not JSON" not in line]


def test_a_verification_is_of_the_current_setup(read):
    facts, plan = read("rock5b-healthy")
    of = facts["verification"]
    assert (of["kernel"], of["driver"], of["runtime_sha256"]) == (facts["kernel"]["release"], facts["driver"]["version"], facts["runtime"]["sha256"])
    assert plan["verified"] and facts["upgrade"]["state"] == "committed"


def test_a_program_that_uses_the_npu_is_seen(read):
    assert [(entry["pid"], entry["name"]) for entry in read("orangepi5")[0]["processes"]] == [(812, "detector")]


def test_what_one_board_alone_has(tmp_path):
    key = tmp_path / "key"
    key.write_text("private\n")
    for number, serial in enumerate(("a1", "b2")):
        light.own(tmp_path / serial, KINDS["rock5b-healthy"], f"light-{number}", serial, key)
    pairs = [[(tmp_path / serial / place).read_text() for serial in ("a1", "b2")] for place in (
        "etc/machine-id", "etc/hostname", "srv/board/proc/device-tree/serial-number", "srv/board/proc/sys/kernel/random/boot_id")]
    assert all(one != other for one, other in pairs)
    assert len(pairs[0][0].strip()) == 32 and pairs[2][0] == "a1\0"
    assert (tmp_path / "a1/etc/ssh/ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600


# -- which boards there are ---------------------------------------------------------------------------------


def test_a_mix_has_every_kind_and_then_their_weights():
    assert set(light.take("mixed", len(KINDS))) == set(KINDS)
    total = sum(kind["weight"] for kind in KINDS.values())
    counts = collections.Counter(light.take("mixed", total))
    assert counts == {name: kind["weight"] for name, kind in KINDS.items()}
    assert light.take("mixed", 50) == light.take("mixed", 100)[:50]


def test_a_mix_of_what_needs_nothing_or_of_what_is_named():
    assert set(light.take("healthy", 30)) == {"rock5b-healthy"}
    assert light.take("rock3a,rock4d", 2) == ["rock3a", "rock4d"]
    with pytest.raises(LabError, match="no light board of kind rock9") as raised:
        light.take("rock9", 1)
    assert "rock5b-healthy" in raised.value.remedy


def test_a_kind_with_a_misspelt_key_is_refused(tmp_path, monkeypatch):
    (tmp_path / "odd.toml").write_text('title = "odd"\nweight = 1\nrelaese = "6.1"\n')
    monkeypatch.setattr(light, "FOLDER", tmp_path)
    with pytest.raises(LabError, match="odd.toml has relaese"):
        light.kinds()


def test_the_inventory_has_each_board_with_its_address_and_kind():
    data = yaml.safe_load(inventory.text(inventory.fleet(
        {"light-001": {"ansible_host": "127.77.0.1", "npu_hold": True}}, {"light_held": {"light-001": {}}}, 2222, light.NPU_TREE, "http://127.0.0.1:1", {})))
    fleet = data["all"]["children"]["fleet"]
    assert fleet["hosts"] == {"light-001": {"ansible_host": "127.77.0.1", "npu_hold": True}}
    assert (fleet["vars"]["ansible_port"], fleet["vars"]["npu_tree"]["proc"]) == (2222, "/srv/board/proc")
    assert "fleet_known_hosts" in fleet["vars"]["ansible_ssh_common_args"] and fleet["vars"]["ansible_ssh_pipelining"] is True
    assert list(data["all"]["children"]["light_held"]["hosts"]) == ["light-001"]
