# SPDX-License-Identifier: Apache-2.0
"""The activity that has an output scored by judges (contract 5.6, 6.4, 8.2, 8.6; 9.1, no. 3, 9, 10).

Scoring has no effects: a call that broke off, or whose worker was lost, is made again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Final

import grpc
from temporalio import activity
from temporalio.exceptions import ApplicationError

from ..interpreter.requests import Consensus, Judgement, Verdict
from ..interpreter.values import json_text
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .agent_directory import AgentDirectory
from .errors import from_orchestrator, from_runtime, not_begun
from .heartbeat import beating
from .messages import JudgementInput
from .once import request_of
from .orchestrator import OrchestratorError
from .preparing import prepare
from .publisher import EventPublisher

_METHOD: Final = "ValidateWithJudges"
# The runtime's own limit for all judges together; the margin is for a runtime that does not keep it.
_LIMIT_SECONDS: Final = 600
_MARGIN_SECONDS: Final = 30
# The wire has 32-bit floats, which are exact to seven digits.
_DIGITS: Final = 7
# Tried again for as long as the activity's policy lasts; of other failures that may pass, a few attempts.
_PATIENT: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
_MAY_PASS: Final = (
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
)
_FEW: Final = 3

# The protocol has no best of n: the runtime takes the n that goes along.
_STRATEGIES: Final[Mapping[str, int]] = {
    "weighted_average": pb.WEIGHTED_AVERAGE,
    "majority_vote": pb.MAJORITY_VOTE,
    "majority": pb.MAJORITY_VOTE,
    "unanimous": pb.UNANIMOUS,
    "any_approved": pb.ANY_APPROVED,
    "best_of_n": pb.WEIGHTED_AVERAGE,
}


class JudgeActivities:
    """Scores."""

    def __init__(self, runtime: RuntimeClient, publisher: EventPublisher, directory: AgentDirectory) -> None:
        self._runtime = runtime
        self._publisher = publisher
        self._directory = directory

    @activity.defn(name=names.JUDGES)
    async def validate(self, asked: JudgementInput) -> Verdict:
        """Deliver the waiting events, then ask the judges. Raises ``ApplicationError``."""
        judgement, tenant_id = asked.judgement, asked.run.tenant_id
        request = _request(judgement)
        try:
            async with beating():
                await prepare(self._runtime, self._publisher, asked, _METHOD)
                await self._resolve(request, tenant_id)
                response = await self._runtime.validate_with_judges(
                    request,
                    tenant_id=tenant_id,
                    deadline=max(judgement.limit_seconds or 0, _LIMIT_SECONDS) + _MARGIN_SECONDS,
                )
        except asyncio.CancelledError:
            if activity.is_worker_shutdown():
                raise not_begun("the worker has stopped") from None
            raise
        except OrchestratorError as error:
            raise from_orchestrator(error) from None
        except RuntimeCallError as error:
            raise from_runtime(error, retryable=_again(error), events_sent=True) from None
        return _verdict(response)

    async def _resolve(self, request: pb.ValidateWithJudgesRequest, tenant_id: str) -> None:
        """Put the UUIDs of the judges in the place of their names: the runtime takes nothing else."""
        agents = list(dict.fromkeys(judge.agent_id for judge in request.judges))
        found = await asyncio.gather(*(self._directory.resolve(agent, tenant_id) for agent in agents))
        ids = dict(zip(agents, found, strict=True))
        for judge in request.judges:
            judge.agent_id = ids[judge.agent_id]


def _request(judgement: Judgement) -> pb.ValidateWithJudgesRequest:
    """The message, with the judges as they are named. Raises a final ``ApplicationError``."""
    return request_of(
        pb.ValidateWithJudgesRequest,
        output=judgement.output,
        task=judgement.task,
        judges=[
            request_of(pb.JudgeConfig, agent_id=judge.agent, input_template=judge.input_template, weight=judge.weight)
            for judge in judgement.judges
        ],
        consensus=None if judgement.consensus is None else _consensus(judgement.consensus),
        context_json=json_text(judgement.context),
    )


def _consensus(consensus: Consensus) -> pb.ConsensusConfig:
    strategy = _STRATEGIES.get(consensus.strategy.lower())
    if strategy is None:
        raise ApplicationError(
            f'"{consensus.strategy}" is no consensus strategy; known are {", ".join(_STRATEGIES)}',
            type="InvalidRequest",
            non_retryable=True,
        )
    return request_of(
        pb.ConsensusConfig,
        strategy=strategy,
        threshold=consensus.threshold,
        agreement=consensus.agreement,
        n=consensus.n,
    )


def _again(error: RuntimeCallError) -> bool:
    if error.code in _PATIENT:
        # A message that is too large stays too large.
        return error.retryable or error.code is grpc.StatusCode.UNAVAILABLE
    return error.code in _MAY_PASS and activity.info().attempt < _FEW


def _verdict(response: pb.ValidateWithJudgesResponse) -> Verdict:
    return Verdict(
        score=_rounded(response.score),
        confidence=_rounded(response.confidence),
        valid=response.binary_valid,
        reasoning=response.reasoning,
        individual_results=[
            {
                "judge_id": result.judge_id,
                "score": _rounded(result.score),
                "confidence": _rounded(result.confidence),
                "reasoning": result.reasoning,
            }
            for result in response.individual_results
        ],
    )


def _rounded(value: float) -> float:
    """The number that was meant: 0.9 arrives as 0.8999999762. JSON has no NaN, so that becomes 0."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else 0.0
