# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The scripts that keep a board on a kernel with its NPU module, on a tree with a stand-in of u-boot-update."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import paths
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import setup as _boot_setup
from ansible_collections.rkfleet.npu.plugins.module_utils._boot import u_boot_update
from ansible_collections.rkfleet.npu.plugins.module_utils._boot.menus import (
    default_kernel,
    default_kernel_paths,
    extlinux_menu,
    menu_kernel,
)
from ansible_collections.rkfleet.npu.plugins.plugin_utils._action import board_files
from stand_ins.boards.kernel_board import LINUX_VERSION, SHELLS, KernelBoard

OLD, NEW = "6.1.99-1-rk2312", "6.1.192-2-rk2410"
SCRIPTS = board_files.default_kernel()
# The order of things in Debian's script: defaults file, fragments, its own defaults, one entry for each kernel.
UPDATE = """\
#!/bin/sh
set -e
exec 1>&2
[ "${U_BOOT_TEST_FAILS:-}" = "" ] || exit 1
if [ -e /etc/default/u-boot ]; then . /etc/default/u-boot; fi
%s
U_BOOT_DEFAULT="${U_BOOT_DEFAULT:-l0}"
U_BOOT_ENTRIES="${U_BOOT_ENTRIES:-all}"
U_BOOT_ALTERNATIVES="${U_BOOT_ALTERNATIVES:-default recovery}"
U_BOOT_PARAMETERS="${U_BOOT_PARAMETERS:-ro quiet}"
{
    echo "default ${U_BOOT_DEFAULT}"
    number=0
    for kernel in $(linux-version list | linux-version sort --reverse); do
        if echo "${U_BOOT_ALTERNATIVES}" | grep -q default; then
            printf '\\nlabel l%%s\\n\\tlinux /boot/vmlinuz-%%s\\n\\tappend root=/dev/vda1 %%s\\n' $number "$kernel" "${U_BOOT_PARAMETERS}"
        fi
        number=$((number + 1))
        if [ "${U_BOOT_ENTRIES}" = $number ]; then break; fi
    done
} > /boot/extlinux/extlinux.conf
"""
FRAGMENTS = 'for file in /usr/share/u-boot-menu/conf.d/*.conf /etc/u-boot-menu/conf.d/*.conf; do if [ -e "${file}" ]; then . "${file}"; fi; done'


class Board(KernelBoard):
    """A tree with Debian's u-boot-menu, and NPU modules for some of its kernels."""

    def __init__(self, root, fragments=True, shell="dash"):
        super().__init__(root, shell)
        self.write("/etc/default/u-boot", "#U_BOOT_DEFAULT=\"l0\"\n")
        self.write("/proc/cmdline", "ro quiet")
        self.write("/boot/extlinux/extlinux.conf").write("/var/log/syslog")
        # As Debian has them.
        for folder in ("/etc/kernel/postinst.d", "/etc/modules-load.d", "/usr/lib"):
            self.path(folder).mkdir(parents=True)
        self.tool("/usr/sbin/u-boot-update", UPDATE % (FRAGMENTS if fragments else ""))
        self.tool("/usr/bin/linux-version", LINUX_VERSION)
        self.tool("/usr/bin/logger", '#!/bin/sh\necho "$*" >> /var/log/syslog\n')
        self.kernel(OLD).module(OLD).update()

    def kernel(self, release, headers=True, builtin="other"):
        self.write("/boot/vmlinuz-" + release).write("/lib/modules/%s/modules.builtin" % release,
                                                     "kernel/drivers/x/%s.ko\n" % builtin)
        return self.write("/lib/modules/%s/build/include/linux/fs.h" % release) if headers else self

    def module(self, release, name="rknpu_dkms", suffix=".ko", content="ELF"):
        return self.write("/lib/modules/%s/updates/dkms/%s%s" % (release, name, suffix), content)

    def shell(self, *command, check=True):
        """Run a script of the board: a copy of its tree, in which the scripts name the copy's own files."""
        copy = self.root.with_name("copy-" + self.root.name)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.root, copy)
        for file in [path for area in ("etc", "usr") for path in (copy / area).rglob("*") if path.is_file()]:
            text = re.sub(r"(?<![\w.])(/(?:etc|usr|boot|lib|var)/)", r"%s\1" % copy, file.read_text())
            ours = "rkfleet-npu" in file.relative_to(copy).as_posix()
            file.write_text(text.replace("#!/bin/sh\n", "#!%s\n" % " ".join(self.by), 1) if ours else text)
        environ = dict(os.environ, PATH="%s/usr/bin:%s/usr/sbin:%s" % (copy, copy, os.environ["PATH"]))
        done = subprocess.run([*self.by, str(copy / command[0].lstrip("/")), *command[1:]], env=environ, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = done.stderr.replace(str(copy), "")
        assert not check or done.returncode == 0, done.stderr
        for path in ("boot/extlinux/extlinux.conf", "var/log/syslog"):
            if (copy / path).exists():
                self.write(path, (copy / path).read_text().replace(str(copy), ""))
        return done

    def update(self):
        self.shell("/usr/sbin/u-boot-update")
        return self

    def setup(self, present=True, initcalls=("rknpu_init",), module="rknpu_dkms"):
        def run(command):
            if command[0] == "unshare":
                return 1, "", "Operation not permitted"
            done = self.shell(command[0], check=False)
            return done.returncode, done.stdout, done.stderr

        home = str(self.root / "var/lib/rkfleet-npu")
        return _boot_setup.BootSetup(run, module, initcalls, present, home, str(self.root),
                                     SCRIPTS if present else None)

    def default(self):
        """The kernel that boots by default, the label of whose entry is really there."""
        text = self.path("/boot/extlinux/extlinux.conf").read_text()
        label = text.split()[1]
        assert "\nlabel %s\n" % label in text
        return menu_kernel.release(text)


@pytest.fixture(params=list(SHELLS))
def shell(request):
    if not shutil.which(request.param):
        pytest.skip("%s is not installed" % request.param)
    return request.param


@pytest.fixture(params=["with fragments", "bullseye, without"])
def board(request, tmp_path, shell):
    board = Board(tmp_path / "board", request.param == "with fragments", shell)
    board.setup().apply()
    return board


def test_the_scripts_are_posix_shell(board):
    there = [path for path in board.root.rglob("*rkfleet*")
             if path.is_file()] + list(board.path(default_kernel_paths.FOLDER).iterdir())
    assert len(there) >= 5
    for path in there:
        if path.suffix != ".conf" or path.parent.name == "rkfleet-npu":
            subprocess.run([*board.by, "-n", str(path)], check=True)
    for path in (default_kernel_paths.SCRIPT, default_kernel_paths.IMAGE_HOOK, default_kernel_paths.HEADERS_HOOK):
        assert os.access(board.path(path), os.X_OK)


def test_one_kernel_with_the_module_is_the_default_without_a_message(board):
    board.update()
    assert board.default() == OLD and board.said == ""


def test_a_new_kernel_without_headers_is_held_back_with_the_reason_until_dkms_has_built(board):
    board.kernel(NEW, headers=False).update()
    assert board.default() == OLD
    assert "kernel %s has no module rknpu_dkms: its headers are not installed; install linux-headers-%s" % (NEW, NEW) in board.said
    assert "kernel %s stays the default" % OLD in board.said
    assert OLD in board.path("/var/log/syslog").read_text()
    board.kernel(NEW).module(NEW, suffix=".ko.xz").update()
    assert board.default() == NEW and board.said == ""


@pytest.mark.parametrize("there, said", [
    (lambda board: board.write("/var/lib/dkms/rknpu/0.9.6/build/make.log",
                               "DKMS make.log for rknpu-0.9.6 for kernel %s (aarch64)\n" % NEW),
     r"the build failed (/var/lib/dkms/rknpu/0.9.6/build/make.log)"),
    (lambda board: board.write("/var/lib/dkms/rknpu/0.9.6/build/make.log",
                               "DKMS make.log for rknpu-0.9.6 for kernel 6.6 (aarch64)\n"),
     "DKMS has not built it; run 'dkms autoinstall -k %s && u-boot-update'" % NEW),
    (lambda board: board.write("/var/lib/dkms/rknpu/0.9.6/%s/aarch64/module/rknpu_dkms.ko" % NEW, "ELF"),
     "dkms install -m rknpu -v 0.9.6 -k %s --force" % NEW),
    (lambda board: board.module(NEW, content=""), "DKMS has not built it"),
    (lambda board: board.module(NEW).kernel(NEW, builtin="rknpu_dkms"), "a driver of that name is built into it"),
], ids=["failed", "failed for another", "not installed", "cut off", "built in"])
def test_what_keeps_a_kernel_from_being_the_default(board, there, said):
    there(board.kernel(NEW))
    board.update()
    assert board.default() == OLD and said in board.said


def test_the_newest_kernel_with_the_module_is_chosen(board):
    board.kernel("6.1.100-1-rk2312").kernel("5.10.1").module("5.10.1").kernel(NEW).update()
    assert board.default() == OLD


def test_the_menu_is_made_long_enough_for_the_entry(board):
    board.write("/etc/default/u-boot",
                'U_BOOT_ENTRIES="1"\nU_BOOT_ALTERNATIVES="recovery"\n' + board.path("/etc/default/u-boot").read_text())
    board.kernel(NEW).update()
    assert board.default() == OLD


def test_a_default_that_the_owner_chose_stays(board):
    board.write("/etc/default/u-boot", 'U_BOOT_DEFAULT="l1"\n' + board.path("/etc/default/u-boot").read_text())
    board.kernel(NEW).kernel("6.6").update()
    assert board.default() == NEW and board.said == ""


def test_without_any_module_the_newest_kernel_boots_and_a_message_says_so(board):
    board.path("/lib/modules/%s/updates/dkms/rknpu_dkms.ko" % OLD).unlink()
    board.kernel(NEW).update()
    assert board.default() == NEW and "no installed kernel has the module rknpu_dkms" in board.said


@pytest.mark.parametrize("gone", [paths.MODULES_LOAD, default_kernel_paths.SCRIPT, default_kernel_paths.SETTINGS])
def test_missing_files_are_ignored_by_the_script(board, gone):
    board.path(gone).unlink()
    board.kernel(NEW).update()
    assert board.default() == NEW


def test_a_script_that_dies_does_not_keep_u_boot_update_from_its_work(board):
    board.tool(default_kernel_paths.SCRIPT, "#!/bin/sh\nexit 3\n")
    board.kernel(NEW).update()
    assert board.default() == NEW


def test_the_hook_before_dkms_shows_what_boots_and_never_fails(board):
    board.kernel(NEW)
    board.shell(default_kernel_paths.IMAGE_HOOK, NEW, "/boot/vmlinuz-" + NEW)
    assert board.said == "rkfleet.npu: kernel %s stays the default until DKMS has built rknpu_dkms for kernel %s\n" % (OLD, NEW)
    board.shell(default_kernel_paths.IMAGE_HOOK, OLD)
    assert board.said == ""
    board.path(default_kernel_paths.SCRIPT).unlink()
    board.shell(default_kernel_paths.IMAGE_HOOK, NEW)
    assert board.said == ""


def test_headers_that_come_later_lift_the_hold_once_dkms_has_built(board):
    board.kernel(NEW).update()
    made = board.path("/boot/extlinux/extlinux.conf").read_text()
    board.write("/boot/extlinux/extlinux.conf", made + "# as it was\n")
    board.shell(default_kernel_paths.HEADERS_HOOK, NEW)
    assert board.path("/boot/extlinux/extlinux.conf").read_text() == made + "# as it was\n"
    board.module(NEW)
    board.shell(default_kernel_paths.HEADERS_HOOK, NEW)
    assert board.default() == NEW
    # Headers of a kernel that is not there are nobody's business.
    before = board.files()
    board.module("6.12.1").shell(default_kernel_paths.HEADERS_HOOK, "6.12.1")
    assert board.files() == before


def test_removal_restores_the_previous_files(tmp_path, shell):
    for fragments in (True, False):
        board = Board(tmp_path / str(fragments), fragments, shell)
        board.kernel(NEW, headers=False).update()
        before = board.files()
        assert board.default() == NEW
        board.setup().apply()
        assert board.default() == OLD and board.setup().changes() == []
        board.setup(present=False).apply()
        assert board.files() == before
        assert board.setup(present=False).changes() == []


def test_a_running_kernel_that_is_not_the_newest_is_made_the_default_over_a_module_too(tmp_path):
    board = Board(tmp_path / "board").kernel(NEW)
    board.module(OLD, "rknpu").update()
    setup = board.setup(initcalls=(), module="rknpu")
    assert setup.changes()[-1] == extlinux_menu.PATH
    setup.apply()
    assert board.default() == OLD
    setup = board.setup(present=False, initcalls=(), module="rknpu")
    assert setup.changes()[-1] == extlinux_menu.PATH
    setup.apply()
    assert board.default() == NEW


def test_a_failure_restores_everything(tmp_path, monkeypatch):
    board = Board(tmp_path / "board").kernel(NEW).update()
    before = board.files()
    monkeypatch.setenv("U_BOOT_TEST_FAILS", "1")
    with pytest.raises(_boot_setup.BootSetupError, match="the boot configuration was restored"):
        board.setup().apply()
    assert board.files() == before


def test_a_default_of_the_owner_without_the_module_stops(tmp_path):
    board = Board(tmp_path / "board").kernel(NEW).kernel("6.6")
    board.write("/etc/default/u-boot", 'U_BOOT_DEFAULT="l1"\n').update()
    before = board.files()
    with pytest.raises(_boot_setup.BootSetupError,
                       match="boots kernel %s by default, for which there is no module rknpu_dkms" % NEW):
        board.setup().apply()
    assert board.files() == before


def test_a_hook_without_the_executable_bit_is_fixed(board):
    board.path(default_kernel_paths.IMAGE_HOOK).chmod(0o644)
    setup = board.setup()
    assert setup.changes() == [default_kernel_paths.IMAGE_HOOK]
    setup.apply()
    assert board.setup().changes() == []


def test_without_u_boot_update_no_files_are_installed(tmp_path):
    board = Board(tmp_path / "board")
    board.path("/usr/sbin/u-boot-update").unlink()
    board.setup(initcalls=()).apply()
    assert not board.path(default_kernel_paths.FOLDER).exists() and not board.path(default_kernel_paths.IMAGE_HOOK).exists()


def test_the_newest_u_boot_menu_reads_fragments_from_another_script(tmp_path):
    board = Board(tmp_path / "board", fragments=False)
    board.write(u_boot_update.READ_CONFIG, FRAGMENTS)
    board.setup().apply()
    assert board.path(default_kernel_paths.FRAGMENT).exists()
    assert default_kernel_paths.LINE not in board.path("/etc/default/u-boot").read_text()


def test_a_fragment_is_the_line_of_the_defaults_file():
    """Where u-boot-update reads no fragments, the defaults file has the same line."""
    assert SCRIPTS["rkfleet-npu.conf"].splitlines()[-1] == default_kernel_paths.LINE


def test_the_line_in_the_defaults_file_is_added_and_removed_and_the_rest_stays():
    for text in ("", "A=1\n", "A=1", "A=1\r\n# x\r\n"):
        with_it = default_kernel.with_line(text, True)
        assert default_kernel.with_line(with_it, True) == with_it
        back = default_kernel.with_line(with_it, False)
        assert back == text or back == text + "\n"


def test_ours_comes_before_dkms():
    assert pathlib.PurePosixPath(default_kernel_paths.IMAGE_HOOK).name < "dkms"
