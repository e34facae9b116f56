# SPDX-License-Identifier: Apache-2.0
"""Contract 8.3; contract 1.2, D1.3: following an agent's run by its stream and by its status."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from temporalio.exceptions import ApplicationError

from aegis_temporal_worker.activities import agent_turn

from ..runtime.servers import Context, Keycloak, http_server
from .agents_support import (
    CANCEL,
    RUN_ID,
    STATUS,
    Events,
    Scene,
    completed,
    holds,
    iteration,
    says,
    scene,
    started,
    stumbled,
    then_breaks,
    then_silent,
    wrote,
)

QUICK: dict[str, Any] = {
    "aegis_execution_fallback_idle_ms": 50,
    "aegis_execution_fallback_poll_ms": 10,
    "aegis_execution_fallback_max_poll_ms": 40,
}
NEVER = 3_600_000
COMPLETED = {"status": "Completed", "final_output": "from the status", "error": None}


async def test_a_busy_stream_asks_for_no_status() -> None:
    async with scene(aegis_execution_fallback_idle_ms=NEVER) as here:
        assert (await here.execute()).output == "done"
        assert STATUS not in here.rest.asked


async def test_a_silent_stream_is_made_good_by_the_status() -> None:
    async with scene(**QUICK) as here:
        here.runtime.on_agent = [then_silent(started(), iteration(), wrote("draft"))]
        here.rest.run({"status": "Pending"}, {"status": "Running"}, COMPLETED)
        result = await here.execute()
        assert (result.completed, result.output, result.execution_id) == (True, "from the status", RUN_ID)
        assert here.rest.count(STATUS) == 3
        assert here.rest.headers[-1]["X-Tenant-Id"] == "acme"
        # A run that has ended is not cancelled, and its stream is let go.
        assert CANCEL not in here.rest.asked
        await until_closed(here)


async def until_closed(here: Scene) -> None:
    await holds(lambda: not here.runtime.open)


async def test_the_status_is_asked_with_the_token() -> None:
    async with http_server(Keycloak()) as url, scene(url, **QUICK) as here:
        here.runtime.on_agent = [then_silent(iteration())]
        here.rest.run(COMPLETED)
        await here.execute()
        assert here.rest.headers[-1]["Authorization"] == "Bearer token-1"


async def test_the_placeholder_is_not_asked_for() -> None:
    go_on = asyncio.Event()

    async def slow_to_name(_: Context) -> Events:
        yield started()
        await go_on.wait()
        yield completed("late")

    async with scene(**QUICK) as here:
        here.runtime.on_agent = [slow_to_name]
        running = asyncio.ensure_future(here.execute())
        done, _ = await asyncio.wait({running}, timeout=0.5)
        assert not done
        assert not [line for line in here.rest.asked if "/v1/executions/" in line]
        go_on.set()
        assert (await running).output == "late"


async def test_a_stream_that_comes_back_is_heard() -> None:
    async def silent_for_a_while(_: Context) -> Events:
        yield iteration()
        await here.rest.seen.wait()
        yield wrote("draft")
        yield completed("from the stream", 2)

    async with scene(**QUICK) as here:
        await here.directory.resolve("writer", "acme")
        await here.directory.limit_seconds("5f0d4c7e-0000-4000-8000-000000000001", "acme")
        here.rest.seen.clear()
        here.runtime.on_agent = [silent_for_a_while]
        result = await here.execute()
        assert (result.output, result.iterations) == ("from the stream", 2)
        assert here.rest.count(STATUS) >= 1


async def test_an_event_ends_the_questions_until_the_next_silence() -> None:
    async def in_two_silences(_: Context) -> Events:
        yield iteration()
        await holds(lambda: here.rest.count(STATUS) >= 2)
        # Far more often than the silence that it takes; and the next silence starts counting anew.
        for number in range(20):
            yield wrote(str(number))
            await asyncio.sleep(0.01)
        asked = here.rest.count(STATUS)
        await holds(lambda: here.rest.count(STATUS) >= asked + 2)
        yield completed(str(asked))

    async with scene(**QUICK | {"aegis_execution_fallback_idle_ms": 1000}) as here:
        here.runtime.on_agent = [in_two_silences]
        result = await here.execute()
        # At most one question was on its way when the first event came.
        assert int(result.output) <= 3


async def test_gaps_double_up_to_the_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    gaps: list[float] = []
    stirs = agent_turn.Follower._stirs

    async def note(follower: Any, seconds: float) -> bool:
        gaps.append(seconds)
        return await stirs(follower, seconds)

    async with scene(**QUICK) as here:
        here.runtime.on_agent = [then_silent(iteration())]
        here.rest.run(*[{"status": "running"}] * 5, COMPLETED)
        monkeypatch.setattr(agent_turn.Follower, "_stirs", note)
        await here.execute()
    assert gaps[-5:] == [0.01, 0.02, 0.04, 0.04, 0.04]
    assert set(gaps[:-5]) == {0.05}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"status": "Completed", "final_output": "end"}, (True, "end", None)),
        # An orchestrator that tells no output: the latest one that was seen.
        ({"status": "completed"}, (True, "draft", None)),
        ({"status": "COMPLETED", "final_output": ""}, (True, "", None)),
        ({"status": "Failed", "error": "out of tokens"}, (False, "draft", "out of tokens")),
        ({"status": "Failed", "error": None}, (False, "draft", "llm_timeout: no answer")),
        ({"status": "Cancelled"}, (False, "draft", "llm_timeout: no answer")),
    ],
)
async def test_the_status_makes_up_the_last_event(status: dict[str, Any], expected: tuple[object, ...]) -> None:
    async with scene(**QUICK) as here:
        here.runtime.on_agent = [
            then_silent(started(), iteration(), wrote("draft"), iteration(2), stumbled("llm_timeout", "no answer", 2))
        ]
        here.rest.run({"status": "Running"}, status)
        result = await here.execute()
        assert (result.completed, result.output, result.error) == expected
        assert result.iterations == 2


@pytest.mark.parametrize(
    "ending",
    [says(started(), iteration()), then_breaks(started(), iteration(), code=grpc.StatusCode.INTERNAL)],
    ids=["ends without a last event", "breaks off"],
)
async def test_a_stream_that_is_gone_is_made_good_by_the_status(ending: Any) -> None:
    # No silence is waited for: there is nothing to hear.
    async with scene(**QUICK | {"aegis_execution_fallback_idle_ms": NEVER}) as here:
        here.runtime.on_agent = [ending]
        here.rest.run({"status": "Running"}, {"status": "Cancelled"})
        result = await here.execute()
        assert (result.completed, result.error) == (False, "the run ended as cancelled")
        assert len(here.runtime.asked) == 1
        assert CANCEL not in here.rest.asked


@pytest.mark.parametrize("ending", [says(started()), then_breaks(started())], ids=["ends", "breaks off"])
async def test_a_stream_that_is_gone_before_it_named_the_run_is_final(ending: Any) -> None:
    async with scene(**QUICK) as here:
        here.runtime.on_agent = [ending]
        with pytest.raises(ApplicationError, match="its id is not known") as raised:
            await here.execute()
        assert (raised.value.type, raised.value.non_retryable) == ("AgentRunInterrupted", True)
        assert raised.value.details == ({"events_sent": True},)


async def test_a_status_route_that_is_away_is_asked_again() -> None:
    async with scene(**QUICK) as here:
        here.runtime.on_agent = [then_breaks(iteration())]
        here.rest.answers[STATUS] = [(503, {}), (404, {"error": "not yet"}), (429, {}), (200, COMPLETED)]
        assert (await here.execute()).output == "from the status"


async def test_a_run_that_the_orchestrator_does_not_know_any_more_is_given_up() -> None:
    async with scene(**QUICK) as here:
        here.runtime.on_agent = [then_breaks(iteration(), wrote("draft"))]
        unknown = (404, {"error": "Execution not found"})
        # In between it is found once more: that begins the count anew.
        here.rest.answers[STATUS] = [unknown, unknown, unknown, (200, {"status": "Running"}), unknown]
        here.rest.answers[CANCEL] = [unknown]
        result = await here.execute()
        assert (result.completed, result.output) == (False, "draft")
        assert "Execution not found" in (result.error or "")
        assert here.rest.count(STATUS) == 8


async def test_a_run_that_is_not_found_does_not_end_a_stream_that_is_only_silent() -> None:
    async def silent_for_a_while(_: Context) -> Events:
        yield iteration()
        await holds(lambda: here.rest.count(STATUS) >= 8)
        yield completed("at last")

    async with scene(**QUICK) as here:
        here.runtime.on_agent = [silent_for_a_while]
        here.rest.answers[STATUS] = [(404, {"error": "Execution not found"})]
        assert (await here.execute()).output == "at last"


async def test_a_missing_scope_for_the_status_is_named_once_the_stream_is_gone() -> None:
    async with scene(**QUICK) as here:
        here.runtime.on_agent = [then_breaks(iteration(), wrote("draft"))]
        here.rest.answers[STATUS] = [(403, {"error": "scope"})]
        result = await here.execute()
        assert (result.completed, result.output) == (False, "draft")
        assert "execution:read" in (result.error or "")
        assert "it was cancelled" in (result.error or "")
        assert here.rest.count(CANCEL) == 1


async def test_a_missing_scope_for_the_status_does_not_end_a_stream_that_is_only_silent() -> None:
    async def silent_for_a_while(_: Context) -> Events:
        yield iteration()
        await holds(lambda: here.rest.count(STATUS) >= 3)
        yield completed("at last")

    async with scene(**QUICK) as here:
        here.runtime.on_agent = [silent_for_a_while]
        here.rest.answers[STATUS] = [(403, {"error": "scope"})]
        assert (await here.execute()).output == "at last"


async def test_after_the_last_question_the_run_is_cancelled_and_failed() -> None:
    async with scene(**QUICK, aegis_execution_fallback_max_retries=3) as here:
        here.runtime.on_agent = [then_silent(iteration(), wrote("draft"))]
        result = await here.execute()
        assert (result.completed, result.output) == (False, "draft")
        assert "asked 3 times" in (result.error or "")
        assert here.rest.asked[-4:] == [STATUS, STATUS, STATUS, CANCEL]
        await until_closed(here)


@pytest.mark.parametrize("on_agent", [then_silent(iteration()), then_breaks(iteration())], ids=["silent", "gone"])
async def test_after_its_limit_the_run_is_cancelled_and_failed(on_agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_turn, "_MARGIN_SECONDS", 0.3)
    async with scene(**QUICK) as here:
        here.rest.timeout = "1s"
        here.runtime.on_agent = [on_agent]
        result = await here.execute()
        assert result.error == "the run did not end within 1.3 s; it was cancelled"
        assert here.rest.asked[-1] == CANCEL
        assert here.rest.asked[-2] == STATUS


async def test_a_run_that_is_given_up_is_not_asked_for_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_turn, "_MARGIN_SECONDS", 0.3)
    async with scene(**QUICK) as here:
        here.rest.timeout = "1s"
        here.rest.slow[CANCEL] = 0.5
        here.runtime.on_agent = [then_silent(iteration())]
        await here.execute()
        assert here.rest.asked[-1] == CANCEL


async def test_a_run_that_cannot_be_cancelled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_turn, "_MARGIN_SECONDS", 0.3)
    async with scene(**QUICK) as here:
        here.rest.timeout = "1s"
        here.rest.answers[CANCEL] = [(403, {"error": "scope"})]
        here.runtime.on_agent = [then_silent(iteration())]
        result = await here.execute()
        assert "it could not be cancelled" in (result.error or "")
        assert "execution:cancel" in (result.error or "")


@pytest.mark.parametrize(
    ("own", "manifest", "expected"),
    [(None, "30s", 90), (10, "30s", 90), (45, "30s", 105), (None, None, 1860), (3600, None, 3660)],
)
async def test_the_limit_is_the_longer_one_and_a_minute(
    own: int | None, manifest: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    follow = agent_turn.Follower.follow

    async def note(follower: Any, request: Any, tenant_id: str, seconds: float) -> Any:
        limits.append(seconds)
        return await follow(follower, request, tenant_id, seconds)

    monkeypatch.setattr(agent_turn.Follower, "follow", note)
    async with scene() as here:
        here.rest.timeout = manifest
        await here.execute(limit_seconds=own)
    assert limits == [expected]
