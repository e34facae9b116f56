# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows over the HTTP API: start, describe, wait for the end.

Payloads are exchanged in their exact form (C(noPayloadShorthand)), not in the readable shorthand, which cannot tell
every value from every other.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.http_client import TIMEOUT, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)

EXACT = {"noPayloadShorthand": "true"}
# The server holds a long poll for 20 seconds before it answers "nothing yet" (frontend's history service).
_LONG_POLL = 25.0

# Attributes of the event that closes a run, by the event's type.
_CLOSE_ATTRIBUTES = {
    "COMPLETED": "workflowExecutionCompletedEventAttributes",
    "FAILED": "workflowExecutionFailedEventAttributes",
    "CANCELED": "workflowExecutionCanceledEventAttributes",
    "TERMINATED": "workflowExecutionTerminatedEventAttributes",
    "TIMED_OUT": "workflowExecutionTimedOutEventAttributes",
    "CONTINUED_AS_NEW": "workflowExecutionContinuedAsNewEventAttributes",
}


def describe(client: TemporalHttp, namespace: str, workflow_id: str, run_id: str = "") -> dict[str, Any] | None:
    """Return run, status, type, task queue and history length; the newest run without C(run_id). None: no such run."""
    answer = describe_raw(client, namespace, workflow_id, run_id)
    return None if answer is None else read_answer("The description of a workflow", answer, summary)


def describe_raw(client: TemporalHttp, namespace: str, workflow_id: str, run_id: str) -> dict[str, Any] | None:
    """Return the server's whole description of a run, the newest without C(run_id). None: no such run."""
    params = {**EXACT, "execution.runId": run_id}
    try:
        return client.get(api_path("namespaces", namespace, "workflows", workflow_id), params)
    except TemporalProblem as problem:
        # An answer without detail is not the server's word about a workflow: the URL leads elsewhere.
        if problem.not_found and not problem.namespace_missing and not problem.unsupported:
            return None
        raise


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a describe answer to the shape of describe; for read_answer."""
    info = answer["workflowExecutionInfo"]
    return {
        "workflow_id": info["execution"]["workflowId"],
        "run_id": info["execution"]["runId"],
        "status": status_name(info["status"]),
        "workflow_type": info["type"]["name"],
        "task_queue": answer["executionConfig"]["taskQueue"]["name"],
        "history_length": int(info.get("historyLength", 0)),
        "start_time": info.get("startTime", ""),
        "close_time": info.get("closeTime", ""),
        # Empty and false on servers that do not tell (1.24).
        "first_run_id": info.get("firstRunId", ""),
        "cancel_requested": bool(answer.get("workflowExtendedInfo", {}).get("cancelRequested", False)),
    }


def start(client: TemporalHttp, namespace: str, workflow_id: str, request: Mapping[str, Any]) -> tuple[str, bool]:
    """Start a run with the fields of C(request) (StartWorkflowExecutionRequest, JSON names).

    Must carry a C(requestId), by which the server recognises a request that arrives twice.
    Returns the run id and whether a new run began (false: the conflict policy joined one).
    """
    answer = client.post(api_path("namespaces", namespace, "workflows", workflow_id), request, EXACT)
    # Servers before 1.25 say nothing; they joined nothing either, unless asked to by the policy.
    run_id = read_answer("The answer to the start of a workflow", answer, lambda content: str(content["runId"]))
    return run_id, bool(answer.get("started", "status" not in answer))


def wait_for_close(
    client: TemporalHttp, namespace: str, workflow_id: str, run_id: str, left: float
) -> dict[str, Any] | None:
    """Wait up to C(left) seconds, but no longer than one long poll, for the run to close.

    Returns status, result, failure and the run that follows (C(new_run_id)), or None when it has not closed.
    """
    params = {
        **EXACT,
        "execution.runId": run_id,
        "waitNewEvent": "true",
        "historyEventFilterType": "HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT",
    }
    limit = min(max(left, 1.0), _LONG_POLL)
    try:
        answer = client.get(api_path("namespaces", namespace, "workflows", workflow_id, "history"), params, limit)
    except HttpProblem as problem:
        if problem.kind == TIMEOUT:
            return None
        raise
    return read_answer("The history of a workflow", answer, _closing)


def status_name(status: str) -> str:
    """C(WORKFLOW_EXECUTION_STATUS_TIMED_OUT) as C(timed_out)."""
    return status.replace("WORKFLOW_EXECUTION_STATUS_", "").lower()


def to_payloads(arguments: Sequence[Any]) -> dict[str, Any]:
    """Encode arguments as JSON payloads."""
    return {"payloads": [to_payload(argument) for argument in arguments]}


def from_payloads(payloads: Mapping[str, Any] | None) -> list[Any]:
    """Decode JSON and empty payloads; of any other encoding return C(encoding) and the base64 C(data)."""
    return [from_payload(payload) for payload in (payloads or {}).get("payloads", [])]


def to_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Encode values by name as JSON payloads: the fields of a memo, or search attributes."""
    return {name: to_payload(value) for name, value in values.items()}


def from_fields(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """Decode what to_fields encodes, each value as from_payloads does."""
    return {name: from_payload(payload) for name, payload in (fields or {}).items()}


def failure_text(failure: Mapping[str, Any] | None) -> str:
    """The chain of messages, outermost first: C(Activity task failed: disk full)."""
    messages = []
    while failure:
        messages.append(failure.get("message", ""))
        failure = failure.get("cause")
    return ": ".join(filter(None, messages))


def to_payload(value: Any) -> dict[str, Any]:
    """Encode one value as JSON payload."""
    return {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(json.dumps(value).encode()).decode(),
    }


def from_payload(payload: Mapping[str, Any]) -> Any:
    """Decode one payload, as from_payloads does."""
    try:
        encoding = base64.b64decode(payload.get("metadata", {}).get("encoding", "")).decode()
        data = base64.b64decode(payload.get("data", ""))
        # The second is the JSON form of a message, as queries for a workflow's metadata return it.
        if encoding in ("json/plain", "json/protobuf"):
            return json.loads(data)
    except (ValueError, binascii.Error):
        encoding = "unreadable"
    if encoding == "binary/null":
        return None
    return {"encoding": encoding, "data": payload.get("data", "")}


def _closing(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    events = answer.get("history", {}).get("events", [])
    if not events:
        return None
    event = events[-1]
    status = str(event.get("eventType", "")).replace("EVENT_TYPE_WORKFLOW_EXECUTION_", "")
    attributes = event.get(_CLOSE_ATTRIBUTES.get(status, ""), {})
    results = from_payloads(attributes.get("result"))
    return {
        "status": status.lower(),
        "result": results[0] if len(results) == 1 else (results or None),
        "failure": failure_text(attributes.get("failure")) or attributes.get("reason", ""),
        "new_run_id": attributes.get("newExecutionRunId", ""),
        "history_length": int(event.get("eventId", 0)),
    }
