# SPDX-License-Identifier: Apache-2.0
"""Kind Action: a named step of the worker or the orchestrator in place of a command (contract 6.5; 1.2, D3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..context import Context
from ..definition import State, as_object, as_text
from ..errors import InterpreterError, OutsideError
from . import action_calls
from .action_calls import Arguments
from .exit_codes import NOT_RUN
from .rendering import render_values

_UPDATE: Final = "update_blackboard"
_IMAGE: Final = "image_generate"
# All names that the orchestrator knows; a System state may not come to one of them by rendering.
NAMES: Final = (_UPDATE, _IMAGE, *action_calls.NAMES)
# Actions that stored definitions may still hold as the command of a System state.
PSEUDO_COMMANDS: Final = (_UPDATE, "repository_diff", "repository_commit", "repository_land")

# The answer to a call that was refused by a sentence.
_REFUSED: Final = 1


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Render the arguments and run the action."""
    arguments = render_values(as_object(state.raw.get("args")), context)
    return await run(state, as_text(state.raw.get("action")) or "", arguments, context)


async def run(state: State, name: str, arguments: Mapping[str, str], context: Context) -> dict[str, Any]:
    """Run an action with rendered arguments.

    Raises ``InterpreterError`` for an action that is not known, an argument that cannot be used, or a reserved key
    that would be written; ``OutsideError`` when the call failed and no transition could take the failure.
    """
    if name == _UPDATE:
        context.blackboard.update(arguments)
        return {"status": "success", "exit_code": 0, "updated": list(arguments)}
    given = Arguments(state, name, arguments)
    if name == _IMAGE:
        return await _generate_image(given, context)
    if name in action_calls.NAMES:
        return await _call(given, context)
    raise InterpreterError(
        f'State "{state.name}" has the action "{name}", which this worker does not execute '
        f"(it knows {', '.join(NAMES)})"
    )


async def _call(arguments: Arguments, context: Context) -> dict[str, Any]:
    call = action_calls.action_call(arguments, context)
    try:
        result = await context.with_events(lambda since: context.outside.run_action(context.tenant_id, call, since))
    except OutsideError as error:
        # A gate that nobody can be asked at (the run's starter is a service account) answers with an error: that is
        # an outcome of the state.
        empty = dict.fromkeys(("commit_sha", "branch", "ref", "diff"))
        output = _output(empty, None, error=str(error), exit_code=NOT_RUN)
        if not (call.gated or context.takes_failure(arguments.state, output)):
            raise
        return output
    values = {"commit_sha": result.commit_sha, "branch": result.branch, "ref": result.ref, "diff": result.diff}
    return _output(values, result.sentence)


async def _generate_image(arguments: Arguments, context: Context) -> dict[str, Any]:
    call = action_calls.image_call(arguments, context)
    try:
        result = await context.with_events(lambda since: context.outside.generate_image(context.tenant_id, call, since))
    except OutsideError as error:
        output = _output({"files": []}, None, error=str(error), exit_code=NOT_RUN)
        if not context.takes_failure(arguments.state, output):
            raise
        return output
    return _output({"files": result.files}, result.sentence)


def _output(
    values: Mapping[str, Any], sentence: str | None, *, error: str | None = None, exit_code: int = _REFUSED
) -> dict[str, Any]:
    """The state's output; a ``sentence`` is the orchestrator's reason why it refused."""
    problem = error or sentence
    output = {**values, "sentence": sentence}
    if problem:
        return {"status": "failed", "exit_code": exit_code, "error": problem, "output": output}
    return {"status": "success", "exit_code": 0, "output": output}
