# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What makes two builds the same: the inputs of a build, and the key made of them."""

from __future__ import annotations

import hashlib
import json
import os

HARD = ("release", "build", "machine", "compiler", "source", "recipe", "version", "module", "certificate")
"""What has to be the same for a module to be the one that a board would build."""
SOFT = ("config", "symvers")
"""What has to be the same where both sides know it: a board without headers has no Module.symvers."""


def build_inputs(kernel, version, module, source, recipe, certificate=""):
    """Everything that changes what a build gives, as text; None where the board does not say which kernel it runs.

    Args:
        kernel: `ansible_facts.npu.kernel` of the board.
        source: digest of the vendor's tarball.
        recipe: digest of our build files.
        certificate: digest of the certificate that modules are signed with, `""` where they are not.
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
    """The name of a build with these inputs."""
    return _digest({name: wanted[name] for name in HARD + SOFT})


def lock_name(wanted):
    # Boards that may end up with one build wait for each other, whether they have headers or not.
    return _digest({name: wanted[name] for name in HARD})


def _digest(values):
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def build_files_digest(folder):
    """The digest of a folder with build files: of their names and of what is in them."""
    found = {}
    for place, dummy, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = hashlib.sha256(stream.read()).hexdigest()
    return _digest(found)


def matches(there, wanted):
    """Whether a build with the inputs `there` is one for a board with the inputs `wanted`."""
    return all(there[name] == wanted[name] for name in HARD) and all(
        not there[name] or not wanted[name] or there[name] == wanted[name] for name in SOFT)
