# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The published schema of a report."""

from __future__ import annotations

import json

import jsonschema
import pytest


@pytest.fixture(scope="module")
def schema(root):
    """The check of a document against docs/fleet.schema.json."""
    data = json.loads((root / "docs/fleet.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(data)
    return jsonschema.Draft202012Validator(data).validate
