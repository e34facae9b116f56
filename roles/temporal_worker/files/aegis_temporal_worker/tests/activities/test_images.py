# SPDX-License-Identifier: Apache-2.0
"""Contract 1.2, D1.1, D1.2, D3.2: generated images."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import grpc
import pytest
from temporalio.exceptions import ApplicationError

from aegis_temporal_worker.activities import images
from aegis_temporal_worker.activities.images import ImageActivities
from aegis_temporal_worker.activities.messages import ImageInput
from aegis_temporal_worker.interpreter.requests import ImageCall, ImageResult
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


async def generate(client: RuntimeClient, environment: Any = None, publisher: Any = None, **fields: Any) -> Any:
    run = ImageActivities(client, publisher or Publisher()).generate
    asked = ImageInput(ImageCall("DRAW", "a cat", "run", **fields), RUN, SINCE)
    return await (environment or environment_of(Temporal())).run(run, asked)


async def test_request_and_files(client: RuntimeClient, runtime: WorkRuntime) -> None:
    file = pb.GeneratedFile(volume_id="v", path="generated/1.png", content_type="image/png", size_bytes=2**40)
    runtime.on_work = answering(pb.RunImageGenerateResponse(files=[file]))
    publisher = Publisher()
    result = await generate(client, publisher=publisher, alias="fast", size="64x64", count=2, path="art/")
    assert runtime.asked == [
        pb.RunImageGenerateRequest(
            workflow_execution_id="run", prompt="a cat", alias="fast", size="64x64", count=2, path="art/"
        )
    ]
    assert runtime.metadata[0]["x-tenant-id"] == "acme"
    assert result == ImageResult(
        [{"volume_id": "v", "path": "generated/1.png", "content_type": "image/png", "size_bytes": 2**40}], None
    )
    assert publisher.events == EVENTS


async def test_optional_fields_are_absent(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(pb.RunImageGenerateResponse())
    assert await generate(client) == ImageResult([], None)
    request: Any = runtime.asked[0]
    assert [name for name in ("alias", "size", "count", "path") if request.HasField(name)] == []


async def test_a_refusal_by_sentence_is_a_result(client: RuntimeClient, runtime: WorkRuntime) -> None:
    runtime.on_work = answering(pb.RunImageGenerateResponse(sentence="no volume"))
    assert await generate(client) == ImageResult([], "no volume")


def test_field_numbers() -> None:
    """Contract 1.2, D1.1."""
    numbers = {
        message.DESCRIPTOR.name: {field.name: field.number for field in message.DESCRIPTOR.fields}
        for message in (pb.RunImageGenerateRequest, pb.RunImageGenerateResponse, pb.GeneratedFile)
    }
    assert numbers == {
        "RunImageGenerateRequest": {
            "workflow_execution_id": 1,
            "prompt": 2,
            "alias": 3,
            "size": 4,
            "count": 5,
            "path": 6,
        },
        "RunImageGenerateResponse": {"files": 1, "sentence": 2},
        "GeneratedFile": {"volume_id": 1, "path": 2, "content_type": 3, "size_bytes": 4},
    }


@pytest.mark.parametrize("limit", [None, 5, 7200])
def test_the_call_gets_its_time_and_ends_before_the_activity(limit: int | None) -> None:
    given = ImageCall("DRAW", "a cat", "run", limit_seconds=limit)
    deadline = timedelta(seconds=images.deadline(given))
    assert timedelta(seconds=limit or 600) <= deadline < limits.of_image(given) + policies.MARGIN


async def test_no_answer_in_time_is_a_clear_final_error(
    client: RuntimeClient, runtime: WorkRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_MARGIN_SECONDS", -0.8)
    runtime.on_work = Hanging()
    with pytest.raises(ApplicationError, match="The image generation did not end within") as raised:
        await generate(client, limit_seconds=1)
    assert (raised.value.type, raised.value.non_retryable) == ("Runtime.DEADLINE_EXCEEDED", True)


@pytest.mark.parametrize(
    "code",
    [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT],
    ids=lambda code: code.name,
)
async def test_images_are_not_paid_for_twice(
    client: RuntimeClient, runtime: WorkRuntime, code: grpc.StatusCode
) -> None:
    runtime.on_work = refusing(code, "broken off")
    with pytest.raises(ApplicationError, match="broken off") as raised:
        await generate(client)
    assert (raised.value.type, raised.value.non_retryable) == (f"Runtime.{code.name}", True)
    environment = environment_of(Temporal())
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=[{"begun": True}])
    with pytest.raises(ApplicationError) as lost:
        await generate(client, environment)
    assert (lost.value.type, len(runtime.asked)) == ("WorkerLost", 1)
