# SPDX-License-Identifier: Apache-2.0
"""Options and processes of the soak test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from loopback_stack import Database, TemporalStack

from .processes import Standin, Worker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known when this directory is named on the command line; otherwise the defaults count."""
    group = parser.getgroup("soak")
    group.addoption("--outage-seconds", type=float, default=60, help="how long the orchestrator is away (%(default)s)")
    group.addoption("--runs", type=int, default=200, help="how many runs are started (%(default)s)")


@pytest.fixture
def outage_seconds(request: pytest.FixtureRequest) -> float:
    """How long the orchestrator is away."""
    return float(request.config.getoption("--outage-seconds", 60))


@pytest.fixture
def number_of_runs(request: pytest.FixtureRequest) -> int:
    """How many runs are started."""
    return int(request.config.getoption("--runs", 200))


@pytest.fixture
def task_queue() -> str:
    """A queue of its own."""
    return f"aegis-agents-{uuid4()}"


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    """The orchestrator, running."""
    made = Standin(tmp_path)
    made.start()
    try:
        made.wait_for(f"{made.url}/health")
        yield made
    finally:
        made.stop()


@pytest.fixture
def worker(
    tmp_path: Path, temporal_stack: TemporalStack, database: Database, standin: Standin, task_queue: str
) -> Iterator[Worker]:
    """The worker, running."""
    made = Worker(tmp_path, temporal_stack, database, standin, task_queue)
    made.start()
    try:
        made.wait_for(f"{made.url}/health")
        yield made
    finally:
        made.stop()
