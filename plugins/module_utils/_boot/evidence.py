# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which boot configuration started the running kernel: its arguments decide, not which files exist."""

from __future__ import annotations

from . import kernel_arguments

_NETWORK = ("nfsroot", "nbdroot", "netroot", "netboot", "BOOTIF")
_NETWORK_ROOTS = ("/dev/nfs", "nfs", "nbd:", "iscsi:", "http:", "https:", "cifs")


def fit(given, cmdline):
    """Return how well the arguments of a configuration agree with those of the running kernel, None if they do not.

    Firmware and U-Boot may add arguments, and keep one of several with the same name. Our own does not count: only a
    reboot brings or removes it.

    Args:
        given: the arguments that the configuration gives a kernel, as one line.
        cmdline: the arguments of the running kernel.

    Returns:
        (2 all, 1 most, 0 nothing to compare; number of arguments that agree).
    """
    wanted, running = by_name(given), by_name(cmdline)
    if not wanted:
        return 0, 0
    met = [name for name, words in wanted.items() if words & running.get(name, set())]
    if "root" in wanted and "root" in running and "root" not in met:
        return None
    named = "root" in met and any("UUID=" in word or "LABEL=" in word for word in wanted["root"])
    if not met or (not named and len(met) * 2 < len(wanted)):
        return None
    return (2 if len(met) == len(wanted) else 1), len(met)


def contradict(given, cmdline):
    """Return whether the root file system of a configuration is not the running kernel's.

    A UUID and a label may name the same; other arguments may have changed.
    """
    wanted, running = by_name(given).get("root", set()), by_name(cmdline).get("root", set())
    kinds = {word.split("=")[1] for word in wanted | running}
    comparable = len(kinds) < 2 or not all(kind.endswith(("UUID", "LABEL")) for kind in kinds)
    return bool(wanted and running) and not wanted & running and comparable


def from_network(cmdline):
    """Return whether the arguments are those of a system on the network."""
    words = by_name(cmdline)
    roots = [word.partition("=")[2] for name in ("root", "rootfstype", "boot") for word in words.get(name, ())]
    return any(name in words for name in _NETWORK) or any(root.startswith(_NETWORK_ROOTS) for root in roots)


def by_name(arguments):
    """Return {name: words} of arguments, without those that U-Boot or a shell computes."""
    found = {}
    for match in kernel_arguments.words(arguments or ""):
        word = kernel_arguments.without(match.group(), kernel_arguments.BLACKLIST, kernel_arguments.INITCALL)
        word = word.translate({34: None, 39: None, 92: None})
        if word and "$" not in word and "`" not in word:
            found.setdefault(word.partition("=")[0], set()).add(word)
    return found
