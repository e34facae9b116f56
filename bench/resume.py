# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon runs go on after their worker was killed with -9 and started again at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from tenacity import AsyncRetrying, RetryError, retry_if_result, stop_after_delay, wait_fixed

from . import definitions
from .options import Options
from .report import BenchmarkFailed, Finding, Result, Spread, table
from .rig import Rig, rig

MOST_SECONDS = 10.0
# Of the twenty runs; the others wait for a person.
_COMMANDS, _GATES = 14, 6
_COMMAND = "sleep 6"
# The worker is killed so long after the last command began, a little later in each round.
_FIRST_KILL_SECONDS, _NEXT_KILL_SECONDS = 0.5, 0.8
_LIMIT_SECONDS = 120.0

Handle = WorkflowHandle[Any, Any]
_END: dict[str, Any] = {"kind": "System", "command": "true", "env": {}, "transitions": []}


async def run(options: Options) -> Result:
    """Rounds of twenty runs each, all interrupted by one kill."""
    taken: dict[str, list[float]] = {"command": [], "gate": []}
    with rig(options.sources) as made:
        client = await Client.connect(made.temporal.address, namespace=made.temporal.namespace)
        for number in range(options.repetitions):
            found = await _round(made, client, _FIRST_KILL_SECONDS + number * _NEXT_KILL_SECONDS)
            for kind, seconds in found.items():
                taken[kind] += seconds
    every = [*taken["command"], *taken["gate"]]
    late = sum(seconds > MOST_SECONDS for seconds in every)
    spreads = {kind: Spread.of(seconds) for kind, seconds in taken.items()}
    rows = [["interrupted", "seconds until the next event"]]
    rows += [[kind, spread.text("s", 1)] for kind, spread in spreads.items()]
    return Result(
        "resume",
        [
            Finding(
                "interrupted runs go on after kill -9 and restart",
                f"each ≤ {MOST_SECONDS:.0f} s",
                f"{Spread.of(every).text('s', 1)}, {late} later",
                late == 0,
            )
        ],
        [
            *table(rows).splitlines(),
            "command: in the middle of a command, on_failure leads to the same state. gate: waiting for a person, who",
            "answers as soon as the new process is started. Counted from its start, at once after the kill.",
        ],
        {"seconds": taken},
    )


async def _round(made: Rig, client: Client, wait_seconds: float) -> dict[str, list[float]]:
    queue = f"aegis-resume-{uuid4()}"
    worker = made.start_worker(queue)
    # The runtime is not told which run asks; the command's text is this round's own.
    command = f"{_COMMAND} # {uuid4()}"
    busy, gate = _busy(command), _gate()
    worker.register(busy)
    worker.register(gate)
    commands = [await _start(client, busy, queue) for _ in range(_COMMANDS)]
    gates = [await _start(client, gate, queue) for _ in range(_GATES)]
    asked = {handle.id for handle in gates}
    await _until(lambda: _begun(made, command) >= _COMMANDS, "all commands to begin")
    await _until(lambda: asked <= _asked(made), "all gates to open")
    await asyncio.sleep(wait_seconds)

    os.kill(worker.process.pid, signal.SIGKILL)
    restarted = datetime.now(UTC)
    made.start_worker(queue, wait=False)
    for handle in gates:
        await handle.signal("humanInput", "approved")
    seconds: dict[str, list[float]] = {}
    for kind, handles in (("command", commands), ("gate", gates)):
        seconds[kind] = [await _next_event(made, handle, restarted) for handle in handles]
    for handle in [*commands, *gates]:
        result = await asyncio.wait_for(handle.result(), _LIMIT_SECONDS)
        if result["status"] != "completed":
            raise BenchmarkFailed(f"an interrupted run ended with {str(result)[:500]}")
    return seconds


def _busy(command: str) -> dict[str, Any]:
    """A command of some seconds; when it fails, the same state again."""
    transitions = [{"condition": "exit_code_zero", "target": "END"}, {"condition": "on_failure", "target": "WORK"}]
    return definitions.definition(
        {"WORK": {"kind": "System", "command": command, "env": {}, "transitions": transitions}, "END": _END}
    )


def _gate() -> dict[str, Any]:
    """A question that takes any answer."""
    transitions = [{"condition": "always", "target": "END"}]
    return definitions.definition(
        {"ASK": {"kind": "Human", "prompt": "Go on?", "timeout": "1h", "transitions": transitions}, "END": _END}
    )


async def _start(client: Client, definition: dict[str, Any], task_queue: str) -> Handle:
    argument = {"workflow_id": definition["workflow_id"], "input": {}, "blackboard": None, "tenant_id": "bench"}
    return await client.start_workflow("aegis_workflow", argument, id=str(uuid4()), task_queue=task_queue)


def _begun(made: Rig, command: str) -> int:
    """How many commands of this text began."""
    return sum(entry["request"].get("command") == command for entry in made.ledger(kind="call"))


def _asked(made: Rig) -> set[str]:
    """The runs that wait for a person."""
    events = made.ledger(kind="event")
    return {entry["execution_id"] for entry in events if entry["event"]["event_type"] == "HumanInputRequested"}


async def _next_event(made: Rig, handle: Handle, since: datetime) -> float:
    """Seconds from ``since`` to the run's first event after it."""

    def later() -> list[float]:
        received = (datetime.fromisoformat(entry["received_at"]) for entry in made.ledger(execution_id=handle.id))
        return [seconds for instant in received if (seconds := (instant - since).total_seconds()) > 0]

    await _until(lambda: bool(later()), f"an event of run {handle.id}")
    return min(later())


async def _until(condition: Callable[[], bool], what: str) -> None:
    """Raises ``BenchmarkFailed`` when it takes too long."""
    try:
        await AsyncRetrying(
            retry=retry_if_result(lambda holds: not holds), stop=stop_after_delay(_LIMIT_SECONDS), wait=wait_fixed(0.1)
        )(asyncio.to_thread, condition)
    except RetryError:
        raise BenchmarkFailed(f"waited {_LIMIT_SECONDS:.0f} s for {what}") from None
