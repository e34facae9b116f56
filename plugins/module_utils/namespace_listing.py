# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All namespaces of a cluster, page by page, with everything that the server tells about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.clusters import snake_case
from ansible_collections.aegis.temporal.plugins.module_utils.namespaces import summary
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)

# Namespaces per request.
_PAGE = 100


def find(client: TemporalHttp, name: str) -> dict[str, Any] | None:
    """Return the details of one namespace, None when there is none of this name."""
    try:
        return details(client.get(api_path("namespaces", name)))
    except TemporalProblem as problem:
        if problem.namespace_missing:
            return None
        raise


def list_all(client: TemporalHttp, include_deleted: bool, page_size: int = _PAGE) -> list[dict[str, Any]]:
    """Return the details of all namespaces, by name; C(include_deleted) adds those that are being reclaimed."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        params = {"pageSize": str(page_size)}
        if include_deleted:
            params["namespaceFilter.includeDeleted"] = "true"
        if token:
            params["nextPageToken"] = token
        answer = client.get(api_path("namespaces"), params)
        found += read_answer(
            "The list of namespaces", answer, lambda page: [details(entry) for entry in page.get("namespaces", [])]
        )
        following = str(answer.get("nextPageToken", ""))
        if not following:
            return sorted(found, key=lambda entry: str(entry["name"]))
        if following == token:
            raise TemporalProblem(f"The list of namespaces repeats its page {token!r} for ever.")
        token = following


def details(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what namespace_info tells of one namespace. Raises TemporalProblem for an answer of another shape."""
    return {**summary(answer), **read_answer("The description of a namespace", answer, _more)}


def _more(answer: Mapping[str, Any]) -> dict[str, Any]:
    replication = answer.get("replicationConfig", {})
    capabilities = answer["namespaceInfo"].get("capabilities", {})
    return {
        "is_global": bool(answer.get("isGlobalNamespace", False)),
        "active_cluster": str(replication.get("activeClusterName", "")),
        "clusters": [str(cluster["clusterName"]) for cluster in replication.get("clusters", [])],
        "failover_version": int(answer.get("failoverVersion", 0)),
        "capabilities": {snake_case(name): bool(value) for name, value in sorted(capabilities.items())},
    }
