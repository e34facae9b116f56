# SPDX-License-Identifier: Apache-2.0
"""The whole worker and the stand-in as processes, against a real Temporal Server and a real PostgreSQL."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import aiohttp
import pytest
from loopback_stack import Database, TemporalStack
from loopback_stack.processes import ManagedProcess, free_ports
from temporalio.client import Client

SOURCES = Path(__file__).parents[2] / "src"
FIXTURES = Path(__file__).parents[1] / "fixtures"

TOKEN = "api-t0ken-c4n4ry"


class Process(ManagedProcess):
    """A process whose exit code matters."""

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self, timeout: float = 60) -> int:
        """The exit code; -N after signal N."""
        return self._process.wait(timeout)


@dataclass
class Standin:
    """A running stand-in."""

    process: Process
    url: str
    grpc: str
    session: aiohttp.ClientSession

    async def ledger(self, **query: str) -> list[dict[str, Any]]:
        """Entries of the ledger."""
        async with self.session.get(f"{self.url}/standin/ledger", params=query) as answer:
            entries: list[dict[str, Any]] = (await answer.json())["entries"]
            return entries

    async def faults(self, **wanted: Any) -> None:
        """Switch faults; no argument clears them."""
        call = self.session.post if wanted else self.session.delete
        async with call(f"{self.url}/standin/faults", json=wanted) as answer:
            assert answer.status == 200, await answer.text()


@dataclass
class Worker:
    """A running worker."""

    process: Process
    url: str
    metrics_url: str
    session: aiohttp.ClientSession

    def wait_healthy(self) -> None:
        """Until ``/health`` answers 200."""
        self.process.wait_until(lambda: urlopen(f"{self.url}/health", timeout=5).status == 200, "/health 200")

    async def register(self, definition: dict[str, Any]) -> None:
        """Register as the orchestrator does."""
        async with self.session.post(f"{self.url}/register-workflow", json=definition) as answer:
            assert answer.status == 200, await answer.text()

    async def health(self) -> tuple[int, dict[str, Any]]:
        """Code and body of ``/health``."""
        async with self.session.get(f"{self.url}/health") as answer:
            return answer.status, await answer.json()


StartWorker = Callable[..., Worker]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    """Ends what was started."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def standin(processes: ExitStack, tmp_path: Path, session: aiohttp.ClientSession) -> Standin:
    """A stand-in orchestrator."""
    http, grpc = free_ports(2)
    process = Process(
        "aegis-standin",
        [
            sys.executable,
            "-m",
            "aegis_temporal_worker.standin.cli",
            f"--http-port={http}",
            f"--grpc-port={grpc}",
            f"--scratch={tmp_path / 'scratch'}",
        ],
        tmp_path / "standin.log",
        environment={"PYTHONPATH": str(SOURCES)},
    )
    processes.callback(process.stop)
    url = f"http://127.0.0.1:{http}"
    process.wait_until(lambda: urlopen(f"{url}/health", timeout=5).status == 200, "/health")
    return Standin(process, url, f"127.0.0.1:{grpc}", session)


@pytest.fixture
def task_queue() -> str:
    """A queue of its own for each test."""
    return f"aegis-agents-{uuid4()}"


@pytest.fixture
def start_worker(
    processes: ExitStack,
    tmp_path: Path,
    session: aiohttp.ClientSession,
    standin: Standin,
    database: Database,
    temporal_stack: TemporalStack,
    task_queue: str,
) -> StartWorker:
    """Starts a worker process; keyword arguments are environment variables, None removes one."""
    ports = free_ports(2)
    passfile = tmp_path / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:*:{database.password}\n")

    def start(*, healthy: bool = True, **variables: str | None) -> Worker:
        environment: dict[str, str | None] = {
            "PYTHONPATH": str(SOURCES),
            "TEMPORAL_ADDRESS": temporal_stack.address,
            "TEMPORAL_NAMESPACE": temporal_stack.namespace,
            "TEMPORAL_TASK_QUEUE": task_queue,
            "DATABASE_URL": f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}",
            "PGPASSFILE": str(passfile),
            "AEGIS_RUNTIME_GRPC_URL": standin.grpc,
            "AEGIS_ORCHESTRATOR_URL": standin.url,
            "PORT": str(ports[0]),
            "METRICS_PORT": str(ports[1]),
            "LOG_LEVEL": "debug",
        } | variables
        process = Process(
            "aegis-temporal-worker",
            [sys.executable, "-m", "aegis_temporal_worker"],
            tmp_path / "worker.log",
            environment={name: value for name, value in environment.items() if value is not None},
        )
        processes.callback(process.stop)
        worker = Worker(process, f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}/metrics", session)
        if healthy:
            worker.wait_healthy()
        return worker

    return start


@pytest.fixture
async def temporal(temporal_stack: TemporalStack) -> Client:
    """A client as the orchestrator has one: default payloads, no interceptors."""
    return await Client.connect(temporal_stack.address, namespace=temporal_stack.namespace)


@pytest.fixture
def echo() -> dict[str, Any]:
    """The echo definition, as the orchestrator maps it."""
    definition: dict[str, Any] = json.loads((FIXTURES / "echo.json").read_text())
    return definition


@pytest.fixture
def start_run(temporal: Client, task_queue: str) -> Callable[..., Any]:
    """Starts a run as the orchestrator does; gives its handle. Keyword arguments replace fields of the argument."""

    async def start(definition: dict[str, Any], **fields: Any) -> Any:
        argument = {
            "workflow_id": definition["workflow_id"],
            "input": {},
            "blackboard": None,
            "security_context_name": None,
            "tenant_id": "acme",
        } | fields
        return await temporal.start_workflow("aegis_workflow", argument, id=str(uuid4()), task_queue=task_queue)

    return start
