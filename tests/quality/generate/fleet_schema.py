# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""docs/fleet.schema.json, from the schema of a board's record."""

from __future__ import annotations

import json

from ansible_collections.rkfleet.npu.plugins.plugin_utils._report.files import SCHEMA
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import record
from ansible_collections.rkfleet.npu.plugins.plugin_utils._schema import values as kinds

TIME = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
TYPES = {
    kinds.TEXT: {"type": "string"},
    kinds.VERSION: {"type": "string"},
    kinds.TIME: TIME,
    kinds.FLAG: {"type": "boolean"},
    kinds.OPTIONAL_FLAG: {"type": "boolean"},
    kinds.INTEGER: {"type": "integer"},
    kinds.NUMBER: {"type": "number"},
    kinds.AMOUNT: {"type": "number", "minimum": 0},
    kinds.TEXTS: {"type": "array", "items": {"type": "string"}},
}


def json_schema(field):
    """JSON schema of a field of a board's record."""
    about = {"description": field.about} if field.about else {}
    if isinstance(field.kind, dict):
        schema = _object({name: json_schema(inner) for name, inner in field.kind.items()})
    elif isinstance(field.kind, list):
        schema = {"type": "array", "items": json_schema(field.kind[0])}
    elif isinstance(field.kind, tuple):
        return {
            **about,
            "enum": [*(word for word in field.kind if word is not None), *([None] if field.nullable else [])],
        }
    else:
        schema = dict(TYPES[field.kind])
    if field.nullable and schema["type"] != "array":
        schema["type"] = [schema["type"], "null"]
    return {**about, **schema}


def _object(properties):
    return {"type": "object", "required": list(properties), "additionalProperties": False, "properties": properties}


def fleet_schema():
    """Text of docs/fleet.schema.json."""
    count = {"type": "integer", "minimum": 0}
    board = json_schema(record.RECORD)
    board["properties"]["name"]["minLength"] = 1
    report = _object(
        {
            "schema": {"const": SCHEMA},
            "generated_at": TIME,
            "summary": {
                "description": "how many boards have which status",
                **_object(dict.fromkeys(("boards", *record.STATUSES), count)),
            },
            "exit_code": {
                "description": "0 all healthy, 2 some need work or unknown, 4 some unreachable, as Ansible has it; "
                "those on hold do not count",
                "enum": [0, 2, 4],
            },
            "boards": {"type": "array", "items": {"$ref": "#/$defs/board"}},
        }
    )
    return (
        json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "fleet.json: the report of a fleet, written to npu_report_dir on the controller",
                **report,
                "$defs": {"board": board},
            },
            indent=2,
        )
        + "\n"
    )
