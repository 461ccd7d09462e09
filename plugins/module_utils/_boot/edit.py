# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adding a kernel argument to a boot loader's configuration, and removing it, with everything else byte for byte.

The functions raise ValueError, one sentence for the operator, if the configuration cannot be edited safely.
"""

from __future__ import annotations

from . import argument_list, kernel_arguments, registry
from .description import DEFAULT_ARGUMENTS
from .text_file import checked


def add(name, text, argument, value, default=DEFAULT_ARGUMENTS):
    """Return the configuration with a value in the comma list of a kernel argument; the same text if it is there.

    Args:
        name: of the boot loader, as in the facts.
        text: the content of the configuration, "" for a missing file.
        default: the arguments that apply if none are configured, kept when they are set for the first time.
    """
    return _edited(name, text, argument_list.merge, (argument, value), default)


def remove(name, text, argument, value, default=DEFAULT_ARGUMENTS):
    """Return the configuration without the value: the reverse of add()."""
    return _edited(name, text, argument_list.remove, (argument, value), default)


def _edited(name, text, change, argument, default):
    """Return the edited text, read back: a configuration that nobody foresaw is refused."""
    changed = registry.find(name).edit(checked(text), lambda arguments: change(arguments, *argument), default)
    expected = change is argument_list.merge
    if kernel_arguments.has(configured(name, changed, default), *argument) is not expected:
        raise ValueError("the configuration is written in a way that cannot be edited safely: change it by hand")
    return changed


def configured(name, text, default=DEFAULT_ARGUMENTS):
    """Return the kernel arguments that a configuration asks for, as one line."""
    return registry.find(name).read(checked(text), default)
