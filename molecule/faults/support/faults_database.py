# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of PostgreSQL and of what is in it."""

from __future__ import annotations

from fault import DATABASE_2_DEPENDENTS, DATABASE_DEPENDENTS, REGISTER_DEPENDENTS, Fault, Step, rows, steps

_PSQL = "runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1"
_PASSWORD = "/var/lib/postgresql/fault-password"
_HBA = "/etc/postgresql/15/main/pg_hba.conf"
_CLUSTER = "postgresql@15-main.service"


def _sql(statement: str, database: str = "postgres") -> Step:
    return Step("database", f'{_PSQL} --dbname={database} --command="{statement}"')


def _holds(query: str, database: str = "postgres") -> Step:
    return Step("database", f'test "$({_PSQL} --dbname={database} --command="{query}")" = t')


_VISIBILITY_MISSING = "SELECT count(*) = 0 FROM pg_database WHERE datname = 'temporal_visibility'"
_RENAME = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{0}'",
    "ALTER DATABASE {0} RENAME TO {1}",
)

# The databases without the write-ahead log, which would end the server when it found no room: on a small file system of
# their own, which is then filled.
_BASE = "/var/lib/postgresql/15/main/base"
_SMALL = "/mnt/fault"
_ONTO_SMALL = (
    f"systemctl stop {_CLUSTER} && mkdir -p {_SMALL}"
    f" && mount -t tmpfs -o size=$(($(du --summarize --block-size=1 {_BASE} | cut -f 1) + 33554432)) tmpfs {_SMALL}"
    f" && cp --archive {_BASE}/. {_SMALL}/ && mount --bind {_SMALL} {_BASE} && systemctl start {_CLUSTER}"
)
_OFF_SMALL = (
    f"rm -f {_SMALL}/filler && systemctl stop {_CLUSTER} && if mountpoint --quiet {_BASE}; then umount {_BASE}"
    f" && find {_BASE} -mindepth 1 -delete && cp --archive {_SMALL}/. {_BASE}/; fi"
    f" && if mountpoint --quiet {_SMALL}; then umount {_SMALL}; fi && systemctl start {_CLUSTER}"
)

DATABASE_FAULTS = (
    Fault(
        name="postgresql-stopped",
        what="PostgreSQL is stopped",
        inject=(Step("database", f"systemctl stop {_CLUSTER}"),),
        there=(Step("database", "! runuser -u postgres -- pg_isready --quiet"),),
        remove=(Step("database", f"systemctl start {_CLUSTER}"),),
        says={
            "database@server-1": ("Connection refused", "PostgreSQL is down"),
            "database@server-2": ("Connection refused", "PostgreSQL is down"),
        },
        blocked=DATABASE_DEPENDENTS,
    ),
    Fault(
        name="password-changed",
        what="The password of the server's login was changed beside the inventory",
        inject=(
            Step(
                "database",
                f"{_PSQL} --command=\"SELECT rolpassword FROM pg_authid WHERE rolname = 'temporal'\" > {_PASSWORD}",
            ),
            _sql("ALTER ROLE temporal PASSWORD 'changed'"),
        ),
        there=(
            Step(
                "database",
                f'test -s {_PASSWORD} && test "$(cat {_PASSWORD})" != '
                f'"$({_PSQL} --command="SELECT rolpassword FROM pg_authid WHERE rolname = \'temporal\'")"',
            ),
        ),
        remove=(
            Step("database", f"{_PSQL} --command=\"ALTER ROLE temporal PASSWORD '$(cat {_PASSWORD})'\""),
            Step("database", f"rm -f {_PASSWORD}"),
        ),
        says={
            "database@server-1": ('password authentication failed for user "temporal"', "the password changed"),
            "database@server-2": ('password authentication failed for user "temporal"', "the password changed"),
        },
        blocked=DATABASE_DEPENDENTS,
    ),
    Fault(
        name="pg-hba-refuses",
        what="`pg_hba.conf` refuses one host of the server",
        inject=(
            Step("database", f"sed -i '1i host all all 172.31.83.13/32 reject' {_HBA}"),
            _sql("SELECT pg_reload_conf()"),
        ),
        there=(_holds("SELECT count(*) = 1 FROM pg_hba_file_rules WHERE auth_method = 'reject'"),),
        remove=(Step("database", f"sed -i '/ reject$/d' {_HBA}"), _sql("SELECT pg_reload_conf()")),
        says={"database@server-2": ('pg_hba.conf rejects connection for host "172.31.83.13"', "pg_hba.conf keeps")},
        blocked=DATABASE_2_DEPENDENTS,
    ),
    Fault(
        name="visibility-database-missing",
        what="The visibility database was renamed",
        inject=tuple(_sql(each.format("temporal_visibility", "elsewhere")) for each in _RENAME),
        there=(_holds(_VISIBILITY_MISSING),),
        remove=tuple(_sql(each.format("elsewhere", "temporal_visibility")) for each in _RENAME),
        says={"schema@server-1": ('database "temporal_visibility" does not exist',)},
        blocked=rows("visibility@worker-1"),
    ),
    Fault(
        name="schema-too-old",
        what="A store says that its schema is older than the server needs",
        inject=(_sql("UPDATE schema_version SET curr_version = '1.13'", "temporal_visibility"),),
        there=(_holds("SELECT curr_version = '1.13' FROM schema_version", "temporal_visibility"),),
        remove=(_sql("UPDATE schema_version SET curr_version = '1.14'", "temporal_visibility"),),
        says={"schema@server-1": ("visibility 1.13", "need default 1.19, visibility 1.14", "not brought up to date")},
        blocked=rows("visibility@worker-1"),
    ),
    Fault(
        name="max-connections-lowered",
        what="`max_connections` was lowered below what the pools may open",
        inject=(
            _sql("ALTER SYSTEM SET max_connections = 60"),
            Step("database", f"systemctl restart {_CLUSTER}"),
        ),
        there=(_holds("SELECT current_setting('max_connections') = '60'"),),
        remove=(
            _sql("ALTER SYSTEM RESET max_connections"),
            Step("database", f"systemctl restart {_CLUSTER}"),
        ),
        says={"connections@server-1": ("of 57 wanted", "max_connections was lowered")},
        blocked=rows(""),
    ),
    Fault(
        name="disk-full",
        what="The disk with the databases is full",
        inject=steps("database", _ONTO_SMALL)
        # After a restart the first session of a database writes a file: not the one that asks.
        + tuple(_sql("SELECT 1", name) for name in ("temporal", "temporal_visibility", "aegis"))
        # It ends when nothing more fits, with an error that is what it is for.
        + steps("database", f"cat /dev/zero > {_SMALL}/filler 2>/dev/null || true"),
        # PostgreSQL may have freed a page meanwhile.
        there=steps("database", f"test $(df --output=avail --block-size=1M {_BASE} | tail -n 1) -lt 4"),
        remove=steps("database", _OFF_SMALL),
        says={"disk@server-1": ("No space left on device", "is full")},
        blocked=REGISTER_DEPENDENTS | rows("schema@server-1 ring@server-1 pollers@worker-1 register@worker-1"),
    ),
)
