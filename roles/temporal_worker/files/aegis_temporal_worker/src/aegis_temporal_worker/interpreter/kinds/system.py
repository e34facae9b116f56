# SPDX-License-Identifier: Apache-2.0
"""Kind System: a shell command on the orchestrator's host."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..definition import State, as_object, as_text
from ..errors import InterpreterError, OutsideError
from ..requests import Command, CommandResult
from . import action
from .exit_codes import NOT_RUN, TIMED_OUT
from .rendering import render_values


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Render environment, command and working directory in this order, run the command, return both output shapes."""
    template = as_text(state.raw.get("command")) or ""
    env = render_values(as_object(state.raw.get("env")), context)
    if template.strip() in action.PSEUDO_COMMANDS:
        return await action.run(state, template.strip(), env, context)
    command = context.render_required(template, escape=True)
    if command.strip() in action.NAMES:
        raise InterpreterError(
            f'State "{state.name}": the command was rendered to the action name "{command.strip()}"; '
            "name an action in a state of kind Action"
        )
    workdir = as_text(state.raw.get("workdir"))
    request = Command(
        state_name=state.name,
        command=command,
        env=env,
        workdir=context.render(workdir) if workdir else None,
        limit_seconds=state.limit_seconds,
    )
    try:
        result = await context.with_events(lambda since: context.outside.run_command(context.tenant_id, request, since))
    except OutsideError as error:
        output = {**_output(CommandResult(NOT_RUN, "", str(error), 0)), "error": str(error)}
        if not context.takes_failure(state, output):
            raise
        return output
    return _output(result)


def _output(result: CommandResult) -> dict[str, Any]:
    exit_code = TIMED_OUT if result.timed_out else result.exit_code
    status = "success" if exit_code == 0 else "failed"
    streams = {
        "stdout": result.stdout,
        "stderr": result.stderr,
        "exit_code": exit_code,
        "duration_ms": result.duration_ms,
    }
    # Flat for the manifests written against the reference, nested for those written against its documentation.
    return {"status": status, **streams, "output": streams}
