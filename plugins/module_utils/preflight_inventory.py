# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that hold across hosts: what an inventory as a whole may not say."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import NEEDED_SERVICES

_LOOPBACK = ("localhost", "::1")


def _is_loopback(address: str) -> bool:
    return address in _LOOPBACK or address.startswith("127.")


def _duplicate_addresses(topology: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    by_address: dict[str, list[str]] = collections.defaultdict(list)
    members = {
        node["host"]
        for group in ("postgres", "temporal", "haproxy", "temporal_ui", "temporal_worker", "orchestrators")
        for node in topology[group]
    }
    for host in sorted(members):
        by_address[topology["addresses"][host]].append(host)
    for address, hosts in sorted(by_address.items()):
        if len(hosts) > 1:
            yield (
                "host_address is %r for %s: two hosts cannot have one address. "
                "Set host_address of each host to the address under which the others reach it."
                % (address, " and ".join(hosts))
            )
        elif len(members) > 1 and _is_loopback(address):
            yield (
                "host_address is %r for %s: the other hosts of the inventory cannot reach a loopback address. "
                "Set host_address of %s to an address in their network." % (address, hosts[0], hosts[0])
            )


def _proxies(topology: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    ports = {node["host"]: node["grpc_port"] for node in topology["haproxy"]}
    if len(set(ports.values())) > 1:
        yield (
            "haproxy_port is %s: workers and user interfaces reach all proxies by one name, and so on one port. Set it "
            "once, in group_vars/haproxy." % " and ".join("%s for %s" % (ports[host], host) for host in sorted(ports))
        )


def problems(topology: t.Mapping[str, t.Any], managed_database: bool) -> list[str]:
    """Return what is wrong with the inventory as a whole, one sentence with its fix each.

    Args:
        topology: What the filter ``topology`` returns.
        managed_database: Whether the database server is somebody else's (``postgres_mode: managed``).
    """
    found: list[str] = []
    servers = topology["temporal"]
    if not servers:
        found.append(
            "group temporal is []: no host runs Temporal Server. Put at least one host into the group temporal."
        )
    else:
        running = {service for node in servers for service in node["services"]}
        for service in NEEDED_SERVICES:
            if service not in running:
                found.append(
                    "temporal_services is %r over all hosts of group temporal: no host runs %s, without which no "
                    "workflow runs. Add %r to temporal_services of at least one host."
                    % (sorted(running), service, service)
                )
    databases = topology["postgres"]
    if not databases and not managed_database:
        found.append(
            "group postgres is []: there is no database. Put one host into the group postgres, or set "
            "postgres_mode to 'managed' and temporal_database_host to the server that you have."
        )
    if len(databases) > 1:
        found.append(
            "group postgres is %r: this release runs one database server. Leave one host in the group."
            % [node["host"] for node in databases]
        )
    found.extend(_proxies(topology))
    found.extend(_duplicate_addresses(topology))
    return found
