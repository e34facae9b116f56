# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a managed server has to offer before the role ``postgres`` accepts it."""

from __future__ import annotations

import typing as t


def managed_problems(
    answers: t.Sequence[t.Mapping[str, t.Any]],
    settings: t.Mapping[str, t.Any],
    versions: t.Mapping[str, t.Any],
) -> list[str]:
    """Return what is wrong with the databases of a managed server, one sentence each.

    Args:
        answers: One per database, as registered from a looped ``community.postgresql.postgresql_query``: ``item`` (the
            database's name, or empty for the administrator) and either ``query_all_results`` (whose first row has
            ``answer``, the row of roles/postgres/files/managed.sql) or ``msg``, the reason of the failure.
        settings: ``postgres_databases``, ``postgres_managed_host``, ``postgres_port``, ``postgres_connection_demand``,
            ``postgres_connection_reserve``, ``postgres_admin_user`` and ``postgres_admin_database``.
        versions: ``minimum``: the oldest major version.
    """
    server = "%s:%s" % (settings["postgres_managed_host"], settings["postgres_port"])
    databases = {str(entry["name"]): entry for entry in settings["postgres_databases"]}
    administrator = {
        "name": settings.get("postgres_admin_database"),
        "owner": settings.get("postgres_admin_user"),
        "password_variable": "postgres_admin_password",
    }
    need = int(settings["postgres_connection_demand"]) + int(settings["postgres_connection_reserve"])
    minimum = int(versions["minimum"])
    found: list[str] = []
    for answer in answers:
        name = str(answer["item"])
        entry = databases[name] if name else administrator
        variable = entry.get("password_variable") or "postgres_databases[%s].password" % name
        if "query_all_results" not in answer:
            found.append(
                _connection_problem(
                    str(answer.get("msg", "")), str(entry["name"]), str(entry["owner"]), variable, server
                )
            )
            continue
        row = answer["query_all_results"][0][0]["answer"]
        found += _server_problems(row, server, need, minimum)
        if name:
            found += _managed_database_problems(row, entry, server)
    # What concerns the server is seen once per database.
    return list(dict.fromkeys(found))


def _connection_problem(message: str, name: str, owner: str, variable: str, server: str) -> str:
    text = " ".join(message.split())
    if "password authentication failed" in text:
        return "%s: %s refuses the password of login %r. Set the password that this login has there." % (
            variable,
            server,
            owner,
        )
    if "does not exist" in text and "database" in text:
        return (
            "postgres_databases names the database %r, which %s does not have. Create it with owner %r, or set "
            "postgres_admin_user and postgres_admin_password so that the role does." % (name, server, owner)
        )
    if "no pg_hba.conf entry" in text:
        return "%s does not let login %r into database %r from this host: %s. Allow this host there." % (
            server,
            owner,
            name,
            text,
        )
    return "Database %r of %s cannot be reached as login %r: %s. Check postgres_managed_host and postgres_port." % (
        name,
        server,
        owner,
        text,
    )


def _server_problems(row: t.Mapping[str, t.Any], server: str, need: int, minimum: int) -> list[str]:
    found: list[str] = []
    if int(row["version"]) < minimum * 10000:
        found.append(
            "%s runs PostgreSQL %d: Temporal needs %d or newer. Upgrade the server."
            % (server, int(row["version"]) // 10000, minimum)
        )
    usable = int(row["max_connections"]) - int(row["reserved_connections"])
    if usable < need:
        found.append(
            "max_connections of %s leaves %d connections for logins, but the inventory's pools and the reserve ask for "
            "%d. Raise it there, or make the pools smaller (temporal_sql_max_conns, temporal_visibility_sql_max_conns)."
            % (server, usable, need)
        )
    return found


def _managed_database_problems(row: t.Mapping[str, t.Any], entry: t.Mapping[str, t.Any], server: str) -> list[str]:
    name = entry["name"]
    owner = entry["owner"]
    found: list[str] = []
    if row["encoding"] != "UTF8":
        found.append(
            "Database %r of %s has the encoding %s: Temporal stores UTF8. Create it anew with ENCODING 'UTF8'."
            % (name, server, row["encoding"])
        )
    if not row["can_create"]:
        found.append(
            "Login %r may not create schemas in database %r of %s, so it can neither migrate nor add an extension. "
            "Make it the database's owner there." % (owner, name, server)
        )
    for extension in entry.get("extensions") or []:
        if extension in row["installed"]:
            continue
        if extension not in row["available"]:
            found.append(
                "Database %r of %s has no extension %s and the server does not offer it. Ask its operator for it."
                % (name, server, extension)
            )
        elif not (row["available"][extension] and row["can_create"]):
            found.append(
                "Database %r of %s has no extension %s and login %r may not create it. Run there as an administrator: "
                "CREATE EXTENSION %s." % (name, server, extension, owner, extension)
            )
    return found
