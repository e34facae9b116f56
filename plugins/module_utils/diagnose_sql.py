# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a store's database for a diagnosis: one short query per question, read only, each with a deadline."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils import cluster_members
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import (
    Database,
    where,
)
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError

Store = t.Mapping[str, t.Any]
Ask = t.Callable[[str], t.List[t.Tuple[t.Any, ...]]]

_IDENTITY = "SELECT oid::text || ' ' || pg_postmaster_start_time() FROM pg_database WHERE datname = current_database()"
_SERVER = "SELECT coalesce(inet_server_addr()::text, 'local') || ' ' || pg_postmaster_start_time()"
_VERSION = "SELECT curr_version FROM schema_version ORDER BY db_name = current_database() DESC LIMIT 1"
_HAS_VERSION = "SELECT to_regclass('schema_version') IS NOT NULL"
_TABLES = (
    "SELECT name FROM unnest(array['executions_visibility', 'current_executions']) name"
    " WHERE to_regclass(name) IS NOT NULL"
)
_EXTENSION = (
    "SELECT nspname, nspname = ANY(current_schemas(true)), current_schemas(true)"
    " FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'btree_gin'"
)
_INVALID = (
    "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE NOT indisvalid AND relnamespace = 'public'::regnamespace"
    # One that is being built is not valid yet.
    " AND indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)"
)
_READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'"
_USABLE = (
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
    " count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR state IS NULL AND datid IS NOT NULL"
)
_SESSIONS = (
    "SELECT pid, usename, application_name, state, extract(epoch FROM now() - CASE WHEN state = 'active'"
    " THEN query_start ELSE state_change END)::float, pg_blocking_pids(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND state IS NOT NULL"
    " AND now() - CASE WHEN state = 'active' THEN query_start ELSE state_change END > interval '30 s'"
    " AND (state = 'active' OR state LIKE 'idle in transaction%') LIMIT 50"
)
_HIDDEN = (
    "SELECT DISTINCT usename FROM pg_stat_activity"
    " WHERE state IS NULL AND datid IS NOT NULL AND usename <> current_user"
)
_SETTINGS = "SELECT name, setting, unit FROM pg_settings WHERE source NOT IN ('default', 'override') OR name IN " + str(
    ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "max_connections", "server_version")
)
_SLOTS = (
    "SELECT slot_name, active, coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN"
    " pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint FROM pg_replication_slots"
)
_BIG_TABLES = (
    "SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid), coalesce(greatest(last_vacuum,"
    " last_autovacuum)::text, 'never') FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT 15"
)
_AGE = "SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()"


def read(store: Store, timeout: int) -> dict[str, t.Any]:
    """Return what a store's database tells; ``errors`` has what it would not. ``timeout`` is in seconds."""
    found: dict[str, t.Any] = {"where": where(store), "reached": False, "error": None, "errors": []}
    try:
        database = Database(store, timeout, timeout)
    except SchemaError as error:
        found["error"] = str(error)
        return found
    found["reached"] = True

    def attempt(take: t.Callable[[Ask], dict[str, t.Any]]) -> None:
        try:
            found.update(take(database.ask))
        except SchemaError as error:
            found["errors"].append(str(error))

    try:
        for take in (_schema, _state, _connections, _sessions, _maintenance):
            attempt(take)
    finally:
        database.close()
    if store["name"] == "default" and "current_executions" in found.get("tables", ()):
        try:
            found["members"] = cluster_members.read_members(_for_members(store), timeout)
        except Problem as problem:
            found["errors"].append(str(problem))
    return found


def _for_members(store: Store) -> dict[str, t.Any]:
    tls = store["tls"]
    mode = "prefer" if not tls["enabled"] else "verify-full" if tls["verify_host"] and tls["ca_file"] else "require"
    names = {"host": "host", "port": "port", "name": "database", "user": "user", "password": "password"}
    return {**{ours: store[theirs] for ours, theirs in names.items()}, "sslmode": mode, "ca_path": tls["ca_file"]}


def _schema(ask: Ask) -> dict[str, t.Any]:
    version = ask(_VERSION) if ask(_HAS_VERSION)[0][0] else []
    extension = ask(_EXTENSION)
    return {
        "identity": str(ask(_IDENTITY)[0][0]),
        "server": str(ask(_SERVER)[0][0]),
        "schema_version": str(version[0][0]) if version else None,
        "tables": [str(name) for (name,) in ask(_TABLES)],
        "invalid_indexes": [str(name) for (name,) in ask(_INVALID)],
        "btree_gin": {
            "schema": str(extension[0][0]),
            "visible": bool(extension[0][1]),
            "searched": _names(extension[0][2]),
        }
        if extension
        else None,
    }


def _names(value: t.Any) -> list[str]:
    # psycopg2 knows no arrays of the type name and returns their text.
    return [str(name) for name in value] if isinstance(value, list) else str(value).strip("{}").split(",")


def _state(ask: Ask) -> dict[str, t.Any]:
    return {
        "read_only": bool(ask(_READ_ONLY)[0][0]),
        "settings": {str(name): "%s%s" % (value, unit or "") for name, value, unit in ask(_SETTINGS)},
        "slots": [{"name": str(name), "active": bool(on), "bytes": int(count)} for name, on, count in ask(_SLOTS)],
    }


def _connections(ask: Ask) -> dict[str, t.Any]:
    usable, used = ask(_USABLE)[0]
    return {"usable_connections": int(usable), "used_connections": int(used)}


def _sessions(ask: Ask) -> dict[str, t.Any]:
    return {
        "hidden_logins": [str(name) for (name,) in ask(_HIDDEN)],
        "sessions": [
            {
                "pid": int(pid),
                "login": str(login),
                "application": str(application),
                "state": str(state),
                "seconds": float(seconds),
                "blocked_by": [int(other) for other in blocked],
            }
            for pid, login, application, state, seconds, blocked in ask(_SESSIONS)
        ],
    }


def _maintenance(ask: Ask) -> dict[str, t.Any]:
    return {
        "transaction_age": int(ask(_AGE)[0][0]),
        "big_tables": [
            {"name": str(name), "live": int(live), "dead": int(dead), "bytes": int(count), "vacuumed": str(vacuumed)}
            for name, live, dead, count, vacuumed in ask(_BIG_TABLES)
        ],
    }
