# SPDX-License-Identifier: Apache-2.0
"""Definitions in memory."""

from __future__ import annotations

from typing import Any

from aegis_temporal_worker.store.memory import Entry, Memory


def entry(key: str, size: int = 10) -> Entry:
    row: dict[str, Any] = {"tenant_id": "acme", "name": key, "version": "1", "scope": "tenant"}
    made = Entry.read({"workflow_id": key, "mark": "m", "registered": 0.0} | row, b'{"a":"' + b"x" * size + b'"}')
    assert made is not None
    return made


def test_the_one_used_longest_ago_goes_first() -> None:
    memory = Memory(most=2)
    memory.put(entry("a"))
    memory.put(entry("b"))
    assert memory.get("a") is not None
    memory.put(entry("c"))
    assert [item.workflow_id for item in memory] == ["a", "c"]


def test_bytes_are_bounded() -> None:
    one = entry("a", 1000)
    memory = Memory(most_bytes=3 * one.size)
    for key in "abcdef":
        memory.put(entry(key, 1000))
    assert [item.workflow_id for item in memory] == ["d", "e", "f"]
    memory.put(entry("big", 2 * one.size))
    assert [item.workflow_id for item in memory] == ["big"]


def test_one_that_is_larger_than_all_the_room_is_not_kept() -> None:
    memory = Memory(most_bytes=entry("a").size)
    memory.put(entry("a"))
    memory.put(entry("a", 1000))
    assert len(memory) == 0
    memory.put(entry("b"))
    assert len(memory) == 1


def test_a_replaced_one_counts_once() -> None:
    memory = Memory(most_bytes=2 * entry("a", 1000).size)
    for _ in range(10):
        memory.put(entry("a", 1000))
        assert memory.put_last(entry("b", 1000))
    assert len(memory) == 2
    memory.drop("a")
    memory.drop("a")
    assert memory.put_last(entry("c", 1000))
    assert not memory.put_last(entry("d", 1000))


def test_what_is_put_last_goes_first() -> None:
    memory = Memory(most=2)
    memory.put(entry("a"))
    memory.put_last(entry("b"))
    memory.put(entry("c"))
    assert [item.workflow_id for item in memory] == ["a", "c"]
