# SPDX-License-Identifier: Apache-2.0
"""Contract 6.14: output_template and output_schema."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.output import build

from .outside import MemoryOutside, definition, interpret, system


@pytest.mark.parametrize(
    ("kind", "leaf", "value", "warns"),
    [
        ("integer", "12", 12, False),
        ("integer", "12.7 apples", 12, False),
        ("integer", "-3", -3, False),
        ("integer", "none", None, True),
        ("integer", "", None, False),
        ("number", "1.50", 1.5, False),
        ("number", "2.0", 2, False),
        ("number", "nan", None, True),
        ("number", "x", None, True),
        ("boolean", "true", True, False),
        ("boolean", "True", False, False),
        ("boolean", "", False, False),
        ("object", '{"a":[1]}', {"a": [1]}, False),
        ("object", "[1]", None, True),
        ("object", "{broken", None, True),
        ("array", "[1]", [1], False),
        ("array", "", None, False),
        ("string", "12", "12", False),
        ("novel", "12", "12", False),
        (None, "12", "12", False),
        (["string", "null"], "12", "12", False),
    ],
)
def test_coercion(kind: Any, leaf: str, value: Any, warns: bool) -> None:
    warnings: list[str] = []
    schema = {"properties": {"x": {"type": kind}}}
    assert build({"x": leaf}, schema, str, warnings.append) == {"x": value}
    assert bool(warnings) is warns


def test_walk_renders_texts_at_every_level_and_coerces_by_the_schema_of_that_level() -> None:
    template = {"a": {"n": "7", "list": ["t", {"n": "8"}]}, "flag": True, "count": 3, "nothing": None}
    schema = {"properties": {"a": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    built = build(template, schema, lambda text: f"{text}0", lambda _: None)
    assert built == {"a": {"n": 70, "list": ["t0", {"n": "80"}]}, "flag": True, "count": 3, "nothing": None}


async def test_a_leaf_that_does_not_fit_does_not_fail_the_run() -> None:
    """Contract 6.14, 9.2 no. 32; contract 1.2, D3.3: also of a state that never ran."""
    outside = MemoryOutside(
        definition(
            {"A": system()},
            output_template={"n": "{{A.stdout}}", "missing": "{{NEVER.output}}"},
            output_schema={"properties": {"n": {"type": "integer"}, "missing": {"type": "integer"}}},
        )
    )
    result = await interpret(outside)
    assert (result["status"], result["final_output"]) == ("completed", {"n": None, "missing": None})
    assert len(outside.warnings) == 1


async def test_a_template_that_does_not_parse_fails_the_run() -> None:
    result = await interpret(MemoryOutside(definition({"A": system()}, output_template={"n": "{{#if}}"})))
    assert result["status"] == "failed"
    assert "this block is not closed" in result["error"]
