# SPDX-License-Identifier: Apache-2.0
"""The interpreter's door to the world, inside a Temporal workflow: every call is an activity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from ..activities import names
from ..activities.messages import (
    Delivery,
    EventBatch,
    FetchedDefinition,
    SystemCommandInput,
    SystemCommandOutput,
    WorkspaceInput,
    WorkspaceOutput,
    WorkspaceReference,
)
from ..interpreter.errors import OutsideError
from ..interpreter.events import Event
from ..interpreter.outside import Command, CommandResult, Fetched, Volume
from ..interpreter.values import weight
from . import policies
from .calls import Call, inside_the_task_first, outside_the_task
from .failures import outside_error

Result = TypeVar("Result")

# The orchestrator's own limit for a command without one.
_DEFAULT_COMMAND: Final = timedelta(seconds=600)
_TERMINAL: Final = ("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCancelled")
# Temporal keeps summaries of up to 400 bytes.
_MOST_SUMMARY: Final = 100


class TemporalOutside:
    """Implements ``interpreter.outside.Outside``. Make it inside the workflow."""

    def __init__(self) -> None:
        self._execution_id = workflow.info().workflow_id

    def now(self) -> str:
        """Workflow time, RFC 3339 with milliseconds."""
        return workflow.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def log(self, message: str, **fields: Any) -> None:
        """Log a warning; the SDK leaves it out on replay."""
        workflow.logger.warning(message, extra=fields)

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        """Put the state and the visits where the UI shows them; this costs no history."""
        counted = ", ".join(f"{name} {count}" for name, count in visits.items())
        workflow.set_current_details(f"State **{state_name}**, transition {iterations}\n\nVisits: {counted}")

    async def fetch(self, workflow_id: str) -> Fetched:
        """The stored definition, read once per run."""
        call = Call(
            names.FETCH_DEFINITION,
            workflow_id,
            FetchedDefinition,
            f"definition {workflow_id}",
            limit=policies.START_LIMIT,
        )
        fetched = await _made(call, inside_the_task_first)
        return Fetched(fetched.definition, fetched.escape_everywhere)

    async def publish(self, events: Sequence[Event]) -> None:
        """Deliver events that travel with no other work."""
        for batch in _batches(events):
            terminal = str(batch[-1]["event_type"]) in _TERMINAL
            call = Call(
                names.PUBLISH_EVENTS,
                EventBatch(batch),
                Delivery,
                _summary(", ".join(str(event["event_type"]) for event in batch)),
                limit=policies.TERMINAL_LIMIT if terminal else policies.OUTAGE_LIMIT,
            )
            try:
                await _made(call, inside_the_task_first)
            except OutsideError as error:
                workflow.logger.error("events are given up after %s: %s", call.limit, error, extra={"events": batch})

    async def run_command(self, tenant_id: str, command: Command, events: Sequence[Event]) -> CommandResult:
        """Run a command at most once; the events ride with it."""
        riding = list(events)
        if weight(riding) > policies.RIDING_BYTES:
            await self.publish(riding)
            riding = []
        limit = timedelta(seconds=command.limit_seconds) if command.limit_seconds else _DEFAULT_COMMAND
        call = Call(
            names.SYSTEM_COMMAND,
            SystemCommandInput(
                execution_id=self._execution_id,
                tenant_id=tenant_id,
                state=command.state_name,
                command=command.command,
                env=dict(command.env),
                workdir=command.workdir,
                timeout=command.limit_seconds,
                events=riding,
            ),
            SystemCommandOutput,
            _summary(f"{command.state_name}: {command.command}"),
            limit=policies.OUTAGE_LIMIT + limit + policies.COMMAND_MARGIN,
            attempt_limit=limit + policies.COMMAND_MARGIN,
        )
        output = await _made(call)
        return CommandResult(
            output.exit_code, output.stdout, output.stderr, output.duration_ms, timed_out=output.timed_out
        )

    async def create_workspace(self, tenant_id: str, ttl_hours: int, size_limit_mb: int) -> Volume:
        """Create an ephemeral workspace."""
        call = Call(
            names.CREATE_WORKSPACE,
            WorkspaceInput(self._execution_id, tenant_id, ttl_hours, size_limit_mb),
            WorkspaceOutput,
            f"workspace for {ttl_hours} h, {size_limit_mb} MiB",
            limit=policies.START_LIMIT,
        )
        created = await _made(call)
        return Volume(created.volume_id, created.remote_path)

    async def destroy_workspace(self, tenant_id: str, volume_id: str) -> None:
        """Give a workspace up."""
        call = Call(
            names.DESTROY_WORKSPACE,
            WorkspaceReference(volume_id, self._execution_id, tenant_id),
            type(None),
            f"workspace {volume_id}",
            limit=policies.START_LIMIT,
        )
        await _made(call)


async def _made(call: Call[Result], way: Callable[[Call[Result]], Awaitable[Result]] = outside_the_task) -> Result:
    """The result, or ``OutsideError``; a cancellation passes as it is."""
    try:
        return await way(call)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        raise outside_error(call.name, error) from error


def _batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in order, in batches that fit into an activity's input."""
    batch: list[Event] = []
    size = 0
    for event in events:
        added = weight(event)
        if batch and size + added > policies.BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += added
    if batch:
        yield batch


def _summary(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SUMMARY else f"{line[: _MOST_SUMMARY - 1]}…"
