# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The diagnosis of an inference: which row of diagnoses.py applies to its outcome and log."""

from __future__ import annotations

import collections
import re
import signal

from ..._board import version as _version
from ..._facts import holders
from ..librknnrt import CODES
from ..program_ends import call_and_code, signal_number
from ..top5 import compare
from .diagnoses import DIAGNOSES, may_change
from .log_lines import OTHER_RELEASE
from .log_text import messages

_OTHER_RELEASE = re.compile(OTHER_RELEASE)
# They follow the line that tells why, or only tell of a choice of cores that was not possible.
_TELLS_NOTHING = re.compile(
    r"\d{1,3}, \d{1,3}\Z|invalid device fd!|Import rknn model failed!|rknn_init, load model failed!"
    r"|rknn_\w{1,30} fail\w{0,4}\b\W{0,4}(?:(?:ret|code)\W{1,5}\d{1,3}\W{0,3})?\Z"
    r"|load model file error!|rkllm_init failed|Not support core mask|NN Compiler/Model Version"
    r"|.{0,120}\b(?:fall ?back to|fallback) (?i:cpu|single ?core)\b|query RKNN_QUERY_\w{1,40} "
    r"|Cannot load ?(?:cl )?cl[A-Z]|Failed to (?:find and )?initialize (?:the )?Open[Cc][Ll]\b"
    r"|.{0,40}\bFallbackGPU\b|Op:.{1,100}\bruns on GPU failed|failed to (?:destroy handle|unmap memory|get DDR freq)\b"
    r"|can not find memory for freeing|core mask = .{1,40} fall back to"
    r"|.{0,80}\b(?:fallback single core|RKNN_FLAG_COLLECT_MODEL_INFO_ONLY)\b")
_NO_MEMORY = re.compile(r"failed to (?:allocate|malloc)\b")
_LOADER = re.compile(
    r"(?P<name>[\w+.-]{1,60}?)\.so(?P<version>(?:\.\d{1,4})?[\d.]{0,12})d?: cannot open shared object")
# As Python, a program that is linked to the library, and Android report what their loader says.
_OF_LOADER = (
    r"(?=[^\s'\"]{1,200}\.so[\d.]{0,12}d?: (?:version `|undefined symbol: "
    r"|cannot (?:open shared|enable exec|allocate memory in)|invalid ELF header|wrong ELF class|file too short"
    r"|failed to map segment))")
_LOADERS_WORDS = (
    r"(?:.{0,200}?\b(?:(?:OS|Import|Attribute)Error|error while loading shared libraries|dlopen failed"
    r"|CANNOT LINK EXECUTABLE.{1,200}?): (?=.{1,300}\.so\b.)"
    r"|.{0,200}?\b(?:symbol lookup|relocation) error: (?=.{1,300}\bsymbol\b)"
    r"|\S{1,200}: (?=\S{1,200}\.so[\d.]{0,9}: version `))(?P<error>.{1,600})")
# Behind words of the program, as of .NET, Node.js, Rust, ONNX Runtime and GStreamer: only of the vendor's libraries, as
# programs also look for what they can do without.
_BEHIND_WORDS = (
    r"(?=.{0,600}\blibr(?:k\w{2,12}|ga)\.so).{0,300}?(?<![^\s'\"(])" + _OF_LOADER + r"(?P<error>[^\"}]{1,600})")
# A symbol of the C++ library without its version is one that it does not have at all.
_TOO_OLD = re.compile(
    r"version `?(?P<symbol>GLIBC|GLIBCXX|CXXABI)_(?:[\d.]{1,12}(?:' not found|\Z| not defined in file )|ABI_)"
    r"|\blibrknnrt\.so: undefined symbol: _ZN?K?S[ta-z]\w{1,200}\Z")
# Libraries whose package has another name.
_PACKAGES = {
    "libz": "zlib1g", "libopencl": "ocl-icd-libopencl1", "libcrypto": "libssl%s", "libssl": "libssl%s",
    "libxml2": "libxml2", "libopencv": "libopencv-dev", "libbz2": "libbz2-1.0", "libomp": "libomp-dev",
    "libgstreamer-1.0": "libgstreamer1.0-0",
    **dict.fromkeys(("libglib-2.0", "libgobject-2.0", "libgio-2.0", "libgthread-2.0", "libgmodule-2.0"),
                    "libglib2.0-0")}
_OF_LIBC = ("libm", "libdl", "libpthread", "librt", "ld-linux-aarch64")
_VENDORS = re.compile(r"lib(?:rk|mk_api|rga\Z|mali)")
_PLAIN_PATH = "/usr/lib/librknnrt.so"
_RK356X = ("rk3562", "rk3566", "rk3568")
_NUMBER = r"(\d{1,4}\.\d{1,4}\.\d{1,4})"
# In the words of the runtime, of RKLLM and of the vendor's demos. Compiled where workers are forked from, not in each.
_DRIVER = re.compile(
    r"(?:RKNN Driver Information(?:,|:) version: |rkllm-runtime version: \S{1,20} rknpu driver version: "
    r"|(?:sdk version: \S{3,20} (?:\(\S{8,60}\) )?)?[Dd]river [Vv]ersion: "
    r"|.{0,200}\b(?:rknn_api/rknnrt version: \S{3,20} \(\S{8,60}\),|rknpu2) driver version: )%s"
    r"(?:\Z|, (?:platform|API [Vv]ersion): )" % _NUMBER)
_RUNTIME = re.compile(
    r"(?:RKNN Runtime Information(?:,|:) librknnrt version: (?P<runtime>\S{3,20} \(\S{8,60}\))\Z"
    r"|(?:sdk version: |[Dd]river [Vv]ersion: \S{3,20}, API [Vv]ersion: "
    r"|.{0,200}\b(?:rknn_api/rknnrt|rknpu2 runtime) version: )"
    r"(?P<sdk>\S{3,20} \(\S{8,60}\))(?:\Z|,? driver version: ))")
_TOOLKIT = re.compile(r"(?:RKNN Model Information.{1,40}\b|rkllm-)toolkit version: %s" % _NUMBER)
_RKLLM = re.compile(r"rkllm[-_ ](?:runtime version|init)\b|(?:rk|RK)llm_init failed|RKLLM starting")
_RKLLMS_TAG = re.compile(r"(?<![A-Z])[EWID][ /]rkllm\b")
_RKLLM_RUNTIME = re.compile(r"rkllm-runtime version: %s" % _NUMBER)
# Of a model that was loaded: a job was submitted.
_PLATFORM = re.compile(
    r"(?:RKNN Model Information.{1,300}\btarget platform: |rkllm-runtime version: .{1,80}\bplatform: )"
    r"(?P<soc>(?i:r[kv])\w{4,10})")
_RECOMMENDED = re.compile(
    r"Current driver version: %s, recommend to upgrade the driver to the new version: >= %s\Z" % (_NUMBER, _NUMBER))

Diagnosis = collections.namedtuple("Diagnosis", "name evidence remedy may_change")

_RUNS = ("rknn_wait", "rknn_matmul_run")
_OF_PROGRAMS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGALRM, signal.SIGUSR1,
                signal.SIGUSR2)
"""Signals that no fault of a library causes, but another program, a session or a pipe."""


def diagnose(outcome, facts):
    """Return the Diagnosis of an inference.

    Its name is one of `diagnoses.NAMES`; the evidence is the line of the log (without its time) or the fact that
    shows it; the remedy is None if nothing is to be done; may_change is `driver`, `runtime` or `nothing`.

    Args:
        outcome: as child.infer() returns it.
        facts: `library` (path), `expected` and `tolerance` as top5.compare() takes them, `wanted_driver`
            (version), `newest_driver` (that is known), `kernel` (release), `nodes` as device_nodes() returns them,
            `surroundings` as surroundings() does, `user` (the Account as which it was run), `users` (of the NPU, where
            it was not run, as holders() returns them). All may be missing.
    """
    log = messages(outcome["log"])
    outcome = _with_ending(outcome, log)
    values = dict(_of_outcome(outcome, facts, log), **_of_board(outcome, facts))
    lines = log + messages([outcome["error"]] * bool(outcome["error"]))
    values.update(_of_surroundings(facts.get("surroundings") or {}, lines),
                  **_of_loader(outcome["error"], values["library"]))
    errors = [line for line in lines if line.error]
    for row in DIAGNOSES:
        if row.stage not in (None, "rknn_run" if values["stage"] in _RUNS else values["stage"]):
            continue
        text, match = _first_match(errors if row.error else lines, row.line) if row.line else (None, None)
        if (row.line or row.codes) and not match and values["code"] not in row.codes:
            continue
        of_row = dict(values, found=text or values["answer"] or values["error"], **(match.groupdict() if match else {}))
        of_row.update(_of_driver(of_row["driver"], of_row["wanted_driver"], of_row.get("required"), facts))
        if all(of_row[name] for name in row.when):
            where = "as user %s: " % of_row["user"] if of_row["user"] else ""
            where += "" if outcome.get("core") in (None, -1) else "core %d of the NPU: " % outcome["core"]
            return Diagnosis(row.name, where + row.evidence.format_map(of_row),
                             row.remedy and row.remedy.format_map(of_row), may_change(row.name, row.may_change))
    raise AssertionError("the last row of the table applies to everything")


def versions(outcome):
    """Return (version and build of the runtime, version of the driver) as the runtime reports them, each or None."""
    return _versions(outcome, messages(outcome["log"]))


def _versions(outcome, log):
    sdk, driver = outcome.get("sdk_version"), outcome.get("driver_version")
    if not sdk:
        match = _first_match(log, _RUNTIME)[1]
        sdk = (match.group("runtime") or match.group("sdk")) if match else None
    if not driver:
        match = _first_match(log, _DRIVER)[1] or _first_match(log, _RECOMMENDED)[1]
        driver = match.group(1) if match else None
    return sdk, driver


def notes(outcome, cores=1):
    """Return the lines of the runtime that are advice, not faults, and which cores were not tried."""
    log = messages(outcome["log"])
    lines = (_first_match(log, pattern)[0] for pattern in (_RECOMMENDED, _OTHER_RELEASE))
    found = [line for line in lines if line]
    tried = len(outcome.get("cores") or [])
    if outcome["stage"] == "done" and 1 < cores > tried:
        found.append(
            "%d of %d cores of the NPU were tried: this runtime cannot choose the others" % (tried or 1, cores))
    return found


def _first_error(log):
    """Return the text of the first error that says more than that there was one, or None."""
    return next((line.text for line in log if line.error and not _TELLS_NOTHING.match(line.text)), None)


def _first_match(log, pattern):
    """Return (text, match) of the first message whose text the pattern matches at its beginning, or (None, None)."""
    for line in log:
        match = re.match(pattern, line.text)
        if match:
            return line.text, match
    return None, None


# -- the values that conditions and sentences in diagnoses.py use --------------------------------------------------

def _of_outcome(outcome, facts, log):
    top, code, number = outcome["top"] or [], outcome["code"], outcome["signal"]
    values = {name: outcome.get(name) for name in ("error", "timed_out", "stuck", "timeout", "differs", "of_program")}
    values["code"] = code
    values.update(stage=outcome["stage"] or "the program", top=top[:5],
                  top1="%d: %.6f" % tuple(top[0]) if top else None)
    values["answer"] = None if code is None else (
        "%s returned %s (%s)" % (values["stage"], code, CODES.get(code, "unknown code")))
    error = _first_error(log)
    if error and code is None and number is None and not (
            values["error"] or values["timed_out"] or outcome["stage"] == "done"):
        values["answer"] = "%s gave no answer" % values["stage"]
    if values["answer"]:
        values["answer"] = "; ".join(filter(None, (error, values["answer"])))
    last = next((line.text for line in reversed(log) if line.text and not _TELLS_NOTHING.match(line.text)), None)
    values.update(erred="; " + error if error else "", silent=not error)
    values["after"] = values["erred"] or (last and "; last line: " + last) or ""
    values["signal"] = signal.Signals(number).name if number in set(signal.Signals) else number
    values.update(killed=number == signal.SIGKILL, aborted=number == signal.SIGABRT,
                  illegal_instruction=number == signal.SIGILL,
                  filtered=number == signal.SIGSYS, at_limit=number in (signal.SIGXCPU, signal.SIGXFSZ),
                  ended=number in _OF_PROGRAMS, unanswered=code is None and outcome["stage"] != "done")
    values["ending"] = "%s in %s; " % (values["signal"], values["stage"]) if values["signal"] else ""
    values.update(unknown_call=outcome["stage"] is None,
                  called=outcome["stage"] not in (None, "dlopen", "rknn_init", "done"))
    values.update(_of_releases(outcome, log), rkllm=_is_rkllm(outcome, log))
    # Jobs fail for want of memory, too; an answer that came all the same is the job's.
    values["memory_suffices"] = outcome["stage"] == "done" or not _NO_MEMORY.match(error or "")
    # The runtime makes 2.8e-05 of them.
    values["zeros"] = bool(top) and top[0][1] < 0.001 and len({score for dummy, score in top[:5]}) == 1
    values["difference"] = compare(top, facts.get("expected") or [], facts.get("tolerance") or 0)
    return values


def _is_rkllm(outcome, log):
    """Return whether the program uses RKLLM, by its words, its call or its tag."""
    return bool(_first_match(log, _RKLLM)[1]) or (outcome["stage"] or "").startswith("rkllm_") or any(
        _RKLLMS_TAG.search(line) for line in outcome["log"])


def _with_ending(outcome, log):
    """Return an outcome of which only the log says how it ended with the loader's error, the code or the signal."""
    if outcome["stage"] == "done" or outcome.get("timed_out") or any(
            outcome[name] is not None for name in ("code", "signal", "error")):
        return outcome
    match = _first_match(log, _OF_LOADER + r"(?P<error>.{1,600})")[1] or _first_match(log, _LOADERS_WORDS)[1]
    stage, code = call_and_code(log, outcome["stage"])
    number = signal_number(log) if code is None else None
    if not match and code is None and number is None and not _first_error(log):
        match = _first_match(log, _BEHIND_WORDS)[1]
    if match:
        return dict(outcome, stage="dlopen", error=match.group("error"), of_program=True)
    return dict(outcome, stage=stage, code=code, signal=number)


def _of_releases(outcome, log):
    """Return the release of the toolkit that made the model, if the runtime's is another one, and the runtime's."""
    toolkit = _first_match(log, _TOOLKIT)[1]
    rkllm = _first_match(log, _RKLLM_RUNTIME)[1]
    release = rkllm.group(1) if rkllm else (_versions(outcome, log)[0] or "").partition(" ")[0]
    other = bool(toolkit and release) and not re.match(re.escape(toolkit.group(1)) + r"(?!\d)", release)
    told = None if other else _first_match(log, _OTHER_RELEASE)[1]
    if told:
        return {"other_toolkit": told.group("toolkit"), "release": told.group("release")}
    return {"other_toolkit": toolkit.group(1) if other else None, "release": release}


def _of_board(outcome, facts):
    nodes = facts.get("nodes") or []
    # An older record has no `exists`; a node that is there has a group.
    missing = [node for node in nodes if not node.get("exists", node["open"] or node["group"])]
    # The runtime opens the card's node: it does without the render node, which a container often has alone.
    needed = len(missing) == len(nodes) or any("/card" in node["path"] for node in missing)
    closed = [node for node in nodes if not node["open"] and node not in missing]
    groups = sorted({node["group"] or "render" for node in closed} - {"root"})
    wanted, kernel, users = facts.get("wanted_driver"), facts.get("kernel"), facts.get("users")
    return {
        "user": facts["user"].name if facts.get("user") else None,
        "users": holders.told(users) if users else None,
        "library": facts.get("library") or "librknnrt.so",
        "driver": versions(outcome)[1] or (facts.get("surroundings") or {}).get("version"),
        "wanted_driver": wanted,
        "to_wanted": " to %s" % wanted if wanted else "",
        "on_kernel": " on kernel %s" % kernel if kernel else "",
        "node": nodes[0]["path"] if nodes else None,
        "misc_node": bool(nodes) and nodes[0]["path"] == "/dev/rknpu",
        "installed_as": _PLAIN_PATH,
        "missing_nodes": " and ".join(node["path"] for node in missing) if needed else "",
        "closed_nodes": " and ".join(node["path"] for node in closed),
        "root_only": bool(closed) and not groups,
        "denied_to_root": bool((facts.get("surroundings") or {}).get("root")) and not facts.get("user"),
        "closed_groups": " and the group ".join(groups),
        "group_list": ",".join(groups),
    }


def _of_surroundings(found, log):
    soc, platform = found.get("soc"), _first_match(log, _PLATFORM)[1]
    rk356x = bool(soc) and soc.startswith(_RK356X)
    told = soc or (platform.group("soc").lower() if platform else "")
    return {
        "rknpu_link": found.get("rknpu_link"), "disabled_node": found.get("disabled_node"),
        "no_node": found.get("npu_node") == "missing", "no_heap": found.get("heap") is False,
        "closed_heap": found.get("heap_open") is False,
        "no_iommu": found.get("iommu") is False, "elsewhere": found.get("elsewhere"),
        "bound": found.get("bound"), "bound_driver": "driver %s" % (found.get("version") or "of an unknown version"),
        "rk356x": rk356x, "not_rk356x": not rk356x, "rv110x": told.startswith(("rv1103", "rv1106")),
        "out_of_reach": (not told or told.startswith(_RK356X)) and (found.get("memory") or 8192) > 4096,
    }


def _of_loader(error, library):
    """Return what the dynamic loader's sentence says: which file it misses, and the package of apt it is in."""
    found = _LOADER.search(error or "")
    missing = found is not None and found.group("name") != "librknnrt"
    old = _TOO_OLD.search(error or "")
    package = ""
    if found is not None:
        stem = found.group("name").lower().replace("_", "-")
        dash = "-" if stem[-1].isdigit() else ""
        version = found.group("version")[1:]
        package = "libc6" if stem in _OF_LIBC else stem + (dash + version if version else "")
        python = re.match(r"libpython3\.\d{1,2}", stem)
        stem = "libopencv" if stem.startswith("libopencv-") else stem
        package = _PACKAGES.get(stem, python.group() if python else package).replace("%s", version)
    vendors = missing and _VENDORS.match(found.group("name"))
    return {
        "missing_library": missing, "vendors_library": vendors and found.group("name") + ".so", "package": package,
        "not_there": found is not None and not missing,
        "too_old": old and ("C library" if old.group("symbol") == "GLIBC" else "C++ library (libstdc++6)"),
    }


def _is_older(version, than):
    try:
        return bool(version and than) and _version.parse(version) < _version.parse(than)
    except ValueError:
        return False


def _of_driver(driver, wanted, required, facts):
    known = facts.get("newest_driver")
    return {
        "or_newer": ", and the releases of the driver for a newer one" if not known or _is_older(driver, known) else "",
        "the_driver": "driver %s" % driver if driver else "the driver",
        "up_to_date": bool(driver and wanted) and not _is_older(driver, wanted),
        "wanted_too_old": _is_older(wanted, required),
    }
