# SPDX-License-Identifier: Apache-2.0
"""Contract 6.7: reading verdicts, and the four formulas. Expected numbers are worked out by hand from its table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_temporal_worker.interpreter.kinds import consensus, verdicts
from aegis_temporal_worker.interpreter.kinds.consensus import Vote
from aegis_temporal_worker.interpreter.kinds.verdicts import AgentVerdict
from aegis_temporal_worker.interpreter.requests import Consensus


def vote(score: float, confidence: float = 1.0, weight: float = 1.0) -> Vote:
    return Vote(AgentVerdict(score, confidence), weight)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('{"score": 0.5, "confidence": 0.25}', AgentVerdict(0.5, 0.25)),
        ('{"score": 1}', AgentVerdict(1, 0.8)),
        ('{"score": 1, "confidence": 0}', AgentVerdict(1, 0)),
        ('{"score": 0, "confidence": null}', AgentVerdict(0, 0.8)),
        ('I think\n```json\n{"score": 0.5}\n```\nthat is it', AgentVerdict(0.5, 0.8)),
        ('```\n{"score": 0.1}\n```\n```\n{"score": 0.9}\n```', AgentVerdict(0.1, 0.8)),
        # The fence within the text is not its first block's.
        ('{"score": 0.5, "reasoning": "use ```py"}', AgentVerdict(0.5, 0.8, "use ```py")),
        ('{"score": 0.5, "reasoning": "r", "feedback": "f"}', AgentVerdict(0.5, 0.8, "r")),
        ('{"score": 0.5, "reasoning": "", "feedback": "f", "message": "m"}', AgentVerdict(0.5, 0.8, "f")),
        ('{"score": 0.5, "message": "m"}', AgentVerdict(0.5, 0.8, "m")),
        ('{"score": 0.5, "grade": "B"}', AgentVerdict(0.5, 0.8, None, "B")),
        ('{"score": 0.5, "confidence": 1.5}', None),
        ('{"score": 0.5, "confidence": "high"}', None),
        ('{"score": 1.5}', None),
        ('{"score": -0.5}', None),
        ('{"score": "0.5"}', None),
        ('{"score": true}', None),
        ('{"confidence": 0.5}', None),
        ('[{"score": 0.5}]', None),
        ("0.5", None),
        ("", None),
        ("looks good", None),
    ],
)
def test_verdict(text: str, verdict: AgentVerdict | None) -> None:
    """6.7, row No judges."""
    assert verdicts.read(text) == verdict


@pytest.mark.parametrize(
    ("strategy", "votes", "score", "confidence", "verdict"),
    [
        # weighted_average: variance of (0.4, 0.8) is 0.04, so 0.7·(1 - 0.16) = 0.588; 0.3·(3·0.5 + 1·0.9)/4 = 0.18.
        ("weighted_average", [vote(0.8, 0.5, 3), vote(0.4, 0.9, 1)], 0.7, 0.768, "pass"),
        # All agree: 0.7 + 0.3·0.5.
        ("weighted_average", [vote(0.6, 0.5), vote(0.6, 0.5)], 0.6, 0.85, "fail"),
        # As far apart as can be: nothing for agreement.
        ("weighted_average", [vote(1, 1), vote(0, 1)], 0.5, 0.3, "fail"),
        # majority_vote: 0.7·(1/3) + 0.3·(0.9 + 0.6 + 0.6)/3.
        ("majority_vote", [vote(0.7, 0.9), vote(0.9, 0.6), vote(0.2, 0.6)], 1.0, 0.443333333333, "pass"),
        ("majority_vote", [vote(0.7, 0.9), vote(0.6, 0.6), vote(0.2, 0.6)], 0.0, 0.443333333333, "fail"),
        ("majority_vote", [vote(0.7, 0.8), vote(0.6, 0.6)], 0.5, 0.21, "tie"),
        # The weights of a majority do not count.
        ("majority_vote", [vote(0.9, 1, 9), vote(0.1), vote(0.1)], 0.0, 0.533333333333, "fail"),
        ("unanimous", [vote(0.7, 0.9), vote(0.9, 0.6)], 0.8, 0.6, "pass"),
        ("unanimous", [vote(0.69, 0.9), vote(0.9, 0.6)], 0.0, 0.6, "fail"),
        ("best_of_n", [vote(0.8, 0.5, 3), vote(0.4, 0.9, 1)], 0.7, 0.7, "pass"),
        # Not known: as the runtime does it.
        ("coin_toss", [vote(0.6, 0.5), vote(0.6, 0.5)], 0.6, 0.85, "fail"),
    ],
)
def test_formula(strategy: str, votes: list[Vote], score: float, confidence: float, verdict: str) -> None:
    """6.7, combination without judges; threshold 0.7 unless declared."""
    combined = consensus.combine(Consensus(strategy), votes)
    assert (combined.score, combined.confidence) == pytest.approx((score, confidence), abs=1e-9)
    assert combined.verdict == verdict


@pytest.mark.parametrize(
    ("threshold", "verdict"), [(0.5, "pass"), (0.8, "fail"), (0.0, "pass"), (None, "fail"), (0.6, "pass")]
)
@pytest.mark.parametrize("strategy", ["weighted_average", "majority_vote", "unanimous", "best_of_n"])
def test_declared_threshold(strategy: str, threshold: float | None, verdict: str) -> None:
    """5.6; 9.2 no. 28: a threshold of 0 is a threshold; one that is reached passes."""
    assert consensus.combine(Consensus(strategy, threshold), [vote(0.6), vote(0.6)]).verdict == verdict


def test_best_of_n_counts_the_best() -> None:
    """9.2 no. 35: ``n`` of the votes, ranked by score times confidence."""
    votes = [vote(1.0, 0.1), vote(0.5, 1.0), vote(0.9, 0.9, 3), vote(0.6, 0.2)]
    combined = consensus.combine(Consensus("best_of_n", n=2), votes)
    assert combined.counted == [votes[2], votes[1]]
    assert (combined.score, combined.confidence) == pytest.approx(((3 * 0.9 + 0.5) / 4, 0.95))


@pytest.mark.parametrize("n", [None, 2, 7])
def test_best_of_n_with_all(n: int | None) -> None:
    """6.7: no ``n``, or one that is too large, counts all."""
    assert len(consensus.combine(Consensus("best_of_n", n=n), [vote(0.5), vote(0.9)]).counted) == 2


@pytest.mark.parametrize("strategy", ["weighted_average", "majority_vote", "unanimous"])
def test_n_is_of_best_of_n_only(strategy: str) -> None:
    assert len(consensus.combine(Consensus(strategy, n=1), [vote(0.5), vote(0.9)]).counted) == 2


def test_equals_are_ranked_in_their_order() -> None:
    """Replays come to the same result."""
    votes = [vote(0.5, weight=weight) for weight in (1.0, 2.0, 3.0)]
    assert consensus.combine(Consensus("best_of_n", n=2), votes).counted == votes[:2]


def test_no_noise_of_floating_point() -> None:
    """Three times 0.8 is not above 0.8."""
    assert consensus.combine(Consensus("weighted_average"), [vote(0.8)] * 3).score == 0.8


def test_huge_weights() -> None:
    """A definition cannot break the run with its weights."""
    combined = consensus.combine(Consensus("weighted_average"), [vote(0.5, weight=1e308), vote(1.0, weight=1e308)])
    assert combined.score == 0.75


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (None, None),
        ({}, None),
        ({"strategy": "majority"}, Consensus("majority_vote")),
        ({"strategy": "majority_vote", "threshold": 0}, Consensus("majority_vote", 0)),
        (
            {"strategy": "best_of_n", "n": 3, "agreement": 0.5, "threshold": 0.9},
            Consensus("best_of_n", 0.9, 0.5, 3),
        ),
        ({"strategy": "best_of_n", "n": 0}, Consensus("best_of_n")),
        ({"threshold": 0.5}, Consensus("weighted_average", 0.5)),
    ],
)
def test_read(raw: object, rule: Consensus | None) -> None:
    """5.6: both spellings of the majority; presence counts, not truth."""
    assert consensus.read(raw) == rule


_share = st.floats(0, 1)
_votes = st.lists(st.builds(vote, _share, _share, st.floats(1e-300, 1e300)), min_size=1, max_size=6)


@given(st.sampled_from(sorted(consensus.STRATEGIES)), _votes, st.integers(1, 7))
def test_results_are_from_0_to_1(strategy: str, votes: list[Vote], n: int) -> None:
    combined = consensus.combine(Consensus(strategy, n=n), votes)
    assert 0 <= combined.score <= 1
    assert 0 <= combined.confidence <= 1
