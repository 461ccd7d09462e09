# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""How boards of the lab get the vendor's driver: from a folder, by checksum, with the stand-ins for everything else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
if not (TESTS / "builds").is_dir():
    pytest.skip("the builds are not part of this copy", allow_module_level=True)
sys.path.insert(0, str(TESTS))

from builds import vendor_source  # noqa: E402

INVENTORY = {"all": {"children": {"lab": {"vars": {"npu_compatibility": {
    "drivers": {"0.9.6": {"sha256": "of the stand-in"}}, "runtimes": {"2.3.2": {"sha256": "of the stand-in, too"}}}}}}}}
PATH = "airockchip/rknn-llm/release-v1.0.1/rknpu-driver/rknpu_driver_0.9.6_20240322.tar.bz2"


@pytest.fixture(name="inventory")
def inventory_fixture(tmp_path):
    path = tmp_path / "inventory.yml"
    path.write_text(json.dumps(INVENTORY))
    return path


def test_boards_get_the_vendors_driver_and_the_stand_ins_of_the_rest(inventory, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(vendor_source, "tarball", lambda version: b"the vendor's " + version.encode())
    assert vendor_source.main([str(inventory), str(tmp_path / "files"), "0.9.6"]) == 0
    variables = json.loads(capsys.readouterr().out)
    assert (Path(variables["npu_local_folder"]) / PATH).read_bytes() == b"the vendor's 0.9.6"
    # No row for the driver: its checksum is that of the collection's own data.
    assert set(variables["npu_compatibility"]) == {"runtimes"}


def test_without_the_vendors_driver_it_gives_the_reason_in_one_line(inventory, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(vendor_source.FOLDER, str(tmp_path))
    assert vendor_source.main([str(inventory), str(tmp_path / "files"), "0.9.6"]) == 3
    answer = capsys.readouterr()
    assert not answer.out and answer.err.splitlines() == [f"RKFLEET_VENDOR_FILES names a folder without {PATH}"]


def test_a_file_with_another_checksum_is_refused(inventory, tmp_path, monkeypatch):
    monkeypatch.setenv(vendor_source.FOLDER, str(tmp_path))
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_bytes(b"another")
    with pytest.raises(Exception, match="checksum|sha256"):
        vendor_source.main([str(inventory), str(tmp_path / "files"), "0.9.6"])
