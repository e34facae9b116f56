# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts PostgreSQL and Temporal Server together."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .binaries import DEFAULT_VERSION, find_server_binaries
from .postgres import Database, PostgresServer
from .temporal import TemporalServer

NAMESPACE = "default"
"""The namespace that every stack registers."""


@contextmanager
def work_directory() -> Iterator[Path]:
    """A temporary directory that the user postgres can enter, removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="loopback-stack-"))
    try:
        directory.chmod(0o711)
        yield directory
    finally:
        shutil.rmtree(directory)


@dataclass(frozen=True)
class TemporalStack:
    """A healthy Temporal Server with its PostgreSQL and the namespace ``default``."""

    server: TemporalServer
    postgres: PostgresServer
    store: Database
    visibility: Database
    namespace: str = NAMESPACE

    @property
    def address(self) -> str:
        """``host:port`` of the frontend's gRPC API."""
        return self.server.address

    @property
    def http_url(self) -> str:
        """Base URL of the frontend's HTTP API."""
        return self.server.http_url

    @property
    def version(self) -> str:
        """Version of the server."""
        return self.server.version

    def is_older_than(self, version: str) -> bool:
        """Whether the server's version is lower, compared by as many numbers as ``version`` has."""
        wanted = [int(part) for part in version.split(".")]
        return [int(part) for part in self.version.split(".")][: len(wanted)] < wanted

    @property
    def config_path(self) -> Path:
        """The server's configuration file (holds the database passwords)."""
        return self.server.config_path

    def restart(self) -> None:
        """Restart the server on the same addresses and wait until every service answers."""
        self.server.restart()

    def environment(self) -> dict[str, str]:
        """Variables for a command: ``TEMPORAL_ADDRESS``, ``TEMPORAL_HTTP_URL``, ``DATABASE_ADMIN_URL`` …"""
        return {
            "TEMPORAL_ADDRESS": self.address,
            "TEMPORAL_NAMESPACE": self.namespace,
            "TEMPORAL_HTTP_URL": self.http_url,
            "TEMPORAL_CONFIG_PATH": str(self.config_path),
            "TEMPORAL_VERSION": self.version,
            "DATABASE_ADMIN_URL": self.postgres.dsn,
        }


@contextmanager
def extra_frontend(stack: TemporalStack, directory: Path) -> Iterator[TemporalServer]:
    """Run one more frontend of the same cluster, with caches of its own.

    Raises ProcessFailed when it does not come up.
    """
    own_directory = Path(tempfile.mkdtemp(prefix="frontend-", dir=directory))
    server = TemporalServer(
        stack.version,
        find_server_binaries(stack.version),
        own_directory,
        stack.store,
        stack.visibility,
        services=["frontend"],
        overrides=_as_told_by(stack),
    )
    try:
        server.start()
        server.wait_for_services()
        yield server
    finally:
        server.stop()


def _as_told_by(stack: TemporalStack) -> Mapping[str, Any]:
    """What the cluster says of itself stays as the first server has written it."""
    return {
        "publicClient": {"hostPort": stack.address},
        "clusterMetadata": {"clusterInformation": {"active": {"rpcAddress": stack.address}}},
    }


@contextmanager
def extra_history_host(
    stack: TemporalStack,
    directory: Path,
    shards: int,
    dynamic_config: Mapping[str, Any] | None = None,
    host: str = "127.0.0.2",
    group: int | None = None,
) -> Iterator[TemporalServer]:
    """Give one more host with the service history, at another address of the loopback interface; not started yet.

    C(shards) is the number of the stack's cluster. With C(group) it can be cut off the network.
    """
    server = TemporalServer(
        stack.version,
        find_server_binaries(stack.version),
        Path(tempfile.mkdtemp(prefix="history-", dir=directory)),
        stack.store,
        stack.visibility,
        services=["history"],
        overrides={**_as_told_by(stack), "persistence": {"numHistoryShards": shards}},
        dynamic_config=dynamic_config,
        host=host,
        peer=stack.server,
        group=group,
    )
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def temporal_stack(
    postgres: PostgresServer,
    directory: Path,
    version: str = DEFAULT_VERSION,
    overrides: Mapping[str, Any] | None = None,
    dynamic_config: Mapping[str, Any] | None = None,
) -> Iterator[TemporalStack]:
    """Run Temporal Server ``version`` on two new databases of ``postgres``, with parts of its configuration replaced.

    ``dynamic_config`` adds settings.

    Raises BinariesMissing when the version was not built, ProcessFailed when it does not come up.
    """
    binaries = find_server_binaries(version)
    own_directory = Path(tempfile.mkdtemp(prefix=f"temporal-{version}-", dir=directory))
    # Several versions can share one cluster.
    suffix = own_directory.name.rsplit("-", 1)[1].lower()
    store = postgres.create_database(f"temporal_{suffix}", "temporal")
    visibility = postgres.create_database(
        f"temporal_visibility_{suffix}", "temporal_visibility", extensions=("btree_gin",)
    )
    server = TemporalServer(
        version, binaries, own_directory, store, visibility, overrides=overrides, dynamic_config=dynamic_config
    )
    try:
        server.set_up_schema()
        server.start()
        server.register_namespace(NAMESPACE)
        server.wait_for_services()
        yield TemporalStack(server, postgres, store, visibility)
    finally:
        server.stop()
