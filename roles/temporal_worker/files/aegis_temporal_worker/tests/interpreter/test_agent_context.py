# SPDX-License-Identifier: Apache-2.0
"""The blackboard as agents get it (contract 9.1, no. 15)."""

from __future__ import annotations

from aegis_temporal_worker.interpreter.agent_context import within_limit


def test_a_small_blackboard_is_whole() -> None:
    blackboard = {"a": {"b": 1}, "c": "text"}
    assert within_limit(blackboard) == blackboard


def test_the_largest_values_give_way_first_and_keep_their_place() -> None:
    found = within_limit({"a": "x" * 10, "b": "y" * 5000, "c": "z" * 3000}, most=4000)
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == "x" * 10
    assert found["b"] == {"truncated": True, "bytes": 5004}
    assert found["c"] == "z" * 3000


def test_it_never_weighs_more() -> None:
    assert within_limit({"a": "x" * 10_000}, most=100) == {"a": {"truncated": True, "bytes": 10_004}}
