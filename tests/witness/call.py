# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Call the functions of a runtime as a careless program does, in an arm64 Python under qemu-user: arm64.py starts it.

    call.py LIBRARY MODEL

The log is on stdout, too; after each call comes a line `CALL -> CODE`.
"""

import ctypes
import os
import pathlib
import sys

from ansible_collections.rkfleet.npu.plugins.module_utils._inference import librknnrt as api

POINTER, NUMBER, CONTEXT = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
FUNCTIONS = {
    "rknn_init": [POINTER, POINTER, NUMBER, NUMBER, POINTER],
    "rknn_query": [CONTEXT, ctypes.c_int, POINTER, NUMBER],
    "rknn_set_core_mask": [CONTEXT, ctypes.c_int],
    "rknn_inputs_set": [CONTEXT, NUMBER, POINTER],
    "rknn_run": [CONTEXT, POINTER],
    "rknn_outputs_get": [CONTEXT, NUMBER, POINTER, POINTER],
    "rknn_destroy": [CONTEXT],
}
library, path = sys.argv[1:]
os.dup2(1, 2)
runtime = ctypes.CDLL(library)
for function, arguments in FUNCTIONS.items():
    getattr(runtime, function).argtypes = arguments


def call(name, *arguments, said=""):
    """Call a function and print its code."""
    code = getattr(runtime, name)(*arguments)
    print(f"{name} {said} -> {code}", flush=True)


def given(**changes):
    """Return an input, which is the picture unless changed."""
    values = {"index": 0, "buf": ctypes.cast(pixels, POINTER), "size": api.PICTURE_BYTES, "type": 3, "fmt": 1}
    return ctypes.byref(api.Input(**{**values, **changes}))


def taken(**changes):
    """Return an output, which takes all scores unless changed."""
    values = {"want_float": 1, "is_prealloc": 1, "buf": ctypes.cast(scores, POINTER), "size": ctypes.sizeof(scores)}
    return ctypes.byref(api.Output(**{**values, **changes}))


model = pathlib.Path(path).read_bytes()
blob = ctypes.create_string_buffer(model, len(model))
pixels, scores = ctypes.create_string_buffer(api.PICTURE_BYTES + 1), (ctypes.c_float * api.CLASSES)()
context, version, attribute = CONTEXT(), api.SdkVersion(), api.TensorAttr()

call("rknn_init", None, blob, len(model), 0, None, said="without a context")
call("rknn_init", ctypes.byref(context), None, len(model), 0, None, said="without a model")
call("rknn_init", ctypes.byref(context), ctypes.c_char_p(b"/none"), 0, 0, None, said="with a file that is not there")
call("rknn_run", 0, None, said="with no context")
call("rknn_destroy", 0, said="with no context")
call("rknn_init", ctypes.byref(context), ctypes.c_char_p(path.encode()), 0, 0, None, said="with a file")
call("rknn_destroy", context)
call("rknn_init", ctypes.byref(context), blob, len(model), 0, None)
for mask in (0, 1, 2, 3, 4, 5, 6, 7, 8, 16, -1, 0):
    call("rknn_set_core_mask", context, mask, said=mask)
call("rknn_query", context, api.QUERY_SDK_VERSION, ctypes.byref(version), 100, said="with too little room")
call("rknn_query", context, 99, ctypes.byref(version), 512, said="of nothing")
call("rknn_query", context, api.QUERY_SDK_VERSION, None, 512, said="without room")
call("rknn_query", context, api.QUERY_INPUT_ATTR, ctypes.byref(attribute), 372, said="of an older release")
call("rknn_query", context, api.QUERY_INPUT_ATTR, ctypes.byref(attribute), 376, said="of the input")
attribute.index = 1
call("rknn_query", context, api.QUERY_INPUT_ATTR, ctypes.byref(attribute), 376, said="of another input")
call("rknn_inputs_set", context, 1, given())
call("rknn_inputs_set", context, 2, given(), said="two of them")
call("rknn_inputs_set", context, 0, given(), said="none")
call("rknn_inputs_set", context, 1, given(size=3072), said="too small")
call("rknn_inputs_set", context, 1, given(size=api.PICTURE_BYTES + 1), said="too large")
call("rknn_run", context, None)
call("rknn_outputs_get", context, 1, taken(), None)
call("rknn_outputs_get", context, 2, taken(), None, said="two of them")
call("rknn_outputs_get", context, 0, taken(), None, said="none")
call("rknn_destroy", context)
