# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Inferences by the collection's own code in an arm64 Python under qemu-user, with a simulated NPU node preloaded.

Debian's arm64 packages of Python and the C++ library are downloaded once (15 MB) into the user's cache, without root:
apt has lists of its own there and nothing is installed.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import environment
from witness.vendor import HERE, UnavailableError, cache_folder, last_line

SUITE, PYTHON = "bookworm", "python3.11"
PACKAGES = (f"{PYTHON}-minimal", f"lib{PYTHON}-stdlib", "libstdc++6")
KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
EMULATOR, COMPILER = "qemu-aarch64-static", "aarch64-linux-gnu-gcc"
NODE = environment.ROOT / "tests/lab/runtime/fake_device.c"
LIMIT = 600  # seconds for all cases together


def require_tools() -> None:
    """Raise UnavailableError if a program of this machine is missing, with the package that contains it."""
    needed = {EMULATOR: "qemu-user-static", COMPILER: "gcc-aarch64-linux-gnu", "apt-get": "apt", "dpkg-deb": "dpkg"}
    for program, package in needed.items():
        if not shutil.which(program):
            raise UnavailableError(f"{program} is not installed (Debian: {package})")


@functools.cache
def tree() -> pathlib.Path:
    """Return a folder with an arm64 Debian's Python and C++ library.

    :raises UnavailableError: where Debian's archive cannot be reached.
    """
    kept = cache_folder() / f"arm64-{SUITE}-{PYTHON}"
    if not kept.exists():
        if not KEYRING.exists():
            raise UnavailableError(f"{KEYRING} is not there (Debian: debian-archive-keyring)")
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            work = pathlib.Path(folder)
            for package in _fetch(work):
                subprocess.run(["dpkg-deb", "-x", str(package), str(work / "tree")], check=True)
            # Another run may have been faster.
            if not kept.exists():
                (work / "tree").rename(kept)
    return kept


def _archive():
    """Return the address of Debian's archive, as this machine has it."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(COMPONENT)", "Created-By: Packages"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    known = [line.split("|")[0] for line in done.stdout.splitlines() if line.endswith("|Debian|main")]
    return next((address for address in known if "security" not in address), "http://deb.debian.org/debian")


def _fetch(work):
    """Download the packages and what they depend on to `work`; return their paths."""
    for name in ("lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    (work / "sources.list").write_text(f"deb [signed-by={KEYRING}] {_archive()} {SUITE} main\n")
    options = {
        "Dir::State": work,
        "Dir::State::status": os.devnull,
        "Dir::Cache": work / "cache",
        "Dir::Etc::SourceList": work / "sources.list",
        "Dir::Etc::SourceParts": os.devnull,
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    for words in (["update"], ["--yes", "--no-install-recommends", "--download-only", "install", *PACKAGES]):
        done = subprocess.run(
            [*apt, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False
        )
        packages = sorted((work / "cache/archives").glob("*.deb"))
        # An update that could not reach the archive only warns.
        if done.returncode or (words != ["update"] and not packages):
            raise UnavailableError(f"Debian's arm64 Python cannot be had: {last_line(done.stderr)}")
    return packages


def build_node(folder: pathlib.Path) -> pathlib.Path:
    """Build the simulated NPU node for arm64, to be preloaded; return its path."""
    node = folder / "node.so"
    subprocess.run(
        [COMPILER, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", str(node), str(NODE)],
        check=True,
    )
    return node


def run(node: pathlib.Path, script: str, *words: str, given: str = "", **settings: str) -> str:
    """Run a script of this folder in the arm64 Python; return what it printed.

    :param settings: environment variables of the script, whose fault is an AssertionError.
    """
    root = tree()
    environ = {"LD_PRELOAD": str(node), "PYTHONPATH": str(environment.COLLECTIONS), "LANG": "C.UTF-8", **settings}
    done = subprocess.run(
        [
            *(EMULATOR, "-L", str(root), *(word for pair in environ.items() for word in ("-E", "=".join(pair)))),
            *(str(root / "usr/bin" / PYTHON), "-S", "-B", str(HERE / script), *words),
        ],
        input=given,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ask(node: pathlib.Path, cases: list[dict]) -> list[dict]:
    """Return the outcome of each case, as ask.py takes them."""
    return json.loads(run(node, "ask.py", given=json.dumps(cases)))
