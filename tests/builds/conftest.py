# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Builds of the DKMS tree on this machine, for arm64, with the headers of other kernels: seconds each, no board."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import environment
import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import probes
from builds import kernel_headers, vendor_source

ROOT = environment.ROOT
OWN = ROOT / "roles" / "driver" / "files" / "dkms"
INTERFACES = Path(__file__).resolve().parent / "interfaces"


def _generate():
    spec = importlib.util.spec_from_file_location("rkfleet_driver_generate", ROOT / "tests" / "lab" / "driver" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _lay(headers, tree):
    """Put the headers of one of the lab's vendor trees into *headers*; return their texts."""
    texts = []
    for file in sorted((tree / "include").rglob("*.h")):
        texts.append(file.read_text())
        headers.holds(file.relative_to(tree), texts[-1])
    return texts


class Built:
    """What a build left: ``rc``, ``log``, what it found and, if it was built, the module.

    ``probes`` has what was found by what was looked for, ``losses`` the cause of each thing left out.
    """

    def __init__(self, rc, log, module):
        self.rc, self.log, self.module = rc, log, module
        self.losses = {entry["name"]: entry["cause"] for entry in probes.losses(log)}
        self.probes = dict(re.findall(r"^rkfleet: probe (.+?): (.+)$", log, re.M))

    def _nm(self, *options):
        return subprocess.run(["aarch64-linux-gnu-nm", *options, str(self.module)], capture_output=True, text=True, check=True).stdout

    @property
    def wanted(self):
        """The symbols the module wants from the kernel."""
        return set(re.findall(r"^ *U (\w+)$", self._nm("-u"), re.M))

    @property
    def exported(self):
        return set(re.findall(r"__ksymtab_(\w+)", self._nm()))

    @property
    def functions(self):
        return set(re.findall(r" [tT] (\w+)$", self._nm(), re.M))

    def modinfo(self, field):
        return subprocess.run(["modinfo", "-F", field, str(self.module)], capture_output=True, text=True, check=True).stdout.strip()


class Builder:
    """Header trees by Debian suite, and builds of the DKMS tree with them."""

    def __init__(self, folder):
        self.folder = folder
        self.generate = _generate()

    def headers(self, suite):
        """Return a header tree of *suite*'s kernel of the test's own; skips the test where it cannot be had."""
        try:
            return kernel_headers.Headers(suite, self.folder / "kernel")
        except kernel_headers.NoHeaders as reason:
            pytest.skip("headers of Debian %s: %s" % (suite, reason))

    def vendor(self, suite):
        """Return a header tree in the style of a vendor's: *suite*'s with the lab's headers and symbols of vendor trees."""
        headers = self.headers(suite)
        bsp = ROOT / "tests" / "lab" / "driver" / "bsp"
        _lay(headers, bsp)
        symbols = re.findall(r"^EXPORT_SYMBOL\((\w+)\)", (bsp / "drivers/soc/rockchip/rockchip_bsp_standin.c").read_text(), re.M)
        headers.exports(*symbols)
        return headers

    def vendor_5_10(self):
        """Return a header tree as vendors' 5.10.160 is known to be, whose functions are exported."""
        headers = self.headers("bullseye")
        for text in _lay(headers, ROOT / "tests" / "lab" / "driver" / "bsp-5.10.160"):
            headers.exports(*re.findall(r"\b(rockchip_\w+)\(", text))
        return headers

    def real_source(self, version, module="rknpu"):
        """Return the DKMS source tree of the vendor's unmodified driver; skips the test where it cannot be had."""
        from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source

        try:
            content = vendor_source.tarball(version)
        except vendor_source.NoSource as reason:
            pytest.skip("the vendor's driver %s: %s" % (version, reason))
        return self._written(driver_source.dkms_tree(content, str(OWN), version, module), "vendor-%s-%s" % (version, module))

    def source(self, version, module="rknpu", interfaces=False):
        """Return the DKMS source tree of a stand-in, as the role makes it, unpacked.

        :arg interfaces: with files that ask of a kernel what the vendor's own source is known to ask for.
        """
        from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import driver_source

        files = self.generate.files(version)
        for file in sorted(INTERFACES.glob("*.c")) if interfaces else ():
            files["drivers/rknpu/" + file.name] = file.read_bytes()
            switch = "$(CONFIG_PM_DEVFREQ)" if "devfreq" in file.name else "y"
            files["drivers/rknpu/Makefile"] += b"rknpu-%s += %s.o\n" % (switch.encode(), file.stem.encode())
        tarball = self.folder / "source.tar.bz2"
        tarball.write_bytes(self.generate.tarball(files))
        return self._written(driver_source.dkms_tree(tarball.read_bytes(), str(OWN), version, module), "source-%s-%s" % (version, module))

    def _written(self, tree, name):
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in tree.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def build(self, headers, source, *flags, cached=True):
        """Run the make line of dkms.conf on the host; *cached*: see kernel_headers.environment."""
        line = re.search(r'^MAKE\[0\]="make -C \$\{kernel_source_dir\} M=\S+ (.*)"$', (source / "dkms.conf").read_text(), re.M)[1].split()
        done = subprocess.run(
            [
                "make", "-j2", "-C", str(headers.tree), "M=%s" % source, "ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-",
                "CC=" + kernel_headers.COMPILER, *headers.flags, *flags, *line,
            ],
            env=kernel_headers.environment(self.folder, cached), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )
        module = re.search(r"^RKFLEET_MODULE=(\w+)", "\n".join(line), re.M)[1]
        return Built(done.returncode, done.stdout, source / (module + ".ko"))


@pytest.fixture
def builder(tmp_path):
    """A place to build in."""
    return Builder(tmp_path)
