# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Programs for a board's Python: only the code that is called, and an answer that is found in any output."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils import _program
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import payload
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.complete import complete

PARAMS = {"ask_repository": False, "driver_version": "0.9.6", "seconds": 60}


@pytest.fixture(scope="module")
def program():
    return payload.compose("_program", "facts")


def ask(program, root, **params):
    text, marker = payload.fill(program, dict(PARAMS, tree={"root": str(root)}, **params))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == "" and done.returncode == 0
    return payload.parse(done.stdout, marker)


def boards(board):
    yield board
    yield board.base().npu(drm=None).builtin().write("/sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.3\n")
    yield board.headers().tools().dkms(ours=True).u_boot_menu(default='U_BOOT_PARAMETERS="ro initcall_blacklist=rknpu_init"\n')
    yield board.write(
        "/usr/lib/librknnrt.so", b"\x7fELF librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)"
    ).write("/etc/rkfleet-npu/hold", "new disk")
    yield board.write("/var/lib/rkfleet-npu/state.json", '{"schema": 1, "state": "committed"}').write(
        "/etc/ansible/facts.d/npu.fact", "{}"
    )
    yield board.write("/var/lib/rkfleet-npu/lock.json", '{"schema": 1, "user": "a", "host": "b"}').write(
        "/var/lib/dpkg/updates/0001"
    )
    yield board.write(
        "/var/lib/dkms/rknpu/0.9.6/build/make.log",
        "DKMS make.log for rknpu-0.9.6 for kernel 6.1.99 (aarch64)\nerror: implicit\n",
    )
    yield board.write("/boot/armbianEnv.txt", "extraargs=cma=256M\n")


def test_a_board_answers_the_program_as_it_does_the_module(program, board):
    from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
    from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather

    for there in boards(board):
        answer = ask(program, there.root)
        direct = json.loads(json.dumps(gather(Tree(str(there.root)))))
        # Others work on this machine's disks, too.
        answer["facts"]["space"] = direct["space"]
        assert answer["facts"] == direct
        # And that is what the controller takes.
        assert gate.facts_of(answer["facts"]) == complete(direct)


def test_the_program_is_of_an_old_python_and_has_only_what_is_called(program):
    proof = payload.compose("_program", "proof")
    for text in (program, proof):
        namespace = {}
        exec(text[text.index("PACKAGE ="):text.index("\ndef add(")], namespace)  # pylint: disable=exec-used
        for name, source in namespace["SOURCES"]:
            ast.parse(source, name, feature_version=(3, 9))
            assert "tempfile" not in source or text is proof
    # What only changes a board is not sent to one that is looked at.
    assert "def write_file" not in program and "infer" not in program and '"""' not in program


def test_a_python_that_is_too_old_is_reported(program):
    old = "import sys\nsys.version_info = (3, 7, 3)\n" + payload.fill(program, PARAMS)[0]
    done = subprocess.run([sys.executable, "-"], input=old, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and done.stderr == "Python 3.7 is too old, 3.9 or newer is needed"


def test_it_is_made_once_in_a_run(tmp_path, monkeypatch):
    text = payload.ready("_program", "facts", str(tmp_path))
    monkeypatch.setattr(payload, "compose", None)
    assert payload.ready("_program", "facts", str(tmp_path)) == text
    assert sorted(os.listdir(tmp_path)) == ["rkfleet-npu-facts.py", "rkfleet-npu-facts.py.lock"]


def test_workers_that_start_at_once_make_a_text_only_once(tmp_path, monkeypatch):
    made, waiting, is_locked = [], threading.Event(), payload._is_locked

    def make():
        made.append(1)
        waiting.wait(60)
        return "text"

    def locked(handle):
        found = is_locked(handle)
        if not found:
            waiting.set()
        return found

    monkeypatch.setattr(payload, "PATIENCE", 60)
    monkeypatch.setattr(payload, "_is_locked", locked)
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(lambda _number: payload.cached_text(str(tmp_path / "text"), make), range(5))) == ["text"] * 5
    assert made == [1]


def test_a_text_that_another_worker_does_not_finish_is_made_anyway(tmp_path, monkeypatch):
    def without_locks(*_arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(payload, "PATIENCE", 0)
    with payload._locked(str(tmp_path / "text.lock"), 0):
        assert payload.cached_text(str(tmp_path / "text"), lambda: "mine") == "mine"
    monkeypatch.setattr(payload.fcntl, "flock", without_locks)
    assert payload.cached_text(str(tmp_path / "other"), lambda: "too") == "too"


def test_a_text_that_cannot_be_made_is_tried_again(tmp_path):
    with pytest.raises(ValueError, match="invalid literal"):
        payload.cached_text(str(tmp_path / "text"), lambda: int("x"))
    assert payload.cached_text(str(tmp_path / "text"), lambda: "text") == "text"


@pytest.mark.parametrize("quotes", ["'''", '"""'])
def test_strings_of_several_lines_keep_their_indents(quotes):
    text = f"def f():\n    if 1:\n        return {quotes}a\n    b{quotes}\n"
    assert ast.dump(ast.parse(payload._narrow(text))) == ast.dump(ast.parse(text))
    assert payload._narrow("def f():\n    if 1:\n        return 'a'") == "def f():\n if 1:\n  return 'a'"


def test_an_answer_is_found_among_whatever_else_is_printed():
    assert payload.parse('Welcome!\x1b[0m\n{"a": 1}\nxx\n@@{"facts": {}}@@\nbye', "@@") == {"facts": {}}
    wrong = {
        "there is no answer": ["", "{}", "@@{}", "@@{}@@{}@@"],
        "is not JSON": ["@@{@@", '@@{"a": NaN}@@', "@@%s@@" % ("[" * 100000)], "is not an object": ["@@[]@@"],
        "characters, more than": ["x" * (2 << 20)],
    }
    for words, outputs in wrong.items():
        for output in outputs:
            with pytest.raises(payload.PayloadError, match=words):
                payload.parse(output, "@@")
    assert payload.fill("", {})[1] != payload.fill("", {})[1]


def test_a_command_is_run_without_ansible():
    assert _program._run(["sh", "-c", "echo told; echo so >&2; exit 3"]) == (3, "told\n", "so\n")
    assert _program._run(["seq", "100000"])[1].endswith("\n100000\n"), "more than a pipe holds"
    assert _program._run(["there-is-no-such-program"])[:2] == (127, "")
    assert _program._run(["sh", "-c", "yes | head -1; kill -PIPE $$; echo ignored"]) == (-13, "y\n", "")
