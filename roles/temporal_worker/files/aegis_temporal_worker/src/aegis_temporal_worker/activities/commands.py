# SPDX-License-Identifier: Apache-2.0
"""The activity that runs a System state's command.

A command runs at most once. Until the runtime is asked a failure is reported as retryable, and Temporal starts the
activity again; from there on every failure is final. The same holds for a worker that dies: Temporal starts the
activity again, and a mark that was set before the runtime was asked ends that attempt (``beginning.py``).
"""

from __future__ import annotations

import asyncio
from typing import Final

from temporalio import activity

from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .beginning import BEGUN, begin, has_begun, withdraw
from .errors import from_runtime, interrupted, lost, not_begun
from .events import deliver
from .heartbeat import beating
from .messages import SystemCommandInput, SystemCommandOutput
from .publisher import EventPublisher

# The orchestrator's own limit for a command without one.
DEFAULT_LIMIT_SECONDS: Final = 600
# The runtime ends the command itself; the call's deadline is for a runtime that does not.
_MARGIN_SECONDS: Final = 30


class CommandActivities:
    """System commands."""

    def __init__(self, runtime: RuntimeClient, publisher: EventPublisher) -> None:
        self._runtime = runtime
        self._publisher = publisher

    @activity.defn(name=names.SYSTEM_COMMAND)
    async def execute(self, command: SystemCommandInput) -> SystemCommandOutput:
        """Deliver the waiting events, then run the command."""
        if has_begun():
            raise lost(names.SYSTEM_COMMAND)
        try:
            await begin(self._prepare(command))
        except asyncio.CancelledError:
            if activity.is_worker_shutdown():
                raise not_begun("the worker has stopped") from None
            raise
        except RuntimeCallError as error:
            raise from_runtime(error, retryable=error.retryable, events_sent=True) from None
        try:
            async with beating(BEGUN):
                return await self._run(command)
        except asyncio.CancelledError:
            if (cause := _foreign_cause()) is not None:
                raise interrupted("The command", cause) from None
            raise
        except RuntimeCallError as error:
            if error.retryable:
                withdraw()
            raise from_runtime(error, retryable=error.retryable, events_sent=True) from None

    async def _prepare(self, command: SystemCommandInput) -> None:
        """What may be done again."""
        await deliver(self._publisher, command.events)
        await self._runtime.ready("ExecuteSystemCommand")

    async def _run(self, command: SystemCommandInput) -> SystemCommandOutput:
        limit = command.timeout or DEFAULT_LIMIT_SECONDS
        try:
            response = await self._runtime.execute_system_command(
                pb.ExecuteSystemCommandRequest(
                    command=command.command,
                    env=command.env,
                    workdir=command.workdir,
                    timeout_seconds=command.timeout,
                ),
                tenant_id=command.tenant_id,
                deadline=limit + _MARGIN_SECONDS,
            )
        except RuntimeCallError as error:
            if not error.timed_out:
                raise
            return SystemCommandOutput(
                exit_code=124,
                stdout="",
                stderr=f"The command did not end within {limit} s: {error.details}",
                duration_ms=limit * 1000,
                timed_out=True,
            )
        return SystemCommandOutput(
            exit_code=response.exit_code,
            stdout=response.stdout,
            stderr=response.stderr,
            duration_ms=response.duration_ms,
        )


def _foreign_cause() -> str | None:
    """What cancelled the activity, unless it was the run's own wish."""
    if activity.is_worker_shutdown():
        return "the stop of the worker"
    details = activity.cancellation_details()
    if details is not None and (details.paused or details.reset):
        return "a pause or a reset of its activity"
    return None
