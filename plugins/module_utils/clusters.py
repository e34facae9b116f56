# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster says about itself over the HTTP API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, api_path, read_answer

_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")


def read_cluster(client: TemporalHttp) -> dict[str, Any]:
    """Return name, id, version, shards and stores. The identity needs the right to read the cluster."""
    return read_answer("The description of the cluster", client.get(api_path("cluster-info")), _cluster)


def read_system(client: TemporalHttp) -> tuple[str, dict[str, bool]]:
    """Return the version of the frontend and its capabilities. Needs no credentials under the default authorizer."""
    return read_answer("The description of the system", client.get(api_path("system-info")), _system)


def visibility_store(client: TemporalHttp) -> str:
    """Return the kind of the visibility store, such as C(postgres12); several are separated by commas."""
    return str(read_cluster(client)["visibility_store"])


def _cluster(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(answer["clusterName"]),
        "id": str(answer["clusterId"]),
        "server_version": str(answer["serverVersion"]),
        "history_shards": int(answer["historyShardCount"]),
        "persistence_store": str(answer["persistenceStore"]),
        "visibility_store": str(answer["visibilityStore"]),
        # 64-bit numbers are texts in the JSON of protocol buffers; old servers do not send these two.
        "initial_failover_version": _number(answer.get("initialFailoverVersion")),
        "failover_version_increment": _number(answer.get("failoverVersionIncrement")),
        "supported_clients": dict(sorted(answer.get("supportedClients", {}).items())),
    }


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _system(answer: Mapping[str, Any]) -> tuple[str, dict[str, bool]]:
    capabilities = {snake_case(name): bool(value) for name, value in answer.get("capabilities", {}).items()}
    return str(answer["serverVersion"]), dict(sorted(capabilities.items()))


def snake_case(name: str) -> str:
    """Return supports_schedules for supportsSchedules."""
    return _HUMP.sub("_", name).lower()
