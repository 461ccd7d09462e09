# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Logs as owners of boards reported them, made short: the cause and its remedy, with the source of each."""

from __future__ import annotations

import re

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_causes, build_log
from stand_ins import failed_build

TAIL = """make[1]: *** [Makefile:1821: /var/lib/dkms/rknpu/0.9.6/build] Error 2
make: *** [Makefile:17: all] Error 2
Error! Bad return status for module build on kernel: 6.1.43-rockchip-rk3588 (aarch64)
Consult /var/lib/dkms/rknpu/0.9.6/build/make.log for more information.
dpkg: error processing package rknpu-dkms (--configure):
 installed rknpu-dkms package post-installation script subprocess returned error exit status 10
E: Sub-process /usr/bin/dpkg returned an error code (1)
"""
CASES = [  # source, log, what the sentence must have
    # told to build for a machine by another name than the kernel's
    ("Mange/rtl8192eu-linux-driver#228",
     ("make ARCH=aarch64 -C /lib/modules/5.10.17-v8+/build M=/var/lib/dkms/rtl8192eu/1.0/build  modules\n"
      "make[1]: Entering directory '/usr/src/linux-headers-5.10.17-v8+'\n"
      "Makefile:681: arch/aarch64/Makefile: No such file or directory\n"
      "make[1]: *** No rule to make target 'arch/aarch64/Makefile'.  Stop."), ("ARCH is aarch64", "arm64")),
    # what the kernel exports is not known
    ("clnhub/rtl8192eu-linux#87",
     ('WARNING: Symbol version dump "Module.symvers" is missing.\n'
      "         Modules may not have dependencies or modversions.\n"
      'WARNING: modpost: "usb_register_driver" [/usr/src/rtl8192eu/8192eu.ko] undefined!'),
     ("lack Module.symvers", "--reinstall")),
    ("thesofproject/sof#10955",
     ('WARNING: Symbol version dump "/usr/src/linux-headers-6.1.75-vendor-rk35xx/Module.symvers" is missing.\n'
      'ERROR: modpost: "drm_ioctl" [/var/lib/dkms/rknpu/0.9.6/build/rknpu.ko] undefined!'), ("Module.symvers",)),
    # programs of the headers that may not run
    ("raspberrypi/linux#2579",
     ("/bin/sh: 1: scripts/basic/fixdep: Permission denied\nmake[1]: *** [scripts/basic/fixdep] Error 126"),
     ("scripts/basic/fixdep", "noexec", "another machine")),
    ("linux-surface/linux-surface#1706",
     ("/bin/sh: line 1: /usr/lib/modules/6.13.6-1-surface+/build/scripts/basic/fixdep: cannot execute binary file: "
      "Exec format error\nmake[4]: *** [/usr/lib/modules/6.13.6-1-surface+/build/scripts/Makefile.build:196: x.o] "
      "Error 126"), ("another architecture",)),
    # headers that are not there, or for another kernel
    ("armbian/armbian-router#37",
     ("Error! Your kernel headers for kernel 6.18.8-current-rockchip64 cannot be found at "
      "/lib/modules/6.18.8-current-rockchip64/build or /lib/modules/6.18.8-current-rockchip64/source."),
     ("6.18.8-current-rockchip64", "/lib/modules/6.18.8-current-rockchip64/build",
      "update kernel and headers together")),
    ("orangepi-xunlong/orangepi-build#183",
     ("Error! Your kernel headers for kernel 6.1.43-rockchip-rk3588 cannot be found.\nPlease install the "
      "linux-headers-6.1.43-rockchip-rk3588 package or use the --kernelsourcedir option to tell DKMS where it's "
      "located."),
     ("/lib/modules/6.1.43-rockchip-rk3588/build",)),
    ("corneal64/Realtek-USB-Wireless-Adapter-Drivers#5",
     "Error! echo\nYour kernel headers for kernel 4.19.122-1-MANJARO-ARM cannot be found at",
     ("4.19.122-1-MANJARO-ARM", "install the headers package")),
    ("alexreinert/piVCCU#112",
     ("Module build for kernel 4.18.20-meson64 was skipped since the\nkernel headers for this kernel does not seem to "
      "be installed."), ("4.18.20-meson64", "update kernel and headers together")),
    ("RinCat/RTL88x2BU-Linux-Driver#155",
     "==> ERROR: Missing 5.9.8-arch1-1 kernel headers for module rtl88x2bu/5.13.1.r170.624f131", ("5.9.8-arch1-1",)),
    ("bamarni/pi64#10", "make: *** /lib/modules/4.11.12-pi64+/build: No such file or directory.  Stop.",
     ("/lib/modules/4.11.12-pi64+/build does not exist", "install the headers package")),
    # headers that are not prepared, or incomplete
    ("katyo/xr819#1",
     ("  ERROR: Kernel configuration is invalid.\n         include/generated/autoconf.h or "
      "include/config/auto.conf are "
      "missing.\n         Run 'make oldconfig && make prepare' on kernel src to fix it."),
     ("not prepared", "autoconf.h", "--reinstall")),
    ("armbian/build#5046",
     "ld: cannot open linker script file scripts/module.lds: No such file or directory",
     ("scripts/module.lds", "incomplete", "--reinstall")),
    ("armbian/build#1369",
     ("Makefile:619: arch//Makefile: No such file or directory\nmake: *** No rule to make target 'arch//Makefile'.  "
      "Stop."),
     ("incomplete", "arch//Makefile", "--reinstall")),
    ("armbian/build#345",
     "Makefile:590: /usr/src/linux-headers-3.14.70-odroidc2/arch//Makefile: No such file or directory",
     ("incomplete", "--reinstall")),
    ("morrownr/88x2bu-20210702#212",
     ("awk: fatal: cannot open file `include/generated/asm-offsets.h' for reading: No such file or "
      "directory\nmake[2]: *** "
      "No rule to make target 'scripts/mod/modpost', needed by '/var/lib/dkms/rtl88x2bu/5.13.1/build/88x2bu.o'.  "
      "Stop."),
     ("incomplete or not prepared", "--reinstall")),
    ("armbian/build#1753", "make: *** No rule to make target 'prepare0', needed by 'vdso_prepare'.  Stop.",
     ("incomplete or not prepared", "prepare0")),
    ("ophub/amlogic-s9xxx-armbian#548",
     "make[1]: Entering directory '/usr/src/linux-5.15.y'\nmake[1]: *** No rule to make target 'modules'.  Stop.",
     ("incomplete or not prepared", "modules")),
    ("frank-w/BPI-Router-Linux#122", "can't find file Kconfig", ("incomplete or not prepared", "Kconfig")),
    ("ayufan: cilynx/rtl88x2BU_WiFi_linux#34",
     "scripts/Makefile.build:474: *** missing separator.  Stop.", ("scripts/Makefile.build", "damaged")),
    # programs of the headers: missing, or for another machine
    ("ophub/amlogic-s9xxx-armbian#1905",
     "/bin/sh: 1: scripts/basic/fixdep: Exec format error\nmake[2]: *** [scripts/Makefile.build:289: x.o] Error 126",
     ("another architecture", "make scripts")),
    ("kind of balena-os/meta-balena#1302",
     "/bin/sh: 1: scripts/basic/fixdep: not found\nmake[2]: *** [scripts/Makefile.build:250: x.o] Error 127",
     ("scripts/basic/fixdep", "dpkg-reconfigure", "make scripts")),
    # of whichever kernel the log is, and where the programs have their source
    ("kind", "/bin/sh: 1: scripts/basic/fixdep: Exec format error",
     ("cd /lib/modules/{release}/build && test -f scripts/basic/fixdep.c && find",)),
    ("armbian/build#220", "/bin/sh: 1: scripts/genksyms/genksyms: not found\nmake[4]: *** [x.o] Error 127",
     ("scripts/genksyms/genksyms", "dpkg-reconfigure")),
    ("raspberrypi/firmware#1155", ("bash: /usr/src/linux-headers-4.19.50-v7+/scripts/basic/fixdep: No such file or "
                                   "directory"),
     ("for another architecture", "scripts/basic/fixdep")),
    ("pvaret/rtl8192cu-fixes#63", "./scripts/recordmcount: 1: ./scripts/recordmcount: Syntax error: \"(\" unexpected",
     ("another architecture",)),
    ("orangepi-xunlong/orangepi-build#161", "/usr/bin/ld: scripts/kconfig/conf.o: Relocations in generic ELF (EM: 62)",
     ("another architecture",)),
    ("balena-os/meta-balena#2572",
     "scripts/basic/fixdep: /lib64/libc.so.6: version `GLIBC_2.34'\nnot found (required by scripts/basic/fixdep)",
     ("newer library (GLIBC_2.34)",)),
    ("kind of balena-os/meta-balena#2572",
     ("scripts/sign-file: error while loading shared libraries: libcrypto.so.3: cannot open shared object file: No "
      "such file "
      "or directory"), ("libcrypto.so.3", "install libssl3")),
    # programs and headers of the system
    ("DisplayLink/evdi#215",
     ("  flex -oscripts/kconfig/lexer.lex.c -L scripts/kconfig/lexer.l\n/bin/sh: 1: flex: not found\n"
      "make[3]: *** [scripts/kconfig/lexer.lex.c] Error 127\n/bin/sh: 1: bison: not found\nmake[3]: *** [x] Error 127"),
     ("the program flex", "install flex")),
    ("kind of DisplayLink/evdi#215", "/bin/bash: line 1: bc: command not found\nmake[1]: *** [x] Error 127",
     ("the program bc", "install bc")),
    ("kind of DisplayLink/evdi#215", "/usr/bin/env: 'python3': No such file or directory\nmake[1]: *** [x] Error 127",
     ("the program python3", "install python3")),
    ("kind of DisplayLink/evdi#215", ("/usr/bin/env: \u2018perl\u2019: No such file or directory\nmake[1]: *** [x] "
                                      "Error 127"),
     ("the program perl", "install perl")),
    ("kind of DisplayLink/evdi#215", "/bin/sh: 1: dtc: not found\nmake[1]: *** [x] Error 127",
     ("install device-tree-compiler",)),
    ("kind of DisplayLink/evdi#215", "make[2]: objcopy: No such file or directory\nmake[2]: *** [x.ko] Error 127",
     ("the program objcopy", "install binutils")),
    ("kind of DisplayLink/evdi#215", "/usr/sbin/dkms: line 1042: patch: command not found", ("install patch",)),
    ("TinkerBoard/debian_kernel#26",
     "scripts/sign-file.c:25:10: fatal error: openssl/opensslv.h: No such file or directory\n   25 | #include",
     ("openssl/opensslv.h", "install libssl-dev")),
    ("starfive-tech/linux#4", "scripts/extract-cert.c:21:10: fatal error: openssl/bio.h: No such file or directory",
     ("install libssl-dev",)),
    ("kind of starfive-tech/linux#4", ("tools/objtool/include/objtool/elf.h:10:10: fatal error: gelf.h: No such "
                                       "file or directory"),
     ("gelf.h", "install libelf-dev")),
    ("kind of starfive-tech/linux#4", "scripts/mod/modpost.c:14:10: fatal error: stdio.h: No such file or directory",
     ("stdio.h", "install libc6-dev")),
    ("kind of starfive-tech/linux#4", "scripts/kconfig/mconf.c:9:10: fatal error: ncurses.h: No such file or directory",
     ("install libncurses-dev",)),
    ("kind of starfive-tech/linux#4", "scripts/foo.c:9:10: fatal error: widget/widget.h: No such file or directory",
     ("widget/widget.h", "apt-file search")),
    ("kind of starfive-tech/linux#4", "/usr/bin/ld: cannot find -lcrypto\ncollect2: error: ld returned 1 exit status",
     ("libcrypto", "development package")),
    # the compiler
    ("orangepi-xunlong/orangepi-build#125",
     ("/usr/lib/gcc/aarch64-linux-gnu/9.2.1/plugin/include/system.h:687:10: fatal error: gmp.h: No such file or "
      "directory\n"
      "make[2]: *** [scripts/gcc-plugins/Makefile:47: scripts/gcc-plugins/structleak_plugin.so] Error 1"),
     ("install gcc-9-plugin-dev",)),
    ("kind of orangepi-xunlong/orangepi-build#125",
     "scripts/gcc-plugins/gcc-common.h:8:10: fatal error: gcc-plugin.h: No such file or directory",
     ("gcc-N-plugin-dev", "gcc -dumpversion")),
    ("tomaspinho/rtl8821ce#286",
     ("cc1: error: incompatible gcc/plugin versions\ncc1: error: failed to initialize plugin "
      "./scripts/gcc-plugins/stackleak_plugin.so"),
     ("plugins for another version of gcc", "install the compiler")),
    ("linux-surface/linux-surface#747", "cc1: \u9519\u8bef\uff1aincompatible gcc/plugin versions",
     ("plugins for another version of gcc",)),
    ("google-coral/edgetpu#228 (5.8.13-rockchip64)",
     ("gcc: error: unrecognized command line option \u2018-mstack-protector-guard=sysreg\u2019; did you mean "
      "\u2018-fstack-protector-strong\u2019?"), ("-mstack-protector-guard=sysreg", "install the compiler")),
    ("brektrou/rtl8821CU#104 (5.8.16-rockchip64)",
     "gcc: error: unrecognized command line option \u2018-mbranch-protection=pac-ret+leaf\u2019; did you mean x?",
     ("-mbranch-protection=pac-ret+leaf", "install the compiler")),
    ("openzfs/zfs#10985, cilynx/rtl88x2bu#81",
     'ERROR: modpost: "__stack_chk_guard" [/var/lib/dkms/rknpu/0.9.6/build/rknpu.ko] undefined!',
     ("__stack_chk_guard", "compiler and kernel headers do not match", "install the compiler")),
    ("kind of openzfs/zfs#10985", 'ERROR: modpost: "__aarch64_ldadd4_acq_rel" [/x/rknpu.ko] undefined!',
     ("compiler and kernel headers do not match",)),
    ("kind of openzfs/zfs#10985", 'ERROR: modpost: "__asan_report_load8_noabort" [/x/rknpu.ko] undefined!',
     ("compiler and kernel headers do not match",)),
    ("loboris/OrangePI-Kernel#25", "make[1]: arm-linux-gnueabi-gcc: No such file or directory",
     ("the compiler arm-linux-gnueabi-gcc",)),
    ("kind of loboris/OrangePI-Kernel#25", "/bin/sh: 1: aarch64-linux-gnu-gcc-10: not found", ("install it (gcc-10)",)),
    ("kind of loboris/OrangePI-Kernel#25", ("gcc: fatal error: cannot execute \u2018cc1\u2019: execvp: No such file "
                                            "or directory"),
     ("has no cc1", "apt-get install --reinstall gcc")),
    # what the machine lacks
    ("lwfinger/rtl8852au#113",
     "aarch64-linux-gnu-gcc-13: fatal error: Killed signal terminated program cc1\ncompilation terminated.",
     ("memory ran out", "swap")),
    ("ptitSeb/box64#250",
     ("{standard input}: Warning: end of file in string; '\"' inserted\ncc: fatal error: Killed signal terminated "
      "program cc1"),
     ("memory ran out",)),
    ("kind of ptitSeb/box64#250", "cc1: out of memory allocating 65536 bytes after a total of 11894784 bytes",
     ("memory ran out",)),
    ("kind", "ar: /x/built-in.a: No space left on device", ("the disk is full",)),
    ("kind", "mkdir: cannot create directory \u2018/var/lib/dkms/rknpu\u2019: Read-only file system",
     ("/var/lib/dkms/rknpu", "read-only")),
    ("kind", "as: x.o: Input/output error", ("the storage does not work",)),
    ("kind", "x.c:10:1: internal compiler error: Segmentation fault", ("the compiler itself failed",)),
    # DKMS itself
    ("corneal64/Realtek-USB-Wireless-Adapter-Drivers#5",
     "Error! Could not find module source directory.\nDirectory: /usr/src/8188fu-r8.1d12cae does not exist.",
     ("no longer has the source", "dkms remove")),
    ("kind",
     ("Error! The /var/lib/dkms/x/1/source/dkms.conf for module x includes a BUILD_EXCLUSIVE directive which does "
      "not match this kernel/arch/config."), ("BUILD_EXCLUSIVE",)),
    # the clock was behind when the headers were unpacked, so make begins anew
    ("Huion-Linux/DIGImend-kernel-drivers-for-Huion#2",
     ("make[2]: Warning: File 'include/config/auto.conf.cmd' has modification time 1047 s in the future\nmake[3]: "
      "warning:  Clock skew detected.  Your build may be incomplete.\nmake[2]: *** No rule to make target "
      "'arch/arm64/tools/cpucaps', needed by 'x.h'.  Stop."), ("clock is behind", "timedatectl")),
    ("kind of linux-sunxi/linux-sunxi#62", "make[2]: warning:  Clock skew detected.  Your build may be incomplete.",
     ("clock is behind",)),
    ("PXDiv/Div-Acer-Manager-Fan-Controls#1",
     ("  SYNC    include/config/auto.conf\ncrypto/Kconfig:1449: can't open file \"arch/arm/crypto/Kconfig\"\n"
      "make[4]: *** [scripts/kconfig/Makefile:85: syncconfig] Error 1"),
     ("arch/arm/crypto/Kconfig", "incomplete", "--reinstall")),
    ("kind of armbian/build#9425",
     "*\n* Restart config...\n*\nGCC plugins (GCC_PLUGINS) [Y/n/?] (NEW)\nError in reading or end of file.",
     ("does not fit the compiler", "install the compiler")),
    ("dkms-project/dkms#67",
     ("Assembler messages:\nError: can't open arch/x86/kernel/macros.s for reading: No such file or directory\n"
      "make[1]: *** [scripts/Makefile.build:293: x.o] Error 1"), ("arch/x86/kernel/macros.s", "--reinstall")),
    ("balena-os/module-headers#7",
     "scripts/mod/sumversion.c:12:10: fatal error: tools/be_byteshift.h: No such file or directory",
     ("tools/be_byteshift.h", "incomplete")),
    ("armbian/build#345",
     "scripts/selinux/genheaders/genheaders.c:13:22: fatal error: classmap.h: No such file or directory",
     ("classmap.h", "incomplete")),
    ("kind",
     ("***\n*** The source tree is not clean, please run 'make ARCH=arm64 mrproper'\n*** in "
      "/usr/src/linux-headers-6.1"), ("files of another build", "--reinstall")),
    ("ayufan-rock64/linux-build#252, pop-os/pop#1659",
     "checking whether modules can be built... no\nconfigure: error: *** Unable to build an empty module.",
     ("not even an empty module", "--reinstall")),
    # programs of the headers that crash, or that the shell takes for scripts
    ("lwfinger/rtl8188eu#421",
     ("/bin/bash: line 1:  2412 Segmentation fault      scripts/basic/fixdep /home/admin/x/.rtw_ap.o.d x.o 'gcc "
      "-Wp'\nmake[2]: *** [scripts/Makefile.build:304: x.o] Error 139"),
     ("crashes (Segmentation fault)", "make scripts")),
    ("NixOS/nixpkgs#107386",
     "bash: line 1:  4020 Segmentation fault      (core dumped) scripts/basic/fixdep scripts/basic/.fixdep.d x",
     ("crashes (Segmentation fault)", "another machine")),
    ("thoughtpolice/enable_arm_pmu#9", "scripts/mod/modpost: 1: scripts/mod/modpost: \ufffdELF: not found",
     ("another architecture",)),
    ("kind of thoughtpolice/enable_arm_pmu#9",
     "/bin/sh: 1: scripts/mod/modpost: not found\nmake[1]: *** [x] Error 127",
     ("scripts/mod/modpost", "M=scripts/mod/")),
    ("kind", "/bin/sh: 1: ./tools/bpf/resolve_btfids/resolve_btfids: not found\nmake[2]: *** [x.ko] Error 127",
     ("resolve_btfids", "--reinstall")),
    # DKMS and make in other languages
    ("gnab/rtl8812au#147",
     "make[1]: *** /lib/modules/4.19.75-v7l+/build : Aucun fichier ou dossier de ce type. Arr\u00eat.",
     ("/lib/modules/4.19.75-v7l+/build does not exist", "install the headers package")),
    ("kind", "make: *** /lib/modules/6.1.43/build: Too many levels of symbolic links.  Stop.",
     ("/lib/modules/6.1.43/build does not exist",)),
    # the source is older than the kernel
    ("gnif/vendor-reset#94",
     "/var/lib/dkms/x/1/build/a.c:9:10: fatal error: asm/unaligned.h: No such file or directory",
     ("asm/unaligned.h", "older than this kernel")),
    ("kind of tomaspinho/rtl8821ce",
     "include/osdep_service_linux.h:21:10: fatal error: stdarg.h: No such file or directory",
     ("stdarg.h", "older than this kernel")),
    # compiler, assembler and linker
    ("kind of libbpf/libbpf#943",
     ("include/x.h:3:10: fatal error: soc/x.h: No such file or directory\ncc1: note: unrecognized command-line "
      "option \u2018-Wno-unknown-warning-option\u2019 may have been intended to silence earlier diagnostics"),
     ("lack soc/x.h",)),
    ("kind", "{standard input}: Assembler messages:\n{standard input}:12: Error: unknown architecture `armv8.5-a'",
     ("the assembler does not know armv8.5-a", "too old")),
    ("kind of libkrun/libkrunfw#55",
     "/tmp/cc1.s:40: Error: selected processor does not support `aese v2.16b,v8.16b'",
     ("the assembler does not know", "install the compiler")),
    ("kind", "cc1: error: unknown value \u2018armv8.5-a\u2019 for \u2018-march\u2019", ("-march", "too old")),
    ("kind", "aarch64-linux-gnu-ld: unrecognized option '--fix-cortex-a53-843419'", ("--fix-cortex-a53-843419",)),
    ("kind", "***\n*** Compiler is too old.\n***   Your GCC version:    4.9.2", ("Compiler", "too old")),
    ("kind of Hexxeh/rpi-firmware#247 (a 64-bit kernel on a 32-bit system)",
     ("gcc: error: unrecognized argument in option \u2018-mabi=lp64\u2019\ngcc: note: valid arguments to "
      "\u2018-mabi=\u2019 are: aapcs aapcs-linux apcs-gnu"), ("for different machines", "architecture")),
    ("kind", "gcc: error: unrecognized command-line option \u2018-mno-sse\u2019", ("for different machines", "ARCH")),
    ("ChalesYu/rtl8822bs-aml#8",
     ("aarch64-linux-gnu-gcc: error: unrecognized argument in option \u2018-mabi=apcs-gnu\u2019\n"
      "aarch64-linux-gnu-gcc: note: valid arguments to \u2018-mabi=\u2019 are: ilp32 lp64\naarch64-linux-gnu-gcc: "
      "error: unrecognized command-line option \u2018-mapcs\u2019"), ("for different machines", "remove ARCH")),
    ("jwrdegoede/rtl8189ES_linux#43", "/bin/sh: 1: arm-linux-gnu-gcc: not found\nmake[1]: *** [x.o] Error 127",
     ("the compiler arm-linux-gnu-gcc", "remove CROSS_COMPILE")),
    ("ophub/amlogic-s9xxx-armbian#801",
     ("make[1]: clang+llvm-13.0.0gcc: No such file or directory\n/bin/bash: line 1: clang+llvm-13.0.0gcc: command "
      "not found\nmake[2]: *** [scripts/Makefile.build:289: x.o] Error 127"),
     ("the compiler clang+llvm-13.0.0gcc", "remove CROSS_COMPILE")),
    ("lwfinger/rtl8188eu#435 (5.15.79-ophub)",
     ("warning: the compiler differs from the one used to build the kernel\n  The kernel was built by: Ubuntu clang "
      "version 14.0.0-1ubuntu1\n  You are using:           gcc (Ubuntu 11.3.0-1ubuntu1~22.04) 11.3.0\ngcc: error: "
      "unrecognized command-line option \u2018-Qunused-arguments\u2019"),
     ("-Qunused-arguments", "built by Ubuntu clang version 14.0.0-1ubuntu1", "this is gcc (Ubuntu 11.3.0")),
    ("raspberry: MichaIng/DietPi#3570",
     "./include/uapi/linux/types.h:5:10: fatal error: asm/types.h: No such file or directory",
     ("asm/types.h", "incomplete", "--reinstall")),
    # the end of the build
    ("Frogging-Family/linux-tkg#741",
     ("  BTF [M] rknpu.ko\nlibbpf: failed to find '.BTF' ELF section in vmlinux\nFAILED: load BTF from vmlinux: No "
      "data available\nmake[1]: *** [scripts/Makefile.modfinal:57: rknpu.ko] Error 255\nmake[1]: *** Deleting file "
      "'rknpu.ko'"), ("pahole", "vmlinux")),
    ("openzfs/zfs#9948 (5.3.11-rockchip64)",
     "FATAL: modpost: GPL-incompatible module zfs.ko uses GPL-only symbol 'preempt_schedule_notrace'",
     ("license", "preempt_schedule_notrace")),
    ("kind", "make[2]: *** [scripts/Makefile.build:250: x.o] Killed", ("memory ran out",)),
    ("kind", "make[2]: *** [scripts/Makefile.build:250: x.o] Terminated", ("ended from outside",)),
    ("kind", "make[2]: *** [scripts/Makefile.build:250: x.o] Error 139", ("crashed", "supply")),
    ("kind", "gcc: fatal error: Segmentation fault signal terminated program cc1", ("compiler itself failed",)),
    ("kind", "/bin/sh: 1: Cannot fork\nmake: *** [x] Error 2", ("another process",)),
    ("kind",
     "dpkg: unable to create '/usr/bin/make.dpkg-new' (while processing './usr/bin/make'): Read-only file system",
     ("/usr/bin/make.dpkg-new", "read-only")),
    ("kind", "make: Warning: File 'x/Kconfig' has modification time 3e+06 s in the future\n/bin/sh: 1: gcc: not found",
     ("the compiler gcc", "install it (gcc)")),
    # what the driver needs of the kernel stays what it was
    ("rknn-llm#65", "ERROR: modpost: \"iommu_get_dma_cookie\" [/x/rknpu.ko] undefined!", ("without SRAM",)),
    ("kind", "ERROR: modpost: module rknpu uses symbol dma_buf_get from namespace DMA_BUF, but does not import it.",
     ("namespace DMA_BUF",)),
    ("kind", "rknpu_drv.c:40:10: fatal error: soc/rockchip/rockchip_iommu.h: No such file or directory",
     ("kernel's headers lack soc/rockchip/rockchip_iommu.h",)),
]


@pytest.mark.parametrize("source, log, needed", CASES, ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_the_cause_is_found_above_the_last_lines(source, log, needed):
    release = "6.1.43-rockchip-rk3588"
    sentence = build_log.explain(f"DKMS make.log for rknpu-0.9.6 for kernel {release} (aarch64)\n{log}\n{TAIL}")
    assert all(word.replace("{release}", release) in (sentence or "") for word in needed), sentence


@pytest.mark.parametrize("source, log, needed", CASES, ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_the_lines_that_an_audit_sends_of_a_log_have_the_cause(tmp_path, source, log, needed):
    """A kernel update whose build has failed: the board sends the telling lines, the controller explains them."""
    release = "6.6.63-v8+"
    sentence = failed_build.explained(tmp_path, release, log + "\n", TAIL, dkms="3.1.5", version="0.9.6")
    assert all(word.replace("{release}", release) in (sentence or "") for word in needed), sentence


@pytest.mark.parametrize("log, sentence", [
    ("cc1: error: something new\n" + TAIL, "cc1: error: something new"),
    ("  ERROR: something new\n" + TAIL, "ERROR: something new"),
    ("Makefile:7: *** something new.  Stop.\n" + TAIL, "Makefile:7: *** something new.  Stop."),
    ("make[2]: *** Waiting for unfinished jobs....\nError! Something new.\n", "Error! Something new."),
    ("make[2]: *** Deleting file 'x.ko'\nFATAL: modpost: something new\n", "FATAL: modpost: something new"),
    ("x.c:3:10: warning: old\nx.c:3:10: schwerwiegender Fehler: etwas\n", "x.c:3:10: schwerwiegender Fehler: etwas"),
    (("x.c:3:10: \u81f4\u547d\u9519\u8bef\uff1asomething "
     "new\n"), "x.c:3:10: \u81f4\u547d\u9519\u8bef\uff1asomething new"),
    ("make[1]: warning:  Clock skew detected.\ncc1: error: something new\n", "cc1: error: something new"),
])
def test_an_unknown_cause_is_the_line_above_the_last_ones(log, sentence):
    assert build_log.explain(log) == sentence


def test_a_module_that_the_kernel_refuses_is_no_program_for_another_machine():
    """bigtreetech/CB2#103: modprobe's words for a wrong vermagic."""
    log = "modprobe: ERROR: could not insert 'st7796': Exec format error\n"
    assert "architecture" not in build_log.explain(log)


def test_why_nothing_can_be_compiled_goes_before_that_nothing_can():
    log = ("gcc: error: unrecognized command-line option '-fno-such-option'\n"
           "Kbuild:9: *** rkfleet: the headers of this kernel cannot compile even an empty module.  Stop.\n")
    assert "does not know the option -fno-such-option" in build_log.explain(log)
    assert build_log.explain(log.splitlines()[1]) == "the headers of this kernel cannot compile even an empty module"


def test_a_program_that_only_a_probe_missed_is_not_the_cause():
    log = "/bin/sh: 1: pahole: not found\n" + 'x.c:3:1: fatal error: soc/x.h: No such file or directory\n'
    assert "soc/x.h" in build_log.explain(log)


@pytest.mark.parametrize("text", [
    "a" * 200000, "/" * 200000, "scripts/" * 30000, "x: not found\n" * 20000, "/bin/sh: 1: x: not found\n" * 8000,
    "No rule to make target '" * 8000, "lib-" * 50000, "./" * 100000, "unknown value " * 20000, "Aborted" * 30000,
    "modification time 9" * 10000, "make: *** [" * 20000, "/conf: 1: " * 20000, "unrecognized" * 20000,
    "\n" * 200000, "make: *** [\n" * 20000,
])
def test_a_hostile_log_is_explained_within_reason(text):
    """The log comes from a board. What takes a time that grows with its square would take minutes here."""
    assert build_log.explain(text) is None or len(build_log.explain(text)) < 1000


def test_no_cause_names_a_release_of_the_driver():
    """Releases are data: a sentence would outlive them."""
    for pattern, sentence, *dummy in build_causes.CAUSES + build_causes.WITHOUT_ERROR:
        assert not re.search(r"\b0\.\d+\.\d+\b", sentence), sentence
        assert "uname" not in sentence and sentence.format("x", "y", package="y", kernel="z") and re.compile(pattern)
