# SPDX-License-Identifier: Apache-2.0
"""Routes on definitions: contract 3.1 and 3.2, and 1.2, D2.5."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient
from loopback_stack import PostgresServer

from aegis_temporal_worker.store import DefinitionStore
from aegis_temporal_worker.store.pool import Pool

from .raw import raw, registration

Make = Callable[..., dict[str, Any]]
Api = TestClient[Any, Any]


async def test_contract_3_1_register_show_list_delete(api: Api, make_definition: Make) -> None:
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


async def test_contract_d2_5_registration_with_a_double_slash(api: Api, make_definition: Make) -> None:
    """A base URL that ends in a slash, as the orchestrator joins it."""
    request = registration(json.dumps(make_definition()).encode())
    answer = await raw(api, request.replace(b"POST /", b"POST //", 1))
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
async def test_contract_3_2_a_missing_field_is_named(
    api: Api, make_definition: Make, field: str, value: object
) -> None:
    definition = make_definition(**{field: value})
    if value == "absent":
        del definition[field]
    answer = await api.post("/register-workflow", json=definition)
    assert (answer.status, await answer.json()) == (
        400,
        {"error": "Invalid workflow definition", "message": f"Missing required fields: {field}"},
    )


async def test_contract_3_1_no_states_at_all_are_accepted(api: Api, make_definition: Make) -> None:
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
        ({"name": "Not A Label"}, "name 'Not A Label' is not made of"),
        ({"name": "newline\n"}, "is not made of"),
        ({"scope": "global"}, "check constraint"),
        ({"scope": ["global"]}, "scope ['global'] is neither"),
        ({"tenant_id": {"a": 1}}, "tenant_id is not a string"),
        ({"version": ["1"]}, "version is not a string"),
        ({"workflow_id": [1]}, "workflow_id [1] is not a UUID"),
        ({"initial_state": None}, "initial_state None is not one of the states"),
        ({"initial_state": ["ONLY"]}, "initial_state ['ONLY'] is not one of the states"),
        ({"states": {"ONLY": {"kind": ["System"]}}}, "state 'ONLY' has the unknown kind ['System']"),
        ({"states": {"ONLY": {"kind": "Human", "transitions": {}}}}, "transitions of state 'ONLY' are not an array"),
        ({"states": {"ONLY": {"kind": "Human", "transitions": [1]}}}, "the transition 1, which is not an object"),
        (
            {"states": {"ONLY": {"kind": "Human", "transitions": [{"target": ["ONLY"]}]}}},
            "a transition to ['ONLY'], which is not one of the states",
        ),
        ({"states": {"ONLY": {"kind": "Human", "timeout": "soon"}}}, "the timeout 'soon', which is no duration"),
        ({"states": {"ONLY": {"kind": "Human", "timeout": 30}}}, "the timeout 30, which is no duration"),
        ({"states": {"ONLY": {"kind": "Human", "timeout": "9" * 5000 + "s"}}}, "which is no duration"),
        ({"states": {"ONLY": {"kind": "System", "command": "echo {{#if}"}}}, "state 'ONLY': command: "),
        ({"states": {"ONLY": {"kind": "System", "command": "true", "env": {"A": "{{#if}"}}}}, "state 'ONLY': env: "),
        (
            {"states": {"ONLY": {"kind": "ParallelAgents", "agents": [{"agent": "a", "input": "{{#if}"}]}}},
            "state 'ONLY': agents: ",
        ),
        ({"context": {"nul": "\0"}}, "u0000"),
    ],
)
async def test_contract_3_2_what_could_never_run_is_refused(
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


async def test_contract_3_2_what_may_fail_is_accepted_and_logged(
    api: Api, make_definition: Make, caplog: pytest.LogCaptureFixture
) -> None:
    state = {"kind": "Human", "prompt": "is {{#if} a template?", "timeout": "0s", "transitions": []}
    assert (await api.post("/register-workflow", json=make_definition(states={"ONLY": state}))).status == 200
    doubts = [record.getMessage() for record in caplog.records if "is accepted, but" in record.getMessage()]
    assert len(doubts) == 2
    assert all("ONLY" in doubt for doubt in doubts)


@pytest.mark.parametrize("duration", [None, "180s", "1h 30m", "2m"])
async def test_contract_9_2_33_durations_that_can_be_read_are_accepted(
    api: Api, make_definition: Make, duration: str | None
) -> None:
    states = {"ONLY": {"kind": "System", "command": "true", "timeout": duration}}
    assert (await api.post("/register-workflow", json=make_definition(states=states))).status == 200


async def test_a_refusal_of_many_problems_stays_short(api: Api, make_definition: Make) -> None:
    states = {"x" * 500 + str(number): {"kind": "y" * 500} for number in range(1000)}
    answer = await api.post("/register-workflow", json=make_definition(states=states, initial_state="x" * 500 + "0"))
    text = await answer.text()
    assert answer.status == 400
    assert "and 980 more" in text
    assert len(text) < 10_000


async def test_contract_9_3_44_another_id_of_the_same_name_replaces_the_row(api: Api, make_definition: Make) -> None:
    """The reference answers 500, and the deploy fails."""
    first, second = make_definition(), make_definition()
    for definition in (first, second):
        assert (await api.post("/register-workflow", json=definition)).status == 200
    assert (await (await api.get("/workflows")).json())["workflows"][0]["workflow_id"] == second["workflow_id"]
    assert (await api.get(f"/workflows/{first['workflow_id']}")).status == 404


async def test_contract_2_2_what_the_orchestrator_writes_afterwards_is_shown(
    api: Api, pool: Pool, make_definition: Make
) -> None:
    """It overwrites the row with another form of the definition as soon as the registration is answered."""
    definition = make_definition()
    await api.post("/register-workflow", json=definition)
    await api.get(f"/workflows/{definition['workflow_id']}")
    own = definition | {"context": {"by": "orchestrator"}}
    await pool.execute("UPDATE workflow_definitions SET definition = $1", json.dumps(own))
    assert await (await api.get(f"/workflows/{definition['workflow_id']}")).json() == own


async def test_an_id_in_capitals_is_the_same_id(api: Api, make_definition: Make) -> None:
    definition = make_definition(workflow_id=str(uuid4()).upper())
    answer = await api.post("/register-workflow", json=definition)
    assert (await answer.json())["workflow_id"] == definition["workflow_id"].lower()
    assert (await api.get(f"/workflows/{definition['workflow_id']}")).status == 200


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "", "NaN"])
async def test_contract_3_2_a_body_that_is_no_json_object_is_400(api: Api, body: str) -> None:
    answer = await api.post("/register-workflow", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, (await answer.json())["error"]) == (400, "Invalid workflow definition")


async def test_contract_3_2_a_manifest_is_415(api: Api) -> None:
    answer = await api.post("/register-workflow", data="kind: Workflow", headers={"Content-Type": "application/x-yaml"})
    body = await answer.json()
    assert (answer.status, body["error"]) == (415, "Unsupported media type")
    assert "application/x-yaml" in body["message"]


async def test_contract_3_2_ten_megabytes_fit_and_more_is_413(api: Api, make_definition: Make) -> None:
    fits = make_definition(context={"blob": "x" * (10 * 1024 * 1024 - 1000)})
    assert (await api.post("/register-workflow", json=fits)).status == 200
    answer = await api.post("/register-workflow", json=make_definition(context={"blob": "x" * (10 * 1024 * 1024)}))
    body = await answer.json()
    assert (answer.status, body["error"]) == (413, "Payload too large")
    assert "message" in body


async def test_contract_3_2_ids_that_are_no_uuids(api: Api) -> None:
    answer = await api.get("/workflows/not-a-uuid")
    assert (answer.status, await answer.json()) == (404, {"error": "Workflow not found", "workflow_id": "not-a-uuid"})
    answer = await api.delete("/workflows/not-a-uuid")
    assert (answer.status, await answer.json()) == (
        200,
        {"status": "deleted", "workflow_id": "not-a-uuid", "existed": False},
    )


async def test_contract_3_2_unknown_routes_and_methods_answer_in_json(api: Api) -> None:
    answer = await api.get("/nothing")
    assert (answer.status, await answer.json()) == (404, {"error": "Not found"})
    for call, path, methods in (
        (api.put, "/workflows", "GET, HEAD"),
        (api.get, "/register-workflow", "POST"),
        (api.head, "/register-workflow", "POST"),
        (api.post, f"/workflows/{uuid4()}", "DELETE, GET, HEAD"),
        (api.delete, "/health", "GET, HEAD"),
        (api.options, "/workflows", "GET, HEAD"),
    ):
        answer = await call(path)
        assert (answer.status, answer.headers["Allow"]) == (405, methods)
        if call != api.head:
            assert (await answer.json())["error"] == "Method not allowed"


async def test_head_answers_as_get_without_a_body(api: Api, make_definition: Make) -> None:
    definition = make_definition()
    await api.post("/register-workflow", json=definition)
    for path in (
        "/health",
        "/livez",
        "/readyz",
        "/workflows",
        f"/workflows/{definition['workflow_id']}",
        "/openapi.json",
    ):
        answer, whole = await api.head(path), await api.get(path)
        assert (answer.status, await answer.read()) == (200, b"")
        assert int(answer.headers["Content-Length"]) == len(await whole.read())
    assert (await api.head(f"/workflows/{uuid4()}")).status == 404


async def test_contract_3_2_a_database_that_is_away_is_503(
    postgres_server: PostgresServer, api: Api, make_definition: Make
) -> None:
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
