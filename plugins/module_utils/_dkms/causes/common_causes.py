# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What the messages of DKMS, make, shells, modpost and other programs mean: data for log_reader.explain().

ENVIRONMENT and FOREIGN are rows of (pattern, sentence with its remedy, text that the log must have, too). The
first row whose pattern is found anywhere in a log counts: the environment first, then headers, programs and compilers.
In a sentence, `{0}` is the first group that matched, `{package}` its Debian package by PROGRAMS or LIBRARIES,
`{kernel}` the release in the log. The log comes from a board: a pattern must not start anew within a long word
(`(?<!\S)`).
"""

from __future__ import annotations

from ..._facts.installed.headers import COMPILE
from .compiler_causes import (
    COMPILER_OF_KERNEL,
    COMPILERS,
    CROSS_COMPILE,
    NO_FILE,
    NOT_FOUND,
    SHELL,
    WITH_KERNELS_COMPILER,
)
from .environment_causes import ENDED, ENVIRONMENT, REINSTALL, Q

_SOURCE_TOO_OLD = "the source is older than this kernel: use a newer release of it, or an older kernel"
# What a compiler says of a header of the kernel, whose path is the first group.
_OF_THE_KERNEL = (
    r"(?m)^[ \t]*(?:/usr/src/linux-\S{1,200}/|/(?:usr/)?lib/modules/\S{1,200}/|(?:\./){1,2})?((?:include/(?:linux|uapi|"
    r"asm|asm-generic|drm|net|crypto|media|sound|generated|trace|vdso|soc|kvm|video|ras|acpi|xen|scsi|clocksource|"
    r"dt-bindings|kunit)|arch/\w{1,20}/include)/[\w./+-]{1,150}\.h)"
    r":\d+:(?:\d+:)? ")
# The folder of a package's own source, which is not the kernel's.
_NOT_A_PACKAGE = r"(?!/var/lib/dkms/|/usr/src/(?!linux))"
_CLOCK = (r"modification time \S{1,30} s in the future|Clock skew detected",
          ("the board's clock is behind the times of the kernel headers' files, so make wants to make them again: set "
           "the time (timedatectl set-ntp true), then try again"))

_DKMS = (
    ((r"[Kk]ernel headers for kernel (\S+?),? (?:cannot be found|are missing|could not be found)|"
      r"(?:[Mm]odule build|autoinstall) for kernel (\S+) was skipped since the|Missing (\S+) kernel headers for module|"
      r"[Nn]o (?:kernel )?headers found for (?:\w+ ){0,3}kernel (\S+)"),
     ("DKMS finds no headers of kernel {0} at /lib/modules/{0}/build: install the headers package of this very kernel; "
     "if it is installed, it is for another kernel, so update kernel and headers together and reboot")),
    # In any language.
    ((r"\*\*\* (/(?:usr/)?lib/modules/[\w.+~-]+/(?:build|source)|/usr/src/linux-headers-[\w.+~-]+) ?: |"
      r"No rule to make target " + Q + r"(/(?:usr/)?lib/modules/[\w.+~-]+/(?:build|source))" + Q + r"[,.]"),
     ("{0} does not exist, so the headers are not installed or their link leads nowhere: install the headers "
      "package of "
      "this very kernel")),
    (r"dkms\.conf: Error! ([^\n]{1,120}?)\.?\n(?:[^\n]{0,200}\n){0,6}?File: (/\S{1,200})",
     "DKMS does not take {1} ({0}): correct it there, or install a newer release of the package that has it"),
    ((r"(?<!\S)\S+:? (?:File )?(?:does not represent a valid|is not a valid) dkms\.conf|No 'PACKAGE_NAME' directive|"
     r"Bad conf file"),
     "DKMS cannot read the dkms.conf of a package: correct it, or install a newer release of it (dkms status)"),
    (r"/var/lib/dkms/([\w.+~-]{1,60})/(#\w{1,40}#)/",
     ("the version of {0} is still {1}, which its dkms.conf has in place of it, and make reads # as the begin of a "
      "comment: write a version there (PACKAGE_VERSION), and add the package to DKMS again")),
    (r"(?m)^(/etc/dkms/[\w./+-]{1,100}): line \d{1,4}: [^\n]{0,100}(?:syntax error|command not found|unexpected EOF)",
     "{0}, which DKMS reads as a shell script, has an error: correct it"),
)
_HEADERS = (
    (*_CLOCK, "No rule to make target"),
    CROSS_COMPILE,
    # Debian and Ubuntu divide the headers of a kernel.
    (r"(?:/usr/src/(linux-headers-[\w.+~-]{1,100}-common(?:-rt)?|linux-[a-z][\w-]{0,40}-headers-[\w.+~-]{1,60}|"
     r"linux-headers-\d[\w.]{0,20}-\d{1,5})|/usr/lib/(linux-kbuild-[\w.+~-]{1,60}))/"
     r"(?:Makefile|Kbuild|scripts/[\w./-]{1,100})" + Q + r"(?:: (?:No such|not found)|\.  ?Stop)",
     ("the kernel headers are divided into several packages, and of these {0} is missing or incomplete: apt-get "
      "install --reinstall {0}")),
    # Elsewhere errors of these kinds are the source's own.
    (_OF_THE_KERNEL + r"error: (?:stray " + Q + r"(?:\\\d|<U\+)|unterminated #?\w)",
     "{0} of the kernel headers is damaged: check the storage (dmesg), and " + REINSTALL),
    (_OF_THE_KERNEL + r"fatal error: " + Q + r"(stdarg\.h)" + NO_FILE,
     ("the compiler does not find its own {1}, which {0} of the kernel headers includes: see gcc "
      "-print-file-name=include, and reinstall it (apt-get install --reinstall gcc-N, where N is what gcc -dumpversion "
      "prints)")),
    (_OF_THE_KERNEL + r"fatal error: " + Q + r"(?!linux/compiler-gcc)([\w./+-]+\.h)" + NO_FILE,
     "the kernel headers are incomplete, as their {0} includes {1}, which they lack: " + REINSTALL
     + ", or the whole source of this very kernel"),
    (_OF_THE_KERNEL
     + r"error: #error (?![^\n]{0,120}(?:too old|not supported|can be included|directly))([^\n]{1,150})",
     "{0} of the kernel headers refuses the build ({1}): they are not prepared, or the build is told another machine "
     "than theirs. Remove ARCH and CROSS_COMPILE from the environment and the makefile, and " + REINSTALL),
    (r"(?m)^make[^\n]{0,200} SUBDIRS=/[\s\S]{0,1500}?No rule to make target " + Q
     + r"((?:arch|kernel)/\S{1,100}?)" + Q + r"[,.]",
     ("the source calls make with SUBDIRS=, so kernels since Linux 5.4 want to make themselves ({0}): use a newer "
      "release of the source, which calls it with M=")),
    (r"\*\*\* ((?:source|main) directory cannot contain spaces n?or colons)",
     "make does not take the name of a folder ({0}): move the source, or the kernel headers, to a folder without"),
    (r"(\.NOTINTERMEDIATE and \.SECONDARY are mutually exclusive)",
     "make 4.4 does not take the makefiles of this kernel ({0}): update make to 4.4.1 or newer"),
    (r"(invalid --jobserver-auth string)",
     ("a make of another release has called make ({0}): use one make everywhere (type -a make), and remove MAKEFLAGS "
      "from the environment")),
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
     + WITH_KERNELS_COMPILER),
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
    (r"(?m)^\S{0,100}ld: ?(?:\S{1,100}/)?(module(?:-common)?\.lds):\d+: (?:syntax error|ignoring)",
     "the linker of this board cannot read scripts/{0} of the kernel headers, as their package was made wrongly: "
     + REINSTALL + ", or a newer version of it"),
    (r"version " + Q + r"((?:GLIBC|GLIBCXX|OPENSSL|CXXABI)_[\d.]+)" + Q
     + r"\s+not found \(required by (?:\S*/)?(?:scripts|tools)/[^)\n]*\)",
     "programs of the headers package need a newer library ({0}) than this system has: install the headers that are "
     "made for this release of the distribution, or compile their programs here (" + COMPILE + ")"),
    ((r"(?<![\w./-])((?:[\w.-]{0,60}/){0,9}(?:scripts|tools)/[\w./-]{1,100}): error while loading shared libraries: "
     r"(?:(?:ld-linux[\w.-]*|lib(?:c|m|dl|rt|pthread|gcc_s)\.so[\d.]*): |\S{1,80}: (?:wrong ELF class|invalid ELF "
      r"header))"),
     "a program of the kernel headers ({0}) is made for another system or architecture, as it does not find the C "
     "library of this one: install the headers made for this board, or compile their programs here (" + COMPILE + ")"),
    (r"(?:^|[\s/])([\w.+-]{1,80}): [^\n]{0,200}version " + Q + r"\w{1,20}_[\w.]{1,20}" + Q
     + r" not found \(required by [^)\n]*\)",
     ("{0} needs a newer library than this system has, as the system has programs or libraries of another release: "
      "see what is not from its repositories (apt-cache policy, dpkg -S), and upgrade or downgrade that")),
    ((r"(?m)^(?:\S*/)?([\w.+-]{1,80}): (?:symbol lookup error: |error while loading shared libraries: \S{1,200}: "
      r"(?:file too short|invalid ELF header|cannot read file data|wrong ELF class))"),
     ("the program {0} of this system does not start, as it or a library of it is damaged or of another release: check "
      "the storage (dmesg), and reinstall its package (dpkg -S {0}) and the libraries that the message names")),
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
    (SHELL + r"((?:\S*/)?(?:scripts|tools)/\S+?\.(?:sh|pl|py|awk))" + NOT_FOUND,
     "the kernel headers lack {0}, or this system the program that its first line names (bash, perl, python3): "
     + REINSTALL),
    (SHELL + r"((?:\S*/)?tools/\S+?)" + NOT_FOUND,
     "the kernel headers lack {0}, or have it for another architecture: " + REINSTALL),
    (SHELL + r"((?:\S*/)?scripts/\S+?)" + NOT_FOUND,
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
     r"fatal error: " + Q + r"((?:generated|asm|config|tools|dt-bindings)/[\w./+-]+\.h|(?:classmap|elfconfig)\.h)"
     + NO_FILE,
     "the kernel headers are incomplete or not prepared, they lack {0}: " + REINSTALL),
    (r"No rule to make target " + Q + r"(vmlinux(?:\.o|\.symvers)?)" + Q,
     ("the build wants to make the kernel itself ({0}), of which its headers have no source: remove KBUILD_BUILTIN "
      "from the environment and the makefile, and use a newer release of the source")),
    # The configure script of ZFS, whose tests of the kernel fail for any reason
    ((r"Cannot build against kernel version [^\n]{1,80}\n[^\n]{0,40}maximum supported kernel version is ([\d.]*\d)|"
      r"\*\*\* Compatible Kernels: [\d.]{1,20} - ([\d.]*\d)"),
     "this release of the package supports kernels up to {0} only: update it, or boot an older kernel"),
    (r"/env: " + Q + r"(python\d?|perl)" + NOT_FOUND,
     "the program {0}, which the build needs, is missing: install {package}", "empty module"),
    (r"does not include the required loadable module",
     "the package finds no CONFIG_MODULES, because the kernel headers are not prepared or do not fit the compiler of "
     "this board: " + REINSTALL + ", and install " + COMPILER_OF_KERNEL),
    ((r"Unable to build an empty module|make sure the kernel devel package|kernel is unable to compile object files|"
      r"Cannot determine the version of the linux kernel"),
     "with the kernel headers not even an empty module can be built: " + REINSTALL),
    ((r"(?m)^(?:/usr/src/linux-\S{1,200}/|/(?:usr/)?lib/modules/\S{1,200}/)?(scripts/\S+|arch/\S+|"
     r"(?<=/)Makefile):\d+: \*\*\* (?:missing separator|multiple target patterns|recipe commences|unterminated|mixed "
      r"implicit|target pattern contains)"),
     "{0} of the kernel headers is damaged or for another make: " + REINSTALL),
    (r"Entering directory " + Q + r"(/(?:usr/)?(?:src/linux|lib/modules/)[^'\u2019\n]{1,200})['\u2019]\n"
     r"(?:make[^\n]{0,200}\n)?make(?:\[\d+\])?: \*\*\* No targets specified and no makefile found",
     "the folder of the kernel headers, {0}, has no Makefile: " + REINSTALL),
    (r"No targets specified and no makefile found",
     "the folder of the kernel headers (/lib/modules/{kernel}/build) or that of the source has no Makefile: "
     + REINSTALL),
)
_HOST = (
    (r"fatal error: " + Q + r"(openssl/\S+?\.h|(?:lib|g)?elf\.h|libelf/\S+?\.h|dwarf\.h|elfutils/\S+?\.h|zlib\.h|"
     r"lzma\.h|zstd\.h|n?curses\.h|yaml\.h|libfdt\.h|(?:std(?:io|lib)|unistd|string|ctype|errno|features|"
     r"bits/\S+?|gnu/\S+?|sys/\w+)\.h)" + NO_FILE,
     "{0} is not part of the kernel but of this system, where a program of the headers is compiled: install {package}"),
    (r"No rule to make target " + Q + r"(\S{1,200}?)" + Q + r", needed by " + Q + r"certs/|(?m:^)extract-cert: "
     r"([^\s:]{1,200}): ",
     ("a file with certificates that the kernel's configuration names is missing or empty ({0}), and only a build of "
      "the kernel itself needs it: empty CONFIG_SYSTEM_TRUSTED_KEYS and CONFIG_SYSTEM_REVOCATION_KEYS (scripts/config "
      "--set-str), or let CONFIG_MODULE_SIG_KEY be certs/signing_key.pem, which make creates")),
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
    (r"/usr/bin/(?:\S+-)?ld: cannot find -l(gcc(?:_s|_eh)?)\b",
     ("a program of the kernel headers is linked on this board, and the compiler is not installed completely (lib{0} "
      "is missing): apt-get install --reinstall gcc, and libgcc-N-dev, where N is what gcc -dumpversion prints")),
    (r"/usr/bin/(?:\S+-)?ld: cannot find (crt[1in]\.o|-lc)\b",
     ("a program of the kernel headers is linked on this board and needs files of the C library ({0}): install "
      "libc6-dev")),
    *((r"/usr/bin/(?:\S+-)?ld: cannot find -l(" + library + r")\b",
       "a program of the kernel headers is linked on this board and needs lib{0}: install its development package ("
       + package + ")")
      for library, package in (("crypto|ssl", "libssl-dev"), ("z", "zlib1g-dev"))),
    ((r"File \"(?:[^\"\n]{0,200}/)?(scripts/[^\"\n]{1,80}\.py)\", line \d+(?:\n[^\n]{0,300}){1,6}?\n"
      r"(?:SyntaxError|TabError|IndentationError|NameError)\b"),
     ("the script {0} of the kernel headers is for another release of Python: use headers that are made for this "
      "release of the distribution, or install the Python that its first line names (python2, python-is-python3)")),
    # Python's own modules: it is damaged, or its folder is another one than PYTHONHOME says.
    (r"ModuleNotFoundError: No module named '(encodings|_ctypes|_struct|_socket|apt_pkg|_\w{1,20})",
     ("the Python of this system is damaged or not the distribution's, as it lacks its own module {0}: remove "
      "PYTHONHOME and PYTHONPATH from the environment, see ls -l /usr/bin/python3, and reinstall python3 (apt_pkg: "
      "python3-apt)")),
    (r"ModuleNotFoundError: No module named '(\w{1,60})",
     ("a Python program of the build needs the module {0}, which is missing: install its package (python3-{0}, or what "
      "apt-cache search names)")),
    (r"Can't locate (?!Debconf)(\S{1,80}\.pm) in @INC",
     "a Perl program of the build needs {0}, which perl-base does not have: install perl"),
    (r"/usr/bin/(?:\S+-)?ld: cannot find -l([\w+-]+)",
     ("a program of the kernel headers is linked on this board and needs lib{0}: install its development package "
      "(lib{0}-dev)")),
    ((r"FAILED: load (?:base )?BTF from|FAILED elf_update|FAILED unresolved symbol|"
      r"Failed to (?:encode|generate|parse base) BTF|"
      r"failed to find '\.BTF' ELF section|"
      r"failed to find valid kernel BTF|error while encoding BTF|btf__dedup failed|die__process: DW_TAG|"
      r"error decoding cu |Makefile\.modfinal:\d+: [^\]\n]{1,300}\] (?:Segmentation fault|Aborted|Error 13[49]\b)"),
     ("pahole cannot make the module's type information (BTF): it does not fit the kernel that vmlinux is of. Remove "
      "vmlinux from the folder of the kernel headers")),
    (r"GPL-incompatible module \S+ uses GPL-only symbol " + Q + r"(\w+)",
     ("the license of this module does not allow it to use {0} of this kernel: use another release of it, or another "
      "kernel")),
    (r"modpost: vmlinux: '\w+' exported twice",
     "the list of the kernel's functions in its headers (Module.symvers) has them twice, as that of two kernels: "
     + REINSTALL),
    (r"['\"](\w+)['\"] exported twice\. Previous export was in (\S+)",
     ("the kernel already has this driver ({0} is in {1}, of which vmlinux is built in), so it cannot be a module "
      "beside that: use a release of the source that does not export {0}, or a kernel without the driver")),
    (r"(?:opening dependency file|fixdep: error opening (?:dep)?file:?) (\S{1,250}\.d): No such",
     ("a file of the build, {0}, is gone, as when two builds run in one folder: let the other one end (pgrep -a make), "
      "then try again")),
    (ENDED + r"(?:Terminated|Hangup|Interrupt|Error 143)",
     "the build was ended from outside, such as by a shutdown or a time limit: try again"),
    (ENDED + r"(?:Segmentation fault|Bus error|Illegal instruction|Aborted|Error 13[2459]\b)",
     ("a program of the build crashed, on weak boards often for want of a stable supply: try again, and reinstall gcc "
      "and the kernel headers if it happens in the same place")),
    (r"(?m)^make(?:\[\d+\])?: (?:uname|make|rm|sh): No such file or directory",
     ("the build does not find the system's own programs, as its PATH is wrong: check PATH in /etc/environment and "
      "/etc/dkms, and in the makefile of the source")),
    (r"\b[mn]?awk: [^\n]{0,60}function (\w{1,20}) never defined",
     "the build needs the awk of GNU, which knows {0}, and this system has another one: install gawk"),
    # Not every program that is not found ends a build: see the last row.
    (SHELL + r"([A-Za-z][\w.+-]*)" + NOT_FOUND,
     "the program {0}, which the build needs, is missing: install {package}", "Error 127"),
)
LAST = (
    # What DKMS only mentions while another package is configured goes behind all else.
    (r"File: /var/lib/dkms/([\w.+~-]{1,100}/[\w.+~-]{1,100})/source/dkms\.conf does not exist",
     ("DKMS no longer has the source of {0}: remove it (dkms remove {0} --all, or the folder /var/lib/dkms/{0} if DKMS "
      "cannot), or install its package again")),
    ((r"Could not (?:find module source directory|locate dkms\.conf file)|Directory: (/usr/src/\S+) does not exist|"
      r"Missing the (?:module )?source directory|does not appear to have module source"),
     "DKMS no longer has the source of a package: dkms status lists it, dkms remove NAME/VERSION --all ends it"),
    (r"DKMS tree already contains: (\S{1,100})|(\S{1,100}) is already added!",
     ("DKMS still has {0} of an earlier attempt: remove it (dkms remove NAME/VERSION --all, as dkms status lists it), "
      "then run dpkg --configure -a")),
    (r"(?:missing BUILD_DEPENDS|due to missing dependencies): ?([^\n.]{1,100})",
     "DKMS has to build the modules of another package first ({0}): install it, and see dkms status for why it is not"),
    (r"No rule to make target " + Q + r"((?:/var/lib/dkms/|/usr/src/)[^'`\u2019\s]{1,200}\.o)" + Q
     + r"|cc1: fatal error: (/(?:var/lib/dkms|usr/src/(?!linux))/?\S{1,200}\.[cS]): No such file",
     ("the source lacks the file of which {0} is made, or its makefile does not fit this kernel: install the package "
      "anew, or a newer release of it")),
    (r"sign-file: (\S{1,200}?)(?:: [^\n]{0,80})?\n(?:[^\n]{0,200}\n){0,2}?Error! Bad exit status \d+ for sign",
     ("DKMS cannot sign a module with the key {0}: correct mok_signing_key and mok_certificate (in older releases "
      "sign_tool) in /etc/dkms/framework.conf")),
    (r"Application of patch (\S{1,80}) failed|Patch (\S{1,80}) as specified in dkms\.conf cannot be found",
     "a patch of the package ({0}) does not fit: use a release of the package that is made for this kernel"),
    (r"(?:depmod: ERROR: could not open|Error! The) directory (/lib/modules/[^\s:/]{1,120})(?:: No such| doesn)",
     ("{0} is gone, because the package of this kernel was replaced or removed: reboot into the installed kernel, then "
      "try again")),
    (r"\b(depmod): (?:command )?not found",
     "the program {0}, which lists a kernel's modules, is missing: install {package}"),
    (r"Problems with depmod detected|depmod\.{1,60} ?\(bad exit status: (\d+)",
     "depmod, which lists a kernel's modules, failed: check the storage and the memory (dmesg), and run depmod -a"),
    (r"(?m)utoinstall on \S{1,128} failed for (?:module\(s\) )?([^\n]{1,150}?)\.?$",
     ("DKMS has not built the modules of {0} (10: the source does not fit the kernel, 21: headers are missing): see "
      "make.log in /var/lib/dkms/NAME/VERSION/build, and update the packages")),
    (r"BUILD_EXCLUSIVE directive",
     ("this package of DKMS is not meant for this kernel (BUILD_EXCLUSIVE): where the kernel has the module itself "
      "(modinfo NAME), it is not needed, else install a newer release of it")),
    (r"is not newer than what is already found",
     "DKMS keeps a module of the kernel that has the same or a newer version: dkms install --force replaces it"),
    # find_module is a function that some releases of DKMS lack.
    (SHELL + r"(?!find_module)([A-Za-z][\w.+-]*)" + Q + r": (?:[Cc]ommand )?not found",
     "the program {0}, which the build needs, is missing: install {package}"),
    (r"Build of (\S{1,100}) failed for: |Missing module '?([\w.+-]{1,80})'? in ",
     ("make has ended without making {0}, as the makefile or the dkms.conf of this source does not fit this kernel or "
      "this release of DKMS: use a newer release of the source")),
)
FOREIGN = ENVIRONMENT + _DKMS + _HEADERS + COMPILERS + _HOST + LAST
"""The rows for modules of any package: what the NPU driver needs does not count."""
WITHOUT_ERROR = (_CLOCK,)
"""The rows for a log without any error message."""

PROGRAMS = {
    "aclocal": "automake", "ar": "binutils", "as": "binutils", "autoreconf": "autoconf", "awk": "gawk", "c++": "g++",
    "cc": "gcc", "clang": "clang, lld and llvm", "cmp": "diffutils", "depmod": "kmod", "diff": "diffutils",
    "dpkg-architecture": "dpkg-dev", "dtc": "device-tree-compiler", "find": "findutils", "getconf": "libc-bin",
    "hexdump": "bsdextrautils", "insmod": "kmod", "ip": "iproute2", "kmodsign": "sbsigntool", "ld": "binutils",
    "ld.bfd": "binutils", "ld.lld": "lld", "libtoolize": "libtool", "lsb_release": "lsb-release", "lsmod": "kmod",
    "lspci": "pciutils", "lsusb": "usbutils", "lz4c": "lz4", "mkimage": "u-boot-tools", "modinfo": "kmod",
    "modprobe": "kmod", "msgfmt": "gettext", "nm": "binutils", "nproc": "coreutils", "objcopy": "binutils",
    "objdump": "binutils", "pahole": "pahole (in older releases dwarves)", "pkg-config": "pkgconf (in older releases "
    "pkg-config)", "ps": "procps", "python": "python-is-python3", "ranlib": "binutils", "readelf": "binutils",
    "rmmod": "kmod", "strip": "binutils", "udevadm": "udev", "which": "debianutils", "xargs": "findutils",
    "xz": "xz-utils",
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
