# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validate the answers of modules that run on a board: only what the module documents is accepted."""

from __future__ import annotations

import json
import re

from ...module_utils._board.tree import clean
from ...module_utils._facts.installed.headers import RELEASE
from .._facts import npu_users
from .._facts.complete import complete
from .._schema.answers import ANSWERS, COMMON, INTERNAL, WITH_DIFF
from .._schema.facts import FACTS
from .._schema.values import DIFF, TEXTS, check, dictionary, parse_json
from .limits import MIB, HostileAnswer, MalformedAnswer

USUAL = (300, 96 * MIB, 1 * MIB)
"""Default limits of an answer: `(seconds, bytes of memory, characters)`. docs/security.md lists all limits."""
# A kernel module of up to 16 MiB in base64, and its build log.
_BUILD = (3600, 256 * MIB, 28 * MIB)
_OF_MODULE = {
    "npu_dkms": _BUILD, "npu_trial_build_info": _BUILD,
    # apt may wait for another apt, and downloads.
    "npu_apt": (3600, *USUAL[1:]),
    # sync, depmod and u-boot-update are slow on SD cards.
    "npu_boot": (900, *USUAL[1:]), "npu_transaction": (900, *USUAL[1:]),
}
# Ansible removes the options of a connection from facts by the name of its plugin, which is paramiko_ssh for
# paramiko's, so those could name a program of the controller as proxy.
_HOSTILE = re.compile(r"(?:ansible_)?(?:(?:__)?npu_|paramiko_)")
_IDENTITY = frozenset(("inventory_hostname", "inventory_hostname_short", "group_names"))
"""The identity of a board. For Ansible, facts win over the inventory."""
# Options of ssh and become that Ansible also reads from facts. They could start a program of the controller, or connect
# to another board.
_CONNECTION = frozenset(
    (
        "control_path", "control_path_dir", "delegated_vars", "host_key_checking", "private_key",
        "private_key_passphrase", "remote_tmp", "runas_flags", "runas_pass", "runas_user", "scp_executable",
        "sftp_batch_mode", "sftp_executable", "shell_allow_world_readable_temp", "ssh_host_key_checking",
        "sshpass_prompt", "su_exe", "su_flags", "su_pass", "su_prompt_l10n", "su_user", "sudo_chdir", "sudo_exe",
        "sudo_flags", "sudo_pass", "sudo_user", "system_tmpdirs",
    )
)


def validated(module, answer):
    """Return the validated answer of a module.

    Raises:
        MalformedAnswer: if it does not match what the module documents.
    """
    if not isinstance(answer, dict):
        raise MalformedAnswer("it is not an object")
    shape = {**COMMON, **ANSWERS[module], **({"diff": DIFF} if module in WITH_DIFF else {}), **INTERNAL.get(module, {})}
    facts = shape.pop("ansible_facts", None)
    try:
        checked = {
            key: answer[key] if answer[key] is None else check(answer[key], kind, key)
            for key, kind in shape.items() if key in answer and not (answer[key] is None and key in COMMON)
        }
        if facts and not checked.get("failed"):
            checked["ansible_facts"] = {"npu": facts_of(dictionary(answer.get("ansible_facts")).get("npu"))}
    except ValueError as error:
        raise MalformedAnswer(str(error)) from None
    # A board that answers cannot be unreachable.
    if answer.get("unreachable"):
        checked["failed"] = True
    return checked


def facts_of(facts):
    """Return the validated facts of a board, as FACTS defines them, completed by what the controller makes of them.

    Raises:
        ValueError: if they are invalid, with the reason.
    """
    facts = check(complete(facts), FACTS, "the facts")
    if not facts["kernel"]["release"] or not facts["kernel"]["machine"]:
        raise ValueError("the facts have no kernel")
    if not RELEASE.match(facts["kernel"]["release"]):
        # It becomes part of file names on the controller, and of commands on the host that builds.
        raise ValueError("kernel.release is not the release of a kernel")
    if facts["repository"] is not None:
        facts["repository"] = {"kernels": check(facts["repository"].get("kernels", []), TEXTS, "repository.kernels")}
    facts["processes"] = npu_users.complete(facts["processes"])
    return facts


def limits(module, seconds=None):
    """Return the limits of a module's answer, as `USUAL`, with another time if one is given."""
    usual = _OF_MODULE.get(module, USUAL)
    return (seconds or usual[0], *usual[1:])


def keys(module):
    """Return the top-level keys that are accepted from a module."""
    return {*COMMON, *ANSWERS[module], *INTERNAL.get(module, ()), "diff"}


MOST_STARTS = 10
"""Lines of an output at which a module's answer is looked for."""


def reduced(text, wanted, strict=True):
    """Return the JSON of a module's output with only these keys, so that Ansible's own code sees nothing else.

    Args:
        strict: whether facts that no module may set are an error, instead of being dropped.

    Raises:
        MalformedAnswer: if there is no valid answer.
        HostileAnswer: if it has such facts.
    """
    lines = text.split("\n")
    # A login may print lines with braces, too.
    starts = [number for number, line in enumerate(lines) if line.lstrip().startswith("{")][:MOST_STARTS]
    last = max((number for number, line in enumerate(lines) if line.rstrip().endswith("}")), default=-1)
    for first in starts:
        try:
            answer = parse_json("\n".join(lines[first:last + 1]))
            break
        except ValueError:
            continue
    else:
        raise MalformedAnswer("it is not JSON")
    if not isinstance(answer, dict):
        raise MalformedAnswer("it is not an object")
    fact = hostile(answer.get("ansible_facts"))
    if fact and strict:
        raise HostileAnswer(hostile_sentence(fact))
    return json.dumps({key: value for key, value in answer.items() if key in wanted})


def hostile(facts):
    """Return the name of a fact that could control the controller or another board, or None.

    No honest board sets one.

    Args:
        facts: `ansible_facts` of the board.
    """
    return next((clean(name, 100) for name in dictionary(facts) if isinstance(name, str) and (
        _HOSTILE.match(name) or name in _IDENTITY or name.removeprefix("ansible_") in _CONNECTION)), None)


def refuse_impostor(facts):
    """Raise HostileAnswer if a board has facts that give it the name of another one."""
    if not _IDENTITY.isdisjoint(dictionary(facts)):
        raise HostileAnswer(hostile_sentence(hostile(facts)))


def hostile_sentence(name):
    """Return the message for such a fact."""
    return (
        "a module's answer set the fact %s, which no module may: it is not used. Leave this board out of the run until "
        "you know who is root on it (with a fact cache run with --flush-cache afterwards; a set_fact of your own must "
        "not be cacheable)" % name
    )
