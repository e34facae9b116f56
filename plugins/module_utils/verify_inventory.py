# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says should be there: members of the cluster, and who polls which task queue."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import ports

Variables = t.Mapping[str, t.Any]
Nodes = t.Sequence[t.Mapping[str, t.Any]]

# The same as the defaults of the role temporal_worker.
DEFAULT_NAMESPACE = "default"
DEFAULT_TASK_QUEUE = "aegis-agents"

_MOMENT_SECONDS = 10.0


def members(
    nodes: Nodes, hostvars: t.Mapping[str, Variables], ages: t.Mapping[str, float] | None = None
) -> list[dict[str, t.Any]]:
    """Return the members that C(cluster_members) is to expect of ``nodes``, those of C(topology).temporal.

    ``ages`` has, by host, the seconds for which its process has been running: no older one is meant.
    """
    return [
        {
            "service": service,
            "address": node["address"],
            "membership_port": ports(hostvars[node["host"]], service)["membership_port"],
            **_age((ages or {}).get(node["host"])),
        }
        for node in nodes
        for service in node["services"]
    ]


def _age(seconds: float | None) -> dict[str, float]:
    """What was read a moment ago is a moment older now."""
    return {} if seconds is None else {"max_session_age": float(seconds) + _MOMENT_SECONDS}


def queues(nodes: Nodes, hostvars: t.Mapping[str, Variables]) -> list[dict[str, t.Any]]:
    """Return each task queue once, with the identities of all workers of ``nodes`` that have to poll it.

    ``nodes`` are those of C(topology).temporal_worker.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for node in nodes:
        variables = hostvars[node["host"]]
        queue = (
            str(variables.get("temporal_worker_namespace", DEFAULT_NAMESPACE)),
            str(variables.get("temporal_worker_task_queue", DEFAULT_TASK_QUEUE)),
        )
        name = variables.get("temporal_worker_identity_host", node["host"])
        identities = ["%s:%d" % (name, node["port"] + index) for index in range(node["replicas"])]
        found.setdefault(queue, []).extend(identities)
    return [
        {"namespace": namespace, "task_queue": task_queue, "identities": identities}
        for (namespace, task_queue), identities in found.items()
    ]
