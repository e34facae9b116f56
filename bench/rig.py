# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes under measurement: PostgreSQL, Temporal Server, the stand-in for the orchestrator, and workers."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from loopback_stack import Database, TemporalStack, postgres, stack
from loopback_stack.processes import ManagedProcess, free_ports

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "roles/temporal_worker/files/aegis_temporal_worker/src"
_SECONDS = 10


@dataclass(frozen=True)
class Worker:
    """Our worker as a process."""

    process: ManagedProcess
    url: str
    task_queue: str

    def register(self, definition: dict[str, Any]) -> None:
        """Register a definition as the orchestrator does. Raises ``urllib.error.URLError`` when it is refused."""
        body = json.dumps(definition).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.url}/register-workflow", body, headers), timeout=_SECONDS):
            pass


@dataclass
class Rig:
    """What one benchmark works with. Use ``rig`` to get one."""

    temporal: TemporalStack
    directory: Path
    database: Database
    standin: ManagedProcess
    standin_url: str
    standin_grpc: str
    sources: Path
    _stack: ExitStack = field(repr=False)

    def worker_environment(self, task_queue: str, **variables: str) -> dict[str, str]:
        """Variables of a worker process, with ports of its own."""
        passfile = self.directory / "pgpass"
        if not passfile.exists():
            passfile.touch(mode=0o600)
            passfile.write_text(f"*:*:*:*:{self.database.password}\n", encoding="utf-8")
        port, metrics_port = free_ports(2)
        database = self.database
        return {
            "PYTHONPATH": str(self.sources),
            "TEMPORAL_ADDRESS": self.temporal.address,
            "TEMPORAL_NAMESPACE": self.temporal.namespace,
            "TEMPORAL_TASK_QUEUE": task_queue,
            "DATABASE_URL": f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}",
            "PGPASSFILE": str(passfile),
            "AEGIS_RUNTIME_GRPC_URL": self.standin_grpc,
            "AEGIS_ORCHESTRATOR_URL": self.standin_url,
            "PORT": str(port),
            "METRICS_PORT": str(metrics_port),
        } | variables

    def start_worker(self, task_queue: str | None = None, *, wait: bool = True, **variables: str) -> Worker:
        """Our worker with its shipped settings; ``variables`` replace or add some. Waits until it polls."""
        task_queue = task_queue or f"aegis-{uuid4()}"
        environment = self.worker_environment(task_queue, **variables)
        process = self.start_process("worker", ["-m", "aegis_temporal_worker"], environment)
        worker = Worker(process, f"http://127.0.0.1:{environment['PORT']}", task_queue)
        if wait:
            process.wait_until(lambda: _answers(f"{worker.url}/health"), "/health")
        return worker

    def start_bare_worker(self, kind: str) -> tuple[ManagedProcess, str]:
        """A bare worker of a ``kind`` (see ``bare_worker``), and its task queue."""
        task_queue = f"bare-{kind}-{uuid4()}"
        environment = self.worker_environment(task_queue, BARE_KIND=kind, PYTHONPATH=f"{ROOT}:{self.sources}")
        return self.start_process(f"bare-{kind}", ["-m", "bench.bare_worker"], environment), task_queue

    def start_process(self, name: str, arguments: list[str], environment: dict[str, str]) -> ManagedProcess:
        """A Python process that is stopped at the end."""
        process = ManagedProcess(
            name, [sys.executable, *arguments], self.directory / f"{name}-{uuid4()}.log", environment=environment
        )
        self._stack.callback(process.stop)
        return process

    @property
    def postgres_pid(self) -> int:
        """Process id of PostgreSQL's first process, the parent of all others."""
        lines = (self.directory / "postgres" / "postmaster.pid").read_text(encoding="ascii").splitlines()
        return int(lines[0])

    def ledger(self, **query: str) -> list[dict[str, Any]]:
        """What the stand-in received."""
        text = "&".join(f"{name}={value}" for name, value in query.items())
        with urlopen(f"{self.standin_url}/standin/ledger?{text}", timeout=_SECONDS) as answer:
            entries: list[dict[str, Any]] = json.load(answer)["entries"]
            return entries


@contextmanager
def rig(sources: Path = SOURCES) -> Iterator[Rig]:
    """Start PostgreSQL, Temporal Server and the stand-in; end them and every worker afterwards.

    ``sources`` is where the worker is imported from. Raises ``BinariesMissing`` or ``ProcessFailed``.
    """
    with ExitStack() as kept:
        directory = kept.enter_context(stack.work_directory())
        server = kept.enter_context(postgres.postgres_server(directory))
        temporal = kept.enter_context(stack.temporal_stack(server, directory))
        database = server.create_database("aegis")
        http, grpc = free_ports(2)
        # Its own log lines are no part of what is measured.
        arguments = ["-m", "aegis_temporal_worker.standin.cli", f"--http-port={http}", f"--grpc-port={grpc}"]
        arguments += [f"--scratch={directory / 'scratch'}", "--log-level=warn"]
        standin = ManagedProcess(
            "standin",
            [sys.executable, *arguments],
            directory / "standin.log",
            environment={"PYTHONPATH": str(sources)},
        )
        kept.callback(standin.stop)
        url = f"http://127.0.0.1:{http}"
        standin.wait_until(lambda: _answers(f"{url}/health"), "/health")
        yield Rig(temporal, directory, database, standin, url, f"127.0.0.1:{grpc}", sources, kept)


def _answers(url: str) -> bool:
    with urlopen(url, timeout=_SECONDS) as answer:
        return int(answer.status) == 200
