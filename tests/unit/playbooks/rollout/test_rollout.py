# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The rollout's playbooks by a real ansible-playbook: what is upgraded, when, and what is said."""

from __future__ import annotations

import json
import re

import pytest
from stand_ins import rollout_stubs as stubs

collections, fleet, play = stubs.collections, stubs.fleet, stubs.play


def test_staging_boards_go_first_and_then_the_batches(play, tmp_path):
    run = play(fleet())
    assert run.rc == 0
    # One of each kernel together, then 1, then 10 % of four (no less than one), then the rest.
    assert sorted(run.touched[:2]) == ["a", "e"] and run.touched[2:4] == ["b", "c"] and sorted(run.touched[4:]) == ["d", "f"]
    assert run.verdicts == dict.fromkeys("abcdef", "ok") and "boards: 6, ok 6\n" in run.output
    assert "Could not match" not in run.output and "WARNING" not in run.output
    recorded = json.loads((tmp_path / "staging.json").read_text())["verified"]
    assert sorted((entry["kernel"], entry["board"]) for entry in recorded) == [("5.10.110", "e"), ("6.1.84", "a")]


def test_a_failed_staging_board_is_rolled_back_and_boards_of_its_kernel_are_skipped(play, tmp_path):
    run = play(fleet(a={"fails": "driver"}), npu_max_failed=1)
    assert run.rc == 2
    # One may fail: the other kernel goes on.
    assert run.verdicts == {"a": "rolled back", "b": "waiting", "c": "waiting", "d": "waiting", "e": "ok", "f": "ok"}
    assert sorted(run.marks) == ["a", "a.back", "e", "f"]
    assert run.line("boards: ") == "boards: 6, ok 2, waiting 3, rolled back 1"
    assert "waiting: b, c, d: kernel 6.1.84 (rk3588) with driver 0.9.6 is not verified: its staging board a failed. Fix" in run.output
    assert "a: the build failed It was rolled back." in run.output.split("PLAY RECAP")[0].split("TASK")[-1]
    assert [entry["board"] for entry in json.loads((tmp_path / "staging.json").read_text())["verified"]] == ["e"]


def test_once_too_many_boards_have_failed_the_others_are_skipped(play):
    boards = fleet(b={"fails": "driver"}, c={"fails": "begin"})
    # 30 % of six boards is one of them.
    run = play(boards, npu_rollout=[1], npu_max_failed="30%", npu_require_staging=False)
    assert run.rc == 2
    assert run.touched == ["a", "b"]  # c failed before it was changed
    assert run.verdicts == dict(dict.fromkeys(boards, "skipped"), a="ok", b="rolled back", c="failed")
    assert "c: another run has the board" in run.output and run.marks == ["a", "b", "b.back"]
    assert run.line("skipped: ") == "skipped: d, e, f: 2 boards failed (b, c), and npu_max_failed allows 1"
    assert "3 of 6 boards were skipped: d, e, f" in run.output


def test_boards_that_need_nothing_are_held_or_cannot_be_upgraded_are_in_no_batch(play):
    boards = {"right": {"needs": False}, "held": {"npu_hold": True, "fails": "detect"}, "noted": {"hold": "a new power supply\x1b[31m"},
              "dead": {"fails": "detect"}, "poor": {"fails": "fetch"}, "begun": {"needs": False, "pending": True}, "plain": {}}
    run = play(boards)
    # An unreachable board counts more than one that failed.
    assert run.rc == 4 and run.lost == ["dead"] and run.failed == ["poor"]
    assert run.verdicts == {"right": "ok", "held": "held", "noted": "held", "dead": "unreachable", "poor": "failed", "begun": "ok", "plain": "ok"}
    assert sorted(run.touched) == ["begun", "plain"]
    assert "held: held: npu_hold is set in the inventory" in run.output
    assert "held: noted: /etc/rkfleet-npu/hold is on the board: a new power supply?[31m" in run.output
    assert run.line("boards: ") == "boards: 7, ok 3, held 2, unreachable 1, failed 1"
    # Boards on hold alone are no reason to fail, and are not even asked.
    run = play({"right": {"needs": False}, "held": {"npu_hold": True, "fails": "detect"}})
    assert run.rc == 0 and run.touched == [] and "Could not match" not in run.output and "does not answer" not in run.output


def test_a_machine_with_two_names_is_changed_under_neither(play):
    boards = {"eth": {"boot_id": "11e1"}, "plain": {"boot_id": "22e2"}, "wlan": {"boot_id": "11e1"}}
    run = play(boards)
    assert run.rc == 2 and run.touched == ["plain"]
    assert run.verdicts == {"eth": "failed", "plain": "ok", "wlan": "failed"}
    for name in ("eth", "wlan"):
        assert f"{name}: the inventory names one machine 2 times (eth, wlan), and this run would upgrade it" in run.output
    # It is no reason to stop the others: npu_max_failed is 0.
    assert run.line("boards: ") == "boards: 3, ok 1, failed 2"


@pytest.mark.parametrize("verdict, code", [("held", 0), ("skipped", 2)])
def test_a_board_that_was_changed_while_others_are_upgraded_is_no_failure(play, verdict, code):
    run = play(fleet(b={"skip": {"verdict": verdict, "reason": "somebody was there"}}), npu_max_failed=0, npu_rollout=[1])
    assert run.verdicts == dict(dict.fromkeys("acdef", "ok"), b=verdict) and run.rc == code
    assert f"{verdict}: b: somebody was there" in run.output and "b" not in run.touched


def test_a_board_that_needs_nothing_is_contacted_once(play):
    boards = {"new": {"needs": False, "recorded": False}, "quiet": {"needs": False}, "ill": {"needs": False, "says": "driver"},
              "mute": {"needs": False, "says": "nothing"}, "busy": {}}
    run = play(boards)
    assert run.verdicts == {"quiet": "ok", "new": "ok", "ill": "failed: driver", "mute": "ok", "busy": "ok"} and run.touched == ["busy"]
    # What it said is recorded where the record says something else, and is the reason where it is not well.
    assert sorted(run.marks) == ["busy", "ill.told", "new.told"] and "ill: MobileNet does not work, diagnosis driver" in run.output
    done = [line for line in run.output.splitlines() if re.match(r"(ok|changed): \[quiet\]", line)]
    assert len(done) == 1, done
    assert run.line("quiet: detect") == "quiet: detect 7 s, together 7 s"


AUDITS = {
    "all are well": ({"a": {"needs": False}, "b": {"needs": False}, "held": {"npu_hold": True, "fails": "detect"}}, 0, "3 boards, 2 healthy, 0 need work"),
    "some need work": ({"a": {"needs": False}, "b": {}}, 2, "2 boards, 1 healthy, 1 need work, 0 unknown, 0 unreachable"),
    "some do not answer": ({"a": {"needs": False}, "b": {"fails": "detect"}, "c": {}}, 4, "3 boards, 1 healthy, 1 need work, 0 unknown, 1 unreachable"),
    "one does not answer": ({"a": {"needs": False}, "b": {"fails": "detect"}}, 4, "2 boards, 1 healthy, 0 need work, 0 unknown, 1 unreachable"),
    "none answers": ({"a": {"fails": "detect"}, "b": {"fails": "detect"}}, 4, "2 boards, 0 healthy, 0 need work, 0 unknown, 2 unreachable"),
    "nothing is verified": ({"a": {"needs": False, "says": "nothing"}}, 2, "1 board, 0 healthy, 0 need work, 1 unknown"),
    "a board is held by a file": ({"a": {"needs": False, "hold": "new disk"}}, 0, "1 board, 1 healthy"),
}


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_ends_as_its_boards_do(play, tmp_path, name):
    boards, code, said = AUDITS[name]
    run = play(boards, playbook="audit_npu")
    assert run.rc == code and "audit: " + said in run.output, run.output
    assert run.marks == [] and "WARNING" not in run.output
    report = json.loads((tmp_path / "npu-report/fleet.json").read_text())
    records = {board["name"]: board["status"] for board in report["boards"]}
    assert report["exit_code"] == code and run.lost == [board for board in boards if records[board] == "unreachable"]
    # Each board that needs somebody fails for itself.
    assert run.failed == [board for board in boards if records[board] in ("needs_work", "unknown")]
    assert sorted(records) == sorted(boards) and records.get("held", "held") == "held"
    # One call a board; the rest is said once.
    asked = run.output.split("TASK [rkfleet.npu.detect : Inspect the board]")[1].split("TASK")[0]
    assert all(re.search(r"^(ok|skipping|fatal): \[%s\]" % board, asked, re.M) for board in boards)
    assert len(set(re.findall(r"^TASK \[(.*?)\]", run.output, re.M))) <= 10


def test_an_audit_of_some(play, tmp_path):
    run = play(fleet(c={"needs": False}), playbook="audit_npu", npu_select="plan.action == 'none'", npu_report_dir=str(tmp_path / "there"))
    assert run.rc == 0 and "audit: 1 board, 1 healthy" in run.output
    assert [board["name"] for board in json.loads((tmp_path / "there/fleet.json").read_text())["boards"]] == ["c"] and not (tmp_path / "npu-report").exists()
    run = play(fleet(), playbook="audit_npu", npu_select="plan.actoin == 'none'")
    assert run.rc == 2 and "detect : Inspect the board" not in run.output
    assert "npu_select is wrong at character 6: no board has a field actoin there (did you mean action?). No board was changed." in run.output


@pytest.mark.parametrize("where, verdict, code", [("detect", "unreachable", 4), ("lost", "rolled back", 2)])
def test_a_run_with_one_lost_board_shows_the_table(play, where, verdict, code):
    run = play({"a": {"fails": where}})
    assert run.table and run.verdicts == {"a": verdict}
    assert run.rc == code and (run.lost, run.failed) == ((["a"], []) if code == 4 else ([], ["a"]))
    assert "does not answer over ssh" in run.output.split("npu.report")[-1]


def test_a_failed_board_does_not_take_its_batch_with_it(play, monkeypatch):
    monkeypatch.setenv("ANSIBLE_ANY_ERRORS_FATAL", "1")
    boards = {"a": {}, "b": {"fails": "driver"}, "c": {"fails": "detect"}}
    run = play(boards, npu_require_staging=False, npu_rollout="100%", npu_max_failed=1)
    assert run.verdicts == {"a": "ok", "b": "rolled back", "c": "unreachable"}
    assert (run.rc, run.lost, run.failed) == (4, ["c"], ["b"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_board_that_is_lost_in_a_task_of_the_owners(play, tmp_path, when):
    """Ansible takes it out of the play at once: no rescue. Table, report and Ansible call it unreachable, and it counts as failed."""
    # The other board of its batch is upgraded first: one that begins afterwards is skipped.
    there = tmp_path / "a-is-upgraded"
    told = f"- ansible.builtin.file: {{path: {there}, state: touch, mode: '0600'}}\n  when: inventory_hostname == 'a'\n"
    lost = f"""
- ansible.builtin.wait_for: {{path: {there}, timeout: 60}}
  when: inventory_hostname == 'b'
- ansible.builtin.ping:
  vars: {{ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 9}}
  when: inventory_hostname == 'b'
"""
    (tmp_path / "pre.yml").write_text(lost if when == "before" else "[]")
    (tmp_path / "post.yml").write_text(told + (lost if when == "after" else ""))
    settings = {f"npu_{name}_tasks_file": str(tmp_path / f"{name}.yml") for name in ("pre", "post")}
    run = play({"a": {}, "b": {}, "c": {}}, npu_require_staging=False, npu_rollout=[2, 1], npu_report_dir=str(tmp_path / "report"), **settings)
    assert run.verdicts == {"a": "ok", "b": "unreachable", "c": "skipped"}
    assert (run.rc, run.lost, run.failed) == (4, ["b"], ["c"])
    status = {board["name"]: board["status"] for board in json.loads((tmp_path / "report/fleet.json").read_text())["boards"]}
    assert status["b"] == "unreachable"


@pytest.mark.parametrize("how, said", [(True, "It is not back."), ("at once", "The rollback failed: the old driver is gone")])
def test_a_rollback_that_fails_is_the_last_word(play, how, said):
    run = play({"a": {}, "b": {"fails": "driver", "way_back_fails": how}, "c": {}}, npu_rollout=1)
    assert run.rc == 2 and run.verdicts == {"a": "ok", "b": "ROLLBACK FAILED", "c": "skipped"}
    assert run.line("ROLLBACK FAILED on") == "ROLLBACK FAILED on b: manual intervention required"
    last = run.output.split("PLAY RECAP")[0].rsplit("TASK", 1)[1]
    assert "ROLLBACK FAILED" in last and "b: the build failed " + said in last


def test_a_check_run_predicts_all_and_records_nothing(play, tmp_path):
    run = play(fleet(f={"needs": False}), "--check")
    assert run.rc == 0
    assert run.verdicts == dict(dict.fromkeys("abcde", "planned: dkms"), f="ok")
    assert run.line("staged first: a") == "staged first: a, for kernel 6.1.84 (rk3588) with driver 0.9.6; 3 boards wait for it"
    assert not (tmp_path / "staging.json").exists() and run.line("boards: ") == "boards: 6, ok 1, planned 5"


def test_staging_ends_after_the_staging_boards_and_the_upgrade_resumes(play, tmp_path):
    groups = {"npu_staging": ["c", "f"]}
    run = play(fleet(f={"fails": "soak"}), playbook="stage_npu", groups=groups)
    assert run.rc == 2 and sorted(run.touched) == ["c", "f"] and {"c.soaked", "f.back"} <= set(run.marks)
    assert run.marks.count("c.soaked") == 10, "once a minute"
    assert run.verdicts == {"a": "waiting", "b": "waiting", "c": "ok", "d": "waiting", "e": "waiting", "f": "rolled back"}
    assert run.line("waiting: a") == "waiting: a, b, d: its staging board is c; upgrade-npu.yml upgrades it"
    # The kernel of b was updated meanwhile: that is none that is verified. Of e's kernel none is either.
    boards = fleet(c={"needs": False}, b={"kernel": "6.1.99"}, e={"npu_hold": True}, f={"npu_hold": True})
    run = play(boards, groups=groups)
    assert run.rc == 0 and run.touched[0] == "b" and sorted(run.touched[1:]) == ["a", "d"]
    said = "staged first: b, for kernel 6.1.99 (rk3588) with driver 0.9.6; no other board waits for it (this driver is verified only with kernel 6.1.84"
    assert said in run.output
    assert re.search(r"2 boards: kernel 6\.1\.84 \(rk3588\) with driver 0\.9\.6 is verified \(c, 20", run.output)


def test_limit_selects_one_board_which_is_its_own_staging_board(play):
    run = play(fleet(), "--limit", "d")
    assert run.rc == 0 and run.touched == ["d"] and run.verdicts == {"d": "ok"}


def test_the_owners_tasks_run_before_and_after(play, tmp_path):
    for name in ("before", "after"):
        (tmp_path / (name + ".yml")).write_text("- ansible.builtin.debug:\n    msg: MARK {{ inventory_hostname }}.%s\n" % name)
    files = {"npu_pre_tasks_file": "before.yml", "npu_post_tasks_file": str(tmp_path / "after.yml")}
    run = play({"a": {}, "b": {"fails": "driver"}}, npu_require_staging=False, npu_rollout="100%", **files)
    assert sorted(run.marks) == ["a", "a.after", "a.before", "b", "b.back", "b.before"]
    (tmp_path / "before.yml").write_text("- ansible.builtin.fail:\n    msg: the cluster does not let it go\n")
    run = play({"a": {}}, **files)
    assert run.rc == 2 and run.marks == [] and run.verdicts == {"a": "failed"} and "a: the cluster does not let it go" in run.output


@pytest.mark.parametrize("content, said", [
    ("{", "is damaged (it is not JSON"), ('{"schema": 9}', "was written by a newer release of this collection (schema 9)")])
def test_a_record_that_is_damaged_during_the_run_fails_no_board(play, tmp_path, content, said):
    record = tmp_path / "staging.json"
    (tmp_path / "before.yml").write_text(
        "- ansible.builtin.copy: {content: '%s', dest: '%s', mode: '0600'}\n" % (content, record))
    run = play(
        {"a": {}, "b": {}, "c": {"fails": "driver"}}, "--forks=1", npu_rollout=1, npu_max_failed=1,
        npu_pre_tasks_file="before.yml",
    )
    # Each board is a batch: had one failed, no other would have begun, and there would be no table.
    assert run.verdicts == {"a": "ok", "b": "ok", "c": "rolled back"} and run.rc == 2 and run.failed == ["c"]
    assert record.read_text() == content
    text = " ".join(run.output.split())
    assert run.output.count("[WARNING]") == 1 and said in text
    assert "The upgrades are not affected, but what they verify is not on record" in text


def test_a_kernel_that_another_run_verifies_meanwhile_waits_for_no_staging_board(play, tmp_path):
    """As with two controllers or slices that chose the same staging board: this one was refused it."""
    first = play({"a": {}}, npu_cache_dir=str(tmp_path / "other"))
    assert first.rc == 0
    record = tmp_path / "staging.json"
    record.rename(tmp_path / "of-the-other.json")
    (tmp_path / "before.yml").write_text(
        "- ansible.builtin.copy: {src: '%s', dest: '%s', mode: '0600'}\n" % (tmp_path / "of-the-other.json", record))
    run = play({"a": {"fails": "begin"}, "b": {}, "c": {}}, npu_max_failed=1, npu_pre_tasks_file="before.yml")
    assert run.verdicts == {"a": "failed", "b": "ok", "c": "ok"} and run.failed == ["a"]


def test_a_report_has_the_time_at_which_each_board_was_inspected(play, tmp_path):
    path = tmp_path / "npu-report/fleet.json"
    boards = {"a": {"needs": False}, "b": {"needs": False}}
    assert play(boards, playbook="audit_npu").rc == 0
    report = json.loads(path.read_text())
    # By the clock of the stub, which has stood still since.
    assert {entry["checked_at"] for entry in report["boards"]} == {"1970-01-01T00:16:47Z"}
    report["boards"][0].update(checked_at="1970-01-01T00:16:48Z", verdict="of another run")
    path.write_text(json.dumps(report))
    assert play(boards, playbook="audit_npu", npu_report_merge=True).rc == 0
    verdicts = {entry["name"]: entry["verdict"] for entry in json.loads(path.read_text())["boards"]}
    assert verdicts == {"a": "of another run", "b": "ok"}


@pytest.mark.parametrize("playbook", ["upgrade_npu", "stage_npu"])
def test_only_boards_that_the_query_selects_are_upgraded(play, playbook):
    boards = fleet(b={"fails": "fetch"}, d={"fails": "detect"}, f={"npu_hold": True})
    run = play(boards, "--check", playbook=playbook, npu_select="kernel.release >= '5.9' && kernel.release < '6' || name == 'a'")
    assert run.verdicts == {"a": "planned: dkms", "b": "not selected", "c": "not selected", "d": "unreachable", "e": "planned: dkms", "f": "held"}
    assert sorted(run.touched) == ["a", "e"]
    # Nothing is fetched for the others; of the one that does not answer it cannot be told.
    assert run.line("not selected: ") == "not selected: b, c: npu_select is kernel.release >= '5.9' && kernel.release < '6' || name == 'a'"
    assert "nothing can be had" not in run.output and run.rc == 4 and run.lost == ["d"]
    run = play(boards, "--check", playbook=playbook, npu_select="kernel.release < '6' && name != 'd'")
    assert run.rc == 0 and run.verdicts["d"] == "not selected" and run.touched == ["e"] and "Could not match" not in run.output
    assert run.line("boards: ") == "boards: 6, planned 1, held 1, not selected 4"


def test_a_query_that_selects_none_touches_none(play):
    run = play({"a": {}, "b": {}}, npu_select="driver.version > '0.9.10'")
    assert run.rc == 0 and run.marks == [] and run.verdicts == {"a": "not selected", "b": "not selected"}


WRONG = {
    "a query": ({"npu_select": "driver.version < '0.9.6' && bord.soc == 'rk3588'"},
                "npu_select is wrong at character 29: no board has a field bord there (did you mean board?). No board was changed."),
    "a function of a query": (
        {"npu_select": "legnth(unread)"}, "unknown function legnth() (did you mean length?). No board was changed."),
    "a batch": ({"npu_rollout": [1, "ten"]}, "npu_rollout is [1, 'ten']: 'ten' is neither a count nor a percentage such as 10%"),
    "a threshold": ({"npu_max_failed": "-1"}, "npu_max_failed is '-1': '-1' is neither"),
    "minutes": ({"npu_soak_minutes": "10%"}, "npu_soak_minutes is '10%': it must be a number of minutes"),
    "a file of one board": ({}, "/nowhere.yml, and there is no such file on the controller. No board was changed."),
    "a flag of one board": ({}, "npu_hold is 'ja': it must be true or false (b). No board was contacted."),
    "a hook for all boards": ({"npu_pre_tasks_file": "once.yml"}, "once.yml uses run_once, throttle, pause, add_host, or meta with end_play"),
    "a hook that ends a board": ({"npu_post_tasks_file": "end.yml"}, "end.yml uses run_once, throttle"),
    "a type": ({"npu_select": ["a", "list"]}, "npu_select"),
    "the record": ({"npu_staging_file": "{{ inventory_dir }}/boards.yml"}, "is damaged (it is not JSON"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_reported_once_and_no_board_is_contacted(play, name, tmp_path):
    variables, said = WRONG[name]
    (tmp_path / "once.yml").write_text("- ansible.builtin.debug:\n  run_once: true\n")
    (tmp_path / "end.yml").write_text("- ansible.builtin.meta: end_host\n")
    own = {"a file of one board": {"npu_post_tasks_file": "/nowhere.yml"}, "a flag of one board": {"npu_hold": "ja"}}
    run = play({"a": {}, "b": own.get(name, {})}, **variables)
    assert run.rc == 2 and run.output.count("fatal: ") == 1 and said in run.output.replace('\\"', '"')
    assert "detect : Inspect the board" not in run.output and run.marks == []


def test_the_output_of_a_run_has_a_line_for_each_phase(play, monkeypatch):
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "rkfleet.npu.fleet")
    run = play({"a": {}, "b": {"fails": "driver"}, "c": {"needs": False}})
    phases = [re.sub(r" \((.*?), [\d.]+ s\)$", r" (\1)", line) for line in run.output.splitlines() if line.startswith("phase ")]
    assert phases == [
        "phase check: 1 ok (1 board)", "phase detect: 3 ok (3 boards)", "phase fetch: 2 ok (2 boards)", "phase plan: 1 ok (1 board)",
        "phase begin: 1 ok (1 board)", "phase verify: 1 ok (1 board)", "phase commit: 1 ok (1 board)",
        # The stub of the role has no file for the build.
        "phase begin: 1 failed (1 board)", "phase rollback: 1 ok (1 board)", "phase commit: 1 ok (1 board)",
        "phase report: 1 ok, 1 failed, 1 skipped (3 boards)"]


@pytest.mark.parametrize("fails", ["driver", ""])
def test_a_second_playbook_of_one_run_upgrades_no_board(play, fails):
    # The boards of the first are still in the groups of the second, and what it found is still in their variables.
    run = play(fleet(a={"fails": fails}), playbook="stage_npu upgrade_npu", npu_max_failed=6)
    assert run.rc == 2 and sorted(run.touched) == ["a", "e"]
    assert "another stage_npu or upgrade_npu of this ansible-playbook run has chosen boards to upgrade: run each" in run.output
