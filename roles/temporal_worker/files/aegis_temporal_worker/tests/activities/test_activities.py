# SPDX-License-Identifier: Apache-2.0
"""The activities against a real gRPC server: what is tried again, and what is final."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import grpc
import pytest
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities import heartbeat, names
from aegis_temporal_worker.activities.commands import CommandActivities
from aegis_temporal_worker.activities.definitions import DefinitionActivities
from aegis_temporal_worker.activities.events import EventActivities
from aegis_temporal_worker.activities.messages import (
    Delivery,
    EventBatch,
    FetchedDefinition,
    SystemCommandInput,
    WorkspaceInput,
    WorkspaceReference,
)
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.activities.services import activities, open_services
from aegis_temporal_worker.activities.workspaces import WorkspaceActivities
from aegis_temporal_worker.interpreter.events import Event
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal.converter import DATA_CONVERTER

from ..runtime.servers import Context, Runtime, Settings, grpc_server

EVENTS = [{"event_type": "WorkflowStateEntered", "temporal_sequence_number": 2}]


class Publisher:
    """Takes events, or is away."""

    def __init__(self, error: UndeliveredError | None = None) -> None:
        self.events: list[Event] = []
        self.error = error

    async def deliver(self, events: Sequence[Event], attempt: int = 1) -> Delivery:
        if self.error is not None:
            raise self.error
        self.events.extend(events)
        return Delivery(len(events))


class Temporal:
    """A client of Temporal that keeps the details of confirmed heartbeats, or answers as told."""

    namespace = "default"
    identity = "test"
    data_converter = DATA_CONVERTER

    def __init__(self, answer: RecordActivityTaskHeartbeatResponse | RPCError | None = None) -> None:
        self.workflow_service = self
        self.confirmed: list[object] = []
        self.seen = asyncio.Event()
        self._answer = answer or RecordActivityTaskHeartbeatResponse()

    async def record_activity_task_heartbeat(
        self,
        request: RecordActivityTaskHeartbeatRequest,
        *,
        retry: bool,
        timeout: timedelta,  # noqa: ASYNC109 - the SDK's name
    ) -> RecordActivityTaskHeartbeatResponse:
        (details,) = await DATA_CONVERTER.decode_wrapper(request.details)
        # A heartbeat that is sent twice could arrive after the mark.
        assert retry is details["begun"]
        assert timeout < timedelta(seconds=10)
        assert request.task_token == b"test"
        self.seen.set()
        if isinstance(self._answer, RPCError):
            raise self._answer
        self.confirmed.append(details)
        return self._answer


def environment_of(temporal: Temporal) -> ActivityEnvironment:
    return ActivityEnvironment(client=temporal)  # type: ignore[arg-type]


@pytest.fixture
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture
async def client(runtime: Runtime) -> AsyncIterator[RuntimeClient]:
    async with grpc_server(runtime) as port:
        made = RuntimeClient(Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}"))
        yield made
        await made.close()


def command(**fields: Any) -> SystemCommandInput:
    given: dict[str, Any] = {
        "execution_id": "e",
        "tenant_id": "acme",
        "state": "A",
        "command": "true",
        "env": {"K": "v"},
        "workdir": None,
        "timeout": None,
        "events": EVENTS,
    }
    return SystemCommandInput(**(given | fields))


async def execute(client: RuntimeClient, publisher: Any, given: SystemCommandInput, environment: Any = None) -> Any:
    run = CommandActivities(client, publisher).execute
    return await (environment or environment_of(Temporal())).run(run, given)


async def test_events_first_then_the_command(client: RuntimeClient, runtime: Runtime) -> None:
    publisher = Publisher()
    seen_at_command: list[int] = []

    async def look(_: Context) -> pb.ExecuteSystemCommandResponse:
        seen_at_command.append(len(publisher.events))
        return pb.ExecuteSystemCommandResponse(exit_code=3, stdout="o", stderr="e", duration_ms=4)

    runtime.on_command = look
    output = await execute(client, publisher, command(workdir="/w", timeout=9))
    assert seen_at_command == [1]
    assert (output.exit_code, output.stdout, output.stderr, output.duration_ms) == (3, "o", "e", 4)
    assert runtime.requests == [
        pb.ExecuteSystemCommandRequest(command="true", env={"K": "v"}, workdir="/w", timeout_seconds=9)
    ]
    assert runtime.metadata[0]["x-tenant-id"] == "acme"


async def test_without_limit_and_directory_the_fields_are_absent(client: RuntimeClient, runtime: Runtime) -> None:
    await execute(client, Publisher(), command())
    assert not runtime.requests[0].HasField("timeout_seconds")
    assert not runtime.requests[0].HasField("workdir")


async def test_events_that_cannot_be_delivered_keep_the_command_back(client: RuntimeClient, runtime: Runtime) -> None:
    publisher = Publisher(UndeliveredError("away", 7))
    with pytest.raises(ApplicationError, match="away") as raised:
        await execute(client, publisher, command())
    assert not raised.value.non_retryable
    assert raised.value.next_retry_delay is not None
    assert runtime.requests == []


async def test_no_runtime_is_tried_again() -> None:
    client = RuntimeClient(Settings(aegis_runtime_grpc_connect_timeout_ms=100))
    with pytest.raises(ApplicationError) as raised:
        await execute(client, Publisher(), command())
    await client.close()
    assert (raised.value.type, raised.value.non_retryable) == ("Runtime.UNAVAILABLE", False)
    assert raised.value.details == ({"events_sent": True},)


async def test_what_may_have_begun_is_final(client: RuntimeClient, runtime: Runtime) -> None:
    async def refuse(context: Context) -> pb.ExecuteSystemCommandResponse:
        await context.abort(grpc.StatusCode.UNAVAILABLE, "connection lost")
        raise AssertionError("abort raises")

    runtime.on_command = refuse
    with pytest.raises(ApplicationError, match="connection lost") as raised:
        await execute(client, Publisher(), command())
    assert raised.value.non_retryable
    assert raised.value.__cause__ is None


async def test_deadline_exceeded_is_a_result(client: RuntimeClient, runtime: Runtime) -> None:
    async def refuse(context: Context) -> pb.ExecuteSystemCommandResponse:
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "command timed out")
        raise AssertionError("abort raises")

    runtime.on_command = refuse
    output = await execute(client, Publisher(), command(timeout=30))
    assert (output.exit_code, output.timed_out) == (124, True)
    assert "30 s" in output.stderr


async def test_stop_of_the_worker_is_final_for_a_command(client: RuntimeClient, runtime: Runtime) -> None:
    begun = asyncio.Event()

    async def hang(_: Context) -> pb.ExecuteSystemCommandResponse:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    runtime.on_command = hang
    environment = environment_of(Temporal())
    running = asyncio.ensure_future(execute(client, Publisher(), command(), environment))
    await begun.wait()
    environment.worker_shutdown()
    environment.cancel()
    with pytest.raises(ApplicationError, match="interrupted by the stop of the worker") as raised:
        await running
    assert (raised.value.type, raised.value.non_retryable) == ("Interrupted", True)


async def test_cancellation_ends_the_call(client: RuntimeClient, runtime: Runtime) -> None:
    begun = asyncio.Event()
    ended = asyncio.Event()

    async def hang(_: Context) -> pb.ExecuteSystemCommandResponse:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("unreachable")

    runtime.on_command = hang
    environment = environment_of(Temporal())
    running = asyncio.ensure_future(execute(client, Publisher(), command(), environment))
    await begun.wait()
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(10):
        await ended.wait()


class SlowPublisher(Publisher):
    """Delivers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def deliver(self, events: Sequence[Event], attempt: int = 1) -> Delivery:
        await self.go_on.wait()
        return await super().deliver(events, attempt)


async def test_the_server_has_the_mark_before_the_runtime_is_asked(
    client: RuntimeClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.01)
    temporal, publisher = Temporal(), SlowPublisher()
    at_command: list[object] = []

    async def look(_: Context) -> pb.ExecuteSystemCommandResponse:
        at_command.extend(temporal.confirmed)
        return pb.ExecuteSystemCommandResponse()

    runtime.on_command = look
    running = asyncio.ensure_future(execute(client, publisher, command(), environment_of(temporal)))
    await temporal.seen.wait()
    assert runtime.requests == []
    publisher.go_on.set()
    await running
    assert at_command[0] == {"begun": False}
    assert at_command[-1] == {"begun": True}
    assert at_command.count({"begun": True}) == 1
    assert temporal.confirmed == at_command


@pytest.mark.parametrize("details", [[], [{"begun": False}], ["begun"]])
async def test_an_attempt_after_one_that_did_not_begin_runs_the_command(
    client: RuntimeClient, runtime: Runtime, details: list[object]
) -> None:
    environment, publisher = environment_of(Temporal()), Publisher()
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=details)
    await execute(client, publisher, command(), environment)
    assert publisher.events == EVENTS
    assert len(runtime.requests) == 1


async def test_an_attempt_after_one_that_may_have_begun_does_nothing(client: RuntimeClient, runtime: Runtime) -> None:
    environment, publisher = environment_of(Temporal()), Publisher()
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=[{"begun": True}])
    with pytest.raises(ApplicationError, match="was lost or too slow; it is not repeated") as raised:
        await execute(client, publisher, command(), environment)
    assert (raised.value.type, raised.value.non_retryable) == ("WorkerLost", True)
    assert raised.value.details == ({"events_sent": True},)
    assert (publisher.events, runtime.requests) == ([], [])


@pytest.mark.parametrize("slow", [False, True], ids=["mark", "heartbeat while delivering"])
async def test_without_an_answer_of_the_server_the_command_waits_for_another_attempt(
    client: RuntimeClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.01)
    temporal = Temporal(RPCError("no answer", RPCStatusCode.DEADLINE_EXCEEDED, b""))
    with pytest.raises(ApplicationError, match="no answer") as raised:
        await execute(client, SlowPublisher() if slow else Publisher(), command(), environment_of(temporal))
    assert (raised.value.type, raised.value.non_retryable) == ("NotBegun", False)
    assert runtime.requests == []


@pytest.mark.parametrize("wish", ["cancel_requested", "activity_paused", "activity_reset"])
async def test_a_wish_to_stop_that_comes_with_the_mark_keeps_the_command_back(
    client: RuntimeClient, runtime: Runtime, wish: str
) -> None:
    temporal = Temporal(RecordActivityTaskHeartbeatResponse(**{wish: True}))
    environment = environment_of(temporal)
    told: list[object] = []
    asked = asyncio.Event()

    def note(*details: object) -> None:
        told.extend(details)
        asked.set()

    environment.on_heartbeat = note
    running = asyncio.ensure_future(execute(client, Publisher(), command(), environment))
    # The SDK learns of the wish by a heartbeat of its own, and cancels then.
    await asked.wait()
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert runtime.requests == []
    assert told[-1] == {"begun": False}


async def test_cancellation_ends_the_delivery(client: RuntimeClient, runtime: Runtime) -> None:
    environment = environment_of(Temporal())
    running = asyncio.ensure_future(execute(client, SlowPublisher(), command(), environment))
    await asyncio.sleep(0)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert runtime.requests == []


async def test_stop_of_the_worker_leaves_a_command_that_has_not_begun_to_another(
    client: RuntimeClient, runtime: Runtime
) -> None:
    environment, publisher = environment_of(Temporal()), SlowPublisher()
    running = asyncio.ensure_future(execute(client, publisher, command(), environment))
    await asyncio.sleep(0)
    environment.worker_shutdown()
    publisher.go_on.set()
    with pytest.raises(ApplicationError, match="stopping") as raised:
        await running
    assert (raised.value.type, raised.value.non_retryable) == ("NotBegun", False)
    assert runtime.requests == []


async def test_a_refusal_of_the_runtime_takes_the_mark_back(client: RuntimeClient, runtime: Runtime) -> None:
    async def refuse(context: Context) -> pb.ExecuteSystemCommandResponse:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many commands")
        raise AssertionError("abort raises")

    runtime.on_command = refuse
    environment = environment_of(Temporal())
    told: list[object] = []
    environment.on_heartbeat = told.append
    with pytest.raises(ApplicationError, match="too many commands") as raised:
        await execute(client, Publisher(), command(), environment)
    assert not raised.value.non_retryable
    assert told[-1] == {"begun": False}


async def test_an_answer_that_is_too_large_is_final(client: RuntimeClient, runtime: Runtime) -> None:
    async def print_much(_: Context) -> pb.ExecuteSystemCommandResponse:
        return pb.ExecuteSystemCommandResponse(stdout="x" * 9 * 1024 * 1024)

    runtime.on_command = print_much
    with pytest.raises(ApplicationError, match="larger than max") as raised:
        await execute(client, Publisher(), command())
    assert raised.value.non_retryable


async def test_events_alone() -> None:
    publisher = Publisher()
    delivery = await ActivityEnvironment().run(EventActivities(publisher).publish, EventBatch(EVENTS))  # type: ignore[arg-type]
    assert (delivery.delivered, publisher.events) == (1, EVENTS)
    away = EventActivities(Publisher(UndeliveredError("away")))  # type: ignore[arg-type]
    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(away.publish, EventBatch(EVENTS))
    assert (raised.value.type, raised.value.non_retryable) == ("EventsUndelivered", False)


class Source:
    """Definitions in memory."""

    async def get(self, workflow_id: str) -> dict[str, Any] | None:
        return {"name": "known"} if workflow_id == "known" else None


async def test_definition_with_the_template_setting() -> None:
    fetch = DefinitionActivities(Source(), escape_everywhere=True).fetch
    assert await ActivityEnvironment().run(fetch, "known") == FetchedDefinition({"name": "known"}, True)
    with pytest.raises(ApplicationError, match="unknown is not registered") as raised:
        await ActivityEnvironment().run(fetch, "unknown")
    assert raised.value.non_retryable


async def test_workspaces(client: RuntimeClient, runtime: Runtime) -> None:
    workspaces = WorkspaceActivities(client)
    created = await ActivityEnvironment().run(workspaces.create, WorkspaceInput("e", "acme", 2, 64))
    assert (created.volume_id, created.remote_path) == ("v", "/r")
    assert runtime.workspaces == [
        pb.CreateWorkspaceVolumeRequest(workflow_execution_id="e", tenant_id="acme", ttl_hours=2, size_limit_mb=64)
    ]
    with pytest.raises(ApplicationError, match="no such volume") as raised:
        await ActivityEnvironment().run(workspaces.destroy, WorkspaceReference("v", "e", "acme"))
    assert (raised.value.type, raised.value.non_retryable) == ("Runtime.INVALID_ARGUMENT", True)


async def test_every_activity_type_is_served() -> None:
    settings = Settings()
    async with open_services(settings) as services:
        served = {
            getattr(item, "__temporal_activity_definition").name for item in activities(settings, Source(), services)
        }
    assert served == {value for name, value in vars(names).items() if name.isupper()}
