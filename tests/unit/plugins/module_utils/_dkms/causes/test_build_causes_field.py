# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build logs from public reports, made short: the cause, its remedy, and what is none; with the source of each."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_causes, build_log
from stand_ins import failed_build

TAIL = """make[1]: *** [Makefile:1821: /var/lib/dkms/rknpu/0.9.6/build] Error 2
make: *** [Makefile:17: all] Error 2
Error! Bad return status for module build on kernel: 6.1.43-rockchip-rk3588 (aarch64)
Consult /var/lib/dkms/rknpu/0.9.6/build/make.log for more information.
"""
KERNEL = "6.1.43-rockchip-rk3588"
OPTION = "gcc: error: unrecognized command-line option '-fexperimental-late-parse-attributes'\n"
CASES = [  # source, log, what the sentence must have, what it must not have
    # the kernel's interfaces have moved on
    ("google/gasket-driver#12, valadaptive/uwurandom#8",
     ("x.c:1841:41: error: passing argument 1 of \u2018class_create\u2019 from incompatible pointer type "
      "[-Werror=incompatible-pointer-types]\n./include/linux/device/class.h:230:54: note: expected \u2018const char "
      "*\u2019\n"), ("argument 1 of \u2018class_create\u2019", "update rkfleet.npu"), "--reinstall"),
    ("cariboulabs/cariboulite#176",
     "x.c:1319:28: error: too many arguments to function \u2018class_create\u2019\n",
     ("too many arguments to function \u2018class_create\u2019", "update rkfleet.npu"), "--reinstall"),
    ("gnif/LookingGlass#1155, NVIDIA/open-gpu-kernel-modules#751",
     ("kvmfr.c:659:18: error: expected \u2018,\u2019 or \u2018;\u2019 before \u2018DMA_BUF\u2019\n  659 | "
      "MODULE_IMPORT_NS(DMA_BUF);\n"), ("DMA_BUF", "update rkfleet.npu"), "--reinstall"),
    ("google/gasket-driver#3 (aarch64)",
     "ERROR: modpost: module gasket uses symbol dma_buf_put from namespace DMA_BUF, but does not import it.\n",
     ("namespace DMA_BUF",), "--reinstall"),
    ("morrownr/88x2bu-20210702#94 (NanoPi R6S, 5.10.110)",
     ("ERROR: modpost: module 88x2bu uses symbol kernel_write from namespace "
      "VFS_internal_I_am_really_a_filesystem_and_am_NOT_a_driver, but does not import it.\n"), ("VFS_internal",), "xx"),
    ("asterisk/dahdi-linux#93, awesometic/realtek-r8125-dkms#93",
     ("x.c:232:9: error: implicit declaration of function \u2018hrtimer_init\u2019; did you mean "
      "\u2018hrtimers_init\u2019? [-Wimplicit-function-declaration]\n"),
     ("function \u2018hrtimer_init\u2019)", "a kernel that the vendor names"), "--reinstall"),
    ("dlundqvist/xone#44", "x.c:210:9: error: implicit declaration of function \u2018del_timer_sync\u2019 [-W]\n",
     ("function \u2018del_timer_sync\u2019)",), "--reinstall"),
    ("gnif/vendor-reset#77 (clang)",
     ("/x/atom.c:1427:3: error: call to undeclared library function 'strlcpy' with type 'unsigned long (char *, const "
      "char *, unsigned long)'; ISO C99 and later do not support implicit function declarations "
      "[-Wimplicit-function-declaration] and words up to an end that is more than two hundred characters away\n"),
     ("library function 'strlcpy'", "update rkfleet.npu"), "--reinstall"),
    ("sysprog21/lkmpg#289, pa3gsb/Radioberry-2.x#64 (6.11)",
     ("/x.c:70:15: error: initialization of \u2018void (*)(struct platform_device *)\u2019 from incompatible pointer "
      "type \u2018int (*)(struct platform_device *)\u2019 [-Werror=incompatible-pointer-types]\n"),
     ("void (*)(struct platform_device *)", "update rkfleet.npu"), "--reinstall"),
    ("radxa-pkg/aic8800#29 (6.12.18)",
     "x.c:1:2: error: \u2018struct wireless_dev\u2019 has no member named \u2018chandef\u2019\n",
     ("no member named \u2018chandef\u2019",), "--reinstall"),
    ("lwfinger/rtl8192cu#5",
     "x.h:962:8: error: \u2018_timer {aka struct timer_list}\u2019 has no member named \u2018data\u2019\n",
     ("no member named",), "--reinstall"),
    # a warning of the same words is no cause
    ("pa3gsb/Radioberry-2.x#64",
     ("/r.c:333:27: warning: initialization of \u2018void (*)(struct x *)\u2019 from incompatible pointer type "
      "\u2018int (*)(struct x *)\u2019 [-Wincompatible-pointer-types]\nERROR: modpost: \"foo\" [/x/rknpu.ko] "
      "undefined!\n"), ("does not export foo",), "interfaces"),
    # programs of the headers that are for another system
    ("ophub/amlogic-s9xxx-armbian#1895",
     ("scripts/basic/fixdep: error while loading shared libraries: libc.so.6: cannot open shared object file: No such "
      "file or directory\nmake[2]: *** [scripts/Makefile.build:289: x.o] Error 127\n"),
     ("scripts/basic/fixdep", "another system", "make scripts"), "apt-file"),
    ("kind of rmyorston/busybox-w32#167",
     "fixdep: error fstat'ing file: scripts/basic/.fixdep.d: Value too large for defined data type\n",
     ("another architecture",), "reinstall --"),
    # plugins of gcc that are not there
    ("aircrack-ng/rtl8188eus#158",
     ("cut: /etc/redhat-release: No such file or directory\ncc1: error: cannot load plugin "
      "./scripts/gcc-plugins/arm_ssp_per_task_plugin.so\n   ./scripts/gcc-plugins/arm_ssp_per_task_plugin.so: cannot "
      "open shared object file: No such file or directory\n"),
     ("lack scripts/gcc-plugins/arm_ssp_per_task_plugin.so", "make gcc-plugins", "-plugin-dev"), "another version"),
    ("MiSTerArch/PKGBUILDs#17",
     ("cc1: error: cannot load plugin ./scripts/gcc-plugins/arm_ssp_per_task_plugin.so: "
      "./scripts/gcc-plugins/arm_ssp_per_task_plugin.so: wrong ELF class: ELFCLASS64\n"),
     ("another machine", "make gcc-plugins"), "another version"),
    # headers without anything, or of a package that asks them
    ("kind of Bytewerk/QuadCAN-FD#1",
     ("make: Entering directory '/usr/src/linux-headers-6.1.43'\nmake: *** No targets specified and no makefile "
      "found.  Stop.\n"), ("has no Makefile", "--reinstall"), "xx"),
    ("Sergey1560/fb_st7796s#1",
     ("make[1]: Entering directory '/usr/lib/modules/5.15.63-sunxi'\nmake[1]: *** No rule to make target 'modules'.  "
      "Stop.\n"), ("lack modules", "--reinstall"), "xx"),
    ("linux-sunxi/linux-sunxi#145",
     ("/bin/sh: 1: cd: can't cd to /lib/modules/3.0.76/build\nmake: *** /lib/modules/3.0.76/build: No such file or "
      "directory.  Stop.\n"), ("/lib/modules/3.0.76/build does not exist",), "xx"),
    ("cubieplayer/Cubian#255", "make: *** /lib/modules/3.4.75-sun4i/build: Not a directory.  Stop.\n",
     ("/lib/modules/3.4.75-sun4i/build does not exist",), "xx"),
    ("openzfs/zfs#18291, #15035",
     "configure: error: \n\t*** This kernel does not include the required loadable module\n",
     ("CONFIG_MODULES", "not prepared"), "another kernel"),
    ("radxa/kernel#54 (ROCK 5B, 5.10.110)",
     ("/usr/bin/env: \u2018python\u2019: No such file or directory\nconfigure: error:\n        *** Unable to build an "
      "empty module.\n"), ("the program python", "python-is-python3"), "--reinstall"),
    ("openzfs/zfs#14608 (arm64)", "configure: error:\n\t*** This kernel is unable to compile object files.\n",
     ("not even an empty module",), "xx"),
    # the machine, and what a program of the headers needs here
    ("kind", "cc1: error: bad value (\u2018armv8-a\u2019) for \u2018-march=\u2019 switch\n",
     ("for different machines (armv8-a)", "ARCH"), "too old"),
    ("kind", "as: unrecognized option '-EL'\n", ("for different machines (-EL)",), "too old"),
    ("kind", "/usr/bin/ld: cannot find crt1.o: No such file or directory\n/usr/bin/ld: cannot find -lc\n",
     ("crt1.o", "libc6-dev"), "libc-dev"),
    ("kind", "/usr/bin/ld: cannot find -lcrypto: No such file or directory\n",
     ("libcrypto", "libssl-dev"), "crypto-dev"),
    ("kind", "Traceback (most recent call last):\nModuleNotFoundError: No module named 'elftools'\n",
     ("elftools", "python3-"), "xx"),
    ("kind", "Can't locate File/Compare.pm in @INC (you may need to install the File::Compare module)\n",
     ("File/Compare.pm", "install perl"), "xx"),
    ("anbox/anbox-modules#18",
     "make[1]: gcc: No se encontr\u00f3 el programa\n/bin/sh: 1: gcc: not found\nmake[2]: *** [x.o] Error 127\n",
     ("the compiler gcc",), "xx"),
    # type information
    ("NVIDIA/open-gpu-kernel-modules#756",
     ("Unsupported DW_TAG_reference_type(0x10): type: 0x5fb\nEncountered error while encoding BTF.\nmake[2]: *** "
      "[scripts/Makefile.modfinal:63: rknpu.ko] Error 1\n"), ("BTF", "vmlinux"), "xx"),
    ("falcosecurity/driverkit#233",
     "libbpf: failed to find valid kernel BTF\nFailed to parse base BTF 'vmlinux': -22\n", ("BTF", "vmlinux"), "xx"),
    # of several lines, the one that ended the build
    ("asterisk/dahdi-linux#103",
     ("At main.c:167:\n- SSL error:02001002:system library:fopen:No such file or directory: "
      "../crypto/bio/bss_file.c:69\nsign-file: output/signing_key.pem: No such file or directory\nx.c:1:2: error: "
      "\u2018y\u2019 undeclared (first use in this function)\n"), ("\u2018y\u2019 undeclared",), "signing_key"),
    ("kelebek333/rtl8188fu#29 (5.4.0-1053-raspi)",
     ("ERROR: Cannot create report: [Errno 17] File exists: '/var/crash/x.0.crash'\nx.c:1:2: error: something\n"),
     ("something",), "crash"),
    ("kind of MichaIng/DietPi#4243",
     ("ERROR: ld.so: object '/usr/lib/libarmmem.so' from /etc/ld.so.preload cannot be preloaded: ignored.\nMakefile:7: "
      "*** something new.  Stop.\n"), ("something new",), "preload"),
    ("armbian/build#7269",
     "/usr/bin/aarch64-linux-gnu-ld: x.a: member procfs.o in archive is not an object: wrong\n",
     ("is not an object",), "xx"),
    ("kind of Frogging-Family/linux-tkg#741",
     ("Skipping BTF generation for /x/rknpu.ko due to unavailability of vmlinux\nx.c:1:2: error: a thing\n"),
     ("a thing",), "pahole"),
    ("ubuntu-rockchip: intel-gpu/kernel#3",
     "make[3]: *** No rule to make target 'debian/canonical-certs.pem', needed by 'certs/x509_list'.  Stop.\n",
     ("debian/canonical-certs.pem",), "--reinstall"),
    # the source of a package, and not the headers
    ("kind of lwfinger/rtl8188eu#471",
     ("make[2]: *** No rule to make target '/var/lib/dkms/rknpu/0.9.6/build/include/a.h', needed by 'a.o'.  Stop.\n"),
     ("/var/lib/dkms/rknpu/0.9.6/build/include/a.h",), "--reinstall"),
    ("kind of ayufan: cilynx/rtl88x2BU_WiFi_linux#34",
     "/var/lib/dkms/rknpu/0.9.6/build/Makefile:3: *** missing separator.  Stop.\n", ("missing separator",),
     "--reinstall"),
    ("WCHSoftGroup/ch341ser_linux#21", "make[2]: *** No rule to make target 'Smart'.  Stop.\n", ("Smart",),
     "--reinstall"),
    # what each kernel has, and each configuration
    ("v4l2loopback/v4l2loopback#502 (aarch64)",
     ('ERROR: modpost: "__arch_copy_to_user" [/x/v4l2loopback.ko] undefined!\nERROR: modpost: "cpu_hwcap_keys" '
      '[/x/v4l2loopback.ko] undefined!\nERROR: modpost: "_raw_spin_unlock" [/x/v4l2loopback.ko] undefined!\n'),
     ("Module.symvers", "__arch_copy_to_user", "--reinstall"), "does not export"),
    ("Shubhamvis98/kali-pinephone#129",
     ("./include/linux/jiffies.h:1:2: error: unknown type name \u2018atomic64_t\u2019\n./include/linux/x.h:1:2: error: "
      "'CONFIG_HZ' undeclared\n"), ("autoconf.h", "empty or damaged"), "interfaces"),
    ("ophub/amlogic-s9xxx-armbian#2285 (mawk)",
     'awk: cannot open "include/generated/asm-offsets.h" (No such file or directory)\n',
     ("lack include/generated/asm-offsets.h", "--reinstall"), "xx"),
    ("lwfinger/rtl8852au#56 (4.19)",
     ("x.c:392:9: error: implicit declaration of function 'MODULE_IMPORT_NS' "
      "[-Werror=implicit-function-declaration]\n"), ("MODULE_IMPORT_NS", "update rkfleet.npu"), "--reinstall"),
    # DKMS mentions a module that it skips on purpose
    ("raspberrypi/firmware#1545",
     ("Error!  The dkms.conf for this module includes a BUILD_EXCLUSIVE directive which\ndoes not match this "
      "kernel/arch.\n/bin/sh: 1: scripts/basic/fixdep: not found\nmake[2]: *** [x.o] Error 127\n"),
     ("scripts/basic/fixdep",), "BUILD_EXCLUSIVE"),
    # with the whole name of what is missing
    ("morrownr/88x2bu-20210702#212",
     "make[2]: *** No rule to make target 'include/generated/asm-offsets.h', needed by 'x'.  Stop.\n",
     ("lack include/generated/asm-offsets.h:",), "xx"),
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
    sentence = failed_build.explained(tmp_path, KERNEL, log, TAIL, dkms="3.1.5", version="0.9.6")
    failed_build.assert_said(sentence, needed, forbidden)


def test_a_wrapper_that_is_for_python_2():
    """Under Python 3 it crashes as soon as gcc has a warning, and kbuild takes that for its options."""
    sentence = build_log.explain(
        '  File "/usr/src/linux-headers-4.19.232/scripts/gcc-wrapper.py", line 88\n    print "error, forbidden '
        "warning:\", m.group(2)\nSyntaxError: Missing parentheses in call to 'print'\n" + TAIL)
    assert "gcc-wrapper.py" in sentence and "Python" in sentence


@pytest.mark.parametrize("log", [
    # andikleen/simple-pt#15, wget/realtek-r8152-linux#8: modules are installed without a signature
    ("At main.c:160:\n- SSL error:02001002:system library:fopen:No such file or directory: "
     "../crypto/bio/bss_file.c:69\n- SSL error:2006D080:BIO routines:BIO_new_file:no such file: "
     "../crypto/bio/bss_file.c:76\nsign-file: certs/signing_key.pem: No such file or directory\n"),
    # alexreinert/piVCCU#552
    "Binary /lib/modules/6.1.21-v8+/build/scripts/sign-file not found, modules won't be signed\n",
    # ophub/amlogic-s9xxx-armbian#1571
    ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: "
     "aarch64-none-linux-gnu-gcc (Arm GNU Toolchain 12.2.Rel1) 12.2.1\n  You are using:           gcc (Ubuntu "
     "11.3.0-1ubuntu1~22.04.1) 11.3.0\n"),
    # radxa-pkg/aic8800#41
    "make[1]: warning: -j8 forced in makefile: resetting jobserver mode.\n",
    # v4l2loopback/v4l2loopback#643
    "grep: /etc/dkms/framework.conf.d/*.conf: No such file or directory\n",
    # scarburato/t150_driver#54
    "Deprecated feature: REMAKE_INITRD (/usr/src/t150-0.8a/dkms.conf)\n",
    # Joshua-Riek/ubuntu-rockchip#134
    "ERROR (dkms apport): kernel package linux-headers-5.10.110-orangepi-rk3588 is not supported\n",
    # radxa-repo/rbuild#18
    "It is likely that 5.10.0-18-amd64 belongs to a chroot's host\n",
    # linuxdeepin/deepin-anything#23
    "arch/arm64/Makefile:27: ld does not support --fix-cortex-a53-843419; kernel may be susceptible to erratum\n",
    # dkms-project/dkms#464: headers of 6.12 have no .config
    "Kernel config /lib/modules/6.12.1-arm64/build/.config not found, modules won't be signed\n",
    # openzfs/zfs#18291
    "The kernel is built without module signing facility, modules won't be signed\n",
    # gordboy/rtl8812au#13: of DKMS itself
    "/usr/sbin/dkms: line 784: find_module: command not found\n",
])
def test_what_ends_no_build_is_no_cause(log):
    assert build_log.explain(log + TAIL) is None


@pytest.mark.parametrize("log", [
    "x.c:232:9: error: implicit declaration of function 'hrtimer_init'; did you mean 'x'?\n",
    "x.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory\n",
])
def test_the_driver_is_no_concern_of_other_packages(log):
    assert build_log.known_cause(log, build_causes.FOREIGN) is None


@pytest.mark.parametrize("text", [
    "scripts/x " * 20000, "x/" * 60000, "cannot load plugin ./scripts/gcc-plugins/x.so " * 8000, "ld: " * 60000,
    "No rule to make target 'scripts/x " * 9000, "Cannot build against kernel version a\n" * 8000,
    "x.c:1:1: error: implicit declaration of function a" * 6000, "/env: 'python" * 15000,
    "error, forbidden warning: " * 9000, "multiple definition of " * 9000, "/scripts/" * 20000,
    "x: undefined reference to " * 9000, "collect2: " * 20000,
])
def test_hostile_logs_take_no_longer(text):
    lines = "\n".join(text[start:start + 390] for start in range(0, len(text), 390))
    assert len(build_log.explain(text) or "") < 1000 and len(build_log.explain(lines) or "") < 1000
