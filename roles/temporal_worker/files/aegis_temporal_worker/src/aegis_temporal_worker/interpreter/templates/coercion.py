# SPDX-License-Identifier: Apache-2.0
"""How JavaScript turns values into text and numbers, compares and adds them (ECMAScript, "Abstract Operations")."""

from __future__ import annotations

import math
import re
from typing import Final

from ..values import UNDEFINED, number_text, text
from .scope import CHARACTERS_PER_STEP, Run
from .syntax import SPACES, TemplateError

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_WITH_BASE: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)
_INFINITE: Final = {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}
# Longer digits of another base are more than any double holds.
_MOST_DIGITS: Final = 1100
# A step for so many characters that are compared at once.
_COMPARED_PER_STEP: Final = 1024


def printed(value: object, run: Run) -> str:
    """What a tag prints: text as it is, nothing for null and undefined.

    Raises ``TemplateError`` for an object that has its own ``toString``, which JavaScript cannot print.
    """
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    _check_printable(value, run)
    return text(value)


def _check_printable(value: object, run: Run) -> None:
    """Count each item of arrays within arrays as a step, so that printing them again and again comes to an end."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            if "toString" in item:
                raise TemplateError("An object with a member 'toString' cannot be printed")
        elif isinstance(item, (list, tuple)):
            run.step(1 + len(item))
            left.extend([inner for inner in item if isinstance(inner, (list, tuple, dict))])


def falsy(value: object) -> bool:
    """What is false in JavaScript itself: unlike in ``{{#if}}``, an empty array is not."""
    if isinstance(value, (list, tuple, dict)):
        return False
    return not value or (isinstance(value, float) and math.isnan(value))


def as_number(value: object) -> float:
    """A boolean, number or text as JavaScript's ``Number()`` gives it; NaN when it is none."""
    if isinstance(value, str):
        return _text_as_number(value.strip(SPACES))
    if isinstance(value, (bool, int, float)):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return math.nan


def _text_as_number(digits: str) -> float:
    if not digits:
        return 0.0
    if _DECIMAL.fullmatch(digits):
        return float(digits)
    if _WITH_BASE.fullmatch(digits):
        return as_number(int(digits, 0)) if len(digits) <= _MOST_DIGITS else math.inf
    return _INFINITE.get(digits, math.nan)


def loosely_equal(left: object, right: object, run: Run) -> bool:
    """JavaScript's ``==``: an array or object is equal to itself, and to the text it prints as."""
    if left is right:
        return not (isinstance(left, float) and math.isnan(left))
    for one, other in ((left, right), (right, left)):
        if one is None or one is UNDEFINED:
            return other is None or other is UNDEFINED
    if isinstance(left, (list, tuple, dict)):
        if isinstance(right, (list, tuple, dict)):
            return False
        left = printed(left, run)
    elif isinstance(right, (list, tuple, dict)):
        right = printed(right, run)
    if isinstance(left, str) and isinstance(right, str):
        run.step(len(left) // _COMPARED_PER_STEP)
        return left == right
    for side in (left, right):
        run.step(len(side) // CHARACTERS_PER_STEP if isinstance(side, str) else 0)
    return as_number(left) == as_number(right)


def add(left: object, right: object, run: Run) -> object:
    """JavaScript's ``+`` of values that are neither null nor undefined: a sum of numbers and booleans, else text."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return as_number(left) + as_number(right)
    return printed(left, run) + printed(right, run)
