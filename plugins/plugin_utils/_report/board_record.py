# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Return a record for each board of a fleet: identity, status and plan. Pure functions: variables in, JSON out.

Answers of boards are not trusted: each value has the documented kind and a limited size, or is null.
"""

from __future__ import annotations

from ...module_utils._board.paths import FACT_FILE, timestamp
from .._answers.failure import NO_ANSWER
from .._answers.limits import COMPUTING, computing
from .._docs import TROUBLESHOOTING
from .._facts import npu_users
from .._plan.checks.build_losses import of_facts
from .._plan.condition import suspect_sentence
from .._plan.predicates import has_work, is_current, setup_of
from .._schema.record import RECORD, STATUSES
from .._schema.values import dictionary, fit, number_of, sequence
from .hostvars import HELD, board_variables, is_held, registered, was_contacted
from .table import INSPECT_IT, NO_SENSE, NOT_INSPECTED, OUTCOMES

WORDS = {"needs_work": "%d need work"}


def record(name, variables, now):
    """Return the record of one board, always with the same keys.

    Args:
        variables: what an audit or an upgrade has set, as for `rkfleet.npu.npu_recap`: `ansible_facts.npu`,
            `__npu_plan`, `__npu_verification`, `__npu_error`, `__npu_cause`, `__npu_skipped`, `__npu_outcome`,
            `__npu_is_committed`, and `npu_hold` of the inventory. Of a board that was only inspected, `__npu_audit` is
            enough: what `rkfleet.npu.npu_audit_info` returned.
        now: when the board was inspected, in seconds since the epoch.
    """
    try:
        with computing(COMPUTING):
            return _record(name, variables, now)
    except Exception as error:  # pylint: disable=broad-exception-caught
        # One board's answers must not prevent the report for the others.
        return _record(name, {"__npu_error": "%s (%s)" % (NO_SENSE, type(error).__name__)}, now)


def _record(name, variables, now):
    seen = _seen(variables)
    facts, plan = seen["facts"], seen["plan"]
    known = dict(facts, name=str(name), checked_at=timestamp(now), verification=None)
    users = npu_users.complete(sequence(facts.get("processes")))
    nodes = sequence(facts.get("device_nodes"))
    known.update(device_nodes=list(map(_node, nodes)), in_use=list(map(npu_users.named, users)))
    known["build_losses"] = of_facts(facts) if facts else []
    known["plan"] = dict(plan, **{part: dictionary(plan.get(part)).get("version") for part in ("driver", "runtime")})
    entry = fit(known, RECORD)
    if seen["committed"]:
        entry["upgrade"].update(state="committed", pending=False, why=None)
    entry["verification"] = _verification(seen, entry)
    status, verdict, reason, remedy = _judge(seen, entry)
    judged = {
        "status": status, "verdict": verdict, "reason": _sentence(entry["name"], reason), "remedy": remedy or None,
        "evidence": _evidence(seen, entry), "suspect": suspect_sentence(facts),
    }
    entry.update((key, fit(value, RECORD.kind[key])) for key, value in judged.items())
    return entry


def exit_code(records):
    """Return the exit code of an audit: 0 all healthy, 2 some need work or are unknown, 4 some are unreachable.

    Boards on hold do not count. One that the kernel log makes suspect counts as one that needs work.
    """
    found = {entry["status"] for entry in records}
    found |= {"needs_work" for entry in records if is_suspect(entry)}
    return 4 if "unreachable" in found else 2 if found & {"needs_work", "unknown"} else 0


def is_suspect(entry):
    """Return whether the kernel log shows faults of the NPU; one on hold is not judged."""
    return bool(entry.get("suspect")) and entry["status"] != "held"


def count(records):
    """Return `{status: number of boards}` for each status."""
    return {status: sum(entry["status"] == status for entry in records) for status in STATUSES}


def summary(records):
    """Return one line that counts the boards by their status, and those that are suspect."""
    words = [WORDS.get(status, "%d " + status) % number for status, number in count(records).items()]
    suspect = sum(map(is_suspect, records))
    words += ["%d of them suspect" % suspect] if suspect else []
    return "audit: %s, %s" % (number_of(len(records), "board"), ", ".join(words))


def _seen(variables):
    """Return what is known of a board, under shorter names."""
    known = board_variables(variables)
    facts, skipped, error = (
        dictionary(dictionary(known.get("ansible_facts")).get("npu")), dictionary(known.get("__npu_skipped")),
        known.get("__npu_error"),
    )
    audit = dictionary(registered(variables, "__npu_audit"))
    verification = dictionary(known.get("__npu_verification"))
    if not verification and facts and facts == audit.get("facts"):
        verification = dictionary(audit.get("verification"))
    return {
        "facts": facts, "skipped": skipped, "error": str(error) if error else None, "cause": known.get("__npu_cause"),
        "plan": dictionary(known.get("__npu_plan")), "verification": verification,
        "unverified": audit.get("unverified"), "busy": bool(audit.get("busy") and audit.get("unverified")),
        "outcome": known.get("__npu_outcome"),
        "undone": known.get("__npu_rolled_back"),
        "committed": bool(known.get("__npu_is_committed")) and not error,
        "held": (is_held(known) and not was_contacted(known)) or skipped.get("verdict") == "held" and not facts,
    }


# -- status
# -------------------------------------------------------------------------------------------------------

def _judge(seen, entry):
    """Return `(status, verdict, reason, remedy)` of a board."""
    error, plan, skipped = seen["error"], seen["plan"], seen["skipped"]
    state = entry["upgrade"]
    if seen["held"]:
        return "held", "held", skipped.get("reason") or HELD, None
    if seen["outcome"] == "rollback_failed" or state["state"] == "rollback_failed" and not seen["outcome"]:
        return (
            "needs_work", OUTCOMES["rollback_failed"],
            " ".join(filter(None, (error, seen["undone"]))) or state["why"] or "A rollback failed.",
            ("Repair the board by hand: %s" % TROUBLESHOOTING),
        )
    if seen["outcome"] == "rolled_back" and error:
        return (
            "needs_work", OUTCOMES["rolled_back"], " ".join(filter(None, (error, seen["undone"]))),
            "Fix the problem and rerun upgrade-npu.yml.",
        )
    if error and seen["cause"] == NO_ANSWER:
        return "unreachable", "unreachable", error, "Check power, network and SSH, then rerun."
    if not seen["facts"] and not error:
        return "unknown", NOT_INSPECTED, "No task of this run has inspected it.", INSPECT_IT
    if error and not (seen["facts"] and plan):
        return "unknown", "failed", error, "Fix the problem and rerun."
    if not plan:
        return "unknown", "no plan", "Its facts were gathered, but nothing was planned.", "Run audit-npu.yml."
    return _by_plan(seen, entry)


def _by_plan(seen, entry):
    plan, proof, state = seen["plan"], entry["verification"] or {}, entry["upgrade"]
    verdict = seen["skipped"].get("verdict")
    if state["pending"]:
        why = " (%s)" % state["why"] if state["why"] else ""
        return (
            "needs_work", verdict or "pending",
            "An upgrade is neither committed nor rolled back: %s%s." % (state["state"] or "unknown", why),
            ("Run upgrade-npu.yml to resume it, or rollback-npu.yml."),
        )
    if not entry["privileged"] and entry["device"]["driver"] == "RKNPU" and entry["driver"]["version"] is None:
        return "unknown", "not readable", "A driver is bound, and its version cannot be read without root.", (
            "Set npu_audit_become to true, or put the ssh user into the group of the NPU's render node.")
    if entry["plan"]["action"] == "unsupported":
        return "needs_work", verdict or "unsupported", entry["plan"]["reason"], entry["plan"]["remedy"]
    fails = proof.get("current") and proof.get("diagnosis") != "ok"
    if fails and not has_work(plan):
        return (
            "needs_work", verdict or "failed: %s" % proof["diagnosis"],
            "MobileNet does not work: %s" % (proof["evidence"] or proof["diagnosis"]),
            (seen["verification"].get("remedy") or "See %s" % TROUBLESHOOTING),
        )
    if has_work(plan) and not seen["committed"]:
        what = entry["plan"]["action"] if entry["plan"]["action"] != "none" else "runtime"
        remedy = (
            "Run upgrade-npu.yml: %s." % "; ".join(entry["plan"]["changes"]) if entry["plan"]["changes"]
            else "Run upgrade-npu.yml."
        )
        failed = "failed: %s" % proof["diagnosis"] if fails and seen["error"] else "failed" if seen["error"] else None
        return "needs_work", verdict or failed or "planned: %s" % what, seen["error"] or entry["plan"]["reason"], remedy
    if seen["error"]:
        return "unknown", "failed", seen["error"], "Fix the problem and rerun."
    if seen["busy"]:
        users = npu_users.complete(seen["facts"].get("processes"))
        names = ", ".join(dict.fromkeys(user["name"] for user in users[:3])) or "another program"
        return (
            "unknown", verdict or "not verified: in use by %s" % names,
            "%s It is not verified that the NPU works: %s" % (
                entry["plan"]["reason"] or "", seen["unverified"].partition(". To verify it, ")[0]),
            "Stop it (%s) and run the audit again, or set npu_force to true." % npu_users.how_to_stop(users)
            if users else "Stop it and run the audit again, or set npu_force to true.",
        )
    if proof.get("current"):
        what = (
            "Driver %s was installed." % entry["driver"]["version"] if has_work(plan)
            else entry["plan"]["reason"] or ""
        )
        says_so = plan.get("unchanged") is True and not has_work(plan)
        return "healthy", "ok", what if says_so else what + " MobileNet works with it.", None
    why = seen["unverified"] or (
        "The last verification is of another kernel, driver or runtime." if proof else "No verification is recorded."
    )
    return (
        "unknown", verdict or "not verified",
        "%s It is not verified that the NPU works: %s" % (entry["plan"]["reason"] or "", why),
        ("Run the audit with npu_audit_verify set to true, or verify-npu.yml."),
    )


def _evidence(seen, entry):
    """Return the evidence for the status, each with its source."""
    driver, runtime, proof, state = entry["driver"], entry["runtime"], entry["verification"], entry["upgrade"]
    lines = []
    if driver["version_source"] in ("module", "builtin"):
        lines.append(
            "driver %s is bound, according to %s (querying it requires root)"
            % (
                driver["version"],
                "/sys/module/%s/version" % driver["module"] if driver["module"] else "modules.builtin.modinfo",
            )
        )
    elif driver["version"] and not driver["render_node"]:
        lines.append("driver %s is bound to %s (%s), but has no device file: no program can use it" % (
            driver["version"], entry["device"]["node"], driver["version_source"]))
    elif driver["version"]:
        where = "module %s" % driver["module"] if driver["module"] else driver["presence"]
        lines.append("driver %s answers (%s, %s)" % (driver["version"], driver["version_source"], where))
    elif entry["device"]["node"]:
        lines.append("driver: none answers; bound to %s is %s, and the kernel has it as %s" % (
            entry["device"]["node"], entry["device"]["driver"] or "nothing", driver["presence"]))
    lines += _condition(entry)
    if runtime["path"]:
        lines.append(
            "runtime %s (%s, sha256 %s)"
            % (runtime["version"] or "of an unknown version", runtime["path"], (runtime["sha256"] or "unknown")[:12])
        )
    elif entry["kernel"]["release"]:
        lines.append("runtime: librknnrt.so is not installed")
    if proof:
        of = "of this kernel, driver and runtime" if proof["current"] else "of kernel %s, driver %s, runtime %s" % (
            proof["kernel"], proof["driver"], (proof["runtime_sha256"] or "unknown")[:12])
        where = (
            "%s, recorded in %s" % (proof["verified_at"], FACT_FILE) if not seen["verification"]
            else "run at %s" % proof["verified_at"]
        )
        lines.append(
            "MobileNet: %s (%s, %s)%s"
            % (proof["diagnosis"], where, of, ": %s" % proof["evidence"] if proof["evidence"] else "")
        )
    lines += _use(entry)
    if state["state"] not in (None, "unknown"):
        lines.append(
            "upgrade: %s since %s (/var/lib/rkfleet-npu/state.json)" % (state["state"], state["since"] or "unknown")
        )
    if state["hold"] is not None:
        lines.append("hold: /etc/rkfleet-npu/hold%s" % (": %s" % state["hold"] if state["hold"] else ""))
    if state["locked_by"]:
        lines.append("locked: %s (/var/lib/rkfleet-npu/lock.json)" % state["locked_by"])
    return lines


def _use(entry):
    """Return the evidence on who has the NPU open, and on its device nodes."""
    lines = []
    if entry["in_use"]:
        lines.append("in use: the NPU by %s" % ", ".join(entry["in_use"][:5]))
    if entry["device_nodes"]:
        lines.append("device nodes: %s" % ", ".join(entry["device_nodes"][:8]))
    return lines


def _condition(entry):
    """Return the evidence on clock and memory of the NPU, and the kernel log's lines."""
    found, log, lines = entry["condition"], entry["kernel_log"], []
    if found["hz"]:
        lines.append("clock of the NPU: %d MHz of %d to %d, governor %s" % (
            found["hz"] // 10**6, (found["lowest_hz"] or 0) // 10**6, (found["highest_hz"] or 0) // 10**6,
            found["governor"] or "unknown"))
    if found["iommu"] is False:
        lines.append("memory of the NPU: from CMA (%s MiB, %s free), its IOMMU is off" % (
            *("?" if value is None else value for value in (found["cma"], found["cma_free"])),))
    if log["ours"]:
        lines.append("kernel log: %d jobs failed in verifications of this collection, which do not count" % log["ours"])
    return lines + ["kernel log: " + line for line in log["lines"]]


def _node(node):
    """Return a device node in words: its group is what a program's user has to be in."""
    if node["target"]:
        return "%s -> %s" % (node["path"], node["target"])
    what = "missing" if node["mode"] is None else "group %s, %s" % (node["group"], node["mode"])
    return "%s (%s)" % (node["path"], what)


def _verification(seen, entry):
    """Return the verification of this run, else the recorded one, else None."""
    run = seen["verification"]
    known = run or dictionary(seen["facts"].get("verification"))
    if run:
        known = dict(run, verified_at=entry["checked_at"], **setup_of(entry))
    proof = fit(known, RECORD.kind["verification"])
    if not proof["diagnosis"]:
        return None
    if not any(value is not None for value in dictionary(proof["latency_ms"]).values()):
        proof["latency_ms"] = None
    proof["current"] = is_current(proof, entry)
    return proof


def _sentence(name, text):
    """Return a text on one line and without the name of the board in front."""
    words = " ".join(str(text or "").split())
    return words[len(name) + 1:] if words.startswith(name + ":") else words
