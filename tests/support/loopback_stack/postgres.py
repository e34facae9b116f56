# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away PostgreSQL cluster on 127.0.0.1, SCRAM only."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from .binaries import find_postgres_bin
from .processes import ManagedProcess, free_ports


@dataclass(frozen=True)
class Database:
    """One database and the login that owns it."""

    host: str
    port: int
    name: str
    user: str
    password: str

    @property
    def dsn(self) -> str:
        """The libpq URL ``postgresql://user:password@host:port/name``."""
        return (
            f"postgresql://{quote(self.user, safe='')}:{quote(self.password, safe='')}"
            f"@{self.host}:{self.port}/{quote(self.name, safe='')}"
        )


class PostgresServer:
    """A running cluster. Use ``postgres_server`` to start one."""

    def __init__(self, directory: Path, max_connections: int) -> None:
        self.host = "127.0.0.1"
        self.port = free_ports(1)[0]
        self.admin = Database(self.host, self.port, "postgres", "postgres", secrets.token_urlsafe(24))
        self._directory = directory
        self._bin = find_postgres_bin()
        # PostgreSQL refuses to run as root; Debian's package brings the user.
        self._user = "postgres" if os.geteuid() == 0 else None
        self._max_connections = max_connections
        self._passwords: dict[str, str] = {}
        self._process: ManagedProcess | None = None

    @property
    def dsn(self) -> str:
        """URL of the superuser's login to the database ``postgres``."""
        return self.admin.dsn

    def initialise(self) -> None:
        """Create the cluster's files."""
        self._directory.mkdir(mode=0o700)
        password_file = self._directory.with_name("postgres-password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.admin.password)
        argv = [str(self._bin / "initdb"), "--pgdata", str(self._directory), "--username=postgres"]
        argv += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8"]
        if self._user:
            shutil.chown(self._directory, self._user, self._user)
            shutil.chown(password_file, self._user, self._user)
            argv = ["setpriv", f"--reuid={self._user}", f"--regid={self._user}", "--init-groups", *argv]
        try:
            subprocess.run(argv, check=True, cwd="/", stdout=subprocess.DEVNULL)
        finally:
            password_file.unlink()

    def start(self) -> None:
        """Start the server and wait until it answers a query."""
        settings = {
            "listen_addresses": self.host,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": self._max_connections,
            # The data is thrown away at the end: durability would only cost time.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        argv = [str(self._bin / "postgres"), "-D", str(self._directory)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        log = self._directory.with_name("postgres.log")
        # SIGINT is PostgreSQL's fast shutdown: it ends clients instead of waiting for them.
        self._process = ManagedProcess("postgres", argv, log, stop_signal=signal.SIGINT, as_user=self._user)
        self._process.wait_until(self._answers, "an answer to SELECT 1", timeout=60)

    def stop(self) -> None:
        """Stop the server; starting it again keeps its data."""
        if self._process:
            self._process.stop()
            self._process = None

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def create_database(self, name: str, owner: str | None = None, extensions: tuple[str, ...] = ()) -> Database:
        """Create database ``name`` owned by login ``owner`` (default: the same name) and its extensions.

        A login that this object created before is used again. Raises psycopg2.Error when the database exists.
        """
        owner = owner or name
        known = owner in self._passwords
        password = self._passwords.setdefault(owner, secrets.token_urlsafe(24))
        with self._connection(self.admin) as cursor:
            if not known:
                cursor.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(owner)), [password])
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        with self._connection(self._as_admin(name)) as cursor:
            for extension in extensions:
                cursor.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        return Database(self.host, self.port, name, owner, password)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the sessions that use it."""
        with self._connection(self.admin) as cursor:
            cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _as_admin(self, name: str) -> Database:
        return Database(self.host, self.port, name, self.admin.user, self.admin.password)

    def _answers(self) -> bool:
        with self._connection(self.admin) as cursor:
            cursor.execute("SELECT 1")
            return True

    @contextmanager
    def _connection(self, database: Database) -> Iterator[psycopg2.extensions.cursor]:
        with closing(psycopg2.connect(database.dsn, connect_timeout=5)) as connection:
            # CREATE DATABASE refuses to run in a transaction.
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor


@contextmanager
def postgres_server(directory: Path, max_connections: int = 200) -> Iterator[PostgresServer]:
    """Run a cluster with its files below ``directory`` (which user postgres must be able to enter)."""
    server = PostgresServer(directory / "postgres", max_connections)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
