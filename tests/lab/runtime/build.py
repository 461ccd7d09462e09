# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Build the stand-in librknnrt.so (not the vendor's) of one release.

    build.py --version 2.3.2 --output DIR            for the boards (aarch64)
    build.py --version 2.3.2 --output DIR --native --fake-device    for unit tests on this machine

The same input gives the same bytes.
"""
from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# What differs between the vendor's releases and can be seen from outside. The driver
# versions are major*10000 + minor*100 + patch, as the driver's ACTION ioctl answers. `format`: the newest that it takes,
# 0 if it does not look.
ZBOX = "https://console.zbox.filez.com/l/I00fc3 (PWD: rknn)"
RELEASES = {
    "1.4.0": {
        "build": "a10f100eb@2022-09-09T09:07:14", "separator": ":", "floor": 602, "recommended": 604,
        "format": 5, "mem_create": 40, "advice": "",
    },
    "1.5.2": {
        "build": "c6b7b351a@2023-08-23T15:28:22", "separator": ":", "floor": 700, "recommended": 808,
        "format": 0, "mem_create": 40,
        "advice": ", please try updating to the latest version of the toolkit2 and runtime from: "
                  "https://eyun.baidu.com/s/3eTDMk6Y (PWD: rknn)",
    },
    "1.6.0": {
        "build": "9a7b5d24c@2023-12-13T17:31:11", "separator": ",", "floor": 700, "recommended": 808,
        "format": 0, "mem_create": 40,
        "advice": ", please try updating to the latest version of the toolkit2 and runtime from: " + ZBOX,
    },
    "2.3.2": {
        "build": "429f97ae6b@2025-04-09T09:09:27", "separator": ",", "floor": 700, "recommended": 902,
        "format": 0, "mem_create": 48,
        "advice": ", If using rknn, update to the latest toolkit2 and runtime from: " + ZBOX +
                  ". If using rknn-llm, update from: https://github.com/airockchip/rknn-llm",
    },
}


FAULTS = ("crash", "hang", "wrong")  # when it is loaded; in rknn_run; another answer


def command(version: str, output: pathlib.Path, native: bool, fake_device: bool, fault: str | None = None) -> list[str]:
    """The compiler call for a release. Raises KeyError for a version not in RELEASES."""
    release = RELEASES[version]
    text = {
        "RKNN_VERSION": version, "RKNN_BUILD": release["build"],
        "RKNN_LOG_SEPARATOR": release["separator"], "RKNN_SUBMIT_ADVICE": release["advice"],
    }
    numbers = {
        "RKNN_DRIVER_FLOOR": release["floor"], "RKNN_DRIVER_RECOMMENDED": release["recommended"],
        "RKNN_MODEL_FORMAT": release["format"], "RKNN_MEM_CREATE_SIZE": release["mem_create"],
    }
    sources = ["runtime.c", "device.c", "model.c"] + (["fake_device.c"] if fake_device else [])
    return [
        "gcc" if native else "aarch64-linux-gnu-gcc",
        "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-shared",
        "-Wl,-soname,librknnrt.so", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now", "-s",
        f"-ffile-prefix-map={HERE}=.",
        *(f'-D{name}="{value}"' for name, value in text.items()),
        *(f"-D{name}={value}" for name, value in numbers.items()),
        *([f"-DRKNN_FAULT_{fault.upper()}"] if fault else []),
        "-o", str(output), *(str(HERE / source) for source in sources), "-lm",
    ]


def build(version: str, folder: pathlib.Path, native: bool = False, fake_device: bool = False, fault: str | None = None) -> pathlib.Path:
    """Write folder/librknnrt.so and return its path. Raises CalledProcessError if the compiler fails."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "librknnrt.so"
    subprocess.run(command(version, output, native, fake_device, fault), check=True)
    return output


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True, choices=sorted(RELEASES))
    parser.add_argument("--output", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--native", action="store_true", help="for this machine instead of aarch64")
    parser.add_argument("--fake-device", action="store_true", help="link a pretended render node in (tests)")
    parser.add_argument("--fault", choices=FAULTS, help="with this fault built in")
    arguments = parser.parse_args()
    try:
        print(build(arguments.version, arguments.output, arguments.native, arguments.fake_device, arguments.fault))
    except FileNotFoundError as error:
        print(f"build.py: {error.filename} is not installed (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)",
              file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
