# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The table of variables in the README of a role, from its argument specification."""

from __future__ import annotations

import json
import re

import yaml
from ansible_collections.rkfleet.npu.plugins.plugin_utils import _docs

BEGIN = "<!-- variables: written by `make docs` from meta/argument_specs.yml -->"
END = "<!-- end of variables -->"


def markdown(text):
    """Markdown of a text with Ansible's markup, for the README of a role."""
    text = re.sub(r"\bL\(([^,)]*),\s*([^)]*)\)", r"[\1](\2)", text).replace(f"({_docs.DOCUMENTATION}/", "(../../docs/")
    text = re.sub(r"\bP\(rkfleet\.npu\.(\w+)#role\)", r"[\1](../\1/README.md)", text)
    text = re.sub(r"\bB\(([^)]*)\)", r"**\1**", text)
    return re.sub(r"\b(?:C|M|O|V|RV)\(([^)]*)\)", r"`\1`", text)


def _default(value):
    if value in ("", None):
        return ""
    return "`%s`" % (value if isinstance(value, str) else json.dumps(value))


def variables(specs):
    """Markdown table of the options of all entry points of a role.

    Args:
        specs: content of meta/argument_specs.yml.
    """
    entries = specs["argument_specs"]
    rows = ["| variable | default | description |", "|---|---|---|"]
    for name, option in {
        name: option for entry in entries.values() for name, option in entry["options"].items()
    }.items():
        about = option["description"]
        sentences = [about] if isinstance(about, str) else list(about)
        if name not in entries["main"]["options"]:
            users = [f"`tasks_from: {entry}`" for entry in entries if name in entries[entry]["options"]]
            sentences.insert(0, f"For {', '.join(users)}.")
        cells = (f"`{name}`", _default(option.get("default")), markdown(" ".join(sentences)))
        rows.append("| {} |".format(" | ".join(cell.replace("|", "\\|") for cell in cells)))
    return "\n".join(rows)


def readme(folder):
    """Text of the README of a role, with its table of variables up to date; ValueError if it has no place for one.

    Args:
        folder: the role's folder.
    """
    text = (folder / "README.md").read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{folder / 'README.md'}: one line {BEGIN} and one line {END} are required")
    specs = yaml.safe_load((folder / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    return text.partition(BEGIN)[0] + f"{BEGIN}\n{variables(specs)}\n{END}" + text.partition(END)[2]
