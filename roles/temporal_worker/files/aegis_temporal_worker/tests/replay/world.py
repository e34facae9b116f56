# SPDX-License-Identifier: Apache-2.0
"""A worker in this process on a real Temporal Server, with an orchestrator that a test can steer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
from aiohttp import web
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory

from aegis_temporal_worker.activities.services import open_services
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.store.identity import definition_hash
from aegis_temporal_worker.temporal.worker import build_worker

from ..runtime.servers import Context, Runtime, Settings, grpc_server, http_server

OnCommand = Callable[[pb.ExecuteSystemCommandRequest, Context], Awaitable[pb.ExecuteSystemCommandResponse]]


@dataclass
class WorkerVariables(Settings):
    """All variables of the worker."""

    temporal_task_queue: str = "unset"
    temporal_address: str = "unset"
    temporal_namespace: str = "default"
    identity: str = "test-worker"
    max_concurrent_activity_task_executions: int = 10
    max_concurrent_workflow_task_executions: int = 10
    shutdown_grace_seconds: float = 1.0
    human_timeout_seconds: int = 3600
    temporal_deployment_name: str | None = None
    temporal_build_id: str | None = None
    max_cached_workflows: int = 100


async def succeed(request: pb.ExecuteSystemCommandRequest, _: Context) -> pb.ExecuteSystemCommandResponse:
    """Every command prints itself."""
    return pb.ExecuteSystemCommandResponse(exit_code=0, stdout=f"{request.command}\n", duration_ms=1)


class SteeredRuntime(Runtime):
    """Commands as ``on_command`` says; workspaces work."""

    def __init__(self, on_command: OnCommand) -> None:
        super().__init__()
        self._steer = on_command

    async def ExecuteSystemCommand(  # noqa: N802 - the protocol's name
        self, request: pb.ExecuteSystemCommandRequest, context: Context
    ) -> pb.ExecuteSystemCommandResponse:
        self.requests.append(request)
        return await self._steer(request, context)

    async def DestroyWorkspaceVolume(  # noqa: N802 - the protocol's name
        self, request: pb.DestroyWorkspaceVolumeRequest, context: Context
    ) -> pb.DestroyWorkspaceVolumeResponse:
        self.workspaces.append(request)
        return pb.DestroyWorkspaceVolumeResponse(destroyed=True)


@dataclass
class World:
    """What a test steers and looks at."""

    client: Client
    task_queue: str
    runtime: SteeredRuntime
    definitions: dict[str, dict[str, Any]]
    events: list[dict[str, Any]] = field(default_factory=list)
    # Answers of the event route that come before it takes events.
    refusals: list[int] = field(default_factory=list)
    # So many requests of the event route get no answer before this is set.
    hanging: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    # So many reads of a definition fail.
    unreadable: int = 0

    async def get_pinned(self, workflow_id: str) -> tuple[dict[str, Any], str] | None:
        """Definitions by id."""
        if self.unreadable:
            self.unreadable -= 1
            raise OSError("the database is away")
        definition = self.definitions.get(workflow_id)
        return None if definition is None else (definition, definition_hash(definition))

    async def resolve(self, name_or_id: str, tenant_id: str) -> str | None:
        """Ids, and names among the definitions of the tenant."""
        named = (key for key, item in self.definitions.items() if name_or_id in (key, item.get("name")))
        return next(named, None)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """The event route."""
        if self.hanging:
            self.hanging -= 1
            await self.go_on.wait()
        if self.refusals:
            return web.Response(status=self.refusals.pop(0), text="not now")
        self.events.append(json.loads(await request.read()))
        return web.json_response({"status": "received"})

    async def start(self, workflow_id: str = "d", **argument: Any) -> WorkflowHandle[Any, Any]:
        """Start a run as the orchestrator does."""
        given = {"workflow_id": workflow_id, "input": {}, "blackboard": None, "tenant_id": "acme", **argument}
        return await self.client.start_workflow("aegis_workflow", given, id=str(uuid4()), task_queue=self.task_queue)

    def told(self) -> list[tuple[int, str, str | None]]:
        """Number, type and state of the events, doubles left out."""
        unique = {event["temporal_sequence_number"]: event for event in self.events}
        return [(number, event["event_type"], event.get("state_name")) for number, event in sorted(unique.items())]


@asynccontextmanager
async def world(
    client: Client, definition: dict[str, Any], on_command: OnCommand = succeed, **variables: Any
) -> AsyncIterator[World]:
    """Runs a worker that knows ``definition`` under the id ``d``."""
    task_queue = variables.pop("temporal_task_queue", f"replay-{uuid4()}")
    made = World(client, task_queue, SteeredRuntime(on_command), {"d": definition})
    async with grpc_server(made.runtime) as port, http_server(made.take) as url:
        addresses = {"aegis_orchestrator_url": url, "aegis_runtime_grpc_url": f"127.0.0.1:{port}"}
        settings = WorkerVariables(temporal_task_queue=task_queue, **(addresses | variables))
        async with open_services(settings) as services, build_worker(client, settings, made, services):
            try:
                yield made
            finally:
                made.go_on.set()


async def hang(_: pb.ExecuteSystemCommandRequest, __: Context) -> pb.ExecuteSystemCommandResponse:
    """A command that never ends."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def out_of_time(_: pb.ExecuteSystemCommandRequest, context: Context) -> pb.ExecuteSystemCommandResponse:
    """A command that the runtime ends at its limit."""
    await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "command timed out")
    raise AssertionError("abort raises")


def count(history: WorkflowHistory, event_type: str) -> int:
    """Events of a type, such as ``WORKFLOW_TASK_COMPLETED``."""
    wanted = EventType.Value(f"EVENT_TYPE_{event_type}")
    return sum(1 for event in history.events if event.event_type == wanted)
