# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""After an installation the facts have the new runtime, and the uploaded file is the pinned one."""

from __future__ import annotations

import hashlib
import pathlib
import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.rkfleet.npu.plugins.action import npu_runtime
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board

NOW = {
    "path": "/usr/lib/librknnrt.so", "link": "/usr/lib/librknnrt.so", "version": "2.3.2", "build": None,
    "sha256": "0" * 64, "git_blob": None, "size": 7726232, "loader": None, "others": [],
    "package": None, "packaged": [], "diverted": [], "diverted_by": None,
}


@pytest.fixture
def act(monkeypatch, tmp_path):
    """Run the action whose module answers as told; facts are what the play knows of the board."""
    def run(answer, facts, check_mode=False, **pins):
        made = object.__new__(
            type(
                "Action",
                (npu_runtime.ActionModule,),
                {
                    "upload": lambda self, local, name: (
                        run.sent.append(pathlib.Path(local).read_bytes()) or "/tmp/there/" + name
                    ),
                    "can_run_programs": lambda self: False,
                    "_execute_module": lambda self, **unused: dict(answer),
                },
            )
        )
        made._task = types.SimpleNamespace(
            delegate_to=None, get_vars=dict, args=dict({"source": str(library)}, **pins), check_mode=check_mode
        )
        return made.run(task_vars={"ansible_facts": facts})

    library = tmp_path / "librknnrt.so"
    library.write_bytes(b"library")
    run.library, run.sent = library, []
    monkeypatch.setattr(board.ActionBase, "run", lambda *unused: {})
    return run


def test_the_answer_has_the_installed_runtime_and_sets_no_facts(act):
    facts = {"npu": {"kernel": {"release": "6.1.99"}, "runtime": {"version": "1.6.0"}}}
    result = act({"changed": True, "runtime": NOW}, facts)
    assert result["runtime"] == NOW and "ansible_facts" not in result
    assert facts["npu"]["runtime"] == {"version": "1.6.0"}, "what others hold was changed under their hands"


@pytest.mark.parametrize("answer", [{"changed": False, "kept": None}, {"failed": True, "msg": "it arrived damaged"}])
def test_without_a_new_library_there_is_no_runtime_in_the_answer(act, answer):
    result = act(answer, {"npu": {"runtime": NOW}})
    assert "runtime" not in result and "ansible_facts" not in result


@pytest.mark.parametrize("told", [[], dict(NOW, size="big"), dict(NOW, others={})])
def test_what_no_board_should_answer_is_refused(act, told):
    result = act({"changed": True, "runtime": told or [1]}, {"npu": {"runtime": {}}})
    assert (
        result["failed"] and "the board's answer is malformed: runtime" in result["msg"]
        and "ansible_facts" not in result
    )


def test_a_library_that_was_changed_after_it_was_fetched_is_not_sent(act):
    pins = {"sha256": hashlib.sha256(b"library").hexdigest(), "size": 7}
    act({"changed": True}, {}, **pins)
    assert act.sent == [b"library"]
    act.library.write_bytes(b"evil .s")
    with pytest.raises(AnsibleActionFail, match="librknnrt.so has been changed: sha256 is .*; it was not used"):
        act({"changed": True}, {}, **pins)
    assert act.sent == [b"library"]
