# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The public variables of a run, checked once and before a board is contacted: unknown names and invalid values.

The known names are those of the argument specifications of the roles, and `OTHERS`.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import urllib.parse

from ansible.module_utils.common import validation

from ..module_utils._board import version as _version
from ..module_utils._board.tree import clean
from ._plan import compatibility
from ._rollout.decide import batches

OTHERS = {
    "npu_hosts": "the boards of a playbook",
    "npu_subnet": "facts of a host that the inventory plugin has found",
    "npu_reboot_required": "set by role driver",
}
"""Variables with the prefix that are in no argument specification."""
PREFIX, OWN_PREFIX = "npu_", "npu_custom_"
"""The prefix of this collection's variables, and that of the user's own, which are never reported."""
CONTACTED = "No board was contacted."
KINDS = {
    "bool": (bool, validation.check_type_bool, "true or false"),
    "int": (int, validation.check_type_int, "a whole number"),
    "list": (list, validation.check_type_list, "a list"),
    "dict": (dict, validation.check_type_dict, "a dictionary"),
}
"""Types of variables whose values are converted as Ansible does for modules: with -e, each value is a text."""
OF_RUN = ("npu_max_failed", "npu_require_staging", "npu_rollout", "npu_staging_file")
"""Variables that apply to a whole run: those of its first board are used."""
MOST_BOARDS = 3
MOST_ERRORS = 5


def known_names(options):
    """Return the public variables; `options` is that of `_settings.options`."""
    return {name for role in options.values() for name in role} | set(OTHERS)


def unknown_names(names, options):
    """Return `{name: nearest known name}` of the names that have the prefix and are not known, in order."""
    known = known_names(options)
    return {
        name: nearest(name, known) for name in sorted(set(names) - known)
        if name.startswith(PREFIX) and not name.startswith(OWN_PREFIX)
    }


def nearest(name, known):
    """Return the known name that is most alike."""
    words = name.split("_")[1:]

    def likeness(other):
        # A word says more than letters: npu_version is npu_driver_version rather than npu_services.
        parts = other.split("_")[1:]
        shared = [max((_ratio(word, part) for part in parts), default=0) for word in words]
        return _ratio(name, other) + 0.2 * sum(ratio for ratio in shared if ratio > 0.7)

    return max(sorted(known), key=likeness)


def _ratio(text, other):
    return difflib.SequenceMatcher(None, text, other).ratio()


def given_sentence(unknown):
    """Return the error for unknown names given with -e; `unknown` as of `unknown_names`."""
    return " ".join([*(
        f"{clean(name)} is given with -e, but rkfleet.npu has no such variable: did you mean {other}?"
        for name, other in unknown.items()
    ), f"Variables of your own may begin with {OWN_PREFIX}.", CONTACTED])


def inventory_sentence(name, other):
    """Return the warning for an unknown name in the inventory or a play."""
    return (
        f"{clean(name)} is set in the inventory or a play, but rkfleet.npu has no such variable, so it has no effect: "
        f"did you mean {other}? Variables of your own may begin with {OWN_PREFIX}."
    )


def different_sentences(settings, values, first, options):
    """Return a warning for each variable of the whole run of which boards have another value than the first board.

    Args:
        settings: `[([board], {variable: value}), ...]`, the values that differ.
        values: those of the first board.
        first: its name.
        options: as of `_settings.options`.
    """
    known = {name: option for role in options.values() for name, option in role.items()}
    found: dict[str, list] = {}
    for boards, other in settings:
        for name in OF_RUN:
            # With -e, and in an inventory in INI, each value is a text.
            with contextlib.suppress(TypeError, ValueError):
                if name in other and converted(other[name], known[name].get("type")) != values[name]:
                    found.setdefault(name, []).extend(boards)
    return [
        f"{name} applies to the whole run, so {_short(values[name])} of {clean(first)}, the first board, is used, and "
        f"not that of {_few(boards)}: set it for all boards"
        for name, boards in sorted(found.items())
    ]


def converted(value, kind):
    """Return a value as the type of its variable has it; null stays.

    Raises:
        TypeError, ValueError: it is not of that type.
    """
    wanted, convert, dummy = KINDS.get(kind, (object, None, ""))
    if value is None or isinstance(value, wanted):
        return value
    if kind == "list" and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return convert(value.strip() if isinstance(value, str) else value)


def type_error(name, value, kind):
    """Return what is wrong with the type of a value; empty if nothing is."""
    try:
        converted(value, kind)
    except (TypeError, ValueError):
        return f"{name} is {_short(value)!r}: it must be {KINDS[kind][2]}"
    return ""


def errors_of(settings, options):
    """Return what is wrong with the values of public variables, one sentence for each value.

    Args:
        settings: `[(boards, {variable: value}), ...]`; the boards are names, or empty for the whole run.
        options: as of `_settings.options`.
    """
    known = {name: option for role in options.values() for name, option in role.items()}
    found: dict[str, list] = {}
    for boards, values in settings:
        data = None
        try:
            data = compatibility.checked(values.get("npu_compatibility"))
        except (TypeError, ValueError) as error:
            found.setdefault(str(error).rstrip("."), []).extend(boards)
        for name, value in values.items():
            option = known.get(name, {})
            # What is wrong with the data is told already.
            kind = None if name == "npu_compatibility" else option.get("type")
            text = type_error(name, value, kind) or _error(name, value, option.get("choices"), data)
            if text:
                found.setdefault(text, []).extend(boards)
    return [f"{text} ({_few(boards)})" if boards else text for text, boards in found.items()]


def message(errors):
    """Return all errors as one message."""
    more = [f"and {len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    return "{}. {}".format("; ".join([*errors[:MOST_ERRORS], *more]), CONTACTED)


def _error(name, value, choices, data):
    """Return what is wrong with a value; empty if nothing is."""
    if choices:
        return "" if value in choices else "{} is {!r}: it is one of {}".format(name, _short(value), ", ".join(choices))
    if name in ("npu_driver_version", "npu_runtime_version"):
        # Nothing can be said about a release without valid data.
        return _version_error(name, value, data) if data else ""
    if name in ("npu_upstream", "npu_mirror"):
        return _url_error(name, value)
    if name == "npu_soak_minutes":
        return "" if str(value).strip().isdecimal() else f"{name} is {_short(value)!r}: it must be a number of minutes"
    if name == "npu_rollout":
        return _rollout_error(name, value)
    return _folder_error(name, value) if name == "npu_report_dir" else ""


def _rollout_error(name, value):
    """Return why it is no list of batches: Ansible itself would take 0 for all boards at once, also in a rollback."""
    try:
        batches(converted(value, "list"))
    except ValueError as error:
        return clean(f"{name} is {value!r}: {error}", 500)
    return ""


def _version_error(name, value, data):
    section = "drivers" if name == "npu_driver_version" else "runtimes"
    if value in (None, "") or (isinstance(value, str) and value in data[section]):
        return ""
    known = sorted(data[section], key=_version.parse)
    # YAML reads 2.0 as a number.
    if not isinstance(value, str):
        return f"{name} is the number {_short(value)}: write it with quotes, such as \"{known[-1]}\""
    return (
        f"{name} is {_short(value)!r}, and the compatibility data has no such release (known: {', '.join(known)}); add "
        f"a row to npu_compatibility.{section}"
    )


def _url_error(name, value):
    if value in (None, ""):
        return ""
    try:
        parts = urllib.parse.urlsplit(value) if isinstance(value, str) else None
        is_url = parts is not None and bool(parts.scheme and (parts.hostname or parts.scheme == "file"))
    except ValueError:
        is_url = False
    # The value is not quoted: it may hold a password.
    return "" if is_url else f"{name} is not a URL such as https://mirror.example.com"


def _folder_error(name, value):
    if value in (None, ""):
        return ""
    if not isinstance(value, str):
        return f"{name} is {_short(value)!r}: it is the path of a folder"
    path = os.path.abspath(os.path.expanduser(value))
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    if not os.path.isdir(path):
        return f"{name} is {_short(value)}, but {_short(path)} is not a folder"
    if not os.access(path, os.W_OK | os.X_OK):
        return f"{name} is {_short(value)}, but you may not write to {_short(path)}"
    return ""


def _short(value):
    return clean(value if isinstance(value, str) else str(value), 200)


def _few(boards):
    names = list(dict.fromkeys(boards))
    more = f", and {len(names) - MOST_BOARDS} more" if len(names) > MOST_BOARDS else ""
    return ", ".join(map(clean, names[:MOST_BOARDS])) + more
