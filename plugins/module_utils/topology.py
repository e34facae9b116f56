# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host has to know of the others, derived from inventory variables alone."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import (
    DEFAULT_PORTS,
    NEEDED_SERVICES,
    ports,
)

Variables = t.Mapping[str, t.Any]

# The same numbers as the defaults of the roles; an inventory variable overrides each.
DEFAULT_SQL_MAX_CONNS = 20
DEFAULT_VISIBILITY_SQL_MAX_CONNS = 10
DEFAULT_WORKER_POOL = 5
DEFAULT_WORKER_REPLICAS = 1
DEFAULT_WORKER_PORT = 3000
DEFAULT_PROVIDER = "systemd"

# The groups of the inventory that say what runs where, from the database to those who use it all.
GROUPS = ("postgres", "temporal", "haproxy", "temporal_ui", "temporal_worker", "aegis_orchestrator")

_VERSION = re.compile(r"^\d+\.\d+\.\d+$")
_SSH_CONNECTIONS = ("ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh")
_LOCAL_CONNECTIONS = ("local", "ansible.builtin.local")


def deployment_size(groups: t.Mapping[str, t.Sequence[str]]) -> str:
    """Return C(1 postgres, 2 temporal) for the variable C(groups): how many hosts each of GROUPS has, if any."""
    counted = ["%d %s" % (len(groups[group]), group) for group in GROUPS if groups.get(group)]
    return ", ".join(counted) or "no hosts"


class TopologyError(ValueError):
    """An inventory variable has a shape from which nothing can be derived."""


def host_address(host: str, variables: Variables) -> str:
    """Return the address under which the other hosts reach ``host``.

    An explicit ``host_address`` wins; ``ansible_host`` is an address only where Ansible connects over SSH (for other
    connections it is a container's name or the like); a local connection is this machine; else the name itself.
    """
    explicit = variables.get("host_address")
    if explicit:
        return str(explicit)
    connection = str(variables.get("ansible_connection", "ssh"))
    if connection in _LOCAL_CONNECTIONS:
        return "127.0.0.1"
    if connection in _SSH_CONNECTIONS and variables.get("ansible_host"):
        return str(variables["ansible_host"])
    return host


def _integer(host: str, variables: Variables, name: str, default: int) -> int:
    value = variables.get(name, default)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise TopologyError(
            "%s of host %s is %r: not a whole number. Give a whole number." % (name, host, value)
        ) from None


def _frontend_ports(host: str, variables: Variables) -> dict[str, int]:
    try:
        return ports(variables, "frontend")
    except (AttributeError, TypeError, ValueError) as error:
        raise TopologyError(
            "temporal_service_settings of host %s is %r: the frontend's ports cannot be read (%s). "
            "Give numbers from 1 to 65535." % (host, variables.get("temporal_service_settings"), error)
        ) from None


def _frontend_tls(variables: Variables) -> bool:
    """Tell whether the frontend is given TLS; what has another shape the role of the server refuses."""
    part: t.Any = variables.get("temporal_config_overrides")
    for key in ("global", "tls", "frontend"):
        part = part.get(key) if isinstance(part, t.Mapping) else None
    return bool(part)


def _temporal_node(host: str, variables: Variables) -> dict[str, t.Any]:
    services = variables.get("temporal_services", NEEDED_SERVICES)
    if isinstance(services, str) or not isinstance(services, t.Sequence):
        raise TopologyError(
            "temporal_services of host %s is %r: not a list. Give a list such as ['frontend', 'history']."
            % (host, services)
        )
    frontend = _frontend_ports(host, variables)
    pools = _integer(host, variables, "temporal_sql_max_conns", DEFAULT_SQL_MAX_CONNS) + _integer(
        host, variables, "temporal_visibility_sql_max_conns", DEFAULT_VISIBILITY_SQL_MAX_CONNS
    )
    return {
        "host": host,
        "address": str(variables.get("temporal_broadcast_address") or host_address(host, variables)),
        "services": [str(service) for service in services],
        "version": str(variables.get("temporal_version") or ""),
        "tls": _frontend_tls(variables),
        "grpc_port": frontend["grpc_port"],
        "http_port": frontend["http_port"],
        "connections": pools * len(services),
    }


def _oldest_version(nodes: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Return the lowest version that the inventory gives a server.

    Empty when it gives none: then all servers are of the collection's default. What is no version number is left out:
    the role of the server refuses it.
    """
    readable = [node["version"] for node in nodes if _VERSION.match(node["version"])]
    return min(readable, key=lambda version: [int(part) for part in version.split(".")], default="")


def _worker_node(host: str, variables: Variables) -> dict[str, t.Any]:
    replicas = _integer(host, variables, "temporal_worker_replicas", DEFAULT_WORKER_REPLICAS)
    pool = _integer(host, variables, "temporal_worker_database_pool_size", DEFAULT_WORKER_POOL)
    return {
        "host": host,
        "address": host_address(host, variables),
        "provider": str(variables.get("temporal_worker_provider") or DEFAULT_PROVIDER),
        "port": _integer(host, variables, "temporal_worker_port", DEFAULT_WORKER_PORT),
        "replicas": replicas,
        "connections": pool * replicas,
    }


def frontends(temporal: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the nodes that run a frontend, of the nodes of the server."""
    return [node for node in temporal if "frontend" in node["services"]]


def _haproxy_nodes(
    hosts: t.Iterable[str], hostvars: t.Mapping[str, Variables], temporal: t.Iterable[dict[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """Return the proxies; one that is to be absent is none. They listen on the first frontend's port by default."""
    default = next((node["grpc_port"] for node in frontends(temporal)), DEFAULT_PORTS["frontend"]["grpc_port"])
    return [
        {
            "host": host,
            "address": host_address(host, hostvars[host]),
            "grpc_port": _integer(host, hostvars[host], "haproxy_port", default),
        }
        for host in hosts
        if hostvars[host].get("haproxy_state") != "absent"
    ]


def topology(groups: t.Mapping[str, t.Sequence[str]], hostvars: t.Mapping[str, Variables]) -> dict[str, t.Any]:
    """Return addresses, nodes per group, the oldest server's version and the sum of all connection pools.

    Raises:
        TopologyError: A variable that is needed for the answer has the wrong shape; the text names host and variable.
    """

    def members(group: str) -> list[str]:
        return list(groups.get(group, []))

    addresses = {host: host_address(host, hostvars[host]) for host in members("all")}
    temporal = [_temporal_node(host, hostvars[host]) for host in members("temporal")]
    proxies = _haproxy_nodes(members("haproxy"), hostvars, temporal)
    workers = [_worker_node(host, hostvars[host]) for host in members("temporal_worker")]
    return {
        "addresses": addresses,
        "postgres": [{"host": host, "address": addresses[host]} for host in members("postgres")],
        "temporal": temporal,
        "haproxy": proxies,
        # What clients connect to.
        "entries": proxies or frontends(temporal),
        "temporal_version": _oldest_version(temporal),
        "temporal_ui": [{"host": host, "address": addresses[host]} for host in members("temporal_ui")],
        "temporal_worker": workers,
        "orchestrators": [{"host": host, "address": addresses[host]} for host in members("aegis_orchestrator")],
        "connection_demand": sum(node["connections"] for node in temporal + workers),
    }


def declared(hostvars: t.Mapping[str, Variables], name: str, default: t.Any = "") -> t.Any:
    """Return the value that the inventory gives ``name`` for the deployment as a whole.

    Two groups may have to agree on such a value, a login's password for one, while the inventory may name it in the
    variables of one of them only. Defaults of roles do not count.

    Raises:
        TopologyError: Two hosts have different values; the text names the variable and the hosts, not the values.
    """
    first: tuple[str, t.Any] | None = None
    for host in sorted(hostvars):
        variables = hostvars[host]
        if name not in variables:
            continue
        if first is None:
            first = (host, variables[name])
        elif variables[name] != first[1]:
            raise TopologyError(
                "%s has different values for %s and %s: it is one value of the whole deployment. "
                "Set it once, in group_vars/all." % (name, first[0], host)
            )
    return default if first is None else first[1]
