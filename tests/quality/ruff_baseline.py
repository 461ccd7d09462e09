# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Keep ruff-baseline.toml, the list of the files that do not pass ruff's rules yet.

As a command it removes the entries that are no longer needed; with --rewrite it lists everything again, which is for
files that were renamed, and for nothing else.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

NAME = "ruff-baseline.toml"
HEAD = """\
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# Files that do not pass yet, with the rules they break. Add none: fix the line instead.
# Remove what is no longer needed: .venv/bin/python tests/quality/ruff_baseline.py

[lint.extend-per-file-ignores]
"""


def listed(root: pathlib.Path) -> set[tuple[str, str]]:
    """Pairs of file and rule that the baseline has."""
    entries = tomllib.loads((root / NAME).read_text())["lint"]["extend-per-file-ignores"]
    return {(path, rule) for path, rules in entries.items() for rule in rules}


def broken(root: pathlib.Path) -> set[tuple[str, str]]:
    """Pairs of file and rule that ruff finds without the baseline."""
    settings = (root / "pyproject.toml").read_text().replace(f'extend = "{NAME}"\n', "")
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "pyproject.toml")
        config.write_text(settings)
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--exit-zero", "--output-format", "json"]
        report = subprocess.run([*command, "--config", config], cwd=root, check=True, stdout=subprocess.PIPE).stdout
    return {(str(pathlib.Path(entry["filename"]).relative_to(root)), entry["code"]) for entry in json.loads(report)}


def text(pairs: set[tuple[str, str]]) -> str:
    """The baseline's text."""
    rules: dict[str, list[str]] = {}
    for path, rule in sorted(pairs):
        rules.setdefault(path, []).append(rule)
    return HEAD + "".join(f"{json.dumps(path)} = {json.dumps(rules[path])}\n" for path in rules)


def main() -> None:
    """Write the baseline again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewrite", action="store_true", help="list everything again")
    root = pathlib.Path(__file__).resolve().parents[2]
    pairs = broken(root) if parser.parse_args().rewrite else broken(root) & listed(root)
    (root / NAME).write_text(text(pairs))
    print(f"{NAME}: {len(pairs)} entries in {len({path for path, rule in pairs})} files", file=sys.stderr)


if __name__ == "__main__":
    main()
