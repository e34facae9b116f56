# SPDX-License-Identifier: Apache-2.0
"""The stand-in as a whole: both listeners and what they share."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import grpc
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined] # not in the type stubs
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from aegis_temporal_worker.http.server import listening
from aegis_temporal_worker.runtime.health import SERVICE
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2_grpc as pb_grpc
from aegis_temporal_worker.standin.cancellation import CancellationNotes
from aegis_temporal_worker.standin.faults import Faults
from aegis_temporal_worker.standin.http_api import StandinHttp
from aegis_temporal_worker.standin.ledger import Ledger
from aegis_temporal_worker.standin.runs import Agents
from aegis_temporal_worker.standin.runtime_service import RuntimeService
from aegis_temporal_worker.standin.schedules import Schedules
from aegis_temporal_worker.standin.script import Script

log = logging.getLogger(__name__)

_GRPC_STOP_SECONDS: Final = 2.0
_GRPC_OPTIONS: Final = (
    # Otherwise a second stand-in would silently share the port.
    ("grpc.so_reuseport", 0),
    # The worker pings during a long silent call. gRPC's default takes a ping every five minutes and ends the connection
    # after the third one that comes too soon (grpc/proposal A8).
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
    ("grpc.http2.max_ping_strikes", 0),
)


@dataclass(frozen=True)
class StandinOptions:
    """Where the stand-in listens and writes."""

    http_host: str
    http_port: int
    grpc_host: str
    grpc_port: int
    ledger: Path
    scratch: Path
    script: Script


class Standin:
    """Use as an async context manager: it serves inside the block. Raises ``OSError`` for an address it cannot have."""

    def __init__(self, options: StandinOptions) -> None:
        self._options = options
        self._faults = Faults()
        self._agents = Agents(options.script)
        self._grpc: grpc.aio.Server | None = None
        # The empty name is the process, as with the orchestrator.
        self._health = health_aio.HealthServicer()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start both listeners."""
        options = self._options
        options.scratch.mkdir(parents=True, exist_ok=True)
        self._ledger = Ledger(options.ledger)
        # The generated base answers UNIMPLEMENTED for the RPCs that the worker never calls.
        self._service = RuntimeService(  # type: ignore[abstract]
            options.script, self._agents, self._ledger, self._faults, options.scratch
        )
        schedules = Schedules(options.script, self._ledger)
        http = StandinHttp(self._agents, schedules, self._ledger, self._faults, self._apply_faults)
        async with AsyncExitStack() as stack:
            stack.callback(self._ledger.close)
            stack.push_async_callback(self._stop_grpc)
            await self._start_grpc()
            await stack.enter_async_context(listening(http.application(), options.http_host, options.http_port))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both listeners."""
        await self._stack.aclose()

    async def _apply_faults(self) -> None:
        if self._faults.runtime_stopped:
            await self._stop_grpc()
        elif self._grpc is None:
            await self._start_grpc()
        await self._tell_health()

    async def _start_grpc(self) -> None:
        address = f"{self._options.grpc_host}:{self._options.grpc_port}"
        server = grpc.aio.server(options=_GRPC_OPTIONS, interceptors=[CancellationNotes(self._ledger)])
        pb_grpc.add_AegisRuntimeServicer_to_server(self._service, server)
        add_HealthServicer_to_server(self._health, server)
        await self._tell_health()
        try:
            server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}: {error}") from error
        await server.start()
        self._grpc = server

    async def _tell_health(self) -> None:
        serving = not self._faults.runtime_not_serving
        status = HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING
        await self._health.set("", HealthCheckResponse.SERVING)
        await self._health.set(SERVICE, status)

    async def _stop_grpc(self) -> None:
        if self._grpc is not None:
            await self._grpc.stop(_GRPC_STOP_SECONDS)
            self._grpc = None
