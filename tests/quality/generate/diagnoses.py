# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The diagnoses in docs/troubleshooting.md, from their table (plugins/module_utils/_inference/causes/diagnoses.py).

A new row needs nothing here: what an owner sees is its pattern, its code or its evidence, with an example where one
of the public logs of tests/field_logs gets this row. Words for its conditions are nicer than their names (WHEN).
"""

from __future__ import annotations

import collections
import re

import field_logs
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.causes import diagnoses, diagnosis
from ansible_collections.rkfleet.npu.plugins.module_utils._inference.librknnrt import CODES

from . import kernel_lines
from .markdown import table
from .patterns import GAP, spellings

BEGIN = "<!-- diagnoses: written by `make docs` from plugins/module_utils/_inference/causes/diagnoses.py -->"
END = "<!-- end of diagnoses -->"
MEANINGS = {
    "driver": "The kernel driver cannot run the job, or the runtime refuses it.",
    "runtime": "`librknnrt.so` cannot be loaded, or does not fit the driver, the model or the program.",
    "model": "The model is damaged, for another SoC or runtime, or gave another result than expected.",
    "device": "The NPU cannot be opened or does not answer: device node, permissions, device tree, power or clock.",
    "memory": "Memory, or a limit of the process, is exhausted.",
    "timeout": "The NPU did not answer in time.",
    "crash": "The runtime crashed in its process. The board is not harmed.",
    "busy": "Another program uses the NPU.",
}
"""What a diagnosis means; one without a row here is shown by its rows alone."""
WHEN = {
    "up_to_date": "the driver is at least `npu_driver_version`",
    "to_wanted": "the driver is older than `npu_driver_version`, or its version is not known",
    "out_of_reach": "more than 4 GiB of memory",
    "stuck": "the process cannot be killed",
    "rknpu_link": "`/dev/rknpu` is a link",
    "missing_nodes": "no node of the NPU is in `/dev`",
    "closed_nodes": "the user may not open the node",
    "node": "the node exists",
    "no_heap": "`/dev/dma_heap/system` does not exist",
    "misc_node": "the node is `/dev/rknpu`",
    "closed_heap": "the user may not open `/dev/dma_heap/system`",
    "disabled_node": "the device tree has the NPU disabled",
    "no_node": "the device tree has no node for the RKNPU driver",
    "no_iommu": "the NPU's IOMMU is off",
    "missing_library": "a library that it requires is missing",
    "vendors_library": "a library of the vendor's is missing",
    "other_toolkit": "model and runtime are of two releases",
    "erred": "a line names something else than a job",
    "rkllm": "a program with RKLLM",
    "of_program": "in the log of a program",
    "too_old": "the board's C or C++ library is too old for it",
    "not_there": "it is not at its path",
    "elsewhere": "another path has one",
    "killed": "SIGKILL that the verification did not send",
    "rk356x": "an RK356x",
    "not_rk356x": "not an RK356x",
    "wanted_too_old": "`npu_driver_version` is older than the runtime requires, too",
    "filtered": "SIGSYS",
    "aborted": "SIGABRT",
    "rv110x": "an RV1103 or RV1106",
    "unknown_call": "of a program, and its log does not show the call",
    "at_limit": "SIGXCPU or SIGXFSZ",
    "ended": "a signal of another program (SIGTERM, SIGHUP, SIGINT, SIGPIPE)",
    "illegal_instruction": "SIGILL: an instruction that the processor does not know",
    "user": "as another user than the task's (`npu_verify_users`)",
}
"""Conditions of rows in words; one without a row here is shown by its name."""
OBVIOUS = ("memory_suffices", "silent", "denied_to_root", "root_only", "timed_out", "error", "signal", "answer",
           "difference", "differs", "zeros", "users", "unanswered", "called")
"""Conditions that the evidence already shows."""
VALUES = {
    "found": GAP, "on_kernel": "", "the_driver": "the driver", "wanted_driver": "`npu_driver_version`",
    "to_wanted": " to `npu_driver_version`", "or_newer": ", and the releases of the driver for a newer one",
    "library": "librknnrt.so", "installed_as": "/usr/lib/librknnrt.so",
    "too_old": "C or C++ library", "required": "the version that the line names", "platform": "the first one named",
    "found_platform": "the second one named", "format": "N", "missing_nodes": "NODE", "closed_nodes": "NODE",
    "disabled_node": "NODE", "closed_groups": "GROUP", "elsewhere": "PATH", "signal": "SIGSEGV", "ending": "",
    "stage": "rknn_init",
    "difference": "Top1 is CLASS: SCORE, expected CLASS: SCORE", "top": "TOP5", "differs": "TOP5", "timeout": "60",
    "users": "PROGRAM", "after": "", "stop_users": "COMMAND", "group_list": "GROUPS",
    "other_toolkit": "TOOLKIT", "vendors_library": "LIBRARY",
    "error": "the tensors of the model are not those of MobileNet",
}
"""What stands for a value in evidence and remedy; others are shown by their name in capitals."""
VERBS = ("add", "boot", "build", "check", "choose", "close", "convert", "enable", "end", "free", "give", "install",
         "pass", "reboot", "remove", "run", "send", "set", "start", "stop", "update", "upgrade", "use", "wait")
"""A remedy that does not begin with one of them begins with what it is, up to the first colon."""
ABOUT = """
A diagnosis says why MobileNet gave no answer, or a wrong one. Search this page for a part of the error line without
numbers. Words in capitals and `…` stand for what differs from board to board. The first row whose conditions all hold
is the diagnosis of a board; its sentence has the board's own values. `core 1 of the NPU: …` in front of a line names
the core that failed.

An upgrade with `npu_driver_policy: working` changes only what the last column allows, and a driver only to a newer
one: [which boards are changed](upgrade.md#which-boards-are-changed).
"""


def document(text):
    """Return the text of docs/troubleshooting.md with the diagnoses up to date; ValueError if it has no place for them.

    Args:
        text: the page as it is.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"docs/troubleshooting.md: one line {BEGIN} and one line {END} are required")
    chapters = "\n\n".join(filter(None, (chapter(diagnoses.DIAGNOSES), kernel_lines.chapter().rstrip("\n"))))
    return text.partition(BEGIN)[0] + f"{BEGIN}\n{chapters}\n{END}" + text.partition(END)[2]


def chapter(rows):
    """Return the Markdown for the rows of the table of diagnoses; rows without a remedy are no faults.

    Args:
        rows: `diagnoses.DIAGNOSES`, or rows like them.
    """
    seen = examples(rows)
    groups = collections.defaultdict(lambda: collections.defaultdict(list))
    for number, row in enumerate(rows):
        if row.remedy is not None:
            groups[row.name][_key(row)].append((number, row))
    names = sorted(groups, key=lambda name: list(MEANINGS).index(name) if name in MEANINGS else len(MEANINGS))
    parts = [ABOUT.strip() + "\n", table(
        ("diagnosis", "what it is", "an upgrade may change"),
        [(f"[`{name}`](#diagnosis-{name})", MEANINGS.get(name), _may_change(
            {_changes(row) for rows in groups[name].values() for unused, row in rows})) for name in names])]
    for name in names:
        parts.append(f"### Diagnosis {name}\n{MEANINGS.get(name, '')}\n")
        parts += [_group(members, seen) for members in groups[name].values()]
    return "\n".join(parts).rstrip("\n")


def examples(rows):
    """Return `{number of a row: [(evidence, source)]}` of the public logs that get this row."""
    watched, found = _Watched(rows), collections.defaultdict(list)
    kept, diagnosis.DIAGNOSES = diagnosis.DIAGNOSES, watched
    try:
        for source, known, stage, log, *unused in field_logs.LOGS:
            evidence = diagnosis.diagnose(*field_logs.outcome_and_facts(known, stage, log))[1]
            row = rows[watched.number]
            # A row for whatever no other row knows has no typical line, unless one was reported.
            if row.line or row.codes or row.stage or row.evidence != "{found}" or _REPORT.match(source):
                found[watched.number].append((evidence, source))
    finally:
        diagnosis.DIAGNOSES = kept
    return found


_REPORT = re.compile(r"[\w.-]+/[\w.-]+(?:#\d+)?")


class _Watched:
    """Rows that remember which of them was looked at last: the one that applied."""

    def __init__(self, rows):
        self.rows, self.number = rows, None

    def __iter__(self):
        for number, row in enumerate(self.rows):
            self.number = number
            yield row


class _Shown(dict):
    """Values of sentences: in words, or the name in capitals."""

    def __getitem__(self, name):
        return _Name(self.get(name, name.upper()))


class _Name(str):
    """A value that takes the format of a number, too."""

    __slots__ = ()

    def __format__(self, spec):
        return str(self)


def fill(sentence):
    """Return a sentence of the table with words in place of a board's values."""
    return sentence.format_map(_Shown(VALUES))


def _key(row):
    """Return what rows have in common that an owner sees as the same: line, codes and the last call."""
    own = None if row.line or row.codes or row.stage else row.evidence
    return row.line, row.codes, row.stage, own


def _group(members, seen):
    """Return the Markdown of rows for the same line: what is seen, then what it is and what to do for each.

    Args:
        members: `[(number, row)]`.
        seen: as examples() returns it.
    """
    found = [each for number, unused in members for each in seen.get(number, ())]
    lines = list({re.split(r"[\d(]", evidence)[0]: evidence for evidence, unused in reversed(found)}.values())[::-1]
    lines += [line for line in _lines(members, lines) if not any(_covers(shown, line) for shown in lines)]
    reports = [match.group() for match in (_REPORT.match(source) for unused, source in found) if match]
    met = "Seen in {}.\n\n".format(", ".join(dict.fromkeys(reports))) if reports else ""
    rows = [(*_what_and_remedy(row, len(members) > 1), _changes(row)) for unused, row in members]
    if len(rows) > 1:
        rest = table(("what it is", "what to do", "an upgrade may change"), rows)
    else:
        named = zip(("What it is", "What to do", "An upgrade may change"), rows[0], strict=True)
        rest = "".join(f"- {name}: {text}.\n" for name, text in named if text)
    return "```\n{}\n```\n".format("\n".join(map(str.rstrip, lines))) + met + rest


def _lines(members, seen):
    """Return what an owner sees when one of the rows applies, beside examples that were seen."""
    row = members[0][1]
    lines = spellings(row.line) if row.line else []
    lines += [f"{row.stage or 'rknn_…'} returned {code} ({CODES.get(code, 'unknown code')})" for code in row.codes]
    if not lines and not seen:
        lines = [fill(each.evidence).replace("`", "") for unused, each in members]
    other = f"{row.stage} returned -1 (failed)" if row.stage else "rknn_… returned another error code"
    return list(dict.fromkeys(other if line == GAP else line for line in lines))


def _covers(shown, line):
    """Return whether a line that is shown already has the beginning of another one."""
    start = re.split(r"…|N|[A-Z_]{4,}", line)[0]
    return len(start) > 3 and shown.startswith(start)


def _what_and_remedy(row, several):
    """Return what a row means and what to do, as sentences without a full stop; what it means may be empty."""
    own = fill(row.evidence).removeprefix(GAP + "; ") if row.evidence.startswith("{found}; ") else ""
    words = [own] if own else [WHEN.get(name, name.replace("_", " ")) for name in row.when if name not in OBVIOUS]
    why, colon, remedy = fill(row.remedy).partition(": ")
    if not colon or why.partition(" ")[0] in VERBS or " " not in why:
        why, remedy = "", fill(row.remedy)
    words = [word for word in dict.fromkeys(words) if word not in why]
    what = _start(" and ".join(words)) or ("" if why or not several else "In other cases")
    return ". ".join(filter(None, (what, _start(why)))), _start(remedy)


def _changes(row):
    """Return what an upgrade may change because of a row."""
    return diagnoses.may_change(row.name, row.may_change)


def _may_change(values):
    """Return what an upgrade may change because of any row of a diagnosis."""
    real = sorted(values - {"nothing"})
    return " or ".join(real) + (", by its row" if "nothing" in values else "") if real else "nothing"


def _start(text):
    """Return a text with a capital, unless it begins with a name such as librknnrt.so."""
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if re.fullmatch(r"[a-z]+(?:'s)?,?", first) else text
