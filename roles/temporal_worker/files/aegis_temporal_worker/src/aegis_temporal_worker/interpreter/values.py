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
from typing import Any, Final

from .errors import InterpreterError

# Most levels of arrays and objects in what a run is given. The orchestrator's own JSON reader stops here (serde_json,
# recursion limit of the Deserializer), and recursive work on values stays far from Python's limit of 1000 frames.
MOST_LEVELS: Final = 128
# Most levels of arrays and objects that are printed: what a run was given may be wrapped a few times by its states.
MOST_PRINTED_LEVELS: Final = 2 * MOST_LEVELS
# An array index as JavaScript writes it (no sign, no leading zero) is less than this (2**32 - 1).
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_NO_INDEX: Final = 2**32 - 1
# Beyond this an integer is not exact as a JavaScript number (Number.MAX_SAFE_INTEGER + 1).
_EXACT: Final = 2**53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Undefined:
    """What JavaScript's ``undefined`` is: a name that leads nowhere, told apart from null."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


def is_number(value: object) -> bool:
    """Whether the value is a finite number; a boolean is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and _finite(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that JavaScript reads as Infinity
        return False


def as_number(value: object) -> float | None:
    """The value as a number, or None when it is none (see ``is_number``)."""
    if isinstance(value, (int, float)) and is_number(value):
        return value
    return None


def truthy(value: object) -> bool:
    """Truth as ``{{#if}}`` sees it: false are missing, null, false, 0, NaN, empty text and the empty array."""
    if value:
        return not (isinstance(value, float) and math.isnan(value))
    return isinstance(value, Mapping)


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
    """A value as JavaScript's ``String()`` gives it; missing and null are empty, as templates print them.

    Raises ``InterpreterError`` for a value nested too deep, ``TypeError`` for what is no JSON value.
    """
    if isinstance(value, str):
        return value
    return _text(value, MOST_PRINTED_LEVELS)


def _text(value: object, levels: int) -> str:
    if value is None or value is UNDEFINED:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, Mapping):
        return "[object Object]"
    if isinstance(value, Sequence):
        if not levels:
            raise _too_deep()
        # A comprehension would take a second frame on each level.
        items: list[str] = []
        for item in value:
            items.append(_text(item, levels - 1))
        return ",".join(items)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def json_text(value: object) -> str:
    """Compact JSON as ``JSON.stringify`` writes it: non-ASCII kept, no ``.0`` on whole numbers, NaN as null.

    Keys are in JavaScript's order, see ``own_keys``. Raises as ``text`` does.
    """
    out: list[str] = []
    _json(value, out, MOST_PRINTED_LEVELS)
    return "".join(out)


def _json(value: object, out: list[str], levels: int) -> None:
    if isinstance(value, str):
        out.append(_json_string(value))
    elif value is None or value is UNDEFINED:
        out.append("null")
    elif isinstance(value, bool):
        out.append("true" if value else "false")
    elif isinstance(value, (int, float)):
        out.append(number_text(value) if _finite(value) else "null")
    elif not levels:
        raise _too_deep()
    elif isinstance(value, Mapping):
        before = "{"
        for key in own_keys(value):
            out.append(f"{before}{_json_string(str(key))}:")
            _json(value[key], out, levels - 1)
            before = ","
        out.append("{}" if before == "{" else "}")
    elif isinstance(value, Sequence):
        before = "["
        for item in value:
            out.append(before)
            _json(item, out, levels - 1)
            before = ","
        out.append("[]" if before == "[" else "]")
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")


def _json_string(value: str) -> str:
    quoted = encode_basestring(value)
    if quoted.isascii():
        return quoted
    # Lone surrogates cannot be encoded as UTF-8; JSON.stringify escapes them.
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _too_deep() -> InterpreterError:
    return InterpreterError(f"A value nested in more than {MOST_PRINTED_LEVELS} levels cannot be printed")


def own_keys(value: Mapping[str, Any]) -> list[str]:
    """Keys in the order of JavaScript's ``Object.keys``: array indices by number, then the others as they came."""
    keys = list(value)
    if not any("0" <= key[:1] <= "9" for key in keys):
        return keys
    others: list[str] = []
    indices: list[str] = []
    for key in keys:
        (indices if _INDEX.fullmatch(key) and int(key) < _NO_INDEX else others).append(key)
    return sorted(indices, key=int) + others


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
    return len(value) if value.isascii() else len(_utf16(value)) // 2


def utf16_unit(value: str, index: int) -> str | None:
    """The UTF-16 unit at ``index`` (half of a character beyond U+FFFF is a surrogate), or None past the end."""
    if value.isascii():
        return value[index] if index < len(value) else None
    unit = _utf16(value)[2 * index : 2 * index + 2]
    return unit.decode("utf-16-le", "surrogatepass") if unit else None


def _utf16(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass")


def weight(value: object) -> int:
    """Roughly how many bytes the value takes as JSON: the texts in it plus a few bytes for every value."""
    total = 0
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            total += len(item.encode("utf-8", "surrogatepass")) + 4
        elif isinstance(item, Mapping):
            total += 2
            for key, member in item.items():
                total += len(str(key)) + 4
                left.append(member)
        elif isinstance(item, Sequence):
            total += 2 + len(item)
            left.extend(item)
        else:
            total += 8
    return total
