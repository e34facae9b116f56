# SPDX-License-Identifier: Apache-2.0
"""Runs on a real Temporal Server: endings, retries, cancellation, cost. Each one's history is replayed at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from loopback_stack import TemporalStack
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.exceptions import CancelledError as WorkflowCancelled
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from aegis_temporal_worker.activities import heartbeat
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.store.identity import definition_hash
from aegis_temporal_worker.temporal import policies

from ..interpreter.outside import definition, go, system
from ..runtime.servers import Context, grpc_server
from .conftest import Keep
from .world import SteeredRuntime, count, hang, out_of_time, succeed, world

ECHO = Path(__file__).parents[1] / "fixtures" / "echo.json"


async def until(condition: Callable[[], object]) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_result(lambda holds: not holds), stop=stop_after_delay(30), wait=wait_fixed(0.02)
    )

    async def holds() -> bool:
        return bool(condition())

    await retrying(holds)


async def test_echo(client: Client, keep: Keep) -> None:
    """Contract 4.1, 9.1 no. 16, 10.2: the transcript; the terminal event names the state."""
    async with world(client, json.loads(ECHO.read_text(encoding="utf-8"))) as here:
        handle = await here.start(input={"message": "hello"})
        result = await handle.result()
        history = await keep(handle, "echo")
    assert here.told() == [
        (1, "WorkflowExecutionStarted", None),
        (2, "WorkflowStateEntered", "ECHO"),
        (3, "WorkflowStateExited", "ECHO"),
        (4, "WorkflowStateEntered", "COMPLETE"),
        (5, "WorkflowStateExited", "COMPLETE"),
        (6, "WorkflowExecutionCompleted", "COMPLETE"),
    ]
    assert len(here.events) == 6
    assert (result["status"], result["iterations"], result["final_state"]) == ("completed", 2, "COMPLETE")
    assert result["final_output"] == {"message": "Hello from AEGIS"}
    assert [request.command for request in here.runtime.requests] == ['echo "$MESSAGE"', 'echo "$RESULT"']
    assert dict(here.runtime.requests[0].env) == {"MESSAGE": "Hello from AEGIS"}
    # One activity per state, its definition and its end as markers.
    assert count(history, "ACTIVITY_TASK_SCHEDULED") == 2
    assert count(history, "MARKER_RECORDED") == 2


async def test_cost_of_five_states(client: Client, keep: Keep) -> None:
    states = {f"S{number}": system(go(f"S{number + 1}")) for number in range(4)} | {"S4": system()}
    async with world(client, definition(states)) as here:
        handle = await here.start()
        await handle.result()
        history = await keep(handle, "five_states")
    assert len(history.events) <= 37
    assert count(history, "WORKFLOW_TASK_COMPLETED") <= 7


async def test_states_without_outside_effect_cost_nothing(client: Client, keep: Keep) -> None:
    def step(target: str) -> dict[str, Any]:
        return {
            "kind": "Action",
            "action": "update_blackboard",
            "args": {"seen": "{{seen}}x"},
            "transitions": [go(target)],
        }

    states = {"A": step("B"), "B": step("C"), "C": step("END"), "END": system(env={"SEEN": "{{seen}}"})}
    async with world(client, definition(states)) as here:
        handle = await here.start()
        result = await handle.result()
        history = await keep(handle, "update_blackboard")
    assert dict(here.runtime.requests[0].env) == {"SEEN": "xxx"}
    assert result["iterations"] == 4
    assert [number for number, _, _ in here.told()] == list(range(1, 11))
    assert count(history, "ACTIVITY_TASK_SCHEDULED") == 1
    assert len(history.events) == 13


async def test_visit_limit(client: Client, keep: Keep) -> None:
    """Contract 4.3, 6.3: a logical failure completes Temporal's workflow."""
    async with world(client, definition({"A": system(go("A"), max_state_visits=2)})) as here:
        handle = await here.start()
        result = await handle.result()
        await keep(handle, "visit_limit")
    assert (result["status"], result["error"]) == ("failed", 'State "A" exceeded max_state_visits limit of 2')
    assert [kind for _, kind, _ in here.told()][-2:] == ["WorkflowStateVisitLimitExceeded", "WorkflowExecutionFailed"]
    # A logical failure completes the Temporal workflow.
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_timeout_routes_with_124(client: Client, keep: Keep) -> None:
    """Contract 8.6, 9.1 no. 7."""
    states = {"A": system(go("B", "exit_code", exit_code=124), timeout="1s"), "B": end_state()}
    async with world(client, definition(states), out_of_time) as here:
        handle = await here.start()
        result = await handle.result()
        await keep(handle, "timeout")
    assert result["blackboard"]["A"]["exit_code"] == 124
    assert result["final_state"] == "B"
    assert here.runtime.requests[0].timeout_seconds == 1


def end_state() -> dict[str, Any]:
    return {"kind": "Action", "action": "update_blackboard", "args": {}, "transitions": []}


async def test_workspace(client: Client, keep: Keep) -> None:
    async with world(client, definition({"A": system()}, spec_storage={"workspace": {"ttl_hours": 3}})) as here:
        handle = await here.start()
        result = await handle.result()
        await keep(handle, "workspace")
    created, destroyed = here.runtime.workspaces
    assert created == pb.CreateWorkspaceVolumeRequest(
        workflow_execution_id=handle.id, tenant_id="acme", ttl_hours=3, size_limit_mb=256
    )
    assert destroyed == pb.DestroyWorkspaceVolumeRequest(volume_id="v", workflow_execution_id=handle.id)
    assert result["blackboard"]["workspace_volume_id"] == "v"


async def test_missing_definition_fails_the_workflow_after_telling(client: Client, keep: Keep) -> None:
    """Contract 4.3."""
    async with world(client, definition({"A": system()})) as here:
        handle = await here.start("unknown")
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
        await keep(handle, "missing_definition")
    assert isinstance(raised.value.cause, ApplicationError)
    assert "unknown is not registered" in str(raised.value.cause)
    assert [kind for _, kind, _ in here.told()] == ["WorkflowExecutionStarted", "WorkflowExecutionFailed"]


async def test_kind_that_is_not_executed(client: Client, keep: Keep) -> None:
    async with world(client, definition({"A": {"kind": "Novel", "transitions": []}})) as here:
        handle = await here.start()
        result = await handle.result()
        await keep(handle, "unknown_kind")
    assert 'the kind "Novel"' in result["error"]
    assert here.told()[-1] == (3, "WorkflowExecutionFailed", "A")


async def test_orchestrator_away_holds_events_and_commands_back_and_loses_none(client: Client, keep: Keep) -> None:
    """Contract 4.6, 7.5, 9.3 no. 38."""
    async with world(client, definition({"A": system(go("B")), "B": system()})) as here:
        # The first two attempts of the command's activity, and the first attempt to tell the end.
        here.refusals = [503, 429]
        handle = await here.start()
        await until(lambda: len(here.runtime.requests) == 2)
        result = await handle.result()
        await keep(handle, "orchestrator_away")
    assert result["status"] == "completed"
    assert [number for number, _, _ in here.told()] == [1, 2, 3, 4, 5, 6]
    assert [request.command for request in here.runtime.requests] == ["true", "true"]


async def test_orchestrator_away_at_the_end(client: Client, keep: Keep) -> None:
    """Contract 7.5: terminal events are tried for long."""

    async def then_away(request: pb.ExecuteSystemCommandRequest, context: Context) -> pb.ExecuteSystemCommandResponse:
        here.refusals = [503, 503]
        return await succeed(request, context)

    async with world(client, definition({"A": system()}), then_away) as here:
        handle = await here.start()
        await handle.result()
        history = await keep(handle, "orchestrator_away_at_the_end")
    assert [number for number, _, _ in here.told()] == [1, 2, 3, 4]
    # The local attempt failed; an ordinary activity with patience took over.
    assert count(history, "ACTIVITY_TASK_SCHEDULED") == 2


async def test_refused_event_does_not_hold_up(client: Client, keep: Keep) -> None:
    """Contract 7.5, 9.1 no. 1, 14: a refusal fails no run."""
    async with world(client, definition({"A": system()})) as here:
        here.refusals = [400]
        handle = await here.start()
        result = await handle.result()
        await keep(handle, "refused_event")
    assert result["status"] == "completed"
    assert [number for number, _, _ in here.told()] == [2, 3, 4]


async def test_runtime_that_is_not_there_yet_is_waited_for(client: Client) -> None:
    later = SteeredRuntime(succeed)
    async with grpc_server(later) as port:
        pass
    address = {"aegis_runtime_grpc_url": f"127.0.0.1:{port}", "aegis_runtime_grpc_connect_timeout_ms": 200}
    async with world(client, definition({"A": system()}), **address) as here:
        handle = await here.start()
        await until(lambda: here.events)
        async with grpc_server(later, port):
            result = await handle.result()
    assert result["status"] == "completed"
    assert len(later.requests) == 1
    assert [number for number, _, _ in here.told()] == [1, 2, 3, 4]


async def test_a_command_that_may_have_begun_is_not_repeated(client: Client, keep: Keep) -> None:
    async def break_off(_: pb.ExecuteSystemCommandRequest, context: Context) -> pb.ExecuteSystemCommandResponse:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "connection lost")
        raise AssertionError("abort raises")

    states = {"A": system(go("B", "on_failure")), "B": end_state()}
    async with world(client, definition(states), break_off) as here:
        handle = await here.start()
        result = await handle.result()
        await keep(handle, "broken_off")
    assert len(here.runtime.requests) == 1
    failed = result["blackboard"]["A"]
    assert (failed["status"], failed["exit_code"]) == ("failed", 125)
    assert failed["error"] == "ExecuteSystemCommand: UNAVAILABLE: connection lost"


async def test_a_command_whose_worker_was_lost_is_not_repeated(
    client: Client, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract 4.6, 9.3 no. 39."""
    # A worker that gives no sign of life looks to the server like one that died.
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 3600.0)
    monkeypatch.setattr(policies, "HEARTBEAT_LIMIT", timedelta(seconds=1))
    async with world(client, definition({"A": system(go("A", "on_success"))}), hang) as here:
        handle = await here.start()
        # Repeated, the command would hang again and again.
        async with asyncio.timeout(60):
            result = await handle.result()
        await keep(handle, "lost_worker")
    assert result["status"] == "failed"
    assert "the worker that executed it was lost" in result["error"]
    assert len(here.runtime.requests) == 1


async def test_a_worker_that_is_lost_while_delivering_is_made_good_by_another(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 3600.0)
    monkeypatch.setattr(policies, "HEARTBEAT_LIMIT", timedelta(seconds=1))
    async with world(client, definition({"A": system()})) as here:
        # Two deliveries never end; the server counts each as a lost worker.
        here.hanging = 2
        handle = await here.start()
        result = await handle.result()
        history = await handle.fetch_history()
    assert result["status"] == "completed"
    assert len(here.runtime.requests) == 1
    assert [number for number, _, _ in here.told()] == [1, 2, 3, 4]
    assert count(history, "ACTIVITY_TASK_SCHEDULED") == count(history, "ACTIVITY_TASK_STARTED") == 1


async def test_a_command_that_the_runtime_refused_late_is_tried_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.05)

    async def refuse_first(
        request: pb.ExecuteSystemCommandRequest, context: Context
    ) -> pb.ExecuteSystemCommandResponse:
        if len(here.runtime.requests) == 1:
            # Time for heartbeats that say that it has begun.
            await asyncio.sleep(0.5)
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many commands")
        return await succeed(request, context)

    async with world(client, definition({"A": system()}), refuse_first) as here:
        handle = await here.start()
        result = await handle.result()
    assert result["status"] == "completed"
    assert len(here.runtime.requests) == 2


async def test_cancellation_while_delivering_runs_no_command(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.05)
    async with world(client, definition({"A": system()})) as here:
        here.hanging = 1
        handle = await here.start()
        await until(lambda: here.hanging == 0)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
    # The worker has ended by now, and the delivery was answered before that.
    assert isinstance(raised.value.cause, WorkflowCancelled)
    assert here.runtime.requests == []
    assert "WorkflowExecutionCancelled" in [kind for _, kind, _ in here.told()]


def nested(levels: int) -> bytes:
    """A start argument with arrays of this many levels."""
    return b'{"workflow_id":"d","tenant_id":"acme","input":{"deep":' + b"[" * levels + b"]" * levels + b"}}"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (nested(127), "nested deeper than 128 levels"),
        (nested(500), "nested deeper than 128 levels"),
        (nested(100_000), "cannot be read: the payload is nested too deeply"),
        (b"{broken", "cannot be read: the payload is no JSON"),
    ],
    ids=["just too deep", "too deep for recursive work", "too deep for the JSON reader", "no JSON"],
)
async def test_an_argument_that_cannot_be_used_fails_the_run(client: Client, data: bytes, text: str) -> None:
    """Contract 4.2."""
    payload = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))
    async with world(client, definition({"A": system()})) as here:
        handle = await client.start_workflow("aegis_workflow", payload, id=str(uuid4()), task_queue=here.task_queue)
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
        history = await handle.fetch_history()
    assert isinstance(raised.value.cause, ApplicationError)
    assert text in str(raised.value.cause)
    assert count(history, "WORKFLOW_TASK_FAILED") == 0
    assert [kind for _, kind, _ in here.told()] == ["WorkflowExecutionStarted", "WorkflowExecutionFailed"]
    assert text in here.events[-1]["error"]


async def test_the_deepest_argument_that_is_taken(client: Client) -> None:
    payload = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=nested(126)))
    async with world(client, definition({"A": system()})) as here:
        handle = await client.start_workflow("aegis_workflow", payload, id=str(uuid4()), task_queue=here.task_queue)
        assert (await handle.result())["status"] == "completed"


async def test_cancellation_reaches_the_command_and_is_told(client: Client, keep: Keep) -> None:
    """Contract 4.5, 9.3 no. 37."""
    ended = asyncio.Event()

    async def hang_and_note(request: pb.ExecuteSystemCommandRequest, context: Context) -> Any:
        try:
            return await hang(request, context)
        finally:
            ended.set()

    async with world(client, definition({"A": system()}, spec_storage={"workspace": {}}), hang_and_note) as here:
        handle = await here.start()
        await until(lambda: here.runtime.requests)
        state = await handle.query("aegis_state")
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
        async with asyncio.timeout(30):
            await ended.wait()
        await keep(handle, "cancelled")
    assert isinstance(raised.value.cause, WorkflowCancelled)
    assert state.pop("definition_digest") == definition_hash(here.definitions["d"])
    assert state == {"state": "A", "iterations": 1, "visits": {"A": 1}, "waiting_for": None}
    assert here.told()[-1] == (3, "WorkflowExecutionCancelled", "A")
    assert len(here.runtime.workspaces) == 2


async def test_events_that_are_too_large_to_ride_go_by_themselves(client: Client, keep: Keep) -> None:
    """Contract 4.1, 9.1 no. 15."""

    async def print_much(request: pb.ExecuteSystemCommandRequest, _: Context) -> pb.ExecuteSystemCommandResponse:
        return pb.ExecuteSystemCommandResponse(exit_code=0, stdout="x" * 150_000)

    async with world(client, definition({"A": system(go("B")), "B": system()}), print_much) as here:
        handle = await here.start()
        await handle.result()
        history = await handle.fetch_history()
    assert [number for number, _, _ in here.told()] == [1, 2, 3, 4, 5, 6]
    assert count(history, "MARKER_RECORDED") == 3
    assert len(here.events[2]["output"]["stdout"]) == 150_000


async def test_blackboard_query(client: Client) -> None:
    """Contract 9.3 no. 48."""
    async with world(client, definition({"A": system()})) as here:
        handle = await here.start(input={"n": 1.0})
        await handle.result()
        board = await handle.query("blackboard")
    assert board["A"]["status"] == "success"
    assert board["input"] == {"n": 1}


async def test_summaries_name_state_and_command(client: Client, temporal_stack: TemporalStack) -> None:
    async with world(client, definition({"A": system(command="echo   one\ntwo")})) as here:
        handle = await here.start()
        await handle.result()
        history = await handle.fetch_history()
    summaries = [event.user_metadata.summary.data for event in history.events if event.HasField("user_metadata")]
    # Server 1.24 has no summaries and ignores ours.
    assert summaries == ([] if temporal_stack.version.startswith("1.24.") else [b'"A: echo one two"'])
