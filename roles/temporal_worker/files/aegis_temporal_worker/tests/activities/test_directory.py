# SPDX-License-Identifier: Apache-2.0
"""Contract 6.11, 8.4, 8.5; 9.1, no. 3: look-ups over REST."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aegis_temporal_worker.activities import agent_directory, agent_runs
from aegis_temporal_worker.activities import orchestrator as orchestrator_module
from aegis_temporal_worker.activities.agent_directory import AgentDirectory
from aegis_temporal_worker.activities.agent_runs import AgentRuns, RunStatus
from aegis_temporal_worker.activities.orchestrator import Orchestrator, OrchestratorError
from aegis_temporal_worker.runtime.auth import TokenProvider, TokenRefusedError, TokenUnavailableError

from ..runtime.servers import Settings, http_server
from .agents_support import AGENT, AGENT_ID, CANCEL, LOOKUP, RUN_ID, STATUS, Rest


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


class Gaps(list[float]):
    """The waits between requests, which take no time here."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def gaps() -> Gaps:
    return Gaps()


@asynccontextmanager
async def orchestrator(rest: Rest, tokens: Any = None) -> AsyncIterator[Orchestrator]:
    async with http_server(rest) as url, aiohttp.ClientSession() as session:
        yield Orchestrator(Settings(aegis_orchestrator_url=f"{url}/"), session, tokens or TokenProvider(Settings()))


class TestNames:
    """From a name to a UUID."""

    async def test_a_name_is_looked_up_once_per_tenant(self) -> None:
        """Contract 8.5, 9.1 no. 3."""
        rest = Rest()
        async with orchestrator(rest) as there:
            directory = AgentDirectory(there)
            assert not directory.knows("writer", "acme")
            for tenant in ("acme", "acme", "other", ""):
                assert await directory.resolve("writer", tenant) == AGENT_ID
            assert directory.knows("writer", "acme")
        assert rest.asked == [LOOKUP] * 3
        assert [headers.get("X-Tenant-Id") for headers in rest.headers] == ["acme", "other", None]

    async def test_a_forgotten_name_is_looked_up_anew(self) -> None:
        rest = Rest()
        async with orchestrator(rest) as there:
            directory = AgentDirectory(there)
            await directory.resolve("writer", "acme")
            directory.forget("writer", "acme")
            directory.forget("never seen", "acme")
            await directory.resolve("writer", "acme")
        assert rest.asked == [LOOKUP] * 2

    async def test_a_name_is_kept_for_a_limited_time(self) -> None:
        rest, now = Rest(), 1000.0
        async with orchestrator(rest) as there:
            directory = AgentDirectory(there, lambda: now)
            await directory.resolve("writer", "acme")
            now += agent_directory._KEPT_SECONDS - 1
            await directory.resolve("writer", "acme")
            assert len(rest.asked) == 1
            now += 1
            await directory.resolve("writer", "acme")
        assert len(rest.asked) == 2

    async def test_a_limited_number_of_names_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(agent_directory, "_MOST_KEPT", 2)
        rest = Rest(agents=dict.fromkeys("abc", AGENT_ID))
        async with orchestrator(rest) as there:
            directory = AgentDirectory(there)
            for name in "abc":
                await directory.resolve(name, "acme")
            assert [directory.knows(name, "acme") for name in "abc"] == [False, True, True]

    @pytest.mark.parametrize("uuid", [AGENT_ID, AGENT_ID.upper()])
    async def test_a_uuid_is_taken_as_it_is(self, uuid: str) -> None:
        rest = Rest()
        async with orchestrator(rest) as there:
            assert await AgentDirectory(there).resolve(uuid, "acme") == uuid
        assert rest.asked == []

    @pytest.mark.parametrize("name", [AGENT_ID.replace("-", ""), f"{{{AGENT_ID}}}", f"urn:uuid:{AGENT_ID}"])
    async def test_what_the_orchestrator_would_not_read_as_a_uuid_is_a_name(self, name: str) -> None:
        rest = Rest(agents={name: AGENT_ID})
        async with orchestrator(rest) as there:
            assert await AgentDirectory(there).resolve(name, "acme") == AGENT_ID

    async def test_a_name_is_one_part_of_the_path(self) -> None:
        name = "a/../b?c=d#e %2F ü"
        rest = Rest(agents={name: AGENT_ID})
        async with orchestrator(rest) as there:
            assert await AgentDirectory(there).resolve(name, "acme") == AGENT_ID
        assert rest.asked == ["GET /v1/agents/lookup/a%2F..%2Fb%3Fc%3Dd%23e%20%252F%20%C3%BC"]

    async def test_404_is_asked_five_times_more_at_doubling_gaps(self, gaps: Gaps) -> None:
        rest = Rest(agents={})
        async with orchestrator(rest) as there:
            with pytest.raises(OrchestratorError, match='no agent "writer" in the tenant "acme"') as raised:
                await AgentDirectory(there, sleep=gaps).resolve("writer", "acme")
        assert (raised.value.status, raised.value.may_pass) == (404, False)
        assert rest.asked == [LOOKUP] * 6
        assert gaps == [0.5, 1, 2, 4, 8]

    async def test_an_agent_that_was_deployed_a_moment_ago(self, gaps: Gaps) -> None:
        rest = Rest({LOOKUP: [(404, {}), (503, {}), (200, {"id": AGENT_ID})]})
        async with orchestrator(rest) as there:
            assert await AgentDirectory(there, sleep=gaps).resolve("writer", "acme") == AGENT_ID
        assert len(gaps) == 2

    @pytest.mark.parametrize("status", [500, 503, 429])
    async def test_an_orchestrator_in_trouble_may_pass(self, gaps: Gaps, status: int) -> None:
        rest = Rest({LOOKUP: [(status, {"error": "x" * 5000})]})
        async with orchestrator(rest) as there:
            with pytest.raises(OrchestratorError, match=f"answered {status}: ") as raised:
                await AgentDirectory(there, sleep=gaps).resolve("writer", "acme")
        assert raised.value.may_pass
        # The status is there, and the body shortened.
        assert len(str(raised.value)) < 700
        assert len(gaps) == 5

    async def test_no_orchestrator_may_pass(self, gaps: Gaps) -> None:
        async with aiohttp.ClientSession() as session:
            directory = AgentDirectory(Orchestrator(Settings(), session, TokenProvider(Settings())), sleep=gaps)
            with pytest.raises(OrchestratorError, match="GET /v1/agents/lookup/writer: ") as raised:
                await directory.resolve("writer", "acme")
        assert (raised.value.status, raised.value.may_pass) == (None, True)

    async def test_403_names_the_scope_and_is_not_asked_again(self, gaps: Gaps) -> None:
        rest = Rest({LOOKUP: [(403, {"error": "forbidden"})]})
        async with orchestrator(rest, Tokens()) as there:
            with pytest.raises(OrchestratorError, match="needs the scope agent:read") as raised:
                await AgentDirectory(there, sleep=gaps).resolve("writer", "acme")
        assert not raised.value.may_pass
        assert gaps == []
        # Once more with a fresh token.
        assert [headers["Authorization"] for headers in rest.headers] == ["Bearer t1", "Bearer t2"]

    @pytest.mark.parametrize("body", [{}, {"id": None}, {"id": "writer"}, {"id": 7}, [AGENT_ID], None])
    async def test_an_answer_that_is_none(self, body: object) -> None:
        rest = Rest({LOOKUP: [(200, body)]})
        async with orchestrator(rest) as there:
            with pytest.raises(OrchestratorError, match="answered 200 without a") as raised:
                await AgentDirectory(there).resolve("writer", "acme")
        assert not raised.value.may_pass


class TestLimits:
    """The run limit in an agent's manifest."""

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("45s", 45),
            ("45 s", 45),
            ("10m", 600),
            ("2h", 7200),
            ("90", 90),
            (90, 90),
            (" 90 ", 90),
            ("0s", 1800),
            ("1h 30m", 1800),
            ("1.5h", 1800),
            ("-5s", 1800),
            ("soon", 1800),
            ("", 1800),
            (None, 1800),
            (["5s"], 1800),
        ],
    )
    async def test_grammar(self, text: object, seconds: int) -> None:
        """Contract 6.4, 6.11."""
        async with orchestrator(Rest(timeout=text)) as there:
            assert await AgentDirectory(there).limit_seconds(AGENT_ID, "acme") == seconds

    @pytest.mark.parametrize("agent", [{}, {"manifest": None}, {"manifest": {"spec": []}}])
    async def test_a_manifest_without_limits(self, agent: object) -> None:
        async with orchestrator(Rest({AGENT: [(200, agent)]})) as there:
            assert await AgentDirectory(there).limit_seconds(AGENT_ID, "acme") == 1800

    async def test_it_is_kept_for_a_short_time(self) -> None:
        rest, now = Rest(timeout="5s"), 0.0
        async with orchestrator(rest) as there:
            directory = AgentDirectory(there, lambda: now)
            assert await directory.limit_seconds(AGENT_ID, "acme") == 5
            rest.timeout = "6s"
            assert await directory.limit_seconds(AGENT_ID, "acme") == 5
            now = 61.0
            assert await directory.limit_seconds(AGENT_ID, "acme") == 6
        assert rest.asked == [AGENT] * 2

    async def test_an_agent_that_is_not_shown_has_the_default(self, gaps: Gaps) -> None:
        async with orchestrator(Rest({AGENT: [(404, {})]})) as there:
            assert await AgentDirectory(there, sleep=gaps).limit_seconds(AGENT_ID, "acme") == 1800
        assert gaps == []

    async def test_403_names_the_scope(self) -> None:
        async with orchestrator(Rest({AGENT: [(403, {})]})) as there:
            with pytest.raises(OrchestratorError, match="agent:read"):
                await AgentDirectory(there).limit_seconds(AGENT_ID, "acme")


class TestTokens:
    """The service token on the routes."""

    async def test_a_refused_token_is_dropped_and_the_request_made_once_more(self) -> None:
        rest = Rest({LOOKUP: [(401, {}), (200, {"id": AGENT_ID})]})
        async with orchestrator(rest, Tokens()) as there:
            assert await AgentDirectory(there).resolve("writer", "acme") == AGENT_ID
        assert [headers["Authorization"] for headers in rest.headers] == ["Bearer t1", "Bearer t2"]

    @pytest.mark.parametrize(
        ("error", "may_pass"), [(TokenUnavailableError("keycloak is away"), True), (TokenRefusedError("no"), False)]
    )
    async def test_no_token(self, gaps: Gaps, error: Exception, may_pass: bool) -> None:
        rest = Rest()
        async with orchestrator(rest, Tokens(error)) as there:
            with pytest.raises(OrchestratorError, match=str(error)) as raised:
                await AgentDirectory(there, sleep=gaps).resolve("writer", "acme")
        assert (raised.value.may_pass, rest.asked) == (may_pass, [])


class TestRuns:
    """The routes of an agent's run."""

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (
                {"status": "Completed", "final_output": "x", "error": None},
                RunStatus("completed", "x", None, tells_output=True),
            ),
            ({"status": "FAILED", "error": "why"}, RunStatus("failed", None, "why", tells_output=False)),
            (
                {"status": "completed", "final_output": {"a": 1.0}},
                RunStatus("completed", '{"a":1}', None, tells_output=True),
            ),
            ({}, RunStatus("none", None, None, tells_output=False)),
        ],
    )
    async def test_status(self, answer: dict[str, Any], expected: RunStatus) -> None:
        async with orchestrator(Rest({STATUS: [(200, answer)]})) as there:
            assert await AgentRuns(there).status(RUN_ID, "acme") == expected

    async def test_cancel(self) -> None:
        """Contract 8.5; contract 1.2, D1.3: with the tenant."""
        rest = Rest()
        async with orchestrator(rest, Tokens()) as there:
            assert await AgentRuns(there).cancel(RUN_ID, "acme") is None
        assert rest.asked == [CANCEL]
        assert (rest.headers[0]["X-Tenant-Id"], rest.headers[0]["Authorization"]) == ("acme", "Bearer t1")

    async def test_cancel_is_tried_again_when_that_may_help(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(agent_runs, "_CANCEL_GAP_SECONDS", 0.01)
        rest = Rest({CANCEL: [(500, {}), (503, {}), (200, {})]})
        async with orchestrator(rest) as there:
            assert await AgentRuns(there).cancel(RUN_ID, "acme") is None
        assert rest.asked == [CANCEL] * 3

    @pytest.mark.parametrize(("status", "text"), [(403, "execution:cancel"), (404, "answered 404")])
    async def test_a_refused_cancel_is_told(self, status: int, text: str) -> None:
        """Contract 8.5, 9.1 no. 19."""
        async with orchestrator(Rest({CANCEL: [(status, {})]})) as there:
            assert text in str(await AgentRuns(there).cancel(RUN_ID, "acme"))


async def test_post_sends_a_body() -> None:
    bodies: list[Any] = []

    async def take(request: web.Request) -> web.StreamResponse:
        bodies.append((request.content_type, json.loads(await request.read())))
        return web.Response(text="taken")

    async with http_server(take) as url, aiohttp.ClientSession() as session:
        there = Orchestrator(Settings(aegis_orchestrator_url=url), session, TokenProvider(Settings()))
        assert await there.post("/v1/x", "acme", {"a": 1}) == (200, "taken")
    assert bodies == [("application/json", {"a": 1})]


async def test_an_answer_that_never_comes_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrator_module, "_LIMIT", aiohttp.ClientTimeout(total=0.1))
    go_on = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return web.Response()

    async with http_server(hang) as url, aiohttp.ClientSession() as session:
        there = Orchestrator(Settings(aegis_orchestrator_url=url), session, TokenProvider(Settings()))
        with pytest.raises(OrchestratorError) as raised:
            await there.get("/v1/x", "acme")
        go_on.set()
    assert (raised.value.status, raised.value.may_pass) == (None, True)
