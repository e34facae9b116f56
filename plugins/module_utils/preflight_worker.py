# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that the variables of the role ``temporal_worker`` must follow before anything is changed."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import (
    base_url_problems,
    is_host_port,
    name_problems,
    say,
)
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_worker_listeners import addresses, port_ranges
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_worker_versioning import versioning

Settings = t.Mapping[str, t.Any]

LOG_LEVELS = ("trace", "debug", "info", "warn", "error")
# https://www.postgresql.org/docs/current/libpq-ssl.html, table "SSL Mode Descriptions"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# PostgreSQL cuts longer identifiers off in silence (NAMEDATALEN - 1).
_IDENTIFIER_LIMIT = 63
_HOST_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_VARIABLE_NAME = re.compile(r"^[A-Z][A-Z0-9_]*$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SECRET_NAME = re.compile(r"(PASSWORD|SECRET|TOKEN|PRIVATE_KEY)")
_FILE_REFERENCE = re.compile(r"_FILE$")
_KEYCLOAK = ("keycloak_host", "keycloak_realm", "keycloak_client_id", "keycloak_client_secret_is_set")
# Set by the role from variables of their own; a second source would win or lose by accident.
OWN_VARIABLES = frozenset(
    (
        "AEGIS_ORCHESTRATOR_URL",
        "AEGIS_RUNTIME_GRPC_URL",
        "API_ALLOWED_ADDRESSES",
        "API_TOKEN",
        "API_TOKEN_FILE",
        "DATABASE_POOL_SIZE",
        "DATABASE_URL",
        "HTTP_HOST",
        "HTTP_PORT",
        "HUMAN_TIMEOUT_SECONDS",
        "KEYCLOAK_CLIENT_ID",
        "KEYCLOAK_CLIENT_SECRET",
        "KEYCLOAK_CLIENT_SECRET_FILE",
        "KEYCLOAK_HOST",
        "KEYCLOAK_SYSTEM_REALM",
        "LOG_LEVEL",
        "MAX_CACHED_WORKFLOWS",
        "MAX_CONCURRENT_ACTIVITY_TASK_EXECUTIONS",
        "MAX_CONCURRENT_WORKFLOW_TASK_EXECUTIONS",
        "METRICS_BIND",
        "METRICS_PORT",
        "PGPASSFILE",
        "PORT",
        "REGISTER_ALLOWED_ADDRESSES",
        "REGISTER_HOST",
        "REGISTER_PORT",
        "SHUTDOWN_GRACE_SECONDS",
        "TEMPLATE_ESCAPE_EVERYWHERE",
        "TEMPORAL_ADDRESS",
        "TEMPORAL_BUILD_ID",
        "TEMPORAL_DEPLOYMENT_NAME",
        "TEMPORAL_NAMESPACE",
        "TEMPORAL_TASK_QUEUE",
        "WORKER_IDENTITY",
    )
)


def _problem(name: str, value: t.Any, wrong: str, fix: str) -> str:
    return say("temporal_worker_" + name, value, wrong, fix)


def _whole_numbers(settings: Settings) -> t.Iterator[str]:
    bounds = {
        "replicas": (1, 1000),
        "port": (1, 65535),
        "metrics_port": (1, 65535),
        # 0: no port of its own for the registration.
        "register_port": (0, 65535),
        "database_port": (1, 65535),
        "database_pool_size": (1, 1000),
        "max_concurrent_activities": (1, 100000),
        "max_concurrent_workflow_tasks": (1, 100000),
        "max_cached_workflows": (1, 1000000),
        # A year: what waits longer than that for people was forgotten.
        "human_timeout_seconds": (1, 31536000),
        # The upper bound is the worker's own.
        "shutdown_grace_seconds": (1, 86400),
        "stop_margin_seconds": (1, 86400),
        "health_timeout": (1, 3600),
    }
    for name, (least, most) in bounds.items():
        value = settings[name]
        if isinstance(value, bool) or not isinstance(value, int):
            yield _problem(name, value, "not a whole number", "Give a whole number from %d to %d." % (least, most))
        elif not least <= value <= most:
            yield _problem(name, value, "out of range", "Give a whole number from %d to %d." % (least, most))


def _endpoints(settings: Settings) -> t.Iterator[str]:
    if not is_host_port(settings["temporal_address"]):
        yield _problem(
            "temporal_address",
            settings["temporal_address"],
            "not host:port",
            "Give the address of a frontend such as 192.0.2.10:7233, or one name for several.",
        )
    # The worker tolerates a scheme here, so the role does.
    runtime = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", settings["runtime_grpc_url"])
    if not is_host_port(runtime):
        yield _problem(
            "runtime_grpc_url",
            settings["runtime_grpc_url"],
            "not host:port, and a gRPC address has no path",
            "Give the address of the AEGIS runtime such as 192.0.2.20:50051.",
        )
    examples = {"orchestrator_url": "http://192.0.2.20:8080", "keycloak_host": "https://keycloak.example.com"}
    for name, example in examples.items():
        if settings[name] or name == "orchestrator_url":
            yield from base_url_problems("temporal_worker_" + name, settings[name], example)


def _names(settings: Settings) -> t.Iterator[str]:
    for name in ("namespace", "task_queue"):
        yield from name_problems("temporal_worker_" + name, settings[name])
    if settings["log_level"] not in LOG_LEVELS:
        yield _problem("log_level", settings["log_level"], "not a level", "Give one of %s." % ", ".join(LOG_LEVELS))
    if not _HOST_NAME.match(settings["identity_host"]):
        yield _problem(
            "identity_host",
            settings["identity_host"],
            "not a plain host name",
            "Give letters, digits, dots, hyphens and underscores only.",
        )


def _database(settings: Settings) -> t.Iterator[str]:
    host = settings["database_host"]
    if not host or re.search(r"[\s/@,?#]", host):
        yield _problem("database_host", host, "not one address or name", "Give the address of the PostgreSQL server.")
    for name in ("database_name", "database_user"):
        value = settings[name]
        if not value or _CONTROL.search(value) or len(value.encode()) > _IDENTIFIER_LIMIT:
            yield _problem(
                name,
                value,
                "empty, longer than %d bytes, or with control characters in it" % _IDENTIFIER_LIMIT,
                "Give the name that the role postgres creates.",
            )
    if settings["database_sslmode"] not in SSL_MODES:
        yield _problem(
            "database_sslmode", settings["database_sslmode"], "not a mode", "Give one of %s." % ", ".join(SSL_MODES)
        )
    certificate = settings["database_ssl_root_certificate"]
    if settings["database_sslmode"] in ("verify-ca", "verify-full") and not certificate:
        yield _problem(
            "database_ssl_root_certificate",
            certificate,
            "temporal_worker_database_sslmode %r checks the server's certificate against it"
            % settings["database_sslmode"],
            "Give the path on the host of the authority's certificate.",
        )
    if certificate and not certificate.startswith("/"):
        yield _problem("database_ssl_root_certificate", certificate, "not an absolute path", "Begin it with a slash.")


def _secrets(settings: Settings) -> t.Iterator[str]:
    if not settings["database_password_is_set"]:
        yield (
            "temporal_worker_database_password is empty: the worker logs in with a password. "
            "Set it to the password of the login %r." % settings["database_user"]
        )
    given = [name for name in _KEYCLOAK if settings[name]]
    if given and len(given) < len(_KEYCLOAK):
        missing = [name.replace("_is_set", "") for name in _KEYCLOAK if not settings[name]]
        yield (
            "temporal_worker_%s is empty: the four variables of the Keycloak service account are set together or not "
            "at all. Set %s too, or none of the four."
            % (missing[0], " and ".join("temporal_worker_" + name for name in missing))
        )
    for name in settings["secrets_with_odd_characters"]:
        yield (
            "temporal_worker_%s begins or ends with a blank, or has a line break or another control character in it: "
            "it would not survive being read from a file. Give it without." % name
        )


def _environment(settings: Settings) -> t.Iterator[str]:
    extra = settings["extra_environment"]
    if not isinstance(extra, t.Mapping):
        yield _problem("extra_environment", extra, "not a dictionary", "Give names and values.")
        return
    for name, value in extra.items():
        if name in OWN_VARIABLES:
            yield _problem(
                "extra_environment",
                name,
                "the role sets this variable itself",
                "Use the role's own variable for it (see the role's README).",
            )
        elif not _VARIABLE_NAME.match(name):
            yield _problem("extra_environment", name, "not a name in capitals", "Give a name of the worker's settings.")
        elif _SECRET_NAME.search(name) and not _FILE_REFERENCE.search(name):
            yield _problem(
                "extra_environment",
                name,
                "by its name it is a secret, and the environment of a unit is readable by everyone",
                "Use the role's own variable for it, or a variable that names a file.",
            )
        elif _CONTROL.search(str(value)):
            yield _problem(
                "extra_environment", name, "its value has control characters in it", "Give one line of text."
            )


def problems(settings: Settings, versions: t.Mapping[str, t.Any]) -> list[str]:
    """Return what is wrong with the settings of one worker host, one sentence each, without any secret.

    Args:
        settings: The role's variables without their prefix, as ``__temporal_worker_settings`` in its vars/main.yml
            has them. Of secrets it holds only whether they are set.
        versions: What is under versions in roles/runtime/vars/versions.yml.
    """
    found = list(_whole_numbers(settings))
    if not found:
        found += port_ranges(settings)
    for rule in (_endpoints, _names, _database, _secrets, addresses, _environment):
        found += rule(settings)
    found += versioning(settings, versions)
    return found
