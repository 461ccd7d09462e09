# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the role runtime installs beside the library: wheels by their checksums only, and rknn_server shut in."""

from __future__ import annotations

import configparser
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import zipfile

import environment
import jinja2
import pytest
import yaml

ROLE = pathlib.Path(__file__).resolve().parents[4] / "roles/runtime"
HASH = "sha256:" + "0" * 64


def play(tmp_path, tasks, boards, *options):
    """C((exit code, output)) of tasks of the role for each board, all of them this machine, with the variables given for it."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    (tmp_path / "boards.yml").write_text(json.dumps({"all": {"vars": variables, "hosts": boards}}))
    (tmp_path / "play.yml").write_text(json.dumps([{
        "hosts": "all", "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": {"name": "rkfleet.npu.runtime", "tasks_from": tasks}}]}]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "boards.yml", *options, "play.yml"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(environment.COLLECTIONS), ANSIBLE_NOCOLOR="1"))
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_board_that_is_lost_in_a_task_of_an_optional_part_does_not_go_on(tmp_path):
    # The playbooks keep lost boards in the play, and nothing later would see that a part is missing.
    lost = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9, "npu_toolkit_lite2": True,
            "__npu_plan": {"runtime": {"install": False}}, "__npu_runtime_source": {}}
    (tmp_path / "boards.json").write_text(json.dumps({"all": {"hosts": {"rock": lost}}}))
    (tmp_path / "play.yml").write_text(json.dumps([{
        "hosts": "all", "gather_facts": False, "ignore_unreachable": True,
        "tasks": [{"block": [{"ansible.builtin.include_role": {"name": "rkfleet.npu.runtime"}},
                             {"ansible.builtin.debug": {"msg": "COMMIT"}}]}]}]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "boards.json", "play.yml"], cwd=tmp_path, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(environment.COLLECTIONS), ANSIBLE_NOCOLOR="1"))
    assert done.returncode == 4 and "UNREACHABLE" in done.stdout and "COMMIT" not in done.stdout, done.stdout + done.stderr


# -- rknn-toolkit-lite2 -------------------------------------------------------------------------------------------------------

def test_without_checksums_nothing_is_installed(tmp_path):
    lite2 = "rknn-toolkit-lite2==2.3.2"
    lists = [[lite2], [lite2 + " --hash=" + HASH, "numpy"], ["rknn-toolkit-lite2>=2.3.2 --hash=" + HASH], ["-r /etc/passwd"],
             ["rknn-toolkit-lite2 @ https://example.com/x.whl --hash=" + HASH], [lite2 + " --hash=md5:00"],
             [lite2 + " --hash=" + HASH + "\n--index-url https://example.com"]]
    boards = {"rock-%d" % number: {"npu_toolkit_lite2_requirements": rows} for number, rows in enumerate(lists)}
    boards["rock-9"] = {"npu_toolkit_lite2_version": "2.5.0"}
    code, told = play(tmp_path, "toolkit_lite2", {name: dict(rows, npu_toolkit_lite2_venv=str(tmp_path / "venv")) for name, rows in boards.items()}, "--check")
    assert code == 2 and not (tmp_path / "venv").exists()
    assert "rock-9: no checksums are known for rknn-toolkit-lite2 2.5.0. Set npu_toolkit_lite2_req" in told
    assert {name for name in boards if "%s: no checksums are known for rknn-toolkit-lite2" % name in told} == set(boards)


def test_a_check_run_predicts_what_is_missing(tmp_path):
    there = ["numpy==1.26.4", "psutil==7.0.0", "rknn-toolkit-lite2==2.3.2", "ruamel-yaml==0.18.10", "Ruamel.Yaml_clib==0.2.12"]
    installed = {"complete": there, "one-less": there[1:], "another": ["numpy==1.26.3", *there[1:]], "more": ["pip==23.0", *there], "none": None}
    boards = {name: {"npu_toolkit_lite2_venv": str(tmp_path / name)} for name in installed}
    for name, packages in installed.items():
        if packages:
            python = tmp_path / name / "bin" / "python"
            python.parent.mkdir(parents=True)
            # Without --all pip leaves out itself and, below Python 3.12, setuptools and wheel.
            python.write_text("#!/bin/sh\necho '%s'\n[ \"$4\" != --all ] || echo setuptools==75.3.0\n" % "\n".join(packages))
            python.chmod(0o755)
    code, told = play(tmp_path, "toolkit_lite2", boards, "--check")
    assert code == 0 and not (tmp_path / "none").exists()
    assert dict(re.findall(r"([\w-]+) : ok=\d+ changed=(\d)", told)) == {"complete": "0", "one-less": "1", "another": "1", "more": "0", "none": "1"}
    own = {"npu_toolkit_lite2_requirements": ["setuptools==75.3.0 --hash=" + HASH, "numpy==1.26.4 --hash=" + HASH]}
    code, told = play(tmp_path, "toolkit_lite2", {"complete": dict(boards["complete"], **own)}, "--check")
    assert code == 0 and "changed=0 " in told
    # With everything there a run has nothing to install either.
    code, told = play(tmp_path, "toolkit_lite2", {"complete": boards["complete"]})
    assert code == 0 and "changed=0 " in told and os.listdir(tmp_path / "complete") == ["bin"]


def test_each_package_of_the_shipped_list_has_a_checksum_for_each_python():
    lists = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__npu_toolkit_lite2_requirements"]
    assert yaml.safe_load((ROLE / "defaults/main.yml").read_text())["npu_toolkit_lite2_version"] in lists
    for version, rows in lists.items():
        packages = {row.split("==")[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})(?= |$)", row) for row in rows}
        # What its metadata requires, and what those require in turn.
        assert set(packages) == {"rknn-toolkit-lite2", "numpy", "psutil", "ruamel.yaml", "ruamel.yaml.clib"} and rows[0].split()[0].endswith("==" + version)
        # psutil has one wheel for all of them, ruamel.yaml is pure Python.
        assert {name: len(set(found)) for name, found in packages.items()} == {
            "rknn-toolkit-lite2": 4, "numpy": 4, "ruamel.yaml.clib": 4, "psutil": 1, "ruamel.yaml": 1}


def wheel(folder, name, requires=""):
    path = folder / ("%s-1.0-py3-none-any.whl" % name)
    with zipfile.ZipFile(path, "w") as archive:
        info = "%s-1.0.dist-info/" % name
        archive.writestr(name + ".py", "")
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n%s" % (name, requires))
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(info + "RECORD", "")
    return path


@pytest.mark.parametrize("harm, told", [
    (None, None), ("another wheel", "DO NOT MATCH THE HASHES"), ("a package that is not named", "--require-hashes"),
    ("a source package", "No matching distribution")])
def test_pip_installs_nothing_else(tmp_path, harm, told):
    tasks = yaml.safe_load((ROLE / "tasks/toolkit_lite2.yml").read_text())
    call = next(task["ansible.builtin.pip"] for task in tasks[-1]["block"] if "ansible.builtin.pip" in task)
    assert set(call) == {"requirements", "virtualenv", "virtualenv_command", "extra_args"}
    wheel(tmp_path, "other")
    one = wheel(tmp_path, "one", "Requires-Dist: other\n" if harm == "a package that is not named" else "")
    digest = hashlib.sha256(one.read_bytes()).hexdigest()
    if harm == "another wheel":
        wheel(tmp_path, "one", "Summary: changed\n")
    elif harm == "a source package":
        one.unlink()
        (tmp_path / "one-1.0.tar.gz").write_bytes(b"x")
    (tmp_path / "requirements.txt").write_text("one==1.0 --hash=sha256:%s\n" % digest)
    offline = "--no-index --find-links " + shlex.quote(str(tmp_path))
    arguments = shlex.split(call["extra_args"].replace("{{ __npu_settings.npu_toolkit_lite2_pip_args }}", offline))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--isolated", "install", "--target", str(tmp_path / "site"), *arguments, "-r", str(tmp_path / "requirements.txt")],
        capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is (harm is None), done.stderr
    assert (tmp_path / "site" / "one.py").exists() is (harm is None) and (told is None or told in done.stderr)


# -- rknn_server --------------------------------------------------------------------------------------------------------------

def unit(node="/dev/dri/renderD129", allow=()):
    # With the options that Ansible's template module has.
    environment_ = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    return environment_.from_string((ROLE / "templates/rknn_server.service.j2").read_text()).render(
        ansible_facts={"npu": {"driver": {"render_node": node}}}, __npu_settings={"npu_rknn_server_allow": list(allow)})


def service(text):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(text)
    return dict(parser["Service"])


def test_rknn_server_is_shut_in():
    found = service(unit())
    assert found["DynamicUser"] == "yes" and "User" not in found and set(found["SupplementaryGroups"].split()) == {"render", "video"}
    assert found["CapabilityBoundingSet"] == "" and found["NoNewPrivileges"] == "yes" and found["ProtectSystem"] == "strict"
    assert found["PrivateTmp"] == "yes" and found["ProtectHome"] == "yes" and found["DevicePolicy"] == "closed"
    assert found["RestrictAddressFamilies"] == "AF_UNIX" and found["IPAddressDeny"] == "any" and "IPAddressAllow" not in found
    assert service(unit(None)) == found


def test_where_the_node_is_roots_it_is_root_without_capabilities():
    found = service(unit("/dev/rknpu"))
    assert found["User"] == "root" and "DynamicUser" not in found and found["CapabilityBoundingSet"] == "" and found["NoNewPrivileges"] == "yes"
    assert {key: value for key, value in found.items() if key not in ("User", "InaccessiblePaths")} == {
        key: value for key, value in service(unit()).items() if key not in ("DynamicUser", "SupplementaryGroups")}


def test_who_may_reach_rknn_server():
    found = service(unit(allow=["localhost", "10.1.0.0/24", "fd00::/64"]))
    assert found["IPAddressAllow"] == "localhost 10.1.0.0/24 fd00::/64" and found["IPAddressDeny"] == "any"
    assert found["RestrictAddressFamilies"] == "AF_UNIX AF_INET AF_INET6"


def test_an_entry_that_is_not_an_address(tmp_path):
    entries = ["rock-1", "10.1.0.0/24\nUser=root", "", "10.1.0.1 any", "a", "0/0", "10.1.0.0/", "ANY", "any\n"]
    plan = {"runtime": {"version": "2.3.2", "rknn_server": {"path": "x", "sha256": "0" * 64}}}
    boards = {"rock-%d" % number: {"npu_rknn_server_allow": ["10.1.0.1", entry], "__npu_plan": plan} for number, entry in enumerate(entries)}
    # These are addresses, and that board fails later: nothing has this checksum.
    good = {"npu_rknn_server_allow": ["any", "localhost", "10.1.0.1", "fd00::/64", "::1"], "__npu_plan": plan}
    code, told = play(tmp_path, "rknn_server", dict(boards, good=dict(good, npu_mirror="http://127.0.0.1:9", npu_cache_dir=str(tmp_path))), "--check")
    assert "cannot get x: tried http://127.0.0.1:9/x" in told and "good: npu_rknn" not in told
    assert code == 2 and "as in systemd's IPAddressAllow" in told
    assert {name for name in boards if "%s: npu_rknn_server_allow is ['10.1.0.1'" % name in told} == set(boards)


STUB = """
from ansible.plugins.action import ActionBase
class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return dict(changed=False, path="/nowhere", available=True)
"""
SYSTEMCTL = """#!/bin/sh
[ "$1" = show ] && [ -e "{unit}" ] && echo LoadState=loaded && echo ActiveState=active
[ "$1" = show ] && [ ! -e "{unit}" ] && echo LoadState=not-found
[ "$1" = show ] || echo "$@" >> "{calls}"
"""


def test_rknn_server_is_restarted_at_once_and_only_if_it_has_changed(tmp_path):
    """Not at the end of the play: a rollback may have removed the unit by then, and the run would fail outside any rescue."""
    copy = environment.copy_project(tmp_path / "ansible_collections/rkfleet/npu")
    assert not list(copy.glob("roles/*/handlers"))
    for name in ("npu_artifact", "npu_runtime"):
        (copy / "plugins/action" / (name + ".py")).write_text(STUB)
    there, calls = tmp_path / "rknn_server.service", tmp_path / "calls"
    tasks = copy / "roles/runtime/tasks/rknn_server.yml"
    tasks.write_text(tasks.read_text().replace("/etc/systemd/system/rknn_server.service", str(there)).replace("[video, render]", "[]"))
    (tmp_path / "systemctl").write_text(SYSTEMCTL.format(unit=there, calls=calls))
    (tmp_path / "systemctl").chmod(0o755)
    board = {
        "ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False,
        "__npu_plan": {"runtime": {"version": "2.3.2", "rknn_server": {"path": "x", "sha256": "0" * 64}}}}
    role = {"name": "rkfleet.npu.runtime", "tasks_from": "rknn_server"}
    (tmp_path / "boards.yml").write_text(json.dumps({"all": {"hosts": {"a": board}}}))
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [
        {"ansible.builtin.set_fact": {"npu": {"driver": {"render_node": "/dev/dri/renderD129"}}, "cacheable": True}},
        {"block": [{"ansible.builtin.include_role": role}, {"ansible.builtin.fail": {"msg": "MobileNet does not work"}}],
         "rescue": [{"ansible.builtin.command": {"argv": ["systemctl", "the rollback"]}}]}]}]))

    def run(*options):
        done = subprocess.run(
            ["ansible-playbook", "-i", "boards.yml", *options, "play.yml"], cwd=tmp_path, capture_output=True, text=True, check=False,
            env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(tmp_path), ANSIBLE_NOCOLOR="1", PATH="%s:%s" % (tmp_path, os.environ["PATH"])))
        assert done.returncode == 0 and '"msg": "MobileNet does not work"' in done.stdout, done.stdout + done.stderr
        found = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return [call for call in found if call.split()[0] in ("restart", "start", "the")]

    # There is no unit yet.
    assert run("--check") == [] and not there.exists()
    assert run() == ["restart rknn_server.service", "the rollback"] and there.exists()
    assert run() == ["the rollback"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("node", ["/dev/dri/renderD129", "/dev/rknpu"])
@pytest.mark.parametrize("allow", [[], ["localhost", "10.1.0.0/24", "fd00::1"]])
def test_systemd_understands_the_unit(tmp_path, node, allow):
    path = tmp_path / "rknn_server.service"
    path.write_text(unit(node, allow).replace("/usr/bin/rknn_server", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "rknn_server" not in done.stderr, done.stderr
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)], capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for rknn_server\.service: ([\d.]+)", done.stdout)
    # 9.6 in release 1.5.0. An older systemd-analyze has no --offline.
    assert not exposure or float(exposure[1]) < 2.5
