# SPDX-License-Identifier: Apache-2.0
"""Contract 1.2, D1.1: what the orchestrator says of its own health over ``grpc.health.v1``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from aiohttp import web
from grpc_health.v1.health import aio as health_aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer, add_HealthServicer_to_server

from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.health import SERVICE

from .servers import Context, Keycloak, Runtime, Settings, grpc_server, http_server


@asynccontextmanager
async def health_server(servicer: HealthServicer) -> AsyncIterator[Settings]:
    server = grpc.aio.server()
    add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}")
    finally:
        await server.stop(None)


async def asked(settings: Settings, seconds: float = 5) -> str:
    client = RuntimeClient(settings)
    try:
        return await client.health(seconds)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (HealthCheckResponse.SERVING, "serving"),
        (HealthCheckResponse.NOT_SERVING, "not_serving"),
        (HealthCheckResponse.SERVICE_UNKNOWN, "not_serving"),
    ],
)
async def test_contract_d1_1_the_runtimes_own_service_is_asked_for(status: int, expected: str) -> None:
    servicer = health_aio.HealthServicer()
    await servicer.set("", HealthCheckResponse.SERVING)
    await servicer.set(SERVICE, status)
    async with health_server(servicer) as settings:
        assert await asked(settings) == expected


async def test_an_orchestrator_without_the_service_is_unknown() -> None:
    async with grpc_server(Runtime()) as port:
        assert await asked(Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}")) == "unknown"


async def test_nobody_there_is_unreachable() -> None:
    assert await asked(Settings()) == "unreachable"


class Hanging(HealthServicer):
    """Answers nothing; keeps the metadata."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, str]] = []

    async def Check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:  # noqa: N802 - the protocol's name
        self.metadata.append({key: str(value) for key, value in context.invocation_metadata() or ()})
        await asyncio.Event().wait()
        return HealthCheckResponse()


async def test_one_that_hangs_is_given_up_in_time() -> None:
    async with health_server(Hanging()) as settings, asyncio.timeout(30):
        assert await asked(settings, seconds=0.2) == "unreachable"


async def test_the_token_goes_along() -> None:
    hanging = Hanging()
    async with health_server(hanging) as settings, http_server(Keycloak()) as url:
        await asked(settings.with_keycloak(url), seconds=0.5)
    assert hanging.metadata[0]["authorization"] == "Bearer token-1"


async def test_a_refused_token_says_nothing_of_the_runtime() -> None:
    refusing = Keycloak(answer=lambda: web.json_response({"error": "unauthorized_client"}, status=401))
    async with http_server(refusing) as url:
        assert await asked(Settings().with_keycloak(url)) == "unknown"
