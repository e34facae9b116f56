# SPDX-License-Identifier: Apache-2.0
"""Who may call (contract 3.1 and 9.1: the reference asks nobody for anything)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from loopback_stack import Database

from aegis_temporal_worker.config import LOOPBACK, load_settings
from aegis_temporal_worker.http.guard import allowed
from aegis_temporal_worker.http.health import Health, WorkerState
from aegis_temporal_worker.http.server import serving
from aegis_temporal_worker.store import DefinitionStore

from .raw import raw

Serve = Callable[..., Awaitable[TestClient[Any, Any]]]
Make = Callable[..., dict[str, Any]]

TOKEN = "t0ken-c4n4ry"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("", False),
        (None, False),
        ("/run/socket", False),
    ],
)
def test_only_loopback_by_default(peer: str | None, expected: bool) -> None:
    assert allowed(peer, LOOPBACK) is expected


def test_a_link_local_peer_is_compared_without_its_interface() -> None:
    assert allowed("fe80::1%eth0", [ipaddress.ip_network("fe80::/10")])


async def test_others_get_403_except_for_health_and_metrics(serve: Serve, make_definition: Make) -> None:
    api = await serve(api_allowed_addresses="10.1.2.3")
    for answer in (
        await api.get("/workflows"),
        await api.post("/register-workflow", json=make_definition()),
        await api.delete(f"/workflows/{uuid4()}"),
        await api.get("/nothing"),
        await api.get("/health/../workflows"),
    ):
        body = await answer.json()
        assert (answer.status, body["error"]) == (403, "Forbidden")
        assert "127.0.0.1 may not use this route" in body["message"]
        assert "_ALLOWED_ADDRESSES" in body["message"]
    for path in ("/health", "/livez", "/readyz", "/metrics"):
        assert (await api.get(path)).status == 200
    assert (await api.get("/openapi.json")).status == 403


async def test_forwarding_headers_open_nothing(serve: Serve) -> None:
    api = await serve(api_allowed_addresses="10.1.2.3")
    answer = await api.get("/workflows", headers={"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"})
    assert answer.status == 403


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"bearer{TOKEN}", TOKEN, "Bearer ", f"Bearer {TOKEN}x"])
async def test_changing_routes_want_the_token(serve: Serve, make_definition: Make, header: str | None) -> None:
    api = await serve(api_token=TOKEN)
    definition = make_definition()
    assert (await api.post("/register-workflow", json=definition)).status == 200
    assert (await api.get("/workflows")).status == 200
    headers = {} if header is None else {"Authorization": header}
    answer = await api.delete(f"/workflows/{definition['workflow_id']}", headers=headers)
    assert (answer.status, (await answer.json())["error"]) == (401, "Unauthorized")
    named = header is not None and header.removeprefix("Bearer ") not in {"", header}
    assert answer.headers["WWW-Authenticate"] == ('Bearer error="invalid_token"' if named else "Bearer")
    assert (await api.get(f"/workflows/{definition['workflow_id']}")).status == 200
    # The scheme's case does not matter: RFC 9110, section 11.1.
    right = {"Authorization": f"bearer {TOKEN}"}
    assert (await api.delete(f"/workflows/{definition['workflow_id']}", headers=right)).status == 200


async def test_a_token_of_odd_bytes_is_401(serve: Serve) -> None:
    api = await serve(api_token=TOKEN)
    answer = await raw(
        api,
        b"DELETE /workflows/x HTTP/1.1\r\nHost: w\r\nConnection: close\r\nAuthorization: Bearer \xff\xfe\xc3\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_registering_peers_may_be_others_than_reading_ones(serve: Serve, make_definition: Make) -> None:
    """The orchestrator registers; the machine that deploys the worker only looks."""
    api = await serve(api_allowed_addresses="127.0.0.1", register_allowed_addresses="10.1.2.3")
    answer = await api.post("/register-workflow", json=make_definition())
    assert (answer.status, "REGISTER_ALLOWED_ADDRESSES" in (await answer.json())["message"]) == (403, True)
    assert (await api.get("/workflows")).status == 200

    api = await serve(api_allowed_addresses="10.1.2.3", register_allowed_addresses="127.0.0.1")
    assert (await api.post("/register-workflow", json=make_definition())).status == 200
    assert (await api.get("/workflows")).status == 403
    assert (await api.delete(f"/workflows/{uuid4()}")).status == 403


@pytest.mark.parametrize(
    "path", [b"/health/../workflows", b"/%68ealth/..%2fworkflows", b"//workflows", b"/metrics;/workflows"]
)
async def test_no_spelling_of_a_path_gets_around_the_guard(serve: Serve, path: bytes) -> None:
    api = await serve(api_allowed_addresses="10.1.2.3")
    answer = await raw(api, b"GET " + path + b" HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "path", [b"/register-workflow/", b"/register-workflow/x", b"/%2fregister-workflow/../workflows/x"]
)
async def test_nothing_beside_the_registration_goes_without_a_token(serve: Serve, path: bytes) -> None:
    api = await serve(api_token=TOKEN)
    answer = await raw(api, b"DELETE " + path + b" HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")


class TestListenerOfItsOwn:
    """``REGISTER_HOST`` and ``REGISTER_PORT``."""

    @pytest.fixture
    async def urls(
        self, database: Database, store: DefinitionStore, state: WorkerState, free_port: Callable[[], int]
    ) -> AsyncIterator[tuple[str, str]]:
        """Where the API is, and where the registration."""
        settings = load_settings(
            _env_file=None,
            database_url=database.dsn,
            port=free_port(),
            metrics_port=0,
            register_host="127.0.0.2",
            api_token=TOKEN,
        )
        async with serving(settings, store, Health(settings, store, state)):
            yield f"http://127.0.0.1:{settings.port}", f"http://127.0.0.2:{settings.port}"

    async def test_it_serves_the_registration_and_probes_only(
        self, urls: tuple[str, str], make_definition: Make
    ) -> None:
        _, registration = urls
        async with ClientSession(registration) as session:
            assert (await session.post("/register-workflow", json=make_definition())).status == 200
            assert (await session.get("/health")).status == 200
            assert (await session.get("/readyz")).status == 200
            assert (await session.get("/workflows")).status == 404
            document = await (await session.get("/openapi.json")).json()
            assert "/register-workflow" in document["paths"]
            assert "/workflows" not in document["paths"]

    async def test_the_api_does_not_register_any_more(self, urls: tuple[str, str], make_definition: Make) -> None:
        api, _ = urls
        async with ClientSession(api, headers={"Authorization": f"Bearer {TOKEN}"}) as session:
            assert (await session.post("/register-workflow", json=make_definition())).status == 404
            assert (await session.get("/workflows")).status == 200
            document = await (await session.get("/openapi.json")).json()
            assert "/register-workflow" not in document["paths"]


async def test_an_address_that_is_taken_is_named(
    database: Database, store: DefinitionStore, state: WorkerState, free_port: Callable[[], int]
) -> None:
    settings = load_settings(_env_file=None, database_url=database.dsn, port=free_port(), metrics_port=0)
    async with serving(settings, store, Health(settings, store, state)):
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{settings.port}: .*already in use"):
            async with serving(settings, store, Health(settings, store, state)):
                pass


async def test_bytes_that_are_no_http_are_logged_in_one_line(
    database: Database,
    store: DefinitionStore,
    state: WorkerState,
    free_port: Callable[[], int],
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = load_settings(_env_file=None, database_url=database.dsn, port=free_port(), metrics_port=0)
    async with serving(settings, store, Health(settings, store, state)):
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.port)
        writer.write(b"GET /health HTTP/1.1\r\nX: \x00\r\n\r\n")
        assert (await reader.readline()).split(b" ")[1] == b"400"
        writer.close()
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert "from 127.0.0.1" in record.getMessage()
