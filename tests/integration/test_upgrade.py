# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The main job on an emulated ROCK 5B: from the mission's broken driver to a verified one.

The tests go on from one another in this order: the board is at first untouched, then upgraded, then rebooted.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import sys
import tarfile

import environment
import pytest
from compiled import Results
from emulated import BOARD, state_folder

pytestmark = pytest.mark.board

UPGRADE, VERIFY, AUDIT = "playbooks/upgrade-npu.yml", "playbooks/verify-npu.yml", "playbooks/audit-npu.yml"
TOP1 = "283: 0.468750"
KEPT = "/var/lib/rkfleet-npu"
FAILURE = "failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant"


def sentence(run):
    """Return the message with which the board was failed, on one line."""
    found = re.findall(r'fatal: \[%s\]: FAILED! => .*?"msg": "((?:[^"\\]|\\.)*)"' % BOARD, run.output, re.DOTALL)
    assert found, run.output
    return json.loads('"%s"' % found[-1])


# Whichever node the runtime opens, this opens the other one: card nodes are what the vendor's runtime opens.
OPENS_THE_NPU = """#!/bin/sh
for card in /sys/class/drm/card[0-9]; do
    ! grep -q DRIVER=RKNPU $card/device/uevent || exec sleep 9000 </dev/dri/${card##*/}
done
exit 1
"""
DETECTOR = """[Unit]
Description=A program that uses the NPU from the boot on
[Service]
ExecStart=/usr/local/bin/detector
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""


@pytest.fixture
def detector(board):
    """An enabled unit that opens the NPU's card node."""
    for path, text in (("/usr/local/bin/detector", OPENS_THE_NPU), ("/etc/systemd/system/detector.service", DETECTOR)):
        board.ssh("sudo sh -c 'cat >%s && chmod 755 %s' <<'END'\n%sEND" % (path, path, text))
    board.ssh("sudo systemctl daemon-reload && sudo systemctl enable --quiet --now detector")
    yield "detector.service"
    board.ssh("sudo sh -c 'systemctl disable --quiet --now detector; rm -f /usr/local/bin/detector /etc/systemd/system/detector.service;"
              " systemctl daemon-reload'")


def test_a_check_run_predicts_the_plan_and_changes_nothing(board, play, detector):
    """Also where a service uses the NPU that an upgrade stops first."""
    before, boot_id = board.state(), board.boot_id()
    run = play(UPGRADE, "--check", "--diff", "-e", json.dumps({"npu_services": [detector]}))
    assert run.rc == 0
    assert "planned: dkms_over_builtin" in run.output
    assert "initcall_blacklist=rknpu_init" in run.output
    assert run["changed"] > 0
    assert board.state() == before and board.boot_id() == boot_id
    assert board.ssh("systemctl is-active detector").strip() == "active"


def test_an_audit_changes_nothing(board, play, tmp_path):
    # Times too: a file that was written with what it had already is a change.
    everything = (
        "sudo find / -xdev -path /run -prune -o -path /var/log -prune -o -path /var/lib/systemd -prune -o -path /tmp -prune -o"
        " -printf '%p %y %m %U %s %T@ %C@ %l\\n' | sort")
    files, before, boot_id = board.ssh(everything).splitlines(), board.state(), board.boot_id()
    for words in ([], ["-e", "npu_audit_verify=true"]):
        run = play(AUDIT, "-e", "npu_report_dir=%s" % (tmp_path / "report"), *words)
        assert run.rc == 2 and "planned: dkms_over_builtin" in run.output and run["remote"] == ["rkfleet.npu.npu_audit_info"]
        record = json.loads((tmp_path / "report/fleet.json").read_text())["boards"][0]
        assert record["status"] == "needs_work" and record["driver"]["version"] == "0.9.3" and record["privileged"] is bool(words)
        assert (record["verification"] or {}).get("diagnosis") == ("driver" if words else None)
    after = board.ssh(everything).splitlines()
    assert sorted(set(files) ^ set(after)) == [] and board.state() == before and board.boot_id() == boot_id


@pytest.mark.case(case="headers nowhere", plan="dkms_over_builtin", result="stops with the exact name of the package, before anything is changed")
def test_it_stops_if_no_headers_are_available(board, play):
    board.ssh("sudo sh -c 'mv /lib/modules/$(uname -r)/build /root/build && mv /etc/apt/sources.list.d /root/sources'")
    try:
        run = play(UPGRADE)
        release = board.ssh("uname -r").strip()
        assert run.rc == 2 and run["changed"] == 0
        assert "linux-headers-" + release in sentence(run)
    finally:
        board.ssh("sudo sh -c 'mv /root/build /lib/modules/$(uname -r)/build && mv /root/sources /etc/apt/sources.list.d'")


@pytest.mark.case(case="too little space on the board", plan="unsupported", result="says how many MiB are missing, and where, before anything is changed")
def test_it_stops_without_space(board, play):
    board.ssh("sudo sh -c 'fallocate -l $(($(df --output=avail -B1 / | tail -1) - 8388608)) /root/full'")
    try:
        run = play(UPGRADE)
        assert run.rc == 2 and run["changed"] == 0
        assert "MiB" in sentence(run)
    finally:
        board.ssh("sudo rm /root/full")


@pytest.mark.case(case="no root on the board", plan="unsupported", result="says that the ssh user needs sudo, before anything is changed")
def test_it_stops_without_sudo(board, play):
    board.ssh(
        "sudo sh -c 'useradd -m nosudo && mkdir -m 700 ~nosudo/.ssh && cp ~radxa/.ssh/authorized_keys ~nosudo/.ssh/"
        " && chown -R nosudo: ~nosudo/.ssh'"
    )
    try:
        run = play(UPGRADE, "-e", "ansible_user=nosudo")
        assert run.rc == 2 and run["changed"] == 0
        assert "sudo" in sentence(run) and BOARD in sentence(run)
    finally:
        board.ssh("sudo sh -c 'pkill -u nosudo; sleep 1; userdel -r nosudo'")


@pytest.mark.case(case="another architecture", plan="unsupported", result="one sentence names it and what the vendor's files are for")
def test_a_machine_that_is_not_a_rockchip_board_stays_unchanged(play):
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False, "npu_become": False}
    run = play(UPGRADE, "-e", json.dumps(local), inventory="thismachine,")
    assert run.rc == 2
    assert re.search("thismachine: This is a .* machine, and the vendor's driver and runtime exist for aarch64 only", run.output)
    assert re.search("^thismachine .* unsupported$", run.output, re.MULTILINE)
    assert run.boards["thismachine"]["changed"] == 0


CONTAINER = "0123456789ab" + "cd" * 26
DROP_INS = "ls /etc/systemd/system/*.d/zz-rkfleet-npu.conf 2>/dev/null || true"


@pytest.mark.case(case="something has the NPU open", plan="dkms_over_builtin", result="named, and the board is stopped before anything is changed")
def test_it_stops_where_the_npu_is_in_use(board, play, detector, tmp_path):
    before = board.state()
    run = play(UPGRADE)
    assert run.rc == 2 and run["changed"] == 0
    assert re.search(r"The NPU is in use by sleep \(pid \d+, detector.service\)\. Stop it \(systemctl stop detector.service\), add "
                     r"detector.service to npu_services, or set npu_force to true", sentence(run)), sentence(run)
    run = play(VERIFY)
    assert run.rc == 2 and "diagnosis busy: the NPU is in use by sleep" in sentence(run)
    run = play(AUDIT, "-e", "npu_audit_verify=true", "-e", "npu_report_dir=%s" % (tmp_path / "report"))
    record = json.loads((tmp_path / "report/fleet.json").read_text())["boards"][0]
    assert record["verification"] is None and any("detector.service" in line for line in record["evidence"])
    assert [line for line in board.state() if KEPT not in line] == [line for line in before if KEPT not in line]
    assert board.ssh("systemctl is-active detector").strip() == "active" and not board.ssh(DROP_INS)


@pytest.mark.faults_only
def test_a_container_that_uses_the_npu_is_named(board, play, detector):
    """A cgroup called like one of Docker's, since the board cannot run containers. No service ends it."""
    services = ["-e", '{"npu_services": ["detector.service"]}']
    board.ssh("sudo systemd-run --quiet --scope --unit=docker-%s /usr/local/bin/detector >/dev/null 2>&1 </dev/null &" % CONTAINER)
    try:
        run = play(UPGRADE)
        assert run.rc == 2 and "docker container 0123456789ab" in sentence(run) and "docker stop 0123456789ab" in sentence(run)
        # It might belong to the service: that is only known when the service has been stopped.
        run = play(UPGRADE, *services)
        assert run.rc == 2 and "the NPU is in use by sleep" in sentence(run) and "detector.service" not in sentence(run).split("npu_services")[0]
        assert "docker stop 0123456789ab" in sentence(run)
        assert not board.ssh(DROP_INS) and board.ssh("systemctl is-active detector").strip() == "active"
        assert board.ssh("sudo sh -c 'test -e %s/pending && echo pending || echo none'" % KEPT).strip() == "none"
    finally:
        board.ssh("sudo systemctl stop docker-%s.scope" % CONTAINER)


def test_before_the_upgrade_mobilenet_fails_as_in_the_mission(board, play):
    run = play(VERIFY)
    assert run.rc == 2
    said = sentence(run)
    assert "diagnosis driver" in said and FAILURE in said
    assert "0.9.3" in said and "0.9.6" in said and "upgrade-npu.yml" in said


@pytest.mark.case(case="bookworm, vendor kernel, driver 0.9.3 built in, MobileNet fails", plan="dkms_over_builtin",
                  result="driver 0.9.6 as module rknpu_dkms, the built-in one suppressed by a kernel argument")
def test_the_upgrade(board, play, figures, detector):
    boot_id = board.boot_id()
    # The service is enabled. That it did not run is in the journal, which ends at a reboot unless it is kept.
    board.ssh("sudo sh -c 'mkdir -p /var/log/journal && systemctl restart systemd-journald'")
    results = Results("vendor", "the upgrade")
    results.put(board)
    run = play(UPGRADE, "-e", json.dumps({"npu_services": [detector]}))
    assert run.rc == 0
    assert board.boot_id() != boot_id
    results.take(board)
    journal = board.ssh("sudo journalctl -b -o cat -u detector")
    assert re.match(r".*[Cc]ondition.*", journal.splitlines()[0]), journal
    assert board.ssh("systemctl is-active detector").strip() == "active" and not board.ssh(DROP_INS)
    table = next(line for line in run.output.splitlines() if line.startswith(BOARD) and "→" in line)
    assert "0.9.3 → 0.9.6" in table and "1.6.0 → 2.3.2" in table and TOP1 in table and table.endswith("ok")
    phases = re.search(r"^%s: (.*), together \d+ s$" % BOARD, run.output, re.MULTILINE)[1].split(", ")
    names = [phase.split()[0] for phase in phases]
    assert names[0] == "detect" and names[-6:] == ["begin", "build", "activate", "runtime", "verify", "commit"], names
    assert len(run["remote"]) <= 25, run["remote"]
    figures(upgrade_seconds=round(run.seconds), upgrade_remote_tasks=len(run["remote"]), build_seconds=build_seconds(run))


def build_seconds(run):
    """How long the phase took in which the driver comes onto the board."""
    return int(re.search(r"^.*%s: detect .*, build (\d+) s," % BOARD, run.output, re.MULTILINE)[1])


def facts_of(board):
    return json.loads(board.ssh("cat /etc/ansible/facts.d/npu.fact"))


def test_the_new_driver_answers_over_the_suppressed_builtin(board):
    assert "initcall rknpu_init blacklisted" in board.ssh("sudo dmesg")
    assert board.ssh("lsmod").count("rknpu_dkms ") == 1
    assert board.ssh("sudo cat /sys/kernel/debug/rknpu/version").strip() == "RKNPU driver: v0.9.6"
    assert "rknpu/0.9.6" in board.ssh("sudo dkms status")


def test_nothing_else_on_the_kernel_line_changed(board):
    line = board.ssh("grep ^U_BOOT_PARAMETERS /etc/default/u-boot").strip()
    was = board.ssh("sudo sh -c 'grep -h ^U_BOOT_PARAMETERS /var/lib/rkfleet-npu/backup/u-boot-*'").strip()
    assert line.replace(" initcall_blacklist=rknpu_init", "") in was.splitlines()
    assert "initcall_blacklist=rknpu_init" in line


def test_the_vendor_files_are_on_the_board_byte_for_byte(board, root):
    served = pathlib.Path(json.loads((state_folder(root) / "boards.json").read_text())["server"]["folder"])
    with tarfile.open(next(served.glob("**/rknpu_driver_0.9.6_20240322.tar.bz2"))) as tar:
        sent = {"./" + member.name: hashlib.sha256(tar.extractfile(member).read()).hexdigest() for member in tar if member.isfile()}
    listing = board.ssh("sh -c 'cd /usr/src/rknpu-0.9.6/vendor && find . -type f -exec sha256sum {} +'")
    assert {name: digest for digest, name in (line.split() for line in listing.splitlines())} == sent


def test_the_old_runtime_is_kept(board):
    kept = board.ssh("sudo sh -c 'grep -aoh \"librknnrt version: [0-9.]*\" /var/lib/rkfleet-npu/backup/librknnrt.so-*'")
    assert set(kept.splitlines()) == {"librknnrt version: 1.6.0"}


def test_the_facts_are_on_the_board(board):
    record = facts_of(board)
    assert record["driver"]["version"] == "0.9.6" and record["driver"]["module"] == "rknpu_dkms"
    assert record["runtime"]["version"] == "2.3.2"
    assert record["verification"]["diagnosis"] == "ok"
    assert [round(entry["score"] * 256) for entry in record["verification"]["top5"]] == [120, 62, 27, 23, 5]
    assert board.ssh("stat -c %a /etc/ansible/facts.d/npu.fact").strip() == "644"


@pytest.mark.case(case="a board that was upgraded", plan="none", result="nothing changes, without a reboot")
def test_a_second_run_changes_nothing(board, play, figures):
    before, boot_id = board.state(), board.boot_id()
    run = play(UPGRADE)
    assert run.rc == 0
    assert run["changed"] == 0
    assert board.boot_id() == boot_id
    assert board.state() == before
    assert len(run["remote"]) <= 6, run["remote"]
    figures(second_run_seconds=round(run.seconds), second_run_remote_tasks=len(run["remote"]))


# With the oldest core the artefact upgrades a board in test_boards.py; those between are what all other tests run with, or sanity.
@pytest.mark.parametrize("core", list(environment.CORES)[-1:])
def test_newer_cores_find_nothing_to_do(board, play, artefact, another_core, core):
    run = play(
        "rkfleet.npu.upgrade_npu", cwd=artefact, venv=another_core(core), env={"ANSIBLE_COLLECTIONS_PATH": str(artefact)},
    )
    assert run.rc == 0 and run["changed"] == 0
    assert re.search(f"^{BOARD} .*{TOP1}.* ok$", run.output, re.MULTILINE)


@pytest.mark.faults_only
def test_the_runtime_of_the_mission_and_rknn_server_can_be_chosen(upgraded, play, inventory_with, tmp_path):
    server = tmp_path / "rknn_server"
    server.write_text("#!/bin/sh\n# stand-in, not the vendor's\nexec sleep infinity\n")
    row = {"path": "airockchip/rknn_server", "sha256": hashlib.sha256(server.read_bytes()).hexdigest()}
    wish = {"npu_runtime_version": "1.6.0", "npu_rknn_server": True, "npu_local_folder": str(tmp_path),
            "npu_compatibility": {"runtimes": {"1.6.0": {"rknn_server": row}}}}
    boot_id = upgraded.boot_id()
    run = play(UPGRADE, inventory=inventory_with(wish))
    assert run.rc == 0
    assert re.search(f"^{BOARD} .*2.3.2 → 1.6.0 .*{TOP1}.* ok$", run.output, re.MULTILINE)
    assert upgraded.boot_id() == boot_id
    assert upgraded.ssh("systemctl is-active rknn_server").strip() == "active"
    assert play(UPGRADE, inventory=inventory_with(wish))["changed"] == 0


# In make test a light board shows it, with a modelled kernel (test_light_upgrade.py).
@pytest.mark.faults_only
@pytest.mark.case(case="no headers and no compiler to be had, but a board with the same kernel has built the driver", plan="dkms_over_builtin",
                  result="the module comes from the controller's store, without a build; a note says that a kernel update takes another run")
def test_a_board_with_the_same_kernel_gets_the_module_without_headers_and_compiler(upgraded, play, figures):
    board = upgraded
    board.reset()
    taken = ("/lib/modules/$(uname -r)/build", "/etc/apt/sources.list.d", "/usr/bin/gcc", "/usr/bin/cc", "/usr/bin/make")
    board.ssh("sudo sh -c 'mv %s /root/'" % " ".join(taken))
    boot_id = board.boot_id()
    run = play(UPGRADE, "-v")
    assert run.rc == 0 and board.boot_id() != boot_id
    assert re.search(f"^{BOARD} .*0.9.3 → 0.9.6 .*{TOP1}.* ok$", run.output, re.MULTILINE)
    assert re.search(r'"steps": \["tree", "load"\]', run.output) and "missing on the board: a compiler and make and kernel headers" in run.output
    assert board.ssh("lsmod").count("rknpu_dkms ") == 1
    assert re.search(r"rknpu/0\.9\.6, \S+, aarch64: installed", board.ssh("sudo dkms status"))
    assert not board.ssh("sudo sh -c 'ls -A /var/lib/dkms/rknpu/0.9.6/build'").strip(), "something was built"
    figures(load_seconds=build_seconds(run))
    assert play(UPGRADE)["changed"] == 0
    # The tests that come after it on this board want what every other board has.
    board.ssh("sudo sh -c '%s'" % "; ".join("mv /root/%s %s" % (path.rpartition("/")[2], path) for path in taken))
