# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""A local file server that plays upstream: the paths of the raw-file host, with the lab's stand-ins behind them."""

from __future__ import annotations

import functools
import hashlib
import http.server
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .. import LabError, Progress, cache, process
from ..fleets import kinds
from . import image

LAB = kinds.LAB


@dataclass(frozen=True)
class Artefact:
    """A file upstream has, where compatibility.yml lists it (*row*), and how its stand-in is made."""

    row: tuple[str, ...]
    path: str
    kind: str
    version: str


_LLM = "airockchip/rknn-llm"
_TOOLKIT = "airockchip/rknn-toolkit2"
_DEMO = "rknpu2/examples/rknn_mobilenet_demo/model"
_LIBRARY = "rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so"

ARTEFACTS = (
    Artefact(("drivers", "0.9.6"), f"{_LLM}/release-v1.0.1/rknpu-driver/rknpu_driver_0.9.6_20240322.tar.bz2", "driver", "0.9.6"),
    Artefact(("drivers", "0.9.8"), f"{_LLM}/release-v1.3.0/rknpu-driver/rknpu_driver_0.9.8_20241009.tar.bz2", "driver", "0.9.8"),
    Artefact(("runtimes", "2.3.2"), f"{_TOOLKIT}/v2.3.2/{_LIBRARY}", "runtime", "2.3.2"),
    Artefact(("runtimes", "1.6.0"), f"{_TOOLKIT}/v1.6.0/{_LIBRARY}", "runtime", "1.6.0"),
    Artefact(("models", "mobilenet_v1-2.x", "soc", "rk3588"), f"{_TOOLKIT}/v2.3.2/{_DEMO}/RK3588/mobilenet_v1.rknn", "model", "2.3.2"),
    Artefact(("models", "mobilenet_v1-1.6.0", "soc", "rk3588"), f"{_TOOLKIT}/v1.6.0/{_DEMO}/RK3588/mobilenet_v1.rknn", "model", "1.6.0"),
    Artefact(("pictures", "cat_224x224"), f"{_TOOLKIT}/v2.3.2/{_DEMO}/cat_224x224.jpg", "picture", ""),
)


def files(progress: Progress, log: Path) -> Path:
    """The folder that is served."""
    inputs = {
        "artefacts": [[*artefact.row, artefact.path, artefact.version] for artefact in ARTEFACTS],
        "sources": cache.sources_digest([LAB / "driver", LAB / "runtime"]),
    }
    runtimes = {artefact.version: image.runtime(artefact.version, progress, log) for artefact in ARTEFACTS if artefact.kind == "runtime"}

    def build(folder: Path) -> None:
        for artefact in ARTEFACTS:
            path = folder / artefact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if artefact.kind == "runtime":
                path.write_bytes((runtimes[artefact.version] / "librknnrt.so").read_bytes())
                continue
            process.run(_maker(artefact, path), log, what=f"Making the stand-in {path.name}")
            if not path.is_file():
                raise LabError(f"The stand-in {path.name} was not made; see {log}.")

    return cache.provide("upstream", inputs, build, progress, "seconds")


def _maker(artefact: Artefact, path: Path) -> list[str]:
    if artefact.kind == "driver":
        return [sys.executable, "-B", str(LAB / "driver/generate.py"), "--version", artefact.version, "--tarball", str(path)]
    if artefact.kind == "model":
        return [sys.executable, "-B", str(LAB / "runtime/model.py"), "--version", artefact.version, "--output", str(path)]
    return [_python_with_pillow(), "-B", str(LAB / "runtime/picture.py"), "--output", str(path)]


def _python_with_pillow() -> str:
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            process.output([python, "-c", "import PIL.Image"])
            return python
        except LabError:
            continue
    raise LabError("Pillow is missing; the lab's picture is drawn with it.", "Run: apt-get install python3-pil")


def compatibility(folder: Path) -> dict:
    """What npu_compatibility must say so that the stand-ins in *folder* are accepted: their hashes and sizes."""
    merged: dict = {}
    for artefact in ARTEFACTS:
        content = (folder / artefact.path).read_bytes()
        row = merged
        for name in artefact.row:
            row = row.setdefault(name, {})
        row["path"] = artefact.path
        row["sha256"] = hashlib.sha256(content).hexdigest()
        row["git_blob"] = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        row["size"] = len(content)
        merged[artefact.row[0]][artefact.row[1]]["source"] = "stand-in of the lab, not the vendor's"
    return merged


class _Handler(http.server.SimpleHTTPRequestHandler):
    server_version = "rkfleet-lab-stand-in"
    protocol_version = "HTTP/1.1"

    def list_directory(self, path):
        self.send_error(404, "No listing, as upstream")


def serve(folder: Path, port: int) -> None:
    """Serve *folder* on 127.0.0.1 until ended."""
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.serve_forever()


def answers(port: int) -> bool:
    """Whether the lab's file server answers there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{ARTEFACTS[-1].path}", timeout=3) as answer:
            return answer.headers.get("Server", "").startswith(_Handler.server_version)
    except (OSError, urllib.error.URLError):
        return False


def start(folder: Path, port: int, log: Path) -> dict:
    """Start the file server in the background; its process, port and folder."""
    command = [sys.executable, "-B", str(LAB / "lab"), "_serve", str(folder), str(port)]
    server = process.start(command, log, folder)
    deadline = time.monotonic() + 120
    while not answers(port):
        if not process.alive(server) or time.monotonic() > deadline:
            process.end(server)
            raise LabError(f"The lab's file server did not start; the end of {log}:\n{process.tail(log)}")
        time.sleep(0.1)
    return {"process": server, "port": port, "folder": str(folder)}
