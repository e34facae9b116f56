# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a store's database says about itself: schema version, who owns it, and the cluster that was started on it."""

from __future__ import annotations

import traceback
import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.schema_cluster import (
    ClusterRecord,
    ClusterRecordError,
    decode,
)
from ansible_collections.aegis.temporal.plugins.module_utils.schema_costs import Size, tables
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError

PSYCOPG2_IMPORT_ERROR: str | None
try:
    import psycopg2
except ImportError:
    PSYCOPG2_IMPORT_ERROR = traceback.format_exc()
else:
    PSYCOPG2_IMPORT_ERROR = None

# One number for all runs of this module against one database ("AEGT" in ASCII). Nothing of the server uses it.
ADVISORY_LOCK = 0x41454754
# The role variables that feed a store's options, so that an error names what the user has written.
VARIABLES = {"default": "temporal_database", "visibility": "temporal_visibility_database"}

_LOCK_NOT_AVAILABLE = "55P03"
_INSUFFICIENT_PRIVILEGE = "42501"
_TRUSTED_EXTENSIONS_SINCE = 130000
# Up to here rows are counted; of more the estimate of the planner's statistics is told.
_COUNTED_ROWS = 100000


class UnreachableError(SchemaError):
    """The database cannot be asked: not there, not listening, or it refuses the login."""


class Reading(t.NamedTuple):
    """One look at a store."""

    version: str | None
    clusters: tuple[ClusterRecord, ...]


def where(store: t.Mapping[str, t.Any]) -> str:
    """Return host:port/database of a store, for messages."""
    host = str(store["host"])
    return "%s:%s/%s" % ("[%s]" % host if ":" in host else host, store["port"], store["database"])


def _hint(store: t.Mapping[str, t.Any], text: str) -> str:
    """Return what to change for an error of libpq, whose errors on connecting carry no code."""
    variable = VARIABLES[store["name"]]
    for needle, hint in (
        ("password authentication failed", "Check the store's password (%s_password)." % variable),
        ("no pg_hba.conf entry", "Let this host in: add its address to pg_hba.conf of the database server."),
        (
            "does not exist",
            "Create it first, or check the store's database and user (%s_name, %s_user)." % (variable, variable),
        ),
        ("certificate", "Check the store's tls options (temporal_database_tls)."),
        ("SSL", "Check the store's tls options (temporal_database_tls)."),
        ("too many clients", "Raise max_connections of the database server or lower the pools of the servers."),
        (
            "remaining connection slots",
            "Raise max_connections of the database server or lower the pools of the servers.",
        ),
    ):
        if needle in text:
            return hint
    return (
        "Check the store's host and port (temporal_database_host, temporal_database_port) and that the database runs."
    )


def _parameters(store: t.Mapping[str, t.Any], connect_timeout: int) -> dict[str, t.Any]:
    tls = store["tls"]
    parameters = {
        "host": store["host"],
        "port": store["port"],
        "dbname": store["database"],
        "user": store["user"],
        "password": store["password"],
        "connect_timeout": connect_timeout,
        "application_name": "aegis.temporal.schema",
        # The same modes as the server and the sql-tool choose, so that what works here works there.
        "sslmode": "disable",
    }
    if tls["enabled"]:
        parameters["sslmode"] = "verify-full" if tls["verify_host"] else "require"
        for ours, libpq in (("ca_file", "sslrootcert"), ("cert_file", "sslcert"), ("key_file", "sslkey")):
            if tls[ours]:
                parameters[libpq] = tls[ours]
    return parameters


class Database:
    """An open connection to one store. Statements are seen at once by others (autocommit)."""

    def __init__(self, store: t.Mapping[str, t.Any], connect_timeout: int, lock_timeout: int) -> None:
        """Connect.

        Args:
            store: One item of the module's option stores.
            connect_timeout: Seconds to wait for the connection, and for each statement that only reads.
            lock_timeout: Seconds to wait in lock() while another run works.

        Raises:
            UnreachableError: No connection.
        """
        self.store = store
        self._reads = connect_timeout
        self._waits = lock_timeout
        try:
            self._connection = psycopg2.connect(**_parameters(store, connect_timeout))
        except psycopg2.Error as error:
            text = str(error).strip()
            raise UnreachableError(
                "%s store %s: %s. %s" % (store["name"], where(store), text, _hint(store, text))
            ) from None
        self._connection.autocommit = True

    def close(self) -> None:
        """Close the connection, which also gives the lock back."""
        self._connection.close()

    def _ask(self, statement: str, timeout: int | None = None) -> list[tuple[t.Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = %s", ((self._reads if timeout is None else timeout) * 1000,))
                cursor.execute(statement)
                return list(cursor.fetchall())
        except psycopg2.Error as error:
            text = str(error).strip()
            if error.pgcode == _INSUFFICIENT_PRIVILEGE:
                text += " The tables have to belong to the store's user (%s_user)." % VARIABLES[self.store["name"]]
            raise SchemaError("%s store %s: %s" % (self.store["name"], where(self.store), text)) from error

    def ask(self, statement: str) -> list[tuple[t.Any, ...]]:
        """Return the rows of a statement that only reads.

        Raises:
            SchemaError: Missing rights, or it took too long.
        """
        return self._ask(statement)

    def lock(self) -> None:
        """Take the lock that keeps two runs from working on this database at once; held until close().

        Raises:
            SchemaError: Another run still holds it after the time to wait.
        """
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
                cursor.execute("SET lock_timeout = %s", (self._waits * 1000,))
                cursor.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
                cursor.execute("SET lock_timeout = 0")
        except psycopg2.Error as error:
            if error.pgcode == _LOCK_NOT_AVAILABLE:
                raise SchemaError(
                    "%s store %s: another run has been working on this schema for more than %d s. "
                    "Wait for it, or raise lock_timeout." % (self.store["name"], where(self.store), self._waits)
                ) from None
            raise SchemaError(
                "%s store %s: %s" % (self.store["name"], where(self.store), str(error).strip())
            ) from error

    def identity(self) -> tuple[t.Any, ...]:
        """Return what is the same for two stores only if they are one database."""
        return self._ask(
            "SELECT oid, datname, pg_postmaster_start_time() FROM pg_database WHERE datname = current_database()"
        )[0]

    def read(self) -> Reading:
        """Return what the database says.

        Raises:
            SchemaError: Missing rights, a dump of another database, or a damaged cluster record.
        """
        return Reading(self._version(), self._clusters() if self.store["name"] == "default" else ())

    def _version(self) -> str | None:
        if not self._ask("SELECT to_regclass('schema_version') IS NOT NULL")[0][0]:
            return None
        rows = {
            str(name): str(version) for name, version in self._ask("SELECT db_name, curr_version FROM schema_version")
        }
        database = str(self.store["database"])
        if rows and database not in rows:
            raise SchemaError(
                "%s store %s: its schema_version names the database %r, so this is a dump of another database. "
                "Rename the row first: UPDATE schema_version SET db_name = '%s';"
                % (self.store["name"], where(self.store), sorted(rows)[0], database)
            )
        return rows.get(database)

    def _clusters(self) -> tuple[ClusterRecord, ...]:
        if not self._ask("SELECT to_regclass('cluster_metadata_info') IS NOT NULL")[0][0]:
            return ()
        rows = self._ask("SELECT cluster_name, data, data_encoding FROM cluster_metadata_info ORDER BY cluster_name")
        result = []
        for name, data, encoding in rows:
            try:
                record = decode(bytes(data), str(encoding))
            except ClusterRecordError as error:
                raise SchemaError(
                    "%s store %s: cluster_metadata_info of cluster %r cannot be read: %s."
                    % (self.store["name"], where(self.store), name, error)
                ) from error
            result.append(ClusterRecord(str(name), record.history_shard_count))
        return tuple(result)

    def sizes(self) -> dict[str, Size]:
        """Return the size of each table that the store has and whose size matters.

        Raises:
            SchemaError: Missing rights.
        """
        result = {}
        for table in tables(str(self.store["name"])):
            found = self._ask(
                "SELECT reltuples::bigint, pg_total_relation_size(oid) FROM pg_class WHERE oid = to_regclass('%s')"
                % table
            )
            if found:
                rows, size = found[0]
                if rows < _COUNTED_ROWS:
                    # Unknown, or so few that counting is cheap.
                    counted = self._ask("SELECT count(*) FROM (SELECT FROM %s LIMIT %d) t" % (table, _COUNTED_ROWS))
                    rows = counted[0][0]
                result[table] = Size(int(rows), int(size))
        return result

    def check_rights(self) -> None:
        """Refuse to begin a change that the login could not finish.

        Raises:
            SchemaError: No right to create tables, or btree_gin is neither there nor can be created.
        """
        variable = VARIABLES[self.store["name"]]
        label = "%s store %s" % (self.store["name"], where(self.store))
        schema, may_create, may_extend = self._ask(
            "SELECT current_schema(), COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false),"
            " has_database_privilege(current_database(), 'CREATE')"
        )[0]
        if not may_create:
            raise SchemaError(
                "%s: user %r may not create tables in schema %r. Make it the owner of the database (%s_user)."
                % (label, self.store["user"], schema, variable)
            )
        if self.store["name"] == "visibility":
            self._check_btree_gin(label, bool(may_extend))

    def _check_btree_gin(self, label: str, may_extend: bool) -> None:
        installed = self._ask(
            "SELECT n.nspname, n.nspname = ANY (current_schemas(true)) FROM pg_extension e"
            " JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'btree_gin'"
        )
        create = "Create it as a superuser in this database: CREATE EXTENSION btree_gin;"
        if installed:
            schema, visible = installed[0]
            if not visible:
                raise SchemaError(
                    "%s: the extension btree_gin is in schema %r, which is not in the search path of user %r. "
                    "Move it: ALTER EXTENSION btree_gin SET SCHEMA public;" % (label, schema, self.store["user"])
                )
            return
        if not self._ask("SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gin')")[0][0]:
            raise SchemaError(
                "%s: the extension btree_gin is not there and the database server has no files of it. Install "
                "PostgreSQL's contrib modules on the database server. %s" % (label, create)
            )
        if self._ask("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")[0][0]:
            return
        trusted = int(self._ask("SHOW server_version_num")[0][0]) >= _TRUSTED_EXTENSIONS_SINCE
        if not (trusted and may_extend):
            raise SchemaError(
                "%s: the extension btree_gin is missing and user %r may not create it. %s"
                % (label, self.store["user"], create)
            )
