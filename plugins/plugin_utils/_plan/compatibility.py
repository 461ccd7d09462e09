# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The compatibility data: load it, merge the user's data over it, and validate the result before a plan uses it."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import os
import pathlib
import re

import yaml
from ansible import constants as C

from ...module_utils._board import version
from .._action import payload
from .._url import without_secrets

_FOLDER = pathlib.Path(__file__).parent
_HASHES = ("sha256", "git_blob")
_RULES = ("vendor_kernels", "updated_kernels", "headers")
_TYPES: dict = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


@functools.lru_cache(maxsize=None)
def _shipped():
    # A tenth of the time, where PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with open(_FOLDER / "compatibility.yml", encoding="utf-8") as stream:
        return yaml.load(stream, Loader=loader)  # both are safe


@functools.lru_cache(maxsize=None)
def _schema():
    with open(_FOLDER / "compatibility.schema.json", encoding="utf-8") as stream:
        return json.load(stream)


def load():
    """Return a copy of the data that this collection ships."""
    return copy.deepcopy(_shipped())


def newest_driver():
    """Return the newest driver version of the data that this collection ships; kept in a file as by `checked`."""
    return payload.cached_text(
        os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-newest-driver"),
        lambda: max(_shipped()["drivers"], key=version.parse),
    )


def _merge(base, over):
    result = dict(base)
    if any(over.get(key) for key in _HASHES):
        # It is another file: hashes, size and source of the shipped one do not apply to it.
        for key in _HASHES + ("size", "source", "confidence"):
            result.pop(key, None)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inherited = result.get(key)
            result[key] = _merge(inherited if isinstance(inherited, dict) else {}, value)
        else:
            result[key] = value
    return result


def merged(user=None):
    """Return the shipped data with the user's merged over it: dictionaries recursively, else replaced, null removes.

    The first rule that matches counts, so the user's rules are put before the shipped ones instead of replacing them.
    """
    if user is not None and not isinstance(user, dict):
        raise ValueError("npu_compatibility must be a dictionary")
    user, shipped = dict(user or {}), load()
    for section in _RULES:
        if isinstance(user.get(section), list):
            user[section] = user[section] + shipped[section]
    return _merge(shipped, user)


def checked(user=None):
    """The shipped data with the user's merged over it, validated; kept in a file for the other workers of this run.

    Raises:
        ValueError: if it is invalid, in one sentence.
    """
    user = user or {}
    key = hashlib.sha256(json.dumps(user, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def make():
        data = merged(user)
        errors = validate(data)
        if errors:
            raise ValueError(
                "npu_compatibility: %s%s"
                % (errors[0], "" if len(errors) == 1 else " (and %d more)" % (len(errors) - 1))
            )
        return json.dumps(data)

    return json.loads(
        payload.cached_text(os.path.join(C.DEFAULT_LOCAL_TMP, "rkfleet-npu-compatibility-%s.json" % key), make)
    )


def _check(value, schema, where, errors):
    """Append the errors of value against the part of JSON Schema that compatibility.schema.json uses."""
    if "$ref" in schema:
        schema = _schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        errors.append("%s must be of type %s" % (where, kind))
        return
    if "enum" in schema and value not in schema["enum"]:
        errors.append("%s must be one of %s" % (where, ", ".join(schema["enum"])))
    if kind == "string" and len(value) < schema.get("minLength", 0):
        errors.append("%s must not be empty" % where)
    elif kind == "string" and "pattern" in schema and not re.search(schema["pattern"], value):
        errors.append("%s: %r is not in the form expected" % (where, without_secrets(value)[:80]))
    if kind in ("integer", "number") and value < schema.get("minimum", value):
        errors.append("%s must be at least %s" % (where, schema["minimum"]))
    if kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            errors.append("%s has %d entries" % (where, len(value)))
        for index, item in enumerate(value):
            _check(item, schema.get("items", {}), "%s[%d]" % (where, index), errors)
    if kind == "object":
        _check_object(value, schema, where, errors)


def _check_object(value, schema, where, errors):
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key in schema.get("required", ()):
        if key not in value:
            errors.append("%s.%s is missing" % (where, key))
    for key, item in value.items():
        place = "%s.%s" % (where, key)
        if not isinstance(key, str) or not re.search(schema.get("propertyNames", {}).get("pattern", ""), key):
            errors.append("%s is not a valid key (versions are written in quotes)" % place)
        elif key in properties:
            _check(item, properties[key], place, errors)
        elif others is False:
            errors.append("%s is not a known key" % place)
        elif others is not True:
            _check(item, others, place, errors)


def _cross_references(data):
    def known(where, section, key):
        if key is not None and key not in data[section]:
            yield "%s: %s has no row %s" % (where, section, key)

    yield from known("defaults.driver", "drivers", data["defaults"]["driver"])
    for key, row in data["drivers"].items():
        yield from known("drivers.%s.runtime" % key, "runtimes", row.get("runtime"))
        if row.get("path") and not row.get("runtime"):
            yield "drivers.%s.runtime is missing: the runtime that goes with it" % key
    for key, row in data["runtimes"].items():
        yield from known("runtimes.%s.model" % key, "models", row.get("model"))
    for key, row in data["models"].items():
        yield from known("models.%s.picture" % key, "pictures", row["picture"])
        for soc in row["soc"]:
            yield from known("models.%s.soc" % key, "socs", soc)
        for index, unused in row["expected_top5"]:
            if index != int(index):
                yield "models.%s.expected_top5: %s is not an index" % (key, index)
    for key, row in data["socs"].items():
        yield from known("socs.%s.family" % key, "socs", row.get("family"))
        yield from known("socs.%s.model" % key, "models", row.get("model"))
    # A model's checksum may be missing: nothing is downloaded before its owner adds it, and a note of the plan says so.
    for section in ("drivers", "runtimes", "pictures"):
        for key, row in data[section].items():
            if row.get("path") and not any(row.get(name) for name in _HASHES):
                yield "%s.%s has a path but neither sha256 nor git_blob: nothing is downloaded without a checksum" % (
                    section, key)
    for index, row in enumerate(data["vendor_kernels"]):
        for soc in row.get("socs", ()):
            yield from known("vendor_kernels[%d].socs" % index, "socs", soc)
    for section in _RULES:
        for index, row in enumerate(data[section]):
            yield from _rule("%s[%d]" % (section, index), row)


def _rule(where, row):
    try:
        groups = re.compile(row["match"]).groups
    except re.error as error:
        yield "%s.match is not a regular expression: %s" % (where, error)
        return
    if not row.get("package") and "driver" not in row and not row.get("hint"):
        yield "%s has neither package nor hint: where the headers are" % where
    if any(int(number) > groups for number in re.findall(r"\\(\d+)", row.get("package", ""))):
        yield "%s.package uses a group that its match does not have" % where


def validate(data):
    """Return the errors of merged compatibility data, one sentence each; an empty list if it is valid."""
    errors = []
    _check(data, _schema(), "compatibility", errors)
    if not errors:
        errors.extend(_cross_references(data))
    return [error.replace("compatibility.", "", 1) for error in errors]
