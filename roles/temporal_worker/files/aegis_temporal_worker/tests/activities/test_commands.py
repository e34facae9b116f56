# SPDX-License-Identifier: Apache-2.0
"""Contract 4.6, 6.5, 8.6, 9.3 no. 39: a command runs at most once, and what is tried again."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import grpc
import pytest
from temporalio.api.workflowservice.v1 import RecordActivityTaskHeartbeatResponse
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from aegis_temporal_worker.activities import heartbeat
from aegis_temporal_worker.activities.commands import CommandActivities
from aegis_temporal_worker.activities.messages import CommandInput
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.interpreter.requests import Command
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from ..runtime.servers import Context, Runtime, Settings
from .support import EVENTS, RUN, SINCE, Publisher, SlowPublisher, Temporal, environment_of


def command(**fields: Any) -> CommandInput:
    given: dict[str, Any] = {
        "state_name": "A",
        "command": "true",
        "env": {"K": "v"},
        "workdir": None,
        "limit_seconds": None,
    }
    return CommandInput(Command(**(given | fields)), RUN, SINCE)


async def execute(client: RuntimeClient, publisher: Any, given: CommandInput, environment: Any = None) -> Any:
    run = CommandActivities(client, publisher).execute
    return await (environment or environment_of(Temporal())).run(run, given)


async def test_events_first_then_the_command(client: RuntimeClient, runtime: Runtime) -> None:
    """Contract 8.2: the request."""
    publisher = Publisher()
    seen_at_command: list[int] = []

    async def look(_: Context) -> pb.ExecuteSystemCommandResponse:
        seen_at_command.append(len(publisher.events))
        return pb.ExecuteSystemCommandResponse(exit_code=3, stdout="o", stderr="e", duration_ms=4)

    runtime.on_command = look
    output = await execute(client, publisher, command(workdir="/w", limit_seconds=9))
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
    output = await execute(client, Publisher(), command(limit_seconds=30))
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


@pytest.mark.parametrize("details", [[], [{"begun": False}], ["begun"]], ids=["silence", "not begun", "unknown"])
async def test_an_attempt_after_one_that_did_not_begin_runs_the_command(
    client: RuntimeClient, runtime: Runtime, details: list[object]
) -> None:
    temporal, publisher = Temporal(), Publisher()
    environment = environment_of(temporal)
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=details)
    at_command: list[object] = []

    async def look(_: Context) -> pb.ExecuteSystemCommandResponse:
        at_command.extend(temporal.confirmed)
        return pb.ExecuteSystemCommandResponse()

    runtime.on_command = look
    await execute(client, publisher, command(), environment)
    assert publisher.events == EVENTS
    # The earlier attempt's details would stand there until the first heartbeat of the work.
    assert at_command == [{"begun": True}]


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
    environment = environment_of(Temporal(RPCError("no answer", RPCStatusCode.DEADLINE_EXCEEDED, b"")))
    with pytest.raises(ApplicationError, match="no answer") as raised:
        await execute(client, SlowPublisher() if slow else Publisher(), command(), environment)
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


@pytest.mark.parametrize(
    "fields",
    [{"command": "a\ud800"}, {"env": {"K": "a\ud800"}}, {"limit_seconds": 2**32}],
    ids=["command", "environment", "limit"],
)
async def test_what_no_message_can_hold_is_final_at_once(
    client: RuntimeClient, runtime: Runtime, fields: dict[str, Any]
) -> None:
    publisher = Publisher()
    with pytest.raises(ApplicationError, match="ExecuteSystemCommandRequest cannot be made") as raised:
        await execute(client, publisher, command(**fields))
    assert (raised.value.type, raised.value.non_retryable) == ("InvalidRequest", True)
    # The events are the run's still: they go with its next activity.
    assert (raised.value.details, publisher.events, runtime.requests) == ((), [], [])
