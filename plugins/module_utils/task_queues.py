# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task queues: who polls them, what waits in them, and what polls instead when nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.namespaces import names
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import parse_timestamp

TYPES = ("workflow", "activity")

# Bounds for the search after what polls instead: enough to find a wrong name, few enough to stay quick.
_NAMESPACES = 20
_QUEUES = 20


def pollers(client: TemporalHttp, namespace: str, queue: str, queue_type: str) -> list[dict[str, Any]]:
    """Return identity, last access (ISO 8601) and age in seconds of each poller; C(queue_type) is one of TYPES.

    The server keeps a poller for about five minutes after its last poll, and a poll lasts about a minute: judge by age.
    Age is counted by the server's own clock (the Date of its answer, whole seconds).
    """
    return pollers_and_backlog(client, namespace, queue, queue_type)[0]


def pollers_and_backlog(
    client: TemporalHttp, namespace: str, queue: str, queue_type: str
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return what pollers returns, and the backlog: C(count) of tasks that wait, C(age) of the oldest in seconds.

    The backlog is None where the server does not tell; older ones, 1.24 among them, ignore the question
    (C(report_stats): temporal/api/workflowservice/v1/request_response.proto).
    """
    answer = client.get(
        api_path("namespaces", namespace, "task-queues", queue),
        {"taskQueueType": f"TASK_QUEUE_TYPE_{queue_type.upper()}", "reportStats": "true"},
    )
    now = client.server_time or datetime.now().astimezone()
    found, backlog = read_answer(
        "The description of a task queue",
        answer,
        lambda content: ([_poller(entry, now) for entry in content.get("pollers", [])], _backlog(content.get("stats"))),
    )
    return sorted(found, key=lambda poller: str(poller["identity"])), backlog


def _backlog(stats: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stats is None:
        return None
    return {
        "count": int(stats.get("approximateBacklogCount", 0)),
        "age": round(float(stats.get("approximateBacklogAge", "0s").rstrip("s")), 1),
    }


def _poller(entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    seen = _time(entry.get("lastAccessTime", ""))
    return {
        "identity": entry.get("identity", ""),
        "last_access_time": seen.isoformat() if seen else "",
        # A poll can arrive within the second that the Date header leaves out.
        "age": max(round((now - seen).total_seconds(), 1), 0.0) if seen else None,
    }


def shortage(
    found: Mapping[str, list[dict[str, Any]]], max_age: float, min_count: int, identities: Iterable[str]
) -> list[str]:
    """Say what is missing of each type: the number of fresh pollers up to C(min_count), and expected identities.

    C(found) maps a type of TYPES to its pollers, C(max_age) is in seconds. Empty when all is well.
    """
    missing = []
    for queue_type, all_pollers in found.items():
        fresh = {poller["identity"] for poller in all_pollers if is_fresh(poller, max_age)}
        if len(fresh) < min_count:
            missing.append(f"{len(fresh)} of at least {min_count} {queue_type} pollers")
        absent = sorted(set(identities) - fresh)
        if absent:
            missing.append(f"no {queue_type} poller {', '.join(absent)}")
    return missing


def excess(backlogs: Mapping[str, dict[str, Any] | None], max_backlog: int) -> list[str]:
    """Say which types of C(backlogs) have more waiting tasks than C(max_backlog). Empty when all is well."""
    return [
        f"a backlog of {backlog['count']} {queue_type} tasks, the oldest {backlog['age']:g} s old "
        f"(max_backlog is {max_backlog})"
        for queue_type, backlog in backlogs.items()
        if backlog is not None and backlog["count"] > max_backlog
    ]


def is_fresh(poller: Mapping[str, Any], max_age: float) -> bool:
    """Whether the poller polled within the last C(max_age) seconds."""
    return poller["age"] is not None and poller["age"] <= max_age


def elsewhere(client: TemporalHttp, namespace: str, queue: str) -> list[str]:
    """Say what polls in place of C(queue): other queues of the namespace, and this queue in other namespaces.

    The server has no list of task queues. What knows of some are the workers' heartbeats (server 1.28 and newer) and
    the workflows; what a server cannot tell is left out.
    """
    found = []
    for other in sorted(_known_queues(client, namespace) - {queue})[:_QUEUES]:
        found += _described(client, namespace, other)
    for other_namespace in _namespaces(client):
        if other_namespace != namespace:
            found += _described(client, other_namespace, queue)
    return found


def _described(client: TemporalHttp, namespace: str, queue: str) -> list[str]:
    identities = set()
    for queue_type in TYPES:
        identities |= {poller["identity"] for poller in _or_nothing(pollers, client, namespace, queue, queue_type)}
    if not identities:
        return []
    return [f"task queue {queue!r} of namespace {namespace!r} is polled by {', '.join(sorted(identities))}"]


def _known_queues(client: TemporalHttp, namespace: str) -> set[str]:
    known = set()
    for route, take in (("workers", _queues_of_workers), ("workflows", _queues_of_workflows)):
        answer = _or_nothing(client.get, api_path("namespaces", namespace, route), {"pageSize": "100"}) or {}
        known |= read_answer(f"The list of {route}", answer, take)
    return known


def _queues_of_workers(answer: Mapping[str, Any]) -> set[str]:
    return {str(entry["workerHeartbeat"]["taskQueue"]) for entry in answer.get("workersInfo", [])}


def _queues_of_workflows(answer: Mapping[str, Any]) -> set[str]:
    return {str(entry["taskQueue"]) for entry in answer.get("executions", [])}


def _namespaces(client: TemporalHttp) -> list[str]:
    answer = _or_nothing(client.get, api_path("namespaces"), {"pageSize": str(_NAMESPACES)}) or {}
    return [name for name in read_answer("The list of namespaces", answer, names) if name != "temporal-system"]


def _or_nothing(call: Any, *arguments: Any) -> Any:
    """The answer, or an empty list where this server or this identity may not: a hint must not fail a module."""
    try:
        return call(*arguments)
    except TemporalProblem:
        return []


def _time(text: str) -> datetime | None:
    try:
        return parse_timestamp(text)
    except ValueError:
        return None
