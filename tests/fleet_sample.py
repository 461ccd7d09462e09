# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A fleet that was never looked at: what a look would have left behind for boards of many kinds, the same for the same numbers."""

from __future__ import annotations

import random

NOW = 1769860800  # 2026-01-31 12:00 UTC
BOARDS = (
    ("Radxa ROCK 5B", ["radxa,rock-5b", "rockchip,rk3588"], "rk3588"), ("Radxa ROCK 5A", ["radxa,rock-5a", "rockchip,rk3588s"], "rk3588"),
    ("Xunlong Orange Pi 5 Plus", ["xunlong,orangepi-5-plus", "rockchip,rk3588"], "rk3588"), ("Radxa ROCK 4D", ["radxa,rock-4d", "rockchip,rk3576"], "rk3576"),
    ("Radxa ROCK3 Model A", ["radxa,rock3a", "rockchip,rk3568"], "rk3568"),
)
KERNELS = ("5.10.160-26-rk356x", "5.10.209-9-rk2312", "6.1.43-20-rk2312", "6.1.84-12-rk2410", "6.1.115-vendor-rk35xx")
LATENCY = {"rk3588": 2.3, "rk3576": 3.4, "rk3568": 7.9}
CORES = {"rk3588": 3, "rk3576": 2, "rk3568": 1}
KINDS = ("healthy",) * 11 + ("dkms", "dkms", "over", "over", "runtime", "failing", "unknown", "unreachable", "held", "unsupported")
# Each is harmless as text, and does something where it is taken for anything else.
HOSTILE = (
    '<script>alert("x")</script>', '"><img src=x onerror=alert(1)>', "</script><script>alert(2)</script>", "</style><style>body{display:none}</style>",
    "' onmouseover='alert(3)", "<!-- ", "]]>", "{{ 7 * 7 }}{% for x in y %}", "javascript:alert(4)", "<a href=https://example.com>x</a>",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07", "abc\u202eexe.cbd\u2066", "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "-1", "\t=1+1", '1\n# TYPE x gauge\nx{a="b"} 2',
    'a"} 1\nrkfleet_npu_boards{status="healthy"} 99', "back\\slash\\", "\u2028\u2029\x00\x7f\x85", "\ud800", "x" * 5000,
)


def variables(number, kind=None, seed=5):
    """Return C((name, variables)) of one board, as the roles leave them behind."""
    rng = random.Random(seed * 100003 + number)
    model, compatible, soc = rng.choice(BOARDS)
    kind = kind or rng.choice(KINDS)
    name = "rock-%d" % number
    if kind == "held":
        return name, {"npu_hold": True}
    if kind == "unreachable":
        return name, {"__npu_error": "%s: does not answer over ssh: Connection timed out" % name, "__npu_cause": "no_answer"}
    kernel = KERNELS[0] if soc == "rk3568" else rng.choice(KERNELS[1:])
    new = kind in ("healthy", "runtime", "unknown")
    version = rng.choice(("0.9.6", "0.9.8", "0.9.8")) if new else rng.choice(("0.8.2", "0.9.3", "0.9.3"))
    module = "rknpu_dkms" if version == "0.9.6" else None
    sha = "%064x" % rng.getrandbits(256)
    runtime = "1.6.0" if kind in ("runtime", "dkms", "over") else "2.3.2"
    facts = {
        "board": {"model": model, "soc": soc, "serial": "%016x" % rng.getrandbits(64), "compatible": compatible},
        "os": {"id": "debian", "codename": "bookworm", "version": "12 (bookworm)", "version_id": "12", "container": None},
        "kernel": {"release": kernel, "machine": "aarch64", "headers": rng.random() < 0.8, "signatures": None, "config_digest": sha[::-1],
                   "boot_id": sha[:8]},
        "device": {"node": "/npu@fdab0000", "address": "fdab0000", "status": "okay", "driver": "RKNPU"},
        "condition": {"hz": 10**9, "lowest_hz": 3 * 10**8, "highest_hz": 10**9, "governor": "rknpu_ondemand", "iommu": True},
        "kernel_log": {"jobs_failed": 0, "iommu_faults": 0, "ours": 0, "complete": True, "lines": []},
        "driver": {"version": version, "date": "20240322", "version_source": "drm_ioctl", "presence": "builtin", "module": module,
                   "builtin_version": "0.9.3", "builtin_suppressed": bool(module), "render_node": "/dev/dri/renderD129"},
        "runtime": {"version": runtime, "build": "429f97ae6b@2025-04-09T09:09:27", "sha256": sha, "path": "/usr/lib/librknnrt.so"},
        "upgrade": {"state": "committed" if module else "unknown", "since": None, "why": "", "pending": False, "origin": bool(module), "locked_by": None,
                    "hold": None},
        "privileged": True, "unread": [], "verification": None,
    }
    answers = "Driver %s answers (%s)." % (version, "module " + module if module else "built into the kernel")
    plan = {"action": "none", "reason": answers, "remedy": "", "kernel": kernel, "module": None, "reboot": False, "packages": [], "changes": [], "notes": [],
            "driver": {"version": version}, "runtime": {"version": "2.3.2", "install": False}}
    if kind in ("dkms", "over"):
        action, name_of = ("dkms", "rknpu") if kind == "dkms" else ("dkms_over_builtin", "rknpu_dkms")
        plan.update(action=action, reason="Driver %s is older than 0.9.6. Runtime 1.6.0 is installed; 2.3.2 goes with driver 0.9.6." % version, reboot=True,
                    module=name_of, driver={"version": "0.9.6"}, runtime={"version": "2.3.2", "install": True},
                    changes=["build driver 0.9.6 with DKMS for kernel %s as module %s" % (kernel, name_of), "load %s at boot" % name_of,
                             "install librknnrt.so 2.3.2 as /usr/lib/librknnrt.so", "reboot"],
                    notes=["The vendor recommends Linux 6.1.57 or newer for driver 0.9.6."] if kernel.startswith("6.1.43") else [])
    elif kind == "runtime":
        plan.update(reason="Driver %s answers. Runtime 1.6.0 is installed; 2.3.2 goes with driver %s." % (version, version),
                    runtime={"version": "2.3.2", "install": True}, changes=["install librknnrt.so 2.3.2 as /usr/lib/librknnrt.so"])
    elif kind == "unsupported":
        plan.update(action="unsupported", reason="The kernel has no CONFIG_KALLSYMS: its built-in driver cannot be held down.",
                    remedy="Take a kernel of the vendor's.")
    there = {"ansible_facts": {"npu": facts}, "__npu_plan": plan}
    if kind in ("healthy", "failing"):
        median = round(LATENCY[soc] * rng.lognormvariate(0, 0.09) * (6 if rng.random() < 0.04 else 1), 3)
        top = [{"index": index, "score": score} for index, score in ((283, 0.46875), (282, 0.242188), (286, 0.105469), (464, 0.089844), (264, 0.019531))]
        ok = kind == "healthy"
        # Where there are several cores, the last one fails.
        cores = list(range(CORES[soc])) if CORES[soc] > 1 else []
        where = "core %d of the NPU: " % cores[-1] if cores else ""
        facts["verification"] = {
            "diagnosis": "ok" if ok else "driver", "top5": top if ok else [], "cores": cores if ok else cores[:-1],
            "evidence": "the expected Top5" if ok else where + "failed to submit!, op id: 1, op name: Conv:MobilenetV1/Conv2d_0",
            "expected_top5": top,
            "latency_ms": {"runs": 20, "min": round(median * 0.94, 3), "median": median, "max": round(median * 1.3, 3)} if ok else None,
            "verified_at": "2026-01-%02dT08:15:00Z" % rng.randint(3, 30), "driver": version, "kernel": kernel, "runtime_sha256": sha}
    return name, there


def fleet(count, seed=5):
    """Return C({name: variables}) of so many boards."""
    return dict(variables(number, seed=seed) for number in range(1, count + 1))


def audited(there):
    """Return the same as an audit leaves it behind: one result in a variable, which an inventory can hold as facts cannot be held."""
    if "ansible_facts" not in there:
        return {"__npu_audit": {"failed": True, "msg": there["__npu_error"], "cause": there["__npu_cause"]}} if "__npu_error" in there else there
    return {"__npu_audit": {"facts": there["ansible_facts"]["npu"], "plan": there["__npu_plan"]}}


def records(count, seed=5, now=NOW):
    """Return the records of so many boards."""
    from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record

    return [board_record.record(name, there, now) for name, there in fleet(count, seed).items()]


def hostile(entry, text):
    """Return a record with a text in every place that holds one, but for the status; as if nothing had been cleaned on its way."""
    def within(value):
        if isinstance(value, dict):
            return {key: inner if inner is None and key in ("verification", "latency_ms") else within(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [within(inner) for inner in value] or [text]
        return text if isinstance(value, str) or value is None else value

    return dict(within(entry), status=entry["status"])


def record(number, kind, now=NOW):
    """Return the record of one board of a kind."""
    from ansible_collections.rkfleet.npu.plugins.plugin_utils._report import board_record

    return board_record.record(*variables(number, kind), now)
