# SPDX-License-Identifier: Apache-2.0
"""One attempt of the activity that runs an agent: what may be repeated, what may not, and what a lost one left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

import grpc
from temporalio import activity
from temporalio.exceptions import ApplicationError

from ..interpreter.requests import AgentResult
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from .agent_context import context_json
from .agent_directory import AgentDirectory, is_uuid
from .agent_following import Follower, StreamLostError
from .agent_runs import AgentRuns
from .agent_stream import Ending
from .beginning import withdraw
from .errors import from_orchestrator, from_runtime, run_already_begun, run_handed_over, run_interrupted
from .heartbeat import beating
from .messages import AgentInput
from .once import Notes, foreign_cause
from .orchestrator import OrchestratorError
from .ports import FallbackSettings
from .preparing import prepare
from .publisher import EventPublisher

# How much longer than its agent a run is followed (contract 8.3).
_MARGIN_SECONDS: Final = 60
# What the next attempt needs to follow the run: its id, the agent's, and until when (seconds since 1970).
_RUN_ID: Final = "execution_id"
_AGENT_ID: Final = "agent_id"
_UNTIL: Final = "until"
# A run that is found again after its time gets this long to tell its end.
_LEAST_SECONDS: Final = 10.0

# Another attempt would get the same answer (contract 8.6).
_FINAL: Final = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAUTHENTICATED,
)
# Attempts for a failure of a kind that may be there to stay: as many as the reference makes.
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class AgentServices:
    """What it takes to run agents."""

    runtime: RuntimeClient
    publisher: EventPublisher
    directory: AgentDirectory
    runs: AgentRuns
    fallback: FallbackSettings


class Turn:
    """The input, and what the preparation finds out."""

    def __init__(self, services: AgentServices, asked: AgentInput, request: pb.ExecuteAgentRequest) -> None:
        """``request`` still lacks the agent's UUID and its context."""
        self.notes: Notes[AgentResult] = Notes(self._resume)
        self._services = services
        self._asked = asked
        self._tenant_id = asked.run.tenant_id
        self._request = request
        self._limit_seconds = 0
        self._from_memory = False

    async def prepare(self) -> None:
        """Deliver the events, look the agent and its limit up, ask the run for its blackboard.

        Raises ``ApplicationError`` or ``RuntimeCallError``.
        """
        await prepare(self._services.runtime, self._services.publisher, self._asked, "ExecuteAgent")
        task, directory = self._asked.agent, self._services.directory
        self._from_memory = not is_uuid(task.agent) and directory.knows(task.agent, self._tenant_id)
        try:
            self._request.agent_id = await directory.resolve(task.agent, self._tenant_id)
            limit = await directory.limit_seconds(self._request.agent_id, self._tenant_id)
        except OrchestratorError as error:
            raise from_orchestrator(error) from None
        self._limit_seconds = max(task.limit_seconds or 0, limit) + _MARGIN_SECONDS
        self._request.context_json = await context_json(task)

    async def work(self) -> AgentResult:
        """Start the run and follow it. Raises ``ApplicationError``, and lets a cancellation pass."""
        follower = self._follower()
        self.notes.facts.update({_AGENT_ID: self._request.agent_id, _UNTIL: time.time() + self._limit_seconds})
        return await self._ended(follower, follower.follow(self._request, self._tenant_id, self._limit_seconds))

    async def _resume(self, facts: dict[str, Any]) -> AgentResult:
        """Follow the run of an attempt whose worker was lost or stopped.

        Raises a final ``ApplicationError`` when its id is not known, and what ``work`` raises.
        """
        run_id, until = facts.get(_RUN_ID), facts.get(_UNTIL)
        async with beating(facts):
            if not isinstance(run_id, str) or not isinstance(until, (int, float)):
                raise run_already_begun(await self._cancel(None))
            self.notes.facts.update(facts)
            follower = self._follower()
            left = max(until - time.time(), _LEAST_SECONDS)
            return await self._ended(follower, follower.resume(run_id, self._tenant_id, left))

    def _follower(self) -> Follower:
        return Follower(self._services.runtime, self._services.runs, self._services.fallback, self._note)

    async def _ended(self, follower: Follower, following: Coroutine[Any, Any, Ending]) -> AgentResult:
        try:
            ending = await following
        except asyncio.CancelledError:
            cause, run_id = foreign_cause(), follower.seen.run_id
            if activity.is_worker_shutdown() and run_id is not None:
                raise run_handed_over(str(cause)) from None
            # Also after a second cancellation the request to the orchestrator goes its way.
            end = await asyncio.shield(asyncio.create_task(self._cancel(run_id)))
            if cause is not None:
                raise run_interrupted(f"it was interrupted by {cause}; {end}") from None
            raise
        except StreamLostError as error:
            raise run_interrupted(f"{error}; {await self._cancel(None)}") from None
        except RuntimeCallError as error:
            raise self._not_begun(error) from None
        return AgentResult(
            completed=ending.completed,
            output=ending.output,
            error=ending.error,
            execution_id=follower.seen.run_id,
            agent_id=self.notes.facts.get(_AGENT_ID),
            iterations=ending.iterations,
        )

    def _note(self, run_id: str) -> None:
        self.notes.add(**{_RUN_ID: run_id})

    def _not_begun(self, error: RuntimeCallError) -> ApplicationError:
        again = self._again(error)
        if again:
            withdraw()
        return from_runtime(error, retryable=again, events_sent=True)

    def _again(self, error: RuntimeCallError) -> bool:
        """Whether a call that ended before its first event may be made once more."""
        if error.retryable or error.code is grpc.StatusCode.UNAVAILABLE:
            return True
        if error.code is grpc.StatusCode.NOT_FOUND and self._from_memory:
            # The name may mean another agent by now.
            self._services.directory.forget(self._asked.agent.agent, self._tenant_id)
            return True
        return error.code not in _FINAL and activity.info().attempt < _FEW

    async def _cancel(self, run_id: str | None) -> str:
        """Ask for the run's end; half a sentence about what came of it."""
        if run_id is None:
            return "its id is not known, so it could not be cancelled"
        trouble = await self._services.runs.cancel(run_id, self._tenant_id)
        return f"run {run_id} was cancelled" if trouble is None else f"run {run_id} could not be cancelled: {trouble}"
