# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The hook that runs u-boot-update or update-grub once headers were installed after their kernel."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest

HOOK = pathlib.Path(__file__).resolve().parents[6] / "roles/driver/files/default-kernel/zz-rkfleet-npu"
KERNEL, OTHER = "/boot/vmlinuz-6.1.99", "/boot/initrd.img-6.1.84"


@pytest.fixture(params=["dash", "busybox"])
def updated(request, tmp_path):
    """Return a function that returns which program the hook has run, on a board with these files."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")

    def run(*files, built=True):
        text = HOOK.read_text()
        for folder in ("/boot/", "/usr/lib/", "/etc/"):
            text = text.replace(folder, f"{tmp_path}{folder}")
        for path in files:
            place = tmp_path / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("")
        tools = tmp_path / "tools"
        tools.mkdir()
        for place in (tools / "u-boot-update", tools / "update-grub", tmp_path / "usr/lib/rkfleet-npu/kernel-default"):
            place.parent.mkdir(parents=True, exist_ok=True)
            fails = place.name == "kernel-default" and not built
            place.write_text("#!/bin/sh\nexit 1\n" if fails else f"#!/bin/sh\necho {place.name}\n")
            place.chmod(0o755)
        shell = [request.param, "sh"][:1 + (request.param == "busybox")]
        done = subprocess.run(
            [*shell, "-c", text, "hook", "6.1.99"], env={"PATH": f"{tools}:/usr/bin:/bin"}, text=True, check=False,
            capture_output=True)
        assert done.returncode == 0 and not done.stderr
        return [line for line in done.stdout.splitlines() if line.startswith("u")]

    return run


@pytest.mark.parametrize("files, program", [
    ([KERNEL], "u-boot-update"),  # a board whose kernels have no initrd
    ([KERNEL, OTHER, "/boot/initrd.img-6.1.99"], "u-boot-update"),
    ([KERNEL, OTHER, "/boot/initrd.img-6.1.99", "/etc/default/grub.d/zz-rkfleet-npu-kernel.cfg"], "update-grub"),
    # Its package is unpacked and not configured: the menu would start it without an initrd.
    ([KERNEL, OTHER], None), ([], None),
])
def test_the_menu_is_written_again_for_a_kernel_that_can_boot(updated, files, program):
    assert updated(*files) == ([program] if program else [])


def test_not_for_a_kernel_without_the_module(updated):
    assert updated(KERNEL, built=False) == []
