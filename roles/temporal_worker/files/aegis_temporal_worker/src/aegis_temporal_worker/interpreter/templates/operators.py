# SPDX-License-Identifier: Apache-2.0
"""Operators on values: an extension of Handlebars (contract 6.10, 6.13, 9.2 no. 34).

The blackboard holds what states wrote as text, so a comparison takes text by value: two sides that look like numbers
are compared as numbers, and beside a boolean or number ``true`` and ``false`` are booleans.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

from ..values import UNDEFINED, truthy
from .coercion import as_number
from .scope import CHARACTERS_PER_STEP, Scope
from .syntax import SPACES, TemplateError

_Get = Callable[[Scope], Any]
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}
_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def negation(operand: _Get) -> _Get:
    """The closure for ``!``: truth as ``{{#if}}`` sees it."""
    return lambda scope: not truthy(operand(scope))


def operation(operator: str, left: _Get, right: _Get) -> _Get:
    """The closure for two operands."""
    if operator == "&&":

        def both(scope: Scope) -> object:
            value = left(scope)
            return right(scope) if truthy(value) else value

        return both
    if operator == "||":

        def either(scope: Scope) -> object:
            value = left(scope)
            return value if truthy(value) else right(scope)

        return either
    if operator in ("==", "===", "!=", "!=="):
        wanted = operator[0] == "="
        return lambda scope: _equal(left(scope), right(scope), scope) is wanted
    if operator in _ORDER:
        compare = _ORDER[operator]
        return lambda scope: _ordered(left(scope), right(scope), compare, scope)
    return lambda scope: _calculated(operator, left(scope), right(scope))


def _number(value: object) -> float | None:
    """The number that a value is or looks like."""
    if isinstance(value, str):
        digits = value.strip(SPACES)
        return float(digits) if _NUMBER.fullmatch(digits) else None
    if isinstance(value, (int, float)):
        return as_number(value)
    return None


def _by_value(value: object) -> object:
    if isinstance(value, str):
        return _BOOLEANS.get(value.strip(SPACES), value)
    return value


def _charge(left: object, right: object, scope: Scope) -> None:
    if isinstance(left, str) and isinstance(right, str):
        scope.run.step((len(left) + len(right)) // CHARACTERS_PER_STEP)


def _equal(left: object, right: object, scope: Scope) -> bool:
    if left is None or left is UNDEFINED:
        return right is None or right is UNDEFINED
    if isinstance(left, str) and isinstance(right, str):
        _charge(left, right, scope)
        if left == right:
            return True
    else:
        left, right = _by_value(left), _by_value(right)
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return first == second
    # Arrays and objects equal themselves only, as in JavaScript.
    return left is right


def _ordered(left: object, right: object, compare: Callable[[Any, Any], bool], scope: Scope) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        _charge(left, right, scope)
    else:
        left, right = _by_value(left), _by_value(right)
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return compare(first, second)
    if isinstance(left, str) and isinstance(right, str):
        return compare(left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass"))
    # Nothing is before or after a missing value, an array or an object.
    return False


def _calculated(operator: str, left: object, right: object) -> object:
    first, second = _addend(left), _addend(right)
    match operator:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
    if second == 0:
        raise TemplateError(f"{operator} by zero")
    if operator == "/":
        return first / second
    return math.fmod(first, second) if math.isfinite(first) else math.nan


def _addend(value: object) -> float:
    # A counter that nobody has set begins at zero.
    if value is None or value is UNDEFINED or value == "":
        return 0.0
    number = _number(value)
    if number is None or isinstance(value, bool):
        shown = repr(value[:60]) if isinstance(value, str) else "A boolean, array or object"
        raise TemplateError(f"{shown} is no number")
    return number
