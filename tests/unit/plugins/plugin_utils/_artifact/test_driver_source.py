# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A vendor tarball becomes a DKMS tree: byte for byte, and only what lies where it should."""

from __future__ import annotations

import io
import tarfile

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source

HEADER = b"#define DRIVER_MAJOR 0\n#define DRIVER_MINOR 9\n#define DRIVER_PATCHLEVEL 6\n"
FILES = {
    "drivers/rknpu/Makefile": b"obj-m += rknpu.o\n",
    "drivers/rknpu/include/rknpu_drv.h": HEADER,
    "drivers/rknpu/rknpu_drv.c": b"\xff\x00 not text\r\n",
}


def tarball(path, members=None, kind="w:bz2"):
    """Return a tarball; a member's content is bytes, or a TarInfo's type and link target."""
    with tarfile.open(path, kind) as tar:
        for name, content in (FILES if members is None else members).items():
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                tar.addfile(info)
    return path.read_bytes()


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "own"
    (folder / "probes").mkdir(parents=True)
    (folder / "Kbuild").write_text("ours\n")
    (folder / "probes" / "vm_flags.c").write_text("probe\n")
    (folder / "dkms.conf.in").write_text('PACKAGE_VERSION="@VERSION@"\nBUILT_MODULE_NAME[0]="@MODULE@"\n')
    return str(folder)


def test_vendor_files_stay_byte_for_byte(tmp_path, own):
    tree = driver_source.dkms_tree(tarball(tmp_path / "x"), own, "0.9.6", "rknpu_dkms")
    assert {name: content for name, content in tree.items() if name.startswith("vendor/")} == {
        "vendor/" + name: content for name, content in FILES.items()
    }
    assert tree["dkms.conf"] == b'PACKAGE_VERSION="0.9.6"\nBUILT_MODULE_NAME[0]="rknpu_dkms"\n'
    assert tree["probes/vm_flags.c"] == b"probe\n"
    assert "dkms.conf.in" not in tree


def test_the_same_tree_gives_the_same_archive(tmp_path, own):
    one = driver_source.archive(driver_source.dkms_tree(tarball(tmp_path / "x"), own, "0.9.6", "rknpu"))
    two = driver_source.archive(driver_source.dkms_tree(tarball(tmp_path / "y", kind="w:gz"), own, "0.9.6", "rknpu"))
    assert one == two
    with tarfile.open(fileobj=io.BytesIO(one[0])) as tar:
        assert tar.extractfile("vendor/drivers/rknpu/rknpu_drv.c").read() == FILES["drivers/rknpu/rknpu_drv.c"]


def test_a_leading_dot_and_folders_are_accepted(tmp_path):
    members = {"./drivers": (tarfile.DIRTYPE, ""), "drivers/rknpu": (tarfile.DIRTYPE, "")}
    members.update(("./" + name, content) for name, content in FILES.items())
    assert driver_source.unpack(tarball(tmp_path / "x", members)) == FILES


@pytest.mark.parametrize(
    "name, content",
    [
        ("drivers/rknpu/../../../etc/passwd", b"x"),
        ("/drivers/rknpu/x", b"x"),
        ("etc/passwd", b"x"),
        ("../drivers/rknpu/x", b"x"),
        ("drivers/rknpu/../x", (tarfile.DIRTYPE, "")),
        ("drivers/rknpu/link", (tarfile.SYMTYPE, "/etc/passwd")),
        ("drivers/rknpu/hard", (tarfile.LNKTYPE, "drivers/rknpu/Makefile")),
        ("drivers/rknpu/tty", (tarfile.CHRTYPE, "")),
        ("drivers/rknpu/fifo", (tarfile.FIFOTYPE, "")),
    ],
)
def test_paths_outside_the_folder_and_non_files_are_refused(tmp_path, name, content):
    with pytest.raises(driver_source.SourceError, match="member"):
        driver_source.unpack(tarball(tmp_path / "x", dict(FILES, **{name: content})))


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(driver_source, "MOST_BYTES", 1000)
    with pytest.raises(driver_source.SourceError, match="1000 bytes"):
        driver_source.unpack(tarball(tmp_path / "x", dict(FILES, **{"drivers/rknpu/big": b"0" * 1001})))


def test_another_version_is_refused(tmp_path, own):
    with pytest.raises(driver_source.SourceError, match="it is driver 0.9.6, expected 0.9.8"):
        driver_source.dkms_tree(tarball(tmp_path / "x"), own, "0.9.8", "rknpu")


@pytest.mark.parametrize("content", [b"", b"#define DRIVER_MAJOR 0\n"])
def test_a_source_without_version(tmp_path, own, content):
    members = dict(FILES, **{"drivers/rknpu/include/rknpu_drv.h": content})
    with pytest.raises(driver_source.SourceError, match="states no DRIVER_"):
        driver_source.dkms_tree(tarball(tmp_path / "x", members), own, "0.9.6", "rknpu")


def test_not_a_tarball():
    with pytest.raises(driver_source.SourceError, match="cannot be unpacked"):
        driver_source.unpack(b"<html>not found</html>")


def test_a_truncated_tarball(tmp_path):
    content = tarball(tmp_path / "x", dict(FILES, **{"drivers/rknpu/rknpu_gem.c": bytes(range(256)) * 4000}), "w:gz")
    with pytest.raises(driver_source.SourceError, match="cannot be unpacked"):
        driver_source.unpack(content[: len(content) // 2])


@pytest.mark.parametrize(
    "version, module", [("0.9", "rknpu"), ("0.9.6; rm", "rknpu"), ("0.9.6", "../x"), ("0.9.6", 'a"b')]
)
def test_names_that_would_reach_dkms_conf_are_checked(tmp_path, own, version, module):
    with pytest.raises(driver_source.SourceError):
        driver_source.dkms_tree(tarball(tmp_path / "x"), own, version, module)
