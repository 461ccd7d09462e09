# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What the messages of DKMS, make, shells, compilers, linkers and modpost mean: data for build_log.explain().

CAUSES are rows of (pattern, sentence with its remedy, text that the log must have, too). The first row whose pattern is
found anywhere in a log counts: the environment first, then headers, programs and compilers, then what the driver misses
in the kernel. In a sentence, `{0}` is the first group that matched; `{package}` is the Debian package of `{0}` by
PROGRAMS or LIBRARIES. The log comes from a board: a pattern must not start anew within a long word (`(?<!\S)`).
"""

from __future__ import annotations

# The quotes of gcc and clang depend on the locale.
_Q = "['`\"\u2018\u2019]?"
_REDEFINED = "(?:redefinition of |conflicting types for |static declaration of )" + _Q
_SHELL = r"(?m)^(?:\S*(?:sh|dkms|env): (?:\d+: |line \d+: )?|make(?:\[\d+\])?: )" + _Q
_NOT_FOUND = _Q + r": (?:(?:[Cc]ommand )?not found|No such file or directory)"
_COMPILER = r"(?:[\w./+]+-)*(?:gcc|clang|cc|g\+\+)(?:-[\d.]+)?"
_NO_FILE = _Q + r"(?:: No such file or directory| file not found)"
_REINSTALL = "install or reinstall the complete headers package of this very kernel (apt-get install --reinstall)"
_MAKE_SCRIPTS = "make -C /lib/modules/$(uname -r)/build scripts"
_WITH_KERNELS_COMPILER = (
    "install the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration), or headers "
    "that were prepared on this board")


def _missing(name):
    """Return a pattern for the messages of compiler and modpost on a function that the kernel does not have."""
    before = f"(?:implicit declaration of|call to undeclared) function {_Q}({name})"
    return before + f"|({name}){_Q}.{{0,300}} (?:undeclared|undefined)"


_ENVIRONMENT = (
    (r"No space left on device|Disk quota exceeded|ENOSPC",
     "the disk is full: make room below /var and /lib/modules"),
    (r"(?<![\w./-])([\w./-]+)" + _Q + r": Read-only file system",
     "{0} is on a file system that is mounted read-only: check the storage (dmesg), then remount it"),
    (r"(?m)^(?:\S*sh: (?:\d+: |line \d+: )?|make(?:\[\d+\])?: )(\S+): Permission denied",
     "{0} may not be executed: its file system is mounted noexec, or the file is damaged or for another machine. "
     "Remount it without noexec, or " + _REINSTALL),
    (r": Input/output error|Structure needs cleaning|Bad message",
     "the storage does not work: see dmesg, check the file system and replace the card if it is worn"),
    ((r"Killed signal terminated program (\w+)|(?:fatal error|compiler error): Killed|"
     r"(cc1|as|ld|cc1plus|collect2): out of memory|virtual memory exhausted|Cannot allocate memory|memory "
      r"exhausted|(?m:^Killed$)"),
     ("memory ran out and the kernel ended the compiler: add swap (such as zram or a swap file) or end other programs, "
     "then try again; or build on another board (npu_builder, npu_store)")),
    (r"internal compiler error",
     ("the compiler itself failed, on weak boards often for want of memory or of a stable supply: try again, and "
      "update "
      "gcc if it happens in the same place")),
)
_DKMS = (
    ((r"[Kk]ernel headers for kernel (\S+?),? (?:cannot be found|are missing|could not be found)|"
      r"[Mm]odule build for kernel (\S+) was skipped since the|Missing (\S+) kernel headers for module"),
     ("DKMS finds no headers of kernel {0} at /lib/modules/{0}/build: install the headers package of this very kernel; "
     "if it is installed, it is for another kernel, so update kernel and headers together and reboot")),
    ((r"\*\*\* (/(?:usr/)?lib/modules/[\w.+~-]+/(?:build|source)|/usr/src/linux-headers-[\w.+~-]+): "
     r"No such file or directory"),
     ("{0} does not exist, so the headers are not installed or their link leads nowhere: install the headers "
      "package of "
     "this very kernel")),
    (r"Could not find module source directory|Directory: (/usr/src/\S+) does not exist",
     "DKMS no longer has the source of a package: dkms status lists it, dkms remove NAME/VERSION --all ends it"),
    ((r"(?<!\S)(\S+): (?:File )?(?:does not represent a valid|is not a valid) dkms\.conf|No 'PACKAGE_NAME' directive|"
     r"Bad conf file"),
     "DKMS cannot read the dkms.conf of a package: remove that package (dkms status), then try again"),
    (r"BUILD_EXCLUSIVE directive", "this package of DKMS is not meant for this kernel (BUILD_EXCLUSIVE)"),
    (r"is not newer than what is already found",
     "DKMS keeps a module of the kernel that has the same or a newer version: dkms install --force replaces it"),
)
_HEADERS = (
    (r"arch/(aarch64|armv\d\w*)/Makefile" + _Q + r"(?:: No such file|\.  Stop|,)",
     ("the build was told that ARCH is {0}, which the kernel calls arm64: remove ARCH from the environment "
      "(/etc/environment, /etc/dkms/framework.conf) or from the call")),
    (r"Symbol version dump \"?(\S*Module\.symvers)\"?\s+is missing",
     "the kernel headers lack {0}, without which no function of the kernel is known: " + _REINSTALL, "undefined"),
    ((r"Kernel configuration is invalid|include/(?:generated/autoconf\.h|config/auto\.conf) (?:are|is) missing|"
     r"(?:include/config/auto\.conf(?:\.cmd)?|generated/autoconf\.h|linux/kconfig\.h): No such file"),
     "the kernel headers are not prepared for a build (include/generated/autoconf.h or include/config/auto.conf is "
     "missing): " + _REINSTALL),
    (r"(?:cannot open|can't open|No such file)[^\n]{0,80}(module(?:-common)?\.lds)|"
     r"(module(?:-common)?\.lds)" + _Q + r": No such file|"
     r"No rule to make target " + _Q + r"\S*(module(?:-common)?\.lds)",
     "the kernel headers are incomplete, they lack scripts/{0}: " + _REINSTALL + ", or a newer version of it"),
    (r"version " + _Q + r"((?:GLIBC|GLIBCXX|OPENSSL|CXXABI)_[\d.]+)" + _Q + r"\s+not found \(required by [^)\n]*\)",
     "programs of the headers package need a newer library ({0}) than this system has: install the headers that are "
     "made for this release of the distribution, or compile their programs here (" + _MAKE_SCRIPTS + ")"),
    (r"error while loading shared libraries: ([\w.+-]+): cannot open",
     "a program of the build needs the library {0}, which is not installed: install {package}"),
    ((r"(?<![\w./+'-])([\w./+-]+): (?:Exec format error|cannot execute binary file)|"
     r"(scripts/[\w./-]+): \d+: (?:\S+: )?Syntax error|Relocations in generic ELF|file in wrong "
      r"format|incompatible target"),
     "the headers package holds programs of another architecture: install the one made for this board, or compile "
     "them here (" + _MAKE_SCRIPTS + ")"),
    (_SHELL + r"((?:\S*/)?(?:scripts|tools)/\S+?)" + _NOT_FOUND,
     "the kernel headers lack {0}, or have it for another architecture: compile their programs on the board "
     "(dpkg-reconfigure of the headers package, or " + _MAKE_SCRIPTS + ")"),
    (r"No rule to make target " + _Q + r"((?:\S*/)?(?:scripts|include|arch|tools|kernel)/\S*?|prepare0?|modules|"
     r"\S*Kconfig)" + _Q + r"(?:\.|,)|"
     r"(arch/\S*Makefile|scripts/\S+?|(?<!\S)\S*Kbuild\.include): No such file|can't find file \"?(Kconfig)|"
     r"cannot open file " + _Q + r"(include/\S+?)" + _Q + r" for reading|"
     r"fatal error: " + _Q + r"((?:generated|asm|config)/[\w./+-]+\.h)" + _NO_FILE,
     "the kernel headers are incomplete or not prepared, they lack {0}: " + _REINSTALL),
    (r"(scripts/\S+|Makefile):\d+: \*\*\* missing separator",
     "{0} of the kernel headers is damaged or for another make: " + _REINSTALL),
)
_COMPILERS = (
    (_SHELL + r"(" + _COMPILER + r")" + _NOT_FOUND,
     "the compiler {0}, with which the kernel was built, is missing: install it ({package})"),
    (r"cannot execute " + _Q + r"(cc1\w*|as|ld|collect2)|error trying to exec " + _Q + r"(cc1\w*|as|ld)",
     "the compiler is not installed completely, it has no {0}: apt-get install --reinstall gcc cpp binutils"),
    (r"gcc/[\w.-]+/(\d+)[\d.]*/plugin/include/\S+: fatal error",
     "the kernel was built with plugins of gcc, whose headers are missing: install gcc-{0}-plugin-dev"),
    (r"fatal error: " + _Q + r"(gmp\.h|mpc\.h|mpfr\.h|gcc-plugin\.h|plugin-version\.h|bversion\.h)" + _NO_FILE
     + r"|(gcc) installation does not support plugins",
     ("the kernel was built with plugins of gcc, whose headers are missing ({0}): install gcc-N-plugin-dev, where N is "
      "what gcc -dumpversion prints")),
    (r"incompatible gcc/plugin versions|fail(?:ed)? to initialize plugin|cannot load plugin|inaccessible plugin file",
     "the kernel headers hold plugins for another version of gcc: " + _WITH_KERNELS_COMPILER),
    (
        r"(?:unrecognized command[ -]line option |unknown argument: |unsupported option |"
        r"unrecognized argument in option |unknown option )" + _Q + r"(-[\w=.,+-]+)",
        ("the compiler does not know the option {0}, which the kernel headers use: it is too old or too new for this "
         "kernel; install the compiler with which the kernel was built (CONFIG_CC_VERSION_TEXT in its configuration)"),
    ),
    ((r"\"(__stack_chk_guard|__stack_chk_fail|__aarch64_\w+|__[akmu]\w{0,3}san_\w+|__sanitizer_\w+|__gcov_\w+|_mcount|"
     r"__fentry__|__cfi\w*|__kcfi\w*|__llvm_\w+)\" \[[^]]*\] undefined"),
     "compiler and kernel headers do not match, as {0} is the compiler's own and not a function of the kernel: "
     + _WITH_KERNELS_COMPILER),
)
_HOST = (
    (r"fatal error: " + _Q + r"(openssl/\S+?\.h|(?:lib|g)?elf\.h|libelf/\S+?\.h|dwarf\.h|elfutils/\S+?\.h|zlib\.h|"
     r"lzma\.h|zstd\.h|n?curses\.h|yaml\.h|libfdt\.h|(?:std(?:io|lib|arg)|unistd|string|ctype|errno|features|"
     r"bits/\S+?|gnu/\S+?|sys/\w+)\.h)" + _NO_FILE,
     "{0} is not part of the kernel but of this system, where a program of the headers is compiled: install {package}"),
    (r"(?m)^(?:/\S*/)?(?:\./)?(?:scripts|tools|certs)/\S+: fatal error: " + _Q + r"([\w./+-]+\.h)" + _NO_FILE,
     ("a program of the kernel headers is compiled on this board and needs {0}: install the development package that "
      "has it (apt-file search {0})")),
    (r"/usr/bin/(?:\S+-)?ld: cannot find -l([\w+-]+)",
     ("a program of the kernel headers is linked on this board and needs lib{0}: install its development package "
      "(lib{0}-dev)")),
    # Not every program that is not found ends a build: see the last row.
    (_SHELL + r"([A-Za-z][\w.+-]*)" + _NOT_FOUND,
     "the program {0}, which the build needs, is missing: install {package}", "Error 127"),
)
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
        r"assignment of read-only member " + _Q + r"(vm_flags)",
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
        _missing(r"iommu_get_dma_cookie"),
        ("the kernel does not export {0} to modules, so the driver must be built without SRAM support: update "
         "rkfleet.npu, which does that"),
    ),
    (
        r"fatal error: " + _Q + r"([\w./+-]+\.h)" + _NO_FILE,
        "the kernel's headers lack {0}: install the complete headers package of this very kernel",
    ),
    (r"module \S+ uses symbol \w+ from namespace (\w+), but does not import it",
     ("the kernel keeps functions in the namespace {0}, which the driver does not import: update rkfleet.npu, "
      "rerun the "
      "upgrade and report the log")),
    (
        r"ERROR: (?:modpost: )?\"(\w+)\" \[[^]]*\] undefined!",
        ("the kernel does not export {0} to modules, and the driver needs it: use another release of the driver, or "
         "boot a kernel of the board's vendor"),
    ),
    (_SHELL + r"([A-Za-z][\w.+-]*)" + _Q + r": (?:[Cc]ommand )?not found",
     "the program {0}, which the build needs, is missing: install {package}"),
)
CAUSES = _ENVIRONMENT + _DKMS + _HEADERS + _COMPILERS + _HOST + _DRIVER

PROGRAMS = {
    "ar": "binutils", "as": "binutils", "awk": "gawk", "cc": "gcc", "depmod": "kmod", "dtc": "device-tree-compiler",
    "ld": "binutils", "lsb_release": "lsb-release", "modinfo": "kmod", "nm": "binutils", "objcopy": "binutils",
    "objdump": "binutils", "pahole": "pahole (in older releases dwarves)", "python": "python-is-python3",
    "readelf": "binutils", "strip": "binutils", "which": "debianutils", "xz": "xz-utils",
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
