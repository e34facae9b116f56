# SPDX-License-Identifier: Apache-2.0
"""Kind ContainerRun: one container (contract 6.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ..context import Context
from ..definition import State
from ..errors import OutsideError
from ..requests import ContainerResult, ContainerStep
from . import containers, output_handler
from .exit_codes import NOT_RUN

_PREFIX: Final = "container_run_"


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Run the container, hand its output to the handler, return both output shapes.

    Raises ``OutsideError`` when it could not be run and no transition could take the failure.
    """
    fields = {key.removeprefix(_PREFIX): value for key, value in state.raw.items() if key.startswith(_PREFIX)}
    step = containers.read(fields, state, context, execution_id=context.execution_id, default_name=state.name)
    # A template that renders to nothing is an argument left out; steps of a parallel state keep their empty ones.
    step = replace(step, command=[argument for argument in step.command if argument])
    context.events.add("ContainerRunStarted", state_name=state.name, name=step.name, image=step.image)
    try:
        result = await context.with_events(lambda since: context.outside.run_container(context.tenant_id, step, since))
    except OutsideError as error:
        not_run = ContainerResult(NOT_RUN, "", str(error), 0)
        _tell(context, step, not_run)
        output = {**_output(not_run), "error": str(error)}
        if not context.takes_failure(state, output):
            raise
        return output
    _tell(context, step, result)
    output = _output(result)
    handled = await output_handler.handle(state, context, execution_id="", output=output)
    if handled is None:
        return output
    return {**output, "stdout": handled, "output": {**output["output"], "stdout": handled}}


def _tell(context: Context, step: ContainerStep, result: ContainerResult) -> None:
    exit_code = containers.exit_code(result)
    context.events.add(
        "ContainerRunCompleted" if exit_code == 0 else "ContainerRunFailed",
        state_name=step.state_name,
        name=step.name,
        exit_code=exit_code,
        duration_ms=result.duration_ms,
        attempts=result.attempts,
        stderr=None if exit_code == 0 else containers.told(result.stderr),
    )


def _output(result: ContainerResult) -> dict[str, Any]:
    exit_code = containers.exit_code(result)
    values = {
        "exit_code": exit_code,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "duration_ms": result.duration_ms,
        "attempts": result.attempts,
    }
    return {"status": "success" if exit_code == 0 else "failed", **values, "output": values}
