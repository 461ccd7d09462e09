# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Errors of modules on kernels that are older or newer than their source, from public reports, made short."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_causes, build_log
from stand_ins import failed_build

KERNEL = "6.12.1-edge-rockchip64"
TAIL = """make[3]: *** [scripts/Makefile.build:229: x.o] Error 1
make: *** [Makefile:224: __sub-make] Error 2
Error! Bad return status for module build on kernel: 6.12.1-edge-rockchip64 (aarch64)
"""
INTERFACE = ("interfaces of this kernel", "update rkfleet.npu")
CASES = [  # source, log, what the sentence must have, what it must not have
    ("google/gasket-driver#36, intel/ethernet-linux-ice#18, m-tsudo/pt3#21 (6.12)",
     ("x.c:1376:19: error: \u2018no_llseek\u2019 undeclared here (not in a function); did you mean \u2018noop_llseek"
      "\u2019?\n"), (*INTERFACE, "\u2018no_llseek\u2019 undeclared"), "--reinstall"),
    ("v4l2loopback/v4l2loopback#277",
     ("x.c:147:4: error: dereferencing pointer to incomplete type \u2018struct timeval\u2019\nx.c:147:16: error: "
      "\u2018time_t\u2019 undeclared (first use in this function); did you mean \u2018ktime_t\u2019?\n"),
     (*INTERFACE, "incomplete type \u2018struct timeval\u2019"), "--reinstall"),
    ("fmorgner/dev-cyber#7",
     ("x.c:52:33: error: assignment to \u2018int (*)(const struct device *, struct kobj_uevent_env *)\u2019 from "
      "incompatible pointer type \u2018int (*)(struct device *, struct kobj_uevent_env *)\u2019 "
      "[-Werror=incompatible-pointer-types]\n"),
     (*INTERFACE, "assignment to", "const struct device *"), "--reinstall"),
    ("kirvedx/atheros#2",
     ("x.c:2635:37: error: assignment to \u2018void (*)(struct ieee80211_hw *, struct ieee80211_vif *, u16)\u2019 {aka "
      "\u2018void (*)(struct ieee80211_hw *, struct ieee80211_vif *, short unsigned int)\u2019} from incompatible "
      "pointer type \u2018void (*)(struct ieee80211_hw *, struct ieee80211_vif *)\u2019 "
      "[-Werror=incompatible-pointer-types]\n"), INTERFACE, "--reinstall"),
    ("ROCm/legacy-rocm-build#515 (older gcc)",
     "x.c:577:19: error: initialization from incompatible pointer type [-Werror=incompatible-pointer-types]\n",
     (*INTERFACE, "initialization from incompatible"), "--reinstall"),
    ("openzfs/zfs#16433 (6.10)", "x.h:65:2: error: macro \"__assign_str\" passed 2 arguments, but takes just 1\n",
     (*INTERFACE, "\"__assign_str\" passed 2 arguments"), "--reinstall"),
    ("sipwise/rtpengine#291",
     "x.c:2408:90: error: macro \"hlist_for_each_entry\" requires 4 arguments, but only 3 given\n",
     (*INTERFACE, "requires 4 arguments"), "--reinstall"),
    ("thopiekar/rcraid-dkms#18, openzfs/zfs#10257",
     "x.c:211:17: error: storage size of \u2018tv\u2019 isn\u2019t known\n", (*INTERFACE, "storage size of"),
     "--reinstall"),
    ("abcz316/rwProcMem33#20 (clang)", "x.c:298:32: error: incomplete definition of type 'struct module'\n",
     (*INTERFACE, "type 'struct module'"), "--reinstall"),
    ("schwankner/talos-rk3588-npu BUGS.md 9 (w568w/rknpu-module on 6.18)",
     "src/rknpu_devfreq.c:14:10: fatal error: linux/devfreq-governor.h: No such file or directory\n",
     ("does not have linux/devfreq-governor.h", "newer than this kernel"), "complete headers"),
    ("kind of morrownr/8821au (source of 6.12, kernel of 6.1)",
     "x.c:15:10: fatal error: linux/unaligned.h: No such file or directory\n",
     ("linux/unaligned.h", "newer than this kernel"), "complete headers"),
    ("w568w/rknpu-module PLAN.md 2.2: the vendor's source",
     "rknpu_devfreq.c:9:10: fatal error: ../drivers/devfreq/governor.h: No such file or directory\n",
     ("lack ../drivers/devfreq/governor.h, which is only in the whole source", "DKMS"), "install the complete"),
    ("qualcomm-linux/kgsl#11, qualcomm-linux/meta-qcom#3127",
     "governor_gpubw_mon.c:14:10: fatal error: governor.h: No such file or directory\n",
     ("lack governor.h, which is only in the whole source",), "install the complete"),
    ("kind of fofajardo/rtl8851bu#9, asterisk/dahdi-linux#76, fpgasystems/Coyote#234 (6.15)",
     "rknpu_drv.c:15:10: fatal error: rknpu_ioctl.h: No such file or directory\n",
     ("its own rknpu_ioctl.h", "EXTRA_CFLAGS"), "headers package"),
    # the kernel's configuration makes errors of warnings
    ("juanro49/rtl88x2ce-dkms#15 (ROCK 3A, 5.10.160-12-rk356x), Joshua-Riek/linux-rockchip#33",
     "x.c:12:5: error: ISO C90 forbids variable length array \u2018buf\u2019 [-Werror=vla]\n",
     ("kernel's settings make an error of", "[-Werror=vla]", "CONFIG_CC_VERSION_TEXT"), "rkfleet"),
    ("kind", ("x.c:100:5: error: no previous prototype for 'rknpu_foo' [-Werror=missing-prototypes]\ncc1: all warnings "
              "being treated as errors\n"), ("no previous prototype for 'rknpu_foo'", "another release of the driver"),
     "cc1"),
    ("kind (gcc 14)",
     ("x.c:12:5: error: assignment to 'void *' from 'int' makes pointer from integer without a cast "
      "[-Wint-conversion]\n"), (*INTERFACE, "makes pointer from integer without a cast)"), "--reinstall"),
    ("kind", "x.c:12:5: error: return type defaults to 'int' [-Wimplicit-int]\n", (*INTERFACE, "defaults to 'int')"),
     "--reinstall"),
    ("kind", 'ERROR: modpost: module rknpu uses symbol dma_buf_get from namespace "DMA_BUF", but does not import it.\n',
     ("namespace DMA_BUF,",), "--reinstall"),
    # clang
    ("ClangBuiltLinux/linux#1104", "x.c:760:38: error: use of undeclared identifier 'X86_CR4_VMXE'\n",
     (*INTERFACE, "undeclared identifier 'X86_CR4_VMXE'"), "--reinstall"),
    ("kind", "x.c:12:9: error: no member named 'chandef' in 'struct wireless_dev'\n", (*INTERFACE, "'chandef'"), "xx"),
    ("kind", ("x.c:12:9: error: incompatible function pointer types initializing 'void (*)(struct x *)' with an "
              "expression of type 'int (struct x *)' [-Wincompatible-function-pointer-types]\n"),
     (*INTERFACE, "'int (struct x *)')"), "[-W"),
    ("kind", "x.c:12:9: error: passing 'int' to parameter of incompatible type 'const char *'\n",
     (*INTERFACE, "incompatible type 'const char *'"), "xx"),
    ("kind", "x.c:12:9: error: field designator 'owner' does not refer to any field in type 'struct x'\n",
     (*INTERFACE, "field designator 'owner'"), "xx"),
    ("kind", "x.c:12:9: error: too many arguments provided to function-like macro invocation\n",
     (*INTERFACE, "function-like macro"), "xx"),
    # gcc, of structures that have become others
    ("kind", "x.c:12:9: error: unknown field \u2018owner\u2019 specified in initializer\n",
     (*INTERFACE, "unknown field \u2018owner\u2019"), "xx"),
    ("kind", "x.c:12:9: error: incompatible type for argument 1 of \u2018iommu_map\u2019\n",
     (*INTERFACE, "argument 1 of \u2018iommu_map\u2019"), "xx"),
    ("kind", "x.c:12:9: error: void value not ignored as it ought to be\n", (*INTERFACE, "void value"), "xx"),
    ("frankcrawford/it87#10 (linux-kbuild for i386)",
     ("FATAL: modpost: /x/it87: sizeof(struct dmi_device_id)=332 is not a modulo of the size of section "
      "__mod_dmi__<identifier>_device_table=7224.\nFix definition of struct dmi_device_id in mod_devicetable.h\n"),
     ("programs of another architecture",), "interfaces"),
    ("pop-os/system76-dkms#59",
     ("make: uname: No such file or directory\nmake: make: No such file or directory\nmake: *** [Makefile:1846: "
      "/x] Error 127\n"), ("PATH is wrong", "/etc/environment"), "install uname"),
    ("airockchip/rknn-llm#120 (6.1.57): of SRAM, too",
     ("ERROR: modpost: \"dcache_clean_poc\" [drivers/rknpu/rknpu.ko] undefined!\nERROR: modpost: "
      "\"dcache_inval_poc\" [drivers/rknpu/rknpu.ko] undefined!\n"),
     ("not export dcache_clean_poc", "without SRAM"), "another release"),
    # headers that kernels have removed
    ("LINBIT/drbd#124 (6.17)", "drbd_dax_pmem.c:9:10: fatal error: linux/pfn_t.h: No such file or directory\n",
     ("lack linux/pfn_t.h", "no longer", "update rkfleet.npu"), "install the complete"),
    ("klogg/fl2000_drm#80 (6.14), ardangelo/sharp-drm-driver#11",
     "fl2000.h:33:10: fatal error: drm/drm_fbdev_generic.h: Datei oder Verzeichnis nicht gefunden\n",
     ("lack drm/drm_fbdev_generic.h", "no longer"), "install the complete"),
    ("patjak/facetimehd#297 (6.8)",
     "fthd_v4l2.h:17:10: fatal error: media/videobuf-dma-sg.h: No such file or directory\n",
     ("lack media/videobuf-dma-sg.h", "no longer"), "install the complete"),
    # what follows from a macro or a type of another kernel
    ("kind of lwfinger/rtl8852au#56: a macro that this kernel lacks",
     ("x.c:9:1: error: type defaults to \u2018int\u2019 in declaration of \u2018MODULE_IMPORT_NS\u2019 "
      "[-Werror=implicit-int]\n"), (*INTERFACE, "declaration of \u2018MODULE_IMPORT_NS\u2019)"), "CONFIG_CC_VERSION"),
    ("kind of xdna-driver#900: a macro that takes words and not a name",
     "x.c:9:18: error: expected declaration specifiers or \u2018...\u2019 before string constant\n",
     (*INTERFACE, "before string constant"), "--reinstall"),
    ("ayufan-rock64/linux-build#48 (4.4)",
     ("x.c:9:18: error: incompatible types when assigning to type 'gid_t {aka unsigned int}' from type 'kgid_t {aka "
      "struct <anonymous>}'\n"), (*INTERFACE, "incompatible types when assigning"), "--reinstall"),
    ("kind",
     ("././include/linux/compiler_types.h:352:45: error: call to '__compiletime_assert_338' declared with attribute "
      "error: BUILD_BUG_ON failed: sizeof(x) != 4\n"), (*INTERFACE, "BUILD_BUG_ON failed"), "--reinstall"),
    ("kind: what no rule knows", "src/rknpu_job.c:12:9: error: invalid operands to binary + (have 'a' and 'b')\n",
     (*INTERFACE, "invalid operands to binary + (have 'a' and 'b'))"), "--reinstall"),
    ("kind of jakubgs/nixos-config#3 (5.10.160 with gcc 12)",
     "x.c:140:35: error: storing the address of local variable '__here' in '*failaddr' [-Werror=dangling-pointer=]\n",
     ("kernel's settings make an error of", "storing the address of local variable"), "interfaces"),
    ("kind", ("./include/linux/vermagic.h:6:2: error: #error \"This header can be included from kernel/module.c or "
              "*.mod.c only\"\n"), (*INTERFACE, "This header can be included"), "--reinstall"),
    ("armbian/linux-rockchip#265, airockchip/rknn-llm#109",
     ("rknpu/rknpu_devfreq.c:237:25: error: 'rockchip_opp_set_low_length' undeclared here (not in a function)\n"),
     ("no rockchip_opp_set_low_length", "older npu_driver_version"), "interfaces"),
]


@pytest.mark.parametrize("source, log, needed, forbidden", CASES, ids=[case[0] for case in CASES])
def test_the_cause(source, log, needed, forbidden):
    sentence = build_log.explain(log + TAIL)
    failed_build.assert_said(sentence, needed, forbidden)


@pytest.mark.parametrize("source, log, needed, forbidden", CASES, ids=[case[0] for case in CASES])
def test_the_lines_that_an_audit_sends_have_the_cause(tmp_path, source, log, needed, forbidden):
    sentence = failed_build.explained(tmp_path, KERNEL, log, TAIL, dkms="3.2.2", version="0.9.8")
    failed_build.assert_said(sentence, needed, forbidden)


@pytest.mark.parametrize("log", [
    # a warning of the same words, or a package whose source is no concern of the driver's
    "x.c:5:1: warning: assignment to \u2018int\u2019 from incompatible pointer type \u2018x\u2019\n",
    "x.c:1376:19: note: each undeclared identifier is reported only once for each function it appears in\n",
])
def test_what_is_no_error(log):
    assert build_log.known_cause(log) is None


def test_the_driver_is_no_concern_of_other_packages():
    log = "x.c:1376:19: error: \u2018no_llseek\u2019 undeclared here (not in a function)\n"
    assert build_log.known_cause(log, build_causes.FOREIGN) is None
    assert "no_llseek" in build_log.explain(log, build_causes.FOREIGN)


@pytest.mark.parametrize("text", ["x.c:1:1: error: assignment to x" * 4000, "x.c:1:1: error: macro x passed 1 " * 4000,
                                  "x.c:1:1: error: " + "x" * 90000 + " undeclared"])
def test_hostile_logs_take_no_longer(text):
    assert len(build_log.explain(text) or "") < 1000
