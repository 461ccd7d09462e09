# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What every file of the project owes: a license, the form of .editorconfig, no trace of this machine, no copy."""

from __future__ import annotations

import collections
import configparser
import fnmatch
import hashlib
import itertools
import pathlib
import re
import subprocess
import sys
import tomllib
from urllib.parse import urlsplit

import pytest
import yaml

LICENSES = {"GPL-3.0-or-later", "GPL-2.0-or-later"}
# What the kernel build compiles, so that it can be linked with the kernel; "or later", so that it goes with the rest.
KERNEL_SIDE = ("roles/driver/files/dkms/*", "tests/lab/driver/src/*", "tests/lab/driver/bsp*/*")
HEADER = re.compile(r"SPDX-License-Identifier[:]\s*([A-Za-z0-9.+-]+)")
# Where these are named, everybody's own configuration is meant and no mirror.
PUBLIC_HOSTS = {
    "deb.debian.org", "security.debian.org", "archive.ubuntu.com", "security.ubuntu.com", "ports.ubuntu.com",
    "pypi.org",
}


def text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


@pytest.fixture(scope="module")
def listed(root) -> dict[str, str]:
    """Return pattern -> license of the files that cannot carry a header, from REUSE.toml."""
    with (root / "REUSE.toml").open("rb") as file:
        annotations = tomllib.load(file)["annotations"]
    licensed = [entry for entry in annotations if "SPDX-License-Identifier" in entry]
    return {pattern: entry["SPDX-License-Identifier"] for entry in licensed for pattern in entry["path"]}


def license_of(root, name, listed) -> str | None:
    """Return the SPDX identifier of a file: its own header's, else REUSE.toml's."""
    found = HEADER.search(text(root / name)[:2000])
    if found:
        return found[1]
    return next((identifier for pattern, identifier in listed.items() if fnmatch.fnmatch(name, pattern)), None)


def test_every_file_states_its_license(root, project_files, listed):
    own = [name for name in project_files if not name.startswith("LICENSES/") and not (root / name).is_symlink()]
    wrong = {name: license_of(root, name, listed) for name in own}
    wrong = {name: found for name, found in wrong.items() if found not in LICENSES}
    assert not wrong, "no SPDX header, or one of a license that is not in LICENSES/ (binary and JSON files: REUSE.toml)"


def test_the_reuse_tool_agrees(run):
    run("reuse", "lint", "--quiet")


def test_license_texts_exist(root):
    assert {path.stem for path in (root / "LICENSES").iterdir()} == LICENSES


def test_what_the_kernel_compiles_is_gpl_2_or_later(root, project_files, listed):
    names = [name for name in project_files if any(fnmatch.fnmatch(name, pattern) for pattern in KERNEL_SIDE)]
    names = [name for name in names if not name.endswith((".md", ".py"))]
    assert names and not [name for name in names if license_of(root, name, listed) != "GPL-2.0-or-later"]


def test_modules_state_a_license_that_the_kernel_accepts(root, project_files):
    # Not SPDX identifiers: any other word taints the kernel and hides its GPL-only symbols from the module.
    stated = {
        (name, word) for name in project_files if name.endswith((".c", ".h"))
        for word in re.findall(r'MODULE_LICENSE\("(.*?)"\)', text(root / name))
    }
    assert stated and not [entry for entry in stated if entry[1] not in {"GPL", "GPL v2"}]


def test_galaxy_states_the_same_licenses(root):
    assert set(yaml.safe_load((root / "galaxy.yml").read_text())["license"]) == LICENSES


def test_reuse_list_is_not_stale(project_files, listed):
    assert not [pattern for pattern in listed if not fnmatch.filter(project_files, pattern)]


def patterns(section: str) -> list[str]:
    """Return what a section of .editorconfig stands for, without braces, as fnmatch takes it."""
    parts = [part.split(",") if number % 2 else [part] for number, part in enumerate(re.split(r"[{}]", section))]
    return ["".join(words) for words in itertools.product(*parts)]


def form(editorconfig, name: str) -> dict[str, str]:
    """Return what .editorconfig asks of a file: the last section that fits counts."""
    wanted: dict[str, str] = {}
    for section in editorconfig.sections():
        names = (name, pathlib.PurePath(name).name)
        if any(fnmatch.fnmatch(names["/" not in pattern], pattern) for pattern in patterns(section)):
            wanted.update(editorconfig[section])
    return wanted


def flaws(data: bytes, wanted: dict[str, str]) -> list[str]:
    """Return in which ways the content of a file is not what .editorconfig asks for."""
    if wanted.get("charset") == "unset":
        return []
    try:
        content = data.decode()
    except UnicodeDecodeError:
        return ["is not UTF-8"]
    found = ["has a carriage return"] if "\r" in content else []
    if content and (not content.endswith("\n") or content.endswith("\n\n")):
        found.append("does not end with one line feed")
    # Less than a tab's width lines continuations up.
    other = "\t" if wanted["indent_style"] == "space" else " " * 8
    for number, line in enumerate(content.split("\n"), 1):
        if line != line.rstrip():
            found.append(f"line {number} ends with a blank")
        if line.startswith(other):
            found.append(f"line {number} is not indented with a {wanted['indent_style']}")
    return found


@pytest.fixture(scope="module")
def editorconfig(root):
    """Return .editorconfig, without what stands before its first section."""
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (root / ".editorconfig").read_text())
    parser.remove_section("top")
    return parser


def test_files_have_the_form_of_editorconfig(root, project_files, editorconfig):
    own = [name for name in project_files if (root / name).is_file() and not (root / name).is_symlink()]
    found = {name: flaws((root / name).read_bytes(), form(editorconfig, name)) for name in own}
    assert not {name: what for name, what in found.items() if what}


@pytest.mark.parametrize(("data", "style", "flaw"), [
    (b"\xff\n", "space", "is not UTF-8"), (b"a\r\n", "space", "has a carriage return"),
    (b"a", "space", "does not end with one line feed"), (b"a\n\n", "space", "does not end with one line feed"),
    (b"a \n", "space", "line 1 ends with a blank"), (b"a\n\tb\n", "space", "line 2 is not indented with a space"),
    (b"a\n        b\n", "tab", "line 2 is not indented with a tab")])
def test_another_form_is_found(data, style, flaw):
    assert flaw in flaws(data, {"indent_style": style})


@pytest.mark.parametrize(("name", "style"), [
    ("plugins/modules/npu_facts.py", "space"), ("Makefile", "tab"), ("tests/lab/driver/src/Kconfig", "tab"),
    ("tests/faults/shim.c", "tab"), ("roles/driver/files/dkms/probes/run", "tab"),
    ("roles/driver/files/new.sh", "space")])
def test_editorconfig_is_read_as_editors_read_it(editorconfig, name, style):
    assert form(editorconfig, name)["indent_style"] == style


def package_hosts() -> set[str]:
    """Return the hosts this machine gets its packages from: they are its own affair and in no file of ours."""
    lists = [path for path in pathlib.Path("/etc/apt").rglob("*") if path.suffix in (".list", ".sources", ".conf")]
    sources = "\n".join(map(text, lists))
    command = [sys.executable, "-m", "pip", "config", "list"]
    sources += subprocess.run(command, text=True, capture_output=True, check=False).stdout
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^\s'\"\];]+", sources)}
    return {host for host in hosts if host and "." in host} - PUBLIC_HOSTS


def test_no_trace_of_this_machine(root, project_files):
    home = pathlib.Path.home()
    words = {str(root), *package_hosts()}
    if home != pathlib.Path("/root"):  # a board has that one too
        words.add(str(home))
    # Somebody's home, whoever's machine this was written on; radxa and admin are users of boards.
    homes = [r"/home/(?!(?:admin|radxa)\b)[a-z]\w*/", r"/Users/\w+/", r"\.pyenv/versions/\d"]
    traces = re.compile("|".join([*map(re.escape, sorted(words)), *homes]))
    found = [
        f"{name}:{number}: {match[0]}"
        for name in project_files
        for number, line in enumerate(text(root / name).splitlines(), 1)
        for match in [traces.search(line)]
        if match
    ]
    assert not found


def test_nothing_exists_twice(root, project_files):
    copies = collections.defaultdict(list)
    for name in project_files:
        path = root / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size > 200:
            copies[hashlib.sha256(path.read_bytes()).digest()].append(name)
    # Recorded trees are pictures of boards, which have files in common.
    twice = [names for names in copies.values() if len(names) > 1]
    assert not [names for names in twice if not all(name.startswith("tests/unit/") for name in names)]
