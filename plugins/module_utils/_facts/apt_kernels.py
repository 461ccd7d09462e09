# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Facts on the kernels in the board's package repositories."""

from __future__ import annotations

import re

PREFIX = "linux-image-"
_APT_CACHE = "/usr/bin/apt-cache"
NAME = re.compile(r"linux-image-[a-z0-9][a-z0-9+.-]{0,100}\Z")
_DEBUG = re.compile(r"-dbg(?:sym)?\Z")
_LIMIT = 200
_SECONDS = 30


def newest_first(names):
    """Return names in descending order of the numbers in them: `6.1.99-10-x` before `6.1.99-9-x`."""
    def key(name):
        return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name) if part]

    return sorted(names, key=key, reverse=True)


class RepositoryError(Exception):
    """apt-cache failed, with its message."""


def apt_kernels(run):
    """Return the output of apt-cache for packages named `linux-image-*`, or raise RepositoryError.

    run: callable taking a list of arguments, giving (rc, stdout, stderr) as text. apt's own package cache is taken as
    it is; where there is none, one is made in memory. Neither way is anything written, not even by root.
    """
    def names(*how):
        return run(["timeout", str(_SECONDS), _APT_CACHE] + list(how) + ["pkgnames", PREFIX])

    rc, out, err = names("--no-generate")
    if rc != 0:
        rc, out, err = names("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=")
    if rc != 0:
        raise RepositoryError(" ".join(err.split())[:200] or "it ended with %d" % rc)
    return out


def read(tree, ask):
    """Return `{kernels: [package name, ...]}`, newest first and at most 200, or None without apt.

    ask() gives what apt_kernels() does; it is None for a tree recorded on another board, which has no apt.
    """
    if ask is None or not tree.exists(_APT_CACHE):
        return None
    try:
        text = ask()
    except (OSError, RepositoryError) as error:
        tree.note("kernels in the package repositories", "apt-cache: %s" % error)
        return None
    names = set(line for line in text.splitlines() if NAME.match(line) and not _DEBUG.search(line))
    return {"kernels": newest_first(names)[:_LIMIT]}
