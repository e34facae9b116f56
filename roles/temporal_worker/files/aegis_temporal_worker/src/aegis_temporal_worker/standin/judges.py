# SPDX-License-Identifier: Apache-2.0
"""How the votes of judges make one result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.standin import NAME
from aegis_temporal_worker.standin.script import JudgeAnswer

DEFAULT_THRESHOLD: Final = 0.8


def judge(request: pb.ValidateWithJudgesRequest, verdicts: Sequence[JudgeAnswer]) -> pb.ValidateWithJudgesResponse:
    """The combined result. Weights that are not above 0 count as 1; ANY_APPROVED acts as the weighted average."""
    consensus = request.consensus
    threshold = consensus.threshold if consensus.HasField("threshold") else DEFAULT_THRESHOLD
    weights = [item.weight if item.weight > 0 else 1.0 for item in request.judges]
    total = sum(weights) or 1.0
    score = sum(weight * verdict.score for weight, verdict in zip(weights, verdicts, strict=True)) / total
    confidence = sum(weight * verdict.confidence for weight, verdict in zip(weights, verdicts, strict=True)) / total
    approvals = [verdict.score >= threshold for verdict in verdicts]
    if consensus.strategy == pb.MAJORITY_VOTE:
        valid = sum(approvals) * 2 > len(approvals)
    elif consensus.strategy == pb.UNANIMOUS:
        valid = all(approvals)
    else:
        valid = score >= threshold
    return pb.ValidateWithJudgesResponse(
        score=score,
        confidence=confidence,
        reasoning=f"{NAME}: {sum(approvals)} of {len(approvals)} judges approve",
        binary_valid=valid,
        individual_results=[
            pb.JudgeResult(
                judge_id=item.agent_id,
                score=verdict.score,
                confidence=verdict.confidence,
                reasoning=verdict.reasoning,
            )
            for item, verdict in zip(request.judges, verdicts, strict=True)
        ],
    )
