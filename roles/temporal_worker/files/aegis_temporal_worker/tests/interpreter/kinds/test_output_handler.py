# SPDX-License-Identifier: Apache-2.0
"""Contract 6.15, 5.7: the call to an output handler, for every kind that has one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import HandlerCall

from ..outside import AGENT_RUN, MemoryOutside, agent_says, definition, go, interpret, state

HANDLER: dict[str, Any] = {
    "type": "webhook",
    "url": "https://example.invalid/{{x}}",
    "headers": {},
    "method": "POST",
    "retry": None,
}


def agent_state(**handler: Any) -> dict[str, Any]:
    return state("Agent", go("B", "on_failure"), agent="coder", input="x", output_handler={**HANDLER, **handler})


def handler_calls(outside: MemoryOutside) -> list[HandlerCall]:
    return [request for request in outside.requests if isinstance(request, HandlerCall)]


async def test_agent_the_whole_output_is_sent_and_output_replaced() -> None:
    """6.15, row Agent; 5.7: the settings pass through as they are, never rendered."""
    outside = MemoryOutside(definition({"A": agent_state()}))
    outside.on_agent = [agent_says('{"a": 1.0}')]
    outside.on_handler = ["published"]
    result = await interpret(outside, intent="say ä")
    (call,) = handler_calls(outside)
    assert (call.state_name, call.execution_id, call.intent) == ("A", AGENT_RUN, "say ä")
    assert call.final_output == (
        '{"status":"completed","output":{"a":1},"iterations":1,"execution_id":"' + AGENT_RUN + '"}'
    )
    assert call.config == HANDLER
    assert result["blackboard"]["A"]["output"] == "published"
    assert [event["output"]["output"] for event in outside.events if event["event_type"] == "WorkflowStateExited"] == [
        "published"
    ]


async def test_agent_without_a_run_id_sends_an_empty_one() -> None:
    """6.15: the agent run's id, else empty."""
    outside = MemoryOutside(definition({"A": agent_state()}))
    outside.on_agent = [agent_says("x", execution_id=None)]
    await interpret(outside)
    assert handler_calls(outside)[0].execution_id == ""


async def test_parallel_agents_get_an_output_beside_the_consensus() -> None:
    """6.15, row ParallelAgents: empty execution id, the result is added as ``output``."""
    parallel = state(
        "ParallelAgents",
        agents=[{"agent": "a", "input": "x"}],
        consensus={"strategy": "unanimous"},
        output_handler=HANDLER,
    )
    outside = MemoryOutside(definition({"A": parallel}))
    outside.on_handler = ["summary"]
    result = await interpret(outside)
    (call,) = handler_calls(outside)
    assert call.execution_id == ""
    assert set(json.loads(call.final_output)) == {
        "status",
        "consensus",
        "individual_scores",
        "agents",
        "all_succeeded",
    }
    assert result["blackboard"]["A"]["output"] == "summary"
    assert result["blackboard"]["A"]["consensus"]["strategy"] == "unanimous"


async def test_no_result_changes_nothing() -> None:
    """6.15: a null result changes nothing; an empty text is a result."""
    outside = MemoryOutside(definition({"A": agent_state()}))
    assert (await interpret(outside))["blackboard"]["A"]["output"] == "done"
    outside = MemoryOutside(definition({"A": agent_state()}))
    outside.on_handler = [""]
    assert (await interpret(outside))["blackboard"]["A"]["output"] == ""


@pytest.mark.parametrize("required", [False, None, "true"])
async def test_failure_is_logged_when_not_required(required: object) -> None:
    """6.15, 5.7: ``required`` defaults to false."""
    outside = MemoryOutside(definition({"A": agent_state(required=required)}))
    outside.on_handler = [OutsideError("no such host")]
    result = await interpret(outside)
    assert (result["status"], result["blackboard"]["A"]["output"]) == ("completed", "done")
    assert "Output handler failed: no such host" in outside.warnings


async def test_failure_of_a_required_handler_fails_the_run() -> None:
    """6.15: raised only when ``required`` is true; nothing of what happened before is lost."""
    outside = MemoryOutside(definition({"A": agent_state(required=True)}))
    outside.on_handler = [OutsideError("no such host")]
    result = await interpret(outside)
    assert (result["status"], result["error"]) == ("failed", "Output handler failed: no such host")
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered A",
        "WorkflowIterationStarted",
        "WorkflowIterationCompleted",
        "WorkflowExecutionFailed A",
    ]


@pytest.mark.parametrize("kind", ["Agent", "ParallelAgents"])
async def test_a_failed_output_is_not_handed_over(kind: str) -> None:
    """6.15: a handler publishes results; a failure goes to the transitions."""
    fields = {"agent": "a", "input": "x", "agents": [{"agent": "a", "input": "x"}], "output_handler": HANDLER}
    states = {"A": state(kind, go("B", "on_failure"), **fields), "B": state("System", command="true", env={})}
    outside = MemoryOutside(definition(states))
    outside.on_agent = [OutsideError("gone")]
    assert (await interpret(outside))["final_state"] == "B"
    assert handler_calls(outside) == []


async def test_no_handler_no_call() -> None:
    outside = MemoryOutside(definition({"A": state("Agent", agent="a", input="x", output_handler=None)}))
    await interpret(outside)
    assert outside.calls == ["fetch", "agent a", "publish"]


async def test_no_intent_is_absent() -> None:
    """8.2: ``intent`` is optional in the call."""
    outside = MemoryOutside(definition({"A": agent_state()}))
    await interpret(outside)
    assert handler_calls(outside)[0].intent is None
