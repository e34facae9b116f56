# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ending workflows: which ones, and the requests that terminate or cancel them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils import visibility, workflows
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
)

# Not "= 'Running'": newer servers also have paused ones, which older servers do not know the word for. Not "CloseTime
# IS NULL" either: for SQL stores the server replaces a missing close time by a date in the far future.
_OPEN = "ExecutionStatus NOT IN ('Completed', 'Failed', 'Canceled', 'Terminated', 'TimedOut', 'ContinuedAsNew')"


def matching(client: TemporalHttp, namespace: str, query: str, limit: int) -> list[dict[str, Any]]:
    """Describe the open workflows that match C(query). Raises Problem when there are more than C(limit)."""
    of_open_ones = f"({query}) AND {_OPEN}"
    found = visibility.search(client, namespace, of_open_ones, limit + 1)
    if len(found) > limit:
        total = visibility.count(client, namespace, of_open_ones)
        raise Problem(
            f"limit is {limit}, but visibility_query {query!r} matches {max(total, len(found))} workflows that have "
            "not ended. Nothing was done. Narrow the query, or raise limit if all of them are meant.",
            total=max(total, len(found)),
        )
    # Visibility follows with a delay: the workflow itself tells whether it has ended meanwhile.
    described = (workflows.describe(client, namespace, one["workflow_id"], one["run_id"]) for one in found)
    return [one for one in described if one is not None]


def needs_ending(workflow: Mapping[str, Any], mode: str) -> bool:
    """Whether a request is needed: not for a workflow that has ended, nor for one that was asked to cancel already."""
    if workflow["close_time"]:
        return False
    return mode == "terminate" or not workflow["cancel_requested"]


def end(client: TemporalHttp, namespace: str, workflow: Mapping[str, Any], mode: str, reason: str) -> bool:
    """Terminate the workflow, or ask it to cancel. Returns false when it has ended just before."""
    execution = {"runId": workflow["run_id"]}
    request: dict[str, Any] = {"workflowExecution": execution, "reason": reason, "identity": "aegis.temporal"}
    if workflow["first_run_id"]:
        # The run may continue as new meanwhile: end the chain that was looked at, in whichever run it is then.
        execution["runId"] = ""
        request["firstExecutionRunId"] = workflow["first_run_id"]
    if mode == "cancel":
        # By it the server recognises a request that arrives twice.
        request["requestId"] = str(uuid.uuid4())
    try:
        client.post(api_path("namespaces", namespace, "workflows", workflow["workflow_id"], mode), request)
    except TemporalProblem as problem:
        if problem.not_found and problem.detail == "NotFoundFailure":
            return False
        raise
    return True
