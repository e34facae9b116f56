# SPDX-License-Identifier: Apache-2.0
"""The world of a run, in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.events import Event
from aegis_temporal_worker.interpreter.outside import Command, CommandResult, Fetched, Volume
from aegis_temporal_worker.interpreter.run import Run

EXECUTION = "3c0f7a2e-7d0e-4a55-8b35-58f2a7c4e0aa"


def succeed(command: Command) -> CommandResult:
    """Every command succeeds and prints its name."""
    return CommandResult(0, f"{command.state_name}\n", "", 7)


class MemoryOutside:
    """Keeps what a run asked for, in order, and answers from ``definition`` and ``on_command``."""

    def __init__(
        self,
        definition: dict[str, Any] | None,
        on_command: Callable[[Command], CommandResult] = succeed,
        *,
        escape_everywhere: bool = False,
    ) -> None:
        self.definition = definition
        self.on_command = on_command
        self.escape_everywhere = escape_everywhere
        self.events: list[Event] = []
        self.calls: list[str] = []
        self.commands: list[Command] = []
        self.warnings: list[str] = []
        self.workspace_error: OutsideError | None = None
        self._ticks = itertools.count()

    def now(self) -> str:
        return f"2026-01-01T00:00:{next(self._ticks) % 60:02d}.000Z"

    def log(self, message: str, **fields: Any) -> None:
        self.warnings.append(message)

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        pass

    async def fetch(self, workflow_id: str) -> Fetched:
        self.calls.append("fetch")
        if self.definition is None:
            raise OutsideError(f"Workflow definition {workflow_id} is not registered")
        return Fetched(self.definition, self.escape_everywhere)

    async def publish(self, events: Sequence[Event]) -> None:
        self.calls.append("publish")
        self.events.extend(events)

    async def run_command(self, tenant_id: str, command: Command, events: Sequence[Event]) -> CommandResult:
        self.calls.append(f"command {command.state_name}")
        self.commands.append(command)
        result = self.on_command(command)
        self.events.extend(events)
        return result

    async def create_workspace(self, tenant_id: str, ttl_hours: int, size_limit_mb: int) -> Volume:
        self.calls.append(f"create {tenant_id} {ttl_hours} {size_limit_mb}")
        if self.workspace_error:
            raise self.workspace_error
        return Volume("volume-1", "/remote/volume-1")

    async def destroy_workspace(self, tenant_id: str, volume_id: str) -> None:
        self.calls.append(f"destroy {volume_id}")

    def told(self) -> list[str]:
        """Event types with their state, in order."""
        return [" ".join(filter(None, (event["event_type"], event.get("state_name")))) for event in self.events]


def definition(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition that begins with the first of ``states``."""
    return {
        "workflow_id": "d",
        "tenant_id": "acme",
        "name": "test",
        "version": "1.0.0",
        "initial_state": next(iter(states)),
        "context": {},
        "states": states,
        **fields,
    }


def system(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A System state."""
    return {"kind": "System", "command": "true", "env": {}, "transitions": list(transitions), **fields}


def go(target: str, condition: str = "always", **fields: Any) -> dict[str, Any]:
    """A transition."""
    return {"condition": condition, "target": target, **fields}


async def interpret(outside: MemoryOutside, **argument: Any) -> dict[str, Any]:
    """Run to the end."""
    start = {"workflow_id": "d", "tenant_id": "acme", "input": {}, "blackboard": None, **argument}
    return await Run(start, EXECUTION, outside).execute()
