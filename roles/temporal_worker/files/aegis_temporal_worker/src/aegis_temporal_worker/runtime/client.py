# SPDX-License-Identifier: Apache-2.0
"""Client of the runtime service.

One channel for the process. Every call carries the service token and the tenant, waits a limited time for the channel,
has a deadline, and is made again once with a fresh token when the token was refused. Methods are named after the RPCs
and take and return the messages of ``proto``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import grpc
from grpc import aio

from .auth import KeycloakSettings, TokenProvider, TokenRefusedError, TokenUnavailableError
from .errors import RuntimeCallError
from .health import RuntimeHealth, ask_health
from .proto import aegis_runtime_pb2 as pb
from .proto.aegis_runtime_pb2_grpc import AegisRuntimeStub

if TYPE_CHECKING:  # exists in the generated types only
    from .proto.aegis_runtime_pb2_grpc import AegisRuntimeAsyncStub

Response = TypeVar("Response")
Metadata = tuple[tuple[str, str], ...]

# The orchestrator sends at most 4 MB; a diff, two streams of 1 MiB and names fit.
_MOST_BYTES: Final = 8 * 1024 * 1024


class ChannelSettings(Protocol):
    """The variables of the runtime's channel; times in milliseconds."""

    @property
    def aegis_runtime_grpc_url(self) -> str:
        """host:port, plain text."""

    @property
    def aegis_runtime_grpc_keepalive_time_ms(self) -> int:
        """Interval of HTTP/2 pings while a call is open."""

    @property
    def aegis_runtime_grpc_keepalive_timeout_ms(self) -> int:
        """Limit for a ping's answer."""

    @property
    def aegis_runtime_grpc_max_reconnect_backoff_ms(self) -> int:
        """Longest gap between two attempts to connect."""

    @property
    def aegis_runtime_grpc_dns_min_time_between_resolutions_ms(self) -> int:
        """How long a name's addresses are kept."""

    @property
    def aegis_runtime_grpc_connect_timeout_ms(self) -> int:
        """How long one call waits for a ready channel."""


class RuntimeSettings(ChannelSettings, KeycloakSettings, Protocol):
    """The variables of the runtime's client."""


class RuntimeClient:
    """The runtime service. Make it inside the event loop that uses it; ``close`` it at the end."""

    def __init__(self, settings: RuntimeSettings) -> None:
        """Nothing is dialled before the first call."""
        # The event route wants the same token.
        self.tokens = TokenProvider(settings)
        self._connect_seconds = settings.aegis_runtime_grpc_connect_timeout_ms / 1000
        self._channel = aio.insecure_channel(
            settings.aegis_runtime_grpc_url.rpartition("://")[2],
            options=[
                ("grpc.keepalive_time_ms", settings.aegis_runtime_grpc_keepalive_time_ms),
                ("grpc.keepalive_timeout_ms", settings.aegis_runtime_grpc_keepalive_timeout_ms),
                # Without data every ping counts as idle; a silent command of an hour must not end the pings.
                ("grpc.http2.max_pings_without_data", 0),
                ("grpc.max_reconnect_backoff_ms", settings.aegis_runtime_grpc_max_reconnect_backoff_ms),
                (
                    "grpc.dns_min_time_between_resolutions_ms",
                    settings.aegis_runtime_grpc_dns_min_time_between_resolutions_ms,
                ),
                ("grpc.max_receive_message_length", _MOST_BYTES),
                ("grpc.max_send_message_length", _MOST_BYTES),
                # A service config from DNS could retry a command that had begun.
                ("grpc.service_config_disable_resolution", 1),
            ],
        )
        self._stub: AegisRuntimeAsyncStub = AegisRuntimeStub(self._channel)

    async def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        await self._channel.close(grace=None)
        await self.tokens.close()

    async def ready(self, method: str) -> None:
        """Wait for the channel and a token, so that a call from here on reaches the runtime at once.

        Raises ``RuntimeCallError`` (not begun) naming ``method``. Every call does this by itself too.
        """
        try:
            async with asyncio.timeout(self._connect_seconds):
                await self._channel.channel_ready()
        except TimeoutError:
            raise RuntimeCallError(
                method,
                grpc.StatusCode.UNAVAILABLE,
                f"no connection to the runtime within {self._connect_seconds:g} s",
                begun=False,
            ) from None
        await self._token(method)

    async def health(self, seconds: float) -> RuntimeHealth:
        """What the runtime says of itself, asked for at most so many seconds. Never raises."""
        try:
            async with asyncio.timeout(seconds):
                token = await self.tokens.token()
        except TimeoutError:
            return "unreachable"
        except (TokenUnavailableError, TokenRefusedError):
            return "unknown"
        return await ask_health(self._channel, _metadata(token, ""), seconds)

    async def execute_system_command(
        self, request: pb.ExecuteSystemCommandRequest, *, tenant_id: str, deadline: float
    ) -> pb.ExecuteSystemCommandResponse:
        """Run a shell command on the orchestrator's host. ``deadline`` in seconds, like everywhere here.

        Every method raises ``RuntimeCallError``.
        """
        return await self._unary("ExecuteSystemCommand", self._stub.ExecuteSystemCommand, request, tenant_id, deadline)

    async def validate_with_judges(
        self, request: pb.ValidateWithJudgesRequest, *, tenant_id: str, deadline: float
    ) -> pb.ValidateWithJudgesResponse:
        """Have judges score an output. Judge ids must be UUIDs."""
        return await self._unary("ValidateWithJudges", self._stub.ValidateWithJudges, request, tenant_id, deadline)

    async def execute_container_run(
        self, request: pb.ExecuteContainerRunRequest, *, tenant_id: str, deadline: float
    ) -> pb.ExecuteContainerRunResponse:
        """Run one container step."""
        return await self._unary("ExecuteContainerRun", self._stub.ExecuteContainerRun, request, tenant_id, deadline)

    async def create_workspace_volume(
        self, request: pb.CreateWorkspaceVolumeRequest, *, tenant_id: str, deadline: float
    ) -> pb.CreateWorkspaceVolumeResponse:
        """Create a workspace volume for a run."""
        return await self._unary(
            "CreateWorkspaceVolume", self._stub.CreateWorkspaceVolume, request, tenant_id, deadline
        )

    async def destroy_workspace_volume(
        self, request: pb.DestroyWorkspaceVolumeRequest, *, tenant_id: str, deadline: float
    ) -> pb.DestroyWorkspaceVolumeResponse:
        """Unmount a workspace volume."""
        return await self._unary(
            "DestroyWorkspaceVolume", self._stub.DestroyWorkspaceVolume, request, tenant_id, deadline
        )

    async def invoke_output_handler(
        self, request: pb.InvokeOutputHandlerRequest, *, tenant_id: str, deadline: float
    ) -> pb.InvokeOutputHandlerResponse:
        """Hand an output to its handler."""
        return await self._unary("InvokeOutputHandler", self._stub.InvokeOutputHandler, request, tenant_id, deadline)

    async def run_repository_action(
        self, request: pb.RunRepositoryActionRequest, *, tenant_id: str, deadline: float
    ) -> pb.RunRepositoryActionResponse:
        """Run a repository, tree or archive action; gated ones wait up to 72 hours for a person."""
        return await self._unary("RunRepositoryAction", self._stub.RunRepositoryAction, request, tenant_id, deadline)

    async def run_image_generate(
        self, request: pb.RunImageGenerateRequest, *, tenant_id: str, deadline: float
    ) -> pb.RunImageGenerateResponse:
        """Generate images into a volume of the run."""
        return await self._unary("RunImageGenerate", self._stub.RunImageGenerate, request, tenant_id, deadline)

    def execute_agent(
        self, request: pb.ExecuteAgentRequest, *, tenant_id: str, deadline: float
    ) -> AsyncGenerator[pb.ExecutionEvent, None]:
        """Run an agent; yields its events. A token that was refused is not tried again once an event has come.

        Close the generator (``contextlib.aclosing``): the call ends with it.
        """
        return self._stream("ExecuteAgent", self._stub.ExecuteAgent, request, tenant_id, deadline)

    async def _unary(
        self,
        method: str,
        call: Callable[..., Awaitable[Response]],
        request: object,
        tenant_id: str,
        deadline: float,
    ) -> Response:
        await self.ready(method)
        token = await self._token(method)
        try:
            return await call(request, metadata=_metadata(token, tenant_id), timeout=deadline)
        except aio.AioRpcError as error:
            if token is None or error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise _translate(method, error) from error
        self.tokens.drop(token)
        token = await self._token(method)
        try:
            return await call(request, metadata=_metadata(token, tenant_id), timeout=deadline)
        except aio.AioRpcError as error:
            raise _translate(method, error) from error

    async def _stream(
        self, method: str, call: Callable[..., Any], request: object, tenant_id: str, deadline: float
    ) -> AsyncGenerator[Any, None]:
        await self.ready(method)
        for last in (False, True):
            token = await self._token(method)
            stream = call(request, metadata=_metadata(token, tenant_id), timeout=deadline)
            begun = False
            try:
                async for event in stream:
                    begun = True
                    yield event
            except aio.AioRpcError as error:
                refused = error.code() is grpc.StatusCode.UNAUTHENTICATED
                if last or begun or token is None or not refused:
                    raise _translate(method, error) from error
                self.tokens.drop(token)
            else:
                return
            finally:
                stream.cancel()

    async def _token(self, method: str) -> str | None:
        try:
            return await self.tokens.token()
        except TokenUnavailableError as error:
            raise RuntimeCallError(method, grpc.StatusCode.UNAVAILABLE, str(error), begun=False) from error
        except TokenRefusedError as error:
            raise RuntimeCallError(method, grpc.StatusCode.UNAUTHENTICATED, str(error), begun=False) from error


def _metadata(token: str | None, tenant_id: str) -> Metadata:
    entries = []
    if token is not None:
        entries.append(("authorization", f"Bearer {token}"))
    if tenant_id:
        entries.append(("x-tenant-id", tenant_id))
    return tuple(entries)


def _translate(method: str, error: aio.AioRpcError) -> RuntimeCallError:
    return RuntimeCallError(method, error.code(), error.details() or "no details", begun=True)
