# SPDX-License-Identifier: Apache-2.0
"""A runtime that listens, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aegis_temporal_worker.runtime.client import RuntimeClient

from ..runtime.servers import Settings, grpc_server
from .support import WorkRuntime


@pytest.fixture
def runtime() -> WorkRuntime:
    """The runtime; a test says what it answers."""
    return WorkRuntime()


@pytest.fixture
async def client(runtime: WorkRuntime) -> AsyncIterator[RuntimeClient]:
    """A client as the activities have it."""
    async with grpc_server(runtime) as port:
        made = RuntimeClient(Settings(aegis_runtime_grpc_url=f"127.0.0.1:{port}"))
        yield made
        await made.close()
