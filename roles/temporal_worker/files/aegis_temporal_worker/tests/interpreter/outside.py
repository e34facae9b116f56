# SPDX-License-Identifier: Apache-2.0
"""The world of a run, in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.events import Batch, Event
from aegis_temporal_worker.interpreter.requests import (
    ActionCall,
    ActionResult,
    AgentResult,
    AgentTask,
    ChildRun,
    Command,
    CommandResult,
    ContainerResult,
    ContainerStep,
    Fetched,
    HandlerCall,
    ImageCall,
    ImageResult,
    Judgement,
    Options,
    Verdict,
    Volume,
)
from aegis_temporal_worker.interpreter.run import Run

EXECUTION = "3c0f7a2e-7d0e-4a55-8b35-58f2a7c4e0aa"
AGENT_ID = "5f0d4c7e-0000-4000-8000-000000000001"
AGENT_RUN = "6a1e5d8f-0000-4000-8000-000000000002"

Request = TypeVar("Request")
Answer = TypeVar("Answer")
# An answer to every request of a kind: a function, or a list of answers given one after the other (the last for ever).
# An OutsideError among them is raised.
Script = Callable[[Request], Answer | OutsideError] | list[Answer | OutsideError]


def succeed(command: Command) -> CommandResult:
    """Every command succeeds and prints its name."""
    return CommandResult(0, f"{command.state_name}\n", "", 7)


def agent_says(output: str, **fields: Any) -> AgentResult:
    """A run of an agent that completed."""
    return AgentResult(
        **{"completed": True, "output": output, "error": None, "execution_id": AGENT_RUN, "agent_id": AGENT_ID} | fields
    )


def agent_fails(error: str, **fields: Any) -> AgentResult:
    """A run of an agent that failed."""
    return agent_says("", **{"completed": False, "error": error} | fields)


class MemoryOutside:
    """Keeps what a run asked for, in order, and answers from its scripts (see ``Script``)."""

    def __init__(
        self,
        definition: dict[str, Any] | None,
        on_command: Callable[[Command], CommandResult] = succeed,
        *,
        escape_everywhere: bool = False,
    ) -> None:
        self.definition = definition
        self.options = Options(escape_everywhere=escape_everywhere)
        self.on_command: Script[Command, CommandResult] = on_command
        self.on_agent: Script[AgentTask, AgentResult] = [agent_says("done")]
        self.on_judge: Script[Judgement, Verdict] = [Verdict(0.9, 0.9, True, "fine", [])]
        self.on_action: Script[ActionCall, ActionResult] = [ActionResult("c0ffee", "work", "main", None, None)]
        self.on_image: Script[ImageCall, ImageResult] = [ImageResult([], None)]
        self.on_container: Script[ContainerStep, ContainerResult] = [ContainerResult(0, "", "", 5)]
        self.on_handler: Script[HandlerCall, str | None] = [None]
        self.on_child: Script[ChildRun, dict[str, Any]] = [{"status": "completed", "output": {}}]
        # Called whenever the run waits for a condition; it may answer a Human state. None: time runs out at once.
        self.on_wait: Callable[[], None] | None = None
        self.workflow_ids: dict[str, str] = {}
        self.events: list[Event] = []
        self.calls: list[str] = []
        self.commands: list[Command] = []
        # Every request of the other kinds, in order.
        self.requests: list[Any] = []
        self.changed: list[Mapping[str, Any]] = []
        self.waits: list[float] = []
        # Seconds that have gone by since every time that was looked ahead to; on_wait may let them pass.
        self.elapsed: float = 0
        # What people were told that the run waits for.
        self.waiting_for: list[str | None] = []
        self.warnings: list[str] = []
        self.long_history_after: int | None = None
        self.workspace_error: OutsideError | None = None
        self._ticks = itertools.count()
        self._ids = itertools.count(1)
        self._given: dict[str, int] = {}
        self._entered = 0

    def now(self, plus_seconds: float = 0) -> str:
        if plus_seconds:
            return f"2026-01-01T00:00:00.000Z+{plus_seconds:g}"
        return f"2026-01-01T00:00:{next(self._ticks) % 60:02d}.000Z"

    def seconds_until(self, time: str) -> float:
        return float(time.partition("+")[2] or 0) - self.elapsed

    def new_id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012d}"

    def log(self, message: str, **fields: Any) -> None:
        self.warnings.append(message)

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        self._entered += 1

    def waiting(self, description: str | None) -> None:
        self.waiting_for.append(description)

    def history_is_long(self) -> bool:
        return self.long_history_after is not None and self._entered >= self.long_history_after

    async def fetch(self, workflow_id: str) -> Fetched:
        self.calls.append("fetch")
        if self.definition is None:
            raise OutsideError(f"Workflow definition {workflow_id} is not registered")
        return Fetched(self.definition, "digest", self.options)

    async def publish(self, since: Batch) -> None:
        self.calls.append("publish")
        self._deliver(since)

    async def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        self.calls.append("wait")
        self.waits.append(seconds)
        if not condition() and self.on_wait is not None:
            self.on_wait()
        return condition()

    async def run_command(self, tenant_id: str, command: Command, since: Batch) -> CommandResult:
        self.commands.append(command)
        return self._answer("command", command.state_name, self.on_command, command, since)

    async def run_agent(self, tenant_id: str, task: AgentTask, since: Batch) -> AgentResult:
        return self._asked("agent", task.agent, self.on_agent, task, since)

    async def run_agents(
        self, tenant_id: str, tasks: Sequence[AgentTask], since: Batch
    ) -> list[AgentResult | OutsideError]:
        self._deliver(since)
        return [self._settled("agent", task.agent, self.on_agent, task) for task in tasks]

    async def judge(self, tenant_id: str, judgement: Judgement, since: Batch) -> Verdict:
        return self._asked("judge", judgement.state_name, self.on_judge, judgement, since)

    async def run_action(self, tenant_id: str, call: ActionCall, since: Batch) -> ActionResult:
        return self._asked("action", call.action, self.on_action, call, since)

    async def generate_image(self, tenant_id: str, call: ImageCall, since: Batch) -> ImageResult:
        return self._asked("image", call.state_name, self.on_image, call, since)

    async def run_container(self, tenant_id: str, step: ContainerStep, since: Batch) -> ContainerResult:
        return self._asked("container", step.name, self.on_container, step, since)

    async def run_containers(
        self, tenant_id: str, steps: Sequence[ContainerStep], since: Batch
    ) -> list[ContainerResult | OutsideError]:
        self._deliver(since)
        return [self._settled("container", step.name, self.on_container, step) for step in steps]

    async def handle_output(self, tenant_id: str, call: HandlerCall, since: Batch) -> str | None:
        return self._asked("handler", call.state_name, self.on_handler, call, since)

    async def find_workflow(self, tenant_id: str, name_or_id: str) -> str | None:
        self.calls.append(f"find {tenant_id} {name_or_id}")
        return self.workflow_ids.get(name_or_id)

    async def run_child(self, child: ChildRun) -> dict[str, Any]:
        return self._asked("child", str(child.argument.get("workflow_id")), self.on_child, child, Batch([], {}))

    async def start_child(self, child: ChildRun) -> None:
        self.calls.append(f"start child {child.argument.get('workflow_id')}")
        self.requests.append(child)

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

    def _deliver(self, since: Batch) -> None:
        self.events.extend(since.events)
        self.changed.append(since.changed)

    def _asked(self, kind: str, name: str, script: Script[Any, Any], request: Any, since: Batch) -> Any:
        self.requests.append(request)
        return self._answer(kind, name, script, request, since)

    def _settled(self, kind: str, name: str, script: Script[Any, Any], request: Any) -> Any:
        try:
            return self._asked(kind, name, script, request, Batch([], {}))
        except OutsideError as error:
            return error

    def _answer(self, kind: str, name: str, script: Script[Any, Any], request: Any, since: Batch) -> Any:
        self.calls.append(f"{kind} {name}")
        if callable(script):
            answer = script(request)
        else:
            position = self._given.get(kind, 0)
            self._given[kind] = position + 1
            answer = script[min(position, len(script) - 1)]
        if isinstance(answer, OutsideError):
            if answer.events_sent:
                self._deliver(since)
            raise answer
        self._deliver(since)
        return answer


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


def state(kind: str, *transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A state of any kind."""
    return {"kind": kind, "transitions": list(transitions), **fields}


def go(target: str, condition: str = "always", **fields: Any) -> dict[str, Any]:
    """A transition."""
    return {"condition": condition, "target": target, **fields}


def start(outside: MemoryOutside, **argument: Any) -> Run:
    """A run that has not begun yet; signals can be put into its ``answers``."""
    given = {"workflow_id": "d", "tenant_id": "acme", "input": {}, "blackboard": None, **argument}
    return Run(given, EXECUTION, outside)


async def interpret(outside: MemoryOutside, **argument: Any) -> dict[str, Any]:
    """Run to the end."""
    return await start(outside, **argument).execute()
