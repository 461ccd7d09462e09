# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build logs in which a tool is at fault, such as linker, pahole or a script: cause, remedy, what it must not be."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_causes, build_log
from stand_ins import failed_build

KERNEL = "6.1.84-8-rk2410"
TAIL = """make[1]: *** [Makefile:1821: /var/lib/dkms/rknpu/0.9.6/build] Error 2
make: *** [Makefile:17: all] Error 2
Error! Bad return status for module build on kernel: 6.1.84-8-rk2410 (aarch64)
Consult /var/lib/dkms/rknpu/0.9.6/build/make.log for more information.
"""
CLASSMAP = ("In file included from scripts/selinux/genheaders/genheaders.c:19:\n{}security/selinux/include/classmap.h:"
            "247:2: error: #error New address family defined, please update secclass_map.\n  247 | #error New address\n"
            "make[3]: *** [scripts/Makefile.host:102: scripts/selinux/genheaders/genheaders] Error 1\n")
BTF = "  LD [M]  /x/rknpu.ko\n  BTF [M] /x/rknpu.ko\n"
CASES = [  # source, log, what the sentence must have, what it must not have
    # a toolchain for another machine, or of whoever built the kernel
    ("OP-TEE/build#224",
     ("/bin/bash: /opt/optee/build/../toolchains/aarch64/bin/aarch64-linux-gnu-gcc: cannot execute binary file: "
      "Exec format error\nmake[1]: *** [mk/compile.mk:228: x.o] Error 126\n"),
     ("aarch64/bin/aarch64-linux-gnu-gcc, which CROSS_COMPILE names", "another machine", "remove CROSS_COMPILE"),
     "dmesg"),
    ("OP-TEE/optee_os#3190",
     "ccache: error: execv of /opt/toolchains/aarch64/bin/aarch64-linux-gnu-gcc failed: Exec format error\n",
     ("/opt/toolchains/aarch64/bin/aarch64-linux-gnu-gcc, which CROSS_COMPILE names",), "ccache"),
    ("sypstraw/rpi4-osdev#12",
     ("gcc-arm-compiler/bin/aarch64-none-elf-gcc: 7: gcc-arm-compiler/bin/aarch64-none-elf-gcc: Syntax error: \"(\" "
      "unexpected\n"), ("gcc-arm-compiler/bin/aarch64-none-elf-gcc, which CROSS_COMPILE names",), "unexpected"),
    ("kind (Rockchip's SDK)",
     ("make[1]: /opt/sdk/prebuilts/gcc/linux-x86/aarch64/gcc-linaro-6.3.1/bin/aarch64-linux-gnu-gcc: Command not "
      "found\n"), ("bin/aarch64-linux-gnu-gcc, which CROSS_COMPILE names", "remove CROSS_COMPILE"), "(gcc)"),
    ("radxa/rockchip-bsp#20 (scripts/gcc-wrapper.py)",
     "aarch64-none-linux-gnu-gcc:No such file or directory\nIs your PATH set correctly?\n",
     ("aarch64-none-linux-gnu-gcc, which CROSS_COMPILE names",), "PATH"),
    ("kind of radxa/rockchip-bsp#20", "gcc:No such file or directory\nIs your PATH set correctly?\n",
     ("the compiler gcc,", "install it (gcc)"), "CROSS_COMPILE"),
    ("kind", "/bin/sh: 1: /usr/bin/aarch64-linux-gnu-gcc: Exec format error\n",
     ("/usr/bin/aarch64-linux-gnu-gcc cannot be executed", "dmesg"), "CROSS_COMPILE"),
    ("RinCat/RTL88x2BU-Linux-Driver#104",
     ("ld:scripts/module.lds:6: ignoring invalid character `#' in expression\nld:scripts/module.lds:6: syntax error\n"
      "make[3]: *** [/x/8812au.ko] Error 1\n"), ("linker", "scripts/module.lds", "newer version"), "lack"),
    # certificates of a kernel's configuration
    ("ROCm/amdgpu#110",
     ("make[4]: *** No rule to make target 'debian/canonical-certs.pem', needed by 'certs/x509_certificate_list'.  "
      "Stop.\n"),
     ("certificates", "(debian/canonical-certs.pem)", "CONFIG_SYSTEM_TRUSTED_KEYS"), "No rule"),
    ("AMDESE/AMDSEV#210",
     ("At main.c:164:\n- SSL error:0909006C:PEM routines:get_name:no start line: ../crypto/pem/pem_lib.c:745\n"
      "extract-cert: certs/signing_key.pem: Success\nmake[3]: *** [certs/Makefile:74: certs/signing_key.x509] Error "
      "1\n"),
     ("certificates", "(certs/signing_key.pem)", "CONFIG_MODULE_SIG_KEY"), "SSL"),
    # the package of a program has another name
    ("lz4/lz4#1478", "/bin/sh: 1: lz4c: not found\nmake[2]: *** [x] Error 127\n", ("program lz4c", "install lz4"),
     "install lz4c"),
    ("kind", "/bin/sh: 1: kmodsign: not found\nmake[2]: *** [x] Error 127\n", ("install sbsigntool",), "xx"),
    ("kind of frank-w/BPI-Router-Linux#122",
     "./include/vdso/const.h:5:10: fatal error: uapi/linux/const.h: No such file or directory\n",
     ("include/vdso/const.h includes uapi/linux/const.h", "--reinstall"), "rkfleet"),
    ("kind", "cc1: error: invalid protection type \u2018bti\u2019 in \u2018-mbranch-protection=\u2019\n",
     ("does not know the value \u2018bti\u2019 in", "too old"), "cc1"),
    # a program that starts the compiler, such as a script in its place
    ("kind", "/usr/local/bin/gcc: 18: exec: /usr/bin/gcc: not found\n", ("compiler gcc,", "install it (gcc)"), "exec"),
    ("kind", "/usr/local/bin/gcc: line 3: exec: gcc-12: not found\n", ("install it (gcc-12)",), "exec"),
    ("kind", "/opt/cc: line 3: /usr/bin/gcc: No such file or directory\n", ("install it (gcc)",), "/opt/cc"),
    ("kind", "nice: 'gcc': No such file or directory\n", ("install it (gcc)",), "nice"),
    ("ClangBuiltLinux/linux#1572",
     ("gcc: error: unrecognized argument to \u2018-fsanitize=\u2019 option: "
      "\u2018array-bounds\u2019\n"),
     ("does not know the option -fsanitize=",), "rkfleet"),
    ("koverstreet/bcachefs#1171", "LLVM ERROR: Associative COMDAT symbol 'x' does not exist.\n",
     ("Associative COMDAT symbol",), "make"),
    # binutils: not the compiler
    ("tsgates/rust.ko#18", "ld: unrecognized option '--require-defined=cleanup_module'\nld: use the --help option\n",
     ("binutils", "ld: unrecognized option '--require-defined=cleanup_module'"), "the compiler"),
    ("google/esh#8, armbian/build#8096",
     "aarch64-linux-gnu-ld: unrecognized option '--no-warn-rwx-segments'\n", ("binutils", "--no-warn-rwx"), "compiler"),
    ("kind", "/usr/bin/objcopy: unrecognized option '--remove-relocations=.x'\n", ("binutils", "objcopy"), "compiler"),
    ("KhronosGroup/Vulkan-Samples#17, OpenMathLib/OpenBLAS#1315",
     ("/usr/bin/ld: unrecognised emulation mode: aarch64linux\nSupported emulations: elf_x86_64 elf32_x86_64\n"),
     ("different machines", "emulation mode: aarch64linux", "CROSS_COMPILE"), "binutils of"),
    ("kind", "ld.lld: error: x.o: Unknown attribute kind (91) (Producer: 'LLVM17.0.6' Reader: 'LLVM 14.0.0')\n",
     ("another compiler", "Producer: 'LLVM17.0.6' Reader: 'LLVM 14.0.0'"), "ld.lld"),
    ("kind", ("./include/linux/compiler-gcc.h:36:3: error: #error Sorry, your version of GCC is too old - please use "
              "5.1 or "
     "newer.\n"), ("GCC: the version on this board is too old",), "#error"),
    ("dockcross/dockcross#383",
     ("Makefile:955: *** \"Cannot generate ORC metadata for CONFIG_UNWINDER_ORC=y, please install libelf-dev, "
      "libelf-devel "
      "or elfutils-libelf-devel\".  Stop.\n"), ("needs libelf-dev: install it",), "ORC"),
    ("kind", ("error: Cannot resolve BTF IDs for CONFIG_DEBUG_INFO_BTF, please install libelf-dev, libelf-devel or "
              "elfutils-libelf-devel\n"), ("needs libelf-dev: install it",), "BTF IDs"),
    ("raspberrypi/linux#3279 (qemu-user on the board)",
     "x86_64-binfmt-P: Could not open '/lib64/ld-linux-x86-64.so.2': No such file or directory\n",
     ("programs of another architecture",), "ld-linux"),
    ("kind", ("/usr/bin/env: \u2018perl\u2019: No such file or directory\n"
              "make[2]: *** [scripts/Makefile.build:1: x] Error 127\n"),
     ("the program perl", "install perl"), "env"),
    # pahole
    ("kind of microsoft/WSL2-Linux-Kernel#247", BTF + "pahole: unrecognized option '--btf_gen_optimized'\n",
     ("pahole is too old", "--btf_gen_optimized", "remove vmlinux"), "the compiler"),
    ("kind", BTF + "/usr/bin/pahole: unrecognized option '--lang_exclude=rust'\n", ("pahole is too old", "dwarves"),
     "the compiler"),
    ("clearlinux/distribution#1806",
     "BTF: .tmp_vmlinux.btf: pahole version v1.12 is too old, need at least v1.13\nFailed to generate BTF\n",
     ("pahole is too old", "need at least v1.13"), "xx"),
    ("omacom/omarchy#12856",
     (BTF + "libbpf: failed to get e_shstrndx from /usr/lib/modules/7.2.5-3-omarchy/build/vmlinux\nFAILED: load base "
      "BTF from /usr/lib/modules/7.2.5-3-omarchy/build/vmlinux: Unknown error 4001\n"), ("Remove vmlinux",), "xx"),
    ("Frogging-Family/linux-tkg#741", BTF + "btf_encoder__encode: btf__dedup failed!\n", ("Remove vmlinux",), "xx"),
    ("kind of dynup/kpatch#1153",
     BTF + "Segmentation fault\nmake[2]: *** [scripts/Makefile.modfinal:60: /x/rknpu.ko] Error 139\n",
     ("pahole", "Remove vmlinux"), "supply"),
    ("kind of NVIDIA/open-gpu-kernel-modules#756",
     BTF + "die__process: DW_TAG_compile_unit expected got member (0xd)!\nerror decoding cu i\n", ("Remove vmlinux",),
     "xx"),
    # programs and scripts of the headers
    ("Soheil-ab/c2tcp#11", CLASSMAP.format("./"), ("security/selinux/include/classmap.h", "headers together"), "xx"),
    ("MiCode/Xiaomi_Kernel_OpenSource#2261", CLASSMAP.format("../"), ("security/selinux/include/classmap.h",), "xx"),
    ("kind of aircrack-ng/rtl8188eus#263", "/bin/sh: 1: ./scripts/pahole-version.sh: not found\n",
     ("./scripts/pahole-version.sh", "bash, perl", "--reinstall"), "make scripts"),
    ("kind", "/bin/sh: 1: scripts/ld-version.sh: not found\n", ("lack scripts/ld-version.sh",), "make scripts"),
    ("balena-os/meta-balena#2001",
     "make[1]: *** No rule to make target 'lib/vdso/Makefile'.  Stop.\nmake: *** [vdso_prepare] Error 2\n",
     ("lack lib/vdso/Makefile",), "xx"),
    ("koverstreet/bcachefs#292",
     ("make[4]: *** No rule to make target 'libbpf_util.h', needed by '/usr/src/linux-headers-6.1/tools/bpf/"
      "resolve_btfids/libbpf/staticobjs/xsk.o'.  Stop.\n"), ("lack libbpf_util.h", "--reinstall"), "xx"),
    ("kind of void-linux/void-packages#44807",
     "scripts/Makefile.asm-generic:38: arch/powerpc/include/asm/Kbuild: No such file or directory\n",
     ("arch/powerpc/include/asm/Kbuild", "--reinstall"), "xx"),
    ("kind of lkrg-org/lkrg#216", "***\n*** Error during sync of the configuration.\n***\n",
     ("configuration of the kernel headers", "CONFIG_CC_VERSION_TEXT"), "***"),
    # what the build was told
    ("kind of armbian/build#4589", "Makefile:653: arch/armhf/Makefile: No such file or directory\n",
     ("ARCH is armhf,", "remove ARCH"), "--reinstall"),
    ("kind of cilynx/rtl88x2bu#113", "Makefile:653: arch/amd64/Makefile: No such file or directory\n",
     ("ARCH is amd64,",), "--reinstall"),
    ("kind of balena-os/module-headers#14", "Makefile:653: arch/arm64/Makefile: No such file or directory\n",
     ("lack arch/arm64/Makefile", "--reinstall"), "remove ARCH"),
    ("Xilinx-CNS/onload#114", "make[3]: *** No rule to make target 'vmlinux.o', needed by 'modpost'.  Stop.\n",
     ("the kernel itself (vmlinux.o)", "KBUILD_BUILTIN"), "--reinstall"),
    # compilers
    ("kind of falcosecurity/falco#2640", "cc1: error: unknown value 'armv8.6-a+bf16' for '-march'\n",
     ("'armv8.6-a+bf16' for '-march'", "too old", "CONFIG_CC_VERSION_TEXT"), "different machines"),
    ("kind", "cc1: error: unknown value \u2018cortex-x925\u2019 for \u2018-mcpu\u2019; did you mean x\n",
     ("\u2018cortex-x925\u2019 for \u2018-mcpu\u2019,",), "did you mean"),
    ("kind of balena-os/module-headers#22",
     ("lto1: fatal error: bytecode stream in file 'scripts/mod/modpost.o' generated with LTO version 11.3 instead of "
      "the expected 12.0\ncompilation terminated.\n"), ("LTO version 11.3", "another compiler"), "rkfleet"),
    ("rui314/mold#729, morganstanley/Xpedite#175",
     "  MODPOST /x/Module.symvers\nERROR: modpost: missing MODULE_LICENSE() in /x/rknpu.o\n",
     ("no license in /x/rknpu.o", "mold", "/usr/bin/ld"), "xx"),
    ("kind of ClangBuiltLinux/linux#1104",
     "clang: error: unable to execute command: Segmentation fault\nclang: error: clang frontend command failed\n",
     ("the compiler itself failed",), "xx"),
    ("kind", "clang: error: unable to execute command: Killed\n", ("memory ran out",), "compiler itself"),
    # compilers that are newer or older than the headers
    ("microsoft/WSL#13446, #13511 (gcc 15)",
     ("./include/linux/stddef.h:11:9: error: cannot use keyword \u2018false\u2019 as enumeration constant\n"
      "./include/linux/stddef.h:11:9: note: \u2018false\u2019 is a keyword with \u2018-std=c23\u2019 onwards\n"),
     ("gcc 15 and newer are too new", "keyword \u2018false\u2019", "gcc-14"), "rkfleet"),
    ("frno7/linux#89", (
        "/usr/src/linux-headers-6.1/include/linux/types.h:30:33: error: \u2018bool\u2019 cannot be defined via "
        "\u2018typedef\u2019\n"), ("gcc 15 and newer", "\u2018bool\u2019 cannot be defined"), "rkfleet"),
    ("longsleep/build-pine64-image#18",
     "include/linux/compiler-gcc.h:106:30: fatal error: linux/compiler-gcc6.h: No such file or directory\n",
     ("newer than these kernel headers", "linux/compiler-gcc6.h", "CONFIG_CC_VERSION_TEXT"), "--reinstall"),
    ("patjak/facetimehd#236",
     "././include/linux/compiler_types.h:201:24: error: expected \u2018(\u2019 before \u2018__inline\u2019\n",
     ("too old for these kernel headers",), "interfaces"),
    ("kind", "error: unknown warning option '-Wno-maybe-uninitialized' [-Werror,-Wunknown-warning-option]\n",
     ("does not know the option -Wno-maybe-uninitialized", "CONFIG_CC_VERSION_TEXT"), "rkfleet"),
    ("kind", "ld.lld: error: unknown argument '--no-warn-rwx-segments'\n", ("binutils", "ld.lld"), "rkfleet"),
    ("kind", "scripts/Kconfig.include:39: C compiler 'aarch64-linux-gnu-gcc-12' not found\n",
     ("the compiler aarch64-linux-gnu-gcc-12", "install it (gcc-12)"), "Kconfig"),
    ("kind of openzfs/spl#318", "ccache: error: Could not find compiler \"gcc-12\" in PATH\n",
     ("the compiler gcc-12", "install it (gcc-12)"), "ccache"),
    ("kind of openzfs/spl#318",
     "ccache: error: Failed to create temporary file for /root/.ccache/tmp/x.4lVdT0.i: Permission denied\n",
     ("ccache", "/root/.ccache/tmp/x.4lVdT0.i", "CCACHE_DISABLE"), "noexec"),
    ("kind", "/usr/bin/ld: cannot find -lgcc: No such file or directory\n", ("libgcc is missing", "libgcc-N-dev"),
     "(libgcc-dev)"),
    # programs of the system itself
    ("kind", "gcc: /lib/aarch64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by gcc)\n",
     ("gcc needs a newer library", "another release"), "headers package"),
    ("kind", "as: symbol lookup error: as: undefined symbol: bfd_x\n", ("the program as of this system", "dpkg -S as"),
     "lookup"),
    ("kind", "/usr/bin/ld: error while loading shared libraries: /lib/aarch64-linux-gnu/libbfd.so: file too short\n",
     ("the program ld of this system", "damaged"), "too short"),
    ("kind", "collect2: fatal error: ld terminated with signal 9 [Killed]\n", ("memory ran out",), "collect2"),
    ("kind", "collect2: fatal error: ld terminated with signal 11 [Segmentation fault], core dumped\n",
     ("the compiler itself failed",), "collect2"),
    ("kind", "Fatal Python error: init_fs_encoding: x\nModuleNotFoundError: No module named 'encodings'\n",
     ("lacks its own module encodings", "PYTHONHOME"), "python3-encodings"),
    # make
    ("dereference23/notwireguard-linux-compat#7",
     "make[2]: *** .NOTINTERMEDIATE and .SECONDARY are mutually exclusive.  Stop.\n", ("update make to 4.4.1",),
     "--reinstall"),
    ("kind", "make[1]: *** internal error: invalid --jobserver-auth string 'fifo:/tmp/GMfifo12'.  Stop.\n",
     ("another release", "MAKEFLAGS"), "fifo"),
    ("kind", "Makefile:132: *** source directory cannot contain spaces or colons.  Stop.\n", ("name of a folder",),
     "xx"),
    ("kind", "scripts/Makefile.build:74: *** multiple target patterns.  Stop.\n",
     ("scripts/Makefile.build of the kernel headers", "another make"), "xx"),
    ("linux-thinkpad/tp_smapi#62",
     "make: *** No rule to make target '/lib/modules/6.7.10/build', needed by 'modules'.  Stop.\n",
     ("/lib/modules/6.7.10/build does not exist",), "xx"),
    # headers in several packages, and damaged ones
    ("miskcoo/ugreen_leds_controller#31",
     ("/usr/src/linux-headers-6.1.0-26-common/scripts/Makefile.build:44: /usr/src/linux-headers-6.1.0-26-common/"
      "scripts/basic/Makefile: No such file or directory\nmake[3]: *** No rule to make target '/usr/src/linux-headers-"
      "6.1.0-26-common/scripts/basic/Makefile'.  Stop.\n/usr/src/linux-headers-6.1.0-26-common/Makefile:792: "
      "include/config/auto.conf.cmd: No such file or directory\n"),
     ("several packages", "--reinstall linux-headers-6.1.0-26-common"), "autoconf"),
    ("kind (Debian 13)",
     "make[1]: *** No rule to make target '/usr/src/linux-headers-6.12.57+deb13-common/Makefile'.  Stop.\n",
     ("--reinstall linux-headers-6.12.57+deb13-common",), "No rule"),
    ("kind (ubuntu-rockchip)",
     ("/usr/src/linux-headers-6.1.0-1025-rockchip/Makefile:1: /usr/src/linux-rockchip-headers-6.1.0-1025/Makefile: No "
      "such file or directory\n"), ("--reinstall linux-rockchip-headers-6.1.0-1025",), "xx"),
    ("kind", "/bin/sh: 1: /usr/lib/linux-kbuild-6.1/scripts/basic/fixdep: not found\n",
     ("--reinstall linux-kbuild-6.1",), "make scripts"),
    ("cubieplayer/Cubian#389",
     "/usr/src/linux-headers-3.4.79-sun4i/include/linux/sched.h:1:1: error: stray \u2018\\377\u2019 in program\n",
     ("include/linux/sched.h", "damaged", "dmesg"), "interfaces"),
    ("kind", "./include/linux/list.h:12:1: error: unterminated #ifndef\n", ("include/linux/list.h", "damaged"), "xx"),
    # what the machine lacks
    ("kind", "gcc: fatal error: cannot create temporary file in /tmp/: Permission denied\ncompilation terminated.\n",
     ("no temporary file can be made in /tmp", "1777"), "fatal"),
    ("kind", "cp: cannot stat '/usr/src/linux-headers-6.1/x': Stale file handle\n", ("(NFS)", "mount"), "cp:"),
    ("kind", "scripts/check-local-export: line 53: /dev/fd/62: No such file or directory\n",
     ("/dev is incomplete (/dev/fd)",), "--reinstall"),
    ("kind", "cc1: fatal error: x.h: Too many open files\n", ("may not open more files",), "x.h"),
    ("orangepi-xunlong/orangepi-build#58",
     ("fixdep: error opening file: drivers/net/wireless/rtl88x2bu/hal/phydm/.phydm_psd.o.d: No such file or directory\n"
      "make[4]: *** [scripts/Makefile.build:273: x.o] Error 2\n"), (".phydm_psd.o.d, is gone", "two builds"), "fixdep"),
    ("kind", "FAILED elf_update(WRITE): invalid section entry size\n", ("pahole", "Remove vmlinux"), "elf_update"),
    ("kind", "cc1: fatal error: /var/lib/dkms/rknpu/0.9.6/build/rknpu_drv.c: No such file or directory\n",
     ("the source lacks the file", "rknpu_drv.c"), "--reinstall"),
    ("kind", "x.o: Disk quota exceeded\n", ("the disk is full", "df -i"), "quota"),
    # a board in another language, whose kernel apt has updated
    ("kind of linux-surface/linux-surface#747",
     "x.h:687:10: 致命错误：gmp.h：没有那个文件或目录\n编译中断。\n",
     ("headers are missing (gmp.h)", "gcc-N-plugin-dev"), "致命"),
    ("3479368244 (a Rockchip SDK)", ("Makefile:660: arch//Makefile: 没有那个文件或目录\n"
                                     "make: *** 没有规则可制作目标\u201carch//Makefile\u201d。 停止。\n"),
     ("lack arch//Makefile", "--reinstall"), "没有"),
    ("kind of 49019715643",
     "make[1]: *** 没有规则可制作目标\u201cscripts/mod/modpost\u201d，由\u201c/x/y.o\u201d 需求。 停止。\n",
     ("lack scripts/mod/modpost",), "没有"),
    ("kind", "/bin/bash: 行 1: bc：未找到命令\nmake[1]: *** [x] 错误 127\n", ("the program bc", "install bc"), "未"),
    ("kind", "gcc: 错误：无法识别的命令行选项\u2018-mbranch-protection=pac-ret+leaf\u2019\n",
     ("does not know the option -mbranch-protection=pac-ret+leaf",), "错误"),
    ("kind", "x.c:3:10: schwerwiegender Fehler: openssl/bio.h: Datei oder Verzeichnis nicht gefunden\n",
     ("install libssl-dev",), "Fehler"),
    ("kind of Kimplul/hid-tmff2#27",
     ("make[2]: *** Keine Regel, um „include/generated/asm-offsets.h\u201c, benötigt von „x\u201c, "
      "zu erstellen.  Schluss.\n"), ("lack include/generated/asm-offsets.h",), "Keine"),
    ("kind", "scripts/extract-cert.c:21:10: erreur fatale : openssl/bio.h : Aucun fichier ou dossier de ce type\n",
     ("install libssl-dev",), "erreur"),
    ("kind of 57043029318",
     "make[2]: *** Нет правила для сборки цели «scripts/basic/fixdep», требуемой для «x.o».  Останов.\n",
     ("lack scripts/basic/fixdep",), "Нет"),
    # what nobody knows is told as it is
    ("davidjo/snd_hda_macbookpro#117",
     "mkdir: cannot create directory '/lib/modules/6.5.0/updates': Permission denied\n",
     ("cannot create directory '/lib/modules/6.5.0/updates'",), "xx"),
    ("kind", "cp: cannot create regular file '/lib/modules/6.1/updates/dkms/rknpu.ko': Operation not permitted\n",
     ("cannot create regular file '/lib/modules/6.1/updates/dkms/rknpu.ko'",), "xx"),
    ("kind", "error[E0514]: found crate `core` compiled by an incompatible version of rustc\n", ("crate `core`",),
     "xx"),
    ("kind", "Error: Sub-process /usr/bin/dpkg returned an error code (1)\nFAILED something\n", ("FAILED something",),
     "Sub-process"),
    ("kind", "/bin/sh: 1: cannot create /x/.y.o.d: Permission denied\n", ("cannot create /x/.y.o.d",), "noexec"),
]


@pytest.mark.parametrize("source, log, needed, forbidden", CASES,
                         ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_the_cause(tmp_path, source, log, needed, forbidden):
    sentence = build_log.explain(f"DKMS make.log for rknpu-0.9.6 for kernel {KERNEL} (aarch64)\n{log}{TAIL}")
    failed_build.assert_said(sentence, needed, forbidden)
    # from the lines that an audit sends
    sentence = failed_build.explained(tmp_path, KERNEL, log, TAIL, dkms="3.2.2", version="0.9.6")
    failed_build.assert_said(sentence, needed, forbidden)


@pytest.mark.parametrize("source, log, needed, forbidden", [
    ("dynup/kpatch#903",
     ("make[2]: *** No rule to make target '/var/lib/dkms/kpatch/0.6.1/build/kmod/core/core.o', needed by "
      "'/var/lib/dkms/kpatch/0.6.1/build/kmod/core/kpatch.o'.  Stop.\n"),
     ("the source lacks the file of which /var/lib/dkms/kpatch/0.6.1/build/kmod/core/core.o",), "kernel headers"),
    ("patjak/facetimehd#254",
     ("Signing module /var/lib/dkms/facetimehd/0.1/build/./facetimehd.ko\nAt main.c:160:\n- SSL error:02001002:system "
      "library:fopen:No such file or directory: crypto/bio/bss_file.c:69\nsign-file: /root/dkms.key: No such file or "
      "directory\nError! Bad exit status 1 for sign tool.\n"), ("the key /root/dkms.key", "framework.conf"), "SSL"),
    ("kind", ("  File \"/usr/src/linux-headers-6.1/scripts/x.py\", line 3\n    print \"y\"\n          ^\n"
              "SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?\n"),
     ("scripts/x.py", "another release of Python"), "gcc-wrapper"),
    ("kind",
     ("make -C /lib/modules/5.10.110/build SUBDIRS=/var/lib/dkms/x/1/build modules\nmake[1]: Entering directory "
      "'/usr/src/linux-headers-5.10.110'\nmake[2]: *** No rule to make target 'arch/arm64/tools/gen-cpucaps.awk', "
      "needed by 'arch/arm64/include/generated/asm/cpucaps.h'.  Stop.\n"), ("SUBDIRS=", "Linux 5.4"), "--reinstall"),
    # its own headers may be in another language, and that is no fault of the kernel's headers
    ("nic3-14159/coreDOOM#2",
     "/var/lib/dkms/x/1/build/doomtype.h:77:5: error: cannot use keyword 'false' as enumeration constant\n",
     ("doomtype.h:77:5: error: cannot use keyword 'false'",), "gcc 15"),
    # overlays of the device tree
    ("radxa-pkg/radxa-overlays#399",
     ("make[3]: *** No rule to make target '/var/lib/dkms/radxa-overlays/0.1.20/build/arch/arm64/boot/dts/x.dtbo', "
      "needed "
      "by '/var/lib/dkms/radxa-overlays/0.1.20/build/arch/arm64/boot/dts/'.  Stop.\n"),
     ("No rule to make target '/var/lib/dkms/radxa-overlays",), "--reinstall"),
    ("raspberrypi/linux#6489",
     "Error: imx290-overlay.dts:6.1-9 syntax error\nFATAL ERROR: Unable to parse input tree\n",
     ("imx290-overlay.dts:6.1-9 syntax error",), "FATAL"),
    ("rockchip-toybrick/kernel#3",
     ("x.c:1482:(.text+0x12dd54): relocation truncated to fit: R_AARCH64_CALL26 against undefined symbol "
      "`usbnet_disconnect'\n"), ("relocation truncated", "usbnet_disconnect"), "make"),
    # a folder of the package's own that is called as one of the kernel's
    ("kind", ("make[2]: *** No rule to make target 'x.h', needed by '/var/lib/dkms/y/1/build/tools/z.o'.  Stop.\n"),
     ("No rule to make target 'x.h'",), "kernel headers"),
])
def test_other_packages(source, log, needed, forbidden):
    failed_build.assert_said(build_log.explain(log + TAIL, build_causes.FOREIGN), needed, forbidden)


@pytest.mark.parametrize("text", [
    "x: 1: exec: " * 9000, "\n".join(["x" * 190 + ": 12: exec: /" + "y/" * 90] * 900),
    "missing MODULE_LICENSE() in " * 9000, "BTF [M] x\n" * 9000, "pahole version " * 9000, "bytecode stream " * 9000,
    "make SUBDIRS=/ " * 9000, "Could not find compiler \"" * 9000, "没有规则可制作目标\u201c" * 9000,
    "x" * 90000 + "：",
    "In file File \"/scripts/x.py\", line 1\n" * 9000, "x: version `GLIBC_2 " * 9000, "make SUBDIRS=/\n" * 9000,
    "./include/x.h:1: error: unterminated " * 9000, "ccache: error: create " * 9000, "«" * 90000,
    "x-" * 90000 + "ld: unrecognized option ", "sign-file: x\n" * 9000, "No rule to make target 'x', needed by '" * 999,
])
def test_hostile_logs_take_no_longer(text):
    assert len(build_log.explain(text) or "") < 1000 and len(build_log.explain(text, build_causes.FOREIGN) or "") < 1000
