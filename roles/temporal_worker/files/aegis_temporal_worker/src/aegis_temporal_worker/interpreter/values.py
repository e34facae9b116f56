# SPDX-License-Identifier: Apache-2.0
"""JSON values with the meaning they have in JavaScript.

Manifests are written against an engine that runs on JavaScript: which values count as true, how a number is printed
and what an array looks like in text follow ECMAScript (https://tc39.es/ecma262/).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Final

# Most levels of arrays and objects in what a run is given. The orchestrator's own JSON reader stops here (serde_json,
# recursion limit of the Deserializer), and recursive work on values stays far from Python's limit of 1000 frames.
MOST_LEVELS: Final = 128
# Beyond this an integer is not exact as a JavaScript number (Number.MAX_SAFE_INTEGER + 1).
_EXACT: Final = 2**53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def is_number(value: object) -> bool:
    """Whether the value is a finite number; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def as_number(value: object) -> float | None:
    """The value as a number, or None when it is none (see ``is_number``)."""
    if isinstance(value, (int, float)) and is_number(value):
        return value
    return None


def truthy(value: object) -> bool:
    """Truth as ``{{#if}}`` sees it: false are missing, null, false, 0, NaN, empty text and the empty array."""
    if isinstance(value, float) and math.isnan(value):
        return False
    if isinstance(value, Mapping):
        return True
    return bool(value)


def number_text(value: float) -> str:
    """A number as ``Number.prototype.toString`` prints it: 1.0 is ``1``, 1e21 is ``1e+21``."""
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return str(value)
        try:
            value = float(value)
        except OverflowError:
            return "Infinity" if value > 0 else "-Infinity"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    return ("-" if value < 0 else "") + _positive_text(abs(value))


def _positive_text(value: float) -> str:
    # repr gives the shortest digits that read back as the same number, as ECMAScript wants; only the form differs.
    mantissa, _mark, exponent = repr(value).partition("e")
    whole, _point, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    sign = "+" if point > 0 else "-"
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{tail}e{sign}{abs(point - 1)}"


def text(value: object) -> str:
    """A value as JavaScript's ``String()`` gives it; missing and null are empty, as templates print them."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, Mapping):
        return "[object Object]"
    if isinstance(value, Sequence):
        return ",".join(text(item) for item in value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def json_text(value: object) -> str:
    """Compact JSON as ``JSON.stringify`` writes it: non-ASCII kept, no ``.0`` on whole numbers, NaN as null."""
    if isinstance(value, str):
        # Lone surrogates cannot be encoded as UTF-8; JSON.stringify escapes them.
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", encode_basestring(value))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value) if math.isfinite(value) else "null"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json_text(str(key))}:{json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} is no JSON value")


def too_deep(value: object) -> bool:
    """Whether arrays and objects are nested in more than ``MOST_LEVELS`` levels."""
    level = [value]
    for _level in range(MOST_LEVELS):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return any(isinstance(item, (Mapping, list)) for item in level)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def utf16_length(value: str) -> int:
    """Length of a text in UTF-16 units, as JavaScript counts."""
    return len(value) + sum(1 for character in value if ord(character) > 0xFFFF)


def weight(value: object) -> int:
    """Roughly how many bytes the value takes as JSON: the texts in it plus a few bytes for every value."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass")) + 4
    if isinstance(value, Mapping):
        return 2 + sum(len(str(key)) + 4 + weight(item) for key, item in value.items())
    if isinstance(value, Sequence):
        return 2 + sum(weight(item) + 1 for item in value)
    return 8
