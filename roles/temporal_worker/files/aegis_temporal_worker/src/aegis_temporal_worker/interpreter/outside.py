# SPDX-License-Identifier: Apache-2.0
"""The one door of the interpreter: what a run can ask of the world.

The Temporal side implements it with activities; tests implement it in memory. Every method that takes ``events``
delivers them, in order, before it does its own work. All of them raise ``errors.OutsideError`` for a failure that is
final, and let cancellation pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .events import Event


@dataclass(frozen=True, slots=True)
class Fetched:
    """A stored definition, and how this worker treats templates.

    ``escape_everywhere`` is recorded with the definition, so that a changed setting never disturbs a run in flight.
    """

    definition: Mapping[str, Any]
    escape_everywhere: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command. ``limit_seconds`` None leaves the limit to the runtime."""

    state_name: str
    command: str
    env: Mapping[str, str]
    workdir: str | None
    limit_seconds: int | None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. ``timed_out``: the runtime or the worker stopped waiting for it."""

    exit_code: int
    stdout: str
    stderr: str
    duration_ms: int
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """A workspace that was created."""

    volume_id: str
    remote_path: str


class Outside(Protocol):
    """What a run can ask of the world."""

    def now(self) -> str:
        """Time of the run, RFC 3339 in UTC, the same on every replay."""

    def log(self, message: str, **fields: Any) -> None:
        """Log a warning, once and not on replay."""

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        """Show people where the run is; called for every state, must cost nothing."""

    async def fetch(self, workflow_id: str) -> Fetched:
        """The stored definition of that id."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Deliver events. Never raises ``OutsideError``: what cannot be delivered is logged."""

    async def run_command(self, tenant_id: str, command: Command, events: Sequence[Event]) -> CommandResult:
        """Run a command at most once."""

    async def create_workspace(self, tenant_id: str, ttl_hours: int, size_limit_mb: int) -> Volume:
        """Create an ephemeral workspace for this run."""

    async def destroy_workspace(self, tenant_id: str, volume_id: str) -> None:
        """Give a workspace up."""
