# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the orchestrators of an inventory are told of the deployment, derived from inventory variables alone."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.aegis.temporal.plugins.module_utils.orchestrator_settings import value_problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import endpoint
from ansible_collections.aegis.temporal.plugins.module_utils.topology import (
    Variables,
    declared,
    topology,
)
from ansible_collections.aegis.temporal.plugins.module_utils.worker_instances import probe_address, url_host

Groups = t.Mapping[str, t.Sequence[str]]
Hostvars = t.Mapping[str, Variables]

GROUP = "aegis_orchestrator"
# What the user calls the keys of the block.
NAMES = {
    "address": "aegis_orchestrator_temporal_address",
    "namespace": "temporal_worker_namespace",
    "task_queue": "temporal_worker_task_queue",
    "worker_http_endpoint": "aegis_orchestrator_worker_http_endpoint",
}
# The same as the defaults of the role temporal_worker.
_NAMESPACE = "default"
_TASK_QUEUE = "aegis-agents"
# systemd.unit(5): the characters of a unit's name.
_UNIT = re.compile(r"^[A-Za-z0-9:_.\\@-]+$")


def orchestrators(groups: Groups, hostvars: Hostvars) -> dict[str, dict[str, t.Any]]:
    """Return what is written on which host: ``path``, ``service`` (may be empty) and ``block`` by the block's keys.

    Only hosts with ``aegis_orchestrator_config_path`` are in it. A value of the block for which the inventory has
    neither a variable nor a host is left out.

    Raises:
        TopologyError: A variable has the wrong shape, or different values where there can be one.
    """
    hosts = [host for host in groups.get(GROUP, []) if hostvars[host].get("aegis_orchestrator_config_path")]
    return {host: _orchestrator(host, groups, hostvars) for host in hosts}


def _orchestrator(host: str, groups: Groups, hostvars: Hostvars) -> dict[str, t.Any]:
    own = hostvars[host]
    block = {
        "address": own.get(NAMES["address"]) or _frontend(groups, hostvars),
        "namespace": declared(hostvars, "temporal_worker_namespace", _NAMESPACE),
        "task_queue": declared(hostvars, "temporal_worker_task_queue", _TASK_QUEUE),
        "worker_http_endpoint": own.get(NAMES["worker_http_endpoint"]) or _registration(host, groups, hostvars),
    }
    return {
        "path": str(own["aegis_orchestrator_config_path"]),
        "service": str(own.get("aegis_orchestrator_service") or ""),
        "block": {key: str(value) for key, value in block.items() if value != ""},
    }


def _frontend(groups: Groups, hostvars: Hostvars) -> str:
    """Return the address that the inventory gives the workers, else the name of all proxies or frontends in DNS, else
    the address of the first.

    A name that only the hosts' own /etc/hosts know is not taken: an orchestrator in a container would not find it.
    """
    given = declared(hostvars, "temporal_worker_temporal_address")
    if given:
        return str(given)
    entries = topology(groups, hostvars)["entries"]
    if not entries:
        return ""
    name = str(declared(hostvars, "temporal_frontend_name"))
    in_dns = not boolean(declared(hostvars, "temporal_frontend_hosts_entries", True))
    one_port = len({node["grpc_port"] for node in entries}) == 1
    address = name if name and in_dns and one_port else entries[0]["address"]
    return endpoint(address, entries[0]["grpc_port"])


def _registration(host: str, groups: Groups, hostvars: Hostvars) -> str:
    """Return the URL at which the worker of this host, else the first worker, takes registrations."""
    nodes = topology(groups, hostvars)["temporal_worker"]
    node = next((node for node in nodes if node["host"] == host), nodes[0] if nodes else None)
    if node is None:
        return ""
    variables = hostvars[node["host"]]
    bind = str(
        variables.get("temporal_worker_register_bind_address")
        or variables.get("temporal_worker_bind_address")
        or node["address"]
    ).strip("[]")
    address = node["address"] if bind in ("0.0.0.0", "::") else bind
    port = variables.get("temporal_worker_register_port") or node["port"]
    return "http://%s:%s" % (url_host(address), port)


def problems(groups: Groups, hostvars: Hostvars) -> list[str]:
    """Return what is wrong with the variables of orchestrators, one sentence each with its fix."""
    found: list[str] = []
    for host in groups.get(GROUP, []):
        found += _own_variables(host, hostvars[host])
    for host, wanted in orchestrators(groups, hostvars).items():
        block = wanted["block"]
        found += value_problems(block, NAMES)
        if "address" not in block:
            found.append(
                "%s of host %s is '': no host runs a frontend. Set it to the address of one." % (NAMES["address"], host)
            )
        if "worker_http_endpoint" not in block:
            found.append(
                "%s of host %s is '': no host runs a worker. Set it to the URL of one."
                % (NAMES["worker_http_endpoint"], host)
            )
        elif _is_elsewhere(host, block["worker_http_endpoint"], groups):
            found.append(
                "%s of host %s is %r: the worker takes registrations on loopback of another host. Set "
                "temporal_worker_register_bind_address or temporal_worker_bind_address of the worker to an address "
                "that the orchestrator reaches." % (NAMES["worker_http_endpoint"], host, block["worker_http_endpoint"])
            )
    return list(dict.fromkeys(found))


def _own_variables(host: str, variables: Variables) -> t.Iterator[str]:
    path = variables.get("aegis_orchestrator_config_path")
    service = variables.get("aegis_orchestrator_service")
    if path and not str(path).startswith("/"):
        name = "aegis_orchestrator_config_path of host %s" % host
        yield say(name, path, "not an absolute path", "Give the path of aegis-config.yaml on that host.")
    if not service:
        return
    name = "aegis_orchestrator_service of host %s" % host
    if not _UNIT.match(str(service)):
        yield say(name, service, "not the name of a systemd service", "Give a name such as aegis-orchestrator.")
    if not path:
        fix = "Set aegis_orchestrator_config_path to its aegis-config.yaml, or leave the service out."
        yield say(name, service, "nothing is written for it, so it would never be restarted", fix)


def _is_elsewhere(host: str, url: str, groups: Groups) -> bool:
    """Tell whether ``url`` is on loopback, while no worker runs on this host."""
    if host in groups.get("temporal_worker", []):
        return False
    try:
        name = urlsplit(url).hostname or ""
        return name == "localhost" or probe_address(name) in ("127.0.0.1", "::1")
    except ValueError:
        return False  # a host's name, or env:VARIABLE
