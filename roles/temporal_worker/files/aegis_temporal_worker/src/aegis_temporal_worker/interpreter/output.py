# SPDX-License-Identifier: Apache-2.0
"""The final output: ``output_template`` filled in, its leaves coerced by ``output_schema`` (contract 6.14)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from .definition import as_object

Render = Callable[[str], str]
Warn = Callable[[str], None]

_INTEGER: Final = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def build(template: Mapping[str, Any], schema: Mapping[str, Any], render: Render, warn: Warn) -> dict[str, Any]:
    """Fill in the template; every text in it is a template, other scalars pass through.

    A leaf that its schema's type refuses becomes null and is told to ``warn``: a run that did its work does not fail
    over the form of its result. Raises what ``render`` raises.
    """
    properties = as_object(schema.get("properties"))
    return {
        key: _coerce(_fill(item, as_object(properties.get(key)), render, warn), key, properties.get(key), warn)
        for key, item in template.items()
    }


def _fill(item: object, schema: Mapping[str, Any], render: Render, warn: Warn) -> object:
    if isinstance(item, str):
        return render(item)
    if isinstance(item, Mapping):
        return build(item, schema, render, warn)
    if isinstance(item, (list, tuple)):
        # Items are never coerced: the schema of an array is not looked into.
        return [_fill(entry, {}, render, warn) for entry in item]
    return item


def _coerce(value: object, key: str, schema: object, warn: Warn) -> object:
    wanted = as_object(schema).get("type")
    if not isinstance(value, str) or not isinstance(wanted, str) or wanted not in _COERCE:
        return value
    try:
        return _COERCE[wanted](value)
    except ValueError:
        if value.strip():
            warn(f"output_template: {key!r} is no {wanted}; it becomes null")
        return None


def _integer(value: str) -> int:
    match = _INTEGER.match(value)
    if match is None:
        raise ValueError(value)
    return int(match[1])


def _number(value: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return int(number) if number.is_integer() else number


def _json_of(kind: type) -> Callable[[str], object]:
    def read(value: str) -> object:
        parsed = json.loads(value)
        if not isinstance(parsed, kind):
            raise ValueError(value)  # noqa: TRY004 - one error type for "does not fit"
        return parsed

    return read


_COERCE: Final[Mapping[str, Callable[[str], object]]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda value: value == "true",
    "object": _json_of(dict),
    "array": _json_of(list),
}
