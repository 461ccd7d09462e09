# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of the state folder with an entry a line: packages, paths, digests."""

from __future__ import annotations

import hashlib
import os
import re

from .._board.files import read_file, write_file

PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9.+~-]{1,200}(?::[a-z0-9]+)?\Z")


def content_digest(content):
    """Return the sha256 of the content of a file, `-` for no file."""
    return "-" if content is None else hashlib.sha256(content).hexdigest()


def packages(state_dir, folder):
    """Return the packages that were installed since this restore point (`pending`, `origin` or `undone`)."""
    return [name for name in read_lines(os.path.join(state_dir, folder, "packages")) if PACKAGE_NAME.match(name)]


def add_packages(path, names):
    """Add the names of packages to a file with one a line."""
    add_lines(path, [name for name in names if PACKAGE_NAME.match(name)])


def link_target(tree, path):
    """Return the target of a symbolic link, and any other path unchanged, also below linked folders."""
    return path if tree.link(path) is None else tree.follow(path)


def add_lines(path, lines):
    """Add those lines to a file that it does not have yet."""
    known = read_lines(path)
    write_file(path, as_lines(known + [line for line in dict.fromkeys(lines) if line not in known]), 0o600)


def read_lines(path):
    """Return the lines of a file, none if it does not exist."""
    return (read_file(path) or b"").decode("utf-8", "surrogateescape").splitlines()


def as_lines(names):
    """Return the content of a file with these lines."""
    return "".join(name + "\n" for name in names).encode("utf-8", "surrogateescape")
