# SPDX-License-Identifier: Apache-2.0
"""What only a real Temporal Server can show: children, limits, deliveries, and definitions that change under a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from temporalio.api.enums.v1 import ParentClosePolicy
from temporalio.client import Client, WorkflowHistory

from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal import policies

from ..interpreter.outside import definition, go, state, system
from ..replay.world import World, succeed, world
from ..runtime.servers import Context

END = state("Action", action="update_blackboard", args={})


def scheduled(history: WorkflowHistory, name: str) -> list[Any]:
    """How the activities of a type were scheduled."""
    attributes = (event.activity_task_scheduled_event_attributes for event in history.events)
    return [item for item in attributes if item.activity_type.name == name]


def child(**fields: Any) -> dict[str, Any]:
    return state("Subworkflow", go("END"), subworkflow_id="child", **fields)


@pytest.mark.parametrize(
    ("mode", "policy"),
    [
        ("blocking", ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL),
        ("fire_and_forget", ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON),
    ],
)
async def test_contract_4_7_how_a_child_is_started(client: Client, mode: str, policy: int) -> None:
    """Contract 4.1, 9.1 no. 4, 9.3 no. 43: a UUID as its id, its parent's queue; who is not waited for goes on."""
    async with world(client, definition({"A": child(subworkflow_mode=mode), "END": END})) as here:
        here.definitions["child"] = definition({"C": system()}, name="child")
        handle = await here.start()
        await handle.result()
        history = await handle.fetch_history()
        (initiated,) = [
            event.start_child_workflow_execution_initiated_event_attributes
            for event in history.events
            if event.HasField("start_child_workflow_execution_initiated_event_attributes")
        ]
        ended = await client.get_workflow_handle(initiated.workflow_id).result()
    assert str(UUID(initiated.workflow_id)) == initiated.workflow_id
    assert initiated.workflow_type.name == "aegis_workflow"
    assert initiated.task_queue.name == here.task_queue
    assert initiated.parent_close_policy == policy
    assert ended["status"] == "completed"
    told = {event["child_execution_id"] for event in here.events if "child_execution_id" in event}
    assert told == {initiated.workflow_id}
    # The child's own events carry its id, and its numbers begin at 1.
    own = [event["temporal_sequence_number"] for event in here.events if event["execution_id"] == initiated.workflow_id]
    assert own == [1, 2, 3, 4]


async def test_contract_4_7_a_detached_child_outlives_its_parent(client: Client) -> None:
    """Contract 9.3 no. 43: it still waits for a person when its parent has long ended."""
    async with world(client, definition({"A": child(subworkflow_mode="fire_and_forget"), "END": END})) as here:
        here.definitions["child"] = definition({"ASK": state("Human", prompt="?")}, name="child")
        handle = await here.start()
        result = await handle.result()
        detached = client.get_workflow_handle(result["blackboard"]["A"]["child_execution_id"])
        await detached.signal("humanInput", args=["late"])
        ended = await detached.result()
    assert (ended["status"], ended["output"]["response"]) == ("completed", "late")


@pytest.mark.parametrize("change", ["deployed anew", "deleted"])
async def test_contract_9_1_22_a_definition_that_changes_does_not_disturb_a_run(client: Client, change: str) -> None:
    """Contract 0.2, 9.1 no. 22: neither a new deployment nor a deletion is seen by a run that has begun."""

    async def change_it(request: pb.ExecuteSystemCommandRequest, context: Context) -> pb.ExecuteSystemCommandResponse:
        if change == "deleted":
            here.definitions.clear()
        else:
            here.definitions["d"] = definition({"A": system(go("NEW")), "NEW": system()})
        return await succeed(request, context)

    async with world(client, definition({"A": system(go("B")), "B": system()}), change_it) as here:
        handle = await here.start()
        result = await handle.result()
    assert (result["status"], result["final_state"], result["iterations"]) == ("completed", "B", 2)


async def test_contract_9_3_39_limits_come_from_the_state(client: Client) -> None:
    """Contract 4.6: a command of an hour is not ended, nor tried again, because of a fixed limit."""
    async with world(client, definition({"A": system(timeout="1h")})) as here:
        handle = await here.start()
        await handle.result()
        (command,) = scheduled(await handle.fetch_history(), "executeSystemCommandActivity")
    assert here.runtime.requests[0].timeout_seconds == 3600
    assert command.start_to_close_timeout.ToTimedelta() > timedelta(hours=1)
    assert command.schedule_to_close_timeout.ToTimedelta() > timedelta(hours=1) + policies.OUTAGE_LIMIT
    # A worker that died is noticed by its heartbeats, long before that limit.
    assert command.heartbeat_timeout.ToTimedelta() == policies.HEARTBEAT_LIMIT < timedelta(minutes=1)
    # And its work is taken up soon after that, however often an orchestrator that was away has been tried before.
    assert command.retry_policy.maximum_interval.ToTimedelta() < policies.HEARTBEAT_LIMIT


async def test_contract_7_5_an_end_is_told_for_longer_than_anything_else(client: Client) -> None:
    """Contract 9.3 no. 38: minutes of outage for any event, a day for the one that ends the record."""

    async def away(request: pb.ExecuteSystemCommandRequest, context: Context) -> pb.ExecuteSystemCommandResponse:
        here.refusals = [503]
        return await succeed(request, context)

    gate = state("Human", go("A"), prompt="?", default_response="yes", timeout="1s")
    async with world(client, definition({"GATE": gate, "A": system()}), away) as here:
        # The first try to tell the question; later the first try to tell the end.
        here.refusals = [503]
        handle = await here.start()
        await handle.result()
        deliveries = scheduled(await handle.fetch_history(), "publishEventActivity")
    limits = [item.schedule_to_close_timeout.ToTimedelta() for item in deliveries]
    assert limits == [policies.OUTAGE_LIMIT, timedelta(hours=24)]
    assert timedelta(minutes=10) < policies.OUTAGE_LIMIT
    # No number of tries ends them earlier.
    assert {item.retry_policy.maximum_attempts for item in deliveries} == {0}
    assert [number for number, _, _ in here.told()] == list(range(1, 8))


async def test_contract_9_3_38_a_run_waits_for_its_workspace_as_long_as_for_its_work(client: Client) -> None:
    """Contract 7.5: no outage that a command survives fails a run that is only beginning."""
    spec = {"workspace": {"storage_class": "ephemeral"}}
    async with world(client, definition({"A": system()}, spec_storage=spec)) as here:
        handle = await here.start()
        await handle.result()
        (creation,) = scheduled(await handle.fetch_history(), "createEphemeralWorkspaceActivity")
    assert creation.schedule_to_close_timeout.ToTimedelta() == policies.OUTAGE_LIMIT


async def test_a_database_that_is_away_is_asked_at_growing_gaps(client: Client) -> None:
    async with world(client, definition({"A": system()})) as here:
        here.unreadable = 4
        handle = await here.start()
        result = await handle.result()
        history = await handle.fetch_history()
    assert result["status"] == "completed"
    # The first try inside the workflow task, then those of the activity; the server shows the last failure only.
    started = [event.activity_task_started_event_attributes for event in history.events]
    (last,) = [item for item in started if item.attempt == 4]
    failure = last.last_failure
    assert failure.message == "the database is away"
    assert failure.application_failure_info.type == "OSError"
    pause = failure.application_failure_info.next_retry_delay.ToTimedelta()
    assert pause == 4 * policies.PATIENT.initial_interval


def moment(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


async def test_contract_7_1_times_are_the_workflows(client: Client) -> None:
    """RFC 3339 in UTC, in order, and no later replay changes them: they are from the server's history."""
    async with world(client, definition({"A": system(go("B")), "B": system()})) as here:
        handle = await here.start()
        await handle.result()
        history = await handle.fetch_history()
    first_task = next(
        event.event_time.ToDatetime(UTC)
        for event in history.events
        if event.HasField("workflow_task_started_event_attributes")
    )
    times = [moment(event["timestamp"]) for event in here.events]
    assert times == sorted(times)
    assert times[0] == first_task.replace(microsecond=first_task.microsecond // 1000 * 1000)
    assert times[-1] <= history.events[-1].event_time.ToDatetime(UTC)


async def test_contract_7_1_a_refused_event_keeps_its_number(client: Client) -> None:
    """The numbers of the others do not move up."""
    async with world(client, definition({"A": system()})) as here:
        here.refusals = [400, 422]
        handle = await here.start()
        await handle.result()
    assert [number for number, _, _ in here.told()] == [3, 4]


async def test_contract_7_1_a_second_try_sends_the_same_event(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 7.5; contract 1.2, D4.1: doubles can be recognised, by a number that means the same event every time."""
    tried: list[dict[str, Any]] = []
    take = World.take

    async def note(here: World, request: web.Request) -> web.StreamResponse:
        tried.append(await request.json())
        return await take(here, request)

    monkeypatch.setattr(World, "take", note)
    async with world(client, definition({"A": system()})) as here:
        here.refusals = [503]
        handle = await here.start()
        await handle.result()
    assert [event["temporal_sequence_number"] for event in tried] == [1, 1, 2, 3, 4]
    assert tried[0] == tried[1]
