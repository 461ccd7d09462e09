# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rows of the table in diagnoses.py for a runtime that cannot be loaded."""

from __future__ import annotations

import collections

from . import log_lines

PLAYBOOK = "playbooks/upgrade-npu.yml"

Row = collections.namedtuple(
    "Row", "name remedy evidence stage when line codes may_change error",
    defaults=("{found}", None, (), None, (), None, 0))
OTHER_PYTHON = (
    "the module was built for another release of Python: install the wheel for this one (cp310 is 3.10)")
OLDER_NPU = (
    "the program, or its rknn-toolkit(-lite), is for an older NPU (RK1808, RV1126, RK3399Pro): use rknn-toolkit-lite2, "
    "or a program that loads {library}")
_APT = "install the package that contains it (apt: {package})"

ROWS = (
    Row("runtime", stage="dlopen", line=r".{0,300}\blibrary \"\S{1,200}\" not found\b", may_change="nothing",
        remedy="Android's linker does not find this library: copy its build for Android beside the program, and set "
               "LD_LIBRARY_PATH to that folder"),
    Row("runtime", stage="dlopen", line=r".{0,300}: wrong ELF class: ELFCLASS64", may_change="nothing",
        remedy="the program is 32-bit: use a 64-bit OS with its own Python"),
    Row("runtime", stage="dlopen", line=log_lines.OTHER_SYSTEM,
        remedy="the library was built for another system (Android, 32 bits, or another C library than glibc): install "
               "the Linux build for aarch64 with " + PLAYBOOK),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r".{0,100}?(?P<library>[^\s']{1,200}\.so[\d.]{0,9}): cannot enable executable stack\b",
        remedy="glibc 2.41 and newer, and some security policies, load no library that asks for an executable stack: "
               "choose a newer release of it (of librknnrt.so with npu_runtime_version), or remove the flag, which it "
               "does not need (patchelf --clear-execstack {library})"),
    Row("runtime", stage="dlopen", line=r".{0,300}: cannot (?:restore segment prot after reloc|make segment writable"
        r"|change memory protections)",
        may_change="nothing",
        remedy="the security policy (SELinux) forbids what the library needs: allow it for this file (type "
               "textrel_shlib_t), no other file helps"),
    Row("runtime", stage="dlopen", line=r".{0,300}: ELF load command (?:address|alignment)\b.{0,20} not page-aligned",
        may_change="nothing",
        remedy="the library is damaged, or the kernel's pages are larger than 4 KiB (getconf PAGESIZE): check its "
               "checksum, and boot a kernel with pages of 4 KiB"),
    Row("runtime", stage="dlopen", line=r".{0,300}: Too many levels of symbolic links\Z",
        remedy="the path is a link that leads to itself: remove it, and install {library} again with " + PLAYBOOK),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r".{0,300}: (?:Permission denied|Operation not permitted|failed to map segment from shared object)\Z",
        remedy="make the file and the folders above readable for all (chmod a+rX), on a file system without noexec"),
    Row("runtime", stage="dlopen", line=r"Error (?:relocating|loading shared library) |relocating failed: ",
        may_change="nothing",
        remedy="the C library of this OS is musl, but the runtime requires glibc: use another OS, or a container"),
    Row("memory", stage="dlopen", line=r".{0,300}: Cannot allocate memory\Z",
        remedy="free memory on the board, or raise the limit of the program (ulimit -v, MemoryMax=)"),
    Row("memory", stage="dlopen", line=r".{0,300}: Too many open files(?: in system)?\Z",
        remedy="too many files are open: raise the limit (ulimit -n, LimitNOFILE=)"),
    Row("device", stage="dlopen",
        line=r".{0,300}: (?:Stale file handle|Transport endpoint is not connected|Host is down|Connection timed out)\Z",
        remedy="the network file system that holds the file does not answer: mount it again, or copy the file to the "
               "board's disk"),
    Row("device", stage="dlopen", line=r".{0,300}: Input/output error\Z",
        remedy="the board's disk cannot read the file: check the kernel log (dmesg), and replace the SD card or eMMC "
               "module if it is worn out"),
    Row("runtime", stage="dlopen", line=r".{0,300}: (?:cannot allocate memory in static TLS block"
        r"|cannot load any more object with static TLS)\b",
        may_change="nothing",
        remedy="too many libraries of the program use thread-local data: load this one before the others, or preload "
               "it (LD_PRELOAD)"),
    Row("runtime", stage="dlopen", line=r".{0,200}\b(?:libOpenVX|lib(?:Arch|NN)\w{2,20}|libGAL|libVSC|libovxlib"
        r"|librknn_runtime)\.so[\d.]{0,12}: cannot open shared object", may_change="nothing",
        remedy=OLDER_NPU),
    Row("runtime", stage="dlopen", when=("error", "vendors_library"), may_change="nothing",
        remedy="{vendors_library} is the vendor's: copy it from the release that the program is made for into a "
               "folder of the loader (/usr/lib, then ldconfig), or set LD_LIBRARY_PATH"),
    Row("runtime", stage="dlopen", when=("error", "missing_library", "of_program"), may_change="nothing",
        remedy="a library that the program requires is not there: " + _APT),
    Row("runtime", stage="dlopen", when=("error", "missing_library"), may_change="nothing",
        remedy="{library} is there, but a library that it requires is not: " + _APT),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r"\S{0,200}(?:conda|mamba|site-packages)\S{0,200}/libstdc\+\+\.so[\d.]{0,12}: version `",
        remedy="Python (conda) brings this C++ library, older than the board's: update it there (conda install -c "
               "conda-forge libstdcxx-ng), or use the system's Python"),
    Row("runtime", stage="dlopen", when=("error", "too_old"), may_change="nothing",
        line=r".{0,300}' not found \(required by (?!\S{0,200}\blibrknnrt\.so)",
        remedy="the board's {too_old} is older than the program requires: upgrade the OS, or build the program on "
               "this OS. No other release of the runtime or driver helps"),
    Row("runtime", stage="dlopen", when=("error", "too_old"), may_change="nothing",
        remedy="the board's {too_old} is older than this release of the runtime requires: "
               "upgrade the OS, or choose an older npu_runtime_version"),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r".{0,300}: version `\S{1,60}' not found \(required by ",
        remedy="the library before the colon is older than the one in brackets requires: install a newer release of "
               "its package, upgrade the OS, or build the program on this OS"),
    Row("runtime", stage="dlopen", line=r".{0,300}: undefined symbol: _?Py[A-Z_]", may_change="nothing",
        remedy=OTHER_PYTHON),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r".{0,300}: undefined symbol: (?:(?:wrap|import|release)buffer_|im(?:2d|resize|cvtcolor|crop|copy|fill"
        r"|draw|StrError|check)|c_Rk|rga)",
        remedy="librga.so, which scales the program's pictures, is of another release than the program: use the one "
               "that the program comes with (LD_LIBRARY_PATH), or update it. Neither NPU nor driver is at fault"),
    Row("runtime", stage="dlopen", line=r".{0,300}\blibrknn_api\.so: undefined symbol: ", may_change="nothing",
        remedy="librknn_api.so is the runtime of older NPUs (RV1126, RK1808) and of releases before 1.4, and of "
               "another release than the program: update both together, or use a program for {library}"),
    Row("runtime", stage="dlopen", line=r".{0,300}: undefined symbol: rkllm_", may_change="nothing",
        remedy="librkllmrt.so is older than the program: use that of the release which the program is made for"),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r"(?!.{0,300}\blibrknnrt\.so: )(?!.{0,300}\bsymbol: rknn_).{0,300}: undefined symbol: ",
        remedy="the library that should have this symbol (c++filt shows its name) is of another release than the "
               "program: use the one that the program was built with, or build the program on this OS. librknnrt.so "
               "is not at fault"),
    Row("runtime", stage="dlopen", may_change="nothing",
        line=r"(?:\S{0,200}/)?lib(?!rknnrt)[\w+.-]{1,60}\.so[\d.]{0,12}d?: (?:invalid ELF header|file too short"
        r"|wrong ELF class: ELFCLASS32|ELF |cannot read file data: (?!Input)|object file has no|only ET_DYN)",
        remedy="this library is damaged, or for another processor (file NAME shows which): install its package or copy "
               "it again. librknnrt.so is not at fault"),
    Row("runtime", stage="dlopen", when=("error", "not_there", "elsewhere"), may_change="nothing",
        evidence="{error}",
        remedy="the runtime is {elsewhere}: use that path, or link {library} to it"),
    Row("runtime", stage="dlopen", when=("error",),
        remedy="install a complete librknnrt.so for this board with " + PLAYBOOK
               + ", which puts it to {installed_as}"),
)
