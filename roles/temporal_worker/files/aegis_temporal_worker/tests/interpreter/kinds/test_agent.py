# SPDX-License-Identifier: Apache-2.0
"""Contract 6.4: kind Agent, one run of the agent."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import AgentTask, WorkspaceMount

from ..outside import (
    AGENT_RUN,
    EXECUTION,
    MemoryOutside,
    agent_fails,
    agent_says,
    definition,
    go,
    interpret,
    state,
    system,
)

PARENT = "7b2e6f90-0000-4000-8000-000000000003"
VOLUME = {"volume_id": "v", "path": "/a", "name": "a", "mime_type": "text/plain", "size": 1}


def agent(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return state("Agent", *transitions, **{"agent": "coder", "input": "do it"} | fields)


async def run(raw: dict[str, Any], *answers: Any, fields: dict[str, Any] | None = None, **argument: Any) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system()}, **fields or {}))
    if answers:
        outside.on_agent = list(answers)
    return outside, await interpret(outside, **argument)


def tasks(outside: MemoryOutside) -> list[AgentTask]:
    return [request for request in outside.requests if isinstance(request, AgentTask)]


@pytest.mark.parametrize("fields", [{"agent": ""}, {"agent": None}, {"input": ""}, {"input": None}, {"input": 5}])
async def test_agent_and_input_are_required(fields: dict[str, Any]) -> None:
    """6.4, row Required."""
    outside, result = await run(agent(go("B"), **fields))
    assert result["error"] == "Invalid Agent State: missing agent or input"
    assert outside.requests == []


async def test_output_and_request() -> None:
    """6.4, rows Agent request and Output; D1.3: the run's id on every agent."""
    outside, result = await run(agent(), agent_says("hi", iterations=4), security_context_name="strict")
    (task,) = tasks(outside)
    assert task == AgentTask(
        state_name="A",
        agent="coder",
        input="do it",
        workflow_execution_id=EXECUTION,
        intent=None,
        # None stands for the whole blackboard.
        context=None,
        security_context_name="strict",
        workspace=None,
        attachments=[],
        iteration=1,
        limit_seconds=None,
    )
    assert result["output"] == {"status": "completed", "output": "hi", "iterations": 1, "execution_id": AGENT_RUN}


async def test_output_without_a_run_id() -> None:
    """6.4: ``execution_id`` is optional."""
    _, result = await run(agent(), agent_says("hi", execution_id=None))
    assert result["output"] == {"status": "completed", "output": "hi", "iterations": 1}


async def test_events_in_order() -> None:
    """7.4, row Agent; 7.3: the output is never null."""
    outside, _ = await run(agent(), agent_says(""))
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered A",
        "WorkflowIterationStarted",
        "WorkflowIterationCompleted",
        "WorkflowStateExited A",
        "WorkflowExecutionCompleted A",
    ]
    started, completed = outside.events[2:4]
    assert started["iteration_number"] == 1
    assert (completed["iteration_number"], completed["output"]) == (1, "")


async def test_input_intent_and_agent_are_rendered() -> None:
    """6.4, row Render."""
    raw = agent(agent="{{input.who}}", input="<{{input.what}}>", intent="to {{input.what}}")
    outside, _ = await run(raw, input={"who": " coder\n", "what": "'go'"}, intent="other")
    (task,) = tasks(outside)
    assert (task.agent, task.input, task.intent) == ("coder", "<'go'>", "to 'go'")


@pytest.mark.parametrize(("first", "broken"), [("input", "intent agent"), ("intent", "agent"), ("agent", "")])
async def test_order_of_rendering(first: str, broken: str) -> None:
    """6.4: input, then intent, then agent: the first bad one is the one that is told."""
    bad = {name: "{{" + name for name in (first, *broken.split())}
    _, result = await run(agent(**bad))
    assert f"{{{{{first}" in result["error"]


@pytest.mark.parametrize(
    ("intent", "start", "sent"),
    [(None, "start's", "start's"), ("", "start's", "start's"), ("own", "start's", "own"), (None, None, None)],
)
async def test_intent(intent: str | None, start: str | None, sent: str | None) -> None:
    """6.4: the state's intent, else the blackboard's, else none."""
    outside, _ = await run(agent(intent=intent), intent=start)
    assert tasks(outside)[0].intent == sent


async def test_an_agent_rendered_to_nothing_fails() -> None:
    """6.4: the exact text."""
    _, result = await run(agent(go("B"), agent="{{input.nobody}}"))
    assert result["error"] == (
        'Template resolution failed: "{{input.nobody}}" resolved to empty string. Check blackboard keys.'
    )


async def test_an_input_rendered_to_nothing_is_sent() -> None:
    """6.4: only the agent must not be empty."""
    outside, result = await run(agent(input="{{input.nothing}}"))
    assert (result["status"], tasks(outside)[0].input) == ("completed", "")


async def test_attachments_come_from_the_blackboard() -> None:
    """6.4, row Agent request."""
    outside, _ = await run(agent(), attachments=[VOLUME])
    assert tasks(outside)[0].attachments == [VOLUME]


async def test_limit_of_the_state() -> None:
    """4.6, 6.11: the state's timeout goes along."""
    outside, _ = await run(agent(timeout="3000s"))
    assert tasks(outside)[0].limit_seconds == 3000


async def test_a_child_names_the_run_that_has_a_record() -> None:
    """D1.3: agents of a sub-workflow carry the root run's id."""
    outside, _ = await run(agent(), root_execution_id=PARENT)
    assert tasks(outside)[0].workflow_execution_id == PARENT


@pytest.mark.parametrize("key", ["workspace_volume_id", "my_volume"])
async def test_workspace_under_the_definitions_key(key: str) -> None:
    """9.3 no. 42; 6.4: mount /workspace, remote path beside it."""
    storage = {"workspace": {"storage_class": "ephemeral", "blackboard_key": key}}
    outside, _ = await run(agent(), fields={"spec_storage": storage})
    assert tasks(outside)[0].workspace == WorkspaceMount("volume-1", "/workspace", "/remote/volume-1")


async def test_persistent_workspace_has_no_remote_path() -> None:
    """6.1 step 5."""
    storage = {"workspace": {"storage_class": "persistent", "volume_id": "kept", "blackboard_key": "mine"}}
    outside, _ = await run(agent(), fields={"spec_storage": storage})
    assert tasks(outside)[0].workspace == WorkspaceMount("kept", "/workspace", None)


async def test_workspace_given_by_the_starter() -> None:
    """6.4: without a declared workspace the usual key of the blackboard counts, as in the reference."""
    given = {"workspace_volume_id": "theirs", "workspace_volume_id_remote_path": "/theirs"}
    outside, _ = await run(agent(), blackboard=given)
    assert tasks(outside)[0].workspace == WorkspaceMount("theirs", "/workspace", "/theirs")


@pytest.mark.parametrize(
    ("text", "extra"),
    [
        ('{"score": 0.5}', {"score": 0.5}),
        ('{"score": 0}', {"score": 0}),
        ('{"score": 1, "confidence": 0.25}', {"score": 1, "confidence": 0.25}),
        ('{"score": 1.1}', {}),
        ('{"score": -0.1}', {}),
        ('{"score": "0.5"}', {}),
        ('{"score": true}', {}),
        ('[{"score": 0.5}]', {}),
        ("score: 0.5", {}),
    ],
)
async def test_score_of_its_own(text: str, extra: dict[str, Any]) -> None:
    """6.4, row score: only a number from 0 to 1 in an object."""
    _, result = await run(agent(), agent_says(text))
    found = {name: result["output"][name] for name in ("score", "confidence") if name in result["output"]}
    assert found == extra


@pytest.mark.parametrize("failure", [agent_fails("model is away"), OutsideError("model is away")])
async def test_failure_without_a_failure_transition_raises_the_cause(failure: Any) -> None:
    """D3.3, 6.4 row Agent failed: the true reason; 7.4: the failed iteration is told, no exit is."""
    outside, result = await run(agent(go("B", "on_success")), failure)
    assert (result["status"], result["error"]) == ("failed", "Agent execution failed: model is away")
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered A",
        "WorkflowIterationStarted",
        "WorkflowIterationFailed",
        "WorkflowExecutionFailed A",
    ]
    assert outside.events[3]["iteration_number"] == 1
    assert outside.events[3]["error"] == "model is away"


@pytest.mark.parametrize("condition", ["on_failure", "always", "custom"])
async def test_failure_is_routed(condition: str) -> None:
    """9.1 no. 6, D3.3: ``{{{STATE.error}}}`` in the state that on_failure reaches."""
    rescue = system(env={"WHY": "{{{A.error}}}"})
    states = {"A": agent(go("B", condition, expression="state_output.error")), "B": rescue}
    outside = MemoryOutside(definition(states))
    outside.on_agent = [agent_fails("model <x> is away")]
    result = await interpret(outside)
    assert (result["status"], result["final_state"]) == ("completed", "B")
    assert result["blackboard"]["A"] == {
        "status": "failed",
        "error": "model <x> is away",
        "execution_id": AGENT_RUN,
        "iterations": 1,
    }
    assert outside.commands[0].env == {"WHY": "model <x> is away"}
    assert outside.told()[2:5] == ["WorkflowIterationStarted", "WorkflowIterationFailed", "WorkflowStateExited A"]


async def test_failure_of_the_call_is_routed() -> None:
    """9.1 no. 6: the run of the agent may be unknown then."""
    _, result = await run(agent(go("B", "on_failure")), OutsideError("NOT_FOUND: no agent coder"))
    assert result["blackboard"]["A"] == {"status": "failed", "error": "NOT_FOUND: no agent coder", "iterations": 1}


async def test_failure_without_a_reason_has_a_text() -> None:
    """7.3: ``error`` of WorkflowIterationFailed must be a text."""
    outside, _ = await run(agent(), agent_says("x", completed=False))
    assert outside.events[3]["error"] == "the agent gave no reason"


@pytest.mark.parametrize("sent", [True, False])
async def test_no_event_is_lost_or_doubled_when_the_call_fails(sent: bool) -> None:
    """7.4: each event once and in order, whether or not they were delivered before the failure."""
    outside, _ = await run(agent(go("B", "on_failure")), OutsideError("gone", events_sent=sent))
    numbers = [event["temporal_sequence_number"] for event in outside.events]
    assert numbers == list(range(1, len(numbers) + 1))
