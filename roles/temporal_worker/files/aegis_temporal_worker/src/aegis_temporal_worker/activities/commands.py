# SPDX-License-Identifier: Apache-2.0
"""The activity that runs a System state's command (contract 6.5, 8.6)."""

from __future__ import annotations

from typing import Final

from temporalio import activity

from ..interpreter.requests import CommandResult
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .messages import CommandInput
from .once import at_most_once, request_of
from .preparing import prepare
from .publisher import EventPublisher

_METHOD: Final = "ExecuteSystemCommand"
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
    async def execute(self, asked: CommandInput) -> CommandResult:
        """Deliver the waiting events, then run the command.

        Raises what ``at_most_once`` raises; a command that did not end in time is a result.
        """
        request = request_of(
            pb.ExecuteSystemCommandRequest,
            command=asked.command.command,
            env=asked.command.env,
            workdir=asked.command.workdir,
            timeout_seconds=asked.command.limit_seconds,
        )
        preparation = prepare(self._runtime, self._publisher, asked, _METHOD)
        return await at_most_once("The command", preparation, lambda: self._run(request, asked), refusal_is_safe=True)

    async def _run(self, request: pb.ExecuteSystemCommandRequest, asked: CommandInput) -> CommandResult:
        limit = asked.command.limit_seconds or DEFAULT_LIMIT_SECONDS
        try:
            response = await self._runtime.execute_system_command(
                request, tenant_id=asked.run.tenant_id, deadline=limit + _MARGIN_SECONDS
            )
        except RuntimeCallError as error:
            if not error.timed_out:
                raise
            return CommandResult(
                exit_code=124,
                stdout="",
                stderr=f"The command did not end within {limit} s: {error.details}",
                duration_ms=limit * 1000,
                timed_out=True,
            )
        return CommandResult(
            exit_code=response.exit_code,
            stdout=response.stdout,
            stderr=response.stderr,
            duration_ms=response.duration_ms,
        )
