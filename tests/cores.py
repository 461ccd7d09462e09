# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The ansible-cores that a test is run with, as its parameter sets and as virtual environments."""

from __future__ import annotations

import pathlib
import sys

import environment
import pytest


def parameters(rare: pytest.MarkDecorator, *more: str | None) -> list:
    """Return the oldest core, the newest, and marked *rare* those between and *more*: few tests tell them apart."""
    oldest, *between, newest = environment.CORES
    return [oldest, *(pytest.param(core, marks=rare) for core in (*more, *between)), newest]


def venv(core: str, *more: str) -> pathlib.Path:
    """Return a virtual environment with an ansible-core and *more* packages; skip the test without a Python for it."""
    version = {**environment.CORES, **environment.CANDIDATE}[core]
    python = environment.find_python(version)
    if not python:
        pytest.skip(f"no Python {version} on this machine for ansible-core {core}")
    return environment.make_venv(python, [f"ansible-core=={core}", *more], lambda line: print(line, file=sys.stderr))


def programs(core: str | None) -> pathlib.Path:
    """Return the folder of the programs of an ansible-core; None: that of .venv."""
    return venv(core) / "bin" if core else pathlib.Path(sys.executable).parent
