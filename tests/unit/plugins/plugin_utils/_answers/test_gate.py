# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The gate accepts the documented answers of the modules, and nothing else."""

from __future__ import annotations

import ast
import importlib
import json
import pathlib
import types

import pytest
import yaml
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins import loader
from ansible.utils.plugin_docs import get_docstring
from ansible.vars.clean import clean_facts
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board
from ansible_collections.rkfleet.npu.plugins.plugin_utils._answers import gate, limits
from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import hostvars
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import answers, values
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import facts as schema

ROOT = pathlib.Path(__file__).parents[5]
TEXTS = (values.TEXT, values.VERSION, values.LOG, values.BASE64)


def documented(module):
    """`RETURN` of a module."""
    return yaml.safe_load(importlib.import_module("ansible_collections.rkfleet.npu.plugins.modules." + module).RETURN)


def bare(shape):
    """A kind without where its values are shown."""
    return shape.kind if isinstance(shape, values.Field) else shape


def kind(shape):
    """`(type, type of the elements)` as the documentation has it."""
    shape = bare(shape)
    if isinstance(shape, list):
        return "list", "int" if shape[0] == values.INTEGER else "dict"
    if isinstance(shape, dict) or shape == values.OBJECT:
        return "dict", None
    if isinstance(shape, tuple) or shape in TEXTS:
        return "str", None
    return {
        values.TEXTS: ("list", "str"), values.FLAG: ("bool", None), values.INTEGER: ("int", None),
        values.NUMBER: ("float", None),
    }[shape]


def differences(docs, shape, added, where=""):
    """Where documentation and gate differ."""
    names = {str(name) for name in shape} if str not in shape else set(docs)
    found = [
        "%s%s is in the %s only" % (where, name, "documentation" if name in docs else "gate")
        for name in (names ^ set(docs)) - added
    ]
    for name in names & set(docs):
        said = (docs[name]["type"], docs[name].get("elements"))
        if said != kind(shape[name]):
            found.append("%s%s is %s, documented as %s" % (where, name, kind(shape[name]), said))
        elif docs[name].get("contains"):
            inner = bare(shape[name])
            found += differences(
                docs[name]["contains"], bare(inner[0]) if isinstance(inner, list) else inner, added,
                "%s%s." % (where, name),
            )
        if "choices" in docs[name] and tuple(docs[name]["choices"]) != shape[name]:
            found.append("%s%s: other choices" % (where, name))
    return found


@pytest.mark.parametrize("module", sorted(set(answers.ANSWERS) - {"npu_facts"}))
def test_the_gate_has_what_a_module_documents(module):
    assert differences(documented(module), answers.ANSWERS[module], answers.ADDED.get(module, set())) == []


def test_the_gate_has_the_facts_that_are_documented():
    docs = documented("npu_facts")["ansible_facts"]["contains"]["npu"]["contains"]
    assert set(docs) == set(schema.FACTS)
    for name, shape in schema.FACTS.items():
        assert (docs[name]["type"], docs[name].get("elements")) == kind(shape), name
        inner = bare(shape)[0] if isinstance(bare(shape), list) else bare(shape)
        text = (
            " ".join(docs[name]["description"]) if isinstance(docs[name]["description"], list)
            else docs[name]["description"]
        )
        for field in inner if isinstance(inner, dict) and str not in inner else ():
            assert "C(%s)" % field in text, "%s.%s is not documented" % (name, field)


def test_every_action_goes_through_the_gate():
    actions = {path.stem for path in (ROOT / "plugins/action").glob("[a-z]*.py")}
    for path in [*(ROOT / "plugins/action").glob("*.py"), *(ROOT / "plugins/plugin_utils").rglob("*.py")]:
        calls = [
            node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr == "_execute_module"
        ]
        assert len(calls) == (path.name == "board.py"), path
    assert set(answers.ANSWERS) <= actions


# -- one action
# --------------------------------------------------------------------------------------------------------------

@pytest.fixture
def act(monkeypatch):
    """Run a BoardAction whose module answers as told."""
    def run(answer, module="npu_apt", facts=None, delegate_to=None):
        def execute(self, **unused):
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(board.ActionBase, "run", lambda *unused: {})
        made = object.__new__(
            type(
                "Action", (board.BoardAction,), {"TRANSFERS_FILES": False, "MODULE": module, "_execute_module": execute}
            )
        )
        made._task = types.SimpleNamespace(args={}, delegate_to=delegate_to, get_vars=dict)
        made._connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/there"))
        return made.run(task_vars={"inventory_hostname": "a", "ansible_facts": facts or {}})

    return run


def test_only_documented_keys_are_accepted(act):
    assert act(
        {
            "changed": True, "packages": ["dkms\x1b[2J"], "kept": {"make\n": "why\x07"}, "repaired": False, "rc": 0,
            "ansible_facts": {"npu_post_tasks_file": "/tmp/x", "npu": {}}, "add_host": {"host_name": "victim"},
            "add_group": "x", "include": "/tmp/x", "ansible_stats": {"data": {"npu_store": "/tmp"}},
            "warnings": ["\x1b[2J"], "deprecations": [{"msg": "x"}], "exception": "\x1b", "diff": {"prepared": "\x1b"},
            "invocation": {}, "results": [{}], "_ansible_no_log": True, "_ansible_notify": ["x"], "stdout": "x",
            "unreachable": False, "stored": {}, "record": {},
        }
    ) == {"changed": True, "packages": ["dkms [2J"], "kept": {"make": "why"}, "repaired": False, "rc": 0}


@pytest.mark.parametrize(
    "answer, where",
    [
        ([], "it is not an object"),
        ({"changed": "yes"}, "changed is not true or false"),
        ({"packages": "dkms"}, "packages is not a list"),
        ({"packages": [1]}, "packages is not a text"),
        ({"kept": []}, "kept is not an object"),
        ({"failed": 1}, "failed is not true or false"),
        (RecursionError("\x1b[2J"), "RecursionError:  [2J"),
        (TypeError("x"), "TypeError: x"),
        (MemoryError(), "it needs more than 96 MiB"),
    ],
)
def test_invalid_answers_fail_the_board(act, answer, where):
    result = act(answer)
    assert set(result) == {"failed", "msg", "cause"} and result["cause"] == "malformed" and result["failed"] is True
    assert result["msg"].startswith("the board's answer is malformed: ") and where.replace(":  ", ": ") in result[
        "msg"
    ].replace(":  ", ": ")
    assert result["msg"].isprintable()


def test_the_builder_is_named(act):
    assert act({"packages": 1}, delegate_to="builder")["msg"].startswith("builder: the board's answer is malformed: ")


def test_errors_of_the_controller_stay_what_they_are(act):
    with pytest.raises(AnsibleActionFail, match="no such argument"):
        act(AnsibleActionFail("no such argument"))
    assert (
        act(AnsibleConnectionFailure("Connection\x1b[2J refused"))["msg"]
        == "does not answer over ssh: Connection [2J refused"
    )
    assert act(AnsibleConnectionFailure("x"))["cause"] == "no_answer"


def test_an_answer_that_claims_to_be_unreachable_counts_as_failed(act):
    assert act({"unreachable": True, "msg": "x\x1b"}) == {"failed": True, "msg": "x"}


@pytest.mark.parametrize(
    "name",
    [
        "npu_post_tasks_file", "__npu_error", "ansible_npu_x", "npu_\x1b[2J", "inventory_hostname", "group_names",
        "ansible_control_path", "control_path", "sftp_executable", "ansible_paramiko_proxy_command", "paramiko_host",
    ],
)
def test_facts_that_decide_are_hostile(act, name):
    result = act({"changed": False}, facts={name: "x", "npu": {}, "discovered_interpreter_python": "/usr/bin/python3"})
    assert result["failed"] and ("a module's answer set the fact %s, which" % name.split("\x1b")[0].rstrip()) in result[
        "msg"
    ].replace(" [2J", "")
    assert result["msg"].isprintable()
    known = hostvars.board_variables({"ansible_facts": {name: "x"}})
    assert known["__npu_error"] == result["msg"] and known["__npu_cause"] == result["cause"] == "hostile"


# Options of the shell on the board: they choose where it keeps temporary files, and who reads them.
ON_THE_BOARD = {"ansible_admin_users", "ansible_async_dir", "ansible_common_remote_group"}


def test_every_option_of_a_connection_that_ansible_takes_from_facts_is_hostile():
    names = set()
    for plugins in (loader.connection_loader, loader.become_loader, loader.shell_loader):
        for path in plugins.all(path_only=True):
            options = (get_docstring(path, loader.fragment_loader)[0] or {}).get("options") or {}
            names |= {one["name"] for option in options.values() for one in option.get("vars") or []}
    assert len(names) > 80
    # An expression and no name.
    names = {name for name in names if name.isidentifier()}
    taken = {name for name in names - ON_THE_BOARD if name in clean_facts({name: "x"})}
    assert taken >= {"ansible_control_path", "ansible_sftp_executable"}
    assert [name for name in sorted(taken) if not gate.hostile({name: "x"})] == []


def test_what_is_honest_is_not_hostile(act):
    facts = {"npu": {}, "hostname": "x", "discovered_interpreter_python": "/usr/bin/python3", "local": {"npu": {}},
             "ssh_host_key_rsa_public": "x", "sudo0": {"device": "sudo0"}, "user_id": "root", "env": {"SUDO_USER": "x"}}
    assert act({"changed": False}, facts=facts) == {"changed": False}


@pytest.mark.parametrize("process", [{}, {"pid": 7}, {"pid": None, "name": "x"}, {"pid": 7, "name": None}])
def test_a_process_without_number_or_name_is_refused(act, process):
    """Both are in what is said of it, and in the command that ends it."""
    result = act({"failed": True, "msg": "in use", "in_use": [process]}, module="npu_transaction")
    assert result["cause"] == "malformed" and "in_use has no " in result["msg"]


def test_a_task_that_ran_into_its_own_timeout_is_a_board_that_does_not_answer():
    known = hostvars.board_variables(
        {"__npu_audit": {"failed": True, "timedout": {"period": 5}, "msg": "Timed out after 5 second(s)."}}
    )
    assert (
        known["__npu_error"] == "does not answer over ssh: a task did not end in time. Timed out after 5 second(s)."
        and known["__npu_cause"] == "no_answer"
    )
    known = hostvars.board_variables({"__npu_audit": {"failed": True, "msg": "no space"}})
    assert known["__npu_error"] == "no space" and known["__npu_cause"] == ""


@pytest.mark.parametrize("module", sorted(answers.ANSWERS))
def test_an_answer_with_such_facts_is_that_boards_failure(module):
    text = json.dumps({"changed": True, "ansible_facts": {"npu": {}, "npu_store": "/evil"}})
    with pytest.raises(limits.HostileAnswer, match="a module's answer set the fact npu_store, which no module may"):
        gate.reduced(text, gate.keys(module))
    # In a rollback they are only dropped.
    assert "evil" not in gate.reduced(text, {"changed"}, strict=False)


# -- before Ansible's own code
# -------------------------------------------------------------------------------------------------

def test_nothing_else_gets_as_far_as_ansibles_own_code():
    text = (
        "Welcome {\n[1]\n"
        + json.dumps({"changed": True, "warnings": ["x"], "add_host": {}, "_ansible_x": 1})
        + "\nlogout }x\n\x1b[2J junk"
    )
    assert json.loads(gate.reduced(text, {"changed", "msg"})) == {"changed": True}


@pytest.mark.parametrize(
    "text", ["", "Welcome", "{", "{}x", '{"a": NaN}', "[" * 10, '{"a":' + "[" * 100000 + "]" * 100000 + "}"]
)
def test_invalid_json_is_reported(text):
    with pytest.raises(limits.MalformedAnswer):
        gate.reduced(text, {"a"})
