# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The runtime's messages without what surrounds them: severity, time, advice, and what loggers and programs add."""

from __future__ import annotations

import collections
import re

Message = collections.namedtuple("Message", "text error")
"""error: whether it is an error of the runtime or of RKLLM."""

_TIME = r" ?(?:\[[0-9:. -]{8,26}\] ?)?"
# A program's own words may end without a new line, and threads write into each other's lines.
_TAG = re.compile(
    r"(?<![A-Z])(?P<severity>[EWIDT])[ /](?P<tag>RKNN(?:API)?|NPUTransfer|rkllm)"
    r"(?: {0,8}\( {0,6}\d{1,9}\))? {0,8}[:\uff1a]" + _TIME)
# Android Studio: the tag, the program, then the severity.
_COLUMNS = re.compile(
    r"\d[\d:. -]{20,40}\s(?P<tag>RKNN(?:API)?|rkllm)\s{1,40}\S{1,100}\s{1,40}(?P<severity>[EWID])  ?" + _TIME)
# What journald, syslog, docker, Kubernetes, ROS, Python's loggers and people who quote put before a line.
_LOGGER = re.compile(
    r"(?:[\w.-]{1,60} {1,20}\| {1,2}|\{\"(?:log|message|MESSAGE|msg)\": ?\""
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]{0,12}(?:Z|[+-]\d\d:?\d\d)?\]? {1,2}(?:std(?:out|err) [FP] )?"
    r"|\w{3} [ \d]\d \d\d:\d\d:\d\d (?=\S)|[\w.-]{1,60} [\w./@-]{1,60}\[\d{1,9}\]: "
    r"|\[[\w.-]{1,60}-\d{1,4}\] |\[(?:ERROR|WARN|INFO)\] |\[\d{10}\.\d{3,9}\] |\[[\w./]{1,60}\]: "
    r"|- [\w.]{1,60} - (?:ERROR|WARNING|INFO|CRITICAL) - |[\w.]{1,60} {1,40}(?:ERROR|WARNING|INFO|CRITICAL) {1,8}: |> "
    r"|\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\] (?:ERROR|WARNING|INFO|[EWI]) {2,9}"
    r"|(?:ERROR|WARNING|INFO|CRITICAL):[\w.]{1,60}:|std(?:out|err): ){0,6}"
    r"(?:\[[0-9:.]{8,15}\] ?)?")
_END_OF_JSON = re.compile(r"(?:\\r)?\\n\"[,}].{0,600}\Z")
_COLOR = re.compile(r" ?\[\d[\d;]{0,7}m|(?<!\S)\[m(?!\S)")
# The runtime's advice is not ours: it names a release and an address for the vendor's own customers.
_ADVICE = re.compile(r"[,.;]? ?\b(?:please try|If using rknn)\b.*", re.DOTALL)


def messages(log):
    """Return the Messages of the lines of a log; a line into which several threads wrote has more than one."""
    return [message for line in log for message in _of_line(line)]


def _of_line(line):
    line = _END_OF_JSON.sub("", _COLOR.sub("", line)).strip(" `")
    starts = list(_TAG.finditer(line)) or [match for match in [_COLUMNS.match(line)] if match]
    if not starts:
        return [Message(_without_advice(line[_LOGGER.match(line).end():]), False)]
    ends = [match.start() for match in starts[1:]] + [len(line)]
    return [Message(_without_advice(line[match.end():end]),
                    match.group("severity") == "E" and match.group("tag") != "NPUTransfer")
            for match, end in zip(starts, ends)]


def _without_advice(text):
    return _ADVICE.sub("", text).strip()
