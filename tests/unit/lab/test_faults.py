# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fault matrix without a board: plans, the writes that matter, the last line; and the shim, on this machine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
FAULTS = TESTS / "faults"
if not FAULTS.is_dir():
    pytest.skip("the fault matrix is not part of this copy", allow_module_level=True)
sys.path.insert(0, str(TESTS))

from faults import points, report  # noqa: E402

LIST = """\
aaaaaaaa python3 open /usr/src/.rkfleet-xavc7xp0/Kbuild
aaaaaaaa python3 open /usr/src/.rkfleet-xavc7xp0/a.c
aaaaaaaa python3 open /usr/src/.rkfleet-xavc7xp0/b.c
aaaaaaaa python3 open /usr/src/.rkfleet-xavc7xp0/c.c
aaaaaaaa python3 rename /usr/src/rknpu-0.9.6
aaaaaaaa sh open /tmp/nothing
aaaaaaaa depmod rename /usr/lib/modules/6.1/modules.alias
aaaaaaaa depmod rename /usr/lib/modules/6.1/modules.dep
aaaaaaaa python3 open /etc/default/.rkfleet-0fwratjd
aaaaaaaa python3 fsync /etc/default/.rkfleet-0fwratjd
aaaaaaaa python3 rename /etc/default/u-boot
bbbbbbbb python3 rename //usr/lib/librknnrt.so
bbbbbbbb python3 rename /etc/default/u-boot
bbbbbbbb systemd open /etc/machine-id
bbbbbbbb cut sho"""


def test_a_plan_is_one_line_the_shim_can_read():
    assert points.Plan("cut", "after", "rename", "/boot/*", 2, "7", "id").line() == "cut after rename /boot/* 2 7 id\n"


@pytest.mark.parametrize("words", [{"action": "burn"}, {"action": "cut", "glob": "/a b"}, {"action": "cut", "call": "stat"},
                                   {"action": "cut", "count": 0}, {"action": "cut", "glob": ""}, {"action": "cut", "when": "during"}])
def test_an_invalid_plan_is_refused(words):
    with pytest.raises(ValueError):
        points.Plan(**words).line()


def test_the_list_has_the_boots_except_those_that_were_cut_short():
    calls = points.parse_list(LIST)
    assert len(calls) == 14
    assert calls[11] == points.Call(1, "python3", "rename", "/usr/lib/librknnrt.so")
    assert {call.boot for call in calls} == {0, 1}


def test_the_writes_that_matter():
    found = [(point.boot, point.call, point.glob, point.count) for point in points.points(points.parse_list(LIST))]
    assert found == [
        # Of a tree the first, the middle and the last; its name is another one in the next run.
        (0, "*", "/usr/src/.rkfleet-*/*", 1), (0, "*", "/usr/src/.rkfleet-*/*", 3), (0, "*", "/usr/src/.rkfleet-*/*", 4),
        (0, "rename", "/usr/src/rknpu-0.9.6", 1), (0, "rename", "/usr/lib/modules/6.1/modules.dep", 1),
        (0, "rename", "/etc/default/u-boot", 1), (1, "rename", "/usr/lib/librknnrt.so", 1), (1, "rename", "/etc/default/u-boot", 1),
    ]


def test_the_same_write_again_is_another_point():
    calls = [points.Call(0, "mv", "rename", "/var/lib/rkfleet-npu/state.json")] * 9
    assert [point.count for point in points.points(calls)] == [1, 2, 3, 4, 5, 6]


def test_a_glob_has_no_blank_and_matches_another_runs_names():
    assert points.glob_of("/a/.rkfleet-0fwratjd") == "/a/.rkfleet-*"
    assert points.glob_of("/var/tmp/tmpab12cd_9") == "/var/tmp/tmp*"
    assert points.glob_of("/b/a b[1]*") == "/b/a?b?1??"
    assert points.glob_of("/usr/lib/modules/6.1.192-1/kernel-6.1") == "/usr/lib/modules/6.1.192-1/kernel-6.1"
    assert points.glob_of("/var/lib/rkfleet-npu/lock.json.706") == "/var/lib/rkfleet-npu/lock.json.*"


def test_a_chain_has_its_ends_and_the_requested_length():
    found = [points.Point(0, "open", "/etc/%d" % number, 1) for number in range(50)]
    chosen = points.spread(found, 7)
    assert len(chosen) == len(set(chosen)) == 7 and (chosen[0], chosen[-1]) == (found[0], found[-1])
    assert points.spread(found[:3], 7) == found[:3]


def test_the_points_around_a_change_have_what_is_before_and_after_it():
    paths = ["/etc/a", "/etc/default/grub.d/ours", "/var/b", "/boot/grub/grub.cfg", "/etc/c", "/etc/d"]
    found = [*(points.Point(0, "rename", path, 1) for path in paths), points.Point(1, "unlink", "/boot/grub/grub.cfg", 1)]
    ours = re.compile("grub")
    assert [point.glob for point in points.around(found, ours, 9)] == paths[:5]
    assert [point.glob for point in points.around(found, ours, 3)] == ["/etc/a", "/var/b", "/etc/c"]
    assert [point.glob for point in points.around(found, re.compile("/etc/[ad]$"), 9)] == [*paths[:2], *paths[4:]]
    assert points.around(found, re.compile("nowhere"), 9) == []


@pytest.mark.parametrize("outcomes, line, code", [
    (["recovered"] * 3, "faults: 3 run, 3 recovered, 0 worse", 0),
    (["recovered", "worse"], "faults: 2 run, 1 recovered, 1 worse", 1),
    (["recovered", "failed"], "faults: 2 run, 1 recovered, 0 worse", 1),
    ([], "faults: 0 run, 0 recovered, 0 worse", 1),
])
def test_the_last_line(outcomes, line, code):
    assert points.outcome([{"outcome": outcome} for outcome in outcomes]) == (line, code)


def test_answers_of_a_board_cannot_break_the_table():
    row = {"scenario": "x",
           "outcome": "recovered", "release": "1.2.0", "where": "a | b", "board": "vendor", "ending": "back", "sentence": "<script>\n[x](y) `z`" + "w" * 900}
    line = report.document([row], []).splitlines()[-1]
    assert "<" not in line and line.count("|") - line.count("\\|") == 7 and len(line) < 500


# -- the shim ---------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def shim(tmp_path):
    """Return a function that runs a shell script under the shim with a plan."""
    if platform.system() != "Linux" or platform.machine() != "aarch64" and platform.machine() != "x86_64" or not shutil.which("gcc"):
        pytest.skip("needs gcc on Linux")
    library, plan, listed = tmp_path / "shim.so", tmp_path / "plan", tmp_path / "list"
    places = {"PLAN": plan, "LIST": listed, "COUNTER": tmp_path / "count", "FILLER": tmp_path / "filler", "CONSOLE": tmp_path / "console",
              "POWERED": tmp_path / "powered"}
    subprocess.run(
        ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", *(f'-D{name}="{place}"' for name, place in places.items()),
         "-o", str(library), str(FAULTS / "shim.c")], check=True)
    (tmp_path / "console").touch()
    work = tmp_path / "work"
    work.mkdir()

    def run(given: points.Plan, script: str) -> tuple[int, str, str]:
        plan.write_text(given.line())
        done = subprocess.run([sys.executable, "-c", script], cwd=work, env={**os.environ, "LD_PRELOAD": str(library)}, capture_output=True, text=True,
                              timeout=60, check=False)
        return done.returncode, done.stderr, listed.read_text() if listed.exists() else ""

    run.work, run.plan, run.powered = work, plan, tmp_path / "powered"
    return run


def test_the_shim_lists_what_changes_files(shim):
    script = "import os; os.mkdir('d'); open('d/a', 'w').write('x'); os.rename('d/a', 'd/b'); os.symlink('b', 'd/c'); os.unlink('d/b'); open('d/c2', 'a')"
    dummy, dummy, listed = shim(points.Plan("list", when="after", glob=f"{shim.work}/*"), script)
    calls = [(call.call, call.path.removeprefix(str(shim.work))) for call in points.parse_list(listed)]
    assert calls == [("mkdir", "/d"), ("open", "/d/a"), ("rename", "/d/b"), ("symlink", "/d/c"), ("unlink", "/d/b"), ("open", "/d/c2")]


def test_the_shim_fails_the_second_rename_and_only_that(shim):
    script = (
        "import os, sys\nfor name in 'abc':\n  open(name, 'w')\n  try: os.rename(name, name + '.new')\n"
        "  except OSError as e: print(e.errno, file=sys.stderr)"
    )
    code, said, dummy = shim(points.Plan("enospc", call="rename", glob=f"{shim.work}/*", count=2), script)
    assert (code, said.split()) == (0, ["28"])
    assert sorted(path.name for path in shim.work.iterdir()) == ["a.new", "b", "c.new"]
    assert not shim.plan.exists()


def test_the_shim_kills_before_the_write(shim):
    code, dummy, dummy = shim(points.Plan("kill", call="open", glob="*/w"), "open('v', 'w'); open('w', 'w')")
    assert code == -9 and [path.name for path in shim.work.iterdir()] == ["v"]


def test_a_plan_holds_for_one_power_on(shim):
    number = str(time.time_ns() // 1000)
    shim.powered.write_text(number + "\0")
    for there, code in ((number, -9), (number[:-1], 0), (str(int(number) + 1), 0), ("0", 0)):
        assert shim(points.Plan("kill", call="open", glob="*/w", power=there), "open('w', 'w')")[0] == code, there


def test_a_path_has_one_form_for_the_shim(shim):
    script = f"import os; open('w', 'w'); os.rename('/{shim.work}/w', '/{shim.work}//v')"
    assert shim(points.Plan("kill", call="rename", glob=f"{shim.work}/*"), script)[0] == -9
    assert [path.name for path in shim.work.iterdir()] == ["w"]


def test_a_plan_for_another_boot_does_nothing(shim):
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert shim(points.Plan("kill", glob="*/w", notboot=boot), "open('w', 'w')")[0] == 0
    assert shim(points.Plan("kill", glob="*/w", power="12345"), "open('w', 'w')")[0] == 0
