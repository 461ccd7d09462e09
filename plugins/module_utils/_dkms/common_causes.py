# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What the messages of DKMS, make, shells, compilers, linkers and modpost mean: data for log_reader.explain().

ENVIRONMENT and FOREIGN are rows of (pattern, sentence with its remedy, text that the log must have, too). The
first row whose pattern is found anywhere in a log counts: the environment first, then headers, programs and compilers.
In a sentence, `{0}` is the first group that matched, `{package}` its Debian package by PROGRAMS or LIBRARIES,
`{kernel}` the release in the log. The log comes from a board: a pattern must not start anew within a long word
(`(?<!\S)`).
"""

from __future__ import annotations

from .._facts.headers import COMPILE
from .environment_causes import ENDED, ENVIRONMENT, REINSTALL, Q

# What a shell, another program that starts programs, a script that stands in for the compiler, or make says first.
_SHELL = (r"(?m)^(?:\S*(?:sh|dkms|env|nice): (?:\d+: |line \d+: )?|\S{1,200}: (?:\d+|line \d+): (?:exec: )?|"
          r"make(?:\[\d+\])?: )" + Q)
_NOT_FOUND = Q + r": (?:(?:[Cc]ommand )?not found|No such file or directory|cannot execute: required file not found)"
_COMPILER = r"(?:[\w./+]+-)*(?:gcc|clang|cc|g\+\+)(?:-[\d.]+)?"
NO_FILE = Q + r"(?:: No such file or directory| file not found)"
_SOURCE_TOO_OLD = "the source is older than this kernel: use a newer release of it, or an older kernel"
# The folder of a package's own source, which is not the kernel's.
_NOT_A_PACKAGE = r"(?!/var/lib/dkms/|/usr/src/(?!linux))"
_CLOCK = (r"modification time \S{1,30} s in the future|Clock skew detected",
          ("the board's clock is behind the times of the kernel headers' files, so make wants to make them again: set "
           "the time (timedatectl set-ntp true), then try again"))
_COMPILER_OF_KERNEL = "the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration)"
_WITH_KERNELS_COMPILER = "install " + _COMPILER_OF_KERNEL + ", or headers that were prepared on this board"


_DKMS = (
    ((r"[Kk]ernel headers for kernel (\S+?),? (?:cannot be found|are missing|could not be found)|"
      r"[Mm]odule build for kernel (\S+) was skipped since the|Missing (\S+) kernel headers for module"),
     ("DKMS finds no headers of kernel {0} at /lib/modules/{0}/build: install the headers package of this very kernel; "
     "if it is installed, it is for another kernel, so update kernel and headers together and reboot")),
    # In any language.
    (r"\*\*\* (/(?:usr/)?lib/modules/[\w.+~-]+/(?:build|source)|/usr/src/linux-headers-[\w.+~-]+) ?: ",
     ("{0} does not exist, so the headers are not installed or their link leads nowhere: install the headers "
      "package of "
      "this very kernel")),
    ((r"(?<!\S)(\S+): (?:File )?(?:does not represent a valid|is not a valid) dkms\.conf|No 'PACKAGE_NAME' directive|"
     r"Bad conf file"),
     "DKMS cannot read the dkms.conf of a package: remove that package (dkms status), then try again"),
)
_HEADERS = (
    (*_CLOCK, "No rule to make target"),
    (r"fatal error: " + Q + r"(asm/unaligned\.h|stdarg\.h)" + NO_FILE,
     "{0} is not where the source looks for it (linux/unaligned.h since Linux 6.12, linux/stdarg.h since 5.15): "
     + _SOURCE_TOO_OLD),
    (r"fatal error: " + Q + r"(linux/(?:unaligned|stdarg|devfreq-governor)\.h)" + NO_FILE,
     ("this kernel does not have {0} (stdarg.h: Linux 5.15 and newer, unaligned.h: 6.12, devfreq-governor.h: 6.19), so "
      "the source is newer than this kernel: use an older release of it, or a newer kernel")),
    ((r"(Segmentation fault|Bus error|Illegal "
     r"instruction|Aborted)[^\n]{0,30}\s((?:\S{0,200}/)?(?:scripts|tools)/[\w./-]+)"),
     "a program of the kernel headers crashes ({0}), as it is damaged or for another machine or library: reinstall "
     "them, or compile their programs on the board (" + COMPILE + ")"),
    # kconfig's own words (scripts/kconfig/conf.c)
    (r"Restart config\.\.\.|Console input/output is redirected|Error during sync of the configuration",
     "the configuration of the kernel headers does not fit the compiler on this board, so make asks for it again: "
     + _WITH_KERNELS_COMPILER),
    (r"\*\*\* The source tree is not clean",
     "the folder of the kernel headers has files of another build: " + REINSTALL),
    (r"kernel configuration has modules disabled",
     "this kernel cannot load modules (CONFIG_MODULES): use another kernel"),
    (r"arch/((?!arm64/)[\w.-]{1,40})/Makefile" + Q + r"(?:: No such file|\.  Stop|,)",
     ("the build was told that ARCH is {0}, and the kernel of this board is arm64: remove ARCH from the environment "
      "(/etc/environment, /etc/dkms/framework.conf) or from the call")),
    (r"Symbol version dump \"?(\S*Module\.symvers)\"?\s+is missing",
     "the kernel headers lack {0}, without which no function of the kernel is known: " + REINSTALL, "undefined"),
    (r"error: " + Q + r"CONFIG_(?:HZ|NR_CPUS|\w+_SHIFT)" + Q + r" undeclared",
     "the configuration in the kernel headers (include/generated/autoconf.h) is empty or damaged: " + REINSTALL),
    # Without these no module can be built, and each kernel exports them.
    ((r"\"(_?printk|module_layout|__arch_copy_(?:to|from)_user|_raw_spin_(?:un)?lock\w{0,20}|kfree|__kmalloc|memcpy|"
      r"memset|mutex_(?:un)?lock|cpu_hwcaps?\w{0,10}|arm64_const_caps_ready)\" \[[^]]*\] undefined"),
     "the list of the kernel's functions in its headers (Module.symvers) is empty or of another kernel, as {0} is not "
     "in it: " + REINSTALL),
    ((r"Kernel configuration is invalid|include/(?:generated/autoconf\.h|config/auto\.conf) (?:are|is) missing|"
     r"(?:include/config/auto\.conf(?:\.cmd)?|generated/autoconf\.h|linux/kconfig\.h): No such file|"
      r"[Cc]onfiguration file \W?\.config\W? not found|No \.config found in"),
     "the kernel headers are not prepared for a build (include/generated/autoconf.h, include/config/auto.conf or "
     ".config is missing): " + REINSTALL),
    (r"parse error in symbol dump file",
     "a list of exported functions (Module.symvers) of the kernel headers, or one that the source makes itself, is "
     "damaged or of another kernel: " + REINSTALL + ", and update the source"),
    (r"(?:cannot open|can't open|No such file)[^\n]{0,80}(module(?:-common)?\.lds)|"
     r"(module(?:-common)?\.lds)" + Q + r": No such file|"
     r"No rule to make target " + Q + r"\S*(module(?:-common)?\.lds)",
     "the kernel headers are incomplete, they lack scripts/{0}: " + REINSTALL + ", or a newer version of it"),
    (r"version " + Q + r"((?:GLIBC|GLIBCXX|OPENSSL|CXXABI)_[\d.]+)" + Q + r"\s+not found \(required by [^)\n]*\)",
     "programs of the headers package need a newer library ({0}) than this system has: install the headers that are "
     "made for this release of the distribution, or compile their programs here (" + COMPILE + ")"),
    ((r"(?<![\w./-])((?:[\w.-]{0,60}/){0,9}(?:scripts|tools)/[\w./-]{1,100}): error while loading shared libraries: "
     r"(?:(?:ld-linux[\w.-]*|lib(?:c|m|dl|rt|pthread|gcc_s)\.so[\d.]*): |\S{1,80}: (?:wrong ELF class|invalid ELF "
      r"header))"),
     "a program of the kernel headers ({0}) is made for another system or architecture, as it does not find the C "
     "library of this one: install the headers made for this board, or compile their programs here (" + COMPILE + ")"),
    (r"error while loading shared libraries: ([\w.+-]+): cannot open",
     "a program of the build needs the library {0}, which is not installed: install {package}"),
    # dpkg's scripts, sed and other programs of the system
    ((r"(?<![\w./+'-])(?<!module )(?!file:|\S{0,200}(?:scripts|tools)/)([\w./+-]{1,200}): (?:Exec format error|cannot "
     r"execute binary file)"),
     ("{0} cannot be executed, because it is damaged, or for another machine: check the storage (dmesg), and reinstall "
     "the package that has it (dpkg -S)")),
    ((r"(?<![\w./+'-])([\w./+-]+): (?:Exec format error|cannot execute binary file)|"
     r"fixdep: [^\n]{0,200}: Value too large for defined data type|"
      r"(?:qemu-|binfmt-)\w{1,20}: Could not open|sizeof\(struct \w+\)=\d+ is not a modulo|"
      r"(scripts/[\w./-]+): \d+: (?:\S+: )?Syntax error|/(?:fixdep|modpost|genksyms|recordmcount|conf|sorttable): \d+: "
      r"[^\n]{0,200}: not found|Relocations in generic ELF|file in wrong "
      r"format|incompatible target"),
     "the headers package holds programs of another architecture: install the one made for this board, or compile "
     "them here (" + COMPILE + ")"),
    # The shell says the same of a script whose interpreter is missing.
    (_SHELL + r"((?:\S*/)?(?:scripts|tools)/\S+?\.(?:sh|pl|py|awk))" + _NOT_FOUND,
     "the kernel headers lack {0}, or this system the program that its first line names (bash, perl, python3): "
     + REINSTALL),
    (_SHELL + r"((?:\S*/)?tools/\S+?)" + _NOT_FOUND,
     "the kernel headers lack {0}, or have it for another architecture: " + REINSTALL),
    (_SHELL + r"((?:\S*/)?scripts/\S+?)" + _NOT_FOUND,
     "the kernel headers lack {0}, or have it for another architecture: compile their programs on the board "
     "(dpkg-reconfigure of the headers package, or " + COMPILE + ")"),
    (r"No rule to make target " + Q + _NOT_A_PACKAGE + r"((?:[^'`\u2019\s]{0,200}/)?(?:scripts|include|arch|tools|"
     r"kernel|lib/vdso)/[^'`\u2019\s]{0,200}?|prepare0?|modules|[^'`\u2019\s]{0,200}Kconfig)" + Q
     + r"(?:\.  ?Stop|,|$)|No rule to make target " + Q + r"([^'`\u2019\s]{1,200})" + Q + r", needed by " + Q
     + _NOT_A_PACKAGE + r"(?:[^'`\u2019\s]{0,200}/)?(?:scripts|tools)/|"
     r"((?:arch|lib/vdso)/\S*(?:Makefile|Kbuild)|scripts/\S+?|(?<!\S)\S*Kbuild\.include): No such file|"
     r"can't find file \"?(Kconfig)|"
     r"Kconfig[\w.]*:\d+: can't open file \"([^\"\n]{1,200})|Error: can't open (arch/\S+) for reading|"
     r"cannot open (?:file )?" + Q + r"(include/\S+?)" + Q + r" (?:for reading|\(No such file)|"
     r"fatal error: " + Q + r"((?:generated|asm|config|tools)/[\w./+-]+\.h|classmap\.h|elfconfig\.h)" + NO_FILE,
     "the kernel headers are incomplete or not prepared, they lack {0}: " + REINSTALL),
    (r"No rule to make target " + Q + r"(vmlinux(?:\.o|\.symvers)?)" + Q,
     ("the build wants to make the kernel itself ({0}), of which its headers have no source: remove KBUILD_BUILTIN "
      "from the environment and the makefile, and use a newer release of the source")),
    # The configure script of ZFS, whose tests of the kernel fail for any reason
    (r"Cannot build against kernel version [^\n]{1,80}\n[^\n]{0,40}maximum supported kernel version is ([\d.]*\d)",
     "this release of the package supports kernels up to {0} only: update it, or boot an older kernel"),
    (r"/env: " + Q + r"(python\d?|perl)" + _NOT_FOUND,
     "the program {0}, which the build needs, is missing: install {package}", "empty module"),
    (r"does not include the required loadable module",
     "the package finds no CONFIG_MODULES, because the kernel headers are not prepared or do not fit the compiler of "
     "this board: " + REINSTALL + ", and install " + _COMPILER_OF_KERNEL),
    (r"Unable to build an empty module|make sure the kernel devel package|kernel is unable to compile object files",
     "with the kernel headers not even an empty module can be built: " + REINSTALL),
    ((r"(?m)^(?:/usr/src/linux-\S{1,200}/|/(?:usr/)?lib/modules/\S{1,200}/)?(scripts/\S+|arch/\S+|"
     r"(?<=/)Makefile):\d+: \*\*\* missing separator"),
     "{0} of the kernel headers is damaged or for another make: " + REINSTALL),
    (r"Entering directory " + Q + r"(/(?:usr/)?(?:src/linux|lib/modules/)[^'\u2019\n]{1,200})['\u2019]\n"
     r"(?:make[^\n]{0,200}\n)?make(?:\[\d+\])?: \*\*\* No targets specified and no makefile found",
     "the folder of the kernel headers, {0}, has no Makefile: " + REINSTALL),
    (r"No targets specified and no makefile found",
     "the folder of the kernel headers (/lib/modules/{kernel}/build) or that of the source has no Makefile: "
     + REINSTALL),
)
_COMPILERS = (
    (r"error, forbidden warning: ?(\S{1,100})|(scripts/gcc-wrapper\.py)\W{1,3} line \d",
     "Rockchip's scripts/gcc-wrapper.py, which makes an error of each warning, ends the build ({0}), as it is for "
     "another compiler or Python: install " + _COMPILER_OF_KERNEL + ", or remove the wrapper from the Makefile of the "
     "kernel headers"),
    (r"multiple definition of [`'\u2018](yylloc)",
     ("gcc 10 and newer do not link the programs of the kernel headers (scripts/dtc, {0}): compile them with make "
      "scripts HOSTCFLAGS=-fcommon or HOSTCC=gcc-9, or install headers that were prepared on this board")),
    (r"(?:unrecognized|unknown|unsupported)[^\n]{0,40}" + Q
     + r"(-mabi=(?:lp64|aapcs-linux|apcs-gnu)|-mapcs|-mfpu=\w+|-marm|-mno-sse\d?|-mno-mmx|-mno-red-zone|-m64|-E[LB])\b|"
     r"unrecogni[sz]ed (emulation mode: \w{1,40})|"
     r"bad value \(" + Q + r"([\w.+-]{1,40})" + Q + r"\) for " + Q + r"-m(?:arch|tune|cpu)",
     ("the kernel headers and the compiler are for different machines ({0}): install the headers and the gcc of this "
      "board's architecture, and remove ARCH and CROSS_COMPILE from the environment")),
    ((r"(Compiler|Linker|Assembler) is too old|(GNU Make) >= \S+ is required|Sorry, this (\w+) is not supported|"
      r"#error Sorry, your (?:version of (GCC|Clang)|(compiler)(?: version)?) is too old"),
     ("{0}: the version on this board is too old for these kernel headers. Use headers that are made for this release "
      "of the distribution, or a newer release")),
    ((r"Error: (?:unknown (?:architecture|architectural extension|mnemonic|pseudo-op):?|selected processor does not "
     r"support) [`'\u2018]([^'\u2019\n]{1,60})['\u2019]"),
     "the assembler does not know {0}, which the kernel headers use: it is too old for this kernel; "
     + _WITH_KERNELS_COMPILER),
    # Debian calls the compiler of the board itself aarch64-linux-gnu-gcc, too.
    (_SHELL + r"((?![\w./-]*aarch64-linux-gnu-gcc)[\w./+-]{1,200}[-+.\d]gcc(?:-[\d.]+)?)" + _NOT_FOUND,
     ("the compiler {0}, which CROSS_COMPILE names, is missing: remove CROSS_COMPILE from the environment "
      "(/etc/environment, /etc/dkms/framework.conf) and from the makefile of the kernel headers, or install it")),
    (_SHELL + r"(?:/\S{0,100}/)?(" + _COMPILER + r")" + _NOT_FOUND,
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
     "the kernel headers hold plugins for another version of gcc: " + _WITH_KERNELS_COMPILER),
    ((r"bytecode stream [^\n]{0,300}generated with (LTO version \S{1,20} instead of the expected \S{1,20})|"
      r"\((Producer: '[^'\n]{1,40}' Reader: '[^'\n]{1,40}')\)"),
     "objects that another compiler made are left in the folder of the source or of the kernel headers ({0}): "
     + _WITH_KERNELS_COMPILER),
    (r"missing MODULE_LICENSE\(\) in (\S{1,200})",
     ("modpost finds no license in {0}: ld is not the linker of binutils (mold and gold lose the license; see ls -l "
      "/usr/bin/ld), or the source names none")),
    ((r"(?m)^(?:\S*/)?(pahole: unrecogni[sz]ed option [^\n]{1,60}|"
     r"[^\n]{0,40}pahole version \S{1,20} is too old[^\n]{0,40})"),
     ("pahole is too old for these kernel headers ({0}): upgrade it (package pahole, in older releases dwarves), or "
     "remove vmlinux from the folder of the kernel headers, so that no type information (BTF) is made")),
    ((r"(?m)^(?:\S*/)?((?:[\w-]+-)?(?:ld(?:\.\w+)?|as|objcopy|strip|nm|ar): (?:error: )?unrecogni[sz]ed option "
     r"[^\n]{1,60})"),
     ("the binutils of this system do not fit these kernel headers ({0}): use headers that are made for this release "
      "of the distribution, or the binutils with which the kernel was built")),
    (r"error: unknown value (\S{1,60} for [^\s;]{1,40})",
     "the compiler does not know the value {0}, which the kernel headers use: it is too old for this kernel; install "
     + _COMPILER_OF_KERNEL),
    (
        # A note or a warning on such an option ends no build: gcc adds it to errors of another kind.
        r"(?m)^(?![^\n]{0,200}(?:note|warning): )[^\n]{0,200}?"
        r"(?:unrecognized command[ -]line option |unknown argument: |unsupported option |"
        r"unsupported argument \S{1,60} to option |"
        r"unrecognized argument in option |unknown option |unrecogni[sz]ed option )"
        + Q + r"(-[\w=.,+-]+)",
        ("the compiler does not know the option {0}, which the kernel headers use: it is too old or too new for this "
         "kernel; install the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration)"),
    ),
    ((r"\"(__stack_chk_guard|__stack_chk_fail|__aarch64_\w+|__[akmu]\w{0,3}san_\w+|__sanitizer_\w+|__gcov_\w+|_mcount|"
     r"__fentry__|__cfi\w*|__kcfi\w*|__llvm_\w+)\" \[[^]]*\] undefined"),
     "compiler and kernel headers do not match, as {0} is the compiler's own and not a function of the kernel: "
     + _WITH_KERNELS_COMPILER),
)
_HOST = (
    (r"fatal error: " + Q + r"(openssl/\S+?\.h|(?:lib|g)?elf\.h|libelf/\S+?\.h|dwarf\.h|elfutils/\S+?\.h|zlib\.h|"
     r"lzma\.h|zstd\.h|n?curses\.h|yaml\.h|libfdt\.h|(?:std(?:io|lib)|unistd|string|ctype|errno|features|"
     r"bits/\S+?|gnu/\S+?|sys/\w+)\.h)" + NO_FILE,
     "{0} is not part of the kernel but of this system, where a program of the headers is compiled: install {package}"),
    (r"Cannot (?:generate|resolve|use) [^\n]{1,80}, please install (libelf-dev)\b",
     "a program of the kernel headers, which is compiled on this board, needs {0}: install it"),
    (r"(?m)^(?:/\S*/)?(?:\./)?(?:scripts|tools|certs)/\S+: fatal error: " + Q + r"([\w./+-]+\.h)" + NO_FILE,
     ("a program of the kernel headers is compiled on this board and needs {0}: install the development package that "
      "has it (apt-file search {0})")),
    ((r"(?m)^(?:/\S*/)?(?:\.{1,2}/)?((?:scripts|tools|certs|security/selinux/include)/[\w./+-]+\.[chly]):\d+:"
     r"(?:\d+:)? error: "),
     ("{0}, a program of the kernel headers, does not compile on this board, whose compiler and libraries are of "
      "another time: update the kernel and its headers together, or install headers that were prepared for this "
      "release of the distribution")),
    (r"/usr/bin/(?:\S+-)?ld: cannot find (crt[1in]\.o|-lc)\b",
     ("a program of the kernel headers is linked on this board and needs files of the C library ({0}): install "
      "libc6-dev")),
    *((r"/usr/bin/(?:\S+-)?ld: cannot find -l(" + library + r")\b",
       "a program of the kernel headers is linked on this board and needs lib{0}: install its development package ("
       + package + ")")
      for library, package in (("crypto|ssl", "libssl-dev"), ("z", "zlib1g-dev"))),
    (r"ModuleNotFoundError: No module named '(\w{1,60})",
     ("a Python program of the build needs the module {0}, which is missing: install its package (python3-{0}, or what "
      "apt-cache search names)")),
    (r"Can't locate (?!Debconf)(\S{1,80}\.pm) in @INC",
     "a Perl program of the build needs {0}, which perl-base does not have: install perl"),
    (r"/usr/bin/(?:\S+-)?ld: cannot find -l([\w+-]+)",
     ("a program of the kernel headers is linked on this board and needs lib{0}: install its development package "
      "(lib{0}-dev)")),
    ((r"FAILED: load (?:base )?BTF from|Failed to (?:encode|generate|parse base) BTF|"
      r"failed to find '\.BTF' ELF section|"
      r"failed to find valid kernel BTF|error while encoding BTF|btf__dedup failed|die__process: DW_TAG|"
      r"error decoding cu |Makefile\.modfinal:\d+: [^\]\n]{1,300}\] (?:Segmentation fault|Aborted|Error 13[49]\b)"),
     ("pahole cannot make the module's type information (BTF): it does not fit the kernel that vmlinux is of. Remove "
      "vmlinux from the folder of the kernel headers")),
    (r"GPL-incompatible module \S+ uses GPL-only symbol " + Q + r"(\w+)",
     ("the license of this module does not allow it to use {0} of this kernel: use another release of it, or another "
      "kernel")),
    (ENDED + r"(?:Terminated|Hangup|Interrupt|Error 143)",
     "the build was ended from outside, such as by a shutdown or a time limit: try again"),
    (ENDED + r"(?:Segmentation fault|Bus error|Illegal instruction|Aborted|Error 13[2459]\b)",
     ("a program of the build crashed, on weak boards often for want of a stable supply: try again, and reinstall gcc "
      "and the kernel headers if it happens in the same place")),
    (r"(?m)^make(?:\[\d+\])?: (?:uname|make|rm|sh): No such file or directory",
     ("the build does not find the system's own programs, as its PATH is wrong: check PATH in /etc/environment and "
      "/etc/dkms, and in the makefile of the source")),
    # Not every program that is not found ends a build: see the last row.
    (_SHELL + r"([A-Za-z][\w.+-]*)" + _NOT_FOUND,
     "the program {0}, which the build needs, is missing: install {package}", "Error 127"),
)
LAST = (
    # What DKMS only mentions while another package is configured goes behind all else.
    ((r"Could not (?:find module source directory|locate dkms\.conf file)|Directory: (/usr/src/\S+) does not exist|"
      r"Missing the (?:module )?source directory|does not appear to have module source"),
     "DKMS no longer has the source of a package: dkms status lists it, dkms remove NAME/VERSION --all ends it"),
    (r"DKMS tree already contains: (\S{1,100})|(\S{1,100}) is already added!",
     ("DKMS still has {0} of an earlier attempt: remove it (dkms remove NAME/VERSION --all, as dkms status lists it), "
      "then run dpkg --configure -a")),
    (r"(?:missing BUILD_DEPENDS|due to missing dependencies): ?([^\n.]{1,100})",
     "DKMS has to build the modules of another package first ({0}): install it, and see dkms status for why it is not"),
    (r"No rule to make target " + Q + r"((?:/var/lib/dkms/|/usr/src/)[^'`\u2019\s]{1,200}\.o)" + Q,
     ("the source lacks the file of which {0} is made, or its makefile does not fit this kernel: install the package "
      "anew, or a newer release of it")),
    (r"sign-file: (\S{1,200}?)(?:: [^\n]{0,80})?\n(?:[^\n]{0,200}\n){0,2}?Error! Bad exit status \d+ for sign",
     ("DKMS cannot sign a module with the key {0}: correct mok_signing_key and mok_certificate (in older releases "
      "sign_tool) in /etc/dkms/framework.conf")),
    (r"Application of patch (\S{1,80}) failed",
     "a patch of the package ({0}) does not fit: use a release of the package that is made for this kernel"),
    (r"(?:depmod: ERROR: could not open|Error! The) directory (/lib/modules/[^\s:/]{1,120})(?:: No such| doesn)",
     ("{0} is gone, because the package of this kernel was replaced or removed: reboot into the installed kernel, then "
      "try again")),
    (r"\b(depmod): (?:command )?not found",
     "the program {0}, which lists a kernel's modules, is missing: install {package}"),
    (r"Problems with depmod detected|depmod\.{1,60} ?\(bad exit status: (\d+)",
     "depmod, which lists a kernel's modules, failed: check the storage and the memory (dmesg), and run depmod -a"),
    (r"BUILD_EXCLUSIVE directive", "this package of DKMS is not meant for this kernel (BUILD_EXCLUSIVE)"),
    (r"is not newer than what is already found",
     "DKMS keeps a module of the kernel that has the same or a newer version: dkms install --force replaces it"),
    # find_module is a function that some releases of DKMS lack.
    (_SHELL + r"(?!find_module)([A-Za-z][\w.+-]*)" + Q + r": (?:[Cc]ommand )?not found",
     "the program {0}, which the build needs, is missing: install {package}"),
    (r"Build of (\S{1,100}) failed for: |Missing module '(\S{1,80})' in ",
     ("make has ended without making {0}, as the makefile or the dkms.conf of this source does not fit this kernel or "
      "this release of DKMS: use a newer release of the source")),
)
FOREIGN = ENVIRONMENT + _DKMS + _HEADERS + _COMPILERS + _HOST + LAST
"""The rows for modules of any package: what the NPU driver needs does not count."""
WITHOUT_ERROR = (_CLOCK,)
"""The rows for a log without any error message."""

PROGRAMS = {
    "ar": "binutils", "as": "binutils", "awk": "gawk", "c++": "g++", "cc": "gcc", "clang": "clang, lld and llvm",
    "depmod": "kmod", "dpkg-architecture": "dpkg-dev", "dtc": "device-tree-compiler", "hexdump": "bsdextrautils",
    "ld": "binutils", "ld.lld": "lld", "lsb_release": "lsb-release", "mkimage": "u-boot-tools", "modinfo": "kmod",
    "modprobe": "kmod", "msgfmt": "gettext", "nm": "binutils", "objcopy": "binutils", "objdump": "binutils",
    "pahole": "pahole (in older releases dwarves)", "ps": "procps", "python": "python-is-python3",
    "readelf": "binutils", "strip": "binutils", "udevadm": "udev", "which": "debianutils", "xz": "xz-utils",
}
"""Debian package of a program; any other program is sought under its own name."""
LIBRARIES = (
    (r"openssl/", "libssl-dev"), (r"(?:lib|g)?elf\.h|libelf/", "libelf-dev"), (r"dwarf\.h|elfutils/", "libdw-dev"),
    (r"zlib\.h", "zlib1g-dev"), (r"lzma\.h", "liblzma-dev"), (r"zstd\.h", "libzstd-dev"),
    (r"n?curses\.h", "libncurses-dev"), (r"yaml\.h", "libyaml-dev"), (r"libfdt\.h", "libfdt-dev"),
    (r"libcrypto\.so\.1\.1|libssl\.so\.1\.1", "libssl1.1, or headers made for this release of the distribution"),
    (r"libcrypto\.so|libssl\.so", "libssl3"), (r"libelf\.so", "libelf1"), (r"libz\.so", "zlib1g"),
    (r"libmpfr\.so", "libmpfr6"), (r"libmpc\.so", "libmpc3"), (r"libgmp\.so", "libgmp10"), (r"libisl\.so", "libisl23"),
    (r"\S+\.h$", "libc6-dev"), (r"\S+\.so", "the package that has it (apt-file search {0})"),
)
"""(pattern at the beginning of a header's or library's name, its Debian package); the first match counts."""
