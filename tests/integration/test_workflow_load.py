# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load on a real server and a real worker: a quiet one is found right, and what goes wrong is found wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import workflow_load
from loopback_stack import PostgresServer, TemporalStack
from temporalio.client import Client
from workflow_load import soak

Options = list[str]


@pytest.fixture
def options(tmp_path: Path, temporal_stack: TemporalStack, postgres_server: PostgresServer) -> Iterator[Options]:
    """The options of a short load on a worker and an orchestrator of its own."""
    processes = soak.module("processes")
    name, queue = f"load_{uuid4().hex}", f"load-{uuid4()}"
    database = postgres_server.create_database(name)
    standin = processes.Standin(tmp_path)
    worker = processes.Worker(tmp_path, temporal_stack, database, standin, queue)
    try:
        standin.start()
        standin.wait_for(f"{standin.url}/health")
        worker.start()
        worker.wait_for(f"{worker.url}/health")
        yield [
            *("--frontend", temporal_stack.address, "--task-queue", queue),
            *("--register-url", f"{worker.url}/register-workflow"),
            *("--orchestrator-ledger", f"{standin.url}/standin/ledger"),
            *("--calibration-runs=20", "--concurrency=10", "--most-per-second=20", "--patience=5"),
        ]
    finally:
        worker.stop()
        standin.stop()
        postgres_server.drop_database(name)


def test_a_quiet_load_completes_and_is_told(tmp_path: Path, options: Options) -> None:
    with workflow_load.running(tmp_path / "load", options) as load:
        load.wait_for("accepted", 10, 60)
    figures = load.figures
    assert figures is not None
    assert figures.problems == []
    assert figures.valid
    assert figures.completed == figures.planned == figures.accepted >= 10
    assert (figures.failed_calls, figures.repeated) == (0, 0)
    assert figures.calls == 3 * figures.planned
    assert figures.rate == min(figures.calibrated_rate, 20) / 2
    assert load.process.returncode == 0
    assert "failed 0, lost 0" in load.said()


def test_a_terminated_run_and_one_that_never_was_are_found(
    tmp_path: Path, options: Options, temporal_stack: TemporalStack
) -> None:
    async def terminate(execution_id: str) -> None:
        client = await Client.connect(temporal_stack.address, namespace=temporal_stack.namespace)
        await client.get_workflow_handle(execution_id).terminate("the test wants to see it")

    path = tmp_path / "load" / "ledger.jsonl"
    with workflow_load.running(tmp_path / "load", options) as load:
        load.wait_for("accepted", 5, 60)
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        victim = [entry["id"] for entry in entries if entry["kind"] == "accepted"][-1]
        asyncio.run(terminate(victim))
        nobody = str(uuid4())
        with path.open("a") as file:
            for kind in ("planned", "accepted"):
                file.write(json.dumps({"at": 0, "kind": kind, "id": nobody, "seconds": 0}) + "\n")
    figures = load.figures
    assert figures is not None
    assert (figures.failed, figures.lost) == (1, 1)
    assert any(problem.startswith(f"{victim} ended as TERMINATED") for problem in figures.problems)
    assert f"{nobody} is lost: NOT_FOUND" in figures.problems
    assert load.process.returncode == 1
