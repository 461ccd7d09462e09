# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adding a kernel argument to a boot loader's configuration, and removing it, with everything else byte for byte.

The functions raise ValueError, one sentence for the operator, if the configuration cannot be edited safely.
"""

from __future__ import annotations

import re

from ..._board.tree import clean
from .. import kernel_arguments, registry
from ..description import DEFAULT_ARGUMENTS
from . import drop_in_edit, environment_edit, extlinux_edit, shell_edit, words_edit
from .text_file import checked

_EDITORS = {"shell": shell_edit.edit, "words": words_edit.edit, "environment": environment_edit.edit,
            "menu": extlinux_edit.edit, "drop-in": drop_in_edit.edit}
"""{how a configuration is written: function(text, variable, change, default)}."""
_LINE_LIMIT = 2047  # COMMAND_LINE_SIZE of arm64, less the NUL
_LIST = re.compile(r"[A-Za-z0-9_.,-]*\Z")
_PART = re.compile(r"[A-Za-z0-9_.]+\Z")


def add(name, text, argument, value, default=DEFAULT_ARGUMENTS):
    """Return the configuration with a value in the comma list of a kernel argument, unchanged if it has the value.

    Args:
        name: of the boot loader, as in the facts.
        text: the content of the configuration, "" for a missing file.
        default: the arguments that apply if none are configured, kept when they are set for the first time.
    """
    return _edited(name, text, merge_value, (argument, value), default)


def remove(name, text, argument, value, default=DEFAULT_ARGUMENTS):
    """Return the configuration without the value: the reverse of add()."""
    return _edited(name, text, remove_value, (argument, value), default)


def _edited(name, text, change, argument, default):
    """Return the edited text after parsing it again, to refuse unexpected configurations."""
    kind, variable = registry.find(name).SYNTAX[name]
    changed = _EDITORS[kind](checked(text), variable, lambda arguments: change(arguments, *argument), default)
    expected = change is merge_value
    if kernel_arguments.has(configured(name, changed, default), *argument) is not expected:
        raise ValueError("the configuration is written in a way that cannot be edited safely: change it by hand")
    return changed


def configured(name, text, default=DEFAULT_ARGUMENTS):
    """Return the kernel arguments that a configuration asks for, as one line."""
    return registry.configured(name, checked(text), default)


def merge_value(arguments, name, value):
    """Return the line with the value in the comma list of an argument, unchanged if it has the value.

    An existing `name=a,b` becomes `name=a,b,value`, otherwise the argument is appended, to `name=` too.
    """
    hits = [match for match in _hits(arguments, name, value) if kernel_arguments.values(match.group(), name)]
    if kernel_arguments.has(arguments, name, value):
        return arguments
    merged = _extend(arguments, hits[-1], value) if hits else _append(arguments, "%s=%s" % (name, value))
    if len(merged.strip()) > _LINE_LIMIT:
        raise ValueError("the kernel arguments would be longer than the %d characters a kernel takes" % _LINE_LIMIT)
    return merged


def remove_value(arguments, name, value):
    """Reverse merge_value(): return the line without the value, and without the argument if its list is empty."""
    for match in reversed(_hits(arguments, name, value)):
        items = match.group().replace('"', "").partition("=")[2].split(",")
        if value not in items:
            continue
        before, after = arguments[:match.start()], arguments[match.end():]
        kept = [item for item in items if item != value]
        if kept:
            arguments = before + _with_list(match.group(), kept) + after
        else:
            arguments = before.rstrip(" \t") + after if before.strip() else before + after.lstrip(" \t")
    return arguments


def _hits(arguments, name, value):
    """Return the matches of the argument that is to be edited."""
    if not _PART.match(name) or not _PART.match(value):
        raise ValueError("%s=%s is not a kernel argument that can be merged" % (name, value))
    if arguments.count('"') % 2:
        raise ValueError("the kernel arguments have a double quote that is never closed")
    words = kernel_arguments.words(arguments)
    hits = [match for match in words if kernel_arguments.values(match.group(), name) is not None]
    for match in hits:
        if not _LIST.match(match.group().replace('"', "").partition("=")[2]):
            raise ValueError(
                "%s is written in a way that cannot be edited safely: %s" % (name, clean(match.group(), 80)))
    return hits


def _extend(arguments, match, value):
    """Return the line with the value at the end of an argument's list, within its quotes."""
    at = match.start() + len(match.group().rstrip('"'))
    return f"{arguments[:at]},{value}{arguments[at:]}"


def _append(arguments, word):
    """Return the line with a word behind the last argument that is meant for the kernel."""
    words = list(kernel_arguments.words(arguments))
    if words:
        at = words[-1].end()
        return "%s %s%s" % (arguments[:at], word, arguments[at:])
    at = len(arguments) - len(arguments.lstrip())
    return arguments[:at] + word + (" " + arguments[at:] if arguments[at:] else "")


def _with_list(word, items):
    """Return an argument with another comma list, in the quotes that it has."""
    head, equals, rest = word.partition("=")
    quote = rest[:1] if rest[:1] == '"' else ""
    return head + equals + quote + ",".join(items) + ('"' if word.endswith('"') else "")
