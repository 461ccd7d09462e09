# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What is recorded of a board, and what never is."""

from __future__ import annotations

import base64
import gzip
import os
import zlib

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._facts import gather
from ansible_collections.rkfleet.npu.plugins.module_utils._recording import recorder
from ansible_collections.rkfleet.npu.plugins.module_utils._recording.excerpt import FILE_LIMIT, Rules
from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.complete import complete
from ansible_collections.rkfleet.npu.plugins.plugin_utils._recording.rules import RULES
from rklab.fleets.recorded import RELEASE, Board

# Not in one word: no file has a path of somebody's machine.
HOME = os.sep + "home"


@pytest.fixture
def record(board):
    """Record the board; returns the answer, and its files by path with their content as bytes."""

    def run(read=(), repository=None):
        tree = recorder.Recorder(RULES, str(board.root))
        for path in read:
            tree.data(path)
        answer = recorder.record(tree, repository, uid=0, ask_node=lambda *unused: ("0.9.3", None, "drm_ioctl"))
        files = {entry["path"]: entry for entry in answer["files"]}
        return (
            answer,
            files,
            {path: base64.b64decode(entry["content"]) for path, entry in files.items() if "content" in entry},
        )

    return run


@pytest.fixture
def rock5b(board):
    return board.base(cmdline="root=LABEL=root").npu().builtin().headers().tools().u_boot_menu()


def test_what_the_facts_read_is_recorded(rock5b, record):
    answer, files, contents = record()
    assert answer["facts"]["driver"]["version"] == "0.9.3" and answer["facts"]["board"]["soc"] == "rk3588"
    assert contents["/proc/cmdline"] == b"root=LABEL=root\n"
    assert contents["/proc/device-tree/compatible"] == b"radxa,rock-5b\0rockchip,rk3588\0"
    assert contents[f"/lib/modules/{RELEASE}/modules.builtin.modinfo"] == b"rknpu.version=0.9.3\0rknpu.license=GPL v2\0"
    assert files[f"/lib/modules/{RELEASE}/build"]["link"] == f"/usr/src/linux-headers-{RELEASE}"
    assert files["/sys/class/drm"]["names"] == ["renderD128/", "renderD129/"]
    assert [(entry["program"], entry["output"]) for entry in answer["programs"]] == [
        ("driver", ["0.9.3", "", "drm_ioctl"])
    ]


def test_nothing_else_is_recorded(rock5b, record):
    rock5b.write("/etc/shadow", "root:x").write("/etc/passwd", "anna").write(HOME + "/anna/x", "x").write(
        "/proc/4/comm", "x\n"
    )
    unused, files, unused_contents = record()
    assert not [path for path in files if path.startswith(("/etc/shadow", "/etc/passwd", HOME, "/proc/4"))]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/etc/wpa_supplicant/wpa_supplicant.conf",
        "/var/lib/dkms/mok.key",
        "/etc/ssh/ssh_host_rsa_key",
        "/boot/dietpi.txt",
        "/boot/dietpi-wifi.txt",
        "/boot/armbian_first_run.txt",
        "/proc/device-tree/chosen/kaslr-seed",
        "/proc/device-tree/chosen/rng-seed",
        "/etc/NetworkManager/system-connections/Home.nmconnection",
        "/proc/kcore",
        "/proc/kmsg",
        "/etc/default/wpa_supplicant",
        "/etc/kernel/secret",
        "/etc/apt/auth.conf.d/x",
        "/etc/machine-id",
        "/boot/user-data",
        "/sys/firmware/efi/efivars/db",
        "/proc/501/environ",
        "/proc/501/cmdline",
        "/root/.bash_history",
        "/etc/default/../shadow",
        "/etc/rkfleet-npu/signing.key",
        "/var/lib/rkfleet-npu/backup/x",
        "/sys/class/tpm/tpm0/x",
        "/usr/src/x/scripts/key.pem",
    ],
)
def test_these_are_never_read_into_a_recording(board, record, path):
    board.base()
    if ".." not in path:
        board.write(path, "geheim")
    answer, unused, contents = record(read=[path])
    assert not Rules(RULES).is_allowed(path) or ".." in path
    assert b"geheim" not in b"".join(contents.values()) and contents.get(path, b"") == b""
    assert path not in contents or answer["files"]


def test_a_link_to_a_secret_is_a_link(board, record):
    board.base().write("/etc/shadow", "geheim").link("/etc/default/u-boot", "../shadow").link(
        "/boot/armbianEnv.txt", "/etc/shadow"
    )
    unused, files, contents = record(read=["/etc/default/u-boot"])
    assert files["/etc/default/u-boot"] == {"path": "/etc/default/u-boot", "link": "../shadow"}
    assert contents["/etc/shadow"] == b"" and "not on the list" in files["/etc/shadow"]["note"]


def test_a_link_out_of_the_tree_stays_inside(board, record, tmp_path):
    (tmp_path / "outside").write_text("geheim")
    board.base().link("/boot/armbianEnv.txt", "../../../../../../" + str(tmp_path / "outside"))
    answer, unused, contents = record()
    assert b"geheim" not in b"".join(contents.values())
    assert complete(answer["facts"])["boot"]["configured"] in (None, "")


def test_a_fifo_and_a_folder_in_the_place_of_a_file(board, record):
    board.base()
    os.mkfifo(board.place("/boot/armbianEnv.txt").parent.joinpath("armbianEnv.txt"))
    board.place("/etc/default/u-boot").mkdir(parents=True)
    unused, files, contents = record()
    assert files["/boot/armbianEnv.txt"]["kind"] == "special" and "/boot/armbianEnv.txt" not in contents


def test_a_file_without_end_is_cut(board, record):
    """Nothing is read beyond the limit of what asks for it; a file of /proc that never ends has no size to go by."""
    board.base().write("/proc/modules", b"rknpu x\n" * (1 << 18))
    unused, files, contents = record(read=["/proc/modules"])
    assert len(contents["/proc/modules"]) == FILE_LIMIT and files["/proc/modules"]["note"] == "65536 of 2097152 bytes"


def test_all_files_together_are_limited(board, record):
    board.base()
    paths = [f"/etc/kernel/x{number:02d}" for number in range(20)]
    for path in paths:
        board.write(path, b"x" * FILE_LIMIT)
    unused, files, contents = record(read=paths)
    assert sum(map(len, contents.values())) <= recorder.TOTAL_LIMIT
    assert "largest size" in files["/etc/kernel/x19"]["note"] and len(files) <= recorder.ENTRIES_LIMIT


def test_binary_files_are_left_out(board, record):
    board.base().write("/etc/kernel/x", b"\xff\xfe" * 400).write("/etc/kernel/y", b"\x7fELF\x02" + b"\xb7" * 11)
    unused, files, contents = record(read=["/etc/kernel/x", "/etc/kernel/y"])
    assert (files["/etc/kernel/x"]["note"], contents["/etc/kernel/y"][:4]) == (
        "left out: binary, 800 bytes",
        b"\x7fELF",
    )


def test_of_processes_only_those_with_the_npu_open(rock5b, record):
    for pid, node in ((501, "/dev/dri/renderD129"), (502, HOME + "/anna/letter"), (503, "socket:[1]")):
        rock5b.write(f"/proc/{pid}/comm", f"secret-{pid}\n").link(f"/proc/{pid}/fd/7", node).link(
            f"/proc/{pid}/fd/8", "/x"
        )
    answer, files, contents = record()
    assert [(entry["pid"], entry["name"]) for entry in answer["facts"]["processes"]] == [(501, "secret-501")]
    assert {path for path in files if path.startswith("/proc/50")} == {
        "/proc/501",
        "/proc/501/comm",
        "/proc/501/fd",
        "/proc/501/fd/7",
    } - ({"/proc/501"} - files.keys())
    assert files["/proc"]["names"] == ["501/"] and b"letter" not in b"".join(contents.values())


def test_this_process_has_no_number(tmp_path):
    """A second recording of the same machine is the same."""
    tree = recorder.Recorder(RULES)
    tree.text("/proc/self/mountinfo", 1 << 20)
    tree.text("/proc/mounts", 1 << 20)
    paths = {entry["path"] for entry in tree.entries()}
    assert "/proc/self/mountinfo" in paths and not [path for path in paths if str(os.getpid()) in path]


def test_the_last_answer_of_a_driver_may_be_an_error(rock5b):
    def ask(path, dma_heap):
        raise PermissionError(13, "Permission denied")

    answer = recorder.record(recorder.Recorder(RULES, str(rock5b.root)), None, uid=1000, ask_node=ask)
    assert (answer["programs"][0]["number"], answer["programs"][0]["output"]) == (13, [])
    assert answer["facts"]["driver"]["version_source"] != "drm_ioctl" and answer["uid"] == 1000


def test_paths_are_those_of_the_board_wherever_its_parts_lie(tmp_path):
    board = Board(tmp_path / "board", {"dev": "srv/dev", "sys": "srv/sys"}).base().npu().builtin()
    areas = {area: str(board.root / "srv" / area) for area in ("dev", "sys")}
    tree = recorder.Recorder(RULES, str(board.root), **areas)
    answer = recorder.record(tree, uid=0, ask_node=lambda *unused: ("0.9.3", None, "drm_ioctl"))
    assert [entry["of"] for entry in answer["programs"]] == ["/dev/dri/renderD129"]
    assert not [entry["path"] for entry in answer["files"] if "srv" in entry["path"] or str(tmp_path) in entry["path"]]


def test_apt_cache_is_recorded(rock5b, record):
    rock5b.write("/usr/bin/apt-cache")
    answer, *unused = record(repository=lambda words: (0, "linux-image-6.1.84-9-rk2410\nsomething\n", ""))
    command = next(entry for entry in answer["programs"] if entry["program"] == "command")
    assert command["of"].endswith("--no-generate pkgnames linux-image-") and command["number"] == 0
    assert command["output"] == ["linux-image-6.1.84-9-rk2410", "something"]
    assert answer["facts"]["repository"]["kernels"] == ["linux-image-6.1.84-9-rk2410"]


def test_the_kernel_log_of_a_recorded_tree_is_not_this_machines(rock5b, record):
    answer, *unused = record()
    assert answer["kernel_log"] == [] and answer["kernel_log_error"]


def test_the_kernel_log_has_only_matching_lines():
    lines, why = recorder.read_kernel_log("(?!)", Tree("/"))
    assert lines == [] and (why is None or isinstance(why, str))


# -- excerpts --

STATUS = b"""Package: anna-private
Status: install ok installed
Maintainer: Anna <anna@corp>

Package: linux-image-6.1.43
Status: install ok installed
Maintainer: Anna <anna@corp>
Version: 6.1.43-1
Description: text
 more text

Package: broken
Status: install ok half-configured
Version: 1
"""


@pytest.mark.parametrize(
    "path, data, kept",
    [
        (
            "/var/lib/dpkg/status",
            STATUS,
            (
                b"Package: linux-image-6.1.43\nStatus: install ok installed\nVersion: 6.1.43-1\n\n"
                b"Package: broken\nStatus: install ok half-configured\nVersion: 1\n\n"
            ),
        ),
        (
            "/boot/config-6.1",
            b'CONFIG_DRM=y\nCONFIG_CMDLINE="root=x"\nCONFIG_USB=y\nCONFIG_MODULE_SIG_KEY="certs/x"\n',
            b"CONFIG_DRM=y\n",
        ),
        (
            "/usr/lib/modules/6.1/modules.dep",
            b"kernel/a.ko:\nupdates/dkms/rknpu.ko: x\n",
            b"updates/dkms/rknpu.ko: x\n",
        ),
        (
            "/usr/lib/librknnrt.so",
            b"\x7fELF" + bytes(200) + b"\1librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)\0" + b"\1" * 99,
            b"\x7fELF" + bytes(60) + b"\0librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)\0",
        ),
        ("/usr/lib/librknnrt.so", b"<!DOCTYPE html>\n<p>a page\n", b"<!DOCTYPE html>\n"),
        ("/etc/rkfleet-npu/hold", b"Anna tests until Friday\n", b""),
        (
            "/proc/self/mountinfo",
            (
                b"24 1 8:2 / / rw - ext4 /dev/x rw\n25 24 0:3 / /run/user/1000/doc rw - fuse x rw\n"
                b"26 24 0:4 / /srv/anna rw - nfs nas:/x rw\n"
            ),
            b"24 1 8:2 / / rw - ext4 /dev/x rw\n",
        ),
        (
            "/var/lib/dkms/rknpu/0.9.6/build/make.log",
            b"a" * FILE_LIMIT + b"error: the reason\n",
            b"a" * (FILE_LIMIT - 18) + b"error: the reason\n",
        ),
    ],
)
def test_the_relevant_part_is_kept(path, data, kept):
    assert Rules(RULES).excerpt(path, data) == (kept, False)


def test_a_compressed_configuration_stays_compressed():
    kept, complete = Rules(RULES).excerpt("/proc/config.gz", gzip.compress(b"CONFIG_DRM=y\nCONFIG_USB=y\n"))
    assert zlib.decompress(kept, 31) == b"CONFIG_DRM=y\n" and complete is False
    assert Rules(RULES).excerpt("/proc/config.gz", b"no gzip")[0] == b"no gzip"


def test_every_option_that_the_facts_use_is_kept():
    text = "".join(f"CONFIG_{option}=y\n" for option in gather._OPTIONS).encode()
    assert Rules(RULES).excerpt("/boot/config-6.1", text) == (text, True)


def test_a_long_folder_is_listed_in_part_and_its_irrelevant_files_not_at_all(board):
    for number in range(1200):
        board.write(f"/var/lib/dpkg/info/x{number}.list", "/usr/bin/anna\n")
    board.write("/var/lib/dpkg/info/rknpu2-rk3588.list", "/usr/lib/librknnrt.so\n/usr/share/x\n").write(
        "/proc/cmdline", "ro"
    )
    tree = recorder.Recorder(RULES, str(board.root))
    for name in tree.names("/var/lib/dpkg/info"):
        tree.data("/var/lib/dpkg/info/" + name)
    tree.data("/proc/cmdline")
    files = {entry["path"]: entry for entry in tree.entries()}
    assert files["/var/lib/dpkg/info"]["names"] == ["rknpu2-rk3588.list"]
    assert base64.b64decode(files["/var/lib/dpkg/info/rknpu2-rk3588.list"]["content"]) == b"/usr/lib/librknnrt.so\n"
    assert "/proc/cmdline" in files and len(files) < 20


def test_of_other_folders_only_names_of_known_files_are_kept(board):
    board.write("/opt/acme-secret-project/x").write("/opt/anna/librknnrt.so", b"\x7fELF").write(
        "/lib/ld-linux-aarch64.so.1", b"\x7fELF"
    )
    board.write("/lib/private-thing").write("/boot/vmlinuz-6.1").write("/boot/anything")
    tree = recorder.Recorder(RULES, str(board.root))
    for folder in ("/opt", "/lib", "/boot"):
        for name in tree.names(folder):
            tree.exists(f"{folder}/{name}/librknnrt.so")
    listed = {entry["path"]: entry.get("names") for entry in tree.entries()}
    assert (listed["/opt"], listed["/lib"]) == (["anna/"], ["ld-linux-aarch64.so.1"])
    assert listed["/boot"] == ["anything", "vmlinuz-6.1"]
