# SPDX-License-Identifier: Apache-2.0
"""Contract 5.4, 6.7: kind ParallelAgents."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import AgentTask

from ..outside import (
    AGENT_ID,
    AGENT_RUN,
    MemoryOutside,
    agent_fails,
    agent_says,
    definition,
    go,
    interpret,
    state,
    system,
)

PARENT = "7b2e6f90-0000-4000-8000-000000000003"
ABC = [{"agent": name, "input": "review"} for name in "abc"]
PASS = agent_says('{"score": 0.9, "confidence": 1, "reasoning": "good", "grade": "A"}')
FAIL = agent_says('{"score": 0.3, "confidence": 0.5, "feedback": "bad"}')
PROSE = agent_says("I like it")
BROKEN = agent_fails("out of tokens")


def parallel(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return state("ParallelAgents", *transitions, **{"agents": ABC, "consensus": {"strategy": "majority"}} | fields)


async def run(raw: dict[str, Any], *answers: Any, **argument: Any) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system(), "C": system()}))
    if answers:
        outside.on_agent = list(answers)
    return outside, await interpret(outside, **argument)


def asked(outside: MemoryOutside, kind: type) -> list[Any]:
    return [request for request in outside.requests if isinstance(request, kind)]


async def test_requests() -> None:
    """6.7, rows Render and Run; D1.3: the run's id on every agent; 9.3 no. 40: each agent is its own task."""
    agents = [{"agent": "{{input.who}}", "input": "see {{input.what}}"}, {"agent": "b", "input": None}]
    outside, _ = await run(
        parallel(agents=agents, timeout="40s"),
        input={"who": "a", "what": "it"},
        security_context_name="strict",
        intent="ship",
        root_execution_id=PARENT,
    )
    first, second = asked(outside, AgentTask)
    assert first == AgentTask(
        state_name="A",
        agent="a",
        input="see it",
        workflow_execution_id=PARENT,
        context={"input": "see it"},
        security_context_name="strict",
        limit_seconds=40,
    )
    assert (second.agent, second.input, second.context) == ("b", "", {"input": ""})


async def test_no_events_of_its_own() -> None:
    """7.4, row ParallelAgents."""
    outside, _ = await run(parallel(), PASS)
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered A",
        "WorkflowStateExited A",
        "WorkflowExecutionCompleted A",
    ]


async def test_output_with_verdicts() -> None:
    """6.7, row Output and the additional promises of the documentation."""
    agents = [{"agent": "a", "input": "x", "weight": 2.0}, {"agent": "b", "input": "x"}, {"agent": "c", "input": "x"}]
    _, result = await run(parallel(agents=agents), PASS, FAIL, PROSE)
    run_of = {"agent_id": AGENT_ID, "execution_id": AGENT_RUN, "status": "completed"}
    assert result["output"] == {
        "status": "completed",
        "consensus": {
            # One against one: a tie. 0.7·0 + 0.3·(1 + 0.5)/2.
            "score": 0.5,
            "confidence": 0.225,
            "strategy": "majority_vote",
            "metadata": {
                "individual_outputs": [PASS.output, FAIL.output, PROSE.output],
                "individual_results": [
                    {"judge_id": AGENT_ID, "score": 0.9, "confidence": 1, "reasoning": "good", "weight": 2.0},
                    {"judge_id": AGENT_ID, "score": 0.3, "confidence": 0.5, "reasoning": "bad", "weight": 1.0},
                ],
                "agents_without_verdict": ["c"],
                "reasoning": "a: good\nb: bad",
                "pass_votes": 1,
                "fail_votes": 1,
                "n": 2,
                "total_judges": 3,
                "verdict": "tie",
                "grade": "A",
            },
        },
        "individual_scores": [0.9, 0.3],
        "agents": [
            {
                "agent": "a",
                **run_of,
                "output": {"score": 0.9, "confidence": 1, "reasoning": "good", "grade": "A"},
                "weight": 2.0,
                "score": 0.9,
                "confidence": 1,
                "reasoning": "good",
            },
            {
                "agent": "b",
                **run_of,
                "output": {"score": 0.3, "confidence": 0.5, "feedback": "bad"},
                "weight": 1.0,
                "score": 0.3,
                "confidence": 0.5,
                "reasoning": "bad",
            },
            {"agent": "c", **run_of, "output": "I like it", "weight": 1.0},
        ],
        "all_succeeded": True,
    }


async def test_names_in_templates() -> None:
    """6.13: ``STATE.agents.N.output.FIELD``, ``STATE.consensus.score``; D3.3: ``metadata.individual_outputs``."""
    env = {
        "FIELD": "{{A.agents.1.output.feedback}}",
        "SCORE": "{{A.consensus.score}} {{A.consensus.confidence}}",
        "FIRST": "{{{A.consensus.metadata.individual_outputs.0}}}",
        "VOTES": "{{A.consensus.metadata.pass_votes}}:{{A.consensus.metadata.fail_votes}}",
    }
    outside = MemoryOutside(definition({"A": parallel(go("B")), "B": system(env=env)}))
    outside.on_agent = [PASS, FAIL, PASS]
    await interpret(outside)
    assert outside.commands[0].env == {
        "FIELD": "bad",
        # 0.7·(1/3) + 0.3·(1 + 0.5 + 1)/3.
        "SCORE": "1 0.483333333333",
        "FIRST": PASS.output,
        "VOTES": "2:1",
    }


async def test_no_verdict_no_score() -> None:
    """6.7: without any verdict no score at all; 6.10: a score condition then fails the run, on_success does not."""
    _, result = await run(parallel(), PROSE)
    consensus = result["output"]["consensus"]
    assert {"score", "confidence"}.isdisjoint(consensus)
    assert consensus["metadata"]["agents_without_verdict"] == ["a", "b", "c"]
    assert (consensus["metadata"]["total_judges"], consensus["metadata"]["n"]) == (3, 0)
    assert result["output"]["individual_scores"] == []
    _, result = await run(parallel(go("B", "consensus", threshold=0.5)), PROSE)
    assert result["error"] == 'State "A" carries no score for its score transitions'
    _, result = await run(parallel(go("B", "on_success")), PROSE)
    assert result["final_state"] == "B"


async def test_conditions_on_individual_scores() -> None:
    """9.2 no. 28: all_approved and any_rejected can be true."""
    _, result = await run(parallel(go("B", "all_approved"), go("C", "any_rejected")), PASS)
    assert result["final_state"] == "B"
    _, result = await run(parallel(go("B", "all_approved"), go("C", "any_rejected")), PASS, FAIL, PASS)
    assert result["final_state"] == "C"


async def test_agreement_gate() -> None:
    """9.1 no. 9: the agreement, which arrives as ``min``, gates the consensus transition."""
    raw = parallel(go("B", "consensus", threshold=0.5, min=0.9), go("C", "always"))
    assert (await run(raw, PASS))[1]["final_state"] == "B"
    assert (await run(raw, PASS, FAIL, PASS))[1]["final_state"] == "C"


async def test_n_is_honoured() -> None:
    """9.2 no. 35: five of the same agent, the best three count."""
    scores = (0.1, 0.9, 0.5, 0.8, 0.7)
    raw = parallel(agents=[{"agent": "a", "input": "x"}] * 5, consensus={"strategy": "best_of_n", "n": 3})
    _, result = await run(raw, *(agent_says(f'{{"score": {score}, "grade": "G{score}"}}') for score in scores))
    consensus = result["output"]["consensus"]
    assert consensus["score"] == pytest.approx(0.8)
    metadata = consensus["metadata"]
    assert (metadata["n"], metadata["total_judges"], metadata["grade"]) == (3, 5, "G0.9")
    assert result["output"]["individual_scores"] == list(scores)


async def test_unknown_strategy_is_told() -> None:
    outside, result = await run(parallel(consensus={"strategy": "coin"}), PASS)
    assert outside.warnings == ['The consensus strategy "coin" is not known; weighted_average is used']
    assert result["output"]["consensus"]["score"] == 0.9


@pytest.mark.parametrize("broken", [BROKEN, OutsideError("out of tokens")])
@pytest.mark.parametrize("strategy", ["weighted_average", "majority_vote", "best_of_n"])
async def test_a_failed_agent_is_left_out(strategy: str, broken: Any) -> None:
    """6.7 REC, 9.3 no. 40: accepted while a verdict remains; the others are not run again."""
    outside, result = await run(parallel(consensus={"strategy": strategy}), PASS, broken, PASS)
    output = result["output"]
    assert (output["status"], output["all_succeeded"]) == ("completed", False)
    assert output["consensus"]["score"] == (1.0 if strategy == "majority_vote" else 0.9)
    assert output["individual_scores"] == [0.9, 0.9]
    assert output["agents"][1]["status"] == "failed"
    assert output["agents"][1]["error"] == "out of tokens"
    assert output["consensus"]["metadata"]["agents_without_verdict"] == ["b"]
    assert output["consensus"]["metadata"]["individual_outputs"] == [PASS.output, "", PASS.output]
    assert len(asked(outside, AgentTask)) == 3
    assert outside.warnings == ["Agents failed, the others are enough: b: out of tokens"]


async def test_a_failed_agent_has_no_vote_whatever_it_wrote() -> None:
    """6.7: only agents that completed are read."""
    _, result = await run(parallel(), PASS, agent_says(FAIL.output, completed=False, error="cut off"), PASS)
    assert result["output"]["individual_scores"] == [0.9, 0.9]
    assert result["output"]["agents"][1]["output"] == ""


async def test_a_failed_agent_breaks_unanimity() -> None:
    """6.7 REC: the strategy does not permit it: it votes against."""
    _, result = await run(parallel(consensus={"strategy": "unanimous"}), PASS, BROKEN, PASS)
    output = result["output"]
    assert (output["status"], output["consensus"]["score"], output["consensus"]["confidence"]) == ("completed", 0, 0)
    assert output["individual_scores"] == [0.9, 0.0, 0.9]
    assert output["consensus"]["metadata"]["reasoning"] == "a: good\nb: failed: out of tokens\nc: good"
    assert output["consensus"]["metadata"]["fail_votes"] == 1


@pytest.mark.parametrize("answers", [[BROKEN], [BROKEN, PROSE, PROSE]])
@pytest.mark.parametrize("strategy", ["majority", "unanimous"])
async def test_failures_without_a_verdict_fail_the_state(strategy: str, answers: list[Any]) -> None:
    """6.7 REC: no verdict remains; D3.3: routed if a transition could take it, else the true cause."""
    rule = {"strategy": strategy}
    outside, result = await run(parallel(go("B", "on_success"), consensus=rule), *answers)
    assert result["error"].startswith("Parallel agents failed: a: out of tokens")
    assert "WorkflowStateExited A" not in outside.told()
    _, result = await run(parallel(go("B", "on_failure"), consensus=rule), *answers)
    assert result["final_state"] == "B"
    output = result["blackboard"]["A"]
    assert (output["status"], output["all_succeeded"], output["individual_scores"]) == ("failed", False, [])
    assert [agent["agent"] for agent in output["agents"]] == ["a", "b", "c"]


async def test_no_agents_is_an_error() -> None:
    _, result = await run(parallel(agents=[]))
    assert result["error"] == "Invalid ParallelAgents State: no agents"


async def test_an_agent_rendered_to_nothing_is_an_error() -> None:
    """6.4's text holds here too; no agent is started."""
    outside, result = await run(parallel(agents=[ABC[0], {"agent": "{{input.x}}", "input": "y"}]))
    assert result["error"].startswith('Template resolution failed: "{{input.x}}" resolved to empty string.')
    assert outside.requests == []
