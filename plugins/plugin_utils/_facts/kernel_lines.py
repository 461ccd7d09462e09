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

LineRow = collections.namedtuple(
    "LineRow", "kind line meaning remedy diagnosis may_change", defaults=(None, None, None, None))
"""kind: one of KINDS; diagnosis: what it proves of a failed inference, None if nothing; may_change: what a plan may
change because of it, by default what it may because of that diagnosis."""

KINDS = ("harmless", "state", "job", "iommu", "power", "clock", "probe", "access", "memory", "crash")
# An NPU without power makes the kernel crash where the driver touches it.
_ORDER = ("power", "crash", "access", "iommu", "memory", "probe", "clock", "job")
SUSPECT = ("job", "iommu", "power", "crash")
"""Kinds of lines because of which a board is suspect, though MobileNet works."""

_TREE = "compare the NPU's node in the device tree with the one of the board's vendor; no other driver release helps"
_DOMAIN = (
    "the NPU gets no power: check its supply (vdd_npu) and power domain in the device tree, and that U-Boot leaves "
    "vdd_npu on; no other driver helps")
_FIRMWARE = (
    _DOMAIN + "; with lines of arm-scmi before it, it is the board's firmware (TF-A), which switches the clocks")
_STUCK = "check power supply, temperature and the NPU's clock; if it comes back, try another release of the driver"
_IOMMU = (
    "update driver and runtime together; on an RK356x with more than 4 GiB of memory boot with mem=3840M to see "
    "whether it is that, and use a kernel that keeps the page tables below 4 GiB")

_IRQ = (
    "check the interrupts of the NPU's node in the device tree: another node may claim the same ones, also one that is "
    "disabled, such as those of mainline's driver; no other driver release helps")

NO_DEVICE_FILE = LineRow(
    "probe", r"cannot register miscdev|failed to find cma heap",
    "the driver did not start: the kernel lacks what its device file requires",
    "use a driver that is built for DRM (ROCKCHIP_RKNPU_DRM_GEM)", "driver")
"""Another driver would start then: the cause does not lie in the board."""
NO_IOMMU = LineRow(
    "state", r"rknpu iommu (?:is disabled|device-tree entry not found!), using non-iommu mode",
    "the NPU's memory comes from CMA, not through the IOMMU",
    "without IOMMU the NPU's memory comes from CMA: enable the NPU's IOMMU in the device tree, or reserve more with "
    "cma= on the kernel command line")
"""The driver prints it before the line that it is initialized."""
KERNEL_LINES = (
    # -- printed on healthy boards
    LineRow("harmless", r"Initialized (?:rknpu|RKNPU driver)\b"),
    LineRow("harmless", r"Adding to iommu group|rknpu iommu is enabled|Looking up \S+-supply|can't request region for"),
    LineRow("harmless", r"\b(?:bin|leakage|pvtm|pvtm-volt-sel|avs|l|RKNPU: bin) ?= ?-?\d+"),
    LineRow("harmless", r"failed to (?:find power_model node|initialize power model|get dynamic-coefficient)\b"),
    LineRow("harmless", r"(?i)(?:failed to|can't|couldn't) get (?:\w{0,20}leakage|nvmem|\w+_serial_number)\b"),
    # A regulator that is asked again when its bus is ready.
    LineRow("harmless", r"failed to get the current voltage\W{1,4}(?:517|EPROBE_DEFER)"),
    LineRow("harmless", r"could not add device link|Failed to create debugfs directory|debugfs: (?:Directory|File|')"),
    LineRow("harmless", r"supply \S+ not found, using dummy regulator|(?:sram|nbuf) region|could not find sram"),
    LineRow("harmless", r"blacklist(?:ing|ed)\b.*rknpu_init|rknpu_init blacklisted|Modules linked in:"),
    LineRow("harmless", r"deferred probe timeout, ignoring|loading out-of-tree module|module verification failed"
            r"|ramp_delay not set"),
    # The kernel argument initcall_debug lists what is started, with addresses as in a crash.
    LineRow("harmless", r"(?:calling|initcall)  ?rknpu_\w+\+0x"),
    # -- how it is set up
    NO_IOMMU,
    LineRow("state", r"soft reset, num:", "the NPU was reset"),
    LineRow("state", r"rknpu: module is already loaded|[Dd]river 'RKNPU' is already registered"
            r"|duplicate filename '/bus/platform/drivers/RKNPU'",
            "a module with the name of the driver that is built into the kernel was refused: the built-in one stays",
            "replace it with playbooks/upgrade-npu.yml, whose module has another name"),
    LineRow("state", r"npu-thermal: critical temperature reached",
            "the NPU reached its critical temperature, at which the kernel switches the board off",
            "improve the board's cooling, or lower the NPU's highest frequency (devfreq)"),
    LineRow("state", r"rocket \S+: (?:error -|probe with driver rocket failed)",
            "mainline's driver rocket did not start",
            "use a kernel with the vendor's driver: the vendor's runtime does not work with rocket"),
    LineRow("state", r"invalid rknpu (?:core mask|core index|task number)|Unknown (?:use core num|core mask):? \d"
            r"|RKNPU: (?:failed to use rknpu fence|invalid fence in fd)",
            "a program asked for a core or a job that this NPU or driver does not have"),
    # -- jobs
    LineRow("job", r"failed to wait job,.*\bret = -512\b", "a program was ended while the NPU worked for it"),
    LineRow("job", r"failed to wait job,", "the NPU did not complete a job in time", _STUCK),
    LineRow("job", r"job timeout\b", "the NPU did not complete a job in time", _STUCK),
    LineRow("job", r"job abort\b", "a job of the NPU was aborted", _STUCK),
    LineRow("job", r"NPU job timed out", "mainline's driver rocket ended a job of the NPU that took too long",
            "use a kernel with the vendor's driver: the vendor's runtime does not work with rocket"),
    LineRow("job", r"job commit failed|invalid irq status:", "the NPU did not take a job", _STUCK),
    LineRow("state", r"core \d irq status:|job: \S{1,20}, .*wait time", "the state of a core when its job ended"),
    # -- the IOMMU
    LineRow("iommu", r"rk_iommu \S+: Page fault (?:at|while)", "the NPU used an address that the IOMMU does not map",
            _IOMMU, "driver"),
    LineRow("state", r"rk_iommu \S+: (?:iova =|mmu_dte_addr:)", "where the page fault was"),
    LineRow("iommu", r"rk_iommu \S+: BUS_ERROR", "the IOMMU could not read or write the memory behind an address",
            _IOMMU, "device"),
    LineRow("iommu", r"rk_iommu \S+: .*(?:timed out|unexpected|Error)", "the IOMMU did not answer", _DOMAIN, "device"),
    LineRow("iommu", r"failed to (?:switch|get|allocate) iommu domain|switch iommu domain time out"
            r"|mismatch domain get from iommu|failed to destroy (?:memory|dma addr)|invalid iommu domain id:",
            "the driver cannot switch between the domains of its IOMMU",
            "end the programs that use the NPU and reboot the board: several at once, with models in domains of their "
            "own (RKLLM), can leave it so", "driver", "nothing"),
    LineRow("iommu", r"iommu_map error|failed to (?:map SG|(?:re)?attach \S* ?iommu domain)",
            "the driver could not map memory for the NPU", _IOMMU, "driver"),
    # -- power and clock
    LineRow("power", r"failed to (?:(?:get ack on|set(?: idle on)?|power on|power off) domain|get (?:chain|mem) status)"
            r" '?\w*npu",
            "the power domain of the NPU did not switch on", _DOMAIN, "device"),
    LineRow("power", r"failed to get pm runtime for \w*npu|iommu still enabled"
            r"|npu: [Ff]ailed to (?:attach|add) to PM [Dd]omain",
            "the power domain of the NPU did not switch", _DOMAIN, "device"),
    LineRow("power", r"failed to (?:get|enable) (?:vdd|mem) reg\w* for rknpu",
            "the NPU's regulator is missing or did not switch on", _DOMAIN, "device"),
    LineRow("power", r"vdd_npu\w*: (?:[Ff]ailed|couldn't|could not|.*over ?current|[Uu]nsupportable|\w+ failed"
            r"|.* not allowed)|failed to set volt(?: \d+ uV|\()|npu: _set_opp_voltage: failed",
            "the voltage of the NPU could not be set", _DOMAIN, "device"),
    LineRow("power", r"failed to (?:assert|deassert|soft) (?:rknpu )?reset",
            "the NPU could not be reset", "reboot the board", "device"),
    LineRow("clock", r"failed to (?:enable (?:opp )?clks?|get clk source|set cl(?:k|ock) rate|set power down rate"
            r"|restore|find (?:current )?OPP\b)",
            "the clock of the NPU could not be set", _TREE, "device"),
    LineRow("clock", r"pvtpll\w*: error|can't get pvtpll",
            "the firmware cannot adjust the NPU's clock to its voltage", "update the board's firmware (TF-A, U-Boot)"),
    LineRow("clock", r"dvfs failed with", "the NPU's clock could not be changed: it keeps the one it has", _TREE),
    LineRow("clock", r"[Ii]nvalid number of elements in opp|[Ff]ailed to add OPP|Invalid operating-points"
            r"|failed to (?:init_opp_table|set supported opp|add devfreq|add rknpu_ondemand|get recommended OPP"
            r"|set OPP (?:clkname|regulators))|OPP table not found|SCMI clock not found|devfreq registration failed",
            "the device tree's list of clocks does not fit the driver: the NPU keeps the clock it started with", _TREE),
    # -- the start of the driver
    LineRow("probe", r"rknpu(?:|_dkms): (?:disagrees about version of symbol|[Uu]nknown symbol|version magic|exports "
            r"duplicate symbol|no symbol version for|module uses symbol \(|.{0,40}\brelocation\b"
            r"|module \S{1,20} section\(s\) missing)|module rknpu\w{0,5}: \S*this_module section size"
            r"|failed to validate module \[rknpu\w{0,5}\] BTF",
            "module rknpu does not fit the running kernel",
            "build it for this kernel with playbooks/upgrade-npu.yml, and reboot if a newer kernel is installed",
            "driver"),
    LineRow("probe", r"\brknpu\w{0,5}: [Ll]oading of [\w ]{1,60} is rejected",
            "the kernel accepts signed modules only: the driver's module was refused",
            "sign the module with a key that the kernel knows, or let the kernel accept unsigned modules (Secure Boot "
            "off, CONFIG_MODULE_SIG_FORCE unset); no other driver release helps", "driver", "nothing"),
    LineRow("probe", r"npu: (?:RKNPU: )?(?:probe|Probe).*-517|npu.*deferred probe pending"
            r"|\.iommu: deferred probe pending",
            "the driver waits for another one, which does not start", _TREE, "device"),
    LineRow("probe", r"request_irq\(\d+\) rknpu_|request npu\w*_irq failed|Flags mismatch irq \d+\. .*npu\b",
            "the driver did not start: it did not get an interrupt of the NPU", _IRQ, "device"),
    LineRow("probe", r"(?:probe (?:of \S*npu\S* |with driver RKNPU )|RKNPU \S+: probe )failed (?:with error )?-110\b",
            "the driver did not start: the NPU's power or clock did not come up in time", _FIRMWARE, "device"),
    LineRow("probe", r"(?:probe (?:of \S*npu\S* |with driver RKNPU )|RKNPU \S+: probe )failed (?:with error|-\d)",
            "the driver did not start", _TREE, "device"),
    LineRow("probe", r"(?:probe of \S+\.iommu|rk_iommu \S+: probe(?: with driver rk_iommu)?) failed",
            "the IOMMU of the NPU did not start, which the driver waits for", _FIRMWARE, "device"),
    LineRow("probe", r"failed to (?:probe device|get memory resource|remap register|get rknpu resets?)"
            r"|no npu \w* ?\w* in dts|rknpu device-tree (?:data|entry) is missing|rknpu core invalid"
            r"|npu: (?:RKNPU: )?request \w+ failed",
            "the driver did not start: its node in the device tree is not complete", _TREE, "device"),
    LineRow("probe", r"OF: \S*npu\S*: (?:could not (?:get #|find phandle)|arguments longer)",
            "the device tree's node of the NPU refers to another one that is missing", _TREE, "device"),
    NO_DEVICE_FILE,
    # -- what a program may open; Android's rknn_server also asks for a property that no policy knows
    LineRow("access", r"avc:  ?denied\b.*npu.*\btclass=chr_file|apparmor=\"DENIED\".*\bname=\"/dev/\w*npu",
            "the security policy of the system (SELinux, AppArmor) does not let a program open the NPU",
            "allow the program or its container that device in the policy; the driver is not at fault", "device"),
    # -- memory
    LineRow("memory", r"failed to allocate IOVA|iommu_dma_alloc_iova failed|dma map \d+ fail",
            "the NPU's address space (4 GiB, through its IOMMU) had no room for what a program asked for",
            "end other programs that use the NPU, such as large language models, or reboot the board", "memory"),
    LineRow("memory", r"failed to allocate (?:non-contiguous )?\d+ buffer|gem object allocate failed"
            r"|dmabuf alloc failed|failed to allocate (?:pages|sgt)|alloc pages failed|failed to get pages: -12"
            r"|failed to allocate rknpu (?:device|job)|rknpu session alloc failed|failed to initialize gem object"
            r"|swiotlb(?: buffer is full|: coherent allocation failed)"
            r"|overflow 0x[0-9a-f]+\+\d+ of DMA mask",
            "the kernel had no memory for the NPU",
            "free memory or CMA on the board, and end other processes that use the NPU; without IOMMU reserve more "
            "with cma= on the kernel command line", "memory"),
    # -- a fault of the kernel in the driver
    LineRow("crash", r"\b(?:pc|lr) : rknpu_|\b(?:in|at|is) rknpu_\w+\+0x|WARNING: .*\brknpu_",
            "the kernel reported a fault inside the driver", "reboot the board and try another release of the driver",
            "driver"),
    # Of the kernel's report "irq 42: nobody cared", which lists the handlers.
    LineRow("crash", r"\brknpu_core\d_irq_handler\b(?!\+0x)",
            "the kernel switched off an interrupt that the driver did not handle: that core completes no more jobs",
            "reboot the board, and update the driver: up to 0.9.3 it is known for that with cores 1 and 2", "driver"),
    # Below a warning or a task that hangs; some drivers cause one whenever a program ends (dma-iommu.c, unmapping).
    LineRow("state", r"\brknpu_\w+\+0x[0-9a-f]+/0x[0-9a-f]+",
            "a report of the kernel, such as a warning, names this function of the driver: read it in dmesg"),
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
        log: all lines. Of these only what was reported when the driver was started the last time counts. A module that
            cannot be loaded is no cause while a driver works.
    """
    load = max((entry["load"] or 0 for entry in log), default=0)
    found = [item for item in telling(run) if item[2].kind != "state"] + [
        item for item in telling(log)
        if (item[1]["load"] or 0) == load
        and (item[2].diagnosis == "device" or (item[2].kind == "probe" and load == 0))]
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
