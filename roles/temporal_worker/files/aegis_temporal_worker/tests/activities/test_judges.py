# SPDX-License-Identifier: Apache-2.0
"""Contract 5.6, 6.4, 8.1, 8.2, 8.6; 9.1, no. 3, 9, 10: scores of judges."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities import heartbeat, judges
from aegis_temporal_worker.activities.judges import JudgeActivities
from aegis_temporal_worker.activities.messages import JudgementInput
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.interpreter.requests import Consensus, Judge, Judgement, Verdict
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from ..runtime.servers import Context
from .agents_support import AGENT_ID, LOOKUP, AgentRuntime, Scene, scene
from .support import EVENTS, RUN, SINCE, Hanging, answering, refusing

OTHER_ID = AGENT_ID.replace("1", "7")


class JudgeRuntime(AgentRuntime):
    """Judges as ``on_judges`` says; keeps the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.judged: list[pb.ValidateWithJudgesRequest] = []
        self.deadlines: list[float] = []
        self.on_judges: Callable[[Context], Awaitable[Any]] = answering(pb.ValidateWithJudgesResponse(score=1))

    async def ValidateWithJudges(self, request: pb.ValidateWithJudgesRequest, context: Context) -> Any:  # noqa: N802 - the protocol's name
        self._seen(context)
        self.judged.append(request)
        self.deadlines.append(context.time_remaining())
        return await self.on_judges(context)


def judgement(**fields: Any) -> Judgement:
    given = {"state_name": "A", "output": "o", "task": "t", "judges": [Judge("writer")], "context": {}} | fields
    return Judgement(**given)


async def ask(here: Scene, environment: ActivityEnvironment | None = None, **fields: Any) -> Verdict:
    validate = JudgeActivities(here.client, here.publisher, here.directory).validate  # type: ignore[arg-type]
    asked = JudgementInput(judgement(**fields), RUN, SINCE)
    return await (environment or here.environment()).run(validate, asked)


@pytest.fixture
def runtime() -> JudgeRuntime:
    return JudgeRuntime()


async def test_events_first_then_the_judges_by_their_uuids(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        await ask(
            here,
            judges=[Judge("writer", "Is {{output}} good?", 2.5), Judge(OTHER_ID), Judge("writer")],
            context={"execution_id": "e", "n": 1.0},
            consensus=Consensus("majority_vote", threshold=0.5, agreement=0.25, n=3),
        )
        assert here.publisher.events == EVENTS
        assert here.rest.count(LOOKUP) == 1
    assert runtime.judged == [
        pb.ValidateWithJudgesRequest(
            output="o",
            task="t",
            judges=[
                pb.JudgeConfig(agent_id=AGENT_ID, input_template="Is {{output}} good?", weight=2.5),
                pb.JudgeConfig(agent_id=OTHER_ID, weight=1),
                pb.JudgeConfig(agent_id=AGENT_ID, weight=1),
            ],
            consensus=pb.ConsensusConfig(strategy=pb.MAJORITY_VOTE, threshold=0.5, agreement=0.25, n=3),
            context_json='{"execution_id":"e","n":1}',
        )
    ]
    assert runtime.metadata[0]["x-tenant-id"] == "acme"


async def test_without_consensus_the_runtime_decides(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        await ask(here)
        await ask(here, consensus=Consensus("unanimous"))
    assert not runtime.judged[0].HasField("consensus")
    for name in ("threshold", "agreement", "n"):
        assert not runtime.judged[1].consensus.HasField(name)


async def test_a_threshold_of_zero_is_sent(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        await ask(here, consensus=Consensus("unanimous", threshold=0.0))
    assert runtime.judged[0].consensus.HasField("threshold")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("weighted_average", 0),
        ("majority_vote", 1),
        ("majority", 1),
        ("unanimous", 2),
        ("any_approved", 3),
        ("best_of_n", 0),
        ("Majority_Vote", 1),
    ],
)
async def test_strategies(runtime: JudgeRuntime, name: str, number: int) -> None:
    async with scene(runtime=runtime) as here:
        await ask(here, consensus=Consensus(name, n=2))
    assert (runtime.judged[0].consensus.strategy, runtime.judged[0].consensus.n) == (number, 2)


async def test_an_unknown_strategy_is_final(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match='"dice" is no consensus strategy') as raised:
            await ask(here, consensus=Consensus("dice"))
    assert raised.value.non_retryable
    assert runtime.judged == []


async def test_the_numbers_that_were_meant(runtime: JudgeRuntime) -> None:
    # 32-bit floats: 0.9 arrives as 0.8999999761581421.
    runtime.on_judges = answering(
        pb.ValidateWithJudgesResponse(
            score=0.9,
            confidence=1 / 3,
            reasoning="as they say",
            binary_valid=True,
            individual_results=[
                pb.JudgeResult(judge_id=AGENT_ID, score=0.7, confidence=float("nan"), reasoning="nice")
            ],
        )
    )
    async with scene(runtime=runtime) as here:
        verdict = await ask(here)
    assert verdict == Verdict(
        0.9,
        0.3333333,
        True,
        "as they say",
        [{"judge_id": AGENT_ID, "score": 0.7, "confidence": 0.0, "reasoning": "nice"}],
    )


@pytest.mark.parametrize(("own", "seconds"), [(None, 630), (60, 630), (900, 930)])
async def test_deadline(runtime: JudgeRuntime, own: int | None, seconds: int) -> None:
    async with scene(runtime=runtime) as here:
        await ask(here, limit_seconds=own)
    # gRPC rounds up to the next second.
    assert seconds - 30 < runtime.deadlines[0] <= seconds + 1


@pytest.mark.parametrize(
    ("code", "attempt", "final"),
    [
        (grpc.StatusCode.UNAVAILABLE, 100, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 100, False),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 2, False),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 3, True),
        (grpc.StatusCode.INTERNAL, 2, False),
        (grpc.StatusCode.INTERNAL, 3, True),
        (grpc.StatusCode.INVALID_ARGUMENT, 1, True),
        (grpc.StatusCode.NOT_FOUND, 1, True),
        (grpc.StatusCode.PERMISSION_DENIED, 1, True),
        (grpc.StatusCode.FAILED_PRECONDITION, 1, True),
        (grpc.StatusCode.UNIMPLEMENTED, 1, True),
        (grpc.StatusCode.UNAUTHENTICATED, 1, True),
    ],
)
async def test_errors(runtime: JudgeRuntime, code: grpc.StatusCode, attempt: int, final: bool) -> None:
    runtime.on_judges = refusing(code, "because")
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match="because") as raised:
            await ask(here, here.environment(attempt=attempt))
    assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", final)
    assert raised.value.details == ({"events_sent": True},)


@pytest.mark.parametrize("details", [[], [{"begun": True}]])
async def test_after_a_lost_worker_the_judges_are_asked_again(runtime: JudgeRuntime, details: list[object]) -> None:
    async with scene(runtime=runtime) as here:
        verdict = await ask(here, here.environment(attempt=2, heartbeat_details=details))
    assert verdict.score == 1


async def test_the_stop_of_the_worker_leaves_the_judges_to_another(runtime: JudgeRuntime) -> None:
    runtime.on_judges = hanging = Hanging()
    async with scene(runtime=runtime) as here:
        environment = here.environment()
        running = asyncio.ensure_future(ask(here, environment))
        await hanging.begun.wait()
        environment.worker_shutdown()
        environment.cancel()
        with pytest.raises(ApplicationError, match="the worker has stopped") as raised:
            await running
    assert not raised.value.non_retryable


async def test_cancellation_ends_the_call(runtime: JudgeRuntime) -> None:
    runtime.on_judges = hanging = Hanging()
    async with scene(runtime=runtime) as here:
        environment = here.environment()
        running = asyncio.ensure_future(ask(here, environment))
        await hanging.begun.wait()
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with asyncio.timeout(10):
            await hanging.ended.wait()


async def test_heartbeats_while_the_judges_think(runtime: JudgeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.01)
    beaten = asyncio.Event()

    async def think(_: Context) -> Any:
        await beaten.wait()
        return pb.ValidateWithJudgesResponse()

    runtime.on_judges = think
    async with scene(runtime=runtime) as here:
        environment = here.environment()
        environment.on_heartbeat = lambda *_: beaten.set()
        async with asyncio.timeout(10):
            await ask(here, environment)


async def test_an_unknown_judge_is_final_and_named(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match='no agent "nobody"') as raised:
            await ask(here, judges=[Judge("writer"), Judge("nobody")])
    assert raised.value.non_retryable
    assert runtime.judged == []


async def test_events_that_cannot_be_delivered_come_first(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        here.publisher.error = UndeliveredError("away")
        with pytest.raises(ApplicationError, match="away") as raised:
            await ask(here)
    assert raised.value.type == "EventsUndelivered"
    assert runtime.judged == []


async def test_a_text_without_a_place_in_the_message_is_final(runtime: JudgeRuntime) -> None:
    async with scene(runtime=runtime) as here:
        with pytest.raises(ApplicationError, match="ValidateWithJudgesRequest cannot be made") as raised:
            await ask(here, output="\ud800")
    assert raised.value.non_retryable


def test_every_strategy_of_the_protocol_is_used() -> None:
    assert set(judges._STRATEGIES.values()) == set(pb.ConsensusStrategy.values())
