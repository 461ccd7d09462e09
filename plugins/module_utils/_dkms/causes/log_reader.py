# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explain a build log by rows of known errors with their remedy."""

from __future__ import annotations

import re

from .common_causes import LIBRARIES, PROGRAMS, WITHOUT_ERROR
from .languages import english

# Only a warning, but it may be the reason for an unknown error.
_COMPILER_DIFFERS = re.compile(
    r"the compiler differs from the one used to build the kernel\s+"
    r"The kernel was built by: *(\S.{0,100})\s+You are using: *(\S.{0,100})"
)
_DIFFERS = " (the kernel was built by %s, and this is %s)"
_CLANG = ". Install clang, lld and llvm; DKMS before 3.0.11 uses them after export LLVM=1 in /etc/dkms/framework.conf"
# In this order: the last lines of make, DKMS and dpkg only say that something failed.
_ERROR_LINES = (
    r"^(?!collect2: |configure: error: in ).*\b(?:fatal )?error(?:\[\w{1,9}\])?: .{1,200}",
    # Neither that no report of a crash was written, nor a library that is only not preloaded.
    r"^(?:\S{1,40}: )?[ \t]*(?:ERROR|FATAL|LLVM ERROR): (?!Cannot create report|ld\.so: object).{1,200}",
    r"^.{0,200}: (?:undefined reference to|relocation truncated to fit:) .{1,200}",
    # dtc
    r"^(?:Error|Lexical error): (?!Sub-process).{1,200}",
    r"^FATAL ERROR: .{1,200}",
    r"^\S{0,100}\bld(?:\.\w{1,9})?: (?!warning|skipping|.*warning:|.*in function).{1,200}",
    # gcc in other languages, on a board whose kernel was updated by hand
    r"^\S+:\d+: .{0,20}(?:Fehler|erreur|ошибка|错误|錯誤|エラー|오류).{1,200}",
    r"^.*\*\*\* (?!\[|Waiting for|Deleting).{1,200}",
    r"^Error! (?!Bad return status|One or more modules).{1,200}",
    r"^(?!dpkg: |E(?:rror)?: Sub-process|.*subprocess (?:returned|failed)|ERROR: ).*\berror\b .{1,200}",
    r"^.{1,200}: (?:Unable to recogni|file not recogni|Argument list too long|Too many levels).{0,200}",
    r"^collect2: error: .{1,200}",
    r"^(?:\S{1,100}: )?(?:cp|mv|ln|rm|mkdir|touch|install|chmod|chown|sed|tar|xz): (?:cannot|can't|failed).{1,200}",
    r"^(?:FAILED|\S*Kconfig[\w.]*:\d+:|[A-Z]\w{2,30}Error:|\S*sh: (?:line )?\d+: [Ss]yntax error) .{1,200}",
    r"^.{1,200}: (?:Permission denied|Operation not permitted|Segmentation fault)$",
)


def known_cause(log, causes):
    """Return one sentence for the known cause in a build log, or None.

    Args:
        causes: rows of common_causes or build_causes.
    """
    log = _shortened(log)
    differs, log = _COMPILER_DIFFERS.search(log), english(log)
    for pattern, sentence, *needed in causes:
        found = re.search(pattern, log)
        if found and all(text in log for text in needed):
            names = [*filter(None, found.groups()), ""]
            kernel = re.search(r"for kernel:? ([\w.+~-]{0,127}[\w+])", log)
            cause = sentence.format(*names, package=_package(names[0]) if "{package}" in sentence else "",
                                    kernel=kernel.group(1) if kernel else "KERNEL")
            return cause + _compilers(differs) if differs and "CONFIG_CC_VERSION_TEXT" in cause else cause
    return None


def explain(log, causes):
    """Return one sentence for the known cause in a build log, or the first error line, or None."""
    cause = known_cause(log, causes)
    if cause:
        return cause
    log = _shortened(log)
    differs = _COMPILER_DIFFERS.search(log)
    found = next(filter(None, (re.search(line, log, re.MULTILINE) for line in _ERROR_LINES)), None)
    sentence = found.group(0).strip() if found else known_cause(log, WITHOUT_ERROR)
    if sentence and differs:
        sentence += _compilers(differs, ": install the former)")
    return sentence


def _compilers(differs, end=")"):
    """Return which compilers made the kernel and run here, in parentheses."""
    built_by, here = (text.strip() for text in differs.groups())
    return _DIFFERS[:-1] % (built_by, here) + end + (_CLANG if "clang" in built_by and "clang" not in here else "")


def _shortened(log):
    """Return a log with lines of a bounded length, as its patterns take long on long ones."""
    return "\n".join(line[:400] for line in log.splitlines())


def _package(name):
    """Return the Debian package of a header, a library or a program."""
    for pattern, package in LIBRARIES if re.search(r"\.(?:h|so)\b", name) else ():
        if re.match(pattern, name):
            return package.format(name)
    program = name.rsplit("/", 1)[-1]
    # On arm64, gcc-12 brings aarch64-linux-gnu-gcc-12; other prefixes are of toolchains that Debian does not have.
    program = re.sub(r"^aarch64-linux-gnu-", "", program)
    return PROGRAMS.get(program, "llvm" if program.startswith("llvm-") else program)
