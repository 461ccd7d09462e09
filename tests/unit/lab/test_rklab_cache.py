# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the lab builds or fetches is kept: the cache."""

from __future__ import annotations

import shutil
import sys
import threading
from pathlib import Path

import pytest

# Through any link of the checkout into ansible_collections: the lab is no part of the collection.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "lab"))

from rklab import LabError, Progress, cache, host  # noqa: E402

QUIET = Progress(quiet=True)


def test_key_follows_the_inputs_and_not_their_order():
    assert cache.key({"a": 1, "b": [2]}) == cache.key({"b": [2], "a": 1})
    assert cache.key({"a": 1}) != cache.key({"a": 2})
    assert len(cache.key([])) == 12


def test_a_source_counts_and_its_documentation_does_not(tmp_path):
    (tmp_path / "code.py").write_text("one")
    before = cache.sources_digest([tmp_path])
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "code.pyc").write_text("")
    assert cache.sources_digest([tmp_path]) == before
    (tmp_path / "code.py").write_text("two")
    assert cache.sources_digest([tmp_path]) != before


def test_what_is_in_the_cache_is_not_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    built = []
    first = cache.provide("thing", [1], built.append, QUIET)
    assert cache.provide("thing", [1], built.append, QUIET) == first
    assert len(built) == 1
    assert cache.provide("thing", [2], built.append, QUIET) != first


def test_a_failed_build_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))

    def fail(folder):
        (folder / "half").write_text("done")
        raise LabError("no")

    with pytest.raises(LabError):
        cache.provide("thing", [1], fail, QUIET)
    assert [path.name for path in tmp_path.iterdir()] == [f".{cache.folder('thing', [1]).name}.lock"]


def test_two_different_folders_are_built_at_the_same_time(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    # Each build waits for the other one: with one lock for both, neither would ever be done.
    both = threading.Barrier(2, timeout=30)
    threads = [threading.Thread(target=cache.provide, args=("thing", [number], lambda _folder: both.wait(), QUIET), daemon=True) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(cache.folder("thing", [number]).is_dir() for number in (1, 2))


def test_one_folder_is_built_once_for_all_that_need_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    built, begun, go_on = [], threading.Event(), threading.Event()

    def build(folder):
        built.append(folder)
        begun.set()
        assert go_on.wait(30)

    threads = [threading.Thread(target=cache.provide, args=("thing", [1], build, QUIET), daemon=True) for _number in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert len(built) == 1 and cache.folder("thing", [1]).is_dir()


# -- promtool ---------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without promtool, and programs that stand in for apt's and dpkg's; the words apt-get was called with."""
    programs, calls = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    stand_ins = {
        # It finds the package once the lists are there, as on a machine whose lists were never fetched.
        "apt-get": f"""echo "$*" >> {calls}; case "$*" in
            *update) touch {tmp_path}/lists;;
            *) [ -e {tmp_path}/lists ] || {{ echo "E: Unable to locate package prometheus" >&2; exit 100; }}; touch prometheus_2.42_all.deb;;
        esac""",
        "dpkg-deb": "mkdir -p $3/usr/bin && echo served > $3/usr/bin/prometheus && echo tested > $3/usr/bin/promtool",
    }
    for name, text in stand_ins.items():
        (programs / name).write_text(f"#!/bin/sh\nset -e\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(host, "missing_packages", list)
    monkeypatch.setattr(host, "privileged", list)
    which = host.shutil.which
    monkeypatch.setattr(host.shutil, "which", lambda name, **more: None if name == "promtool" and not (programs / name).exists() else which(name, **more))
    calls.touch()
    return lambda: calls.read_text().splitlines()


def test_promtool_is_fetched_once_and_nothing_else_of_its_package_is_kept(tmp_path, machine):
    assert host.promtool() is None
    host.install(tmp_path / "log", QUIET)
    assert Path(host.promtool()).read_text() == "tested\n"
    assert sorted(path.name for path in Path(host.promtool()).parent.iterdir()) == ["inputs.json", "promtool"]
    assert [call.split()[-1] for call in machine()] == ["prometheus", "update", "prometheus"]
    host.install(tmp_path / "log", QUIET)
    assert len(machine()) == 3


def test_an_installed_promtool_is_taken(tmp_path, machine):
    shutil.copy(tmp_path / "bin/dpkg-deb", tmp_path / "bin/promtool")
    host.install(tmp_path / "log", QUIET)
    assert host.promtool() == str(tmp_path / "bin/promtool") and not machine()


def test_a_machine_that_cannot_fetch_promtool_is_told_and_goes_on(tmp_path, machine, capsys):
    (tmp_path / "bin/apt-get").write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
    assert host.install(tmp_path / "log", Progress()) == [] and host.promtool() is None
    assert "no promtool, so tests of the alerts are skipped: " in capsys.readouterr().out
