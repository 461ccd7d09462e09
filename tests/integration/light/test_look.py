# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""`make look` shows what an audit finds on twenty boards, without root and without anything to install."""

from __future__ import annotations

import collections
import json
import subprocess
import sys


def test_a_look_shows_a_table_and_a_report_of_twenty_boards(root, tmp_path):
    command = [sys.executable, str(root / "tests/lab/look.py"), str(tmp_path / "look")]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    report = json.loads((tmp_path / "look/npu-report/fleet.json").read_text(encoding="utf-8"))
    verdicts = collections.Counter(entry["verdict"] for entry in report["boards"])
    assert sum(verdicts.values()) == 20 and verdicts["ok"] >= 6, verdicts
    assert {"planned: dkms", "planned: dkms_over_builtin", "unsupported", "unreachable", "held"} <= set(verdicts)
    assert "boards: 20, ok " in done.stdout and (tmp_path / "look/npu-report/fleet.html").as_uri() in done.stdout
    assert "Traceback" not in done.stdout


def test_without_a_python_for_it_one_sentence_names_the_package(root, tmp_path):
    # As the interpreter that runs the tests is good enough, it must not be found; nor the environment of `make setup`.
    (tmp_path / "requirements.txt").touch()
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import look; look.environment.find_python = lambda version: None;"
        " look.ROOT = look.pathlib.Path(sys.argv[2]); sys.exit(look.main(look.ROOT))")
    words = [sys.executable, "-c", program, str(root / "tests/lab"), str(tmp_path)]
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 1 and "apt-get install python3-venv" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
