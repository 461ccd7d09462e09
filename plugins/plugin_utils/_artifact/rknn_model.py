# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validate a `.rknn` model on the controller, before it is sent to a board.

The frame, little-endian, as rknn-toolkit2 writes it: `RKNN`, four zero bytes, u64 format, u64 size of the data, 40
bytes, the data, u64 size of the description, the description in JSON. The data begin with the compiler's version as
text.
"""

from __future__ import annotations

import json
import os
import re
import struct

from .._plan import compatibility

MAGIC = b"RKNN"
# RKNN.export_encrypted_rknn_model() writes it; the runtime decrypts it, and nothing in it can be checked before.
ENCRYPTED = b"CYPTRKNN"
# The frame above is that of these formats. Of others only the magic is checked: the runtime may support them.
FORMATS, MOST_FORMATS = range(2, 7), 255
HEADER = 64
_SIZE = struct.Struct("<Q")
# In bytes. A description names tensors, not weights: that of a MobileNet has 1,000 bytes.
DESCRIPTION_LIMIT = 16 << 20
_COMPILER = re.compile(rb"compiler version: ([0-9][ -~]{0,99}?\)|[0-9][0-9.]{0,19})")
# Of GitHub, Hugging Face and the servers in front of them.
_ERROR_MESSAGE = (
    rb"[45]\d\d(?:: | [a-z])|\{|(?:entry |repository )?not found|invalid (?:username|credentials)|access to [^\n]{1,99} is "
    rb"restricted|unauthorized|forbidden|error code: \d|too many requests")
_COMPILER_WITHIN = 64 << 10
_PLATFORM = re.compile(r"[a-z]{2}[0-9]{3,4}[a-z]?\Z")

_PYTORCH = "a PyTorch model, to be converted with rknn-toolkit2 first"
# Files that users mistake for models, by their first bytes.
FOREIGN = (
    (
        b"version https://git-lfs.github.com/spec/",
        "a git LFS pointer instead of the file: fetch it with git lfs pull",
    ),
    (b"/annex/objects/", "a git-annex pointer instead of the file: fetch it with git annex get"),
    (b"outs:\n- md5:", "a DVC pointer instead of the file: fetch it with dvc pull"),
    (b"\x7fELF", "a program or library"),
    (b"GGUF", "a language model (GGUF), which is not for librknnrt"),
    (b"\x89HDF", "a Keras model, to be converted with rknn-toolkit2 first"),
    (b"\x80\x02", _PYTORCH),
    (b"[net]", "a Darknet model, to be converted with rknn-toolkit2 first"),
    (b"\0\0\0\0\2\0\0\0", "a Darknet model's weights, to be converted with rknn-toolkit2 first"),
    (b"CviModel", "a model for Sophgo's chips, which is not for this NPU"),
    (b"\1HEF", "a model for Hailo's chips, which is not for this NPU"),
    (b"IMOD", "a model for Huawei's chips (Ascend), which is not for this NPU"),
    (b"LDMK", "a model for Canaan's chips (K210, K230), which is not for this NPU"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf'\x1c", "a 7z archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"Rar!", "a rar archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)

_PATTERNS = [(re.compile(pattern, re.DOTALL), kind) for pattern, kind in (
    # torch.save() writes a zip archive with the file NAME/data.pkl first.
    (rb"PK\x03\x04.{0,500}/data\.pkl", _PYTORCH),
    (rb".{257}ustar", "a tar archive"),
    (rb".{4}TFL3", "a TensorFlow Lite model, to be converted with rknn-toolkit2 first"),
    (rb".{3}\0{5}\{\"", "a model's weights (safetensors), to be exported as ONNX and converted first"),
    (rb"\x80[\x03-\x05]", "an object of Python's (pickle), as of PyTorch, to be converted with rknn-toolkit2 first"),
    # A graph of TensorFlow: its first node, with name and operation.
    (rb"\n.{1,2}\n[\x01-\x7f][ -~]{1,127}\x12[\x01-\x20][A-Z][A-Za-z0-9]",
     "a TensorFlow model, to be converted with rknn-toolkit2 first"),
    # ONNX is protobuf without a magic: field 1 is the format's version, of the others the first ones are texts and the
    # graph.
    (rb"\x08[\x01-\x20][\x12\x1a\x22\x32\x3a\x42]", "an ONNX model, to be converted with rknn-toolkit2 first"))]
# In lower case, without white space before it.
_TEXTS = [(re.compile(pattern, re.DOTALL), kind) for pattern, kind in (
    (rb"(?:<\?xml.{0,500})?<net name=", "an OpenVINO model, which is not for this NPU"),
    (rb"<(?:!doctype html|html|\?xml|!--|head|body)", "a web page, such as a server's error message"),
    (_ERROR_MESSAGE, "a server's error message"),
    (rb"7767517|name: \"", "a model of another framework (ncnn, Caffe), to be converted with rknn-toolkit2 first"))]


class RknnModelError(Exception):
    """A file that is not a model for the board: one sentence why."""


class RknnModel:
    """The description of a model; missing values are None or empty."""

    def __init__(self, form, size, description, compiler):
        platforms = description.get("target_platform")
        platforms = [platforms] if isinstance(platforms, str) else platforms
        self.format, self.size, self.compiler = form, size, compiler
        self.platforms = [name for name in platforms if isinstance(name, str)] if isinstance(platforms, list) else []
        self.toolkit = self._text(description, "version")
        self.framework = self._text(description, "ori_network_platform")

    @staticmethod
    def _text(description, name):
        value = description.get(name)
        return value[:100] if isinstance(value, str) and value.isprintable() else None

    def as_dict(self):
        """Return it as plain data."""
        return {"format": self.format, "size": self.size, "target_platforms": self.platforms, "toolkit": self.toolkit,
                "compiler": self.compiler, "framework": self.framework}


def read(path):
    """Return the RknnModel in a file.

    Raises:
        RknnModelError: if it is another kind of file, or truncated.
        OSError: if it cannot be read.
    """
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        head = stream.read(HEADER)
        if head.startswith(ENCRYPTED):
            return RknnModel(None, size, {}, None)
        if not head.startswith(MAGIC):
            kind = _foreign(head + stream.read(4096), size)
            if str(path).endswith(".rkllm"):
                kind = "a language model (RKLLM), which is not for librknnrt"
            raise RknnModelError("%s is not a .rknn model but %s" % (path, kind))
        if size < HEADER + _SIZE.size:
            raise _cut_off(path, size, HEADER + _SIZE.size)
        form, data = struct.unpack_from("<QQ", head, 8)
        if form > MOST_FORMATS:
            raise RknnModelError("%s is damaged: its header has format %d" % (path, form))
        if form not in FORMATS:
            return RknnModel(form, size, {}, None)
        if size < HEADER + data + _SIZE.size:
            raise _cut_off(path, size, HEADER + data + _SIZE.size)
        found = _COMPILER.search(stream.read(min(data, _COMPILER_WITHIN)))
        stream.seek(HEADER + data)
        length = _SIZE.unpack(stream.read(_SIZE.size))[0]
        needed = HEADER + data + _SIZE.size + length
        if size < needed:
            raise _cut_off(path, size, needed)
        if length > DESCRIPTION_LIMIT:
            raise RknnModelError("%s is damaged: its description would have %d bytes" % (path, length))
        text = stream.read(length)
    if not text.startswith(b"{"):
        raise RknnModelError("%s is damaged: no description found at the offset in its header" % path)
    try:
        description = json.loads(text.rstrip(b"\0").decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RknnModelError("%s is damaged: its description cannot be read" % path) from error
    return RknnModel(form, size, description, found.group(1).decode("ascii") if found else None)


def check(path, target_platform=None):
    """Return the RknnModel in a file, if it fits the board.

    Args:
        target_platform: a SoC such as `rk3588`, or the vendor's name of a folder of models such as `RK3566_RK3568`.
            SoCs of one family (`socs` in compatibility.yml) take each other's models. None accepts any. A model that names no platform passes.

    Raises:
        RknnModelError: as read(), and if the model is for another platform.
    """
    model = read(path)
    wanted = platforms(target_platform)
    if wanted and model.platforms and not wanted.intersection(name.lower() for name in model.platforms):
        raise RknnModelError(
            "%s is a model for %s, but the board needs one for %s. Use a model converted for it"
            % (path, " and ".join(model.platforms), " or ".join(sorted(wanted)))
        )
    return model


def platforms(name):
    """Return the set of platforms that the name of a SoC or of a folder of models means; empty for None.

    Raises:
        RknnModelError: if it is not such a name.
    """
    found = {part.lower() for part in name.split("_")} if name else set()
    strange = sorted(part for part in found if not _PLATFORM.match(part))
    if strange:
        raise RknnModelError("target_platform %r is not a SoC such as rk3588" % name)
    families = {soc: row.get("family", soc) for soc, row in compatibility.load()["socs"].items()}
    wanted = {families.get(soc, soc) for soc in found}
    return found | {soc for soc, family in families.items() if family in wanted}


def _cut_off(path, size, needed):
    return RknnModelError("%s is truncated: it has %d bytes and needs at least %d" % (path, size, needed))


def _foreign(start, size):
    """Return what kind of file it is, by its first bytes, if it is not a model."""
    if not size:
        return "empty"
    if not start.strip(b"\0"):
        return "a file that begins with %d zeros, as a copy that was interrupted leaves it" % len(start)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for pattern, kind in _PATTERNS:
        if pattern.match(start):
            return kind
    for begin, kind in FOREIGN:
        if start.startswith(begin):
            return kind
    for pattern, kind in _TEXTS:
        if pattern.match(text):
            return kind
    return "something else (it begins with %s)" % start[:8].hex(" ")
