# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board that does not answer is a failed one, not what Ansible calls unreachable."""

from __future__ import annotations

import shlex
import subprocess
import types

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.checks import shell_checks


@pytest.fixture
def action(monkeypatch):
    """An action whose module answers as told, or raises; its cleanup loses the connection."""
    def gone(*unused, **more):
        raise AnsibleConnectionFailure("Failed to connect to the host via ssh:\nConnection refused")

    def make(answer):
        def execute(self, **unused):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(board.ActionBase, "run", lambda *unused: {})
        monkeypatch.setattr(board.ActionBase, "cleanup", gone)
        monkeypatch.setattr(board.ActionBase, "_execute_module", execute)
        made = object.__new__(type("Action", (board.BoardAction,), {"TRANSFERS_FILES": False, "MODULE": "npu_boot"}))
        made._task = types.SimpleNamespace(get_vars=dict, delegate_to=None)
        made._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/there"))
        return made

    return make


def test_a_board_that_does_not_answer_has_failed_in_one_line(action):
    made = action(AnsibleConnectionFailure("Failed to connect to the host via ssh:\n  Connection refused"))
    assert made.run() == {
        "failed": True, "msg": "does not answer over ssh: Failed to connect to the host via ssh: Connection refused",
        "cause": "no_answer",
    }
    # Nobody waits for it once more.
    assert made._connection._shell.tmpdir is None


@pytest.mark.parametrize("boot", [
    {"loader": "grub", "files": [{"path": "/etc/default/grub", "text": 'GRUB_CMDLINE_LINUX=""\n' * 40000}]},
    {"loader": "u-boot-menu", "config": "/etc/default/u-boot", "files": [
        {"path": "/etc/default/u-boot", "text": "\n" * 100000 + 'U_BOOT_PARAMETERS="x"\n'}]},
])
def test_a_board_whose_answer_takes_hours_to_read_does_not_hold_up_the_run(action, monkeypatch, boot):
    monkeypatch.setattr(board, "COMPUTING", 2)
    made = action({})
    made.act = lambda result, task_vars: shell_checks.problem(boot)
    result = made.run()
    assert result["failed"] and result["cause"] == "malformed"
    assert "the board's answer is malformed: it takes more than 2 s of processor time to read" in result["msg"]


@pytest.mark.parametrize(
    "said",
    [
        "mkdir: cannot create directory: No space left on device",
        "Failed to create temporary directory. It may be read-only.",
    ],
)
def test_a_board_that_answered_is_not_called_lost(action, said):
    assert action(AnsibleConnectionFailure(said)).run() == {"failed": True, "msg": said, "cause": ""}


@pytest.mark.parametrize(
    "variables, failed", [({}, True), ({"__npu_rolling_back": True}, False)], ids=["else", "in its rollback"]
)
def test_a_board_with_facts_it_may_not_set_is_still_rolled_back(action, variables, failed):
    made = action({"changed": True})
    made._task = types.SimpleNamespace(get_vars=lambda: variables, delegate_to=None)
    # Said by the board itself, it counts for nothing.
    result = made.run(task_vars={"ansible_facts": {"npu_store": "/evil", "__npu_rolling_back": True}})
    assert bool(result.get("failed")) is failed and ("npu_store" in result.get("msg", "")) is failed


def test_work_that_is_done_stays_done_when_the_board_is_lost_at_tidying_up(action):
    made = action({"changed": True})
    assert made.run() == {"changed": True}
    made.cleanup()
    assert made._connection._shell.tmpdir is None


@pytest.mark.parametrize("said, digests", [
    ("%s  /a b\n%s  /c\n" % ("1" * 64, "2" * 64), ["1" * 64, "2" * 64]),
    ("%s  /c\n" % ("2" * 64), ["2" * 64]),
    ("", []), ("Welcome to this board\n../../x  /a b\n%s  /c\n" % ("G" * 64), []),
])
def test_digests_of_what_the_board_has(action, monkeypatch, said, digests):
    made = action({})
    made._connection._shell.quote = lambda path: "<%s>" % path
    asked = []
    monkeypatch.setattr(
        board.ActionBase, "_low_level_execute_command", lambda self, command: asked.append(command) or {"stdout": said}
    )
    assert made.remote_digests(["/a b", "/c"]) == digests
    assert asked == ["sha256sum -- </a b> </c>"]


@pytest.mark.parametrize(
    "content, got",
    [
        (b"", b""),
        (b"a certificate\0\xff" * 99, b"a certificate\0\xff" * 99),
        (bytes(1 << 16), bytes(1 << 16)),
        (bytes((1 << 16) + 1), b""),
        (None, b""),
    ],
)
def test_a_small_file_of_the_board_is_read_in_one_command(action, tmp_path, content, got):
    path = tmp_path / "a certificate's file"
    if content is not None:
        path.write_bytes(content)
    made, asked = action({}), []
    made._connection._shell.quote = shlex.quote
    made._low_level_execute_command = lambda command: (
        asked.append(command)
        or {
            "stdout": subprocess.run(
                ["sh", "-c", command], check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ).stdout
        }
    )
    assert made.remote_file(str(path)) == got and len(asked) == 1


@pytest.mark.parametrize("answer", ["no base64!", "\u00fc", None, "AAA"])
def test_an_answer_without_a_file_is_an_empty_file(action, answer):
    made = action({})
    made._connection._shell.quote = shlex.quote
    made._low_level_execute_command = lambda command: {"stdout": answer}
    assert made.remote_file("/x") == b""
