# SPDX-License-Identifier: Apache-2.0
"""Contract 6.5, 8.6; contract 1.2, D1.1, D1.2, D3.2: repository, tree and archive actions."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

import grpc
import pytest
from temporalio.exceptions import ApplicationError

from aegis_temporal_worker.activities import actions, heartbeat
from aegis_temporal_worker.activities.actions import ActionActivities
from aegis_temporal_worker.activities.messages import ActionInput
from aegis_temporal_worker.interpreter.requests import ActionCall, ActionResult
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.temporal import limits, policies

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


def call(action: str = "diff", message: str | None = None, **fields: Any) -> ActionCall:
    return ActionCall("LAND", action, message, "run", **fields)


async def execute(client: RuntimeClient, given: ActionCall, environment: Any = None, publisher: Any = None) -> Any:
    run = ActionActivities(client, publisher or Publisher()).execute
    return await (environment or environment_of(Temporal())).run(run, ActionInput(given, RUN, SINCE))


async def test_request_and_whole_answer(client: RuntimeClient, runtime: WorkRuntime) -> None:
    """Contract 8.2; contract 1.2, D1.3: the tenant in the metadata."""
    runtime.on_work = answering(
        pb.RunRepositoryActionResponse(commit_sha="c", branch="b", ref="r", diff="d", sentence="s")
    )
    publisher = Publisher()
    result = await execute(client, call("commit", "told"), publisher=publisher)
    assert runtime.asked == [
        pb.RunRepositoryActionRequest(workflow_execution_id="run", action="commit", message="told")
    ]
    # This RPC has the tenant in the metadata only; without it the run is not found.
    assert runtime.metadata[0]["x-tenant-id"] == "acme"
    assert result == ActionResult(commit_sha="c", branch="b", ref="r", diff="d", sentence="s")
    assert publisher.events == EVENTS


async def test_what_the_answer_leaves_out_is_null(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(pb.RunRepositoryActionResponse(branch="b", ref="r"))
    result = await execute(client, call())
    request: Any = runtime.asked[0]
    assert not request.HasField("message")
    assert result == ActionResult(commit_sha=None, branch="b", ref="r", diff=None, sentence=None)


async def test_a_refusal_by_sentence_is_a_result(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(pb.RunRepositoryActionResponse(sentence="nobody approved"))
    assert (await execute(client, call("land", gated=True))).sentence == "nobody approved"


def test_field_numbers() -> None:
    """Contract 1.2, D1.1."""
    request = {field.name: field.number for field in pb.RunRepositoryActionRequest.DESCRIPTOR.fields}
    response = {field.name: field.number for field in pb.RunRepositoryActionResponse.DESCRIPTOR.fields}
    assert request == {"workflow_execution_id": 1, "action": 2, "message": 3}
    assert response == {"commit_sha": 1, "branch": 2, "ref": 3, "diff": 4, "sentence": 5}


@pytest.mark.parametrize(
    ("given", "least"),
    [
        (call("land", gated=True), timedelta(hours=73)),
        # A state's own limit must not cut a person's time.
        (call("tree_land", gated=True, limit_seconds=60), timedelta(hours=73)),
        (call("archive_deploy_wait", limit_seconds=1860), timedelta(seconds=1860)),
        (call("diff"), timedelta(seconds=600)),
        (call("diff", limit_seconds=5), timedelta(seconds=600)),
    ],
    ids=["gated", "gated with a limit", "deploy wait", "no limit", "short limit"],
)
def test_the_call_gets_its_time_and_ends_before_the_activity(given: ActionCall, least: timedelta) -> None:
    """Contract 1.2, D1.2: 73 h at least for a gate, timeout and margin for archive_deploy_wait."""
    deadline = timedelta(seconds=actions.deadline(given))
    assert least <= deadline < limits.of_action(given) + policies.MARGIN


async def test_the_deadline_reaches_the_runtime(client: RuntimeClient, runtime: WorkRuntime) -> None:
    """Contract 9.3 no. 47; contract 1.2, D1.2."""
    remaining: list[float | None] = []

    async def look(context: Any) -> pb.RunRepositoryActionResponse:
        remaining.append(context.time_remaining())
        return pb.RunRepositoryActionResponse()

    runtime.on_work = look
    await execute(client, call("land", gated=True))
    (seconds,) = remaining
    assert seconds is not None
    assert seconds > timedelta(hours=72, minutes=10).total_seconds()


async def test_no_answer_in_time_is_a_clear_final_error(
    client: RuntimeClient, runtime: WorkRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_GATED_SECONDS", 0.2)
    runtime.on_work = Hanging()
    with pytest.raises(ApplicationError, match=r"The action land did not end within 0\.2 s") as raised:
        await execute(client, call("land", gated=True))
    assert (raised.value.type, raised.value.non_retryable) == ("Runtime.DEADLINE_EXCEEDED", True)
    assert raised.value.details == ({"events_sent": True},)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        # Even this one: a person who was asked once would be asked again.
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    ],
    ids=lambda code: code.name,
)
async def test_a_gate_is_never_asked_twice(client: RuntimeClient, runtime: WorkRuntime, code: grpc.StatusCode) -> None:
    runtime.on_work = refusing(code, "no person to ask")
    with pytest.raises(ApplicationError, match="no person to ask") as raised:
        await execute(client, call("land", gated=True))
    assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", True)
    assert len(runtime.asked) == 1


async def test_an_attempt_after_a_lost_worker_asks_nobody(client: RuntimeClient, runtime: WorkRuntime) -> None:
    environment = environment_of(Temporal())
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=[{"begun": True}])
    with pytest.raises(ApplicationError) as raised:
        await execute(client, call("land", gated=True), environment)
    assert (raised.value.type, raised.value.non_retryable, runtime.asked) == ("WorkerLost", True, [])


async def test_a_gate_beats_while_it_waits_and_a_cancellation_ends_it(
    client: RuntimeClient, runtime: WorkRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL_SECONDS", 0.01)
    runtime.on_work = hanging = Hanging()
    environment = environment_of(Temporal())
    beaten = asyncio.Event()
    told: list[object] = []

    def note(*details: object) -> None:
        told.extend(details)
        if hanging.begun.is_set():
            beaten.set()

    environment.on_heartbeat = note
    running = asyncio.ensure_future(execute(client, call("land", gated=True), environment))
    await hanging.begun.wait()
    await beaten.wait()
    assert told[-1] == {"begun": True}
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(10):
        await hanging.ended.wait()
