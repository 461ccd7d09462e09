# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Boards as file trees, and what is read from them."""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
import struct
import subprocess
import sys

import pytest

# Through any link of the checkout into ansible_collections: the lab is no part of the collection.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))

from rklab.fleets.recorded import RELEASE, Board  # noqa: E402

Uname = collections.namedtuple("Uname", "sysname nodename release version machine")
UNAME = Uname("Linux", "rock5b", RELEASE, "#1", "aarch64")


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    """No test freezes the file system it runs on; what would have been frozen is told."""
    from ansible_collections.rkfleet.npu.plugins.module_utils._board import checkpoint

    places = []
    monkeypatch.setattr(
        checkpoint, "_freeze_and_thaw", lambda handle: places.append(os.readlink("/proc/self/fd/%d" % handle)) or True
    )
    return places


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The actions under test have no task that belongs to a phase, so the clock of the run is off."""
    from ansible_collections.rkfleet.npu.plugins.plugin_utils import _clock

    monkeypatch.setattr(_clock, "measured", lambda task, variables: contextlib.nullcontext())


class Signer:
    """Signs modules as the kernel's sign-file does."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate, self.other_certificate = (self._make(name) for name in ("ours", "other"))

    def _make(self, name):
        # The same serial number: it is no proof.
        command = [
            "openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test/", "-set_serial",
            "0x1234abcd", "-keyout", "%s.key" % name, "-out", "%s.pem" % name,
        ]
        subprocess.run(command, cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        subprocess.run(
            ["openssl", "x509", "-in", "%s.pem" % name, "-outform", "DER", "-out", "%s.der" % name], cwd=self.folder,
            check=True,
        )
        return (self.folder / ("%s.der" % name)).read_bytes()

    def sign(self, module, other=False):
        """A module's bytes with a signature behind them."""
        name = "other" if other else "ours"
        command = [
            "openssl", "cms", "-sign", "-binary", "-noattr", "-nosmimecap", "-nocerts", "-md", "sha512", "-outform",
            "DER", "-signer", "%s.pem" % name, "-inkey", "%s.key" % name,
        ]
        signature = subprocess.run(command, cwd=self.folder, input=module, check=True, stdout=subprocess.PIPE).stdout
        return (
            module + signature + struct.pack(">5B3xI", 0, 0, 2, 0, 0, len(signature)) + b"~Module signature appended~\n"
        )


@pytest.fixture(scope="session")
def signer(tmp_path_factory):
    """Two keys, each with its certificate, of which only the first is the owner's."""
    return Signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture
def board(tmp_path):
    """An empty board."""
    return Board(tmp_path / "board")


@pytest.fixture
def gather():
    """Facts of a board's tree, as root unless said otherwise; answer is what its driver says, or an exception.

    repository: names of the packages that its apt-cache knows, where it has one.
    """
    from ansible_collections.rkfleet.npu.plugins.module_utils._board.tree import Tree
    from ansible_collections.rkfleet.npu.plugins.module_utils._facts.gather import gather as facts
    from ansible_collections.rkfleet.npu.plugins.plugin_utils._facts.complete import complete

    def run(board, answer=("0.9.3", "20231121", "drm_ioctl"), uid=0, repository=None, **areas):
        def ask(path, dma_heap):
            if isinstance(answer, Exception):
                raise answer
            return answer

        ask_repository = None if repository is None else lambda: "\n".join(repository)
        tree = Tree(str(board.root), **areas)
        return complete(facts(tree, uname=UNAME, uid=uid, ask_node=ask, ask_repository=ask_repository))

    return run
