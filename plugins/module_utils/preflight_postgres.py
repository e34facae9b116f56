# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that the variables of the role ``postgres`` have to keep."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_access import access_problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_databases import database_problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_provider import (
    is_container,
    provider_problems,
)
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_settings import setting_problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import integer, say

# PostgreSQL's default of superuser_reserved_connections, which the role leaves alone.
SUPERUSER_RESERVED = 3


def problems(settings: t.Mapping[str, t.Any], versions: t.Mapping[str, t.Any]) -> list[str]:
    """Return every rule that is broken, one sentence each; empty when all is well.

    Args:
        settings: The role's variables by name. ``host`` (optional) is what ``postgres_inspection`` found on the host;
            without it the rules that need the host are left out.
        versions: ``minimum`` (int, oldest major version) and ``distribution`` (dict: Debian codename to its major
            version).
    """
    found: list[str] = []
    port = integer(settings.get("postgres_port"))
    managed = settings.get("postgres_mode") == "managed"
    lowest = 1 if managed else 1024
    if port is None or not lowest <= port <= 65535:
        found.append(
            say(
                "postgres_port",
                settings.get("postgres_port"),
                "no port that PostgreSQL can listen on without being root",
                "Give a number from %d to 65535." % lowest,
            )
        )
    found += database_problems(settings)
    if managed:
        if not settings.get("postgres_managed_host"):
            found.append(
                say("postgres_managed_host", "", "empty in mode 'managed'", "Give the server's name or address.")
            )
        if bool(settings.get("postgres_admin_user")) != bool(settings.get("postgres_admin_password")):
            found.append(
                "postgres_admin_user and postgres_admin_password belong together, but only one is set. "
                "Set both to create logins and databases, or none to check them only."
            )
        return found
    found += _version_problems(settings, versions)
    found += provider_problems(settings)
    found += _cluster_problems(settings, versions)
    found += access_problems(settings)
    found += _budget_problems(settings)
    found += setting_problems(settings)
    found += _host_problems(settings)
    return found


def _version_problems(settings: t.Mapping[str, t.Any], versions: t.Mapping[str, t.Any]) -> list[str]:
    wanted = str(settings.get("postgres_version") or "")
    repository = settings.get("postgres_repository")
    host = settings.get("host") or {}
    codename = host.get("codename")
    minimum = int(versions["minimum"])
    shipped = dict(versions["distribution"])
    found: list[str] = []
    number = integer(wanted)
    if wanted and (number is None or number < minimum):
        found.append(
            say(
                "postgres_version",
                wanted,
                "not a major version of at least %d" % minimum,
                "Leave it empty for the distribution's version, or give a number such as '17'.",
            )
        )
    if codename is not None and codename not in shipped:
        found.append(
            "The host runs %r: the role knows %s. Use one of them, or postgres_mode: managed."
            % (codename, ", ".join("Debian " + name for name in sorted(shipped)))
        )
    elif (
        codename is not None
        and not is_container(settings)
        and repository == "distribution"
        and wanted
        and not found
        and wanted != str(shipped[codename])
    ):
        found.append(
            say(
                "postgres_version",
                wanted,
                "Debian %s ships PostgreSQL %s" % (codename, shipped[codename]),
                "Leave it empty, or set postgres_repository: pgdg.",
            )
        )
    return found


def _cluster_problems(settings: t.Mapping[str, t.Any], versions: t.Mapping[str, t.Any]) -> list[str]:
    host = settings.get("host") or {}
    codename = host.get("codename")
    version = str(settings.get("postgres_version") or versions["distribution"].get(codename, ""))
    clusters = host.get("clusters") or []
    if not version or any(cluster["version"] == version for cluster in clusters):
        return []
    others = ["%s/%s" % (cluster["version"], cluster["name"]) for cluster in clusters]
    if not others:
        return []
    keep = "postgres_version: '%s'" % clusters[0]["version"]
    if clusters[0]["version"] != str(versions["distribution"].get(codename)):
        keep += " and postgres_repository: pgdg"
    return [
        say(
            "postgres_version",
            version,
            "the host already has the cluster %s, whose data a new and empty cluster would leave behind"
            % ", ".join(others),
            "Upgrade it first (pg_upgradecluster), or keep it with %s." % keep,
        )
    ]


def _budget_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    limit = integer(settings.get("postgres_max_connections"))
    demand = integer(settings.get("postgres_connection_demand"))
    reserve = integer(settings.get("postgres_connection_reserve"))
    found: list[str] = []
    for name, value in (
        ("postgres_max_connections", limit),
        ("postgres_connection_demand", demand),
        ("postgres_connection_reserve", reserve),
    ):
        if value is None or value < 0:
            found.append(say(name, settings.get(name), "not a number of connections", "Give a whole number."))
    if limit is None or demand is None or reserve is None:
        return found
    need = demand + reserve + SUPERUSER_RESERVED
    if limit < need:
        found.append(
            say(
                "postgres_max_connections",
                limit,
                "the inventory's pools can open %d connections, %d are kept in reserve and %d for superusers"
                % (demand, reserve, SUPERUSER_RESERVED),
                "Set at least %d (restarts PostgreSQL), or make the pools smaller "
                "(temporal_sql_max_conns, temporal_visibility_sql_max_conns)." % need,
            )
        )
    return found


def _host_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    host = settings.get("host") or {}
    found: list[str] = []
    port = integer(settings.get("postgres_port"))
    listen = [str(entry) for entry in settings.get("postgres_listen_addresses") or []]
    wildcards = ("*", "0.0.0.0", "::")
    own_processes = {cluster["pid"] for cluster in host.get("clusters") or [] if cluster["pid"]}
    taken = [
        entry
        for entry in host.get("listeners") or []
        if not own_processes.intersection(entry["pids"])
        and (entry["address"] in wildcards + tuple(listen) or any(mine in wildcards for mine in listen))
    ]
    for entry in taken[:1]:
        found.append(
            say(
                "postgres_port",
                port,
                "%s already listens on %s:%s" % (entry["process"] or "another process", entry["address"], port),
                "Stop it, or set another port.",
            )
        )
    free = integer(host.get("free_mb"))
    least = integer(settings.get("postgres_minimum_free_mb"))
    if free is not None and least is not None and free < least:
        found.append(
            say(
                "postgres_minimum_free_mb",
                least,
                "the disk under /var/lib/postgresql has only %d MB left" % free,
                "Make room on the host before the database stops, or lower the limit.",
            )
        )
    return found
