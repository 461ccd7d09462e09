# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Have the vendor's rknn-toolkit2 make a genuine model. Run by vendor.py, with the toolkit's own Python, in an empty folder:

    make_model.py FOLDER PLATFORM...

The net has MobileNet v1's shape at a quarter of its width, weights of chance, and 1001 classes: it recognises nothing, but
is quantised to int8 and compiled for the NPU as the real one is. FOLDER/PLATFORM.rknn is written for each platform, and
FOLDER/mobilenet.onnx, which they are made of.
"""

import importlib.abc
import importlib.machinery
import pathlib
import sys
import types


class _Nothing(type):
    """A class that has any attribute, can be called, and as a decorator leaves what it decorates."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing(name)


def _nothing(name):
    return _Nothing(name, (), {"__init__": lambda self, *args, **kwargs: None, "__call__": lambda self, first=None, *args, **kwargs: first})


class _NoTorch(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Torch is 5 GB, is imported by the toolkit at once, and has no part in converting ONNX."""

    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "torch":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []
        module.__version__ = "2.4.0"

        def find(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return _nothing(name)

        module.__getattr__ = find
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, _NoTorch())

import numpy  # noqa: E402
import onnx  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402
from rknn.api import RKNN  # noqa: E402

SIDE, CLASSES = 224, 1001
WIDTHS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))


def network():
    """The net as an ONNX model; its first layer is called as in the vendor's."""
    chance, nodes, weights = numpy.random.default_rng(0), [], []

    def convolution(taken, name, channels, out, kernel, stride, groups=1, relu=True):
        shape = (out, channels // groups, kernel, kernel)
        weight = chance.standard_normal(shape) * (2 / numpy.prod(shape[1:])) ** 0.5
        weights.append(numpy_helper.from_array(weight.astype("f4"), name + "/weights"))
        weights.append(numpy_helper.from_array(numpy.zeros(out, "f4"), name + "/biases"))
        nodes.append(helper.make_node(
            "Conv", [taken, name + "/weights", name + "/biases"], [name + "/Conv2D"], name=name + "/Relu6_prequant",
            kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4, group=groups))
        if relu:
            nodes.append(helper.make_node("Relu", [name + "/Conv2D"], [name + "/Relu"], name=name + "/Relu"))
        return name + ("/Relu" if relu else "/Conv2D")

    scope = "MobilenetV1/MobilenetV1/Conv2d_%d"
    last, channels = convolution("input", scope % 0, 3, 8, 3, 2), 8
    for index, (out, stride) in enumerate(WIDTHS, 1):
        last = convolution(last, scope % index + "_depthwise", channels, channels, 3, stride, channels)
        last, channels = convolution(last, scope % index + "_pointwise", channels, out, 1, 1), out
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["pool"], name="MobilenetV1/Logits/AvgPool"))
    last = convolution("pool", "MobilenetV1/Logits/Conv2d_1c_1x1", channels, CLASSES, 1, 1, relu=False)
    nodes.append(helper.make_node("Flatten", [last], ["logits"], name="MobilenetV1/Logits/SpatialSqueeze"))
    nodes.append(helper.make_node("Softmax", ["logits"], ["output"], name="MobilenetV1/Predictions", axis=1))
    graph = helper.make_graph(
        nodes, "mobilenet", [helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, CLASSES])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], producer_name="rkfleet.npu")
    model.ir_version = 7
    onnx.checker.check_model(model)
    return model


def convert(source, target, platform):
    """Compile an ONNX file for a platform; a step the toolkit refuses ends the program."""
    toolkit = RKNN(verbose=False)
    toolkit.config(mean_values=[[127.5] * 3], std_values=[[127.5] * 3], target_platform=platform)
    for step in (
        lambda: toolkit.load_onnx(str(source)),
        lambda: toolkit.build(do_quantization=True, dataset="pictures.txt"),
        lambda: toolkit.export_rknn(str(target)),
    ):
        if step() != 0:
            sys.exit("the toolkit refused a step for " + platform)
    toolkit.release()


def main():
    folder = pathlib.Path(sys.argv[1])
    onnx.save(network(), str(folder / "mobilenet.onnx"))
    numpy.save("picture.npy", numpy.random.default_rng(1).integers(0, 255, (1, 3, SIDE, SIDE), dtype="u1"))
    pathlib.Path("pictures.txt").write_text("picture.npy\n")
    for platform in sys.argv[2:]:
        convert(folder / "mobilenet.onnx", folder / (platform + ".rknn"), platform)


main()
