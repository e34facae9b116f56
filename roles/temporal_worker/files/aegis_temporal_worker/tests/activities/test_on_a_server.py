# SPDX-License-Identifier: Apache-2.0
"""Contract 4.6; 9.3 no. 37, 39, 40: containers, actions and images on a real Temporal Server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from aiohttp import web
from loopback_stack import TemporalStack
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError as WorkflowCancelled
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from aegis_temporal_worker.activities import heartbeat
from aegis_temporal_worker.activities.actions import ActionActivities
from aegis_temporal_worker.activities.containers import ContainerActivities
from aegis_temporal_worker.activities.events import EventActivities
from aegis_temporal_worker.activities.images import ImageActivities
from aegis_temporal_worker.activities.services import open_services
from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.events import Batch
from aegis_temporal_worker.interpreter.requests import ActionCall, ContainerStep, ImageCall
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal import policies
from aegis_temporal_worker.temporal.client import connect
from aegis_temporal_worker.temporal.outside import TemporalOutside

from ..replay.world import WorkerVariables
from ..runtime.servers import Context, grpc_server, http_server
from .support import Hanging, WorkRuntime, answering, refusing

GATE = ActionCall("LAND", "land", None, "run", gated=True)


def container(name: str) -> ContainerStep:
    return ContainerStep("BUILD", name, "alpine", ["true"], {}, f"step-{name}", "run", limit_seconds=60)


@workflow.defn(name="probe")
class Probe:
    """Asks for one piece of work, as the interpreter does; a final failure becomes a text."""

    @workflow.run
    async def run(self, kind: str) -> Any:
        """``kind``: gate, containers or image."""
        outside = TemporalOutside("w", "acme")
        event = {"event_type": "WorkflowStateEntered", "execution_id": "e", "workflow_id": "w"}
        since = Batch([event], {"K": "v"})
        try:
            if kind == "gate":
                return await outside.run_action("acme", GATE, since)
            if kind == "image":
                return await outside.generate_image("acme", ImageCall("DRAW", "a cat", "run"), since)
            steps = [container(name) for name in ("fine", "refused", "slow")]
            found = await outside.run_containers("acme", steps, since)
        except OutsideError as error:
            return {"error": str(error), "events_sent": error.events_sent}
        return [{"error": str(item)} if isinstance(item, OutsideError) else item for item in found]


Start = Callable[[str], Any]


@asynccontextmanager
async def probes(temporal_stack: TemporalStack, runtime: WorkRuntime, events: list[Any]) -> AsyncIterator[Start]:
    """A worker for probes; gives what starts one."""
    client: Client = await connect(WorkerVariables(temporal_address=temporal_stack.address), limit_seconds=30)
    task_queue = f"probes-{uuid4()}"

    async def take(request: web.Request) -> web.StreamResponse:
        events.append(await request.json())
        return web.json_response({})

    async def start(kind: str) -> WorkflowHandle[Any, Any]:
        return await client.start_workflow("probe", kind, id=str(uuid4()), task_queue=task_queue)

    async with grpc_server(runtime) as port, http_server(take) as url:
        settings = WorkerVariables(aegis_orchestrator_url=url, aegis_runtime_grpc_url=f"127.0.0.1:{port}")
        async with (
            open_services(settings) as services,
            Worker(
                client,
                task_queue=task_queue,
                workflows=[Probe],
                activities=[
                    ActionActivities(services.runtime, services.publisher).execute,
                    ContainerActivities(services.runtime, services.publisher).execute,
                    EventActivities(services.publisher).publish,
                    ImageActivities(services.runtime, services.publisher).generate,
                ],
                workflow_runner=UnsandboxedWorkflowRunner(),
                max_heartbeat_throttle_interval=policies.HEARTBEAT_THROTTLE,
                graceful_shutdown_timeout=timedelta(seconds=1),
            ),
        ):
            yield start


async def test_a_gate_that_is_cancelled_ends_its_call(
    temporal_stack: TemporalStack, runtime: WorkRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.05)
    runtime.on_work = hanging = Hanging()
    async with probes(temporal_stack, runtime, []) as start:
        handle = await start("gate")
        await hanging.begun.wait()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as raised:
            await handle.result()
        async with asyncio.timeout(30):
            await hanging.ended.wait()
    assert isinstance(raised.value.cause, WorkflowCancelled)
    assert len(runtime.asked) == 1


async def test_a_gate_whose_worker_was_lost_asks_nobody_again(
    temporal_stack: TemporalStack, runtime: WorkRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker that gives no sign of life looks to the server like one that died.
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 3600.0)
    monkeypatch.setattr(policies, "HEARTBEAT_LIMIT", timedelta(seconds=1))
    runtime.on_work = Hanging()
    events: list[Any] = []
    async with probes(temporal_stack, runtime, events) as start:
        result = await (await start("gate")).result()
    assert "the worker that executed it was lost" in result["error"]
    assert result["events_sent"] is True
    assert (len(runtime.asked), len(events)) == (1, 1)


async def test_each_container_has_its_own_ending(temporal_stack: TemporalStack, runtime: WorkRuntime) -> None:
    endings = {
        "fine": answering(pb.ExecuteContainerRunResponse(exit_code=0, stdout="done", attempts=1)),
        "refused": refusing(grpc.StatusCode.FAILED_PRECONDITION, "no network egress"),
        "slow": refusing(grpc.StatusCode.DEADLINE_EXCEEDED, "step timed out"),
    }

    async def end(context: Context) -> Any:
        request: Any = runtime.asked[-1]
        return await endings[request.name](context)

    runtime.on_work = end
    events: list[Any] = []
    async with probes(temporal_stack, runtime, events) as start:
        fine, refused, slow = await (await start("containers")).result()
    assert (fine["exit_code"], fine["stdout"], fine["timed_out"]) == (0, "done", False)
    assert refused == {"error": "ExecuteContainerRun: FAILED_PRECONDITION: no network egress"}
    assert (slow["exit_code"], slow["timed_out"]) == (124, True)
    assert slow["stderr"] == "The container did not end within its limit of 60 s: step timed out"
    assert len(runtime.asked) == 3
    assert len(events) == 1


async def test_images_come_back_as_they_are(temporal_stack: TemporalStack, runtime: WorkRuntime) -> None:
    file = pb.GeneratedFile(volume_id="v", path="p", content_type="image/png", size_bytes=2**53)
    runtime.on_work = answering(pb.RunImageGenerateResponse(files=[file], sentence="one of two"))
    async with probes(temporal_stack, runtime, []) as start:
        result = await (await start("image")).result()
    assert result == {
        "files": [{"volume_id": "v", "path": "p", "content_type": "image/png", "size_bytes": 2**53}],
        "sentence": "one of two",
    }
