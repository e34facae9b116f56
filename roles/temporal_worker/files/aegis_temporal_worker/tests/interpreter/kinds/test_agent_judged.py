# SPDX-License-Identifier: Apache-2.0
"""Contract 6.4: kind Agent with a validator before it and judges after it."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import AgentTask, Consensus, Judge, Judgement, Verdict

from ..outside import (
    AGENT_ID,
    AGENT_RUN,
    EXECUTION,
    MemoryOutside,
    agent_fails,
    agent_says,
    definition,
    go,
    interpret,
    state,
    system,
)

GOOD = Verdict(0.9, 0.8, True, "fine", [])
BAD = Verdict(0.25, 0.7, False, "Weak.", [{"judge_id": "j", "score": 0.25, "confidence": 0.7, "reasoning": "too long"}])
JUDGES = [{"agent_id": "critic", "weight": 2.0}]
REFINEMENT = (
    "\n\nThe previous answer got the score 0.25.\nReasoning: Weak.\nj: too long\nPlease refine the answer accordingly."
)


def judged(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return state("Agent", *transitions, **{"agent": "coder", "input": "do it", "judges": JUDGES} | fields)


async def run(raw: dict[str, Any], verdicts: list[Any], *answers: Any, **argument: Any) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system()}))
    outside.on_judge = verdicts
    if answers:
        outside.on_agent = list(answers)
    return outside, await interpret(outside, **argument)


def asked(outside: MemoryOutside, kind: type) -> list[Any]:
    return [request for request in outside.requests if isinstance(request, kind)]


def kind_events(outside: MemoryOutside) -> list[tuple[str, int]]:
    """Types and numbers of the events between the state's entry and its exit."""
    return [(event["event_type"], event["iteration_number"]) for event in outside.events if "iteration_number" in event]


async def test_no_judges_means_one_iteration() -> None:
    """6.4: without judges nothing is refined."""
    outside, result = await run(judged(judges=[], max_iterations=3), [BAD])
    assert (len(asked(outside, AgentTask)), asked(outside, Judgement)) == (1, [])
    assert "validation" not in result["output"]


async def test_what_judges_are_asked() -> None:
    """6.4, row Judges present: output, current input as task, no consensus, context {execution_id}."""
    outside, _ = await run(judged(input="do {{input.what}}", timeout="90s"), [GOOD], input={"what": "this"})
    assert asked(outside, Judgement) == [
        Judgement(
            state_name="A",
            output="done",
            task="do this",
            judges=[Judge("critic", None, 2.0)],
            context={"execution_id": EXECUTION},
            consensus=None,
            limit_seconds=90,
        )
    ]


async def test_a_declared_consensus_is_sent() -> None:
    """5.6: the mapper sends none for Agent; one that is there counts, its threshold left to the runtime if absent."""
    outside, _ = await run(judged(consensus={"strategy": "majority", "n": 3}), [GOOD])
    assert asked(outside, Judgement)[0].consensus == Consensus("majority_vote", None, None, 3)


async def test_valid_at_once() -> None:
    """6.4, row Valid; 9.2 no. 29, 30: validation, score and confidence on the output; 9.1 no. 13: nothing is stored."""
    outside, result = await run(judged(), [GOOD])
    assert outside.calls == ["fetch", "agent coder", "judge A", "publish"]
    assert result["output"] == {
        "status": "completed",
        "output": "done",
        "iterations": 1,
        "execution_id": AGENT_RUN,
        "score": 0.9,
        "confidence": 0.8,
        "validation": {"score": 0.9, "valid": True},
    }


async def test_refined_until_valid() -> None:
    """6.4, rows Not valid and Each iteration: the input grows, the judges see the current one; 7.4: order of events."""
    outside, result = await run(judged(), [BAD, GOOD], agent_says("first"), agent_says("second"))
    assert [(task.input, task.iteration) for task in asked(outside, AgentTask)] == [
        ("do it", 1),
        ("do it" + REFINEMENT, 2),
    ]
    assert [(item.task, item.output) for item in asked(outside, Judgement)] == [
        ("do it", "first"),
        ("do it" + REFINEMENT, "second"),
    ]
    assert kind_events(outside) == [
        ("WorkflowIterationStarted", 1),
        ("WorkflowIterationCompleted", 1),
        ("RefinementApplied", 1),
        ("WorkflowIterationStarted", 2),
        ("WorkflowIterationCompleted", 2),
    ]
    assert (result["output"]["output"], result["output"]["iterations"]) == ("second", 2)
    assert result["output"]["validation"] == {"score": 0.9, "valid": True}


async def test_refinements_add_up() -> None:
    """6.4: each one is appended to the input as it is then."""
    outside, _ = await run(judged(), [BAD, BAD, GOOD])
    assert asked(outside, AgentTask)[-1].input == "do it" + REFINEMENT + REFINEMENT


async def test_refinement_carries_the_resolved_id() -> None:
    """9.1 no. 2, 7.5: ``agent_id`` is the UUID, not the rendered name; 7.3: ``code_diff`` is a text."""
    outside, _ = await run(judged(), [BAD, GOOD])
    (event,) = [event for event in outside.events if event["event_type"] == "RefinementApplied"]
    assert (event["agent_id"], event["code_diff"], event["iteration_number"]) == (AGENT_ID, "Weak.\nj: too long", 1)


async def test_refinement_is_not_told_without_an_id() -> None:
    """7.3: the orchestrator wants a UUID; a wrong one is not sent, and the iteration goes on."""
    outside, result = await run(judged(), [BAD, GOOD], agent_says("x", agent_id=None))
    assert "RefinementApplied" not in outside.told()
    assert outside.warnings == ["RefinementApplied is not told: the agent's UUID is not known"]
    assert result["output"]["iterations"] == 2


@pytest.mark.parametrize(
    ("declared", "most"), [(None, 10), (0, 10), (-1, 10), ("3", 10), (1, 1), (3, 3), (2.0, 2), (11, 11)]
)
async def test_exhausted(declared: object, most: int) -> None:
    """6.4, rows Limit and Not valid, last iteration; 9.2 no. 29: success with the last output, and ``validation``."""
    outside, result = await run(judged(max_iterations=declared), [BAD])
    assert len(asked(outside, AgentTask)) == len(asked(outside, Judgement)) == most
    assert outside.told().count("RefinementApplied") == most - 1
    assert result["status"] == "completed"
    output = result["output"]
    assert (output["status"], output["iterations"], output["score"]) == ("completed", most, 0.25)
    assert output["validation"] == {"score": 0.25, "valid": False}


async def test_exhausted_can_be_routed() -> None:
    """9.2 no. 29: a manifest can route on ``validation`` and on the score."""
    raw = judged(go("A", "custom", expression="state_output.validation.valid"), go("B", "score_below", threshold=0.5))
    _, result = await run(raw | {"max_iterations": 1}, [BAD])
    assert result["final_state"] == "B"


async def test_own_score_wins() -> None:
    """9.2 no. 30: the validation's only where the agent's own JSON has none."""
    _, result = await run(judged(), [GOOD], agent_says('{"score": 0.5}'))
    assert (result["output"]["score"], result["output"]["confidence"]) == (0.5, 0.8)
    assert result["output"]["validation"]["score"] == 0.9


async def test_iteration_numbers_are_capped() -> None:
    """9.1 no. 17, 7.3: numbers over 255 are refused; the iterations themselves go on."""
    outside, result = await run(judged(max_iterations=257), [BAD])
    numbers = [number for kind, number in kind_events(outside) if kind == "WorkflowIterationStarted"]
    assert numbers == [*range(1, 256), 255, 255]
    assert all(number <= 255 for _, number in kind_events(outside))
    assert result["output"]["iterations"] == 257
    assert asked(outside, AgentTask)[-1].iteration == 257


async def test_a_later_iteration_fails() -> None:
    """6.4, 7.4: the failed iteration has its own number; D3.3: routed with the number of iterations."""
    outside, result = await run(judged(go("B", "on_failure")), [BAD], agent_says("x"), agent_fails("away"))
    assert kind_events(outside)[-2:] == [("WorkflowIterationStarted", 2), ("WorkflowIterationFailed", 2)]
    assert result["blackboard"]["A"]["iterations"] == 2
    assert result["final_state"] == "B"


async def test_judges_that_cannot_be_asked_fail_the_run() -> None:
    """6.3, D3.3: the true cause; the iteration itself was completed and stays so."""
    outside, result = await run(judged(go("B", "on_success")), [OutsideError("INVALID_ARGUMENT: no judge")])
    assert result["error"] == "Validation failed: INVALID_ARGUMENT: no judge"
    assert outside.told()[2:] == [
        "WorkflowIterationStarted",
        "WorkflowIterationCompleted",
        "WorkflowExecutionFailed A",
    ]


async def test_judges_that_cannot_be_asked_are_routed() -> None:
    """9.1 no. 6: routed like a failure of the agent, with what the agent made."""
    _, result = await run(judged(go("B", "on_failure")), [OutsideError("away")], agent_says('{"a": 1}'))
    assert result["final_state"] == "B"
    assert result["blackboard"]["A"] == {
        "status": "failed",
        "error": "away",
        "output": {"a": 1},
        "iterations": 1,
        "execution_id": AGENT_RUN,
    }


async def test_validator_before_the_agent() -> None:
    """6.4, row Pre-execution validator: the rendered input as output, context {execution_id, state_name}."""
    raw = judged(input="do {{input.what}}", pre_execution_validator="gate", judges=[])
    outside, result = await run(raw, [GOOD], input={"what": "this"})
    (judgement,) = asked(outside, Judgement)
    assert (judgement.output, judgement.judges) == ("do this", [Judge("gate")])
    assert judgement.context == {"execution_id": EXECUTION, "state_name": "A"}
    assert '"A"' in judgement.task
    assert outside.calls == ["fetch", "judge A", "agent coder", "publish"]
    assert "validation" not in result["output"]


async def test_validator_rejects() -> None:
    """6.4: one Failed with number 0 (7.4), a failed output and no exception, so ``on_failure`` can route."""
    outside, result = await run(judged(go("B", "on_failure"), pre_execution_validator="gate"), [BAD])
    assert asked(outside, AgentTask) == []
    assert kind_events(outside) == [("WorkflowIterationFailed", 0)]
    error = "Pre-execution validation rejected the input: Weak.\nj: too long"
    assert result["blackboard"]["A"] == {"status": "failed", "error": error, "pre_validation_score": 0.25}
    assert result["final_state"] == "B"
    assert next(event["error"] for event in outside.events if "error" in event) == error


async def test_validator_rejects_without_a_failure_transition() -> None:
    """6.4: no exception here either; the state is left with a failed output."""
    outside, result = await run(judged(pre_execution_validator="gate"), [BAD])
    assert (result["status"], result["output"]["status"]) == ("completed", "failed")
    assert "WorkflowStateExited A" in outside.told()


@pytest.mark.parametrize("condition", ["on_failure", "on_success"])
async def test_validator_that_cannot_be_asked(condition: str) -> None:
    """D3.3: routed, else the run fails with the true cause."""
    outside, result = await run(judged(go("B", condition), pre_execution_validator="gate"), [OutsideError("away")])
    assert asked(outside, AgentTask) == []
    if condition == "on_failure":
        assert result["blackboard"]["A"] == {"status": "failed", "error": "away", "iterations": 0}
    else:
        assert result["error"] == "Pre-execution validation failed: away"


async def test_validator_and_judges_each_have_their_say() -> None:
    """9.2 no. 30: the score is the last validation's, not the validator's."""
    outside, result = await run(judged(pre_execution_validator="gate"), [Verdict(1.0, 1.0, True, "", []), GOOD])
    assert outside.calls == ["fetch", "judge A", "agent coder", "judge A", "publish"]
    assert result["output"]["score"] == 0.9
