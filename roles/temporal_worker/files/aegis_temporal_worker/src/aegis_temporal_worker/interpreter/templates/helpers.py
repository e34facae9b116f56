# SPDX-License-Identifier: Apache-2.0
"""The eight helpers that AEGIS adds to Handlebars (contract 6.12).

An argument that the template leaves out is ``UNDEFINED``, as a missing value is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..values import MOST_LEVELS, UNDEFINED, json_text, own_keys, text, utf16_length
from .syntax import SPACES, TemplateError

# What Handlebars itself registers. They win over everything but block parameters.
BUILT_IN: Final = frozenset({"if", "unless", "each", "with", "lookup", "log"})

_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")


def _length(value: object) -> object:
    """Items of an array, UTF-16 units of a text, keys of an object, else 0."""
    if isinstance(value, str):
        return utf16_length(value)
    return len(value) if isinstance(value, (list, tuple, dict)) else 0


def _text_only(name: str, change: Callable[[str], str]) -> Callable[[object], object]:
    def helper(value: object) -> object:
        if isinstance(value, str):
            return change(value)
        if value is None or value is UNDEFINED:
            return ""
        raise TemplateError(f"The helper {name!r} works on text, not on {json_text(value)[:60]}")

    return helper


def _json(value: object) -> object:
    """Compact JSON; nothing for a missing value."""
    return "" if value is UNDEFINED else json_text(value)


def _first_line(value: object) -> object:
    """The first line, trimmed."""
    return text(value).partition("\n")[0].strip(SPACES)


def _default(value: object, otherwise: object) -> object:
    """The first value unless it is missing, null or empty text."""
    return otherwise if value is None or value is UNDEFINED or value == "" else value


def _keys(value: object) -> object:
    """A JSON array of an object's keys; text is read as JSON first; else an empty array."""
    if isinstance(value, str):
        value = _read_json(value)
    return json_text(own_keys(value)) if isinstance(value, dict) else "[]"


def _read_json(written: str) -> object:
    """The value, or None when the text is no JSON or is nested deeper than a run may be given."""
    if _levels(written) > MOST_LEVELS:
        return None
    try:
        # Numbers become floats: only keys are asked for, and Python refuses integers of more than 4300 digits.
        return json.loads(written, parse_int=float, parse_constant=_refuse)
    except ValueError:
        return None


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _levels(written: str) -> int:
    """The levels of nesting in a JSON text; 0 for texts that cannot have too many."""
    if written.count("[") + written.count("{") <= MOST_LEVELS:
        return 0
    deepest = level = 0
    for bracket in _BRACKET.finditer(_JSON_STRING.sub("", written)):
        level += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, level)
        if deepest > MOST_LEVELS:
            break
    return deepest


class Helper(NamedTuple):
    """A function, how many arguments it takes, and for how many characters read or made it takes a step."""

    call: Callable[..., Any]
    arguments: int = 1
    characters_per_step: int = 16


HELPERS: Final[dict[str, Helper]] = {
    "length": Helper(_length),
    "upper": Helper(_text_only("upper", str.upper)),
    "lower": Helper(_text_only("lower", str.lower)),
    "trim": Helper(_text_only("trim", lambda value: value.strip(SPACES))),
    "json": Helper(_json, characters_per_step=4),
    "first_line": Helper(_first_line),
    "default": Helper(_default, arguments=2),
    "keys": Helper(_keys, characters_per_step=4),
}
# What can be called for its value.
CALLABLE: Final = frozenset({*HELPERS, "lookup"})
