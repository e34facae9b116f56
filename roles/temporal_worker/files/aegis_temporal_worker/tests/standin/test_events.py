# SPDX-License-Identifier: Apache-2.0
"""The event route of the stand-in refuses what the orchestrator's listener refuses."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import pytest

if TYPE_CHECKING:
    from conftest import Client

Start = Callable[..., "Awaitable[Client]"]
RUN = str(uuid4())


def event(kind: str = "WorkflowExecutionStarted", sequence: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "event_type": kind,
        "execution_id": RUN,
        "temporal_sequence_number": sequence,
        "timestamp": "2026-11-23T05:00:00.000Z",
    } | fields


async def post(client: Client, body: Any) -> tuple[int, str, str]:
    async with client.http.post("/v1/temporal-events", json=body) as answer:
        return answer.status, answer.content_type, await answer.text()


async def test_received_and_kept(client: Client) -> None:
    status, _, text = await post(client, event("WorkflowStateEntered", state_name="A", unknown="dropped"))
    assert (status, json.loads(text)) == (200, {"execution_id": RUN, "status": "received"})
    await post(client, event(execution_id=str(uuid4())))
    (entry,) = await client.ledger(execution_id=RUN)
    assert (entry["kind"], entry["sequence"], entry["status"], entry["double"]) == ("event", 1, 200, False)
    assert entry["event"]["state_name"] == "A"


async def test_doubles_are_kept_and_marked(client: Client) -> None:
    for number in (1, 2, 1):
        await post(client, event(sequence=number))
    assert [(e["sequence"], e["double"]) for e in await client.ledger(execution_id=RUN)] == [
        (1, False),
        (2, False),
        (1, True),
    ]


async def test_the_ledger_outlives_the_process(start: Start) -> None:
    first = await start()
    await post(first, event())
    second = await start()
    await post(second, event())
    assert [e["double"] for e in await second.ledger()] == [False, True]
    assert len(second.ledger_file.read_text().splitlines()) == 2
    assert second.ledger_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("missing", ["event_type", "execution_id", "temporal_sequence_number", "timestamp"])
async def test_a_missing_common_field_is_422_in_plain_text(client: Client, missing: str) -> None:
    body = event()
    del body[missing]
    status, kind, text = await post(client, body)
    assert (status, kind) == (422, "text/plain")
    assert missing in text


@pytest.mark.parametrize(
    "fields",
    [
        {"temporal_sequence_number": "1"},
        {"iteration_number": 300},
        {"iteration_number": -1},
        {"responses": None},
        {"responses": [1]},
        {"error": {"message": "x"}},
        {"exit_code": 2**31},
        {"overall_success": "true"},
    ],
)
async def test_a_wrong_type_is_422(client: Client, fields: dict[str, Any]) -> None:
    assert (await post(client, event(**fields)))[0] == 422


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("NoSuchEvent", {}, "unknown event type"),
        ("WorkflowExecutionStarted", {"execution_id": "run-1"}, "not a UUID"),
        ("WorkflowExecutionStarted", {"timestamp": "yesterday"}, "not RFC 3339"),
        ("WorkflowExecutionStarted", {"timestamp": "2026-11-23T05:00:00"}, "not RFC 3339"),
        ("WorkflowStateEntered", {}, "without state_name"),
        ("WorkflowStateExited", {"state_name": "A", "output": None}, "without output"),
        ("WorkflowIterationFailed", {"iteration_number": 1}, "without error"),
        ("RefinementApplied", {"iteration_number": 1, "code_diff": "", "agent_id": "writer"}, "not a UUID"),
        ("HumanInputRequested", {}, "without prompt"),
        ("HumanInputRequested", {"prompt": "?", "expires_at": "soon"}, "not RFC 3339"),
        ("SubworkflowTriggered", {"child_execution_id": str(uuid4())}, "without child_workflow_id"),
        ("WorkflowStateVisitLimitExceeded", {"state_name": "A"}, "without max_visits"),
        ("WorkflowExecutionFailed", {}, "without error"),
    ],
)
async def test_what_is_wrong_for_its_type_is_400_in_json(
    client: Client, kind: str, fields: dict[str, Any], reason: str
) -> None:
    status, content_type, text = await post(client, event(kind, **fields))
    assert (status, content_type) == (400, "application/json")
    message = json.loads(text)["error"]
    assert message.startswith("Failed to process event: ")
    assert reason in message
    (entry,) = await client.ledger()
    assert (entry["status"], entry["double"]) == (400, False)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("WorkflowStateExited", {"state_name": "A", "output": {}}),
        ("WorkflowIterationCompleted", {"iteration_number": 255, "output": ""}),
        ("ContainerRunFailed", {"exit_code": -1, "error": None}),
        ("HumanInputRequested", {"prompt": "?", "responses": ["yes"], "expires_at": "2026-11-23T06:00:00+01:00"}),
        ("WorkflowExecutionCompleted", {"final_output": {"a": 1}, "final_blackboard": {}}),
        ("WorkflowExecutionCancelled", {}),
    ],
)
async def test_good_events(client: Client, kind: str, fields: dict[str, Any]) -> None:
    assert (await post(client, event(kind, **fields)))[0] == 200


async def test_malformed_json_other_types_and_sizes(client: Client) -> None:
    async with client.http.post(
        "/v1/temporal-events", data="{", headers={"Content-Type": "application/json"}
    ) as answer:
        assert (answer.status, answer.content_type) == (400, "text/plain")
    async with client.http.post("/v1/temporal-events", data="x") as answer:
        assert answer.status == 415
    assert (await post(client, event(output="x" * 2 * 1024 * 1024)))[0] == 413
    assert await client.ledger() == []


async def test_faults_of_the_event_route(client: Client) -> None:
    async def switch(**fault: Any) -> None:
        async with client.http.post("/standin/faults", json={"events": fault}) as answer:
            assert answer.status == 200

    await switch(status=503, count=2)
    assert [(await post(client, event()))[0] for _ in range(3)] == [503, 503, 200]
    await switch(mode="drop", count=1)
    with pytest.raises(aiohttp.ClientError):
        await post(client, event(sequence=2))
    assert len(await client.ledger()) == 1
    await switch(mode="lose_answer", count=1)
    with pytest.raises(aiohttp.ClientError):
        await post(client, event(sequence=2))
    assert (await post(client, event(sequence=2)))[0] == 200
    assert [(e["sequence"], e["double"]) for e in await client.ledger()] == [(1, False), (2, False), (2, True)]


async def test_every_answer_names_the_stand_in(client: Client) -> None:
    for path in ("/health", "/standin/ledger", "/v1/executions/none", "/nothing"):
        async with client.http.get(path) as answer:
            assert answer.headers["x-aegis-standin"] == "aegis-standin"
