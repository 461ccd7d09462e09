# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
import struct

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._artifact import rknn_model

DATA = b"p\0\0\0RKNN" + bytes(400) + b"2.5.0(compiler version: 2.5.0 (74ea630ce@2026-09-29T14:54:20))\0" + bytes(3000)
DESCRIPTION = {"name": "rknn model", "ori_network_platform": "ONNX", "target_platform": ["rk3588"], "version": "2.5.0"}


def model(description=None, data=DATA, form=6):
    """A file of the toolkit's frame."""
    text = (
        json.dumps(DESCRIPTION if description is None else description).encode() if not isinstance(description, bytes)
        else description
    )
    return struct.pack("<8sQQ40s", b"RKNN", form, len(data), b"") + data + struct.pack("<Q", len(text)) + text


@pytest.fixture(name="file")
def file_fixture(tmp_path):
    """Write a content and return its path."""
    def write(content):
        path = tmp_path / "mobilenet_v1.rknn"
        path.write_bytes(content)
        return str(path)

    return write


def refusal(file, content, platform=None):
    path = file(content)
    with pytest.raises(rknn_model.RknnModelError) as caught:
        rknn_model.check(path, platform)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence.replace(path, "FILE")


def test_a_model_states_platform_toolkit_and_framework(file):
    content = model()
    assert rknn_model.check(file(content), "rk3588").as_dict() == {
        "format": 6, "size": len(content), "target_platforms": ["rk3588"], "toolkit": "2.5.0",
        "compiler": "2.5.0 (74ea630ce@2026-09-29T14:54:20)", "framework": "ONNX",
    }


@pytest.mark.parametrize("platform", [None, "rk3588", "RK3588"])
def test_a_model_for_the_board_passes(file, platform):
    rknn_model.check(file(model()), platform)


def test_one_folder_of_models_for_two_socs(file):
    for name in ("rk3566", "rk3568"):
        rknn_model.check(file(model(dict(DESCRIPTION, target_platform=[name]))), "RK3566_RK3568")
    assert refusal(file, model(), "RK3566_RK3568") == (
        "FILE is a model for rk3588, but the board needs one for rk3566 or rk3568. Use a model converted for it")


# The runtime knows more models than the toolkit of one year writes: what is not known to be wrong passes.
@pytest.mark.parametrize("content", [
    model({}),
    model(dict(DESCRIPTION, target_platform=[])),
    model(dict(DESCRIPTION, target_platform="rk3588", version=7)),
    model(data=b"no compiler here"),
    model(form=3) + b"more behind it",
    model()[:24] + b"\x7f" * 40 + model()[64:],
    b"RKNN\1\2\3\4" + model()[8:],
])
def test_missing_metadata_is_no_reason_to_refuse_a_model(file, content):
    rknn_model.check(file(content), "rk3588")


@pytest.mark.parametrize(
    "length", [5, 63, 64, 71, 72, 200, len(model()) // 2, len(model()) - len(DESCRIPTION) - 80, len(model()) - 1]
)
def test_a_truncated_model_is_refused_wherever_it_ends(file, length):
    assert "is truncated: it has %d bytes and needs" % length in refusal(file, model()[:length])


@pytest.mark.parametrize(("content", "kind"), [
    (b"", "empty"),
    (b"RKN", "something else (it begins with 52 4b 4e)"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4678974\n", "a git LFS pointer"),
    (b"\n<!DOCTYPE html>\n<html><body>404", "a web page"),
    (b"404: Not Found", "a server's error message"),
    (b'{"error":"Repository not found"}', "a server's error message"),
    (b"Invalid username or password.", "a server's error message"),
    (b"Access to model x/y is restricted", "a server's error message"),
    (b"429 Too Many Requests", "a server's error message"),
    (b"error code: 1015", "a server's error message"),
    (b"<!-- an error -->\n<html>", "a web page"),
    (b"/annex/objects/SHA256E-s4--00.rknn\n", "a git-annex pointer"),
    (b"outs:\n- md5: 00\n  size: 4678974\n", "a DVC pointer"),
    (b'<?xml version="1.0"?>\n<net name="mobilenet" version="11">', "an OpenVINO model"),
    (b"7767517\n75 83\nInput data 0 1 data\n", "a model of another framework (ncnn, Caffe)"),
    (b'name: "MobileNet-SSD"\ninput: "data"\n', "a model of another framework (ncnn, Caffe)"),
    (b"4040 is a number", "something else"),
    (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
    (b"\x08\x07\x12\x07pytorch\x1a\x051.8.0" + bytes(100), "an ONNX model"),
    (b"\x08\x07\x3a\xa4\xb7\x87\x08\x0a" + bytes(100), "an ONNX model"),
    (b"\x1c\0\0\0TFL3" + bytes(100), "a TensorFlow Lite model"),
    (b"\x7fELF\2\1\1", "a program or library"),
    (b"PK\3\4", "a zip archive"),
    (b"PK\3\4\0\0\10\10" + bytes(22) + b"yolov5s/data.pkl" + bytes(100), "a PyTorch model, to be converted"),
    (b"\x80\x02\x8a\x0al\xfc\x9cF" + bytes(100), "a PyTorch model, to be converted"),
    (b"\x89HDF\r\n\x1a\n", "a Keras model"),
    (b"GGUF\3\0\0\0", "a language model (GGUF)"),
    (b"\xff\xd8\xff\xe0", "a picture"),
    (b"\0" * 5000, "a file that begins with 4160 zeros, as a copy"),
    (b"\x80\x04\x95\0\0", "an object of Python's (pickle)"),
    (b"[net]\nbatch=1\n", "a Darknet model"),
    (struct.pack("<3iq", 0, 2, 5, 32013312) + bytes(9), "a Darknet model's weights"),
    (struct.pack("<Q", 300) + b'{"__metadata__":{"format":"pt"}', "a model's weights (safetensors)"),
    (b"\n\x1a\n\5input\x12\x0bPlaceholder*\4", "a TensorFlow model"),
    (b"CviModel\2", "a model for Sophgo's chips"),
    (b"7z\xbc\xaf'\x1c\0\4", "a 7z archive"),
    (b"(\xb5/\xfd\4", "a zstd archive"),
    (b"model/yolov5.rknn" + bytes(240) + b"ustar\x0000", "a tar archive"),
])
def test_another_kind_of_file_is_named(file, content, kind):
    assert refusal(file, content).startswith("FILE is not a .rknn model but " + kind)


def test_a_language_model_is_named_by_its_file(tmp_path):
    path = tmp_path / "Qwen.rkllm"
    path.write_bytes(b"\xde\xad\xbe\xef" * 50)
    with pytest.raises(rknn_model.RknnModelError, match="is not a .rknn model but a language model .RKLLM., which"):
        rknn_model.check(path)


def test_a_damaged_frame_is_refused(file):
    assert "is damaged: no description found" in refusal(file, model(b"\0" * 50))
    huge = struct.pack("<8sQQ40s", b"RKNN", 6, 1 << 63, b"") + bytes(100)
    assert "is truncated" in refusal(file, huge)
    # A copy in text mode, in which each zero byte became three.
    text_mode = model()[:16].replace(b"\0", b"\r\n\0")
    assert refusal(file, text_mode + bytes(100)).startswith("FILE is damaged: its header has format ")


def test_a_platform_that_is_no_list_counts_too(file):
    assert "is a model for rk3568" in refusal(file, model(dict(DESCRIPTION, target_platform="rk3568")), "rk3588")


@pytest.mark.parametrize("description", [b'{"target_platform": [\xff', b"{" * 100000, b"{}{"])
def test_a_description_that_cannot_be_read_is_damage(file, description):
    """The vendor's runtime aborts with a json_parse_error."""
    assert refusal(file, model(description)) == "FILE is damaged: its description cannot be read"


@pytest.mark.parametrize(("made_for", "board"), [
    ("rk3566", "rk3568"), ("rk3568", "rk3566"), ("rk3588", "rk3588s"), ("rk3588", "rk3582"), ("rk3588s", "rk3588"),
])
def test_socs_of_one_family_take_each_others_models(file, made_for, board):
    """rockchip-linux/rknn-toolkit2#31; the vendor's runtime 1.5.2 tells them apart as little."""
    rknn_model.check(file(model(dict(DESCRIPTION, target_platform=[made_for]))), board)
    assert "is a model for rk3562" in refusal(file, model(dict(DESCRIPTION, target_platform=["rk3562"])), board)


@pytest.mark.parametrize("form", range(2, 7))
def test_older_formats_have_the_same_frame(file, form):
    """The vendor's rknn_multiple_input_demo of 2022 has models of format 2."""
    assert rknn_model.check(file(model(form=form)), "rk3588").as_dict()["target_platforms"] == ["rk3588"]
    assert "is a model for rk3588" in refusal(file, model(form=form), "rk3568")
    assert "is truncated" in refusal(file, model(form=form)[:-1])


def test_an_encrypted_model_is_the_runtimes_to_judge(file):
    found = rknn_model.check(file(b"CYPTRKNN" + bytes(200)), "rk3588").as_dict()
    assert found["format"] is None and found["target_platforms"] == []


def test_the_description_is_not_read_without_bound(file, monkeypatch):
    monkeypatch.setattr(rknn_model, "DESCRIPTION_LIMIT", 10)
    assert "is damaged: its description would have" in refusal(file, model())


@pytest.mark.parametrize("name", ["rk3588;", "models", "RK3566_", "../rk3588"])
def test_a_platform_that_is_none_is_a_mistake_of_the_task(file, name):
    assert "is not a SoC" in refusal(file, model(), name)


def test_of_an_unknown_format_only_the_magic_is_checked(tmp_path):
    path = tmp_path / "new.rknn"
    path.write_bytes(struct.pack("<8sQQ40s", b"RKNN", 7, 1 << 40, b"") + b"another frame")
    assert rknn_model.check(path, "rk3588").as_dict()["format"] == 7
