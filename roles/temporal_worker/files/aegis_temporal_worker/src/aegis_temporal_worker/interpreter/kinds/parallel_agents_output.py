# SPDX-License-Identifier: Apache-2.0
"""The output of a ParallelAgents state (contract 6.7, 6.13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import OutsideError
from ..requests import AgentResult, Consensus, Judge, Verdict
from ..values import as_number
from . import consensus, judges, verdicts
from .agent_text import output_of
from .consensus import Vote
from .verdicts import AgentVerdict


@dataclass(frozen=True, slots=True)
class Member:
    """How one of the agents ended. ``verdict`` is what can be read from its text, ``error`` why it did not complete."""

    agent: str
    weight: float
    text: str = ""
    error: str | None = None
    agent_id: str | None = None
    execution_id: str | None = None
    verdict: AgentVerdict | None = None

    @property
    def completed(self) -> bool:
        """Whether the agent completed."""
        return self.error is None

    @classmethod
    def read(cls, agent: str, weight: float, result: AgentResult | OutsideError) -> Member:
        """The end of one run."""
        if isinstance(result, OutsideError):
            return cls(agent, weight, error=str(result))
        error = None if result.completed else result.error or "the agent gave no reason"
        text = result.output if result.completed else ""
        return cls(agent, weight, text, error, result.agent_id, result.execution_id, verdicts.read(text))


def agents_of(members: Sequence[Member]) -> dict[str, Any]:
    """What every agent did, in the order of the definition."""
    return {
        "agents": [_agent(member) for member in members],
        "all_succeeded": all(member.completed for member in members),
    }


def _agent(member: Member) -> dict[str, Any]:
    return _known(
        agent=member.agent,
        agent_id=member.agent_id,
        execution_id=member.execution_id,
        status="completed" if member.completed else "failed",
        output=output_of(member.text),
        error=member.error,
        weight=member.weight,
        **_verdict(member.verdict),
    )


def from_members(rule: Consensus, members: Sequence[Member]) -> dict[str, Any]:
    """The consensus of the agents' own verdicts; it has no score when no agent gave one."""
    voters = [(member, vote) for member in members if (vote := _vote(rule, member)) is not None]
    votes = [vote for _member, vote in voters]
    combined = consensus.combine(rule, votes) if votes else None
    metadata = {
        **_counts(rule, [vote.verdict.score for vote in votes], len(members)),
        "individual_outputs": [member.text for member in members],
        "individual_results": [
            _known(judge_id=member.agent_id or member.agent, weight=vote.weight, **_verdict(vote.verdict))
            for member, vote in voters
        ],
        "agents_without_verdict": [member.agent for member in members if member.verdict is None],
        "reasoning": "\n".join(
            f"{member.agent}: {vote.verdict.reasoning}" for member, vote in voters if vote.verdict.reasoning
        ),
    }
    made: dict[str, Any] = {"strategy": rule.strategy, "metadata": metadata}
    if combined is not None:
        chosen = _known(n=len(combined.counted), verdict=combined.verdict, grade=combined.counted[0].verdict.grade)
        made = {
            "score": combined.score,
            "confidence": combined.confidence,
            "strategy": rule.strategy,
            "metadata": {**metadata, **chosen},
        }
    return {"consensus": made, "individual_scores": [vote.verdict.score for vote in votes]}


def _vote(rule: Consensus, member: Member) -> Vote | None:
    if member.verdict is not None:
        return Vote(member.verdict, member.weight)
    if rule.strategy == "unanimous" and not member.completed:
        # Nothing is unanimous without it: it votes against, and does not make the result any surer.
        return Vote(AgentVerdict(0.0, 0.0, f"failed: {member.error}"), member.weight)
    return None


def from_judges(rule: Consensus, members: Sequence[Member], asked: Sequence[Judge], verdict: Verdict) -> dict[str, Any]:
    """The consensus of the judges of all outputs, as the runtime combined it."""
    scores = [score for item in verdict.individual_results if (score := as_number(item.get("score"))) is not None]
    return {
        "consensus": {
            "score": verdict.score,
            "confidence": verdict.confidence,
            "binary_valid": verdict.valid,
            "strategy": rule.strategy,
            "metadata": {
                **_counts(rule, scores, len(asked)),
                "individual_outputs": [member.text for member in members],
                "individual_results": verdict.individual_results,
                "agents_without_verdict": [member.agent for member in members if not member.completed],
                "reasoning": judges.reasons(verdict),
                "verdict": "pass" if verdict.valid else "fail",
            },
        },
        "individual_scores": scores,
    }


def _counts(rule: Consensus, scores: Sequence[float], total: int) -> dict[str, int]:
    passed = sum(1 for score in scores if score >= consensus.threshold_of(rule))
    return {"pass_votes": passed, "fail_votes": len(scores) - passed, "n": len(scores), "total_judges": total}


def _verdict(verdict: AgentVerdict | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    return {"score": verdict.score, "confidence": verdict.confidence, "reasoning": verdict.reasoning}


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
