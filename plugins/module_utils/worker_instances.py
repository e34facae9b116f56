# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ``temporal_worker`` derives from its variables: instances, environment, database URL, needs."""

from __future__ import annotations

import ipaddress
import typing as t
from urllib.parse import quote, urlencode

Settings = t.Mapping[str, t.Any]

UNIT = "aegis-temporal-worker"


def url_host(address: str) -> str:
    """Return ``address`` as it stands in a URL: with brackets around IPv6."""
    bare = address.strip("[]")
    return "[%s]" % bare if ":" in bare else bare


def probe_address(bind_address: str) -> str:
    """Return the address under which this host itself reaches what listens on ``bind_address``."""
    address = ipaddress.ip_address(bind_address.strip("[]"))
    if not address.is_unspecified:
        return str(address)
    return "127.0.0.1" if address.version == 4 else "::1"


def instances(settings: Settings) -> list[dict[str, t.Any]]:
    """Return one item for each instance of a host, in order of start.

    Each has ``name`` (the unit's instance, "0" and up), ``unit``, ``port``, ``metrics_port``, ``register_port`` (that
    takes registrations: ``port`` where they have none of their own), ``identity`` (the poller's name in Temporal) and
    ``url`` (of the API, as this host reaches it).

    Raises:
        ValueError: ``bind_address`` is no IP address.
    """
    host = url_host(probe_address(settings["bind_address"]))
    return [
        {
            "name": str(index),
            "unit": "%s@%d.service" % (UNIT, index),
            "port": settings["port"] + index,
            "metrics_port": settings["metrics_port"] + index,
            "register_port": (settings["register_port"] or settings["port"]) + index,
            "identity": "%s:%d" % (settings["identity_host"], settings["port"] + index),
            "url": "http://%s:%d" % (host, settings["port"] + index),
        }
        for index in range(settings["replicas"])
    ]


def register_address(settings: Settings) -> str:
    """Return the address that takes registrations, without brackets: the API's where they have none of their own."""
    return str(settings["register_bind_address"] or settings["bind_address"]).strip("[]")


def registers_apart(settings: Settings) -> bool:
    """Tell whether registrations have a listener of their own."""
    return bool(settings["register_bind_address"] or settings["register_port"])


def urls(settings: Settings, host_address: str) -> dict[str, list[str]]:
    """Return base URLs of the instances, as the other hosts reach this one under ``host_address``.

    ``api`` and ``register`` are what they say; ``health`` is whichever of them answers probes from other hosts: a
    listener of their own for registrations does so while the API is on loopback.

    Raises:
        ValueError: ``bind_address`` or ``register_bind_address`` is no IP address.
    """

    def reached(bind_address: str) -> str:
        address = ipaddress.ip_address(bind_address)
        return host_address if address.is_unspecified else str(address)

    def of(address: str, key: str) -> list[str]:
        return ["http://%s:%d" % (url_host(address), instance[key]) for instance in instances(settings)]

    api, register = (reached(item) for item in (settings["bind_address"].strip("[]"), register_address(settings)))
    found = {"api": of(api, "port"), "register": of(register, "register_port")}
    return {**found, "health": found["register" if _is_loopback(api) and not _is_loopback(register) else "api"]}


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False  # a host's name in the inventory


def database_url(settings: Settings) -> str:
    """Return the URL of the worker's database, without a password."""
    query = {"sslmode": settings["database_sslmode"]}
    if settings["database_ssl_root_certificate"]:
        query["sslrootcert"] = settings["database_ssl_root_certificate"]
    return "postgresql://%s@%s:%d/%s?%s" % (
        quote(settings["database_user"], safe=""),
        url_host(settings["database_host"]),
        settings["database_port"],
        quote(settings["database_name"], safe=""),
        urlencode(query, safe="/"),
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that all instances of a host share; none is secret."""
    variables = {
        "TEMPORAL_ADDRESS": settings["temporal_address"],
        "TEMPORAL_NAMESPACE": settings["namespace"],
        "TEMPORAL_TASK_QUEUE": settings["task_queue"],
        "DATABASE_URL": database_url(settings),
        "DATABASE_POOL_SIZE": settings["database_pool_size"],
        "AEGIS_RUNTIME_GRPC_URL": settings["runtime_grpc_url"],
        "AEGIS_ORCHESTRATOR_URL": settings["orchestrator_url"],
        "HTTP_HOST": settings["bind_address"].strip("[]"),
        "METRICS_BIND": settings["metrics_bind_address"].strip("[]"),
        "API_ALLOWED_ADDRESSES": ",".join(str(item) for item in settings["api_allowed_addresses"]),
        "REGISTER_ALLOWED_ADDRESSES": ",".join(str(item) for item in settings["register_allowed_addresses"]),
        "SHUTDOWN_GRACE_SECONDS": settings["shutdown_grace_seconds"],
        "LOG_LEVEL": settings["log_level"],
        "MAX_CONCURRENT_ACTIVITY_TASK_EXECUTIONS": settings["max_concurrent_activities"],
        "MAX_CONCURRENT_WORKFLOW_TASK_EXECUTIONS": settings["max_concurrent_workflow_tasks"],
        "MAX_CACHED_WORKFLOWS": settings["max_cached_workflows"],
        "HUMAN_TIMEOUT_SECONDS": settings["human_timeout_seconds"],
        "TEMPLATE_ESCAPE_EVERYWHERE": "true" if settings["template_escape_everywhere"] else "false",
    }
    if settings["register_bind_address"]:
        variables["REGISTER_HOST"] = register_address(settings)
    if settings["deployment_name"]:
        variables["TEMPORAL_DEPLOYMENT_NAME"] = settings["deployment_name"]
        variables["TEMPORAL_BUILD_ID"] = settings["build_id"]
    if settings["keycloak_host"]:
        variables["KEYCLOAK_HOST"] = settings["keycloak_host"]
        variables["KEYCLOAK_SYSTEM_REALM"] = settings["keycloak_realm"]
        variables["KEYCLOAK_CLIENT_ID"] = settings["keycloak_client_id"]
    variables.update(settings["extra_environment"])
    return {name: str(value) for name, value in variables.items()}


def unit_environment(settings: Settings, credentials: t.Iterable[t.Mapping[str, str]]) -> dict[str, str]:
    """Return `environment` as a systemd unit takes it, and the names of the files with the secrets.

    ``credentials`` are items with ``id`` (of the credential) and ``variable`` (that names its file).
    """
    # systemd.unit(5): a percent sign begins a specifier, two stand for one.
    variables = {name: value.replace("%", "%%") for name, value in environment(settings).items()}
    variables.update((item["variable"], "%d/" + item["id"]) for item in credentials)
    return variables


def exec_start(settings: Settings) -> str:
    """Return the command line of the template unit.

    systemd cannot add numbers, and one file with variables per instance would have to be written and removed with the
    instances. So the shell works the ports out and then replaces itself by the worker.
    """
    ports = {"PORT": settings["port"], "METRICS_PORT": settings["metrics_port"]}
    if settings["register_port"]:
        ports["REGISTER_PORT"] = settings["register_port"]
    # systemd.service(5): two dollar signs stand for one.
    script = "%s; export %s WORKER_IDENTITY=%s:$$PORT; exec %s/temporal-worker/current/bin/aegis-temporal-worker" % (
        " ".join("%s=$$((%d + %%i))" % item for item in ports.items()),
        " ".join(ports),
        settings["identity_host"],
        settings["install_root"],
    )
    return "/bin/sh -c '%s'" % script


def health(settings: Settings) -> list[dict[str, t.Any]]:
    """Return the health checks of the template unit for the role ``runtime``.

    The worker answers 200 only while it polls its task queue and reaches both Temporal and PostgreSQL.

    Raises:
        ValueError: ``bind_address`` is no IP address.
    """
    host = url_host(probe_address(settings["bind_address"]))
    return [{"url": "http://%s:{instance+%d}/health" % (host, settings["port"]), "status": 200}]


def host_needs(settings: Settings) -> dict[str, list[dict[str, t.Any]]]:
    """Return ``ports`` and ``paths`` for the module ``host_preflight``.

    Raises:
        ValueError: ``bind_address`` is no IP address.
    """
    # Key of the instance, variable that the number comes from, address.
    listeners = [
        ("port", "port", settings["bind_address"]),
        ("metrics_port", "metrics_port", settings["metrics_bind_address"]),
    ]
    if registers_apart(settings):
        variable = "register_port" if settings["register_port"] else "port"
        listeners.append(("register_port", variable, register_address(settings)))
    ports = [
        {
            "port": instance[name],
            "address": address.strip("[]"),
            "unit": instance["unit"],
            "variable": "temporal_worker_%s%s" % (variable, " + %d" % index if index else ""),
        }
        for index, instance in enumerate(instances(settings))
        for name, variable, address in listeners
    ]
    paths = [
        {
            "path": settings["install_root"],
            "minimum_free_bytes": settings["minimum_free_bytes"],
            "variable": "runtime_install_root",
        }
    ]
    return {"ports": ports, "paths": paths}
