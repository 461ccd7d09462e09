# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The parts of the lab that need no emulator."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

# Through any link of the checkout into ansible_collections: the lab is no part of the collection.
CHECKOUT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(CHECKOUT / "tests" / "lab"))

from rklab import LabError, Progress, boards, cache, cli, host, inventory, process  # noqa: E402
from rklab.disks import board_files, devicetree, disk, image, upstream  # noqa: E402
from rklab.fleets import kinds  # noqa: E402

yaml = pytest.importorskip("yaml")
QUIET = Progress(quiet=True)


# -- processes ------------------------------------------------------------------------------------


def test_only_the_process_that_was_started_is_ended(tmp_path):
    sleeper = process.start(["sleep", "60"], tmp_path / "log", tmp_path)
    another = {"pid": sleeper["pid"], "started": sleeper["started"] + 1}
    assert not process.alive(another)
    process.end(another)
    assert process.alive(sleeper)
    process.end(sleeper)
    assert not process.alive(sleeper)


def test_a_failure_shows_the_end_of_its_log(tmp_path):
    with pytest.raises(LabError) as failure:
        process.run(["sh", "-c", "echo the reason; exit 3"], tmp_path / "log", what="Trying", remedy="Try again.")
    assert "Trying failed with code 3" in str(failure.value)
    assert "the reason" in str(failure.value)
    assert failure.value.remedy == "Try again."


def test_a_missing_program_is_named(tmp_path):
    with pytest.raises(LabError, match="no-such-program is missing"):
        process.run(["no-such-program"], tmp_path / "log", what="Trying")


def test_lines_are_shown_without_the_time_of_the_one_who_printed_them(tmp_path):
    lines = []
    process.run(["printf", "[ 1:05] compiling\n"], tmp_path / "log", what="Trying", show=lines.append)
    assert lines == ["compiling"]


# -- the device tree ------------------------------------------------------------------------------


def properties(node, **options):
    listed = devicetree.edits("0123", {"host-name": "rock5b-1"}, **{"reserve": True, **options})
    return {name: values for edited, name, _kind, values in listed if edited == node}


def test_the_tree_is_a_rock_5b():
    assert properties("/") == {"model": ["Radxa ROCK 5B"], "compatible": ["radxa,rock-5b", "rockchip,rk3588"], "serial-number": ["0123"]}


def test_the_npu_has_three_cores_and_an_interrupt_for_each():
    npu = properties("/npu@fdab0000")
    assert npu["compatible"] == ["rockchip,rk3588-rknpu"]
    assert npu["reg"][1::4] == ["0xfdab0000", "0xfdac0000", "0xfdad0000"]
    assert len(npu["interrupts"]) == 3 * len(npu["interrupt-names"])
    assert npu["clocks"] == properties("/clock-npu")["phandle"]


def test_ram_behind_the_registers_is_kept_from_linux():
    area = properties("/reserved-memory/npu@fdab0000")
    start, size = int(area["reg"][1], 16), int(area["reg"][3], 16)
    assert start <= devicetree.CORES[0]
    assert start + size >= devicetree.CORES[-1] + devicetree.CORE_SIZE
    assert not properties("/reserved-memory/npu@fdab0000", reserve=False)


@pytest.mark.skipif(not shutil.which("dtc") or not shutil.which("fdtput"), reason="dtc is not installed")
def test_fdtput_applies_every_edit(tmp_path):
    blob = tmp_path / "board.dtb"
    subprocess.run(["dtc", "-O", "dtb", "-o", blob, "-"], input="/dts-v1/;\n/ { };\n", text=True, check=True, capture_output=True)
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"
    for node, name, kind, values in devicetree.edits("0123", {"host-key": key}, reserve=True):
        process.output(["fdtput", "-p", "-t", kind, "--", str(blob), node, name, *values])
    assert process.output(["fdtget", "-t", "s", str(blob), "/npu@fdab0000", "interrupt-names"]).split() == ["npu0_irq", "npu1_irq", "npu2_irq"]
    assert process.output(["fdtget", "-t", "s", str(blob), devicetree.IDENTITY, "host-key"]).rstrip("\n") == key.rstrip("\n")


# -- the emulator ---------------------------------------------------------------------------------


def test_the_board_is_reached_from_this_machine_only(tmp_path):
    line = " ".join(boards.command(2200, tmp_path / "a,b.log"))
    assert "restrict=on" in line
    assert "hostfwd=tcp:127.0.0.1:2200-:22" in line
    assert "a,,b.log" in line
    assert "loader,addr=0xfdab0000,data=0x46495245,data-len=4" in line


def test_machine_options_are_those_of_the_dumped_tree(tmp_path):
    machine = boards.machine()
    assert boards.command(2200, tmp_path)[1 : 1 + len(machine)] == machine
    assert "acpi=off" in machine[1]


def test_a_board_starts_with_u_boot_or_with_uefi_firmware_and_variables_of_its_own(tmp_path):
    u_boot, uefi = (" ".join(boards.command(2200, tmp_path, uefi=uefi)) for uefi in (False, True))
    assert f"-bios {boards.U_BOOT}" in u_boot and "pflash" not in u_boot
    assert f"unit=0,format=raw,readonly=on,file={boards.UEFI}" in uefi and "-bios" not in uefi
    # Snapshots are kept in every disk that can be written, so this must be qcow2 too.
    assert "unit=1,format=qcow2,file=variables.qcow2" in uefi
    assert "-dtb board.dtb" in u_boot and "-dtb board.dtb" in uefi


def test_a_port_that_accepts_is_not_yet_a_board():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def hang_up():
            server.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        assert not boards.banner(port)
        threading.Thread(target=lambda: server.accept()[0].sendall(b"SSH-2.0-test\r\n"), daemon=True).start()
        assert boards.banner(port)


@pytest.mark.parametrize("name", ["", "../x", "Board", "-x", "a" * 40])
def test_a_name_cannot_leave_the_folder(tmp_path, name):
    with pytest.raises(LabError, match="cannot be called"):
        boards.Lab(tmp_path, QUIET).make(name, "vendor", tmp_path)


def test_an_unknown_board_is_reported_with_the_known_ones(tmp_path):
    lab = boards.Lab(tmp_path, QUIET)
    lab.data["boards"]["rock5b-1"] = {}
    with pytest.raises(LabError, match="There is no board rock5b-7; there are: rock5b-1"):
        lab.board("rock5b-7")


# -- the image ------------------------------------------------------------------------------------


def test_package_sources_come_from_the_host_and_are_bookworm():
    listed = (
        "http://one.example/debian/|trixie|main|Debian\n"
        "http://one.example/debian/|trixie|main|Debian\n"
        "http://one.example/debian/|trixie-updates|main|Debian\n"
        "http://one.example/security/|trixie-security|main|Debian\n"
        "http://two.example/tools/|stable|main|Somebody\n"
    )
    sources = image.debian_sources(listed, "bookworm")
    assert [source.split("] ")[1] for source in sources] == [
        "http://one.example/debian/ bookworm main",
        "http://one.example/debian/ bookworm-updates main",
        "http://one.example/security/ bookworm-security main",
    ]
    assert image.debian_sources("http://three.example/ubuntu/|noble|main|Ubuntu\n", "bookworm") == []


def test_of_an_archived_release_only_the_main_archive_is_used():
    listed = "http://one.example/debian/|bookworm|main|Debian\nhttp://one.example/security/|bookworm-security|main|Debian\n"
    assert [source.split("] ")[1] for source in image.debian_sources(listed, "bullseye")] == ["http://one.example/debian/ bullseye main"]


def test_the_release_is_in_the_package_names():
    names = ["linux-headers-6.1.9-1-rk2312_6.1.9-1_arm64.deb", "linux-image-6.1.9-1-rk2312_6.1.9-1_arm64.deb"]
    assert disk.kernel_release(names) == "6.1.9-1-rk2312"
    with pytest.raises(LabError, match="found: none"):
        disk.kernel_release(names[:1])
    assert disk.kernel_release(["linux-image-arm64_6.1.9-1_arm64.deb", "linux-image-6.1.0-9-arm64_6.1.9-1_arm64.deb"]) == "6.1.0-9-arm64"


def test_what_is_installed_is_not_offered_again():
    status = (
        "Package: make\nStatus: install ok installed\nArchitecture: arm64\nVersion: 4.3-4.1\nDescription: a\n Version: 9\n\n"
        "Package: gcc\nStatus: install ok installed\nArchitecture: arm64\nVersion: 4:12.2.0-3\n\n"
        "Package: dkms\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 3.0.10-8\n"
    )
    assert disk.installed(status) == {"make_4.3-4.1_arm64.deb", "gcc_4%3a12.2.0-3_arm64.deb"}


def test_only_the_kinds_with_a_driver_have_the_runtime_and_no_two_kernels_have_the_same_release():
    kernels = {made_of.kernel for made_of in kinds.KINDS.values() if made_of.kernel}
    assert len({(kernel.series, kernel.revision, kernel.suffix) for kernel in kernels}) == len(kernels)
    # Nothing more to compile for the kinds with another boot loader.
    assert kinds.KINDS["grub"].kernel == kinds.KINDS["environment"].kernel == kinds.KINDS["vendor"].kernel
    for made_of in kinds.KINDS.values():
        assert (made_of.kernel is None) == (made_of.runtime is None)


def test_a_kernel_is_built_as_its_kind_requires():
    command = image._kernel_builder(kinds.KINDS["module"].kernel)
    assert command[-8:] == ["6.1", "--revision", "1", "--suffix", "rk2312m", "--driver-version", "0.9.3", "--module"]
    assert "--module" not in image._kernel_builder(kinds.KINDS["vendor"].later)


def test_the_image_follows_its_kind(monkeypatch):
    parts = image.Parts(None, None, None, None)
    keys = {kind: cache.key(image.board_inputs(kind, parts)) for kind in kinds.KINDS}
    assert len(set(keys.values())) == len(kinds.KINDS)
    monkeypatch.setitem(board_files.KIND_FILES, "stock", {})
    assert cache.key(image.board_inputs("stock", parts)) != keys["stock"]
    assert cache.key(image.board_inputs("vendor", parts)) == keys["vendor"]


def test_the_tree_keeps_nothing_that_is_a_boards_own(tmp_path):
    for name in ("etc/ssh/ssh_host_rsa_key", "etc/apt/sources.list.d/debian.sources", "etc/apt/apt.conf.d/99mmdebstrap"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("deb http://mirror.example/debian bookworm main\n")
    disk.lay_files(tmp_path, board_files.files("vendor"))
    assert not list(tmp_path.glob("etc/ssh/ssh_host_*"))
    assert not list(tmp_path.glob("etc/apt/sources.list.d/*"))
    assert (tmp_path / "etc/apt/sources.list").read_text() == "deb [trusted=yes] file:/srv/apt ./\n"
    assert (tmp_path / "etc/machine-id").read_text() == ""
    assert (tmp_path / "etc/sudoers.d/radxa").stat().st_mode & 0o777 == 0o440
    assert os.readlink(tmp_path / "etc/systemd/system/apt-daily.timer") == "/dev/null"


def test_a_board_shows_that_it_is_emulated():
    assert "EMULATED" in board_files.FILES["etc/motd"][1]
    assert "not the vendor's" in board_files.FILES["etc/motd"][1]


# -- upstream and the inventory ---------------------------------------------------------------------


def test_stand_ins_have_the_paths_of_the_compatibility_data():
    listed = yaml.safe_load((CHECKOUT / "plugins/plugin_utils/_plan/compatibility.yml").read_text())
    for artefact in upstream.ARTEFACTS:
        row = listed
        for name in artefact.row:
            row = row[name]
        assert row["path"] == artefact.path


def test_the_stand_ins_are_pinned_by_their_own_hashes(tmp_path):
    for artefact in upstream.ARTEFACTS:
        path = tmp_path / artefact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"hello\n")
    pins = upstream.compatibility(tmp_path)
    row = pins["runtimes"]["2.3.2"]
    assert row["git_blob"] == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert row["sha256"] == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert row["size"] == 6
    assert "not the vendor's" in row["source"]


def test_the_inventory_is_yaml_and_names_no_folder():
    pins = {"drivers": {"0.9.6": {"sha256": "00", "size": 1}}}
    text = inventory.text(inventory.data({"rock5b-1": 2201, "rock5b-2": 2202}, "http://127.0.0.1:8000", pins))
    lab = yaml.safe_load(text)["all"]["children"]["lab"]
    assert lab["hosts"] == {"rock5b-1": {"ansible_port": 2201}, "rock5b-2": {"ansible_port": 2202}}
    assert lab["vars"]["ansible_host"] == "127.0.0.1"
    assert lab["vars"]["npu_compatibility"] == pins
    assert "StrictHostKeyChecking=yes" in lab["vars"]["ansible_ssh_common_args"]
    assert str(CHECKOUT) not in text


def test_the_file_server_serves_files_and_lists_nothing(tmp_path):
    path = tmp_path / upstream.ARTEFACTS[-1].path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"picture")
    server = upstream.start(tmp_path, boards.free_port(), tmp_path / "log")
    try:
        address = f"http://127.0.0.1:{server['port']}/"
        assert upstream.urllib.request.urlopen(address + upstream.ARTEFACTS[-1].path, timeout=5).read() == b"picture"
        with pytest.raises(upstream.urllib.error.HTTPError, match="404"):
            upstream.urllib.request.urlopen(address, timeout=5)
    finally:
        process.end(server["process"])


# -- the machine and the command line ------------------------------------------------------------------


def test_doctor_names_every_missing_package(monkeypatch):
    monkeypatch.setattr(host, "_present", lambda item: item not in {"mmdebstrap", "qemu-img"})
    finding = host._packages()
    assert not finding.ok
    assert finding.message == "mmdebstrap qemu-utils"
    assert "install-host-packages" in finding.remedy


def test_what_is_missing_stops_with_all_of_it_and_the_way_out():
    findings = [host.Finding("a", True, "fine"), host.Finding("b", False, "broken", "Mend b."), host.Finding("c", False, "gone", "Find c.")]
    with pytest.raises(LabError) as failure:
        host.require(findings)
    assert "2 thing(s)" in str(failure.value)
    for word in ("Mend b.", "Find c.", "broken", "gone"):
        assert word in str(failure.value)
    assert "fine" not in [line.split(": ")[-1] for line in host.report(findings, failures_only=True).splitlines()]


def test_too_little_space_is_reported_with_figures(tmp_path):
    finding = host._space(tmp_path / "not" / "there", 1 << 40, "cache")
    assert not finding.ok
    assert "MiB wanted" in finding.message


def test_only_a_build_needs_root_and_the_space_of_its_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("RKFLEET_LAB_CACHE", str(tmp_path))
    assert not {"root", "space for cache"} & {finding.name for finding in host.doctor(tmp_path)}
    found = {finding.name: finding for finding in host.doctor(tmp_path, build_mib=kinds.KINDS["stock"].space_mib)}
    assert "root" in found
    assert f"{kinds.KINDS['stock'].space_mib} MiB wanted" in found["space for cache"].message


def test_expected_failures_are_a_sentence_and_not_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RKFLEET_LAB_STATE", str(tmp_path))
    assert cli.main(["ssh", "rock5b-9"]) == 1
    assert capsys.readouterr().err.startswith("lab: There is no board rock5b-9")
    (tmp_path / "boards.json").write_text("{")
    assert cli.main(["status"]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_board_stays_of_its_kind(tmp_path):
    lab = boards.Lab(tmp_path, QUIET)
    lab.data["boards"] = {"old": {}, "stock-1": {"kind": "stock"}}
    assert boards.kind_of(lab, "old", None) == "vendor"
    assert boards.kind_of(lab, "stock-1", None) == "stock"
    assert boards.kind_of(lab, "stock-1", "stock") == "stock"
    assert boards.kind_of(lab, "new", None) == "vendor"
    assert boards.kind_of(lab, "new", "bullseye") == "bullseye"
    with pytest.raises(LabError, match="stock-1 is a board of kind stock"):
        boards.kind_of(lab, "stock-1", "vendor")


def test_status_without_boards(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RKFLEET_LAB_STATE", str(tmp_path))
    assert cli.main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["boards"] == []
