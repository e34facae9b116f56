# SPDX-License-Identifier: Apache-2.0
"""Contract 4.5, 4.6; 9.3, no. 37: an agent's run is started at most once, and is cancelled when nobody waits for it."""

from __future__ import annotations

import asyncio
import time

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.exceptions import ApplicationError

from aegis_temporal_worker.activities import agent_following, agent_runs, agent_turn, heartbeat

from ..runtime.servers import Context
from .agents_support import (
    AGENT_ID,
    CANCEL,
    LOOKUP,
    RUN_ID,
    Events,
    Scene,
    holds,
    iteration,
    scene,
    started,
    then_silent,
)


async def until(here: Scene, beat: dict[str, object]) -> None:
    """Wait for a heartbeat that says at least this."""
    await holds(lambda: any(beat.items() <= item.items() for item in here.beats))


NAMED = {"begun": True, "execution_id": RUN_ID}


async def test_the_server_has_the_mark_before_the_runtime_is_asked() -> None:
    at_call: list[object] = []

    async def look(_: Context) -> Events:
        at_call.extend(here.temporal.confirmed)
        yield iteration()

    async with scene() as here:
        here.runtime.on_agent = [look]
        here.rest.run({"status": "Completed"})
        await here.execute(here.environment(attempt=2))
        assert at_call == [{"begun": True}]


async def test_heartbeats_carry_the_mark_and_the_runs_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.01)
    go_on = asyncio.Event()

    async def named_late(_: Context) -> Events:
        yield started()
        await go_on.wait()
        yield iteration()
        await asyncio.Event().wait()

    async with scene() as here:
        here.runtime.on_agent = [named_late]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await until(here, {"begun": True})
        assert not any(NAMED.items() <= item.items() for item in here.beats)
        go_on.set()
        await until(here, NAMED)
        here.beats.clear()
        # And again and again.
        await until(here, NAMED)
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_the_runs_id_does_not_wait_for_the_next_heartbeat() -> None:
    async with scene() as here:
        await here.execute()
        assert [NAMED.items() <= item.items() for item in here.beats] == [True]


def left_behind(**facts: object) -> list[object]:
    """Heartbeat details of an attempt whose worker was lost while it followed a run."""
    return [NAMED | {"agent_id": AGENT_ID, "until": time.time() + 600} | facts]


@pytest.mark.parametrize(
    ("status", "completed", "text"),
    [
        ({"status": "Completed", "final_output": "done"}, True, "done"),
        ({"status": "Completed", "final_output": None}, True, ""),
        ({"status": "Failed", "error": "out of tokens"}, False, "out of tokens"),
        # An older orchestrator.
        ({"status": "Completed"}, False, "its output was lost with the worker"),
    ],
    ids=["completed", "no output", "failed", "untold"],
)
async def test_an_attempt_after_a_lost_worker_follows_the_run(
    status: dict[str, object], completed: bool, text: str
) -> None:
    async with scene() as here:
        here.rest.run({"status": "Running"}, status)
        result = await here.execute(here.environment(attempt=2, heartbeat_details=left_behind()))
        assert (result.completed, result.execution_id, result.agent_id) == (completed, RUN_ID, AGENT_ID)
        assert text in (result.output if completed else str(result.error))
        # At most one start: the runtime is not asked again, and the events had been delivered.
        assert (here.runtime.asked, here.publisher.events, here.rest.count(CANCEL)) == ([], [], 0)


async def test_a_run_that_is_followed_again_ends_at_its_first_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_turn, "_LEAST_SECONDS", 0.05)
    async with scene() as here:
        here.rest.run({"status": "Running"})
        facts = left_behind(until=time.time() - 60)
        result = await here.execute(here.environment(attempt=3, heartbeat_details=facts))
        assert not result.completed
        assert "did not end within" in str(result.error)
        assert here.rest.count(CANCEL) == 1


async def test_cancellation_reaches_a_run_that_is_followed_again() -> None:
    async with scene() as here:
        here.rest.run({"status": "Running"})
        environment = here.environment(attempt=2, heartbeat_details=left_behind())
        running = asyncio.ensure_future(here.execute(environment))
        await here.rest.seen.wait()
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert here.rest.count(CANCEL) == 1


async def test_an_attempt_after_a_lost_worker_that_did_not_know_the_run_is_final_too() -> None:
    async with scene() as here:
        with pytest.raises(ApplicationError, match="its id is not known") as raised:
            await here.execute(here.environment(attempt=2, heartbeat_details=[{"begun": True}]))
        assert (raised.value.type, raised.value.non_retryable) == ("AgentRunAlreadyBegun", True)
        assert (here.rest.asked, here.runtime.asked) == ([], [])


@pytest.mark.parametrize("details", [[{"begun": False}], []], ids=["not begun", "silence"])
async def test_an_attempt_after_one_that_did_not_begin_runs_the_agent(details: list[object]) -> None:
    async with scene() as here:
        result = await here.execute(here.environment(attempt=2, heartbeat_details=details))
        assert result.completed


async def test_cancellation_cancels_the_run() -> None:
    async with scene() as here:
        here.runtime.on_agent = [then_silent(started(), iteration())]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await until(here, NAMED)
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert here.rest.asked[-1] == CANCEL
        assert here.rest.count(CANCEL) == 1


async def test_cancellation_waits_for_the_runs_id() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def named_late(_: Context) -> Events:
        yield started()
        begun.set()
        await go_on.wait()
        yield iteration()
        await asyncio.Event().wait()

    async with scene() as here:
        here.runtime.on_agent = [named_late]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await begun.wait()
        environment.cancel()
        done, _ = await asyncio.wait({running}, timeout=0.2)
        assert not done
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert here.rest.count(CANCEL) == 1


async def test_cancellation_of_a_run_that_is_never_named_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_following, "_NAME_SECONDS", 0.1)
    begun = asyncio.Event()

    async def unnamed(_: Context) -> Events:
        yield started()
        begun.set()
        await asyncio.Event().wait()

    async with scene() as here:
        here.runtime.on_agent = [unnamed]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await begun.wait()
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert CANCEL not in here.rest.asked


async def test_an_orchestrator_that_does_not_answer_does_not_hold_a_cancellation_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_runs, "_CANCEL_SECONDS", 0.2)
    async with scene() as here:
        here.runtime.on_agent = [then_silent(iteration())]
        here.rest.answers[CANCEL] = [(503, {})]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await until(here, NAMED)
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert here.rest.count(CANCEL) >= 1


async def test_the_stop_of_the_worker_hands_the_run_over() -> None:
    async with scene() as here:
        here.runtime.on_agent = [then_silent(iteration())]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await until(here, NAMED)
        environment.worker_shutdown()
        environment.cancel()
        with pytest.raises(ApplicationError, match="handed over: the stop of the worker") as raised:
            await running
        assert (raised.value.type, raised.value.non_retryable) == ("AgentRunHandedOver", False)
        assert here.rest.count(CANCEL) == 0
        # What the next attempt finds.
        last = here.beats[-1]
        assert (last["begun"], last["execution_id"], last["agent_id"]) == (True, RUN_ID, AGENT_ID)


@pytest.mark.parametrize("wish", ["paused", "reset"])
async def test_a_pause_or_a_reset_cancels_the_run_and_is_final(wish: str) -> None:
    async with scene() as here:
        here.runtime.on_agent = [then_silent(iteration())]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await until(here, NAMED)
        environment.cancel(ActivityCancellationDetails(**{wish: True}))
        with pytest.raises(ApplicationError, match="a pause or a reset") as raised:
            await running
        assert (raised.value.type, raised.value.non_retryable) == ("AgentRunInterrupted", True)
        assert here.rest.count(CANCEL) == 1


async def test_cancellation_before_the_begin_starts_no_agent() -> None:
    async with scene() as here:
        here.rest.answers[LOOKUP] = [(404, {})]
        environment = here.environment()
        running = asyncio.ensure_future(here.execute(environment))
        await here.rest.seen.wait()
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert here.runtime.asked == []
