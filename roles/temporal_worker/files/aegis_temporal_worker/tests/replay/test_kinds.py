# SPDX-License-Identifier: Apache-2.0
"""Paths through the kinds of states that end badly or are cut short. Each one's history is replayed at once.

The paths that end well are played in ``tests/compat``, which replays and records its histories the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from loopback_stack import SHORT_HISTORIES, Database, TemporalStack
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError as WorkflowCancelled
from temporalio.exceptions import TimeoutError as WorkflowTimeout

from aegis_temporal_worker.activities import agent_directory, heartbeat
from aegis_temporal_worker.standin.script import Script
from aegis_temporal_worker.store import DefinitionStore
from aegis_temporal_worker.temporal import policies
from aegis_temporal_worker.temporal.client import connect

from ..compat.world import World, world
from ..interpreter.outside import definition, go, state, system
from .conftest import Keep
from .world import WorkerVariables, count
from .world import world as steered_world

Stage = Callable[..., AbstractAsyncContextManager[World]]

LONG = {"delay_seconds": 600}
END = state("Action", action="update_blackboard", args={})


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation reaches an activity with its next heartbeat; an agent that is missing is looked for at once."""
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.1)
    monkeypatch.setattr(policies, "HEARTBEAT_THROTTLE", timedelta(seconds=0.1))
    monkeypatch.setattr(agent_directory, "_FIRST_GAP_SECONDS", 0.01)


@pytest.fixture
def stage(temporal_stack: TemporalStack, store: DefinitionStore, database: Database, tmp_path: Path) -> Stage:
    """Makes a worker and a stand-in; keyword arguments are the stand-in's script."""
    return lambda **script: world(temporal_stack, store, database.dsn, tmp_path, Script.model_validate(script))


def registered(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition that the worker's API takes; it begins with its first state."""
    return {**definition(states), "workflow_id": str(uuid4()), "tenant_id": "acme", **fields}


async def run(here: World, states: dict[str, Any], **argument: Any) -> WorkflowHandle[Any, Any]:
    """Start a definition with these states."""
    made = registered(states)
    await here.register(made)
    return await here.start(made, **argument)


async def run_with_options(here: World, states: dict[str, Any], **options: Any) -> WorkflowHandle[Any, Any]:
    """Start a definition with these states and with options of the SDK's ``start_workflow``."""
    made = registered(states)
    await here.register(made)
    return await here.temporal.start_workflow(
        "aegis_workflow",
        {"workflow_id": made["workflow_id"], "input": {}, "blackboard": None, "tenant_id": "acme"},
        id=str(uuid4()),
        task_queue=here.task_queue,
        **options,
    )


def agent(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return state("Agent", *transitions, **{"agent": "worker", "input": "work", **fields})


def panel(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    members = [{"agent": name, "input": "judge", "weight": 1.0} for name in ("left", "right")]
    own = {"agents": members, "consensus": {"strategy": "unanimous"}}
    return state("ParallelAgents", *transitions, **(own | fields))


def container(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    own = {"name": "build", "image": "alpine", "command": ["true"], "env": {}, "volumes": [], "shell": False, **fields}
    return state("ContainerRun", *transitions, **{f"container_run_{name}": value for name, value in own.items()})


def containers(*transitions: dict[str, Any]) -> dict[str, Any]:
    steps = [{"name": name, "image": "alpine", "command": ["true"], "env": {}} for name in ("one", "two")]
    fields = {"parallel_container_steps": steps, "parallel_container_completion": "any_succeed"}
    return state("ParallelContainerRun", *transitions, **fields)


def human(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return state("Human", *transitions, **{"prompt": "Go on?", **fields})


def child(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    own = {"subworkflow_id": "child", "subworkflow_mode": "blocking", "subworkflow_result_key": "got"}
    return state("Subworkflow", *transitions, **(own | fields))


async def told(here: World, run_id: str) -> list[str]:
    """Types of a run's events, doubles left out."""
    entries = await here.ledger(kind="event", execution_id=run_id)
    return [entry["event"]["event_type"] for entry in entries if not entry["double"]]


async def cancelled(handle: WorkflowHandle[Any, Any]) -> None:
    """Cancel a run, which ends as cancelled."""
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as raised:
        await handle.result()
    assert isinstance(raised.value.cause, WorkflowCancelled)


@pytest.mark.parametrize(
    ("name", "first", "method", "times"),
    [
        ("agent", agent(), "ExecuteAgent", 1),
        ("parallel_agents", panel(), "ExecuteAgent", 2),
        ("container", container(), "ExecuteContainerRun", 1),
        ("parallel_containers", containers(), "ExecuteContainerRun", 2),
        ("judges", agent(pre_execution_validator="gatekeeper"), "ValidateWithJudges", 1),
        ("landing", state("Action", action="repository_land", args={}), "RunRepositoryAction", 1),
        ("handler", container(output_handler=None) | {"output_handler": {"type": "webhook"}}, "InvokeOutputHandler", 1),
    ],
)
async def test_cancellation_reaches_the_work(
    stage: Stage, keep: Keep, name: str, first: dict[str, Any], method: str, times: int
) -> None:
    """Contract 4.5: the work is given up, the workspace goes, then the cancellation is told."""
    script = {
        "agents": {"*": LONG},
        "judges": {"*": LONG},
        "containers": {"*": {} if name == "handler" else LONG},
        "actions": {"*": LONG},
        "output_handlers": {"*": LONG},
    }
    async with stage(**script) as here:
        made = registered({"A": first}, spec_storage={"workspace": {}})
        await here.register(made)
        handle = await here.start(made)
        await here.until_called(method, times)
        await cancelled(handle)
        await keep(handle, f"cancelled_{name}")
        assert (await told(here, handle.id))[-1] == "WorkflowExecutionCancelled"
        given_up = [entry["method"] for entry in await here.ledger(kind="cancel")]
        calls = [entry["method"] for entry in await here.ledger(kind="call")]
    # The run of an agent is ended by a request; its stream ends by itself then, or is given up as well.
    wanted = "CancelExecution" if method == "ExecuteAgent" else method
    assert given_up.count(wanted) == times
    assert calls[-1] == "DestroyWorkspaceVolume"


async def test_cancellation_at_a_gate(stage: Stage, keep: Keep) -> None:
    async with stage() as here:
        handle = await run(here, {"A": human(go("END", "input_equals_yes")), "END": END})
        await here.until_asked(1)
        await cancelled(handle)
        await keep(handle, "cancelled_human")
        assert (await told(here, handle.id))[2:] == ["HumanInputRequested", "WorkflowExecutionCancelled"]


async def test_a_run_that_temporal_ends_at_its_limit(stage: Stage, keep: Keep) -> None:
    """Who starts a run may limit it; Temporal then ends it without asking the workflow."""
    async with stage() as here:
        states = {"A": human(go("END")), "END": END}
        handle = await run_with_options(here, states, execution_timeout=timedelta(seconds=3))
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
        history = await keep(handle, "timed_out")
    assert isinstance(raised.value.cause, WorkflowTimeout)
    assert count(history, "WORKFLOW_EXECUTION_TIMED_OUT") == 1


async def test_a_panel_without_a_strategy_weighs(stage: Stage, keep: Keep) -> None:
    """Contract 6.7: weighted_average is the strategy when none is named."""
    answer = {"output": '{"score": 0.9, "confidence": 0.8}'}
    async with stage(agents={"*": answer}) as here:
        handle = await run(here, {"A": panel(go("END"), consensus={}), "END": END})
        result = await handle.result()
        await keep(handle, "panel_weighted")
    assert result["blackboard"]["A"]["consensus"]["strategy"] == "weighted_average"


async def test_cancellation_of_a_parent_ends_its_child(stage: Stage, keep: Keep) -> None:
    async with stage(agents={"worker": LONG}) as here:
        await here.register(registered({"A": agent()}, name="child"))
        handle = await run(here, {"A": child()})
        await here.until_called("ExecuteAgent")
        (triggered,) = [
            entry["event"]
            for entry in await here.ledger(kind="event", execution_id=handle.id)
            if entry["event"]["event_type"] == "SubworkflowTriggered"
        ]
        started = here.temporal.get_workflow_handle(triggered["child_execution_id"])
        await cancelled(handle)
        with pytest.raises(WorkflowFailureError):
            await started.result()
        await keep(handle, "cancelled_parent")
        await keep(started, "cancelled_child")
        assert (await told(here, handle.id))[-1] == "WorkflowExecutionCancelled"
        assert (await told(here, started.id))[-1] == "WorkflowExecutionCancelled"


FAILED_UNARY = {"error_code": "INTERNAL", "error_message": "nobody can be asked"}


@pytest.mark.parametrize(
    ("name", "script", "first", "error"),
    [
        ("agent_unknown", {"only_listed_agents": True}, agent(go("END", "on_failure")), "Agent not found"),
        (
            "judges_failed",
            {"judges": {"*": {"error_code": "INVALID_ARGUMENT", "error_message": "no such judge"}}},
            agent(go("END", "on_failure"), judges=[{"agent_id": "j", "weight": 1.0}]),
            "no such judge",
        ),
        ("panel_failed", {"agents": {"*": {"fail": "tired"}}}, panel(go("END", "on_failure")), "left: tired"),
        (
            "container_not_run",
            {"containers": {"*": {"error_code": "FAILED_PRECONDITION", "error_message": "no network"}}},
            container(go("END", "exit_code", exit_code=125)),
            "no network",
        ),
        (
            "landing_without_a_person",
            {"actions": {"*": FAILED_UNARY}},
            state("Action", go("END", "on_failure"), action="repository_land", args={}),
            "nobody can be asked",
        ),
        (
            "image_failed",
            {"images": {"*": FAILED_UNARY}},
            state("Action", go("END", "on_failure"), action="image_generate", args={"prompt": "a fox"}),
            "nobody can be asked",
        ),
        ("child_unknown", {}, child(go("END", "on_failure")), 'no workflow has the id or name "child"'),
    ],
)
async def test_a_failure_routes(
    stage: Stage, keep: Keep, name: str, script: dict[str, Any], first: dict[str, Any], error: str
) -> None:
    """Contract 9.1 no. 6 and 7: the state's output carries the cause, and its transitions decide."""
    async with stage(**script) as here:
        handle = await run(here, {"A": first, "END": END})
        result = await handle.result()
        await keep(handle, name)
    assert (result["status"], result["final_state"]) == ("completed", "END")
    assert result["blackboard"]["A"]["status"] == "failed"
    assert error in result["blackboard"]["A"]["error"]


async def test_a_container_that_runs_out_of_time_routes(stage: Stage, keep: Keep) -> None:
    """Contract 8.6: running out of time is a result with exit code 124."""
    first = container(go("END", "exit_code", exit_code=124), resources={"cpu": None, "memory": None, "timeout": "1s"})
    async with stage(containers={"build": LONG}) as here:
        handle = await run(here, {"A": first, "END": END})
        result = await handle.result()
        await keep(handle, "container_out_of_time")
    assert "limit of 1 s" in result["blackboard"]["A"]["stderr"]


async def test_a_required_handler_that_fails_ends_the_run(stage: Stage, keep: Keep) -> None:
    """Contract 6.15."""
    handler = {"type": "agent", "agent_id": "translator", "required": True}
    async with stage(output_handlers={"*": {"success": False, "error": "no translator"}}) as here:
        handle = await run(here, {"A": agent(output_handler=handler)})
        result = await handle.result()
        await keep(handle, "required_handler_failed")
    assert result["error"] == "Output handler failed: no translator"


async def test_a_child_that_raises(stage: Stage, store: DefinitionStore, keep: Keep) -> None:
    """Contract 6.9. Only a definition that no registration takes makes a run raise after its start."""
    async with stage() as here:
        await store.upsert(registered({"A": system(go("NOWHERE"))}, name="child"))
        handle = await run(here, {"A": child(go("END", "on_failure")), "END": END})
        result = await handle.result()
        await keep(handle, "child_raised")
        types = await told(here, handle.id)
    assert result["blackboard"]["A"] == {"status": "failed", "error": 'State "NOWHERE" not found in definition'}
    assert types[2:4] == ["SubworkflowTriggered", "SubworkflowFailed"]


async def test_answers_that_come_early_wait_for_their_questions(stage: Stage, keep: Keep) -> None:
    """Contract 6.6; 1.2, D2.2: one to three arguments, null means absent."""
    states = {
        "A": human(go("B", "input_equals_yes"), go("END", "input_equals_no")),
        "B": human(go("END", "on_success"), go("END")),
        "END": END,
    }
    async with stage() as here:
        handle = await run_with_options(here, states, start_signal="humanInput", start_signal_args=["approve"])
        await handle.signal("humanInput", args=["free text", None, "ada"])
        result = await handle.result()
        await keep(handle, "early_answers")
        types = await told(here, handle.id)
    assert result["blackboard"]["A"] == {"response": "approve", "timeout": False}
    assert result["blackboard"]["B"] == {"response": "free text", "timeout": False, "answered_by": "ada"}
    assert types.count("HumanInputRequested") == 2


async def test_a_signal_that_is_no_text_is_taken(stage: Stage, keep: Keep) -> None:
    """Contract 4.4: values that are no texts are turned into text."""
    async with stage() as here:
        handle = await run(here, {"A": human(go("END")), "END": END})
        await here.until_asked(1)
        await handle.signal("humanInput", args=[{"go": True, "times": 2.0}, ["a"]])
        result = await handle.result()
        await keep(handle, "answer_that_is_no_text")
    assert result["blackboard"]["A"] == {"response": '{"go":true,"times":2}', "timeout": False, "feedback": '["a"]'}


async def test_a_long_run_goes_on_in_a_fresh_history(temporal_stack: TemporalStack, keep: Keep) -> None:
    """Contract 4.1 (limits of a history): the server suggests it, and nothing is lost or told twice."""
    temporal_stack.server.register_namespace(SHORT_HISTORIES)
    variables = {"temporal_address": temporal_stack.address, "temporal_namespace": SHORT_HISTORIES}
    client = await connect(WorkerVariables(**variables), limit_seconds=30)
    states = {f"S{number}": system(go(f"S{number + 1}", feedback=f"after {number}")) for number in range(7)}
    states["S7"] = system(go("ASK"), env={"FEEDBACK": "{{state.feedback}}"})
    states["ASK"] = human(go("END", "input_equals_yes"))
    states["END"] = END
    made = definition(states, spec_storage={"workspace": {}})
    async with steered_world(client, made) as here:
        handle = await here.start(intent="long")
        # Comes long before its question, and has to be taken along.
        await handle.signal("humanInput", args=["yes", "good", "ada"])
        result = await handle.result()
        histories = await _histories(client, handle, keep)
    # How often the server suggests it depends on how it batches events.
    *earlier, last = (count(history, "WORKFLOW_EXECUTION_CONTINUED_AS_NEW") for history in histories)
    assert (set(earlier), last) == ({1}, 0)
    assert (result["status"], result["iterations"], result["final_state"]) == ("completed", 10, "END")
    assert [number for number, _, _ in here.told()] == list(range(1, 24))
    assert len(here.events) == 23
    assert [kind for _, kind, _ in here.told()].count("WorkflowExecutionStarted") == 1
    assert len(here.runtime.requests) == 8
    assert dict(here.runtime.requests[-1].env) == {"FEEDBACK": "after 6"}
    assert result["blackboard"]["ASK"] == {
        "response": "yes",
        "timeout": False,
        "feedback": "good",
        "answered_by": "ada",
    }
    # One workspace for the whole run.
    assert len(here.runtime.workspaces) == 2


async def _histories(client: Client, first: WorkflowHandle[Any, Any], keep: Keep) -> list[Any]:
    """The histories of a run that went on, oldest first, replayed and kept."""
    run_id = first.first_execution_run_id
    found = []
    while run_id:
        history = await keep(client.get_workflow_handle(first.id, run_id=run_id), f"long_{len(found) + 1}")
        found.append(history)
        run_id = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return found
