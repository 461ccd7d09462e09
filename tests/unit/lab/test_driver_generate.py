# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's stand-in for the driver's source: layout, versions, and the same bytes every time."""

from __future__ import annotations

import importlib.util
import io
import re
import tarfile
from pathlib import Path

import pytest

DRIVER = Path(__file__).resolve().parents[2] / "lab" / "driver"
pytestmark = pytest.mark.skipif(not DRIVER.is_dir(), reason="the lab is not part of this copy")

VERSIONS = ("0.6.0", "0.8.2", "0.9.3", "0.9.6", "0.9.8")
SOURCES = ("drv", "reset", "job", "debugger", "iommu", "devfreq", "mm", "fence", "gem", "mem")


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("rkfleet_driver_generate", DRIVER / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", VERSIONS)
def test_layout_is_the_vendors(generate, version):
    content = generate.files(version)
    assert {"drivers/rknpu/Makefile", "drivers/rknpu/Kconfig"} <= set(content)
    assert {f"drivers/rknpu/rknpu_{name}.c" for name in SOURCES} <= set(content)
    assert ("drivers/rknpu/rknpu.mod.c" in content) == (version == "0.9.6")


@pytest.mark.parametrize("version", VERSIONS)
def test_version_macros(generate, version):
    header = generate.files(version)["drivers/rknpu/include/rknpu_drv.h"].decode()
    found = [re.search(rf"^#define DRIVER_{name} (\d+)$", header, re.M).group(1) for name in ("MAJOR", "MINOR", "PATCHLEVEL")]
    assert ".".join(found) == version
    assert f'#define DRIVER_DATE "{generate.DATES[version]}"' in header


@pytest.mark.parametrize("version", VERSIONS)
def test_no_template_text_remains_and_every_file_names_itself(generate, version):
    for name, data in generate.files(version).items():
        text = data.decode()
        assert "//@" not in text and not re.search(r"@[A-Z_]+@", text), name
        assert "stand-in" in text.lower(), name


def test_only_newer_releases_need_helpers_that_6_1_kernels_do_not_have(generate):
    users = {version: b"vm_flags_set" in generate.files(version)["drivers/rknpu/rknpu_gem.c"] for version in VERSIONS}
    assert users == {"0.6.0": False, "0.8.2": False, "0.9.3": False, "0.9.6": True, "0.9.8": True}


def test_only_0_9_3_fails_its_jobs_on_6_1(generate):
    failing = {v for v in VERSIONS if b"LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)" in generate.files(v)["drivers/rknpu/rknpu_job.c"]}
    assert failing == {"0.9.3"}


def test_a_fault_is_built_in_only_when_asked_for(generate):
    name = "drivers/rknpu/rknpu_drv.c"
    assert b"panic(" not in generate.files("0.9.6")[name]
    assert b"panic(" in generate.files("0.9.6", "panic")[name]


def test_tarball_is_the_same_every_time_and_holds_only_plain_members(generate, tmp_path):
    first, second = tmp_path / "first.tar.bz2", tmp_path / "again" / "second.tar.bz2"
    for target in (first, second):
        assert generate.main(["--version", "0.9.6", "--tarball", str(target)]) == 0
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(first.read_bytes()), mode="r:bz2") as tar:
        members = tar.getmembers()
    assert all(member.isfile() or member.isdir() for member in members)
    assert {member.name for member in members if member.isfile()} == set(generate.files("0.9.6"))
    assert {member.mtime for member in members} == {0}


def test_tree_and_tarball_hold_the_same(generate, tmp_path):
    generate.main(["--version", "0.9.8", "--output", str(tmp_path)])
    assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == generate.files("0.9.8")


@pytest.mark.parametrize("text", ["//@if 0.9.6\n", "//@endif\n", "//@unless 0.9.6\n//@endif\n"])
def test_template_mistakes_are_refused(generate, text):
    with pytest.raises(ValueError):
        generate.render(text, "0.9.6")
