# SPDX-License-Identifier: Apache-2.0
"""What stands around an activity in these tests: the server's side of heartbeats, the event route, and the runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import (
    RecordActivityTaskHeartbeatRequest,
    RecordActivityTaskHeartbeatResponse,
)
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities.messages import Delivery, RunReference, Since
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.interpreter.events import Event
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal import policies
from aegis_temporal_worker.temporal.converter import DATA_CONVERTER

from ..runtime.servers import Context, Runtime

RUN = RunReference(execution_id="e", workflow_id="w", tenant_id="acme")
SINCE = Since(events=[{"event_type": "WorkflowStateEntered", "temporal_sequence_number": 2}])
# What the event route gets of them: what all events of a run have in common is beside them.
EVENTS = [
    {
        "event_type": "WorkflowStateEntered",
        "execution_id": "e",
        "workflow_id": "w",
        "temporal_sequence_number": 2,
    }
]


class Publisher:
    """Takes events, or is away."""

    def __init__(self, error: UndeliveredError | None = None) -> None:
        self.events: list[Event] = []
        self.error = error

    async def deliver(self, events: Sequence[Event]) -> Delivery:
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
        assert timeout < policies.HEARTBEAT_LIMIT
        assert request.task_token == b"test"
        self.seen.set()
        if isinstance(self._answer, RPCError):
            raise self._answer
        self.confirmed.append(details)
        return self._answer


def environment_of(temporal: Temporal) -> ActivityEnvironment:
    return ActivityEnvironment(client=temporal)  # type: ignore[arg-type]


class SlowPublisher(Publisher):
    """Delivers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def deliver(self, events: Sequence[Event]) -> Delivery:
        await self.go_on.wait()
        return await super().deliver(events)


class WorkRuntime(Runtime):
    """Containers, actions and images: keeps the requests, and answers as ``on_work`` says."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Message] = []
        self.on_work: Callable[[Context], Awaitable[Any]] = never_set

    async def _work(self, request: Message, context: Context) -> Any:
        self.asked.append(request)
        self._seen(context)
        return await self.on_work(context)

    async def ExecuteContainerRun(self, request: pb.ExecuteContainerRunRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._work(request, context)

    async def RunRepositoryAction(self, request: pb.RunRepositoryActionRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._work(request, context)

    async def RunImageGenerate(self, request: pb.RunImageGenerateRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        return await self._work(request, context)


async def never_set(_: Context) -> Any:
    """A test that forgot to say what the runtime answers."""
    raise AssertionError("the test says no answer")


def answering(response: Message) -> Callable[[Context], Awaitable[Any]]:
    """The runtime answers with this."""

    async def answer(_: Context) -> Any:
        return response

    return answer


def refusing(code: grpc.StatusCode, details: str) -> Callable[[Context], Awaitable[Any]]:
    """The runtime answers with a status."""

    async def refuse(context: Context) -> Any:
        await context.abort(code, details)
        raise AssertionError("abort raises")

    return refuse


class Hanging:
    """The runtime works for ever."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def __call__(self, _: Context) -> Any:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        raise AssertionError("unreachable")
