# SPDX-License-Identifier: Apache-2.0
"""An orchestrator that knows one agent, as far as the activities for agents, judges and handlers see it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import aiohttp
import grpc
from aiohttp import web
from temporalio.testing import ActivityEnvironment
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from aegis_temporal_worker.activities.agent_directory import AgentDirectory
from aegis_temporal_worker.activities.agent_runs import AgentRuns
from aegis_temporal_worker.activities.agent_turn import AgentServices
from aegis_temporal_worker.activities.agents import AgentActivities
from aegis_temporal_worker.activities.messages import AgentInput
from aegis_temporal_worker.activities.orchestrator import Orchestrator
from aegis_temporal_worker.interpreter.requests import AgentResult, AgentTask
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from ..runtime.servers import Context, Runtime, Settings, grpc_server, http_server
from .support import RUN, SINCE, Publisher, Temporal

AGENT_ID = "5f0d4c7e-0000-4000-8000-000000000001"
RUN_ID = "6a1e5d8f-0000-4000-8000-000000000002"
PLACEHOLDER = "70000000-0000-4000-8000-000000000003"

Events = AsyncIterator[pb.ExecutionEvent]
OnAgent = Callable[[Context], Events]


def started() -> pb.ExecutionEvent:
    """The first event, whose id is not the run's."""
    return pb.ExecutionEvent(execution_started=pb.ExecutionStarted(execution_id=PLACEHOLDER))


def iteration(number: int = 1) -> pb.ExecutionEvent:
    """The event that names the run first."""
    return pb.ExecutionEvent(iteration_started=pb.IterationStarted(execution_id=RUN_ID, iteration_number=number))


def wrote(output: str, number: int = 1) -> pb.ExecutionEvent:
    """The end of an iteration."""
    return pb.ExecutionEvent(
        iteration_completed=pb.IterationCompleted(execution_id=RUN_ID, iteration_number=number, output=output)
    )


def stumbled(kind: str, message: str, number: int = 1) -> pb.ExecutionEvent:
    """A failed iteration."""
    error = pb.IterationError(error_type=kind, message=message)
    return pb.ExecutionEvent(
        iteration_failed=pb.IterationFailed(execution_id=RUN_ID, iteration_number=number, error=error)
    )


def completed(output: str, iterations: int = 1) -> pb.ExecutionEvent:
    """The end of a run that went well."""
    return pb.ExecutionEvent(
        execution_completed=pb.ExecutionCompleted(execution_id=RUN_ID, final_output=output, total_iterations=iterations)
    )


def failed(reason: str, iterations: int = 0) -> pb.ExecutionEvent:
    """The end of a run that did not."""
    return pb.ExecutionEvent(
        execution_failed=pb.ExecutionFailed(execution_id=RUN_ID, reason=reason, total_iterations=iterations)
    )


def says(*events: pb.ExecutionEvent) -> OnAgent:
    """The stream sends these and ends."""

    async def send(_: Context) -> Events:
        for event in events:
            yield event

    return send


def then_silent(*events: pb.ExecutionEvent) -> OnAgent:
    """The stream sends these and stays open without a word."""

    async def send(_: Context) -> Events:
        for event in events:
            yield event
        await asyncio.Event().wait()

    return send


def then_breaks(*events: pb.ExecutionEvent, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> OnAgent:
    """The stream sends these and breaks off."""

    async def send(context: Context) -> Events:
        for event in events:
            yield event
        await context.abort(code, "the connection is gone")

    return send


class AgentRuntime(Runtime):
    """Agents as ``on_agent`` says, one entry per call, the last one for ever; keeps the requests."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[pb.ExecuteAgentRequest] = []
        self.on_agent: list[OnAgent] = [says(started(), iteration(), wrote("done"), completed("done"))]
        self.open = 0

    async def ExecuteAgent(self, request: pb.ExecuteAgentRequest, context: Context) -> Events:  # noqa: N802 - the protocol's name
        self._seen(context)
        self.asked.append(request)
        answer = self.on_agent[min(len(self.asked), len(self.on_agent)) - 1]
        self.open += 1
        try:
            async for event in answer(context):
                yield event
        finally:
            self.open -= 1


@dataclass
class Rest:
    """The REST routes. ``answers`` by method and path come first, one after the other, the last one for ever."""

    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=lambda: {"writer": AGENT_ID})
    timeout: Any = None
    # Seconds before an answer, by method and path.
    slow: dict[str, float] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path
        line = f"{request.method} {path}"
        self.asked.append(line)
        self.headers.append(dict(request.headers))
        self.seen.set()
        await asyncio.sleep(self.slow.get(line, 0))
        if answers := self.answers.get(line):
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            return web.json_response(body, status=status)
        if path.startswith("/v1/agents/lookup/"):
            found = self.agents.get(unquote(path.rpartition("/")[2]))
            body = {"id": found} if found else {"error": "Agent not found"}
            return web.json_response(body, status=200 if found else 404)
        if path.startswith("/v1/agents/"):
            return web.json_response({"manifest": {"spec": {"security": {"resources": {"timeout": self.timeout}}}}})
        if path.endswith("/cancel"):
            return web.json_response({"status": "cancelled"})
        return web.json_response({"status": "Running", "kind": "agent"})

    def run(self, *answers: dict[str, Any]) -> None:
        """What the status route answers."""
        self.answers[STATUS] = [(200, {"kind": "agent", **answer}) for answer in answers]

    def count(self, line: str) -> int:
        """How often this was asked."""
        return self.asked.count(line)


async def holds(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    retrying = AsyncRetrying(
        retry=retry_if_result(lambda found: not found), stop=stop_after_delay(30), wait=wait_fixed(0.005)
    )

    async def found() -> bool:
        return bool(condition())

    await retrying(found)


LOOKUP = "GET /v1/agents/lookup/writer"
AGENT = f"GET /v1/agents/{AGENT_ID}"
STATUS = f"GET /v1/executions/{RUN_ID}"
CANCEL = f"POST /v1/executions/{RUN_ID}/cancel"


class TemporalWithRun(Temporal):
    """Knows the run that waits for the activity, too."""

    def __init__(self, blackboard: Any = None, error: Exception | None = None) -> None:
        super().__init__()
        self.blackboard = {} if blackboard is None else blackboard
        self.error = error
        self.queried: list[tuple[str, str | None, str]] = []

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None = None) -> Any:
        temporal = self

        class Handle:
            async def query(self, name: str, **_: Any) -> Any:
                temporal.queried.append((workflow_id, run_id, name))
                if temporal.error is not None:
                    raise temporal.error
                return temporal.blackboard

        return Handle()


@dataclass
class Scene:
    """Everything around one activity."""

    runtime: AgentRuntime
    rest: Rest
    publisher: Publisher
    client: RuntimeClient
    directory: AgentDirectory
    runs: AgentRuns
    settings: Settings
    temporal: TemporalWithRun
    beats: list[Any] = field(default_factory=list)

    def environment(self, **info: Any) -> ActivityEnvironment:
        """An attempt of the activity; ``info`` replaces what Temporal says of it.

        Unless told otherwise, the attempts before it did not begin the work.
        """
        if info.get("attempt", 1) > 1:
            info.setdefault("heartbeat_details", [{"begun": False}])
        made = ActivityEnvironment(client=self.temporal)  # type: ignore[arg-type]
        made.info = dataclasses.replace(made.info, **info)
        # As the SDK does it, which encodes them at once.
        made.on_heartbeat = lambda *details: self.beats.extend(dict(item) for item in details)
        return made

    async def execute(self, environment: ActivityEnvironment | None = None, **task: Any) -> AgentResult:
        """Run the agent activity."""
        services = AgentServices(self.client, self.publisher, self.directory, self.runs, self.settings)  # type: ignore[arg-type]
        run = AgentActivities(services).execute
        given = {"state_name": "WRITE", "agent": "writer", "input": "go", "workflow_execution_id": "root"} | task
        asked = AgentInput(AgentTask(**given), RUN, SINCE)
        return await (environment or self.environment()).run(run, asked)


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def scene(
    keycloak: str | None = None, runtime: AgentRuntime | None = None, **variables: Any
) -> AsyncIterator[Scene]:
    """Servers that listen, and the connections to them, with a service account at the address ``keycloak``."""
    runtime, rest = runtime or AgentRuntime(), Rest()
    # What hangs fails.
    async with (
        asyncio.timeout(60),
        grpc_server(runtime) as port,
        http_server(rest) as url,
        aiohttp.ClientSession() as session,
    ):
        addresses = {"aegis_orchestrator_url": url, "aegis_runtime_grpc_url": f"127.0.0.1:{port}"}
        settings = Settings(**(addresses | variables))
        if keycloak is not None:
            settings.with_keycloak(keycloak)
        client = RuntimeClient(settings)
        orchestrator = Orchestrator(settings, session, client.tokens)
        directory, runs = AgentDirectory(orchestrator, sleep=_at_once), AgentRuns(orchestrator)
        try:
            yield Scene(runtime, rest, Publisher(), client, directory, runs, settings, TemporalWithRun())
        finally:
            await client.close()
