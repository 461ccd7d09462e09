# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the facts of npu_facts of what a board has sent: less code to send to each board, and to compile there."""

from __future__ import annotations

from ...module_utils._boot import boot_facts
from .._schema.facts import FACTS
from .._schema.values import FLAG, LOG, TEXT, TEXTS, Field, check, dictionary
from . import condition, kernel_log, kexec_and_watchdog, system, upgrade
from .sent_files import SentFiles

_SENT = [{"path": TEXT, "text": LOG}]
_UNKNOWN = {"driver": {"presence": "absent", "version_source": "unknown"}}
"""Values of parts that could not be read, where they are not null, false or empty."""
_MADE_OF_FILES = ("upgrade", "verification", "watchdog", "condition")


def complete(facts):
    """Return the facts, each part with all its keys, and without the files that they were made of.

    What is complete stays as it is. The values are not validated.

    Args:
        facts: as module_utils._facts.gather.gather() returns them.

    Raises:
        ValueError: if they are not such facts.
    """
    facts = dict(_filled(facts))
    if "sent" in facts:
        facts.update(_derived(facts, check(facts.pop("sent"), _SENT, "the files")))
    return facts


def _derived(facts, files):
    tree = SentFiles(files)
    kernel, boot = dictionary(facts.get("kernel")), dictionary(facts.get("boot"))
    boot = dict(boot, files=check(boot.get("files"), _SENT, "boot.files"), cmdline=_text(boot.get("cmdline")) or "")
    memory = system.read_memory(tree)
    derived = {
        "os": dict(dictionary(facts.get("os")), **system.read_os(tree)),
        "kernel": dict(
            kernel, **system.read_banner(tree, _text(kernel.get("build"))),
            signatures=system.read_signatures(tree, dictionary(kernel.get("config")), boot["cmdline"]),
            kexec=kexec_and_watchdog.read_kexec(tree)),
        "hardware": dict(dictionary(facts.get("hardware")), memory=memory["memory"]),
        "condition": condition.read(tree, _text(dictionary(facts.get("device")).get("name")), memory),
        "kernel_log": kernel_log.read(facts.get("kernel_log")),
        "watchdog": kexec_and_watchdog.read_watchdog(tree),
        "verification": system.read_verification(tree),
        "upgrade": upgrade.read(tree),
        "boot": boot_facts.complete(boot),
    }
    unread = facts.get("unread")
    return dict(derived, unread=[*unread, *tree.unread] if isinstance(unread, list) else unread)


def _text(value):
    return value if isinstance(value, str) else None


def _filled(facts):
    """Return the facts with empty values for what a board has not sent of a part, or of which it sent nothing."""
    if not isinstance(facts, dict):
        raise ValueError("the facts is not an object")
    filled = dict(facts)
    for name, field in FACTS.items():
        kind = field.kind if isinstance(field, Field) else field
        if not isinstance(kind, dict) or str in kind or name == "kernel_log":
            continue
        made = name in _MADE_OF_FILES and "sent" in facts
        if made or (name in facts and facts[name] is None) or isinstance(facts.get(name), dict):
            filled[name] = {**_empty(kind), **_UNKNOWN.get(name, {}), **dictionary(facts.get(name))}
    return filled


def _empty(kind):
    """Return the value of a kind that says nothing: null, false or empty."""
    if isinstance(kind, Field):
        return _empty(kind.kind)
    if isinstance(kind, dict):
        return {} if str in kind else {key: _empty(inner) for key, inner in kind.items()}
    return [] if isinstance(kind, list) or kind == TEXTS else False if kind == FLAG else None
