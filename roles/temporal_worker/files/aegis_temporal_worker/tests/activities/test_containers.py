# SPDX-License-Identifier: Apache-2.0
"""Contract 6.8, 8.2, 8.6; 9.1 no. 7, 11, 12; 9.3 no. 39; contract 1.2, D1.1, D1.3: one container step."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import grpc
import pytest
from temporalio.exceptions import ApplicationError

from aegis_temporal_worker.activities import containers
from aegis_temporal_worker.activities.containers import ContainerActivities
from aegis_temporal_worker.activities.messages import ContainerInput
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.interpreter.requests import ContainerResult, ContainerStep
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal import limits, policies

from ..runtime.servers import Settings
from .support import (
    EVENTS,
    RUN,
    SINCE,
    Hanging,
    Publisher,
    Temporal,
    WorkRuntime,
    answering,
    environment_of,
    refusing,
)

RESPONSE = pb.ExecuteContainerRunResponse(exit_code=3, stdout="o", stderr="e", duration_ms=4, attempts=2)


def step(**fields: Any) -> ContainerStep:
    given: dict[str, Any] = {
        "state_name": "BUILD",
        "name": "build",
        "image": "alpine:3",
        "command": ["true"],
        "env": {"K": "v"},
        "execution_id": "step",
        "workflow_execution_id": "run",
    }
    return ContainerStep(**(given | fields))


async def execute(client: RuntimeClient, given: ContainerStep, environment: Any = None, publisher: Any = None) -> Any:
    run = ContainerActivities(client, publisher or Publisher()).execute
    asked = ContainerInput(given, RUN, SINCE)
    return await (environment or environment_of(Temporal())).run(run, asked)


async def test_every_field_goes_to_the_runtime(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(RESPONSE)
    whole = step(
        command=["sh", "-c", "make"],
        image_pull_policy="always",
        workdir="/w",
        volumes=[
            {"name": "tree", "mount_path": "/t", "read_only": True},
            {"name": "repository:main", "mount_path": "/r"},
        ],
        cpu_millicores=1500,
        memory="2Gi",
        timeout="1h 30m",
        registry_credentials="registry",
        shell=True,
        max_attempts=3,
        network_mode="egress",
        limit_seconds=5400,
    )
    result = await execute(client, whole)
    assert runtime.asked == [
        pb.ExecuteContainerRunRequest(
            execution_id="step",
            name="build",
            image="alpine:3",
            image_pull_policy="always",
            command=["sh", "-c", "make"],
            env={"K": "v"},
            workdir="/w",
            volumes=[
                pb.ContainerVolume(name="tree", mount_path="/t", read_only=True),
                pb.ContainerVolume(name="repository:main", mount_path="/r"),
            ],
            resources=pb.ContainerResources(cpu_millicores=1500, memory="2Gi", timeout="1h 30m"),
            registry_credentials="registry",
            shell=True,
            state_name="BUILD",
            max_attempts=3,
            tenant_id="acme",
            workflow_execution_id="run",
            network_mode="egress",
        )
    ]
    assert {field.name for field in runtime.asked[0].DESCRIPTOR.fields} == {
        field.name for field, _ in runtime.asked[0].ListFields()
    }
    assert result == ContainerResult(exit_code=3, stdout="o", stderr="e", duration_ms=4, attempts=2)


async def test_the_tenant_goes_in_the_metadata_too(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(RESPONSE)
    await execute(client, step())
    assert runtime.metadata[0]["x-tenant-id"] == "acme"


def test_field_numbers_of_the_newer_protocol() -> None:
    """Contract 1.2, D1.1: the numbers that the orchestrator reads."""
    numbers = {field.name: field.number for field in pb.ExecuteContainerRunRequest.DESCRIPTOR.fields}
    assert (numbers["workflow_execution_id"], numbers["network_mode"]) == (15, 16)


async def test_what_the_step_leaves_open_is_absent(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(RESPONSE)
    await execute(client, step())
    request: Any = runtime.asked[0]
    assert not request.HasField("resources")
    assert (request.network_mode, request.image_pull_policy, request.workdir) == ("", "", "")


@pytest.mark.parametrize(("asked", "sent"), [(0, 1), (1, 1), (4, 4)])
async def test_at_least_one_attempt(client: RuntimeClient, runtime: WorkRuntime, asked: int, sent: int) -> None:
    runtime.on_work = answering(RESPONSE)
    await execute(client, step(max_attempts=asked))
    request: Any = runtime.asked[0]
    assert request.max_attempts == sent


async def test_events_first_and_what_holds_them_up_holds_the_container_back(
    client: RuntimeClient, runtime: WorkRuntime
) -> None:
    runtime.on_work = answering(RESPONSE)
    publisher = Publisher()
    await execute(client, step(), publisher=publisher)
    assert publisher.events == EVENTS
    runtime.asked.clear()
    with pytest.raises(ApplicationError, match="away") as raised:
        await execute(client, step(), publisher=Publisher(UndeliveredError("away")))
    assert (raised.value.non_retryable, runtime.asked) == (False, [])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"limit_seconds": 90, "timeout": "1m 30s"}, "its limit of 90 s"),
        ({"timeout": "a while"}, "its limit of a while"),
        ({}, "the runtime's limit"),
    ],
)
async def test_deadline_exceeded_is_a_result_that_names_the_limit(
    client: RuntimeClient, runtime: WorkRuntime, fields: dict[str, Any], told: str
) -> None:
    runtime.on_work = refusing(grpc.StatusCode.DEADLINE_EXCEEDED, "step timed out")
    result = await execute(client, step(**fields))
    assert (result.exit_code, result.timed_out, result.stdout) == (124, True, "")
    assert result.stderr == f"The container did not end within {told}: step timed out"


async def test_a_runtime_that_never_answers_is_a_timeout_too(
    client: RuntimeClient, runtime: WorkRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "_MARGIN_SECONDS", -0.8)
    runtime.on_work = Hanging()
    result = await execute(client, step(limit_seconds=1))
    assert (result.exit_code, result.timed_out) == (124, True)


@pytest.mark.parametrize(
    "given",
    [
        step(),
        step(limit_seconds=1),
        step(limit_seconds=1800, max_attempts=5),
    ],
    ids=["no limit", "short", "long with attempts"],
)
def test_the_call_ends_before_the_activity(given: ContainerStep) -> None:
    """9.3 no. 39: the limit comes from the step, and every attempt of the container fits into it."""
    deadline = timedelta(seconds=containers.deadline(given))
    assert deadline < limits.of_container(given) + policies.MARGIN
    if given.limit_seconds is not None:
        assert deadline > timedelta(seconds=given.limit_seconds) * given.max_attempts


@pytest.mark.parametrize(
    "code",
    [
        # A failed pull of the image and a lost connection look the same.
        grpc.StatusCode.UNAVAILABLE,
        # The orchestrator says it of a container that ran out of something.
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
    ],
    ids=lambda code: code.name,
)
async def test_once_begun_every_failure_is_final(
    client: RuntimeClient, runtime: WorkRuntime, code: grpc.StatusCode
) -> None:
    runtime.on_work = refusing(code, "pull failed")
    environment = environment_of(Temporal())
    told: list[object] = []
    environment.on_heartbeat = told.append
    with pytest.raises(ApplicationError, match="pull failed") as raised:
        await execute(client, step(), environment)
    assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", True)
    assert raised.value.details == ({"events_sent": True},)
    assert {"begun": False} not in told


async def test_no_runtime_is_tried_again() -> None:
    away = RuntimeClient(Settings(aegis_runtime_grpc_connect_timeout_ms=100))
    with pytest.raises(ApplicationError) as raised:
        await execute(away, step())
    await away.close()
    assert (raised.value.type, raised.value.non_retryable) == ("Runtime.UNAVAILABLE", False)


async def test_an_attempt_after_a_lost_worker_starts_no_second_container(
    client: RuntimeClient, runtime: WorkRuntime
) -> None:
    environment = environment_of(Temporal())
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=[{"begun": True}])
    with pytest.raises(ApplicationError, match="is not repeated") as raised:
        await execute(client, step(), environment)
    assert (raised.value.type, raised.value.non_retryable, runtime.asked) == ("WorkerLost", True, [])


async def test_cancellation_ends_the_call(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = hanging = Hanging()
    environment = environment_of(Temporal())
    running = asyncio.ensure_future(execute(client, step(), environment))
    await hanging.begun.wait()
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(10):
        await hanging.ended.wait()


@pytest.mark.parametrize(
    "fields",
    [{"command": ["a\ud800"]}, {"cpu_millicores": -1}, {"volumes": [{"name": 5}]}],
    ids=["text", "number", "volume"],
)
async def test_what_no_message_can_hold_is_final_at_once(
    client: RuntimeClient, runtime: WorkRuntime, fields: dict[str, Any]
) -> None:
    with pytest.raises(ApplicationError, match="cannot be made") as raised:
        await execute(client, step(**fields))
    assert (raised.value.type, raised.value.non_retryable, runtime.asked) == ("InvalidRequest", True, [])
