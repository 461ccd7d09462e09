# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of the modules that run on a board: nothing is taken of one that the module does not document, in the shape it documents."""

from __future__ import annotations

import json
import re

from ...module_utils._board.tree import clean
from ...module_utils._facts.headers import RELEASE
from .._schema.answers import ANSWERS, COMMON, INTERNAL, WITH_DIFF
from .._schema.facts import FACTS
from .._schema.values import check, DIFF, dictionary, TEXTS
from .limits import HostileAnswer, MalformedAnswer, MIB

USUAL = (300, 96 * MIB, 1 * MIB)
"""`(seconds, bytes of memory, characters)` that an answer may take. docs/security.md has all of them."""
# A module of up to 16 MiB comes in base64, and with it a log.
_BUILD = (3600, 256 * MIB, 28 * MIB)
_OF_MODULE = {
    "npu_dkms": _BUILD, "npu_trial_build_info": _BUILD,
    # apt waits for another apt, and downloads.
    "npu_apt": (3600, *USUAL[1:]),
    # An SD card takes its time for sync, depmod and u-boot-update.
    "npu_boot": (900, *USUAL[1:]), "npu_transaction": (900, *USUAL[1:]),
}
_HOSTILE = re.compile(r"(?:ansible_)?(?:__)?npu_")
_IDENTITY = frozenset(("inventory_hostname", "inventory_hostname_short", "group_names"))
"""Who a board is. Ansible lets facts go before what the inventory says of that."""
# Options of ssh and become that Ansible takes from facts, too: a program of the controller, or the connection to
# another board.
_CONNECTION = frozenset(
    (
        "control_path", "control_path_dir", "delegated_vars", "host_key_checking", "private_key",
        "private_key_passphrase", "remote_tmp", "runas_flags", "runas_pass", "runas_user", "scp_executable",
        "sftp_batch_mode", "sftp_executable", "shell_allow_world_readable_temp", "ssh_host_key_checking",
        "sshpass_prompt", "su_exe", "su_flags", "su_pass", "su_prompt_l10n", "su_user", "sudo_chdir", "sudo_exe",
        "sudo_flags", "sudo_pass", "sudo_user", "system_tmpdirs",
    )
)


def validated(module, told):
    """Return what is taken of a module's answer.

    Raises:
        MalformedAnswer: where something in it is not what the module documents.
    """
    if not isinstance(told, dict):
        raise MalformedAnswer("it is not an object")
    shape = {**COMMON, **ANSWERS[module], **({"diff": DIFF} if module in WITH_DIFF else {}), **INTERNAL.get(module, {})}
    facts = shape.pop("ansible_facts", None)
    try:
        answer = {key: told[key] if told[key] is None else check(told[key], kind, key) for key, kind in shape.items()
                  if key in told and not (told[key] is None and key in COMMON)}
        if facts and not answer.get("failed"):
            answer["ansible_facts"] = {"npu": facts_of(dictionary(told.get("ansible_facts")).get("npu"))}
    except ValueError as error:
        raise MalformedAnswer(str(error)) from None
    # Nothing that says it could not be reached has said anything.
    if told.get("unreachable"):
        answer["failed"] = True
    return answer


def facts_of(told):
    """Return a board's facts, each of the kind and size that FACTS has for it.

    Raises:
        ValueError: where they are not, with what is wrong.
    """
    facts = check(told, FACTS, "the facts")
    if not facts["kernel"]["release"] or not facts["kernel"]["machine"]:
        raise ValueError("the facts name no kernel")
    if not RELEASE.match(facts["kernel"]["release"]):
        # It names files of the controller, and a kernel that another host builds for.
        raise ValueError("kernel.release is not the release of a kernel")
    if facts["repository"] is not None:
        facts["repository"] = {"kernels": check(facts["repository"].get("kernels", []), TEXTS, "repository.kernels")}
    return facts


def limits(module, seconds=None):
    """Return the limits of a module's answer, as `USUAL`, with another time where one is given."""
    usual = _OF_MODULE.get(module, USUAL)
    return (seconds or usual[0], *usual[1:])


def keys(module):
    """Return the keys at the top of a module's answer that may be taken."""
    return {*COMMON, *ANSWERS[module], *INTERNAL.get(module, ()), "diff"}


def reduced(text, wanted, strict=True):
    """Return the JSON of a module's output with these keys only, so that nothing else gets as far as Ansible's own code.

    Args:
        strict: whether facts that no module may set are an error, and not only dropped.

    Raises:
        MalformedAnswer: where there is none.
        HostileAnswer: where it has such facts.
    """
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.lstrip().startswith("{")), len(lines))
    last = next(
        (number for number in reversed(range(first, len(lines))) if lines[number].rstrip().endswith("}")), first - 1
    )
    try:
        answer = json.loads("\n".join(lines[first:last + 1]), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise MalformedAnswer("it is not JSON") from None
    if not isinstance(answer, dict):
        raise MalformedAnswer("it is not an object")
    fact = hostile(answer.get("ansible_facts"))
    if fact and strict:
        raise HostileAnswer(hostile_sentence(fact))
    return json.dumps({key: value for key, value in answer.items() if key in wanted})


def hostile(facts):
    """Return the name of a fact that decides what happens on the controller or to another board, and so comes from no honest one; None without.

    Args:
        facts: where Ansible keeps what modules answered.
    """
    return next((clean(name, 100) for name in dictionary(facts) if isinstance(name, str) and (
        _HOSTILE.match(name) or name in _IDENTITY or name.removeprefix("ansible_") in _CONNECTION)), None)


def refuse_impostor(facts):
    """Raise HostileAnswer where a board has facts that give it another one's name: nothing may be looked up for it by name."""
    if not _IDENTITY.isdisjoint(dictionary(facts)):
        raise HostileAnswer(hostile_sentence(hostile(facts)))


def hostile_sentence(name):
    """Return what is said of such a fact."""
    return (
        "a module's answer set the fact %s, which no module may: it is not used. Leave this board out of the run until "
        "you know who is root on it (with a fact cache run with --flush-cache afterwards; a set_fact of your own must "
        "not be cacheable)" % name
    )


def _no_constant(name):
    raise ValueError(name)
