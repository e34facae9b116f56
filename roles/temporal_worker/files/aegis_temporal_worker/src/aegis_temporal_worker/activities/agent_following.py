# SPDX-License-Identifier: Apache-2.0
"""Following one run of an agent to its end: by its stream, and by its status while the stream is silent or gone.

The runtime looks into its own store for the end, and a run that was cancelled ends its stream without a word. So after
some silence the status route is asked too, at growing gaps; whichever tells the end first counts (contract 8.3).
A run whose worker was lost is followed by its status alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final

import grpc

from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from .agent_runs import AgentRuns
from .agent_stream import Ending, Seen
from .orchestrator import OrchestratorError
from .ports import FallbackSettings

log = logging.getLogger(__name__)

# The call's own deadline is only for a limit that was not kept here.
_MARGIN_SECONDS: Final = 30.0
# How long a cancellation waits for the event that names the run.
_NAME_SECONDS: Final = 3.0
# A run may not be found in the moment of its start. One whose stream is gone, and that is not found so often in a row
# (with the first gaps, over seven seconds), is not known any more.
_MOST_NOT_FOUND: Final = 4


class StreamLostError(Exception):
    """The stream of a run that has begun is gone, and the run cannot be asked for: its id never came."""


class _GaveUpError(Exception):
    """Nothing more can be learned of the run."""


class Follower:
    """Of one run; ``seen`` is what is known of it."""

    def __init__(
        self, runtime: RuntimeClient, runs: AgentRuns, settings: FallbackSettings, on_run_id: Callable[[str], None]
    ) -> None:
        """``on_run_id`` is called once, as soon as the run's id is known."""
        self.seen = Seen()
        self._runtime = runtime
        self._runs = runs
        self._settings = settings
        self._on_run_id = on_run_id
        self._named = False
        self._resumed = False
        self._over: str | None = None  # why the stream is gone
        self._not_found = 0
        self._stirred = asyncio.Event()

    async def follow(self, request: pb.ExecuteAgentRequest, tenant_id: str, seconds: float) -> Ending:
        """Start the run and follow it to its end; after ``seconds`` it is cancelled and counts as failed.

        Raises ``RuntimeCallError`` for a call that ended before its first event, and ``StreamLostError``.
        """
        return await self._in_time(self._told(request, tenant_id, seconds + _MARGIN_SECONDS), tenant_id, seconds)

    async def resume(self, run_id: str, tenant_id: str, seconds: float) -> Ending:
        """Follow a run that an earlier attempt started; after ``seconds`` it is cancelled and counts as failed."""
        self.seen.run_id = run_id
        self._resumed = self._named = True
        self._over = "the worker that followed the run is gone"
        return await self._in_time(self._watch(tenant_id), tenant_id, seconds)

    async def _in_time(self, ending: Coroutine[Any, Any, Ending], tenant_id: str, seconds: float) -> Ending:
        try:
            async with asyncio.timeout(seconds):
                return await ending
        except TimeoutError:
            return await self._give_up(f"the run did not end within {seconds:g} s", tenant_id)
        except _GaveUpError as error:
            return await self._give_up(str(error), tenant_id)

    async def _told(self, request: pb.ExecuteAgentRequest, tenant_id: str, deadline: float) -> Ending:
        """The ending, by the stream or by the status. Both are left alone when this ends."""
        reading = asyncio.create_task(self._read(request, tenant_id, deadline))
        watching = asyncio.create_task(self._watch(tenant_id))
        try:
            await asyncio.wait({reading, watching}, return_when=asyncio.FIRST_COMPLETED)
            told = reading.result() if reading.done() else None
            return told if told is not None else await watching
        except asyncio.CancelledError:
            await self._wait_for_the_name(reading)
            raise
        finally:
            reading.cancel()
            watching.cancel()
            await asyncio.gather(reading, watching, return_exceptions=True)

    async def _read(self, request: pb.ExecuteAgentRequest, tenant_id: str, deadline: float) -> Ending | None:
        """The ending; None when the stream is gone and the status is all there is."""
        try:
            async with aclosing(self._runtime.execute_agent(request, tenant_id=tenant_id, deadline=deadline)) as events:
                async for event in events:
                    ending = self.seen.take(event)
                    self._name()
                    if ending is not None:
                        return ending
                    self._stirred.set()
        except RuntimeCallError as error:
            if not self.seen.begun:
                raise
            reason = str(error)
        else:
            reason = "ExecuteAgent: the stream ended without a last event"
            if not self.seen.begun:
                raise RuntimeCallError("ExecuteAgent", grpc.StatusCode.UNKNOWN, "no event came", begun=True)
        if self.seen.run_id is None:
            raise StreamLostError(reason)
        log.info("an agent's run is followed by its status", extra={"run_id": self.seen.run_id, "reason": reason})
        self._over = reason
        self._stirred.set()
        return None

    def _name(self) -> None:
        if self.seen.run_id is not None and not self._named:
            self._named = True
            self._on_run_id(self.seen.run_id)

    async def _watch(self, tenant_id: str) -> Ending:
        """The ending, by the run's status."""
        while True:
            run_id = await self._silence()
            gap = self._settings.aegis_execution_fallback_poll_ms / 1000
            asked = 0
            while True:
                self._stirred.clear()
                ending = await self._poll(run_id, tenant_id)
                asked += 1
                if ending is not None:
                    return ending
                if asked == self._settings.aegis_execution_fallback_max_retries:
                    raise _GaveUpError(f"the run's status was asked {asked} times without learning its end")
                if await self._stirs(gap):
                    break
                gap = min(gap * 2, self._settings.aegis_execution_fallback_max_poll_ms / 1000)

    async def _silence(self) -> str:
        """Wait until only the status can tell more; the run's id."""
        while True:
            self._stirred.clear()
            if self._over is not None and self.seen.run_id is not None:
                return self.seen.run_id
            stirs = await self._stirs(self._settings.aegis_execution_fallback_idle_ms / 1000)
            if not stirs and self.seen.run_id is not None:
                return self.seen.run_id

    async def _stirs(self, seconds: float) -> bool:
        """Whether the stream gives a sign within so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self._stirred.wait()
        except TimeoutError:
            return False

    async def _poll(self, run_id: str, tenant_id: str) -> Ending | None:
        try:
            found = await self._runs.status(run_id, tenant_id)
        except OrchestratorError as error:
            log.warning("an agent's run cannot be asked for", extra={"run_id": run_id, "reason": str(error)})
            self._not_found += error.status == 404
            # A stream that is only silent may still tell.
            if self._over is None or error.may_pass or (error.status == 404 and self._not_found < _MOST_NOT_FOUND):
                return None
            raise _GaveUpError(f"{self._over}; and {error}") from error
        self._not_found = 0
        if self._resumed and found.status == "completed" and not found.tells_output:
            # Its stream was lost with the worker, and an older orchestrator's status has no output.
            return self.seen.failed("the run completed, but its output was lost with the worker that followed it")
        return self.seen.ended_as(found.status, found.final_output, found.error)

    async def _give_up(self, reason: str, tenant_id: str) -> Ending:
        run_id = self.seen.run_id
        if run_id is None:
            return self.seen.failed(f"{reason}; it could not be cancelled, because its id is not known")
        trouble = await self._runs.cancel(run_id, tenant_id)
        asked = "it was cancelled" if trouble is None else f"it could not be cancelled: {trouble}"
        return self.seen.failed(f"{reason}; {asked}")

    async def _wait_for_the_name(self, reading: asyncio.Task[Ending | None]) -> None:
        """Without its id a run cannot be cancelled, and the id comes with an event soon after the start."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _NAME_SECONDS
        while self.seen.run_id is None and not reading.done() and (left := until - loop.time()) > 0:
            self._stirred.clear()
            await self._stirs(left)
