# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a log says of compiler, assembler and linker: rows as in common_causes."""

from __future__ import annotations

from .environment_causes import Q

# What a shell, another program that starts programs, a script that stands in for the compiler, or make says first.
SHELL = (r"(?m)^(?:\S*(?:sh|dkms|env|nice): (?:\d+: |line \d+: )?|"
         r"(?!/var/lib/dpkg/)\S{1,200}: (?:\d+|line \d+): (?:exec: )?|"
         r"make(?:\[\d+\])?: )" + Q)
NOT_FOUND = Q + r": (?:(?:[Cc]ommand )?not found|No such file or directory|cannot execute: required file not found)"
_COMPILER = r"(?:[\w./+]+-)*(?:gcc|clang|cc|g\+\+)(?:-[\d.]+)?"
NO_FILE = Q + r"(?:: No such file or directory| file not found)"
COMPILER_OF_KERNEL = "the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration)"
WITH_KERNELS_COMPILER = "install " + COMPILER_OF_KERNEL + ", or headers that were prepared on this board"

# What Rockchip's scripts/gcc-wrapper.py says.
_WRAPPED = r":No such file or directory\b"
# Debian calls the compiler of the board itself aarch64-linux-gnu-gcc, too.
_CROSS = r"((?!(?:/usr/(?:local/)?bin/)?aarch64-linux-gnu-gcc)[\w./+-]{0,200}[-+.\d]gcc(?:-[\d.]+)?)"
CROSS_COMPILE = (
    SHELL + _CROSS + NOT_FOUND + r"|(?m:^)" + _CROSS + _WRAPPED + r"|(?<![\w./+-])" + _CROSS
    + r"(?: failed)?: (?:Exec format|cannot execute binary|(?:\d+: )?(?:\S+: )?Syntax error)",
    ("the compiler {0}, which CROSS_COMPILE names, is missing or for another machine: remove CROSS_COMPILE from the "
     "environment (/etc/environment, /etc/dkms/framework.conf) and from the makefile of the kernel headers, or install "
     "one that runs here"))
COMPILERS = (
    (r"error, forbidden warning: ?(\S{1,100})|(scripts/gcc-wrapper\.py)\W{1,3} line \d",
     "Rockchip's scripts/gcc-wrapper.py, which makes an error of each warning, ends the build ({0}), as it is for "
     "another compiler or Python: install " + COMPILER_OF_KERNEL + ", or remove the wrapper from the Makefile of the "
     "kernel headers"),
    ((r"(?m)^(?!/var/lib/dkms/|/usr/src/(?!linux))\S{1,200}\.h:\d+:\d+: error: "
      r"(cannot use keyword \S{1,20} as enumeration constant|\S{1,20} cannot be defined via \S{1,20})"),
     ("gcc 15 and newer are too new for these kernel headers, as bool, false and true are words of their language "
      "({0}): install " + COMPILER_OF_KERNEL + ", such as gcc-14, or boot a newer kernel")),
    (r"Failed CC version check|Compiler version check failed",
     "the source refuses the compiler of this board, which is not that of the kernel: install " + COMPILER_OF_KERNEL),
    (r"C compiler cannot create executables",
     ("the compiler of this board makes no programs, as parts of it are missing: apt-get install --reinstall gcc cpp "
      "binutils libc6-dev, and libgcc-N-dev, where N is what gcc -dumpversion prints")),
    (r"fatal error: " + Q + r"(linux/compiler-gcc\d+\.h)" + NO_FILE,
     "the compiler is newer than these kernel headers know (they have no {0}): install " + COMPILER_OF_KERNEL),
    (r"ccache: error: [^\n]{0,60}(?:create|open|write)[^\n/]{0,60}(/\S{1,200}?): (?:Permission denied|Not a directory)",
     ("ccache, which stands in for the compiler, cannot write {0}: correct the owner of its folder (chown -R root), or "
      "switch it off (CCACHE_DISABLE=1 in /etc/environment)")),
    (r"multiple definition of [`'\u2018](yylloc)",
     ("gcc 10 and newer do not link the programs of the kernel headers (scripts/dtc, {0}): compile them with make "
      "scripts HOSTCFLAGS=-fcommon or HOSTCC=gcc-9, or install headers that were prepared on this board")),
    (r"(?:unrecognized|unknown|unsupported)[^\n]{0,40}" + Q
     + r"(-mabi=(?:lp64|aapcs-linux|apcs-gnu)|-mapcs|-mfpu=\w+|-marm|-mno-sse\d?|-mno-mmx|-mno-red-zone|-m64|-E[LB])\b|"
     r"unrecogni[sz]ed (emulation mode: \w{1,40})|"
     r"bad value \(?" + Q + r"([\w.+-]{1,40})" + Q + r"\)? for " + Q + r"-m(?:arch|tune|cpu)",
     ("the kernel headers and the compiler are for different machines ({0}): install the headers and the gcc of this "
      "board's architecture, and remove ARCH and CROSS_COMPILE from the environment")),
    ((r"(Compiler|Linker|Assembler) is too old|(GNU Make) >= \S+ is required|Sorry, this (\w+) is not supported|"
      r"#error Sorry, your (?:version of (GCC|Clang)|(compiler)(?: version)?) is too old|"
      r"\*\*\* (Compiler) lacks asm-goto|error: expected \S{1,6} before \S?(__inline)\b"),
     ("{0}: the version on this board is too old for these kernel headers. Use headers that are made for this release "
      "of the distribution, or a newer release")),
    ((r"Error: (?:unknown (?:architecture|architectural extension|mnemonic|pseudo-op|or missing system register name "
      r"at operand \d --):?|selected processor does not support) [`'\u2018]([^'\u2019\n]{1,60})['\u2019]"),
     "the assembler does not know {0}, which the kernel headers use: it is too old for this kernel; "
     + WITH_KERNELS_COMPILER),
    (SHELL + r"(?:/\S{0,100}/)?(" + _COMPILER + r")" + NOT_FOUND + r"|(?m:^)(" + _COMPILER + r")" + _WRAPPED
     + r"|Could not find compiler \"(?:/\S{0,100}/)?(" + _COMPILER + r")\""
     r"|Kconfig\.include:\d+: (?:C compiler|assembler|linker) " + Q + r"(?:/\S{0,100}/)?([\w.+-]{1,60})" + Q
     + r" not found",
     "the compiler {0}, with which the kernel was built, is missing: install it ({package})"),
    (r"(?:cannot execute|error trying to exec|collect2: fatal error: cannot find) " + Q + r"(cc1\w*|as|ld|collect2)\b",
     "the compiler is not installed completely, it has no {0}: apt-get install --reinstall gcc cpp binutils"),
    (r"gcc/[\w.-]+/(\d+)[\d.]*/plugin/include/\S+: fatal error",
     "the kernel was built with plugins of gcc, whose headers are missing: install gcc-{0}-plugin-dev"),
    (r"fatal error: " + Q + r"(gmp\.h|mpc\.h|mpfr\.h|gcc-plugin\.h|plugin-version\.h|bversion\.h)" + NO_FILE
     + r"|(gcc) installation does not support plugins",
     ("the kernel was built with plugins of gcc, whose headers are missing ({0}): install gcc-N-plugin-dev, where N is "
      "what gcc -dumpversion prints")),
    ((r"cannot load plugin \S{0,200}?(scripts/gcc-plugins/[\w.-]{1,100})(?:[^\n]{0,200}\n)?[^\n]{0,300}: "
     r"(?:cannot open shared object file|wrong ELF class|invalid ELF header)"),
     ("the kernel headers lack {0}, or have it for another machine: install gcc-N-plugin-dev, where N is what gcc "
      "-dumpversion prints, and compile it (cd /lib/modules/{kernel}/build && make gcc-plugins), or install headers "
      "that were prepared on this board")),
    (r"incompatible gcc/plugin versions|fail(?:ed)? to initialize plugin|cannot load plugin|inaccessible plugin file",
     "the kernel headers hold plugins for another version of gcc: " + WITH_KERNELS_COMPILER),
    ((r"bytecode stream [^\n]{0,300}generated with (LTO version \S{1,20} instead of the expected \S{1,20})|"
      r"\((Producer: '[^'\n]{1,40}' Reader: '[^'\n]{1,40}')\)"),
     "objects that another compiler made are left in the folder of the source or of the kernel headers ({0}): "
     + WITH_KERNELS_COMPILER),
    (r"missing MODULE_LICENSE\(\) in (\S{1,200})",
     ("modpost finds no license in {0}: ld is not the linker of binutils (mold and gold lose the license; see ls -l "
      "/usr/bin/ld), or the source names none")),
    ((r"(?m)^(?:\S*/)?(pahole: unrecogni[sz]ed option [^\n]{1,60}|"
     r"[^\n]{0,40}pahole version \S{1,20} is too old[^\n]{0,40})"),
     ("pahole is too old for these kernel headers ({0}): upgrade it (package pahole, in older releases dwarves), or "
     "remove vmlinux from the folder of the kernel headers, so that no type information (BTF) is made")),
    ((r"(?m)^(?:\S*/)?((?:[\w-]+-)?(?:ld(?:\.\w+)?|as|objcopy|strip|nm|ar|mold): (?:error: |fatal: )?"
      r"(?:unrecogni[sz]ed option|unknown (?:argument|command line option)):? [^\n]{1,60})"),
     ("the binutils of this system do not fit these kernel headers ({0}): use headers that are made for this release "
      "of the distribution, or the binutils with which the kernel was built")),
    (r"error: (?:unknown value|invalid protection type) (\S{1,60} (?:for|in) [^\s;]{1,40})",
     "the compiler does not know the value {0}, which the kernel headers use: it is too old for this kernel; install "
     + COMPILER_OF_KERNEL),
    (
        # A note or a warning on such an option ends no build: gcc adds it to errors of another kind.
        r"(?m)^(?![^\n]{0,200}(?:note|warning): )[^\n]{0,200}?"
        r"(?:unrecognized command[ -]line option |unknown argument: |unsupported option |"
        r"unsupported argument \S{1,60} to option |"
        r"unrecognized argument (?:in option |to )|unknown option |unrecogni[sz]ed option |unknown warning option |"
        r"compiler does not support )"
        + Q + r"(-[\w=.,+-]+)",
        ("the compiler does not know the option {0}, which the kernel headers use: it is too old or too new for this "
         "kernel; install the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration)"),
    ),
    ((r"\"(__stack_chk_guard|__stack_chk_fail|__aarch64_\w+|__[akmu]\w{0,3}san_\w+|__sanitizer_\w+|__gcov_\w+|_mcount|"
     r"__fentry__|__cfi\w*|__kcfi\w*|__llvm_\w+)\" \[[^]]*\] undefined"),
     "compiler and kernel headers do not match, as {0} is the compiler's own and not a function of the kernel: "
     + WITH_KERNELS_COMPILER),
)
