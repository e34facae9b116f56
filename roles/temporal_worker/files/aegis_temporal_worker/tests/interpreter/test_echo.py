# SPDX-License-Identifier: Apache-2.0
"""Contract 10.2: the transcript of the echo definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .outside import EXECUTION, MemoryOutside, interpret

ECHO = Path(__file__).parents[1] / "fixtures" / "echo.json"


@pytest.fixture
def echo() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(ECHO.read_text(encoding="utf-8"))
    return loaded


async def test_events_in_order_and_numbered(echo: dict[str, Any]) -> None:
    outside = MemoryOutside(echo)
    await interpret(outside, workflow_id=echo["workflow_id"])
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered ECHO",
        "WorkflowStateExited ECHO",
        "WorkflowStateEntered COMPLETE",
        "WorkflowStateExited COMPLETE",
        "WorkflowExecutionCompleted COMPLETE",
    ]
    assert [event["temporal_sequence_number"] for event in outside.events] == [1, 2, 3, 4, 5, 6]
    assert {event["execution_id"] for event in outside.events} == {EXECUTION}
    assert {event["workflow_id"] for event in outside.events} == {echo["workflow_id"]}
    assert all(event["timestamp"].endswith("Z") for event in outside.events)


async def test_exits_carry_success_and_exit_code(echo: dict[str, Any]) -> None:
    outside = MemoryOutside(echo)
    await interpret(outside)
    for event in (outside.events[2], outside.events[4]):
        assert event["output"]["status"] == "success"
        assert event["output"]["exit_code"] == 0


async def test_final_output_is_the_context_default(echo: dict[str, Any]) -> None:
    outside = MemoryOutside(echo)
    result = await interpret(outside, input={"message": "hello"})
    last = outside.events[-1]
    assert last["final_output"] == {"message": "Hello from AEGIS"}
    assert set(last["final_blackboard"]) == {
        "ECHO",
        "COMPLETE",
        "message",
        "workflow",
        "input",
        "intent",
        "tenant_id",
        "attachments",
    }
    assert result["final_output"] == {"message": "Hello from AEGIS"}
    assert (result["status"], result["iterations"], result["final_state"]) == ("completed", 2, "COMPLETE")
    assert result["output"]["status"] == "success"


async def test_two_commands_with_their_environment(echo: dict[str, Any]) -> None:
    outside = MemoryOutside(echo)
    await interpret(outside)
    assert [(command.command, dict(command.env)) for command in outside.commands] == [
        ('echo "$MESSAGE"', {"MESSAGE": "Hello from AEGIS"}),
        ('echo "$RESULT"', {"RESULT": "ECHO\n"}),
    ]


async def test_events_ride_with_the_commands(echo: dict[str, Any]) -> None:
    outside = MemoryOutside(echo)
    await interpret(outside)
    assert outside.calls == ["fetch", "command ECHO", "command COMPLETE", "publish"]
