# SPDX-License-Identifier: Apache-2.0
"""Values with the meaning they have in JavaScript; the expected texts are what Node.js prints."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from aegis_temporal_worker.interpreter.errors import InterpreterError
from aegis_temporal_worker.interpreter.values import (
    MOST_PRINTED_LEVELS,
    UNDEFINED,
    as_number,
    is_number,
    json_text,
    number_text,
    own_keys,
    text,
    truthy,
    utf16_length,
    utf16_unit,
    weight,
)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-2.50, "-2.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (123456.789, "123456.789"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.000001, "0.000001"),
        (0.00000123, "0.00000123"),
        (1e-7, "1e-7"),
        (1.25e-10, "1.25e-10"),
        (5e-324, "5e-324"),
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740992"),
        (12345678901234567890, "12345678901234567000"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
    ],
)
def test_numbers(value: float, printed: str) -> None:
    """Contract 6.12: as JavaScript prints them."""
    assert number_text(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        ("a", "a"),
        ({}, "[object Object]"),
        ({"a": 1}, "[object Object]"),
        ([], ""),
        ([1, None, "x", [2, [3]], {"a": 1}, True], "1,,x,2,3,[object Object],true"),
    ],
)
def test_text(value: object, printed: str) -> None:
    assert text(value) == printed


@pytest.mark.parametrize("value", [None, UNDEFINED, False, 0, 0.0, -0.0, math.nan, "", [], ()])
def test_false(value: object) -> None:
    """Contract 6.12: truth in ``if``."""
    assert not truthy(value)


@pytest.mark.parametrize("value", [True, 1, -1, "0", "false", [0], {}, {"a": 1}])
def test_true(value: object) -> None:
    assert truthy(value)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ({"b": 1.0, "a": [None, True, 'ü\n"\\']}, '{"b":1,"a":[null,true,"ü\\n\\"\\\\"]}'),
        (math.nan, "null"),
        ("\x07\x7f\u2028", '"\\u0007\x7f\u2028"'),
        ("a\ud800b", '"a\\ud800b"'),
        (1e-7, "1e-7"),
        (10**400, "null"),
        ([UNDEFINED, [], {}, [[]]], "[null,[],{},[[]]]"),
        ({"b": 1, "10": 2, "9": 3, "01": 4, "-1": 5}, '{"9":3,"10":2,"b":1,"01":4,"-1":5}'),
    ],
)
def test_json(value: object, printed: str) -> None:
    """Contract 6.12: compact, whole numbers without a fraction."""
    assert json_text(value) == printed


def test_length_counts_utf16_units() -> None:
    assert utf16_length("aü😀") == 4


def test_no_python_object_is_printed() -> None:
    with pytest.raises(TypeError):
        text(object())
    with pytest.raises(TypeError):
        json_text(object())


def test_a_place_in_a_text_is_a_utf16_unit() -> None:
    assert [utf16_unit("aü😀", index) for index in range(5)] == ["a", "ü", "\ud83d", "\ude00", None]
    assert [utf16_unit("ab", index) for index in range(3)] == ["a", "b", None]


def test_keys_in_the_order_of_javascript() -> None:
    assert own_keys({"b": 1, "2": 1, "a": 1, "10": 1, "1": 1}) == ["1", "2", "10", "b", "a"]
    # No array indices: a leading zero, a sign, 2**32 - 1 and more.
    assert own_keys({"4294967295": 1, "01": 1, "-1": 1, "4294967294": 1, "": 1}) == [
        *["4294967294", "4294967295", "01", "-1", ""]
    ]


def test_an_integer_beyond_every_float_is_infinite() -> None:
    assert not is_number(10**400)
    assert as_number(10**400) is None
    assert truthy(10**400)


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _level in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize("show", [text, json_text])
def test_too_deep_values_are_refused_before_python_does(show: Callable[[object], str]) -> None:
    assert show(nested(MOST_PRINTED_LEVELS)).count("[") in (0, MOST_PRINTED_LEVELS)
    with pytest.raises(InterpreterError, match="256 levels"):
        show(nested(MOST_PRINTED_LEVELS + 1))
    with pytest.raises(InterpreterError, match="256 levels"):
        show(nested(100_000))


def test_weight_of_any_depth() -> None:
    assert weight({"ab": "cde", "f": [1, None]}) == 2 + (2 + 4 + 7) + (1 + 4 + 2 + 2 + 8 + 8)
    assert weight(nested(100_000)) > 100_000
