# SPDX-License-Identifier: Apache-2.0
"""The HTTP applications and their listeners."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.typedefs import Middleware
from prometheus_client.aiohttp import make_aiohttp_handler

from aegis_temporal_worker import metrics
from aegis_temporal_worker.config import Settings
from aegis_temporal_worker.http.answers import errors_as_json, json_answer
from aegis_temporal_worker.http.guard import address_guard, token_guard
from aegis_temporal_worker.http.health import Health
from aegis_temporal_worker.http.openapi import openapi_document
from aegis_temporal_worker.http.workflows import WorkflowRoutes
from aegis_temporal_worker.store import DefinitionStore

log = logging.getLogger(__name__)

# The reference takes JSON bodies of up to 10 MB.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
_SHUTDOWN_SECONDS: Final = 5.0

_connections = logging.getLogger(f"{__name__}.connections")


def _brief(record: logging.LogRecord) -> bool:
    """Filter: bytes that are no HTTP are the other side's fault, and no error with a traceback of ours."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, BadHttpMessage):
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.exc_info = f"{record.getMessage()}: {type(error).__name__}", None
        record.args = ()
    return True


_connections.addFilter(_brief)


def api_application(settings: Settings, store: DefinitionStore, health: Health) -> web.Application:
    """The management API; without the registration where that has a listener of its own."""
    routes = WorkflowRoutes(store)
    registration = routes.registration() if settings.register_listener is None else []
    return _application(settings, health, [_measured(health), *registration, *routes.management()])


def register_application(settings: Settings, store: DefinitionStore, health: Health) -> web.Application:
    """The registration alone, for a listener of its own."""
    return _application(settings, health, WorkflowRoutes(store).registration())


def metrics_application(health: Health) -> web.Application:
    """The separate metrics listener: ``/metrics`` and nothing else."""
    application = web.Application()
    application.add_routes([_measured(health)])
    return application


@asynccontextmanager
async def serving(settings: Settings, store: DefinitionStore, health: Health) -> AsyncIterator[None]:
    """Serve all that the settings ask for while the block runs. Raises ``OSError`` for an address that is not free."""
    listeners = [(api_application(settings, store, health), settings.http_host, settings.port)]
    if settings.register_listener is not None:
        listeners.append((register_application(settings, store, health), *settings.register_listener))
    if settings.metrics_port:
        listeners.append((metrics_application(health), settings.metrics_bind, settings.metrics_port))
    async with AsyncExitStack() as stack:
        for application, host, port in listeners:
            await stack.enter_async_context(listening(application, host, port))
            log.info("listening on %s:%d", host, port)
        yield


@asynccontextmanager
async def listening(application: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve ``application`` while the block runs. Raises ``OSError`` when the address cannot be had."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, logger=_connections)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise OSError(f"cannot listen on {host}:{port}: {error}") from error
        yield
    finally:
        await runner.cleanup()


def _measured(health: Health) -> web.RouteDef:
    show = make_aiohttp_handler(metrics.REGISTRY)

    async def show_metrics(request: web.Request) -> web.StreamResponse:
        # One of the gauges is what the runtime said last: it must not be as old as the last look at /health.
        await health.refresh()
        return await show(request)

    return web.get("/metrics", show_metrics)


def _application(settings: Settings, health: Health, routes: list[web.RouteDef]) -> web.Application:
    middlewares: list[Middleware] = [
        errors_as_json,
        address_guard(settings.api_allowed_addresses, settings.register_networks),
    ]
    if settings.api_token is not None:
        middlewares.append(token_guard(settings.api_token.get_secret_value()))
    application = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)

    async def show_health(_request: web.Request) -> web.Response:
        status, body = await health.report()
        return json_answer(body, status)

    async def show_readiness(_request: web.Request) -> web.Response:
        status, body = await health.readiness()
        return json_answer(body, status)

    async def show_liveness(_request: web.Request) -> web.Response:
        # That it can answer is the answer.
        return json_answer({"status": "alive"})

    async def show_document(_request: web.Request) -> web.Response:
        return json_answer(document)

    application.add_routes(
        [
            web.get("/health", show_health),
            web.get("/livez", show_liveness),
            web.get("/readyz", show_readiness),
            web.get("/openapi.json", show_document),
            *routes,
        ]
    )
    served = {resource.canonical for resource in application.router.resources()}
    document = openapi_document(served, wants_token=settings.api_token is not None)
    return application
