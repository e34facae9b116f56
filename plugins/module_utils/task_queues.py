# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task queues: who polls them, what waits in them, and what polls instead when nobody does."""

from __future__ import annotations

import typing as t
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

Version = t.Tuple[str, str]
"""Name of a worker deployment and build of the one version of it that is meant."""

# Bounds for the search after what polls instead: enough to find a wrong name, few enough to stay quick. The server
# lists namespaces by their random ids, so a bound that a cluster reaches leaves out another one in each cluster.
_NAMESPACES = 200
_QUEUES = 20


def pollers(client: TemporalHttp, namespace: str, queue: str, queue_type: str) -> list[dict[str, Any]]:
    """Return identity, last access (ISO 8601) and age in seconds of each poller; C(queue_type) is one of TYPES.

    The server keeps a poller for about five minutes after its last poll, and a poll lasts about a minute: judge by age.
    Age is counted by the server's own clock (the Date of its answer, whole seconds).
    """
    return pollers_and_backlog(client, namespace, queue, queue_type)[0]


def pollers_and_backlog(
    client: TemporalHttp, namespace: str, queue: str, queue_type: str, version: Version | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return what pollers returns, and the backlog: C(count) of tasks that wait, C(age) of the oldest in seconds.

    With a C(version) only its pollers are told, of the whole queue's backlog.
    The backlog is None where the server does not tell; older ones, 1.24 among them, ignore the question
    (C(report_stats): temporal/api/workflowservice/v1/request_response.proto).
    """
    answer = client.get(
        api_path("namespaces", namespace, "task-queues", queue),
        {"taskQueueType": f"TASK_QUEUE_TYPE_{queue_type.upper()}", "reportStats": "true"},
    )
    now = _now(client)
    found, backlog = read_answer(
        "The description of a task queue",
        answer,
        lambda content: (
            [_poller(entry, now) for entry in content.get("pollers", []) if _is_of(version, entry)],
            _backlog(content.get("stats")),
        ),
    )
    return sorted(found, key=lambda poller: str(poller["identity"])), backlog


def with_all_partitions(
    client: TemporalHttp,
    namespace: str,
    queue: str,
    found: Mapping[str, list[dict[str, Any]]],
    version: Version | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Return C(found), the pollers by type as C(pollers) tells them, with those of the queue's other partitions.

    The server spreads polls over partitions, four unless matching.numTaskqueueReadPartitions says otherwise, and tells
    the pollers of the first one alone. Where many workers poll, some of them have no poll there for minutes. What asks
    all partitions is the API's older mode (DESCRIBE_TASK_QUEUE_MODE_ENHANCED: deprecated, and in 1.24 to 1.32), which
    leaves out workers with versions unless their C(version) is asked for. A server without it adds nothing.
    """
    params = {"apiMode": "DESCRIBE_TASK_QUEUE_MODE_ENHANCED", "reportPollers": "true"}
    if version:
        # The server's way to write a version in one text (common/worker_versioning/worker_versioning.go).
        params["versions.buildIds"] = ":".join(version)
    answer = _or_nothing(
        client.get,
        api_path("namespaces", namespace, "task-queues", queue),
        params,
    )
    now = _now(client)
    more: dict[str, list[dict[str, Any]]] = read_answer(
        "The description of a task queue's partitions",
        answer or {},
        lambda content: {
            queue_type: [_poller(entry, now) for entry in _entries(content, number)]
            for number, queue_type in enumerate(TYPES, start=1)
        },
    )
    return {queue_type: _latest([*pollers, *more[queue_type]]) for queue_type, pollers in found.items()}


def _entries(content: Mapping[str, Any], number: int) -> list[Mapping[str, Any]]:
    """The pollers of all versions; C(number) is that of the type in temporal/api/enums/v1/task_queue.proto."""
    return [
        entry
        for version in content.get("versionsInfo", {}).values()
        for entry in version.get("typesInfo", {}).get(str(number), {}).get("pollers", [])
    ]


def _is_of(version: Version | None, entry: Mapping[str, Any]) -> bool:
    said = entry.get("deploymentOptions", {})
    return version is None or (said.get("deploymentName"), said.get("buildId")) == version


def _latest(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each identity, the youngest."""
    latest: dict[str, dict[str, Any]] = {}
    for poller in found:
        known = latest.get(poller["identity"])
        if known is None or known["age"] is None or (poller["age"] is not None and poller["age"] < known["age"]):
            latest[poller["identity"]] = poller
    return [latest[identity] for identity in sorted(latest)]


def _now(client: TemporalHttp) -> datetime:
    return client.server_time or datetime.now().astimezone()


def _backlog(stats: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stats is None:
        return None
    return {
        "count": int(stats.get("approximateBacklogCount", 0)),
        "age": round(float(stats.get("approximateBacklogAge", "0s").rstrip("s")), 1),
    }


def _poller(entry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    seen = _time(entry.get("lastAccessTime", ""))
    version = entry.get("deploymentOptions") or {}
    # A worker may name its deployment and yet take work as one without a version (WORKER_VERSIONING_MODE_UNVERSIONED).
    versioned = version.get("workerVersioningMode") == "WORKER_VERSIONING_MODE_VERSIONED"
    return {
        "identity": entry.get("identity", ""),
        "deployment_name": version.get("deploymentName", "") if versioned else "",
        "build_id": version.get("buildId", "") if versioned else "",
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
