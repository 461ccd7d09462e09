# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of the runtime: the dynamic loader."""

from __future__ import annotations

from .values import NO_FILE, OLD, SUBMIT, loader

LOADING = "%s: error while loading shared libraries: %s: cannot open shared object file: No such file or directory"

LOGS = [
    ("airockchip/rknn-toolkit2#572", {
        "code": None, "error": "libfmt.so.9: cannot open shared object file: No such file or directory"},
     "dlopen", [], "runtime", "libfmt.so.9", "apt: libfmt9", "upgrade-npu"),
    ("airockchip/rknn-toolkit2#572; the same of the C++ library",
     {"code": None, "error": "libstdc++.so.6: cannot open shared object file: No such file"},
     "dlopen", [], "runtime", "libstdc++", "apt: libstdc++6", "upgrade-npu"),
    ("a board with an older OS than the runtime's", {
        "code": None,
        "error": "/lib/aarch64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by librknnrt.so)"},
     "dlopen", [], "runtime", "GLIBC_2.38", "C library", "complete"),
    ("rockchip-linux/rknn-toolkit2#350", {
        "code": None, "library": "/usr/lib64/librknnrt.so",
        "error": "/usr/lib64/librknnrt.so: cannot open shared object file: No such file or directory"},
     "dlopen", [], "runtime", "/usr/lib64", "which puts it to /usr/lib/librknnrt.so", "x x"),
    ("airockchip/rknn-toolkit2#394",
     {"code": None, "error": "/usr/lib/librknnrt.so: undefined symbol: rknn_set_core_mask"},
     "dlopen", [], "runtime", "undefined symbol", "complete librknnrt.so", "apt"),
    ("glibc, a 32-bit Python", {"code": None, "error": "/usr/lib/librknnrt.so: wrong ELF class: ELFCLASS64"},
     "dlopen", [], "runtime", "ELFCLASS64", "64-bit OS", "upgrade-npu"),
    ("a runtime for 32-bit on a 64-bit OS",
     {"code": None, "error": "/usr/lib/librknnrt.so: wrong ELF class: ELFCLASS32"}, "dlopen", [], "runtime",
     "ELFCLASS32", "complete librknnrt.so", "64-bit"),
    ("glibc, a file that may not be read", {
        "code": None, "error": "/opt/npu/librknnrt.so: cannot open shared object file: Permission denied",
        "surroundings": {"elsewhere": "/usr/lib/librknnrt.so"}},
     "dlopen", [], "runtime", "Permission denied", "chmod a+rX", "link"),
    ("glibc, a file system mounted with noexec", {
        "code": None,
        "error": "/data/librknnrt.so: failed to map segment from shared object: Operation not permitted"},
     "dlopen", [], "runtime", "failed to map segment", "noexec", "upgrade-npu"),
    ("musl, its loader", {
        "code": None,
        "error": "Error loading shared library ld-linux-aarch64.so.1: No such file or directory (needed by x.so)"},
     "dlopen", [], "runtime", "ld-linux-aarch64.so.1", "musl", "upgrade-npu"),
    ("musl with a layer for glibc", {
        "code": None, "error": "Error relocating /usr/lib/librknnrt.so: __memcpy_chk: symbol not found"},
     "dlopen", [], "runtime", "symbol not found", "requires glibc", "upgrade-npu"),
    ("glibc, a symbol of a newer C++ library", {
        "code": None, "error": "/usr/lib/librknnrt.so: undefined symbol: _ZNSt15__exception_ptr13exception_ptr9_M_add"
                               "refEv, version CXXABI_1.3.13"},
     "dlopen", [], "runtime", "CXXABI_1.3.13", "C++ library", "complete"),
    ("another library of glibc's, HuguesTHOMAS/KPConv-PyTorch#250", {
        "code": None,
        "error": "/lib/aarch64-linux-gnu/libc.so.6: version `GLIBC_ABI_DT_RELR' not found (required by librknnrt.so)"},
     "dlopen", [], "runtime", "GLIBC_ABI_DT_RELR", "the board's C library is older", "complete"),
    ("a library of the compiler", {
        "code": None, "error": "libgomp.so.1: cannot open shared object file: No such file or directory"}, "dlopen", [],
     "runtime", "libgomp.so.1", "apt: libgomp1", "upgrade-npu"),
    ("CMU-cabot/cabot#86, of another library on aarch64", {
        "code": None, "error": "/usr/lib/aarch64-linux-gnu/libgomp.so.1: cannot allocate memory in static TLS block"},
     "dlopen", [], "runtime", "static TLS block", "LD_PRELOAD", "install"),
    ("glibc, a worn-out SD card", {
        "code": None, "error": "/usr/lib/librknnrt.so: cannot read file data: Input/output error"}, "dlopen", [],
     "device", "Input/output error", "replace the SD card", "install"),
    ("rknn_demo on RK3588S", {
        "code": None, "error": "libjpeg.so.62: cannot open shared object file: No such file or directory"}, "dlopen",
     [], "runtime", "libjpeg.so.62", "apt: libjpeg62", "upgrade-npu"),
    loader("glibc, a limit of memory", "/usr/lib/librknnrt.so: failed to map segment from shared object: Cannot "
           "allocate memory", "memory", "ulimit -v", "install"),
    # -- a library that was built for another system
    *(loader(source, error, "runtime", "built for another system", "apt") for source, error in (
        ("Android's library on Linux", "liblog.so" + NO_FILE),
        ("pelya/android-shmem#5: Android's library beside Debian's packages for developers",
         "/usr/lib/aarch64-linux-gnu/libc.so: invalid ELF header"),
        ("termux/proot#289: Android's library with glibc's libc.so.6",
         "/lib/aarch64-linux-gnu/libc.so.6: version `LIBC' not found (required by librknnrt.so)"),
        ("Android's C++ library", "libc++_shared.so" + NO_FILE),
        ("the folder armhf-uclibc of the vendor's", "libc.so.0" + NO_FILE),
        ("a program of the folder armhf", "ld-linux-armhf.so.3" + NO_FILE))),
    *(loader(source, error, "runtime", "requires glibc", "install") for source, error in (
        ("airockchip/rknn-toolkit2#487: OpenHarmony",
         "Error relocating /system/lib/librknnrt.so: __strdup: symbol not found"),
        ("airockchip/rknn-toolkit2#311: OpenHarmony, in its IDE",
         "relocating failed: symbol not found. dso=/data/storage/el1/bundle/libs/arm64/librknnrt.so s=__strdup"))),
    loader("rockchip-linux/rknpu#34: RK3399Pro, rknn-toolkit 1.7", "libOpenVX.so.1.2" + NO_FILE, "runtime",
           "is for an older NPU", "apt"),
    # -- glibc, policies and kernels that refuse a complete library
    *(loader(source, "/usr/lib/librknnrt.so: cannot enable executable stack as shared object requires: " + why,
             "runtime", "--clear-execstack /usr/lib/librknnrt.so", "chmod") for source, why in (
        ("HyperInspire/InspireFace#229: Debian trixie, glibc 2.41", "Invalid argument"),
        ("corbinlc/GNURootDebian#268: a policy", "Permission denied"))),
    loader("glibc under SELinux", "/usr/lib/librknnrt.so: cannot restore segment prot after reloc: Permission denied",
           "runtime", "textrel_shlib_t", "chmod"),
    loader("glibc on a kernel with pages of 64 KiB",
           "/usr/lib/librknnrt.so: ELF load command address/offset not page-aligned", "runtime", "pages of 4 KiB",
           "playbooks"),
    loader("glibc, a link to itself",
           "/usr/lib/librknnrt.so: cannot open shared object file: Too many levels of symbolic links", "runtime",
           "remove it, and install", "link /usr"),
    *(loader(source, library + NO_FILE, "runtime", f"(apt: {package})", "vendor") for source, library, package in (
        ("Debian's name for GLib", "libglib-2.0.so.0", "libglib2.0-0"),
        ("Debian's name for GThread, which OpenCV wants", "libgthread-2.0.so.0", "libglib2.0-0"),
        ("Debian's name for GStreamer", "libgstreamer-1.0.so.0", "libgstreamer1.0-0"),
        ("Debian's name for libxml2", "libxml2.so.2", "libxml2"),
        ("rockchip-linux/rknn-toolkit2#27: Python's own library", "libpython3.6m.so.1.0", "libpython3.6"))),
    *((f"airockchip/rknn-llm#276, as it was printed: {symbol}", {"code": None}, None,
       [f"./llm_demo: /lib/aarch64-linux-gnu/{library}: version `{symbol}' not found (required by ./llm_demo)"],
       "runtime", symbol, f"the board's {what}", "complete") for symbol, library, what in (
        ("GLIBC_2.34", "libc.so.6", "C library is older than the program"),
        ("GLIBCXX_3.4.32", "libstdc++.so.6", "C++ library (libstdc++6) is older than the program"))),
    ("kaylorchen/rk3588-yolo-demo#20: ABI", {"code": None}, None,
     ["./camera_demo: /lib/libstdc++.so.6: version `CXXABI_1.3.13' not found (required by ./camera_demo)"],
     "runtime", "CXXABI_1.3.13", "build the program on this OS", "npu_runtime_version"),
    ("kaylorchen/rk3588-yolo-demo#20: a library of the program", {"code": None}, None,
     [LOADING % ("./camera_demo", "libspdlog.so.1")], "runtime", "libspdlog.so.1", "apt: libspdlog1", "upgrade-npu"),
    ("kaylorchen/rk3588-yolo-demo#20: OpenCV", {"code": None}, None,
     [LOADING % ("./camera_demo", "libopencv_core.so.4.5d")], "runtime", "libopencv_core.so.4.5d",
     "apt: libopencv-dev", "upgrade-npu"),
    ("alexw914/RK_VideoPipe#2: an older librknnrt.so is found first", {"code": None}, None,
     ["./build/bin/rk_videopipe: symbol lookup error: ./build/bin/rk_videopipe: undefined symbol: rknn_set_core_mask"],
     "runtime", "undefined symbol: rknn_set_core_mask", "complete librknnrt.so", "apt"),
    ("kind: a symbol with a version", {"code": None}, None,
     [("./rknn_demo: relocation error: ./rknn_demo: symbol rknn_create_mem2 version VERS_1 not defined in file "
       "librknnrt.so with link time reference")], "runtime", "symbol rknn_create_mem2", "complete librknnrt.so", "apt"),
    ("rockchip-linux/rknpu2#12: RGA", {"code": None}, None,
     ["./rknn_yolov5_demo: symbol lookup error: ./rknn_yolov5_demo: undefined symbol: wrapbuffer_virtualaddr_t"],
     "runtime", "wrapbuffer_virtualaddr_t", "librga.so", "upgrade-npu"),
    ("kind: a wheel of another Python", {"code": None}, None,
     ["ImportError: /opt/app/rknn_runtime.cpython-310-aarch64-linux-gnu.so: undefined symbol: PyUnicode_AsUTF8"],
     "runtime", "undefined symbol: PyUnicode", "another release of Python", "upgrade-npu"),
    ("cqu20160901/yolov8_rknn_Cplusplus#8: on a PC", {"code": None}, None,
     ["bash: ./rknn_yolov8_demo: cannot execute binary file: Exec format error"], "runtime", "Exec format error",
     "another processor", "upgrade-npu"),
    ("schwankner/talos-rk3588-npu, bug 50: an empty file", {"code": None}, None, ["exec /bench_c: exec format error"],
     "runtime", "exec format error", "empty or cut off", "upgrade-npu"),
    ("airockchip/rknn-toolkit2#247: Luckfox", {"code": None}, None,
     ["-bash: ./rknn_yolov5_demo: No such file or directory"], "runtime", "./rknn_yolov5_demo: No such file",
     "the loader that it was built for", "upgrade-npu"),
    ("LuckfoxTECH/luckfox_pico_rkmpi_example#10: glibc's program on uClibc", {"code": None}, None,
     ["/bin/sh: ./luckfox_pico_rtsp_yolov5: not found"], "runtime", "luckfox_pico_rtsp_yolov5: not found",
     "another C library", "upgrade-npu"),
    ("a warning of the loader beside jobs that fail", OLD, "rknn_run",
     ["ERROR: ld.so: object '/usr/lib/dt_shim.so' from LD_PRELOAD cannot be preloaded (file too short): ignored.",
      SUBMIT % "!"], "driver", "failed to submit!", "upgrade", "complete"),
    # -- a library of the program's, and the package that has it in the full version of its name
    *(loader("Debian's names of packages", library + NO_FILE, "runtime", f"(apt: {package})", "vendor")
      for library, package in (
        ("libboost_filesystem.so.1.74.0", "libboost-filesystem1.74.0"), ("libyaml-cpp.so.0.6", "libyaml-cpp0.6"),
        ("libspdlog.so.1.10", "libspdlog1.10"), ("libavcodec.so.58", "libavcodec58"),
        ("librockchip_mpp.so.1", "librockchip-mpp1"), ("libusb-1.0.so.0", "libusb-1.0-0"))),
    *((*loader(f"{source}: {error}", error, name, remedy, "upgrade-npu"), "nothing")
      for source, error, name, remedy in (
        ("glibc", "/lib/aarch64-linux-gnu/libcrypto.so.1.1: version `OPENSSL_1_1_1' not found (required by ./demo)",
         "runtime", "newer release of its package"),
        ("glibc", "/lib/libgomp.so.1: version `GOMP_5.0' not found (required by /usr/lib/librkllmrt.so)", "runtime",
         "newer release of its package"),
        ("glibc", "./libdemo.so: undefined symbol: _ZN2cv6resizeERKNS_11_InputArrayERKNS_12_OutputArrayE", "runtime",
         "librknnrt.so is not at fault"),
        ("rockchip-linux/rknn-toolkit#53", "librknn_api.so: undefined symbol: rknn_get_output_num", "runtime",
         "the runtime of older NPUs"),
        ("RKLLM", "/usr/lib/librkllmrt.so: undefined symbol: rkllm_set_function_tools", "runtime",
         "librkllmrt.so is older than the program"),
        ("glibc", "/usr/lib/librknnrt.so: undefined symbol: _ZSt28__throw_bad_array_new_lengthv", "runtime",
         "C++ library (libstdc++6) is older"),
        ("glibc", ("/usr/lib/librknnrt.so: symbol _ZSt24__throw_out_of_range_fmtPKcz, version GLIBCXX_3.4.20 not "
                   "defined in file libstdc++.so.6 with link time reference"), "runtime",
         "C++ library (libstdc++6) is older"),
        ("glibc", "/usr/lib/librkllmrt.so: invalid ELF header", "runtime", "librknnrt.so is not at fault"),
        ("glibc", "libopencv_core.so.4.5d: file too short", "runtime", "copy it again"),
        ("glibc, a file system with noexec", "libz.so.1: failed to map segment from shared object", "runtime",
         "without noexec"),
        ("glibc before 2.22", "dlopen: cannot load any more object with static TLS", "runtime", "LD_PRELOAD"),
        ("glibc under SELinux", "/usr/lib/librknnrt.so: cannot change memory protections", "runtime",
         "textrel_shlib_t"),
        ("glibc", "/usr/lib/librknnrt.so: cannot open shared object file: Too many open files", "memory", "ulimit -n"),
        ("glibc on NFS", "/usr/lib/librknnrt.so: cannot open shared object file: Stale file handle", "device",
         "network file system"))),
    # -- a program that cannot be started, in the words of shells in Chinese, of systemd and of containers
    *((f"a program: {line}", {"code": None}, None, [line], "runtime", evidence, remedy, "checksum", "nothing")
      for line, evidence, remedy in (
        ("bash: ./rknn_demo: \u53ef\u6267\u884c\u6587\u4ef6\u683c\u5f0f\u9519\u8bef", "./rknn_demo",
         "another processor"),
        ("bash: ./rknn_demo: \u6ca1\u6709\u90a3\u4e2a\u6587\u4ef6\u6216\u76ee\u5f55", "./rknn_demo",
         "the loader that it was built for"),
        ("bash: ./rknn_demo: \u6743\u9650\u4e0d\u591f", "./rknn_demo", "chmod +x"),
        ("rknn_server\uff1a\u672a\u627e\u5230\u547d\u4ee4", "rknn_server", "set npu_rknn_server"),
        ("detector.service: Failed at step EXEC spawning /opt/detector: Exec format error", "Exec format error",
         "another processor"),
        ("detector.service: Failed at step EXEC spawning /opt/detector: Permission denied", "Permission denied",
         "chmod +x"),
        ("exec /app/rknn_demo: no such file or directory", "exec /app/rknn_demo", "the loader that it was built for"),
        ('standard_init_linux.go:228: exec user process caused: exec format error', "exec format error",
         "another processor"))),
    # -- without the name of the program, and of libraries that are not librknnrt.so
    ("RKLLM on an older OS", {"code": None}, None,
     ["/lib/aarch64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /usr/lib/librkllmrt.so)"],
     "runtime", "GLIBC_2.38", "C library is older", "librknnrt", "nothing"),
    ("RKLLM with OpenMP", {"code": None}, None, ["OSError: libomp.so" + NO_FILE], "runtime", "libomp.so: cannot",
     "apt: libomp-dev", "vendor", "nothing"),
    ("HyperInspire/InspireFace#229, of another library", {"code": None}, None,
     ["OSError: /usr/lib/librkllmrt.so: cannot enable executable stack as shared object requires: Invalid argument"],
     "runtime", "cannot enable executable stack", "--clear-execstack /usr/lib/librkllmrt.so", "upgrade-npu", "nothing"),
    *((f"{source}: a module of another Python", {"code": None}, None, [line], "runtime", evidence,
       "another release of Python", "upgrade", "nothing") for source, line, evidence in (
        ("rockchip-linux/rknn-toolkit#53",
         ("RuntimeWarning: compiletime version 3.6 of module 'rknnlite.api.rknn_platform_utils' does not match runtime "
          "version 3.7"), "compiletime version 3.6"),
        ("kind, after rockchip-linux/rknn-toolkit2#110, of a wheel that was renamed",
         "ImportError: dynamic module does not define module export function (PyInit_rknn_runtime)", "PyInit_rknn"))),
    # -- the loader's sentence behind the words of a program
    *((f"the loader behind {words}", {**OLD, "code": None}, None, [line], "runtime",
       "librknnrt.so" + NO_FILE, "install a complete librknnrt.so", "dmesg", "runtime") for words, line in (
        ("Node.js", "Error: librknnrt.so" + NO_FILE),
        (".NET", "System.DllNotFoundException: Unable to load shared library 'rknnrt'. librknnrt.so" + NO_FILE),
        ("Rust", "called `Result::unwrap()` on an `Err` value: DlOpen { desc: \"librknnrt.so" + NO_FILE + '" }'),
        ("GStreamer", "GStreamer-WARNING **: Failed to load plugin '/usr/lib/libgstrknn.so': librknnrt.so" + NO_FILE),
        ("ONNX Runtime", "FAIL : Failed to load library libproviders_rknn.so with error: librknnrt.so" + NO_FILE))),
    ("kind: another library that a program does without", {**OLD, "code": None}, "rknn_init",
     ["GStreamer-WARNING **: Failed to load plugin '/usr/lib/libgstx.so': libx.so.1" + NO_FILE,
      "E RKNN: [10:00:00.000] Invalid RKNN model version 6"], "runtime", "model version 6", "update", "libx"),
    ("TheSpaghettiDetective/obico-server#1138: libraries that it tries before the NPU", {**OLD, "code": None}, None,
     ["ml_api-1  | Nope! Failed to load darknet lib with GPU support. erors=/darknet/libdarknet_gpu.so" + NO_FILE,
      "ml_api-1  | Now let's try darknet lib on CPU - /darknet/libdarknet_cpu.so"], "crash", "without an answer",
     "again", "apt", "nothing"),
    ("kvcache-ai/ktransformers#524, of librknnrt.so: the C++ library of another Python than the system's",
     {**OLD, "code": None}, None,
     [("OSError: /home/radxa/miniconda3/envs/y/bin/../lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required "
       "by /usr/lib/librknnrt.so)")], "runtime", "GLIBCXX_3.4.30", "conda install", "upgrade the OS", "nothing"),
]
