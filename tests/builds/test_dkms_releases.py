# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A module from the controller's store, taken by the real DKMS of three Debian releases without compiler or headers."""

from __future__ import annotations

import os
import subprocess
import tarfile

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._board import files as _files
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import package as _dkms_install
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import probes
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import prebuilt
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source
from builds import kernel_headers
from builds.conftest import OWN, Builder

ARCH = "aarch64"
# DKMS asks for root before it is told to --force.
AS_ROOT = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]


class Board:
    """A board below a folder, with the DKMS of a Debian release, and without the kernel's headers."""

    def __init__(self, root, suite, kernel, monkeypatch):
        try:
            self.program = kernel_headers.dkms(suite)
        except kernel_headers.NoHeaders as reason:
            pytest.skip("DKMS of Debian %s: %s" % (suite, reason))
        self.root, self.kernel, self.log = root, kernel, ""
        for name in ("usr/src", "var/lib/dkms", "lib/modules/%s/kernel" % kernel):
            (root / name).mkdir(parents=True)
        for name in ("modules.dep", "modules.order", "modules.builtin"):
            (root / "lib/modules" / kernel / name).touch()
        monkeypatch.setattr(_dkms_install.os, "uname", lambda: os.uname_result(("Linux", "board", kernel, "#1", ARCH)))

    def run(self, command):
        if command[0] == "dkms":
            places = ["--dkmstree", self.root / "var/lib/dkms", "--sourcetree", self.root / "usr/src", "--installtree", self.root / "lib/modules"]
            command = [*AS_ROOT, "bash", self.program, *command[1:], *places, *(["-a", ARCH] if "-k" in command else []),
                       *(["--no-depmod"] if command[1] in ("install", "remove") else [])]
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env={**os.environ, "LC_ALL": "C"})
        self.log += "%s\n%s%s" % (command, done.stdout, done.stderr)
        return done.returncode, done.stdout, done.stderr

    def package(self, version):
        return _dkms_install.DkmsPackage(self.run, "rknpu", version, self.kernel, "rknpu_dkms", str(self.root))


@pytest.fixture(scope="module", name="built")
def built_once(tmp_path_factory):
    """C((build, release of the kernel, the source tree as it is sent, its digest))."""
    builder = Builder(tmp_path_factory.mktemp("built"))
    headers = builder.headers("bookworm")
    build = builder.build(headers, builder.source("0.9.6", "rknpu_dkms"))
    assert build.rc == 0, build.log
    content, digest = driver_source.archive(driver_source.dkms_tree((builder.folder / "source.tar.bz2").read_bytes(), str(OWN), "0.9.6", "rknpu_dkms"))
    (builder.folder / "tree.tar").write_bytes(content)
    return build, headers.release, str(builder.folder / "tree.tar"), digest


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie"])
def test_this_dkms_accepts_a_module_of_the_store(suite, built, tmp_path, monkeypatch):
    build, release, tree, digest = built
    board = Board(tmp_path / "board", suite, release, monkeypatch)
    binary = prebuilt.Binary("rknpu_dkms.ko", _files.sha256_of(str(build.module)), str(build.module), build.log)
    package = board.package("0.9.6")

    # The kernel's own modules stand in for the headers the board has not got: here one that asks for what ours asks for.
    own = tmp_path / "board/lib/modules" / release / "kernel/drivers/gpu/own.ko"
    own.parent.mkdir(parents=True)
    own.write_bytes(build.module.read_bytes())
    problem, compared = package.binary_problem(binary)
    wanted = prebuilt.wanted_versions(board.run, binary.path)
    assert problem is None and wanted and compared.startswith("%d of %d " % (len(wanted), len(wanted)))

    steps = package.steps(digest, stored=True)
    assert steps == ["tree", "load"]
    log = package.deploy(tree, digest, steps, binary)
    assert probes.probe_lines(log) == probes.probe_lines(build.log) != []
    assert _files.sha256_of(package.module_file()) == binary.sha256, board.log
    assert package.steps(digest) == [] == package.leftovers()
    assert "%s, %s: installed" % (release, ARCH) in board.run(["dkms", "status", "-m", "rknpu"])[1]

    # What it packs of that is what we packed, so it takes it for its own.
    theirs, ours = tmp_path / "theirs.tar.gz", tmp_path / "ours.tar.gz"
    rc = board.run(["dkms", "mktarball", "-m", "rknpu", "-v", "0.9.6", "-k", release, "--binaries-only", "--archive", theirs])[0]
    assert rc == 0, board.log
    prebuilt.tarball(binary, str(ours), "rknpu", "0.9.6", release, ARCH, b"")
    assert _files_of(theirs) <= _files_of(ours) and _files_of(ours) - _files_of(theirs) <= {"dkms_main_tree/dkms_dbversion"}

    # Where DKMS has the version already it fails for that, and takes the module all the same.
    package.load(binary)
    package.remove()
    assert package.module_file() is None and not os.path.isdir(package.database)


def _files_of(path):
    with tarfile.open(path) as tar:
        return {os.path.normpath(member.name) for member in tar if member.isreg()}
