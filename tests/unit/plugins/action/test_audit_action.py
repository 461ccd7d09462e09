# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The whole audit of a board with Ansible, on this machine: a recorded tree, the stand-in runtime with a pretended device, and boards that lie."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import pytest

LAB = pathlib.Path(__file__).resolve().parents[4] / "tests/lab/runtime"
RELEASE = "6.1.84"
LIAR = '''#!%(python)s
import json, re, sys
text = sys.stdin.read()
marker = re.search('"marker": "([0-9a-f]{32})"', text)[1]
%(says)s
'''


@pytest.fixture
def tree(tmp_path):
    """A ROCK 5B with the driver built in, as root sees it."""
    def write(path, content=""):
        place = tmp_path / "board" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())

    write("proc/device-tree/model", "Radxa ROCK 5B\0")
    write("proc/device-tree/compatible", "radxa,rock-5b\0rockchip,rk3588\0")
    write("proc/device-tree/npu@fdab0000/compatible", "rockchip,rk3588-rknpu\0")
    write("proc/sys/kernel/osrelease", RELEASE + "\n")
    write("proc/sys/kernel/arch", "aarch64\n")
    write("proc/cmdline", "ro quiet\n")
    write("sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.6\n")
    write("sys/bus/platform/drivers/RKNPU/uevent")
    write("sys/devices/platform/fdab0000.npu/uevent", "DRIVER=RKNPU\n")
    write("sys/class/drm/renderD129/uevent")
    os.symlink("../../../devices/platform/fdab0000.npu", tmp_path / "board/sys/class/drm/renderD129/device")
    write("dev/dri/renderD129")
    (tmp_path / "board/sys/bus/platform/devices").mkdir(parents=True)
    os.symlink("../../../devices/platform/fdab0000.npu", tmp_path / "board/sys/bus/platform/devices/fdab0000.npu")
    os.symlink("../../../bus/platform/drivers/RKNPU", tmp_path / "board/sys/devices/platform/fdab0000.npu/driver")
    write("lib/modules/%s/modules.builtin" % RELEASE, "kernel/drivers/rknpu/rknpu.ko\n")
    write("etc/os-release", "ID=debian\n")
    write("usr/lib/librknnrt.so", b"librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)")
    return write


def listing(place):
    """Everything below a folder: names, kinds, modes, sizes, times, contents."""
    found = {}
    for folder, folders, files in os.walk(place):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = pathlib.Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else os.readlink(path) if stat.S_ISLNK(status.st_mode) else b""
            found[path] = (status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns, status.st_ino, content)
    return found


@pytest.fixture
def audit(tmp_path):
    """Run the task; give what it returned and how Ansible ended."""
    def run(*words, variables=None, environment=None, settings=None, boards=None, **args):
        task = {"rkfleet.npu.npu_audit_info": dict({"tree": {"root": str(tmp_path / "board")}}, **args), "register": "audit", "ignore_errors": True,
                "vars": {"__npu_phase": "detect"}}
        if environment:
            task["environment"] = environment
        play = [{"hosts": "all", "gather_facts": False, "tasks": [
            task, {"rkfleet.npu.npu_recap": {"boards": "{{ groups.all }}"}, "run_once": True},
            {"ansible.builtin.set_fact": {
                "answers": "{{ dict(groups.all | zip(groups.all | map('extract', hostvars, 'audit'))) }}"}, "run_once": True},
            {"ansible.builtin.copy": {"dest": str(tmp_path / "answers.json"), "content": "{{ answers | to_json }}"}, "run_once": True, "check_mode": False,
             "delegate_to": "localhost", "vars": {"ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(tmp_path / "controller")}}]}]
        (tmp_path / "play.yml").write_text(json.dumps(play))
        hosts = {name: dict({"ansible_connection": "local", "ansible_python_interpreter": sys.executable}, **own)
                 for name, own in (boards or {"board": variables or {}}).items()}
        (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": hosts}}))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-vvv", "-i", str(tmp_path / "boards.json"), str(tmp_path / "play.yml"), *words],
            env=dict(os.environ, **dict({"ANSIBLE_PIPELINING": "1", "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"), "ANSIBLE_HOME": str(tmp_path / "home"),
                                         "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote"), "ANSIBLE_NOCOLOR": "1"}, **settings or {})),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120, check=False, cwd=tmp_path)
        answers = json.loads((tmp_path / "answers.json").read_text())
        return answers if boards else answers["board"], done

    return run


def lie(path, says):
    """An interpreter that answers what a board made up."""
    path.write_text(LIAR % {"python": sys.executable, "says": says})
    path.chmod(0o755)
    return str(path)


def test_one_command_for_each_board_and_no_files_on_it(audit, tree, tmp_path):
    before = listing(tmp_path / "board")
    answer, done = audit()
    assert done.returncode == 0 and answer["failed"] is False and answer["changed"] is False, done.stdout
    assert answer["facts"]["driver"]["version"] == "0.9.6" and answer["facts"]["board"]["model"] == "Radxa ROCK 5B"
    assert answer["plan"]["driver"]["version"] == "0.9.6" and answer["plan"]["runtime"]["install"] and answer["verification"] is None
    task = done.stdout.split("TASK [ansible.builtin.set_fact]")[0]
    assert task.count(" EXEC ") == 1 and " PUT " not in task and "Using module file" not in task
    assert listing(tmp_path / "board") == before and not (tmp_path / "remote").exists()
    # The program was kept in Ansible's own folder of the run, which goes away with it.
    assert not [name for unused, unused_too, names in os.walk(tmp_path / "local") for name in names if "rkfleet" in name]
    assert audit("--check")[0]["plan"] == answer["plan"]


def test_where_nothing_can_be_pipelined_the_module_does(audit, tree):
    direct = audit()[0]
    answer, done = audit(settings={"ANSIBLE_PIPELINING": "0"})
    assert "npu_facts.py" in done.stdout and answer["plan"] == direct["plan"]
    for told in (answer, direct):
        told["facts"].pop("space")
    assert answer["facts"] == direct["facts"]


def test_the_interpreter_is_discovered_within_the_same_command(audit, tree):
    answer, done = audit(variables={"ansible_python_interpreter": "auto"}, environment={"NPU_WORD": "it's here"})
    assert answer["failed"] is False and done.stdout.split("TASK [ansible.builtin.set_fact]")[0].count(" EXEC ") == 1, done.stdout
    assert os.access(answer["ansible_facts"]["discovered_interpreter_python"], os.X_OK)
    answer, done = audit(variables={"ansible_python_interpreter": "/nowhere/python3"})
    said = "board: cannot read the board: there is no answer, because its Python was not started (the board said: "
    assert answer["failed"] and answer["msg"].startswith(said) and "/nowhere/python3" in answer["msg"]


def test_a_repository_is_queried_only_where_it_could_change_the_plan(audit, tree, tmp_path):
    tree("sys/kernel/debug/rknpu/version", "RKNPU driver: v0.9.3\n")
    answer = audit()[0]
    # A recorded tree has nobody to ask, and the plan is a plan.
    assert answer["plan"]["action"] == "dkms_over_builtin" or answer["plan"]["action"] == "unsupported"
    assert audit(wanted={"driver_version": "0.9.3.1"})[0]["msg"].startswith("board: driver version 0.9.3.1 is not in the compatibility data")


def test_a_board_that_does_not_answer_has_failed(audit):
    answer, done = audit(variables={"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9})
    assert answer["failed"] and answer["msg"].startswith("board: does not answer over ssh: ") and "unreachable=0" in done.stdout


def test_a_board_that_is_not_selected_is_skipped(audit, tree):
    dead = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    answers, done = audit(boards={"here": {}, "dead": dead}, select="driver.version > '0.9.10' && name != 'x'")
    # Of the one that does not answer it cannot be told, so it stays in.
    assert answers["here"]["not_selected"] == "npu_select is driver.version > '0.9.10' && name != 'x'" and not answers["here"]["failed"], done.stdout
    assert answers["dead"]["failed"] and answers["dead"]["not_selected"] is None
    answers, done = audit(boards={"here": {}, "dead": dead}, select="name == 'here' && driver.version < '0.9.10'")
    assert answers["here"]["not_selected"] is None and answers["dead"]["not_selected"] and not answers["dead"]["failed"] and "failed=0" in done.stdout
    answers, done = audit(boards={"here": {}, "dead": dead}, select="nam")
    assert all(told["failed"] and "npu_select is wrong at character 1: no board has a field nam there" in told["msg"] for told in answers.values())


LIES = {
    "shape": ("print('Welcome'); print(marker + json.dumps({'facts': {'kernel': 7}}) + marker)", "the facts has no board"),
    "text": ("print(marker + '{' * 100000 + marker)", "the answer is not JSON"),
    "size": ("print('x' * (3 << 20))", "more than 1048576"),
    "crash": ("sys.stderr.write('\\x1b[31mSegmentation fault\\n'); sys.exit(139)",
              "there is no answer (the board said: [31mSegmentation fault; it ended with 139)"),
    "guess": ("print('{\"facts\": {}}')", "there is no answer"),
    "error": ("print(marker + json.dumps({'error': 'OSError: ' + 'x' * 9999}) + marker)", "OSError: xxx"),
}


def test_an_invalid_answer_is_reported_in_one_sentence(audit, tree, tmp_path):
    boards = {name: {"ansible_python_interpreter": lie(tmp_path / name, says)} for name, (says, unused) in LIES.items()}
    answers, done = audit(boards=boards)
    for name, (unused, words) in LIES.items():
        answer = answers[name]
        assert answer["failed"] and words in answer["msg"] and len(answer["msg"]) < 700 and "\n" not in answer["msg"], done.stdout[-3000:]


def test_answers_of_a_board_are_not_templated(audit, tree):
    tree("proc/device-tree/model", "{{ lookup('pipe', 'touch pwned') }}\0")
    answer, done = audit()
    assert answer["facts"]["board"]["model"] == "{{ lookup('pipe', 'touch pwned') }}" and not os.path.exists("pwned"), done.stdout


# -- with the stand-in runtime ------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Library, model and picture of the lab."""
    pytest.importorskip("PIL")
    if not shutil.which("gcc"):
        pytest.skip("there is no gcc")
    folder = tmp_path_factory.mktemp("lab")
    for words in (["build.py", "--version", "2.3.2", "--native", "--fake-device", "--output", folder],
                  ["model.py", "--version", "2.3.2", "--output", folder / "mobilenet_v1.rknn"], ["picture.py", "--output", folder / "cat_224x224.jpg"]):
        subprocess.run([sys.executable, "-B", LAB / words[0], *map(str, words[1:])], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture
def verify(audit, tree, files, tmp_path):
    """Run the audit with verification on a board whose NPU is pretended."""
    library = (files / "librknnrt.so").read_bytes()
    tree("usr/lib/librknnrt.so", library)

    def pin(name):
        content = (files / name).read_bytes()
        return {"path": "lab/" + name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "git_blob": None}

    models = {key: {"soc": {"rk3588": pin("mobilenet_v1.rknn")}, "picture": "lab"} for key in ("mobilenet_v1-1.6.0",)}
    data = {"pictures": {"lab": dict(pin("cat_224x224.jpg"), width=224, height=224)}, "models": models,
            "runtimes": {"2.3.2": {"sha256": hashlib.sha256(library).hexdigest(), "size": len(library), "model": "mobilenet_v1-1.6.0"}}}

    def run(*words, driver="0.9.6", submit="ok", folder=files, **args):
        inference = {"local_folder": str(folder), "cache_dir": str(tmp_path / "cache"), "timeout": 30}
        return audit(*words, environment={"RKFLEET_FAKE_DRIVER": driver, "RKFLEET_FAKE_SUBMIT": submit},
                     **dict({"verify": "always", "compatibility": data, "inference": inference}, **args))

    return run


def test_with_a_verification_it_is_read_only_too(verify, tmp_path):
    before = listing(tmp_path / "board")
    answer, done = verify()
    assert answer["verification"]["diagnosis"] == "ok" and answer["plan"]["action"] == "none" and answer["unverified"] is None, (answer, done.stdout)
    assert answer["changed"] is False and answer["settled"] is False
    assert re.search(r"^board: detect \d+ s, verify \d+ s, together \d+ s$", done.stdout, re.MULTILINE)
    # Nothing of Ansible's own either: the files came with the program.
    assert listing(tmp_path / "board") == before and not (tmp_path / "remote").exists()
    answer = verify(submit="fail")[0]
    assert answer["verification"]["diagnosis"] == "driver" and "failed to submit" in answer["verification"]["evidence"]
    # Under the policy "working" a driver that fails is none that is left alone; this one is the wanted one all the same.
    assert answer["plan"]["action"] == "none" and listing(tmp_path / "board") == before


def test_a_model_that_is_kept_is_not_sent_again(verify, tmp_path):
    answer, done = verify("--check", keep_model=True)
    assert answer["verification"]["diagnosis"] == "ok" and not (tmp_path / "board/var").exists()
    answer, done = verify(keep_model=True)
    assert answer["changed"] and len(list((tmp_path / "board/var/lib/rkfleet-npu/models").iterdir())) == 2
    answer, done = verify(keep_model=True)
    # Asked once, verified once.
    assert not answer["changed"] and done.stdout.split("TASK [ansible.builtin.set_fact]")[0].count(" EXEC ") == 2


def test_a_board_is_settled_once_its_record_matches(verify, tree, tmp_path):
    first = verify(verify="needed")[0]
    assert first["verification"]["diagnosis"] == "ok" and not first["settled"]
    from ansible_collections.rkfleet.npu.plugins.module_utils._inference import record

    record.save(record.compose(first["facts"], first["verification"]), str(tmp_path / "board/etc/ansible/facts.d/npu.fact"))
    assert verify(verify="needed")[0]["settled"]
    tree("var/lib/rkfleet-npu/pending/manifest")
    assert verify(verify="needed")[0]["verification"] is None


def test_a_board_that_is_not_selected_runs_nothing(verify):
    answer = verify(select="board.soc == 'rk3568'")[0]
    assert answer["verification"] is None and answer["not_selected"] and answer["plan"] and not answer["settled"]
    answer, done = verify(select="!verification.current && board.soc == 'rk3588'")
    assert answer["verification"]["diagnosis"] == "ok", (answer, done.stdout)


def test_why_nothing_could_be_verified(verify, tree, tmp_path):
    answer = verify(folder=tmp_path / "empty")[0]
    assert answer["verification"] is None and "cannot get mobilenet_v1.rknn" in answer["unverified"] and answer["plan"]["action"] == "none"
    (tmp_path / "board/usr/lib/librknnrt.so").unlink()
    assert verify()[0]["unverified"] == "its current setup cannot be verified: librknnrt.so is not installed"


def test_the_npu_of_a_board_that_another_run_upgrades_is_not_used(verify, tree):
    """Its own verification would find the NPU in use, and roll the board back."""
    from ansible_collections.rkfleet.npu.plugins.plugin_utils._rollout import run_owner

    def locked(holder):
        tree("var/lib/rkfleet-npu/lock.json", json.dumps(dict(holder, schema=1, since="2026-01-01T12:00:00Z")))

    running = run_owner.owner(os.getpid())
    locked(running)
    answer = verify()[0]
    assert answer["verification"] is None
    assert answer["unverified"].startswith("another run works on the board: it is locked by ")
    assert running["run"] in answer["unverified"] and answer["locked"] == answer["unverified"]
    # A job in another container and another laptop, whose processes nobody can see here.
    locked(dict(running, host="laptop-2", run="laptop-2-812-4711-0a1b2c3d"))
    for kind in ("always", "needed"):
        answer = verify(verify=kind)[0]
        assert answer["verification"] is None and "(run laptop-2-812-4711-0a1b2c3d)" in answer["unverified"]
        assert not answer["settled"] and not answer["busy"]
    answer = verify(variables={"npu_break_lock": True})[0]
    assert answer["verification"]["diagnosis"] == "ok" and answer["locked"] is None
    # A run that was killed uses nothing.
    locked(dict(running, run=running["run"].replace(running["started"], "1")))
    answer = verify()[0]
    assert answer["verification"]["diagnosis"] == "ok" and answer["locked"] is None


def test_a_board_that_works_by_its_record_is_settled_while_another_run_has_its_lock(verify, tree, tmp_path):
    from ansible_collections.rkfleet.npu.plugins.module_utils._inference import record

    first = verify()[0]
    record.save(record.compose(first["facts"], first["verification"]), str(tmp_path / "board/etc/ansible/facts.d/npu.fact"))
    lock = {"schema": 1, "since": "2026-01-01T12:00:00Z", "run": "laptop-2-812-4711-0a1b2c3d"}
    tree("var/lib/rkfleet-npu/lock.json", json.dumps(lock))
    answer = verify(verify="needed")[0]
    assert answer["settled"] and answer["verification"] is None and answer["unverified"] is None
    assert "laptop-2" in verify(verify="always")[0]["unverified"]
