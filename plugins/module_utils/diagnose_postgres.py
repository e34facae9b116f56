# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known problems of the database server: connections, sessions, maintenance, durability."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    NOTE,
    PROBLEM,
    WARNING,
    Facts,
    Finding,
    Findings,
    Problem,
    number,
    server_thread,
    size,
)

# Seconds. No statement of the server takes that long; its own timeouts are 10 s.
LONG_QUERY = 60.0
LONG_IDLE = 60.0
# Parts of max_connections.
_NEARLY_ALL = 0.9
# Dead rows beside live ones; autovacuum begins at a fifth (autovacuum_vacuum_scale_factor).
_DEAD_RATIO = 0.5
_DEAD_ROWS = 100_000
# PostgreSQL forces a vacuum at 200 million (autovacuum_freeze_max_age) and stops at 2 billion.
_OLD_TRANSACTIONS = 1_000_000_000
_SLOT_BYTES = 5 * 1024**3
_POSTGRES = "https://www.postgresql.org/docs/current/"

PROBLEMS = (
    Problem(
        "database_unreachable",
        PROBLEM,
        "a store's database cannot be asked",
        "a connection with the server's own login from a host of the server",
        "PostgreSQL is down, pg_hba.conf or a firewall keeps the host away, or the password changed.",
        "Run the part `postgres`; on a managed server compare temporal_database_* with what it has.",
        "https://github.com/temporalio/helm-charts/issues/737",
    ),
    Problem(
        "pools_over_max_connections",
        PROBLEM,
        "all pools together are more than the server takes",
        "the sum of all pools of the inventory beside `max_connections` less the reserved ones",
        "Every role of every process opens its own pools for both stores.",
        "Raise postgres_max_connections (a restart of PostgreSQL) or lower temporal_sql_max_conns and the like.",
        "https://docs.temporal.io/self-hosted-guide/production-checklist",
    ),
    Problem(
        "connections_nearly_used",
        WARNING,
        "nearly all connections are in use",
        "client sessions in `pg_stat_activity`, over 90 % of what is usable",
        "Pools grew, or something beside the deployment uses the server.",
        "See who holds them in the bundle; raise postgres_max_connections or lower the pools.",
        _POSTGRES + "runtime-config-connection.html",
    ),
    Problem(
        "idle_in_transaction",
        WARNING,
        "a session sits idle in a transaction",
        "`pg_stat_activity`, more than 60 s",
        "A client died or waits inside a transaction; it holds locks and keeps vacuum from cleaning.",
        "End it (pg_terminate_backend) and set idle_in_transaction_session_timeout for its login.",
        _POSTGRES + "runtime-config-client.html",
    ),
    Problem(
        "long_query",
        WARNING,
        "a statement runs for long or waits for a lock",
        "`pg_stat_activity`, more than 60 s, with the sessions that block it (`pg_blocking_pids`)",
        "A migration, a backup or a person holds a lock, or the plan is bad.",
        "Look at the blocking session first; reindex visibility when its statements are slow.",
        server_thread(10358),
    ),
    Problem(
        "autovacuum_behind",
        WARNING,
        "autovacuum is far behind on a big table",
        "dead rows beside live ones in `pg_stat_user_tables`, the age of `datfrozenxid`, and `autovacuum`",
        "Queues and visibility change every row several times; the default scale factor is made for smaller tables.",
        "Set autovacuum_vacuum_scale_factor to about 0.05, leave autovacuum on, end old transactions.",
        _POSTGRES + "routine-vacuuming.html",
    ),
    Problem(
        "unsafe_durability",
        PROBLEM,
        "a crash of the database can lose or damage what was committed",
        "`fsync` or `full_page_writes` off; `synchronous_commit` off is a warning",
        "Somebody made it faster. Temporal believes what the database has acknowledged.",
        "Set them back to on: a workflow that was told done would be gone after a crash.",
        _POSTGRES + "runtime-config-wal.html",
    ),
    Problem(
        "replication_slot_keeps_wal",
        WARNING,
        "a replication slot that nobody reads keeps the log",
        "`pg_replication_slots`, inactive, more than 5 GiB",
        "A replica or a backup tool is gone; the disk fills until PostgreSQL stops.",
        "Bring its reader back, or drop the slot.",
        _POSTGRES + "warm-standby.html",
    ),
    Problem(
        "database_read_only",
        PROBLEM,
        "the database takes no writes",
        "`pg_is_in_recovery()` or `default_transaction_read_only`",
        "The address leads to a replica, or somebody locked the database.",
        "Point temporal_database_host at the primary.",
        _POSTGRES + "hot-standby.html",
    ),
    Problem(
        "sessions_hidden",
        NOTE,
        "sessions of other logins cannot be judged",
        "sessions without a state in `pg_stat_activity`",
        "PostgreSQL shows them only to members of pg_read_all_stats.",
        "Nothing has to be done; to see them GRANT pg_read_all_stats to the server's login.",
        _POSTGRES + "predefined-roles.html",
    ),
)


def detect(facts: Facts) -> Findings:
    """Yield what is known to go wrong with the database server."""
    stores: Facts = (facts.get("database") or {}).get("stores") or {}
    for name, store in sorted(stores.items()):
        if not store.get("reached"):
            yield Finding("database_unreachable", "", "%s store %s: %s" % (name, store["where"], store.get("error")))
            continue
        if store.get("errors"):
            yield Finding("database_unreachable", "", "%s store: %s" % (name, "; ".join(store["errors"])))
        yield from _maintenance(name, store)
        if store.get("read_only"):
            yield Finding("database_read_only", "", "%s store %s" % (name, store["where"]))
    # Both stores are usually one server, which is judged once.
    servers: dict[str, Facts] = {}
    for _name, store in sorted(stores.items()):
        if store.get("server"):
            servers.setdefault(store["server"], store)
    yield from _sessions(list(stores.values()))
    for store in servers.values():
        yield from _connections(store, number((facts.get("expected") or {}).get("connection_demand")))
        yield from _durability(store)


def _connections(store: Facts, demand: float) -> Findings:
    usable, used = number(store.get("usable_connections")), number(store.get("used_connections"))
    if usable and demand > usable:
        yield Finding("pools_over_max_connections", "", "%d in all pools, %d usable" % (demand, usable))
    if usable and used > _NEARLY_ALL * usable:
        yield Finding("connections_nearly_used", "", "%d of %d" % (used, usable))


def _sessions(stores: t.Sequence[Facts]) -> Findings:
    # Each login sees its own sessions, and whose the others are.
    sessions = {session["pid"]: session for store in stores for session in store.get("sessions") or []}
    for session in sessions.values():
        who = "%s (%s, pid %d)" % (session["login"], session["application"] or "no name", session["pid"])
        if session["state"].startswith("idle in transaction") and session["seconds"] > LONG_IDLE:
            yield Finding("idle_in_transaction", "", "%s for %.0f s" % (who, session["seconds"]))
        elif session["state"] == "active" and session["seconds"] > LONG_QUERY:
            blocked = session["blocked_by"]
            said = ", blocked by pid %s" % ", ".join(map(str, blocked)) if blocked else ""
            yield Finding("long_query", "", "%s for %.0f s%s" % (who, session["seconds"], said))
    hidden = [set(store["hidden_logins"]) for store in stores if store.get("hidden_logins") is not None]
    if hidden and set.intersection(*hidden):
        yield Finding("sessions_hidden", "", "sessions of %s" % ", ".join(sorted(set.intersection(*hidden))))


def _durability(store: Facts) -> Findings:
    settings = store.get("settings") or {}
    off = [name for name in ("fsync", "full_page_writes") if settings.get(name) == "off"]
    if off:
        yield Finding("unsafe_durability", "", ", ".join(name + " is off" for name in off))
    if settings.get("synchronous_commit") == "off":
        yield Finding("unsafe_durability", "", "synchronous_commit is off", WARNING)
    for slot in store.get("slots") or []:
        if not slot["active"] and number(slot["bytes"]) > _SLOT_BYTES:
            yield Finding("replication_slot_keeps_wal", "", "%s keeps %s" % (slot["name"], size(slot["bytes"])))


def _maintenance(name: str, store: Facts) -> Findings:
    if (store.get("settings") or {}).get("autovacuum") == "off":
        yield Finding("autovacuum_behind", "", "%s store: autovacuum is off" % name)
    for table in store.get("big_tables") or []:
        if table["dead"] > _DEAD_ROWS and table["dead"] > _DEAD_RATIO * table["live"]:
            said = "%s store, %s: %s dead rows beside %s" % (
                name,
                table["name"],
                "{:,}".format(table["dead"]),
                "{:,}".format(table["live"]),
            )
            yield Finding("autovacuum_behind", "", said)
    if number(store.get("transaction_age")) > _OLD_TRANSACTIONS:
        said = "%s store: the oldest transaction is %s back" % (name, "{:,}".format(store["transaction_age"]))
        yield Finding("autovacuum_behind", "", said, PROBLEM)
