# SPDX-License-Identifier: Apache-2.0
"""Contract 6.4, row "output": the fence around a final text, and JSON in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_temporal_worker.interpreter.kinds.agent_text import first_fenced, json_value, output_of, without_fence

DEEP = "[" * 200 + "]" * 200


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("hello", "hello"),
        ("  hello\n", "hello"),
        ('{"a": 1}', {"a": 1}),
        (' [1, "x"]\n', [1, "x"]),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}\n```\n', {"a": 1}),
        ('```json {"a": 1} ```', {"a": 1}),
        ('```json\n{"a": 1}```', {"a": 1}),
        ('```json\r\n{"a": 1}\r\n```', {"a": 1}),
        ("```python\nprint(1)\n```", "print(1)"),
        ("````md\n```py\nx\n```\n````", "```py\nx\n```"),
        ("```md\nSee:\n```py\nx\n```\nend\n```", "See:\n```py\nx\n```\nend"),
        # Two blocks: no fence goes around all of it.
        ("```a\nx\n```\nand\n```b\ny\n```", "```a\nx\n```\nand\n```b\ny\n```"),
        ("text ```json\n{}\n```", "text ```json\n{}\n```"),
        ("```json\n{}\n``` text", "```json\n{}\n``` text"),
        ("```hello world```", "```hello world```"),
        # Nothing would be left: the text as it is.
        ("", ""),
        ("  ", "  "),
        ("```\n```", "```\n```"),
        ("```", "```"),
        # No object or array, or none that parses.
        ("5", "5"),
        ('"x"', '"x"'),
        ("null", "null"),
        ("{a: 1}", "{a: 1}"),
        ('{"a": 1} {"b": 2}', '{"a": 1} {"b": 2}'),
        ('{"a": NaN}', '{"a": NaN}'),
        ('{"a": 1e999}', '{"a": 1e999}'),
        (DEEP, DEEP),
    ],
)
def test_output(text: str, output: object) -> None:
    """6.4: fence stripped; parsed when it is an object or array; else the text; raw when nothing is left."""
    assert output_of(text) == output


def test_deeper_than_python_recurses_is_text() -> None:
    text = "[" * 100_000 + "]" * 100_000
    assert json_value(text) is None


def test_huge_integer_is_text() -> None:
    """Python refuses to read integers of more than 4300 digits."""
    assert json_value("[" + "9" * 5000 + "]") is None


def test_keys_keep_their_order() -> None:
    value = output_of('{"b": 1, "a": 2}')
    assert json.dumps(value) == '{"b": 1, "a": 2}'


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("no fence", None),
        ("``` open", None),
        ("a ```json\n{}\n``` b ```x\n1\n```", "{}"),
        ("```\n{}\n```", "{}"),
        ("```{}```", "{}"),
    ],
)
def test_first_fenced(text: str, block: str | None) -> None:
    """6.7: the first fenced block."""
    assert first_fenced(text) == block


@given(st.text(alphabet='`ab{}[]\n 1":,', max_size=60))
def test_any_text_has_an_output(text: str) -> None:
    """Nothing that an agent can write breaks a run, and what is stripped is part of what it wrote."""
    assert without_fence(text) in text
    output = output_of(text)
    assert output in text if isinstance(output, str) else json.loads(without_fence(text)) == output
