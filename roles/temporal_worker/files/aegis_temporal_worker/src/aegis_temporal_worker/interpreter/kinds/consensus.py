# SPDX-License-Identifier: Apache-2.0
"""How several verdicts make one (contract 5.6, 6.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final

from ..definition import as_object, as_text
from ..requests import Consensus
from ..values import as_number
from .verdicts import AgentVerdict

DEFAULT_STRATEGY: Final = "weighted_average"
# Of the votes of parallel agents; the runtime has its own default for judges.
DEFAULT_THRESHOLD: Final = 0.7
# Scores from 0 to 1 differ at most by this variance: half of them 0, half of them 1.
_MOST_VARIANCE: Final = 0.25
# What agreement counts for in a confidence, and what the voters' own confidence does.
_AGREEMENT, _CONFIDENCE = 0.7, 0.3
# Cuts off what floating point adds: three times 0.8 has the mean 0.8, which is not above 0.8.
_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Vote:
    """A verdict and its weight, above 0."""

    verdict: AgentVerdict
    weight: float


@dataclass(frozen=True, slots=True)
class Combined:
    """The result of a vote. ``counted`` are the votes it was made of, the best (by score times confidence) first."""

    score: float
    confidence: float
    verdict: str
    counted: Sequence[Vote]


def read(raw: object) -> Consensus | None:
    """The consensus that a state declares, or None; an absent threshold stays absent."""
    source = as_object(raw)
    if not source:
        return None
    n = as_number(source.get("n"))
    spelling = (as_text(source.get("strategy")) or DEFAULT_STRATEGY).strip().lower()
    return Consensus(
        strategy="majority_vote" if spelling == "majority" else spelling,
        threshold=as_number(source.get("threshold")),
        agreement=as_number(source.get("agreement")),
        n=int(n) if n is not None and n >= 1 else None,
    )


def threshold_of(consensus: Consensus) -> float:
    """The score from which on a vote passes."""
    return DEFAULT_THRESHOLD if consensus.threshold is None else consensus.threshold


def combine(consensus: Consensus, votes: Sequence[Vote]) -> Combined:
    """The result of ``votes``, of which there is at least one; a strategy that is not known is a weighted average.

    ``verdict`` is ``pass``, ``fail`` or, for a majority, ``tie``.
    """
    strategy = STRATEGIES.get(consensus.strategy, _weighted_average)
    # Sorting keeps the order of equals, so the result does not depend on anything but the votes.
    ranked = sorted(votes, key=lambda vote: -vote.verdict.score * vote.verdict.confidence)
    counted = ranked[: consensus.n] if consensus.strategy == "best_of_n" else ranked
    score, confidence, verdict = strategy(counted, threshold_of(consensus))
    return Combined(round(score, _DIGITS), round(confidence, _DIGITS), verdict, counted)


_Result = tuple[float, float, str]


def _weighted_average(votes: Sequence[Vote], threshold: float) -> _Result:
    scores = [vote.verdict.score for vote in votes]
    middle = _mean(scores)
    agreement = 1 - min(_mean([(score - middle) ** 2 for score in scores]) / _MOST_VARIANCE, 1)
    score = _weighted(votes, scores)
    confidence = _AGREEMENT * agreement + _CONFIDENCE * _weighted(votes, _confidences(votes))
    return score, confidence, _passed(score, threshold)


def _majority_vote(votes: Sequence[Vote], threshold: float) -> _Result:
    passed = sum(1 for vote in votes if vote.verdict.score >= threshold)
    lead = 2 * passed - len(votes)
    confidence = _AGREEMENT * abs(lead) / len(votes) + _CONFIDENCE * _mean(_confidences(votes))
    if lead == 0:
        return 0.5, confidence, "tie"
    return (1.0, confidence, "pass") if lead > 0 else (0.0, confidence, "fail")


def _unanimous(votes: Sequence[Vote], threshold: float) -> _Result:
    scores = [vote.verdict.score for vote in votes]
    passed = all(score >= threshold for score in scores)
    return (_mean(scores) if passed else 0.0), min(_confidences(votes)), ("pass" if passed else "fail")


def _best_of_n(votes: Sequence[Vote], threshold: float) -> _Result:
    score = _weighted(votes, [vote.verdict.score for vote in votes])
    return score, _mean(_confidences(votes)), _passed(score, threshold)


STRATEGIES: Final[Mapping[str, Callable[[Sequence[Vote], float], _Result]]] = {
    "weighted_average": _weighted_average,
    "majority_vote": _majority_vote,
    "unanimous": _unanimous,
    "best_of_n": _best_of_n,
}


def _confidences(votes: Sequence[Vote]) -> list[float]:
    return [vote.verdict.confidence for vote in votes]


def _passed(score: float, threshold: float) -> str:
    return "pass" if round(score, _DIGITS) >= threshold else "fail"


def _mean(numbers: Sequence[float]) -> float:
    return fsum(numbers) / len(numbers)


def _weighted(votes: Sequence[Vote], numbers: Sequence[float]) -> float:
    # Weights relative to the largest: their sum stays a number, however large they are.
    largest = max(vote.weight for vote in votes)
    weights = [vote.weight / largest for vote in votes]
    return fsum(weight * number for weight, number in zip(weights, numbers, strict=True)) / fsum(weights)
