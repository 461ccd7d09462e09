# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What decides at the next boot which NPU driver starts: the module loaded by name, the built-in held down, a kernel with the module."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile

from .._board import checkpoint
from . import default_kernel, loaders
from .._facts.driver import BLACKLIST
from .._board.files import clean_leftovers, disk_full, ensure_dir, keep, LEFTOVER, read_file, told, write_file
from .._board.paths import STATE_DIR
from .._board.tree import Tree
from .._board.paths import DRACUT, MODULES_LOAD

_DRACUT_TEXT = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_boot; removed by its state=absent. The NPU driver is loaded from the root file system, never from an initramfs.
omit_drivers+=" rknpu rknpu_dkms "
"""
# Mounted over the menu's folder for one command and its children only: for everybody else, U-Boot included, nothing happens there.
_UNSHARE = ["unshare", "--mount", "--propagation", "private", "--"]
_ELSEWHERE = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


class BootSetupError(Exception):
    """A change of the boot set-up that was not made, with one sentence why."""


class BootSetup:
    """The files of the running board that decide on the driver.

    Where u-boot-update chooses the default kernel, they make it choose one that has the module: see default_kernel.

    :arg run: callable taking a list of arguments, giving C((rc, stdout, stderr)).
    :arg module: kernel module to load by name: the driver has no device-tree alias, so udev does not load it.
    :arg initcalls: initcalls of built-in drivers to hold down with the kernel argument C(initcall_blacklist).
    :arg present: whether all that is to be there, or to be taken away.
    :arg root: where the board's files are. All paths are given as the board sees them.
    :arg scripts: C({base name: text}) of the files of default_kernel, needed where all that is to be there.
    """

    def __init__(self, run, module, initcalls, present=True, state_dir=STATE_DIR, root="/", scripts=None):
        self.run, self.module, self.initcalls, self.present, self.state_dir, self.root = run, module, list(initcalls), present, state_dir, root
        self.scripts = scripts or {}
        cmdline = (self._read("/proc/cmdline") or b"").decode("utf-8", "replace").strip()
        self.loader = loaders.read(Tree(root), cmdline)
        self.before, self.after, self.modes = {}, {}, {}
        self.menu, self.touched = self._read(loaders.EXTLINUX), False
        if Tree(root).exists("/usr/lib/dracut") or self._read(DRACUT):
            self._want(DRACUT, _DRACUT_TEXT.encode() if present else None)
        self._want(MODULES_LOAD, ("# rkfleet.npu\n%s\n" % module).encode() if present else None)
        if self.initcalls:
            self._want_arguments()
        self._want_hold()

    def _place(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def _read(self, path):
        return read_file(self._place(path))

    def _want(self, path, content):
        self.before[path], self.after[path] = self._read(path), content

    def _text(self, path):
        return (self._read(path) or b"").decode("utf-8", "surrogateescape")

    def _want_hold(self):
        """Have u-boot-update ask for the default kernel; where it is not there, nobody can be told."""
        self.hold = self.present and bool(self.loader["update"])
        fragments = "u-boot-menu/conf.d" in self._text(self.loader["update"] or "/nothing") + self._text(loaders.READ_CONFIG)
        for path, (content, mode) in default_kernel.files(self.scripts if self.hold else {}, fragments).items():
            self._want(path, content)
            self.modes[path] = mode
        text = self.after.get(loaders.U_BOOT_DEFAULT, self._read(loaders.U_BOOT_DEFAULT))
        if text is not None or self.hold and not fragments:
            text = (text or b"").decode("utf-8", "surrogateescape")
            self._want(loaders.U_BOOT_DEFAULT, default_kernel.with_line(text, self.hold and not fragments).encode("utf-8", "surrogateescape"))

    def _want_arguments(self):
        kind, path = self.loader["loader"], self.loader["config"]
        if kind == "unknown" or not path:
            if self.present and all(loaders.has_argument(self.loader["cmdline"], BLACKLIST, name) for name in self.initcalls):
                # The owner has done by hand what nothing here knows how to do.
                self.initcalls = []
                return
            raise BootSetupError(
                "no boot loader is known here: add %s=%s to the kernel arguments by hand" % (BLACKLIST, ",".join(self.initcalls))
            )
        text = self._text(path)
        edit = loaders.merge_argument if self.present else loaders.remove_argument
        try:
            for initcall in self.initcalls:
                text = edit(kind, text, BLACKLIST, initcall, self.loader["default"])
        except ValueError as error:
            raise BootSetupError("%s was left as it is: %s" % (path, error)) from error
        self._want(path, text.encode("utf-8", "surrogateescape"))

    def changes(self):
        """Return the files that would change, in the order in which they are written."""
        changed = [path for path in self.after if (self.before[path] or None) != (self.after[path] or None) or self._not_executable(path)]
        if self.loader["update"] and (self.initcalls and not self._arguments_right() or not self._default_right()):
            changed.append(loaders.EXTLINUX)
        return changed

    def _not_executable(self, path):
        """Whether a script of ours lost what makes it one: hooks without it are passed over."""
        return bool(self.after[path] and self.modes.get(path) == 0o755 and not os.access(self._place(path), os.X_OK))

    def _default_right(self, text=None):
        """Tell whether the kernel that boots by default is one with the module, as far as there are any.

        :arg text: of the boot loader's menu; without it, of the one that is there.
        """
        text = self._text(loaders.EXTLINUX) if text is None else text
        if not text:
            return True
        try:
            kernel = loaders.extlinux_default_kernel(text)
            newest = loaders.extlinux_default_kernel(re.sub(r"(?im)^[ \t]*default[ \t].*$", "", text))
        except ValueError:
            return True  # that it says nothing of use is told where the arguments are looked for
        if self.hold:
            having = default_kernel.module_kernels(self.root, self.module)
            return kernel in having or not having
        # Where the hold is taken away the newest kernel is the default again.
        return not self.before[default_kernel.SCRIPT] or kernel == newest

    def _arguments_right(self, text=None):
        """Tell whether what the boot loader reads says what is wanted."""
        text = self._text(self._read_by_loader()) if text is None else text
        try:
            if self.loader["update"]:
                arguments = loaders.extlinux_default_append(text)
            else:
                arguments = loaders.configured_arguments(self.loader["loader"], text, self.loader["default"])
        except ValueError:
            return False
        return all(loaders.has_argument(arguments, BLACKLIST, initcall) == self.present for initcall in self.initcalls)

    def _read_by_loader(self):
        return loaders.EXTLINUX if self.loader["update"] else self.loader["config"]

    def apply(self):
        """Write what changes() names, and let the boot loader's own tool make its file of it.

        :returns: C({file: where its old content is kept}).
        :raises BootSetupError: after everything was put back.
        """
        kept, files = {}, self.changes()
        runs_tool = bool(self.loader["update"] and (self.initcalls or loaders.EXTLINUX in files))
        for folder in {os.path.dirname(self._place(path)) for path in files} | {self.state_dir}:
            clean_leftovers(folder)
        try:
            for path in files:
                kept[path] = keep(self._place(path), self.state_dir)
                if path in self.after:
                    self._write(path, self.after[path])
            if runs_tool:
                self._make_menu()
            elif self.initcalls and not self._arguments_right():
                raise BootSetupError(self._arguments_wrong())
            self._settle()
        except (OSError, BootSetupError) as error:
            left = self.restore()
            reason = told(error, self._place(self._read_by_loader() or MODULES_LOAD)) if isinstance(error, OSError) else error
            if left:
                raise BootSetupError("%s; and it could not be put back as it was: %s" % (reason, "; ".join(left))) from error
            raise BootSetupError("the boot set-up was put back as it was: %s" % reason) from error
        return kept

    def restore(self):
        """Put the old content of every file back, the menu's too, and return what could not be: one sentence each."""
        left = []
        for path, content in dict(self.before, **({loaders.EXTLINUX: self.menu} if self.loader["update"] else {})).items():
            try:
                if self._read(path) != content:
                    self._write(path, content)
            except OSError as error:
                left.append(told(error, self._place(path)))
        with contextlib.suppress(OSError):
            self._settle()
        return left

    def _settle(self):
        """Have U-Boot see what was written for it: see _files.checkpoint."""
        if self.touched:
            checkpoint.checkpoint(self._place("/boot"))

    def _write(self, path, content):
        place = self._place(path)
        self.touched = self.touched or path.startswith("/boot/")
        if content is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
            folder = os.path.dirname(path)
            with contextlib.suppress(OSError):  # not empty, or not there
                while folder in default_kernel.OWN_FOLDERS:
                    os.rmdir(self._place(folder))
                    folder = os.path.dirname(folder)
        else:
            ensure_dir(os.path.dirname(place))
            write_file(place, content, self.modes.get(path))

    def _arguments_wrong(self):
        return "%s does not %s %s=%s in the entry that boots" % (
            self._read_by_loader(), "have" if self.present else "lose", BLACKLIST, ",".join(self.initcalls))

    def _make_menu(self):
        """Let u-boot-update make its menu where nobody reads it, look at it, and put it in its place at once.

        The tool itself does not sync what it writes, and a board without its menu does not boot.
        """
        menu = self._place(loaders.EXTLINUX)
        with self._other_folder(os.path.dirname(menu)) as (folder, command):
            rc, out, err = self.run([*command, self.loader["update"]])
            if rc != 0:
                full = disk_full(folder) + "; " if "No space left on device" in out + err else ""
                raise BootSetupError("%s%s ended with %d: %s" % (full, self.loader["update"], rc, " ".join((err or out).split())[:300]))
            made = read_file(os.path.join(folder, os.path.basename(menu)))
        self._check_menu((made or b"").decode("utf-8", "surrogateescape"))
        if made != self.menu:
            self._write(loaders.EXTLINUX, made)

    @contextlib.contextmanager
    def _other_folder(self, folder):
        """Yield C((folder, command)): where a command finds I(folder) when it is run with I(command) before it.

        That is I(folder) itself and no command where the kernel or a container forbids a mount of its own.
        """
        fresh = ensure_dir(folder)
        ensure_dir(self.state_dir, 0o700)
        private = tempfile.mkdtemp(prefix=LEFTOVER, dir=self.state_dir)
        command = [*_UNSHARE, "sh", "-c", _ELSEWHERE, "sh", private, folder]
        try:
            if not shutil.which("unshare") or self.run([*command, "true"])[0] != 0:
                yield folder, []
                return
            if self.menu is not None:
                write_file(os.path.join(private, os.path.basename(loaders.EXTLINUX)), self.menu)
            yield private, command
        finally:
            shutil.rmtree(private, ignore_errors=True)
            if fresh:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)

    def _check_menu(self, text):
        """Refuse a menu that the board would not boot with, or not as wanted."""
        try:
            image = loaders.extlinux_default_image(text) if text else None
        except ValueError as error:
            raise BootSetupError("%s made a menu that boots nothing: %s" % (self.loader["update"], error)) from error
        # As U-Boot names it: without /boot where that is a file system of its own.
        if not image or not any(os.path.isfile(self._place(top + image)) for top in ("", "/boot", "/boot/extlinux/")):
            raise BootSetupError("%s made a menu that boots nothing: its default kernel is %s" % (
                self.loader["update"], "%s, which is not there" % image if image else "not named"))
        if self.hold and not self._default_right(text):
            raise BootSetupError(
                "%s boots kernel %s by default, for which there is no module %s: see U_BOOT_DEFAULT in the configuration of u-boot-update"
                % (loaders.EXTLINUX, loaders.extlinux_default_kernel(text), self.module)
            )
        if self.initcalls and not self._arguments_right(text):
            raise BootSetupError(self._arguments_wrong())
