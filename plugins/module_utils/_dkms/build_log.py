# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explain a build log: known errors with their remedy, and the results of the feature probes."""

from __future__ import annotations

import re

LOG_BYTES = 1 << 20
# Messages of compiler, make and modpost, with their meaning and what to do. The first match is reported.
# The quotes of gcc and clang depend on the locale.
_Q = "['`\"\u2018\u2019]?"
_REDEFINED = "(?:redefinition of |conflicting types for |static declaration of )" + _Q


def _missing(name):
    """Return a pattern for the messages of compiler and modpost on a function that the kernel does not have."""
    before = "(?:implicit declaration of|call to undeclared) function %s(%s)" % (_Q, name)
    return before + "|(%s)%s.{0,300} (?:undeclared|undefined)" % (name, _Q)


KNOWN_ERRORS = (
    (r"No space left on device", "the disk is full: make room below /var and /lib/modules"),
    (r"Exec format error",
     "the headers package holds programs of another architecture: install the one made for this board"),
    (
        r"(?m)^(?:\S*sh: (?:\d+: |line \d+: )?|make(?:\[\d+\])?: )([\w./+-]*(?:gcc|clang|cc)(?:-[\d.]+)?): "
        r"(?:(?:[Cc]ommand )?not found|No such file or directory)",
        "the compiler {0}, with which the kernel was built, is missing: install it",
    ),
    (
        r"(?:unrecognized command[ -]line option |unknown argument: |unsupported option )" + _Q + r"(-[\w=.,+-]+)",
        "the compiler does not know the option {0}, which the kernel headers use: it is too old or too new for this "
        "kernel; install the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration)",
    ),
    (r"\*\*\* rkfleet: (.+?)\.?\s+Stop\.", "{0}"),
    (
        _REDEFINED + r"(vm_flags_\w+)",
        "the kernel headers already have {0}, and it was defined a second time: update rkfleet.npu, rerun the upgrade "
        "and report the log",
    ),
    (
        _missing(r"vm_flags_\w+"),
        "the kernel headers have no {0} (added in Linux 6.3), and the compat layer did not define it: "
        "update rkfleet.npu, rerun the upgrade and report the log",
    ),
    (
        r"assignment of read-only member " + _Q + r"(vm_flags)",
        "this kernel (6.3 or newer) makes {0} read-only, and this driver release writes it: use driver 0.9.6 or newer",
    ),
    (_missing(r"rockchip_uninit_opp_table"),
     "this BSP kernel is older than 5.10.198 and has no {0}: update the board's kernel"),
    (
        _missing(r"rockchip_opp_set_low_length"),
        "this BSP kernel has no {0}, which driver 0.9.8 requires: use driver 0.9.6 or update the board's kernel",
    ),
    (
        _missing(r"iommu_get_dma_cookie"),
        "the kernel does not export {0} to modules, so the driver must be built without SRAM support: update "
        "rkfleet.npu, which does that",
    ),
    (
        r"fatal error: " + _Q + r"([\w./+-]+\.h)" + _Q + r"(?:: No such file or directory| file not found)",
        "the kernel's headers lack {0}: install the complete headers package of this very kernel",
    ),
    (
        r"ERROR: (?:modpost: )?\"(\w+)\" \[[^]]*\] undefined!",
        "the kernel does not export {0} to modules, and the driver needs it: use another release of the driver, or "
        "boot a kernel of the board's vendor",
    ),
)
# Only a warning, but it may be the reason for an unknown error.
_COMPILER_DIFFERS = re.compile(
    r"the compiler differs from the one used to build the kernel\s+"
    r"The kernel was built by: *(\S.{0,100})\s+You are using: *(\S.{0,100})"
)


def explain(log):
    """Return one sentence for the first known error in a build log, or the first error line, or None."""
    for pattern, sentence in KNOWN_ERRORS:
        found = re.search(pattern, log)
        if found:
            return sentence.format(*filter(None, found.groups()))
    found = re.search(r"^.*\b(?:fatal )?error\b:? .{1,200}$|^ERROR: .{1,200}$", log, re.MULTILINE)
    sentence = found.group(0).strip() if found else None
    differs = _COMPILER_DIFFERS.search(log)
    if sentence and differs:
        compilers = tuple(text.strip() for text in differs.groups())
        sentence += " (the kernel was built by %s, and this is %s: install the former)" % compilers
    return sentence


def probe_lines(log):
    """Return the results of the feature probes, one line each, without their prefix."""
    return re.findall(r"^rkfleet: (.{1,200})$", log, re.MULTILINE)


def losses(log):
    """Return `[{name, cause}, ...]` of what the build left out: frequency scaling, for example."""
    found = re.findall(r"^rkfleet: left out ([a-z_]{1,32}): (.{1,200})", log, re.MULTILINE)
    return [{"name": name, "cause": cause.strip()} for name, cause in dict(found).items()]
