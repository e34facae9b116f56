# SPDX-License-Identifier: Apache-2.0
"""Routes on definitions."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient
from loopback_stack import PostgresServer

from aegis_temporal_worker.store import DefinitionStore

Make = Callable[..., dict[str, Any]]
Api = TestClient[Any, Any]


async def test_register_show_list_delete(api: Api, make_definition: Make) -> None:
    definition = make_definition(context={"text": "ä"})
    names = {key: definition[key] for key in ("workflow_id", "tenant_id", "name", "version")}
    answer = await api.post("/register-workflow", json=definition)
    assert (answer.status, await answer.json()) == (200, {"status": "registered", **names})

    answer = await api.get(f"/workflows/{definition['workflow_id']}")
    assert (answer.status, await answer.json()) == (200, definition)

    answer = await api.get("/workflows")
    assert answer.content_type == "application/json"
    assert await answer.json() == {
        "total": 1,
        "workflows": [
            {
                "workflow_id": definition["workflow_id"],
                "name": "one-state",
                "version": "1.0.0",
                "state_count": 1,
            }
        ],
    }
    for existed in (True, False):
        answer = await api.delete(f"/workflows/{definition['workflow_id']}")
        assert (answer.status, await answer.json()) == (
            200,
            {"status": "deleted", "workflow_id": definition["workflow_id"], "existed": existed},
        )
    answer = await api.get(f"/workflows/{definition['workflow_id']}")
    assert (answer.status, await answer.json()) == (
        404,
        {"error": "Workflow not found", "workflow_id": definition["workflow_id"]},
    )


async def test_registration_with_a_double_slash(api: Api, make_definition: Make) -> None:
    """A base URL that ends in a slash, as the orchestrator joins it."""
    body = json.dumps(make_definition()).encode()
    request = (
        b"POST //register-workflow HTTP/1.1\r\nHost: worker\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
    answer = await _raw(api, request)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"status":"registered"' in answer


async def test_a_charset_in_the_content_type_is_fine(api: Api, make_definition: Make) -> None:
    answer = await api.post(
        "/register-workflow",
        data=json.dumps(make_definition()),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )
    assert answer.status == 200


@pytest.mark.parametrize("field", ["workflow_id", "tenant_id", "name", "version", "states"])
@pytest.mark.parametrize("value", [None, "", 0, "absent"])
async def test_a_missing_field_is_named(api: Api, make_definition: Make, field: str, value: object) -> None:
    definition = make_definition(**{field: value})
    if value == "absent":
        del definition[field]
    answer = await api.post("/register-workflow", json=definition)
    assert (answer.status, await answer.json()) == (
        400,
        {"error": "Invalid workflow definition", "message": f"Missing required fields: {field}"},
    )


async def test_no_states_at_all_are_accepted(api: Api, make_definition: Make) -> None:
    """An empty object is present, as in the reference."""
    assert (await api.post("/register-workflow", json=make_definition(states={}))).status == 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"workflow_id": "echo"}, "workflow_id 'echo' is not a UUID"),
        ({"name": ["x"]}, "name is not a string"),
        ({"states": ["x"]}, "states is not an object"),
        ({"states": {"ONLY": 1}}, "state 'ONLY' is not an object"),
        ({"initial_state": "GONE"}, "initial_state 'GONE' is not one of the states"),
        ({"states": {"ONLY": {"kind": "Sytem"}}}, "state 'ONLY' has the unknown kind 'Sytem'"),
        (
            {"states": {"ONLY": {"kind": "System", "transitions": [{"condition": "always", "target": "GONE"}]}}},
            "state 'ONLY' has a transition to 'GONE', which is not one of the states",
        ),
        ({"scope": "galaxy"}, "scope 'galaxy' is neither 'global' nor 'tenant'"),
        ({"name": "Not A Label"}, "check constraint"),
        ({"context": {"nul": "\0"}}, "u0000"),
    ],
)
async def test_what_could_never_run_is_refused(
    api: Api, store: DefinitionStore, make_definition: Make, fields: dict[str, Any], message: str
) -> None:
    answer = await api.post("/register-workflow", json=make_definition(**fields))
    body = await answer.json()
    assert (answer.status, body["error"]) == (400, "Invalid workflow definition")
    assert message in body["message"]
    assert await store.list() == []


async def test_a_null_target_and_unknown_fields_are_accepted(api: Api, make_definition: Make) -> None:
    states = {"ONLY": {"kind": "Human", "prompt": "?", "transitions": [{"condition": "always", "target": None}]}}
    assert (await api.post("/register-workflow", json=make_definition(states=states, novelty=1))).status == 200


async def test_what_may_fail_is_accepted_and_logged(
    api: Api, make_definition: Make, caplog: pytest.LogCaptureFixture
) -> None:
    state = {"kind": "System", "command": "echo {{#if}", "env": {}, "timeout": "soon", "transitions": []}
    assert (await api.post("/register-workflow", json=make_definition(states={"ONLY": state}))).status == 200
    doubts = [record.getMessage() for record in caplog.records if "is accepted, but" in record.getMessage()]
    assert len(doubts) == 2
    assert all("ONLY" in doubt for doubt in doubts)


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "", "NaN"])
async def test_a_body_that_is_no_json_object_is_400(api: Api, body: str) -> None:
    answer = await api.post("/register-workflow", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, (await answer.json())["error"]) == (400, "Invalid workflow definition")


async def test_a_manifest_is_415(api: Api) -> None:
    answer = await api.post("/register-workflow", data="kind: Workflow", headers={"Content-Type": "application/x-yaml"})
    body = await answer.json()
    assert (answer.status, body["error"]) == (415, "Unsupported media type")
    assert "application/x-yaml" in body["message"]


async def test_ten_megabytes_fit_and_more_is_413(api: Api, make_definition: Make) -> None:
    fits = make_definition(context={"blob": "x" * (10 * 1024 * 1024 - 1000)})
    assert (await api.post("/register-workflow", json=fits)).status == 200
    answer = await api.post("/register-workflow", json=make_definition(context={"blob": "x" * (10 * 1024 * 1024)}))
    body = await answer.json()
    assert (answer.status, body["error"]) == (413, "Payload too large")
    assert "message" in body


async def test_ids_that_are_no_uuids(api: Api) -> None:
    answer = await api.get("/workflows/not-a-uuid")
    assert (answer.status, await answer.json()) == (404, {"error": "Workflow not found", "workflow_id": "not-a-uuid"})
    answer = await api.delete("/workflows/not-a-uuid")
    assert (answer.status, await answer.json()) == (
        200,
        {"status": "deleted", "workflow_id": "not-a-uuid", "existed": False},
    )


async def test_unknown_routes_and_methods_answer_in_json(api: Api) -> None:
    answer = await api.get("/nothing")
    assert (answer.status, await answer.json()) == (404, {"error": "Not found"})
    answer = await api.put("/workflows")
    assert (answer.status, (await answer.json())["error"]) == (405, "Method not allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


async def test_a_database_that_is_away_is_503(postgres_server: PostgresServer, api: Api, make_definition: Make) -> None:
    definition = make_definition()
    await api.post("/register-workflow", json=definition)
    postgres_server.stop()
    try:
        for answer in (
            await api.post("/register-workflow", json=make_definition()),
            await api.get("/workflows"),
            await api.get(f"/workflows/{definition['workflow_id']}"),
            await api.delete(f"/workflows/{uuid4()}"),
        ):
            body = await answer.json()
            assert (answer.status, body["error"]) == (503, "Database unavailable")
            assert body["message"]
    finally:
        postgres_server.start()
    assert (await api.get(f"/workflows/{definition['workflow_id']}")).status == 200


async def _raw(api: Api, request: bytes) -> bytes:
    """Send bytes as they are: a client library would tidy the path up."""
    import asyncio

    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, family=socket.AF_INET)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer
