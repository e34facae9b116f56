# SPDX-License-Identifier: Apache-2.0
"""The connection to Temporal is tried for a limited time."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from loopback_stack import TemporalStack

from aegis_temporal_worker.temporal.client import connect

from .world import WorkerVariables


async def test_gives_up_after_its_limit(free_port: Callable[[], int], caplog: pytest.LogCaptureFixture) -> None:
    """Contract 1.2: a server that is away is not waited for without end."""
    caplog.set_level(logging.WARNING)
    with pytest.raises(RuntimeError, match="connect"):
        await connect(WorkerVariables(temporal_address=f"127.0.0.1:{free_port()}"), limit_seconds=1)
    assert any(record.name == "aegis_temporal_worker.temporal.client" for record in caplog.records)


async def test_identity_and_namespace(temporal_stack: TemporalStack) -> None:
    client = await connect(WorkerVariables(temporal_address=temporal_stack.address, identity="host:3000"))
    assert (client.identity, client.namespace) == ("host:3000", "default")
