# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A board with the log of a build that failed, as an audit reads it."""

from __future__ import annotations

from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_log
from ansible_collections.rkfleet.npu.plugins.module_utils._facts.installed import kernels


def explained(root, kernel, log, tail, *, dkms, version):
    """Return what the lines that an audit sends of this log are explained with; *tail* is how the log ends."""
    build = root / f"var/lib/dkms/rknpu/{version}/build"
    for folder in (build, root / "boot", root / "lib/modules" / kernel):
        folder.mkdir(parents=True)
    (root / "boot" / f"vmlinuz-{kernel}").touch()
    head = f"DKMS (dkms-{dkms}) make.log for rknpu/{version} for kernel {kernel} (aarch64)\n"
    (build / "make.log").write_text(
        head + "  CC [M]  /x/y.o\n" * 50 + log + "  CC [M]  /x/z.o\n" * 10 + tail, encoding="utf-8")
    [entry] = kernels.read(Tree(str(root)), "6.1.43")
    return build_log.explain("\n".join(["for kernel " + kernel, *entry["build_log"]]))


def assert_said(sentence, needed, forbidden):
    """Fail if a sentence lacks one of the words *needed*, or has the one that is *forbidden*."""
    assert all(word in (sentence or "") for word in needed) and forbidden not in sentence, sentence
