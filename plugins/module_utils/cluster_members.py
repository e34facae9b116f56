# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a cluster as its database has them: each service writes a row and renews it every few seconds.

No API that clients have tells them: AdminService.DescribeCluster does, but no SDK carries it. The rules are those of
common/membership/ringpop/monitor.go of the server.
"""

from __future__ import annotations

import ipaddress
import time
import traceback
import typing as t
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import endpoint
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import parse_timestamp

try:
    import psycopg2

    PSYCOPG2_IMPORT_ERROR = None
except ImportError:
    PSYCOPG2_IMPORT_ERROR = traceback.format_exc()

# Evaluated when it is imported, also by Python 3.8.
Member = t.Mapping[str, t.Any]

# healthyHostLastHeartbeatCutoff: who has not written for longer is not asked to join. Rows stay for two days.
FRESH_SECONDS = 20

# ServiceType in common/persistence/data_interfaces.go.
_ROLES = {1: "frontend", 2: "history", 3: "matching", 4: "worker", 5: "internal-frontend"}
# The server writes UTC into columns without a time zone.
_QUERY = """
SELECT role, rpc_address, rpc_port,
       to_char(session_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       round(extract(epoch FROM (now() AT TIME ZONE 'utc') - last_heartbeat)::numeric, 1)
FROM cluster_membership WHERE record_expiry > now() AT TIME ZONE 'utc'
ORDER BY role, rpc_address, rpc_port, session_start
"""


def database_options() -> dict[str, Any]:
    """The suboptions of the option C(database)."""
    return {
        "host": {"type": "str", "required": True},
        "port": {"type": "int", "default": 5432},
        "name": {"type": "str", "default": "temporal"},
        "user": {"type": "str", "default": "temporal"},
        "password": {"type": "str", "required": True, "no_log": True},
        "sslmode": {
            "type": "str",
            "choices": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
            "default": "prefer",
        },
        "ca_path": {"type": "path"},
    }


def check_database(database: Mapping[str, Any]) -> None:
    """Raise a Problem when the option C(database) is wrong."""
    if not 0 < database["port"] < 65536:
        raise Problem(f"database: port is {database['port']}: it must be between 1 and 65535.")
    for name in ("host", "name", "user"):
        if not str(database[name]).strip():
            raise Problem(f"database: {name} must not be empty.")


def read_members(database: Mapping[str, Any], timeout: float) -> list[dict[str, Any]]:
    """Return the members, those included that no longer write; see `read_rows`."""
    return [_member(*row) for row in read_rows(database, timeout, _QUERY, "members")]


def read_rows(database: Mapping[str, Any], timeout: float, query: str, what: str) -> list[tuple[Any, ...]]:
    """Return the rows of C(query), which reads C(what) of the server; C(timeout) is in seconds.

    Needs C(psycopg2): check PSYCOPG2_IMPORT_ERROR first. Raises Problem when the database cannot be asked.
    """
    where = f"{database['host']}:{database['port']}/{database['name']}"
    seconds = max(1, round(timeout))
    try:
        connection = psycopg2.connect(
            host=database["host"],
            port=database["port"],
            dbname=database["name"],
            user=database["user"],
            password=database["password"],
            sslmode=database["sslmode"],
            sslrootcert=database["ca_path"],
            connect_timeout=seconds,
            options=f"-c statement_timeout={seconds * 1000} -c default_transaction_read_only=on",
            application_name="aegis.temporal.cluster_info",
        )
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    except psycopg2.Error as error:
        said = " ".join(str(error).split()).rstrip(".?")
        raise Problem(
            f"The {what} cannot be read from {where}: {said}. The option database must name the server's default "
            "store (not visibility) and a login that may read it."
        ) from None


def _member(role: int, address: str, port: int, since: str, age: Any) -> dict[str, Any]:
    seconds = max(float(age), 0.0)
    return {
        "service": _ROLES.get(role, str(role)),
        "address": address,
        "membership_port": port,
        "session_start": since,
        "age": seconds,
        "fresh": seconds <= FRESH_SECONDS,
    }


def difference(
    members: Sequence[Member], expected: Sequence[Member], elapsed: float = 0.0
) -> tuple[list[str], list[str]]:
    """Return which of C(expected) are no live members, and which live members are not expected.

    Service, address and membership port tell members apart, so a process that was started again is the same one,
    unless the expected member has a C(max_session_age): then the one before is not yet the one that is expected.
    That age was true C(elapsed) seconds ago.
    """
    newest = {_label(member): member["max_session_age"] for member in expected if member.get("max_session_age")}
    live = {
        label
        for label, member in ((_label(member), member) for member in members if member["fresh"])
        if label not in newest or _session_age(member) <= newest[label] + elapsed
    }
    wanted = {_label(member) for member in expected}
    return sorted(wanted - live), sorted(live - wanted)


def _session_age(member: Member) -> float:
    """Return the seconds since the member's process started, if the clock of its host is that of this one."""
    # It is cut to whole seconds.
    return time.time() - parse_timestamp(member["session_start"]).timestamp() - 1


def _label(member: Member) -> str:
    return f"{member['service']} {endpoint(plain_address(str(member['address'])), member['membership_port'])}"


def plain_address(address: str) -> str:
    """Return an address without brackets, in one form: two ways to write one IPv6 address are one member."""
    address = address.strip("[]")
    with suppress(ValueError):
        address = str(ipaddress.ip_address(address))
    return address
