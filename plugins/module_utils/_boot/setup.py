# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The boot configuration that selects the NPU driver.

The module is loaded by name, the built-in driver is blacklisted, and the default kernel is one with the module.
"""

from __future__ import annotations

import contextlib
import os
import re

from .._board import checkpoint
from .._board.backup import keep
from .._board.files import clean_leftovers, describe_error, ensure_dir, read_file, write_file
from .._board.paths import DRACUT, MODULES_LOAD, STATE_DIR
from .._board.tree import Tree
from . import boot_files, kernel_arguments, registry, u_boot_update, update_tool
from .editing import edit
from .kernel_arguments import BLACKLIST
from .menus import default_kernel, default_kernel_paths, grub_menu, menu_kernel

_DRACUT_TEXT = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Written by rkfleet.npu.npu_boot; removed by its state=absent. \
The NPU driver is loaded from the root file system, never from an initramfs.
omit_drivers+=" rknpu rknpu_dkms "
"""


class BootSetupError(Exception):
    """A change of the boot configuration that was not made, one sentence why."""


class BootSetup:
    """The files of a board that select its NPU driver, as they are and as they are wanted; see default_kernel, too.

    Args:
        run: function of a command as a list that returns (rc, stdout, stderr).
        module: kernel module to load by name: the driver has no device-tree alias, so udev does not load it.
        initcalls: initcalls of built-in drivers to suppress with the kernel argument initcall_blacklist.
        present: whether all that is wanted, or is to be removed.
        root: where the board's files are. All paths are those that the board sees.
        scripts: {base name: text} of the files of default_kernel, needed where they are wanted.
    """

    def __init__(self, run, module, initcalls, present=True, state_dir=STATE_DIR, root="/", scripts=None):
        self.run, self.module, self.initcalls, self.present = run, module, list(initcalls), present
        self.state_dir, self.root, self.scripts = state_dir, root, scripts or {}
        self.cmdline = (self._read("/proc/cmdline") or b"").decode("utf-8", "replace").strip()
        self.loader = registry.recognize(Tree(root), self.cmdline)
        self.before, self.after, self.modes = {}, {}, {}
        self.menu, self.touched = self._read(self.loader.made) if self.loader.made else None, False
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
        """Add the files by which the tool chooses the default kernel."""
        self.tool = default_kernel.tool(self.loader.update)
        self.hold = bool(self.present and self.tool)
        fragments = not self.hold or self.tool != "u-boot-update" or u_boot_update.reads_fragments(
            u_boot_update.script(Tree(self.root), self.loader.update))
        scripts = self.scripts if self.hold else {}
        for path, (content, mode) in default_kernel.files(scripts, self.tool, fragments).items():
            self._want(path, content)
            self.modes[path] = mode
        text = self.after.get(u_boot_update.CONFIG, self._read(u_boot_update.CONFIG))
        if text is not None or not fragments:
            text = (text or b"").decode("utf-8", "surrogateescape")
            text = default_kernel.with_line(text, not fragments)
            self._want(u_boot_update.CONFIG, text.encode("utf-8", "surrogateescape"))

    def _want_arguments(self):
        """Add the boot loader's configuration with the initcalls in its kernel arguments, or without them."""
        path = self.loader.config
        if not path:
            if self.present and all(kernel_arguments.has(self.cmdline, BLACKLIST, name) for name in self.initcalls):
                self.initcalls = []  # added by hand
                return
            raise BootSetupError("the board's boot loader is unknown%s: %s %s=%s %s the kernel arguments by hand" % (
                self.loader.error and " (%s)" % self.loader.error or "", "add" if self.present else "remove", BLACKLIST,
                ",".join(self.initcalls), "to" if self.present else "from"))
        text = self._text(path)
        change = edit.add if self.present else edit.remove
        try:
            for initcall in self.initcalls:
                text = change(self.loader.name, text, BLACKLIST, initcall, self.loader.default)
        except ValueError as error:
            if self.present and self._arguments_are_right():
                return  # it cannot be edited, and need not be
            raise BootSetupError("%s is unchanged: %s" % (path, error)) from error
        ours = path == boot_files.DROP_IN
        self._want(path, None if ours and not text else text.encode("utf-8", "surrogateescape"))

    def changes(self):
        """Return the files that would change, in the order in which they are written."""
        changed = [path for path, wanted in self.after.items()
                   if (self.before[path] or None) != (wanted or None) or self._not_executable(path)]
        if self.loader.update and (self.initcalls and not self._arguments_are_right() or not self._default_is_right()):
            changed.append(self.loader.made)
        return changed

    def _not_executable(self, path):
        """Return whether a script of ours is not executable any more: such hooks are skipped."""
        return bool(self.after[path] and self.modes.get(path) == 0o755 and not os.access(self._place(path), os.X_OK))

    def _default_is_right(self, text=None):
        """Return whether the kernel that boots by default has the module, or no installed kernel has.

        Args:
            text: of the boot loader's menu, by default of the current one.
        """
        if not self.tool:
            return True
        text = self._text(self.loader.made) if text is None else text
        if not text:
            return True
        try:
            kernel = menu_kernel.release(text, self._image)
            first = re.sub(r"(?im)^[ \t]*(?:ontimeout[ \t]|(?:set[ \t]+)?default[ \t=]).*$", "", text)
            newest = menu_kernel.release(first, self._image)
        except ValueError:
            return True  # a menu that cannot be parsed is reported by _arguments_are_right()
        if self.hold:
            kernels = default_kernel.module_kernels(self.root, self.module)
            return kernel in kernels or not kernels
        # Without the files that choose it, the newest kernel is the default again.
        return not self.before[default_kernel_paths.SCRIPT] or kernel == newest

    def _arguments_are_right(self, text=None):
        """Return whether the boot loader will pass the wanted arguments."""
        text = self._text(self._read_by_loader()) if text is None else text
        try:
            if self.loader.update:
                arguments = self.loader.read_made(text)
            else:
                arguments = edit.configured(self.loader.name, text, self.loader.default)
        except ValueError:
            return False
        return all(kernel_arguments.has(arguments, BLACKLIST, initcall) == self.present for initcall in self.initcalls)

    def _read_by_loader(self):
        return self.loader.made if self.loader.update else self.loader.config

    def apply(self):
        """Write the files of changes() and run the boot loader's update tool.

        Returns:
            {file: where its old content is kept}.

        Raises:
            BootSetupError: after everything was restored.
        """
        kept, files = {}, self.changes()
        runs_tool = bool(self.loader.update and (self.initcalls or self.loader.made in files))
        for folder in {os.path.dirname(self._place(path)) for path in files} | {self.state_dir}:
            clean_leftovers(folder)
        try:
            for path in files:
                kept[path] = keep(self._place(path), self.state_dir)
                if path in self.after:
                    self._write(path, self.after[path])
            if runs_tool:
                self._make_menu()
            elif self.initcalls and not self._arguments_are_right():
                raise BootSetupError(self._arguments_wrong())
            self._checkpoint()
        except (OSError, BootSetupError) as error:
            failures = self.restore()
            place = self._place(self._read_by_loader() or MODULES_LOAD)
            reason = describe_error(error, place) if isinstance(error, OSError) else str(error)
            if failures:
                reason += "; and the boot configuration could not be restored: " + "; ".join(failures)
            else:
                reason = "the boot configuration was restored: " + reason
            raise BootSetupError(reason) from error
        return kept

    def restore(self):
        """Restore the old content of every file, the menu's too, and return what failed, one sentence each."""
        failures = []
        made = {self.loader.made: self.menu} if self.loader.update else {}
        for path, content in {**self.before, **made}.items():
            try:
                if self._read(path) != content:
                    self._write(path, content)
            except OSError as error:
                failures.append(describe_error(error, self._place(path)))
        with contextlib.suppress(OSError):
            self._checkpoint()
        return failures

    def _checkpoint(self):
        """Write changes of /boot to where U-Boot reads them: see checkpoint."""
        if self.touched:
            checkpoint.checkpoint(self._place("/boot"))

    def _write(self, path, content):
        place = self._place(path)
        self.touched = self.touched or path.startswith("/boot/")
        if content is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place)
            folder = os.path.dirname(path)
            with contextlib.suppress(OSError):  # not empty, or missing
                while folder in default_kernel_paths.OWN_FOLDERS:
                    os.rmdir(self._place(folder))
                    folder = os.path.dirname(folder)
        else:
            ensure_dir(os.path.dirname(place))
            write_file(place, content, self.modes.get(path))

    def _arguments_wrong(self):
        return "%s does not %s %s=%s in the entry that boots" % (
            self._read_by_loader(), "have" if self.present else "lose", BLACKLIST, ",".join(self.initcalls))

    def _make_menu(self):
        """Run the boot loader's update tool, check the menu that it writes, and replace the current one atomically."""
        try:
            made = update_tool.make(self.run, self.loader.update, self._place(self.loader.made), self.state_dir,
                                    self.loader.output)
        except ValueError as error:
            raise BootSetupError(str(error)) from error
        self._check_menu((made or b"").decode("utf-8", "surrogateescape"))
        # Without a line that the owner wrote by hand the kernel may not start.
        for line in rb"(?:fdt|devicetree)(?:dir)?", rb"(?:fdtoverlays|devicetree-overlay)":
            tree = re.search(rb"(?im)^[ \t]*(%s[ \t].*)" % line, self.menu or b"")
            if tree and not tree.re.search(made):
                raise BootSetupError("%s has \"%s\", which %s does not write: configure it there" % (
                    self.loader.made, tree.group(1).decode(errors="replace").strip(), self.loader.update))
        if made != self.menu:
            self._write(self.loader.made, made)

    def _image(self, text):
        """Return the file of the kernel that a menu boots by default."""
        if self.loader.made != boot_files.GRUB_MENU:
            return menu_kernel.image(text)
        # GRUB may name it from the root of another file system: grub-mkconfig takes kernels from /boot.
        return "/" + grub_menu.default_entry(text, self.loader.saved)[0].rpartition("/")[2]

    def _check_menu(self, text):
        """Fail if the board would not boot with a menu, or not as wanted."""
        problem = menu_kernel.problem(text, self.root, self._image)
        if problem:
            raise BootSetupError("%s wrote a menu that boots nothing: %s" % (self.loader.update, problem))
        if self.hold and not self._default_is_right(text):
            raise BootSetupError(
                "%s boots kernel %s by default, for which there is no module %s: see %s_DEFAULT in the configuration"
                " of %s" % (self.loader.made, menu_kernel.release(text, self._image), self.module,
                            "U_BOOT" if self.tool == "u-boot-update" else "GRUB", self.tool))
        if self.initcalls and not self._arguments_are_right(text):
            raise BootSetupError(self._arguments_wrong())
