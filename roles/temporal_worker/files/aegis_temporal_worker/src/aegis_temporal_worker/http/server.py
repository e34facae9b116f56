# SPDX-License-Identifier: Apache-2.0
"""The HTTP applications and their listeners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client.aiohttp import make_aiohttp_handler

from aegis_temporal_worker import metrics
from aegis_temporal_worker.config import Settings
from aegis_temporal_worker.http.answers import errors_as_json, json_answer
from aegis_temporal_worker.http.guard import address_guard, token_guard
from aegis_temporal_worker.http.health import Health
from aegis_temporal_worker.http.workflows import WorkflowRoutes
from aegis_temporal_worker.store import DefinitionStore

# The reference takes JSON bodies of up to 10 MB.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
_SHUTDOWN_SECONDS: Final = 5.0


def api_application(settings: Settings, store: DefinitionStore, health: Health) -> web.Application:
    """The management API."""
    middlewares: list[Middleware] = [errors_as_json, address_guard(settings.api_allowed_addresses)]
    if settings.api_token is not None:
        middlewares.append(token_guard(settings.api_token.get_secret_value()))
    application = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)

    async def show_health(_request: web.Request) -> web.Response:
        status, body = await health.report()
        return json_answer(body, status)

    application.add_routes(
        [
            web.get("/health", show_health),
            web.get("/metrics", make_aiohttp_handler(metrics.REGISTRY)),
            *WorkflowRoutes(store).routes(),
        ]
    )
    return application


def metrics_application() -> web.Application:
    """The separate metrics listener: ``/metrics`` and nothing else."""
    application = web.Application()
    application.add_routes([web.get("/metrics", make_aiohttp_handler(metrics.REGISTRY))])
    return application


@asynccontextmanager
async def listening(application: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve ``application`` while the block runs. Raises ``OSError`` when the address cannot be had."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
