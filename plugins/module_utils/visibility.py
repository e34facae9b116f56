# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows by query: what the server's visibility store knows. It follows the workflows with a small delay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)
from ansible_collections.aegis.temporal.plugins.module_utils.workflows import EXACT, from_fields, status_name

# The server takes up to 1000 (frontend.visibilityMaxPageSize).
_PAGE = 500


def search(client: TemporalHttp, namespace: str, query: str, limit: int) -> list[dict[str, Any]]:
    """Return up to C(limit) runs that match C(query), the newest first; an empty query matches all.

    Raises Problem for a query that the server cannot read.
    """
    found: list[dict[str, Any]] = []
    token = ""
    while len(found) < limit:
        params = {**EXACT, "query": query, "pageSize": str(min(limit - len(found), _PAGE))}
        if token:
            params["nextPageToken"] = token
        answer = _ask(client, api_path("namespaces", namespace, "workflows"), query, params)
        found += read_answer(
            "The list of workflows", answer, lambda content: [_entry(one) for one in content.get("executions", [])]
        )
        token = str(answer.get("nextPageToken", ""))
        if not token:
            break
    return found


def count(client: TemporalHttp, namespace: str, query: str) -> int:
    """Return how many runs match C(query). Raises Problem for a query that the server cannot read."""
    answer = _ask(client, api_path("namespaces", namespace, "workflow-count"), query, {"query": query})
    return read_answer("The number of workflows", answer, lambda content: int(content.get("count", 0)))


def _ask(client: TemporalHttp, path: str, query: str, params: Mapping[str, str]) -> dict[str, Any]:
    try:
        return client.get(path, params)
    except TemporalProblem as problem:
        if problem.status != 400:
            raise
        raise Problem(
            f"visibility_query is {query!r}: the server cannot use it. Write it like WorkflowType = 'echo' AND "
            f"StartTime > '2026-11-01T00:00:00Z'. {problem}"
        ) from None


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "workflow_id": entry["execution"]["workflowId"],
        "run_id": entry["execution"]["runId"],
        "status": status_name(entry["status"]),
        "workflow_type": entry["type"]["name"],
        "task_queue": entry.get("taskQueue", ""),
        # Known to visibility only once the run has closed.
        "history_length": int(entry.get("historyLength", 0)),
        "start_time": entry.get("startTime", ""),
        "close_time": entry.get("closeTime", ""),
        "memo": from_fields(entry.get("memo", {}).get("fields")),
        "search_attributes": from_fields(entry.get("searchAttributes", {}).get("indexedFields")),
    }
