# SPDX-License-Identifier: Apache-2.0
"""Kind ParallelContainerRun: containers side by side (contract 6.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from ..context import Context
from ..definition import State, as_list, as_object, as_text
from ..errors import InterpreterError, OutsideError
from ..requests import ContainerResult, ContainerStep
from . import containers

# What the reference gives to a step that could not be run.
_STEP_ERROR: Final = 1
# Whether the whole succeeded, from the numbers of steps that succeeded and failed.
_POLICIES: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "all_succeed": lambda _succeeded, failed: failed == 0,
    "any_succeed": lambda succeeded, _failed: succeeded > 0,
    "best_effort": lambda _succeeded, _failed: True,
}
# The standard output and error of all steps together share so much of an event.
_MOST_TOLD_BYTES: Final = 512 * 1024


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Run all steps at once and judge them by the state's completion policy.

    A step that could not be run is a failed step: its policy and its transitions decide what becomes of it. Raises
    ``InterpreterError`` when there are no steps or the policy is not known.
    """
    completion = as_text(state.raw.get("parallel_container_completion")) or "all_succeed"
    policy = _POLICIES.get(completion)
    if policy is None:
        raise InterpreterError(f'State "{state.name}" has the unknown completion "{completion}"')
    steps = _steps(state, context)
    context.events.add(
        "ContainerRunStarted", state_name=state.name, name=state.name, step_count=len(steps), completion=completion
    )
    results = [_settled(answer) for answer in await _run(context, steps)]
    succeeded = sum(result.exit_code == 0 for result in results)
    failed = len(results) - succeeded
    totals = {
        "overall_success": policy(succeeded, failed),
        "completion": completion,
        "succeeded": succeeded,
        "failed": failed,
    }
    _tell(context, state, steps, results, totals)
    return {
        "status": "success" if totals["overall_success"] else "failed",
        **totals,
        "output": {step.name: _values(result) for step, result in zip(steps, results, strict=True)},
        "results": [_named(step, result) for step, result in zip(steps, results, strict=True)],
    }


def _steps(state: State, context: Context) -> list[ContainerStep]:
    listed = [as_object(item) for item in as_list(state.raw.get("parallel_container_steps"))]
    if not listed:
        raise InterpreterError(f'State "{state.name}" has no parallel_container_steps')
    # The end of a step drops every mount that was made under its execution id: each has its own.
    steps = [
        containers.read(raw, state, context, execution_id=context.outside.new_id(), default_name=f"step-{number}")
        for number, raw in enumerate(listed, 1)
    ]
    names = [step.name for step in steps]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        context.outside.log(f'Several steps have the name "{name}"; output holds the last', state_name=state.name)
    return steps


async def _run(context: Context, steps: list[ContainerStep]) -> list[ContainerResult | OutsideError]:
    try:
        return await context.with_events(lambda since: context.outside.run_containers(context.tenant_id, steps, since))
    except OutsideError as error:
        return [error for _step in steps]


def _settled(answer: ContainerResult | OutsideError) -> ContainerResult:
    if isinstance(answer, OutsideError):
        return ContainerResult(_STEP_ERROR, "", str(answer), 0)
    return replace(answer, exit_code=containers.exit_code(answer))


def _values(result: ContainerResult) -> dict[str, Any]:
    return {
        "exit_code": result.exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "duration_ms": result.duration_ms,
    }


def _named(step: ContainerStep, result: ContainerResult) -> dict[str, Any]:
    return {"name": step.name, **_values(result)}


def _tell(
    context: Context,
    state: State,
    steps: list[ContainerStep],
    results: list[ContainerResult],
    totals: Mapping[str, Any],
) -> None:
    share = _MOST_TOLD_BYTES // (2 * len(steps))
    failure: dict[str, Any] = {}
    if not totals["overall_success"]:
        losers = [(step, result) for step, result in zip(steps, results, strict=True) if result.exit_code != 0]
        joined = "\n".join(f"[{step.name}]\n{result.stderr}" for step, result in losers)
        failure = {"exit_code": losers[0][1].exit_code, "stderr": containers.told(joined)}
    context.events.add(
        "ContainerRunFailed" if failure else "ContainerRunCompleted",
        state_name=state.name,
        name=state.name,
        **totals,
        **failure,
        step_results=[
            {
                **_named(step, result),
                "stdout": containers.told(result.stdout, share),
                "stderr": containers.told(result.stderr, share),
            }
            for step, result in zip(steps, results, strict=True)
        ],
    )
