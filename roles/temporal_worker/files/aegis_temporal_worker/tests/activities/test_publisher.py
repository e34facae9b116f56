# SPDX-License-Identifier: Apache-2.0
"""Contract 7.1, 7.5 and D4.1: delivery of events."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aegis_temporal_worker.activities import publisher as publisher_module
from aegis_temporal_worker.activities.publisher import EventPublisher, UndeliveredError
from aegis_temporal_worker.runtime.auth import TokenProvider, TokenRefusedError, TokenUnavailableError

from ..runtime.servers import Settings, http_server


def event(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"event_type": "WorkflowStateExited", "execution_id": "e", "temporal_sequence_number": number, **fields}


@dataclass
class Orchestrator:
    """The event route; ``answers`` are given in turn, then 200."""

    answers: list[Callable[[], web.StreamResponse]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.sizes.append(len(body))
        self.bodies.append(json.loads(body))
        self.headers.append(dict(request.headers))
        self.paths.append(request.path)
        return self.answers.pop(0)() if self.answers else web.json_response({"status": "received"})


class Tokens:
    """Tokens t1, t2 … a new one after each drop; or an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 1
        self.error = error

    async def token(self) -> str | None:
        if self.error is not None:
            raise self.error
        return f"t{self.count}"

    def drop(self, token: str) -> None:
        assert token == f"t{self.count}"
        self.count += 1


def answer(status: int, text: str = "", **headers: str) -> Callable[[], web.StreamResponse]:
    return lambda: web.Response(status=status, text=text, headers=headers)


@asynccontextmanager
async def publishing(
    orchestrator: Orchestrator, tokens: Any = None, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[EventPublisher]:
    """A publisher of this orchestrator."""
    async with http_server(orchestrator) as url, aiohttp.ClientSession() as session:
        settings = Settings(aegis_orchestrator_url=f"{url}/")
        yield EventPublisher(settings, session, tokens or TokenProvider(Settings()), clock)


async def deliver(orchestrator: Orchestrator, events: list[dict[str, Any]], tokens: Any = None) -> Any:
    async with publishing(orchestrator, tokens) as publisher:
        return await publisher.deliver(events)


async def test_one_request_per_event_in_order() -> None:
    orchestrator = Orchestrator()
    delivery = await deliver(orchestrator, [event(1), event(2, output={"ü": 1.0}), event(3)])
    assert [body["temporal_sequence_number"] for body in orchestrator.bodies] == [1, 2, 3]
    assert orchestrator.bodies[1]["output"] == {"ü": 1.0}
    assert set(orchestrator.paths) == {"/v1/temporal-events"}
    assert orchestrator.headers[0]["Content-Type"] == "application/json"
    assert "Authorization" not in orchestrator.headers[0]
    assert (delivery.delivered, delivery.refused) == (3, [])


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
async def test_what_may_pass_is_raised_and_what_follows_waits(status: int) -> None:
    orchestrator = Orchestrator([answer(200), answer(status, "busy")])
    with pytest.raises(UndeliveredError, match=f"{status} to WorkflowStateExited no. 2: busy"):
        await deliver(orchestrator, [event(1), event(2), event(3)])
    assert len(orchestrator.bodies) == 2


async def test_retry_after_is_passed_on() -> None:
    with pytest.raises(UndeliveredError) as raised:
        await deliver(Orchestrator([answer(429, **{"Retry-After": "7"})]), [event()])
    assert raised.value.retry_after == 7
    with pytest.raises(UndeliveredError) as raised:
        await deliver(Orchestrator([answer(503, **{"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})]), [event()])
    assert raised.value.retry_after is None


async def test_nobody_answers() -> None:
    async with aiohttp.ClientSession() as session:
        publisher = EventPublisher(Settings(), session, TokenProvider(Settings()))
        with pytest.raises(UndeliveredError, match="temporal-events"):
            await publisher.deliver([event()])


async def test_an_answer_that_does_not_come_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "_LIMIT", aiohttp.ClientTimeout(total=0.2))
    over = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with http_server(hang) as url, aiohttp.ClientSession() as session:
        publisher = EventPublisher(Settings(aegis_orchestrator_url=url), session, TokenProvider(Settings()))
        try:
            with pytest.raises(UndeliveredError, match=r"temporal-events: \w*TimeoutError"):
                await publisher.deliver([event()])
        finally:
            over.set()


async def test_a_redirect_is_no_delivery() -> None:
    orchestrator = Orchestrator([answer(302, "elsewhere", Location="/health")])
    delivery = await deliver(orchestrator, [event()])
    assert (delivery.delivered, delivery.refused[0].status) == (0, 302)
    assert len(orchestrator.bodies) == 1


async def test_a_connection_that_breaks_is_raised() -> None:
    def cut() -> web.StreamResponse:
        raise asyncio.CancelledError

    with pytest.raises(UndeliveredError):
        await deliver(Orchestrator([cut]), [event()])


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
async def test_refusals_are_logged_and_do_not_hold_up(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Contract 7.5, 9.1 no. 1; contract 1.2, D2.3: also of events of a run that was removed."""
    orchestrator = Orchestrator([answer(status, "Unknown event type"), answer(200)])
    delivery = await deliver(orchestrator, [event(1), event(2)])
    assert len(orchestrator.bodies) == 2
    assert delivery.delivered == 1
    assert [(item.sequence, item.status, item.answer) for item in delivery.refused] == [
        (1, status, "Unknown event type")
    ]
    record = next(record for record in caplog.records if record.levelname == "ERROR")
    assert (record.__dict__["status"], record.__dict__["execution_id"]) == (status, "e")


@pytest.mark.parametrize(
    "text",
    [
        "Failed to process event: Failed to persist event",
        "Failed to resolve the execution",
        "Failed to load the workflow",
        "failed to query workflow",
    ],
)
async def test_a_400_of_storage_trouble_is_retried_for_a_while(text: str) -> None:
    now = 1000.0
    orchestrator = Orchestrator([answer(503), *[answer(400, text)] * 3])
    async with publishing(orchestrator, clock=lambda: now) as publisher:
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event()])
        # From the first such answer on: how long the orchestrator was away before does not count.
        now += 3600
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event()])
        now += 179
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event()])
        now += 1
        assert (await publisher.deliver([event()])).delivered == 0


async def test_storage_trouble_of_one_event_shortens_no_others_time() -> None:
    now = 0.0
    trouble, taken = answer(400, "Failed to persist event"), answer(200)
    orchestrator = Orchestrator([trouble, trouble, taken, trouble])
    async with publishing(orchestrator, clock=lambda: now) as publisher:
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event(1)])
        now = 1000.0
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event(2)])
        # One that was taken begins anew, should it come again.
        assert (await publisher.deliver([event(1)])).delivered == 1
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event(1)])


async def test_a_crowd_of_troubled_events_is_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "_MOST_TROUBLED", 1)
    now = 0.0
    orchestrator = Orchestrator([answer(400, "Failed to persist event")] * 3)
    async with publishing(orchestrator, clock=lambda: now) as publisher:
        for number in (1, 2):
            with pytest.raises(UndeliveredError):
                await publisher.deliver([event(number)])
        now += 1000
        # The first one was forgotten, and begins anew; remembered, it would be refused for good by now.
        with pytest.raises(UndeliveredError):
            await publisher.deliver([event(1)])


@pytest.mark.parametrize("text", ["Failed to process event: Failed to map event", "Workflow execution not found"])
async def test_other_400s_are_final(text: str) -> None:
    """Contract 1.2, D4.1."""
    assert (await deliver(Orchestrator([answer(400, text)]), [event()])).refused[0].answer == text


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_replaced_once(status: int) -> None:
    orchestrator = Orchestrator([answer(status)])
    delivery = await deliver(orchestrator, [event()], Tokens())
    assert delivery.delivered == 1
    assert [headers["Authorization"] for headers in orchestrator.headers] == ["Bearer t1", "Bearer t2"]


async def test_a_token_refused_twice_is_a_refusal() -> None:
    orchestrator = Orchestrator([answer(401), answer(401), answer(200)])
    delivery = await deliver(orchestrator, [event(1), event(2)], Tokens())
    assert ([item.sequence for item in delivery.refused], delivery.delivered) == ([1], 1)
    assert len(orchestrator.bodies) == 3


async def test_keycloak_away_is_retried_and_keycloak_refusing_is_not() -> None:
    orchestrator = Orchestrator()
    with pytest.raises(UndeliveredError, match="no answer"):
        await deliver(orchestrator, [event()], Tokens(TokenUnavailableError("no answer")))
    delivery = await deliver(orchestrator, [event()], Tokens(TokenRefusedError("invalid_client")))
    assert "invalid_client" in delivery.refused[0].answer
    assert orchestrator.bodies == []


async def test_a_body_stays_under_two_megabytes() -> None:
    orchestrator = Orchestrator()
    # A line break is one byte in the text and two in JSON.
    await deliver(orchestrator, [event(output={"stdout": "\n" * 1_400_000}, state_name="A")])
    assert orchestrator.sizes[0] < 2_000_000
    assert orchestrator.bodies[0]["output"]["truncated"] is True
    assert orchestrator.bodies[0]["state_name"] == "A"


async def test_a_lone_surrogate_is_sent_as_json_has_it() -> None:
    orchestrator = Orchestrator()
    await deliver(orchestrator, [event(output={"stdout": "a\ud800"})])
    assert orchestrator.bodies[0]["output"]["stdout"] == "a\ud800"
