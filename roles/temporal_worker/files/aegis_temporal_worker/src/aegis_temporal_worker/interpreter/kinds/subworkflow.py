# SPDX-License-Identifier: Apache-2.0
"""Kind Subworkflow: a run of another definition (contract 4.7, 6.9)."""

from __future__ import annotations

import json
from typing import Any, Final

from ..context import Context
from ..definition import State, as_text
from ..errors import OutsideError
from ..requests import ChildRun

_FIRE_AND_FORGET: Final = "fire_and_forget"


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Start the child; when the state blocks, return the child's result, which also goes on the blackboard.

    A child that returns ``failed`` is no error: its result routes. When no definition has the id or name, or the child
    raised, the output is ``status`` and ``error``; ``OutsideError`` is raised when no transition could take that.
    """
    named = context.render_required(as_text(state.raw.get("subworkflow_id")) or "").strip()
    child_input = _input(state, context)
    try:
        return await _run(state, context, named, child_input)
    except OutsideError as error:
        output = {"status": "failed", "error": str(error)}
        if not context.takes_failure(state, output):
            raise
        return output


async def _run(state: State, context: Context, named: str, child_input: dict[str, Any]) -> dict[str, Any]:
    workflow_id = await context.outside.find_workflow(context.tenant_id, named)
    if workflow_id is None:
        raise OutsideError(f'State "{state.name}": no workflow has the id or name "{named}"')
    mode = as_text(state.raw.get("subworkflow_mode")) or "blocking"
    # Its id in Temporal too: the orchestrator refuses events of an execution whose id is no UUID.
    execution_id = context.outside.new_id()
    child = ChildRun(execution_id, _argument(context, execution_id, workflow_id, child_input))
    told = {"child_execution_id": execution_id, "parent_execution_id": context.execution_id}
    context.events.add(
        "SubworkflowTriggered", **told, child_workflow_id=workflow_id, mode=mode, parent_state_name=state.name
    )
    # From here on the child tells its own story.
    await context.publish()
    try:
        if mode == _FIRE_AND_FORGET:
            await context.outside.start_child(child)
            return {"child_execution_id": execution_id, "mode": mode}
        result = await _result(context, child, named)
    except OutsideError as error:
        context.events.add("SubworkflowFailed", **told, error=str(error))
        raise
    key = as_text(state.raw.get("subworkflow_result_key")) or f"{state.name}_result"
    context.blackboard.put(key, result)
    context.events.add("SubworkflowCompleted", **told, result_key=key)
    return result


async def _result(context: Context, child: ChildRun, named: str) -> dict[str, Any]:
    context.outside.waiting(f'the child run {child.execution_id} of "{named}"')
    try:
        return await context.outside.run_child(child)
    finally:
        context.outside.waiting(None)


def _argument(context: Context, execution_id: str, workflow_id: str, child_input: dict[str, Any]) -> dict[str, Any]:
    start = context.start
    argument: dict[str, Any] = {
        "workflow_id": workflow_id,
        "execution_id": execution_id,
        "input": child_input,
        "blackboard": {},
        "parent_execution_id": context.execution_id,
        "root_execution_id": context.root_execution_id,
        "security_context_name": start.security_context_name,
        "tenant_id": context.tenant_id,
    }
    if start.intent:
        argument["intent"] = start.intent
    # A list of its own in the child's input counts more: the child would take this one instead.
    if start.attachments and "attachments" not in child_input:
        argument["attachments"] = start.attachments
    if start.repository is not None:
        argument["repositories"] = [start.repository]
    return argument


def _input(state: State, context: Context) -> dict[str, Any]:
    """The child's input: an object as it is, any other JSON value or text under ``input``."""
    template = as_text(state.raw.get("subworkflow_input"))
    if not template:
        return {}
    rendered = context.render(template)
    try:
        parsed = json.loads(rendered, parse_constant=_refused)
    except (ValueError, RecursionError):
        return {"input": rendered}
    return parsed if isinstance(parsed, dict) else {"input": parsed}


def _refused(constant: str) -> object:
    # JSON has no NaN and no Infinity, Python's reader has.
    raise ValueError(constant)
