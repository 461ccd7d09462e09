# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build logs of a fourth round of public reports, made short: cause, remedy, what it must not be; with their source."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import build_causes, build_log
from stand_ins import failed_build

KERNEL = "6.1.84-8-rk2410"
TAIL = """make[1]: *** [Makefile:1821: /var/lib/dkms/rknpu/0.9.6/build] Error 2
make: *** [Makefile:17: all] Error 2
Error! Bad return status for module build on kernel: 6.1.84-8-rk2410 (aarch64)
Consult /var/lib/dkms/rknpu/0.9.6/build/make.log for more information.
"""
OPTION = "gcc: error: unrecognized command-line option '-fexperimental-late-parse-attributes'\n"
CASES = [  # source, log, what the sentence must have, what it must not have
    # Rockchip's wrapper of the compiler, which prints a comma behind "error"
    ("radxa/kernel#44, ayufan-rock64/linux-build#66",
     ("drivers/mfd/x.c: In function \u2018y\u2019:\ndrivers/mfd/x.c:1164:3: warning: \u2018memset\u2019 used with "
      "length equal to number of elements [-Wmemset-elt-size]\nerror, forbidden warning: fusb302.c:1164\nmake[2]: *** "
      "[drivers/mfd/fusb302.o] Error 1\n"), ("gcc-wrapper.py", "fusb302.c:1164", "CONFIG_CC_VERSION_TEXT"), "memset"),
    ("rockchip-linux/kernel#36, android-linux-stable/op6#1",
     "error, forbidden warning: rfkill-bt.c:703\n", ("gcc-wrapper.py", "rfkill-bt.c:703"), "--reinstall"),
    # programs of the headers
    ("BPI-SINOVOIP/BPI-M4-bsp#4, figozhang/runninglinuxkernel_5.0#11",
     ("/usr/bin/ld: scripts/dtc/dtc-parser.tab.o:(.bss+0x10): multiple definition of `yylloc'; "
      "scripts/dtc/dtc-lexer.lex.o:(.bss+0x0): first defined here\ncollect2: error: ld returned 1 exit status\n"),
     ("gcc 10", "HOSTCFLAGS=-fcommon"), "collect2"),
    ("armbian/build#10310 (headers on Ubuntu 26.04)",
     ("tools/lib/bpf/libbpf.c:11452:27: error: assignment discards 'const' qualifier from pointer target type "
      "[-Werror=discarded-qualifiers]\ncc1: all warnings being treated as errors\nmake[1]: *** [Makefile:76: "
      "bpf/resolve_btfids] Error 2\n"), ("tools/lib/bpf/libbpf.c", "update the kernel and its headers"), "rkfleet"),
    ("radxa/rockchip-bsp#9",
     ("scripts/mod/devicetable-offsets.c:6:41: error: expected expression before \u2018struct\u2019\n"),
     ("scripts/mod/devicetable-offsets.c", "compiler and libraries"), "rkfleet"),
    ("kind of BPI-SINOVOIP/BPI-M4-bsp#4: another program",
     ("/usr/bin/ld: /tmp/ccq.o: in function `main':\nsign-file.c:(.text+0x1c): undefined reference to "
      "`ERR_get_error'\ncollect2: error: ld returned 1 exit status\n"), ("undefined reference to `ERR_get_error'",),
     "collect2"),
    ("kind of BPI-SINOVOIP/BPI-M4-bsp#4", "collect2: error: ld returned 1 exit status\n", ("collect2: error",), "xx"),
    ("kind", "collect2: fatal error: cannot find \u2018ld\u2019\ncompilation terminated.\n",
     ("it has no ld", "binutils"), "xx"),
    # where qemu-user is installed, it runs what is for x86, and bash has had its own words since 5.2
    ("kind of raspberrypi/linux#3279",
     ("qemu-x86_64: Could not open '/lib64/ld-linux-x86-64.so.2': No such file or directory\nmake[2]: *** "
      "[scripts/Makefile.build:250: x.o] Error 255\n"), ("another architecture", "make scripts"), "xx"),
    ("kind of radxa/apt#11",
     "x86_64-binfmt-P: Could not open '/lib64/ld-linux-x86-64.so.2': No such file or directory\n",
     ("another architecture",), "xx"),
    ("kind of raspberrypi/firmware#1155",
     "/bin/sh: line 1: scripts/basic/fixdep: cannot execute: required file not found\nmake[2]: *** [x.o] Error 127\n",
     ("scripts/basic/fixdep", "another architecture"), "xx"),
    ("kind", "strip: Unable to recognise the format of the input file `rknpu.ko'\n", ("strip: Unable",), "xx"),
    ("kind", "/x/y.o: file not recognized: file truncated\n", ("file truncated",), "xx"),
    # lists of functions
    ("lwfinger/rtl8188eu#41, Mellanox/nv_peer_memory#70",
     "FATAL: parse error in symbol dump file\nmake[2]: *** [scripts/Makefile.modpost:94: __modpost] Error 1\n",
     ("Module.symvers", "--reinstall", "update the source"), "xx"),
    ("kind of NVIDIA/jetson-rdma-picoevb#13", "FATAL: modpost: parse error in symbol dump file\n",
     ("Module.symvers",), "xx"),
    # headers that are not prepared
    ("al177/esp8089#7",
     "Makefile:19: *** No .config found in /lib/modules/4.4/build, please set KBUILD to configured kernel.  Stop.\n",
     ("not prepared", ".config", "--reinstall"), "KBUILD"),
    ("kind of al177/esp8089#7",
     ('***\n*** Configuration file ".config" not found!\n***\n*** Please run some configurator (e.g. "make oldconfig" '
      "or\n***\nmake[2]: *** [scripts/kconfig/Makefile:77: syncconfig] Error 1\n"), ("not prepared", ".config"),
     "configurator"),
    ("raspberrypi/linux#5468", 'crypto/Kconfig:1399: can\'t open file "arch/arm64/crypto/Kconfig"\n',
     ("lack arch/arm64/crypto/Kconfig",), "xx"),
    # another architecture, and what is only a warning
    ("cilynx/rtl88x2bu#113 (rock64)",
     ("make ARCH=arm CROSS_COMPILE= -C /lib/modules/5.6.0-1138-ayufan-g2d8a7fc1c7ca/build M=/x modules\nMakefile:653: "
      "arch/arm/Makefile: No such file or directory\n"
      "make[1]: *** No rule to make target 'arch/arm/Makefile'.  Stop.\n"),
     ("ARCH is arm,", "remove ARCH"), "--reinstall"),
    ("Mange/rtl8192eu-linux-driver#297 (ROCK 5B)",
     ("arch/arm64/Makefile:44: Detected assembler with broken .inst; disassembly will be unreliable\nx.c:1:2: error: "
      "something else\n"), ("something else",), "assembler"),
    # another compiler
    ("armbian/build#10600",
     ("  The kernel was built by: Debian clang version 19.1.7\n  You are using:\n/bin/sh: 1: clang: not found\n"
      "make[4]: *** [x.o] Error 127\n"), ("clang", "lld", "llvm"), "CROSS_COMPILE"),
    ("chaotic-aur/packages#2991", "/bin/sh: 1: ld.lld: not found\nmake[2]: *** [x.ko] Error 127\n",
     ("install lld",), "install ld.lld"),
    ("kind of chaotic-aur/packages#2991", "/bin/sh: line 1: llvm-ar: command not found\nmake[2]: *** [x] Error 127\n",
     ("install llvm",), "install llvm-ar"),
    ("radxa-pkg/aic8800#91",
     ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: clang version "
      "22.1.3\n  You are using:           gcc (GCC) 15.2.1 20260209\n" + OPTION),
     ("-fexperimental-late-parse-attributes", "built by clang version 22.1.3"), "rkfleet"),
    ("kind of radxa-pkg/aic8800#91",
     "clang: error: unsupported argument 'sysreg' to option '-mstack-protector-guard='\n",
     ("-mstack-protector-guard=", "too old or too new"), "xx"),
    # what only a vendor's kernel has
    ("rknpu on mainline 6.12",
     "rknpu_drv.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory\n",
     ("soc/rockchip/rockchip_iommu.h", "only the kernels of Rockchip's vendors"), "--reinstall"),
    ("kind of Joshua-Riek/ubuntu-rockchip#1093, which names it",
     "rknpu_gem.c:9:10: fatal error: 'linux/version_compat_defs.h' file not found\n",
     ("lack linux/version_compat_defs.h", "(BSP)"), "--reinstall"),
    ("kind of airockchip/rknn-llm#24",
     "x.c:1:10: fatal error: linux/rockchip/rockchip_sip.h: No such file or directory\n",
     ("linux/rockchip/rockchip_sip.h", "(BSP)"), "--reinstall"),
    ("airockchip/rknn-llm#120",
     ('ERROR: modpost: "dcache_clean_poc" [drivers/rknpu/rknpu.ko] undefined!\nERROR: modpost: "dcache_inval_poc" '
      "[drivers/rknpu/rknpu.ko] undefined!\n"), ("does not export dcache_clean_poc",), "--reinstall"),
    ("armbian/linux-rockchip#265",
     ("rknpu_devfreq.c:237:25: error: 'rockchip_opp_set_low_length' undeclared here (not in a function)\n"),
     ("rockchip_opp_set_low_length", "older npu_driver_version"), "--reinstall"),
    # programs
    ("tomaspinho/rtl8821ce#63", "/bin/sh: 1: bc: not found\nmake[1]: *** [x] Error 127\n", ("install bc",), "xx"),
    ("kind", "/bin/sh: 1: modprobe: not found\nmake[1]: *** [x] Error 127\n", ("install kmod",), "install modprobe"),
    ("kind", "/bin/sh: 1: hexdump: not found\nmake[1]: *** [x] Error 127\n", ("bsdextrautils",), "install hexdump"),
    # DKMS
    ("github.com/dkms-project/dkms, dkms.in",
     "Error! The directory /var/lib/dkms/rknpu/0.9.6/source does not appear to have module source located within it.\n",
     ("no longer has the source", "dkms remove"), "xx"),
    ("DEEPX-AI/dx-all-suite#141 (NanoPi R6C, 6.1.141)",
     ("Error! DKMS tree already contains: dxrt-driver-dkms-2.1.0-2\nYou cannot add the same module/version combo more "
      "than once.\n"), ("dxrt-driver-dkms-2.1.0-2", "dkms remove"), "xx"),
]


@pytest.mark.parametrize("source, log, needed, forbidden", CASES,
                         ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_the_cause(source, log, needed, forbidden):
    sentence = build_log.explain(f"DKMS make.log for rknpu-0.9.6 for kernel {KERNEL} (aarch64)\n{log}{TAIL}")
    failed_build.assert_said(sentence, needed, forbidden)


@pytest.mark.parametrize("source, log, needed, forbidden", CASES,
                         ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_the_lines_that_an_audit_sends_have_the_cause(tmp_path, source, log, needed, forbidden):
    sentence = failed_build.explained(tmp_path, KERNEL, log, TAIL, dkms="3.2.2", version="0.9.6")
    failed_build.assert_said(sentence, needed, forbidden)


def test_a_wrapper_that_is_for_python_2():
    """Under Python 3 it crashes as soon as gcc has a warning, and kbuild takes that for its options."""
    sentence = build_log.explain(
        '  File "/usr/src/linux-headers-4.19.232/scripts/gcc-wrapper.py", line 88\n    print "error, forbidden '
        "warning:\", m.group(2)\nSyntaxError: Missing parentheses in call to 'print'\n" + TAIL)
    assert "gcc-wrapper.py" in sentence and "Python" in sentence


@pytest.mark.parametrize("log", [
    # dkms-project/dkms#464: headers of 6.12 have no .config
    "Kernel config /lib/modules/6.12.1-arm64/build/.config not found, modules won't be signed\n",
    # openzfs/zfs#18291
    "The kernel is built without module signing facility, modules won't be signed\n",
    # gordboy/rtl8812au#13: of DKMS itself
    "/usr/sbin/dkms: line 784: find_module: command not found\n",
])
def test_what_ends_no_build_is_no_cause(log):
    assert build_log.known_cause(log + TAIL) is None and "find_module" not in (build_log.explain(log + TAIL) or "")


def test_what_only_the_npu_driver_misses_is_no_concern_of_other_packages():
    log = "x.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory\n"
    assert build_log.known_cause(log, build_causes.FOREIGN) is None


@pytest.mark.parametrize("text", ["error, forbidden warning: " * 9000, "multiple definition of " * 9000,
                                  "/scripts/" * 20000, "x: undefined reference to " * 9000, "collect2: " * 20000])
def test_hostile_logs_take_no_longer(text):
    assert len(build_log.explain(text) or "") < 1000
