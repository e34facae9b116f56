# SPDX-License-Identifier: Apache-2.0
"""The life of one worker process: the order of its start, and its stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Final, NoReturn

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError

from aegis_temporal_worker import __version__, metrics
from aegis_temporal_worker.activities.services import open_services
from aegis_temporal_worker.config import Settings
from aegis_temporal_worker.garbage import collect_often
from aegis_temporal_worker.http.health import PROBE_SECONDS, Health, WorkerState
from aegis_temporal_worker.http.server import serving
from aegis_temporal_worker.sdk_metrics import show_sdk_metrics
from aegis_temporal_worker.sdk_runtime import install_sdk_runtime
from aegis_temporal_worker.store import DefinitionStore, StoreError, open_pool
from aegis_temporal_worker.store.pool import Pool
from aegis_temporal_worker.temporal.client import connect
from aegis_temporal_worker.temporal.versioning import require_versioning
from aegis_temporal_worker.temporal.worker import build_worker

log = logging.getLogger(__name__)

_POOL_CLOSE_SECONDS: Final = 5.0
# On top of the grace: for the SDK to report the last results and for the listeners and the pool to close.
_STOP_MARGIN_SECONDS: Final = 15.0
# Their text says what is wrong; a traceback would add nothing.
_EXPLAINED: Final = (StoreError, asyncpg.PostgresError, RPCError, OSError, RuntimeError)


async def serve(settings: Settings) -> int:
    """Run until a signal asks to stop; returns the exit code (0 after a clean stop, 1 after a fatal error)."""
    state = WorkerState()
    stop = _stop_on_signals()
    work = asyncio.create_task(_work(settings, state))
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not work.done():
        state.draining = True
        log.info("stopping; running activities get %g s", settings.shutdown_grace_seconds)
        work.cancel()
        limit = settings.shutdown_grace_seconds + _STOP_MARGIN_SECONDS
        await asyncio.wait({work}, timeout=limit)
        if not work.done():
            log.critical("the worker did not stop within %g s: exiting at once", limit)
            # Returning would have the event loop wait for it, without any limit.
            _exit_now(1)
    return _exit_code(work)


def _exit_code(work: asyncio.Task[None]) -> int:
    if work.cancelled():
        log.info("stopped")
        return 0
    error = work.exception()
    if error is None:
        log.critical("the worker ended by itself")
    elif isinstance(error, _EXPLAINED):
        log.critical("fatal: %s: %s", type(error).__name__, error)
    else:
        log.critical("fatal error", exc_info=error)
    return 1


async def _work(settings: Settings, state: WorkerState) -> None:
    async with AsyncExitStack() as stack:
        pool = await open_pool(
            settings.database_url.get_secret_value(),
            size=settings.database_pool_size,
            passfile=settings.pgpassfile,
            start_timeout_seconds=settings.database_start_timeout_seconds,
        )
        stack.push_async_callback(_close_pool, pool)
        store = DefinitionStore(pool)
        await store.migrate()
        log.info("loaded %d workflow definitions", await store.load())

        # Before Temporal, so that /health can report and definitions can be registered while it is away.
        health = Health(settings, store, state)
        await stack.enter_async_context(serving(settings, store, health))

        show_sdk_metrics(metrics.REGISTRY, install_sdk_runtime(), settings.temporal_task_queue)
        services = await stack.enter_async_context(open_services(settings))
        state.probe_runtime = lambda: services.runtime.health(PROBE_SECONDS)
        client = await connect(settings)
        await require_versioning(client, settings)
        state.probe_temporal = lambda: _serves(client)
        worker = build_worker(client, settings, store, services, [metrics.ActivityMetrics()])
        state.is_polling = lambda: worker.is_running
        collect_often()
        log.info("worker %s polls %s", __version__, settings.temporal_task_queue)
        # Cancelling it stops polling, and lets activities finish within the grace.
        await worker.run()


async def _serves(client: Client) -> bool:
    try:
        return await client.service_client.check_health(timeout=timedelta(seconds=PROBE_SECONDS))
    except RPCError as error:
        log.debug("temporal does not answer: %s", error)
        return False


async def _close_pool(pool: Pool) -> None:
    try:
        async with asyncio.timeout(_POOL_CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        log.warning("connections were still in use; terminating them")
        pool.terminate()


def _stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. The second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(number: int) -> None:
        if stop.is_set():
            log.warning("second signal: exiting at once")
            _exit_now(128 + number)
        log.info("received %s", signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    return stop


def _exit_now(code: int) -> NoReturn:
    logging.shutdown()
    os._exit(code)
