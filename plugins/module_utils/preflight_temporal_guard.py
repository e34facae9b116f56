# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running cluster forbids, whatever the variables say."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import Problems, integer, say
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import Settings

Versions = t.Mapping[str, t.Any]


def guard_problems(settings: Settings, versions: Versions, live: t.Mapping[str, t.Any]) -> list[str]:
    """Return why these variables must not be rolled out onto the cluster that is running.

    Args:
        settings: As in problems().
        versions: As in problems().
        live: Answer of GET /api/v1/cluster-info of any frontend: historyShardCount, serverVersion, clusterName.
    """
    result = []
    shards = integer(live.get("historyShardCount"))
    if shards is not None and shards != int(settings["temporal_num_history_shards"]):
        result.append(
            say(
                "temporal_num_history_shards",
                settings["temporal_num_history_shards"],
                "the running cluster has %d history shards for life, and the server would ignore the new number"
                % shards,
                "Set it to %d." % shards,
            )
        )
    name = live.get("clusterName")
    if name and name != settings["temporal_cluster_name"]:
        result.append(
            say(
                "temporal_cluster_name",
                settings["temporal_cluster_name"],
                "the running cluster is named %r and cannot be renamed" % name,
                "Set it to %r." % name,
            )
        )
    return result + list(_minor_step(settings, versions, str(live.get("serverVersion", ""))))


def _minor_step(settings: Settings, versions: Versions, running: str) -> Problems:
    order = list(versions["minors"])
    wanted = ".".join(str(settings["temporal_version"]).split(".")[:2])
    present = ".".join(running.split(".")[:2])
    if present not in order or wanted not in order:
        return
    distance = order.index(wanted) - order.index(present)
    if abs(distance) > 1:
        first = order[order.index(present) + (1 if distance > 0 else -1)]
        yield say(
            "temporal_version",
            settings["temporal_version"],
            "the running server is %s, and no minor may be skipped" % running,
            "Go one minor at a time, next to %s." % first,
        )
