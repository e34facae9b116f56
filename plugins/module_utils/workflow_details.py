# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One workflow in full: what it is doing, how it ended, and what it answers to a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils import workflows
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import TIMEOUT, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)

# The query that every SDK answers by itself; the workflow's current details are in its answer.
_METADATA_QUERY = "__temporal_workflow_metadata"


def details(client: TemporalHttp, namespace: str, workflow_id: str, run_id: str = "") -> dict[str, Any] | None:
    """Describe a run, the newest without C(run_id); result and failure when it has closed. None: no such run."""
    answer = workflows.describe_raw(client, namespace, workflow_id, run_id)
    if answer is None:
        return None
    found = read_answer("The description of a workflow", answer, _details)
    closed = None
    if found["close_time"]:
        closed = workflows.wait_for_close(client, namespace, workflow_id, found["run_id"], client.options.timeout)
    return {
        **found,
        "result": closed["result"] if closed else None,
        "failure": closed["failure"] if closed else "",
        "new_run_id": closed["new_run_id"] if closed else "",
    }


def query(
    client: TemporalHttp, namespace: str, workflow_id: str, run_id: str, name: str, arguments: Sequence[Any]
) -> Any:
    """Return what the workflow answers to a query. A worker must answer it; it changes nothing. Raises Problem."""
    body = {
        "execution": {"runId": run_id},
        "query": {"queryArgs": workflows.to_payloads(arguments)},
    }
    path = api_path("namespaces", namespace, "workflows", workflow_id, "query", name)
    try:
        answer = client.once().post(path, body, workflows.EXACT)
    except HttpProblem as problem:
        if problem.kind != TIMEOUT:
            raise
        raise _unanswered(client, workflow_id, name) from None
    except TemporalProblem as problem:
        if problem.status == 504:
            raise _unanswered(client, workflow_id, name) from None
        if problem.detail == "QueryFailedFailure":
            raise Problem(f"Workflow {workflow_id} refused query {name!r}: {problem}") from None
        raise
    values = read_answer(
        "The answer to a query", answer, lambda content: workflows.from_payloads(content.get("queryResult"))
    )
    return values[0] if len(values) == 1 else (values or None)


def current_details(client: TemporalHttp, namespace: str, workflow_id: str, run_id: str) -> str:
    """Return the text that the workflow keeps about itself, empty when it keeps none. Raises Problem, as query does."""
    metadata = query(client, namespace, workflow_id, run_id, _METADATA_QUERY, [])
    return str(metadata.get("currentDetails", "")) if isinstance(metadata, dict) else ""


def _unanswered(client: TemporalHttp, workflow_id: str, name: str) -> Problem:
    return Problem(
        f"No worker answered query {name!r} of workflow {workflow_id} within {client.options.timeout:g} seconds "
        "(timeout). Does one that knows this workflow type poll its task queue?"
    )


def _details(answer: Mapping[str, Any]) -> dict[str, Any]:
    info = answer["workflowExecutionInfo"]
    parent = info.get("parentExecution", {})
    task = answer.get("pendingWorkflowTask")
    metadata = workflows.from_fields(answer["executionConfig"].get("userMetadata"))
    return {
        **workflows.summary(answer),
        "execution_time": info.get("executionTime", ""),
        "history_size": int(info.get("historySizeBytes", 0)),
        "parent_workflow_id": parent.get("workflowId", ""),
        "parent_run_id": parent.get("runId", ""),
        "memo": workflows.from_fields(info.get("memo", {}).get("fields")),
        "search_attributes": workflows.from_fields(info.get("searchAttributes", {}).get("indexedFields")),
        "static_summary": metadata.get("summary") or "",
        "static_details": metadata.get("details") or "",
        "pending_workflow_task": _pending_task(task) if task else None,
        "pending_activities": [_pending_activity(one) for one in answer.get("pendingActivities", [])],
        "pending_children": [_pending_child(one) for one in answer.get("pendingChildren", [])],
    }


def _pending_task(task: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "state": str(task.get("state", "")).replace("PENDING_WORKFLOW_TASK_STATE_", "").lower(),
        "attempt": int(task.get("attempt", 0)),
        "scheduled_time": task.get("scheduledTime", ""),
    }


def _pending_activity(activity: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "activity_id": activity["activityId"],
        "activity_type": activity["activityType"]["name"],
        "state": str(activity.get("state", "")).replace("PENDING_ACTIVITY_STATE_", "").lower(),
        "attempt": int(activity.get("attempt", 0)),
        # 0: no limit.
        "maximum_attempts": int(activity.get("maximumAttempts", 0)),
        "last_failure": workflows.failure_text(activity.get("lastFailure")),
        "last_worker_identity": activity.get("lastWorkerIdentity", ""),
        "scheduled_time": activity.get("scheduledTime", ""),
        "last_started_time": activity.get("lastStartedTime", ""),
        "last_heartbeat_time": activity.get("lastHeartbeatTime", ""),
        "expiration_time": activity.get("expirationTime", ""),
    }


def _pending_child(child: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "workflow_id": child["workflowId"],
        "run_id": child.get("runId", ""),
        "workflow_type": child.get("workflowTypeName", ""),
    }
