# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The parts of the kernel build that need no compiler."""

from __future__ import annotations

import importlib.util
import struct
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parents[3] / "tests" / "lab" / "kernel"
sys.path[:0] = [str(_HERE.parent), str(_HERE)]

import kconfig  # noqa: E402
import packages  # noqa: E402
import source  # noqa: E402
from rklab import LabError  # noqa: E402

# By its path: other pieces of the lab have a build.py too.
_spec = importlib.util.spec_from_file_location("rkfleet_kernel_build", _HERE / "build.py")
build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build)


def test_options_reads_set_and_unset_lines_and_nothing_else():
    text = '# a comment about CONFIG_X=y\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="two words"\n'
    assert kconfig.options(text) == {"CONFIG_A": "y", "CONFIG_B": "n", "CONFIG_C": '"two words"'}


@pytest.mark.parametrize(
    ("wanted", "held", "lines"),
    [
        ({"CONFIG_A": "y"}, "CONFIG_A=y\n", []),
        ({"CONFIG_A": "n"}, "", []),
        ({"CONFIG_A": "n"}, "# CONFIG_A is not set\n", []),
        ({"CONFIG_A": "y"}, "CONFIG_A=m\n", ["CONFIG_A: wanted y, is m"]),
        ({"CONFIG_A": "y"}, "CONFIG_AB=y\n", ["CONFIG_A: wanted y, is n"]),
        ({"CONFIG_A": "n"}, "CONFIG_A=y\n", ["CONFIG_A: wanted n, is y"]),
    ],
)
def test_unmet_names_what_kconfig_dropped(wanted, held, lines):
    assert kconfig.unmet(wanted, held) == lines


def test_fragment_puts_the_revision_and_the_suffix_into_the_release():
    assert kconfig.options(kconfig.fragment(["CONFIG_A=y"], 2, "rk2410")) == {
        "CONFIG_A": "y",
        "CONFIG_LOCALVERSION": '"-2-rk2410"',
        "CONFIG_LOCALVERSION_AUTO": "n",
    }


@pytest.mark.parametrize(("module", "value"), [(False, "y"), (True, "m")])
def test_the_driver_is_built_in_unless_it_shall_be_a_module(module, value):
    text = kconfig.fragment([(_HERE / "vendor.config").read_text()], 1, "rk2312", module=module)
    assert kconfig.options(text)["CONFIG_ROCKCHIP_RKNPU"] == value


def test_what_the_boards_own_compiler_has_not_is_off_where_it_is_an_older_one():
    def wanted(series):
        return kconfig.options("".join(file.read_text() for file in build.fragments(series)))

    assert wanted("5.10")["CONFIG_INIT_STACK_NONE"] == "y"
    assert "CONFIG_INIT_STACK_NONE" not in wanted("6.1")
    assert wanted("6.1")["CONFIG_EFI"] == "y"  # GRUB starts a kernel by its EFI stub


@pytest.mark.parametrize("series", build._OVERLAYS)
def test_every_series_has_a_source_and_the_headers_of_a_vendors_tree(series):
    assert series in source.SUITES
    headers = build._DRIVER / build._OVERLAYS[series] / "include/soc/rockchip"
    assert {"rockchip_iommu.h", "rockchip_opp_select.h"} <= {file.name for file in headers.iterdir()}


def test_the_fragments_want_the_driver_built_in_with_versioned_modules_and_a_readable_configuration():
    wanted = kconfig.options("".join((_HERE / name).read_text() for name in ("board.config", "vendor.config")))
    for option in ("ROCKCHIP_RKNPU", "ROCKCHIP_RKNPU_DRM_GEM", "KALLSYMS", "MODVERSIONS", "IKCONFIG_PROC", "VIRTIO_BLK", "EXT4_FS"):
        assert wanted[f"CONFIG_{option}"] == "y"


@pytest.fixture
def tree(tmp_path):
    """A kernel tree with nothing but what lay() looks at."""
    root = tmp_path / "linux"
    (root / "drivers" / "soc" / "rockchip").mkdir(parents=True)
    (root / "drivers" / "Makefile").write_text("obj-y += soc/\n")
    (root / "drivers" / "Kconfig").write_text('menu "Device Drivers"\nendmenu\n')
    (root / "drivers" / "soc" / "Makefile").write_text("obj-y\t\t+= rockchip/\n")
    (root / "drivers" / "soc" / "rockchip" / "Makefile").write_text("obj-y += grf.o\n")
    return root


def _folder(top, **files):
    for name, text in files.items():
        file = top / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return top


def test_lay_hooks_the_driver_and_the_overlay_in_and_writes_nothing_twice(tree, tmp_path):
    driver = _folder(tmp_path / "driver", Kconfig="config ROCKCHIP_RKNPU\n", Makefile="obj-y += a.o\n", a_dot_c="1\n")
    overlay = _folder(tmp_path / "bsp", drivers__soc__rockchip__opp_dot_c="1\n", include__soc__rockchip__opp_dot_h="1\n")
    source.lay(tree, driver, [overlay])
    assert (tree / "drivers/rknpu/a.c").read_text() == "1\n"
    assert (tree / "include/soc/rockchip/opp.h").is_file()
    assert (tree / "drivers/Kconfig").read_text() == 'menu "Device Drivers"\nsource "drivers/rknpu/Kconfig"\nendmenu\n'
    assert (tree / "drivers/Makefile").read_text() == "obj-y += soc/\nobj-$(CONFIG_ROCKCHIP_RKNPU) += rknpu/\n"
    assert (tree / "drivers/soc/rockchip/Makefile").read_text() == "obj-y += grf.o\nobj-y += opp.o\n"
    times = {file: file.stat().st_mtime_ns for file in tree.rglob("*") if file.is_file() and not file.name.startswith(".")}
    source.lay(tree, driver, [overlay])
    assert times == {file: file.stat().st_mtime_ns for file in times}


@pytest.mark.parametrize("own", [True, False])
def test_lay_reaches_a_folder_that_upstream_has_not(tree, tmp_path, own):
    makefile = {"drivers__soc__rockchip__bsp__Makefile": "obj-y += opp.o\n"} if own else {}
    overlay = _folder(tmp_path / "bsp", drivers__soc__rockchip__bsp__opp_dot_c="1\n", **makefile)
    source.lay(tree, _folder(tmp_path / "driver", Kconfig=""), [overlay])
    assert (tree / "drivers/soc/rockchip/bsp/Makefile").read_text() == "obj-y += opp.o\n"
    assert (tree / "drivers/soc/rockchip/Makefile").read_text() == "obj-y += grf.o\nobj-y += bsp/\n"
    assert (tree / "drivers/soc/Makefile").read_text() == "obj-y\t\t+= rockchip/\n"


def test_of_two_overlays_the_later_one_wins(tree, tmp_path):
    first = _folder(tmp_path / "bsp", include__a_dot_h="1\n", include__b_dot_h="1\n")
    source.lay(tree, _folder(tmp_path / "driver", Kconfig=""), [first, _folder(tmp_path / "release", include__a_dot_h="2\n")])
    assert [(tree / "include" / name).read_text() for name in ("a.h", "b.h")] == ["2\n", "1\n"]


def test_only_the_later_release_of_the_vendors_kernel_brings_the_helpers_for_vm_flags():
    def defines(suffix):
        named = [folder / "include/linux/version_compat_defs.h" for folder in build.overlays("6.1", suffix)]
        return "inline void vm_flags_set(" in [file for file in named if file.is_file()][-1].read_text()

    assert defines("rk2410")
    assert not defines("rk2312")


def test_lay_removes_what_an_earlier_driver_had(tree, tmp_path):
    source.lay(tree, _folder(tmp_path / "old", Kconfig="", stray_dot_c=""), [])
    source.lay(tree, _folder(tmp_path / "new", Kconfig=""), [])
    assert not (tree / "drivers/rknpu/stray.c").exists()


def test_lay_asks_for_a_fresh_tree_when_the_overlay_lost_a_file(tree, tmp_path):
    driver = _folder(tmp_path / "driver", Kconfig="")
    source.lay(tree, driver, [_folder(tmp_path / "old", include__a_dot_h="")])
    with pytest.raises(source.StaleTree):
        source.lay(tree, driver, [])


def test_control_indents_the_further_lines_of_a_value():
    assert packages.control({"Package": "a", "Description": "b\nc"}) == "Package: a\nDescription: b\n c\n"


@pytest.mark.parametrize(("content", "machine"), [(b"", None), (b"#!/bin/sh\n", None), (b"\x7fELF" + bytes(14) + struct.pack("<H", 183), 183)])
def test_machine_of_an_elf_file(tmp_path, content, machine):
    file = tmp_path / "file"
    file.write_bytes(content)
    assert packages.machine(file) == machine


def test_a_folder_counts_as_finished_only_with_its_key_and_its_packages_unharmed(tmp_path):
    package = tmp_path / "a.deb"
    package.write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (tmp_path / "manifest.json").write_text('{"key": "k", "packages": {"a": {"file": "a.deb", "sha256": "%s"}}}' % digest)
    assert build.finished(tmp_path, "k")
    assert not build.finished(tmp_path, "other")
    package.write_bytes(b"abd")
    assert not build.finished(tmp_path, "k")
    assert not build.finished(tmp_path / "nowhere", "k")


def test_a_missing_source_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(LabError) as refused:
        source.find("6.1", str(tmp_path / "linux.deb"))
    assert "RKFLEET_LAB_KERNEL_SOURCE or" in refused.value.remedy
    with pytest.raises(LabError) as refused:
        source.find("5.10", str(tmp_path / "linux.deb"))
    assert "RKFLEET_LAB_KERNEL_SOURCE_5_10" in refused.value.remedy


def test_a_host_without_the_package_gets_it_from_debian_through_mmdebstrap(tmp_path, monkeypatch):
    program = tmp_path / "mmdebstrap"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for series, suite in (("6.1", "bookworm"), ("5.10", "bullseye")):
        assert source.find(series) == source.Source(series, {"package": f"linux-source-{series}", "suite": suite})


def test_without_apt_and_without_a_copy_the_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="linux-source-6.1"):
        source.find("6.1")
