# SPDX-License-Identifier: Apache-2.0
"""Contract 4.8 and contract 1.2, D2.4: schedules on a real Temporal Server, made as the orchestrator makes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleCalendarSpec,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import CancelledError as WorkflowCancelled
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from aegis_temporal_worker.activities.services import open_services
from aegis_temporal_worker.temporal import schedule_fire
from aegis_temporal_worker.temporal.worker import build_worker

from ..runtime.servers import http_server
from .conftest import Keep
from .world import WorkerVariables, count

STARTED = {"fire": {"outcome": "started", "execution_id": "e"}}
REFUSED = {"fire": {"outcome": "refused", "execution_id": None, "detail": "the workflow is archived"}}
# The policy's own gaps are half a minute.
QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=3)


def as_json(body: Any) -> Callable[[], web.StreamResponse]:
    return lambda: web.json_response(body)


def status(code: int, text: str) -> Callable[[], web.StreamResponse]:
    return lambda: web.Response(status=code, text=text)


@dataclass
class World:
    """An orchestrator with a fire route, and a worker that serves a queue."""

    client: Client
    task_queue: str
    # Given in turn, the last one for ever.
    answers: list[Callable[[], web.StreamResponse]]
    fires: list[tuple[str, str | None, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """The fire route."""
        self.fires.append((request.path, request.headers.get("X-Tenant-Id"), json.loads(await request.read())))
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])()

    async def get_pinned(self, _workflow_id: str) -> tuple[dict[str, Any], str] | None:
        """No definitions are needed."""
        raise AssertionError("a schedule's fire reads no definition")

    async def resolve(self, _name_or_id: str, _tenant_id: str) -> str | None:
        """No definitions are needed."""
        raise AssertionError("a schedule's fire looks no definition up")

    async def schedule(self, spec: ScheduleSpec, **state: Any) -> tuple[str, ScheduleHandle]:
        """A schedule as the orchestrator creates it; its id there, and the handle."""
        schedule_id = str(uuid4())
        handle = await self.client.create_schedule(
            f"aegis-schedule-{schedule_id}",
            Schedule(
                action=ScheduleActionStartWorkflow(
                    "aegis_schedule_fire",
                    {"schedule_id": schedule_id, "tenant_id": "acme"},
                    id=f"aegis-schedule-fire-{schedule_id}",
                    task_queue=self.task_queue,
                ),
                spec=spec,
                policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(seconds=600)),
                state=ScheduleState(**state),
            ),
        )
        return schedule_id, handle

    async def fired(self, schedule: ScheduleHandle) -> WorkflowHandle[Any, Any]:
        """The first workflow that the schedule has started."""

        async def started() -> str | None:
            actions = (await schedule.describe()).info.recent_actions
            if not actions:
                return None
            execution = actions[0].action
            assert isinstance(execution, ScheduleActionExecutionStartWorkflow)
            return execution.workflow_id

        retrying = AsyncRetrying(
            retry=retry_if_result(lambda found: found is None), stop=stop_after_delay(60), wait=wait_fixed(0.1)
        )
        workflow_id = await retrying(started)
        assert workflow_id is not None
        return self.client.get_workflow_handle(workflow_id)


@asynccontextmanager
async def world(client: Client, *answers: Callable[[], web.StreamResponse]) -> AsyncIterator[World]:
    made = World(client, f"schedules-{uuid4()}", list(answers) or [as_json(STARTED)])
    async with http_server(made.take) as url:
        settings = WorkerVariables(temporal_task_queue=made.task_queue, aegis_orchestrator_url=url)
        async with open_services(settings) as services, build_worker(client, settings, made, services):
            yield made


HOURLY = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(hours=1))])


async def triggered(here: World) -> tuple[str, WorkflowHandle[Any, Any]]:
    """Id and workflow of a schedule that was fired at once."""
    schedule_id, schedule = await here.schedule(HOURLY, paused=True)
    await schedule.trigger()
    handle = await here.fired(schedule)
    await schedule.delete()
    return schedule_id, handle


def once(moment: datetime) -> ScheduleSpec:
    """One calendar entry, as for a one-off schedule."""
    parts = {name: [ScheduleRange(getattr(moment, name))] for name in ("year", "month", "hour", "minute", "second")}
    return ScheduleSpec(calendars=[ScheduleCalendarSpec(**parts, day_of_month=[ScheduleRange(moment.day)])])


async def server_has_its_scheduler(here: World) -> None:
    """Wait until it answers: a server that was just started takes seconds, and looks only ahead from there."""
    _, schedule = await here.schedule(HOURLY, paused=True)
    await schedule.describe()
    await schedule.delete()


async def test_a_one_off_schedule_fires_once_with_its_time(client: Client, keep: Keep) -> None:
    async with world(client) as here:
        await server_has_its_scheduler(here)
        moment = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
        schedule_id, schedule = await here.schedule(once(moment), limited_actions=True, remaining_actions=1)
        handle = await here.fired(schedule)
        result = await handle.result()
        history = await keep(handle, "schedule_fire_fired")
        remaining = (await schedule.describe()).schedule.state.remaining_actions
        await schedule.delete()
    time = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert handle.id.startswith(f"aegis-schedule-fire-{schedule_id}-")
    assert here.fires == [(f"/v1/internal/schedules/{schedule_id}/fire", "acme", {"scheduled_time": time})]
    assert result == {
        "schedule_id": schedule_id,
        "tenant_id": "acme",
        "scheduled_time": time,
        "outcome": "fired",
        "status": 200,
        "answer": STARTED,
    }
    assert remaining == 0
    scheduled = next(
        event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    )
    retries = scheduled.retry_policy
    assert scheduled.activity_type.name == "fireScheduleActivity"
    assert scheduled.start_to_close_timeout.ToTimedelta() == timedelta(seconds=30)
    assert (retries.initial_interval.ToTimedelta(), retries.backoff_coefficient) == (timedelta(seconds=30), 2)
    assert (retries.maximum_interval.ToTimedelta(), retries.maximum_attempts) == (timedelta(seconds=60), 3)
    # What is left of the catch-up window; the workflow cannot start before its time.
    limit = scheduled.schedule_to_close_timeout.ToTimedelta()
    assert timedelta(seconds=30) <= limit <= timedelta(seconds=600)
    workflow_started = history.events[0].event_time.ToDatetime(UTC)
    assert limit <= moment + timedelta(seconds=600) - workflow_started


async def test_a_time_long_past_still_gets_the_least_limit(client: Client) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    async with world(client) as here:
        _, schedule = await here.schedule(HOURLY, paused=True)
        await schedule.backfill(
            ScheduleBackfill(
                start_at=hour - timedelta(minutes=1),
                end_at=hour + timedelta(minutes=1),
                overlap=ScheduleOverlapPolicy.ALLOW_ALL,
            )
        )
        handle = await here.fired(schedule)
        result = await handle.result()
        history = await handle.fetch_history()
        await schedule.delete()
    assert (result["outcome"], result["scheduled_time"]) == ("fired", hour.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    limits = [
        event.activity_task_scheduled_event_attributes.schedule_to_close_timeout.ToTimedelta()
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert limits == [timedelta(seconds=30)]


async def test_a_fire_that_starts_no_run_is_fired_and_says_so(client: Client) -> None:
    async with world(client, as_json(REFUSED)) as here:
        _, handle = await triggered(here)
        result = await handle.result()
    assert (result["outcome"], result["status"], result["answer"]) == ("fired", 200, REFUSED)


async def test_an_answer_in_text(client: Client) -> None:
    async with world(client, status(202, "later")) as here:
        _, handle = await triggered(here)
        result = await handle.result()
    assert (result["outcome"], result["status"], result["answer"]) == ("fired", 202, "later")


async def test_a_refusal_is_a_result_and_is_asked_once(client: Client, keep: Keep) -> None:
    async with world(client, status(403, "not the worker")) as here:
        schedule_id, handle = await triggered(here)
        result = await handle.result()
        history = await keep(handle, "schedule_fire_refused")
    assert (result["schedule_id"], result["tenant_id"]) == (schedule_id, "acme")
    assert (result["outcome"], result["status"]) == ("refused", 403)
    assert result["answer"] == f"POST /v1/internal/schedules/{schedule_id}/fire answered 403: not the worker"
    assert result["scheduled_time"] is not None
    attempts = [
        event.activity_task_started_event_attributes.attempt
        for event in history.events
        if event.HasField("activity_task_started_event_attributes")
    ]
    assert attempts == [1]
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_three_attempts_and_then_unreachable(client: Client, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_fire, "RETRIES", QUICK)
    async with world(client, status(503, "down")) as here:
        _, handle = await triggered(here)
        result = await handle.result()
        await keep(handle, "schedule_fire_unreachable")
    assert (result["outcome"], result["status"]) == ("unreachable", None)
    assert result["answer"].endswith("answered 503: down")
    assert len(here.fires) == 3
    # The same time each time: the orchestrator knows a repetition by it.
    assert len({body["scheduled_time"] for _, _, body in here.fires}) == 1
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_an_orchestrator_that_comes_back_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_fire, "RETRIES", QUICK)
    async with world(client, status(503, "down"), status(502, "down"), as_json(STARTED)) as here:
        _, handle = await triggered(here)
        result = await handle.result()
    assert (result["outcome"], result["answer"], len(here.fires)) == ("fired", STARTED, 3)


async def test_the_time_for_all_attempts_is_limited(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_fire, "CATCH_UP", timedelta(0))
    monkeypatch.setattr(schedule_fire, "LEAST_LIMIT", timedelta(seconds=1))
    # The first gap would end after the limit.
    async with world(client, status(503, "down")) as here:
        _, handle = await triggered(here)
        result = await handle.result()
    assert (result["outcome"], len(here.fires)) == ("unreachable", 1)


async def test_an_attempt_that_is_never_answered_is_unreachable(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_fire, "ATTEMPT_LIMIT", timedelta(seconds=1))
    monkeypatch.setattr(schedule_fire, "RETRIES", RetryPolicy(maximum_attempts=1))
    over = asyncio.Event()

    class Silent(World):
        async def take(self, request: web.Request) -> web.StreamResponse:
            await over.wait()
            return web.Response()

    made = Silent(client, f"schedules-{uuid4()}", [])
    async with http_server(made.take) as url:
        settings = WorkerVariables(temporal_task_queue=made.task_queue, aegis_orchestrator_url=url)
        async with open_services(settings) as services, build_worker(client, settings, made, services):
            try:
                _, handle = await triggered(made)
                result = await handle.result()
            finally:
                over.set()
    assert (result["outcome"], result["status"]) == ("unreachable", None)
    assert "could not be asked in time" in result["answer"]


async def start(here: World, *arguments: Any) -> WorkflowHandle[Any, Any]:
    """Start the workflow without a Schedule."""
    return await here.client.start_workflow(
        "aegis_schedule_fire", args=list(arguments), id=str(uuid4()), task_queue=here.task_queue
    )


async def test_without_a_scheduled_time_nothing_is_posted(client: Client, keep: Keep) -> None:
    async with world(client) as here:
        handle = await start(here, {"schedule_id": "s", "tenant_id": "acme"})
        result = await handle.result()
        history = await keep(handle, "schedule_fire_unscheduled")
    assert result == {
        "schedule_id": "s",
        "tenant_id": "acme",
        "scheduled_time": None,
        "outcome": "unscheduled",
        "status": None,
        "answer": None,
    }
    assert (here.fires, count(history, "ACTIVITY_TASK_SCHEDULED")) == ([], 0)


def broken(data: bytes) -> RawValue:
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "schedule_id and tenant_id"),
        (["text"], "schedule_id and tenant_id"),
        ([{"schedule_id": "s"}], "schedule_id and tenant_id"),
        ([{"schedule_id": 5, "tenant_id": "acme"}], "schedule_id and tenant_id"),
        ([broken(b"{broken")], "the payload is no JSON"),
        ([broken(b"[" * 100_000)], "the payload is nested too deeply"),
        ([RawValue(Payload(metadata={"encoding": b"binary/novel"}, data=b"x"))], "binary/novel"),
    ],
    ids=["none", "no object", "no tenant", "wrong type", "no JSON", "too deep", "unknown encoding"],
)
async def test_an_argument_that_cannot_be_used_is_a_result(client: Client, arguments: list[Any], reason: str) -> None:
    async with world(client) as here:
        handle = await start(here, *arguments)
        result = await handle.result()
        history = await handle.fetch_history()
    assert (result["outcome"], result["status"], here.fires) == ("refused", None, [])
    assert reason in result["answer"]
    assert count(history, "WORKFLOW_TASK_FAILED") == 0


async def test_a_cancelled_fire_is_cancelled(client: Client) -> None:
    # Waits half a minute for its second attempt.
    async with world(client, status(503, "down")) as here:
        _, handle = await triggered(here)
        await AsyncRetrying(
            retry=retry_if_result(lambda fires: not fires), stop=stop_after_delay(30), wait=wait_fixed(0.05)
        )(_later(here.fires))
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
    assert isinstance(raised.value.cause, WorkflowCancelled)


def _later(found: list[Any]) -> Callable[[], Any]:
    async def look() -> list[Any]:
        return found

    return look
