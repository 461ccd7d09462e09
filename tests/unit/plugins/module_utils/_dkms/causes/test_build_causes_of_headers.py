# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Errors in the kernel's own headers, of compilers and of what the kernel has already, from public reports, made short.

They are the same for the NPU driver and for the modules of other packages.
"""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_causes, build_log
from stand_ins import failed_build

KERNEL = "6.1.115-vendor-rk35xx"
TAIL = """make[3]: *** [scripts/Makefile.build:250: x.o] Error 1
make: *** [Makefile:1936: x] Error 2
Error! Bad return status for module build on kernel: 6.1.115-vendor-rk35xx (aarch64)
"""
CASES = [  # source, log, what the sentence must have, what it must not have
    # a header of the kernel includes one that the package lacks
    ("lwfinger/rtl8723bu#150 (ODROID-N2, 4.9.190)",
     ("In file included from ./include/linux/irqflags.h:15,\n./arch/arm64/include/asm/irqflags.h:24:10: fatal error: "
      "../drivers/amlogic/debug/irqflags_debug_arm64.h: No such file or directory\ncompilation terminated.\n"),
     ("arch/arm64/include/asm/irqflags.h includes ../drivers/amlogic/debug/irqflags_debug_arm64.h", "incomplete",
      "--reinstall"), "DKMS"),
    ("v4l2loopback/v4l2loopback#119 (4.4.13-5-osmc)",
     "./arch/arm/include/asm/memory.h:22:25: fatal error: mach/memory.h: No such file or directory\n",
     ("arch/arm/include/asm/memory.h includes mach/memory.h", "incomplete"), "source does not fit"),
    ("openwrt/openwrt#819, archlinuxarm/PKGBUILDs#1498",
     ("  In file included from ./arch/arm64/include/asm/sysreg.h:25:0,\n  ./arch/arm64/include/asm/opcodes.h:5:10: "
      "fatal error: ../../arm/include/asm/opcodes.h: No such file or directory\n"),
     ("includes ../../arm/include/asm/opcodes.h", "incomplete"), "rkfleet"),
    ("kind: since Linux 6.13 make runs in the folder of the source",
     ("/usr/src/linux-headers-6.18.2-arm64/include/linux/a.h:9:10: fatal error: 'linux/b.h' file not found\n"),
     ("include/linux/a.h includes linux/b.h", "incomplete"), "rkfleet"),
    ("lwfinger/realtek_bluetooth#4",
     " ./include/linux/kernel.h:14:10: fatal error: linux/stdarg.h: No such file or directory\n",
     ("include/linux/kernel.h includes linux/stdarg.h", "incomplete"), "newer than this kernel"),
    ("RPi-Distro/firmware#9",
     ("  DTCO    /x/pisound.dtbo\n/x/pisound-overlay.dts:23:10: fatal error: dt-bindings/gpio/gpio.h: No such file or "
      "directory\n"), ("lack dt-bindings/gpio/gpio.h", "--reinstall"), "rkfleet"),
    # a header of the compiler
    ("mkottman/acpi_call#10, patjak/facetimehd#155, lwfinger/rtl8723au#68 (compiler and linker updated)",
     ("In file included from ./include/linux/list.h:9:0,\n./include/linux/kernel.h:6:10: fatal error: stdarg.h: No "
      "such file or directory\n #include <stdarg.h>\n"),
     ("compiler does not find its own stdarg.h", "-print-file-name=include"), "older than this kernel"),
    # what a header of the kernel says itself
    ("dev47apps/droidcam-linux-client#218 (a kernel of arm64 on a system of armhf)",
     ("In file included from ./include/asm/atomic.h:12,\n./include/asm/cmpxchg.h:11:2: error: #error \"Cannot use "
      "generic cmpxchg on SMP\"\n./include/asm-generic/atomic.h:50:16: error: redefinition of 'atomic_add'\n"),
     ("include/asm/cmpxchg.h", "Cannot use generic cmpxchg on SMP", "ARCH and CROSS_COMPILE"), "interfaces"),
    ("kind of dev47apps/droidcam-linux-client#218",
     "./include/asm-generic/bitsperlong.h:13:2: error: #error Inconsistent word size. Check asm/bitsperlong.h\n",
     ("Inconsistent word size", "another machine"), "interfaces"),
    # a driver that the kernel has already
    ("tbsdtv/media_build#73 (Orange Pi 5, 6.1.43)",
     ("  MODPOST /opt/media_build/v4l/Module.symvers\nERROR: modpost: /opt/media_build/v4l/mc44s803: "
      "'mc44s803_attach' exported twice. Previous export was in vmlinux\n"),
     ("kernel already has this driver", "mc44s803_attach is in vmlinux", "built in"), "another release"),
    ("wget/realtek-r8152-linux#31 (6.1.21)",
     ("ERROR: modpost: /x/r8152: 'rtl8152_get_version' exported twice. Previous export was in "
      "drivers/net/usb/r8152.ko\n"), ("rtl8152_get_version is in drivers/net/usb/r8152.ko",), "another release"),
    ("devleonardoamaral/debian-nvidia-installer#48 (6.12.63+deb13)",
     ("ERROR: modpost: vmlinux: 'system_state' exported twice. Previous export was in vmlinux\nERROR: modpost: "
      "vmlinux: 'reset_devices' exported twice. Previous export was in vmlinux\n"),
     ("Module.symvers", "them twice", "--reinstall"), "built in"),
    # the compiler
    ("ophub/amlogic-s9xxx-armbian#569 (5.15.68-flippy-76+o), frederik-h/acer-wmi-battery#170",
     ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: Ubuntu clang "
      "version 14.0.0-1ubuntu1\n  You are using:           gcc (Debian 10.2.1-6) 10.2.1 20210110\ngcc: error: "
      "unrecognized command-line option \u2018-mllvm\u2019\n"),
     ("option -mllvm", "built by Ubuntu clang version 14.0.0-1ubuntu1", "Install clang, lld and llvm", "LLVM=1"),
     "too old for this kernel headers"),
    ("kind of ClangBuiltLinux/linux#1572 (gcc 9 and newer write no parentheses)",
     "cc1: error: bad value \u2018armv8-a\u2019 for \u2018-march=\u2019 switch\n",
     ("for different machines (armv8-a)",), "xx"),
    ("kind of ARM-software/sbsa-acs#289, rr-debugger/rr#3858 (binutils before 2.38)",
     ("/tmp/ccDYpY0x.s: Assembler messages:\n/tmp/ccDYpY0x.s:302: Error: unknown or missing system register name at "
      "operand 2 -- `mrs x0,cntvctss_el0'\n"), ("assembler does not know mrs x0,cntvctss_el0", "too old"), "xx"),
    ("kind: NVIDIA's conftest.sh",
     ("Compiler version check failed:\ngcc version 11.2.0 (Ubuntu 11.2.0-19ubuntu1)\ndoes not match the compiler used "
      "here:\ncc (Ubuntu 12.1.0-2ubuntu1~22.04) 12.1.0\n*** Failed CC version check. Bailing out! ***\n"),
     ("refuses the compiler of this board", "CONFIG_CC_VERSION_TEXT"), "xx"),
    # the configure script of ZFS
    ("kind of radxa/kernel#54",
     ("checking whether the C compiler works... no\nconfigure: error: in `/var/lib/dkms/zfs/2.1.4/build':\nconfigure: "
      "error: C compiler cannot create executables\nSee `config.log' for more details\n"),
     ("makes no programs", "libc6-dev"), "xx"),
    ("kind of openzfs/zfs#8345",
     ("checking kernel source version... Not found\nconfigure: error: \n\t*** Cannot determine the version of the "
      "linux kernel source.\n"), ("not even an empty module", "--reinstall"), "xx"),
    ("openzfs/zfs#9331",
     ("configure: error: \n\t*** None of the expected \"global page state\" interfaces were detected.\n\t***\n"
      "\t*** ZFS Version: zfs-0.8.4-2\n\t*** Compatible Kernels: 2.6.32 - 5.6\n"),
     ("supports kernels up to 5.6 only",), "xx"),
    ("kind of rui314/mold", "mold: fatal: unknown command line option: --fix-cortex-a53-843419\n",
     ("binutils of this system", "--fix-cortex-a53-843419"), "xx"),
]


@pytest.mark.parametrize("causes", [build_causes.CAUSES, build_causes.FOREIGN], ids=["driver", "others"])
@pytest.mark.parametrize("source, log, needed, forbidden", CASES, ids=[case[0] for case in CASES])
def test_the_cause(source, log, needed, forbidden, causes):
    failed_build.assert_said(build_log.known_cause(log + TAIL, causes), needed, forbidden)


@pytest.mark.parametrize("source, log, needed, forbidden", CASES, ids=[case[0] for case in CASES])
def test_the_lines_that_an_audit_sends_have_the_cause(tmp_path, source, log, needed, forbidden):
    sentence = failed_build.explained(tmp_path, KERNEL, log, TAIL, dkms="3.2.2", version="0.9.8")
    failed_build.assert_said(sentence, needed, forbidden)


def test_the_line_in_which_configure_only_names_its_folder():
    log = "configure: error: in `/var/lib/dkms/zfs/2.1.11/build':\nconfigure: error: blkid.h missing\n"
    assert build_log.explain(log, build_causes.FOREIGN) == "configure: error: blkid.h missing"


def test_an_awk_that_is_not_that_of_gnu():
    """Kind of paboldin/meltdown-exploit#24, dracutdevs/dracut#2436: Debian's awk is mawk."""
    log = "awk: line 7: function strtonum never defined\n"
    failed_build.assert_said(build_log.known_cause(log, build_causes.FOREIGN), ("knows strtonum", "install gawk"), "xx")


@pytest.mark.parametrize("log", [
    # errors of the source's own headers, and of what it includes itself
    "/x/include/osdep.h:21:10: fatal error: linux/genhd.h: No such file or directory\n",
    "include/osdep.h:21:10: fatal error: drm/drmP.h: No such file or directory\n",
    # by its own words the source is at fault
    ("./include/linux/vermagic.h:6:2: error: #error \"This header can be included from kernel/module.c or *.mod.c "
     "only\"\n"),
])
def test_what_the_source_of_another_package_is_at_fault_for(log):
    assert build_log.known_cause(log + TAIL, build_causes.FOREIGN) is None


@pytest.mark.parametrize("text", [
    "include/linux/" * 20000, "./include/linux/x.h:1:1: error: #error " * 6000, "'x' exported twice. " * 9000,
    "arch/arm64/include/" * 15000, "/usr/src/linux-" * 15000,
])
def test_hostile_logs_take_no_longer(text):
    lines = "\n".join(text[start:start + 390] for start in range(0, len(text), 390))
    assert len(build_log.explain(text) or "") < 1000 and len(build_log.explain(lines) or "") < 1000
