# SPDX-License-Identifier: Apache-2.0
"""Contract 4.8 and contract 1.2, D2.4: the call that tells the orchestrator that a schedule is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities import schedules
from aegis_temporal_worker.activities.messages import ScheduleAnswer, ScheduleFire
from aegis_temporal_worker.activities.orchestrator import Orchestrator as Client
from aegis_temporal_worker.activities.schedules import ScheduleActivities
from aegis_temporal_worker.runtime.auth import TokenProvider

from ..runtime.servers import Handler, Keycloak, Settings, http_server

DUE = ScheduleFire("5f1c", "acme", "2026-10-21T07:28:00.000Z")
STARTED = {"fire": {"scheduled_time": DUE.scheduled_time, "outcome": "started", "execution_id": "e", "detail": None}}


class Orchestrator:
    """The fire route: gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: Callable[[], web.StreamResponse]) -> None:
        self._answers = list(answers) or [lambda: web.json_response(STARTED)]
        self.requests: list[tuple[str, dict[str, str], Any]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.raw_path, dict(request.headers), await request.json()))
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])()


def answer(status: int, text: str = "") -> Callable[[], web.StreamResponse]:
    return lambda: web.Response(status=status, text=text)


async def fire(orchestrator: Handler, due: ScheduleFire = DUE, keycloak: Handler | None = None) -> Any:
    async with (
        http_server(orchestrator) as url,
        http_server(keycloak or Keycloak()) as keycloak_url,
        aiohttp.ClientSession() as session,
    ):
        settings = Settings(aegis_orchestrator_url=f"{url}/")
        if keycloak is not None:
            settings.with_keycloak(keycloak_url)
        tokens = TokenProvider(settings)
        try:
            return await ActivityEnvironment().run(ScheduleActivities(Client(settings, session, tokens)).fire, due)
        finally:
            await tokens.close()


async def refusal(orchestrator: Handler, due: ScheduleFire = DUE, keycloak: Handler | None = None) -> ApplicationError:
    with pytest.raises(ApplicationError) as raised:
        await fire(orchestrator, due, keycloak)
    return raised.value


async def test_request_and_answer() -> None:
    orchestrator = Orchestrator()
    assert await fire(orchestrator, keycloak=Keycloak()) == ScheduleAnswer(200, STARTED)
    ((path, headers, body),) = orchestrator.requests
    assert path == "/v1/internal/schedules/5f1c/fire"
    assert body == {"scheduled_time": "2026-10-21T07:28:00.000Z"}
    assert (headers["Authorization"], headers["X-Tenant-Id"]) == ("Bearer token-1", "acme")
    assert headers["Content-Type"] == "application/json"


async def test_without_a_service_account_there_is_no_token() -> None:
    orchestrator = Orchestrator()
    await fire(orchestrator)
    assert "Authorization" not in orchestrator.requests[0][1]


async def test_an_id_cannot_change_the_route() -> None:
    orchestrator = Orchestrator()
    await fire(orchestrator, ScheduleFire("a/b?c", "acme", DUE.scheduled_time))
    assert orchestrator.requests[0][0] == "/v1/internal/schedules/a%2Fb%3Fc/fire"


async def test_an_answer_that_is_no_json_is_its_text() -> None:
    assert await fire(Orchestrator(answer(200, "fine"))) == ScheduleAnswer(200, "fine")
    assert await fire(Orchestrator(answer(204))) == ScheduleAnswer(204, "")


async def test_an_answer_that_is_too_large_is_cut() -> None:
    found = await fire(Orchestrator(answer(200, '"' + "x" * 3_000_000 + '"')))
    assert found.answer == '"' + "x" * (64 * 1024 - 1)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    error = await refusal(Orchestrator(answer(status, "busy")))
    assert (error.type, error.non_retryable) == ("ScheduleFireTransportError", False)
    assert error.message == f"POST /v1/internal/schedules/5f1c/fire answered {status}: busy"


async def test_a_redirect_is_not_followed() -> None:
    orchestrator = Orchestrator(lambda: web.Response(status=302, headers={"Location": "/health"}))
    error = await refusal(orchestrator)
    assert (error.type, error.details, len(orchestrator.requests)) == ("ScheduleFireRefused", ({"status": 302},), 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
async def test_any_other_answer_is_final(status: int) -> None:
    error = await refusal(Orchestrator(answer(status, "no such schedule")))
    assert (error.type, error.non_retryable) == ("ScheduleFireRefused", True)
    assert error.details == ({"status": status},)
    assert "no such schedule" in error.message


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_replaced_once(status: int) -> None:
    orchestrator = Orchestrator(answer(status), lambda: web.json_response(STARTED))
    assert (await fire(orchestrator, keycloak=Keycloak())).status == 200
    assert [headers["Authorization"] for _, headers, _ in orchestrator.requests] == ["Bearer token-1", "Bearer token-2"]


async def test_a_token_refused_twice_is_final() -> None:
    orchestrator = Orchestrator(answer(403, "not the worker's service account"))
    error = await refusal(orchestrator, keycloak=Keycloak())
    assert (error.type, error.details, len(orchestrator.requests)) == ("ScheduleFireRefused", ({"status": 403},), 2)


async def test_keycloak_away_is_tried_again_and_keycloak_refusing_is_final() -> None:
    orchestrator = Orchestrator()
    away = await refusal(orchestrator, keycloak=Keycloak(answer=lambda: web.Response(status=503)))
    assert (away.type, away.non_retryable) == ("ScheduleFireTransportError", False)
    refused = await refusal(orchestrator, keycloak=Keycloak(answer=lambda: web.Response(status=401)))
    assert (refused.type, refused.non_retryable) == ("ScheduleFireRefused", True)
    assert "no service token" in refused.message
    assert orchestrator.requests == []


async def test_nobody_answers() -> None:
    async with aiohttp.ClientSession() as session:
        asked = ScheduleActivities(Client(Settings(), session, TokenProvider(Settings())))
        with pytest.raises(ApplicationError, match="schedules") as raised:
            await ActivityEnvironment().run(asked.fire, DUE)
    assert (raised.value.type, raised.value.non_retryable) == ("ScheduleFireTransportError", False)


async def test_an_answer_that_does_not_come_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "_LIMIT_SECONDS", 0.2)
    over = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with http_server(hang) as url, aiohttp.ClientSession() as session:
        asked = ScheduleActivities(Client(Settings(aegis_orchestrator_url=url), session, TokenProvider(Settings())))
        try:
            with pytest.raises(ApplicationError, match=r"did not answer within 0\.2 s") as raised:
                await ActivityEnvironment().run(asked.fire, DUE)
        finally:
            over.set()
    assert raised.value.type == "ScheduleFireTransportError"


@pytest.mark.parametrize("due", [ScheduleFire("s", "a\nb", "t"), ScheduleFire("\ud800", "acme", "t")])
async def test_what_no_request_can_carry_is_final(due: ScheduleFire) -> None:
    orchestrator = Orchestrator()
    error = await refusal(orchestrator, due)
    assert (error.type, error.non_retryable, orchestrator.requests) == ("ScheduleFireRefused", True, [])
