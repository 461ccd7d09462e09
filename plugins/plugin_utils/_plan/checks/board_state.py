# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One board as the planner sees it, and the questions that several steps of the planner have about it."""

from __future__ import annotations

from ....module_utils._board import version as _version
from ....module_utils._boot import boot_facts, kernel_arguments
from ....module_utils._facts import driver as _driver
from ..._facts.complete import complete
from ..diagnosis_effects import may_change
from ..predicates import current_diagnosis
from ..rules import series, soc_of

DKMS_PACKAGE = "rknpu"
ARGUMENT = "%s=%s" % (_driver.BLACKLIST, _driver.INITCALL)


class Unsupported(Exception):
    """The board must not be changed: one sentence why, and one on what its owner can do."""

    def __init__(self, reason, remedy):
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def suppresses_builtin(arguments):
    """Return whether these kernel arguments keep a built-in driver from starting."""
    return bool(arguments) and kernel_arguments.has(arguments, _driver.BLACKLIST, _driver.INITCALL)


class Board:
    """Facts of a board, what is wanted of it, the compatibility data, and the notes for its owner."""

    def __init__(self, facts, wanted, data):
        self.facts = facts = complete(facts) if "sent" in facts else facts
        self.wanted, self.data = wanted, data
        self.driver, self.device, self.kernel, self.runtime = (
            facts[part] for part in ("driver", "device", "kernel", "runtime"))
        self.tools, self.boot = facts.get("tools") or {}, facts.get("boot") or {}
        if "files" in self.boot and self.boot.get("loader") is None:
            self.boot = boot_facts.complete(self.boot)
        self.release, self.target = facts["kernel"]["release"], wanted["driver_version"]
        # A driver without a device file does not answer programs, whatever debugfs says.
        self.silent = None if self.driver.get("render_node") or self.driver.get("version_source") not in (
            "debugfs", "procfs", "module", "builtin") else self.driver["version"]
        if self.silent:
            self.driver = dict(self.driver, version=None)
        self.notes = []
        running = self.driver["version"]
        if (wanted["driver_policy"] != "exact" and self.runs_our_driver and running in data["drivers"]
                and _version.at_least(running, self.target)):
            # A newer driver is not replaced by an older one, nor is it where only its start has to be fixed.
            self.target = running
        if self.silent and wanted["driver_policy"] != "exact" and not _version.at_least(self.target, self.silent):
            # Nor is one without a device file: the same release has one where it is built for DRM.
            newer = [version for version, row in data["drivers"].items()
                     if row.get("path") and _version.at_least(version, self.silent)]
            self.target = min(newer, key=_version.parse, default=self.target)

    @property
    def soc(self):
        """Key of the board's SoC in the compatibility data, or None."""
        return soc_of(self.facts["board"], self.device, self.data["socs"])

    @property
    def dkms_modules(self):
        """What DKMS has of our package, for all kernels: entries as in `facts.dkms.modules`."""
        return [entry for entry in self._dkms if entry["name"] == DKMS_PACKAGE and not entry.get("foreign")]

    @property
    def _dkms(self):
        return (self.facts.get("dkms") or {}).get("modules") or []

    @property
    def foreign_packages(self):
        """Return `[(name, version)]` of DKMS packages with an NPU driver that this collection did not install."""
        return sorted({(entry["name"], entry["version"]) for entry in self._dkms if entry.get("foreign")})

    def foreign_entry(self, name, version):
        """Return the entry of `facts.dkms.modules` for one of the foreign_packages."""
        return next(entry for entry in self._dkms
                    if entry.get("foreign") and (entry["name"], entry["version"]) == (name, version))

    @property
    def foreign_origin(self):
        """Return where the running module comes from if neither the kernel nor this collection brought it, or None."""
        module = self.driver["module"]
        if not module or self.runs_our_driver:
            return None
        packages = ["%s/%s" % (entry["name"], entry["version"]) for entry in self._dkms
                    if entry.get("foreign") and entry["kernel"] == self.release and entry["state"] == "installed"]
        if packages:
            return "DKMS package %s" % packages[0]
        files = [path for path in self.driver["files"] if _driver.module_name(path) == module]
        return next(("file %s" % path for path in files if not path.startswith("kernel/")), None)

    @property
    def dkms_versions(self):
        """Versions of our package that DKMS has installed for the running kernel."""
        return {entry["version"] for entry in self.dkms_modules
                if entry["kernel"] == self.release and entry["state"] == "installed"}

    @property
    def runs_our_driver(self):
        """Whether the running driver is one that DKMS installed as our package: it follows npu_driver_version."""
        return bool(self.driver["module"]) and bool(self.dkms_versions)

    @property
    def record(self):
        """The last verification that the board recorded, or an empty dict."""
        return self.facts.get("verification") or {}

    @property
    def verified(self):
        """Result of the last verification of this very kernel, driver and runtime, or None if there is none."""
        diagnosis = current_diagnosis(self.facts)
        return None if diagnosis is None else diagnosis == "ok"

    @property
    def driver_fails(self):
        """Whether that verification failed with a diagnosis that a plan may answer with another driver.

        A fault of the runtime says nothing of the driver, unless the data has it as failing on this kernel.
        """
        if self.verified is not False:
            return False
        proves = may_change(self.record)
        return "driver" in proves or ("runtime" in proves and self.is_known_to_fail)

    @property
    def is_known_to_fail(self):
        """Whether the data says that the running driver fails on kernels of this series."""
        row = self.data["drivers"].get(self.driver["version"]) or {}
        return series(self.release) in (row.get("fails_on") or [])

    @property
    def fault_is_elsewhere(self):
        """Whether that verification failed for a reason that no other driver fixes."""
        return self.verified is False and not self.driver_fails and self.wanted["driver_policy"] == "working"

    @property
    def keeps_its_driver(self):
        """Whether this board came with a driver that works, and the policy is to leave such a driver unchanged."""
        return self.wanted["driver_policy"] == "working" and not self.runs_our_driver and self.verified is True

    def meets_policy(self, version):
        """Return whether a driver has a version that the policy accepts; only `exact` replaces a newer one."""
        if self.wanted["driver_policy"] == "exact":
            return _version.parse(version) == _version.parse(self.target)
        return _version.at_least(version, self.target)
