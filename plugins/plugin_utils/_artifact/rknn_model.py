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
FORMATS = range(2, 7)
HEADER = 64
_SIZE = struct.Struct("<Q")
# In bytes. A description names tensors, not weights: that of a MobileNet has 1,000 bytes.
DESCRIPTION_LIMIT = 16 << 20
_COMPILER = re.compile(rb"compiler version: ([0-9][ -~]{0,99}?\)|[0-9][0-9.]{0,19})")
# Of GitHub, Hugging Face and the servers in front of them.
_ERROR_MESSAGE = re.compile(
    rb"[45]\d\d(?:: | [a-z])|\{|(?:entry |repository )?not found|invalid (?:username|credentials)|access to [^\n]{1,99} is "
    rb"restricted|unauthorized|forbidden|error code: \d|too many requests")
_COMPILER_WITHIN = 64 << 10
_PLATFORM = re.compile(r"[a-z]{2}[0-9]{3,4}[a-z]?\Z")

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
    (b"\x80\x02", "a PyTorch model, to be converted with rknn-toolkit2 first"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


class RknnModelError(Exception):
    """A file that is not a model for the board: one sentence why."""


class RknnModel:
    """The description of a model; missing values are None or empty."""

    def __init__(self, form, size, description, compiler):
        platforms = description.get("target_platform")
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
            raise RknnModelError("%s is not a .rknn model but %s" % (path, _foreign(head + stream.read(4096), size)))
        if size < HEADER + _SIZE.size:
            raise _cut_off(path, size, HEADER + _SIZE.size)
        form, data = struct.unpack_from("<QQ", head, 8)
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
    # torch.save() writes a zip archive with the file NAME/data.pkl first.
    if start.startswith(b"PK\x03\x04") and b"/data.pkl" in start[:512]:
        return "a PyTorch model, to be converted with rknn-toolkit2 first"
    for begin, kind in FOREIGN:
        if start.startswith(begin):
            return kind
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<net name=", b"<?xml")) and b"<net name=" in text[:512]:
        return "an OpenVINO model, which is not for this NPU"
    if text.startswith((b"<!doctype html", b"<html", b"<?xml", b"<!--", b"<head", b"<body")):
        return "a web page, such as a server's error message"
    if _ERROR_MESSAGE.match(text):
        return "a server's error message"
    if text.startswith((b"7767517", b"name: \"")):
        return "a model of another framework (ncnn, Caffe), to be converted with rknn-toolkit2 first"
    if start[4:8] == b"TFL3":
        return "a TensorFlow Lite model, to be converted with rknn-toolkit2 first"
    # ONNX is protobuf without a magic: field 1 is the format's version, of the others the first ones are texts and the
    # graph.
    if re.match(rb"\x08[\x01-\x20][\x12\x1a\x22\x32\x3a\x42]", start):
        return "an ONNX model, to be converted with rknn-toolkit2 first"
    return "something else (it begins with %s)" % start[:8].hex(" ")
