# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From what a board has and what is wanted to one action and its reason. A pure function of three dictionaries.

Nothing is decided anywhere else: roles obey the plan. Everything that can stop a board is looked for here, before
anything is changed; the plan then says `unsupported`, with one sentence why and one on what the owner can do.
"""

from __future__ import annotations

import re

from ...module_utils._board import version as _version
from ...module_utils._boot import loaders
from ...module_utils._facts import apt_kernels, device_tree, driver as _driver, runtime as _runtime, storage
from . import predicates

DKMS_PACKAGE = "rknpu"
ACTIONS = ("none", "vendor_kernel", "dkms", "dkms_over_builtin", "unsupported")
POLICIES = ("working", "floor", "exact")
STRATEGIES = ("auto", "dkms", "vendor_kernel")
# By npu_facts' kernel.signatures: what demands them, and how to do without.
_SIGNATURES = {"config": "CONFIG_MODULE_SIG_FORCE", "argument": "module.sig_enforce", "lockdown": "lockdown"}
_UNSIGNED = {"config": "boot a kernel without CONFIG_MODULE_SIG_FORCE", "argument": "boot it without module.sig_enforce",
             "lockdown": "boot it without lockdown (secure boot, or the argument lockdown=)"}


class Unsupported(Exception):
    """A board that has to be left as it is: one sentence why, one on what its owner can do."""

    def __init__(self, reason, remedy):
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def npu_plan(facts, wanted, compatibility):
    """The plan for one board.

    facts: `ansible_facts.npu`; wanted: {driver_version ("" = the default), driver_policy: working | floor | exact,
    driver_strategy: auto | dkms | vendor_kernel, runtime_version ("" = the one that goes with the driver), signing (whether modules are signed)};
    compatibility: merged and checked data. The result's keys are documented with the filter npu_plan.

    Raises ValueError where the wish itself is wrong (a release nobody has a row for): no board can be to blame.
    """
    if not isinstance(facts, dict) or not all(key in facts for key in ("board", "kernel", "device", "driver", "runtime")):
        raise ValueError("there are no NPU facts of this board: run rkfleet.npu.npu_facts first")
    planner = _Planner(facts, _checked(wanted, compatibility), compatibility)
    return planner.plan()


def _checked(wanted, compatibility):
    wish = {
        "driver_version": wanted.get("driver_version") or compatibility["defaults"]["driver"],
        "driver_policy": wanted.get("driver_policy") or "working",
        "driver_strategy": wanted.get("driver_strategy") or "auto",
        "runtime_version": wanted.get("runtime_version") or "",
        "signing": bool(wanted.get("signing")),
    }
    unknown = sorted(set(wanted) - set(wish))
    if unknown:
        raise ValueError("unknown wish: %s" % ", ".join(unknown))
    for key, allowed in (("driver_policy", POLICIES), ("driver_strategy", STRATEGIES)):
        if wish[key] not in allowed:
            raise ValueError("%s is %r, not one of %s" % (key, wish[key], ", ".join(allowed)))
    for key, section, hint in (("driver_version", "drivers", "path and sha256"), ("runtime_version", "runtimes", "path, sha256 and model")):
        if wish[key] and wish[key] not in compatibility[section]:
            raise ValueError("%s %s is not in the compatibility data (known: %s); add a row with %s to npu_compatibility.%s" % (
                key.replace("_", " "), wish[key], ", ".join(sorted(compatibility[section], key=_version.parse)), hint, section))
    return wish


def headers_package(release, rules):
    """The package that holds a kernel's headers: the first rule whose `match` fits the release, `\\1` filled in."""
    return headers_rule(release, rules)[0]


def headers_rule(release, rules):
    """(package, hint): the same, and where the package is found when no repository has it ("" where nothing is known)."""
    for rule in rules:
        match = re.match(rule["match"], release)
        if match:
            return match.expand(rule["package"]), rule.get("hint", "")
    return "linux-headers-" + release, ""


def kernel_row(release, kernels):
    """The row with the highest version at or below a kernel release."""
    version = _version.kernel(release)
    below = [key for key in kernels if _version.kernel(key) <= version]
    return kernels[max(below, key=_version.kernel)] if below else {"supported": False, "reason": "no row covers it", "remedy": None}


def soc_of(board, device, socs):
    """Name of the row for a board's SoC: by its name, else by what its NPU node says it is; None where there is neither."""
    if board.get("soc") in socs:
        return board["soc"]
    matching = [key for key in sorted(socs) if socs[key]["compatible"] in device.get("compatible", ())]
    matching.sort(key=lambda key: "family" in socs[key])
    return matching[0] if matching else None


def _short(release):
    return ".".join(str(part) for part in _version.kernel(release)[:2])


class _Planner:
    """The steps of npu_plan(), over one board."""

    def __init__(self, facts, wish, data):
        self.facts, self.wish, self.data = facts, wish, data
        self.driver, self.device, self.kernel = facts["driver"], facts["device"], facts["kernel"]
        self.tools, self.boot = facts.get("tools") or {}, facts.get("boot") or {}
        self.notes = []
        self.target = wish["driver_version"]

    def plan(self):
        """The result dictionary."""
        result = {"action": "none", "reason": "", "remedy": "", "module": None, "initcalls": [], "deployed": False, "packages": [], "reboot": False,
                  "changes": [], "notes": self.notes, "soc": None, "kernel": self.kernel["release"], "replaces": None, "baseline": None, "here": None,
                  "proven": None, "unchanged": False,
                  "driver": dict(self.data["drivers"][self.target], version=self.target), "runtime": {"version": None, "install": False, "reason": ""},
                  "model": {"key": None, "file": None, "platform": None, "picture": None, "expected_top5": [], "tolerance": None,
                            "recorded_with": None}}
        try:
            self._board_can()
            result["soc"] = soc_of(self.facts["board"], self.device, self.data["socs"])
            # Known before anything can stop the board: one that works need not be supported by what it does not need.
            result["here"] = self._here(result["soc"])
            result["proven"] = self._record() if self._proven() is not None else None
            result["baseline"] = self._baseline(result["here"])
            action, reason = self._driver_action()
            result["unchanged"] = action == "none" and not self._satisfied(self.driver["version"])
            final = self._final(action)
            result["driver"] = dict(self.data["drivers"].get(final, {}), version=final)
            runtime = self._runtime(action, final)
            result.update(runtime=runtime, model=self._model(runtime["version"], result["soc"]))
            self._can_be_verified(result["model"], result["soc"], runtime["version"])
            self._other_kernels()
            if action == "none" and not runtime["install"]:
                result.update(reason=reason, baseline=None)
                return result
            self._may_change(action, runtime)
            self._can_go_back(action)
            if action in ("dkms", "dkms_over_builtin"):
                self._dkms(result, action)
            elif action == "vendor_kernel":
                self._vendor_kernel(result)
            if runtime["install"]:
                last = len(result["changes"]) - bool(result["reboot"])
                result["changes"].insert(last, "install librknnrt.so %s as %s" % (runtime["version"], runtime["path"]))
                reason = "%s %s" % (reason, runtime["reason"])
            result.update(action=action, reason=reason)
            self._reboot(result)
            self._space(result)
        except Unsupported as stop:
            result.update(action="unsupported", reason=stop.reason, remedy=stop.remedy, module=None, initcalls=[], packages=[], reboot=False,
                          changes=[], deployed=False, kernel=self.kernel["release"], replaces=None)
            result["runtime"] = dict(result["runtime"], install=False)
        return result

    # -- is this a board at all -----------------------------------------------------------------------------

    def _board_can(self):
        board, device = self.facts["board"], self.device
        needs = self.data["requirements"]
        if self.kernel["machine"] not in needs["machine"]:
            raise Unsupported("This is a %s machine, and the vendor's driver and runtime exist for %s only." % (
                self.kernel["machine"], ", ".join(needs["machine"])), "Take it out of the inventory group.")
        if (self.facts.get("os") or {}).get("container"):
            raise Unsupported("This is a container (%s): a driver belongs to the kernel outside it." % self.facts["os"]["container"],
                              "Run the playbook on the board itself.")
        if self.tools.get("bits") == 32:
            raise Unsupported("The user space is 32-bit, and librknnrt.so for it is not covered.", "Install a 64-bit (arm64) system on the board.")
        if not board["compatible"]:
            raise Unsupported("There is no device tree, so the board cannot be told.",
                              "Boot it with the device tree of its vendor; a machine that starts by ACPI has none.")
        if not any(entry.startswith("rockchip,") for entry in board["compatible"]):
            raise Unsupported("This is not a Rockchip board but %s (%s)." % (board["model"] or "unnamed", ", ".join(board["compatible"])),
                              "Take it out of the inventory group.")
        if self.driver["presence"] == "rocket":
            raise Unsupported(
                "The NPU is run by (or described for) mainline's driver rocket, which librknnrt.so cannot use.",
                "Either boot a vendor kernel 5.10 or 6.1 with its device tree, or stay on mainline and use rocket with Mesa's Teflon, without RKNN.")
        if device["node"] is None:
            raise Unsupported("The device tree of this %s has no NPU node." % (board["model"] or "board"),
                              "Boot a vendor kernel whose device tree describes the NPU, or enable the overlay that does.")
        if not device_tree.is_rknpu(device["compatible"]):
            raise Unsupported("The NPU node %s is described as %s, which the vendor's driver does not match." % (
                device["node"], ", ".join(device["compatible"]) or "nothing"), "Boot a vendor kernel with its own device tree.")
        if device["status"] not in ("okay", "ok"):
            raise Unsupported("The NPU node %s is switched off in the device tree (status %s)." % (device["node"], device["status"]),
                              "Enable the NPU with the board's overlay tool (rsetup, armbian-config, orangepi-config) and reboot.")
        soc = soc_of(board, device, self.data["socs"])
        if soc is None:
            raise Unsupported("The SoC %s has no row in the compatibility data." % (board["soc"] or "of this board"),
                              "Add a row for it to npu_compatibility.socs.")
        if device["address"] != self.data["socs"][soc]["npu_node"]:
            self.notes.append("The NPU node is at %s, not at %s as expected of a %s." % (device["address"], self.data["socs"][soc]["npu_node"], soc))
        python = self.tools.get("python")
        if python and not _version.at_least(python, needs["python"]):
            raise Unsupported("Python %s is too old, %s or newer is needed." % (python, needs["python"]),
                              "Set ansible_python_interpreter to a newer Python of this board.")

    # -- the driver -----------------------------------------------------------------------------------------

    def _ours(self):
        """Whether the driver that runs is one DKMS put there under our name: then it follows npu_driver_version."""
        return bool(self.driver["module"]) and any(
            entry["name"] == DKMS_PACKAGE and entry["kernel"] == self.kernel["release"] and entry["state"] == "installed"
            for entry in (self.facts.get("dkms") or {}).get("modules") or [])

    def _new_enough(self, version):
        """Whether a driver from elsewhere, such as a vendor's kernel, would do."""
        if self.wish["driver_policy"] == "exact":
            return _version.parse(version) == _version.parse(self.target)
        return _version.at_least(version, self.target)

    def _satisfied(self, version):
        """Whether the driver that runs is the wanted one. One of ours is exactly that, or it is above a floor."""
        if self.wish["driver_policy"] == "working" and (self._ours() or self._proven() is False):
            return _version.parse(version) == _version.parse(self.target)
        return self._new_enough(version)

    def _proven(self):
        """What the last verification says of this very kernel, driver and runtime: True, False, or None where there is none."""
        diagnosis = predicates.current_diagnosis(self.facts)
        return None if diagnosis is None else diagnosis == "ok"

    def _record(self):
        return self.facts.get("verification") or {}

    def _left_alone(self):
        """Whether this is a board that came with a driver which works."""
        return self.wish["driver_policy"] == "working" and not self._ours() and self._proven() is True

    def _here(self, soc):
        """What proves the board as it is: {runtime, model}, or None where nothing does."""
        runtime = self.facts["runtime"]
        model = self._model(runtime.get("version"), soc) if self.driver["version"] and runtime.get("path") else {"file": None}
        if not model["file"] or not model["picture"] or not any(model["file"].get(name) for name in ("sha256", "git_blob")):
            return None
        return {"runtime": runtime["version"], "model": model}

    def _baseline(self, here):
        """What has to be tried before anything is changed: {runtime, model, required}, or None where that is known or cannot be.

        It decides only where a working driver of the board's own is left alone, and the compatibility data does not say that it
        fails on this kernel. Else it only says what a rollback has to bring back.
        """
        if here is None or self._proven() is not None or predicates.is_pending(self.facts):
            return None
        fails = (self.data["drivers"].get(self.driver["version"]) or {}).get("fails_on") or []
        decides = self.wish["driver_policy"] == "working" and not self._ours()
        return dict(here, required=decides and _short(self.kernel["release"]) not in fails)

    def _where(self):
        if self.driver["module"]:
            return "module %s" % self.driver["module"]
        return "built into the kernel" if self.driver["presence"] == "builtin" else "bound"

    def _final(self, action):
        """The driver the board ends up with: above a floor, or with a vendor's kernel, it may be newer than the wanted one."""
        if action == "vendor_kernel":
            return self._offered()["driver_version"]
        return self.driver["version"] or self.target if action == "none" else self.target

    def _driver_action(self):
        """(action, reason) for the driver alone."""
        driver, running = self.driver, self.driver["version"]
        if running and self._satisfied(running):
            lost = self._lost_at_reboot()
            if lost:
                return self._way(lost)
            wanted = _version.parse(running) == _version.parse(self.target) and self.wish["driver_policy"] != "floor"
            return "none", "Driver %s answers (%s)%s." % (running, self._where(), (
                ", as wanted" if wanted else ", at or above the floor %s" % self.target))
        if running and self._left_alone():
            reason = ("Driver %s answers (%s) and MobileNet works with it: it is left alone, although %s is the release wanted. "
                      "Set npu_driver_policy to floor or exact to have it changed all the same." % (running, self._where(), self.target))
            self.notes.append(reason)
            return "none", reason
        if running:
            fails = " and MobileNet fails with it" if self.wish["driver_policy"] == "working" and self._proven() is False else ""
            reason = "Driver %s is %s%s; %s is wanted." % (running, self._where(), fails, self.target + (
                " or newer" if self.wish["driver_policy"] == "floor" else ""))
        elif self.device["driver"] == _driver.PLATFORM_DRIVER:
            reason = "A driver is bound, but its version cannot be read; %s is wanted." % self.target
        elif driver["presence"] == "builtin" and driver["held_down"]:
            reason = "The built-in driver is held down and no module has taken its place on kernel %s; %s is wanted." % (self.kernel["release"], self.target)
        elif driver["presence"] == "absent":
            reason = "Kernel %s has no NPU driver; %s is wanted." % (self.kernel["release"], self.target)
        else:
            reason = "No driver is bound to the NPU although the kernel has one (%s); %s is wanted." % (driver["presence"], self.target)
        return self._way(reason)

    def _lost_at_reboot(self):
        """Why the right driver of now would be gone after the next boot, or None."""
        if self.driver["presence"] != "builtin" or self.driver["module"] is None:
            return None
        upcoming = self.boot.get("next")
        if upcoming is not None and not loaders.has_argument(upcoming, _driver.BLACKLIST, _driver.INITCALL):
            return "Driver %s answers, but the boot loader's configuration no longer holds the built-in driver down: it would be back after the next boot." % (
                self.driver["version"])
        return None

    def _offered(self):
        """The newest kernel package of the board's repositories with a driver that would do, {package, release, driver_version}, or None."""
        names = (self.facts.get("repository") or {}).get("kernels") or []
        soc = soc_of(self.facts["board"], self.device, self.data["socs"])
        offered = apt_kernels.vendor_kernels(names, self.data.get("vendor_kernels") or [], soc)
        running = apt_kernels.PREFIX + self.kernel["release"]
        # An older kernel would not be the one that boots.
        return next((kernel for kernel in offered if self._new_enough(kernel["driver_version"]) and kernel["package"] != running
                     and apt_kernels.newest_first([kernel["package"], running])[0] != running), None)

    def _way(self, reason):
        """(action, reason) by the strategy."""
        offered = self._offered() if self.wish["driver_strategy"] != "dkms" else None
        if offered:
            return "vendor_kernel", "%s The board's repository has %s with driver %s." % (reason, offered["package"], offered["driver_version"])
        if self.wish["driver_strategy"] == "vendor_kernel":
            raise Unsupported("%s The board's package repository offers no kernel with it." % reason,
                              "Set npu_driver_strategy to auto or dkms to have it built for kernel %s." % self.kernel["release"])
        return ("dkms_over_builtin" if self.driver["presence"] == "builtin" else "dkms"), reason

    def _vendor_kernel(self, result):
        """Fill in what taking the vendor's kernel takes. What holds its driver down, or would load ours instead, has to go."""
        offered = self._offered()
        changes = ["install %s; kernel %s stays installed" % (offered["package"], self.kernel["release"])]
        held = bool(self.boot.get("next")) and loaders.has_argument(self.boot["next"], _driver.BLACKLIST, _driver.INITCALL)
        ours = sorted({entry["version"] for entry in (self.facts.get("dkms") or {}).get("modules") or [] if entry["name"] == DKMS_PACKAGE})
        if held or ours:
            result["replaces"] = {"module": self.driver["module"] or ("rknpu_dkms" if held else "rknpu"), "versions": ours,
                                  "initcalls": [_driver.INITCALL] if held else []}
            changes.append("take away what has driver %s started instead" % (ours[-1] if ours else "of DKMS"))
        result.update(reboot=True, kernel=offered["release"], packages=[offered["package"]], changes=changes + ["reboot"])

    def _other_kernels(self):
        """Notes on kernels the board may boot next."""
        for kernel in self.facts.get("kernels") or []:
            if self._ours() and not kernel["running"] and kernel.get("build_error"):
                self.notes.append("Kernel %s is installed, but driver %s could not be built for it: %s" % (
                    kernel["release"], self.driver["version"], kernel["build_error"]))

    def _dkms(self, result, action):
        """Fill in what building and activating takes, or say why it cannot be."""
        row = self.data["drivers"][self.target]
        release = self.kernel["release"]
        if not row.get("path"):
            raise Unsupported("Driver %s is not published as a source release." % self.target,
                              "Choose one that is (%s), or give npu_compatibility.drivers a path and sha256 for it." % ", ".join(
                                  key for key in self.data["drivers"] if self.data["drivers"][key].get("path")))
        self._kernel_can(action)
        recommended = (row.get("kernel_recommended") or {}).get(_short(release))
        if recommended and _version.kernel(release) < _version.kernel(recommended):
            self.notes.append("The vendor recommends Linux %s or newer for driver %s." % (recommended, self.target))
        if self.kernel["headers"] and self.kernel.get("vendor_headers") is False:
            self.notes.append("Kernel %s has none of the vendor's headers: the driver is built without frequency scaling (devfreq)." % release)
        over = action == "dkms_over_builtin"
        module = "rknpu_dkms" if over else "rknpu"
        installed = self._installed(module)
        set_up = not over or bool(self.boot.get("next")) and loaders.has_argument(self.boot["next"], _driver.BLACKLIST, _driver.INITCALL)
        running = self.driver["version"] and self._satisfied(self.driver["version"]) and self.driver["module"] == module
        changes = []
        if self.tools.get("packages_interrupted"):
            changes.append("have dpkg finish what it was cut off at")
        if not installed:
            result["packages"] = self._packages()
            if result["packages"]:
                changes.append("install the packages %s" % ", ".join(result["packages"]))
            changes.append("build driver %s with DKMS for kernel %s as module %s" % (self.target, release, module))
            if any(_driver.module_name(path) == module and not path.startswith("updates/") for path in self.driver["files"]):
                self.notes.append("The kernel's own module %s is kept by DKMS and comes back when ours is removed." % module)
        if not set_up:
            changes.append("add %s=%s to the kernel arguments in %s" % (_driver.BLACKLIST, _driver.INITCALL, self.boot["config"]))
        if not installed or not set_up:
            changes.append("load %s at boot" % module)
        if not running:
            changes.append("reboot")
            if self.facts.get("processes"):
                self.notes.append("In use by %s: the reboot ends that." % ", ".join(
                    "%s (pid %s)" % (process["name"], process["pid"]) for process in self.facts["processes"][:5]))
        if self.boot.get("loader") not in ("u-boot-menu", "radxa"):
            self.notes.append("This boot loader starts a newer kernel at once when one is installed: run preflight-npu.yml before a kernel update.")
        result.update(module=module, initcalls=[_driver.INITCALL] if over else [], deployed=installed and set_up, reboot=not running, changes=changes)

    def _installed(self, module):
        """Whether DKMS has the wanted release in place for the running kernel, and its file is there."""
        entries = (self.facts.get("dkms") or {}).get("modules") or []
        known = any(entry["name"] == DKMS_PACKAGE and entry["version"] == self.target and entry["kernel"] == self.kernel["release"]
                    and entry["state"] == "installed" for entry in entries)
        return known and any(_driver.module_name(path) == module and path.startswith("updates/") for path in self.driver["files"])

    def _kernel_can(self, action):
        release, config = self.kernel["release"], self.kernel.get("config") or {}
        try:
            row = kernel_row(release, self.data["kernels"])
        except ValueError as error:
            raise Unsupported("The kernel's release cannot be told: %s." % error, "Boot a kernel of the board's vendor.") from error
        if not row["supported"]:
            raise Unsupported("Kernel %s is not supported by driver %s: %s." % (release, self.target, row.get("reason") or "see the compatibility data"),
                              row.get("remedy") or "Boot a kernel the compatibility data supports.")
        if config and "MODULES" not in config:
            raise Unsupported("Kernel %s was built without modules." % release, "Boot a kernel of the board's vendor, with CONFIG_MODULES.")
        if config and "DRM" not in config:
            raise Unsupported("Kernel %s was built without DRM, which the driver's memory management needs." % release,
                              "Boot a kernel of the board's vendor, with CONFIG_DRM.")
        demanded = self.kernel.get("signatures") or ("config" if "MODULE_SIG_FORCE" in config else None)
        if demanded:
            why = "Kernel %s loads signed modules only (%s)" % (release, _SIGNATURES[demanded])
            if not self.wish["signing"]:
                raise Unsupported("%s, and the key of its vendor is not ours." % why,
                                  "Set npu_signing_key and npu_signing_cert to a key whose certificate this kernel trusts, or %s." % _UNSIGNED[demanded])
            self.notes.append("%s: the driver is signed with npu_signing_key, and loads only if this kernel trusts npu_signing_cert." % why)
        if action == "dkms_over_builtin":
            self._builtin_can_be_held_down(config)

    def _builtin_can_be_held_down(self, config):
        argument = "%s=%s" % (_driver.BLACKLIST, _driver.INITCALL)
        if config and "KALLSYMS" not in config:
            raise Unsupported("The driver is built into kernel %s, which has no CONFIG_KALLSYMS: %s has no effect there." % (self.kernel["release"], argument),
                              "Boot a kernel of the board's vendor with CONFIG_KALLSYMS, or one with driver %s in it." % self.target)
        if self.boot.get("error"):
            raise Unsupported("The driver is built in, and the boot loader's configuration cannot be edited: %s." % self.boot["error"].rstrip("."),
                              "Set it right, or add %s to the kernel arguments by hand, reboot, and run this again." % argument)
        known = self.boot.get("loader") not in (None, "unknown") and self.boot.get("config")
        if not known and not self.driver["held_down"]:
            raise Unsupported("The driver is built in, and the boot loader of this board is not one whose configuration is known.",
                              "Add %s to the kernel arguments by hand, reboot, and run this again." % argument)
        if not known:
            self.boot = dict(self.boot, next=self.boot.get("cmdline"))  # held down by the owner's own hand
        elif str(self.boot["config"]).startswith("/usr/share/"):
            self.notes.append("The kernel arguments come from %s, which an update of its package may overwrite." % self.boot["config"])

    def _packages(self):
        tools = (("dkms", "dkms"), ("make", "make"), ("compiler", "gcc"))
        packages = [package for tool, package in tools if not self.tools.get(tool)]
        if not self.kernel["headers"]:
            package, hint = headers_rule(self.kernel["release"], self.data["headers"])
            packages.append(package)
            self.notes.extend([hint] if hint else [])
        return packages

    # -- runtime and model ----------------------------------------------------------------------------------

    def _runtime(self, action, final):
        row_of = self.data["drivers"].get(final) or self.data["drivers"][self.target]
        version = self.wish["runtime_version"] or row_of.get("runtime") or self.data["drivers"][self.target].get("runtime")
        have = self.facts["runtime"]
        path = have.get("link") or _runtime.PATH
        if version is None:
            return {"version": have.get("version"), "path": path, "install": False, "reason": "No runtime is named for driver %s." % final}
        row = self.data["runtimes"][version]
        keep = action == "none" and have.get("version") and self._left_alone()
        result = {"version": version, "path": path, "path_upstream": row["path"], "install": False,
                  "sha256": row.get("sha256"), "git_blob": row.get("git_blob"), "size": row.get("size"), "build": row.get("build"),
                  "rknn_server": row.get("rknn_server")}
        if keep and not self.wish["runtime_version"]:
            return dict(result, version=have["version"], reason="Runtime %s works with it and is left alone." % have["version"])
        soc = self.data["socs"][soc_of(self.facts["board"], self.device, self.data["socs"])]
        if soc.get("runtime_floor") and not _version.at_least(version, soc["runtime_floor"]):
            raise Unsupported("Runtime %s is too old for this SoC, which needs %s or newer." % (version, soc["runtime_floor"]),
                              "Choose another npu_runtime_version.")
        floor = row.get("driver_floor") or {}
        if floor.get("requires") and not _version.at_least(final, floor["requires"]):
            raise Unsupported("Runtime %s refuses drivers older than %s, and this board is to have %s." % (version, floor["requires"], final),
                              "Choose another npu_runtime_version, or a newer npu_driver_version.")
        if floor.get("recommends") and not _version.at_least(final, floor["recommends"]):
            self.notes.append("Runtime %s recommends driver %s or newer, and this board is to have %s." % (version, floor["recommends"], final))
        matches = [have.get(key) == row[key] for key in ("sha256", "git_blob") if row.get(key) and have.get(key)]
        if have.get("path") is None:
            return dict(result, install=True, reason="There is no runtime; %s goes with driver %s." % (version, final))
        if not matches or not all(matches):
            if have.get("version") == version:
                return dict(result, install=True, reason="The runtime calls itself %s but is not the pinned file." % version)
            there = have.get("version") or "of an unknown version"
            return dict(result, install=True, reason="Runtime %s is there; %s goes with driver %s." % (there, version, final))
        if have.get("loader") and have["loader"] != have["path"]:
            self.notes.append("Programs that ask the loader get %s, not %s." % (have["loader"], have["path"]))
        return dict(result, reason="Runtime %s is there." % version)

    def _model(self, runtime, soc):
        key = self.data["socs"][soc].get("model") or (self.data["runtimes"].get(runtime) or {}).get("model")
        row = self.data["models"].get(key) or {}
        family = self.data["socs"][soc].get("family") or soc
        files = row.get("soc") or {}
        artefact = files.get(soc) or files.get(family)
        picture = self.data["pictures"].get(row.get("picture"))
        return {"key": key, "file": artefact, "platform": self.data["socs"][soc]["model_dir"], "picture": picture,
                "expected_top5": row.get("expected_top5", []), "tolerance": row.get("tolerance"), "recorded_with": row.get("recorded_with")}

    def _can_be_verified(self, model, soc, runtime):
        if model["file"] is None:
            self.notes.append("No demo model is known for %s with runtime %s: the board cannot be verified by inference." % (soc, runtime))
        elif not any(model["file"].get(name) for name in ("sha256", "git_blob")):
            self.notes.append("The checksum of %s is not known: the board cannot be verified by inference before npu_compatibility.models gives "
                              "its sha256 or git_blob (models.%s.soc)." % (model["file"]["path"], model["key"]))

    # -- may it be changed ----------------------------------------------------------------------------------

    def _may_change(self, action, runtime):
        if self.facts.get("privileged"):
            return
        what = "driver %s" % self.target if action != "none" else "runtime %s" % runtime["version"]
        raise Unsupported("This board needs %s, and it was read without root." % what,
                          "Give the ssh user sudo on the board and leave npu_become at true.")

    def _can_go_back(self, action):
        """Refuse a board that would lose what is written at the reboot, or could not roll itself back."""
        boot = action == "vendor_kernel" or storage.writes_boot(self.boot)
        problem = storage.problem(self.facts.get("filesystems"), self.boot.get("links"), (self.facts.get("os") or {}).get("init"), boot)
        if problem:
            raise Unsupported(*problem)

    def _reboot(self, result):
        """Refuse a reboot that would not go through the boot loader; note that a hang in the new driver ends by itself less surely."""
        if not result["reboot"]:
            return
        kexec = self.kernel.get("kexec")
        if kexec == "loaded" and self.tools.get("kexec"):
            self.notes.append("A kernel is loaded for kexec: it is unloaded, so that the reboot goes through the boot loader.")
        elif kexec == "loaded":
            raise Unsupported("A kernel is loaded for kexec, so the reboot would not go through the boot loader, and there is no tool to unload it.",
                              "Unload it (apt install kexec-tools, then kexec -u), or power the board off and on, and rerun the playbook.")
        elif kexec == "locked":
            raise Unsupported("A kernel is loaded for kexec and cannot be unloaded (kernel.kexec_load_disabled is 1).",
                              "Power the board off and on, and rerun the playbook.")
        elif kexec == "reboot" and (result["action"] == "vendor_kernel" or result["initcalls"]):
            raise Unsupported("kexec-tools reboots this board past the boot loader, with the kernel arguments it has now (LOAD_KEXEC=true).",
                              "Set LOAD_KEXEC=false in /etc/default/kexec, and rerun the playbook.")
        watchdog = self.facts.get("watchdog") or {}
        if watchdog.get("usable") is False:
            self.notes.append("The hardware watchdog cannot be used (%s): a hang in the new driver needs the kernel's lockup detectors or a power cycle."
                              % watchdog["problem"])

    def _space(self, result):
        needs = {}
        shares = (("build", result["module"] and not result["deployed"]), ("packages", result["packages"]), ("runtime", result["runtime"]["install"]),
                  ("boot", result["module"] and not result["deployed"] and storage.writes_boot(self.boot)),
                  ("kernel", result["action"] == "vendor_kernel"))
        for share, wanted in shares:
            for path, mib in self.data["space"][share].items() if wanted else ():
                needs[path] = needs.get(path, 0) + mib
        for path, mib in sorted(needs.items()):
            free = (self.facts.get("space") or {}).get(path)
            if free is not None and free < mib:
                raise Unsupported("There are %d MiB free at %s, and %d MiB are needed." % (free, path, mib),
                                  "Free %d MiB there (apt clean, old kernels) and run this again." % (mib - free))
