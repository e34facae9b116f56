# SPDX-License-Identifier: Apache-2.0
"""Kind Action: a named step of the worker or the orchestrator in place of a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..context import Context
from ..definition import State, as_object, as_text
from ..errors import InterpreterError
from ..values import text

# All names that the orchestrator knows; a System state may not come to one of them by rendering.
NAMES: Final = (
    "update_blackboard",
    "repository_diff",
    "repository_commit",
    "repository_land",
    "image_generate",
    "tree_diff",
    "tree_write",
    "drift_report",
    "tree_land",
    "tree_cut",
    "archive_render",
    "archive_push",
    "archive_deploy_wait",
)
# Actions that stored definitions may still hold as the command of a System state.
PSEUDO_COMMANDS: Final = NAMES[:4]


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Render the arguments and run the action."""
    arguments = render_values(as_object(state.raw.get("args")), context)
    return run(state, as_text(state.raw.get("action")) or "", arguments, context)


def run(state: State, name: str, arguments: Mapping[str, str], context: Context) -> dict[str, Any]:
    """Run an action with rendered arguments.

    Raises ``InterpreterError`` for an action that is not known, or that writes a reserved key.
    """
    if name == "update_blackboard":
        context.blackboard.update(arguments)
        return {"status": "success", "exit_code": 0, "updated": list(arguments)}
    raise InterpreterError(f'State "{state.name}" has the action "{name}", which this worker does not execute')


def render_values(values: Mapping[str, Any], context: Context) -> dict[str, str]:
    """Every value turned to text and rendered, under its key."""
    return {key: context.render(text(value)) for key, value in values.items()}
