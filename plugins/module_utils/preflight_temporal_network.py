# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports and addresses in the variables of role temporal."""

from __future__ import annotations

import collections
import ipaddress
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    MAX_MEMBERSHIP_PORT,
    MAX_PORT,
    Problems,
    address_problems,
    integer,
    port_problems,
    say,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import (
    DEFAULT_PORTS,
    SERVICES,
    Settings,
)


def ports(settings: Settings) -> Problems:
    """Yield what is wrong with the ports of this host's services. temporal_services has to be sound."""
    own = settings["temporal_service_settings"]
    if not isinstance(own, t.Mapping):
        yield say(
            "temporal_service_settings",
            own,
            "not a dictionary",
            "Give one entry per service, such as frontend: {grpc_port: 7233}.",
        )
        return
    used: dict[int, list[str]] = collections.defaultdict(list)
    for service, entry in own.items():
        if service not in SERVICES:
            yield say("temporal_service_settings", service, "unknown service", "Choose from %s." % ", ".join(SERVICES))
            continue
        for key in entry or {}:
            if key not in DEFAULT_PORTS[service]:
                yield say(
                    "temporal_service_settings.%s" % service,
                    key,
                    "unknown setting",
                    "Choose from %s." % ", ".join(DEFAULT_PORTS[service]),
                )
    for service in SERVICES:
        entry = own.get(service) or {}
        for key, default in DEFAULT_PORTS[service].items():
            variable = "temporal_service_settings.%s.%s" % (service, key)
            value = entry.get(key, default)
            if key == "http_port" and integer(value) == 0:
                continue
            found = list(
                port_problems(variable, value, maximum=MAX_MEMBERSHIP_PORT if key == "membership_port" else MAX_PORT)
            )
            yield from found
            if not found and service in settings["temporal_services"]:
                used[int(str(value))].append(variable)
    metrics = settings["temporal_metrics_port"]
    if integer(metrics) != 0:
        found = list(port_problems("temporal_metrics_port", metrics))
        yield from found
        if not found:
            used[int(str(metrics))].append("temporal_metrics_port")
    for port, variables in used.items():
        if len(variables) > 1:
            yield say(" and ".join(variables), port, "one port for two listeners of this host", "Give each its own.")


def addresses(settings: Settings) -> Problems:
    """Yield what is wrong with the addresses of this host's server."""
    bind, broadcast = settings["temporal_bind_address"], settings["temporal_broadcast_address"]
    wrong = list(address_problems("temporal_bind_address", bind))
    wrong += address_problems("temporal_broadcast_address", broadcast)
    if integer(settings["temporal_metrics_port"]) != 0:
        yield from address_problems("temporal_metrics_bind_address", settings["temporal_metrics_bind_address"])
    yield from wrong
    if wrong:
        return
    listens, announces = ipaddress.ip_address(str(bind)), ipaddress.ip_address(str(broadcast))
    nodes = settings["temporal_nodes"]
    if announces.is_unspecified:
        yield say(
            "temporal_broadcast_address",
            broadcast,
            "no address that another host could dial",
            "Give the one of this host that the other hosts reach.",
        )
    elif announces.is_loopback and len(nodes) > 1:
        yield say(
            "temporal_broadcast_address",
            broadcast,
            "a loopback address in a cluster of %d hosts, so the others would dial themselves" % len(nodes),
            "Give the one that the other hosts reach, for example by setting host_address in the inventory.",
        )
    elif listens.is_loopback and not announces.is_loopback:
        yield say(
            "temporal_bind_address",
            bind,
            "the server would listen on loopback only but announce %s" % broadcast,
            "Set both to the same address, or bind to 0.0.0.0.",
        )
    elif listens.version != announces.version:
        yield say(
            "temporal_bind_address",
            bind,
            "of another IP version than temporal_broadcast_address %s" % broadcast,
            "Use the same for both.",
        )
    same = [str(node["host"]) for node in nodes if str(node["address"]) == str(broadcast)]
    if len(same) > 1:
        yield say(
            "temporal_broadcast_address",
            broadcast,
            "also the address of %s" % ", ".join(same),
            "Give every host its own.",
        )
