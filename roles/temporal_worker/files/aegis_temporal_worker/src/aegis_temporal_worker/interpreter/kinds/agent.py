# SPDX-License-Identifier: Apache-2.0
"""Kind Agent: an agent works on an input until its judges are content (contract 6.4).

The reference then also stores the way there as a trajectory; the runtime has no such call any more (contract 9.1
no. 13), so nothing is stored.
"""

from __future__ import annotations

from typing import Any, Final

from ..context import Context
from ..definition import State
from ..errors import OutsideError
from ..requests import AgentResult, AgentTask, Verdict
from ..values import number_text
from . import judges, output_handler
from .agent_failure import failed
from .agent_text import output_of
from .agent_work import Work
from .verdicts import share

# The orchestrator keeps the number of an iteration in one byte and refuses larger ones.
_MOST_TOLD: Final = 255


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Let the state's validator look at the input, run the agent, hand its output to the handler.

    Raises ``InterpreterError`` for a failure that no transition could take.
    """
    work = Work.render(state, context)
    refused = await _refused(context, work)
    if refused is not None:
        return refused
    output = await _iterate(context, work)
    if output["status"] != "failed":
        run_id = output.get("execution_id", "")
        handled = await output_handler.handle(state, context, execution_id=run_id, output=output)
        if handled is not None:
            output["output"] = handled
    return output


async def _refused(context: Context, work: Work) -> dict[str, Any] | None:
    """The output of a state whose validator does not let the input pass; None when it does, or there is none."""
    if work.validator is None:
        return None
    try:
        verdict = await judges.ask(context, work.validation(context, work.validator))
    except OutsideError as error:
        return failed(work.state, context, "Pre-execution validation failed", str(error), iterations=0)
    if verdict.valid:
        return None
    reason = f"Pre-execution validation rejected the input: {judges.reasons(verdict) or 'no reason given'}"
    context.events.add("WorkflowIterationFailed", iteration_number=0, error=reason)
    return {"status": "failed", "error": reason, "pre_validation_score": verdict.score}


async def _iterate(context: Context, work: Work) -> dict[str, Any]:
    text, iteration = work.input, 0
    while True:
        iteration += 1
        number = min(iteration, _MOST_TOLD)
        context.events.add("WorkflowIterationStarted", iteration_number=number)
        result = await _run(context, work.task(context, text, iteration))
        if not result.completed:
            reason = result.error or "the agent gave no reason"
            context.events.add("WorkflowIterationFailed", iteration_number=number, error=reason)
            facts = {"execution_id": result.execution_id, "iterations": iteration}
            return failed(work.state, context, "Agent execution failed", reason, **facts)
        context.events.add("WorkflowIterationCompleted", iteration_number=number, output=result.output)
        if not work.judges:
            return _completed(result, iteration, None)
        try:
            verdict = await judges.ask(context, work.judgement(context, text, result.output))
        except OutsideError as error:
            return failed(work.state, context, "Validation failed", str(error), **_facts(result, iteration))
        if verdict.valid or iteration >= work.most_iterations:
            return _completed(result, iteration, verdict)
        _tell_refinement(context, work.state, result, number, verdict)
        text += _refinement(verdict)


async def _run(context: Context, task: AgentTask) -> AgentResult:
    try:
        return await context.with_events(lambda since: context.outside.run_agent(context.tenant_id, task, since))
    except OutsideError as error:
        return AgentResult(False, "", str(error), None, None)


def _completed(result: AgentResult, iteration: int, verdict: Verdict | None) -> dict[str, Any]:
    """The output: a score and a confidence that the agent gives itself win over those of its judges."""
    output = {"status": "completed", **_facts(result, iteration)}
    own = output["output"] if isinstance(output["output"], dict) else {}
    judged = {} if verdict is None else {"score": verdict.score, "confidence": verdict.confidence}
    for name in ("score", "confidence"):
        value = share(own.get(name))
        value = judged.get(name) if value is None else value
        if value is not None:
            output[name] = value
    if verdict is not None:
        output["validation"] = {"score": verdict.score, "valid": verdict.valid}
    return output


def _facts(result: AgentResult, iteration: int) -> dict[str, Any]:
    run = {"execution_id": result.execution_id} if result.execution_id else {}
    return {"output": output_of(result.output), "iterations": iteration, **run}


def _tell_refinement(context: Context, state: State, result: AgentResult, number: int, verdict: Verdict) -> None:
    if not result.agent_id:
        # The orchestrator refuses anything but a UUID here.
        context.outside.log("RefinementApplied is not told: the agent's UUID is not known", state_name=state.name)
        return
    reasons = judges.reasons(verdict)
    context.events.add("RefinementApplied", iteration_number=number, code_diff=reasons, agent_id=result.agent_id)


def _refinement(verdict: Verdict) -> str:
    return (
        f"\n\nThe previous answer got the score {number_text(verdict.score)}.\n"
        f"Reasoning: {judges.reasons(verdict)}\n"
        "Please refine the answer accordingly."
    )
