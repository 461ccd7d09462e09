# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the messages on the NPU driver's own source mean: data for build_log.explain(), which boards do not need."""

from __future__ import annotations

from .common_causes import FOREIGN, LAST, WITHOUT_ERROR
from .compiler_causes import NO_FILE
from .environment_causes import Q

_REDEFINED = "(?:redefinition of |conflicting types for |static declaration of )" + Q


def _missing(name):
    """Return a pattern for the messages of compiler and modpost on a function that the kernel does not have."""
    before = f"(?:implicit declaration of|call to undeclared(?: library)?) function {Q}({name})"
    return before + f"|({name}){Q}.{{0,300}} (?:undeclared|undefined)"


_DRIVER = (
    # Our own Kbuild: that nothing can be compiled has one of the causes above.
    (r"\*\*\* rkfleet: (.+?)\.?\s+Stop\.", "{0}"),
    (
        _REDEFINED + r"(vm_flags_\w+)",
        ("the kernel headers already have {0}, and it was defined a second time: update rkfleet.npu, rerun the upgrade "
         "and report the log"),
    ),
    (
        _missing(r"vm_flags_\w+"),
        ("the kernel headers have no {0} (added in Linux 6.3), and the compat layer did not define it: "
         "update rkfleet.npu, rerun the upgrade and report the log"),
    ),
    (
        r"assignment of read-only member " + Q + r"(vm_flags)",
        ("this kernel (6.3 or newer) makes {0} read-only, and this driver release writes it: set a newer "
         "npu_driver_version"),
    ),
    (_missing(r"rockchip_uninit_opp_table"),
     "this BSP kernel has no {0}: update the board's kernel to the one that the vendor recommends for this driver"),
    (
        _missing(r"rockchip_opp_set_low_length"),
        ("this BSP kernel has no {0}, which this driver release requires: set an older npu_driver_version or "
         "update the "
         "board's kernel"),
    ),
    (
        _missing(r"iommu_get_dma_cookie|dcache_(?:clean|inval)_poc"),
        ("the kernel does not export {0} to modules, so the driver must be built without SRAM support: update "
         "rkfleet.npu, which does that"),
    ),
    (r"fatal error: " + Q + r"((?:\.?\./|include/)*rknpu_\w+\.h)" + NO_FILE,
     ("the source does not find its own {0}, as its makefile names the folder in a way that this kernel does not take "
      "(since Linux 6.13 the folder of the source, since 6.15 EXTRA_CFLAGS): use a newer release of the source")),
    (r"fatal error: " + Q + r"((?:\.\./){0,9}drivers/[\w./-]+\.h|governor\.h)" + NO_FILE,
     ("the kernel's headers lack {0}, which is only in the whole source of a kernel and in no package, so this source "
      "cannot be built outside of that: use a release that is made for DKMS")),
    (r"fatal error: " + Q + r"((?:soc|linux)/rockchip[/_-][\w./-]+\.h|"
     r"linux/(?:version_compat_defs|rk-dma-heap)\.h)" + NO_FILE,
     ("the kernel's headers lack {0}, which only the kernels of Rockchip's vendors (BSP) have: use a source that is "
      "made for this kernel, or boot a vendor's kernel with its complete headers package")),
    (
        r"fatal error: " + Q + r"([\w./+-]+\.h)" + NO_FILE,
        ("the kernel's headers lack {0}, which this kernel has not yet or no longer, if its headers package is "
         "complete (dpkg --verify): update rkfleet.npu, rerun the upgrade and report the log, or boot a kernel that "
         "the vendor names for this driver"),
    ),
    (r"module \S+ uses symbol \S+ from namespace \"?([\w:]+)\"?, but does not import it",
     ("the kernel keeps functions in the namespace {0}, which the driver does not import: update rkfleet.npu, "
      "rerun the "
      "upgrade and report the log")),
    # Whatever else does not compile has changed in the kernel: the vendor's source is the same everywhere.
    ((r"(?m)^\S{1,200}:\d+:(?:\d+:)? error: (?![^\n]*\[-Werror(?:\]|=(?!implicit-|incompatible-|int-conv|designated-)))"
      r"([^\n]{1,400}?)(?= \[-W|; (?:did|ISO|use) |;?$)"),
     ("the interfaces of this kernel differ from what the driver and its compat layer expect ({0}): update "
      "rkfleet.npu, rerun the upgrade and report the log, or boot a kernel that the vendor names for this driver")),
    # The driver's own makefile does not ask for that, but the kernel's configuration (CONFIG_WERROR) can.
    (r"(?m)^\S{1,200}:\d+:(?:\d+:)? error: ([^\n]{1,200}? \[-Werror(?:=[\w=+-]{1,60})?\])",
     ("the kernel's settings make an error of what this compiler only warns of ({0}): install the compiler with which "
      "the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration), or use another release of the driver")),
    (
        r"ERROR: (?:modpost: )?\"(\w+)\" \[[^]]*\] undefined!",
        ("the kernel does not export {0} to modules, and the driver needs it: use another release of the driver, or "
         "boot a kernel of the board's vendor"),
    ),
)
CAUSES = (*FOREIGN[:-len(LAST)], *_DRIVER, *LAST)
"""The rows for the NPU driver, in the order in which they are tried."""

__all__ = ["CAUSES", "FOREIGN", "WITHOUT_ERROR"]
