# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a command of apt, dpkg or update-initramfs failed: the cause in its output, by the rows of _apt_messages."""

from __future__ import annotations

import re

from ._apt_messages import CAUSES, NEEDED
from ._board import files as _files
from ._dkms.causes import environment_causes

_RELATION = re.compile(r"^ {1,60}(?:(\S{1,100}) : )?(?:Pre-?)?(Depends|Breaks|Conflicts): ([^\n]{1,200}?)(?: but "
                       r"([^\n]{1,200}?))?(?: or)?$", re.MULTILINE)
# apt since 3.0 prints how it came to a contradiction: what comes last does not follow from anything else.
_DECIDED = re.compile(r"\b\d+\. ([\w.+-]{1,100})(?::\w+)?(?:=\S{1,100})? Depends ([^\n]{1,200}?)"
                      r"(?= but none | \d+\. |\n|\Z)")
_VERBS = {"Depends": "needs", "Breaks": "does not go with", "Conflicts": "does not go with"}
# In this order: what follows from something else comes last.
_WHY = (
    (r"\S+ is (?:to be )?installed|another version",
     ("the installed version is on hold (apt-mark showhold), or from a repository that the board no longer uses, such "
      "as the updates of its release: add that one, or upgrade or downgrade the package")),
    (r"it is not (?:installable|installed)|it is a virtual",
     ("no repository of the board has it, or only those of another release of the distribution: add the one that does, "
      "then run apt-get update, or use a package for this release")),
    (r"", "apt-get install of that package reports why"),
)
# Neither the epoch of a version nor `:any`.
_ARCHITECTURE = re.compile(r"[\w+.-]:(?!any\b)[a-z]")
_OTHER_RELEASE = re.compile(r"(?:libc6|libstdc\+\+6|libgcc-s1|python3)(?::any)? \(>=")
_NEWER = ("that is newer than in the release of the board's system, for which the package is not made: use a package "
          "or a repository for this release")
_TWO_ARCHITECTURES = ("packages of two architectures (dpkg --print-foreign-architectures) must have the same version: "
                      "upgrade both, or remove the foreign one")
# Not those that only wait for another package.
_UNCONFIGURED = re.compile(r"^dpkg: error processing package ([a-z0-9][a-z0-9.+-]+)(?::[a-z0-9-]+)? \((?:--(\w+))?"
                           r"[^\n]*\n(?! dependency problems)", re.MULTILINE)
_ERRORS = re.compile(r"^(?:E:(?! Can not write log)|Error:|dpkg(?:-deb)?: error(?!: [^\n]*subprocess)|"
                     r"dpkg: unrecoverable)[^\n]*(?:\n [^\n]+)*", re.MULTILINE)
# What a script of a package says before dpkg says that it failed. update-initramfs goes on without a hard link.
_COMPLAINT = re.compile(
    r"^(?!dpkg: |[EWN]: |[Ww]arning: |debconf: |ln: failed to create hard|Errors |locale: |invoke-rc.d: policy)"
    r"(?:\S{1,100}: [^\n]{0,300}(?:annot|ailed|No such|not (?:found|permitted|owned)|denied|\b[Ee]rror|nvalid|"
    r"\b[Uu]nable)|Failed to (?!connect to bus|get unit|retrieve unit|preset))[^\n]{0,200}|"
    r"^Can't locate [^\n]{1,200}", re.MULTILINE)
_OTHERS = re.compile(r"\n(?=(?:Setting up|Processing triggers|Preparing to|Unpacking|Removing|Selecting) )")
_NOISE = re.compile(r"dpkg|[EWN]: |[Ww]arning|debconf: |locale: |perl: |Created symlink|update-|Errors |Adding "
                    r"|Creating |"
                    r"\(Reading|invoke-rc.d: policy")
_SERVICE = re.compile(r"^(?:Job for (\S{1,100}\.service) failed|invoke-rc\.d: initscript ([\w.@-]{1,100}), action \"\w"
                      r"{1,10}\" failed)", re.MULTILINE)
# Behind it only what systemd says of that: else the script has taken it.
_MASKED = re.compile(r"^Failed to [^\n]{1,80}: Unit (?:file )?(?:/\S{0,80}/)?(?:(\S{1,100}) )?is masked\.?"
                     r"(?:\n(?!\S{1,100}: (?!Failed|error: systemctl|initscript))[^\n]{0,200}){0,5}"
                     r"(?:\n(?:dpkg: |Errors were)|\Z)", re.MULTILINE)
# Not the firmware's memory for variables.
_FULL = re.compile(r"^(?!grub-install: |[^\n]{0,80}efivarfs)[^\n]*(?:No space left on device|enough free space|"
                   r"More space needed |cannot write compressed block)", re.MULTILINE)
_UNPACKED = re.compile(r"^dpkg: error processing archive (\S{1,200}) \(--\w{1,20}\):\n [\w .+:-]{0,150}?"
                       r"(?:pre-installation|post-removal|pre-removal|p\w{4,6} maintainer) script (?:subprocess )?"
                       r"(?:returned|failed)", re.MULTILINE)
# Of a package that is missing altogether.
_WAITING = re.compile(r"^dpkg: dependency problems prevent configuration of ([\w.+:-]{1,100}):\n [^\n]{1,100} depends "
                      r"on ([^;\n]{1,100}); however:\n +(?:Package \S{1,100} is (not installed)|"
                      r"Version of \S{1,100} on system is (\S{1,100}[^\s.]))", re.MULTILINE)
_BEGIN = ("Setting up ", "Processing triggers for ")
_LOG_BYTES = 1 << 16
_FAILED_MODULE = re.compile(r"(?:on kernel: ([\w.+~-]{1,128}) \([^\n]{0,80}\n)?"
                            r"Consult (?:the make\.log in the build directory\s+)?/var/lib/dkms/"
                            r"([\w.+~#-]{1,100})/([\w.+~#-]{1,100})/build/")
_NEEDED = re.compile("lib|" + NEEDED)


def explain(output, names=()):
    """Return one sentence for the known cause in the output of apt or dpkg, or None.

    Args:
        output: standard output and error, in English.
        names: the packages that were to be installed.
    """
    output = "\n".join(line[:1000] for line in output.splitlines()[-5000:])
    for pattern, sentence in CAUSES:
        found = re.search(pattern, output)
        if found:
            return sentence.format(*filter(None, found.groups()), "", "", "")
    return _unmet(output, names)


def _unmet(output, names):
    """Return one sentence on dependencies that are not met, or None: the first that does not follow from another."""
    found, package = [], ""
    for match in _RELATION.finditer(output):
        package = match.group(1) or package
        found.append((package, _VERBS[match.group(2)], match.group(3).strip(), (match.group(4) or "").strip()))
    decided = _DECIDED.findall(output)
    if not found and decided:
        found.append((decided[-1][0], "needs", decided[-1][1],
                      "it is not installable" if "[no choices]" in output else "another version is installed"))
    if not found:
        if re.search(r"held broken packages|Resolve generated breaks|problem resolver broke", output):
            return ("apt finds no versions of the packages that fit together: see what is on hold (apt-mark showhold) "
                    "and what /etc/apt/preferences.d prefers (apt-cache policy), then run apt-get --fix-broken install")
        return None
    broken = "--fix-broken install" in output or "apt-get -f install" in output
    if broken:
        found = [entry for entry in found if entry[0] not in names] or found
    remedy, entry = next((remedy, entry) for why, remedy in _WHY for entry in found if re.match(why, entry[3]))
    sentence = "{} {} {}, but {}".format(*entry) if entry[3] else "{} {} {}".format(*entry)
    if broken:
        return (f"the packages that are already on the board do not fit together ({sentence}): run apt-get "
                "--fix-broken install")
    if _ARCHITECTURE.search(entry[0] + " " + entry[2]) and not entry[3].startswith("it is not installable"):
        remedy = _TWO_ARCHITECTURES
    elif _OTHER_RELEASE.match(entry[2]) and entry[3]:
        remedy = _NEWER
    elif entry[1] != "needs" and not (entry[3] and "(" in entry[2]):
        remedy = "only one of them can be installed"
    return f"{sentence}: {remedy}"


def reason(place, out, err, names):
    """Return (one line on why a command failed, from its output, what the controller may explain of that).

    `place` is a callable that returns the path of a file of the board, `names` are the packages that were asked for.
    The last lines of dpkg and DKMS only say that something failed: the cause is above them, or in a log, which the
    controller reads (plugin_utils/_action/apt_causes.py): `[{text of the line, log, whether it is a module's}]`.
    """
    output = out + "\n" + err
    errors = short(" ".join(_ERRORS.findall(output)) or output)
    first = _UNCONFIGURED.search(output)
    if not first or _FULL.search(output):
        return known_cause(place, output, names) or _before_unpacking(output) or _waiting(output) or errors, []
    package, unexplained, removal = first.group(1), [], first.group(2) in ("remove", "purge")
    cause = explain(output)
    if not cause:
        found = list(dict.fromkeys(_FAILED_MODULE.findall(output)))[:4]
        modules = [_failed_module(place, unexplained, *names_of) for names_of in found]
        cause = "; ".join(modules)
    if not cause:
        own = output[max(0, *(output.rfind(begin + package, 0, first.start()) for begin in _BEGIN)):first.start()]
        mine = _OTHERS.split(own)[0]
        if _COMPLAINT.search(mine):
            own = mine
        complaints, service, masked = _COMPLAINT.findall(own), _SERVICE.search(own), _MASKED.search(own)
        cause = short(complaints[-1] if complaints else _last_words(own, package) or errors).rstrip(".")
        if masked:
            cause = _masked(masked)
        elif service:
            cause = "its service {0} does not start: see journalctl -u {0}".format(service.group(1) or service.group(2))
        unexplained.append({"text": cause, "log": output[-_LOG_BYTES:], "module": False})
    why = "package {} cannot be {}: {}".format(package, "removed" if removal else "configured", cause)
    if re.match(r"\S*(?:image|kernel|dtb|u-boot)(?!\S*headers)", package) and not removal:
        # Its script may not have written yet where the boot loader finds the kernel and the initial RAM disk.
        why += ". Do not reboot before that"
    if package in names:
        return why, unexplained
    if removal:
        return f"{why}. Its removal was begun before: correct that, then run dpkg --purge {package}", unexplained
    why += f". It is not one of the packages that are to be installed, so repair it (dpkg --configure {package})"
    # What another package depends on would take that along, such as the kernel's package.
    if not _NEEDED.match(package) and f" depends on {package}" not in output:
        why += f", or remove it if it is not needed (apt-get purge {package})"
    return why + ", and rerun the playbook", unexplained


def _last_words(own, package):
    """Return what the script of a package printed last, or None."""
    if not own.startswith(_BEGIN):
        return None
    lines = [line for line in _OTHERS.split(own)[0].splitlines()[1:] if line.strip() and not _NOISE.match(line)]
    return f"its script ended behind the words '{lines[-1].strip()[:250]}'" if lines else None


def _before_unpacking(output):
    """Return what the script of a package says that runs before it is unpacked, or None."""
    failed = _UNPACKED.search(output)
    if not failed:
        return None
    begin = output.rfind("Preparing to ", 0, failed.start())
    own = output[max(0, begin):failed.start()]
    complaints, masked = _COMPLAINT.findall(own), _MASKED.search(own)
    lines = [line for line in own.splitlines()[1:] if line.strip(" *") and not _NOISE.match(line)][-4:]
    lines = lines if begin >= 0 else []
    words = _masked(masked) if masked else short(complaints[-1] if complaints else " ".join(lines))
    return f"{failed.group(1)} refuses to be installed: {words}" if masked or complaints or lines else None


def _masked(found):
    """Return one sentence on a service that its script may not start."""
    name = found.group(1) or "NAME.service"
    return f"its service {name} is masked, so that it cannot be started: if it may run, run systemctl unmask {name}"


def _waiting(output):
    """Return which package waits for one that is not installed, or None."""
    found = _WAITING.search(output)
    if not found:
        return None
    sentence = "{} needs {}, which is not installed".format(*found.groups())
    if found.group(4):
        sentence = "{0} needs {1}, and version {3} is installed".format(*found.groups())
        if _OTHER_RELEASE.match(found.group(2)):
            return f"{sentence}: {_NEWER}"
    return sentence + ": run apt-get --fix-broken install"


def known_cause(place, output, names=()):
    """Return one sentence for the known cause in the output of apt: for a full disk with the free space."""
    if _FULL.search(output):
        return _files.disk_full(*map(place, ("/var/cache/apt/archives", "/var/lib/dpkg", "/usr", "/boot")))
    return explain(output, names) or environment_causes.known_cause(output)


def _failed_module(place, unexplained, kernel, name, version):
    """Return one sentence on a package of DKMS that was not built while packages were configured."""
    path = f"/var/lib/dkms/{name}/{version}/build/make.log"
    log = (_files.read_file(place(path), 256 * _LOG_BYTES) or b"")[-_LOG_BYTES:].decode("utf-8", "replace")
    kernel, text = kernel or "KERNEL", f"see {path}"
    unexplained.append({"text": text, "log": f"for kernel {kernel}\n{log}", "module": True})
    sentence = f"DKMS cannot build the module of {name}/{version}: {text}. "
    if name == "rknpu":
        return sentence + "It is the NPU driver: correct that, and rerun rkfleet.npu.upgrade_npu"
    # Not --all: the modules of other kernels may be those without which the board cannot be reached.
    return sentence + (
        f"Update the package that has it, or, if the board does not need it with kernel {kernel}, remove it there "
        f"(dkms remove {name}/{version} -k {kernel})")


def short(text):
    """Return the beginning of a text on one line."""
    return " ".join(text.split())[:300] or "no message"
