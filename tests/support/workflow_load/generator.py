# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the load: a closed loop that finds the rate, starts at half of it, and a look-up of every id at the end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, TypeVar
from uuid import uuid4

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistoryEventFilterType
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from bench.load import Load

from .definition import WORKFLOW_TYPE, argument, expected_output
from .ledger import Ledger

_Answer = TypeVar("_Answer")

# The SDK's own gives a call up after 10 s, which is for a client before a load balancer. Here each client has one
# frontend, which may be away for as long as its restart takes.
RETRY: Final = RetryConfig(max_interval_millis=2_000, max_elapsed_time_millis=90_000, max_retries=100)
# A call that hangs must be told.
_CALL_SECONDS: Final = 120.0
_SHARE: Final = 0.5
_WARM_UP: Final = 20
_AT_ONCE: Final = 20
_LOOK_AGAIN_SECONDS: Final = 1.0


@dataclass
class Generator:
    """One load on one deployment."""

    clients: Sequence[Client]
    """One for each frontend; calls go to them in turn."""
    task_queue: str
    workflow: dict[str, Any]
    """The definition, which has been registered."""
    ledger: Ledger
    calls: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)

    async def calibrate(self, runs: int, concurrency: int) -> float:
        """Runs per second that a closed loop sustains, after a warm-up.

        Raises an ``ExceptionGroup`` of ``bench.report.BenchmarkFailed`` when one does not complete.
        """
        load = Load(WORKFLOW_TYPE, [argument(self.workflow)], self.task_queue, lambda end: end["status"] == "completed")
        share, at_once = max(runs // len(self.clients), 1), max(concurrency // len(self.clients), 1)
        async with asyncio.TaskGroup() as group:
            for client in self.clients:
                group.create_task(load.run_many(client, _WARM_UP, at_once))
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for client in self.clients:
                group.create_task(load.run_many(client, share, at_once))
        rate = share * len(self.clients) / (time.perf_counter() - begun)
        self.ledger.note("calibrated", rate=rate, runs=share * len(self.clients), concurrency=concurrency)
        return rate

    async def run(self, rate: float, seconds: float, most: int, stop: asyncio.Event) -> None:
        """Start half of ``rate`` a second until ``stop``, ``seconds`` or ``most`` starts; then wait for the last."""
        pace = rate * _SHARE
        loop = asyncio.get_running_loop()
        self.ledger.note("begun", rate=pace)
        begun = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in count():
                due = begun + number / pace
                if number >= most or due - begun >= seconds or await _stopped(stop, due - loop.time()):
                    break
                execution_id = str(uuid4())
                self.ledger.note("planned", id=execution_id)
                group.create_task(self._one(execution_id, self.clients[number % len(self.clients)]))
        self.ledger.note("ended", calls=dict(self.calls), slowest=self.slowest)

    async def look_up(self, ids: Sequence[str], seconds: float) -> None:
        """Note what became of every id; one that runs gets until ``seconds`` from now to end."""
        deadline = asyncio.get_running_loop().time() + seconds
        left = iter(ids)

        async def one_after_another(client: Client) -> None:
            for execution_id in left:
                self.ledger.note("found", id=execution_id, **await _find(client, execution_id, deadline))

        async with asyncio.TaskGroup() as group:
            for number in range(_AT_ONCE):
                group.create_task(one_after_another(self.clients[number % len(self.clients)]))

    async def _one(self, execution_id: str, client: Client) -> None:
        """Start one, wait for its end and ask for its state, as a caller does; the look-up judges."""
        begun = time.perf_counter()
        handle = await self._call(
            execution_id,
            "start",
            client.start_workflow(WORKFLOW_TYPE, argument(self.workflow), id=execution_id, task_queue=self.task_queue),
        )
        if handle is None:
            return
        self.ledger.note("accepted", id=execution_id, seconds=time.perf_counter() - begun)
        # The long poll for the end: one call or more, counted as one.
        closing = client.get_workflow_handle(execution_id).fetch_history_events(
            wait_new_event=True, event_filter_type=WorkflowHistoryEventFilterType.CLOSE_EVENT, skip_archival=True
        )
        await self._call(execution_id, "wait", anext(closing))
        await self._call(execution_id, "describe", handle.describe())

    async def _call(self, execution_id: str, name: str, answer: Awaitable[_Answer]) -> _Answer | None:
        self.calls[name] += 1
        begun = time.perf_counter()
        try:
            return await asyncio.wait_for(answer, _CALL_SECONDS)
        except (RPCError, RuntimeError, TimeoutError) as error:
            self.ledger.note("failed_call", id=execution_id, call=name, error=repr(error))
            return None
        finally:
            # A long poll takes as long as the workflow; it would say nothing here.
            if name != "wait":
                self.slowest[name] = max(self.slowest.get(name, 0.0), time.perf_counter() - begun)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until it is set; whether it is."""
    try:
        await asyncio.wait_for(stop.wait(), max(seconds, 0))
    except TimeoutError:
        return False
    return True


async def _find(client: Client, execution_id: str, deadline: float) -> dict[str, Any]:
    """Status, end and whether the output is right; a run that has not ended is asked again until the deadline."""
    handle = client.get_workflow_handle(execution_id)
    while True:
        try:
            told = await handle.describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return {"status": "NOT_FOUND", "output_is_right": False, "closed_at": None}
        if told.status != WorkflowExecutionStatus.RUNNING or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    right = False
    if told.status == WorkflowExecutionStatus.COMPLETED:
        result = await handle.result()
        right = result["status"] == "completed" and result["final_output"] == expected_output(execution_id)
    return {
        "status": told.status.name if told.status else "UNKNOWN",
        "output_is_right": right,
        "closed_at": told.close_time.timestamp() if told.close_time else None,
    }
