# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts on the installed kernels: which have headers and an NPU driver, and the errors of a failed build."""

from __future__ import annotations

import re

from ..._board.tree import clean
from .. import driver
from .apt_kernels import newest_first
from .headers import RELEASE, has_headers

_IMAGE = re.compile(r"(?:vmlinu[xz]|Image)-(.+)\Z")
_FOLDERS = ("updates/dkms", "updates", "extra", "kernel/drivers/rknpu")
_DKMS = "/var/lib/dkms/rknpu"
LIMIT = 20
# Lines that may explain a failure, or are in another language: the controller does that.
_TELLING = re.compile(
    r"(?i)error|[^\W\d_a-z]|fehler|nicht |erreur|fatal|not found|cannot|can.t|could not|no such|no space|"
    r"stop\.|un(?:defined|declared|known|available)|support|exceeded|stale|recogni|missing|lack|differs|built by|"
    r"you are using|version|warning: the|\*\*\* (?!\[)|denied|skipped|fail|fault|killed|terminated|out of memory|"
    r"read-only|too |format|cert|relocations|clock skew|in the future|restart config|\bld: ")


def _failed_builds(tree):
    """Return `{release: [line]}` of the logs of failed builds; DKMS removes that of a successful one."""
    failed = {}
    for version in tree.names(_DKMS):
        path = "%s/%s/build/make.log" % (_DKMS, version)
        log = tree.text(path, 1 << 20) if tree.exists(path) else None
        kernel = re.match(r"DKMS .{0,200} for kernel (\S{1,128}) \(", log or "")
        if kernel:
            lines = [clean(line, 300) for line in log.splitlines()]
            told = list(filter(_TELLING.search, lines[1:]))
            failed[kernel.group(1)] = list(filter(None, dict.fromkeys(told[:20] + told[-20:] + lines[-5:])))
    return failed


def read(tree, running):
    """Return `[{release, running, headers, module, builtin, build_log}]`, newest first, at most 20.

    Of the kernels below /lib/modules that run or have an image in /boot. module: whether an rknpu module is there, ours
    or the kernel's own; builtin: whether it is built in; build_log: the telling lines of our failed build.
    """
    images = {match.group(1) for match in map(_IMAGE.match, tree.names("/boot")) if match}
    if tree.exists(f"/lib/modules/{running}/modules.builtin"):  # no tool makes it
        images.add(running)
    releases = [name for name in tree.names("/lib/modules") if name in images and RELEASE.match(name)]
    failed = _failed_builds(tree)
    return [
        {
            "release": release, "running": release == running, "headers": has_headers(tree, release),
            "module": any(driver.module_name(name) for folder in _FOLDERS
                          for name in tree.names("/lib/modules/%s/%s" % (release, folder))),
            "builtin": driver.lists_builtin(tree, release), "build_log": failed.get(release, []),
        }
        for release in newest_first(releases)[:LIMIT]
    ]
