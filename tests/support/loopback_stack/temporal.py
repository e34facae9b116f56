# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Temporal Server on 127.0.0.1: schema, configuration, process, health."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from .binaries import ServerBinaries
from .postgres import Database
from .processes import ManagedProcess, free_ports

_SCHEMA_TIMEOUT = 120.0
_SHARDS = 4
# The role's default.
_PLUGIN = "postgres12_pgx"
_CONNECTIONS = {"maxConns": 10, "maxIdleConns": 10, "maxConnLifetime": "1h"}
_SERVICES = ("frontend", "history", "matching", "worker")

SHORT_HISTORIES = "short-histories"
"""A namespace (to be registered) where the server suggests to continue as new after a few events."""

# Name of the setting: common/dynamicconfig/constants.go of the server, which has 4096 as its default.
_DYNAMIC_CONFIG = {
    "limit.historyCount.suggestContinueAsNew": [{"value": 20, "constraints": {"namespace": SHORT_HISTORIES}}]
}


class TemporalServer:
    """One process with all four services, or with C(services). Its two databases must exist and be empty.

    C(overrides) is merged over the configuration, at every depth. C(dynamic_config) adds settings. With C(peer) it is
    another host of that server's cluster, with the same ports at the address C(host): a server takes it that each
    service has one port on all hosts. With C(group), a numeric group that nothing else has, it can be cut off the
    network, which only root may do.
    """

    def __init__(
        self,
        version: str,
        binaries: ServerBinaries,
        directory: Path,
        store: Database,
        visibility: Database,
        services: Sequence[str] = _SERVICES,
        overrides: Mapping[str, Any] | None = None,
        dynamic_config: Mapping[str, Any] | None = None,
        host: str = "127.0.0.1",
        peer: TemporalServer | None = None,
        group: int | None = None,
    ) -> None:
        self.version = version
        self._group = group
        self._services = services
        self._overrides = overrides or {}
        self._own_dynamic_config = {name: [{"value": value}] for name, value in (dynamic_config or {}).items()}
        self.host = host
        self._binaries = binaries
        self._directory = directory
        self._stores = {"default": store, "visibility": visibility}
        ports = peer._ports if peer else free_ports(2 * len(_SERVICES) + 2)
        self._ports = ports
        self._grpc_ports = dict(zip(_SERVICES, ports[: len(_SERVICES)], strict=True))
        self._membership_ports = dict(zip(_SERVICES, ports[len(_SERVICES) : -2], strict=True))
        self._http_port, self._metrics_port = ports[-2:]
        self._process: ManagedProcess | None = None
        # Below 1.30 the server only takes a directory and a file name in it.
        self.config_path = directory / "config" / "loopback.yaml"
        self._dynamic_config_path = self.config_path.with_name("dynamic.yaml")

    @property
    def address(self) -> str:
        """``host:port`` of the frontend's gRPC API."""
        return f"{self.host}:{self._grpc_ports['frontend']}"

    def grpc_address(self, service: str) -> str:
        """``host:port`` of the gRPC API of one service: frontend, history, matching or worker."""
        return f"{self.host}:{self._grpc_ports[service]}"

    def membership_address(self, service: str) -> str:
        """``host:port`` of the membership protocol of one service."""
        return f"{self.host}:{self._membership_ports[service]}"

    @property
    def http_url(self) -> str:
        """Base URL of the frontend's HTTP API."""
        return f"http://{self.host}:{self._http_port}"

    @property
    def metrics_url(self) -> str:
        """URL of the server's Prometheus metrics."""
        return f"http://{self.host}:{self._metrics_port}/metrics"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._directory / "temporal.log"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running_process().pid

    def set_up_schema(self) -> None:
        """Bring both databases to the schema that the binaries carry."""
        for schema, database in zip(("temporal", "visibility"), self._stores.values(), strict=True):
            self._sql_tool(database, "setup-schema", "-v", "0.0")
            self._sql_tool(database, "update-schema", "--schema-name", f"postgresql/v12/{schema}")

    def start(self) -> None:
        """Start the process and wait until its frontend answers, or, where it has none, its metrics."""
        self.config_path.parent.mkdir(exist_ok=True)
        self.config_path.touch(mode=0o600)
        self.config_path.write_text(yaml.safe_dump(self._config(), sort_keys=False))
        self._dynamic_config_path.write_text(yaml.safe_dump({**_DYNAMIC_CONFIG, **self._own_dynamic_config}))
        self._process = ManagedProcess(
            f"temporal-server {self.version}",
            [str(self._binaries.server), *self._config_options(), "--allow-no-auth", "start", *self._chosen()],
            self.log,
            # No call to the vendor's version service out of a test.
            environment={**os.environ, "TEMPORAL_VERSION_CHECK_DISABLED": "true"},
            group=self._group,
        )
        if "frontend" in self._services:
            self._process.wait_until(self._frontend_answers, "the frontend's HTTP API")
        else:
            self._process.wait_until(self._metrics_answer, "the server's metrics")

    def stop(self) -> None:
        """Stop the process; starting it again keeps its data and addresses."""
        if self._process:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """End the process as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    @contextmanager
    def without_network(self) -> Iterator[None]:
        """Nothing that the process sends arrives, and nobody is told so.

        Raises ``subprocess.CalledProcessError`` when iptables refuses.
        """
        if self._group is None:
            raise ValueError("a server without a group of its own cannot be told from others")
        rule = ["OUTPUT", "--match", "owner", "--gid-owner", str(self._group), "--jump", "DROP"]
        subprocess.run(["iptables", "--wait", "--insert", *rule], check=True)
        try:
            yield
        finally:
            subprocess.run(["iptables", "--wait", "--delete", *rule], check=True)

    def restart(self) -> None:
        """Stop, start, and wait until every service answers again."""
        self.stop()
        self.start()
        self.wait_for_services()

    def register_namespace(self, name: str, retention_seconds: int = 86400) -> None:
        """Register a namespace; one that is there already is kept."""

        def registered() -> bool:
            # A server that listens still answers 503 for a moment, until its services have found each other.
            answer = requests.post(
                f"{self.http_url}/api/v1/namespaces",
                json={"namespace": name, "workflowExecutionRetentionPeriod": f"{retention_seconds}s"},
                timeout=10,
            )
            if answer.status_code != requests.codes.conflict:
                answer.raise_for_status()
            return True

        self._running_process().wait_until(registered, f"registration of namespace {name}")

    def wait_for_services(self) -> None:
        """Wait until history, matching and visibility answer for the namespace ``default``."""
        self._running_process().wait_until(self._services_answer, "history, matching and visibility")

    def _running_process(self) -> ManagedProcess:
        if self._process is None:
            raise RuntimeError("the server is stopped")
        return self._process

    def _frontend_answers(self) -> bool:
        return requests.get(f"{self.http_url}/api/v1/system-info", timeout=5).ok

    def _metrics_answer(self) -> bool:
        return requests.get(self.metrics_url, timeout=5).ok

    def _services_answer(self) -> bool:
        namespace = f"{self.http_url}/api/v1/namespaces/default"
        # An unknown workflow is a 404 of the history service; anything else means it is not there yet.
        history = requests.get(f"{namespace}/workflows/loopback-probe", timeout=5)
        matching = requests.get(f"{namespace}/task-queues/loopback-probe", timeout=5)
        visibility = requests.get(f"{namespace}/workflows", params={"pageSize": 1}, timeout=5)
        return history.status_code == requests.codes.not_found and matching.ok and visibility.ok

    def _sql_tool(self, database: Database, *arguments: str) -> None:
        tool = [str(self._binaries.sql_tool), "--plugin", _PLUGIN, "--endpoint", database.host]
        tool += ["--port", str(database.port), "--user", database.user, "--database", database.name]
        with (self._directory / "sql-tool.log").open("ab") as log:
            completed = subprocess.run(
                [*tool, *arguments],
                env={**os.environ, "SQL_PASSWORD": database.password},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=_SCHEMA_TIMEOUT,
                check=False,
            )
        if completed.returncode:
            tail = (self._directory / "sql-tool.log").read_text(errors="replace")[-3000:]
            raise RuntimeError(f"temporal-sql-tool {arguments[0]} on {database.name} failed:\n{tail}")

    def _config_options(self) -> list[str]:
        if tuple(int(part) for part in self.version.split(".")[:2]) >= (1, 30):
            return ["--config-file", str(self.config_path)]
        return ["--root", str(self._directory), "--config", "config", "--env", self.config_path.stem]

    def _chosen(self) -> list[str]:
        return [word for service in self._services for word in ("--service", service)]

    def _config(self) -> Mapping[str, Any]:
        config = {
            "log": {"stdout": True, "level": "info"},
            "persistence": {
                "defaultStore": "default",
                "visibilityStore": "visibility",
                "numHistoryShards": _SHARDS,
                "datastores": {name: {"sql": _datastore(database)} for name, database in self._stores.items()},
            },
            "global": {
                "membership": {"maxJoinDuration": "30s", "broadcastAddress": self.host},
                "metrics": {"prometheus": {"listenAddress": f"{self.host}:{self._metrics_port}"}},
            },
            "services": {name: {"rpc": self._rpc(name)} for name in _SERVICES},
            "clusterMetadata": {
                "enableGlobalNamespace": False,
                "failoverVersionIncrement": 10,
                "masterClusterName": "active",
                "currentClusterName": "active",
                "clusterInformation": {
                    "active": {
                        "enabled": True,
                        "initialFailoverVersion": 1,
                        "rpcName": "frontend",
                        "rpcAddress": self.address,
                    }
                },
            },
            "publicClient": {"hostPort": self.address},
            "dynamicConfigClient": {"filepath": str(self._dynamic_config_path), "pollInterval": "60s"},
        }
        return _merged(config, self._overrides)

    def _rpc(self, service: str) -> dict[str, Any]:
        rpc: dict[str, Any] = {
            "grpcPort": self._grpc_ports[service],
            "membershipPort": self._membership_ports[service],
            "bindOnIP": self.host,
        }
        if service == "frontend":
            rpc["httpPort"] = self._http_port
        return rpc


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        result[key] = _merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return result


def _datastore(database: Database) -> dict[str, Any]:
    return {
        "pluginName": _PLUGIN,
        "databaseName": database.name,
        "connectAddr": f"{database.host}:{database.port}",
        "connectProtocol": "tcp",
        "user": database.user,
        "password": database.password,
        **_CONNECTIONS,
    }
