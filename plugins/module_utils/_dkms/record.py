# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What DKMS has on record for one version of a package, and the modules that it has installed."""

from __future__ import annotations

import glob
import os
import shutil

from .._board.paths import SUFFIXES
from .source_tree import read_log


class Record:
    """DKMS's folder of one version of a package.

    Args:
        folder: It, such as `/var/lib/dkms/NAME/VERSION`.
        modules: The folder with a folder of modules for each kernel.
        module: Name of the module.
    """

    def __init__(self, folder, modules, module):
        self.folder, self.modules, self.module = folder, modules, module

    def installed(self, kernel):
        """Return the paths of the modules that DKMS has installed for a kernel, whatever their compression."""
        paths = [os.path.join(self.modules, kernel, "updates/dkms", self.module + ".ko" + suffix)
                 for suffix in SUFFIXES]
        return [path for path in paths if os.path.isfile(path)]

    def needs_repair(self, kernel):
        """Return whether DKMS has a build of ours for the kernel, or does not find the source: see repair."""
        return os.path.isdir(self.folder) and (
            os.path.isdir(os.path.join(self.folder, kernel)) or bool(self.links())
            or not os.path.exists(os.path.join(self.folder, "source")))

    def links(self, kernel=None, any_version=False):
        """Return DKMS's links that mark this version, or any, as installed for a kernel or all kernels."""
        package, version = os.path.split(self.folder)
        links = glob.glob(os.path.join(glob.escape(package), "kernel-%s-*" % (glob.escape(kernel) if kernel else "*")))
        return [link for link in links if os.path.islink(link)
                and (any_version or os.readlink(link).startswith(version + "/"))]

    def strays(self, kernel):
        """Return modules in the place of ours that have no link: the power failed between the file and the link."""
        # Another package may build a module of this name.
        packages = glob.escape(os.path.dirname(os.path.dirname(self.folder)))
        others = glob.glob(os.path.join(packages, "*", f"kernel-{glob.escape(kernel)}-*", "module",
                                        self.module + ".ko*"))
        return [] if others or self.links(kernel, any_version=True) else self.installed(kernel)

    def repair(self, kernel, tree):
        """Make DKMS build the module again: after a power failure there may be an empty module, or no source.

        DKMS itself only checks folders and links, and would install that module again.
        """
        shutil.rmtree(os.path.join(self.folder, kernel), ignore_errors=True)
        shutil.rmtree(os.path.join(self.folder, "build"), ignore_errors=True)
        # DKMS takes a module without a link for the kernel's own, and would restore it when ours is removed.
        for find in (self.links, self.strays):
            for path in find(kernel):
                os.unlink(path)
        source = os.path.join(self.folder, "source")
        if not os.path.exists(source):
            if os.path.islink(source):
                os.unlink(source)
            os.symlink(tree, source)

    def log(self, kernel):
        """Return the make log of the last build, at most 1 MiB of its end."""
        paths = [os.path.join(self.folder, "build/make.log")]
        paths += sorted(glob.glob(os.path.join(self.folder, glob.escape(kernel), "*/log/make.log")))
        return next(filter(None, map(read_log, paths)), "")
