# SPDX-License-Identifier: Apache-2.0
"""The two faults: a worker that is killed again and again, and an orchestrator that is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from .processes import Standin, Worker, now


@dataclass(frozen=True)
class Kill:
    """One death of the worker, and its next start (of the process; it takes a moment more until it polls)."""

    killed: datetime
    started: datetime
    pid: int


@dataclass(frozen=True)
class Outage:
    """The orchestrator was away."""

    begun: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.ended - self.begun).total_seconds()

    def overlap(self, begun: datetime, ended: datetime) -> float:
        """How many seconds of a span of time were in it."""
        return max((min(ended, self.ended) - max(begun, self.begun)).total_seconds(), 0.0)


@asynccontextmanager
async def killing(worker: Worker, first_after: float, every: float) -> AsyncIterator[list[Kill]]:
    """Inside the block the worker is killed ``every`` so many seconds and started again at once.

    The list grows with each kill. An error of the killing cancels nothing; it is raised at the end of the block.
    """
    kills: list[Kill] = []

    async def kill() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + first_after
        while True:
            await asyncio.sleep(due - loop.time())
            due += every
            killed = now()
            await asyncio.to_thread(worker.kill)
            pid = worker.start()
            kills.append(Kill(killed, now(), pid))

    killer = asyncio.create_task(kill())
    try:
        yield kills
    finally:
        killer.cancel()
        done, _ = await asyncio.wait({killer})
        for task in done:
            if not task.cancelled():
                task.result()


async def outage(standin: Standin, seconds: float) -> Outage:
    """Kill the orchestrator and start it again after so long; returns when it answers."""
    begun = now()
    standin.kill()
    await asyncio.sleep(seconds)
    ended = now()
    standin.start()
    await asyncio.to_thread(standin.wait_for, f"{standin.url}/health")
    return Outage(begun, ended)
