# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DKMS packages from elsewhere that ours replaces. They leave DKMS's database; their source trees stay."""

from __future__ import annotations

import os
import re

from .source_tree import DkmsError

_VERSION = re.compile(r"\w[\w.+~-]{0,99}\Z")
_OTHER = re.compile(r"(\w[\w.+-]{0,99})/(\w[\w.+~-]{0,99})\Z")


class ForeignPackages:
    """Packages that may be replaced, of those that DKMS has.

    Args:
        run: Callable that runs a list of arguments and returns `(rc, stdout, stderr)`.
        place: DKMS's folder with a folder for each package.
        name: Name of our package.
        version: Its version.
        replaces: Versions of packages of that name, and `NAME/VERSION` of others with a module of the same name.
    """

    def __init__(self, run, place, name, version, replaces):
        self.run, self.place, self.name, self.version, self.replaces = run, place, name, version, replaces

    def same_name(self):
        """Return `[(name, version)]` of the other versions of the package: DKMS would build one for a new kernel."""
        return self._present((self.name, version) for version in self.replaces
                             if version != self.version and _VERSION.match(version))

    def other_names(self):
        """Return `[(name, version)]` of the packages of other names: their module has the place of ours."""
        found = (match.groups() for match in map(_OTHER.match, self.replaces) if match)
        return self._present(other for other in found if other[0] != self.name)

    def databases(self):
        """Return the folders of the other_names() in DKMS's database."""
        return [os.path.join(self.place, name) for name in sorted({name for name, dummy in self.other_names()})]

    def _present(self, packages):
        return [package for package in packages if os.path.isdir(os.path.join(self.place, *package))]

    def remove(self, which):
        """Remove packages from DKMS, and their modules with them.

        Args:
            which: same_name or other_names.

        Raises:
            DkmsError: DKMS did not remove one.
        """
        for name, version in which():
            rc, out, err = self.run(["dkms", "remove", "-m", name, "-v", version, "--all"])
            if (name, version) in which():
                raise DkmsError(f"DKMS did not remove the package {name}/{version}, which ours replaces (dkms ended "
                                f"with {rc})", out + err)
