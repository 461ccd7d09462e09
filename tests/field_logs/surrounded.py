# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Public logs of the runtime: lines with what loggers, Android, programs and other threads put around them."""

from __future__ import annotations

from .values import IF_USING, NEW, NO_FILE, OLD, SUBMIT, T

VERSION_6 = "E RKNN: [20:07:24.057] Invalid RKNN model version 6"
NO_PLATFORM = "Platform error: must be either RK3588, RK3576, RV1126B, or RK3562.  "


def submit(source, before, after="", line=SUBMIT % "!"):
    """Return a row for a job that fails, with something around its line."""
    return (source, OLD, "rknn_run", [before + line + after], "driver", "failed to submit!, op id: 1",
            "driver 0.8.2 cannot run jobs", "model")


def platform(source, before):
    """Return a row for a line without a severity of its own, with something before it."""
    return (source, NEW, "rknn_init", [before + NO_PLATFORM], "runtime", "Platform error: must be either",
            "RKLLM does not support this SoC", "install")


LOGS = [
    # -- Android
    ("rockchip-linux/rknpu#45: the program is named before the line", OLD, "rknn_run",
     [("2023-03-23 16:49:33.057 5433-5457/com.baidu.paddle.lite.demo.rk_bg_matting E/RKNN: failed to submit!, "
      "op id: 29, op name: exDataConvert:428__cvt_float16_int8, flags: 0x5, task start: 15, task number: 48")],
     "driver", "failed to submit!, op id: 29", "driver 0.8.2 cannot run jobs", "model"),
    ("k2-fsa/sherpa-onnx#2721: RK3568, with the lines of program and kernel", {"driver_version": "0.7.2"}, "rknn_run",
     ["10-24 15:42:23.264 12496 12609 E RKNN    : failed to submit, op id: 42, op name: Split:/Gather_88_2sl_2sp, "
      "flags: 0x5, task start: 19, task number: 4, run task counter: 0, int status: 0" + IF_USING,
      "10-24 15:42:23.264 12496 12609 W sherpa-onnx: Return code is: -1",
      "10-24 15:42:23.266     0     0 E RKNPU   : job timeout, irq status: 0x0, raw status: 0x0"], "driver",
     "failed to submit, op id: 42", "driver 0.7.2 cannot run jobs", "http"),
    ("k2-fsa/sherpa-onnx#2132: the columns of Android Studio", {"code": -6}, "rknn_init",
     [("2025-04-18 16:17:02.286 30290-30290 RKNN                    com.k2fsa.sherpa.onnx                E  "
      "[16:17:02.286] Invalid RKNN model version 6")], "runtime", "Invalid RKNN model version 6",
     "too old for model format 6", "send the"),
    ("an older logcat, with the number of the process", OLD, "rknn_run",
     ["E/RKNN    ( 6912): failed to submit!, op id: 1, op name: Conv:Conv_0"], "driver", "failed to submit!, op id: 1",
     "driver 0.8.2 cannot run jobs", "model"),
    # -- programs and threads
    ("k2-fsa/sherpa-onnx#2583: RK3566, the report's own word before it", NEW, "rknn_run",
     ["\u62a5\u9519\uff1aE RKNN: [07:15:34.839] failed to submit, op id: 42, op name: Split:/Gather_64_2sl_2sp, "
      "flags: 0x5, task start: 8, task number: 2, run task counter: 0, int status: 0" + IF_USING,
      "online-zipformer-transducer-model-rknn.cc:RunEncoder:194 Return code is: -1"], "driver",
     "failed to submit, op id: 42", "its version is not the cause", "http"),
    submit("a program's words without a new line", "img width = 640, img height = 640"),
    submit("a word of a program without a new line", "done"),
    submit("a program with a long name", "a" * 150 + ": "),
    ("a conversion of Whisper: a line within another one", {**OLD, "code": None, "signal": 11}, "rknn_init",
     [("W RKNN: [18:02:28.772] emitUnpackRegtasks: equiv_channels(E RKNN: [18:02:28.980] dataconvert type -1 is "
      "unsupport in current!"), "25600) > limitations(8192)"], "model", "dataconvert type -1 is unsupport in current!",
     "convert it again", "checksum"),
    ("two threads: the reason is the second in its line", OLD, "rknn_init",
     ["E RKNN: " + T + "6, 1E RKNN: " + T + "Invalid RKNN model version 6E RKNN: " + T
      + "rknn_init, load model failed!"], "runtime", "Invalid RKNN model version 6", "too old for model format 6",
     "goes with the driver"),
    submit("a time that has its date", "", line=(SUBMIT % "!").replace("[10:", "[2026-01-31 10:")),
    submit("no blank before the time", "", line=(SUBMIT % "!").replace(": [", ":[", 1)),
    # -- loggers
    submit("journald", "Nov 29 10:00:00 rock-5b detector[1234]: "),
    submit("docker compose", "detector  | 2024-02-12 19:35:55.670507576  "),
    submit("Kubernetes, and the end of a line of Windows", "2024-02-12T19:35:55.670507576Z stderr F ", "\r"),
    submit("Python's logging", "ERROR:rknn:"),
    submit("colors of a terminal, of which the escape was removed", "[1m [31m", " [39m [22m"),
    submit("a quotation", "> `", "`"),
    ("docker's log file, and a pattern that wants the line's end", OLD, "rknn_init",
     [f'{{"log":"{VERSION_6}\\n","stream":"stderr","time":"2024-02-12T19:35:55.670507576Z"}}'], "runtime",
     "Invalid RKNN model version 6", "too old for model format 6", "stderr"),
    ("colors, and a pattern that wants the line's end", OLD, "rknn_init", [f"[31m{VERSION_6} [0m"], "runtime",
     "Invalid RKNN model version 6", "too old for model format 6", "send the"),
    platform("RKLLM's line in journald", "Nov 29 10:00:00 rock-5b rkllama[1234]: "),
    platform("RKLLM's line in docker compose", "rkllama-1  | "),
    platform("RKLLM's line in Kubernetes", "2024-02-12T19:35:55.670507576Z stdout F "),
    platform("NotPunchnox/rkllama#127: RKLLM's line in Python's logging",
             "2026-06-22 11:12:43,723 - rkllama.worker - ERROR - "),
    platform("RKLLM's line in ROS", "[rknn_node-1] [ERROR] [1700000000.123456789] [rknn]: "),
    platform("blakeblackshear/frigate#8382: RKLLM's line in its logging",
             "2023-12-21 11:11:55.767775452  [2023-12-21 11:11:55] detector.rknn                  ERROR   : "),
    platform("immich-app/immich#25006: RKLLM's line in its logging", "[01/03/26 22:35:00] E        "),
    ("the loader's sentence in a colored traceback", {"code": None}, None,
     ["[1;31mOSError: librkllmrt.so" + NO_FILE + " [0m"], "runtime", "librkllmrt.so: cannot", "LD_LIBRARY_PATH", "apt"),
    ("a program's code in journald", {"code": None}, None,
     ["Nov 29 10:00:00 rock-5b demo[1234]: rknn_init fail! ret=-6"], "model", "returned -6", "send the model again",
     "install"),
    # -- lines without a severity of their own
    *(platform(f"RKLLM's line behind {before!r}", before) for before in (
        "Nov 29 10:00:00.123456 rock-5b rkllama[1]: ", "[ 123.456789] rock-5b rkllama[123]: ",
        "[pod/rkllama-0/rkllama] ",
        "2026-01-01 10:00:00.123 | ERROR    | rkllama.worker:load:12 - ", "E0101 10:00:00.123456 1234 worker.cc:12] ",
        "[2026-01-01 10:00:00.123] [rkllm] [error] ", "0|rkllama  | ", "2026/01/01 10:00:00 ",
        "[2026-01-01T10:00:00Z ERROR rkllama] ", "ERROR:    ", "[2026-01-01 10:00:00 +0000] [123] [ERROR] ",
        "[10:00:00] ERROR: ", "ERROR rkllama.worker: ", "<3>", "root@rock-5b:~# ",
        'time="2026-01-01T10:00:00Z" level=error msg="', '{"time":"2026-01-01T10:00:00Z","level":"ERROR","msg":"')),
    *((f"a record of a logger: {before}", OLD, "rknn_init", [before + VERSION_6 + after], "runtime",
       "Invalid RKNN model version 6", "too old for model format 6", "send the") for before, after in (
        ('{"time":"2026-01-01T10:00:00Z","level":"ERROR","msg":"', '","pid":5}'), ('{"MESSAGE":"', '","_PID":"5"}'),
        ('time="2026-01-01T10:00:00Z" level=error msg="', '"'))),
    # -- lines that are cut off, or retyped
    *((f"the end is cut off: {text}", known, stage, ["E RKNN: " + T + text], name, text, remedy, never)
      for text, known, stage, name, remedy, never in (
        ("failed to subm", OLD, "rknn_run", "driver", "0.8.2 cannot run jobs", "model"),
        ("failed to open rknpu mod", {"nodes": []}, "rknn_init", "device", "no RKNPU driver", "upgrade-npu"),
        ("failed to malloc npu mem", NEW, "rknn_init", "memory", "free memory", "upgrade-npu"))),
    *(submit(f"the beginning is cut off: {before!r}", before, "", (SUBMIT % "!").partition("N: ")[2])
      for before in ("KNN: ", "N: ", ": ")),
    submit("retyped: two blanks", "", "", (SUBMIT % "!").replace("E RKNN", "E  RKNN")),
    submit("retyped: no colon", "", "", (SUBMIT % "!").replace("RKNN:", "RKNN")),
    submit("retyped: no severity", "", "", (SUBMIT % "!")[2:]),
]
