# SPDX-License-Identifier: Apache-2.0
"""One attempt of the activity that runs an agent: what may be repeated, what may not, and what a lost one left."""

from __future__ import annotations

import asyncio
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
from .beginning import withdraw
from .errors import from_orchestrator, from_runtime, run_already_begun, run_interrupted
from .heartbeat import beating
from .messages import AgentInput
from .once import Notes, foreign_cause
from .orchestrator import OrchestratorError
from .ports import FallbackSettings
from .preparing import prepare
from .publisher import EventPublisher

# How much longer than its agent a run is followed (contract 8.3).
_MARGIN_SECONDS: Final = 60
_RUN_ID: Final = "execution_id"

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
        self.notes = Notes(self._cancel_the_lost_run)
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
        follower = Follower(self._services.runtime, self._services.runs, self._services.fallback, self._note)
        try:
            ending = await follower.follow(self._request, self._tenant_id, self._limit_seconds)
        except asyncio.CancelledError:
            # Also after a second cancellation the request to the orchestrator goes its way.
            end = await asyncio.shield(asyncio.create_task(self._cancel(follower.seen.run_id)))
            if (cause := foreign_cause()) is not None:
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
            agent_id=self._request.agent_id,
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

    async def _cancel_the_lost_run(self, facts: dict[str, Any]) -> None:
        run_id = facts.get(_RUN_ID)
        async with beating(facts):
            raise run_already_begun(await self._cancel(run_id if isinstance(run_id, str) else None))

    async def _cancel(self, run_id: str | None) -> str:
        """Ask for the run's end; half a sentence about what came of it."""
        if run_id is None:
            return "its id is not known, so it could not be cancelled"
        trouble = await self._services.runs.cancel(run_id, self._tenant_id)
        return f"run {run_id} was cancelled" if trouble is None else f"run {run_id} could not be cancelled: {trouble}"
