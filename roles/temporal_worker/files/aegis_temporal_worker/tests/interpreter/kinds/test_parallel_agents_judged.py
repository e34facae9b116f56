# SPDX-License-Identifier: Apache-2.0
"""Contract 6.7: kind ParallelAgents with judges of its agents' outputs."""

from __future__ import annotations

from typing import Any

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import Consensus, Judge, Judgement, Verdict

from ..outside import EXECUTION, MemoryOutside, agent_fails, agent_says, definition, go, interpret, state, system

ABC = [{"agent": name, "input": "review"} for name in "abc"]
PROSE = agent_says("I like it")
BROKEN = agent_fails("out of tokens")
JUDGES = [{"agent_id": "j1"}, {"agent_id": "j2", "weight": 2}]
RESULTS = [
    {"judge_id": "j1", "score": 0.9, "confidence": 0.9, "reasoning": "neat"},
    {"judge_id": "j2", "score": 0.6, "confidence": 0.8, "reasoning": ""},
]
JUDGED = Verdict(0.7, 0.83, True, "Two judges.", RESULTS)


def parallel(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    own = {"agents": ABC, "consensus": {"strategy": "majority"}, "judges_for_parallel": JUDGES}
    return state("ParallelAgents", *transitions, **own | fields)


async def run(raw: dict[str, Any], *answers: Any, verdict: Any = JUDGED) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system()}))
    outside.on_agent = list(answers)
    outside.on_judge = [verdict]
    return outside, await interpret(outside)


def judgements(outside: MemoryOutside) -> list[Judgement]:
    return [request for request in outside.requests if isinstance(request, Judgement)]


async def test_judges_see_all_outputs() -> None:
    """6.7, row Judges given: the exact join; 9.1 no. 10: the strategy goes along (best-of-n with its ``n``)."""
    raw = parallel(consensus={"strategy": "best_of_n", "n": 2, "agreement": 0.5})
    outside, _ = await run(raw, agent_says("one"), agent_says("two\n"), agent_says(""))
    assert judgements(outside) == [
        Judgement(
            state_name="A",
            output="[a]:\none\n\n---\n\n[b]:\ntwo\n\n\n---\n\n[c]:\n",
            task="review",
            judges=[Judge("j1", None, 1.0), Judge("j2", None, 2.0)],
            context={"execution_id": EXECUTION},
            consensus=Consensus("best_of_n", 0.7, 0.5, 2),
        )
    ]


async def test_task_of_agents_with_different_inputs() -> None:
    """8.2: the judges' task is what the agents were asked."""
    agents = [{"agent": "a", "input": "x"}, {"agent": "b", "input": "y"}]
    outside, _ = await run(parallel(agents=agents), PROSE)
    assert judgements(outside)[0].task == "[a]:\nx\n\n---\n\n[b]:\ny"


async def test_output_with_judges() -> None:
    """6.7: ``{score, confidence, binary_valid, strategy, metadata}``; the judges' scores are the individual ones."""
    _, result = await run(parallel(), PROSE)
    output = result["output"]
    assert output["consensus"] == {
        "score": 0.7,
        "confidence": 0.83,
        "binary_valid": True,
        "strategy": "majority_vote",
        "metadata": {
            "individual_outputs": ["I like it"] * 3,
            "individual_results": RESULTS,
            "agents_without_verdict": [],
            "reasoning": "Two judges.\nj1: neat",
            "pass_votes": 1,
            "fail_votes": 1,
            "n": 2,
            "total_judges": 2,
            "verdict": "pass",
        },
    }
    assert (output["status"], output["individual_scores"]) == ("completed", [0.9, 0.6])


async def test_judges_see_what_is_left_of_failed_agents() -> None:
    """6.7 REC: failures are accepted while an output remains, and judges are not asked when none does."""
    outside, result = await run(parallel(), BROKEN, PROSE, BROKEN)
    assert judgements(outside)[0].output == "[b]:\nI like it"
    assert result["output"]["consensus"]["metadata"]["agents_without_verdict"] == ["a", "c"]
    outside, result = await run(parallel(), BROKEN)
    assert judgements(outside) == []
    assert result["status"] == "failed"


async def test_judges_that_cannot_be_asked() -> None:
    """D3.3: the true cause, or routed with what the agents made."""
    away = OutsideError("away")
    _, result = await run(parallel(), PROSE, verdict=away)
    assert result["error"] == "Validation failed: away"
    _, result = await run(parallel(go("B", "on_failure")), PROSE, verdict=away)
    assert (result["final_state"], result["blackboard"]["A"]["error"]) == ("B", "away")
    assert result["blackboard"]["A"]["agents"][0]["output"] == "I like it"


async def test_no_event_is_lost_when_judges_fail() -> None:
    """7.4: each event once and in order."""
    outside, _ = await run(parallel(), PROSE, verdict=OutsideError("x", events_sent=True))
    numbers = [event["temporal_sequence_number"] for event in outside.events]
    assert numbers == list(range(1, len(numbers) + 1))
