# SPDX-License-Identifier: Apache-2.0
"""Contract 4.5, 4.6, 6.4, 8.3; 9.1, no. 15: agents on a real Temporal Server, with the stand-in as orchestrator."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from loopback_stack import TemporalStack
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import CancelledError as WorkflowCancelled

from aegis_temporal_worker.activities import heartbeat
from aegis_temporal_worker.standin.script import Script, agent_uuid
from aegis_temporal_worker.standin.server import Standin, StandinOptions
from aegis_temporal_worker.temporal import policies
from aegis_temporal_worker.temporal.client import connect

from ..interpreter.outside import definition, go, system
from ..replay.world import WorkerVariables, World, count, world
from .agents_support import holds


@dataclass
class Orchestrator:
    """A stand-in that runs in this process."""

    http: aiohttp.ClientSession
    standin: Standin
    addresses: dict[str, str]

    async def calls(self, method: str) -> list[dict[str, Any]]:
        """The requests of one RPC."""
        async with self.http.get("/standin/ledger", params={"kind": "call"}) as answer:
            entries = (await answer.json())["entries"]
        return [entry["request"] for entry in entries if entry["method"] == method]

    async def told(self) -> list[str]:
        """The types of the events."""
        async with self.http.get("/standin/ledger", params={"kind": "event"}) as answer:
            return [entry["event"]["event_type"] for entry in (await answer.json())["entries"] if not entry["double"]]

    def statuses(self) -> list[str]:
        """How the agents' runs are now."""
        return [run.status for run in self.standin._agents.runs.values()]


Start = Callable[..., Awaitable[Orchestrator]]


@pytest.fixture
async def orchestrator(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Start]:
    """Starts a stand-in with a script."""
    async with AsyncExitStack() as stack:

        async def start(**script: Any) -> Orchestrator:
            http, grpc = free_port(), free_port()
            standin = Standin(
                StandinOptions(
                    http_host="127.0.0.1",
                    http_port=http,
                    grpc_host="127.0.0.1",
                    grpc_port=grpc,
                    ledger=tmp_path / "ledger.jsonl",
                    scratch=tmp_path / "scratch",
                    script=Script.model_validate(script),
                )
            )
            await stack.enter_async_context(standin)
            url = f"http://127.0.0.1:{http}"
            addresses = {"aegis_orchestrator_url": url, "aegis_runtime_grpc_url": f"127.0.0.1:{grpc}"}
            session = await stack.enter_async_context(aiohttp.ClientSession(url))
            return Orchestrator(session, standin, addresses)

        yield start


@pytest.fixture
async def temporal(temporal_stack: TemporalStack) -> Client:
    """A connection as the worker has it."""
    return await connect(WorkerVariables(temporal_address=temporal_stack.address), limit_seconds=30)


def agent(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"kind": "Agent", "agent": "writer", "input": "write about {{input.topic}}"}
    return given | fields | {"transitions": list(transitions)}


@asynccontextmanager
async def working(
    temporal: Client, there: Orchestrator, states: dict[str, Any], **variables: Any
) -> AsyncIterator[World]:
    async with world(temporal, definition(states), **there.addresses, **variables) as here:
        yield here


async def test_an_agent_gets_the_blackboard_and_the_history_does_not(temporal: Client, orchestrator: Start) -> None:
    there = await orchestrator(agents={"writer": {"output": '{"text": "fine", "score": 0.7}'}})
    states = {"A": system(go("B"), command="echo only-once-in-the-history"), "B": agent(go("C")), "C": agent()}
    async with working(temporal, there, states) as here:
        handle = await here.start(input={"topic": "bees"}, security_context_name="careful")
        result = await handle.result()
        history = await handle.fetch_history()
    assert result["status"] == "completed"
    assert result["blackboard"]["C"]["output"] == {"text": "fine", "score": 0.7}
    first, second = await there.calls("ExecuteAgent")
    assert first["agent_id"] == agent_uuid("writer")
    assert (first["input"], first["tenant_id"]) == ("write about bees", "acme")
    assert (first["workflow_execution_id"], first["security_context_name"]) == (handle.id, "careful")
    assert "only-once" in json.loads(first["context_json"])["A"]["stdout"]
    assert json.loads(second["context_json"])["B"]["score"] == 0.7
    # The command's activity names it, and its output stands with the next activity and at the end; no agent repeats it.
    scheduled = [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]
    inputs = [item.activity_task_scheduled_event_attributes.input.payloads[0].data for item in scheduled]
    assert [b"only-once" in data for data in inputs] == [True, True, False]
    assert count(history, "WORKFLOW_TASK_FAILED") == 0


@pytest.mark.parametrize("fault", ["silent", "break_stream"])
async def test_a_stream_that_tells_no_end(temporal: Client, orchestrator: Start, fault: str) -> None:
    there = await orchestrator(agents={"writer": {fault: True, "output": "known by its status"}})
    variables = {"aegis_execution_fallback_idle_ms": 100, "aegis_execution_fallback_poll_ms": 20}
    async with working(temporal, there, {"A": agent()}, **variables) as here:
        result = await (await here.start()).result()
    assert result["blackboard"]["A"]["output"] == "known by its status"
    assert len(await there.calls("ExecuteAgent")) == 1


async def test_an_agent_that_fails_is_routed(temporal: Client, orchestrator: Start) -> None:
    there = await orchestrator(agents={"writer": [{"fail": "out of tokens"}, {"output": "better"}]})
    async with working(temporal, there, {"A": agent(go("B", "on_failure")), "B": agent()}) as here:
        result = await (await here.start()).result()
    assert "out of tokens" in result["blackboard"]["A"]["error"]
    assert result["final_state"] == "B"
    assert len(await there.calls("ExecuteAgent")) == 2


async def test_an_agent_whose_worker_was_lost_is_followed_and_not_repeated(
    temporal: Client, orchestrator: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker that gives no further sign of life looks to the server like one that died.
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 3600.0)
    monkeypatch.setattr(policies, "HEARTBEAT_LIMIT", timedelta(seconds=1))
    there = await orchestrator(agents={"writer": {"delay_seconds": 3, "output": "a poem"}})
    async with working(temporal, there, {"A": agent()}) as here:
        handle = await here.start()
        async with asyncio.timeout(60):
            result = await handle.result()
    assert result["blackboard"]["A"]["output"] == "a poem"
    assert there.statuses() == ["Completed"]
    assert len(await there.calls("ExecuteAgent")) == 1


async def test_cancellation_reaches_the_agent_before_it_is_told(
    temporal: Client, orchestrator: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.05)
    there = await orchestrator(agents={"writer": {"delay_seconds": 600}})
    async with working(temporal, there, {"A": agent()}) as here:
        handle = await here.start()
        await holds(there.statuses)
        assert there.statuses() == ["Running"]
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
        # The run has ended; so had the agent's by then.
        assert there.statuses() == ["Cancelled"]
    assert isinstance(raised.value.cause, WorkflowCancelled)
    assert (await there.told())[-1] == "WorkflowExecutionCancelled"


async def test_another_worker_follows_the_agent_of_one_that_stops(temporal: Client, orchestrator: Start) -> None:
    there = await orchestrator(agents={"writer": {"delay_seconds": 4, "output": "a poem"}})
    async with working(temporal, there, {"A": agent()}, shutdown_grace_seconds=0.1) as here:
        handle = await here.start()
        await holds(there.statuses)
    assert there.statuses() == ["Running"]
    async with working(temporal, there, {"A": agent()}, temporal_task_queue=here.task_queue):
        result = await handle.result()
    assert result["blackboard"]["A"]["output"] == "a poem"
    assert len(await there.calls("ExecuteAgent")) == 1


async def test_judges_by_name_refine_and_a_handler_takes_the_output(temporal: Client, orchestrator: Start) -> None:
    there = await orchestrator(
        agents={"writer": [{"output": "draft"}, {"output": "better"}]},
        judges={"strict": [{"score": 0.25, "reasoning": "too short"}, {"score": 0.9}]},
        output_handlers={"webhook": {"result": "handed over"}},
    )
    state = agent(
        judges=[{"agent_id": "strict"}], output_handler={"type": "webhook", "url": "https://x", "required": True}
    )
    async with working(temporal, there, {"A": state}) as here:
        handle = await here.start(input={"topic": "bees"})
        result = await handle.result()
    output = result["blackboard"]["A"]
    assert (output["status"], output["output"], output["iterations"]) == ("completed", "handed over", 2)
    assert output["validation"] == {"score": 0.9, "valid": True}
    assert [call["output"] for call in await there.calls("ValidateWithJudges")] == ["draft", "better"]
    second = (await there.calls("ExecuteAgent"))[1]
    assert "0.25" in second["input"]
    assert "too short" in second["input"]
    (handled,) = await there.calls("InvokeOutputHandler")
    assert json.loads(handled["final_output"])["output"] == "better"
    assert handled["tenant_id"] == "acme"
    assert "RefinementApplied" in await there.told()


async def test_an_orchestrator_that_is_away_starts_the_agent_once(temporal: Client, orchestrator: Start) -> None:
    there = await orchestrator()
    async with there.http.post("/standin/faults", json={"lookups": {"count": 3}, "runtime": {"count": 2}}) as answer:
        assert answer.status == 200
    async with working(temporal, there, {"A": agent()}) as here:
        result = await (await here.start(input={"topic": "bees"})).result()
    assert result["status"] == "completed"
    assert len(there.statuses()) == 1
