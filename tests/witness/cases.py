# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What the runtime is asked to do, how it ends, and what that means.

A case names a model (made from a complete one by DAMAGE, or another SoC's), the settings of the simulated node
(tests/lab/runtime/fake_device.c), what else is known of the board, and then: the stage and the code or signal in which
the vendor's runtime 1.5.2 ends, the diagnosis, and a part of evidence and remedy.
"""

from __future__ import annotations

import dataclasses
import os
import struct

from field_logs import NODES

ABORT, SEGV = "SIGABRT", "SIGSEGV"
NO_NODE = {"nodes": []}
CLOSED = {"nodes": [dict(node, open=False) for node in NODES]}
LINK = {"surroundings": {"rknpu_link": "/dev/dri/card1"}}
HEAP_NODE = {"nodes": [{"path": "/dev/rknpu", "open": True, "group": "root"}]}
RK3568 = {"surroundings": {"soc": "rk3568"}}
RK3588 = {"surroundings": {"soc": "rk3588"}}


@dataclasses.dataclass
class Case:
    """One inference and what comes of it."""

    name: str
    stage: str
    end: int | str | None
    diagnosis: str
    evidence: str
    remedy: str
    model: str = "complete"
    settings: dict = dataclasses.field(default_factory=dict)
    known: dict = dataclasses.field(default_factory=dict)
    cores: int = 1
    stand_in: bool = True  # whether the stand-in runtime can be given the same


def _sections(model):
    size = struct.unpack_from("<Q", model, 16)[0]
    return model[: 64 + size], model[72 + size :]


def _data_size(model, size):
    return model[:16] + struct.pack("<Q", size) + model[24:]


def _inverted(data):
    return bytes(255 - byte for byte in data)


def _with_description(model, text, length=None):
    return _sections(model)[0] + struct.pack("<Q", len(text) if length is None else length) + text


# name: what it does to a complete model; "RKNN", four zero bytes, format, size of the data, 40 bytes, data, size, JSON
DAMAGE = {
    "complete": lambda model: model,
    "half": lambda model: model[: len(model) // 2],
    "short by 1": lambda model: model[:-1],
    "short by its description": lambda model: _sections(model)[0],
    "frame only": lambda model: model[:72],
    "three bytes": lambda model: model[:3],
    "empty": lambda model: b"",
    "zeros": lambda model: bytes(1000),
    "a zip archive": lambda model: b"PK\3\4" + model[4:],
    "data damaged": lambda model: model[:80] + _inverted(model[80:128]) + model[128:],
    "another data size": lambda model: _data_size(model, struct.unpack_from("<Q", model, 16)[0] - 10),
    "huge data size": lambda model: _data_size(model, 1 << 62),
    "description of other bytes": lambda model: _with_description(model, _inverted(_sections(model)[1])),
    "empty description": lambda model: _with_description(model, _sections(model)[1], 0),
    "encrypted, damaged": lambda model: b"CYPTRKNN" + model[8:],
    "format 7": lambda model: model[:8] + struct.pack("<Q", 7) + model[16:],
    "description a little short": lambda model: _with_description(model, _sections(model)[1], len(model) - 1),
    "huge description size": lambda model: _with_description(model, _sections(model)[1], 1 << 30),
    "something behind it": lambda model: model + b"x" * 100,
}

SUBMIT = "failed to submit!, op id: 1, op name: Conv:MobilenetV1/MobilenetV1/Conv2d_0/Relu6_prequant, flags: 0x5"
NOT_THE_VERSION = "so its version is not the cause"
UPGRADE = "cannot run jobs on kernel 6.1.84-1-rk2312: upgrade it to 0.9.6"


def _drivers():
    """A job that ends in no time, with each release of the driver; and those that the runtime refuses."""
    for version, end in (
        *((version, ("done", None)) for version in ("0.7.0", "0.7.2", "0.8.0", "0.8.2", "0.8.8", "0.9.0", "0.9.1")),
        *((version, ("rknn_run", -1)) for version in ("0.9.2", "0.9.3", "0.9.6", "0.9.7", "0.9.8")),
    ):
        remedy = f"driver {version} " + ("is new enough (0.9.6 is wanted)" if version >= "0.9.6" else UPGRADE)
        settings = {"driver": version, "submit": 110}
        yield Case(f"jobs fail, driver {version}", *end, "driver", SUBMIT, remedy, settings=settings)
    for version in ("0.6.2", "0.0.0"):
        says = ("driver", "requires driver version >= 0.7.0", f"driver {version} is older than 0.7.0")
        yield Case(f"driver {version} is refused", "rknn_init", -1, *says, settings={"driver": version}, known=RK3588)


def _errors():
    """Each errno of each call."""
    for number in (1, 4, 12, 13, 16, 22):
        says, settings = ("driver", SUBMIT, NOT_THE_VERSION), {"submit": number}
        yield Case(f"submit ends with {number}", "rknn_run", -1, *says, settings=settings, known=RK3588)
    for number in (1, 13):
        says = ("device", "permission denied", "group render and the group video")
        yield Case(f"open ends with {number}", "rknn_init", -1, *says, settings={"open": number}, known=CLOSED)
    for number in (16, 19, 24):
        says = ("device", "insmod", "exists but cannot be used")
        yield Case(f"open ends with {number}", "rknn_init", -1, *says, settings={"open": number})
    words = {
        1: ("device", "become"),
        12: ("memory", "free memory"),
        13: ("device", "become"),
        14: ("memory", "IOMMU"),
        16: ("memory", "IOMMU"),
        22: ("memory", "IOMMU"),
        24: ("memory", "too many files"),
        25: ("driver", "no lack of memory"),
        38: ("driver", "no lack of memory"),
    }
    for call, line in (
        ("memory", "failed to allocate handle"),
        ("map", "failed to get map offset"),
        ("prime", "failed to convert handle(1) to fd"),
    ):
        for number, (name, remedy) in words.items():
            says = (name, f"{line}, ret: -1, errno: {number},", remedy)
            yield Case(f"{call} ends with {number}", "rknn_init", SEGV, *says, settings={call: number})
    for number in (1, 12, 13, 24, 38):
        name, remedy = words[number]
        says = (name, f"failed to map memory errno = {os.strerror(number)}", remedy)
        yield Case(f"mmap ends with {number}", "rknn_init", SEGV, *says, settings={"mmap": number})


def _heap():
    """A driver that takes memory from DMA_HEAP and has the node /dev/rknpu. The stand-in knows no such driver."""

    def case(name, stage, end, *says, **settings):
        settings.update(node="/dev/rknpu", heap=1)
        return Case(f"DMA_HEAP: {name}", stage, end, *says, settings=settings, known=HEAP_NODE, stand_in=False)

    line = "failed to allocate fd, ret: -1, errno:"
    yield case("a driver that works", "done", None, "driver", "all 1001 scores are 0", NOT_THE_VERSION)
    yield case("jobs fail", "rknn_run", -1, "driver", SUBMIT, NOT_THE_VERSION, submit=110)
    yield case("memory ends with 12", "rknn_init", SEGV, "memory", f"{line} 12", "free memory", memory=12)
    yield case("memory ends with 13", "rknn_init", SEGV, "device", f"{line} 13", "become", memory=13)
    yield case("memory ends with 38", "rknn_init", SEGV, "driver", f"{line} 38", "no lack of memory", memory=38)
    yield case("mmap ends with 13", "rknn_init", SEGV, "device", "errno = Permission denied", "become", mmap=13)
    yield case("driver 0.6.2", "rknn_init", -1, "driver", "requires driver version", "older than 0.7.0", driver="0.6.2")


CASES = (
    *_drivers(),
    *_errors(),
    *_heap(),
    Case("a driver that works", "done", None, "driver", "all 1001 scores are 0", NOT_THE_VERSION, stand_in=False),
    Case(
        "three cores that work",
        "done",
        None,
        "driver",
        "all 1001 scores are 0",
        NOT_THE_VERSION,
        cores=3,
        stand_in=False,
    ),
    Case(
        "the second core is dead",
        "rknn_run",
        -1,
        "driver",
        "core 1 of the NPU: failed to submit!",
        NOT_THE_VERSION,
        settings={"dead_core": 2},
        known=RK3588,
        cores=3,
    ),
    Case(
        "no core can be chosen",
        "done",
        None,
        "driver",
        "all 1001 scores are 0",
        NOT_THE_VERSION,
        model="rk3568",
        settings={"hardware": 0},
        known=RK3568,
        cores=3,
        stand_in=False,
    ),
    # -- the device
    Case(
        "no driver",
        "rknn_init",
        -1,
        "device",
        "insmod",
        "no RKNPU driver serves",
        settings={"driver": "none"},
        known=NO_NODE,
    ),
    Case(
        "the DRM driver of a display",
        "rknn_init",
        -1,
        "device",
        "insmod",
        "no RKNPU driver serves",
        settings={"name": "rockchip"},
        known=NO_NODE,
    ),
    Case(
        "/dev/rknpu is a link",
        "rknn_init",
        SEGV,
        "device",
        "/dev/rknpu is a link to /dev/dri/card1; Meet unsupported",
        "remove the link",
        settings={"node": "/dev/rknpu"},
        known=LINK,
    ),
    Case(
        "/dev/rknpu is something else",
        "rknn_init",
        SEGV,
        "device",
        "0xffffffff",
        "does not answer as this runtime expects",
        settings={"node": "/dev/rknpu"},
        known=HEAP_NODE,
    ),
    Case(
        "a hardware id that is none",
        "rknn_init",
        SEGV,
        "device",
        "0xffffffff",
        "does not answer",
        settings={"hardware": "0xffffffff"},
    ),
    Case(
        "a hardware id of a newer SoC",
        "rknn_init",
        SEGV,
        "runtime",
        "Meet unsupported target type: 0x12345678",
        "does not know this NPU",
        settings={"hardware": "0x12345678"},
    ),
    Case(
        "a hardware id of 0",
        "rknn_init",
        -6,
        "device",
        "failed to check rknpu hardware version: 0",
        "power",
        settings={"hardware": 0},
        known=RK3588,
    ),
    # -- models
    Case(
        "a model for RK3588 on an RK3568",
        "rknn_init",
        -6,
        "model",
        "for RK3588, but current platform is RK3566/RK3568",
        "this one is for RK3588",
        settings={"hardware": 0},
        known=RK3568,
    ),
    *(
        Case(
            f"a model for {soc} on an RK3588",
            "rknn_init",
            -6,
            "model",
            f"for {soc}, but current platform is RK3588",
            "send the model for RK3588",
            model=soc.lower(),
            known=RK3588,
            stand_in=soc != "RK3576",
        )
        for soc in ("RK3566", "RK3568", "RK3562", "RK3576")
    ),
    *(
        Case(
            f"a model for {soc} on an RK356x",
            "rknn_run",
            -1,
            "driver",
            SUBMIT,
            NOT_THE_VERSION,
            model=soc.lower(),
            settings={"hardware": 0, "submit": 110},
            known=RK3568,
        )
        for soc in ("RK3566", "RK3568")
    ),
    *(
        Case(f"a model: {damage}", "rknn_init", -6, "model", line, "send the model again", model=damage, known=RK3588)
        for damage, line in (
            ("half", "exportDataSize large then model size"),
            ("huge data size", "exportDataSize large then model size"),
            ("huge description size", "configSize large then model size"),
            ("frame only", "rknn model is too small!"),
            ("three bytes", "rknn model is too small!"),
            ("zeros", "invalid RKNN_MAGIC!"),
            ("a zip archive", "invalid RKNN_MAGIC!"),
            ("data damaged", "Verify ModelBuffer failed!"),
            ("encrypted, damaged", "LoadModel from buffer: Invalid RKNN format!"),
            ("empty", "rknn_init returned -6"),
        )
    ),
    *(
        Case(
            f"a model: {damage}",
            "rknn_init",
            ABORT,
            "model",
            "jsonxx::json_parse_error",
            "description is damaged",
            model=damage,
            known=RK3588,
            # Which bytes are then taken for the size of the description is another matter in each model.
            stand_in=damage != "another data size",
        )
        for damage in (
            "short by 1",
            "short by its description",
            "another data size",
            "description of other bytes",
            "empty description",
        )
    ),
    *(
        Case(
            f"a model: {damage}",
            "rknn_run",
            -1,
            "driver",
            SUBMIT,
            NOT_THE_VERSION,
            model=damage,
            settings={"submit": 110},
            known=RK3588,
        )
        for damage in ("description a little short", "something behind it")
    ),
    # An older runtime refuses a newer format; 1.5.2 takes any number above 5 for its own.
    Case(
        "a model: format 7",
        "rknn_run",
        -1,
        "driver",
        SUBMIT,
        NOT_THE_VERSION,
        model="format 7",
        settings={"submit": 110},
        known=RK3588,
        stand_in=False,
    ),
)
