# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install librknnrt.so or rknn_server: the previous file is kept, and is replaced atomically.

A library that belongs to a package is diverted first. A power cut at any instruction leaves a complete library under
its name, and the guard restores the package's one, see roles/guard/files/guard/35-restore-packages.sh.
"""

from __future__ import annotations

import os

from ._board import diversion
from ._board.backup import keep
from ._board.files import LEFTOVER, clean_leftovers, copy_file, describe_error, sync_dir
from ._board.paths import STATE_DIR
from ._board.pins import pin_mismatch
from ._board.tree import Tree
from ._facts import runtime
from ._facts.installed import package_files
from ._transaction.notes import refuse_ended
from ._transaction.state import heartbeat

# e_ident of a 64-bit little-endian ELF file, and e_machine EM_AARCH64 at offset 18 (ELF specification).
ELF64_LE = b"\x7fELF\x02\x01"
EM_AARCH64 = 183

INTERNAL = {"upload": None, "begun": False}
"""What the action plugin of npu_runtime adds: the library's copy on the board, and whether the run has begun an
upgrade."""


class RuntimeInstallError(Exception):
    """A library that was not installed, with one sentence why."""


def run(module, params):
    """Run the task of module npu_runtime; module is AnsibleModule or _program._Task."""
    if params["begun"]:
        # From the reboot to the commit it takes minutes if the controller has many boards at once.
        heartbeat(params["state_dir"])
    refuse_ended(module, params)
    pins = {name: params[name] for name in ("sha256", "git_blob", "size")}
    names, mode = params["diverted"], 0o755 if params["executable"] else 0o644
    if not names and params["divert_packaged"] and package_files.packaged(params["destination"]):
        names = [params["destination"]]
    result = {"kept": None, "diverted": package_files.undiverted(names)}
    try:
        change = bool(result["diverted"]) or not all(
            is_installed(name, pins) for name in names or [params["destination"]])
        if change and not module.check_mode:
            if names:
                result["kept"] = install_diverted(params["upload"], names, pins, module.run_command,
                                                  state_dir=params["state_dir"], mode=mode)
            else:
                result["kept"] = install(params["upload"], params["destination"], pins, params["state_dir"], mode)
            if not params["executable"]:
                module.run_command([module.get_bin_path("ldconfig", required=True, opt_dirs=["/sbin"])], check_rc=True)
    except RuntimeInstallError as error:
        module.fail_json(msg="%s. The file on the board is unchanged." % str(error).rstrip("."))
    except OSError as error:
        path = names[0] if names else params["destination"]
        module.fail_json(msg="%s cannot be installed: %s. The file on the board is unchanged."
                             % (path, describe_error(error, path)))
    if change and not module.check_mode and not params["executable"]:
        result["runtime"] = runtime.read(Tree("/"))
    module.exit_json(changed=change, **result)


def install(source, destination, pins, state_dir=STATE_DIR, mode=0o644):
    """Replace the library at `destination` and return where the old one is kept, None where there was none.

    Args:
        pins: `sha256` or `git_blob`, and `size`, as in the compatibility data.
        mode: Mode of the file; a program's is executable.

    Raises:
        RuntimeInstallError: Where `source` is not the pinned file or not a library for this board.
    """
    check(source, pins, mode)
    # After a power failure an earlier run may have an unfinished copy here, and the disk no space for another.
    clean_leftovers(os.path.dirname(os.path.realpath(destination)))
    clean_leftovers(os.path.join(state_dir, "backup"))
    # The copy stays out of the library folder: ldconfig would take it for a candidate of the same soname.
    kept = keep(destination, state_dir)
    copy_file(source, destination, mode)
    return kept


def install_diverted(source, names, pins, run, root="/", state_dir=STATE_DIR, mode=0o644):
    """Divert the names of a package's library, and put the library at each of them.

    Args:
        source: As install().
        names: Absolute paths on the board, files or links that belong to a package, or are diverted already.
        pins: As install().
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        root: Root folder of the board's files.
        mode: As install().

    Returns:
        Where the package's library is kept beside dpkg's own copy of it, None where there was none.

    Raises:
        RuntimeInstallError: As install(), or if dpkg refuses a diversion.
    """
    check(source, pins, mode)
    places = {name: os.path.join(root, name.lstrip("/")) for name in names}
    for place in places.values():
        clean_leftovers(os.path.dirname(place))
    clean_leftovers(os.path.join(state_dir, "backup"))
    kept = keep(places[names[0]], state_dir)
    for name in package_files.undiverted(names, root):
        aside = os.path.join(root, diversion.aside(name).lstrip("/"))
        if os.path.lexists(places[name]):
            # Two names of one file, so there is a library at each moment. dpkg-divert --rename would move it away.
            _link(places[name], aside)
        rc, out, err = run(["dpkg-divert", *(["--root", root] if root != "/" else []), "--local", "--no-rename",
                            "--divert", diversion.aside(name), "--add", name])
        if rc != 0:
            if os.path.lexists(aside):
                os.unlink(aside)
            raise RuntimeInstallError("dpkg-divert refuses to divert %s: %s" % (
                name, " ".join((err or out).split())[:300] or "exit code %d" % rc))
    for place in places.values():
        # copy_file() would follow a link and replace the file of the package.
        unfinished = os.path.join(os.path.dirname(place), LEFTOVER + "runtime")
        copy_file(source, unfinished, mode)
        os.rename(unfinished, place)
        sync_dir(os.path.dirname(place))
    return kept


def _link(path, other):
    """Make `other` the same file or link as `path`, durably and at once."""
    unfinished = os.path.join(os.path.dirname(other), LEFTOVER + "aside")
    os.link(path, unfinished, follow_symlinks=False)
    os.rename(unfinished, other)
    if os.path.lexists(unfinished):  # it was the same file already, and renaming did nothing
        os.unlink(unfinished)
    sync_dir(os.path.dirname(other))


def check(source, pins, mode=0o644):
    """Raise RuntimeInstallError where `source` is not the pinned file or not a library for this board."""
    mismatch = pin_mismatch(source, pins)
    if mismatch:
        raise RuntimeInstallError("the runtime arrived damaged: %s" % mismatch)
    if mode & 0o100:
        return
    with open(source, "rb") as stream:
        head = stream.read(20)
    if not head.startswith(ELF64_LE) or int.from_bytes(head[18:20], "little") != EM_AARCH64:
        raise RuntimeInstallError("the file is not a library for arm64")


def is_installed(destination, pins):
    """Return whether the file at `destination` is the pinned one."""
    return os.path.isfile(destination) and pin_mismatch(destination, pins) is None
