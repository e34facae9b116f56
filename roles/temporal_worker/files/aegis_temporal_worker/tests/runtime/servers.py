# SPDX-License-Identifier: Apache-2.0
"""Real servers on loopback that answer as a test tells them, and settings that point to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from aiohttp import web
from pydantic import SecretStr

from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.runtime.proto.aegis_runtime_pb2_grpc import (
    AegisRuntimeServicer,
    add_AegisRuntimeServicer_to_server,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Settings:
    """The variables that this part of the worker reads."""

    aegis_orchestrator_url: str = "http://127.0.0.1:9"
    aegis_runtime_grpc_url: str = "127.0.0.1:9"
    aegis_runtime_grpc_keepalive_time_ms: int = 10_000
    aegis_runtime_grpc_keepalive_timeout_ms: int = 5_000
    aegis_runtime_grpc_max_reconnect_backoff_ms: int = 200
    aegis_runtime_grpc_dns_min_time_between_resolutions_ms: int = 5_000
    aegis_runtime_grpc_connect_timeout_ms: int = 5_000
    aegis_execution_fallback_idle_ms: int = 5_000
    aegis_execution_fallback_poll_ms: int = 1_000
    aegis_execution_fallback_max_poll_ms: int = 30_000
    aegis_execution_fallback_max_retries: int | None = None
    keycloak_host: str | None = None
    keycloak_system_realm: str | None = None
    keycloak_client_id: str | None = None
    keycloak_client_secret: SecretStr | None = None
    keycloak_scope: str = "workflow:read"
    template_escape_everywhere: bool = False

    def with_keycloak(self, url: str) -> Settings:
        """A service account at this address."""
        self.keycloak_host = url
        self.keycloak_system_realm = "system"
        self.keycloak_client_id = "aegis-temporal-worker"
        self.keycloak_client_secret = SecretStr("s3cret")
        return self


@asynccontextmanager
async def http_server(handler: Handler) -> AsyncIterator[str]:
    """Answers every GET and POST with ``handler``; gives the base URL."""
    application = web.Application(client_max_size=8 * 1024 * 1024)

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    application.router.add_post("/{path:.*}", handle)
    application.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class Keycloak:
    """A token endpoint: gives token-1, token-2 … or what ``answer`` says."""

    expires_in: object = 300
    answer: Callable[[], web.Response] | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.forms.append({key: str(value) for key, value in (await request.post()).items()})
        self.paths.append(request.path)
        if self.answer is not None:
            return self.answer()
        return web.json_response({"access_token": f"token-{len(self.forms)}", "expires_in": self.expires_in})


Context = grpc.aio.ServicerContext


class Runtime(AegisRuntimeServicer):
    """Answers system commands as ``on_command`` says, agents and workspaces in a fixed way, nothing else.

    Keeps requests and metadata.
    """

    def __init__(self) -> None:
        self.requests: list[pb.ExecuteSystemCommandRequest] = []
        self.metadata: list[dict[str, str]] = []
        self.workspaces: list[object] = []
        self.on_command: Callable[[Context], Awaitable[pb.ExecuteSystemCommandResponse]] = self._succeed

    async def _succeed(self, _: Context) -> pb.ExecuteSystemCommandResponse:
        return pb.ExecuteSystemCommandResponse(exit_code=0, stdout="out", stderr="err", duration_ms=12)

    def _seen(self, context: Context) -> None:
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata() or ()})

    async def ExecuteSystemCommand(self, request: pb.ExecuteSystemCommandRequest, context: Context):  # noqa: N802 - the protocol's name
        self.requests.append(request)
        self._seen(context)
        return await self.on_command(context)

    async def ExecuteAgent(self, request: pb.ExecuteAgentRequest, context: Context):  # noqa: N802 - the protocol's name
        self._seen(context)
        if len(self.metadata) == 1 and "authorization" in self.metadata[0]:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "stale token")
        yield pb.ExecutionEvent(execution_started=pb.ExecutionStarted(execution_id="placeholder"))
        yield pb.ExecutionEvent(
            execution_completed=pb.ExecutionCompleted(execution_id="run", final_output=request.input)
        )

    async def CreateWorkspaceVolume(self, request: pb.CreateWorkspaceVolumeRequest, context: Context):  # noqa: N802 - the protocol's name
        self._seen(context)
        self.workspaces.append(request)
        return pb.CreateWorkspaceVolumeResponse(volume_id="v", remote_path="/r")

    async def DestroyWorkspaceVolume(self, request: pb.DestroyWorkspaceVolumeRequest, context: Context):  # noqa: N802 - the protocol's name
        self._seen(context)
        self.workspaces.append(request)
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such volume")


@asynccontextmanager
async def grpc_server(runtime: Runtime, port: int = 0) -> AsyncIterator[int]:
    """Serves ``runtime``; gives the port."""
    server = grpc.aio.server()
    add_AegisRuntimeServicer_to_server(runtime, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(None)
