# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's own files as witnesses, fetched from PyPI when a test asks for them and never part of the project."""

from __future__ import annotations

import functools
import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import environment

HERE = pathlib.Path(__file__).resolve().parent

RUNTIME_VERSION, RUNTIME_BUILD = "1.5.2", "c6b7b351a@2023-08-23T15:28:22"
WHEEL_SHA256 = "486e0714f3097ee9301cc01bd24bc89b4364a14f0078c63b92b6bd53ce7f962d"
# Of the library in the wheel; auditwheel gave it another name and search path than the vendor's own release has.
RUNTIME_SHA256 = "1b278f220361ffda3a91ba69affb650c2dd8acaa295b6883da8d6ea966fb8e32"
RUNTIME_MEMBER = "rknpu.libs/librknnrt-db603b2a.so"

TOOLKIT_VERSION = "2.5.0"
# All the toolkit needs to convert ONNX, so that torch, which it also asks for, is not fetched: see make_model.py.
TOOLKIT = (
    "--no-deps", "--only-binary=:all:", f"rknn-toolkit2=={TOOLKIT_VERSION}", "fast-histogram==0.14", "flatbuffers==25.2.10",
    "numpy==1.26.4", "onnx==1.18.0", "onnxruntime==1.22.1", "opencv-python-headless==4.11.0.86", "packaging==25.0", "protobuf==4.25.4",
    "psutil==7.0.0", "ruamel.yaml==0.18.14", "scipy==1.15.3", "setuptools==80.9.0", "tqdm==4.67.1", "typing_extensions==4.14.1",
)
TOOLKIT_PYTHONS = ("3.11", "3.12")
PLATFORMS = ("rk3588", "rk3566", "rk3568", "rk3576", "rk3562")


class UnavailableError(Exception):
    """A witness that cannot be had here, with the reason."""


def cache_folder() -> pathlib.Path:
    """Return the user's folder for what was fetched."""
    folder = environment.cache_folder().parent / "rkfleet-npu-witness"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def runtime() -> pathlib.Path:
    """The vendor's librknnrt.so 1.5.2 for aarch64, as PyPI's wheel `rknpu` has it.

    :raises UnavailableError: where PyPI cannot be reached. Another content than the pinned one is an AssertionError.
    """
    kept = cache_folder() / f"librknnrt-{RUNTIME_VERSION}-{RUNTIME_SHA256[:12]}.so"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            wanted = pathlib.Path(folder, "wanted.txt")
            wanted.write_text(f"rknpu=={RUNTIME_VERSION} --hash=sha256:{WHEEL_SHA256}\n")
            done = subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
                 "--platform", "manylinux2014_aarch64", "--python-version", "3.11", "--require-hashes", "-r", str(wanted), "-d", folder],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            )
            assert "DO NOT MATCH THE HASHES" not in done.stderr, done.stderr
            wheels = list(pathlib.Path(folder).glob("*.whl"))
            if done.returncode or len(wheels) != 1:
                raise UnavailableError(f"PyPI's wheel rknpu {RUNTIME_VERSION} cannot be had: {last_line(done.stderr)}")
            with zipfile.ZipFile(wheels[0]) as wheel:
                content = wheel.read(RUNTIME_MEMBER)
            assert hashlib.sha256(content).hexdigest() == RUNTIME_SHA256
            complete = pathlib.Path(folder, kept.name)
            complete.write_bytes(content)
            complete.replace(kept)
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == RUNTIME_SHA256, f"{kept} is damaged: remove it"
    return kept


def models(folder: pathlib.Path, *platforms: str) -> dict[str, pathlib.Path]:
    """Genuine models by platform, copied to `folder`, and the file they are made of as `onnx`.

    The vendor's toolkit makes those of all PLATFORMS once; the user's cache keeps them.

    :raises UnavailableError: where the toolkit cannot be had. One that does not do its work is an AssertionError.
    """
    digest = hashlib.sha256("\n".join([(HERE / "make_model.py").read_text(), *TOOLKIT, *PLATFORMS]).encode()).hexdigest()[:12]
    kept = cache_folder() / f"models-{digest}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as temporary:
            made = pathlib.Path(temporary, "made")
            _make_models(made, pathlib.Path(temporary))
            # Another run may have been faster.
            if not kept.exists():
                made.rename(kept)
    names = {**{name: f"{name}.rknn" for name in platforms}, "onnx": "mobilenet.onnx"}
    return {name: pathlib.Path(shutil.copy(kept / file, folder)) for name, file in names.items()}


def _make_models(folder, work):
    python = next(filter(None, map(environment.find_python, TOOLKIT_PYTHONS)), None)
    if python is None:
        raise UnavailableError(f"rknn-toolkit2 {TOOLKIT_VERSION} needs Python {' or '.join(TOOLKIT_PYTHONS)}")
    try:
        venv = environment.make_venv(python, TOOLKIT, print)
    except subprocess.CalledProcessError as error:
        raise UnavailableError(f"PyPI's rknn-toolkit2 {TOOLKIT_VERSION} cannot be had: pip ended with {error.returncode}") from error
    folder.mkdir()
    done = subprocess.run(
        [str(venv / "bin/python"), "-B", str(HERE / "make_model.py"), str(folder), *PLATFORMS], cwd=work, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
    )
    assert done.returncode == 0, done.stdout


def last_line(text: str) -> str:
    """Return the line of a program's output that says why it failed."""
    lines = [line for line in text.splitlines() if line.startswith(("ERROR", "E: "))] or text.splitlines() or ["no reason given"]
    return lines[-1][:300]
