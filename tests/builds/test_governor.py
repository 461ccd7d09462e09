# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Frequency scaling without the kernel's governor.h: the form of the kernel's struct is found out at run time."""

from __future__ import annotations

import errno
import shutil
import subprocess
from pathlib import Path

import environment
import pytest

COMPAT = environment.ROOT / "roles" / "driver" / "files" / "dkms" / "compat"
HERE = Path(__file__).resolve().parent
# What a kernel's headers give that file, for an ordinary program.
HEADERS = {
    "devfreq.h": "#pragma once\nstruct devfreq;\n",
    "kernel.h": "#pragma once\n#include <stddef.h>\n#include <stdio.h>\n#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))\n"
                "#define BUILD_BUG_ON(wrong) _Static_assert(!(wrong), #wrong)\n#define pr_warn(...) fprintf(stderr, __VA_ARGS__)\n",
    "list.h": "#pragma once\nstruct list_head { struct list_head *next, *prev; };\n",
    "string.h": "#include <string.h>\n",
}


def kernel(folder, form):
    """Return what a kernel of that form says of the governor it is given."""
    compiler = shutil.which("gcc") or pytest.skip("not installed: gcc")
    for name, text in HEADERS.items():
        path = folder / "include" / "linux" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = folder / "kernel"
    subprocess.run(
        [compiler, "-Wall", "-Werror", "-DFORM=%d" % form, "-isystem", str(folder / "include"), "-I", str(COMPAT / "include"),
         "-o", str(program), str(HERE / "governor_kernels.c"), str(COMPAT / "rkfleet_governor.c")],
        check=True,
    )
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    return done.stdout.split(), done.stderr


@pytest.mark.parametrize(("form", "early"), [(510, "answered"), (511, "refused")])
def test_each_kernels_form_is_recognised(tmp_path, form, early):
    said, warned = kernel(tmp_path, form)
    assert said == ["rknpu_ondemand", "flags=0", "early=" + early, "start=0", "target=42", "events=2", "flags=0", "removed=0"]
    assert not warned


def test_an_unknown_form_is_refused_and_not_guessed(tmp_path):
    said, warned = kernel(tmp_path, 999)
    assert said == ["rknpu_ondemand", "flags=0", "early=refused", "start=-%d" % errno.EOPNOTSUPP, "removed=0"]
    assert "no frequency scaling" in warned
