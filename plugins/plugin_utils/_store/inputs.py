# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inputs of a build and the key made of them: builds with the same key are the same."""

from __future__ import annotations

import hashlib
import json
import os

HARD = ("release", "build", "machine", "compiler", "source", "recipe", "version", "module", "certificate")
"""Inputs that must be equal for a module to be the one that the board would build."""
SOFT = ("config", "symvers")
"""Inputs that must be equal if both sides know them: a board without headers has no Module.symvers."""


def build_inputs(kernel, version, module, source, recipe, certificate):
    """Return all inputs that affect the result of a build, as text; None if the board does not report its kernel.

    Args:
        kernel: `ansible_facts.npu.kernel` of the board.
        source: digest of the vendor's tarball.
        recipe: digest of our build files.
        certificate: digest of the certificate that modules are signed with, `""` if they are not signed.
    """
    if not kernel.get("release") or not kernel.get("build"):
        return None
    known = {
        "release": kernel["release"], "build": kernel["build"], "machine": kernel.get("machine"),
        "compiler": kernel.get("compiler"), "config": kernel.get("config_digest"),
        "symvers": kernel.get("symvers_digest"), "source": source, "recipe": recipe, "version": version,
        "module": module, "certificate": certificate,
    }
    return {name: str(value or "") for name, value in known.items()}


def key(wanted):
    """Return the name of a build with these inputs."""
    return _digest({name: wanted[name] for name in HARD + SOFT})


def lock_name(wanted):
    """Return the name of the lock for builds with these inputs.

    Boards that can share a build wait for each other, whether they have headers or not.
    """
    return _digest({name: wanted[name] for name in HARD})


def _digest(values):
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def build_files_digest(folder):
    """Return the digest of a folder with build files: of their names and contents."""
    digests = {}
    for parent, dummy, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as stream:
                digests[os.path.relpath(path, folder)] = hashlib.sha256(stream.read()).hexdigest()
    return _digest(digests)


def matches(available, wanted):
    """Return whether a build with the inputs `available` fits a board with the inputs `wanted`."""
    return all(available[name] == wanted[name] for name in HARD) and all(
        not available[name] or not wanted[name] or available[name] == wanted[name] for name in SOFT)
