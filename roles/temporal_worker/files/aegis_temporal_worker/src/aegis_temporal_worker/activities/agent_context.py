# SPDX-License-Identifier: Apache-2.0
"""The blackboard as an agent gets it, asked from the run that waits for it (contract 6.4; 9.1, no. 15).

As part of the activity's input it would stand in the history again with every agent.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.client import WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from ..interpreter.requests import AgentTask
from ..interpreter.values import json_text
from .errors import not_begun

# A worker without the run in its memory replays the history first.
_LIMIT: Final = timedelta(seconds=30)
_QUERY: Final = "agent_context"


async def context_json(task: AgentTask) -> str:
    """The context as compact JSON, written as JSON.stringify does.

    Raises ``ApplicationError``: retryable when the run could not be asked, final when it has no answer.
    """
    if task.context is not None:
        return json_text(task.context)
    info = activity.info()
    run = activity.client().get_workflow_handle(info.workflow_id or "", run_id=info.workflow_run_id)
    try:
        blackboard: Any = await run.query(_QUERY, rpc_timeout=_LIMIT)
    except WorkflowQueryFailedError as error:
        raise ApplicationError(
            f"The run does not tell its blackboard: {error}", type="NoAgentContext", non_retryable=True
        ) from None
    except RPCError as error:
        raise not_begun(f"the run could not be asked for its blackboard: {error}") from None
    return json_text(blackboard)
