# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a Temporal server's host is given: both configuration files, command line, health checks."""

from __future__ import annotations

import copy
import ipaddress
import math
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.dynamic_config import normalized
from ansible_collections.aegis.temporal.plugins.module_utils.sql_password import config_fields
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import (
    DEFAULT_PORTS,
    HEALTH_NAMES,
    SERVICES,
    WORKER_HEALTH_SINCE,
    Settings,
    endpoint,
    minor,
    ports,
    seconds,
    uses_internal_frontend,
)

REDACTED = "********"
# Fields whose value is a secret. The server's own masker knows the first two (common/masker of the server).
_SECRET_FIELDS = {"password", "keyData", "clientSecret"}

# --config-file exists from this minor on; before, a directory and the name of a file in it.
_CONFIG_FILE_SINCE = (1, 30)

_DYNAMIC_DEFAULTS = {
    # All of these are 0 in the server, which then drops calls in flight at every restart.
    "frontend.shutdownFailHealthCheckDuration": "3s",
    "frontend.shutdownDrainDuration": "5s",
    "history.shutdownDrainDuration": "5s",
    "matching.shutdownDrainDuration": "5s",
    # Without it, calls to a history process that was away for a while and is back wait until gRPC dials its address
    # again, up to 12 s (common/rpc of the server), and a worker cannot report a command before its heartbeat runs out.
    # A client that caches owners dials at once (client/history/caching_redirector.go). It is read at the start.
    "history.clientOwnershipCachingEnabled": True,
}
# How long such a client keeps an owner that is none any more, in place of 30 s: a dead one does not say so.
_OWNER_TTL = {"history.clientOwnershipCachingUnusedTTL": "1s"}
_OWNER_TTL_SINCE = (1, 28)
# Without it, calls to a peer whose network was cut wait until they run out, and what is sent again after the network is
# back waits for TCP's next try, which comes ever later. Linux then ends a connection on which something was not
# acknowledged for keepAliveTimeout (SetTCPUserTimeout in google.golang.org/grpc). That has to be later than the ring
# gives the peer up: calls that fail before are sent to it once more, and wait for 20 s for a connection. The ring needs
# 11 to 20 s: up to 6.5 s for each of the peer's services that it asks first, then 5 s (swim of temporalio/ringpop-go).
_KEEPALIVE_DEFAULT = {"system.enableInternodeClientKeepAlive": True}
# Pings, which nothing here needs, are as rare as a peer permits that was not told to expect them: 5 min at the least.
_KEEPALIVE = {"keepAliveClientParameters": {"keepAliveTime": "10m", "keepAliveTimeout": "22s"}}
_KEEPALIVE_SINCE = (1, 29)
# service/{history,matching}/service.go and common/membership/ringpop of the server: a change of the ring needs 3 s to
# spread, once before and once after it is due; history then closes its shards (2 s); calls get 2 s to return.
_RING_CHANGE_SECONDS = 6
_SHARD_CLOSE_SECONDS = 2
_RETURN_SECONDS = 2
# What is left for everything that has no setting: connections, the scheduler of a busy host.
_STOP_MARGIN_SECONDS = 30


def _store(settings: Settings, prefix: str, conns: str) -> dict[str, t.Any]:
    tls = settings["temporal_database_tls"]
    sql: dict[str, t.Any] = {
        "pluginName": settings["temporal_database_plugin"],
        "databaseName": settings[prefix + "_name"],
        "connectAddr": endpoint(str(settings[prefix + "_host"]), int(settings[prefix + "_port"])),
        "connectProtocol": "tcp",
        "user": settings[prefix + "_user"],
        **config_fields(str(settings[prefix + "_password"])),
        "maxConns": int(settings[conns]),
        "maxIdleConns": int(settings[conns]),
        "maxConnLifetime": settings["temporal_sql_max_conn_lifetime"],
    }
    if tls.get("enabled", False):
        sql["tls"] = {"enabled": True, "enableHostVerification": bool(tls.get("verify_host", True))}
        for ours, theirs in (("ca_file", "caFile"), ("cert_file", "certFile"), ("key_file", "keyFile")):
            if tls.get(ours):
                sql["tls"][theirs] = tls[ours]
    return {"sql": sql}


def client_connection(version: str) -> dict[str, t.Any]:
    """Return what a service's ``rpc`` says of how the others connect to it; before 1.29 nothing can be said."""
    return {"clientConnectionConfig": copy.deepcopy(_KEEPALIVE)} if minor(version) >= _KEEPALIVE_SINCE else {}


def _services(settings: Settings) -> dict[str, t.Any]:
    # Every node names all services: the server looks up the ports of services that run elsewhere, too.
    # internal-frontend only where the cluster has one, because its mere presence reroutes the service worker.
    wanted = [name for name in SERVICES if name != "internal-frontend" or uses_internal_frontend(settings)]
    result = {}
    for name in wanted:
        own = ports(settings, name)
        rpc: dict[str, t.Any] = {
            "grpcPort": own["grpc_port"],
            "membershipPort": own["membership_port"],
            "bindOnIP": str(settings["temporal_bind_address"]),
        }
        if own.get("http_port"):
            rpc["httpPort"] = own["http_port"]
        rpc.update(client_connection(str(settings["temporal_version"])))
        result[name] = {"rpc": rpc}
    return result


def merged(base: t.Mapping[str, t.Any], overrides: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return ``base`` with ``overrides`` merged in at every depth; lists and scalars are replaced."""
    result = dict(copy.deepcopy(base))
    for key, value in overrides.items():
        if isinstance(value, t.Mapping) and isinstance(result.get(key), t.Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def server_config(settings: Settings) -> dict[str, t.Any]:
    """Return the server's main configuration, secrets included.

    The keys used here mean the same from server 1.24 to 1.32. There is no publicClient: the service worker then finds
    the frontends, or the internal ones, through the membership ring.
    """
    metrics_port = int(settings["temporal_metrics_port"])
    off = {"state": "disabled", "enableRead": False}
    config: dict[str, t.Any] = {
        "log": {"stdout": True, "level": settings["temporal_log_level"], "format": "json"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": int(settings["temporal_num_history_shards"]),
            "datastores": {
                "default": _store(settings, "temporal_database", "temporal_sql_max_conns"),
                "visibility": _store(settings, "temporal_visibility_database", "temporal_visibility_sql_max_conns"),
            },
        },
        "global": {
            "membership": {
                "maxJoinDuration": "30s",
                "broadcastAddress": str(settings["temporal_broadcast_address"]),
            },
        },
        "services": _services(settings),
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": settings["temporal_cluster_name"],
            "currentClusterName": settings["temporal_cluster_name"],
            "clusterInformation": {
                settings["temporal_cluster_name"]: {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    # Only other clusters dial this address. The same text on all nodes, as upstream has it: every
                    # node writes its own to the database at start.
                    "rpcAddress": endpoint("127.0.0.1", DEFAULT_PORTS["frontend"]["grpc_port"]),
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "archival": {"history": dict(off), "visibility": dict(off)},
        "namespaceDefaults": {"archival": {"history": {"state": "disabled"}, "visibility": {"state": "disabled"}}},
        "dynamicConfigClient": {
            "filepath": settings["temporal_dynamic_config_path"],
            "pollInterval": settings["temporal_dynamic_config_poll_interval"],
        },
    }
    if metrics_port:
        config["global"]["metrics"] = {
            "prometheus": {
                "framework": "tally",
                "timerType": "histogram",
                "listenAddress": endpoint(str(settings["temporal_metrics_bind_address"]), metrics_port),
            }
        }
    return merged(config, settings["temporal_config_overrides"])


def redacted(config: t.Any) -> t.Any:
    """Return ``config`` with every secret replaced, at every depth."""
    if isinstance(config, t.Mapping):
        return {key: REDACTED if key in _SECRET_FIELDS and value else redacted(value) for key, value in config.items()}
    if isinstance(config, list):
        return [redacted(item) for item in config]
    return config


def dynamic_config(settings: Settings) -> dict[str, list[t.Any]]:
    """Return the dynamic configuration file: the role's defaults, then the user's keys in place of or beside them.

    A plain value stands for one entry without constraints.
    """
    defaults = dict(_DYNAMIC_DEFAULTS)
    if minor(settings["temporal_version"]) >= _OWNER_TTL_SINCE:
        defaults.update(_OWNER_TTL)
    if minor(settings["temporal_version"]) >= _KEEPALIVE_SINCE:
        defaults.update(_KEEPALIVE_DEFAULT)
    return normalized({**defaults, **settings["temporal_dynamic_config"]})


def _longest(dynamic: t.Mapping[str, list[t.Any]], key: str) -> float:
    return max((seconds(entry["value"]) for entry in dynamic.get(key, [])), default=0.0)


def stop_timeout(settings: Settings) -> int:
    """Return the seconds that this host's server may take to stop: its services drain one after the other."""
    dynamic = dynamic_config(settings)
    total = float(_STOP_MARGIN_SECONDS)
    for service in settings["temporal_services"]:
        keys = "frontend" if service == "internal-frontend" else service
        drain = _longest(dynamic, keys + ".shutdownDrainDuration")
        align = _longest(dynamic, keys + ".alignMembershipChange")
        total += _RETURN_SECONDS + drain
        if keys == "frontend":
            total += _longest(dynamic, "frontend.shutdownFailHealthCheckDuration")
        elif align:
            total += _RING_CHANGE_SECONDS + align
        if service == "history":
            total += _SHARD_CLOSE_SECONDS
    return math.ceil(total)


def start_command(settings: Settings, binary: str) -> str:
    """Return ExecStart= of the unit. %d is systemd's directory of the credential temporal.yaml."""
    arguments = [binary]
    if minor(settings["temporal_version"]) >= _CONFIG_FILE_SINCE:
        arguments += ["--config-file", "%d/temporal.yaml"]
    else:
        arguments += ["--root", "/", "--config", "%d", "--env", "temporal"]
    authorization = ((settings["temporal_config_overrides"].get("global") or {}).get("authorization")) or {}
    if not authorization.get("authorizer"):
        # The server logs a warning at every start without it and announces that it will be needed.
        arguments.append("--allow-no-auth")
    arguments.append("start")
    for service in settings["temporal_services"]:
        arguments += ["--service", service]
    return " ".join(arguments)


def local_address(address: str) -> str:
    """Return the address at which this host reaches what listens on ``address``."""
    parsed = ipaddress.ip_address(address)
    if not parsed.is_unspecified:
        return address
    return "127.0.0.1" if parsed.version == 4 else "::1"


def health_targets(settings: Settings) -> list[dict[str, str]]:
    """Return the services of this host that have gRPC health, as the module C(service_health) takes them."""
    address = local_address(str(settings["temporal_bind_address"]))
    return [
        {"service": service, "address": endpoint(address, ports(settings, service)["grpc_port"])}
        for service in settings["temporal_services"]
        if service != "worker" or minor(settings["temporal_version"]) >= WORKER_HEALTH_SINCE
    ]


def health_checks(settings: Settings, probe: str) -> list[dict[str, t.Any]]:
    """Return what has to answer before this host's server counts as healthy: every service by its own name."""
    result: list[dict[str, t.Any]] = []
    for target in health_targets(settings):
        argv = [probe, "-addr=" + target["address"]]
        argv += ["-service=" + HEALTH_NAMES[target["service"]], "-connect-timeout=2s", "-rpc-timeout=5s"]
        result.append({"argv": argv})
    metrics = metrics_url(settings)
    if not result and metrics:
        # A host with nothing but an old service worker: that its process is up and serves metrics is all there is.
        result.append({"url": metrics, "status": 200})
    return result


def metrics_url(settings: Settings) -> str:
    """Return where this host reaches its own server's metrics; empty where it serves none."""
    port = int(settings["temporal_metrics_port"])
    address = local_address(str(settings["temporal_metrics_bind_address"]))
    return "http://%s/metrics" % endpoint(address, port) if port else ""


def deployment(settings: Settings) -> dict[str, t.Any]:
    """Return everything the role's tasks put on the host; see the functions of this module."""
    config = server_config(settings)
    return {
        "config": config,
        "redacted": redacted(config),
        "dynamic_config": dynamic_config(settings),
        "exec_start": start_command(settings, settings["temporal_binary"]),
        "health_targets": health_targets(settings),
        "health": health_checks(settings, settings["temporal_probe_binary"]),
        "stop_timeout": stop_timeout(settings),
    }


def own_http_urls(settings: Settings) -> list[str]:
    """Return the URL of this host's HTTP API, as a list that is empty when it has none."""
    port = ports(settings, "frontend")["http_port"]
    if "frontend" not in settings["temporal_services"] or not port:
        return []
    return ["http://" + endpoint(str(settings["temporal_broadcast_address"]), port)]
