# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks that restart and remove hosts derive from the inventory."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import endpoint

Variables = t.Mapping[str, t.Any]
Nodes = t.Sequence[t.Mapping[str, t.Any]]

# The same as the default of the role temporal.
DEFAULT_METRICS_PORT = 9090


def _metrics_url(node: t.Mapping[str, t.Any], variables: Variables) -> str:
    """Return where other hosts read the metrics of ``node``; empty where they cannot.

    Raises:
        ValueError: The metrics' port or address is none; the text names the variable and the host.
    """
    port = variables.get("temporal_metrics_port", DEFAULT_METRICS_PORT)
    bind = str(variables.get("temporal_metrics_bind_address") or variables.get("temporal_bind_address") or "")
    try:
        if not int(port):
            return ""
        address = ipaddress.ip_address(bind) if bind else None
    except (TypeError, ValueError):
        raise ValueError(
            "temporal_metrics_port of host %s is %r and the address of its metrics is %r. "
            "Give a port and an IP address." % (node["host"], port, bind)
        ) from None
    if address is not None and address.is_loopback:
        return ""
    reached = str(node["address"]) if address is None or address.is_unspecified else str(address)
    return "http://%s/metrics" % endpoint(reached, int(port))


def shard_metrics(nodes: Nodes, hostvars: t.Mapping[str, Variables]) -> list[str]:
    """Return the metrics' URL of every host of ``nodes`` with the service history.

    Empty where one of them serves none to other hosts: what is missing could not be told from what is wrong.

    Raises:
        ValueError: See `_metrics_url`.
    """
    urls = [_metrics_url(node, hostvars[node["host"]]) for node in nodes if "history" in node["services"]]
    return urls if all(urls) else []
