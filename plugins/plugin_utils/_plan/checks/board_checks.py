# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether this can be a board with an NPU that the vendor's driver and runtime support."""

from __future__ import annotations

from ....module_utils._board import version as _version
from ....module_utils._facts import driver as _driver
from ....module_utils._facts.hardware import device_tree
from .board_state import Unsupported


def check_board(board):
    """Raise Unsupported if the driver and runtime cannot work on this machine, whatever its kernel and software."""
    _check_system(board)
    _check_device_tree(board)
    _check_soc(board)
    python, oldest = board.tools.get("python"), board.data["requirements"]["python"]
    if python and not _version.at_least(python, oldest):
        raise Unsupported("Python %s is too old, %s or newer is needed." % (python, oldest),
                          "Set ansible_python_interpreter to a newer Python of this board.")


def _check_system(board):
    machines, system = board.data["requirements"]["machine"], board.facts.get("os") or {}
    _check_image(board, machines)
    if board.kernel["machine"] not in machines:
        raise Unsupported("This is a %s machine, and the vendor's driver and runtime exist for %s only." % (
            board.kernel["machine"], ", ".join(machines)), "Remove it from the inventory group.")
    container = system.get("container")
    if container:
        raise Unsupported("This is a container (%s), and a driver belongs to the kernel outside it." % container,
                          "Run the playbook on the board itself.")
    if board.tools.get("bits") == 32:
        raise Unsupported("The user space is 32-bit, for which librknnrt.so is not supported.",
                          "Install a 64-bit (arm64) system on the board.")
    if system.get("libc") not in (None, "glibc"):
        raise Unsupported(
            "%s uses the C library %s, with which librknnrt.so cannot be loaded%s." % (
                _system_name(board), system["libc"], "" if has_apt(board) else ", and has no apt"),
            "Install a Debian or Ubuntu system of the board's vendor.")
    if not board.driver["version"]:
        check_package_manager(board)


def _check_image(board, machines):
    """Raise Unsupported if this is the file system of an image, in a folder of the machine that makes it."""
    installed = [kernel["release"] for kernel in board.facts.get("kernels") or []]
    elsewhere = board.kernel["machine"] not in machines or not board.facts["board"]["compatible"]
    # A board that was not rebooted since its kernel was removed has another kernel of the same kind.
    kind = board.release.rpartition("-")[2]
    made = elsewhere and installed and board.release not in installed and not any(
        release.rpartition("-")[2] == kind for release in installed)
    if made or (board.facts.get("os") or {}).get("container") == "chroot":
        raise Unsupported(
            "This is the file system of an image (in a chroot or a folder of a machine with kernel %s), not a running "
            "board." % board.release,
            "Boot a board with the image, and run the playbook on it.")


def has_apt(board):
    """Return whether the system has Debian's package manager, True if that is unknown."""
    system = board.facts.get("os") or {}
    words = " ".join(filter(None, (system.get("id"), system.get("id_like")))).split()
    return bool(board.tools.get("apt", True)) or bool({"debian", "ubuntu"} & set(words))


_SLOTS = ("This system is updated as a whole, into its other slot (A/B): its next update comes without driver, runtime "
          "and kernel arguments. Rerun the playbook after it, or add them to the image.")


def check_package_manager(board):
    """Raise Unsupported if nothing could be installed on the board."""
    if not has_apt(board):
        raise Unsupported(
            "%s has no apt and dpkg, with which the driver is installed and rolled back." % _system_name(board),
            "Install a Debian or Ubuntu system of the board's vendor, or install driver and runtime by the means of "
            "this system.")
    if any(word.startswith("ostree=") for word in (board.boot.get("cmdline") or "").split()):
        raise Unsupported(
            "%s is deployed by OSTree: its next deployment would lose driver, runtime and kernel arguments." % (
                _system_name(board)),
            "Add them to the OSTree image, or install a Debian or Ubuntu system of the board's vendor.")
    slots = ("rauc.slot=", "androidboot.slot_suffix=", "android_slotsufix=")
    # The vendor's U-Boot names no slot where there is only one.
    words = [word for word in (board.boot.get("cmdline") or "").split() if word.startswith(slots) and word[-1] != "="]
    if words and _SLOTS not in board.notes:
        board.notes.append(_SLOTS)


def _system_name(board):
    system = board.facts.get("os") or {}
    return "This system (%s)" % " ".join(filter(None, (system.get("id") or "no os-release", system.get("version_id"))))


def _check_device_tree(board):
    device, compatible, model = board.device, board.facts["board"]["compatible"], board.facts["board"]["model"]
    if not compatible:
        raise Unsupported("No device tree found, so the board model cannot be identified.",
                          "Boot the board with its vendor's device tree; a machine that boots with ACPI has none.")
    if not any(entry.startswith("rockchip,") for entry in compatible):
        raise Unsupported("This is not a Rockchip board but %s (%s)." % (model or "unnamed", ", ".join(compatible)),
                          "Remove it from the inventory group.")
    if device["node"] and device["driver"] == _driver.PLATFORM_DRIVER:
        return  # it is bound: what the node is called is the driver's affair
    _check_other_driver(device)
    if board.driver["presence"] == "rocket":
        raise Unsupported(
            "The NPU uses, or is described for, the mainline driver rocket, which librknnrt.so cannot use.",
            "Either boot a vendor kernel%s with its device tree, or stay on mainline and use rocket with Mesa's "
            "Teflon, without RKNN." % _vendor_series(board))
    _check_generation(board)
    if device["node"] is None:
        mainline = (board.data["socs"].get(board.soc) or {}).get("mainline")
        raise Unsupported("The device tree of this %s has no NPU node%s." % (
            model or "board", ": %s" % mainline if mainline else ""),
            "Boot a vendor kernel%s whose device tree describes the NPU, or enable the overlay that does." % (
                _vendor_series(board)))
    if not device_tree.is_rknpu(device["compatible"]):
        raise Unsupported("The NPU node %s is described as %s, which the vendor's driver does not match." % (
            device["node"], ", ".join(device["compatible"]) or "nothing"),
            "Boot a vendor kernel with its own device tree.")
    if device["status"] not in ("okay", "ok"):
        raise Unsupported(
            "The NPU node %s is disabled in the device tree (status %s)." % (device["node"], device["status"]),
            "Enable the NPU with the board's overlay tool (%s) and reboot." % ", ".join(board.data["overlay_tools"]))


def _check_generation(board):
    """Raise Unsupported if the SoC has no NPU, or one of the generation before (RK1808, RK3399Pro)."""
    soc = board.facts["board"]["soc"]
    if soc and board.soc is None and not device_tree.is_rknpu(board.device["compatible"]):
        known = sorted(key for key, row in board.data["socs"].items() if not row.get("unsupported"))
        raise Unsupported(
            "The SoC %s of this %s has no NPU that the vendor's driver and librknnrt.so support (they are for %s)." % (
                soc, board.facts["board"]["model"] or "board", ", ".join(known)),
            "Remove it from the inventory group, or add a row for its SoC to npu_compatibility.socs.")


def _check_other_driver(device):
    """Raise Unsupported if the owner has given the NPU to another driver, such as vfio-platform for a guest."""
    override = device.get("override")
    driver = device["driver"] or (override if override != _driver.PLATFORM_DRIVER else None)
    if driver not in (None, "rocket", _driver.PLATFORM_DRIVER):
        raise Unsupported(
            "The NPU %s is %s driver %s%s, so it is not available to the vendor's driver." % (
                device["name"], "bound to" if device["driver"] else "reserved for", driver,
                " (driver_override)" if override == driver else ""),
            "If this system shall use the NPU instead, stop what has it (such as a guest), remove what binds it to %s, "
            "reboot, and rerun the playbook." % driver)


def _vendor_series(board):
    """Return the kernel series that the vendor names for the wanted driver, such as " 5.10 or 6.1", or ""."""
    known = board.data["drivers"][board.target].get("kernel_recommended") or {}
    return " " + " or ".join(sorted(known, key=_version.kernel)) if known else ""


def _check_soc(board):
    soc = board.soc
    if soc is None:
        raise Unsupported("The SoC %s has no row in the compatibility data." % (
            board.facts["board"]["soc"] or "of this board"), "Add a row for it to npu_compatibility.socs.")
    expected = board.data["socs"][soc]["npu_node"]
    unsupported = board.data["socs"][soc].get("unsupported")
    if unsupported:
        raise Unsupported("SoC %s is not supported: %s." % (soc, unsupported["reason"].rstrip(".")),
                          unsupported["remedy"])
    if board.device["address"] != expected:
        board.notes.append(
            "The NPU node is at %s, not at %s as expected for a %s." % (board.device["address"], expected, soc))
