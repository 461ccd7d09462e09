# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A recording as a file: complete enough to be replayed, without what identifies anybody, and validated before that."""

from __future__ import annotations

import json
import os
import pathlib
import random
import re

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, planner
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording import document, shape
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording.anonymize import HOST, USER
from rklab.fleets import recordings

DATA = compatibility.load()
RELEASE = "6.1.43-15-rk2312"
UUID = "2f6a1c9e-51d3-4c47-9a3e-8b0d7e6f5a41"
PRIVATE = {
    "uuid": UUID,
    "partuuid": "3c1f8a2e",
    "mac": "b8:27:eb:01:02:03",
    "address": "10.11.12.13",
    "serial": "a1b2c3d4e5f60718",
    "host": "kitchen",
    "user": "anna",
    "boot": "9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a",
    "network": "AnnasNet",
    "secret": "hunter22",
    "hold": "Zoe tests until Friday",
}
CMDLINE = (
    "root=UUID={uuid} ip={address}:::255.255.255.0:{host}:eth0:off ethaddr={mac} androidboot.serialno={serial} "
    "resume=PARTUUID={partuuid}-03 wifi.ssid={network} wifi.psk={secret} x=/Users/{user}/y ro"
)


@pytest.fixture
def private(board):
    """A board with everything that is private, in all its files."""

    def build(values):
        board.base(release=RELEASE, cmdline=CMDLINE.format(**values)).npu().builtin(RELEASE).headers(RELEASE).tools()
        board.strings("serial-number", values["serial"])
        board.write("/proc/sys/kernel/random/boot_id", values["boot"] + "\n")
        board.write(
            "/proc/version",
            "Linux version {} ({}@{}) (gcc 12.2.0, GNU ld 2.40) #1 SMP\n".format(
                RELEASE, values["user"], values["host"]
            ),
        )
        board.write(
            "/boot/armbianEnv.txt", "rootdev=UUID={uuid}\nextraargs=ip={address} hostname={host}\n".format(**values)
        )
        board.write("/etc/rkfleet-npu/hold", values["hold"] + "\n")
        board.write(
            "/var/lib/rkfleet-npu/lock.json",
            json.dumps(
                {
                    "schema": 1,
                    "run": "20260101T120000Z-1",
                    "user": values["user"],
                    "host": values["host"],
                    "since": "2026-01-01T12:00:00Z",
                }
            ),
        )
        return board

    return build


def composed(board, known=(), names=(), **more):
    answer = recordings.record(board, RELEASE, **more)
    answer["facts"]["space"] = {"/usr": 5000}
    answer = shape.validated(json.loads(json.dumps(answer)))
    plan = planner.npu_plan(answer["facts"], {}, DATA)
    about = {"recorded_at": "2026-11-28T12:00:00Z", "wanted": {}, "compatibility": {}}
    return document.compose(answer, plan, about, known, names)


def test_nothing_private_is_in_the_file(private):
    made, contents, replaced, kept = composed(private(PRIVATE), [(HOST, "kitchen.lan"), (USER, "root")], ["ro quiet"])
    text = document.rendered(made).decode()
    assert not [value for value in PRIVATE.values() if value.lower() in text.lower()]
    assert not [value for value in PRIVATE.values() if value.lower() in "\n".join(contents).lower()]
    assert kept == [] and replaced == made["replaced"]
    assert {
        "UUID",
        "MAC address",
        "IPv4 address",
        "serial number",
        "host",
        "user",
        "network name",
        "secret",
    } <= replaced.keys()
    assert made["facts"]["upgrade"]["hold"] == "" and made["facts"]["upgrade"]["state"] == "held"
    # The same value, in the facts and in each file.
    uuid = made["files"]["/proc/cmdline"]["text"].split("root=UUID=")[1][:36]
    assert made["files"]["/boot/armbianEnv.txt"]["text"].startswith("rootdev=UUID=" + uuid)
    assert "root=UUID=" + uuid in made["facts"]["boot"]["cmdline"]
    assert made["facts"]["board"]["serial"] == made["files"]["/proc/device-tree/serial-number"]["text"].strip("\0")
    assert made["facts"]["upgrade"]["locked_by"].startswith("user1@host")


def test_a_recording_replays_to_its_own_facts(private, tmp_path):
    made = json.loads(document.rendered(composed(private(PRIVATE))[0]))
    assert recordings.replay(made, tmp_path / "again") == made["facts"]
    assert planner.npu_plan(made["facts"], {}, DATA) == made["plan"]


@pytest.mark.parametrize("seed", range(8))
def test_any_private_values_replay_to_the_same_facts(private, tmp_path, seed):
    dice = random.Random(seed)

    def hexadecimal(count):
        return "".join(dice.choice("0123456789abcdef") for unused in range(count))

    def word():
        return "q" + "".join(dice.choice("aeiouxyz") for unused in range(7))

    def uuid():
        return "-".join(map(hexadecimal, (8, 4, 4, 4, 12)))

    values = {
        "uuid": uuid(),
        "boot": uuid(),
        "partuuid": hexadecimal(8),
        "mac": ":".join(hexadecimal(2) for unused in range(6)),
        "address": "10." + ".".join(str(dice.randrange(100, 256)) for unused in range(3)),
        "serial": hexadecimal(15) + "1",
        "host": word(),
        "user": word(),
        "network": word(),
        "secret": word(),
        "hold": word() + " " + word(),
    }
    made = json.loads(document.rendered(composed(private(values))[0]))
    text = json.dumps(made).lower()
    assert not [value for value in values.values() if value.lower() in text]
    assert recordings.replay(made, tmp_path / "again") == made["facts"]


def test_without_a_driver_that_may_be_asked(private, tmp_path):
    made = json.loads(
        document.rendered(composed(private(PRIVATE), answer=PermissionError(13, "Permission denied"), uid=1000)[0])
    )
    assert recordings.replay(made, tmp_path / "again") == made["facts"]


def test_the_contents_are_listed(private):
    made, contents, *unused = composed(private(PRIVATE))
    assert "/proc/device-tree/model: 14 bytes" in contents and contents[-1] == "facts and plan"
    with_text = [
        path for path, entry in made["files"].items() if entry.get("text") or entry.get("base64") or entry.get("note")
    ]
    assert [path for path in with_text if not any(line.startswith(path + ": ") for line in contents)] == []


def test_names_of_the_connection():
    assert document.names_of_host(
        "kitchen.lan", {"ansible_host": "10.0.0.1", "ansible_user": "anna", "ansible_port": 22}
    ) == [(HOST, "kitchen.lan"), (HOST, "kitchen"), (USER, "anna")]


# -- the file --


def test_the_file_is_only_for_its_owner_and_replaced_at_once(tmp_path):
    folder = tmp_path / "new/recordings"
    path = pathlib.Path(document.write(str(folder), "../rock 5b/1", {"a": "\x1b[31m\u202eé"}))
    assert path.parent == folder and re.fullmatch(r"_rock_5b_1-[0-9a-f]{8}\.json", path.name)
    assert os.stat(path).st_mode & 0o777 == 0o600 and os.stat(folder).st_mode & 0o777 == 0o700
    assert b"\x1b" not in path.read_bytes() and path.read_bytes().isascii()
    document.write(str(folder), "../rock 5b/1", {"a": 1})
    assert list(folder.iterdir()) == [path]


def test_each_board_has_a_file_of_its_own():
    names = ["rock-1", "rock_1", "rock 1", "rock/1", "板一", "板二", ".hidden", "hidden", "..", "/", "\ud800"]
    names += ["x" * 300, "x" * 301]
    paths = [document.path_of("folder", name) for name in names]
    assert len(set(paths)) == len(names) and paths[0] == "folder/rock-1.json"
    for path in paths:
        assert os.path.dirname(path) == "folder" and len(os.path.basename(path)) < 255 and path.isascii()


def test_a_link_in_the_place_of_the_file_is_replaced(tmp_path):
    (tmp_path / "precious").write_text("x")
    (tmp_path / "board.json").symlink_to(tmp_path / "precious")
    document.write(str(tmp_path), "board", {})
    assert (tmp_path / "precious").read_text() == "x" and not (tmp_path / "board.json").is_symlink()


def test_a_recording_that_is_too_large_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="more than"):
        document.write(str(tmp_path), "board", {"a": "x" * document.LONGEST})
    assert list(tmp_path.iterdir()) == []


# -- what a board may answer --


@pytest.fixture
def answer(private):
    return json.loads(json.dumps(recordings.record(private(PRIVATE), RELEASE)))


@pytest.mark.parametrize(
    "damage",
    [
        lambda answer: answer.pop("files"),
        lambda answer: answer["files"][0].update(path="/etc/../x"),
        lambda answer: answer["files"][0].pop("path"),
        lambda answer: answer["files"][0].update(path="etc"),
        lambda answer: answer["files"][0].update(kind="socket"),
        lambda answer: answer["files"].append([]),
        lambda answer: answer["files"][0].update(content="a"),
        lambda answer: answer["files"][0].update(content="%%%"),
        lambda answer: answer["programs"].append({"program": "rm"}),
        lambda answer: answer.update(uname=None),
        lambda answer: answer["facts"]["kernel"].update(release="../x"),
        lambda answer: answer["facts"].pop("board"),
        lambda answer: answer.update(kernel_log="x"),
        lambda answer: answer.update(uid="0"),
    ],
)
def test_a_malformed_answer_is_refused(answer, damage):
    damage(answer)
    with pytest.raises(ValueError, match=r"\w"):
        shape.validated(answer)


@pytest.mark.parametrize("answer", [None, [], "x", 1])
def test_an_answer_that_is_no_object_is_refused(answer):
    with pytest.raises(ValueError, match=r"\w"):
        shape.validated(answer)


def test_what_is_not_documented_is_dropped(answer):
    answer.update(evil=1)
    answer["files"][0].update(evil=1, note="x\x1b[31m\n" * 9000)
    checked = shape.validated(answer)
    assert "evil" not in checked and "evil" not in checked["files"][0]
    assert len(checked["files"][0]["note"]) <= 4096 and "\x1b" not in checked["files"][0]["note"]


@pytest.mark.parametrize(
    "part, name, value",
    [
        ("programs", "of", None), ("programs", "output", None), ("programs", "program", "other"),
        ("files", "path", None), ("files", "content", 5),
    ],
)
def test_a_part_of_an_answer_that_lacks_what_is_needed_is_refused(answer, part, name, value):
    entry = {"program": "driver", "of": "x", "output": []} if part == "programs" else {"path": "/x"}
    answer[part] = [{**entry, name: value}]
    with pytest.raises(ValueError, match=r"\w"):
        shape.validated(answer)


def test_a_file_without_content_and_a_program_without_error(answer):
    answer["files"] = [{"path": "/x", "content": None}]
    answer["programs"] = [{"program": "command", "of": "x", "output": ["y"]}]
    checked = shape.validated(answer)
    made, contents = document.compose(checked, planner.npu_plan(checked["facts"], {}, DATA), {}, (), ())[:2]
    assert made["files"] == {"/x": {}} and "answer of command x: y" in contents


@pytest.mark.parametrize("seed", range(30))
def test_any_damage_is_refused_or_harmless(answer, seed, tmp_path):
    dice = random.Random(seed)
    for unused in range(3):
        tree = answer
        while isinstance(tree, (dict, list)) and tree:
            key = dice.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
            if dice.random() < 0.1:
                del tree[key]
                break
            if not isinstance(tree[key], (dict, list)) or dice.random() < 0.3:
                tree[key] = dice.choice([None, "", "../../../etc/passwd", "/\0", -1, 1e400, [], {}, "x" * 70000, True])
                break
            tree = tree[key]
    try:
        checked = shape.validated(answer)
    except ValueError:
        return
    plan = planner.npu_plan(checked["facts"], {}, DATA)
    made = document.compose(checked, plan, {"recorded_at": "x", "wanted": {}, "compatibility": {}})[0]
    (tmp_path / "x.json").write_bytes(document.rendered(made))
    recordings.lay(recordings.load(tmp_path / "x.json"), tmp_path / "tree")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted({"x.json", "tree", "board"})
