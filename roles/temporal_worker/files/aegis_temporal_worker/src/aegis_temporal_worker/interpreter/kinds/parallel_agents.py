# SPDX-License-Identifier: Apache-2.0
"""Kind ParallelAgents: several agents at once, whose verdicts, or those of their judges, make one (contract 6.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..context import Context
from ..definition import State, as_list, as_object, as_text
from ..errors import InterpreterError, OutsideError
from ..requests import AgentTask, Consensus, Judge, Judgement
from . import consensus, judges, output_handler
from .agent_failure import failed
from .parallel_agents_output import Member, agents_of, from_judges, from_members

# Between the outputs of the agents in what their judges read.
_SEPARATOR: Final = "\n\n---\n\n"


@dataclass(frozen=True, slots=True)
class Work:
    """What the state asks for, rendered. Without judges the agents' own verdicts count."""

    tasks: Sequence[AgentTask]
    weights: Sequence[float]
    judges: list[Judge]
    rule: Consensus


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Run the agents, combine what they say, hand the output to the handler.

    Some agents may fail as long as a verdict remains. Raises ``InterpreterError`` when none does and no transition
    could take the failure.
    """
    tasks, weights = _tasks(state, context)
    work = Work(tasks, weights, judges.read(state, "judges_for_parallel"), _rule(state, context))
    results = await context.with_events(lambda since: context.outside.run_agents(context.tenant_id, tasks, since))
    members = [
        Member.read(task.agent, weight, result) for task, weight, result in zip(tasks, weights, results, strict=True)
    ]
    output = await _combined(state, context, work, members)
    if output["status"] != "failed":
        handled = await output_handler.handle(state, context, execution_id="", output=output)
        if handled is not None:
            output["output"] = handled
    return output


def _rule(state: State, context: Context) -> Consensus:
    rule = consensus.read(state.raw.get("consensus")) or Consensus(consensus.DEFAULT_STRATEGY)
    if rule.strategy not in consensus.STRATEGIES:
        context.outside.log(
            f'The consensus strategy "{rule.strategy}" is not known; {consensus.DEFAULT_STRATEGY} is used',
            state_name=state.name,
        )
    return Consensus(rule.strategy, consensus.threshold_of(rule), rule.agreement, rule.n)


def _tasks(state: State, context: Context) -> tuple[list[AgentTask], list[float]]:
    """The agents' runs and weights, rendered.

    Raises ``InterpreterError`` when there is no agent, or one is rendered to nothing.
    """
    listed = [as_object(item) for item in as_list(state.raw.get("agents"))]
    if not listed:
        raise InterpreterError("Invalid ParallelAgents State: no agents")
    tasks = []
    for raw in listed:
        text = context.render(as_text(raw.get("input")) or "")
        tasks.append(
            AgentTask(
                state_name=state.name,
                agent=context.render_required(as_text(raw.get("agent")) or "").strip(),
                input=text,
                workflow_execution_id=context.root_execution_id,
                context={"input": text},
                security_context_name=context.start.security_context_name,
                limit_seconds=state.limit_seconds,
            )
        )
    return tasks, [judges.weight_of(raw.get("weight")) for raw in listed]


async def _combined(state: State, context: Context, work: Work, members: Sequence[Member]) -> dict[str, Any]:
    broken = "; ".join(f"{member.agent}: {member.error}" for member in members if not member.completed)
    usable = [member for member in members if member.completed and (work.judges or member.verdict)]
    if broken and not usable:
        return failed(state, context, "Parallel agents failed", broken, **agents_of(members), individual_scores=[])
    if broken:
        context.outside.log(f"Agents failed, the others are enough: {broken}", state_name=state.name)
    if not work.judges:
        return {"status": "completed", **from_members(work.rule, members), **agents_of(members)}
    judgement = Judgement(
        state_name=state.name,
        output=_joined((member.agent, member.text) for member in usable),
        task=_task(work.tasks),
        judges=work.judges,
        context={"execution_id": context.execution_id},
        consensus=work.rule,
        limit_seconds=state.limit_seconds,
    )
    try:
        verdict = await judges.ask(context, judgement)
    except OutsideError as error:
        return failed(state, context, "Validation failed", str(error), **agents_of(members), individual_scores=[])
    return {"status": "completed", **from_judges(work.rule, members, work.judges, verdict), **agents_of(members)}


def _task(tasks: Sequence[AgentTask]) -> str:
    """What the agents were asked: their input when all have the same, else all inputs."""
    if all(task.input == tasks[0].input for task in tasks):
        return tasks[0].input
    return _joined((task.agent, task.input) for task in tasks)


def _joined(parts: Iterable[tuple[str, str]]) -> str:
    return _SEPARATOR.join(f"[{agent}]:\n{text}" for agent, text in parts)
