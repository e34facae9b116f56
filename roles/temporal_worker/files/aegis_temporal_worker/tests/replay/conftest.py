# SPDX-License-Identifier: Apache-2.0
"""The recorded histories, and how new ones are recorded.

``RECORD_HISTORIES=1 pytest tests/replay tests/compat`` writes all of them anew; with ``-k NAME`` those of some tests.
Do that only for a new scenario: an old history that does not replay any more means that running executions would break.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_stack import TemporalStack
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from aegis_temporal_worker.temporal.client import connect
from aegis_temporal_worker.temporal.converter import DATA_CONVERTER
from aegis_temporal_worker.temporal.schedule_fire import AegisScheduleFire
from aegis_temporal_worker.temporal.workflow import AegisWorkflow

from .impersonal import impersonal
from .world import WorkerVariables

HISTORIES = Path(__file__).parent / "histories"

Keep = Callable[[WorkflowHandle[Any, Any], str], Awaitable[WorkflowHistory]]


@pytest.fixture
def replayer() -> Replayer:
    """Replays as the worker would."""
    return Replayer(
        workflows=[AegisWorkflow, AegisScheduleFire],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=DATA_CONVERTER,
    )


@pytest.fixture
async def client(temporal_stack: TemporalStack) -> Client:
    """A connection as the worker has it."""
    return await connect(WorkerVariables(temporal_address=temporal_stack.address), limit_seconds=30)


@pytest.fixture
def keep(replayer: Replayer) -> Keep:
    """Fetches the history of an ended run, replays it, and records it under a name when that was asked for."""

    async def fetch(handle: WorkflowHandle[Any, Any], name: str) -> WorkflowHistory:
        history = await handle.fetch_history()
        await replayer.replay_workflow(history)
        if os.environ.get("RECORD_HISTORIES"):
            HISTORIES.mkdir(exist_ok=True)
            (HISTORIES / f"{name}.json").write_text(impersonal(history.to_json()) + "\n", encoding="utf-8")
        return history

    return fetch
