# SPDX-License-Identifier: Apache-2.0
"""The management API on a real socket, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from loopback_stack import Database

from aegis_temporal_worker.config import load_settings
from aegis_temporal_worker.http.health import Health, WorkerState
from aegis_temporal_worker.http.server import api_application
from aegis_temporal_worker.store import DefinitionStore

Serve = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def state() -> WorkerState:
    """A worker that is connected and polls."""

    async def connected() -> bool:
        return True

    return WorkerState(is_polling=lambda: True, probe_temporal=connected)


@pytest.fixture
async def serve(database: Database, store: DefinitionStore, state: WorkerState) -> AsyncIterator[Serve]:
    """Starts the API; keyword arguments are settings."""
    async with AsyncExitStack() as stack:

        async def start(**overrides: Any) -> TestClient[Any, Any]:
            settings = load_settings(_env_file=None, database_url=database.dsn, **overrides)
            application = api_application(settings, store, Health(settings, store, state))
            return await stack.enter_async_context(TestClient(TestServer(application)))

        yield start


@pytest.fixture
async def api(serve: Serve) -> TestClient[Any, Any]:
    """The API with default settings."""
    return await serve()
