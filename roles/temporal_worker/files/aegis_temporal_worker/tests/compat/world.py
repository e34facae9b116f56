# SPDX-License-Identifier: Apache-2.0
"""The whole worker and the stand-in in this process, on a real Temporal Server and a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
from loopback_stack import TemporalStack
from loopback_stack.processes import free_ports
from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from aegis_temporal_worker.activities.services import open_services
from aegis_temporal_worker.config import load_settings
from aegis_temporal_worker.http.health import Health, WorkerState
from aegis_temporal_worker.http.server import api_application, listening
from aegis_temporal_worker.standin.script import Script, load_script
from aegis_temporal_worker.standin.server import Standin, StandinOptions
from aegis_temporal_worker.store import DefinitionStore
from aegis_temporal_worker.temporal.client import connect
from aegis_temporal_worker.temporal.worker import build_worker

HERE: Final = Path(__file__).parent
HOST: Final = "127.0.0.1"
ASKED: Final = "HumanInputRequested"


def definition(name: str) -> dict[str, Any]:
    """A definition of the corpus."""
    read: dict[str, Any] = json.loads((HERE / "definitions" / f"{name}.json").read_text(encoding="utf-8"))
    return read


def script(name: str | None) -> Script:
    """A script of the corpus; None: nothing is scripted."""
    return load_script(HERE / "scripts" / f"{name}.json" if name else None)


@dataclass(frozen=True)
class Scenario:
    """One run. ``definitions``: the first is run, the others are registered too.

    ``script`` is the stand-in's. ``argument`` is added to the start argument. ``answers`` are arguments of the signal
    ``humanInput``, each sent after one more question was told.
    """

    name: str
    definitions: Sequence[str]
    script: str | None = None
    argument: dict[str, Any] = field(default_factory=dict)
    answers: Sequence[Sequence[Any]] = ()


@dataclass
class World:
    """A worker that polls, and its orchestrator."""

    temporal: Client
    task_queue: str
    orchestrator: aiohttp.ClientSession
    worker: aiohttp.ClientSession
    scratch: Path

    async def register(self, definition: dict[str, Any]) -> None:
        """Register as the orchestrator does."""
        async with self.worker.post("/register-workflow", json=definition) as answer:
            assert answer.status == 200, await answer.text()

    async def start(self, definition: dict[str, Any], **argument: Any) -> WorkflowHandle[Any, Any]:
        """Start as the orchestrator does."""
        given = {
            "workflow_id": definition["workflow_id"],
            "input": {},
            "blackboard": None,
            "security_context_name": "default",
            "tenant_id": "acme",
            **argument,
        }
        return await self.temporal.start_workflow("aegis_workflow", given, id=str(uuid4()), task_queue=self.task_queue)

    async def ledger(self, **query: str) -> list[dict[str, Any]]:
        """What the stand-in received, oldest first."""
        async with self.orchestrator.get("/standin/ledger", params=query) as answer:
            entries: list[dict[str, Any]] = (await answer.json())["entries"]
            return entries

    async def until_asked(self, times: int) -> None:
        """Wait until so many questions of Human states have been told."""

        async def asked() -> int:
            events = await self.ledger(kind="event")
            return len({entry["sequence"] for entry in events if entry["event"]["event_type"] == ASKED})

        await _until(asked, times)

    async def until_called(self, method: str, times: int = 1) -> None:
        """Wait until the runtime was called so often."""

        async def called() -> int:
            return sum(entry["method"] == method for entry in await self.ledger(kind="call"))

        await _until(called, times)

    async def until_children_ended(self) -> None:
        """Wait for the runs that other runs started; a detached one outlives its starter."""
        for entry in await self.ledger(kind="event"):
            if entry["event"]["event_type"] == "SubworkflowTriggered":
                await self.temporal.get_workflow_handle(entry["event"]["child_execution_id"]).result()

    async def play(self, scenario: Scenario) -> WorkflowHandle[Any, Any]:
        """Register, start, answer; the run goes on."""
        definitions = [definition(name) for name in scenario.definitions]
        for item in definitions:
            await self.register(item)
        handle = await self.start(definitions[0], **scenario.argument)
        for number, answer in enumerate(scenario.answers, start=1):
            await self.until_asked(number)
            await handle.signal("humanInput", args=list(answer))
        return handle


async def _until(count: Callable[[], Awaitable[int]], times: int) -> None:
    await AsyncRetrying(
        retry=retry_if_result(lambda found: found < times), stop=stop_after_delay(60), wait=wait_fixed(0.05)
    )(count)


@asynccontextmanager
async def world(
    stack: TemporalStack, store: DefinitionStore, dsn: str, directory: Path, script: Script
) -> AsyncIterator[World]:
    """Starts both. The worker has a service account."""
    http, grpc, api = free_ports(3)
    options = StandinOptions(
        http_host=HOST,
        http_port=http,
        grpc_host=HOST,
        grpc_port=grpc,
        ledger=directory / "ledger.jsonl",
        scratch=directory / "scratch",
        script=script,
    )
    settings = load_settings(
        _env_file=None,
        database_url=dsn,
        temporal_address=stack.address,
        temporal_task_queue=f"compat-{uuid4()}",
        aegis_orchestrator_url=f"http://{HOST}:{http}",
        aegis_runtime_grpc_url=f"{HOST}:{grpc}",
        port=api,
        worker_identity="test-worker",
        shutdown_grace_seconds=1.0,
        keycloak_host=f"http://{HOST}:{http}",
        keycloak_system_realm="aegis-system",
        keycloak_client_id="aegis-temporal-worker",
        keycloak_client_secret=SecretStr("s3cret"),
    )
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(Standin(options))
        application = api_application(settings, store, Health(settings, store, WorkerState()))
        await opened.enter_async_context(listening(application, HOST, api))
        services = await opened.enter_async_context(open_services(settings))
        client = await connect(settings, limit_seconds=30)
        orchestrator = await opened.enter_async_context(aiohttp.ClientSession(settings.aegis_orchestrator_url))
        worker = await opened.enter_async_context(aiohttp.ClientSession(f"http://{HOST}:{api}"))
        await opened.enter_async_context(build_worker(client, settings, store, services))
        # As the orchestrator has one: default payloads.
        temporal = await Client.connect(stack.address, namespace=stack.namespace, identity="test-orchestrator")
        yield World(temporal, settings.temporal_task_queue, orchestrator, worker, options.scratch)
