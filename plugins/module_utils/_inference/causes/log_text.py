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
    r"(?<![A-Z])(?P<severity>[EWIDT])(?:/|  ?)(?P<tag>RKNN(?:API)?|NPUTransfer|rkllm)"
    r"(?: {0,8}\( {0,6}\d{1,9}\))?(?: {0,8}[:\uff1a]|(?= \[\d\d:\d\d:))" + _TIME)
# Android Studio: the tag, the program, then the severity.
_COLUMNS = re.compile(
    r"\d[\d:. -]{20,40}\s(?P<tag>RKNN(?:API)?|rkllm)\s{1,40}\S{1,100}\s{1,40}(?P<severity>[EWID])  ?" + _TIME)
_DATE = r"\d{4}[-/]\d\d[-/]\d\d[T ]"
_CLOCK = r"\d\d:\d\d:\d\d[\d.,]{0,12}(?: ?(?:Z|[+-]\d\d:?\d\d))?"
_SEVERITY = r"(?:ERROR|WARNING|WARN|INFO|CRITICAL|FATAL|DEBUG)\b"
# What journald, syslog, docker, Kubernetes, ROS, the loggers of Python, Go, Rust and C++, and people who quote put
# before a line. In brackets a line of the runtime never begins.
_LOGGER = re.compile("(?:" + "|".join((
    r"\[" + _DATE + r"[^\]]{8,80}\] ", r"\[?(?:" + _DATE + ")?" + _CLOCK + r"\]? {0,2}(?:std(?:out|err) [FP] |\| )?",
    r"\w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? (?=\S)", r"\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\] ",
    r"\[ {0,8}\d{1,10}\.\d{3,9}\] ", r"[\w.-]{1,60} [\w./@-]{1,60}\[\d{1,9}\]: ",
    _SEVERITY + r" {0,8}\| {1,2}[\w.]{1,60}:[\w<>]{1,60}:\d{1,6} - ",
    r"(?:\d{1,3}\|)?[\w.-]{1,60} {1,20}\| {1,2}", r"\[[\w./@+-]{1,60}\]:? ",
    r"[EWIF]\d{4} [\d:.]{8,15} {1,8}\d{1,8} [\w./-]{1,60}:\d{1,6}\] ",
    r"- [\w.]{1,60} - " + _SEVERITY + " - ", r"[\w.]{1,60} {1,40}" + _SEVERITY + " {1,8}: ",
    _SEVERITY + r":[\w.]{1,60}:",
    _SEVERITY + r"[ :|-]{1,12}(?:\w{1,40}\.[\w.]{1,60}: )?", r"[EWI] {2,9}", "std(?:out|err): ", r"<\d{1,3}>", "> ",
    # The rest of a tag whose beginning is cut off.
    r"(?:R?K?NN?)?: \[\d\d:\d\d:\d\d\.\d{3}\] ", "RKNN: ",
    r"\w{1,32}@[\w.-]{1,60}:\S{0,60}[$#] ")) + "){0,8}")
# A logger's record as JSON, or as NAME=VALUE: only its message counts.
_RECORD = re.compile(
    r"(?:\{(?:\"\w{1,20}\": ?(?:\"[^\"]{0,80}\"|[\d.]{1,20}), ?){0,6}\"(?:log|message|MESSAGE|msg|text)\": ?\""
    r"|(?:\w{1,20}=(?:\"[^\"]{0,80}\"|[^\s\"]{1,80}) ){1,6}msg=\")")
_END_OF_RECORD = re.compile(r"(?:(?:\\r)?\\n)?(?<!\\)\".{0,600}\Z")
_COLOR = re.compile(r" ?\[\d[\d;]{0,7}m|(?<!\S)\[m(?!\S)")
# The runtime's advice is not ours: it names a release and an address for the vendor's own customers.
_ADVICE = re.compile(r"[,.;]? ?\b(?:please try|If using rknn)\b.*", re.DOTALL)


def messages(log):
    """Return the Messages of the lines of a log; a line into which several threads wrote has more than one."""
    return [message for line in log for message in _of_line(line)]


def _of_line(line):
    line = _COLOR.sub("", line).strip(" `")
    record = _RECORD.match(line, _LOGGER.match(line).end())
    if record:
        line = _END_OF_RECORD.sub("", line[record.end():], 1)
    starts = list(_TAG.finditer(line)) or [match for match in [_COLUMNS.match(line)] if match]
    if not starts:
        return [Message(_without_advice(line[_LOGGER.match(line).end():]), False)]
    ends = [match.start() for match in starts[1:]] + [len(line)]
    return [Message(_without_advice(line[match.end():end]),
                    match.group("severity") == "E" and match.group("tag") != "NPUTransfer")
            for match, end in zip(starts, ends)]


def _without_advice(text):
    return _ADVICE.sub("", text).strip()
