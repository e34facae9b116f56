# SPDX-License-Identifier: Apache-2.0
"""The worker and the stand-in as processes that are killed and started again, always under the same addresses."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from loopback_stack import Database, TemporalStack
from loopback_stack.processes import ManagedProcess, free_ports

from .definitions import SCRIPT

SOURCES = Path(__file__).parents[2] / "src"


def now() -> datetime:
    """The time, comparable with that of the ledger."""
    return datetime.now(UTC)


class Restartable:
    """One program that can be killed and started again."""

    def __init__(self, name: str, arguments: list[str], directory: Path, environment: Mapping[str, str]) -> None:
        self._name = name
        self._arguments = [sys.executable, *arguments]
        self._log = directory / f"{name}.log"
        self._environment = {"PYTHONPATH": str(SOURCES), **environment}
        self._process: ManagedProcess | None = None

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.running

    @property
    def log(self) -> str:
        """What it wrote, over all its lives."""
        return self._log.read_text(errors="replace")

    def start(self) -> int:
        """Start it; its process id. Does not wait for anything."""
        self._process = ManagedProcess(
            self._name, self._arguments, self._log, stop_signal=signal.SIGKILL, environment=self._environment
        )
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, and wait for its end. Raises ``AssertionError`` when it had ended by itself."""
        assert self._process is not None
        assert self._process.running, f"{self._name} ended by itself:\n{self._process.log_tail()}"
        self._process.stop()

    def wait_for(self, url: str) -> None:
        """Wait until a route answers 200."""
        assert self._process is not None
        self._process.wait_until(lambda: urlopen(url, timeout=5).status == 200, url)

    def stop(self) -> None:
        """End it at last."""
        if self._process is not None:
            self._process.stop()


class Standin(Restartable):
    """The stand-in; what it received survives its death."""

    def __init__(self, directory: Path) -> None:
        http, grpc = free_ports(2)
        self.url, self.grpc = f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}"
        self._ledger = directory / "ledger.jsonl"
        script = directory / "script.json"
        script.write_text(json.dumps(SCRIPT))
        arguments = ["-m", "aegis_temporal_worker.standin.cli", f"--http-port={http}", f"--grpc-port={grpc}"]
        arguments += [f"--ledger={self._ledger}", f"--scratch={directory / 'scratch'}", f"--script={script}"]
        super().__init__("standin", [*arguments, "--log-level=warn"], directory, {})

    def kill(self) -> None:
        """SIGKILL. A line that it was writing was not answered; it counts as not received."""
        super().kill()
        written = self._ledger.read_bytes()
        self._ledger.write_bytes(written[: written.rfind(b"\n") + 1])

    def ledger(self) -> list[dict[str, Any]]:
        """Everything that was received so far."""
        lines = self._ledger.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]


class Worker(Restartable):
    """The worker."""

    def __init__(
        self, directory: Path, temporal: TemporalStack, database: Database, standin: Standin, task_queue: str
    ) -> None:
        port, metrics_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        passfile = directory / "pgpass"
        passfile.touch(mode=0o600)
        passfile.write_text(f"*:*:*:*:{database.password}\n")
        environment = {
            "TEMPORAL_ADDRESS": temporal.address,
            "TEMPORAL_NAMESPACE": temporal.namespace,
            "TEMPORAL_TASK_QUEUE": task_queue,
            "DATABASE_URL": f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}",
            "PGPASSFILE": str(passfile),
            "AEGIS_RUNTIME_GRPC_URL": standin.grpc,
            "AEGIS_ORCHESTRATOR_URL": standin.url,
            "PORT": str(port),
            "METRICS_PORT": str(metrics_port),
        }
        super().__init__("worker", ["-m", "aegis_temporal_worker"], directory, environment)

    def register(self, definition: dict[str, Any]) -> None:
        """Register a definition as the orchestrator does."""
        request = Request(
            f"{self.url}/register-workflow", json.dumps(definition).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=30) as answer:
            assert answer.status == 200
