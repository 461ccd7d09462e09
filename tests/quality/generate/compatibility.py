# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""docs/compatibility.md, from the compatibility data."""

from __future__ import annotations

from .markdown import HEAD, code, table

DATA = "plugins/plugin_utils/_plan/compatibility.yml"


def _said(row):
    return [row.get("source"), row.get("confidence")]


def _checksum(row):
    kinds = [name for name in ("sha256", "git_blob") if row.get(name)]
    return ", ".join(kinds).replace("_", " ") or ("not known" if row.get("path") else None)


def _versions(row):
    return ", ".join("{}: {}".format(*item) for item in (row or {}).items())


def _drivers(data):
    return table(
        (
            "Driver",
            "Date",
            "Published as source",
            "Runtime that goes with it",
            "Linux the vendor recommends, at least",
            "Fails on",
            "Source",
            "Confidence",
        ),
        [
            [
                key,
                row.get("date"),
                code(row["path"].rsplit("/", 1)[1]) if row.get("path") else "no",
                row.get("runtime"),
                _versions(row.get("kernel_recommended")),
                ", ".join(row.get("fails_on", ())),
                *_said(row),
            ]
            for key, row in data["drivers"].items()
        ],
    )


def _runtimes(data):
    return table(
        (
            "Runtime",
            "Build",
            "Refuses drivers below",
            "Recommends a driver from",
            "Checksum",
            "Model that verifies it",
            "Source",
            "Confidence",
        ),
        [
            [
                key,
                code(row.get("build")),
                (row.get("driver_floor") or {}).get("requires"),
                (row.get("driver_floor") or {}).get("recommends"),
                _checksum(row),
                code(row.get("model")),
                *_said(row),
            ]
            for key, row in data["runtimes"].items()
        ],
    )


def _models(data):
    result = table(
        ("Model", "Picture", "Expected Top5 (class: score)", "Tolerance", "Recorded with", "Source", "Confidence"),
        [
            [
                code(key),
                code(row["picture"]),
                ", ".join(f"{index}: {score:.6f}" for index, score in row["expected_top5"]),
                row["tolerance"],
                row.get("recorded_with"),
                *_said(row),
            ]
            for key, row in data["models"].items()
        ],
    )
    return (
        result
        + "\n"
        + table(
            ("Model", "For", "File", "Checksum"),
            [
                [code(key), soc, code(row["path"]), _checksum(row)]
                for key, model in data["models"].items()
                for soc, row in model["soc"].items()
            ],
        )
    )


def _socs(data):
    def model(key, row):
        if "unsupported" in row:
            return "not supported: {}".format(row["unsupported"]["reason"])
        runtime = data["runtimes"][data["drivers"][data["defaults"]["driver"]]["runtime"]]
        name = row.get("model") or runtime["model"]
        return "{}, {}".format(code(name), code(row["model_dir"]))

    return table(
        ("SoC", "NPU node", "Described as", "Cores", "Model and its folder", "Oldest runtime", "Source", "Confidence"),
        [
            [
                key,
                code("npu@" + row["npu_node"]),
                code(row["compatible"]),
                row.get("cores", "differ"),
                model(key, row),
                row.get("runtime_floor"),
                *_said(row),
            ]
            for key, row in data["socs"].items()
        ],
    )


def _kernels(data):
    return table(
        (
            "Linux from",
            "Supported",
            "Changed interface, bridged by a build probe",
            "Why not, and what to do",
            "Source",
            "Confidence",
        ),
        [
            [
                key,
                "yes" if row["supported"] else "no",
                row.get("changed"),
                None if row["supported"] else "{}. {}".format(row.get("reason"), row.get("remedy")),
                *_said(row),
            ]
            for key, row in data["kernels"].items()
        ],
    )


def _vendor_kernels(data):
    return table(
        ("Package", "Driver in it", "For", "Source", "Confidence"),
        [
            [code(row["match"]), row["driver"], ", ".join(row.get("socs", ())) or "any SoC", *_said(row)]
            for row in data["vendor_kernels"]
        ],
    )


def _headers(data):
    return table(
        ("Distribution", "Kernel release", "Package", "If no repository has it", "Source", "Confidence"),
        [
            [row.get("distribution"), code(row["match"]), code(row["package"]) if "package" in row else "none",
             row.get("hint"), *_said(row)]
            for row in data["headers"]
        ],
    )


def _updated_kernels(data):
    return table(
        ("Package", "Linux from", "Driver in it", "Source", "Confidence"),
        [[code(row["match"]), row["from"], row["driver"], *_said(row)] for row in data["updated_kernels"]],
    )


def _rkllm(data):
    return table(
        ("librkllmrt.so from", "Driver from", "Source", "Confidence"),
        [[row["version"], row["driver_min"], *_said(row)] for row in data["rkllm"]],
    )


def _overlay_tools(data):
    return table(
        ("Tool", "Distribution", "Source", "Confidence"),
        [[code(key), row.get("distribution"), *_said(row)] for key, row in data["overlay_tools"].items()],
    )


def _pictures(data):
    return table(
        ("Picture", "Size", "Checksum", "Source", "Confidence"),
        [
            [code(key), f"{row['width']} × {row['height']}", _checksum(row), *_said(row)]
            for key, row in data["pictures"].items()
        ],
    )


EXTEND = """
## From the inventory

`npu_compatibility` is merged over the data: dictionaries recursively, everything else is replaced, and a row set to
`null` is removed. Of the rules (`vendor_kernels`, `headers`) the first that matches is used, and yours come before the
shipped ones. Write versions in quotes. Invalid data ends the run with one sentence before anything is changed.

A driver release that the collection does not know, from any server:
```yaml
npu_driver_version: "0.9.9"
npu_compatibility:
  drivers:
    "0.9.9":
      path: https://files.example.com/npu/rknpu_driver_0.9.9_20250901.tar.bz2
      sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
      runtime: "2.3.2"
```
Without `https://` the `path` is searched below `npu_mirror` (or `npu_upstream`) and in `npu_local_folder`. Nothing is
downloaded without a checksum: `sha256`, or `git_blob` (`git hash-object FILE`).

Your own copy of a model, for boards with an RK3568:
```yaml
npu_compatibility:
  models:
    mobilenet_v1-1.6.0:
      soc:
        rk3568:
          sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
```

Another tolerance for your boards:
```yaml
npu_compatibility:
  models:
    mobilenet_v1-1.6.0:
      tolerance: 0.0078125
```

A kernel of your own repository, and the package with its headers:
```yaml
npu_compatibility:
  vendor_kernels:
    - {match: 'linux-image-6\\.1\\.\\d+-acme', driver: "0.9.8", source: our build server, confidence: M}
  headers:
    - {match: '(6\\.1\\.\\d+)-acme$', package: 'acme-kernel-headers-\\1'}
```
Packages in `vendor_kernels` must be named `linux-image-` followed by the kernel release.

A kernel that is known to work or to fail, and a driver release that must not be installed:
```yaml
npu_compatibility:
  kernels:
    "6.12": {supported: false, reason: our camera driver breaks on it, remedy: Boot the vendor kernel 6.1.}
  drivers:
    "0.9.8":
```
"""


def compatibility(data):
    """Text of docs/compatibility.md."""
    sections = [
        (
            "Drivers",
            "Driver {} is the default (`npu_driver_version`). Any driver with a published source can be built.".format(
                data["defaults"]["driver"]
            ),
            _drivers,
        ),
        (
            "Runtimes",
            (
                "`librknnrt.so` for aarch64. Without `npu_runtime_version` a board gets the one that goes with its "
                "driver."
            ),
            _runtimes,
        ),
        (
            "RKLLM",
            (
                "The oldest driver that RKLLM's runtime works with. It is never installed; the plan notes a driver "
                "that is too old for it."
            ),
            _rkllm,
        ),
        (
            "Models",
            (
                "The model, picture and Top5 that verify a board. A file without a known checksum is not downloaded; "
                "add it as shown below."
            ),
            _models,
        ),
        ("Pictures", "", _pictures),
        ("SoCs", "With the model that verifies a board after an upgrade to the default driver.", _socs),
        (
            "Kernels",
            (
                "For building a module, the row with the highest version at or below the kernel's is used. A driver "
                "that already works needs no row."
            ),
            _kernels,
        ),
        (
            "Kernels of the boards' own repositories",
            (
                "The driver in a kernel package, by the package's whole name; for "
                "`npu_driver_strategy` `auto` and `vendor_kernel`. The first row that matches is used."
            ),
            _vendor_kernels,
        ),
        (
            "Kernel packages that replace themselves",
            (
                "The driver in a version of a package and newer ones, by the version of Linux. Such a package is never "
                "installed, as it takes the running kernel away; its owner can update to it."
            ),
            _updated_kernels,
        ),
        (
            "Header packages",
            ("The package with a kernel's headers, by the kernel's release. The first row that matches is used."),
            _headers,
        ),
        (
            "Overlay tools",
            "Tools that enable an NPU which is disabled in the device tree; the remedy names them.",
            _overlay_tools,
        ),
    ]
    text = (
        HEAD % DATA
        + """# Compatibility

Which drivers, runtimes, models, SoCs and kernels go together. All of this is data, in
[{data}](../{data}): no code decides by a version that is not there.
Each row has its source and confidence: **M** measured on the vendor's own files, a real Debian kernel or an emulated
board; **R** read in a public source; **I** inferred. What depends on an R or I row is checked on the board, and only an
inference verifies a board. Boards need {machine} and Python {python} or newer.
""".format(
            data=DATA,
            machine=" or ".join(data["requirements"]["machine"]),
            python=data["requirements"]["python"],
        )
    )
    for title, before, rows in sections:
        text += "\n## {}\n{}\n".format(title, f"\n{before}\n" if before else "") + rows(data)
    return text + EXTEND
