# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The C API of librknnrt.so, and one MobileNet inference through it.

child.py runs it in a process of its own. The layouts of the structures are the same in the runtimes 1.4.0 to 2.3.2 on
64-bit ARM.
"""

from __future__ import annotations

import ctypes
import time

from .top5 import KEPT, top_scores

WIDTH = HEIGHT = 224
PICTURE_BYTES = WIDTH * HEIGHT * 3
CLASSES = 1001

QUERY_IN_OUT_NUM, QUERY_INPUT_ATTR, QUERY_OUTPUT_ATTR, QUERY_SDK_VERSION = 0, 1, 2, 5
TYPE_UINT8, FORMAT_NHWC = 3, 1
CODES = {
    -1: "failed", -2: "timeout", -3: "device unavailable", -4: "out of memory", -5: "parameter invalid",
    -6: "model invalid", -7: "context invalid", -8: "input invalid", -9: "output invalid", -10: "device does not match",
    -11: "incompatible precompiled model", -12: "incompatible optimisation level", -13: "model is for another platform",
}


class TensorAttr(ctypes.Structure):
    """rknn_tensor_attr, 376 bytes."""

    _fields_ = [
        ("index", ctypes.c_uint32), ("n_dims", ctypes.c_uint32), ("dims", ctypes.c_uint32 * 16),
        ("name", ctypes.c_char * 256), ("n_elems", ctypes.c_uint32), ("size", ctypes.c_uint32),
        ("fmt", ctypes.c_uint32), ("type", ctypes.c_uint32), ("qnt_type", ctypes.c_uint32),
        ("fl", ctypes.c_int8), ("zp", ctypes.c_int32), ("scale", ctypes.c_float),
        ("w_stride", ctypes.c_uint32), ("size_with_stride", ctypes.c_uint32),
        ("pass_through", ctypes.c_uint8), ("h_stride", ctypes.c_uint32),
    ]


class Input(ctypes.Structure):
    """rknn_input, 32 bytes."""

    _fields_ = [
        ("index", ctypes.c_uint32), ("buf", ctypes.c_void_p), ("size", ctypes.c_uint32),
        ("pass_through", ctypes.c_uint8), ("type", ctypes.c_uint32), ("fmt", ctypes.c_uint32),
    ]


class Output(ctypes.Structure):
    """rknn_output, 24 bytes."""

    _fields_ = [
        ("want_float", ctypes.c_uint8), ("is_prealloc", ctypes.c_uint8), ("index", ctypes.c_uint32),
        ("buf", ctypes.c_void_p), ("size", ctypes.c_uint32),
    ]


class SdkVersion(ctypes.Structure):
    """rknn_sdk_version, 512 bytes."""

    _fields_ = [("api_version", ctypes.c_char * 256), ("drv_version", ctypes.c_char * 256)]


class InputOutputNum(ctypes.Structure):
    """rknn_input_output_num, 8 bytes."""

    _fields_ = [("n_input", ctypes.c_uint32), ("n_output", ctypes.c_uint32)]


class Refused(Exception):
    """A function of the library returned an error code."""


class Unsuitable(Exception):
    """The model is not the MobileNet this collection verifies boards with."""


class _Library:
    """The functions of the library that are used."""

    def __init__(self, path, report):
        report(stage="dlopen")
        self._report = report
        self._library = ctypes.CDLL(path)
        pointer, number = ctypes.c_void_p, ctypes.c_uint32
        functions = {
            "rknn_init": [pointer, pointer, number, number, pointer],
            "rknn_query": [ctypes.c_uint64, ctypes.c_int, pointer, number],
            "rknn_inputs_set": [ctypes.c_uint64, number, pointer],
            "rknn_run": [ctypes.c_uint64, pointer],
            "rknn_outputs_get": [ctypes.c_uint64, number, pointer, pointer],
            "rknn_outputs_release": [ctypes.c_uint64, number, pointer],
            "rknn_destroy": [ctypes.c_uint64],
        }
        for name, arguments in functions.items():
            getattr(self._library, name).argtypes = arguments
        # From release 1.3 on.
        self.choose_core = getattr(self._library, "rknn_set_core_mask", None)
        if self.choose_core is not None:
            self.choose_core.argtypes = [ctypes.c_uint64, ctypes.c_int]

    def call(self, name, *arguments):
        """Call a function, and raise Refused if it returns anything but 0."""
        self._report(stage=name)
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            self._report(code=code)
            raise Refused(name)

    def query(self, context, what, answer):
        """Return the structure `answer`, filled in by rknn_query."""
        self.call("rknn_query", context, what, ctypes.byref(answer), ctypes.sizeof(answer))
        return answer


def _check_model(library, context):
    """Raise Unsuitable unless the model maps one picture to 1001 scores: its output would be read out of bounds."""
    number = library.query(context, QUERY_IN_OUT_NUM, InputOutputNum())
    if (number.n_input, number.n_output) != (1, 1):
        raise Unsuitable(
            "the model has %d inputs and %d outputs, expected are 1 and 1" % (number.n_input, number.n_output)
        )
    taken = library.query(context, QUERY_INPUT_ATTR, TensorAttr())
    given = library.query(context, QUERY_OUTPUT_ATTR, TensorAttr())
    if (taken.n_elems, given.n_elems) != (PICTURE_BYTES, CLASSES):
        raise Unsuitable(
            "the model takes %d values and gives %d, expected are %d and %d"
            % (taken.n_elems, given.n_elems, PICTURE_BYTES, CLASSES)
        )


def _run_once(library, context):
    """Return (scores, milliseconds spent in rknn_run) of one run."""
    started = time.perf_counter()
    library.call("rknn_run", context, None)
    elapsed = (time.perf_counter() - started) * 1000
    scores = (ctypes.c_float * CLASSES)()
    output = Output(want_float=1, is_prealloc=1, buf=ctypes.cast(scores, ctypes.c_void_p), size=ctypes.sizeof(scores))
    library.call("rknn_outputs_get", context, 1, ctypes.byref(output), None)
    library.call("rknn_outputs_release", context, 1, ctypes.byref(output))
    return list(scores), elapsed


def _try_cores(library, context, cores, first, report):
    """Run once on each core of an NPU with several: the runtime's own choice may always be the first one.

    A runtime that cannot choose a core leaves the others untried, which is no fault of theirs.
    """
    tried = []
    for core in range(cores):
        report(core=core)
        if library.choose_core is None or library.choose_core(context, 1 << core) != 0:
            break
        again = top_scores(_run_once(library, context)[0], KEPT)
        if again != first:
            report(differs=again[:5])
            return
        tried.append(core)
        report(cores=tried)
    report(core=-1)


def classify(path, model, picture, runs, report, cores=1):
    """Load the library, classify the picture once for its scores and `runs` times for the latency; report each step.

    Args:
        path: path of librknnrt.so.
        model: content of the .rknn file, bytes.
        picture: raw RGB, PICTURE_BYTES bytes.
        report: function that takes what is known as keywords; child.py lists them.
        cores: number of cores of the NPU, each of which is tried where there are several.

    Raises:
        Refused: if a function of the library returns an error code.
        Unsuitable: if the model is another one.
        OSError: if the library cannot be loaded; AttributeError if it lacks a function.
    """
    library = _Library(path, report)
    context = ctypes.c_uint64()
    blob = ctypes.create_string_buffer(model, len(model))
    library.call("rknn_init", ctypes.byref(context), blob, len(model), 0, None)
    version = library.query(context, QUERY_SDK_VERSION, SdkVersion())
    report(
        sdk_version=version.api_version.decode("ascii", "replace"),
        driver_version=version.drv_version.decode("ascii", "replace"),
    )
    _check_model(library, context)
    pixels = ctypes.create_string_buffer(picture, len(picture))
    one = Input(index=0, buf=ctypes.cast(pixels, ctypes.c_void_p), size=len(picture), type=TYPE_UINT8, fmt=FORMAT_NHWC)
    library.call("rknn_inputs_set", context, 1, ctypes.byref(one))
    # The first run includes what the library sets up lazily, so it gives the scores and is not timed.
    first = top_scores(_run_once(library, context)[0], KEPT)
    report(top=first)
    for dummy in range(runs):
        scores, elapsed = _run_once(library, context)
        report(elapsed=round(elapsed, 3))
        again = top_scores(scores, KEPT)
        if again != first:
            report(differs=again[:5])
    if cores > 1:
        _try_cores(library, context, cores, first, report)
    library.call("rknn_destroy", context)
    report(stage="done")
