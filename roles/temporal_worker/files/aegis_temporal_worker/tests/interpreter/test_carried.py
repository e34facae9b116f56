# SPDX-License-Identifier: Apache-2.0
"""A run that goes on in a fresh history does what it would have done in one."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest

from aegis_temporal_worker.interpreter import carried as module
from aegis_temporal_worker.interpreter.carried import Carried, ContinueRun
from aegis_temporal_worker.interpreter.run import Run

from .outside import EXECUTION, MemoryOutside, definition, go, interpret, system

STATES: dict[str, Any] = {
    "A": system(go("B", feedback="from {{A.stdout}}")),
    "B": system(go("C"), env={"SEEN": "{{state.feedback}}"}),
    "C": {"kind": "Action", "action": "update_blackboard", "args": {"x": "{{B.stdout}}"}, "transitions": [go("D")]},
    "D": system(env={"X": "{{x}}"}),
}


async def in_pieces(outside: MemoryOutside, **argument: Any) -> tuple[dict[str, Any], int]:
    """Run to the end, through JSON from one history to the next; result and number of histories."""
    given = {"workflow_id": "d", "tenant_id": "acme", "input": {}, "blackboard": None, **argument}
    run, histories = Run(given, EXECUTION, outside), 1
    while True:
        try:
            return await run.execute(), histories
        except ContinueRun as ending:
            written = orjson.loads(orjson.dumps(dataclasses.asdict(ending.carried)))
            run, histories = Run(given, EXECUTION, outside, Carried.read(written)), histories + 1


def without_times(outside: MemoryOutside) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key != "timestamp"} for event in outside.events]


async def test_a_fresh_history_before_each_state_changes_nothing() -> None:
    storage = {"spec_storage": {"workspace": {"ttl_hours": 1}}}
    whole, pieces = (MemoryOutside(definition(STATES, **storage)) for _ in range(2))
    pieces.long_history_after = 1
    expected = await interpret(whole)
    result, histories = await in_pieces(pieces)
    assert histories == 4
    assert result == expected
    assert without_times(pieces) == without_times(whole)
    assert [command.env for command in pieces.commands] == [command.env for command in whole.commands]
    # The definition and the workspace are taken along, and the workspace is given up once.
    assert [call for call in pieces.calls if not call.startswith(("command", "publish"))] == [
        "fetch",
        "create acme 1 256",
        "destroy volume-1",
    ]


async def test_visits_and_transitions_are_counted_through_all_histories() -> None:
    outside = MemoryOutside(definition({"A": system(go("A"), max_state_visits=3)}))
    outside.long_history_after = 1
    result, _ = await in_pieces(outside)
    assert result["error"] == 'State "A" exceeded max_state_visits limit of 3'
    assert result["iterations"] == 4


async def test_answers_that_wait_are_taken_along() -> None:
    outside = MemoryOutside(definition({"A": system(go("B")), "B": system()}))
    outside.long_history_after = 1
    given = {"workflow_id": "d", "tenant_id": "acme", "input": {}, "blackboard": None}
    run = Run(given, EXECUTION, outside)
    run.answers.put(["yes", "fine", "maria"])
    with pytest.raises(ContinueRun) as raised:
        await run.execute()
    later = Run(given, EXECUTION, outside, raised.value.carried)
    answer = later.answers.take()
    assert (answer.response, answer.feedback, answer.answered_by) == ("yes", "fine", "maria")


async def test_what_is_too_heavy_to_be_taken_along_stays_in_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    outside = MemoryOutside(definition(STATES))
    outside.long_history_after = 1
    result, histories = await in_pieces(outside)
    assert (result["status"], histories) == ("completed", 1)
    assert [event["temporal_sequence_number"] for event in outside.events] == list(range(1, 11))


def test_what_an_older_worker_wrote_is_read() -> None:
    assert Carried.read({"next_state": "A", "options": {"escape_everywhere": True, "unknown": 1}}).next_state == "A"
