# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of journals whose causes are known."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime

from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_model import (
    NOTE,
    PROBLEM,
    WARNING,
    Facts,
    Finding,
    Findings,
    Problem,
    helm_thread,
    hosts,
    server_thread,
)

_EVIDENCE = 240
# Seconds after which a running service has left behind what its journal tells.
_PAST = 300.0


class Pattern(t.NamedTuple):
    """A kind of line."""

    problem: Problem
    expression: t.Pattern[str]
    least: int = 1
    """How many lines make a finding; single ones belong to every restart."""


def _pattern(
    name: str, severity: str, title: str, text: str, cause: str, fix: str, source: str, least: int = 1
) -> Pattern:
    how = "the journal of the last hour: `%s`" % text.replace("|", "` or `")
    if least > 1:
        how += ", %d times or more" % least
    problem = Problem("journal_" + name, severity, title, how, cause, fix, source)
    return Pattern(problem, re.compile("|".join(map(re.escape, text.split("|"))), re.IGNORECASE), least)


PATTERNS = (
    _pattern(
        "schema_version",
        PROBLEM,
        "the server refuses the schema",
        "schema version compatibility check failed|version mismatch",
        "The schema is older than the server.",
        "Run the part `temporal`: it updates the schema before it starts the server.",
        helm_thread(407),
    ),
    _pattern(
        "cannot_start",
        PROBLEM,
        "the server could not start",
        "unable to start server|unable to load configuration|could not build arguments for function",
        "A configuration that it cannot use, or a database that it cannot reach; the line says which.",
        "Mend what the line names, then run the part `temporal`.",
        helm_thread(228),
    ),
    _pattern(
        "no_database",
        PROBLEM,
        "the server finds no database",
        "no usable database connection found|sql: database is closed|password authentication failed"
        "|no pg_hba.conf entry",
        "PostgreSQL is down or refuses the login.",
        "Run the part `postgres`; compare temporal_database_* with what the database has.",
        helm_thread(532),
    ),
    _pattern(
        "no_connections",
        PROBLEM,
        "the database takes no more connections",
        "too many clients already|remaining connection slots are reserved",
        "The pools are more than max_connections.",
        "Raise postgres_max_connections or lower temporal_sql_max_conns and the like.",
        "https://www.postgresql.org/docs/current/runtime-config-connection.html",
    ),
    _pattern(
        "no_hosts",
        WARNING,
        "a service finds no other to serve its request",
        "not enough hosts to serve the request",
        "A role has no live member: it is down, or its members do not find each other.",
        "See member_missing and member_address_unroutable.",
        server_thread(2690),
        5,
    ),
    _pattern(
        "not_bootstrapped",
        PROBLEM,
        "a service does not get into the ring",
        "ringpop is not bootstrapped|unable to bootstrap ringpop|failed to bootstrap ringpop|join duration exceeded"
        "|exceeded max join",
        "The addresses in cluster_membership cannot be reached: wrong broadcast address or a firewall on 69xx.",
        "Open the membership ports between all hosts of the server; see broadcast_unroutable.",
        server_thread(3612),
    ),
    _pattern(
        "deadline",
        WARNING,
        "many calls run out of time",
        "context deadline exceeded",
        "The database or a service is slow or overloaded. Single ones are usual at a restart.",
        "Look at the database first: connections, locks, disk.",
        server_thread(2882),
        50,
    ),
    _pattern(
        "deadlock",
        WARNING,
        "the server suspects a deadlock in itself",
        "potential deadlock detected",
        "A lock is held for long, by a slow database or too little processor time.",
        "See to processor and database; without load report it with the server's stack traces.",
        server_thread(4202),
    ),
    _pattern(
        "tls",
        WARNING,
        "TLS handshakes fail",
        "tls handshake error|tls: bad certificate|authentication handshake failed|x509: certificate"
        "|tls: failed to verify",
        "A client without TLS, or without the right authority or name.",
        "See the findings about certificates; the line names who dialled.",
        server_thread(3527),
    ),
    _pattern(
        "shard_lost",
        WARNING,
        "history hosts take shards from each other",
        "shard ownership lost|shardownershiplost",
        "Hosts come and go, or two clusters use one database.",
        "See member_unexpected and crash_loop.",
        server_thread(4835),
        200,
    ),
    _pattern(
        "denied",
        WARNING,
        "calls are refused by the authorizer",
        "request unauthorized",
        "Callers have no claims; the server's own worker neither, without internal-frontend.",
        "See authorizer_without_internal_frontend; else give the caller a token.",
        helm_thread(571),
        5,
    ),
    _pattern(
        "column_missing",
        PROBLEM,
        "a column or table is missing",
        "does not exist (SQLSTATE 42703)|does not exist (SQLSTATE 42P01)|pq: column |pq: relation ",
        "One store's schema was not updated.",
        "Run the part `temporal`; see visibility_never_updated.",
        server_thread(6844),
    ),
    _pattern(
        "dynamic_config",
        WARNING,
        "the server does not take its dynamic configuration",
        "unable to update dynamic config|failed to update dynamic config|unregistered key",
        "The file cannot be read as YAML, or has keys that the version does not know.",
        "See dynamic_config_wrong.",
        "https://docs.temporal.io/references/dynamic-configuration",
    ),
    _pattern(
        "disk_full",
        PROBLEM,
        "a disk was full",
        "no space left on device|could not extend file",
        "The file system of the data or of temporary files is full.",
        "Free space, then see that PostgreSQL has recovered.",
        "https://www.postgresql.org/docs/current/disk-full.html",
    ),
)
PROBLEMS = tuple(pattern.problem for pattern in PATTERNS)


def matches(text: str) -> dict[str, dict[str, t.Any]]:
    """Return count and last line of every pattern that a journal has often enough, by the problem's id."""
    found: dict[str, dict[str, t.Any]] = {}
    for line in text.splitlines():
        for pattern in PATTERNS:
            if pattern.expression.search(line):
                entry = found.setdefault(pattern.problem.id, {"count": 0})
                entry["count"] += 1
                entry["last"] = line[:_EVIDENCE]
                # What a line says first explains it: the more special ones stand before.
                break
    return {
        pattern.problem.id: found[pattern.problem.id]
        for pattern in PATTERNS
        if found.get(pattern.problem.id, {"count": 0})["count"] >= pattern.least
    }


def detect(facts: Facts) -> Findings:
    """Yield what journals tell."""
    for name, host in hosts(facts):
        for unit in host.get("units") or []:
            for key, entry in sorted((unit.get("journal") or {}).items()):
                said = "%s, %d line(s), the last: %s" % (unit["name"], entry["count"], entry["last"])
                past = unit.get("active") == "active" and age(entry["last"], host["time"]) > _PAST
                yield Finding(key, name, said + " (in the past)" if past else said, NOTE if past else "")


def age(line: str, now: float) -> float:
    """Return how many seconds ago a line of a journal was written, 0 when it does not tell."""
    try:
        return now - datetime.strptime(line.split()[0], "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except (IndexError, ValueError):
        return 0.0
