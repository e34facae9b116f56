# SPDX-License-Identifier: Apache-2.0
"""Values with the meaning they have in JavaScript; the expected texts are what Node.js prints."""

from __future__ import annotations

import math

import pytest

from aegis_temporal_worker.interpreter.values import json_text, number_text, text, truthy, utf16_length


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


@pytest.mark.parametrize("value", [None, False, 0, 0.0, -0.0, math.nan, "", []])
def test_false(value: object) -> None:
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
    ],
)
def test_json(value: object, printed: str) -> None:
    assert json_text(value) == printed


def test_length_counts_utf16_units() -> None:
    assert utf16_length("aü😀") == 4


def test_no_python_object_is_printed() -> None:
    with pytest.raises(TypeError):
        text(object())
    with pytest.raises(TypeError):
        json_text(object())
