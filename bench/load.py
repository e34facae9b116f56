# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A closed loop of clients: each starts a workflow, waits for its result, and starts the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from temporalio.client import Client

from .report import BenchmarkFailed

# Far longer than any run takes; one that hangs, because its workflow task fails again and again, must be told.
_LIMIT_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """One kind of workflow, and what its result must be."""

    workflow_type: str
    arguments: list[Any]
    task_queue: str
    accept: Callable[[Any], bool]

    async def run_one(self, client: Client) -> str:
        """Start one, wait for its end, and return its id.

        Raises ``BenchmarkFailed`` for a wrong result, or for none in time.
        """
        workflow_id = str(uuid4())
        run = client.execute_workflow(
            self.workflow_type, args=self.arguments, id=workflow_id, task_queue=self.task_queue
        )
        try:
            result = await asyncio.wait_for(run, _LIMIT_SECONDS)
        except TimeoutError:
            raise BenchmarkFailed(f"{self.workflow_type} did not end within {_LIMIT_SECONDS} s") from None
        if not self.accept(result):
            raise BenchmarkFailed(f"{self.workflow_type} ended with {str(result)[:500]}")
        return workflow_id

    async def run_many(self, client: Client, count: int, concurrency: int) -> Batch:
        """Run ``count`` of them, ``concurrency`` at once, until the last one has ended."""
        left = iter(range(count))
        latencies: list[float] = []

        async def one_after_another() -> None:
            for _ in left:
                begun = time.perf_counter()
                await self.run_one(client)
                latencies.append(time.perf_counter() - begun)

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(one_after_another())
        return Batch(time.perf_counter() - begun, latencies)


def interpreted(definition: dict[str, Any], task_queue: str) -> Load:
    """Runs of a definition in which every state is visited once, as the orchestrator starts them."""
    states = len(definition["states"])
    argument = {"workflow_id": definition["workflow_id"], "input": {}, "blackboard": None, "tenant_id": "bench"}

    def accept(result: Any) -> bool:
        return (result["status"], result["iterations"]) == ("completed", states)

    return Load("aegis_workflow", [argument], task_queue, accept)


@dataclass(frozen=True)
class Batch:
    """How long a number of runs took: all together, and each; seconds.

    A fixed number in place of a fixed time: runs that began together end together, and a window that is not much longer
    than a run would count one such wave too many or too few.
    """

    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        """Completed workflows per second."""
        return len(self.latencies) / self.seconds
