# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the kernel arguments of a board can be changed: by its boot loader, and by trying the change on a copy."""

from __future__ import annotations

import re

from ....module_utils._boot import boot_files, evidence, sources, u_boot_update
from ....module_utils._boot.editing import edit, shell_file
from ....module_utils._boot.loaders import grub, radxa
from ....module_utils._boot.menus import extlinux_menu, grub_menu
from ....module_utils._facts import driver as _driver
from . import shell_checks
from .board_state import ARGUMENT, Unsupported, suppresses_builtin

_RERUN = "reboot, and rerun the playbook."
_BUFFER = 1024
"""CONFIG_SYS_CBSIZE of U-Boot, Rockchip's and the upstream one (include/configs/rk3588_common.h, cmd/Kconfig)."""
PLACES = {
    "network": (
        "its kernel comes over the network (TFTP or a root file system on NFS)",
        "in the boot configuration of that server (append in pxelinux.cfg, or bootargs of U-Boot)"),
    "efi": (
        "its UEFI firmware started the kernel by an unknown program, or as a unified kernel image",
        ("in the configuration of that boot loader (systemd-boot: options in loader/entries of /boot/efi, /efi or "
         "/boot; for new kernels and unified kernel images /etc/kernel/cmdline, of Armbian SYSTEMD_BOOT_CMDLINE in "
         "/etc/systemd-boot.d/armbian-config; Proxmox VE: /etc/kernel/cmdline, then proxmox-boot-tool refresh; "
         "rEFInd: /boot/refind_linux.conf)")),
    "boot-image": (
        "its kernel arguments are part of the vendor's boot image (FriendlyELEC and other Rockchip SDK images)",
        ("in bootargs (FriendlyELEC: bootargs_ext) of the device tree in that image, or in CMDLINE of its "
         "parameter.txt, and write the image again")),
    "grub": (
        "its GRUB is not set up by grub-mkconfig",
        "in GRUB_CMDLINE_LINUX in /etc/default/grub and run update-grub, or in the linux line of the grub.cfg in use"),
    "proxmox": (
        ("its GRUB reads the copies of grub.cfg that proxmox-boot-tool keeps on EFI partitions, and not "
         "/boot/grub/grub.cfg"),
        "in GRUB_CMDLINE_LINUX in /etc/default/grub, run proxmox-boot-tool refresh"),
    "extlinux": (
        "its extlinux.conf is made by a program, which would overwrite a change",
        "where that program takes them from (NixOS: boot.kernelParams; if no program does so, remove that comment)"),
}
"""{boot loader in the facts, without a configuration to edit: (what was recognized, where the argument is added)}."""

_OTHER_GRUB = ("by the means of this system, or in the linux line of grub.cfg or of a file that it reads (update-grub "
               "would replace this menu by one of its own)")
_MAKERS = {
    "/boot/mk_extlinux": "in EXLT_CMD_LINE at the top of /boot/mk_extlinux, run it",
    "/boot/config.txt": f"in a line cmdline:{ARGUMENT} of /boot/config.txt, run the program",
    "nixos": "in boot.kernelParams of NixOS",
    "u-boot-update": (
        "in U_BOOT_PARAMETERS in /etc/default/u-boot, install u-boot-menu and run u-boot-update (if nothing makes the "
        "file any more, remove that comment)"),
}
"""{what an extlinux.conf or the error names: where the program that makes it takes the arguments from}."""
_FROM_FILE = re.compile(r"\$\(cat [\"']?(?:\$1)?/etc/kernel/cmdline[\"']?\)")
_QUOTES = {ord(char): None for char in "\"'\\"}
_COPIED = re.compile(r"^### BEGIN \S*/\d+_(?:os-prober|\w*custom\w*) ###$.*?^### END ", re.DOTALL | re.MULTILINE)
"""The parts of a grub.cfg whose entries grub-mkconfig copies."""
_CUSTOM = "/boot/grub/custom.cfg"
"""What grub.cfg reads after its own entries, if it exists (/etc/grub.d/41_custom)."""
_GIVEN = re.compile(r"^([ \t]*linux\w*[ \t]+\S+).*", re.MULTILINE)
_OWN = "an-entry-of-the-owner"
_BY = re.compile(r"(?<=root=)/dev/disk/by-(uuid|partuuid|label|partlabel)/")
_BY_HAND = "by hand (U-Boot: in bootargs of its environment, see fw_printenv, or of the device tree)"
_TREE, _TREES = "U_BOOT_FDT", ("fdt", "devicetree", "fdtoverlays", "devicetree-overlay")
_UBUNTU = boot_files.ENVIRONMENTS["ubuntu"][0]
_FILES = {
    "/boot/uEnv/uEnv.txt": (
        "in cmdline of /boot/uEnv/uEnv.txt, within its quotes (LubanCat: of the board's own file beside it, such as "
        "uEnvLubanCat2.txt)"),
    "/boot/env.txt": "in user_kernel_args of /boot/env.txt (Khadas)",
    "/boot/bootEnv.txt": "in extraargs of /boot/bootEnv.txt",
    "/boot/loader/entries": (
        "in options of the entries in /boot/loader/entries, and for new kernels in /etc/kernel/cmdline"),
    boot_files.SCRIPT: (
        "in bootargs of /boot/boot.cmd, make /boot/boot.scr of it (mkimage -C none -A arm64 -T script -d "
        "/boot/boot.cmd /boot/boot.scr)"),
    _UBUNTU: f"in a line bootargs= of {_UBUNTU}, with all that are in /proc/cmdline",
    sources.FLASH_KERNEL: "in LINUX_KERNEL_CMDLINE in /etc/default/flash-kernel, run flash-kernel",
}
"""{file that U-Boot reads, or from which it is made: where in it the argument is added}."""


def check_boot(board):
    """Raise Unsupported if the argument that suppresses the built-in driver cannot be added."""
    if _is_copied(board.boot):
        board.boot = dict(board.boot, loader="proxmox", config=None)
    boot = board.boot
    if not boot.get("config"):
        _check_unknown(board)
        return
    check_mounted(board)
    made = _made_menu(boot)
    problem = (boot.get("error") or trial(boot, edit.add) or _overflow(boot) or _own_entry(boot)
               or shell_checks.problem(boot) or (made and (_other_root(boot, *made) or _lost_tree(boot, made[1]))))
    if problem and not suppresses_builtin(boot.get("next")):
        raise Unsupported(
            "The driver is built in, and the boot configuration cannot be edited: {}.".format(problem.rstrip(".")),
            f"Correct it, or add {ARGUMENT} to the kernel arguments by hand, {_RERUN}")
    if not suppresses_builtin(boot.get("next")):
        check_locked(board, boot.get("config"))
    lost = _added_to_menu(boot, *made) if made else []
    if lost:
        board.notes.append(
            "{} has {}, which no configuration of {} has: it is dropped when the menu is made again.".format(
                extlinux_menu.PATH, " ".join(lost)[:200], boot["update"]))
    if str(boot["config"]).startswith("/usr/share/"):
        board.notes.append(
            "The kernel arguments come from {}, which an update of its package may overwrite.".format(boot["config"]))


def _is_copied(boot):
    """Return whether GRUB reads copies of the menu on other partitions: its head says so (proxmox-kernel-helper)."""
    return boot.get("loader") == "grub" and "proxmox-boot-tool" in (
        sources.Sources(boot.get("files")).text(boot_files.GRUB_MENU, None) or "")


def _overflow(boot):
    """Return why U-Boot would not boot the entry of an extlinux.conf with the argument, one sentence, or None.

    It copies an append line into a buffer of CONFIG_SYS_CBSIZE bytes, and skips the entry if it does not fit.
    """
    if boot.get("loader") != "extlinux" and (boot.get("loader") == "grub" or not boot.get("update")):
        return None
    before = boot.get("next") or ""
    after = len(edit.merge_value(before, _driver.BLACKLIST, _driver.INITCALL).encode())
    if not len(before.encode()) < _BUFFER <= after:
        return None
    return (f"the arguments in {extlinux_menu.PATH} would be {after} bytes long, and U-Boot boots no entry with more "
            f"than {_BUFFER - 1} (CONFIG_SYS_CBSIZE)")


def _own_entry(boot):
    """Return why GRUB's default entry would not get the argument, one sentence, or None.

    grub-mkconfig copies entries of the owner and of other systems as they are.
    """
    if boot.get("loader") != "grub":
        return None
    files = sources.Sources(boot.get("files"))
    text, custom = (files.text(path, None) or "" for path in (boot_files.GRUB_MENU, _CUSTOM))
    # A copy of an entry may have the same arguments.
    marked = _COPIED.sub(lambda part: _marked(part.group()), text) + "\n" + _marked(custom)
    try:
        if grub_menu.default_arguments(marked, grub.saved_entry(files)) != _OWN:
            return None
    except ValueError:
        pass
    return (f"the default entry of GRUB is one of your own (/etc/grub.d/40_custom, {_CUSTOM}) or another system's, "
            "which gets no arguments from /etc/default/grub")


def _marked(text):
    """Return a part of a grub.cfg whose entries have an argument that no other entry has."""
    return _GIVEN.sub(lambda line: f"{line.group(1)} {_OWN}", text)


def _made_menu(boot):
    """Return (arguments of the entry that boots, {file: text} of what u-boot-update makes it from), or None."""
    if not str(boot.get("update")).endswith("/u-boot-update") or not boot.get("next"):
        return None
    files = sources.Sources(boot.get("files"))
    names = (u_boot_update.CONFIG, radxa.CONFIG, *(f"{folder}/{name}" for folder in boot_files.FRAGMENTS
                                                   for name in files.names(folder)))
    return boot["next"], {path: files.text(path, None) or "" for path in names if files.exists(path)}


def _other_root(boot, given, texts):
    """Return why the board would start another system with a new menu of u-boot-update, one sentence, or None.

    Owners who move the system to another disk change root= in the menu itself.

    Args:
        given, texts: as _made_menu() returns them.
    """
    try:
        wanted = _last(texts, "U_BOOT_ROOT") or boot.get("configured") or ""
    except ValueError as error:
        return str(error)
    given, wanted = (_BY.sub(lambda found: found.group(1).upper() + "=", text) for text in (given, wanted))
    if not evidence.contradict(wanted, given):  # which ignores what a shell computes
        return None
    return "{} has {}, and {} would write {}".format(
        extlinux_menu.PATH, max(evidence.by_name(given)["root"]), boot["update"], max(evidence.by_name(wanted)["root"]))


def _lost_tree(boot, texts):
    """Return which device tree or overlay u-boot-update would not write, one sentence, or None.

    Owners add such lines to the menu itself. Without them the board may not start, or not find its disk.

    Args:
        texts: as _made_menu() returns them.
    """
    try:
        tree, overlays, folder = (_last(texts, _TREE + name) or "" for name in ("", "_OVERLAYS", "_OVERLAYS_DIR"))
    except ValueError as error:
        return str(error)
    if not texts or re.search(r"[$`]", tree + overlays + folder):
        return None  # facts that another release has gathered, or computed by a shell
    known = {path.rpartition("/")[2] for path in (tree, *overlays.split())}
    folder = (folder or "/boot/dtbo").rstrip("/").rpartition("/")[2]
    lines = extlinux_menu.default_entry(sources.Sources(boot.get("files")).text(extlinux_menu.PATH, None) or "")[0]
    kernel = extlinux_menu.kernel(lines)
    release = kernel and kernel.group(2).strip().rpartition("/")[2].partition("-")[2]
    for line in lines:
        key = line.group(1).lower()
        for path in line.group(2).split() if key in _TREES else ():
            above, dummy, name = path.rpartition("/")
            # It finds the tree of a kernel, and all overlays of one folder, without being told.
            found = (not overlays and above.rpartition("/")[2].startswith(folder) if "overlay" in key else
                     release and release in name)
            if name not in known and not found:
                return "{} has {} {}, and {} would not write it (see {}{})".format(
                    extlinux_menu.PATH, key, path, boot["update"], _TREE, "_OVERLAYS" if "overlay" in key else "")
    return None


def _last(texts, name):
    """Return the last value of a variable in files that a shell sources, which counts also if it is empty, or None.

    Args:
        texts: as _made_menu() returns them.
    """
    values = (shell_file.variable(text, name) for path, text in texts.items() if path != radxa.CONFIG)
    return next((value for value in reversed(list(values)) if value is not None), None)


def _added_to_menu(boot, given, texts):
    """Return the arguments that were added to u-boot-update's menu by hand, none if it is not known what it writes.

    Args:
        given, texts: as _made_menu() returns them.
    """
    texts = "\n".join(texts.values())
    # What a shell computes is not known, but for what the images of Radxa and ubuntu-rockchip have.
    if re.search(r"[$`]", _FROM_FILE.sub("", texts)):
        return []
    words, given = (text.translate(_QUOTES).split() for text in (f"{texts} {boot.get('default')}", given))
    known = {*words, *(word.partition("=")[2] for word in words)}
    return [word for word in given if word not in known and not word.startswith("root=")]


def check_locked(board, path):
    """Raise Unsupported if a file is immutable: not even root could replace it."""
    if any(link["path"] == path and link["problem"] == "locked" for link in board.boot.get("links") or ()):
        raise Unsupported(
            f"{path} cannot be changed: it, or its folder, is immutable (lsattr).",
            f"Remove that attribute (chattr -i {path}, or of its folder), and rerun the playbook.")


def check_mounted(board):
    """Raise Unsupported if a file system of its own below /boot is not mounted: U-Boot reads other files then."""
    fstab = sources.Sources(board.boot.get("files")).text("/etc/fstab", None) or ""
    mounted = {entry["path"]: entry["mount"] for entry in board.facts.get("filesystems") or ()}
    for point in (words[1].rstrip("/") for words in map(str.split, fstab.splitlines()) if len(words) > 1):
        is_used = point == "/boot" or str(board.boot.get("config")).startswith(point + "/")
        if is_used and mounted.get(point, point) != point:
            raise Unsupported(
                f"{point} has a file system of its own in /etc/fstab, which is not mounted: U-Boot does not read what "
                f"is in {point} now.",
                f"Mount it (mount {point}), or remove its line if it no longer exists, and rerun the playbook.")


def check_removal(board):
    """Raise Unsupported if the argument that suppresses the built-in driver cannot be removed."""
    boot = board.boot
    if boot.get("config") and not trial(boot, edit.remove):
        check_locked(board, boot["config"])
        return
    problem = (trial(boot, edit.remove) or "the boot loader of this board is not a supported one").rstrip(".")
    raise Unsupported(f"Another driver is started by {ARGUMENT}, which cannot be removed: {problem}.",
                      f"Remove it from the kernel arguments by hand, {_RERUN}")


def _check_unknown(board):
    boot = board.boot
    if board.driver["builtin_suppressed"]:
        # The owner has added the argument by hand: the next boot has the arguments of this one.
        board.boot = dict(boot, next=boot.get("cmdline"))
        return
    if boot.get("loader") != "network":
        check_mounted(board)
    what, where = PLACES.get(boot.get("loader"), ("", _where(boot)))
    if "not made by grub-mkconfig" in (boot.get("error") or ""):
        where = _OTHER_GRUB
    if "initrd=\\" in (boot.get("cmdline") or ""):
        what = what.replace("by an unknown program", "by systemd-boot or a program like it (initrd=\\)")
    if boot.get("loader") == "extlinux":
        menu_text = sources.Sources(boot.get("files")).text(extlinux_menu.PATH, None) or ""
        named = ((boot.get("error") or "") + menu_text).lower()
        where = next((place for name, place in _MAKERS.items() if name in named), where)
    what = (boot.get("error") or what).rstrip(".")
    reason = "The driver is built in, and the boot loader of this board is not a supported one"
    raise Unsupported(f"{reason}: {what}." if what else f"{reason}.",
                      f"Add {ARGUMENT} to the kernel arguments {where}, {_RERUN}")


def _where(boot):
    """Return where the argument is added on a board with a file that is only named, or that it is added by hand."""
    named = next((path for path in (*sources.OTHERS, _UBUNTU)
                  if (boot.get("error") or "").startswith((path + ",", path + " does not "))), None)
    files = {file["path"] for file in boot.get("files") or ()}
    if named and {boot_files.SCRIPT, sources.FLASH_KERNEL} <= files:
        named = sources.FLASH_KERNEL
    return _FILES.get(named, f"in {named}" if named else _BY_HAND)


def trial(boot, change):
    """Return why edit.add or edit.remove would refuse to change a configuration, one sentence, or None.

    Args:
        boot: the facts of the boot loader.
    """
    if not boot.get("files"):
        return None  # facts that another release has gathered
    text = sources.Sources(boot["files"]).text(boot.get("config"), None) or ""
    try:
        change(boot["loader"], text, _driver.BLACKLIST, _driver.INITCALL, boot.get("default") or "")
    except ValueError as error:
        return "{}: {}".format(boot["config"], error)
    return None
