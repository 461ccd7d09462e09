# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lines of the kernel log say of the NPU, as a table: the first row that matches counts.

Also on healthy boards the driver prints errors while it starts, so those come first. The others are the messages of the
vendor's driver 0.9.6 and 0.9.8 (LOG_ERROR and LOG_DEV_ERROR), and of the kernel's drivers that it depends on.
"""

from __future__ import annotations

import collections
import re

LineRow = collections.namedtuple("LineRow", "kind line meaning remedy diagnosis", defaults=(None, None, None))
"""kind: one of KINDS; diagnosis: what it proves of a failed inference, None if nothing."""

KINDS = ("harmless", "state", "job", "iommu", "power", "clock", "probe", "memory", "crash")
_ORDER = ("crash", "power", "iommu", "memory", "probe", "clock", "job")
SUSPECT = ("job", "iommu", "power", "crash")
"""Kinds of lines because of which a board is suspect, though MobileNet works."""

_TREE = "compare the NPU's node in the device tree with the one of the board's vendor; no other driver release helps"
_DOMAIN = (
    "the NPU gets no power: check its supply (vdd_npu) and power domain in the device tree; no other driver helps")
_STUCK = "check power supply, temperature and the NPU's clock; if it comes back, try another release of the driver"
_IOMMU = (
    "the NPU used an address that the IOMMU does not map: update driver and runtime together; on an RK356x with more "
    "than 4 GiB of memory boot with mem=3840M to see it, and use a kernel that keeps the page tables below 4 GiB")

KERNEL_LINES = (
    # -- printed on healthy boards
    LineRow("harmless", r"Initialized (?:rknpu|RKNPU driver)\b"),
    LineRow("harmless", r"Adding to iommu group|rknpu iommu is enabled|Looking up \S+-supply|can't request region for"),
    LineRow("harmless", r"\b(?:bin|leakage|pvtm|pvtm-volt-sel|avs|l|RKNPU: bin) ?= ?-?\d+"),
    LineRow("harmless", r"failed to (?:find power_model node|initialize power model|get dynamic-coefficient)\b"),
    LineRow("harmless", r"(?i)(?:failed to|can't|couldn't) get (?:\w{0,20}leakage|nvmem|\w+_serial_number)\b"),
    LineRow("harmless", r"could not add device link|Failed to create debugfs directory|debugfs: Directory"),
    LineRow("harmless", r"supply \S+ not found, using dummy regulator|(?:sram|nbuf) region|could not find sram"),
    LineRow("harmless", r"blacklist(?:ing|ed)\b.*rknpu_init|rknpu_init blacklisted|Modules linked in:"),
    LineRow("harmless", r"deferred probe timeout, ignoring|loading out-of-tree module|module verification failed"
            r"|ramp_delay not set"),
    # -- how it is set up
    LineRow("state", r"rknpu iommu (?:is disabled|device-tree entry not found!), using non-iommu mode",
            "the NPU's memory comes from CMA, not through the IOMMU",
            "without IOMMU the NPU's memory comes from CMA: enable the NPU's IOMMU in the device tree, or reserve more "
            "with cma= on the kernel command line"),
    LineRow("state", r"soft reset, num:", "the NPU was reset"),
    # -- jobs
    LineRow("job", r"failed to wait job,.*\bret = -512\b", "a program was ended while the NPU worked for it"),
    LineRow("job", r"failed to wait job,", "the NPU did not complete a job in time", _STUCK),
    LineRow("job", r"job timeout,", "the NPU did not complete a job in time", _STUCK),
    LineRow("job", r"job abort,", "a job of the NPU was aborted", _STUCK),
    LineRow("job", r"job commit failed|invalid irq status:", "the NPU did not take a job", _STUCK),
    LineRow("state", r"core \d irq status:|job: \S{1,20}, .*wait time", "the state of a core when its job ended"),
    # -- the IOMMU
    LineRow("iommu", r"rk_iommu \S+: Page fault at", "the NPU used an address that the IOMMU does not map", _IOMMU,
            "driver"),
    LineRow("state", r"rk_iommu \S+: (?:iova =|mmu_dte_addr:)", "where the page fault was"),
    LineRow("iommu", r"rk_iommu \S+: .*(?:timed out|unexpected|Error)", "the IOMMU did not answer", _DOMAIN, "device"),
    LineRow("iommu", r"iommu_map error|failed to (?:allocate IOVA|map SG|(?:re)?attach \S* ?iommu domain)"
            r"|failed to switch iommu domain|switch iommu domain time out",
            "the driver could not map memory for the NPU", _IOMMU, "driver"),
    # -- power and clock
    LineRow("power", r"failed to (?:get ack on|set idle on|power on|power off) domain '?\w*npu",
            "the power domain of the NPU did not switch on", _DOMAIN, "device"),
    LineRow("power", r"failed to get pm runtime for \w*npu|iommu still enabled",
            "the power domain of the NPU did not switch", _DOMAIN, "device"),
    LineRow("power", r"failed to (?:get|enable) (?:vdd|mem) reg\w* for rknpu",
            "the NPU's regulator is missing or did not switch on", _DOMAIN, "device"),
    LineRow("power", r"vdd_npu\w*: (?:failed|couldn't|could not|.*over ?current)|failed to set volt \d+ uV",
            "the voltage of the NPU could not be set", _DOMAIN, "device"),
    LineRow("power", r"failed to (?:assert|deassert|soft) (?:rknpu )?reset",
            "the NPU could not be reset", "reboot the board", "device"),
    LineRow("clock", r"failed to (?:enable (?:opp )?clks?|get clk source|set clk rate|set power down rate|restore)",
            "the clock of the NPU could not be set", _TREE, "device"),
    LineRow("clock", r"pvtpll\w*: error|can't get pvtpll",
            "the firmware cannot adjust the NPU's clock to its voltage", "update the board's firmware (TF-A, U-Boot)"),
    LineRow("clock", r"[Ii]nvalid number of elements in opp|[Ff]ailed to add OPP|Invalid operating-points"
            r"|failed to (?:init_opp_table|set supported opp|add devfreq|add rknpu_ondemand)",
            "the device tree's list of clocks does not fit the driver: the NPU keeps the clock it started with", _TREE),
    # -- the start of the driver
    LineRow("probe", r"npu: (?:RKNPU: )?(?:probe|Probe).*-517|npu.*deferred probe pending",
            "the driver waits for another one, which does not start", _TREE, "device"),
    LineRow("probe", r"probe (?:of \S*npu\S* |with driver RKNPU )failed with error -110",
            "the driver did not start: the NPU's power or clock did not come up in time", _DOMAIN, "device"),
    LineRow("probe", r"probe (?:of \S*npu\S* |with driver RKNPU )failed with error",
            "the driver did not start", _TREE, "device"),
    LineRow("probe", r"failed to (?:probe device|get memory resource|remap register|get rknpu resets?)"
            r"|no npu \w* ?\w* in dts|rknpu device-tree (?:data|entry) is missing|rknpu core invalid"
            r"|npu: (?:RKNPU: )?request \w+ failed",
            "the driver did not start: its node in the device tree is not complete", _TREE, "device"),
    LineRow("probe", r"cannot register miscdev|failed to find cma heap",
            "the driver did not start: the kernel lacks what its device file requires",
            "use a driver that is built for DRM (ROCKCHIP_RKNPU_DRM_GEM)", "device"),
    # -- memory
    LineRow("memory", r"failed to allocate (?:non-contiguous )?\d+ buffer|dma map \d+ fail|gem object allocate failed"
            r"|dmabuf alloc failed|failed to allocate pages", "the kernel had no memory for the NPU",
            "free memory or CMA on the board, and end other processes that use the NPU", "memory"),
    # -- a fault of the kernel in the driver
    LineRow("crash", r"\b(?:pc|lr) : rknpu_|\brknpu_\w+\+0x[0-9a-f]+/0x[0-9a-f]+",
            "the kernel reported a fault inside the driver", "reboot the board and try another release of the driver",
            "driver"),
)
_PREFIX = re.compile(r"(?:<\d{1,3}>)?(?:\d{1,10},\d{1,20},(?P<micro>\d{1,20}),[^;]{0,40};)?"
                     r"(?:[^\[]{0,80}\[ {0,12}(?P<seconds>\d{1,10})\.\d{1,9}\](?:\[ {0,12}[TC]\d{1,8}\])? ?)?")


def parse_line(line):
    """Return `(text, seconds since boot or None)` of a line of the kernel log, in any of its forms."""
    match = _PREFIX.match(line)
    seconds = match.group("seconds")
    if match.group("micro"):
        seconds = int(match.group("micro")) // 1000000
    return line[match.end():].strip(), None if seconds is None else int(seconds)


def explain_line(text):
    """Return the row for a text of parse_line(), or None."""
    return next((row for row in KERNEL_LINES if re.search(row.line, text)), None)


def cause(run, log):
    """Return `(text, row)` of the line that explains best why an inference failed, or None.

    Args:
        run: the lines during the inference, as module_utils._facts.kernel_log.collect() returns them.
        log: all lines. Of these only what the driver reported when it was started the last time counts.
    """
    load = max((entry["load"] or 0 for entry in log), default=0)
    found = [item for item in telling(run) if item[2].kind != "state"] + [
        item for item in telling(log) if (item[1]["load"] or 0) == load and item[2].diagnosis == "device"]
    best = min(found, key=lambda item: _ORDER.index(item[2].kind), default=None)
    return best and (best[0], best[2])


def telling(entries):
    """Return `[(text, entry, row)]` of the lines that say more than that all is well.

    Args:
        entries: `lines` of module_utils._facts.kernel_log.read().
    """
    found = []
    for entry in entries:
        text = parse_line(entry["text"] or "")[0]
        row = explain_line(text)
        if row is not None and row.kind != "harmless":
            found.append((text, entry, row))
    return found
