# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Write the generated documents (`make docs`): what each is written from is said in tests/quality/generate."""

from __future__ import annotations

import pathlib
import sys

import yaml

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent)]

import environment  # noqa: E402

sys.path[:0] = [str(environment.COLLECTIONS)]

from lab.demo_recording import svg as demo_svg  # noqa: E402
from quality.generate.boards import boards, cases, untested  # noqa: E402
from quality.generate.compatibility import DATA, compatibility  # noqa: E402
from quality.generate.diagnoses import document as troubleshooting  # noqa: E402
from quality.generate.fleet_schema import fleet_schema  # noqa: E402
from quality.generate.markdown import ROOT  # noqa: E402
from quality.generate.variables import readme  # noqa: E402

TROUBLESHOOTING = "docs/troubleshooting.md"
RECORDING = "tests/lab/demo-recording.txt"


def generated(root=ROOT):
    """{path relative to root: the text it should have}."""
    data = yaml.safe_load((root / DATA).read_text(encoding="utf-8"))
    return {
        "docs/compatibility.md": compatibility(data),
        "docs/boards.md": boards(cases(root)),
        "docs/fleet.schema.json": fleet_schema(),
        "docs/demo.svg": demo_svg((root / RECORDING).read_text(encoding="utf-8")),
        TROUBLESHOOTING: troubleshooting((root / TROUBLESHOOTING).read_text(encoding="utf-8")),
        **{
            f"roles/{specs.parts[-3]}/README.md": readme(specs.parent.parent)
            for specs in sorted(root.glob("roles/*/meta/argument_specs.yml"))
        },
    }


def main():
    """Write what is stale; 1 where a required case has no test."""
    for name, text in generated().items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print("wrote", name)
    missing = untested(cases())
    for title in missing:
        print("no test shows the case:", title, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
