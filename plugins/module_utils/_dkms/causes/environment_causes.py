# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a log says of the board itself, its disk, memory and storage: rows as in common_causes, which boards have."""

from __future__ import annotations

import re

REINSTALL = "install or reinstall the complete headers package of this very kernel (apt-get install --reinstall)"
# The quotes of gcc and clang depend on the locale.
Q = "['`\"\u2018\u2019]?"
# What make prints of a program that a signal has ended; the shell's exit code is 128 more than the signal.
ENDED = r"(?m)^make(?:\[\d+\])?: \*\*\* \[[^\]\n]*\] "

ENVIRONMENT = (
    (r"No space left on device|Disk quota exceeded|ENOSPC",
     "the disk is full, or has no inodes left (df -i): make room below /var and /lib/modules"),
    (r"(?<![\w./-])([\w./-]+)" + Q + r"(?: \([^\n]{0,200}\)|,(?: [\w.-]{1,80},?){1,4}\))?: Read-only file system",
     "{0} is on a file system that is mounted read-only: check the storage (dmesg), then remount it"),
    (r"(?m)^(?:\S*sh: (?:\d+: |line \d+: )?|make(?:\[\d+\])?: )(\S+): Permission denied",
     "{0} may not be executed: its file system is mounted noexec, or the file is damaged or for another machine. "
     "Remount it without noexec, or " + REINSTALL),
    ((r"mktemp: failed to create (?:file|directory) via template " + Q
      + r"(/\S{0,200}?)/[^/\s]{1,80}: (?:Perm|No such)|[Cc]annot create temporary file in " + Q
      + r"(/\S{1,200}?)/?" + Q + r": (?:Perm|No such)|"
      r"Unable to mkstemp (/(?:var/)?tmp)/[^/\s]{1,80} - \w{1,20} \((?:2|13): "),
     "no temporary file can be made in {0}: make the folder (mkdir -p {0}, chmod 1777 {0}), or correct TMPDIR"),
    (r": Stale (?:NFS )?file handle",
     ("files of a server (NFS) were replaced or moved there while the board used them: mount its folder again, or "
      "reboot, then try again")),
    (r": Too many open files",
     ("a program may not open more files: end other programs or raise the limit (ulimit -n, DefaultLimitNOFILE), then "
      "try again")),
    (r"(/dev/(?:fd|shm|null|urandom))(?:/\d{1,4})?: No such file|cannot make pipe for process substitution",
     ("the board's /dev is incomplete ({0}), as in a chroot: mount /proc and /dev, and make the link /dev/fd (ln -s "
      "/proc/self/fd /dev/fd)")),
    (r": Input/output error|Structure needs cleaning|Bad message",
     "the storage does not work: see dmesg, check the file system and replace the card if it is worn"),
    ((r"Killed signal terminated program (\w+)|(?:fatal error|compiler error|execute command): Killed|"
     r"(cc1|as|ld|cc1plus|collect2): out of memory|virtual memory exhausted|Cannot allocate memory|"
      r"terminated with signal 9\b|subprocess was killed by signal \(Killed\)|memory "
      r"exhausted|(?m:^Killed$)|: line \d+: +\d+ Killed\b|" + ENDED.replace("(?m)", "(?m:") + r"(?:Killed|Error 137))"),
     ("memory ran out and the kernel ended a program, such as the compiler: add swap (such as zram or a swap file) or "
      "end other programs, then try again; or build on another board (npu_builder, npu_store)")),
    (r"[Cc]annot fork|fork: (?:retry: )?Resource temporarily unavailable",
     ("the board cannot start another process, because memory or the number of processes is exhausted: end other "
      "programs, then try again")),
    ((r"internal compiler error|(?:Segmentation fault|Bus error|Illegal instruction) signal terminated program|"
     r"terminated with signal (?:4|6|7|11)\b|"
      r"unable to execute command: (?!No such|Executable)|command failed due to signal"),
     ("the compiler itself failed, on weak boards often for want of memory or of a stable supply: try again, and "
      "update the compiler if it happens in the same place")),
)


def known_cause(log):
    """Return one sentence for the known cause in a log of apt or a build, or None."""
    log = "\n".join(line[:400] for line in log.splitlines())
    for pattern, sentence in ENVIRONMENT:
        found = re.search(pattern, log)
        if found:
            return sentence.format(next(filter(None, found.groups()), ""))
    return None
