# SPDX-License-Identifier: Apache-2.0
"""JSON on the wire: fast for what is usual, complete for what is not."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import orjson


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON in insertion order; dataclasses become objects.

    Raises ``TypeError`` or ``RecursionError`` for what is no JSON value.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson refuses lone surrogates, integers over 64 bits and deep nesting; all of these are JSON.
        return json.dumps(value, default=_object, separators=(",", ":"), allow_nan=False).encode()


def loads(data: bytes) -> Any:
    """The value of a JSON text.

    Raises ``ValueError`` for anything else.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data, parse_constant=_refuse)


def _object(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
