# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document, and the running API held against it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiohttp.test_utils import TestClient

from aegis_temporal_worker.http.guard import OPEN_PATHS

Serve = Callable[..., Awaitable[TestClient[Any, Any]]]
Make = Callable[..., dict[str, Any]]
Api = TestClient[Any, Any]

TOKEN = "t0ken-c4n4ry"
CONFIG = Path(__file__).with_name("schemathesis.toml")
# Beside the document's paths: another spelling that the orchestrator may use.
UNDOCUMENTED = {"//register-workflow"}


async def document_of(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = await (await api.get("/openapi.json")).json()
    return document


async def test_every_route_is_described_and_nothing_else(api: Api) -> None:
    assert api.app is not None
    served = {
        (route.resource.canonical, route.method.lower())
        for route in api.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    document = await document_of(api)
    described = {
        (path, method) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    assert described == {(path, method) for path, method in served if path not in UNDOCUMENTED}
    assert document["openapi"].startswith("3.1.")


async def test_every_operation_names_its_refusals(serve: Serve) -> None:
    document = await document_of(await serve(api_token=TOKEN))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            codes = set(operation["responses"])
            assert "500" in codes
            assert ("403" in codes) == (path not in OPEN_PATHS)
            assert ("401" in codes) == (operation.get("security") == [{"token": []}]) == (method == "delete")
            assert {"413", "415", "400"} <= codes or "requestBody" not in operation


async def test_without_a_token_no_route_wants_one(api: Api) -> None:
    document = await document_of(api)
    assert "securitySchemes" not in document["components"]
    assert "401" not in document["paths"]["/workflows/{workflow_id}"]["delete"]["responses"]


@pytest.mark.parametrize("name", ["Definition", "Health", "List", "Error", "Registered"])
async def test_the_schemas_are_json_schemas(api: Api, make_definition: Make, name: str) -> None:
    document = await document_of(api)
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(schema)
    definition = make_definition()
    answers = {
        "Definition": definition,
        "Registered": await (await api.post("/register-workflow", json=definition)).json(),
        "Health": await (await api.get("/health")).json(),
        "List": await (await api.get("/workflows")).json(),
        "Error": await (await api.get("/nothing")).json(),
    }
    jsonschema.validate(answers[name], schema)


@pytest.mark.parametrize("settings", [{}, {"api_token": TOKEN}])
async def test_the_running_api_does_what_the_document_says(
    serve: Serve, tmp_path: Path, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """schemathesis: examples, every boundary of every schema, random data right and wrong, and sequences of calls."""
    api = await serve(**settings)
    headers = [f"--header=Authorization: Bearer {TOKEN}"] if settings else []
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("st"),
        f"--config-file={CONFIG}",
        "run",
        str(api.make_url("/openapi.json")),
        *headers,
        "--checks=all",
        cwd=tmp_path,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    assert "Stateful" in output
    # The tool also sends bytes that are no HTTP, which the framework itself answers.
    ours = [record for record in caplog.records if record.name.startswith("aegis_temporal_worker")]
    assert [record.getMessage() for record in ours if record.levelname in {"ERROR", "CRITICAL"}] == []
