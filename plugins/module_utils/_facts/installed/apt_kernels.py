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
_RELEASE = re.compile(r"\b\d+\.\d+\.\d+-[\w.+~-]*\w")
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


def add_candidates(tree, facts, run):
    """Add `candidates` to facts.repository: `{package: {version, release}}` that apt would install.

    Of the packages of the running kernel, and of their headers. release is the kernel that the description names.
    """
    names = [entry["name"] for entry in facts["packages"]["kernel"]]
    names += [re.sub("^" + PREFIX, "linux-headers-", name) for name in names]
    if not names or facts["repository"] is None:
        return
    try:
        out = run(["timeout", str(_SECONDS), _APT_CACHE, "--no-generate", "--no-all-versions", "show",
                   *sorted(set(names))])[1]
    except OSError as error:
        tree.note("candidates of the kernel's packages", error)
        return
    found = {}
    for entry in out.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Armbian-Kernel-Version-Family|Description(?:-en)?): (.{1,300})",
                                 entry, re.MULTILINE))
        release = _RELEASE.search(fields.get("Armbian-Kernel-Version-Family") or fields.get("Description")
                                  or fields.get("Description-en") or "")
        if fields.get("Package") in names:
            found.setdefault(fields["Package"],
                             {"version": fields.get("Version"), "release": release and release.group()})
    facts["repository"]["candidates"] = found
