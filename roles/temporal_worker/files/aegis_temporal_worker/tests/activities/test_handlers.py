# SPDX-License-Identifier: Apache-2.0
"""Contract 5.7, 6.15, 8.2, 8.6: output handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities import handlers
from aegis_temporal_worker.activities.handlers import HandlerActivities
from aegis_temporal_worker.activities.messages import HandlerInput
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.interpreter.requests import HandlerCall
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal import limits, policies

from ..runtime.servers import Context
from .agents_support import RUN_ID, AgentRuntime, Scene, scene
from .support import EVENTS, RUN, SINCE, Hanging, answering, refusing

WEBHOOK = {"type": "webhook", "url": "https://x", "method": "POST", "headers": {"K": "ü"}, "timeout_seconds": 5.0}


class HandlerRuntime(AgentRuntime):
    """Handlers as ``on_handler`` says; keeps the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.handled: list[pb.InvokeOutputHandlerRequest] = []
        self.on_handler: Callable[[Context], Awaitable[Any]] = answering(
            pb.InvokeOutputHandlerResponse(success=True, result="made of it")
        )

    async def InvokeOutputHandler(self, request: pb.InvokeOutputHandlerRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        self._seen(context)
        self.handled.append(request)
        return await self.on_handler(context)


def call(**fields: Any) -> HandlerCall:
    given = {"state_name": "A", "execution_id": RUN_ID, "final_output": "{}", "config": WEBHOOK, "intent": "why"}
    return HandlerCall(**(given | fields))


async def hand_over(here: Scene, environment: ActivityEnvironment | None = None, **fields: Any) -> str | None:
    execute = HandlerActivities(here.client, here.publisher).execute  # type: ignore[arg-type]
    return await (environment or here.environment()).run(execute, HandlerInput(call(**fields), RUN, SINCE))


@pytest.fixture
def runtime() -> HandlerRuntime:
    return HandlerRuntime()


async def test_events_first_then_the_handler_with_its_settings_as_they_are(runtime: HandlerRuntime) -> None:
    async with scene(runtime=runtime) as here:
        assert await hand_over(here) == "made of it"
        assert here.publisher.events == EVENTS
    assert runtime.handled == [
        pb.InvokeOutputHandlerRequest(
            execution_id=RUN_ID,
            # This RPC reads the tenant from the message; the metadata carries it all the same.
            tenant_id="acme",
            final_output="{}",
            handler_config_json=(
                '{"type":"webhook","url":"https://x","method":"POST","headers":{"K":"ü"},"timeout_seconds":5}'
            ),
            intent="why",
        )
    ]
    assert runtime.metadata[0]["x-tenant-id"] == "acme"


@pytest.mark.parametrize("intent", [None, ""])
async def test_without_an_intent_the_field_is_absent(runtime: HandlerRuntime, intent: str | None) -> None:
    async with scene(runtime=runtime) as here:
        await hand_over(here, intent=intent)
    assert not runtime.handled[0].HasField("intent")


async def test_an_empty_result_is_none(runtime: HandlerRuntime) -> None:
    runtime.on_handler = answering(pb.InvokeOutputHandlerResponse(success=True))
    async with scene(runtime=runtime) as here:
        assert await hand_over(here) is None


@pytest.mark.parametrize(("error", "text"), [("webhook answered 500", "webhook answered 500"), ("", "no reason")])
async def test_a_handler_that_fails_is_final(runtime: HandlerRuntime, error: str, text: str) -> None:
    runtime.on_handler = answering(pb.InvokeOutputHandlerResponse(success=False, error=error))
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match=text) as raised:
            await hand_over(here)
    assert (raised.value.type, raised.value.non_retryable) == ("OutputHandlerFailed", True)
    assert raised.value.details == ({"events_sent": True},)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INVALID_ARGUMENT,
        # A webhook may have had its effects by then.
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
    ],
)
async def test_an_error_once_begun_is_final(runtime: HandlerRuntime, code: grpc.StatusCode) -> None:
    runtime.on_handler = refusing(code, "because")
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match="because") as raised:
            await hand_over(here)
    assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", True)


async def test_a_handler_that_does_not_end_is_final(runtime: HandlerRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_MARGIN_SECONDS", -4)
    runtime.on_handler = Hanging()
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match="The output handler webhook did not end within 1 s") as raised:
            await hand_over(here)
    assert raised.value.non_retryable


async def test_no_runtime_is_tried_again() -> None:
    async with scene(aegis_runtime_grpc_url="127.0.0.1:9", aegis_runtime_grpc_connect_timeout_ms=100) as here:
        with pytest.raises(ApplicationError) as raised:
            await hand_over(here)
    assert not raised.value.non_retryable


async def test_events_that_cannot_be_delivered_keep_the_output_back(runtime: HandlerRuntime) -> None:
    async with scene(runtime=runtime) as here:
        here.publisher.error = UndeliveredError("away")
        with pytest.raises(ApplicationError, match="away"):
            await hand_over(here)
    assert runtime.handled == []


async def test_an_attempt_after_a_lost_worker_is_final(runtime: HandlerRuntime) -> None:
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match="it is not repeated") as raised:
            await hand_over(here, here.environment(attempt=2, heartbeat_details=[{"begun": True}]))
    assert (raised.value.type, raised.value.non_retryable) == ("WorkerLost", True)
    assert runtime.handled == []


async def test_cancellation_ends_the_call(runtime: HandlerRuntime) -> None:
    runtime.on_handler = hanging = Hanging()
    async with scene(runtime=runtime) as here:
        environment = here.environment()
        running = asyncio.ensure_future(hand_over(here, environment))
        await hanging.begun.wait()
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with asyncio.timeout(10):
            await hanging.ended.wait()


@pytest.mark.parametrize(
    ("config", "seconds"),
    [
        ({}, 2400),
        ({"timeout_seconds": None}, 2400),
        ({"timeout_seconds": 0}, 2400),
        ({"timeout_seconds": "9"}, 2400),
        ({"timeout_seconds": 30}, 630),
        ({"timeout_seconds": 2.5}, 602),
    ],
)
def test_deadline(config: dict[str, Any], seconds: int) -> None:
    asked = call(config=config)
    assert handlers.deadline(asked) == seconds
    # Temporal gives the attempt longer than that.
    assert timedelta(seconds=seconds) < limits.of_handler(asked) + policies.MARGIN
