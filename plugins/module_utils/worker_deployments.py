# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker deployments: which version gets the work, which versions there are, and the requests that change it.

Messages: temporal/api/deployment/v1/message.proto and temporal/api/workflowservice/v1/request_response.proto. The
server makes a deployment and its versions when their first pollers come, and keeps both in workflows of its own
(service/worker/workerdeployment).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils import task_queues, visibility
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.server_version import require_version
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)

LEAST_VERSION = (1, 29)
"""The first server with Worker Versioning as the documentation has it (docs.temporal.io, "Worker Versioning")."""

ROUTING = ("current_build_id", "ramping_build_id", "ramp_percentage")
"""What says which version gets the work. A build of None stands for the workers without a version."""
UNROUTED: dict[str, Any] = {"current_build_id": None, "ramping_build_id": None, "ramp_percentage": 0.0}

_IDENTITY = "aegis.temporal.worker_deployment_version"
_PAGE = "100"
_STATUS = "WORKER_DEPLOYMENT_VERSION_STATUS_"
_PROPAGATING = "ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS"


def require(client: TemporalHttp) -> None:
    """Raise Problem where the server is too old."""
    require_version(client, LEAST_VERSION, "Worker deployments need")


def check_percentage(option: str, value: float | None) -> None:
    """Raise Problem for a share that is none."""
    # "not <=" also refuses NaN.
    if value is not None and not 0 <= value <= 100:
        raise Problem(f"{option} is {value:g}: it must be between 0 and 100.")


def describe(client: TemporalHttp, namespace: str, name: str) -> dict[str, Any] | None:
    """Return what summary makes of the deployment, None when there is none of this name. Raises Problem."""
    try:
        answer = client.get(api_path("namespaces", namespace, "worker-deployments", name))
    except TemporalProblem as problem:
        if problem.unsupported:
            require(client)
        if problem.unsupported or problem.namespace_missing or not problem.not_found:
            raise
        return None
    return read_answer("The description of a worker deployment", answer, summary)


def names(client: TemporalHttp, namespace: str, limit: int) -> list[str]:
    """Return the names of up to C(limit) deployments. Raises Problem."""
    found: list[str] = []
    token = ""
    while len(found) < limit:
        params = {"pageSize": _PAGE, **({"nextPageToken": token} if token else {})}
        try:
            answer = client.get(api_path("namespaces", namespace, "worker-deployments"), params)
        except TemporalProblem as problem:
            if problem.unsupported:
                require(client)
            raise
        found += read_answer(
            "The list of worker deployments",
            answer,
            lambda content: [str(entry["name"]) for entry in content.get("workerDeployments", [])],
        )
        token = str(answer.get("nextPageToken", ""))
        if not token:
            break
    return sorted(found[:limit])


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a describe answer to the shape that modules return, with the server's C(conflict_token) beside it."""
    info = answer["workerDeploymentInfo"]
    return {
        "name": str(info["name"]),
        **_routing(info.get("routingConfig", {})),
        "propagated": info.get("routingConfigUpdateState") != _PROPAGATING,
        "last_modifier": str(info.get("lastModifierIdentity", "")),
        "versions": sorted(
            (_version(entry) for entry in info.get("versionSummaries", [])), key=lambda version: version["build_id"]
        ),
        "conflict_token": str(answer.get("conflictToken", "")),
    }


def _routing(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "current_build_id": config.get("currentDeploymentVersion", {}).get("buildId"),
        "ramping_build_id": config.get("rampingDeploymentVersion", {}).get("buildId"),
        # JSON leaves out a number that is 0.
        "ramp_percentage": float(config.get("rampingVersionPercentage", 0)),
    }


def _version(entry: Mapping[str, Any]) -> dict[str, Any]:
    drainage = entry.get("drainageInfo", {})
    return {
        "build_id": str(entry["deploymentVersion"]["buildId"]),
        "status": str(entry.get("status", "")).replace(_STATUS, "").lower(),
        "create_time": entry.get("createTime", ""),
        "current_since": entry.get("currentSinceTime", ""),
        "ramping_since": entry.get("rampingSinceTime", ""),
        # A version that gets work has an entry without status.
        "drainage_checked": drainage.get("lastCheckedTime", "") if "status" in drainage else "",
    }


def builds(deployment: Mapping[str, Any] | None) -> list[str]:
    """The builds of the versions that the server knows."""
    return [version["build_id"] for version in (deployment or {}).get("versions", [])]


def routing(deployment: Mapping[str, Any] | None) -> dict[str, Any]:
    """The part ROUTING; of a deployment that is not there, UNROUTED."""
    return {key: deployment[key] for key in ROUTING} if deployment else dict(UNROUTED)


def wanted(state: str, build: str | None, percentage: float | None, live: Mapping[str, Any]) -> dict[str, Any]:
    """The ROUTING that C(state) (current, ramping or unversioned) makes of C(live). Raises Problem."""
    if state == "unversioned":
        return dict(UNROUTED)
    if state == "current":
        return {**UNROUTED, "current_build_id": build}
    if live["current_build_id"] == build:
        raise Problem(
            f"Build {build!r} is the current version already, so there is nothing to ramp up. Ramp another build, or "
            "use state current, which also ends the ramp of another one."
        )
    return {**live, "ramping_build_id": build, "ramp_percentage": percentage}


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two ROUTINGs are the same for the server, which holds the share in single precision."""
    builds_differ = any(one[key] != other[key] for key in ROUTING[:2])
    return not builds_differ and struct.pack("f", one["ramp_percentage"]) == struct.pack("f", other["ramp_percentage"])


def route(
    client: TemporalHttp,
    namespace: str,
    name: str,
    live: Mapping[str, Any],
    after: Mapping[str, Any],
    ignore_missing: bool,
) -> None:
    """Bring the ROUTING of C(live), what describe told, to C(after): one write, or two where another ramp ends.

    Raises TemporalProblem; where somebody else was faster, it tells of a "conflict token" and nothing is changed.
    """
    body = {"identity": _IDENTITY, "ignoreMissingTaskQueues": ignore_missing, "conflictToken": live["conflict_token"]}
    path = ("namespaces", namespace, "worker-deployments", name)
    if after["current_build_id"] != live["current_build_id"]:
        answer = client.post(
            api_path(*path, "set-current-version"), {**body, "buildId": after["current_build_id"] or ""}
        )
        # What becomes the current one no longer ramps.
        ramps = live["ramping_build_id"] if live["ramping_build_id"] != after["current_build_id"] else None
        share = live["ramp_percentage"] if ramps == live["ramping_build_id"] else 0.0
        live = {**after, "ramping_build_id": ramps, "ramp_percentage": share}
        body["conflictToken"] = answer.get("conflictToken", "")
    if not alike(live, after):
        client.post(
            api_path(*path, "set-ramping-version"),
            {**body, "buildId": after["ramping_build_id"] or "", "percentage": after["ramp_percentage"]},
        )


def version_queues(client: TemporalHttp, namespace: str, name: str, build: str) -> dict[str, list[str]]:
    """Return the task queues that workers of the version have ever polled, with the types out of task_queues.TYPES."""
    answer = client.get(api_path("namespaces", namespace, "worker-deployment-versions", name, build))

    def take(content: Mapping[str, Any]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for entry in content.get("versionTaskQueues", []):
            queue_type = str(entry["type"]).replace("TASK_QUEUE_TYPE_", "").lower()
            if queue_type in task_queues.TYPES:
                found.setdefault(str(entry["name"]), []).append(queue_type)
        return found

    return read_answer("The description of a worker deployment's version", answer, take)


def queue_routing(client: TemporalHttp, namespace: str, queue: str, queue_type: str) -> dict[str, Any]:
    """Return the ROUTING that a task queue itself goes by; C(queue_type) is one of task_queues.TYPES."""
    params = {"taskQueueType": f"TASK_QUEUE_TYPE_{queue_type.upper()}"}
    answer = client.get(api_path("namespaces", namespace, "task-queues", queue), params)
    return read_answer(
        "The description of a task queue", answer, lambda content: _routing(content.get("versioningInfo", {}))
    )


def running(client: TemporalHttp, namespace: str, name: str, build: str) -> dict[str, int]:
    """Count the running workflows that were last worked on by the version: C(pinned) to it, and C(others)."""
    text = f"{name}:{build}".replace("\\", "\\\\").replace("'", "\\'")
    query = f"TemporalWorkerDeploymentVersion = '{text}' AND ExecutionStatus = 'Running'"
    everything = visibility.count(client, namespace, query)
    pinned = visibility.count(client, namespace, f"{query} AND TemporalWorkflowVersioningBehavior = 'Pinned'")
    # Counted one after the other: one may have begun in between.
    return {"pinned": pinned, "others": max(everything - pinned, 0)}
